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

    Of addresses that are put together from parts those are seen that end with the page's own host,
    or in a template with one that it is given. What becomes of a string is followed only where a
    name that is given it is asked in the same file.
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

_GIVEN = re.compile(r"(?:http|ws)://_{4,}(?::\d+)?(?:[/\"'`]|$)")  # a template's value, masked
_CALLS = re.compile(
    r"fetch\s*\(|axios|\.ajax\s*\(|WebSocket\s*\(|EventSource\s*\(|\.open\s*\(|\bio(?:\.connect)?\s*\("
)
_NAMED = re.compile(r"\b(?:const|let|var)\s+(\w{1,60})\s*=")


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
            place = file.span(text.line)
            if text.use == "own":
                yield plain_address_in_script.finding(
                    f"the page's own host is asked at {text.value}", place
                )
                continue
            if text.use == "script" and _GIVEN.match(text.value) and _CALLS.search(place.text):
                yield plain_address_in_script.finding(
                    "a host that the page is given is asked in clear", place
                )
                continue
            if text.use != "script" or not is_remote(text.value):
                continue
            is_asked = _ASKS.search(place.text) or _is_asked_later(place.text, file.text)
            if text.value.startswith("ws://") or is_asked:
                yield plain_address_in_script.finding(
                    f"{text.value[:120]} is asked in clear", place
                )


def _is_asked_later(line: str, text: str) -> bool:
    """True if the line gives the address a name with which something is asked in the file."""
    named = _NAMED.search(line)
    if named is None:
        return False
    asks = r"(?:fetch|axios(?:\.\w+)?|\.(?:get|post|put|patch|delete|ajax|open))\s*\(\s*"
    return re.search(asks + named[1] + r"\b", text[:600_000]) is not None
