"""A limit on requests goes away when the request names another address.

The server counts by `X-Forwarded-For`, which anybody can write: with another address in each
request there is no limit, for guessing passwords either.

Remedy:

    Take the address of the connection, or of as many entries of `X-Forwarded-For` from the right
    as there are proxies of your own (Werkzeug's ProxyFix with `x_for=1`); let the proxy replace
    the field instead of adding to it.

Bad:

    from flask import Flask, request

    app = Flask(__name__)
    asked = {}

    @app.get("/")
    def index():
        who = request.headers.get("X-Forwarded-For", request.remote_addr)
        asked[who] = asked.get(who, 0) + 1
        if asked[who] > 9:
            return {"error": "slow down"}, 429
        return {"status": "ok"}

Good:

    from flask import Flask, request

    app = Flask(__name__)
    asked = {}

    @app.get("/")
    def index():
        asked["all"] = asked.get("all", 0) + 1
        if asked["all"] > 9:
            return {"error": "slow down"}, 429
        return {"status": "ok"}

Limits:

    Needs `--allow rate-probes`. Sends at most 25 requests to the named page until a limit is met;
    then six, with and without an address of the documentation's range. Other fields that name
    an address are not tried.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from plainwire.model import Exchange, Finding, Request, Severity, Site, check
from plainwire.wire import probes

TIMES = 25
ROUNDS = 3


@check(
    severity=Severity.MEDIUM,
    cwe=(348, 799),
    owasp=("API4:2023",),
    references=("CWE-348", "RFC 7239, section 8.1"),
    reads_bodies=False,
    is_last=True,
)
async def rate_limit_believes_caller(site: Site) -> AsyncIterator[Finding]:
    """One finding if a refused caller gets in by another name, and is refused without, thrice."""
    if not site.allows("rate-probes"):
        return
    page = next((e for e in await site.operations() if e.request is not None), None)
    if page is None or page.request is None:
        site.leave_inapplicable("no operation is asked")
        return
    burst = await site.burst(page.request, TIMES)
    if not any(isinstance(each, Exchange) and each.status == 429 for each in burst):
        site.leave_inapplicable("no limit was met")
        return
    let_in = refused = None
    for number in range(ROUNDS):
        named = ("X-Forwarded-For", f"203.0.113.{17 + number}")  # RFC 5737
        let_in = await _one(site, page.request, f"{site.random_path[1:13]}{number}", named)
        refused = await _one(site, page.request, f"{site.random_path[1:13]}{number}x")
        if let_in is None or refused is None:
            return
        if refused.status != 429 or not let_in.status < 300:
            return
    if let_in is not None and refused is not None:
        yield rate_limit_believes_caller.finding(
            f"{page.method} {page.path} answers 429, with X-Forwarded-For {let_in.status}, and "
            f"without it 429 again, {ROUNDS} times",
            let_in,
            refused,
            operation=page.operation,
        )


async def _one(
    site: Site, request: Request, word: str, *headers: tuple[str, str]
) -> Exchange | None:
    """One answer, however it ends, by a question that no cache knows. Returns None for a gap."""
    (answer,) = await site.burst(probes.apart(request, word, *headers), 1)
    return answer if isinstance(answer, Exchange) else None
