"""Strict-Transport-Security as a browser reads it (RFC 6797, section 6.1).

Strict-Transport-Security = [ directive ] *( ";" [ directive ] )
directive                 = directive-name [ "=" directive-value ]
directive-name            = token
directive-value           = token | quoted-string
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from plainwire.model import Exchange
from plainwire.wire.fields import MAX_FIELD, is_token, split, unquote

NAME = "strict-transport-security"
# The list's own conditions (hstspreload.org, "Submission Requirements", 2026-11): a year.
PRELOAD_MAX_AGE_S = 31_536_000
# Chromium keeps at most a year and Firefox 64 bits; this much survives every JSON reader.
MAX_AGE_CAP_S = 2**53 - 1

_DIGITS = re.compile(r"[0-9]+")


@dataclass(frozen=True, slots=True)
class Hsts:
    """One Strict-Transport-Security value.

    ``max_age_s`` is None where no valid max-age stands, and `MAX_AGE_CAP_S` where it is larger.
    ``is_honoured`` is False if a browser ignores the whole value for a ``problems`` in it.
    """

    max_age_s: int | None
    include_subdomains: bool = False
    preload: bool = False
    problems: tuple[str, ...] = ()
    is_honoured: bool = True

    @property
    def is_effective(self) -> bool:
        """True if a browser keeps to https after this: max-age=0 forgets (RFC 6797, 6.1.1)."""
        return self.is_honoured and bool(self.max_age_s)

    @property
    def is_removal(self) -> bool:
        """True if a browser forgets the host on reading this (RFC 6797, section 6.1.1)."""
        return self.is_honoured and self.max_age_s == 0

    @property
    def preload_problems(self) -> tuple[str, ...]:
        """Which conditions of the preload list (hstspreload.org) the value does not meet."""
        unmet = []
        if not self.is_honoured or (self.max_age_s or 0) < PRELOAD_MAX_AGE_S:
            unmet.append(f"max-age of at least {PRELOAD_MAX_AGE_S}")
        if not self.include_subdomains:
            unmet.append("includeSubDomains")
        if not self.preload:
            unmet.append("preload")
        return tuple(unmet)


@dataclass(frozen=True, slots=True)
class _Problem:
    words: str
    is_fatal: bool = True


def sent(exchange: Exchange) -> Hsts | None:
    """The policy of an answer: its first field, as a browser takes it (RFC 6797, section 8.1).

    Returns None if the answer has no such field.
    """
    value = exchange.header(NAME)
    return None if value is None else parse(value)


def parse(value: str) -> Hsts:
    """The value of one Strict-Transport-Security field; whatever stands there gives an `Hsts`.

    Of several fields a browser reads the first only (RFC 6797, section 8.1); a proxy that joins
    them with a comma makes one value that is junk.
    """
    problems: list[_Problem] = []
    directives = list(_directives(value, problems))
    seen: dict[str, str | None] = {}
    for name, argument in directives:
        if name in seen:
            problems.append(_repeated(name))
        else:
            seen[name] = argument
    max_age_s = _max_age(seen, problems)
    for name in ("includesubdomains", "preload"):
        if seen.get(name) is not None:
            # "preload" is no directive of the RFC: browsers pass over it, the list refuses it.
            problems.append(_Problem(f"{name} takes no value", name != "preload"))
    return Hsts(
        max_age_s,
        "includesubdomains" in seen,
        "preload" in seen and seen["preload"] is None,
        tuple(problem.words for problem in problems),
        not any(problem.is_fatal for problem in problems),
    )


def _directives(value: str, problems: list[_Problem]) -> Iterator[tuple[str, str | None]]:
    if len(value) > MAX_FIELD:
        problems.append(_Problem(f"longer than {MAX_FIELD} characters"))
    for part in split(value, ";"):
        if not part:
            continue
        name, equals, argument = part.partition("=")
        name, argument = name.rstrip(" \t"), argument.lstrip(" \t")
        content = argument if is_token(argument) else unquote(argument)
        if not is_token(name) or (equals and content is None):
            problems.append(_Problem("not a directive: " + ascii(part[:40])))
            # What was meant is worth knowing although no browser honours it.
            content = None if not equals else argument
        yield name.lower(), content if equals else None


def _repeated(name: str) -> _Problem:
    # All directives must be single (6.1), but browsers only look at the two that they know.
    return _Problem(f"{name[:40]} appears twice", name in ("max-age", "includesubdomains"))


def _max_age(seen: dict[str, str | None], problems: list[_Problem]) -> int | None:
    """delta-seconds = 1*DIGIT (RFC 6797, section 6.1.1)."""
    if "max-age" not in seen:
        problems.append(_Problem("max-age is missing"))
        return None
    digits = seen["max-age"]
    if digits is None or not _DIGITS.fullmatch(digits):
        problems.append(_Problem("max-age is not a number of seconds"))
        return None
    significant = digits.lstrip("0") or "0"
    return min(int(significant), MAX_AGE_CAP_S) if len(significant) < 17 else MAX_AGE_CAP_S
