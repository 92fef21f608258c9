"""Werkzeug's debugger is on.

The debugger of Flask's development server shows source code and values of variables with every
error, and its console runs Python for whoever has the PIN, which can be worked out from what the
traceback shows. It is remote code execution by design.

Remedy:

    Serve with gunicorn or another production server, without `debug=True`, `--debug` or
    FLASK_DEBUG, and nothing wrapped in DebuggedApplication.

Bad:

    from flask import Flask
    from werkzeug.debug import DebuggedApplication

    app = Flask(__name__)

    @app.get("/")
    def index():
        return {"status": "ok"}

    app.wsgi_app = DebuggedApplication(app.wsgi_app, evalex=True)

Good:

    from flask import Flask

    app = Flask(__name__)
    STYLE = "#explanation { color: red } .debugger { margin: 0 }"

    @app.get("/")
    def index():
        return STYLE, {"Content-Type": "text/css"}

    @app.get("/console")
    def console():
        return "<title>Console // Accounts</title>"

Limits:

    Asks for the debugger's style sheet and for /console, which read a file and a page. Its PIN,
    its frames and its other commands are never touched.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from plainwire.model import Answer, Exchange, Finding, Operation, Request, Severity, Site, check
from plainwire.wire.probes import BODY_LIMIT

STYLE = "?__debugger__=yes&cmd=resource&f=style.css"
CONSOLE = "/console"


@check(
    severity=Severity.CRITICAL,
    cwe=(489, 94),
    references=("CVE-2024-34069", "Werkzeug, Debugging Applications"),
)
async def debugger_open(site: Site) -> AsyncIterator[Finding]:
    """One finding for the site, if its style sheet or its console is served."""
    operations = await site.operations()
    first = next((each.request for each in operations if each.request is not None), None)
    if first is None:
        return
    origin, way = first.origin, first.path.partition("?")[0]
    plain, style, console = await asyncio.gather(
        site.ask(Request(origin, "GET", way)),
        site.ask(Request(origin, "GET", f"{way}{STYLE}", body_limit=BODY_LIMIT)),
        site.ask(Request(origin, "GET", CONSOLE, body_limit=BODY_LIMIT)),
    )
    has_style = _is_style(style) and not _is_style(plain)
    has_console = _is_console(console)
    if not has_style and not has_console:
        return
    seen = [a for a in (style if has_style else None, console if has_console else None) if a]
    what = "its console, where Python is run" if has_console else "its style sheet"
    is_locked = has_style and isinstance(console, Exchange) and console.status == 400
    more = "; the console is there and refuses this host" if is_locked else ""
    yield debugger_open.finding(
        f"Werkzeug's debugger serves {what}{more}",
        *(each for each in seen if isinstance(each, Exchange)),
        operation=Operation("GET", CONSOLE if has_console else way),
        severity=None if has_console else Severity.HIGH,
    )


def _is_style(answer: Answer) -> bool:
    """text/css with the debugger's own rules (Werkzeug 0.15 to 3.1)."""
    return (
        isinstance(answer, Exchange)
        and answer.status == 200
        and answer.content_type == "text/css"
        and b".debugger" in answer.body
    )


def _is_console(answer: Answer) -> bool:
    return (
        isinstance(answer, Exchange)
        and answer.status == 200
        and b"// Werkzeug Debugger</title>" in answer.body
        and b"CONSOLE_MODE = true" in answer.body
    )
