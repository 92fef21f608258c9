"""How a scan ends when its user or its reader leaves: with what is known, never a traceback."""

import json
import signal
import stat
import subprocess
import time
from contextlib import suppress

import pytest

from cli.process import PATIENCE_S, PLAINWIRE, environment, started
from servers.hostile import never_answers
from servers.ports import reserved_port
from servers.recording import listening, recording, response

LONG = ("--timeout", "5m")


def until_asked(server, process):
    """Wait until the scan has sent something to a server that will not answer.

    It is not the first target: a busy machine may need a minute for those before.
    """
    while not server.wire:
        assert process.poll() is None
        time.sleep(0.02)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_what_is_known_is_printed_and_kept(number, tmp_path):
    with recording(lambda _: response()) as fine, listening(never_answers) as silent:
        urls = [f"http://127.0.0.1:{server.port}/" for server in (fine, silent, fine)]
        forms = ("--format", "json", "--format", "markdown:out.md", "--trace", "trace.har")
        with started("scan", *urls, *LONG, *forms, cwd=tmp_path) as process:
            until_asked(silent, process)
            process.send_signal(number)
            out, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130, err
    done, cut = json.loads(out)  # the third was not begun
    assert done["grade"]["letter"] == "F"
    assert cut["grade"] is None
    assert "interrupted" in {gap["reason"] for gap in cut["unanswered"]}
    assert b"interrupted: this is what was known then" in err and b"Traceback" not in err
    assert "interrupted" in (tmp_path / "out.md").read_text()
    assert json.loads((tmp_path / "trace.har").read_text())["log"]["entries"]


def test_an_interrupt_while_waiting_ends_the_wait(tmp_path):
    with reserved_port() as port:
        words = (f"http://127.0.0.1:{port}/", "--wait-for", "10m", "--allow", "rate-probes")
        with started("scan", *words, cwd=tmp_path) as process:
            assert process.stderr.readline().startswith(b"will send ")  # said before the wait
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=PATIENCE_S)
    assert b"Traceback" not in err
    assert process.returncode == 130


def test_a_second_interrupt_ends_a_process_that_cannot_print(tmp_path):
    """Its reader does not read: more than a pipe holds is waiting to be written."""
    with recording(lambda _: response()) as fine, listening(never_answers) as silent:
        words = [f"http://127.0.0.1:{fine.port}/{number}" for number in range(12)]
        words += [f"http://127.0.0.1:{silent.port}/", *LONG, "--format", "json"]
        with started("scan", *words, cwd=tmp_path) as process:
            until_asked(silent, process)
            process.send_signal(signal.SIGINT)
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(1.5)
            deadline = time.monotonic() + PATIENCE_S
            while process.poll() is None:  # what comes within a second of the first is the first
                assert time.monotonic() < deadline
                process.send_signal(signal.SIGINT)
                with suppress(subprocess.TimeoutExpired):
                    process.wait(1.5)
            assert process.returncode == 130
            assert b"Traceback" not in process.stderr.read()


def test_a_line_leaves_as_soon_as_its_target_is_known(tmp_path):
    """``jsonl`` is a stream: the first report is there while the second target is asked."""
    with recording(lambda _: response()) as fine, listening(never_answers) as silent:
        urls = [f"http://127.0.0.1:{server.port}/" for server in (fine, silent)]
        with started("scan", *urls, *LONG, "--format", "jsonl", cwd=tmp_path) as process:
            first = json.loads(process.stdout.readline())
            process.send_signal(signal.SIGINT)
            rest, _ = process.communicate(timeout=PATIENCE_S)
    assert first["target"]["value"] == urls[0]
    assert json.loads(rest)["target"]["value"] == urls[1]
    assert process.returncode == 130


@pytest.mark.parametrize("form", ["text", "json", "jsonl", "sarif"])
def test_a_reader_that_leaves_ends_it_quietly_and_the_files_are_whole(form, tmp_path):
    with recording(lambda _: response()) as server:
        url = f"http://127.0.0.1:{server.port}/"
        forms = ("--format", form, "--format", "junit:out.xml")
        with started("scan", url, *forms, cwd=tmp_path) as process:
            process.stdout.close()
            err = process.stderr.read()
            assert process.wait(PATIENCE_S) == 141
    assert b"Traceback" not in err and b"Broken" not in err
    assert (tmp_path / "out.xml").read_text().endswith("</testsuites>\n")


@pytest.mark.parametrize("words", ["checks", "scan http://127.0.0.1:1"])
@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-", ">/dev/full"])
def test_closed_or_full_streams_leave_no_traceback(words, closed, tmp_path):
    command = " ".join([*PLAINWIRE, words, closed])
    done = subprocess.run(
        ["sh", "-c", command],
        capture_output=True,
        cwd=tmp_path,
        env=environment(),
        timeout=PATIENCE_S,
    )
    assert b"Traceback" not in done.stderr
    if closed == ">/dev/full":
        assert done.returncode == 2
        assert b"cannot write the output: No space left on device" in done.stderr
    else:
        assert done.returncode == (3 if "scan" in words else 0), done.stderr


def test_files_are_opened_for_others_only_where_the_umask_says_so(tmp_path):
    """What is reported may be read by all; what was sent by its owner alone."""
    with recording(lambda _: response()) as server:
        url = f"http://127.0.0.1:{server.port}/"
        forms = ("--format", "json:out.json", "--trace", "trace.har")
        with started("scan", url, *forms, cwd=tmp_path, umask=0o022) as process:
            process.communicate(timeout=PATIENCE_S)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert modes == {"out.json": 0o644, "trace.har": 0o600}
