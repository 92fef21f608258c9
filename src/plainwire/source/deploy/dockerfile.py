"""Dockerfiles: stages with what they set, copy and run; heredocs and line continuations included.

https://docs.docker.com/reference/dockerfile/ (read 2026).
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice

from plainwire.model import Image, Setting, SourceFile, Stage
from plainwire.source.deploy.words import commands, expanded, split
from plainwire.source.numerals import whole

_HEREDOC = re.compile(r"<<-?\s*([\"']?)(\w+)\1")
_JINJA = re.compile(r"\{%[^\n]{0,400}?%\}")
_PLACEHOLDER = re.compile(r"\{\{[ \t]*([\w.]+)[ \t]*\}\}")
_WORD = re.compile(
    r"FROM|RUN|CMD|LABEL|EXPOSE|ENV|ADD|COPY|ENTRYPOINT|VOLUME|USER|WORKDIR|ARG|ONBUILD"
    r"|STOPSIGNAL|HEALTHCHECK|SHELL|MAINTAINER"
)


@dataclass
class _Open:
    """A stage that is being read."""

    name: str = ""
    base: str = ""
    line: int = 1
    settings: dict[str, Setting] = field(default_factory=dict)
    command: tuple[str, ...] = ()
    command_line: int = 0
    entrypoint: tuple[str, ...] = ()
    entrypoint_line: int = 0
    exposed: tuple[int, ...] = ()
    copies: tuple[tuple[str, str, int], ...] = ()
    runs: tuple[tuple[str, int], ...] = ()
    workdir: str = ""
    arguments: dict[str, str] = field(default_factory=dict)


MAX_INSTRUCTIONS = 3000
MAX_COPIES = 500
_PLACES = re.compile(r"\b(mv|cp|ln|install)\s")


def read(file: SourceFile, given: Mapping[str, str] | None = None) -> Image:
    """A Dockerfile's stages; a stage built on another one has what that one set.

    ``given`` are arguments of the build, in place of the defaults of ``ARG``.
    """
    stages: list[_Open] = []
    arguments: dict[str, str] = {}
    for word, text, line in islice(instructions(file.text), MAX_INSTRUCTIONS):
        if word == "FROM":
            stages.append(_from(text, line, stages, arguments))
        elif word == "ARG" and not stages:
            arguments |= _argument(text, given or {}, arguments)
        elif word == "ARG":
            stages[-1].arguments |= _argument(text, given or {}, stages[-1].arguments)
        elif stages:
            _apply(stages[-1], word, text, line, file)
    closed = tuple(
        Stage(
            s.name,
            s.base,
            s.line,
            s.settings,
            s.command,
            s.command_line,
            s.entrypoint,
            s.entrypoint_line,
            s.exposed,
            s.copies,
            s.runs,
            s.workdir,
        )
        for s in stages
    )
    return Image(file.path, closed, file.environment)


def instructions(text: str) -> Iterator[tuple[str, str, int]]:
    """The instructions with their arguments and lines; comments and heredoc bodies left out."""
    text = _JINJA.sub(lambda m: " " * len(m[0]), text)
    lines = _PLACEHOLDER.sub(r"{{\1}}", text).split("\n")
    at = 0
    while at < len(lines):
        start, line = at, lines[at].strip()
        at += 1
        if not line or line.startswith("#"):
            continue
        parts = []
        while line.endswith("\\") and at < len(lines):
            parts.append(line[:-1])
            line = lines[at].strip()
            at += 1
            while line.startswith("#") and at < len(lines):  # comments inside a continuation
                line = lines[at].strip()
                at += 1
        parts.append(line)
        whole = " ".join(parts)
        word, _, rest = whole.partition(" ")
        for mark in _HEREDOC.finditer(rest) if word.upper() in ("RUN", "COPY", "ADD") else ():
            while at < len(lines) and lines[at].strip() != mark[2]:
                at += 1
            at += 1
        if _WORD.fullmatch(word.upper()):
            yield word.upper(), rest.strip(), start + 1


def _from(text: str, line: int, stages: list[_Open], arguments: Mapping[str, str]) -> _Open:
    words = [w for w in text.split() if not w.startswith("--")]
    base = expanded(words[0], arguments) if words else ""
    name = words[2] if len(words) > 2 and words[1].lower() == "as" else ""
    parent = next((s for s in stages if s.name and s.name.lower() == base.lower()), None)
    if parent is None:
        return _Open(name, base, line, arguments=dict(arguments))
    return _Open(
        name,
        parent.base,
        line,
        dict(parent.settings),
        parent.command,
        parent.command_line,
        parent.entrypoint,
        parent.entrypoint_line,
        parent.exposed,
        parent.copies,
        parent.runs,
        parent.workdir,
        dict(parent.arguments),
    )


def _apply(stage: _Open, word: str, text: str, line: int, file: SourceFile) -> None:
    known = stage.arguments | {n: s.value or "" for n, s in stage.settings.items()}
    match word:
        case "ENV":
            for name, value, shift in _pairs(text, file, line):
                place = file.span(shift)
                scope = stage.name
                stage.settings[name] = Setting(
                    name, expanded(value, known), place, file.environment, scope
                )
        case "CMD":
            stage.command, stage.command_line = words(text), line
        case "ENTRYPOINT":
            stage.entrypoint, stage.entrypoint_line = words(text), line
            stage.command, stage.command_line = (), 0
        case "EXPOSE":
            found = (expanded(w, known).partition("/")[0] for w in text.split())
            stage.exposed += tuple(n for w in found if (n := whole(w)) is not None)
        case "COPY" | "ADD":
            stage.copies += tuple(_copies(expanded(text, known), line))
        case "RUN":
            stage.runs += ((text, line),)
            if len(stage.copies) < MAX_COPIES and _PLACES.search(text):
                stage.copies += tuple(_placed(stage, text, line))
        case "WORKDIR":
            stage.workdir = text
        case _:
            pass


def _argument(text: str, given: Mapping[str, str], known: Mapping[str, str]) -> dict[str, str]:
    """An argument's value: what the build gives, else its default, else that of before ``FROM``."""
    name, equals, value = text.partition("=")
    name = name.strip()
    default = value.strip().strip("\"'") if equals else known.get(name, "")
    return {name: given.get(name, default)}


def words(text: str) -> tuple[str, ...]:
    """A command in exec form as its words; in shell form as ``sh -c`` and the text."""
    if text.startswith("["):
        try:
            parts = json.loads(text)
        except (ValueError, RecursionError):
            parts = [p.strip().strip("\"'") for p in text.strip("[] ").split(",")]
        if isinstance(parts, list):
            return tuple(str(part) for part in parts)
    return ("sh", "-c", text) if text else ()


def _pairs(text: str, file: SourceFile, line: int) -> Iterator[tuple[str, str, int]]:
    """The names and values of ``ENV``, each with the line that it stands on."""
    first = text.split(None, 1)
    if first and "=" not in first[0]:
        yield first[0], first[1].strip().strip("\"'") if len(first) > 1 else "", line
        return
    try:
        parts = split(text)
    except ValueError:
        parts = text.split()
    lines = file.lines
    at = line
    for part in parts:
        name, equals, value = part.partition("=")
        if not equals or not name:
            continue
        for number in range(at, min(at + 200, len(lines) + 1)):
            if re.search(rf"(^|\s){re.escape(name)}=", lines[number - 1]):
                at = number
                break
        yield name, value, at


def _placed(stage: _Open, text: str, line: int) -> Iterator[tuple[str, str, int]]:
    """What a command of the build puts elsewhere of what was copied: ``mv``, ``cp``, ``ln -s``."""
    for command in islice(commands(text), MAX_COPIES):
        if command[:1] and command[0] in ("mv", "cp", "ln", "install"):
            names = [word for word in command[1:] if not word.startswith("-")]
            for name in names[:-1]:
                source = _copied_from(stage, posixpath.join("/", stage.workdir, name))
                if source:
                    yield source, posixpath.join("/", stage.workdir, names[-1]), line


def _copied_from(stage: _Open, path: str) -> str:
    """Where a file of the image comes from in the build's folder, or an empty string."""
    path = posixpath.normpath(path)
    for source, target, _ in reversed(stage.copies):
        holder = posixpath.normpath(posixpath.join("/", stage.workdir, target))
        if path == holder:
            return source
        if ":" not in source and path.startswith(holder.rstrip("/") + "/"):
            rest = path[len(holder.rstrip("/")) + 1 :]
            name = posixpath.basename(posixpath.normpath(source))
            is_it = name == rest and target.endswith(("/", "."))
            return source if is_it else posixpath.normpath(posixpath.join(source, rest))
    return ""


def _copies(text: str, line: int) -> Iterator[tuple[str, str, int]]:
    """What is copied from the build context, and where to."""
    options = [w for w in text.split() if w.startswith("--")]
    rest = text
    for option in options:
        rest = rest.replace(option, "", 1)
    rest = rest.strip()
    parts = words(rest) if rest.startswith("[") else tuple(rest.split())
    if len(parts) > 1:
        stage = next((o[7:] for o in options if o.startswith("--from=")), "")
        for source in parts[:-1]:
            yield (f"{stage}:{source}" if stage else source), parts[-1], line
