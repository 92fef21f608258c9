"""The development server is what production runs.

Flask's own documentation says of it: do not use it in production; it is neither efficient, stable
nor secure, and it speaks plain HTTP (CWE-489). It is a finding where an image, a compose file or a
script really starts it, and none for an `app.run` that nothing runs.

Remedy:

    Start the application with a WSGI server (gunicorn, waitress, uWSGI) behind a proxy that
    terminates TLS.

Bad:

    --- app.py
    from flask import Flask
    app = Flask(__name__)
    if __name__ == "__main__":
        app.run(host="0.0.0.0")
    --- Dockerfile
    FROM python:3.12
    CMD ["python", "app.py"]

Good:

    --- app.py
    from flask import Flask
    app = Flask(__name__)
    if __name__ == "__main__":
        app.run(host="0.0.0.0")
    --- Dockerfile
    FROM python:3.12
    CMD ["gunicorn", "app:app"]

Limits:

    A command that is given outside the project's files is not seen.
"""

from __future__ import annotations

from collections.abc import Iterator

from plainwire.model import Finding, Project, Severity, rule


@rule(
    kind="dev-server-in-prod",
    severity=Severity.HIGH,
    cwe=(489,),
    references=("Flask, Development Server", "Flask, Deploying to Production"),
)
def development_server_deployed(project: Project) -> Iterator[Finding]:
    """Production paths that end in a development server."""
    for path in project.paths:
        start = path.start
        if start is None or not start.is_development or path.environment != "production":
            continue
        if path.kind == "unpublished" and path.deployment.endswith(".py"):
            continue  # a module that somebody may run: nothing deploys it
        yield development_server_deployed.finding(
            f"{path.deployment} starts {start.program}, the development server",
            *start.via,
            start.place,
            *path.places,
            severity=Severity.HIGH if path.kind != "unpublished" else Severity.MEDIUM,
        )
