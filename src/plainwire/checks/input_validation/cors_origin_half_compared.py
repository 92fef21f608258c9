"""An origin that only resembles a trusted one may read the API's answers.

The API compares Origin by its beginning or its end, or by a pattern without anchors. Anybody can
register a name that passes (`eviltrusted.example`, `trusted.example.evil.net`), and its pages
then read answers in a visitor's name.

Remedy:

    Compare the whole Origin with a list of whole origins; anchor a pattern at both ends and
    escape its dots.

Bad:

    from flask import Flask, request

    app = Flask(__name__)

    @app.after_request
    def cors(response):
        origin = request.headers.get("Origin", "")
        if origin.endswith("example.com"):
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers["Access-Control-Allow-Credentials"] = "true"
        return response

    @app.get("/")
    def index():
        return {"balance": 17}

Good:

    from flask import Flask, request

    app = Flask(__name__)

    @app.after_request
    def cors(response):
        origin = request.headers.get("Origin", "")
        if origin == "https://example.com" or origin.endswith(".example.com"):
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers["Access-Control-Allow-Credentials"] = "true"
        return response

    @app.get("/")
    def index():
        return {"balance": 17}

Limits:

    Tries names made from the host itself and from a fixed origin that an answer allows, on the
    first operations. A trusted name that nothing tells of is not tried.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterator
from urllib.parse import urlsplit

from plainwire.model import ApiOperation, Exchange, Finding, Request, Severity, Site, check
from plainwire.wire import probes
from plainwire.wire.caching import is_from_shared_cache

MAX_OPERATIONS = 2


@check(
    severity=Severity.HIGH,
    cwe=(942, 346),
    references=("Fetch Standard, CORS protocol and credentials", "RFC 6454, section 7"),
    reads_bodies=False,
)
async def cors_origin_half_compared(site: Site) -> AsyncIterator[Finding]:
    """One finding for each operation that a name beside the trusted one may read."""
    operations = [each for each in await site.operations() if each.request is not None]
    for found in await asyncio.gather(*(_fooled(site, o) for o in operations[:MAX_OPERATIONS])):
        if found is not None:
            operation, origin, exchange = found
            yield cors_origin_half_compared.finding(
                f"{operation.method} {operation.path} allows {origin} to read its answer with the "
                "visitor's credentials, and no origin made up from nothing",
                exchange,
                operation=operation.operation,
            )


async def _fooled(site: Site, operation: ApiOperation) -> tuple[ApiOperation, str, Exchange] | None:
    if operation.request is None:
        return None
    calm = await site.ask(_shown(site, operation.request, "o0", None))
    if not isinstance(calm, Exchange) or is_from_shared_cache(calm):
        return None
    made_up = hashlib.sha256(f"{site.random_path}1".encode()).hexdigest()[:16]
    control = await site.ask(_shown(site, operation.request, "o1", f"https://{made_up}.example"))
    if not isinstance(control, Exchange) or _allows(control, f"https://{made_up}.example"):
        return None
    for number, origin in enumerate(_resembling(site, calm, made_up)):
        request = _shown(site, operation.request, f"r{number}", origin)
        answer = await site.ask(request)
        if isinstance(answer, Exchange) and _allows(answer, origin):
            again = await site.confirm(request)
            if all(isinstance(each, Exchange) and _allows(each, origin) for each in again):
                return operation, origin, answer
    return None


def _resembling(site: Site, calm: Exchange, word: str) -> Iterator[str]:
    """Origins that nobody has, made of what may be trusted: with more before it, and after it."""
    told = urlsplit(calm.header("access-control-allow-origin") or "").hostname
    own = None if site.target.is_local_name else site.target.host
    for host in dict.fromkeys(filter(None, (told, own))):
        labels = host.split(".")
        if len(labels) > 1 and not labels[-1].isdigit():
            yield f"https://{word}{'.'.join(labels[-2:])}"
            yield f"https://{host}.{word}.example"


def _shown(site: Site, request: Request, word: str, origin: str | None) -> Request:
    lines = (("Origin", origin),) if origin is not None else ()
    return probes.apart(request, f"{site.random_path.strip('/')}{word}", *lines)


def _allows(exchange: Exchange, origin: str) -> bool:
    return (
        exchange.status < 300
        and exchange.all("access-control-allow-origin") == (origin,)
        and exchange.header("access-control-allow-credentials") == "true"
    )
