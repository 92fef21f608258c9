"""The words of a configuration file as values; each reader raises `UsageError` for a wrong one."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any, cast

from plainwire.cli import arguments
from plainwire.gate import Waiver
from plainwire.model import CATEGORIES, Letter, Severity, UsageError

PASSING_LETTERS = ("A", "B", "C", "D", "E")  # nothing is below F


def severity(word: object) -> Severity | None:
    """A severity by its name. Returns None for ``none``.

    Raises:
        UsageError: if there is no such severity.
    """
    names = {str(one): one for one in Severity}
    if word == "none":
        return None
    if not isinstance(word, str) or word not in names:
        raise UsageError(f"not a severity: {_shown(word)}; none, {', '.join(names)}")
    return names[word]


def letter(word: object) -> Letter:
    """A letter that a grade can be below: A to E.

    Raises:
        UsageError: if it is another word, or F, which nothing is below.
    """
    if not isinstance(word, str) or word not in PASSING_LETTERS:
        raise UsageError(f"not a letter from A to E: {_shown(word)}")
    return cast("Letter", word)


def strings(value: object) -> tuple[str, ...]:
    """A list of strings."""
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise UsageError(f"not a list of strings: {_shown(value)}")
    return tuple(value)


def categories(value: object) -> tuple[str, ...]:
    """Some of the twelve categories."""
    names = strings(value)
    for name in names:
        if name not in CATEGORIES:
            raise UsageError(f"no category {_shown(name)}; there are {', '.join(CATEGORIES)}")
    return names


def paths(value: object) -> tuple[str, ...]:
    """Paths that can be asked."""
    paths = strings(value)
    for path in paths:
        if not path.startswith("/") or any(not "!" <= c <= "~" for c in path):
            raise UsageError(f"not a path from / in printable ASCII: {_shown(path)}")
    return paths


def boolean(value: object) -> bool:
    """True or false, and nothing that is only like it."""
    if not isinstance(value, bool):
        raise UsageError(f"neither true nor false: {_shown(value)}")
    return value


def string(value: object) -> str:
    """A string with something in it."""
    if not isinstance(value, str) or not value.strip() or "\0" in value:
        raise UsageError(f"not a string with something in it: {_shown(value)}")
    return value


def file(value: object) -> Path:
    """A file's path."""
    return Path(string(value))


def seconds(value: object) -> float:
    """A time in seconds, more than none and up to a day."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not 0 < cast("float", value) <= 86_400:
        raise UsageError(f"not a number of seconds above 0 and up to a day: {_shown(value)}")
    return float(cast("float", value))


def count(value: object) -> int:
    """A number from 1 to 100,000."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value <= 100_000:
        raise UsageError(f"not a number from 1 to 100000: {_shown(value)}")
    return value


def size(value: object) -> int:
    """A number of bytes, as a number or a string such as ``"16M"``."""
    try:
        return arguments.size("" if isinstance(value, bool) else str(value))
    except argparse.ArgumentTypeError as error:
        raise UsageError(str(error)) from None


def day(value: object) -> date:
    """A date, as TOML has it or as a string ``YYYY-MM-DD``."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    try:
        return date.fromisoformat(cast("str", value))
    except (TypeError, ValueError):
        raise UsageError(f"not a date such as 2027-01-31: {_shown(value)}") from None


def waivers(value: object) -> tuple[Waiver, ...]:
    """The suppressions of ``[[suppress]]``."""
    if not isinstance(value, list):
        raise UsageError("not an array of tables ([[suppress]])")
    return tuple(_numbered(number, entry) for number, entry in enumerate(value, 1))


def _numbered(number: int, entry: object) -> Waiver:
    try:
        return _waiver(entry)
    except UsageError as error:
        raise UsageError(f"entry {number}: {error}") from None


def _waiver(entry: object) -> Waiver:
    if not isinstance(entry, dict):
        raise UsageError("not a table")
    unknown = set(entry) - set(_WAIVER_KEYS)
    if unknown:
        names = ", ".join(_WAIVER_KEYS)
        raise UsageError(f"unknown key {min(unknown)!r}; there are {names}")
    for key in ("id", "reason"):
        if key not in entry:
            raise UsageError(f"no {key}: a suppression says what it suppresses, and why")
    told: dict[str, Any] = {}
    for key, part in entry.items():
        try:
            told[key] = _WAIVER_KEYS[key](part)
        except UsageError as error:
            raise UsageError(f"{key}: {error}") from None
    return Waiver(**told)


def identities(value: object) -> Mapping[str, Mapping[str, object]]:
    """The identities of ``[identity.NAME]``; their secrets are read for those that are used."""
    if not isinstance(value, dict):
        raise UsageError("not tables ([identity.alice])")
    for name, table in value.items():
        if not isinstance(table, dict):
            raise UsageError(f"{_shown(name)}: not a table ([identity.alice])")
        unknown = set(table) - _IDENTITY_KEYS
        if unknown:
            names = ", ".join(sorted(_IDENTITY_KEYS))
            raise UsageError(f"{name}: unknown key {min(unknown)!r}; there are {names}")
        login = table.get("login", {})
        if not isinstance(login, dict):
            raise UsageError(f"{name}: login: not a table ([identity.{name}.login])")
        unknown = set(login) - _LOGIN_KEYS
        if unknown:
            names = ", ".join(sorted(_LOGIN_KEYS))
            raise UsageError(f"{name}: login: unknown key {min(unknown)!r}; there are {names}")
    return value


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}…"


_IDENTITY_KEYS = frozenset(
    {"bearer", "basic", "cookie", "header", "certificate", "key", "admin", "names", "login"}
)
_LOGIN_KEYS = frozenset(
    {"method", "path", "query", "json", "form", "basic", "header", "token", "show-as"}
)

_WAIVER_KEYS: Mapping[str, Callable[[object], object]] = {
    "id": string,
    "reason": string,
    "until": day,
    "path": string,
    "fingerprint": string,
}
