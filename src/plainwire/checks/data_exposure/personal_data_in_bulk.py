"""Personal data of many people, or payment numbers, are given to anybody.

A list with addresses of people can be read by whoever asks, without a login: material for
phishing, and a breach that has to be reported (GDPR, articles 4 and 33). Numbers of cards must
not be shown whole to anybody (PCI DSS 4.0.1, requirement 3.4).

Remedy:

    Ask for a login, and give each caller what is theirs; leave out addresses that nobody needs,
    and show the last four digits of a card.

Bad:

    from flask import Flask

    app = Flask(__name__)

    @app.get("/")
    def index():
        return {"users": [{"name": "Ann", "email": "ann.lee@mailbox.org"},
                          {"name": "Bob", "email": "bob.ray@mailbox.org"}]}

Good:

    from flask import Flask

    app = Flask(__name__)

    @app.get("/")
    def index():
        return {"contact": "support@mailbox.org",
                "offices": [{"email": "sales@mailbox.org"}, {"email": "press@mailbox.org"}],
                "orders": [{"number": "4155552671"}, {"number": "4539148803436467"}],
                "card": {"number": "4242 4242 4242 4242"},
                "people": [{"email": "ann@example.com"}, {"email": "bob@example.com"}]}

Limits:

    Looks at what comes without a credential, in JSON. A person's address counts in lists of two
    or more; those of functions (support@) and of documentation (example.com) do not. Telephone
    numbers look like order numbers, and are left out.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from plainwire.model import Finding, Severity, Site, check
from plainwire.wire import json_body, personal_data


@check(
    severity=Severity.MEDIUM,
    cwe=(359, 200),
    owasp=("API3:2023",),
    references=("CWE-359", "PCI DSS 4.0.1, requirement 3.4"),
)
async def personal_data_in_bulk(site: Site) -> AsyncIterator[Finding]:
    """One finding for each operation, with what it gives in words and nothing of it."""
    for operation, answer in await site.answers(identity=None):
        if not 200 <= answer.status < 300:
            continue
        document = json_body.parsed(answer.body)
        if isinstance(document, dict) and ("openapi" in document or "swagger" in document):
            continue
        people = personal_data.emails(document)
        cards = tuple(dict.fromkeys(personal_data.cards(document)))
        accounts = tuple(dict.fromkeys(personal_data.ibans(document)))
        told = []
        if len(people) > 1:
            told.append(f"e-mail addresses of {len(people)} people")
        if cards:
            told.append(f"{len(cards)} whole card number(s) of {cards[0][0]}")
        if len(accounts) > 1:
            told.append(f"{len(accounts)} account numbers (IBAN)")
        if told:
            yield personal_data_in_bulk.finding(
                f"{operation.method} {operation.path} gives {', '.join(told)} to anybody",
                answer,
                operation=operation.operation,
                severity=Severity.HIGH if cards or len(accounts) > 1 else None,
            )
