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
    assert {m for m in methods if m.isalpha()} <= {b"GET", b"HEAD", b"OPTIONS"}
