"""Mail or directory credentials are sent without TLS.

A mail server that is used with a name and a password and without STARTTLS or TLS gets the password
in clear, and the mails with their reset links after it (RFC 8314, section 3; CWE-319). The same
holds for an LDAP bind over `ldap://`.

Remedy:

    Set MAIL_USE_TLS (port 587) or MAIL_USE_SSL (port 465) to True; call starttls(context=...)
    before login; use ldaps://.

Bad:

    --- config.py
    import os
    class Config:
        MAIL_SERVER = os.environ.get("MAIL_SERVER")
        MAIL_USE_TLS = os.environ.get("MAIL_USE_TLS") is not None
        MAIL_USERNAME = os.environ.get("MAIL_USERNAME")
        MAIL_PASSWORD = os.environ.get("MAIL_PASSWORD")
    --- app.py
    from flask import Flask
    app = Flask(__name__)

Good:

    --- config.py
    import os
    class Config:
        MAIL_SERVER = os.environ.get("MAIL_SERVER")
        MAIL_USE_TLS = os.environ.get("MAIL_USE_TLS", "true").lower() == "true"
        MAIL_USERNAME = os.environ.get("MAIL_USERNAME")
        MAIL_PASSWORD = os.environ.get("MAIL_PASSWORD")
    --- app.py
    from flask import Flask
    app = Flask(__name__)

Limits:

    A server on this machine that is named outside the project is not seen.
"""

from __future__ import annotations

from collections.abc import Iterator

from plainwire.model import App, Finding, Module, Project, Severity, rule

_LOCAL = ("localhost", "127.0.0.1", "::1")


@rule(
    kind="mail-ldap-plain",
    severity=Severity.MEDIUM,
    cwe=(319,),
    references=("RFC 8314, section 3", "RFC 4513, section 6.3.1"),
)
def mail_sent_plain(project: Project) -> Iterator[Finding]:
    """Mail settings with credentials and TLS off, logins without STARTTLS, plain LDAP."""
    for app in project.apps:
        yield from _settings(app)
    for module in project.modules:
        if module.file.environment in ("production", "staging"):
            yield from _smtp(module)
            yield from _ldap(module)


def _settings(app: App) -> Iterator[Finding]:
    wanted = ("production", "staging")
    has_login = any(
        s.value is None or s.value or s.variable
        for name in ("MAIL_USERNAME", "MAIL_PASSWORD")
        for s in app.setting(name, *wanted)
    )
    servers = app.setting("MAIL_SERVER", *wanted)
    if not has_login or any((s.value or "").startswith(_LOCAL) for s in servers):
        return
    on = [*app.setting("MAIL_USE_TLS", *wanted), *app.setting("MAIL_USE_SSL", *wanted)]
    if any(s.is_true or s.value is None for s in on):
        return
    off = [s for s in on if s.is_false and s.value]
    places = [s.place for s in off] or [s.place for s in servers if "flask_mail" in app.extensions]
    if places:
        yield mail_sent_plain.finding(
            "mail is sent with a password and without TLS unless somebody says otherwise", *places
        )


def _smtp(module: Module) -> Iterator[Finding]:
    logins = {c.scope for c in module.calls if c.name.endswith(".login")}
    secured = {c.scope for c in module.calls if c.name.endswith(".starttls")}
    for call in module.calls:
        if call.name not in ("smtplib.SMTP", "ftplib.FTP", "imaplib.IMAP4", "poplib.POP3"):
            continue
        host = call.argument("host", 0)
        is_local = host is not None and host.text.startswith(_LOCAL)
        if call.scope in logins and call.scope not in secured and not is_local:
            yield mail_sent_plain.finding(
                f"a password is sent by {call.name} without TLS", module.span(call.line)
            )


def _ldap(module: Module) -> Iterator[Finding]:
    secured = any(c.name.endswith(("start_tls_s", "start_tls")) for c in module.calls)
    for call in module.calls:
        if call.name not in ("ldap.initialize", "ldap3.Server") or secured:
            continue
        address = call.argument("uri", 0) or call.argument("host", 0)
        prefix = address.prefix if address is not None else ""
        if prefix.startswith("ldap://") and not prefix[7:].startswith(_LOCAL):
            yield mail_sent_plain.finding(
                "the directory is asked over ldap:// without StartTLS", module.span(call.line)
            )
