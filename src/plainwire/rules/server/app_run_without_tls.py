"""The development server serves plain HTTP on every interface.

`app.run` is bound to an address that others reach, without `ssl_context`: everything passes in
clear (CWE-319). Nothing in the project publishes it or stands before it, so how far it can be
reached is not known here.

Remedy:

    Leave host at 127.0.0.1 for development, and start the application with a WSGI server behind a
    proxy that terminates TLS.

Bad:

    --- app.py
    from flask import Flask
    app = Flask(__name__)
    if __name__ == "__main__":
        app.run(host="0.0.0.0")

Good:

    --- app.py
    from flask import Flask
    app = Flask(__name__)
    if __name__ == "__main__":
        app.run(host="127.0.0.1")

Limits:

    Found where a command of the project runs it, or where nothing says how the application is
    started otherwise. One that a published port leads to is told by the rules for paths.
"""

from __future__ import annotations

from collections.abc import Iterator

from plainwire.model import Confidence, Finding, Project, Severity, rule


@rule(
    kind="app-run-plain",
    severity=Severity.MEDIUM,
    cwe=(319,),
    references=("Flask, Development Server", "RFC 9110, section 17"),
)
def app_run_without_tls(project: Project) -> Iterator[Finding]:
    """Development servers on all interfaces at the end of no published path."""
    for path in project.paths:
        start = path.start
        if path.kind != "unpublished" or path.environment != "production" or start is None:
            continue
        if start.is_development:
            yield app_run_without_tls.finding(
                f"{start.program} serves plain HTTP on {start.host or 'every interface'}",
                *path.places,
                confidence=Confidence.TENTATIVE,
            )
