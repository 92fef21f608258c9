"""A failed login tells whether its user exists.

The answer to a wrong password differs from the answer to an unknown user. Whoever has a list of
names or addresses learns which of them have an account here, and guesses passwords for those.

Remedy:

    Answer both alike: the same status and the same words ("wrong user or password"), after the
    same work (hash a password for an unknown user too).

Bad:

    from flask import Flask, request

    app = Flask(__name__)
    login = {"username": "ann", "password": "correct-horse-4711"}

    @app.post("/login")
    def log_in():
        given = request.get_json()
        if given["username"] != "ann":
            return {"error": "unknown user"}, 401
        if given["password"] != "correct-horse-4711":
            return {"error": "wrong password"}, 401
        return {"token": "t-081515-4711-t"}

    @app.get("/")
    def index():
        return {"status": "ok"}

Good:

    from flask import Flask, request

    app = Flask(__name__)
    login = {"username": "ann", "password": "correct-horse-4711"}

    @app.post("/login")
    def log_in():
        given = request.get_json()
        if given == {"username": "ann", "password": "correct-horse-4711"}:
            return {"token": "t-081515-4711-t"}
        return {"error": "wrong user or password", "user": given["username"]}, 401

    @app.get("/")
    def index():
        return {"status": "ok"}

Limits:

    Needs `--allow login-probes` and a login recipe: two logins with a wrong password as its user,
    two as a user that nobody is. What is repeated of the user's name does not count, nor do times,
    ids and hashes. How long an answer takes is not measured.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from plainwire.model import Exchange, Finding, Operation, Severity, Site, check
from plainwire.wire import logins
from plainwire.wire.sameness import normalised

TIMES = 2


@check(
    severity=Severity.MEDIUM,
    cwe=(204, 203),
    owasp=("API2:2023",),
    references=("OWASP Authentication Cheat Sheet, Authentication Responses", "CWE-204"),
)
async def login_tells_users(site: Site) -> AsyncIterator[Finding]:
    """One finding if a known and an unknown user are answered differently, twice each."""
    nobody = await site.failed_logins(TIMES, as_nobody=True)
    own = await site.failed_logins(TIMES, as_nobody=False) if len(nobody) == TIMES else ()
    if len(own) < TIMES:
        return
    unknown, known = [{_told(each) for each in answers} for answers in (nobody, own)]
    if len(unknown) != 1 or len(known) != 1 or unknown == known:
        return
    if not all(400 <= each.status < 500 or each.status < 300 for each in (nobody[0], own[0])):
        return
    request = own[0].request
    yield login_tells_users.finding(
        f"{request.method} {request.path} answers a wrong password of a user with {own[0].status} "
        f"and an unknown user with {nobody[0].status}, in other words",
        own[0],
        nobody[0],
        operation=Operation(request.method, request.path.partition("?")[0]),
    )


def _told(answer: Exchange) -> tuple[int, str, bytes]:
    """An answer without what it repeats of the request."""
    body = normalised(answer)
    for value in logins.values(answer.request.body):
        body = body.replace(value.encode(), b"")
    return answer.status, answer.content_type, body
