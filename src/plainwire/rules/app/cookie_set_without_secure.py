"""A cookie is set without Secure.

A cookie without the attribute is sent over plain HTTP too, where it can be read and replaced
(CWE-614; RFC 6265, section 4.1.2.5).

Remedy:

    Pass secure=True, or secure=not app.debug where development uses plain HTTP.

Bad:

    --- app.py
    from flask import Flask, make_response
    app = Flask(__name__)
    @app.route("/")
    def index():
        answer = make_response("hello")
        answer.set_cookie("session_token", "abc")
        return answer

Good:

    --- app.py
    from flask import Flask, make_response
    app = Flask(__name__)
    @app.route("/")
    def index():
        answer = make_response("hello")
        answer.set_cookie("session_token", "abc", secure=not app.debug)
        return answer

Limits:

    A cookie that is set by a header written by hand is not seen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from plainwire.model import Call, Confidence, Finding, Project, Severity, Value, rule

_SENSITIVE = re.compile(r"token|sess|auth|sid$|jwt|login|user|remember|secret", re.IGNORECASE)


@rule(
    kind="cookie-set-insecure",
    severity=Severity.LOW,
    cwe=(614,),
    references=("RFC 6265, section 4.1.2.5",),
)
def cookie_set_without_secure(project: Project) -> Iterator[Finding]:
    """Calls of set_cookie that leave `secure` out or give False."""
    for module in project.modules:
        if module.file.environment not in ("production", "staging"):
            continue
        for call in module.calls:
            if not call.name.endswith(".set_cookie") or "**" in call.keywords:
                continue
            if _is_jar(call):
                continue
            secure = call.argument("secure", 6)
            if secure is not None and not _is_off(secure, project):
                continue
            ends = (call.argument("expires", 3), call.argument("max_age", 2))
            if any(v is not None and v.literal == 0 and v.is_known for v in ends):
                continue  # it is taken away
            said = secure.line if secure is not None else call.line
            key = call.argument("key", 0)
            names = (key.text if key is not None else "", call.named("value", 1))
            is_sensitive = any(_SENSITIVE.search(name) for name in names)
            named = f"the cookie {key.text!r}" if key is not None and key.text else "a cookie"
            yield cookie_set_without_secure.finding(
                f"{named} is set without Secure",
                *(module.span(line) for line in dict.fromkeys((call.line, said))),
                severity=Severity.MEDIUM if is_sensitive else Severity.LOW,
                confidence=Confidence.TENTATIVE if secure and secure.setting else Confidence.FIRM,
            )


def _is_off(secure: Value, project: Project) -> bool:
    """True for no or nothing, and for a setting of the application that nothing in files makes so.

    Flask's own SESSION_COOKIE_SECURE and the like are False where nobody sets them.
    """
    if not secure.setting:
        return secure.is_known and not secure.literal
    said = [s for app in project.apps for s in app.setting(secure.setting, "production", "staging")]
    return bool(project.apps) and all(setting.is_false for setting in said)


def _is_jar(call: Call) -> bool:
    """True for ``jar.set_cookie(cookie)`` of a client (http.cookiejar): one object, no name."""
    key = call.argument("key", 0)
    has_value = call.argument("value", 1) is not None
    return not has_value and not call.keywords and (key is None or not key.text)
