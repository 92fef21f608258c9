"""Credentials from the sources they may come from, to the one origin they are for."""

import base64

import pytest

from cli.process import PLAINWIRE, environment, plainwire
from servers.recording import recording, response
from terminal import CTRL_C, Terminal

TOKEN = "tok-7fLq2ZxWm9"


@pytest.fixture
def server(certificate):
    with recording(lambda _: response(), https=certificate) as server:
        yield server


def heads(server):
    return [line for line in server.received.split(b"\r\n") if b": " in line]


SOURCES = {
    "variable": (("--bearer", "env:T"), f"Authorization: Bearer {TOKEN}"),
    "file": (("--bearer", "file:token"), f"Authorization: Bearer {TOKEN}"),
    "standard input": (("--bearer", "-"), f"Authorization: Bearer {TOKEN}"),
    "basic": (
        ("--basic", "file:login"),
        f"Authorization: Basic {base64.b64encode(f'bob:{TOKEN}'.encode()).decode()}",
    ),
    "cookie": (("--cookie", "file:cookie"), f"Cookie: a=1; session={TOKEN}"),
    "header": (("--header", "X-Api-Key: env:T"), f"X-Api-Key: {TOKEN}"),
    "header that is no secret": (("--header", "X-Stage: canary"), "X-Stage: canary"),
}


@pytest.mark.parametrize("name", SOURCES)
def test_a_credential_is_taken_from_its_source(name, server, tmp_path):
    words, line = SOURCES[name]
    (tmp_path / "token").write_text(f"{TOKEN}\r\n")
    (tmp_path / "login").write_text(f"bob:{TOKEN}\n")
    (tmp_path / "cookie").write_text(f"a=1; session={TOKEN}\n")
    url = f"https://127.0.0.1:{server.port}/"
    env, stdin = environment(T=TOKEN), f"{TOKEN}\n".encode()
    done = plainwire("scan", url, *words, "-v", cwd=tmp_path, env=env, stdin=stdin)
    assert line.encode() in heads(server)
    assert TOKEN.encode() not in server.wire
    assert TOKEN not in done.out + done.err


def test_several_headers_go_together(server, tmp_path):
    words = ("--bearer", "env:T", "--cookie", "env:C", "--header", "X-A: 1", "--header", "X-B: 2")
    env = environment(T=TOKEN, C=f"session={TOKEN}")
    url = f"https://127.0.0.1:{server.port}/"
    plainwire("scan", url, *words, cwd=tmp_path, env=env)
    request = next(r for r in server.requests if b"Authorization" in r)
    lines = [f"Authorization: Bearer {TOKEN}", f"Cookie: session={TOKEN}", "X-A: 1", "X-B: 2"]
    assert "\r\n".join(lines).encode() in request


WRONG = {
    "empty": b"\n",
    "two lines": f"{TOKEN}\n{TOKEN}\n".encode(),
    "a control character": f"{TOKEN}\x1b[0m".encode(),
    "not UTF-8": b"\xff\xfe" + TOKEN.encode(),
    "no header can carry it": f"{TOKEN}€".encode(),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_no_credential_is_refused_without_being_shown(name, call, tmp_path):
    (tmp_path / "token").write_bytes(WRONG[name])
    done = call("scan", "h.test", "--bearer", "file:token")
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("plainwire scan: --bearer: ")
    assert TOKEN not in done.err


def test_two_authorizations_are_one_too_many(call, monkeypatch):
    monkeypatch.setenv("T", TOKEN)
    done = call("scan", "h.test", "--bearer", "env:T", "--basic", "env:T")
    assert (done.code, done.err) == (2, "plainwire scan: more than one Authorization credential\n")


def at_terminal(*words, cwd):
    return Terminal((*PLAINWIRE, *words), cwd=cwd, env=environment(NO_COLOR="1"))


def test_a_credential_is_asked_for_at_the_terminal_unseen(server, tmp_path):
    url = f"https://127.0.0.1:{server.port}/"
    with at_terminal("scan", url, "--bearer", "-", cwd=tmp_path) as terminal:
        terminal.until(b"--bearer: ")
        assert not terminal.echoes
        terminal.type(f"{TOKEN}\n".encode())
        terminal.until(b"Grade: ")
    assert TOKEN.encode() not in terminal.shown
    assert b"scanning https://" in terminal.shown
    assert f"Authorization: Bearer {TOKEN}".encode() in heads(server)


def test_an_interrupt_at_the_prompt_gives_the_terminal_its_echo_back(tmp_path):
    with at_terminal("scan", "https://h.test/", "--bearer", "-", cwd=tmp_path) as terminal:
        terminal.until(b"--bearer: ")
        assert not terminal.echoes
        assert terminal.ended(CTRL_C) == 130
        assert terminal.echoes
