"""Shell words: commands split and variables filled in as far as they are known."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping

_VARIABLE = re.compile(r"\$\{(\w+)(?::?([-+?=])((?:[^{}]|\{[^{}]*\})*))?\}|\$(\w+)")


def expanded(text: str, settings: Mapping[str, str]) -> str:
    """Text with its variables filled in; one that is not known stays as it is written.

    ``${NAME:-default}`` is the default where the variable is not known or empty.
    """
    for _ in range(4):
        new = _VARIABLE.sub(lambda m: _filled(m, settings), text[:20_000])
        if new == text:
            break
        text = new
    return text


def _filled(match: re.Match[str], settings: Mapping[str, str]) -> str:
    name = match[1] or match[4]
    known = settings.get(name)
    if known:
        return known
    if match[2] in ("-", "="):
        return (match[3] or "").strip("\"'")
    return known if known is not None else match[0]


def commands(text: str) -> Iterator[tuple[str, ...]]:
    """The simple commands of a shell line, redirections and leading assignments left out."""
    lexer = shlex.shlex(text[:20_000], posix=True, punctuation_chars=";&|()<>")
    lexer.whitespace_split = True
    lexer.commenters = ""
    try:
        tokens = list(lexer)
    except ValueError:
        tokens = text.split()
    current: list[str] = []
    skip = False
    for token in tokens:
        if skip:
            skip = False
            continue
        if token and set(token) <= set(";&|()"):
            if current:
                yield plain(current)
            current = []
        elif token and set(token) <= set("<>&"):
            skip = True
        else:
            current.append(token)
    if current:
        yield plain(current)


def plain(words: list[str]) -> tuple[str, ...]:
    """A command without what only leads to it: ``exec``, ``env``, assignments, ``then``."""
    at = 0
    leading = {"exec", "env", "then", "do", "else", "sudo", "nohup", "time", "eval", "command"}
    while at < len(words) and (words[at] in leading or re.match(r"^\w+=", words[at])):
        at += 1
    return tuple(words[at:])


def joined_lines(text: str) -> Iterator[tuple[str, int]]:
    """The logical lines of a script with the line each begins on; comments and heredocs left out.

    A quoted string that runs over lines stays one line.
    """
    lines = text.split("\n")
    at = 0
    while at < len(lines):
        start = at
        line = lines[at]
        at += 1
        if line.lstrip().startswith("#"):
            continue
        while line.endswith("\\") and at < len(lines):
            line = line[:-1] + " " + lines[at].strip()
            at += 1
        count = 0
        while line.count('"') % 2 and at < len(lines) and count < 40:
            line += " " + lines[at].strip().rstrip("\\")
            at += 1
            count += 1
        for mark in re.finditer(r"<<-?\s*([\"']?)(\w+)\1", line):
            while at < len(lines) and lines[at].strip() != mark[2]:
                at += 1
            at += 1
        if line.strip():
            yield line.strip(), start + 1
