"""A script asks a plain HTTP or WebSocket address.

What the page sends there, tokens included, and what comes back can be read and changed on the
way; from an https page browsers block it (W3C Mixed Content; CWE-319).

Remedy:

    Use https:// and wss://, or a path without a scheme.

Bad:

    --- static/app.js
    fetch("http://api.openweathermap.org/orders");

Good:

    --- static/app.js
    fetch("/orders");
    // fetch("http://api.openweathermap.org/orders");

Limits:

    Addresses that are put together from parts are not seen, nor what becomes of a string.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from plainwire.model import Finding, Project, Severity, rule
from plainwire.wire.plain_urls import is_remote

_ASKS = re.compile(
    r"fetch\s*\(|axios|\.ajax|\.get\s*\(|\.post\s*\(|WebSocket|EventSource|\.open\s*\(|\bio\s*\("
    r"|import\s*\(|base_?url|api|endpoint|host|server|src\s*=",
    re.IGNORECASE,
)


@rule(
    kind="js-insecure-url",
    severity=Severity.MEDIUM,
    cwe=(319,),
    references=("W3C Mixed Content, section 3", "RFC 6455, section 10.6"),
)
def plain_address_in_script(project: Project) -> Iterator[Finding]:
    """Strings in scripts with a plain address on the internet, on a line that asks something."""
    for file in (*project.of("script"), *project.of("template")):
        if file.environment not in ("production", "staging"):
            continue
        for text in project.texts(file):
            if text.use != "script" or not is_remote(text.value):
                continue
            place = file.span(text.line)
            if text.value.startswith("ws://") or _ASKS.search(place.text):
                yield plain_address_in_script.finding(
                    f"{text.value[:120]} is asked in clear", place
                )
