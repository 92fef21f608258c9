"""Mark the session's cookies Secure in the production configuration.

Flask leaves SESSION_COOKIE_SECURE off, Flask-Login REMEMBER_COOKIE_SECURE, and Flask-JWT-Extended
JWT_COOKIE_SECURE: the cookies are then sent over plain HTTP too (RFC 6265, section 4.1.2.5).

Condition:

    Browsers keep a Secure cookie only from https: over plain HTTP nobody can log in any more. It is
    right if every path to the application is encrypted; where that is not shown by the project's
    files, it needs your consent. Tests that log in over http want it off in their configuration.

Before:

    --- config.py
    class Config:
        SECRET_KEY = None
    class ProductionConfig(Config):
        LANGUAGES = ["en"]  # more to come

        @staticmethod
        def init_app(app):
            pass
    --- app.py
    from flask import Flask, session
    from flask_login import LoginManager
    app = Flask(__name__)
    app.config.from_object("config.ProductionConfig")
    LoginManager(app)
    @app.route("/")
    def index():
        return session.get("user", "")
    --- deployment/nginx.conf
    server {
      listen 443 ssl;
      ssl_protocols TLSv1.2 TLSv1.3;
      add_header Strict-Transport-Security "max-age=31536000" always;
      location / {
        proxy_pass http://127.0.0.1:8000;
        proxy_set_header X-Forwarded-Proto $scheme;
      }
    }

After:

    --- config.py
    class Config:
        SECRET_KEY = None
    class ProductionConfig(Config):
        LANGUAGES = ["en"]  # more to come
        SESSION_COOKIE_SECURE = True
        REMEMBER_COOKIE_SECURE = True

        @staticmethod
        def init_app(app):
            pass
    --- app.py
    from flask import Flask, session
    from flask_login import LoginManager
    app = Flask(__name__)
    app.config.from_object("config.ProductionConfig")
    LoginManager(app)
    @app.route("/")
    def index():
        return session.get("user", "")
    --- deployment/nginx.conf
    server {
      listen 443 ssl;
      ssl_protocols TLSv1.2 TLSv1.3;
      add_header Strict-Transport-Security "max-age=31536000" always;
      location / {
        proxy_pass http://127.0.0.1:8000;
        proxy_set_header X-Forwarded-Proto $scheme;
      }
    }

Limits:

    A value that is no literal, and one that comes from the environment, is left as it is.
"""

from __future__ import annotations

from collections.abc import Iterator

from plainwire.fix.conditions import served_over_https_only
from plainwire.fix.places import is_at, production_classes
from plainwire.fix.python import python
from plainwire.model import App, Edit, Finding, Location, Project, Proposal, remedy

_KEY = "SESSION_COOKIE_SECURE"
_OTHERS = {
    "flask_login": "REMEMBER_COOKIE_SECURE",
    "flask_jwt_extended": "JWT_COOKIE_SECURE",
}


@remedy(answers=("session-cookie-not-secure",), level="conditional")
def secure_session_cookie(finding: Finding, project: Project) -> Proposal | None:
    """Turns False into True where it stands, or adds the keys to the production configuration."""
    app = _app(finding, project)
    if app is None:
        return None
    edits = tuple(_edits(app, finding, project))
    if not edits:
        return None
    condition = served_over_https_only(app, project)
    return Proposal("set the cookies' Secure flags", edits, condition.level, condition.words)


def _app(finding: Finding, project: Project) -> App | None:
    named = {(place.path, place.line) for place in finding.locations}
    return next((a for a in project.apps if (a.place.path, a.place.line) in named), None)


def _edits(app: App, finding: Finding, project: Project) -> Iterator[Edit]:
    keys = [_KEY, *(key for name, key in _OTHERS.items() if name in app.extensions)]
    if any(s.is_true or s.variable for s in app.setting(_KEY, "production", "staging")):
        return  # an expression or a condition of the project's own decides
    given = app.setting(_KEY, "production")
    for setting in given:
        yield from _literals(setting.place.path, setting.place.line, project)
    where = given[0].place if given else None
    place = (where.path, where.line) if where is not None else _place(app, finding)
    file = project.file(place[0] or "")
    if file is None or place[1] is None:
        return
    source = python(file)
    missing = [key for key in keys if not app.setting(key, "production", "staging")]
    made = source.with_settings(place[1], dict.fromkeys(missing, "True"))
    if made is not None:
        yield made


def _literals(path: str, line: int, project: Project) -> Iterator[Edit]:
    file = project.file(path)
    if file is None:
        return
    source = python(file)
    for value in source.assignments(line, _KEY):
        edit = source.with_literal(value, "True")
        if edit is not None:
            yield edit


def _place(app: App, finding: Finding) -> tuple[str | None, int | None]:
    """Where the keys belong: the class for production, else where the finding is."""
    classes = production_classes(app)
    first: Location = finding.locations[0]
    if classes and any(is_at(span, first) for span in app.config_places):
        return classes[0].path, classes[0].line
    return first.path, first.line
