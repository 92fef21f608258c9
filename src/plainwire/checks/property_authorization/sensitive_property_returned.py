"""An answer holds a password, a key or another secret.

Objects are sent as they stand in the database, with what no client needs: password hashes are
cracked offline, keys and reset tokens are used as they are.

Remedy:

    Name the properties that an answer has (a serialiser, a response model) instead of sending
    the object, and leave secrets out of every one of them.

Bad:

    from flask import Flask

    app = Flask(__name__)

    @app.get("/")
    def index():
        return {"users": [{"name": "ann", "password": "hunter2"}]}

Good:

    from flask import Flask

    app = Flask(__name__)

    @app.get("/")
    def index():
        return {"users": [{"name": "ann", "password": "********", "has_password": True,
                           "password_policy": "long", "password_hint": "a pet", "pin": None,
                           "reset_password_url": "https://api.example.com/reset"}],
                "schema": {"type": "object", "properties": {"password": {"type": "string"}}}}

Limits:

    Judges names: password, secret, api_key, private_key, ssn, cvv, pin, reset_token and their
    like, with a text that is there and not masked. What one may see of oneself (a page of one's
    API keys) counts only where nobody gets it too, or where several objects have it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

from plainwire.model import Exchange, Finding, Severity, Site, check
from plainwire.wire import denials, members
from plainwire.wire.members import Member

NEVER_SHOWN = ["password", "passwd", "pwd", "passphrase", "cvv", "cvc", "hash", "digest", "salt"]


@check(
    severity=Severity.HIGH,
    cwe=(213, 200),
    owasp=("API3:2023",),
    references=("OWASP API Security Top 10 2023, API3",),
    left_out=members.left_out,
)
async def sensitive_property_returned(site: Site) -> AsyncIterator[Finding]:
    """One finding for each operation that shows secrets, with their names."""
    for operation, answer in await site.answers():
        if not denials.gives_data(answer):
            continue
        found = list(members.secrets(members.load(answer.body)))
        if not found or await site.is_missing(answer):
            continue
        nobody = await site.ask(replace(answer.request, identity=None))
        is_public = isinstance(nobody, Exchange) and denials.gives_data(nobody)
        shown = [each for each in found if is_public or _is_too_much(each, found)]
        if not shown:
            continue
        names = dict.fromkeys(each.key[:64] for each in shown)
        to_whom = "anybody" if is_public else "a user"
        objects = len({id(each.within) for each in shown})
        is_worst = is_public and any(_never(name) for name in names)
        yield sensitive_property_returned.finding(
            f"{operation.method} {operation.path} gives {to_whom} {', '.join(list(names)[:5])} "
            f"of {objects} {'object' if objects == 1 else 'objects'}",
            nobody if is_public and isinstance(nobody, Exchange) else answer,
            operation=operation.operation,
            severity=Severity.CRITICAL if is_worst else None,
        )


def _is_too_much(one: Member, found: list[Member]) -> bool:
    """True for what not even its owner is shown, or what several objects have."""
    if not members.may_be_shown_to_its_owner(one.key):
        return True
    same = {id(each.within) for each in found if each.key == one.key}
    owners = {name for e in found if e.key == one.key for name in members.owners(e.within).values()}
    return len(same) > 1 and len(owners) > 1


def _never(name: str) -> bool:
    return any(word in NEVER_SHOWN for word in members.words(name))
