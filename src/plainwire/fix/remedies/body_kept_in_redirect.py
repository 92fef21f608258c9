"""Redirect to https with a status that keeps method and body.

308 is 301 and 307 is 302 without the change to GET (RFC 9110, section 15.4; RFC 7538). How long a
client may remember the redirect stays as it was.

Condition:

    Right if the hook asks for the same address by https, which stands in it. Refusing what comes in
    clear is better: `tls-extension` does that where it has a place.

Before:

    --- app.py
    from flask import Flask, redirect, request
    app = Flask(__name__)
    @app.before_request
    def to_https():
        if not request.is_secure:
            url = request.url.replace("http://", "https://", 1)
            return redirect(url, code=301)  # for good
    @app.post("/orders")
    def order():
        return {}

After:

    --- app.py
    from flask import Flask, redirect, request
    app = Flask(__name__)
    @app.before_request
    def to_https():
        if not request.is_secure:
            url = request.url.replace("http://", "https://", 1)
            return redirect(url, code=308)  # for good
    @app.post("/orders")
    def order():
        return {}

Limits:

    A status that is not written out, and redirects by other means than Flask's, are left to you.
"""

from __future__ import annotations

import re

from plainwire.fix.python import python
from plainwire.model import Finding, Project, Proposal, remedy

_KEEPING = {"301": "308", "302": "307"}
_SAME = re.compile(r"""request\.url\b[^\n]{0,40}replace\(\s*["']http|["']https["']""")


@remedy(answers=("body-lost-in-redirect",), level="conditional")
def body_kept_in_redirect(finding: Finding, project: Project) -> Proposal | None:
    """Writes 308 for 301 and 307 for 302 in the hook's call of redirect."""
    place = finding.locations[0]
    file = project.file(place.path or "")
    if file is None or place.line is None:
        return None
    source = python(file)
    new = _KEEPING.get(finding.message[:3], "")
    calls = source.calls(place.line, "redirect")
    if len(calls) != 1 or not new:
        return None
    edit = source.with_argument(calls[0], "code", new, 1)
    hook = finding.locations[1].line if len(finding.locations) > 1 else place.line
    lines = file.lines[(hook or place.line) - 1 : place.line]
    same = next((n for n, line in enumerate(lines) if _SAME.search(line)), None)
    if edit is None:
        return None
    if same is None:
        why = "whether it leads to the same address is not seen"
        return Proposal(f"redirect with {new}", (edit,), "unsafe", why, is_provable=False)
    at = f"{file.path}:{(hook or place.line) + same}"
    return Proposal(f"redirect with {new}", (edit,), proof=f"the same address by https ({at})")
