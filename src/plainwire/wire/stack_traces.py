"""Whether a text holds a stack trace or a framework's debug page, and whose."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from plainwire.model import Exchange

MAX_TEXT = 512 * 1024  # characters looked at

# Each is the shape that the runtime itself prints: words about errors are not enough.
_TRACES = tuple(
    (name, re.compile(pattern, re.VERBOSE | re.MULTILINE))
    for name, pattern in (
        (
            "Python",
            r"""Traceback[ ]\(most[ ]recent[ ]call[ ]last\):\s{1,200}
                File[ ]"[^"\n]{1,500}",[ ]line[ ]\d""",
        ),
        ("Java", r"^\s{0,20}at[ ][\w.$]{3,300}\([\w$]{1,200}\.(?:java|kt|scala|groovy):\d+\)"),
        (
            ".NET",
            r"""^\s{1,20}at[ ][\w.`<>\[\]]{3,300}\([^()\n]{0,300}\)
                (?:[ ]in[ ][^\n]{1,300}:line[ ]\d|\r?\n\s{1,20}at[ ][\w.`<>\[\]]{3,300}\()""",
        ),
        (
            "Node.js",
            r"""^\s{1,20}at[ ][^\n]{0,300}(?:/|file://|node:|[A-Z]:\\)[^\n():]{0,300}:\d+:\d+""",
        ),
        (
            "PHP",
            r"""(?:Stack[ ]trace:\s{1,10}\#0[ ]
                |(?:Fatal[ ]error|Uncaught[ ]\w{1,100})[^\n]{0,500}[ ]in[ ])
                /[^\n]{1,300}\.php[(:]""",
        ),
        ("Ruby", r"^\s{0,20}(?:from[ ])?/[^\n:]{1,300}\.rb:\d+:in[ ][`'][^\n]{1,200}'"),
        ("Go", r"goroutine[ ]\d+[ ]\[running\]:\n"),
    )
)
_DEBUG_PAGES = (
    ("Werkzeug's debugger", re.compile(r"// Werkzeug Debugger</title>|EVALEX = (?:true|false)")),
    ("Django's DEBUG page", re.compile(r"you have <code>DEBUG = True</code>")),
    ("ASP.NET's error page", re.compile(r"<b>Version Information:</b>[^<]{0,20}Microsoft \.NET")),
)
_KEYS = frozenset(
    {"trace", "traceback", "stack", "stacktrace", "backtrace", "exception", "debug", "detail"}
)


@dataclass(frozen=True, slots=True)
class Trace:
    """What was found: whose it is, and whether it is a page that debugging switches on."""

    of: str
    is_debug_page: bool = False


def in_text(text: str) -> Trace | None:
    """The trace or debug page in a text, HTML or not. Returns None if there is none."""
    text = text[:MAX_TEXT]
    for name, pattern in _DEBUG_PAGES:
        if pattern.search(text):
            return Trace(name, is_debug_page=True)
    plain = html.unescape(text)
    return next((Trace(name) for name, pattern in _TRACES if pattern.search(plain)), None)


def left_out(exchange: Exchange) -> str:
    """Why the end of a text is left out. Returns an empty string if it is not.

    Whose text it is depends on the status, as `in_json` says.
    """
    if len(exchange.body) <= MAX_TEXT:
        return ""
    is_error = exchange.status >= 400
    try:
        texts = _texts(json.loads(exchange.body), is_error)
    except (ValueError, RecursionError):
        texts = iter([exchange.text] if is_error else [])
    if all(len(text) <= MAX_TEXT for text in texts):
        return ""
    return f"only the first {MAX_TEXT >> 10} Ki characters of its body are looked at"


def in_json(body: bytes, *, is_error: bool) -> Trace | None:
    """The trace in the texts of a JSON body. Returns None if there is none, or it is no JSON.

    In an answer that is no error only the members that are called so count: an article about
    errors quotes traces rightly.
    """
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return None
    for text in _texts(document, is_error):
        if (found := in_text(text)) is not None:
            return found
    return None


def _texts(document: Any, is_wanted: bool) -> Iterator[str]:
    """The texts that count, in order, however deep they are."""
    waiting = [(document, is_wanted)]
    while waiting:
        value, is_wanted = waiting.pop()
        inner: list[tuple[Any, bool]] = []
        if isinstance(value, str) and is_wanted:
            yield value
        elif isinstance(value, list):
            lines = [each for each in value if isinstance(each, str)]
            if lines and is_wanted:
                yield "\n".join(lines)  # frames one by one
            inner = [(each, is_wanted) for each in value if not isinstance(each, str)]
        elif isinstance(value, dict):
            for key, each in value.items():
                named = "".join(c for c in str(key).lower() if c.isalpha()) in _KEYS
                inner.append((each, is_wanted or named))
        waiting += reversed(inner)
