"""Let flask_plainwire tell https from http, and refuse what comes in clear.

ProxyFix believes the header from whoever sends it. The extension believes it from the proxy's
address alone and from an exact number of proxies, and answers 403 to what is not https, before
anything of the application runs (RFC 7239, section 8.1). TLS_HSTS_SINCE lets it send HSTS for five
minutes on the first day and for a year from day 38 on; where the proxy sends it, it sends none.
Views that a health check of the deployment asks in clear are exempted.

Condition:

    Right if every path to the application is encrypted and the addresses of its proxies, in every
    deployment of the project, are certain: they come over loopback or a Unix socket, or the compose
    file names the subnet of its one network. Elsewhere it needs your consent: the networks of
    containers are trusted then, and TLS_TRUSTED_PROXIES is yours to narrow. So it is where a health
    check asks a path in clear whose view was not found, or is a page for users, and where the
    settings belong to a class of which the files do not show that it is the one that is loaded.

Before:

    --- requirements.txt
    blinker==1.9.0
    Flask==3.1.0
    waitress==3.0.2
    --- app.py
    from flask import Flask
    def create_app():
        app = Flask(__name__)
        return app
    app = create_app()
    @app.get("/healthz")
    def healthy():
        return ""
    --- Dockerfile
    FROM python:3.12
    HEALTHCHECK CMD curl -f http://localhost:8000/healthz
    --- deployment/shop.service
    [Service]
    ExecStart=/usr/bin/waitress-serve --listen=127.0.0.1:8000 app:app
    --- deployment/nginx.conf
    server {
      listen 443 ssl;
      ssl_protocols TLSv1.2 TLSv1.3;
      location / {
        proxy_pass http://127.0.0.1:8000;
        proxy_set_header X-Forwarded-Proto $scheme;
      }
    }

After:

    --- requirements.txt
    blinker==1.9.0
    Flask==3.1.0
    flask-plainwire
    waitress==3.0.2
    --- app.py
    from flask import Flask
    from flask_plainwire import TLS, tls_exempt
    def create_app():
        app = Flask(__name__)
        app.config["TLS_TERMINATION"] = "proxy"
        app.config["TLS_TRUSTED_PROXIES"] = ["127.0.0.1", "::1"]
        app.config["TLS_HSTS_SINCE"] = "2026-11-26"
        TLS(app)
        return app
    app = create_app()
    @app.get("/healthz")
    @tls_exempt
    def healthy():
        return ""
    --- Dockerfile
    FROM python:3.12
    HEALTHCHECK CMD curl -f http://localhost:8000/healthz
    --- deployment/shop.service
    [Service]
    ExecStart=/usr/bin/waitress-serve --listen=127.0.0.1:8000 app:app
    --- deployment/nginx.conf
    server {
      listen 443 ssl;
      ssl_protocols TLSv1.2 TLSv1.3;
      location / {
        proxy_pass http://127.0.0.1:8000;
        proxy_set_header X-Forwarded-Proto $scheme;
      }
    }

Limits:

    One proxy on each way is taken for granted. The ramp's first day is that of the patch (in UTC).
    A lock file beside the list of dependencies is not written anew.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from plainwire.fix.calendar import today
from plainwire.fix.compose import CONTAINERS, subnet
from plainwire.fix.conditions import Condition, served_over_https_only
from plainwire.fix.health import health_checks, view_of
from plainwire.fix.manifest import has_dependency, with_dependency
from plainwire.fix.places import is_loaded, paths_of, production_classes
from plainwire.fix.python import python
from plainwire.fix.text import span_of
from plainwire.model import App, Edit, Finding, Path, Project, Proposal, Span, remedy

_PACKAGE = "flask-plainwire"
_MARK = ("flask_plainwire", "tls_exempt")


@remedy(answers=("forwarded-proto-ignored", "hsts-never-sent"), level="conditional")
def tls_extension(finding: Finding, project: Project) -> Proposal | None:
    """Puts TLS(app) where the application is made, says who its proxy is, and lists the package."""
    path = next((p for p in paths_of(finding, project) if p.app is not None), None)
    if path is None or path.app is None:
        return None
    app = path.app
    ways = _ways(path, project)
    if finding.id == "hsts-never-sent" and (path.kind != "routed" or not path.is_encrypted):
        return None  # a proxy of the project's own can send it
    if any(one.name.endswith("ProxyFix") for one in app.middleware):
        return None  # the two would decide the scheme one after the other
    listed = with_dependency(app, _PACKAGE, project)
    peers, condition = _peers(ways, project)
    settings = {
        "TLS_TERMINATION": '"proxy"',
        "TLS_TRUSTED_PROXIES": json.dumps(peers),
        **_hsts(app, project),
    }
    code, config = _code(app, settings, project)
    if code is None or (listed is None and not has_dependency(app, _PACKAGE, project)):
        why = "the list of dependencies that names Flask was not found, or it pins hashes"
        words = "add flask-plainwire to the dependencies and TLS(app) after the application is made"
        return Proposal(words, level="advice", proof=why if code is not None else "")
    exempt, missing = _exempt(ways, project)
    is_shown = condition.holds
    if config is not None and condition.holds and not is_loaded(config, app, project):
        at = f"{config.path}:{config.line}"
        condition = Condition(
            False, f"whether what is deployed loads the class at {at} is not known"
        )
    if missing and condition.holds:
        condition = Condition(False, missing)
    edits = (*_joined(code, exempt), *((listed,) if listed is not None else ()))
    # A run gives addresses of its own: only in a named network, or where Docker's defaults are
    # known, does it show enough.
    is_compose = all(_is_compose(way, project) for way in ways)
    is_provable = not missing and is_compose and (is_shown or peers == CONTAINERS)
    summary = "use flask_plainwire behind the proxy"
    return Proposal(summary, edits, condition.level, condition.words, is_provable=is_provable)


def _ways(path: Path, project: Project) -> list[Path]:
    """The paths to the same application that a proxy stands on: the extension's settings are one
    for all deployments.
    """
    others = [
        other
        for other in project.paths
        if other.app is path.app and other.environment == path.environment
    ]
    return [way for way in others if way.kind in ("proxied", "routed")] or [path]


def _exempt(ways: list[Path], project: Project) -> tuple[list[Edit], str]:
    """The edits that let health checks in, and the check for which there is none.

    Where a file of the deployment cannot be read, what it asks is not known.
    """
    edits: list[Edit] = []
    ports = {way.start.port if way.start is not None else None for way in ways}
    try:
        checks = list(health_checks(project))
    except ValueError as error:
        return edits, f"whether a health check asks in clear is not known: {error}"
    for check in checks:
        if None not in ports and check.port is not None and check.port not in ports:
            continue
        found = view_of(check, project)
        if found is None:
            return edits, f"{check.at} asks {check.path} in clear; its view is yours to exempt"
        module, line = found
        start, _ = span_of(module.file.text, line)
        margin = re.match(r"[ \t]*", module.file.text[start:])
        mark = f"{margin[0] if margin else ''}@tls_exempt\n"
        imported = python(module.file).with_import(*_MARK)
        edits += [Edit(module.file.path, start, start, mark), *([imported] if imported else [])]
    return list(dict.fromkeys(edits)), ""


def _joined(code: list[Edit], exempt: list[Edit]) -> Iterator[Edit]:
    """The edits with one import for both names where both are imported in one place."""
    places = {(edit.path, edit.start): edit for edit in exempt if "import" in edit.new}
    for edit in code:
        second = places.pop((edit.path, edit.start), None)
        if second is None:
            yield edit
        else:
            yield Edit(edit.path, edit.start, edit.end, edit.new.replace("TLS", "TLS, tls_exempt"))
    yield from (e for e in exempt if "import" not in e.new or (e.path, e.start) in places)


def _hsts(app: App, project: Project) -> dict[str, str]:
    """The setting for HSTS: its ramp from today on, or none where every proxy sends it.

    Of two headers a browser heeds the first (RFC 6797, section 8.1), which would be the ramp's.
    """
    paths = [p for p in project.paths if p.app is app and p.is_encrypted]
    if paths and all(path.hsts is not None for path in paths):
        return {"TLS_HSTS_MAX_AGE": "0"}
    return {"TLS_HSTS_SINCE": f'"{today()}"'}


def _code(
    app: App, settings: dict[str, str], project: Project
) -> tuple[list[Edit] | None, Span | None]:
    """The import, the settings and the call, and the class that the settings are put in, if any.

    The first is None if the application's line is unusual.
    """
    file = project.file(app.place.path)
    if file is None:
        return None, None
    source = python(file)
    name = source.assigned_name(app.place.line)
    if not name:
        return None, None
    at_app = [
        f"{name}.config[{key!r}] = {value}".replace("'", '"', 2) for key, value in settings.items()
    ]
    edits: list[Edit | None] = [source.with_import("flask_plainwire", "TLS")]
    holding: Span | None = None
    for span in production_classes(app):
        config = project.file(span.path)
        made = python(config).with_settings(span.line, settings) if config is not None else None
        if made is not None:
            edits.append(made)
            at_app, holding = [], span
            break
    lines = "\n".join((*at_app, f"TLS({name})"))
    edits.append(source.after_statement(app.place.line, lines))
    if edits[-1] is None:
        return None, None
    return [edit for edit in edits if edit is not None], holding


def _peers(ways: list[Path], project: Project) -> tuple[tuple[str, ...], Condition]:
    """Who the proxies are, each once, and whether that is certain."""
    found = [_peers_of(way, project) for way in ways]
    peers = tuple(dict.fromkeys(name for names, _ in found for name in names))
    conditions = [condition for _, condition in found]
    return peers, next((one for one in conditions if not one.holds), conditions[0])


def _peers_of(path: Path, project: Project) -> tuple[tuple[str, ...], Condition]:
    served = served_over_https_only(path.app, project)
    forward, start = path.forward, path.start
    if forward is not None and forward.socket:
        return ("unix",), served
    if forward is not None and forward.host in ("127.0.0.1", "localhost", "::1"):
        is_here = start is not None and start.is_local
        why = "in what it runs is not known: a container sees the proxy at another address"
        return ("127.0.0.1", "::1"), served if is_here or not served.holds else Condition(
            False, why
        )
    compose = project.file(path.deployment) if _is_compose(path, project) else None
    network = subnet(compose) if compose is not None else None
    if network is not None:
        return (network,), served
    why = "the address that the proxy has in its network is not known"
    if compose is not None:
        why += ": one of Docker's own pools unless the daemon was told others"
    return CONTAINERS, Condition(False, why)


def _is_compose(path: Path, project: Project) -> bool:
    file = project.file(path.deployment)
    return file is not None and file.format == "compose"
