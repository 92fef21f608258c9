"""Pages that tell how the server is set up are open to anybody.

Environment variables, settings, profiles and counters are for operators. They hold passwords and
keys, names of inner hosts, and paths of every operation.

Remedy:

    Serve diagnostics on a port that only operators reach, or ask for a credential; health checks
    need a status and nothing else.

Bad:

    from flask import Flask

    app = Flask(__name__)

    @app.get("/debug")
    def debug():
        return {"PATH": "/usr/bin", "HOME": "/root", "POSTGRES_PASSWORD": "kf83hfkq92"}

    @app.get("/")
    def index():
        return {"status": "ok"}

Good:

    from flask import Flask

    app = Flask(__name__)

    @app.get("/health")
    def health():
        return {"status": "UP", "version": "2.4.1"}

    @app.get("/debug")
    def debug():
        return {"path": "/items", "home": "/", "debug": False}

    @app.get("/")
    def index():
        return {"status": "ok"}

Limits:

    Asks for a dozen usual names and knows each by its content, in operations that are described
    too. A dump of memory is never asked for.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

from plainwire.model import Exchange, Finding, Operation, Severity, Site, check
from plainwire.wire import json_body

PATHS = (
    "/debug",
    "/env",
    "/config",
    "/actuator",
    "/actuator/env",
    "/metrics",
    "/server-status",
    "/phpinfo.php",
    "/debug/vars",
    "/debug/pprof/",
)
VARIABLES = frozenset(
    {"PATH", "HOME", "PWD", "HOSTNAME", "LANG", "USER", "SHELL", "PYTHONPATH", "VIRTUAL_ENV"}
    | {"PYTHON_VERSION", "GPG_KEY", "DATABASE_URL", "SECRET_KEY", "NODE_ENV", "TERM", "SHLVL"}
    | {"JWT_SECRET_KEY", "POSTGRES_PASSWORD", "SQLALCHEMY_DATABASE_URI", "AWS_SECRET_ACCESS_KEY"}
)
_LINE = re.compile(r"^([A-Z_]{2,64})=", re.MULTILINE)
_PROMETHEUS = re.compile(r"^# (?:HELP|TYPE) [a-zA-Z_:][\w:]* ", re.MULTILINE)


@check(
    severity=Severity.HIGH,
    cwe=(215, 497),
    references=("CWE-215", "OWASP API Security Top 10 2023, API8"),
)
async def diagnostics_public(site: Site) -> AsyncIterator[Finding]:
    """One finding for each place that tells of the server to somebody without a credential."""
    known = [a for _, a in await site.answers(identity=None) if a.status == 200]
    seen: set[str] = set()
    for answer in (*known, *await site.present(*PATHS)):
        path = answer.request.path.partition("?")[0]
        told = _told(answer)
        if told is None or path in seen:
            continue
        seen.add(path)
        what, severity = told
        yield diagnostics_public.finding(
            f"{path} shows {what}",
            answer,
            operation=Operation("GET", path),
            severity=severity,
        )


def _told(answer: Exchange) -> tuple[str, Severity | None] | None:
    """What an answer tells of the server. Returns None if nothing."""
    text = answer.text[:65536]
    if "<title>phpinfo()</title>" in text or "<title>Apache Status</title>" in text:
        return "the server's own status page", None
    if "/debug/pprof/" in text and "goroutine" in text and "<title>/debug/pprof" in text:
        return "profiles of the program", None
    document = json_body.parsed(answer.body)
    if isinstance(document, dict):
        if "memstats" in document and "cmdline" in document:
            return "the program's call and memory", None
        if isinstance(document.get("propertySources"), list):
            return "Spring's settings", None
        links = document.get("_links")
        if isinstance(links, dict) and {"env", "beans", "heapdump"} & set(links):
            return "Spring's actuators, with more than health", None
    names = {way[-1] for way, _ in json_body.values(document) if way}
    names |= set(_LINE.findall(text)) if document is None and "<html" not in text.lower() else set()
    if len(names & VARIABLES) >= 3 or (names & VARIABLES and _is_environment(names)):
        return f"environment variables ({', '.join(sorted(names & VARIABLES)[:3])})", None
    if answer.content_type != "text/html" and _PROMETHEUS.search(text):
        return "counters for monitoring", Severity.MEDIUM
    return None


def _is_environment(names: set[str]) -> bool:
    """True if five names or more, and most of them all, are written as environment variables."""
    upper = [name for name in names if name.isupper()]
    return len(upper) >= 5 and len(upper) * 2 > len(names)
