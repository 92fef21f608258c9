"""``plainwire devcert``: real clients and servers on what it makes, and what it must never do."""

import contextlib
import json
import os
import re
import shutil
import signal
import ssl
import stat
import subprocess
import sys
import threading
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import servers
from certificates import PemFiles, issue
from plainwire import devcert
from plainwire.cli import main, trusting
from plainwire.devcert import CA, CA_KEY, CERTIFICATE, KEY, ensure
from plainwire.model import UsageError
from plainwire.wire import issuing
from servers.gunicorn import APPLICATION
from servers.process import place, running

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
FILES = (CA, CA_KEY, CERTIFICATE, KEY)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "made"


# What it makes works


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    # What the test's own certificate may be called: nothing here is looked up.
    return ensure(tmp_path_factory.mktemp("devcert"), ["app.test", "*.api.test"])


@pytest.fixture(scope="module")
def flask(made):
    """`flask run` with the printed options."""
    with place() as where:
        where.write("application.py", APPLICATION, name="flask", headers=[])
        port = str(where.https_port)
        command = [sys.executable, "-m", "flask", "--app", "application", "run", "--port", port]
        command += ["--cert", str(made.certificate), "--key", str(made.key)]
        with running("flask", where, command, [where.https_port]) as server:
            yield server


@pytest.mark.mission("16")
def test_python_verifies_it(made, flask):
    trust = ssl.create_default_context(cafile=made.ca)
    for host in ("localhost", "127.0.0.1"):
        url = f"https://{host}:{flask.https_port}/"
        with urllib.request.urlopen(url, context=trust, timeout=20) as got:
            assert (got.status, b'"scheme":"https"' in got.read()) == (200, True)
    with pytest.raises(OSError, match="CERTIFICATE_VERIFY_FAILED"):
        urllib.request.urlopen(f"https://localhost:{flask.https_port}/", timeout=20)


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl not installed")
@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "app.test", "v1.api.test"])
def test_curl_verifies_it(host, made, flask):
    words = ["curl", "-sS", "--noproxy", "*", "--cacert", made.ca, "--max-time", "20"]
    words += ["--resolve", f"{host}:{flask.https_port}:127.0.0.1"]
    done = subprocess.run([*words, f"https://{host}:{flask.https_port}/"], capture_output=True)
    assert (done.returncode, b"https" in done.stdout) == (0, True), done.stderr


def test_what_follows_the_variables_verifies_it(made, flask):
    """A library that asks for them: Python's ssl, as requests does with its own variable."""
    program = "import sys, urllib.request as u; print(u.urlopen(sys.argv[1], timeout=20).status)"
    words = [sys.executable, "-c", program, f"https://localhost:{flask.https_port}/"]
    without = {k: v for k, v in os.environ.items() if k != "SSL_CERT_FILE"}
    trusted = without | {"SSL_CERT_FILE": str(made.ca)}
    assert subprocess.run(words, env=trusted, capture_output=True).stdout == b"200\n"
    assert (
        b"CERTIFICATE_VERIFY_FAILED"
        in subprocess.run(words, env=without, capture_output=True).stderr
    )


@pytest.mark.server("openssl")
def test_openssl_finds_the_certificates_strictly_right(made):
    for name, option in (("localhost", "hostname"), ("::1", "ip"), ("127.0.0.1", "ip")):
        words = ["openssl", "verify", "-x509_strict", "-purpose", "sslserver"]
        words += ["-CAfile", made.ca, f"-verify_{option}", name, made.certificate]
        done = subprocess.run(words, capture_output=True, text=True)
        assert done.stdout == f"{made.certificate}: OK\n", done.stderr


@pytest.mark.server("openssl")
def test_each_certificate_may_do_its_own_and_no_more(made):
    """RFC 5280, sections 4.2.1.3, 4.2.1.9 and 4.2.1.10; the words are OpenSSL's."""
    names = "basicConstraints,keyUsage,extendedKeyUsage,nameConstraints"
    said = []
    for file in (made.certificate, made.ca):
        words = ["openssl", "x509", "-in", file, "-noout", "-ext", names]
        done = subprocess.run(words, capture_output=True, text=True, check=True)
        lines = [line.strip() for line in done.stdout.splitlines()]
        said.append([line for line in lines if not line.startswith(("DNS:", "IP:"))])
    of_server = ["X509v3 Basic Constraints: critical", "CA:FALSE"]
    of_server += ["X509v3 Key Usage: critical", "Digital Signature"]
    of_ca = ["X509v3 Basic Constraints: critical", "CA:TRUE, pathlen:0"]
    of_ca += ["X509v3 Key Usage: critical", "Certificate Sign"]
    purpose = ["X509v3 Extended Key Usage:", "TLS Web Server Authentication"]
    constraints = ["X509v3 Name Constraints: critical", "Permitted:"]
    assert said == [of_server + purpose, of_ca + purpose + constraints]


@pytest.mark.mission("16")
@pytest.mark.server("openssl")
def test_gunicorn_serves_it(made):
    with servers.gunicorn(https=PemFiles(made.certificate, made.key, made.ca)) as server:
        trust = ssl.create_default_context(cafile=made.ca)
        url = f"https://localhost:{server.https_port}/"
        assert urllib.request.urlopen(url, context=trust, timeout=20).status == 200


@pytest.mark.parametrize("name", ["evil.example", "192.0.2.7", "10.0.0.1", "evil-localhost"])
@pytest.mark.server("openssl")
def test_a_stolen_authority_vouches_for_nobody_else(name, tmp_path):
    ca = issuing.authority(["mine.example.com"], NOW)
    forged = issuing.server([name], ca, NOW)
    (tmp_path / "ca.pem").write_bytes(ca.pem)
    (tmp_path / "forged.pem").write_bytes(forged.pem)
    words = ["openssl", "verify", "-attime", str(int(NOW.timestamp())), "-CAfile", "ca.pem"]
    done = subprocess.run([*words, "forged.pem"], capture_output=True, text=True, cwd=tmp_path)
    assert "permitted subtree violation" in done.stderr
    assert not issuing.permits(ca, name)
    for own in ("localhost", "a.b.localhost", "x.test", "mine.example.com", "a.mine.example.com"):
        assert issuing.permits(ca, own)


# What is there stays


def test_a_second_run_changes_nothing(folder):
    first = ensure(folder, now=NOW)
    before = contents(folder)
    second = ensure(folder, now=NOW + timedelta(days=59))
    assert (first.done, second.done, contents(folder) == before) == ("made", "kept", True)
    assert (first.is_new_authority, second.is_new_authority) == (True, False)


def test_what_nears_its_end_is_renewed_under_the_same_authority(folder):
    ensure(folder, ["app.test"], NOW)
    before = contents(folder)
    later = ensure(folder, now=NOW + timedelta(days=61))
    after = contents(folder)
    assert later.done == "renewed" and "app.test" in later.names
    assert later.not_after == NOW + timedelta(days=61 + 90)
    assert (after[CA], after[CA_KEY]) == (before[CA], before[CA_KEY])
    assert after[KEY] != before[KEY] and after[CERTIFICATE] != before[CERTIFICATE]


def test_an_authority_that_would_end_first_is_made_anew_and_said(folder):
    ensure(folder, now=NOW)
    later = ensure(folder, now=NOW + timedelta(days=5 * 365 - 89))
    assert later.is_new_authority and later.done == "renewed"


def verified(made, now):
    words = ["openssl", "verify", "-attime", str(int(now.timestamp())), "-CAfile", made.ca]
    done = subprocess.run([*words, made.certificate], capture_output=True, text=True)
    return (done.stdout, done.stderr)


@pytest.mark.server("openssl")
def test_another_authority_issues_another_certificate(folder):
    ensure(folder, now=NOW)
    again = ensure(folder, now=NOW, wants_new_ca=True)
    assert (again.done, again.is_new_authority) == ("renewed", True)
    assert verified(again, NOW) == (f"{again.certificate}: OK\n", "")


@pytest.mark.server("openssl")
def test_what_a_clock_that_was_ahead_has_made_is_made_anew(folder):
    ahead = ensure(folder, now=NOW + timedelta(days=2))
    assert "not yet valid" in verified(ahead, NOW)[1]
    again = ensure(folder, now=NOW)
    assert (again.done, again.is_new_authority) == ("renewed", True)
    assert verified(again, NOW) == (f"{again.certificate}: OK\n", "")


def test_a_certificate_that_does_not_hold_yet_is_renewed_under_its_authority(folder):
    ensure(folder, now=NOW)
    ahead = ensure(folder, now=NOW + timedelta(days=80))
    again = ensure(folder, now=NOW + timedelta(days=2))
    assert (ahead.done, again.done) == ("renewed", "renewed")
    assert (again.is_new_authority, again.not_after) == (False, NOW + timedelta(days=92))


def test_further_names_are_added_to_those_there(folder):
    ensure(folder, ["one.test"], NOW)
    both = ensure(folder, ["two.test", "MÜNCHEN.test", "[::1]"], NOW)
    assert both.names == (
        *("localhost", "127.0.0.1", "::1", "one.test", "two.test", "xn--mnchen-3ya.test"),
    )
    assert both.done == "renewed"


def test_a_name_that_the_authority_may_not_vouch_for_takes_another_authority(folder):
    ensure(folder, now=NOW)
    before = contents(folder)
    with pytest.raises(UsageError, match=r"api\.example\.com: --new-ca"):
        ensure(folder, ["api.example.com"], NOW)
    assert contents(folder) == before
    other = ensure(folder, ["api.example.com", "192.0.2.7"], NOW, wants_new_ca=True)
    assert other.is_new_authority and {"api.example.com", "192.0.2.7"} <= set(other.names)
    assert ensure(folder, now=NOW).done == "kept"


@pytest.mark.parametrize(
    "name", ["a b", "-", "", "*.127.0.0.1", "*.::1", "a/b", "*.*.test", "x" * 300]
)
def test_what_is_no_name(name, folder):
    with pytest.raises(UsageError, match="not a name"):
        ensure(folder, [name], NOW)


@pytest.mark.parametrize("name", ["localhost:5000", "https://app.test", "app.test/", "[::1]:80"])
def test_an_address_with_more_than_the_host_is_told_from_a_wrong_host(name, folder):
    with pytest.raises(UsageError, match="without scheme, port and path"):
        ensure(folder, [name], NOW)


@pytest.mark.server("openssl")
@pytest.mark.parametrize("name", ["*.test", "*.localhost", "*.web"])
def test_a_wildcard_that_no_client_takes_is_not_made(name, folder, tmp_path):
    """OpenSSL, as curl, Python, Node 20 and GnuTLS 3.7: two labels must be below the star."""
    with pytest.raises(UsageError, match=r"\*\.app"):
        ensure(folder, [name], NOW)
    ca = issuing.authority([name], NOW)
    (tmp_path / "ca.pem").write_bytes(ca.pem)
    (tmp_path / "its.pem").write_bytes(issuing.server([name], ca, NOW).pem)
    words = ["openssl", "verify", "-attime", str(int(NOW.timestamp())), "-CAfile", "ca.pem"]
    words += ["-verify_hostname", name.replace("*", "app"), "its.pem"]
    done = subprocess.run(words, capture_output=True, text=True, cwd=tmp_path)
    assert "hostname mismatch" in done.stderr


# Foreign files, keys, repositories


def foreign_pair(folder, certificate, key):
    folder.mkdir(exist_ok=True)
    other = issue("Somebody's", ca=True)
    (folder / certificate).write_text(other.pem)
    (folder / key).write_text(other.key_pem)


@pytest.mark.parametrize("pair", [(CA, CA_KEY), (CERTIFICATE, KEY)])
def test_a_foreign_pair_is_never_overwritten(pair, folder):
    foreign_pair(folder, *pair)
    before = contents(folder)
    for wants_new_ca in (False, True):
        with pytest.raises(UsageError, match="nothing is overwritten"):
            ensure(folder, now=NOW, wants_new_ca=wants_new_ca)
    assert contents(folder) == before


def test_a_certificate_of_ours_is_no_authority(folder):
    """The server's pair under the authority's names: what it signs nobody takes."""
    ensure(folder, now=NOW)
    for its, server in ((CA, CERTIFICATE), (CA_KEY, KEY)):
        (folder / its).write_bytes((folder / server).read_bytes())
    before = contents(folder)
    with pytest.raises(UsageError, match="not an authority of plainwire's"):
        ensure(folder, now=NOW + timedelta(days=80))
    assert contents(folder) == before


def rsa_pair(tmp_path):
    words = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=mine"]
    words += ["-keyout", tmp_path / "key", "-out", tmp_path / "certificate"]
    subprocess.run(words, check=True, capture_output=True)
    return (tmp_path / "certificate").read_bytes(), (tmp_path / "key").read_bytes()


@pytest.mark.server("openssl")
@pytest.mark.parametrize("pair", [(CA, CA_KEY), (CERTIFICATE, KEY)])
@pytest.mark.parametrize("kind", ["text", "another key", "no key", "rsa", "encrypted"])
def test_two_files_that_are_no_pair_are_never_overwritten(kind, pair, folder, tmp_path):
    ensure(folder, now=NOW)
    certificate, key = (folder / name for name in pair)
    if kind == "text":
        certificate.write_text("mine")
        key.write_text("mine too")
    elif kind == "another key":
        key.write_bytes(issuing.authority([], NOW).key_pem)
    elif kind == "no key":
        key.write_bytes(b"")
    elif kind == "rsa":
        for file, content in zip((certificate, key), rsa_pair(tmp_path), strict=True):
            file.write_bytes(content)
    else:
        words = ["openssl", "pkcs8", "-topk8", "-in", key, "-passout", "pass:x"]
        key.write_bytes(subprocess.run(words, check=True, capture_output=True).stdout)
    before = contents(folder)
    said = f"{certificate} and {key} are not a pair of plainwire's: nothing is overwritten"
    for wants_new_ca in (False, True):
        with pytest.raises(UsageError, match=re.escape(said)):
            ensure(folder, now=NOW + timedelta(days=80), wants_new_ca=wants_new_ca)
    assert contents(folder) == before


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("kind", ["text", "link", "folder", "dangling link"])
def test_a_single_foreign_file_is_never_overwritten(name, kind, folder, tmp_path):
    folder.mkdir()
    target = tmp_path / "target"
    if kind == "text":
        (folder / name).write_text("mine")
    elif kind == "folder":
        (folder / name).mkdir()
    else:
        if kind == "link":
            target.write_text("mine")
        (folder / name).symlink_to(target)
    with pytest.raises(UsageError):
        ensure(folder, now=NOW)
    assert [path.name for path in folder.iterdir()] == [name]
    assert not target.exists() or target.read_text() == "mine"


def test_a_link_in_place_of_a_file_of_ours_is_not_followed(folder, tmp_path):
    ensure(folder, now=NOW)
    (folder / KEY).rename(tmp_path / "elsewhere")
    (folder / KEY).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UsageError, match="nothing is overwritten"):
        ensure(folder, now=NOW + timedelta(days=80))


def test_keys_are_private_from_their_first_byte(folder, monkeypatch):
    seen = []
    opened = os.fdopen

    def noted(handle, *words, **more):
        seen.append(stat.S_IMODE(os.fstat(handle).st_mode))
        return opened(handle, *words, **more)

    monkeypatch.setattr(devcert.os, "fdopen", noted)
    before = os.umask(0)
    try:
        ensure(folder, now=NOW)
    finally:
        os.umask(before)
    assert seen == [0o600, 0o644, 0o600, 0o644]
    assert [mode(folder / name) for name in (CA_KEY, KEY)] == [0o600, 0o600]
    assert mode(folder) == 0o700


def test_a_key_that_was_opened_to_others_is_closed_again(folder):
    ensure(folder, now=NOW)
    (folder / KEY).chmod(0o644)
    ensure(folder, now=NOW)
    assert mode(folder / KEY) == 0o600


def test_a_failure_leaves_what_was_there(folder, monkeypatch):
    ensure(folder, now=NOW)
    before = contents(folder)

    def full(self, target):
        raise OSError(28, "No space left on device", str(self))

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(UsageError, match="No space left"):
        ensure(folder, now=NOW + timedelta(days=80))
    assert contents(folder) == before


@pytest.mark.parametrize("error", [OSError(5, "Input/output error"), KeyboardInterrupt()])
def test_a_failure_between_the_two_files_is_mended_by_the_next_run(error, folder, monkeypatch):
    ensure(folder, now=NOW)
    replace, calls = Path.replace, []

    def failing(self, target):
        calls.append(target)
        if len(calls) == 2:
            raise error
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", failing)
    with pytest.raises((UsageError, KeyboardInterrupt)):
        ensure(folder, now=NOW + timedelta(days=61))
    assert is_mixed(folder)
    ensure(folder, now=NOW + timedelta(days=61))
    assert is_a_pair(folder) and sorted(contents(folder)) == sorted(FILES)


# Two at once


def is_a_pair(folder):
    trust = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trust.load_cert_chain(folder / CERTIFICATE, folder / KEY)  # raises: key values mismatch
    return issuing.issued_by(
        issuing.read((folder / CERTIFICATE).read_bytes(), (folder / KEY).read_bytes()),
        issuing.read((folder / CA).read_bytes(), (folder / CA_KEY).read_bytes()),
    )


@pytest.mark.skipif(sys.platform == "win32", reason="a folder cannot be locked there")
def test_a_run_waits_for_another_in_the_same_folder(folder):
    import fcntl

    ensure(folder, now=NOW)
    other = os.open(folder, os.O_RDONLY)
    fcntl.flock(other, fcntl.LOCK_EX)
    with pytest.raises(UsageError, match="another run"):
        ensure(folder, now=NOW + timedelta(days=61), patience_s=0.1)
    done = []
    waiting = threading.Thread(target=lambda: done.append(ensure(folder, now=NOW).done))
    waiting.start()
    waiting.join(0.3)
    assert done == []
    os.close(other)
    waiting.join(20)
    assert done == ["kept"]


def test_many_runs_that_renew_at_the_same_moment_leave_a_pair(folder):
    ensure(folder, now=NOW)
    later, start = NOW + timedelta(days=61), threading.Barrier(8)

    def renew():
        start.wait()
        ensure(folder, now=later)

    threads = [threading.Thread(target=renew) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert is_a_pair(folder)
    assert sorted(contents(folder)) == sorted(FILES)


# Killed at each point

KILLED = """
import json, os, signal, sys
from datetime import datetime, timedelta
from pathlib import Path
from plainwire.devcert import ensure

folder = Path(sys.argv[1])
now = datetime.fromisoformat(sys.argv[2])
names, wants_new_ca, point = json.loads(sys.argv[3])
left = point

def count(event, words):
    # Each time that Python is about to touch a file of the folder: one step further.
    global left
    if event in ("open", "os.rename", "os.remove", "os.mkdir", "os.chmod") and words:
        if str(words[0]).startswith(str(folder)):
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

children = []
for point in range(1, 100):
    if (child := os.fork()) == 0:
        left = point
        sys.addaudithook(count)
        ensure(folder / str(point), names, now, wants_new_ca)
        os._exit(0)
    children.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    if children[-1] == 0:
        break
print(json.dumps(children))
"""


def killed_at_each_point(folder, before, now, wants_new_ca=False):
    """Copies of a folder, in each of which a run was killed one step later than in the last."""
    folder.mkdir()
    for point in range(1, 100):
        shutil.copytree(before, folder / str(point)) if before else None
    words = [sys.executable, "-c", KILLED, folder, now.isoformat()]
    words.append(json.dumps([["app.test"], wants_new_ca, 0]))
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    ended = json.loads(done.stdout)
    assert set(ended[:-1]) == {-signal.SIGKILL} and ended[-1] == 0
    return [folder / str(point) for point in range(1, len(ended))]


@pytest.mark.server("openssl")
@pytest.mark.skipif(sys.platform == "win32", reason="nothing is killed there")
@pytest.mark.parametrize("is_renewal", [False, True])
@pytest.mark.parametrize("wants_new_ca", [False, True])
def test_what_a_killed_run_has_left_is_finished_by_the_next(is_renewal, wants_new_ca, tmp_path):
    before, later = None, NOW + timedelta(days=61)
    if is_renewal:
        before = tmp_path / "before"
        ensure(before, ["app.test"], NOW)
    killed = killed_at_each_point(tmp_path / "killed", before, later, wants_new_ca)
    assert len(killed) > 8
    assert any(map(is_mixed, killed))  # else no point was between two renames
    for its in killed:
        served = issued_in(its)
        made = ensure(its, ["app.test"], later)
        # Who was never told of an authority is told: no certificate of it had taken its place.
        assert made.is_new_authority == (served is None or not signed(served, made.ca, tmp_path))
        assert is_a_pair(its) and "app.test" in made.names
        assert sorted(contents(its)) == sorted(FILES)
        assert [mode(its / name) for name in (CA_KEY, KEY)] == [0o600, 0o600]
        assert ensure(its, ["app.test"], later).done == "kept"


def issued_in(folder):
    """The certificate there, with the part that a run killed half-way has left for its key."""
    parts = [*folder.glob(f".{CERTIFICATE}.*.part"), folder / CERTIFICATE]
    for part in parts:
        trust = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with contextlib.suppress(OSError):  # ssl.SSLError is one
            trust.load_cert_chain(part, folder / KEY)
            return part.read_bytes()
    return None


def signed(certificate, ca, tmp_path):
    (tmp_path / "its.pem").write_bytes(certificate)
    words = ["openssl", "verify", "-no_check_time", "-CAfile", ca, tmp_path / "its.pem"]
    return subprocess.run(words, capture_output=True).returncode == 0


def is_mixed(folder):
    """Is a certificate there with another's key, as OpenSSL sees it, or half a pair?"""
    for its, key in ((CA, CA_KEY), (CERTIFICATE, KEY)):
        there = [(folder / name).exists() for name in (its, key)]
        if any(there) and not all(there):
            return True
        try:
            trust = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            all(there) and trust.load_cert_chain(folder / its, folder / key)
        except ssl.SSLError:
            return True
    return False


def half_done(folder):
    """A run killed between its two renames: the new key, and its certificate beside the old one."""
    ensure(folder, now=NOW)
    old = (folder / CERTIFICATE).read_bytes()
    ensure(folder, now=NOW + timedelta(days=61))
    part = folder / f".{CERTIFICATE}.0123456789abcdef.part"
    (folder / CERTIFICATE).rename(part)
    (folder / CERTIFICATE).write_bytes(old)
    return part


@pytest.mark.parametrize("kind", ["foreign", "text", "link", "folder"])
def test_what_is_in_the_place_of_a_half_done_pair_is_not_overwritten(kind, folder, tmp_path):
    half_done(folder)
    place = folder / CERTIFICATE
    place.unlink()
    if kind == "foreign":
        place.write_text(issue("Somebody's").pem)
    elif kind == "text":
        place.write_text("mine")
    elif kind == "link":
        (tmp_path / "elsewhere").write_text(issue("Somebody's").pem)
        place.symlink_to(tmp_path / "elsewhere")
    else:
        place.mkdir()
    with pytest.raises(UsageError, match="nothing is overwritten"):
        ensure(folder, now=NOW + timedelta(days=61))
    assert place.is_symlink() == (kind == "link") and place.is_dir() == (kind == "folder")


def test_a_part_takes_no_place_in_a_pair_that_is_whole(folder):
    ensure(folder, now=NOW)
    before = contents(folder)
    part = folder / f".{CERTIFICATE}.0123456789abcdef.part"
    part.write_bytes(b"another\n" + before[CERTIFICATE])
    assert ensure(folder, now=NOW).done == "kept"
    assert contents(folder) == before


@pytest.mark.server("openssl")
@pytest.mark.parametrize("kind", ["foreign", "foreign, of this key", "link", "text"])
def test_a_part_that_is_not_this_keys_takes_no_place(kind, folder, tmp_path):
    part = half_done(folder)
    if kind == "foreign":
        part.write_text(issue("Somebody's").pem)
    elif kind == "foreign, of this key":
        words = ["openssl", "req", "-x509", "-subj", "/O=Somebody", "-key", folder / KEY]
        subprocess.run([*words, "-out", part], check=True, capture_output=True)
    elif kind == "text":
        part.write_bytes(b"")
    else:
        part.rename(tmp_path / "elsewhere")
        part.symlink_to(tmp_path / "elsewhere")
    before = (folder / CERTIFICATE).read_bytes()
    with pytest.raises(UsageError, match="not a pair of plainwire's"):
        ensure(folder, now=NOW + timedelta(days=61))
    assert (folder / CERTIFICATE).read_bytes() == before


@pytest.mark.skipif(sys.platform == "win32", reason="a folder cannot be locked there")
def test_where_there_are_no_locks_another_runs_parts_are_left_alone(folder, monkeypatch):
    import fcntl

    def unknown(*words):
        raise OSError(95, "Operation not supported")

    ensure(folder, now=NOW)
    part = folder / f".{KEY}.0123456789abcdef.part"
    part.write_text("being written")
    monkeypatch.setattr(fcntl, "flock", unknown)
    assert ensure(folder, now=NOW).done == "kept" and part.exists()
    monkeypatch.undo()
    assert ensure(folder, now=NOW).done == "kept" and not part.exists()


def test_what_a_killed_run_has_left_is_not_committed(tmp_path):
    git(tmp_path, "init", "-q")
    ensure(tmp_path, now=NOW)
    (tmp_path / f".{KEY}.0123456789abcdef.part").write_text("a key")
    left = git(tmp_path, "status", "--porcelain", "--untracked-files=all")
    assert left.split() == ["??", ".gitignore"]


def git(folder, *words):
    settings = ["-c", "user.name=t", "-c", "user.email=t@example.com"]
    done = subprocess.run(["git", *settings, *words], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("before", [None, "*.log", "*.log\n!*.pem\n"])
def test_inside_a_repository_the_files_are_ignored(before, tmp_path):
    git(tmp_path, "init", "-q")
    folder = tmp_path / "certificates"
    folder.mkdir()
    if before is not None:
        (folder / ".gitignore").write_text(before)
    for _ in range(2):
        ensure(folder, now=NOW)
    assert git(tmp_path, "status", "--porcelain", "--untracked-files=all").split() == [
        "??",
        "certificates/.gitignore",
    ]
    with (folder / ".gitignore").open("a") as file:
        file.write("!*.pem\n")
    for _ in range(2):
        ensure(folder, now=NOW)
    assert git(tmp_path, "status", "--porcelain", "--untracked-files=all").count("??") == 1
    kept = (folder / ".gitignore").read_text()
    assert kept.startswith(before or "") and kept.count(KEY) == 2


def test_outside_of_a_repository_there_is_no_gitignore(folder):
    ensure(folder, now=NOW)
    assert sorted(contents(folder)) == sorted(FILES)


# The command


def test_the_usual_folder_is_the_users(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert devcert.usual_folder() == tmp_path / "plainwire" / "devcert"
    monkeypatch.delenv("XDG_DATA_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert devcert.usual_folder() == tmp_path / ".local/share/plainwire/devcert"


def test_the_command_prints_the_lines_to_type(tmp_path, capsys):
    folder = tmp_path / "a folder"
    assert main(["devcert", "app.test", "--dir", str(folder), "--all-systems"]) == 0
    told = capsys.readouterr().out
    assert f"flask run --cert '{folder}/devcert.pem' --key '{folder}/devcert-key.pem'" in told
    assert f"gunicorn --certfile '{folder}/devcert.pem' --keyfile" in told
    for word in ("update-ca-certificates", "update-ca-trust", "add-trusted-cert", "addstore"):
        assert word in told
    for word in ("Firefox", "Chromium", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"):
        assert word in told
    assert main(["devcert", "--dir", str(folder), "--quiet"]) == 0
    assert capsys.readouterr().out == f"{folder}\n"


def test_the_command_says_what_is_in_its_way(tmp_path, capsys):
    (tmp_path / CA).write_text("mine")
    assert main(["devcert", "--dir", str(tmp_path)]) == 2
    said = capsys.readouterr()
    assert (said.out, said.err.startswith("plainwire devcert: ")) == ("", True)
    assert main(["devcert", "--dir", str(tmp_path / CA)]) == 2
    said = capsys.readouterr().err
    assert said == f"plainwire devcert: {tmp_path / CA}: File exists\n"


def test_a_hostile_folder_name_is_printed_visibly(tmp_path, capsys):
    assert main(["devcert", "--dir", str(tmp_path / "a\x1b[31mb")]) == 0
    assert "\x1b" not in capsys.readouterr().out


@pytest.mark.parametrize("missing", FILES)
def test_half_a_pair_is_said_with_what_is_missing(missing, folder):
    ensure(folder, now=NOW)
    (folder / missing).unlink()
    with pytest.raises(UsageError, match=f"is there and {folder / missing} is not: move it away"):
        ensure(folder, now=NOW)


def test_the_line_for_chromium_works_where_it_has_never_run(tmp_path):
    """certutil makes no folder; a stand-in says which one is there when it is called."""
    (tmp_path / "bin").mkdir()
    stand_in = tmp_path / "bin" / "certutil"
    stand_in.write_text('#!/bin/sh\n[ -d "${2#sql:}" ] && echo "$@"\n')
    stand_in.chmod(0o755)
    (line,) = [
        line for line in trusting.lines(Path("/a b/ca.pem"), False) if line.startswith("Chromium")
    ]
    path = f"{tmp_path / 'bin'}:{os.environ['PATH']}"
    done = subprocess.run(
        ["sh", "-c", line.partition(": ")[2]],
        env={"PATH": path, "HOME": str(tmp_path / "home")},
        capture_output=True,
        text=True,
    )
    words = f"-d sql:{tmp_path}/home/.pki/nssdb -A -t C,, -n plainwire-development -i /a b/ca.pem"
    assert done.stdout == words + "\n"


def test_every_system_has_its_lines():
    all_of_them = trusting.lines(Path("/ca.pem"), is_every_system=True)
    assert len(all_of_them) > len(trusting.lines(Path("/ca.pem"), is_every_system=False))
    assert all("{ca}" not in line for line in all_of_them)
