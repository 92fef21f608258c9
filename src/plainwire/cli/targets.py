"""What is to be scanned: arguments, files and standard input to targets, paths and addresses."""

from __future__ import annotations

import ipaddress
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from plainwire.model import Target, UsageError, WireError
from plainwire.wire.hosts import host
from plainwire.wire.target import parse_target

MAX_BYTES = 10_000_000


@dataclass(frozen=True, slots=True)
class Named:
    """The targets named, each once; what was wrong in files; the user information of a URL."""

    targets: tuple[Target, ...]
    bad_lines: tuple[str, ...]
    userinfo: str | None


def named(
    words: Sequence[str], file: str | None, http_ports: Sequence[int], https_ports: Sequence[int]
) -> Named:
    """The targets of the arguments (``-``: standard input) and of a file.

    A wrong argument ends the call, a wrong line of a file is told and passed over.

    Raises:
        UsageError: if an argument is no target, a file cannot be read, or nothing is named.
    """
    ports = {"http_ports": tuple(http_ports), "https_ports": tuple(https_ports)}
    found: dict[Target, None] = {}
    logins: dict[str, None] = {}

    def add(word: str) -> None:
        target, login = parse_target(word, **ports)
        found[target] = None
        if login is not None:
            logins[login] = None

    bad = _each(words, file, add)
    if not found and not bad:
        raise UsageError("no target: name a URL, a host or host:port")
    if len(logins) > 1:
        raise UsageError("more than one user information in the targets")
    return Named(tuple(found), tuple(bad), next(iter(logins), None))


def endpoints(
    words: Sequence[str], file: str | None, parse: Callable[[str], Target]
) -> tuple[tuple[Target, ...], tuple[str, ...]]:
    """The TLS endpoints of the arguments and of a file, each once, and what was wrong in the file.

    Raises:
        UsageError: as `named`.
    """
    found: dict[Target, None] = {}
    bad = _each(words, file, lambda word: found.setdefault(parse(word)))
    if not found and not bad:
        raise UsageError("no endpoint: name HOST[:PORT]")
    return tuple(found), tuple(bad)


def _each(words: Sequence[str], file: str | None, add: Callable[[str], None]) -> list[str]:
    """Add every argument, and every line of a file and of standard input; what was wrong there."""
    bad = []
    for word in words:
        if word != "-":
            add(word)
    sources = ([file] if file is not None else []) + (["-"] if "-" in words else [])
    for source in dict.fromkeys(sources):
        for number, line in enumerate(lines(source, "the targets"), 1):
            try:
                if line and not line.startswith("#"):
                    add(line)
            except UsageError as error:
                bad.append(f"line {number}: {error}")
    return bad


def lines(source: str, what: str) -> list[str]:
    """The lines of a file in UTF-8 (``-``: standard input), stripped; a byte order mark is none.

    Raises:
        UsageError: if it cannot be read, or is larger than `MAX_BYTES`.
    """
    try:
        if source == "-":
            data = sys.stdin.buffer.read(MAX_BYTES + 1)
        else:
            with Path(source).open("rb") as file:
                data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(f"cannot read {what} in {source}: {error.strerror}") from None
    if len(data) > MAX_BYTES:
        raise UsageError(f"{what} in {source}: more than {MAX_BYTES} bytes")
    text = data.decode("utf-8-sig", "replace")
    return [line.strip() for line in text.replace("\r", "\n").split("\n")]


def paths(source: str | None) -> tuple[str, ...]:
    """The paths in a file, one a line; empty lines and those from ``#`` are passed over.

    Raises:
        UsageError: if the file cannot be read or a line is no path.
    """
    if source is None:
        return ()
    found = tuple(line for line in lines(source, "the paths") if line and line[0] != "#")
    for path in found:
        if not path.startswith("/") or any(c <= " " or c > "~" for c in path):
            raise UsageError(f"--paths: not a path from / in printable ASCII: {path[:80]!r}")
    return found


def pinned(items: Sequence[str]) -> dict[str, str]:
    """The addresses of ``--resolve HOST:ADDR``, by host.

    Raises:
        UsageError: if one is not of that form.
    """
    found = {}
    for item in items:
        name, _, address = item.partition(":")
        try:
            # In the form in which a target has it: A-labels, without a root dot.
            found[host(name)] = str(ipaddress.ip_address(address.strip("[]")))
        except (ValueError, WireError):
            raise UsageError(f"--resolve: not HOST:ADDR: {item[:80]!r}") from None
    return found
