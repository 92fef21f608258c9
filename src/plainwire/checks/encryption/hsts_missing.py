"""Answers over HTTPS lack Strict-Transport-Security.

Without HSTS a browser goes on trying plain HTTP whenever a link, a bookmark or a typed address
says so, and whoever is on the way keeps it there (sslstrip): the redirect to https comes too
late, in clear. With it, the browser itself turns every http address of the host into https for
`max-age` seconds (RFC 6797, sections 2.2 and 7.1). The header belongs on errors and redirects as
well: nginx's `add_header` leaves it out of most errors unless it says `always`.

Remedy:

    Send `Strict-Transport-Security: max-age=31536000` on every answer over https, errors
    included, at one place only; in nginx `add_header ... always`.

Bad:

    from flask import Flask

    app = Flask(__name__)

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

    Sees the answers to the endpoints asked and to one path that does not exist. A host that is
    covered by a parent domain's `includeSubDomains` or by the preload list is reported all the
    same. Not asked for IP addresses and localhost, where HSTS does not apply.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from plainwire.model import Exchange, Finding, Request, Severity, Site, check
from plainwire.wire import hsts
from plainwire.wire.masking import shortened

MAX_PLACES = 5
MAX_PATH = 80


@check(
    severity=Severity.MEDIUM,
    cwe=(319, 523),
    references=("RFC 6797, sections 2.2 and 7.1", "nginx, ngx_http_headers_module, add_header"),
    reads_bodies=False,
)
async def hsts_missing(site: Site) -> AsyncIterator[Finding]:
    """One finding for a host whose https answers lack HSTS, a low one if only some do."""
    if site.target.is_local_name:
        return
    answers = [exchange for _, exchange in await site.pages("https")]
    if all(_lacks(exchange) for exchange in answers):
        if answers:
            yield hsts_missing.finding(
                f"no answer over https carries Strict-Transport-Security ({len(answers)} asked): "
                "browsers go on trying plain HTTP",
                *answers,
            )
        return
    answers += await _errors(site, answers)
    lacking = [exchange for exchange in answers if _lacks(exchange)]
    if lacking:
        yield hsts_missing.finding(
            f"Strict-Transport-Security is missing on {_places(lacking)}, and present on "
            f"{len(answers) - len(lacking)} of {len(answers)} https answers{_hint(lacking)}",
            *lacking,
            severity=Severity.LOW,
        )


def _lacks(exchange: Exchange) -> bool:
    return hsts.sent(exchange) is None


async def _errors(site: Site, answers: Sequence[Exchange]) -> list[Exchange]:
    """What each https origin answers for a path that does not exist."""
    origins = dict.fromkeys(exchange.request.origin for exchange in answers)
    found = [await site.ask(Request(origin, "GET", site.random_path)) for origin in origins]
    return [answer for answer in found if isinstance(answer, Exchange)]


def _places(lacking: Sequence[Exchange]) -> str:
    places = (f"{shortened(x.request.path, MAX_PATH)} ({x.status})" for x in lacking[:MAX_PLACES])
    shown = ", ".join(places)
    more = len(lacking) - MAX_PLACES
    return f"{shown} and {more} more" if more > 0 else shown


def _hint(lacking: Sequence[Exchange]) -> str:
    if all(exchange.status >= 400 for exchange in lacking):
        return ": only errors lack it, as with nginx's add_header without always"
    return ""
