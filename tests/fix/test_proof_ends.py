"""Nothing runs before it was agreed to, and nothing that a proof starts outlives it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest

from auditing import laid_out
from fix.proof_samples import APP, GUNICORN, PUBLISHED, SECURE_COOKIE, app
from terminal import Terminal

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
CALL = "import sys; from plainwire.cli.ending import told; sys.exit(told('proving', sys.argv[1:]))"
PATIENCE_S = 120
# Modules of the standard library, and one of ours, that a project may have of its own.
SHADOWS = ("base64.py", "socket.py", "plainwire/__init__.py")
# Leaves its session and its parent, as a daemon does, and ignores what can be ignored.
FUGITIVE = """
import os
import signal
import subprocess
import sys

if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        code = "import time; time.sleep(900)"
        subprocess.Popen([sys.executable, "-c", code, "@MARK@"], start_new_session=True)
    os._exit(0)
"""


def words(folder, before, after, *more):
    laid_out(before, folder / "before")
    laid_out(after, folder / "after")
    return [
        *(sys.executable, "-P", "-W", "error", "-c", CALL),  # -P: as the installed command does
        *(str(folder / "before"), str(folder / "after"), "--python", sys.executable, *more),
    ]


def ended(*call, **options):
    return subprocess.run(
        call, capture_output=True, text=True, timeout=PATIENCE_S, check=False, **options
    )


def with_mark(mark):
    """The processes of this machine that have a mark among their words."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal() and int(folder.name) != os.getpid():
            try:
                if mark.encode() in (folder / "cmdline").read_bytes():
                    found.append(int(folder.name))
            except OSError:
                continue
    return found


def until(wanted, what):
    deadline = time.monotonic() + PATIENCE_S
    while not wanted():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def fugitive(folder, mark, *more):
    """A proof of a project that starts something that runs away, begun and not done."""
    code = FUGITIVE.replace("@MARK@", mark)
    hangs = "\n\n@app.get('/hangs')\ndef hangs():\n    import time\n    time.sleep(600)\n"
    before = {**GUNICORN.before, "app.py": code + APP + hangs}
    after = {**GUNICORN.after, "app.py": code + app() + hangs}
    process = subprocess.Popen(
        words(folder, before, after, "--yes", *more),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    until(lambda: with_mark(mark), "it was never started")
    return process


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_nothing_outlives_it_whatever_ends_it(number, tmp_path):
    mark = f"mark-{uuid.uuid4().hex}"
    process = fugitive(tmp_path, mark)
    try:
        assert len(with_mark(mark)) == 1
        process.send_signal(number)
        process.communicate(timeout=PATIENCE_S)
        until(lambda: not with_mark(mark), "it lives on")
        until(lambda: not with_mark(str(tmp_path)), "something of the proof lives on")
        assert process.returncode == (130 if number == signal.SIGINT else -number)
    finally:
        process.kill()
        for left in with_mark(mark):
            os.kill(left, signal.SIGKILL)


def test_nothing_outlives_it_with_the_machines_network(tmp_path):
    mark = f"mark-{uuid.uuid4().hex}"
    process = fugitive(tmp_path, mark, "--allow", "network")
    try:
        process.kill()
        process.communicate(timeout=PATIENCE_S)
        until(lambda: not with_mark(mark), "it lives on")
    finally:
        for left in with_mark(mark):
            os.kill(left, signal.SIGKILL)


def test_it_ends_by_itself_with_nothing_left(tmp_path):
    mark = f"mark-{uuid.uuid4().hex}"
    code = FUGITIVE.replace("@MARK@", mark)
    before = {**GUNICORN.before, "app.py": code + APP}
    after = {**GUNICORN.after, "app.py": code + app()}
    done = ended(*words(tmp_path, before, after, "--yes", "--proof", str(tmp_path / "p.json")))
    assert done.returncode == 1, done.stderr  # the cookie has no Secure
    assert with_mark(mark) == []
    found = json.loads((tmp_path / "p.json").read_text())
    assert found["schema"] == "plainwire-proof/1" and found["verdict"] == "refuted"


@pytest.mark.parametrize("kind", ["network", "none"])
def test_nothing_of_the_folder_it_is_called_in_runs_unasked(kind, tmp_path):
    own = {name: f"open({str(tmp_path / 'ran')!r}, 'w')\n" for name in SHADOWS}
    call = words(tmp_path, {**GUNICORN.before, **own}, GUNICORN.after)
    folder = tmp_path / "temporary"
    folder.mkdir()
    if kind == "none":
        call = without_namespaces(*call, "--allow", "network")
    where = {"cwd": tmp_path / "before", "env": {**os.environ, "TMPDIR": str(folder)}}
    done = ended(*call, stdin=subprocess.DEVNULL, **where)
    assert done.returncode == 2 and done.stderr.endswith("nobody can be asked: agree by --yes\n")
    assert not (tmp_path / "ran").exists() and list(folder.iterdir()) == []


def test_without_a_terminal_and_without_yes_nothing_runs(tmp_path):
    done = ended(*words(tmp_path, GUNICORN.before, GUNICORN.after), stdin=subprocess.DEVNULL)
    assert done.returncode == 2 and done.stdout == ""
    assert "gunicorn --bind 172.31.250.2:8000 app:app\n" in done.stderr  # shown all the same
    assert done.stderr.endswith("nobody can be asked: agree by --yes\n")


@pytest.mark.parametrize(("answer", "code"), [("n\n", 2), ("\n", 2), ("y\n", 0)])
def test_the_terminal_is_asked(answer, code, tmp_path):
    call = words(tmp_path, GUNICORN.before, GUNICORN.after)
    with Terminal(call, stdout=subprocess.PIPE) as terminal:
        terminal.until(b"run this? [y/N]")
        terminal.type(answer.encode())
        out, _ = terminal.process.communicate(timeout=PATIENCE_S)
    assert terminal.process.returncode == code
    assert (b"Proof: PROVED" in out) is (code == 0)


def test_what_a_project_writes_is_not_printed_raw(tmp_path):
    name = 'services:\n  "we\x1b[31mb":\n    build: .\n    ports: ["8000:8000"]\n'
    before = {**GUNICORN.before, "compose.yaml": name.replace("\x1b", "\\e")}
    done = ended(*words(tmp_path, before, before, "--yes"))
    assert "\x1b" not in done.stdout + done.stderr
    assert "started: we\\x1b[31mb: gunicorn" in done.stdout


def without_namespaces(*call):
    """A call where the system grants no further namespaces (user_namespaces(7), limits)."""
    script = 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"'
    return ["unshare", "--user", "--map-root-user", "sh", "-c", script, "sh", *call]


GREEDY = {
    "memory": "DATA = []\nwhile True:\n    DATA.append(bytearray(64 << 20))\n",
    "disk": (
        "import itertools, os\nfor n in itertools.count():\n"
        "    open(os.path.join(os.environ['TMPDIR'], str(n)), 'wb').write(bytes(16 << 20))\n"
    ),
    "output": "while True:\n    print('x' * 65536)\n",
}
STOPPED = {
    "memory": "before: stopped: more than 2048 MiB in use",
    "disk": "No space left on device",
    "output": "before: stopped: more than 16 MiB of output",
}


@pytest.mark.parametrize("kind", GREEDY)
def test_greed_is_bounded(kind, tmp_path):
    greedy = {**GUNICORN.before, "app.py": APP + GREEDY[kind]}
    modest = {**GUNICORN.before, "app.py": APP + "raise RuntimeError\n"}  # gunicorn ends at once
    done = ended(*words(tmp_path, greedy, modest, "--yes"))
    assert done.returncode == 4, done.stdout + done.stderr
    assert "before: web: gunicorn does not start" in done.stdout
    assert STOPPED[kind] in done.stdout


def test_output_is_bounded_without_namespaces_too(tmp_path):
    greedy = {**GUNICORN.before, "app.py": APP + GREEDY["output"]}
    call = words(tmp_path, greedy, greedy, "--yes", "--allow", "network", "--test-command", "true")
    done = ended(*without_namespaces(*call))
    assert done.returncode == 4, done.stdout + done.stderr
    assert STOPPED["output"] in done.stdout and "after: stopped" in done.stdout
    assert "the project's tests ended" not in done.stdout  # nothing more of it is started


def test_where_there_are_no_namespaces_it_is_refused(tmp_path):
    call = words(tmp_path, GUNICORN.before, GUNICORN.after, "--yes")
    done = ended(*without_namespaces(*call))
    assert done.returncode == 2 and done.stdout == ""
    assert "no network of its own: the system grants no namespaces" in done.stderr
    assert "--allow network" in done.stderr and "gunicorn" not in done.stderr


@pytest.mark.parametrize("number", [None, signal.SIGKILL])
def test_without_namespaces_nothing_outlives_it_either(number, tmp_path):
    mark = f"mark-{uuid.uuid4().hex}"
    code = FUGITIVE.replace("@MARK@", mark)
    before = {**GUNICORN.before, "app.py": code + APP}
    after = {**GUNICORN.after, "app.py": code + app(SECURE_COOKIE)}
    folder = tmp_path / "temporary"
    folder.mkdir()
    call = words(tmp_path, before, after, "--yes", "--allow", "network")
    environment = {**os.environ, "TMPDIR": str(folder)}
    process = subprocess.Popen(
        without_namespaces(*call), stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
    )
    try:
        if number is not None:
            until(lambda: with_mark(mark), "it was never started")
            process.send_signal(number)
        out, err = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == (0 if number is None else -number), (out, err)
        until(lambda: not with_mark(mark), "it lives on")
        until(lambda: not list(folder.iterdir()), "its copy of the tree is left")
        if number is None:
            assert b"this machine's network and file system" in out
    finally:
        process.kill()
        for left in with_mark(mark):
            os.kill(left, signal.SIGKILL)


@pytest.mark.server("nginx")
def test_fix_proves_what_it_proposes_and_writes_nothing(tmp_path):
    laid_out(PUBLISHED.before, tmp_path / "shop")
    call = (sys.executable, "-W", "error", "-m", "plainwire", "fix", str(tmp_path / "shop"))
    done = ended(*call, "--prove", "--yes", "--unsafe", "--python", sys.executable)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Proof: PROVED" in done.stdout and "+++" in done.stdout
    kept = (tmp_path / "shop" / "compose.yaml").read_text()
    assert kept == PUBLISHED.before["compose.yaml"]
