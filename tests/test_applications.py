"""A weak and a right application for each category, served by gunicorn and scanned whole.

The right ones are full of temptations, and give no finding of low or more. Encryption has real
servers of its own.
"""

from pathlib import Path

import pytest

from plainwire import catalog
from plainwire.live.credentials import Credentials
from plainwire.live.settings import Settings
from plainwire.model import Severity
from plainwire.scan import scan
from plainwire.wire.target import parse_target
from servers.gunicorn import gunicorn

USERS = {"given": "token-of-ann-4711", "bob": "token-of-bob-0815"}
ACCESS = {
    "authentication": {"authentication-not-enforced", "personal-data-without-authentication"},
    "bola": {"object-of-another-user-readable"},
    "bfla": {"admin-operation-open-to-users", "state-change-without-security"},
    "property-authorization": {"sensitive-property-returned", "write-only-property-returned"},
}
HERE = Path(__file__).parent / "applications"
CHECKS = [each for each in catalog.load() if each.category != "encryption"]
FOUND = {
    "input-validation": {
        "cors-reflects-origin",
        "host-header-believed",
        "json-sniffable",
        "markup-reflected",
        "open-redirect",
        "sql-injection",
        "graphql-by-simple-request",
    },
    "rate-limiting": {"rate-limit-missing", "page-size-unbounded", "collection-unpaginated"},
    "data-exposure": {
        "browser-policy-missing",
        "diagnostics-public",
        "directory-listed",
        "payment-number-shown",
        "private-file-served",
        "secret-in-answer",
        "version-banner",
    },
    "ssrf": {"url-parameter-accepted"},
    "inventory": {
        "api-description-public",
        "debug-path-described",
        "deprecated-operation-alive",
        "description-names-other-host",
        "endpoint-undocumented",
        "old-version-alive",
    },
    "unsafe-consumption": {
        "callback-unauthenticated",
        "operation-redirects-elsewhere",
        "third-party-script-unpinned",
        "upstream-error-shown",
    },
    "llm": {
        "agent-manifest-public",
        "generation-unbounded",
        "inference-api-open",
        "mcp-open",
        "model-key-in-answer",
        "system-prompt-shown",
        "tool-description-poisoned",
        "vector-store-open",
    },
}


def report_on(kind, category, users=()):
    text = (HERE / f"{kind}_{category.replace('-', '_')}.py").read_text("utf-8")
    with gunicorn(application=text, options=("--pythonpath", str(HERE))) as server:
        url = f"http://127.0.0.1:{server.http_port}/"
        origin = parse_target(url)[0].https[0]
        return scan(
            url,
            checks=CHECKS,
            settings=Settings(
                answer_timeout_s=60,
                connect_timeout_s=60,
                allow=frozenset({"cleartext-credentials"}),
            ),
            identities={
                who: Credentials((("Authorization", f"Bearer {USERS[who]}"),), origin)
                for who in users
            },
        )


@pytest.mark.server
@pytest.mark.parametrize("category", FOUND)
def test_a_weak_application_is_found_out(category):
    report = report_on("weak", category)
    found = {each.id for each in report.findings if each.category == category}
    assert FOUND[category] <= found
    status = {each.id: each.status for each in report.categories}
    assert status[category] == "findings"


@pytest.mark.server
@pytest.mark.parametrize("category", FOUND)
def test_a_right_application_tempts_in_vain(category):
    report = report_on("right", category)
    worse = [(f.id, f.message) for f in report.findings if f.severity > Severity.INFO]
    assert worse == []
    assert report.unanswered == ()
    assert {each.id for each in report.categories if each.status == "pass"} >= {"data-exposure"}


@pytest.mark.server
def test_a_weak_application_is_found_out_by_two_of_its_users():
    report = report_on("weak", "access", USERS)
    found = {(each.category, each.id) for each in report.findings}
    assert {(name, each) for name, wanted in ACCESS.items() for each in wanted} <= found
    assert report.unanswered == ()


@pytest.mark.server
def test_a_right_application_tempts_two_of_its_users_in_vain():
    report = report_on("right", "access", USERS)
    worse = [(f.id, f.message) for f in report.findings if f.severity > Severity.INFO]
    assert worse == []
    assert report.unanswered == ()
    passed = {each.id for each in report.categories if each.status == "pass"}
    assert passed >= {"authentication", "bola", "bfla", "property-authorization"}
