"""A manifest for agents is public.

It tells programs of language models what the API does and how to use it. That is its purpose; one
that asks for no login makes whatever it describes a tool of everybody's agent.

Remedy:

    Nothing, if agents of others are meant to come. Else take it away, and name the scheme by
    which agents log in.

Bad:

    from flask import Flask

    app = Flask(__name__)

    @app.get("/.well-known/ai-plugin.json")
    def manifest():
        return {"schema_version": "v1", "name_for_model": "todo", "auth": {"type": "none"},
                "api": {"type": "openapi", "url": "/openapi.json"}}

    @app.get("/")
    def index():
        return {"status": "ok"}

Good:

    from flask import Flask

    app = Flask(__name__)

    @app.get("/<path:anything>")
    def page(anything):
        return {"name": "Accounts"}

    @app.get("/")
    def index():
        return {"status": "ok"}

Limits:

    Asks for three usual names and parses what is there.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from plainwire.model import Exchange, Finding, Operation, Severity, Site, check
from plainwire.wire import json_body
from plainwire.wire.usual_places import MANIFESTS


@check(
    severity=Severity.INFO,
    cwe=(200, 306),
    owasp=("API9:2023",),
    references=("Agent2Agent Protocol, Agent Card", "OWASP API Security Top 10 2023, API9"),
)
async def agent_manifest_public(site: Site) -> AsyncIterator[Finding]:
    """One finding for each manifest; one that asks for no login is more than a note."""
    found = False
    for answer in await site.present(*MANIFESTS):
        told = _told(answer)
        if told is not None:
            found = True
            what, is_open = told
            path = answer.request.path
            yield agent_manifest_public.finding(
                f"{path} {what}",
                answer,
                operation=Operation("GET", path),
                severity=Severity.LOW if is_open else None,
            )
    if not found:
        site.leave_inapplicable("no manifest for agents was found at the usual places")


def _told(answer: Exchange) -> tuple[str, bool] | None:
    document = json_body.parsed(answer.body)
    if isinstance(document, dict):
        if "name_for_model" in document or "description_for_model" in document:
            auth = document.get("auth")
            is_open = isinstance(auth, dict) and auth.get("type") == "none"
            return f"describes a plugin{' that needs no login' if is_open else ''}", is_open
        if isinstance(document.get("skills"), list) and "url" in document:
            is_open = not document.get("securitySchemes") and not document.get("authentication")
            return f"describes an agent{' that names no login' if is_open else ''}", is_open
        return None
    is_text = answer.content_type in ("text/plain", "text/markdown") and answer.text.startswith(
        "# "
    )
    is_list = answer.request.path == "/llms.txt" and is_text
    return ("tells models what to read", False) if is_list else None
