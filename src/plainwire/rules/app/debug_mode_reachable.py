"""Debug mode is on where others can reach it.

Werkzeug's debugger runs any Python that a visitor types once its PIN is known or switched off, and
its traceback pages show source and configuration (CWE-489). It belongs on the developer's own
loopback interface alone.

Remedy:

    Leave debug mode to `flask run --debug` on 127.0.0.1, and start production with a WSGI server.

Bad:

    --- app.py
    from flask import Flask
    app = Flask(__name__)
    if __name__ == "__main__":
        app.run(host="0.0.0.0", debug=True)
    --- Dockerfile
    FROM python:3.12
    CMD ["python", "app.py"]
    --- compose.yaml
    services:
      web:
        build: .
        ports: ["5000:5000"]

Good:

    --- app.py
    from flask import Flask
    app = Flask(__name__)
    if __name__ == "__main__":
        app.run(host="0.0.0.0", debug=True)
    --- Dockerfile
    FROM python:3.12
    CMD ["gunicorn", "-b", "0.0.0.0:5000", "app:app"]
    --- compose.yaml
    services:
      web:
        build: .
        ports: ["5000:5000"]

Limits:

    A variable that is set outside the project's files is not seen. FLASK_ENV counts only where the
    Flask that is asked for still reads it (before 2.3).
"""

from __future__ import annotations

from collections.abc import Iterator

from plainwire.model import Finding, Project, Severity, rule


@rule(
    kind="debug-exposed",
    severity=Severity.HIGH,
    cwe=(489,),
    references=("Werkzeug, Debugging Applications, Debugger PIN", "Flask, Debug Mode"),
)
def debug_mode_reachable(project: Project) -> Iterator[Finding]:
    """Debug mode in the production configuration, or at the end of a path from outside."""
    for app in project.apps:
        for setting in app.setting("DEBUG", "production"):
            if setting.is_true and not setting.is_conditional and not setting.is_default:
                yield debug_mode_reachable.finding(
                    "DEBUG is on in the production configuration",
                    setting.place,
                    app.place,
                    severity=Severity.MEDIUM,
                )
    for path in project.paths:
        start = path.start
        if start is None or start.debug is None or start.is_local:
            continue
        is_production = path.environment == "production"
        if not is_production and path.kind == "unpublished":
            continue
        yield debug_mode_reachable.finding(
            f"{start.program} is started in debug mode and can be reached from outside",
            start.debug,
            start.place,
            *path.places,
            severity=Severity.HIGH if is_production else Severity.MEDIUM,
            environment=path.environment,
        )
