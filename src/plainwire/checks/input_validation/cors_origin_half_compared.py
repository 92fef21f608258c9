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

    Tries names made from the host itself, from those of `--trusted-origin`, from a fixed origin
    that an answer allows and from the page's Content-Security-Policy, on the first operations. A
    trusted name that nothing tells of is not tried.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

from plainwire.model import ApiOperation, Exchange, Finding, Severity, Site, check
from plainwire.wire import cors
from plainwire.wire.caching import is_from_shared_cache

MAX_OPERATIONS = 2
MAX_TRUSTED = 3  # hosts, beside those that the user names


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
    calm = await site.ask(cors.shown(operation.request, site.random_path, "o0", None))
    if not isinstance(calm, Exchange) or is_from_shared_cache(calm):
        return None
    made_up = cors.made_up(site.random_path, 1)
    control = await site.ask(cors.shown(operation.request, site.random_path, "o1", made_up))
    if not isinstance(control, Exchange) or cors.allows(control, made_up):
        return None
    for number, origin in enumerate(await _resembling(site, calm)):
        request = cors.shown(operation.request, site.random_path, f"r{number}", origin)
        answer = await site.ask(request)
        if isinstance(answer, Exchange) and cors.allows(answer, origin):
            again = await site.confirm(request)
            if all(isinstance(each, Exchange) and cors.allows(each, origin) for each in again):
                return operation, origin, answer
    return None


async def _resembling(site: Site, calm: Exchange) -> list[str]:
    """Origins that nobody has, made of what may be trusted: with more before it, and after it."""
    word = (urlsplit(cors.made_up(site.random_path, 1)).hostname or "").partition(".")[0]
    own = () if site.target.is_local_name else (site.target.host,)
    told = urlsplit(calm.header("access-control-allow-origin") or "").hostname
    named = [urlsplit(each).hostname for each in site.trusted_origins]
    found: dict[str, None] = {}
    for host in dict.fromkeys(filter(None, (*named, told, *own, *await _policed(site)))):
        labels = host.split(".")
        if len(labels) > 1 and not labels[-1].isdigit():
            found[f"https://{word}{'.'.join(labels[-2:])}"] = None
            found[f"https://{host}.{word}.example"] = None
    return list(found)[: 2 * MAX_TRUSTED + 2 * len(named)]


async def _policed(site: Site) -> list[str]:
    """The hosts that a page's Content-Security-Policy lets ask or frame."""
    return [
        host
        for _, page in await site.answers()
        for directive in (page.header("content-security-policy") or "")[:4096].split(";")
        if directive.split()[:1] in (["connect-src"], ["frame-ancestors"], ["form-action"])
        for source in directive.split()[1:]
        if (host := urlsplit(source if "://" in source else f"//{source}").hostname)
        and not set(host) & set("*'")
    ]
