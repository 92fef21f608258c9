"""No given credential ever leaves in clear: a server that keeps every byte shows it."""

import base64
from dataclasses import replace

import pytest

from certificates import issue
from plainwire.live.credentials import Credentials
from plainwire.live.settings import Settings
from plainwire.report import RENDERERS, render
from plainwire.scan import scan
from plainwire.wire.target import parse_target
from servers.recording import recording, response

NAME = "api.plainwire.test"
TOKEN = "tok-Secret-0123456789-abcdefghij"
BASIC = base64.b64encode(b"bob:hunter2-hunter2").decode()
GIVEN = {
    "bearer": ("Authorization", f"Bearer {TOKEN}"),
    "basic": ("Authorization", f"Basic {BASIC}"),
    "cookie": ("Cookie", f"session={TOKEN}"),
    "header": ("X-Api-Key", TOKEN),
}
SECRETS = (TOKEN, BASIC, "hunter2-hunter2")


def echo(request):
    """An answer that throws everything it was sent back, in body and headers."""
    shown = request.decode("latin-1")
    lines = [line for line in shown.split("\r\n")[1:] if ": " in line]
    headers = [(f"X-Echo-{n}", line) for n, line in enumerate(lines)]
    return response(200, shown.encode(), [("Content-Type", "text/plain"), *headers])


def scanned(line, pem_files, allow=frozenset()):
    root = issue("Root", ca=True)
    served = pem_files(issue(NAME, by=root))
    with recording(echo, https=served) as tls, recording(echo) as clear:
        target, _ = parse_target(f"https://{NAME}:{tls.port}/", http_ports=(clear.port,))
        target = replace(target, address="127.0.0.1")
        report = scan(
            target,
            settings=Settings(allow=allow, answer_timeout_s=5),
            credentials=Credentials((line,), target.https[0]),
        )
    return report, tls, clear


@pytest.mark.parametrize("kind", GIVEN)
def test_a_given_credential_never_leaves_in_clear(kind, pem_files):
    report, tls, clear = scanned(GIVEN[kind], pem_files)
    name, value = GIVEN[kind]
    assert f"{name}: {value}".encode() in tls.received
    for secret in SECRETS:
        assert secret.encode() not in tls.wire
        assert secret.encode() not in clear.wire
    assert f"{name}: ".encode() in clear.wire, "a canary stands in for it"
    for form in RENDERERS:
        text = render(form, [report])
        assert not [secret for secret in SECRETS if secret in text], form


def test_the_exception_is_asked_for_by_name(pem_files):
    """The proof can fail: with the exception the twin, here the TLS port, gets it in clear."""
    _, tls, clear = scanned(GIVEN["bearer"], pem_files, allow=frozenset({"cleartext-credentials"}))
    assert TOKEN.encode() in tls.wire
    assert TOKEN.encode() not in clear.wire, "a port added by --http-port is another origin"


def test_only_reading_methods_leave(pem_files):
    _, tls, clear = scanned(GIVEN["bearer"], pem_files)
    methods = {request.split(b" ")[0] for request in (*tls.requests, *clear.requests)}
    assert {m for m in methods if m.isalpha()} <= {b"GET", b"HEAD", b"OPTIONS", b"TRACE"}


SECRET = "Zq7Xv2Kp9Lm4Wt8Rb3Yc6Nd5Hf1Jg0Sa"
PADDED = tuple(f"/{number}" for number in range(0, 240, 8))


def key_of(request):
    lines = (line.partition(b": ") for line in request.split(b"\r\n"))
    return next((value.decode("latin-1") for name, _, value in lines if name == b"X-Api-Key"), "")


def throwing_back(request):
    """Throws the credential back where checks quote a server, from another column at each path."""
    secret = key_of(request) or "-"
    way = request.partition(b" ")[2].partition(b" ")[0].decode("latin-1")
    number = int(way[1:]) if way[1:].isdigit() else 0
    away = f"http://elsewhere.test/{'p' * number}/{secret}"
    if way in PADDED and number % 16:
        return response(302, b"", [("Location", away), ("Set-Cookie", f"session={secret}")])
    body = f"<a href='{away.replace('elsewhere.test', NAME)}'>a</a>"
    body += f"<img src='{away}'><script src='{away}'></script>"
    body += f"<a href='/in/{secret}?token={secret}'>b</a>"
    headers = [
        ("Content-Type", "text/html"),
        ("Strict-Transport-Security", f"max-age=1; {'p' * (number % 40)}{secret}=()"),
        ("Set-Cookie", f"{'p' * number}{secret}=1; SameSite={'p' * (number % 20)}{secret}"),
    ]
    return response(200, body.encode(), headers)


def pieces(secret, length=6):
    return {secret[at : at + length] for at in range(len(secret) - length + 1)}


def test_no_piece_of_a_credential_that_is_thrown_back_is_shown_or_sent_on(pem_files):
    """However a check cuts or writes what it quotes, and wherever a link or redirect leads."""
    served = pem_files(issue(NAME, by=issue("Root", ca=True)))
    with recording(throwing_back, https=served) as tls, recording(throwing_back) as clear:
        target, _ = parse_target(f"https://{NAME}:{tls.port}/", http_ports=(clear.port,))
        target = replace(target, address="127.0.0.1")
        given = Credentials((("X-Api-Key", SECRET),), target.https[0])
        report = scan(
            target, settings=Settings(answer_timeout_s=10), credentials=given, paths=PADDED
        )
    found = {finding.id for finding in report.findings}
    assert {"https-redirects-to-http", "mixed-content-active", "cleartext-link"} <= found
    assert {"hsts-malformed", "cookie-without-secure"} <= found
    assert SECRET.encode() in tls.received and SECRET.encode() not in clear.wire
    for form in RENDERERS:
        text = render(form, [report])
        assert not [piece for piece in pieces(SECRET) if piece in text], form
    assert "given-credential" in render("json", [report])


def test_a_server_that_breaks_http_shows_no_credential_either(pem_files):
    """What cannot be parsed is not quoted: it may hold what was sent."""
    served = pem_files(issue(NAME, by=issue("Root", ca=True)))

    def broken(request):
        return f"HTTP/1.1 200 OK\r\n\0{key_of(request)}\r\n\r\n".encode()

    with recording(broken, https=served) as tls:
        target, _ = parse_target(f"https://{NAME}:{tls.port}/")
        target = replace(target, address="127.0.0.1")
        given = Credentials((("X-Api-Key", SECRET),), target.https[0])
        report = scan(target, settings=Settings(answer_timeout_s=10), credentials=given)
    assert any("not HTTP/1.x" in gap.reason for gap in report.unanswered)
    assert not [piece for piece in pieces(SECRET) if piece in render("json", [report])]


def test_a_secret_in_the_named_url_is_masked_in_every_output():
    """Also where nobody answers: the target and what was left unanswered name it.

    It is the user's own words, so it is asked for over both schemes, which a note says.
    """
    with recording(lambda _: b"", None) as server:
        url = f"http://127.0.0.1:{server.port}/?access_token={SECRET}"
        report = scan(url, settings=Settings(answer_timeout_s=2))
    assert any("secret in the target's URL" in note for note in report.notes)
    for form in RENDERERS:
        text = render(form, [report])
        assert not [piece for piece in pieces(SECRET) if piece in text], form
