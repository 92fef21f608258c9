"""A weak and a right application for each category, served by gunicorn and scanned whole.

The right ones are full of temptations, and give no finding of low or more. Encryption has real
servers of its own.
"""

from pathlib import Path

import pytest

from plainwire import catalog
from plainwire.live.settings import Settings
from plainwire.model import Severity
from plainwire.scan import scan
from servers.gunicorn import gunicorn

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


def report_on(kind, category):
    text = (HERE / f"{kind}_{category.replace('-', '_')}.py").read_text("utf-8")
    with gunicorn(application=text, options=("--pythonpath", str(HERE))) as server:
        return scan(
            f"http://127.0.0.1:{server.http_port}/",
            checks=CHECKS,
            settings=Settings(answer_timeout_s=60, connect_timeout_s=60),
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
