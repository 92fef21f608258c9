"""What a new file must know of the project: where the application listens, what it is called."""

from __future__ import annotations

import re
from dataclasses import dataclass

from plainwire.fix.compose import subnet
from plainwire.model import App, Path, Project, Start

_NAME = re.compile(r"(?!-)[A-Za-z0-9.-]{1,253}")
_TARGET = re.compile(r"[\w.]+(:\w+(\(\))?)?")
_SENDERS = ("Talisman", "flask_plainwire.TLS")
_SOCKET = re.compile(r"/[\w./-]{1,100}")


@dataclass(frozen=True)
class Versions:
    """A server's version and that of the OpenSSL it is built with; None: not known."""

    server: str
    openssl: str | None = None


@dataclass(frozen=True)
class Facts:
    """``socket`` stands in the place of host and port; ``network`` is where its proxy is, if not
    on the same machine. ``sends_hsts``: the application does it itself.
    """

    name: str = "example.com"
    host: str = "127.0.0.1"
    port: int = 8000
    socket: str = ""
    target: str = ""
    network: str = ""
    is_local: bool = True
    sends_hsts: bool = False
    has_image: bool = False


def facts(project: Project) -> Facts:
    """What the project says of its first application in production; the usual where it does not."""
    mine = [p for p in project.paths if p.environment == "production" and p.app is not None]
    path = next((p for p in mine if p.start is not None), None)
    app = path.app if path is not None else next(iter(project.apps), None)
    start = path.start if path is not None else _start(project)
    socket = start.socket if start is not None and _SOCKET.fullmatch(start.socket) else ""
    target = start.target if start is not None and _TARGET.fullmatch(start.target) else ""
    return Facts(
        name=_name(app),
        port=(start.port if start is not None else None) or 8000,
        socket=socket,
        target=target,
        network=_network(path, project),
        is_local=start is None or start.is_local,
        sends_hsts=app is not None and _sends_hsts(app),
        has_image=any("/" not in image.path for image in project.images),
    )


def _start(project: Project) -> Start | None:
    """A server that no path leads to, such as one that listens on a socket."""
    for deployment in project.deployments:
        for service in deployment.services if deployment.environment == "production" else ():
            if service.name in deployment.apps and service.starts:
                return service.starts[0]
    return None


def _name(app: App | None) -> str:
    named = app.setting("SERVER_NAME", "production") if app is not None else ()
    words = [(s.value or "").partition(":")[0] for s in named]
    return next((w for w in words if _NAME.fullmatch(w) and "." in w), Facts.name)


def _network(path: Path | None, project: Project) -> str:
    compose = project.file(path.deployment) if path is not None else None
    if compose is None or compose.format != "compose":
        return ""
    return subnet(compose) or ""


def _sends_hsts(app: App) -> bool:
    if app.hsts_hook is not None:
        return True
    ages = app.setting("TLS_HSTS_MAX_AGE", "production")
    names = ("Talisman",) if any(age.value == "0" for age in ages) else _SENDERS
    return any(
        m.name.endswith(names)
        and not m.is_conditional
        and m.arguments.get("strict_transport_security") is not False
        for m in app.middleware
    )
