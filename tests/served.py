"""A site made of bodies, scanned with one check: what it finds and what it asks for."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace

from plainwire.live.connector import NoListenerError
from plainwire.model import Check, Exchange, Finding, Report, Request, TlsEndpoint
from plainwire.scan import scan_async
from plainwire.wire.target import parse_target

HTML, CSS = "text/html; charset=utf-8", "text/css"
SCRIPT, JSON = "text/javascript", "application/json"


@dataclass(frozen=True)
class Body:
    """What a path answers over https."""

    text: str
    content_type: str = HTML
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Seen:
    """What one check made of a site, and the requests that were sent."""

    report: Report
    requests: tuple[Request, ...]

    @property
    def findings(self) -> tuple[Finding, ...]:
        assert not self.report.unanswered, self.report.unanswered
        return self.report.findings

    @property
    def finding(self) -> Finding:
        (only,) = self.findings
        return only

    @property
    def paths(self) -> list[str]:
        return [request.path for request in self.requests if request.origin.scheme == "https"]


def served(
    check: Check, bodies: Mapping[str, Body] | str, *, host: str = "api.example.com"
) -> Seen:
    """Scan ``bodies`` by path, or one HTML page, over https; nobody listens at http."""
    pages = {"/": Body(bodies)} if isinstance(bodies, str) else bodies
    requests: list[Request] = []

    async def send(request: Request) -> Exchange:
        requests.append(request)
        if request.origin.scheme == "http":
            raise NoListenerError("connection refused")
        nothing = Body("not found", "text/plain", 404)
        body = pages.get(request.path, nothing)
        if request.method == "POST" and hasattr(pages, "post") and body is not nothing:
            body = pages.post(request)
        headers = (("Content-Type", body.content_type), *body.headers)
        return Exchange(request, body.status, headers, body.text.encode(), address="127.0.0.1")

    async def look(site, origin):
        return TlsEndpoint(origin.host, origin.port, speaks_tls=True)

    target = replace(parse_target(f"https://{host}/")[0], address="127.0.0.1")
    report = asyncio.run(scan_async(target, checks=[check], send=send, look=look))
    return Seen(report, tuple(requests))
