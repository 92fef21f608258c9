"""Switch debug mode off where others reach it.

Werkzeug's debugger runs any Python that a visitor types once its PIN is known or switched off
(Werkzeug, Debugging Applications); it belongs on the developer's own machine.

Condition:

    Right where the project's files deploy what is started in debug mode to production. Elsewhere
    somebody may develop with it, so it needs your consent.

Before:

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

After:

    --- app.py
    from flask import Flask
    app = Flask(__name__)
    if __name__ == "__main__":
        app.run(host="0.0.0.0", debug=False)
    --- Dockerfile
    FROM python:3.12
    CMD ["python", "app.py"]
    --- compose.yaml
    services:
      web:
        build: .
        ports: ["5000:5000"]

Limits:

    A variable that is set elsewhere too stays as it is there. `flask run --debug` is not read.
"""

from __future__ import annotations

import re

from plainwire.fix.conditions import Condition
from plainwire.fix.python import argument, python
from plainwire.fix.text import span_of
from plainwire.model import Edit, Finding, Project, Proposal, SourceFile, remedy

_VARIABLE = re.compile(r"\bFLASK_DEBUG[\"']?\s*[=:]\s*[\"']?(?P<value>1|true|yes|on)\b", re.I)
_MODE = re.compile(r"\bFLASK_ENV[\"']?\s*[=:]\s*[\"']?(?P<value>development)\b")


@remedy(answers=("debug-mode-reachable",), level="conditional")
def debug_mode_off(finding: Finding, project: Project) -> Proposal | None:
    """Turns the literal that switches it on into one that switches it off."""
    place = finding.locations[0]
    file = project.file(place.path or "")
    if file is None or place.line is None:
        return None
    edits = _in_python(file, place.line) if file.format == "python" else _in(file, place.line)
    if not edits:
        return None
    condition = _condition(finding)
    summary = "switch debug mode off"  # where it is wanted, no run of the project shows
    return Proposal(summary, edits, condition.level, condition.words, is_provable=False)


def _in_python(file: SourceFile, line: int) -> tuple[Edit, ...]:
    source = python(file)
    values = [argument(call, "debug") for call in source.calls(line, "run")]
    values += [*source.assignments(line, "DEBUG"), *source.assignments(line, "debug")]
    edits = [
        source.with_literal(value, "False")
        for value in values
        if value is not None and source.written(value) == "True"
    ]
    return tuple(dict.fromkeys(edit for edit in edits if edit is not None))


def _in(file: SourceFile, line: int) -> tuple[Edit, ...]:
    """The edits of a variable's value in an environment, compose or Dockerfile's line."""
    start, end = span_of(file.text, line)
    for pattern, new in ((_VARIABLE, "0"), (_MODE, "production")):
        match = pattern.search(file.text, start, end)
        if match is not None:
            return (Edit(file.path, *match.span("value"), new),)
    return ()


def _condition(finding: Finding) -> Condition:
    if finding.environment != "production":
        return Condition(False, f"it is a file for {finding.environment}, where it may be wanted")
    last = finding.locations[1] if len(finding.locations) > 1 else finding.locations[0]
    return Condition(True, f"it is deployed to production ({last.path}:{last.line})")
