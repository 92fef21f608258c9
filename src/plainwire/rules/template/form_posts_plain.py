"""A form is sent over plain HTTP.

What is typed into it can be read and changed on the way, whatever the page itself came over
(CWE-319).

Remedy:

    Send the form to https, or to a path without a scheme.

Bad:

    --- templates/login.html
    <form action="http://accounts.example.net/login" method="post"></form>

Good:

    --- templates/login.html
    <form action="/login" method="post"></form>

Limits:

    An action that a script sets is not seen.
"""

from __future__ import annotations

from collections.abc import Iterator

from plainwire.model import Finding, Project, Severity, rule
from plainwire.wire.plain_urls import host_of

LOOPBACK = ("localhost", "127.0.0.1", "[")


@rule(
    kind="form-http",
    severity=Severity.MEDIUM,
    cwe=(319,),
    references=("W3C Mixed Content, section 6",),
)
def form_posts_plain(project: Project) -> Iterator[Finding]:
    """Forms and buttons with an http action."""
    for file in project.of("template"):
        if file.environment not in ("production", "staging"):
            continue
        for text in project.texts(file):
            if text.use == "form" and not host_of(text.value).startswith(LOOPBACK):
                yield form_posts_plain.finding(
                    f"the form is sent to {text.value[:120]}", file.span(text.line)
                )
