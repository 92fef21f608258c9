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

from plainwire.model import Finding, Project, Severity, Span, rule


@rule(
    kind="debug-exposed",
    severity=Severity.HIGH,
    cwe=(489,),
    references=("Werkzeug, Debugging Applications, Debugger PIN", "Flask, Debug Mode"),
)
def debug_mode_reachable(project: Project) -> Iterator[Finding]:
    """Debug mode in the production configuration, or at the end of a path from outside.

    Under a WSGI server it is no debugger: Flask's errors pass to the server, templates are read
    anew for each request (Flask, Configuration, PROPAGATE_EXCEPTIONS and TEMPLATES_AUTO_RELOAD).
    """
    yield from _under_servers(project)
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


def _under_servers(project: Project) -> Iterator[Finding]:
    """Variables that switch debug mode on for an application under a server for production."""
    done: set[Span] = set()
    for deployment in project.deployments:
        for service in deployment.services:
            setting = service.settings.get("FLASK_DEBUG")
            is_served = service.starts and not any(s.is_development for s in service.starts)
            if setting is None or not setting.is_true or not is_served:
                continue
            is_ours = service.name in deployment.apps and service.environment == "production"
            if is_ours and setting.place not in done:
                done.add(setting.place)
                yield debug_mode_reachable.finding(
                    f"debug mode is on under {service.starts[0].program}, which is no debugger",
                    setting.place,
                    service.starts[0].place,
                    severity=Severity.LOW,
                )
