"""Any token is accepted.

The API asks for a token and is content with any: a random one is served where none is refused.
What looks like authentication checks only that a header is there.

Remedy:

    Verify the token: its signature, issuer, audience and expiry, or that it is in the store of
    sessions, and refuse with 401 whatever is not.

Bad:

    from flask import Flask, request

    app = Flask(__name__)

    @app.get("/")
    def account():
        if not request.headers.get("Authorization", "").startswith("Bearer "):
            return {"error": "token required"}, 401, {"WWW-Authenticate": "Bearer"}
        return {"account": 1, "balance": 17}

Good:

    from flask import Flask, request

    app = Flask(__name__)

    @app.get("/")
    def account():
        if "Authorization" not in request.headers:
            return {"error": "token required"}, 401, {"WWW-Authenticate": "Bearer"}
        if request.headers["Authorization"] != "Bearer 6f1d":
            return {"status": "fail", "message": "invalid token"}
        return {"account": 1, "balance": 17}

Limits:

    Operations that refuse nobody's request, by GET: two random bearer tokens or API keys are
    shown to each of a few. Cookies are not tried.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from dataclasses import replace

from plainwire.model import ApiOperation, Exchange, Finding, Request, Severity, Site, check
from plainwire.wire import challenges, denials

MAX_OPERATIONS = 12


@check(
    severity=Severity.CRITICAL,
    cwe=(287,),
    owasp=("API2:2023",),
    references=("RFC 6750, section 3.1", "OWASP API Security Top 10 2023, API2"),
)
async def random_token_accepted(site: Site) -> AsyncIterator[Finding]:
    """One finding for each operation that two random tokens open."""
    refused = [
        (operation, answer)
        for operation, answer in await site.answers(None)
        if answer.status in (401, 403)
    ]
    for operation, refusal in refused[:MAX_OPERATIONS]:
        for name, prefix in _carriers(operation, refusal):
            shown = await _opened(site, refusal.request, name, prefix)
            if shown is None:
                continue
            yield random_token_accepted.finding(
                f"{operation.method} {operation.path} answers {refusal.status} without a "
                f"credential, and gives its data for random ones in {name}",
                shown,
                refusal,
                operation=operation.operation,
            )
            break


def _carriers(operation: ApiOperation, refusal: Exchange) -> list[tuple[str, str]]:
    """The headers that a credential goes in, with what stands before it."""
    schemes = {c.scheme for c in challenges.parse(refusal.all("www-authenticate"))}
    found: dict[tuple[str, str], None] = {}
    for each in operation.security.schemes:
        kind, _, rest = each.partition(" ")
        if each == "http bearer" or kind in ("oauth2", "openIdConnect"):
            found["Authorization", "Bearer "] = None
        elif kind == "apiKey" and rest.startswith("header "):
            found[rest.removeprefix("header "), ""] = None
    if "bearer" in schemes or not (found or schemes):
        found["Authorization", "Bearer "] = None
    return [(n, p) for n, p in found if n.isascii() and n.replace("-", "").isalnum()][:2]


async def _opened(site: Site, request: Request, name: str, prefix: str) -> Exchange | None:
    """The answer that random tokens got, if all of them got data. Returns None if not."""
    shown = None
    for number in range(2):
        word = hashlib.sha256(f"{site.random_path}{number}".encode()).hexdigest()
        answer = await site.ask(replace(request, headers=((name, f"{prefix}{word}"),)))
        if not isinstance(answer, Exchange) or not denials.gives_data(answer):
            return None
        if await site.is_missing(answer):
            return None
        shown = answer
    calm = await site.ask(replace(request, repetition=1))  # without a token it is still refused
    return shown if isinstance(calm, Exchange) and calm.status in (401, 403) else None
