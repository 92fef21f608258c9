"""An answer holds what its description says is only written.

The schema marks a property as `writeOnly` or as a password: it may be sent to the API and is
never given back. The answer has it all the same.

Remedy:

    Leave the property out of the response model; one model for reading and another for writing
    keep it out for good.

Bad:

    from flask import Flask

    app = Flask(__name__)

    @app.get("/openapi.json")
    def openapi():
        words = {"type": "string", "writeOnly": True}
        user = {"type": "object", "properties": {"name": {"type": "string"}, "phrase": words}}
        answer = {"content": {"application/json": {"schema": user}}}
        return {"openapi": "3.0.0", "paths": {"/user": {"get": {"responses": {"200": answer}}}}}

    @app.get("/user")
    def user():
        return {"name": "ann", "phrase": "correct horse"}

Good:

    from flask import Flask

    app = Flask(__name__)

    @app.get("/openapi.json")
    def openapi():
        words = {"type": "string", "writeOnly": True}
        user = {"type": "object", "properties": {"name": {"type": "string"}, "phrase": words}}
        answer = {"content": {"application/json": {"schema": user}}}
        return {"openapi": "3.0.0", "paths": {"/user": {"get": {"responses": {"200": answer}}}}}

    @app.get("/user")
    def user():
        return {"name": "ann", "phrase": None}

Limits:

    Operations whose description has a schema for the status that came, down to lists and
    objects. A value that is null, empty or masked is none.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from plainwire.model import Finding, Schema, Severity, Site, check
from plainwire.wire import members

MAX_DEPTH = 6


@check(
    severity=Severity.HIGH,
    cwe=(213,),
    owasp=("API3:2023",),
    references=("OpenAPI 3.0, section 4.7.24.1", "OWASP API Security Top 10 2023, API3"),
)
async def write_only_property_returned(site: Site) -> AsyncIterator[Finding]:
    """One finding for each operation, with the names."""
    for operation, answer in await site.answers():
        if operation.responses is None or not 200 <= answer.status < 300:
            continue
        schema = operation.responses.schema(answer.status)
        if schema is None:
            continue
        found = dict.fromkeys(_hidden(members.load(answer.body), schema, 0))
        if found:
            yield write_only_property_returned.finding(
                f"{operation.method} {operation.path} answers with {', '.join(list(found)[:5])}, "
                "which its description says is only written",
                answer,
                operation=operation.operation,
            )


def _hidden(value: Any, schema: Schema, depth: int) -> list[str]:
    """The names of members with a value that the schema says are only written."""
    if depth > MAX_DEPTH:
        return []
    if isinstance(value, list):
        item = schema.items
        if item is None:
            return []
        return [name for each in value[:50] for name in _hidden(each, item, depth + 1)]
    if not isinstance(value, dict):
        return []
    found = []
    for name, part in schema.properties.items():
        each = value.get(name)
        if isinstance(each, dict | list):
            found += _hidden(each, part, depth + 1)
        elif members.is_told(each) and (
            part.says("writeOnly") == "true" or part.format == "password"
        ):
            found.append(name[:64])
    return found
