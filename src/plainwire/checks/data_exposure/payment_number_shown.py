"""Whole payment numbers are given to anybody.

Numbers of cards must not be shown whole but to those who need them for their work (PCI DSS 4.0.1,
requirement 3.4), and a list of account numbers is all that a forged direct debit needs.

Remedy:

    Ask for a login, give each caller what is theirs, and show the last four digits.

Bad:

    from flask import Flask

    app = Flask(__name__)

    @app.get("/")
    def index():
        return {"payments": [{"card": {"number": "4539148803436467"}, "amount": 12}]}

Good:

    from flask import Flask

    app = Flask(__name__)

    @app.get("/")
    def index():
        return {"orders": [{"number": "4155552671"}, {"number": "4539148803436467"}],
                "card": {"number": "4242 4242 4242 4242"},
                "masked": {"card": {"number": "**** **** **** 6467"}},
                "imprint": {"iban": "GB94 BARC 1020 1530 0934 59"}}

Limits:

    Looks at what comes without a credential, in JSON. A card's number passes Luhn, is in an
    issuer's range and stands where a name speaks of a card; documented test cards do not count,
    nor does a single account number: to be paid to, one shows it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from plainwire.model import Finding, Severity, Site, check
from plainwire.wire import json_body, personal_data


@check(
    severity=Severity.HIGH,
    cwe=(359, 200),
    owasp=("API3:2023",),
    references=("CWE-359", "PCI DSS 4.0.1, requirement 3.4"),
    left_out=json_body.left_out,
)
async def payment_number_shown(site: Site) -> AsyncIterator[Finding]:
    """One finding for each operation, with what it gives in words and nothing of it."""
    for operation, answer in await site.answers(identity=None):
        if not 200 <= answer.status < 300:
            continue
        document = json_body.parsed(answer.body)
        if isinstance(document, dict) and ("openapi" in document or "swagger" in document):
            continue
        cards = tuple(dict.fromkeys(personal_data.cards(document)))
        accounts = tuple(dict.fromkeys(personal_data.ibans(document)))
        told = []
        if cards:
            told.append(f"{len(cards)} whole card number(s) of {cards[0][0]}")
        if len(accounts) > 1:
            told.append(f"{len(accounts)} account numbers (IBAN)")
        if told:
            yield payment_number_shown.finding(
                f"{operation.method} {operation.path} gives {', '.join(told)} to anybody",
                answer,
                operation=operation.operation,
            )
