"""An operation for administrators answers any user.

The API checks that the caller is logged in and not what it may do: with an ordinary account
everything of the administrators is there for whoever knows the path.

Remedy:

    Check the role in one place for everything below the administrators' path, refuse by default,
    and test each such route as an ordinary user.

Bad:

    from flask import Flask, request

    app = Flask(__name__)
    users = {"alice": token("a7Jq0vQpX2mT9rLw5ZkYc8NfHs3UdBe1", sub="alice", role="customer")}

    @app.before_request
    def log_in():
        is_known = request.headers.get("Authorization") == f"Bearer {users['alice']}"
        if request.path.startswith("/admin") and not is_known:
            return {"error": "token required"}, 401

    @app.get("/openapi.json")
    def openapi():
        return {"openapi": "3.0.0", "paths": {"/admin/customers": {"get": {}}}}

    @app.get("/admin/customers")
    def customers():
        return {"customers": [{"id": 1, "credit": 100}]}

Good:

    from flask import Flask, request

    app = Flask(__name__)
    users = {"alice": token("a7Jq0vQpX2mT9rLw5ZkYc8NfHs3UdBe1", sub="alice", role="customer")}

    @app.before_request
    def log_in():
        if request.path.startswith("/admin"):
            return {"status": "fail", "message": "forbidden"}

    @app.get("/openapi.json")
    def openapi():
        return {"openapi": "3.0.0", "paths": {"/admin/customers": {"get": {}},
                                              "/administrative-areas": {"get": {}}}}

    @app.get("/admin/customers")
    def customers():
        return {"customers": [{"id": 1, "credit": 100}]}

    @app.get("/administrative-areas")
    def areas():
        return {"areas": ["north", "south"]}

Limits:

    Needs an identity that is no administrator: its token, its own page or the configuration
    (`admin = false`) says so; where nothing does, the finding is tentative. What is for
    administrators is told by the path, the tags and the summary.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

from plainwire.model import Confidence, Exchange, Finding, Severity, Site, check
from plainwire.wire import denials, members, places
from plainwire.wire.sameness import is_alike


@check(
    severity=Severity.HIGH,
    cwe=(285, 862),
    owasp=("API5:2023",),
    references=("OWASP API Security Top 10 2023, API5",),
)
async def admin_operation_open_to_users(site: Site) -> AsyncIterator[Finding]:
    """One finding for each operation of administrators that gives data to an ordinary user."""
    users = await site.users()
    rights = {user: await _is_admin(site, user) for user in users}
    ordinary = [user for user in users if rights[user] is not True]
    if users and not ordinary:
        site.leave_untested("every identity is an administrator")
    admins = [user for user in users if rights[user]]
    for user in sorted(ordinary, key=lambda name: rights[name] is None)[:1]:
        for operation, own in await site.guarded(user):
            if not places.is_for_admins(operation) or places.is_about_service(operation.path):
                continue
            if await site.is_missing(own):
                continue
            if admins:
                theirs = await site.ask(replace(own.request, identity=admins[0]))
                if not isinstance(theirs, Exchange) or not is_alike(theirs, own):
                    continue
            is_sure = rights[user] is False
            yield admin_operation_open_to_users.finding(
                f"{operation.method} {operation.path} is for administrators by its name, and "
                "gives its data to "
                + ("an ordinary user" if is_sure else "a user who may be an ordinary one"),
                own,
                operation=operation.operation,
                confidence=Confidence.FIRM if is_sure else Confidence.TENTATIVE,
                severity=None if is_sure else Severity.MEDIUM,
            )


async def _is_admin(site: Site, user: str) -> bool | None:
    """What the configuration, the token or the user's own page says. None if nothing does."""
    said = (await site.identity(user)).is_admin
    if said is not None:
        return said
    for operation, own in await site.answers(user):
        if places.is_of_oneself(operation) and denials.gives_data(own):
            for each in list(members.objects(members.load(own.body)))[:3]:
                if (told := members.says_admin(each)) is not None:
                    return told
    return None
