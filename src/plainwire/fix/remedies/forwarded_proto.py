"""Let nginx tell the application the scheme that its client used.

nginx sends no X-Forwarded-Proto of its own and passes a client's through, so that an application
takes everything for http, or believes what a client claims (RFC 7239, section 8.1).

Condition:

    `$scheme` is the client's scheme where nginx itself terminates TLS. Where it speaks plain HTTP,
    another proxy before it may know better, so it needs your consent.

Before:

    --- app.py
    from flask import Flask
    from werkzeug.middleware.proxy_fix import ProxyFix
    app = Flask(__name__)
    app.wsgi_app = ProxyFix(app.wsgi_app)
    --- deployment/nginx.conf
    server {
        listen 443 ssl;
        location / {
                proxy_pass http://127.0.0.1:8000;
                proxy_set_header Host $host;  # the name
        }
        location /a { proxy_pass http://localhost:80; }
    }

After:

    --- app.py
    from flask import Flask
    from werkzeug.middleware.proxy_fix import ProxyFix
    app = Flask(__name__)
    app.wsgi_app = ProxyFix(app.wsgi_app)
    --- deployment/nginx.conf
    server {
        listen 443 ssl;
        location / {
                proxy_pass http://127.0.0.1:8000;
                proxy_set_header Host $host;  # the name
                proxy_set_header X-Forwarded-Proto $scheme;
        }
        location /a { proxy_pass http://localhost:80; proxy_set_header X-Forwarded-Proto $scheme; }
    }

Limits:

    A level with an include that is not in the project is left alone: it may set the header.
"""

from __future__ import annotations

from collections.abc import Iterator

from plainwire.fix.conditions import Condition
from plainwire.fix.nginx import Directive, Nginx, nginx, servers
from plainwire.model import Edit, Finding, Project, Proposal, remedy

_HEADER = "proxy_set_header X-Forwarded-Proto $scheme;"
_PASSES = ("proxy_pass", "grpc_pass")


@remedy(
    answers=("forwarded-proto-not-sent", "forwarded-proto-passed-through", "hsts-never-emitted"),
    level="conditional",
)
def forwarded_proto(finding: Finding, project: Project) -> Proposal | None:
    """Sets the header in every place of the server that passes requests on without it."""
    found = next(servers(finding, project), None)
    if found is None:
        return None
    source, chain = found
    summary = "set X-Forwarded-Proto to $scheme where requests are passed on"
    try:
        edits = tuple(dict.fromkeys(_edits(source, chain, project)))
    except ValueError as error:
        return Proposal(summary, level="advice", proof=str(error))
    if not edits:
        return None
    condition = _condition(source, chain[-1], project)
    inside = range(chain[-1].start, chain[-1].end)
    is_inside = all(edit.path == source.path and edit.start in inside for edit in edits)
    if condition.holds and not is_inside:
        condition = _everywhere(project)
    return Proposal(summary, edits, condition.level, condition.words)


def _edits(source: Nginx, chain: tuple[Directive, ...], project: Project) -> Iterator[Edit]:
    """The edit for every level that is in force where requests are passed on.

    Raises:
        ValueError: if what is in force somewhere is not known.
    """
    for passing in _passing(chain):
        levels = (source.setters(d, "proxy_set_header", project) for d in reversed(passing))
        setters = next(filter(None, levels), [])
        if not setters:
            # One header in the level takes those away that it inherits: it belongs beside them.
            if outside := source.outside("proxy_set_header", project):
                yield nginx(outside[-1].file).after(outside[-1], _HEADER)
                continue
            first = next(d for d in passing[-1].block if d.name in _PASSES)
            yield source.after(first, _HEADER)
            continue
        named = [d for d in setters if source.sets(d, "x-forwarded-proto", project)]
        if not named:
            yield source.after(setters[-1], _HEADER)
        for one in named:
            if one.name != "include" and one.arguments[1:] == ("$http_x_forwarded_proto",):
                start, end = one.words[1]
                yield Edit(source.path, start, end, "$scheme")


def _passing(chain: tuple[Directive, ...]) -> Iterator[tuple[Directive, ...]]:
    """The blocks down to each that passes requests on by HTTP."""
    if any(d.name in _PASSES for d in chain[-1].block):
        yield chain
    for inner in chain[-1].block:
        if inner.block and len(chain) < 20:
            yield from _passing((*chain, inner))


def _condition(source: Nginx, server: Directive, project: Project) -> Condition:
    port = source.tls_port(server, project)
    if port is not None:
        return Condition(True, f"nginx terminates TLS here ({port.place.path}:{port.place.line})")
    return Condition(
        False, "nginx speaks plain HTTP here; a proxy before it may know the scheme better"
    )


def _everywhere(project: Project) -> Condition:
    """Whether every nginx server that would inherit the header terminates TLS."""
    for site in project.sites:
        lacking = [f for f in site.forwards if "x-forwarded-proto" not in f.headers]
        if site.program == "nginx" and lacking and not site.has_tls:
            at = f"{site.place.path}:{site.place.line}"
            return Condition(False, f"the server at {at} inherits it too, and speaks plain HTTP")
    return Condition(True, "nginx terminates TLS in every server that inherits it")
