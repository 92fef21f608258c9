"""An answer has properties that its description does not name.

What no description has, nobody reviewed: columns added later, internal states, fields for other
services appear in answers because whole objects are sent.

Remedy:

    Build answers from a response model that names each property, and describe them all or say
    `additionalProperties: false` and test against it.

Bad:

    from flask import Flask

    app = Flask(__name__)

    @app.get("/openapi.json")
    def openapi():
        item = {"type": "object", "properties": {"id": {"type": "integer"}}}
        answer = {"content": {"application/json": {"schema": item}}}
        return {"openapi": "3.0.0", "paths": {"/offer": {"get": {"responses": {"200": answer}}}}}

    @app.get("/offer")
    def offer():
        return {"id": 1, "purchase_price": 3}

Good:

    from flask import Flask

    app = Flask(__name__)

    @app.get("/openapi.json")
    def openapi():
        item = {"type": "object", "properties": {"id": {"type": "integer"}}}
        free = {"type": "object", "additionalProperties": True, "properties": {}}
        def get(schema):
            return {"get": {"responses": {"200": {"content": {"application/json": {
                "schema": schema}}}}}}
        return {"openapi": "3.0.0", "paths": {"/offer": get(item), "/labels": get(free)}}

    @app.get("/offer")
    def offer():
        return {"id": 1}

    @app.get("/labels")
    def labels():
        return {"colour": "red"}

Limits:

    Operations whose description has a schema with properties for the status that came, down to
    lists and objects; maps (`additionalProperties`) may have any. One finding an operation.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from plainwire.model import Finding, Severity, Site, check
from plainwire.wire import described_answers, members

# Members that frameworks put around any answer.
ENVELOPE = frozenset(
    {"_links", "_embedded", "@context", "@id", "@type", "links", "meta", "$schema"}
)


@check(
    severity=Severity.LOW,
    cwe=(213,),
    owasp=("API3:2023",),
    references=("OWASP API Security Top 10 2023, API3",),
    left_out=members.left_out,
)
async def undocumented_property_returned(site: Site) -> AsyncIterator[Finding]:
    """One finding for each operation, with the names."""
    for operation, answer in await site.answers():
        extra = dict.fromkeys(
            str(name)[:64]
            for value, schema in described_answers.objects(operation, answer)
            if schema.properties and not schema.is_open
            for name in value
            if name not in schema.properties and name not in ENVELOPE
        )
        if extra:
            yield undocumented_property_returned.finding(
                f"{operation.method} {operation.path} answers with {', '.join(list(extra)[:5])}, "
                "which its description does not have",
                answer,
                operation=operation.operation,
            )
