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

from plainwire.model import App, Call, Finding, Module, Project, Setting, Severity, Value, rule
from plainwire.wire.plain_urls import is_remote

_LOCAL = ("localhost", "127.0.0.1", "::1")
_STARTS_TLS = ("start_tls_s", "start_tls")
_DIRECTORIES = frozenset({"flask_simpleldap", "flask_ldap3_login", "flask_ldap"})
_DIRECTORY_TLS = ("LDAP_USE_SSL", "LDAP_USE_TLS", "LDAP_SCHEMA", "LDAP_START_TLS")


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
        if app.extensions & _DIRECTORIES:
            yield from _directory(app)
    for module in project.modules:
        if module.file.environment in ("production", "staging"):
            yield from _smtp(module)
            yield from _ldap(project, module)


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


def _ldap(project: Project, module: Module) -> Iterator[Finding]:
    """Clients of a directory whose address, written or configured, is without TLS."""
    if any(c.name.endswith(_STARTS_TLS) for c in module.calls):
        return
    for call in module.calls:
        if call.name not in ("ldap.initialize", "ldap3.Server"):
            continue
        address = call.argument("uri", 0) or call.argument("host", 0)
        if address is None:
            continue
        if _is_plain(address.prefix) or (call.name == "ldap3.Server" and _is_plain_server(call)):
            yield mail_sent_plain.finding(
                "the directory is asked over ldap:// without StartTLS", module.span(call.line)
            )
        for setting in _settings_of(address, project):
            if _is_plain(setting.value or ""):
                yield mail_sent_plain.finding(
                    "the directory is asked over ldap:// without StartTLS, as this key says",
                    setting.place,
                    module.span(call.line),
                )


def _settings_of(address: Value, project: Project) -> Iterator[Setting]:
    """The keys that say an address; one on the internet is told by backend-reached-plain."""
    for app in project.apps if address.setting else ():
        for setting in app.setting(address.setting, "production", "staging"):
            if not is_remote(setting.value or ""):
                yield setting


def _is_plain(address: str) -> bool:
    return address.startswith("ldap://") and not address[7:].startswith(_LOCAL)


def _is_plain_server(call: Call) -> bool:
    """True for ``ldap3.Server`` that is told a port without TLS, or by a name not to use it.

    An address may say ldaps:// itself: one that is not known says nothing.
    """
    host, port, uses = (
        call.argument("host", 0),
        call.argument("port", 1),
        call.argument("use_ssl", 2),
    )
    if host is None or (uses is not None and uses.literal is not False) or host.text in _LOCAL:
        return False
    is_named = bool(host.text) and "://" not in host.text
    return is_named or (port is not None and port.literal == 389 and "ldaps" not in host.prefix)


def _directory(app: App) -> Iterator[Finding]:
    """The keys of Flask's extensions for a directory: its host, and TLS in none of their ways.

    https://flask-ldap3-login.readthedocs.io/en/latest/configuration.html (LDAP_USE_SSL: off),
    https://flask-simpleldap.readthedocs.io/en/latest/#configuration (LDAP_SCHEMA: ldap), read 2026.
    """
    wanted = ("production", "staging")
    secured = [s for name in _DIRECTORY_TLS for s in app.setting(name, *wanted)]
    if any(s.is_true or s.value is None or s.value.startswith("ldaps") for s in secured):
        return
    hosts = [
        s
        for s in app.setting("LDAP_HOST", *wanted)
        if s.value and not s.value.startswith(("ldaps://", *_LOCAL))
    ]
    off = [s for s in secured if s.name != "LDAP_SCHEMA" and s.is_false and s.value]
    if hosts or (off and not app.setting("LDAP_HOST", *wanted)):
        yield mail_sent_plain.finding(
            "logins are checked by a directory that is asked without TLS",
            *(s.place for s in (*hosts, *secured)),
        )
