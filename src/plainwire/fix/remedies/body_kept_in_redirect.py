"""Redirect to https with a status that keeps method and body.

308 is 301 and 307 is 302 without the change to GET (RFC 9110, section 15.4; RFC 7538). How long a
client may remember the redirect stays as it was.

Condition:

    Right if the hook asks for the same address by https, put together of the request's own.
    Refusing what comes in clear is better: `tls-extension` does that where it has a place.

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
from collections.abc import Iterator

from plainwire.fix.python import Python, argument, python
from plainwire.model import Finding, Project, Proposal, remedy

_KEEPING = {"301": "308", "302": "307"}
# The address that was asked; what stands behind a question mark is a parameter of another.
_SAME = re.compile(r"^[^?]*?\brequest\.(url|base_url|full_path|path|endpoint)\b")
_NAME = re.compile(r"(?<![.\w\"'])[a-z_]\w*", re.IGNORECASE)
MAX_LINES = 60  # of a hook, in which what a name stands for is looked for
MAX_NAMES = 8


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
    if edit is None:
        return None
    first = max(hook or place.line, place.line - MAX_LINES)
    if not any(map(_SAME.search, _addresses(source, place.line, range(first, place.line + 1)))):
        why = "whether it leads to the same address is not seen"
        return Proposal(f"redirect with {new}", (edit,), "unsafe", why, is_provable=False)
    at = f"{file.path}:{place.line}"
    return Proposal(f"redirect with {new}", (edit,), proof=f"the same address by https ({at})")


def _addresses(source: Python, line: int, lines: range) -> Iterator[str]:
    """Where a redirect leads as it is written, and what the names in it are given on the lines."""
    call = source.calls(line, "redirect")[0]
    given = argument(call, "location") or (call.args[0].value if call.args else None)
    waiting = [given] if given is not None else []
    names: set[str] = set()
    while waiting:
        text = source.written(waiting.pop(0))
        yield text
        for name in _NAME.findall(text):
            if name not in names and len(names) < MAX_NAMES:
                names.add(name)
                waiting += [value for one in lines for value in source.assignments(one, name)]
