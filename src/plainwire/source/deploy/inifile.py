"""Settings of an application in sections: ``NAME = value``, as configparser and ConfigObj read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from plainwire.model import Environment, Setting, SourceFile

_SECTION = re.compile(r"\s*\[+([^\[\]]{1,100})\]+\s*")
_LINE = re.compile(r"\s*([A-Za-z_][\w.-]{0,100})\s*[=:]\s*(.{1,1000})")
_CODE = re.compile(r"[A-Za-z_][\w.]*[(\[]")  # of a file of Python or shell that looks alike
_TEST = re.compile(r"(^|[^a-z])tests?(ing)?($|[^a-z])", re.IGNORECASE)
_DEVELOPMENT = re.compile(r"(^|[^a-z])(dev(elopment)?|local|debug)($|[^a-z])", re.IGNORECASE)
_OF_PROGRAMS = re.compile(r"(?m)^\[(program:|uwsgi\]|Unit\]|Service\]|supervisord?\])")
MOST_LINES = 5000


def read(file: SourceFile) -> tuple[Setting, ...]:
    """The settings in a file; of what starts programs (supervisor, systemd, uWSGI) none."""
    if _OF_PROGRAMS.search(file.text):
        return ()
    return settings(file.lines, 1, file)


def settings(lines: Sequence[str], first: int, file: SourceFile) -> tuple[Setting, ...]:
    """The settings in lines of a file, ``first`` being the number of the first of them."""
    return tuple(_settings(lines, first, file))


def _settings(lines: Sequence[str], first: int, file: SourceFile) -> Iterator[Setting]:
    environment: Environment = file.environment
    for number, line in enumerate(lines[:MOST_LINES], first):
        if section := _SECTION.fullmatch(line):
            environment = _environment(section[1], file.environment)
            continue
        match = _LINE.fullmatch(line.rstrip())
        if match is None or _CODE.match(match[2]):
            continue
        value = match[2].strip()
        if len(value) > 1 and value[0] in ("'", '"') and value[-1] == value[0]:
            value = value[1:-1]
        yield Setting(match[1], value, file.span(number), environment)


def _environment(section: str, otherwise: Environment) -> Environment:
    """Which environment a section is for, by its name."""
    if otherwise != "production":
        return otherwise
    if _TEST.search(section):
        return "test"
    return "development" if _DEVELOPMENT.search(section) else otherwise
