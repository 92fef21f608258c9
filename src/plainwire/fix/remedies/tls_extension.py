"""Let flask_plainwire tell https from http, and refuse what comes in clear.

ProxyFix believes the header from whoever sends it. The extension believes it from the proxy's
address alone and from an exact number of proxies, and answers 403 to what is not https, before
anything of the application runs (RFC 7239, section 8.1).

Condition:

    Right if every path to the application is encrypted and the proxy's address is certain: it comes
    over loopback or a Unix socket, or the compose file names the subnet of its one network.
    Elsewhere it needs your consent: the networks of containers are trusted then, and
    TLS_TRUSTED_PROXIES is yours to narrow.

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
    from flask_plainwire import TLS
    def create_app():
        app = Flask(__name__)
        app.config["TLS_TERMINATION"] = "proxy"
        app.config["TLS_TRUSTED_PROXIES"] = ["127.0.0.1", "::1"]
        TLS(app)
        return app
    app = create_app()
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

    One proxy is taken for granted. A lock file beside the list of dependencies is not written anew.
"""

from __future__ import annotations

import re

from plainwire.fix.compose import subnet
from plainwire.fix.manifest import has_dependency, with_dependency
from plainwire.fix.proofs import Proof, served_over_https_only
from plainwire.fix.python import python
from plainwire.fix.text import paths_of
from plainwire.model import App, Edit, Finding, Path, Project, Proposal, remedy

_PACKAGE = "flask-plainwire"
_PRODUCTION = re.compile(r"class \w*prod", re.IGNORECASE)
_CONTAINERS = '["172.16.0.0/12", "192.168.0.0/16", "10.0.0.0/8"]'


@remedy(answers=("forwarded-proto-ignored", "hsts-never-sent"), level="conditional")
def tls_extension(finding: Finding, project: Project) -> Proposal | None:
    """Puts TLS(app) where the application is made, says who its proxy is, and lists the package."""
    path = next((p for p in paths_of(finding, project) if p.app is not None), None)
    if path is None or path.app is None:
        return None
    app = path.app
    if finding.id == "hsts-never-sent" and (path.kind != "routed" or not path.is_encrypted):
        return None  # a proxy of the project's own can send it
    if any(one.name.endswith("ProxyFix") for one in app.middleware):
        return None  # the two would decide the scheme one after the other
    listed = with_dependency(app, _PACKAGE, project)
    peers, proof = _peers(path, project)
    code = _code(app, peers, project)
    if code is None or (listed is None and not has_dependency(app, _PACKAGE, project)):
        why = "the list of dependencies that names Flask was not found, or it pins hashes"
        words = "add flask-plainwire to the dependencies and TLS(app) after the application is made"
        return Proposal(words, level="advice", proof=why if code is not None else "")
    edits = (*code, *((listed,) if listed is not None else ()))
    # A run gives addresses of its own: only where Docker's defaults are known does it show enough.
    is_provable = _is_compose(path, project) and peers == _CONTAINERS
    summary = "use flask_plainwire behind the proxy"
    return Proposal(summary, edits, proof.level, proof.words, is_provable=is_provable)


def _code(app: App, peers: str, project: Project) -> list[Edit] | None:
    """The import, the settings and the call. Returns None if the application's line is unusual."""
    file = project.file(app.place.path)
    if file is None:
        return None
    source = python(file)
    name = source.assigned_name(app.place.line)
    if not name:
        return None
    settings = {"TLS_TERMINATION": '"proxy"', "TLS_TRUSTED_PROXIES": peers}
    at_app = [
        f"{name}.config[{key!r}] = {value}".replace("'", '"', 2) for key, value in settings.items()
    ]
    edits: list[Edit | None] = [source.with_import("flask_plainwire", "TLS")]
    for span in app.config_places:
        config = project.file(span.path)
        if _PRODUCTION.match(span.text) and config is not None:
            new = [python(config).with_setting(span.line, key, v) for key, v in settings.items()]
            made = [edit for edit in new if edit is not None]
            if len(made) == len(settings):
                first = made[0]
                text = "".join(edit.new for edit in made)
                edits.append(Edit(first.path, first.start, first.end, text))
                at_app = []
                break
    lines = "\n".join((*at_app, f"TLS({name})"))
    edits.append(source.after_statement(app.place.line, lines))
    if edits[-1] is None:
        return None
    return [edit for edit in edits if edit is not None]


def _peers(path: Path, project: Project) -> tuple[str, Proof]:
    """Who the proxy is, as a list in Python, and whether that is certain."""
    served = served_over_https_only(path.app, project)
    forward, start = path.forward, path.start
    if forward is not None and forward.socket:
        return '["unix"]', served
    if forward is not None and forward.host in ("127.0.0.1", "localhost", "::1"):
        is_here = start is not None and start.is_local
        why = "in what it runs is not known: a container sees the proxy at another address"
        return '["127.0.0.1", "::1"]', served if is_here or not served.holds else Proof(False, why)
    compose = project.file(path.deployment) if _is_compose(path, project) else None
    network = subnet(compose) if compose is not None else None
    if network is not None:
        return f'["{network}"]', served
    why = "the address that the proxy has in its network is not known"
    if compose is not None:
        why += ": one of Docker's own pools unless the daemon was told others"
    return _CONTAINERS, Proof(False, why)


def _is_compose(path: Path, project: Project) -> bool:
    file = project.file(path.deployment)
    return file is not None and file.format == "compose"
