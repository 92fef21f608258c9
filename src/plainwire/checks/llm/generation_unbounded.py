"""A model is described without a bound on what it writes.

Each word that a model writes costs time and money. Where a caller may ask for any number of them,
and nothing speaks of a limit, one caller can use up both.

Remedy:

    Cap the number of tokens on the server and describe it (`maximum`), count tokens for each
    caller, and answer 429 beyond.

Bad:

    from flask import Flask

    app = Flask(__name__)

    @app.get("/openapi.json")
    def description():
        fields = {"prompt": {"type": "string"}, "max_tokens": {"type": "integer"}}
        body = {"content": {"application/json": {"schema": {"properties": fields}}}}
        return {"openapi": "3.0.3", "paths": {"/v1/completions": {"post": {"requestBody": body}}}}

    @app.get("/")
    def index():
        return {"status": "ok"}

Good:

    from flask import Flask

    app = Flask(__name__)

    @app.get("/openapi.json")
    def description():
        fields = {"prompt": {"type": "string"}, "max_tokens": {"type": "integer", "maximum": 500}}
        body = {"content": {"application/json": {"schema": {"properties": fields}}}}
        return {"openapi": "3.0.3", "paths": {"/v1/completions": {"post": {"requestBody": body}},
                "/sets": {"post": {"requestBody": body}}}}

    @app.get("/")
    def index():
        return {"status": "ok"}

Limits:

    Reads the description; no model is asked. A limit that is not described is not seen, and a
    limit that answers tell of counts.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from itertools import islice

from plainwire.model import ApiOperation, Finding, Location, Severity, Site, check
from plainwire.wire import json_body

MAX_FIELDS = 200
ENDINGS = ("/completions", "/generate", "/chat", "/messages", "/responses", "/generate_stream")
ASKED = frozenset({"prompt", "messages", "input", "inputs", "question", "query"})
BOUNDS = frozenset({"maxtokens", "maxnewtokens", "maxoutputtokens", "maxcompletiontokens", "n"})


@check(
    severity=Severity.MEDIUM,
    cwe=(770,),
    owasp=("API4:2023",),
    references=("OWASP Top 10 for LLM Applications 2025, LLM10", "CWE-770"),
)
async def generation_unbounded(site: Site) -> AsyncIterator[Finding]:
    """One finding for each described generation that neither schema nor answers bound."""
    generating = [each for each in await site.operations() if _generates(each)]
    if not generating:
        site.leave_inapplicable("no generation of text is described")
        return
    site.leave_answered()
    answers = await site.answers()
    has_limits = any(
        name.lower().startswith(("ratelimit", "x-ratelimit"))
        for _, a in answers
        for name, _ in a.headers
    )
    for operation in generating:
        is_told = operation.responses is not None and operation.responses.documents(429)
        if has_limits or is_told or _is_bounded(operation) or not answers:
            continue
        url = answers[0][1].request.origin.url(operation.path)
        yield generation_unbounded.finding(
            f"{operation.method} {operation.path} is described without a maximum of tokens and "
            "without a limit on requests",
            operation=operation.operation,
            locations=(Location(url=url, method=operation.method),),
        )


def _fields(operation: ApiOperation) -> dict[str, str | None]:
    """The names of the body's members, as one word each, with their maximum."""
    if operation.body is None:
        return {}
    walked = islice(operation.body.walk(), MAX_FIELDS)
    return {"".join(json_body.words(w[-1])): s.says("maximum") for w, s in walked}


def _generates(operation: ApiOperation) -> bool:
    """True for a POST that is called like one and takes a prompt, or takes tokens by number."""
    if operation.method != "POST" or not operation.path.endswith(ENDINGS):
        return False
    names = set(_fields(operation))
    is_models = bool(names & BOUNDS - {"n"}) or bool(names & {"model", "temperature"})
    return bool(names & ASKED) and is_models


def _is_bounded(operation: ApiOperation) -> bool:
    return any(name in BOUNDS and most is not None for name, most in _fields(operation).items())
