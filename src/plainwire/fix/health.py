"""What asks the application in clear whether it is alive: the health checks of its deployment.

They come from the machine or the cluster itself, past the proxy, so that an application that
refuses what is not https must answer them (Kubernetes, liveness probes; Compose, healthcheck).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from plainwire.model import Call, Function, Module, Project, SourceFile
from plainwire.source.deploy import dockerfile, hcl, yaml_nodes

# curl and wget take http where no scheme is said; a port may be a variable's.
_LOCAL = re.compile(
    r"(?:http://|\b(?:curl|wget)\b[^\n|&;]{0,300}?\s[\"']?)"
    r"(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\])(?::([^/\s\"']{1,40}))?(/[\w./~-]*)?"
)
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
_HEALTH = re.compile(r"health|live|ready|alive|ping|status|heartbeat|up$", re.IGNORECASE)
_VERBS = ("route", "get")


@dataclass(frozen=True)
class HealthCheck:
    """The path that is asked, the port where it is said, and where that stands."""

    path: str
    port: int | None
    at: str


def health_checks(project: Project) -> Iterator[HealthCheck]:
    """The checks in clear that the files for production describe.

    Raises:
        ValueError: if one of these files cannot be read; the message names it.
    """
    for file in project.files:
        if file.environment not in ("production", "staging"):
            continue
        try:
            match file.format:
                case "kubernetes":
                    yield from _probes(file)
                case "compose":
                    yield from _of_services(file)
                case "dockerfile":
                    yield from _of_image(file)
                case "terraform":
                    yield from _of_target_groups(file)
                case _:
                    pass
        except ValueError as error:
            raise ValueError(f"{file.path}: {error}") from None


def _probes(file: SourceFile) -> Iterator[HealthCheck]:
    for document in yaml_nodes.documents(file.text):
        pod = document.get("spec", "template", "spec") or document.get("spec")
        containers = pod.get("containers") if pod is not None else None
        for container in containers.elements() if containers is not None else ():
            for asked in filter(None, (container.get(name, "httpGet") for name in _PROBES)):
                path, port, scheme = (asked.get(key) for key in ("path", "port", "scheme"))
                if scheme is None or scheme.text != "HTTPS":
                    words = (node.text if node is not None else None for node in (path, port))
                    yield _check(file, asked.line, *words)


def _of_services(file: SourceFile) -> Iterator[HealthCheck]:
    for document in yaml_nodes.documents(file.text)[:1]:
        for _, _, service in (document.get("services") or document).items():
            test = service.get("healthcheck", "test")
            if test is not None:
                line = service.key_line("healthcheck")
                yield from _command(file, line, test.text or " ".join(test.words()))


def _of_image(file: SourceFile) -> Iterator[HealthCheck]:
    for word, text, line in dockerfile.instructions(file.text):
        if word == "HEALTHCHECK":
            yield from _command(file, line, text)


def _of_target_groups(file: SourceFile) -> Iterator[HealthCheck]:
    waiting = [hcl.load(file.text)]
    while waiting:
        block = waiting.pop()
        waiting += block.blocks
        for asked in block.all("health_check"):
            if asked.text("protocol") != "HTTPS":
                yield _check(file, asked.line, asked.text("path"), asked.text("port"))


def _command(file: SourceFile, line: int, text: str) -> Iterator[HealthCheck]:
    match = _LOCAL.search(text)
    if match is not None:
        yield _check(file, line, match[2], match[1] or "80")


def _check(file: SourceFile, line: int, path: str | None, port: str | None) -> HealthCheck:
    """A check with the path that is asked where none is said, and a port only where it is a number.

    Source: Kubernetes API, HTTPGetAction; AWS provider, aws_lb_target_group.
    """
    number = int(port) if port is not None and port.isdecimal() else None
    return HealthCheck(path or "/", number, f"{file.path}:{line}")


def view_of(check: HealthCheck, project: Project) -> tuple[Module, int] | None:
    """The one view that answers a check, if it does nothing else by its path's name: its module,
    and the line right below its last route.

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
    if len(found) != 1:
        return None
    module, function = found[0]
    return module, _below_routes(function)


def _below_routes(function: Function) -> int:
    """Where a mark meets the function that is registered, not one that a decorator wraps."""
    line = function.line
    for decorator in reversed(function.decorators):
        if _is_route(decorator):
            break
        line = decorator.line
    return line


def _is_route(decorator: Call) -> bool:
    return decorator.name.rpartition(".")[2] in _VERBS


def _rules(function: Function) -> Iterator[str]:
    for decorator in function.decorators:
        rule = decorator.argument("rule", 0)
        if _is_route(decorator) and rule is not None and rule.text:
            yield rule.text


def _answers(rule: str, path: str) -> bool:
    """True if a rule, perhaps below a blueprint's prefix, is the one of a path."""
    rule, path = rule.rstrip("/"), path.rstrip("/")
    return bool(rule) and (path == rule or path.endswith(rule))
