"""supervisor programs, systemd units and Procfiles: the commands that they run."""

from __future__ import annotations

import re

from plainwire.model import SourceFile, Span

_SECTION = re.compile(r"\[(program:[^\]]+|Service|uwsgi|fcgi-program:[^\]]+)\]")


def commands(file: SourceFile) -> tuple[tuple[str, Span], ...]:
    """The command lines in a file, with the place of each."""
    if file.format == "procfile":
        return _procfile(file)
    return _sections(file)


def _procfile(file: SourceFile) -> tuple[tuple[str, Span], ...]:
    found = []
    for number, line in enumerate(file.lines, 1):
        match = re.fullmatch(r"\s*([\w-]+)\s*:\s*(.+)", line)
        if match and match[1] not in ("release", "worker", "beat", "clock"):
            found.append((match[2].strip(), file.span(number)))
    return tuple(found)


def is_routed(file: SourceFile) -> bool:
    """True for a Procfile with a process called ``web``: platforms route to that one alone.

    https://devcenter.heroku.com/articles/procfile#the-web-process-type (read 2026)
    """
    return file.format == "procfile" and any(re.match(r"\s*web\s*:", line) for line in file.lines)


def is_supervisor(file: SourceFile) -> bool:
    """True for what starts programs on a machine: units, and a Procfile that is for honcho."""
    return file.format == "ini" or (file.format == "procfile" and not is_routed(file))


def _sections(file: SourceFile) -> tuple[tuple[str, Span], ...]:
    """``command=`` of supervisor and ``ExecStart=`` of systemd, continued by indented lines."""
    found: list[tuple[str, Span]] = []
    inside = False
    lines = file.lines
    for number, line in enumerate(lines, 1):
        if line.startswith("["):
            inside = bool(_SECTION.match(line.strip()))
            continue
        match = re.match(r"(command|ExecStart)\s*=\s*-?(.*)", line)
        if not inside or match is None:
            continue
        text = match[2].strip().rstrip("\\")
        end = number
        while end < len(lines) and (lines[end][:1] in (" ", "\t") or lines[end - 1].endswith("\\")):
            text += " " + lines[end].strip().rstrip("\\")
            end += 1
        found.append((text, file.span(number, end)))
    return tuple(found)


def uwsgi_settings(file: SourceFile) -> dict[str, tuple[str, Span]]:
    """The settings of a ``[uwsgi]`` section by name, the last of a name."""
    found: dict[str, tuple[str, Span]] = {}
    inside = False
    for number, line in enumerate(file.lines, 1):
        if line.startswith("["):
            inside = line.strip() == "[uwsgi]"
        elif inside and "=" in line and not line.lstrip().startswith(("#", ";")):
            name, _, value = line.partition("=")
            found[name.strip()] = (value.strip(), file.span(number))
    return found
