"""A language model answers anybody.

The interface that a model is asked by needs no credential. Whoever finds it uses the machine, and
reads the names of what is installed; of some products everybody may also load and delete models.

Remedy:

    Bind the server to the loopback address and put a proxy with a login before it (`--api-key` of
    vLLM and llama.cpp).

Bad:

    from flask import Flask

    app = Flask(__name__)

    @app.get("/v1/models")
    def models():
        return {"object": "list", "data": [{"id": "llama-3", "object": "model", "owned_by": "us"}]}

    @app.get("/")
    def index():
        return {"status": "ok"}

Good:

    from flask import Flask

    app = Flask(__name__)

    @app.get("/v1/models")
    def models():
        return {"object": "list", "data": [{"id": "t", "object": "car", "name": "Model T"}]}

    @app.get("/info")
    def info():
        return {"name": "Accounts", "version": "2.4.1"}

    @app.get("/")
    def index():
        return {"status": "ok"}

Limits:

    Knows the lists of OpenAI's form, Ollama, TGI and llama.cpp by their structure. No model is
    asked for anything.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from plainwire.model import Finding, Operation, Severity, Site, check
from plainwire.wire import json_body
from plainwire.wire.usual_places import INFERENCE


@check(
    severity=Severity.HIGH,
    cwe=(306,),
    owasp=("API2:2023",),
    references=("OWASP Top 10 for LLM Applications 2025, LLM10", "CWE-306"),
)
async def inference_api_open(site: Site) -> AsyncIterator[Finding]:
    """One finding for each interface that is known by its structure."""
    found = False
    for answer in await site.present(*INFERENCE):
        product = _product(json_body.parsed(answer.body))
        if product is not None:
            found = True
            path = answer.request.path
            yield inference_api_open.finding(
                f"{path} shows {product} to anybody", answer, operation=Operation("GET", path)
            )
    if not found:
        site.leave_inapplicable("no interface of a model was found at the usual places")


def _product(document: Any) -> str | None:
    if not isinstance(document, dict):
        return None
    data, models = document.get("data"), document.get("models")
    if document.get("object") == "list" and isinstance(data, list) and _all(data, "object", "id"):
        kinds = {each.get("object") for each in data if isinstance(each, dict)}
        return "the models of an OpenAI-like server" if kinds == {"model"} else None
    if _all(models, "digest", "name"):
        return "the models of Ollama"
    if "model_id" in document and {"max_total_tokens", "docker_label"} & set(document):
        return "a model of Text Generation Inference"
    if "default_generation_settings" in document:
        return "the settings of llama.cpp"
    return None


def _all(items: Any, *keys: str) -> bool:
    """True for a list of objects, at least one, that all have the keys."""
    return (
        isinstance(items, list)
        and bool(items)
        and all(isinstance(each, dict) and set(keys) <= set(each) for each in items[:50])
    )
