"""Send mail and ask the directory over TLS.

Without STARTTLS a mail server gets the password in clear, and whoever is on the way gets the reset
links after it (RFC 8314, section 3; RFC 4513, section 6.3.1).

Condition:

    Right if the server speaks STARTTLS with a certificate that verifies, which `--probe` asks it;
    otherwise no mail would be sent any more, so it needs your consent.

Before:

    --- config.py
    class Config:
        MAIL_SERVER = "mail.example.com"
        MAIL_USE_TLS = False
        MAIL_USERNAME = "shop"
        MAIL_PASSWORD = None
    --- app.py
    import smtplib
    from flask import Flask
    app = Flask(__name__)
    app.config.from_object("config.Config")
    def send(text):
        server = smtplib.SMTP("mail.example.com", 587)
        server.login("shop", app.config["MAIL_PASSWORD"])
        server.sendmail("a@example.com", "b@example.com", text)

After:

    --- config.py
    class Config:
        MAIL_SERVER = "mail.example.com"
        MAIL_USE_TLS = True
        MAIL_USERNAME = "shop"
        MAIL_PASSWORD = None
    --- app.py
    import smtplib
    from flask import Flask
    import ssl
    app = Flask(__name__)
    app.config.from_object("config.Config")
    def send(text):
        server = smtplib.SMTP("mail.example.com", 587)
        server.starttls(context=ssl.create_default_context())
        server.login("shop", app.config["MAIL_PASSWORD"])
        server.sendmail("a@example.com", "b@example.com", text)

Limits:

    A connection that a ``with`` opens, FTP, IMAP and POP are left to you, and so is a setting of
    which the port is 465, where MAIL_USE_SSL belongs. Flask-Mail verifies no certificate.
"""

from __future__ import annotations

from plainwire.fix.mail import mail_server
from plainwire.fix.places import app_at
from plainwire.fix.python import Python, python
from plainwire.model import Edit, Finding, Module, Peer, Project, Proposal, remedy

_STARTTLS = "starttls(context=ssl.create_default_context())"


@remedy(answers=("mail-sent-plain",), level="unsafe")
def mail_tls(finding: Finding, project: Project) -> Proposal | None:
    """Turns MAIL_USE_TLS on, or begins TLS after the connection is made, or asks ldaps://."""
    place = finding.locations[0]
    module = next((m for m in project.modules if m.file.path == place.path), None)
    if module is None or place.line is None:
        return None
    source = python(module.file)
    why = "whether the server speaks TLS was not asked (--probe)"
    for value in source.assignments(place.line, "MAIL_USE_TLS"):
        peer = _configured(module, project)
        edit = source.with_literal(value, "True")
        if source.written(value) == "False" and edit is not None:
            if peer is not None and peer.port == 465:
                return None
            return Proposal("send mail over TLS", (edit,), proof=why, peer=peer)
    edits = _smtp(source, place.line) or _ldap(source, place.line)
    peer = _written(module, place.line)
    return Proposal("begin TLS", edits, proof=why, peer=peer) if edits else None


def _smtp(source: Python, line: int) -> tuple[Edit, ...]:
    name = source.assigned_name(line)
    if not name or not source.calls(line, "SMTP"):
        return ()
    edits = source.after_statement(line, f"{name}.{_STARTTLS}"), source.with_import("ssl")
    return tuple(edit for edit in edits if edit is not None)


def _ldap(source: Python, line: int) -> tuple[Edit, ...]:
    for call in source.calls(line, "initialize", "Server"):
        for argument in call.args[:1]:
            written = source.written(argument.value)
            if written[1:].startswith("ldap://") and ":389" not in written:
                edit = source.with_literal(argument.value, written.replace("ldap", "ldaps", 1))
                return (edit,) if edit is not None else ()
    return ()


def _configured(module: Module, project: Project) -> Peer | None:
    """The server of the settings. Returns None if it, or its port, is not written in one place."""
    app = app_at(module.file.path, project)
    servers = {s.value for s in app.setting("MAIL_SERVER")} if app is not None else set()
    ports = {s.value for s in app.setting("MAIL_PORT")} if app is not None else set()
    host, port = (found.pop() if len(found) == 1 else None for found in (servers, ports or {"25"}))
    return Peer(host, int(port), "smtp") if host and port and port.isdecimal() else None


def _written(module: Module, line: int) -> Peer | None:
    call = next((c for c in module.calls if c.line == line and c.name == "smtplib.SMTP"), None)
    return mail_server(call) if call is not None else None
