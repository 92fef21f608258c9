"""How often a forwarded header arrives at an application, by what the proxies on a path do to it.

ProxyFix takes the value at a position from the end (Werkzeug, ProxyFix): it is right only where
that is the one that the first proxy wrote.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from plainwire.model import App, Middleware, Path, Project

# Files that every installation has, and that set no header of a request.
_HARMLESS = re.compile(r"mime\.types|proxy_params|fastcgi|ssl|tls|letsencrypt|modules-enabled")
_INCLUDE = re.compile(r"^[ \t]*include[ \t]+([^;\s][^;\n]*);", re.MULTILINE)
_CONFIGURATION = re.compile(r"(Config|Settings)\b")


@dataclass(frozen=True, slots=True)
class Arriving:
    """Values that proxies wrote; ``is_exact``: what a client sent is not among them."""

    count: int
    is_exact: bool


def arriving(path: Path, name: str, project: Project) -> Arriving | None:
    """The values of a header (in lower case) at the end of a path.

    Returns None if a proxy on the way is not nginx speaking HTTP, or not all that it sets is known.
    """
    found = Arriving(0, False)
    for relay in path.relays:
        forward = relay.forward
        file = project.file(relay.site.place.path)
        if relay.site.program != "nginx" or forward.scheme not in ("http", "https"):
            return None
        if file is None or any(not _HARMLESS.search(m[1]) for m in _INCLUDE.finditer(file.text)):
            return None
        if name == "x-forwarded-for" and "set_real_ip_from" in file.text:
            return None  # $remote_addr is then the client's address, not that of who asked
        value = forward.headers.get(name)
        if value is not None:
            found = _after(found, value, "$http_" + name.replace("-", "_"))
    return found if path.relays else None


def _after(before: Arriving, value: str, own: str) -> Arriving:
    """The values after a ``proxy_set_header`` (nginx, ngx_http_proxy_module)."""
    if not value:
        return Arriving(0, True)
    if value == own:
        return before
    if value == "$proxy_add_x_forwarded_for" or own in value:
        return Arriving(before.count + 1, before.is_exact)
    return Arriving(1, True)


def proxy_fix(app: App) -> Middleware | None:
    """The one ProxyFix around an application. Returns None if there is none, or more, or it is
    there in some configurations only.
    """
    found = [one for one in app.middleware if one.name.endswith("ProxyFix")]
    old = {"**", "num_proxies"}  # the latter is Werkzeug's before 1.0
    if len(found) != 1 or found[0].is_conditional or old & set(found[0].arguments):
        return None
    return None if _CONFIGURATION.search(found[0].scope) else found[0]


def believed(middleware: Middleware, argument: str) -> int | None:
    """How many values ProxyFix believes of a header, by its argument. None: it is not known."""
    value = middleware.arguments.get(argument, int(argument in ("x_for", "x_proto")))
    return value if isinstance(value, int) else None


def proxied_paths(app: App, project: Project) -> Iterator[Path]:
    """The production paths to an application through proxies of the project's own; none if it is
    reached through others too.
    """
    mine = [p for p in project.paths if p.app is app and p.environment == "production"]
    if any(path.kind in ("routed", "unpublished") for path in mine):
        return
    yield from (path for path in mine if path.kind == "proxied" and path.relays)
