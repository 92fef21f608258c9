"""What whole scans make of answers in clear that look like refusals, and of redirects over https.

The sites are functions from requests to answers; a proxy, an application or both, as documented.
"""

import asyncio
from dataclasses import replace

import pytest

from examples import HOST
from plainwire.live.credentials import Credentials
from plainwire.model import Exchange, Origin, TlsEndpoint
from plainwire.scan import scan_async
from plainwire.tls_status import endpoint_status
from plainwire.wire.target import parse_target
from tls_endpoints import chain, endpoint

HSTS = ("Strict-Transport-Security", "max-age=31536000")
TOKEN = "Bearer 9f2cK3x8Qw7ZpL0aTb6R"
NGINX_403 = b"<html><center><h1>403 Forbidden</h1></center><hr><center>nginx</center></html>"


def scanned(answer, paths=(), bearer=None):
    """The report on a site whose ``answer(request, sent)`` is status, body and header lines.

    ``sent`` is the Authorization that the request carries.
    """
    target = replace(parse_target(f"https://{HOST}/")[0], address="127.0.0.1")
    origin = Origin("https", HOST, 443)
    given = Credentials((("Authorization", bearer),), origin) if bearer else None

    async def send(request):
        lines = dict(given.lines(request)) if given else {}
        status, body, *headers = answer(request, lines.get("Authorization"))
        return Exchange(request, status, tuple(headers), body, address="127.0.0.1")

    async def look(site, origin):
        is_tls = origin in target.https
        chains = (chain(),) if is_tls else None
        return TlsEndpoint(origin.host, origin.port, speaks_tls=is_tls, certificates=chains)

    return asyncio.run(scan_async(target, credentials=given, paths=paths, send=send, look=look))


def ids(report):
    """The flaws of encryption: what such a site shows beside them is not the matter here."""
    return {finding.id for finding in report.findings if finding.category == "encryption"}


def healthy(request):
    if request.path.partition("?")[0] == "/":
        return 200, b"{}", HSTS
    return 404, b"nothing here", HSTS


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_failure_in_clear_is_no_refusal(status):
    """A proxy whose upstream is down says so whatever is asked, and serves again tomorrow."""

    def answer(request, _):
        return healthy(request) if request.origin.scheme == "https" else (status, b"bad gateway")

    report = scanned(answer)
    assert report.tls_status == "UNKNOWN"
    assert report.tls_reasons == (f"Over HTTP the server only fails ({status}, 1 of 1 asked)",)
    assert report.grade.is_upper_bound
    assert "plain-http-served" in {gap.check for gap in report.unanswered}
    assert "plain-http-served" not in ids(report)


def test_what_refuses_a_random_token_over_both_schemes_is_the_application():
    """Over http a canary stands in for the token: over https it must be shown the canary too."""

    def answer(request, sent):
        return healthy(request) if sent == TOKEN else (403, b'{"error": "forbidden"}', HSTS)

    report = scanned(answer, bearer=TOKEN)
    assert report.tls_status == "FAIL"
    assert "plain-http-served" in ids(report)


def test_what_refuses_cleartext_and_takes_the_token_over_tls_is_a_refusal():
    def answer(request, sent):
        if request.origin.scheme == "http":
            return 403, NGINX_403
        return healthy(request) if sent == TOKEN else (401, b'{"error": "forbidden"}', HSTS)

    report = scanned(answer, bearer=TOKEN)
    assert (report.tls_status, ids(report)) == ("PASS", set())


@pytest.mark.parametrize(
    "elsewhere", [(404, b"not found", HSTS), (200, b"{}", HSTS)], ids=["random", "endpoint"]
)
def test_a_refusal_that_one_path_over_https_happens_to_answer_with_is_one(elsewhere):
    """nginx: ``return 403`` in clear, and the same page for a root without an index over TLS."""

    def answer(request, _):
        if request.origin.scheme == "http" or request.path.partition("?")[0] == "/":
            return 403, NGINX_403, HSTS
        if elsewhere[0] == 404 or request.path == "/users":
            return elsewhere
        return 403, NGINX_403, HSTS

    report = scanned(answer, paths=() if elsewhere[0] == 404 else ("/users",))
    assert report.tls_status == "PASS"
    assert "plain-http-served" not in ids(report)


def test_an_application_that_names_its_own_url_in_an_error_is_the_same_over_both_schemes():
    """Flask with ``{"error": …, "url": request.url}``: http or https is the question's own word."""

    def answer(request, _):
        return 404, f'{{"error": "no such thing", "url": "{request.url}"}}'.encode(), HSTS

    report = scanned(answer, paths=("/users",))
    served = {f.operation.path for f in report.findings if f.id == "plain-http-served"}
    assert served == {"/", "/users"}


def test_a_refusal_with_an_id_of_its_own_is_constant():
    ids_of_requests = iter(f"{number:08x}-0000-4000-8000-000000000000" for number in range(999))

    def answer(request, _):
        if request.origin.scheme == "https":
            return healthy(request)
        return 403, f'{{"error": "use https", "id": "{next(ids_of_requests)}"}}'.encode()

    report = scanned(answer)
    assert (report.tls_status, ids(report)) == ("PASS", set())


def behind(first, pages):
    """A site whose root redirects over https, and that sends cleartext to https."""

    def answer(request, _):
        if request.origin.scheme == "http":
            return 308, b"", ("Location", f"https://{HOST}{request.path}")
        if request.path.partition("?")[0] == "/":
            return 302, b"", HSTS, ("Location", first)
        return pages.get(request.path, (404, b"nothing here", HSTS))

    return answer


@pytest.mark.parametrize("first", ["/login", "/de/"])
def test_the_page_that_a_redirect_leads_to_is_judged(first):
    login = (
        200,
        b'<script src="http://cdn.example.net/a.js"></script>',
        HSTS,
        ("Content-Type", "text/html"),
        ("Set-Cookie", "session=0123; HttpOnly; SameSite=Lax"),
    )
    hop = (302, b"", HSTS, ("Location", "../login"))
    report = scanned(behind(first, {"/login": login, "/de/": hop}))
    assert ids(report) == {"mixed-content-active", "cookie-without-secure"}
    assert ("GET", "/login") in {
        (f.operation.method, f.operation.path) for f in report.findings if f.operation
    }


def test_what_https_sends_to_http_on_the_host_is_served_there():
    def answer(request, _):
        if request.origin.scheme == "http":
            if request.path == "/plain":
                return 200, b"in clear"
            return 308, b"", ("Location", f"https://{HOST}{request.path}")
        return 302, b"", HSTS, ("Location", f"http://{HOST}/plain")

    report = scanned(answer)
    assert report.tls_status == "FAIL"
    assert "plain-http-served" in ids(report)


def test_a_redirect_to_http_is_found_behind_another():
    away = (302, b"", HSTS, ("Location", "http://other.example/x"))
    assert "https-redirects-to-http" in ids(scanned(behind("/home", {"/home": away})))


@pytest.mark.parametrize(
    "location",
    ["http://other.example/", "http:\\\\other.example/", "http:/other.example/", "\thttp://x/"],
)
def test_a_redirect_to_http_is_found_however_it_is_written(location):
    assert "https-redirects-to-http" in ids(scanned(behind(location, {})))


def test_a_redirect_to_another_host_is_said_in_the_status():
    def answer(request, _):
        if request.origin.scheme == "http":
            return 308, b"", ("Location", "https://www.example.com/")
        return healthy(request)

    report = scanned(answer)
    assert report.tls_status == "FAIL"
    assert report.tls_reasons == (
        "HTTP does not redirect straight to HTTPS on the same host (1 of 1 asked)",
    )


def test_a_certificate_that_was_not_seen_is_no_pass():
    assert endpoint_status(endpoint(certificates=None)) == (
        "UNKNOWN",
        ("The certificate was not seen",),
    )


def test_a_chain_that_was_not_followed_to_its_end_is_no_pass():
    unknown = chain(None, trusted_by=(), problems_checked=("expired",))
    assert endpoint_status(endpoint(certificates=(chain(), unknown))) == (
        "UNKNOWN",
        ("It is not known whether the certificate leads to a root",),
    )
