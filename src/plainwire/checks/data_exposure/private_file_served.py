"""A file of the deployment is served.

What lies beside the application is served with it: settings with passwords (`.env`), the history
of the source (`.git`), a dump of the database. Bots ask every host for these names all day.

Remedy:

    Serve a directory that holds nothing else, refuse names that begin with a dot
    (`location ~ /\\. { deny all; }`), and change what was readable.

Bad:

    from flask import Flask

    app = Flask(__name__)

    @app.get("/.env")
    def env():
        return "DEBUG=0\\nSECRET_KEY=kf83hfkq92\\n", {"Content-Type": "text/plain"}

    @app.get("/")
    def index():
        return {"status": "ok"}

Good:

    from flask import Flask

    app = Flask(__name__)

    @app.get("/<path:anything>")
    def page(anything):
        return "<title>Accounts</title>SECRET_KEY=\\n[core]\\nref: refs/heads/main"

    @app.get("/")
    def index():
        return {"status": "ok"}

Limits:

    Asks for a dozen names under the root, and knows each by its content. A page that is given
    for every name is none of them.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable

from plainwire.model import Finding, Operation, Severity, Site, check


def _like(pattern: str) -> Callable[[bytes], bool]:
    compiled = re.compile(pattern.encode(), re.MULTILINE)
    return lambda body: compiled.search(body[:65536]) is not None


_SQL = _like(r"\A(?:--|/\*|\s|BEGIN|SET |PRAGMA)*[^<]{0,4000}?(?:CREATE TABLE|INSERT INTO) ")
_SECRET_LINE = re.compile(
    rb"^(?:export )?[A-Z0-9_]*(?:SECRET|KEY|PASS|PASSWORD|TOKEN|DATABASE_URL|DSN)[A-Z0-9_]*=\S",
    re.MULTILINE,
)
FILES: dict[str, tuple[str, Callable[[bytes], bool]]] = {
    "/.env": ("settings", _like(r"\A(?:(?:\s*#[^\n]*|\s*)\n)*(?:export )?[A-Z][A-Z0-9_]*=")),
    "/.git/HEAD": ("the source's history", _like(r"\Aref: refs/[\w/.-]+\s*\Z|\A[0-9a-f]{40}\s*\Z")),
    "/.git/config": ("the source's history", _like(r"\A\s*\[core\]")),
    "/.DS_Store": ("a list of files", lambda body: body[:8] == b"\x00\x00\x00\x01Bud1"),
    "/.htpasswd": ("passwords", _like(r"\A[\w.@-]{1,64}:(?:\$apr1\$|\$2[aby]\$|\{SHA\})")),
    "/backup.sql": ("a dump of a database", _SQL),
    "/dump.sql": ("a dump of a database", _SQL),
    "/db.sqlite3": ("a database", lambda body: body[:15] == b"SQLite format 3"),
    "/database.db": ("a database", lambda body: body[:15] == b"SQLite format 3"),
    "/docker-compose.yml": ("the deployment", _like(r"^services:\s*$")),
    "/id_rsa": ("a private key", _like(r"\A-----BEGIN [A-Z ]*PRIVATE KEY-----")),
    "/.aws/credentials": ("keys of a cloud account", _like(r"^aws_access_key_id\s*=")),
}
WORST = ("/.htpasswd", "/backup.sql", "/dump.sql", "/db.sqlite3", "/database.db", "/id_rsa")


@check(
    severity=Severity.HIGH,
    cwe=(538, 527),
    references=("CWE-538", "OWASP Web Security Testing Guide, WSTG-CONF-04"),
)
async def private_file_served(site: Site) -> AsyncIterator[Finding]:
    """One finding for each file whose content is what its name says."""
    for answer in await site.present(*FILES):
        path = answer.request.path
        what, holds = FILES[path]
        if answer.content_type == "text/html" or not holds(answer.body):
            continue
        is_worst = path in (*WORST, "/.aws/credentials") or _SECRET_LINE.search(answer.body)
        yield private_file_served.finding(
            f"{path} is served: {what}",
            answer,
            operation=Operation("GET", path),
            severity=Severity.CRITICAL if is_worst else None,
        )
