"""A directory shows what is in it.

A list of files leads to those that nobody meant to publish: backups, old versions, exports.

Remedy:

    Switch listings off: no `autoindex on` in nginx, `Options -Indexes` in Apache.

Bad:

    from flask import Flask

    app = Flask(__name__)

    @app.get("/")
    def index():
        return '<title>Index of /</title><a href="../">../</a><a href="a.csv">a.csv</a>'

Good:

    from flask import Flask

    app = Flask(__name__)

    @app.get("/")
    def index():
        return '<title>Index of terms</title><a href="/a">A</a><a href="/b">B</a>'

Limits:

    Sees the pages that are asked and the directories of the scripts and style sheets of those.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

from plainwire.model import Finding, Operation, Severity, Site, check
from plainwire.wire import page_parts

MAX_DIRECTORIES = 3
# The titles of nginx, Apache, Caddy, lighttpd; of Python's http.server; of Tomcat and Jetty.
_TITLE = re.compile(r"<title>\s*(?:Index of /|Directory listing for /|Directory: /|Listing of /)")
_ENTRY = re.compile(r"<a\s[^>]{0,500}href=", re.IGNORECASE)


@check(
    severity=Severity.MEDIUM,
    cwe=(548,),
    references=("CWE-548", "OWASP Web Security Testing Guide, WSTG-CONF-04"),
)
async def directory_listed(site: Site) -> AsyncIterator[Finding]:
    """One finding for each directory that lists its files."""
    pages = [answer for _, answer in await site.answers()]
    parts = page_parts.parts(pages)
    above = dict.fromkeys(part.path.partition("?")[0].rpartition("/")[0] + "/" for part in parts)
    known = {page.request.path for page in pages}
    wanted = [path for path in above if path not in known][:MAX_DIRECTORIES]
    for page in (*pages, *await site.present(*wanted)):
        if page.status == 200 and _TITLE.search(page.text) and len(_ENTRY.findall(page.text)) > 1:
            path = page.request.path.partition("?")[0]
            yield directory_listed.finding(
                f"{path} lists its files", page, operation=Operation("GET", path)
            )
