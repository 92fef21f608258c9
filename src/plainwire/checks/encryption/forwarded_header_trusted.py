"""A forged header makes plain HTTP look like HTTPS.

The application decides from a header such as X-Forwarded-Proto whether a request came over TLS,
and believes it from anyone. A client, or whoever is on the way, adds the header to a request in
clear and is served as if it were protected: redirects and refusals vanish, cookies marked Secure
are handed out in clear.

Remedy:

    Let the proxy overwrite the header on every request, drop its other spellings, and believe
    it in the application only from the proxy's address and for an exact number of hops.

Bad:

    from flask import Flask, redirect, request

    app = Flask(__name__)

    @app.before_request
    def to_https():
        scheme = request.headers.get("X-Forwarded-Proto", request.scheme)
        if scheme != "https":
            return redirect("https://api.example.com" + request.path, code=308)

    @app.get("/")
    def index():
        return {"status": "ok"}

Good:

    from flask import Flask, redirect, request

    app = Flask(__name__)

    @app.before_request
    def to_https():
        if request.scheme != "https":
            return redirect("https://api.example.com" + request.path, code=308)

    @app.get("/")
    def index():
        return {"status": "ok"}

Limits:

    Shown by comparing answers over plain HTTP: where http is served without any difference
    between the schemes (no redirect, no HSTS, no Secure cookie, no absolute link), or where it
    is closed, a header that is believed is not seen. Asked first at random paths beside the named
    one, which no cache gives to others. Only where they show nothing is the named path asked, with
    a query of its own; where a shared cache shows that it ignores the query (Age, X-Cache) nothing
    forged is sent there, and the question stays unanswered.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial

from plainwire.model import Exchange, Finding, Headers, Origin, Request, Severity, Site, check
from plainwire.wire.caching import is_from_shared_cache
from plainwire.wire.cleartext import is_redirect
from plainwire.wire.forged_schemes import FORGED
from plainwire.wire.masking import shortened

MAX_LOCATION = 100
NO_STORE = ("Cache-Control", "no-store")
Signs = tuple[object, ...]
Believed = tuple[str, Exchange]
Shown = tuple[Exchange, list[Believed]]
Ask = Callable[[int, Headers], Awaitable[Exchange | None]]


@check(
    severity=Severity.HIGH,
    cwe=(693, 319),
    references=("RFC 7239, section 8.1", "Werkzeug, ProxyFix"),
)
async def forwarded_header_trusted(site: Site) -> AsyncIterator[Finding]:
    """One finding for each http origin that a forged header changes, with the forms that do."""
    for found in await asyncio.gather(*(_believed(site, origin) for origin in site.target.http)):
        if found is None:
            continue
        first, believed = found
        shown = believed[0][1]
        yield forwarded_header_trusted.finding(
            f"over plain HTTP the answer is {_words(first)}, and {_words(shown)} with "
            + ", or with ".join(repr(form) for form, _ in believed),
            first,
            shown,
        )


async def _believed(site: Site, origin: Origin) -> Shown | None:
    """The answer to nothing forged and each form that changes it; None if no form does."""
    if await _is_for_tls_only(site, origin):
        return None
    beside, calm = await asyncio.gather(_beside(site, origin), _calm(site, origin))
    if beside is not None or calm is None:
        return beside
    if is_from_shared_cache(*calm):
        site.leave_unasked(
            f"{origin.url(site.target.path)} with a forged header",
            "a shared cache ignores the query, and would give what it gets to others",
        )
        return None
    return await _changed(partial(_ask, site, origin), *calm)


async def _beside(site: Site, origin: Origin) -> Shown | None:
    """The same beside the named path, at paths that nobody else asks for.

    What a cache keeps of them is given to nobody, whatever it makes its keys of.
    """
    ask = partial(_ask_beside, site, origin)
    first, second = await asyncio.gather(ask(0, ()), ask(1, ()))
    return await _changed(ask, first, second) if first and second else None


async def _calm(site: Site, origin: Origin) -> tuple[Exchange, Exchange] | None:
    """Two answers at the named path: the second shows whether a shared cache ignores the query."""
    first, second = [await _ask(site, origin, n, ()) for n in range(2)]
    return (first, second) if first and second else None


async def _changed(ask: Ask, first: Exchange, second: Exchange) -> Shown | None:
    """Each form that changes what two answers to nothing forged agree on."""
    steady = _steady(first, second)
    forms = list(enumerate(FORGED.values(), start=2))
    answers = await asyncio.gather(*(ask(n, (line,)) for n, line in forms))
    again = [  # one after the other, so that nothing else can make the difference
        await _again(ask, number, line, first, steady)
        for (number, line), answer in zip(forms, answers, strict=True)
        if answer is not None and _differs(answer, first, steady)
    ]
    believed = [form for form in again if form is not None]
    return (first, believed) if believed else None


async def _is_for_tls_only(site: Site, origin: Origin) -> bool:
    """True for a TLS port that answers cleartext with 400: no header was looked at."""
    twin = Origin("https", origin.host, origin.port)
    if twin not in site.target.https:
        return False
    answer = await site.ask(Request(origin, "GET", site.target.path))
    is_400 = isinstance(answer, Exchange) and answer.status == 400
    return is_400 and bool((await site.tls_of(twin)).speaks_tls)


async def _again(
    ask: Ask, number: int, line: tuple[str, str], first: Exchange, steady: tuple[bool, ...]
) -> Believed | None:
    """The form with its answer, if it makes the same difference again and nothing else does."""
    again = await ask(number + 100, (line,))
    calm = await ask(number + 200, ())
    if again is None or calm is None or _differs(calm, first, steady):
        return None
    return (f"{line[0]}: {line[1]}", again) if _differs(again, first, steady) else None


async def _ask(site: Site, origin: Origin, number: int, forged: Headers) -> Exchange | None:
    """The answer to the named path with a query of its own, so that no cache is poisoned."""
    path, _, query = site.target.path.partition("?")
    unique = f"{query}&" if query else ""
    nonce = f"{site.random_path.strip('/')}{number}"
    request = Request(origin, "GET", f"{path}?{unique}plainwire={nonce}", (*forged, NO_STORE))
    answer = await site.ask(request)
    return answer if isinstance(answer, Exchange) else None


async def _ask_beside(site: Site, origin: Origin, number: int, forged: Headers) -> Exchange | None:
    """The answer to a path of its own beside the named one."""
    parent = site.target.path.partition("?")[0].rpartition("/")[0]
    nonce = f"{site.random_path.strip('/')}{number}"
    path = f"{parent}/{nonce}?plainwire={nonce}"
    answer = await site.ask(Request(origin, "GET", path, (*forged, NO_STORE)))
    return answer if isinstance(answer, Exchange) else None


def _signs(exchange: Exchange) -> Signs:
    """What a scheme decides in an answer: status, redirect, HSTS, Secure cookies, own links."""
    way = exchange.request.path.partition("?")[0]
    location = (exchange.header("location") or "").partition("?")[0].removesuffix(way)
    host = re.escape(exchange.request.origin.host)
    return (
        exchange.status,
        is_redirect(exchange) and location,
        exchange.header("strict-transport-security") is not None,
        sorted(("secure" in c.lower()) for c in exchange.all("set-cookie")),
        bool(re.search(rf"(?i)https://{host}", exchange.text)),
    )


def _steady(first: Exchange, second: Exchange) -> tuple[bool, ...]:
    """Which signs stay the same when nothing is forged."""
    return tuple(a == b for a, b in zip(_signs(first), _signs(second), strict=True))


def _differs(answer: Exchange, control: Exchange, steady: tuple[bool, ...]) -> bool:
    """True if a steady sign changed from what means http towards what means https."""
    if answer.status == 400 or answer.status >= 500:
        return False  # refused as malformed or contradictory: not believed
    pairs = zip(_signs(answer), _signs(control), steady, strict=True)
    return any(one != other for one, other, is_steady in pairs if is_steady)


def _words(exchange: Exchange) -> str:
    location = exchange.header("location")
    extra = " with HSTS" if exchange.header("strict-transport-security") else ""
    if location:
        return f"{exchange.status} to {shortened(location, MAX_LOCATION)!r}"
    return f"{exchange.status}{extra}"
