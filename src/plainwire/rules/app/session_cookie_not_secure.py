"""The session cookie may travel over plain HTTP.

Flask sets `SESSION_COOKIE_SECURE` to False unless told otherwise, and Flask-Login does the same for
`REMEMBER_COOKIE_SECURE`. A browser then sends the cookie over http too, where one request that
somebody on the way provokes is enough to read it (CWE-614; RFC 6265, section 8.3).

Remedy:

    Set SESSION_COOKIE_SECURE = True, and REMEMBER_COOKIE_SECURE = True with Flask-Login, in the
    production configuration.

Bad:

    --- app.py
    from flask import Flask, session
    app = Flask(__name__)
    @app.route("/")
    def index():
        return session.get("user", "")

Good:

    --- config.py
    class ProductionConfig:
        SESSION_COOKIE_SECURE = True
        REMEMBER_COOKIE_SECURE = True
    --- app.py
    from flask import Flask, session
    app = Flask(__name__)
    app.config.from_object("config.ProductionConfig")
    @app.route("/")
    def index():
        return session.get("user", "")

Limits:

    A value that comes from a file outside the project is not seen. Where the project sets up a Tor
    onion service, nothing is said: what reaches it is encrypted up to the machine.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from plainwire.model import App, Confidence, Finding, Project, Setting, Severity, rule

_ONION = re.compile(r"\bHiddenService(Dir|Port)\b")
_SWITCH = re.compile(r"HTTPS|SSL|SECURE|TLS", re.IGNORECASE)


@rule(
    kind="session-cookie-insecure",
    severity=Severity.MEDIUM,
    cwe=(614,),
    references=("RFC 6265, section 8.3", "Flask, SESSION_COOKIE_SECURE"),
)
def session_cookie_not_secure(project: Project) -> Iterator[Finding]:
    """Applications with sessions whose cookie is not Secure in production."""
    found = list(_found(project))
    if found and not _by_prefixed_variable(project) and not _is_onion(project):
        yield from found


def _found(project: Project) -> Iterator[Finding]:
    for app in project.apps:
        settings = app.setting("SESSION_COOKIE_SECURE", "production", "staging")
        if any(s.is_true and not s.is_conditional for s in settings) or _by_extension(app):
            continue
        if any(s.value is None for s in settings):
            continue  # computed, or given by a variable: not known here
        if settings and all(s.is_conditional and s.is_true for s in settings):
            yield from _sometimes(project, app, settings[0])
        elif app.has_sessions:
            keys = app.setting("SECRET_KEY", "production")
            beside = app.config_places or [s.place for s in keys]  # where the setting would stand
            places = [s.place for s in settings] or list(beside[:1])
            yield session_cookie_not_secure.finding(
                "the production configuration leaves SESSION_COOKIE_SECURE off",
                *places,
                app.place,
            )


def _by_prefixed_variable(project: Project) -> bool:
    """True if a deployment sets the variable that ``config.from_prefixed_env`` reads it from."""
    given = [s.settings for d in project.deployments for s in d.services]
    variables = [v for v in project.variables if v.environment in ("production", "staging")]
    every = [*variables, *(v for some in given for v in some.values())]
    is_given = any(v.name.endswith("_SESSION_COOKIE_SECURE") and v.is_true for v in every)
    return is_given and any(
        c.name.endswith(".from_prefixed_env") for m in project.modules for c in m.calls
    )


def _is_onion(project: Project) -> bool:
    """True if a file of the deployment makes an onion service (tor(1), HiddenServicePort)."""
    return any(
        "HiddenService" in file.text and _ONION.search(file.text)
        for file in project.files
        if file.environment == "production" and file.format != "python"
    )


def _by_extension(app: App) -> bool:
    """True if an extension makes the cookie Secure, as these do unless told not to."""
    if any(m.name == "flask_plainwire.TLS" and not m.is_conditional for m in app.middleware):
        return not any(s.is_false for s in app.setting("TLS_COOKIES_SECURE"))
    return any(
        m.name.endswith("Talisman") and m.arguments.get("session_cookie_secure") is not False
        for m in app.middleware
    )


def _sometimes(project: Project, app: App, setting: Setting) -> Iterator[Finding]:
    """Set under a condition: found where a path with TLS sets no variable that could be it."""
    for path in project.paths:
        if path.app is not app or not path.is_encrypted or path.environment != "production":
            continue
        service = next((s for d in project.deployments if d.name == path.deployment
                        for s in d.services if path.route and s.name == path.route.service),
                       path.service)  # fmt: skip
        own = [s for s in service.settings.values() if s.place.path == service.place.path]
        if any(_SWITCH.search(s.name) and s.is_true for s in own):
            continue
        yield session_cookie_not_secure.finding(
            "the cookie is Secure only under a condition, which this deployment does not set",
            service.place,
            path.hops[0].place,
            app.place,
            setting.place,
            confidence=Confidence.TENTATIVE,
        )
