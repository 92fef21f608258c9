"""How long an API description of 1,300 operations takes: `python bench/descriptions.py`.

The document has what large public ones have: shared parameters, answers and schemas by reference,
security by default, three answers an operation.
"""

from __future__ import annotations

import json
import statistics
from time import process_time
from typing import Any

from plainwire.wire import openapi

OPERATIONS = 1300
ROUNDS = 9


def document(operations: int = OPERATIONS) -> dict[str, Any]:
    """An OpenAPI 3 document with so many operations."""
    count = (operations + 3) // 4
    reference = "#/components/{}/{}".format
    paths = {}
    for n in range(count):
        schema = {"$ref": reference("schemas", f"Thing{n}")}
        answers = {
            "200": {
                "description": "A thing, whatever it is.",
                "content": {"application/json": {"schema": schema}},
            },
            "404": {"$ref": reference("responses", "Missing")},
            "default": {"$ref": reference("responses", "Missing")},
        }
        paths[f"/things{n}/{{id}}"] = {
            "parameters": [{"$ref": reference("parameters", "Id")}],
            **{
                method: {
                    "operationId": f"{method}Thing{n}",
                    "summary": "A thing of the many that there are",
                    "tags": [f"things{n % 40}"],
                    "parameters": [
                        {"name": "limit", "in": "query", "schema": {"type": "integer"}},
                        {"name": "page", "in": "query", "schema": {"type": "integer"}},
                    ],
                    "responses": answers,
                    **(
                        {"requestBody": {"content": {"application/json": {"schema": schema}}}}
                        if method != "get"
                        else {}
                    ),
                }
                for method in ("get", "put", "patch", "delete")
            },
        }
    properties = {f"field{n}": {"type": "string", "description": "A field."} for n in range(25)}
    return {
        "openapi": "3.0.3",
        "info": {"title": "Things", "version": "1"},
        "security": [{"bearer": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
            "parameters": {"Id": {"name": "id", "in": "path", "schema": {"type": "integer"}}},
            "responses": {"Missing": {"description": "There is none."}},
            "schemas": {
                f"Thing{n}": {
                    "properties": {**properties, "next": {"$ref": reference("schemas", "Thing0")}}
                }
                for n in range(count)
            },
        },
    }


def row() -> dict[str, object]:
    """The medians in milliseconds of CPU: to parse, to read, to judge names, to look up a line."""
    text = json.dumps(document()).encode()
    parse, read, judge, line = [], [], [], []
    for _ in range(ROUNDS):
        at = [process_time()]
        parsed = openapi.load(text)
        at.append(process_time())
        api = openapi.read(parsed, skipped=[])
        at.append(process_time())
        for each in api.operations:
            openapi.changes_state(each)
        at.append(process_time())
        openapi.line_of(text, api.operations[-1].pointer)
        at.append(process_time())
        for found, start, end in zip((parse, read, judge, line), at[:-1], at[1:], strict=True):
            found.append((end - start) * 1000)
    return {
        "case": f"a description of {OPERATIONS} operations",
        "mib": len(text) / 2**20,
        "parse_ms": statistics.median(parse),
        "read_ms": statistics.median(read),
        "judge_ms": statistics.median(judge),
        "line_ms": statistics.median(line),
    }


def table(found: dict[str, object]) -> str:
    """The row as the table of docs/performance.md."""
    return (
        "\n| description (CPU, ms) | MiB | parsed | read | names judged | one line looked up |\n"
        "|---|---|---|---|---|---|\n"
        f"| {OPERATIONS:,} operations, JSON | {found['mib']:.1f} | {found['parse_ms']:.0f} | "
        f"{found['read_ms']:.0f} | {found['judge_ms']:.0f} | {found['line_ms']:.0f} |"
    )


if __name__ == "__main__":
    print(table(row()))
