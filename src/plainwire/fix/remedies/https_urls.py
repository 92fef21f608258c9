"""Build addresses for users with https.

PREFERRED_URL_SCHEME is what Flask uses outside of a request, as in mails; a link that begins with
http:// takes whoever follows it, and the token in it, over plain HTTP first (RFC 9110, section 17).

Condition:

    Right if every path to the application is encrypted; where that is not shown by the project's
    files, it needs your consent. So does an address that is put together, since which host it has
    is not known before it runs.

Before:

    --- config.py
    class ProductionConfig:
        PREFERRED_URL_SCHEME = 'http'
    --- app.py
    from flask import Flask, url_for
    app = Flask(__name__)
    app.config.from_object("config.ProductionConfig")
    def link():
        return url_for("index", _external=True, _scheme="http")
    --- deployment/nginx.conf
    server {
      listen 443 ssl;
      ssl_protocols TLSv1.2 TLSv1.3;
      location / {
        proxy_pass http://127.0.0.1:8000;
        proxy_set_header X-Forwarded-Proto $scheme;
      }
    }

After:

    --- config.py
    class ProductionConfig:
        PREFERRED_URL_SCHEME = 'https'
    --- app.py
    from flask import Flask, url_for
    app = Flask(__name__)
    app.config.from_object("config.ProductionConfig")
    def link():
        return url_for("index", _external=True, _scheme="https")
    --- deployment/nginx.conf
    server {
      listen 443 ssl;
      ssl_protocols TLSv1.2 TLSv1.3;
      location / {
        proxy_pass http://127.0.0.1:8000;
        proxy_set_header X-Forwarded-Proto $scheme;
      }
    }

Limits:

    An address that a condition chooses is left to you.
"""

from __future__ import annotations

import re

from plainwire.fix.conditions import served_over_https_only
from plainwire.fix.places import app_at
from plainwire.fix.python import python
from plainwire.fix.text import span_of
from plainwire.model import Edit, Finding, Project, Proposal, SourceFile, remedy

_PLAIN = re.compile(r"(?<=[\"'])http(?=://)")


@remedy(answers=("url-built-plain",), level="conditional")
def https_urls(finding: Finding, project: Project) -> Proposal | None:
    """Turns the literal http into https in the setting, or in the call of url_for."""
    place = finding.locations[0]
    file = project.file(place.path or "")
    if file is None or place.line is None or file.format not in ("python", "gunicorn"):
        return None
    source = python(file)
    values = [*source.assignments(place.line, "PREFERRED_URL_SCHEME")]
    values += [
        argument.value
        for call in source.calls(place.line, "url_for")
        for argument in call.args
        if argument.keyword is not None and argument.keyword.value == "_scheme"
    ]
    edits: list[Edit] = []
    for value in values:
        written = source.written(value)
        edit = source.with_literal(value, written.replace("http", "https", 1))
        if edit is not None and written.strip("\"'") == "http":
            edits.append(edit)
    if not edits:
        return _put_together(file, place.line, project)
    condition = served_over_https_only(app_at(file.path, project), project)
    return Proposal("build addresses with https", tuple(edits), condition.level, condition.words)


def _put_together(file: SourceFile, line: int, project: Project) -> Proposal | None:
    """The one http:// that an address on the line begins with, unless a condition chooses it."""
    module = next((m for m in project.modules if m.file.path == file.path), None)
    mine = [one for one in module.bindings if one.line == line] if module is not None else []
    found = list(_PLAIN.finditer(file.text, *span_of(file.text, line)))
    if len(found) != 1 or len(mine) != 1 or mine[0].is_conditional:
        return None
    edit = Edit(file.path, found[0].end(), found[0].end(), "s")
    why = "whether the host that is put in there speaks TLS is not known before it runs"
    return Proposal("build the address with https", (edit,), "unsafe", why, is_provable=False)
