"""Containers that scripts start on a server: ``docker run -d -p 80:5000 shop``.

https://docs.docker.com/reference/cli/docker/container/run/ (read 2026). Scripts that a developer
calls say the same: what counts is a detached container with a published port, in a workflow that
logs in to a machine, in what a machine is set up with, or in a script that is called after that.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from plainwire.model import Setting, SourceFile
from plainwire.source.deploy import compose
from plainwire.source.deploy.compose import ComposeFile, ComposeService
from plainwire.source.deploy.words import commands

MAX_COMMANDS = 50
MAX_LINE = 4000
_RUNS = re.compile(r"\b(docker|podman)\s+(container\s+)?run\s")
_BUILDS = re.compile(r"\b(docker|podman)\s+(image\s+|buildx\s+)?build\s")
# A workflow that runs its commands on another machine than its own, or on one that is kept.
_ELSEWHERE = re.compile(r"ssh-action|\bssh\b[^\n]{0,200}@|self-hosted|ssm send-command")
_STEP = re.compile(r"\s*- (name|uses|run|id|if|env|with):")
_ON_SERVER = re.compile(
    r"\bdocker pull\b|--restart\b|\b(apt|apt-get|yum|dnf)\b[^\n]{0,40}\binstall\b"
    r"|\becr get-login|\bssh\b[^\n]{0,200}@"
)
# A task of Ansible that runs a command.
_TASK = re.compile(r"(?m)^[ \t]*(ansible\.builtin\.)?(shell|command):")
_SERVER_NAME = re.compile(r"deploy|provision|user[-_]?data|bootstrap|prod", re.IGNORECASE)
_CONTINUED = re.compile(r"\\\s*$")
# Options of one letter that take a value.
_OF_RUN = "acehlmpuvw"
_OF_BUILD = "cft"
_FLAGS = frozenset(
    {"detach", "rm", "interactive", "tty", "privileged", "init", "read-only", "publish-all"}
    | {"no-healthcheck", "oom-kill-disable", "sig-proxy", "quiet", "no-cache", "push", "load"}
)


@dataclass
class _Words:
    """The options of a command, each with its values, and the words behind them."""

    options: dict[str, list[str]] = field(default_factory=dict)
    rest: tuple[str, ...] = ()

    def all(self, *names: str) -> list[str]:
        """The values of an option, by each of its names."""
        return [value for name in names for value in self.options.get(name, ())]


def starts_containers(file: SourceFile) -> bool:
    """True for a file that may start containers on a server."""
    if file.format not in ("shell", "workflow", "terraform", "yaml"):
        return False
    if not any(name in file.text for name in ("docker", "podman")) or not _RUNS.search(file.text):
        return False
    if file.format == "workflow":
        return bool(_ELSEWHERE.search(file.text))
    is_set_up = file.format == "terraform" or (
        file.format == "yaml"
        and (file.text.startswith("#cloud-config") or _TASK.search(file.text) is not None)
    )
    is_script = file.format == "shell" and (
        _SERVER_NAME.search(file.path) or _ON_SERVER.search(file.text)
    )
    return bool(is_set_up or is_script)


def containers(file: SourceFile) -> ComposeFile:
    """The containers that a file starts, as a compose file would say it."""
    file = replace(file, environment="production") if file.format == "workflow" else file
    built = {image: at for image, *at in _built(file)}
    found = []
    elsewhere = _steps_elsewhere(file) if file.format == "workflow" else None
    for number, words in _calls(file, _RUNS, _OF_RUN):
        if elsewhere is not None and number not in elsewhere:
            continue  # a test on the runner
        is_detached = any(name in words.options for name in ("d", "detach"))
        if not is_detached or not words.rest:
            continue
        service = _service(file, number, words)
        context, dockerfile = built.get(service.image, (None, "Dockerfile"))
        found.append(replace(service, context=context, dockerfile=dockerfile or "Dockerfile"))
    return ComposeFile(file, tuple(found))


def _steps_elsewhere(file: SourceFile) -> frozenset[int]:
    """The lines of a workflow's steps that run on another machine than a runner of the moment."""
    lines = file.lines
    if "self-hosted" in file.text:
        return frozenset(range(1, len(lines) + 1))
    found: set[int] = set()
    step: list[int] = []
    for number, line in enumerate((*lines, "- name:"), 1):
        if _STEP.match(line):
            if any(_ELSEWHERE.search(lines[n - 1][:MAX_LINE]) for n in step):
                found.update(step)
            step = []
        step.append(number)
    return frozenset(found)


def _service(file: SourceFile, number: int, words: _Words) -> ComposeService:
    place = file.span(number)
    image, *command = words.rest
    name = (words.all("name") or [image.rpartition("/")[2].partition(":")[0]])[0]
    pairs = (text.partition("=") for text in words.all("e", "env"))
    settings = {
        key: Setting(key, value if equals else None, place, file.environment, name)
        for key, equals, value in pairs
    }
    ports = words.all("p", "publish")
    return ComposeService(
        name,
        place,
        image,
        command=tuple(command),
        command_place=place if command else None,
        publications=tuple(p for text in ports for p in compose.ports_in(text, place)),
        settings=settings,
        on_host_network="host" in words.all("network", "net"),
    )


def _built(file: SourceFile) -> Iterator[tuple[str, str, str]]:
    """The images that a file builds, with their folders and Dockerfiles."""
    for _, words in _calls(file, _BUILDS, _OF_BUILD):
        folder = words.rest[-1] if words.rest else "."
        context = posixpath.normpath(folder)
        is_here = re.fullmatch(r"[\w./-]+", folder) and not context.startswith(("/", ".."))
        dockerfile = (words.all("f", "file") or ["Dockerfile"])[0]
        for image in words.all("t", "tag") if is_here else ():
            yield image, "" if context == "." else context, posixpath.relpath(dockerfile, context)


def _calls(file: SourceFile, wanted: re.Pattern[str], valued: str) -> Iterator[tuple[int, _Words]]:
    """The calls of docker that a file's lines make, each with its line."""
    lines = file.lines
    count = 0
    for number, line in enumerate(lines, 1):
        if count == MAX_COMMANDS or line.lstrip().startswith(("#", "//", "echo ")):
            continue
        match = wanted.search(line[:MAX_LINE])
        if match is None:
            continue
        count += 1
        whole = line[match.end() : MAX_LINE]
        for following in lines[number : number + 30]:
            if not _CONTINUED.search(whole):
                break
            whole = f"{_CONTINUED.sub(' ', whole)} {following.strip()}"[:MAX_LINE]
        words = next(commands(whole), ())
        yield number, _parsed([w.strip("\"',") for w in words], valued)


def _parsed(words: Sequence[str], valued: str) -> _Words:
    found = _Words()
    at = 0
    while at < len(words) and words[at].startswith("-"):
        word = words[at]
        name, equals, value = word.lstrip("-").partition("=")
        at += 1
        if not word.startswith("--"):
            taking = next((n for n, letter in enumerate(name) if letter in valued), None)
            for letter in name[:taking]:
                found.options.setdefault(letter, [])
            if taking is None:
                continue
            given = word[taking + 2 :]  # -p80:80
            name, equals, value = name[taking], given, given
        if not equals and name not in _FLAGS and at < len(words):
            value = words[at]
            at += 1
        found.options.setdefault(name, []).append(value)
    found.rest = tuple(words[at:])
    return found
