"""No limit on requests was seen.

An API that answers as fast as it is asked can be emptied, guessed at and worn out by one caller,
and the bill is the owner's where each answer costs something.

Remedy:

    Limit requests for each caller, answer 429 with Retry-After beyond it, and tell callers in
    RateLimit fields: `limit_req` in nginx, Flask-Limiter in the application.

Bad:

    from flask import Flask

    app = Flask(__name__)

    @app.get("/")
    def index():
        return {"status": "ok"}

Good:

    from flask import Flask

    app = Flask(__name__)
    asked = []

    @app.get("/")
    def index():
        asked.append(1)
        if len(asked) > 20:
            return {"error": "slow down"}, 429, {"Retry-After": "60"}
        return {"status": "ok"}

Limits:

    Sends 25 requests to one operation that gives JSON when all else is done: a limit above that,
    and one that watches other operations only, is not seen. "Not observed" is what this says, no
    more, so it is tentative. Pages, files, refusals, and what tells of the service itself (health,
    descriptions, keys under `/.well-known/`) need no limit, and an API that answered 429 to
    anything has one.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from plainwire.model import ApiOperation, Confidence, Exchange, Finding, Severity, Site, check
from plainwire.wire import denials, json_body, members, places, rate_limits
from plainwire.wire.files import is_file

TIMES = 25


@check(
    severity=Severity.LOW,
    cwe=(770,),
    owasp=("API4:2023",),
    references=("RFC 6585, section 4", "draft-ietf-httpapi-ratelimit-headers"),
    is_last=True,
)
async def rate_limit_missing(site: Site) -> AsyncIterator[Finding]:
    """One finding for the site, if neither a field nor a 429 tells of a limit."""
    seen = await site.answers()
    if site.was_throttled or any(rate_limits.tells(answer) for _, answer in seen):
        return
    chosen = _chosen(seen)
    if chosen is None:
        site.leave_inapplicable("no operation answered with anything to limit")
        return
    operation, answer = chosen
    burst = await site.burst(answer.request, TIMES)
    if not all(isinstance(each, Exchange) for each in burst):
        return
    if any(isinstance(e, Exchange) and (e.status == 429 or rate_limits.tells(e)) for e in burst):
        return
    yield rate_limit_missing.finding(
        f"{operation.method} {operation.path} answered {len(burst)} requests in a row, "
        "without a 429 and without a field that tells of a limit",
        answer,
        operation=operation.operation,
        confidence=Confidence.TENTATIVE,
    )


def _is_of_the_service(path: str) -> bool:
    """True for what is polled or kept by every client, and costs the server nothing."""
    return path.startswith("/.well-known/") or (path != "/" and places.is_about_service(path))


def _chosen(seen: Sequence[tuple[ApiOperation, Exchange]]) -> tuple[ApiOperation, Exchange] | None:
    """What a limit would protect first: a listing of people, any listing, any data."""
    # One that does not end costs its asker more than the server.
    good = [
        (o, a)
        for o, a in seen
        if not a.is_cut
        and denials.gives_data(a)
        and not is_file(a)
        and not _is_of_the_service(o.path)
    ]
    data = [(o, a) for o, a in good if json_body.listed(json_body.parsed(a.body)) is not None]
    people = [(o, a) for o, a in data if members.people(json_body.parsed(a.body))]
    return next(iter((*people, *data, *good)), None)
