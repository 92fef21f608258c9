"""Pass secure=True where a cookie is set.

A cookie that is set without Secure is sent over plain HTTP as well (RFC 6265, section 4.1.2.5).

Condition:

    Browsers keep a Secure cookie only from https. It is right if every path to the application is
    encrypted; where that is not shown by the project's files, it needs your consent.

Before:

    --- app.py
    from flask import Flask, make_response
    app = Flask(__name__)
    @app.route("/")
    def index():
        answer = make_response("hello")
        answer.set_cookie("session_token", "abc", httponly=True)
        answer.set_cookie(
            "theme",
            "dark",  # by default
            secure=False,
        )
        return answer
    --- deployment/nginx.conf
    server {
      listen 443 ssl;
      ssl_protocols TLSv1.2 TLSv1.3;
      add_header Strict-Transport-Security "max-age=31536000" always;
      location / {
        proxy_pass http://127.0.0.1:8000;
        proxy_set_header X-Forwarded-Proto $scheme;
      }
    }

After:

    --- app.py
    from flask import Flask, make_response
    app = Flask(__name__)
    @app.route("/")
    def index():
        answer = make_response("hello")
        answer.set_cookie("session_token", "abc", httponly=True, secure=True)
        answer.set_cookie(
            "theme",
            "dark",  # by default
            secure=True,
        )
        return answer
    --- deployment/nginx.conf
    server {
      listen 443 ssl;
      ssl_protocols TLSv1.2 TLSv1.3;
      add_header Strict-Transport-Security "max-age=31536000" always;
      location / {
        proxy_pass http://127.0.0.1:8000;
        proxy_set_header X-Forwarded-Proto $scheme;
      }
    }

Limits:

    A value that is no literal is left as it is.
"""

from __future__ import annotations

from plainwire.fix.conditions import served_over_https_only
from plainwire.fix.places import app_at
from plainwire.fix.python import kept, python
from plainwire.model import Finding, Project, Proposal, remedy


@remedy(answers=("cookie-set-without-secure",), level="conditional")
def secure_cookie(finding: Finding, project: Project) -> Proposal | None:
    """Adds the argument, or turns False into True, in the call that the finding names."""
    place = finding.locations[0]
    file = project.file(place.path or "")
    if file is None or place.line is None:
        return None
    source = python(file)
    calls = source.calls(place.line, "set_cookie")
    edits = kept(*(source.with_argument(call, "secure", "True", 6) for call in calls))
    if not edits:
        return None
    condition = served_over_https_only(app_at(file.path, project), project)
    return Proposal(
        "pass secure=True to set_cookie", tuple(edits), condition.level, condition.words
    )
