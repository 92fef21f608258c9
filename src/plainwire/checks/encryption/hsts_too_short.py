"""HSTS is remembered for less than six months.

A browser forgets that a host is https-only `max-age` seconds after the last visit, and is open
to interception again. Six months (15768000 seconds) is the least that audits of the field
accept; the preload list asks for a year (RFC 6797, section 11.2; hstspreload.org).

Remedy:

    Raise `max-age` to 31536000 (a year), in steps if you must, each as long as it takes to see
    that nothing needs plain HTTP any more.

Bad:

    from flask import Flask

    app = Flask(__name__)

    @app.after_request
    def hsts(response):
        response.headers["Strict-Transport-Security"] = "max-age=86400"
        return response

    @app.get("/")
    def index():
        return {"status": "ok"}

Good:

    from flask import Flask

    app = Flask(__name__)

    @app.after_request
    def hsts(response):
        response.headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
        return response

    @app.get("/")
    def index():
        return {"status": "ok"}

Limits:

    A short value on purpose, while HSTS is being introduced, looks the same. A header that
    browsers ignore is `hsts-malformed`; `max-age=0` is `hsts-disabled`. Of several headers the
    first is judged. Not asked for IP addresses and localhost, where HSTS does not apply.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from plainwire.model import Finding, Severity, Site, check
from plainwire.wire import hsts

SIX_MONTHS_S = 15_768_000
THIRTY_DAYS_S = 30 * 86_400


@check(
    severity=Severity.MEDIUM,
    cwe=(319, 523),
    references=("RFC 6797, sections 6.1.1 and 11.2", "Qualys SSL Labs, Long HSTS"),
    reads_bodies=False,
)
async def hsts_too_short(site: Site) -> AsyncIterator[Finding]:
    """One finding for a host with the shortest max-age it sends, if it is below six months."""
    if site.target.is_local_name:
        return
    short = [
        (policy.max_age_s, exchange)
        for _, exchange in await site.pages("https")
        if (policy := hsts.sent(exchange)) and policy.is_effective
        if policy.max_age_s is not None and policy.max_age_s < SIX_MONTHS_S
    ]
    if short:
        least_s = min(max_age_s for max_age_s, _ in short)
        yield hsts_too_short.finding(
            f"max-age is {least_s} seconds{_in_days(least_s)}: browsers forget the host that soon "
            f"after a visit; six months are {SIX_MONTHS_S}",
            *(exchange for _, exchange in short),
            severity=Severity.MEDIUM if least_s < THIRTY_DAYS_S else Severity.LOW,
        )


def _in_days(seconds: int) -> str:
    days = seconds // 86_400
    return f" ({days} day{'s' if days > 1 else ''})" if days else ""
