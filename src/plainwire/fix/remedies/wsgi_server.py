"""Start the application with gunicorn instead of the development server.

Flask's own documentation says of the development server: do not use it in production. gunicorn
serves the same application on the same port.

Condition:

    Whether the application starts and behaves the same under gunicorn, with several workers and
    without what stands under `__main__`, only running it shows; it needs your consent.

Before:

    --- requirements.txt
    flask==3.1.0
    --- app.py
    from flask import Flask
    app = Flask(__name__)
    if __name__ == "__main__":
        app.run(host="0.0.0.0", port=8000)
    --- Dockerfile
    FROM python:3.12
    COPY . .
    CMD ["python", "app.py"]
    --- compose.yaml
    services:
      web:
        build: .
        ports: ["8000:8000"]

After:

    --- requirements.txt
    flask==3.1.0
    gunicorn
    --- app.py
    from flask import Flask
    app = Flask(__name__)
    if __name__ == "__main__":
        app.run(host="0.0.0.0", port=8000)
    --- Dockerfile
    FROM python:3.12
    COPY . .
    CMD ["gunicorn", "--bind", "0.0.0.0:8000", "app:app"]
    --- compose.yaml
    services:
      web:
        build: .
        ports: ["8000:8000"]

Limits:

    A Dockerfile that starts a module beside it by its name, with the application at the module's
    top and the port written out. Everything else is left to you.
"""

from __future__ import annotations

import json
import re

from plainwire.fix.manifest import has_dependency, with_dependency
from plainwire.fix.places import app_at
from plainwire.fix.python import argument, python
from plainwire.fix.text import span_of
from plainwire.model import App, Edit, Finding, Image, Project, Proposal, SourceFile, Stage, remedy

_PACKAGE = "gunicorn"
_PYTHON = re.compile(r"python[\d.]*")


@remedy(answers=("development-server-deployed",), level="unsafe")
def wsgi_server(finding: Finding, project: Project) -> Proposal | None:
    """Changes the image's command, and lists gunicorn among the dependencies."""
    for image in project.images:
        for stage in image.stages:
            words = (*stage.entrypoint, *stage.command)
            if len(words) == 2 and _PYTHON.fullmatch(words[0]) and _is_named(image, stage, finding):
                return _of_stage(image, stage, words[1], project)
    return None


def _is_named(image: Image, stage: Stage, finding: Finding) -> bool:
    lines = (stage.command_line, stage.entrypoint_line)
    return any(
        place.path == image.path and place.line in lines and place.line
        for place in finding.locations
    )


def _of_stage(image: Image, stage: Stage, script: str, project: Project) -> Proposal | None:
    folder = image.path.rpartition("/")[0]
    module = project.file(f"{folder}/{script}" if folder else script)
    dockerfile = project.file(image.path)
    if module is None or dockerfile is None or module.format != "python":
        return None
    app = app_at(module.path, project)
    target = _target(module, app)
    if app is None or target is None:
        return None
    name, port = target
    listed = None if has_dependency(app, _PACKAGE, project) else with_dependency(
        app, _PACKAGE, project
    )  # fmt: skip
    if listed is None and not has_dependency(app, _PACKAGE, project):
        return None
    stem = module.name.removesuffix(".py")
    commands = _commands(dockerfile, stage, ["--bind", f"0.0.0.0:{port}", f"{stem}:{name}"])
    if commands is None:
        return None
    why = "whether the application serves the same under gunicorn is not known"
    edits = (*commands, *((listed,) if listed is not None else ()))
    return Proposal("start gunicorn", edits, proof=why)


def _target(module: SourceFile, app: App | None) -> tuple[str, int] | None:
    """The application's name at the top of its module and its port. None: not written there."""
    if app is None or app.place.path != module.path:
        return None
    source = python(module)
    name = source.assigned_name(app.place.line)
    start, _ = span_of(module.text, app.place.line)
    if not name or module.text[start] in " \t":
        return None
    calls = [call for call, given_as in source.uses(name) if not given_as]
    runs = [call for call in calls if source.written(call.func) == f"{name}.run"]
    port = argument(runs[0], "port") if len(runs) == 1 else None
    written = source.written(port) if port is not None else "5000"
    return (name, int(written)) if len(runs) == 1 and re.fullmatch(r"\d{1,5}", written) else None


def _commands(file: SourceFile, stage: Stage, options: list[str]) -> list[Edit] | None:
    """The edits of CMD and ENTRYPOINT. Returns None if they are not lists on a line each."""
    new = [("CMD", stage.command_line, [_PACKAGE, *options])]
    if stage.entrypoint:
        new = [("ENTRYPOINT", stage.entrypoint_line, [_PACKAGE])]
        new += [("CMD", stage.command_line, options)] if stage.command else []
        if not stage.command:
            new = [("ENTRYPOINT", stage.entrypoint_line, [_PACKAGE, *options])]
    edits = []
    for word, line, words in new:
        start, end = span_of(file.text, line)
        match = re.compile(rf"[ \t]*{word}[ \t]+(\[[^\]\n]*\])", re.I).match(file.text, start, end)
        if match is None:
            return None
        edits.append(Edit(file.path, *match.span(1), json.dumps(words)))
    return edits
