"""Verify the other side's certificate.

TLS without verification is TLS with anybody who is on the way (RFC 9325, section 6). The libraries
verify by default; what switches it off is taken away, and smtplib and its like, which verify
nothing without a context, are given one.

Condition:

    Right if the server's certificate verifies, which `--probe` asks it; otherwise the connection
    would fail, so it needs your consent. A private authority's certificate is given by
    verify="ca.pem".

Before:

    --- client.py
    import smtplib
    import requests
    def push(token):
        requests.post("https://hub.example.com/", headers={"Authorization": token}, verify=False)
        session = requests.Session()
        session.verify = False
    def mail(text):
        server = smtplib.SMTP("mail.example.com", 587)
        server.starttls()
        server.sendmail("a@example.com", "b@example.com", text)

After:

    --- client.py
    import smtplib
    import requests
    import ssl
    def push(token):
        requests.post("https://hub.example.com/", headers={"Authorization": token})
        session = requests.Session()
        session.verify = True
    def mail(text):
        server = smtplib.SMTP("mail.example.com", 587)
        server.starttls(context=ssl.create_default_context())
        server.sendmail("a@example.com", "b@example.com", text)

Limits:

    A value that is no literal is left as it is, and so is a context whose side is not clear.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from plainwire.fix.mail import mail_server
from plainwire.fix.python import Python, argument, last_name, python
from plainwire.model import Edit, Finding, Module, Peer, Project, Proposal, remedy

_OPTIONS = ("verify", "verify_ssl", "ssl", "verify_certs")
_MAIL = ("starttls", "SMTP_SSL", "IMAP4_SSL", "POP3_SSL", "FTP_TLS")


@remedy(answers=("peer-not-verified",), level="unsafe")
def verified_peer(finding: Finding, project: Project) -> Proposal | None:
    """Takes away what switches verification off on the finding's line, or gives a context."""
    place = finding.locations[0]
    module = next((m for m in project.modules if m.file.path == place.path), None)
    if module is None or place.line is None:
        return None
    source = python(module.file)
    edits = _edits(source, place.line)
    if not edits:
        return None
    peer = _peer(module, place.line)
    why = "whether the server's certificate verifies was not asked (--probe)"
    if peer is None:
        why = "which server it is, is not in the line, so it cannot be asked"
    return Proposal("verify the certificate", edits, proof=why, peer=peer)


def _edits(source: Python, line: int) -> tuple[Edit, ...]:
    found: list[Edit | None] = []
    for call in source.calls(line):
        for name in _OPTIONS:
            value = argument(call, name)
            if value is not None and source.written(value) == "False":
                found.append(source.without_argument(call, name))
        value = argument(call, "cert_reqs")
        if value is not None and source.written(value).strip("\"'").endswith("CERT_NONE"):
            found.append(source.without_argument(call, "cert_reqs"))
        if last_name(call) == "_create_unverified_context":
            new = "create_default_context"
            found.append(source.with_last_name(call.func, new, "_create_unverified_context"))
        if last_name(call) in _MAIL and argument(call, "context") is None:
            found.append(source.with_argument(call, "context", "ssl.create_default_context()"))
            found.append(source.with_import("ssl"))
    for name in ("verify", "verify_ssl", "ssl_verify"):
        for value in source.assignments(line, name):
            if source.written(value) == "False" and not any(source.calls(line)):
                found.append(source.with_literal(value, "True"))
    return tuple(edit for edit in found if edit is not None)


def _peer(module: Module, line: int) -> Peer | None:
    """The server that is talked to on a line. Returns None if it is not written there."""
    for call in module.calls:
        if call.line != line:
            continue
        last = call.name.rpartition(".")[2]
        if last == "starttls":
            opened = [c for c in module.calls if c.scope == call.scope and c.line < line]
            made = [c for c in opened if c.name == "smtplib.SMTP"]
            return mail_server(made[-1]) if made else None
        if last in _MAIL:
            return mail_server(call)
        for position in (0, 1):
            value = call.argument("url", position)
            found = _of_url(value.text or value.prefix) if value is not None else None
            if found is not None:
                return found
    return None


def _of_url(text: str) -> Peer | None:
    """The server of an https address whose host is written out."""
    if not text.startswith("https://") or "/" not in text[8:]:
        return None
    try:
        parts = urlsplit(text)
        return Peer(parts.hostname, parts.port or 443) if parts.hostname else None
    except ValueError:
        return None
