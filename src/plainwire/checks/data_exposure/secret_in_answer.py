"""An answer holds a secret of the application.

A key, a token or a password that belongs to the server stands in what anybody may read. Bots look
for exactly these formats; a key of a cloud account is used within minutes.

Remedy:

    Revoke the secret first, then take it out of the answer: return named fields, never a whole
    configuration or object.

Bad:

    from flask import Flask

    app = Flask(__name__)

    @app.get("/")
    def index():
        return {"queue": "amqp://orders:" + "kf83hfkq92@rabbit.internal:5672/"}

Good:

    from flask import Flask

    app = Flask(__name__)

    @app.get("/")
    def index():
        return {"id": "5f2b8c1e9a7d4c3b", "etag": "W/33a64df551425fcc55e4d42a148795d9f25f89d4",
                "docs": "Set AWS_ACCESS_KEY_ID to AKIA" + "IOSFODNN7EXAMPLE",
                "see": "postgres://user:password@localhost/db", "publishable": "pk_live_51H"}

Limits:

    Knows the formats of thirty kinds, no others: what is random only is no secret. Reads answers
    of operations that are asked and the scripts of their pages. A key that a provider means to be
    public (Google's in a page) counts for less.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from plainwire.model import Confidence, Exchange, Finding, Operation, Severity, Site, check
from plainwire.wire import secret_formats
from plainwire.wire.secret_formats import Secret

MAX_FINDINGS = 20


@check(
    severity=Severity.CRITICAL,
    cwe=(798, 200),
    owasp=("API3:2023", "API8:2023"),
    references=("CWE-798", "OWASP Secrets Management Cheat Sheet"),
    left_out=secret_formats.left_out,
)
async def secret_in_answer(site: Site) -> AsyncIterator[Finding]:
    """One finding for each secret, masked, at the first place that shows it."""
    seen: set[str] = set()
    for operation, answer in await _answers(site):
        for secret in secret_formats.found(answer.text):
            if secret.is_of_model or secret.value in seen or len(seen) >= MAX_FINDINGS:
                continue
            seen.add(secret.value)
            severity, confidence = _weight(secret, answer)
            yield secret_in_answer.finding(
                f"{operation.method} {operation.path} shows {_named(secret)}: {secret.shown}",
                answer,
                operation=operation,
                parameter=secret.of,
                severity=severity,
                confidence=confidence,
            )


async def _answers(site: Site) -> list[tuple[Operation, Exchange]]:
    """The answers of operations, and the scripts and style sheets of pages among them."""
    found: list[tuple[Operation, Exchange]] = []
    for each, answer in await site.answers():
        if not _is_description(answer):
            found.append((each.operation, answer))
    for request, part in (await site.loaded_by([answer for _, answer in found])).items():
        if isinstance(part, Exchange) and part.status == 200:
            found.append((Operation("GET", request.path.partition("?")[0]), part))
    return found


def _is_description(answer: Exchange) -> bool:
    """True for an API description: its examples are made up."""
    return b'"openapi"' in answer.body[:4096] or b'"swagger"' in answer.body[:4096]


def _weight(secret: Secret, answer: Exchange) -> tuple[Severity, Confidence]:
    if secret.of == "Google API key":  # a page may have to hold one, restricted by referrer
        is_data = answer.content_type == "application/json"
        return (Severity.HIGH if is_data else Severity.LOW), Confidence.TENTATIVE
    if secret.is_checked:
        return Severity.CRITICAL, Confidence.FIRM
    return Severity.HIGH, Confidence.TENTATIVE  # its check digits do not agree


def _named(secret: Secret) -> str:
    return f"{'an' if secret.of[0] in 'AaEeIiOoUu' else 'a'} {secret.of}"
