"""Work done by copies of the process: what they bring, what happens when they or their maker end."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from auditing import laid_out
from cli.process import environment

if sys.platform != "linux":
    pytest.skip("processes are copied on Linux alone", allow_module_level=True)

PROJECT = {
    "app.py": "from flask import Flask\napp = Flask(__name__)\napp.config['SECRET_KEY'] = 'x9f3kd02mx'\n",
    "compose.yaml": "services:\n  web:\n    build: .\n    ports: ['80:5000']\n",
    "Dockerfile": "FROM python:3.12\nCOPY . .\nCMD gunicorn -b 0.0.0.0:5000 app:app\n",
}
# A program of its own each: a process with threads, as of a test runner, is not copied.
LONG = """
import os, signal, sys, time
from pathlib import Path
from plainwire.source import workers
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
def work(number):
    (Path(sys.argv[1]) / str(os.getpid())).touch()
    time.sleep(600)
list(workers.results(work, 2, 2))
"""
BROUGHT = """
import os, signal
from plainwire.source import workers
def work(number):
    if number == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    if number == 3:
        raise ValueError
    return b"%d" % number * 300_000  # more than a pipe holds
print([one and (len(one), one[:1]) for one in workers.results(work, 6, 3)])
"""
LEFT = """
import os
from plainwire.source import workers
made = workers.results(lambda number: b"%d" % os.getpid(), 4, 2)
process = int(next(made))
made.close()
os.kill(process, 0)
"""
FULL = """
import os
from plainwire.source import workers
forks = [os.fork, None]
def fork():
    if fork := forks.pop(0):
        return fork()
    raise BlockingIOError
os.fork = fork
print([*workers.results(bytes, 3, 3)])
forks = [None]
print([*workers.results(bytes, 3, 3)])
"""
SMALL_PIPES = """
import fcntl, os
from plainwire.source import workers
pipe = os.pipe
def small():
    ends = pipe()
    fcntl.fcntl(ends[0], fcntl.F_SETPIPE_SZ, 4096)
    return ends
os.pipe = small
print(sum(map(int, workers.results(lambda number: b"%d" % number, 20_000, 2))))
"""
ORDERED = """
import os
from plainwire.source import workers
forks = [os.fork]
def fork():
    if forks:
        return forks.pop()()
    raise BlockingIOError
os.fork = fork
def work(number):
    os.write(2, b"%d" % number)
    return b"%d" % number
print([*workers.results(work, 4, 2, [2, 0, 3, 1])])
"""
PROCESSORS = """
import os, threading
from plainwire.source import workers
os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:1])
print(workers.processors())
os.sched_getaffinity = lambda process: range(8)
print(workers.processors())
threading.Thread(target=threading.Event().wait, daemon=True).start()
print(workers.processors())
"""


def ran(program: str, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program, *words], capture_output=True, text=True, timeout=60
    )


def test_results_come_in_order_and_what_no_copy_brought_is_none():
    whole = [(300_000, b"%d" % number) for number in range(6)]
    whole[1] = whole[3] = None
    done = ran(BROUGHT)
    assert done.stdout == f"{whole}\n", done.stderr


def test_where_no_copy_can_be_made_the_caller_is_told_to_do_it():
    assert ran(FULL).stdout == f"{[bytes(n) for n in range(3)]}\n{[None] * 3}\n"


def test_there_may_be_more_pieces_than_a_pipe_holds_numbers():
    assert ran(SMALL_PIPES).stdout == f"{sum(range(20_000))}\n"


def test_what_is_begun_first_is_told_in_its_turn():
    done = ran(ORDERED)
    assert (done.stdout, done.stderr) == (f"{[b'%d' % number for number in range(4)]}\n", "2031")


def test_no_copy_is_left_when_its_results_are_not_wanted_any_more():
    assert "ProcessLookupError" in ran(LEFT).stderr


def test_copies_are_as_many_as_processors_and_none_is_made_of_threads():
    assert ran(PROCESSORS).stdout.split() == ["1", "8", "1"]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_no_copy_outlives_its_maker(number, tmp_path):
    maker = subprocess.Popen([sys.executable, "-c", LONG, tmp_path], stderr=subprocess.DEVNULL)
    try:
        copies = _until(lambda: (found := os.listdir(tmp_path)) and len(found) == 2 and found)
        maker.send_signal(number)
        maker.wait(30)
    finally:
        maker.kill()
    assert len(copies) == 2
    _until(lambda: not any(Path(f"/proc/{copy}").exists() for copy in copies))


def _until(holds):
    for _ in range(600):
        if found := holds():
            return found
        time.sleep(0.05)
    raise AssertionError("it did not come to that")


def _reports(arguments: list[str], folder: Path, cache: Path, processors: int) -> list[object]:
    program = (
        "import os, sys\n"
        f"os.sched_getaffinity = lambda process: range({processors})\n"
        "from plainwire.cli import main\n"
        "raise SystemExit(main(sys.argv[1:]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "audit", "--format", "json", "--exit-zero", *arguments],
        cwd=folder,
        env=environment() | {"XDG_CACHE_HOME": str(cache)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.stderr == ""
    return [
        {k: v for k, v in one.items() if k not in ("started_at", "duration_s")}
        for one in json.loads(done.stdout)
    ]


def test_several_projects_are_told_the_same_by_copies_and_from_the_cache(tmp_path):
    for name in ("one", "two", "three"):
        laid_out(PROJECT | {"more.env": f"NAME={name}\n"}, tmp_path / "projects" / name)
    folder, names = tmp_path / "projects", ["one", "two", "three"]
    alone = _reports([*names, "--no-cache"], folder, tmp_path / "none", 1)
    assert [len(one["findings"]) > 0 for one in alone] == [True] * 3
    assert [one["target"]["value"] for one in alone] == names
    assert _reports([*names, "--no-cache"], folder, tmp_path / "none", 2) == alone
    assert _reports(names[1:2] * 2, folder, tmp_path / "cache", 2) == alone[1:2] * 2
    assert _reports(names, folder, tmp_path / "cache", 2) == alone  # one is kept, two are not
    assert len(os.listdir(tmp_path / "cache/plainwire/audit")) == 3


READ = """
import os, sys
from plainwire.cli import main
from plainwire.source import walk
data = walk._data
def noted(path, *rest):
    os.write(2, os.path.relpath(path).encode() + b"\\n")
    return data(path, *rest)
walk._data = noted
os.sched_getaffinity = lambda process: range(2)
main(["audit", "--format", "json:out.json", "--exit-zero", *sys.argv[1:]])
"""


@pytest.mark.parametrize("words", [[], ["--no-cache"]])
def test_a_project_is_read_once_whoever_audits_it(words, tmp_path):
    for name in ("one", "two"):
        laid_out(PROJECT, tmp_path / name)
    for runs in (1, 2):
        done = subprocess.run(
            [sys.executable, "-c", READ, "one", "two", *words],
            cwd=tmp_path,
            env=environment() | {"XDG_CACHE_HOME": str(tmp_path / "cache")},
            capture_output=True,
            text=True,
            timeout=60,
        )
        files = sorted(f"{name}/{file}" for name in ("one", "two") for file in PROJECT)
        assert sorted(done.stderr.split()) == files, runs
    assert len(json.loads((tmp_path / "out.json").read_text())) == 2


def test_a_path_that_is_none_is_said_whoever_reads_it(tmp_path):
    laid_out(PROJECT, tmp_path / "one")
    command = [sys.executable, "-m", "plainwire", "audit", "one", "none", "one", "--no-cache"]
    done = subprocess.run(command, cwd=tmp_path, env=environment(), capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (2, "plainwire audit: none is not a directory\n")
