"""What is shown and left: formats, a terminal's width and colour, quiet, start-up."""

import errno
import gc
import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET

import pytest

from cli.process import PATIENCE_S, PLAINWIRE, environment, plainwire
from plainwire import __version__
from plainwire.cli import COMMANDS, main
from plainwire.cli.ending import told
from plainwire.report import RENDERERS
from servers.recording import recording, response
from terminal import Terminal

SGR = re.compile(r"\x1b\[[0-9;]*m")


def html(request):
    return response(200, b"<p>fine", [("Content-Type", "text/html")])


@pytest.fixture(scope="module")
def server():
    with recording(html) as server:
        yield server


def test_one_scan_leaves_every_format(server, tmp_path):
    url = f"http://127.0.0.1:{server.port}/"
    before = len(server.requests)
    plainwire("scan", url, cwd=tmp_path)
    once = len(server.requests) - before
    words = [word for name in RENDERERS for word in ("--format", f"{name}:out.{name}")]
    done = plainwire("scan", url, *words, "--format", "json", cwd=tmp_path)
    assert done.code == 1
    assert len(server.requests) - before == 2 * once
    texts = {path.suffix[1:]: path.read_text() for path in tmp_path.iterdir()}
    assert texts.keys() == RENDERERS.keys()
    report = json.loads(done.out)
    assert json.loads(texts["json"]) == json.loads(texts["jsonl"]) == report
    assert report["grade"]["letter"] == "F"
    assert json.loads(texts["sarif"])["runs"][0]["results"]
    assert ET.fromstring(texts["junit"]).iter("testcase")
    assert "Grade: F" in texts["markdown"] and "Grade: F" in texts["text"]
    assert texts["github"].startswith("::error")


def test_formats_may_be_configured_and_an_option_wins(server, tmp_path):
    (tmp_path / "plainwire.toml").write_text('formats = ["json"]\n')
    url = f"http://127.0.0.1:{server.port}/"
    assert json.loads(plainwire("scan", url, cwd=tmp_path).out)["grade"]
    assert plainwire("scan", url, "--format", "text", cwd=tmp_path).out.startswith("===")


@pytest.mark.parametrize(("columns", "widest"), [("50", 50), ("120", 120), ("wide", 80), ("", 80)])
def test_columns_that_are_set_hold_for_a_pipe_and_not_for_a_file(server, tmp_path, columns, widest):
    """As for `ls` and other programs that ask `shutil.get_terminal_size`."""
    url = f"http://127.0.0.1:{server.port}/"
    words = ("scan", url, "--format", "text", "--format", "text:out.text")
    done = plainwire(*words, "--exit-zero", cwd=tmp_path, env=environment(COLUMNS=columns))
    for text, limit in ((done.out, widest), ((tmp_path / "out.text").read_text(), 80)):
        assert 0.8 * limit < max(len(line) for line in text.splitlines()) <= limit


def shown(*words, cwd, columns=80, **variables):
    """What a process shows at a terminal as wide as that, line by line."""
    env = {**environment(TERM="xterm"), **variables}
    with Terminal((*PLAINWIRE, *words), columns, cwd=cwd, env=env) as terminal:
        terminal.ended()
    return terminal.shown.decode("utf-8").replace("\r\n", "\n").splitlines()


@pytest.mark.parametrize("columns", [20, 40, 80, 200])
def test_lines_fit_the_terminal(columns, server, tmp_path):
    url = f"http://127.0.0.1:{server.port}/a/long/path/of/an/api/that/does/not/fit/in/a/line"
    lines = shown("scan", url, "-q", cwd=tmp_path, columns=columns)
    plain = [SGR.sub("", line) for line in lines if not line.startswith("plainwire scan: ")]
    report = plain[
        plain.index("=== Security Scan" if columns == 20 else "=== Security Scan Results ===") :
    ]
    assert max(len(line) for line in report) <= columns
    assert any(SGR.search(line) for line in lines)


@pytest.mark.parametrize("variables", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_no_colour_where_it_is_not_wanted(variables, server, tmp_path):
    lines = shown("scan", f"http://127.0.0.1:{server.port}/", cwd=tmp_path, **variables)
    assert not [line for line in lines if "\x1b" in line]


def test_a_terminal_that_cannot_show_a_character_is_shown_its_number(server, tmp_path):
    url = f"http://127.0.0.1:{server.port}/"
    (tmp_path / "plainwire.toml").write_text(
        '[[suppress]]\nid = "plain-http-served"\nreason = "alter Zähler, 5 €"\n', "utf-8"
    )
    lines = shown("scan", url, cwd=tmp_path, PYTHONIOENCODING="ascii")
    assert "  - plain-http-served: suppressed: alter Z\\xe4hler, 5 \\u20ac" in lines


def test_quiet_shows_no_progress(server, tmp_path):
    url = f"http://127.0.0.1:{server.port}/"
    assert f"scanning {url} …" in shown("scan", url, cwd=tmp_path)
    assert f"scanning {url} …" not in shown("scan", url, "-q", cwd=tmp_path)
    done = plainwire("scan", url, "-q", cwd=tmp_path)
    assert done.err.startswith("plainwire scan: "), "why it failed is no progress"


def test_the_same_answers_give_the_same_report(server, tmp_path):
    """Byte for byte but for times."""
    url = f"http://127.0.0.1:{server.port}/"

    def report():
        found = json.loads(plainwire("scan", url, "--format", "json", cwd=tmp_path).out)
        return {k: v for k, v in found.items() if k not in ("started_at", "duration_s", "tls")}

    assert report() == report()


def test_the_version_is_told_without_loading_the_scanner():
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "plainwire", "--version"],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert done.stdout == f"plainwire {__version__}\n"
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "plainwire.cli" in loaded
    heavy = {"cryptography", "ssl", "asyncio", "h11", "yaml", "idna", "argparse", "socket", "json"}
    assert loaded & heavy == set()


@pytest.mark.parametrize("command", COMMANDS)
def test_help_is_there_for_every_command_and_fits_80_columns(command, call, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    assert f"\n  {command} " in call("--help").out
    done = call(command, "--help")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(f"usage: plainwire {command} ")
    assert max(len(line) for line in done.out.splitlines()) <= 80


def test_a_command_that_others_call_leaves_their_collector_on(tmp_path, capsys):
    """A process that goes on would keep every cycle of objects that it makes from then on."""
    (tmp_path / "app.py").write_text("import flask\n")
    assert main(["audit", str(tmp_path), "--no-cache"]) == 0
    assert gc.isenabled()


def test_a_fault_of_the_system_is_not_called_one_of_the_output(monkeypatch, capsys):
    def run(arguments):
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr("plainwire.cli.explain.run", run)
    assert told("explain", []) == 2
    assert capsys.readouterr().err == "plainwire explain: the system refused: Too many open files\n"
