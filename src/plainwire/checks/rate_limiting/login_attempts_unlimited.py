"""Logins may be tried without a limit.

Ten wrong passwords in a row were answered as the first one was. Lists of leaked passwords are
tried at every login that is open to it, a million an hour.

Remedy:

    Slow down and then refuse logins that fail in a row, for an account and for an address: 429
    with Retry-After, and a second factor.

Bad:

    from flask import Flask

    app = Flask(__name__)
    login = {"username": "ann", "password": "correct-horse-4711"}

    @app.post("/login")
    def log_in():
        return {"error": "wrong user or password"}, 401

    @app.get("/")
    def index():
        return {"status": "ok"}

Good:

    from flask import Flask

    app = Flask(__name__)
    login = {"username": "ann", "password": "correct-horse-4711"}
    failed = []

    @app.post("/login")
    def log_in():
        failed.append(1)
        if len(failed) > 6:
            return {"error": "too many"}, 429, {"Retry-After": "60"}
        return {"error": "wrong user or password"}, 401

    @app.get("/")
    def index():
        return {"status": "ok"}

Limits:

    Needs `--allow login-probes` and a login recipe. Ten logins as a user that nobody is, so that
    no account is locked: a limit for an account that exists, and one above ten, is not seen.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from plainwire.model import Confidence, Finding, Operation, Severity, Site, check
from plainwire.wire import rate_limits

TIMES = 10


@check(
    severity=Severity.MEDIUM,
    cwe=(307,),
    owasp=("API2:2023", "API4:2023"),
    references=("OWASP Authentication Cheat Sheet, Login Throttling", "CWE-307"),
    is_last=True,
)
async def login_attempts_unlimited(site: Site) -> AsyncIterator[Finding]:
    """One finding if ten failed logins in a row are all answered as the first one."""
    answers = await site.failed_logins(TIMES, as_nobody=True)
    if len(answers) < TIMES or any(map(rate_limits.tells, answers)):
        return
    if len({each.status for each in answers}) > 1 or not 200 <= answers[0].status < 500:
        return
    request = answers[0].request
    yield login_attempts_unlimited.finding(
        f"{request.method} {request.path} answered {len(answers)} wrong passwords in a row with "
        f"{answers[0].status}, without a field that tells of a limit",
        answers[-1],
        operation=Operation(request.method, request.path.partition("?")[0]),
        confidence=Confidence.FIRM,
    )
