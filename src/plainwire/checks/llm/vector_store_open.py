"""A store of embeddings, or the console of a model, answers anybody.

What was given to a model to know lies there, readable and often writable: documents of the
company, and the flows that use them, with their keys.

Remedy:

    Switch the product's own login on (an API key of Qdrant, Weaviate or Flowise) and keep it off
    the public network.

Bad:

    from flask import Flask

    app = Flask(__name__)

    @app.get("/collections")
    def collections():
        return {"result": {"collections": [{"name": "contracts"}]}, "status": "ok", "time": 1e-5}

    @app.get("/")
    def index():
        return {"status": "ok"}

Good:

    from flask import Flask

    app = Flask(__name__)

    @app.get("/collections")
    def collections():
        return {"result": [{"name": "Spring"}, {"name": "Summer"}], "status": "ok"}

    @app.get("/config")
    def config():
        return {"version": "1.2", "theme": "dark"}

    @app.get("/")
    def index():
        return {"status": "ok"}

Limits:

    Knows Qdrant, Weaviate, Chroma, Flowise, Ray and Gradio by the structure of one answer each.
    Gradio is often meant for everybody, and counts for less.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from plainwire.model import Finding, Operation, Severity, Site, check
from plainwire.wire import json_body
from plainwire.wire.usual_places import STORES


@check(
    severity=Severity.HIGH,
    cwe=(306,),
    owasp=("API2:2023",),
    references=("OWASP Top 10 for LLM Applications 2025, LLM08", "CWE-306"),
)
async def vector_store_open(site: Site) -> AsyncIterator[Finding]:
    """One finding for each product that is known by its structure."""
    found = False
    for answer in await site.present(*STORES):
        product = _product(answer.request.path, json_body.parsed(answer.body))
        if product is not None:
            found = True
            path = answer.request.path
            yield vector_store_open.finding(
                f"{path} is {product}, open to anybody",
                answer,
                operation=Operation("GET", path),
                severity=Severity.LOW if product == "Gradio" else None,
            )
    if not found:
        site.leave_inapplicable("no store and no console of a model was found at the usual places")


def _product(path: str, document: Any) -> str | None:
    if path == "/api/v1/chatflows":
        flows = document if isinstance(document, list) else []
        is_flow = bool(flows) and isinstance(flows[0], dict) and "flowData" in flows[0]
        return "Flowise" if is_flow else None
    if not isinstance(document, dict):
        return None
    result = document.get("result")
    if (
        isinstance(result, dict)
        and isinstance(result.get("collections"), list)
        and "time" in document
    ):
        return "Qdrant"
    if path == "/v1/schema" and isinstance(document.get("classes"), list):
        classes = document["classes"]
        return "Weaviate" if not classes or "vectorizer" in str(classes[0]) else None
    if "nanosecond heartbeat" in document:
        return "Chroma"
    if "ray_version" in document:
        return "Ray"
    if {"components", "dependencies", "version"} <= set(document) and path == "/config":
        return "Gradio"
    return None
