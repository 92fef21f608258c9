"""HSTS asks for preloading without meeting its conditions.

`preload` consents to having the domain built into browsers as https-only. The list takes a
domain only with a `max-age` of a year and `includeSubDomains` (hstspreload.org, submission
requirements) and may drop those that stop sending them: until then the word gives no protection,
and anybody may submit the domain on the day that the rest of the header changes.

Remedy:

    Send `max-age=31536000; includeSubDomains; preload` if every subdomain can be https-only for
    good, or leave `preload` out.

Bad:

    from flask import Flask

    app = Flask(__name__)

    @app.after_request
    def hsts(response):
        response.headers["Strict-Transport-Security"] = "max-age=31536000; preload"
        return response

    @app.get("/")
    def index():
        return {"status": "ok"}

Good:

    from flask import Flask

    app = Flask(__name__)

    @app.after_request
    def hsts(response):
        policy = "max-age=31536000; includeSubDomains; preload"
        response.headers["Strict-Transport-Security"] = policy
        return response

    @app.get("/")
    def index():
        return {"status": "ok"}

Limits:

    Looks at the header only. Whether the name is a registrable domain, which the list wants,
    whether its subdomains speak https and whether it is on the list already are not looked at;
    certificate and redirect have checks of their own. Of several headers the first is judged.
    Not asked for IP addresses and localhost, where HSTS does not apply.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from plainwire.model import Finding, Severity, Site, check
from plainwire.wire import hsts


@check(
    severity=Severity.LOW,
    cwe=(319, 523),
    references=("hstspreload.org, submission requirements",),
    reads_bodies=False,
)
async def hsts_preload_unmet(site: Site) -> AsyncIterator[Finding]:
    """One finding for a host whose header says preload and lacks what the preload list wants."""
    if site.target.is_local_name:
        return
    unmet = [
        (policy.preload_problems, exchange)
        for _, exchange in await site.pages("https")
        # A header that browsers ignore is one flaw, and it is hsts-malformed.
        if (policy := hsts.sent(exchange)) and policy.is_honoured
        if policy.preload and policy.preload_problems
    ]
    if unmet:
        wanted = dict.fromkeys(condition for conditions, _ in unmet for condition in conditions)
        yield hsts_preload_unmet.finding(
            f"the header says preload, but the list also wants {' and '.join(wanted)}",
            *(exchange for _, exchange in unmet),
        )
