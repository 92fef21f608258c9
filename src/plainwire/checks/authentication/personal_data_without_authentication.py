"""Anybody reads a list of people.

A list of users with their e-mail addresses is open to whoever asks: enough for phishing and for
trying passwords, and a breach that has to be notified in many countries.

Remedy:

    Require a credential for the operation, and give each caller only the people and the
    properties that it needs.

Bad:

    from flask import Flask

    app = Flask(__name__)

    @app.get("/")
    def index():
        return {"users": [{"name": "ann", "email": "ann@example.com"},
                          {"name": "bob", "email": "bob@example.com"}]}

Good:

    from flask import Flask

    app = Flask(__name__)

    @app.get("/")
    def index():
        return {"contacts": [{"name": "Sales", "email": "sales@example.com"},
                             {"name": "Support", "email": "support@example.com"}],
                "imprint": {"owner": "ann@example.com"}}

Limits:

    E-mail addresses (delivery addresses, dates of birth) of two or more people in one answer, in
    two or more objects; addresses of a function (sales@, support@) do not count, nor do names
    alone, nor what lists shops or offices by its path. What the description
    says needs a credential is judged by `authentication-not-enforced`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from plainwire.model import Confidence, Finding, Severity, Site, check
from plainwire.wire import denials, members, places

LEAST = 2


@check(
    severity=Severity.HIGH,
    cwe=(306, 359),
    owasp=("API2:2023", "API3:2023"),
    references=("OWASP API Security Top 10 2023, API2",),
    left_out=members.left_out,
)
async def personal_data_without_authentication(site: Site) -> AsyncIterator[Finding]:
    """One finding for each operation that lists people to nobody in particular."""
    for operation, answer in await site.answers(None):
        if operation.security.is_declared and operation.security.need == "required":
            continue
        if not denials.gives_data(answer) or places.is_of_organisations(operation):
            continue
        people = members.people(members.load(answer.body))
        if len(people) < LEAST or await site.is_missing(answer):
            continue
        yield personal_data_without_authentication.finding(
            f"{operation.method} {operation.path} gives anybody personal data of people: "
            f"{len(people)} different values of {', '.join(sorted(set(people.values()))[:5])}",
            answer,
            operation=operation.operation,
            confidence=Confidence.FIRM,
        )
