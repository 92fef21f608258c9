"""A platform passes plain HTTP on to an application that sends nobody to HTTPS.

The routers of Heroku and Fly answer both schemes and leave the redirect to the application. Where
it has none, whoever types the name or follows an old link is served in clear, and whoever is on the
way keeps it so (CWE-319).

Remedy:

    Redirect in the application (behind ProxyFix, so that it knows the scheme), or tell the platform
    to: force_https on Fly.

Bad:

    --- Procfile
    web: gunicorn app:app
    --- app.json
    {"name": "shop"}
    --- app.py
    from flask import Flask
    app = Flask(__name__)

Good:

    --- Procfile
    web: gunicorn app:app
    --- app.json
    {"name": "shop"}
    --- app.py
    from flask import Flask
    from flask_talisman import Talisman
    from werkzeug.middleware.proxy_fix import ProxyFix
    app = Flask(__name__)
    app.wsgi_app = ProxyFix(app.wsgi_app)
    Talisman(app)

Limits:

    A Procfile alone says nothing of the platform that reads it, which may redirect by itself: that
    is information. With an app.json beside it the platform is Heroku.
"""

from __future__ import annotations

from collections.abc import Iterator

from plainwire.deployment import leaves_http_to_application
from plainwire.model import Confidence, Finding, Project, Severity, rule


@rule(
    kind="no-https-redirect",
    severity=Severity.MEDIUM,
    cwe=(319,),
    references=("RFC 6797, section 7.2", "Heroku Dev Center, HTTP Routing"),
)
def plain_http_left_to_application(project: Project) -> Iterator[Finding]:
    """Production paths through a platform's router to an application that enforces nothing."""
    for path in project.paths:
        app = path.app
        if app is None or path.environment != "production":
            continue
        if leaves_http_to_application(path):
            edge = path.hops[0]
            yield plain_http_left_to_application.finding(
                f"the {edge.what} ({edge.place.path}:{edge.place.line}) answers both schemes, and"
                " neither it nor the application redirects",
                app.place,
                *app.config_places[:2],
                *app.credentials[:2],
                *(place for place in path.places if place != edge.place),
                severity=Severity.INFO if path.hops[0].what == "platform router" else None,
                confidence=Confidence.TENTATIVE,
            )
