"""What asks the application in clear whether it is alive: the health checks of its deployment.

They come from the machine or the cluster itself, past the proxy, so that an application that
refuses what is not https must answer them (Kubernetes, liveness probes; Compose, healthcheck).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from plainwire.model import Function, Module, Project, SourceFile

_PROBE = re.compile(r"httpGet:[ \t]*(?:\{([^{}]{0,400})\}|((?:\n[ \t]+[\w-]+:[^\n]{0,200}){1,8}))")
_TARGET_GROUP = re.compile(r"health_check[ \t]*\{([^{}]{0,800})\}")
_LOCAL = re.compile(
    r"http://(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\])(?::(\d{1,5}))?(/[\w./~-]*)?"
)
_CHECK = re.compile(r"HEALTHCHECK|healthcheck", re.IGNORECASE)
_PATH = re.compile(r"\bpath\"?[ \t]*[:=][ \t]*[\"']?(/[\w./~-]*)")
_PORT = re.compile(r"\bport\"?[ \t]*[:=][ \t]*[\"']?(\d{1,5})\b")
_TLS = re.compile(r"\b(?:scheme|protocol)\"?[ \t]*[:=][ \t]*[\"']?HTTPS")
_HEALTH = re.compile(r"health|live|ready|alive|ping|status|heartbeat|up$", re.IGNORECASE)
_VERBS = ("route", "get")
_AFTER_HEALTHCHECK = 500  # characters


@dataclass(frozen=True)
class HealthCheck:
    """The path that is asked, the port where it is said, and where that stands."""

    path: str
    port: int | None
    at: str


def health_checks(project: Project) -> Iterator[HealthCheck]:
    """The checks in clear that the files for production describe."""
    for file in project.files:
        if file.environment not in ("production", "staging"):
            continue
        if file.format == "kubernetes":
            yield from _blocks(file, _PROBE)
        elif file.format == "terraform":
            yield from _blocks(file, _TARGET_GROUP)
        elif file.format in ("compose", "dockerfile"):
            yield from _commands(file)


def _blocks(file: SourceFile, pattern: re.Pattern[str]) -> Iterator[HealthCheck]:
    for match in pattern.finditer(file.text):
        body = next(group for group in match.groups() if group is not None)
        path, port = _PATH.search(body), _PORT.search(body)
        if not _TLS.search(body):
            asked = path[1] if path is not None else "/"
            yield HealthCheck(asked, int(port[1]) if port else None, _at(file, match.start()))


def _commands(file: SourceFile) -> Iterator[HealthCheck]:
    for begin in _CHECK.finditer(file.text):
        near = file.text[begin.end() : begin.end() + _AFTER_HEALTHCHECK]
        match = _LOCAL.search(near.split("\n\n")[0])
        if match is not None:
            port = int(match[1] or 80)
            yield HealthCheck(match[2] or "/", port, _at(file, begin.start()))


def _at(file: SourceFile, start: int) -> str:
    return f"{file.path}:{file.text.count(chr(10), 0, start) + 1}"


def view_of(check: HealthCheck, project: Project) -> tuple[Module, Function] | None:
    """The one view that answers a check, if it does nothing else by its path's name.

    Returns None if there is none, several, or the path is a page for users.
    """
    if not _HEALTH.search(check.path.rstrip("/").rpartition("/")[2]):
        return None
    found = [
        (module, function)
        for module in project.modules
        if module.file.environment in ("production", "staging")
        for function in module.functions
        if any(_answers(rule, check.path) for rule in _rules(function))
    ]
    return found[0] if len(found) == 1 else None


def _rules(function: Function) -> Iterator[str]:
    for decorator in function.decorators:
        rule = decorator.argument("rule", 0)
        if decorator.name.rpartition(".")[2] in _VERBS and rule is not None and rule.text:
            yield rule.text


def _answers(rule: str, path: str) -> bool:
    """True if a rule, perhaps below a blueprint's prefix, is the one of a path."""
    rule, path = rule.rstrip("/"), path.rstrip("/")
    return bool(rule) and (path == rule or path.endswith(rule))
