"""An answer or a script holds a key of a model's provider.

Whoever reads it spends the owner's money, and may read what was sent with it before. Keys in
scripts of pages are found by everybody who looks at the source.

Remedy:

    Revoke the key, ask the provider from the server only, and give it a limit on spending.

Bad:

    from flask import Flask

    app = Flask(__name__)

    @app.get("/")
    def index():
        return {"model": "whisper", "token": "hf_" + "qLwKzRmTnVbXcJhGfDsPaYuIoEtWrQkMvZ"[:34]}

Good:

    from flask import Flask

    app = Flask(__name__)

    @app.get("/")
    def index():
        return {"model": "whisper", "token": "hf_" + "x" * 34, "id": "sk-learn-pipeline",
                "docs": "export OPENAI_API_KEY=sk-your-key-here"}

Limits:

    Knows the formats of OpenAI, Anthropic, Hugging Face and Groq. Reads answers of operations
    that are asked and the scripts of their pages.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from plainwire.model import Confidence, Exchange, Finding, Operation, Severity, Site, check
from plainwire.wire import secret_formats


@check(
    severity=Severity.CRITICAL,
    cwe=(798,),
    owasp=("API3:2023",),
    references=("CWE-798", "OWASP Top 10 for LLM Applications 2025, LLM02"),
    left_out=secret_formats.left_out,
)
async def model_key_in_answer(site: Site) -> AsyncIterator[Finding]:
    """One finding for each key, masked, at the first place that shows it."""
    found: list[tuple[Operation, Exchange]] = [
        (each.operation, answer) for each, answer in await site.answers()
    ]
    for request, part in (await site.loaded_by([answer for _, answer in found])).items():
        if isinstance(part, Exchange) and part.status == 200:
            found.append((Operation("GET", request.path.partition("?")[0]), part))
    seen: set[str] = set()
    for operation, answer in found:
        for secret in secret_formats.found(answer.text):
            if secret.is_of_model and secret.value not in seen:
                seen.add(secret.value)
                yield model_key_in_answer.finding(
                    f"{operation.method} {operation.path} shows an {secret.of}: {secret.shown}",
                    answer,
                    operation=operation,
                    parameter=secret.of,
                    confidence=Confidence.FIRM,
                )
