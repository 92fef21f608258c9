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

from plainwire.model import Finding, Schema, Severity, Site, check
from plainwire.wire import described_answers, members


@check(
    severity=Severity.HIGH,
    cwe=(213,),
    owasp=("API3:2023",),
    references=("OpenAPI 3.0, section 4.7.24.1", "OWASP API Security Top 10 2023, API3"),
    left_out=members.left_out,
)
async def write_only_property_returned(site: Site) -> AsyncIterator[Finding]:
    """One finding for each operation, with the names."""
    for operation, answer in await site.answers():
        found = dict.fromkeys(
            name[:64]
            for value, schema in described_answers.objects(operation, answer)
            for name, part in schema.properties.items()
            if members.is_told(value.get(name)) and _is_only_written(part)
        )
        if found:
            yield write_only_property_returned.finding(
                f"{operation.method} {operation.path} answers with {', '.join(list(found)[:5])}, "
                "which its description says is only written",
                answer,
                operation=operation.operation,
            )


def _is_only_written(part: Schema) -> bool:
    return part.says("writeOnly") == "true" or part.format == "password"
