"""A user and a password that systems are delivered with get in.

`admin` and `admin` are the first that everybody tries, and what programs try at every address of
the internet all day.

Remedy:

    Deliver no account with a password; let the first start ask for one or make a random one.

Bad:

    from flask import Flask, request

    app = Flask(__name__)
    login = {"username": "ann", "password": "correct-horse-4711"}
    accounts = {"ann": "correct-horse-4711", "admin": "admin"}

    @app.post("/login")
    def log_in():
        given = request.get_json()
        if accounts.get(given["username"]) != given["password"]:
            return {"error": "wrong user or password"}, 401
        return {"token": f"t-081515-4711-{given['username']}"}

    @app.get("/")
    def index():
        return {"status": "ok"}

Good:

    from flask import Flask, request

    app = Flask(__name__)
    login = {"username": "ann", "password": "correct-horse-4711"}
    accounts = {"ann": "correct-horse-4711", "admin": "a7Jq0vQpX2mT9rLw5ZkYc8NfHs3UdBe1"}

    @app.post("/login")
    def log_in():
        given = request.get_json()
        if accounts.get(given["username"]) != given["password"]:
            return {"error": "wrong user or password", "token": ""}, 200
        return {"token": f"t-081515-4711-{given['username']}"}

    @app.get("/")
    def index():
        return {"status": "ok"}

Limits:

    Needs `--allow default-credentials` and a login recipe. Eight usual pairs, at most two for a
    name; a login gets in if its answer has the credential where the recipe says, twice, and a
    user that nobody is does not get one. What it opens is not looked at. A login that locks
    an account after one failure locks one of those.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from plainwire.model import Finding, Operation, Severity, Site, check
from plainwire.wire import logins


@check(
    severity=Severity.CRITICAL,
    cwe=(1392, 1393),
    owasp=("API2:2023",),
    references=("CWE-1392", "OWASP WSTG-ATHN-02"),
)
async def default_credentials_accepted(site: Site) -> AsyncIterator[Finding]:
    """One finding for all that get in."""
    found = await site.default_logins()
    if not found:
        return
    request = found[0].request
    pairs = [" and ".join(logins.values(each.request.body)[:2]) for each in found]
    yield default_credentials_accepted.finding(
        f"{request.method} {request.path} lets in {', '.join(pairs)}",
        found[0],
        operation=Operation(request.method, request.path.partition("?")[0]),
    )
