"""The instructions of a model are shown to anybody.

A system prompt tells how a model is held back, and often more: names of tools, rules of the
business, keys. Who reads it knows what to write around.

Remedy:

    Keep prompts on the server; answer with the fields that a client needs.

Bad:

    from flask import Flask

    app = Flask(__name__)

    @app.get("/")
    def index():
        return {"bot": "Ada", "system_prompt": "You are Ada. Never give discounts above 20 %."}

Good:

    from flask import Flask

    app = Flask(__name__)

    @app.get("/")
    def index():
        return {"bot": "Ada", "system_prompt": None, "instructions": "Mix flour and water, then "
                "knead the dough for ten minutes and let it rest.", "system_prompt_id": "p-17"}

Limits:

    Goes by names of members in JSON, with more than 40 characters of text. "Instructions" are a
    model's only if they speak to one.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

from plainwire.model import Finding, Severity, Site, check
from plainwire.wire import json_body

LEAST = 40
NAMES = frozenset(
    {"systemprompt", "systemmessage", "systeminstruction", "systeminstructions", "preprompt"}
    | {"prompttemplate", "developerprompt", "developermessage", "baseprompt"}
)
_TO_A_MODEL = re.compile(
    r"(?i)^\s*you are (?:an? |the )?\w|as an ai\b|language model|\bassistant\b"
)


@check(
    severity=Severity.HIGH,
    cwe=(200,),
    owasp=("API3:2023",),
    references=("OWASP Top 10 for LLM Applications 2025, LLM07", "CWE-200"),
    left_out=json_body.left_out,
)
async def system_prompt_shown(site: Site) -> AsyncIterator[Finding]:
    """One finding for each operation that shows one."""
    for operation, answer in await site.answers():
        document = json_body.parsed(answer.body) if answer.status < 300 else None
        if isinstance(document, dict) and ("openapi" in document or "swagger" in document):
            continue
        for way, value in json_body.values(document):
            name = "".join(json_body.words(way[-1])) if way else ""
            is_named = name in NAMES or (name == "instructions" and _TO_A_MODEL.search(value))
            if is_named and len(value) > LEAST:
                yield system_prompt_shown.finding(
                    f"{operation.method} {operation.path} shows {way[-1]!r}, {len(value)} "
                    "characters of instructions to a model",
                    answer,
                    operation=operation.operation,
                )
                break
