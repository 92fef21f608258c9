"""Where a command runs, and what its words say."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from plainwire.model import Setting, Span, Start

LOCAL = ("127.", "localhost", "::1", "[::1]", "unix:")
TARGET: Final = re.compile(r"[A-Za-z_][\w.-]*:[A-Za-z_]\w*(\(|$)")


@dataclass(frozen=True, slots=True)
class Context:
    """Where a command runs: its folder in the project, its variables, how it was reached."""

    folder: str
    settings: Mapping[str, Setting] = field(default_factory=dict)
    via: tuple[Span, ...] = ()
    rest: tuple[str, ...] = ()
    depth: int = 0

    @property
    def origin(self) -> Span | None:
        """Where the command that a script was given is written. Returns None at the outset."""
        return self.via[-1] if self.via else None

    @property
    def variables(self) -> dict[str, str]:
        """The variables whose values are known."""
        return {n: s.value for n, s in self.settings.items() if s.value is not None}

    def deeper(self, place: Span, rest: tuple[str, ...] = ()) -> Context:
        """One step further in."""
        via = (*self.via, place) if place not in self.via else self.via
        return Context(self.folder, self.settings, via, rest, self.depth + 1)


class Starting(Protocol):
    """What finds the servers that a command starts."""

    def starts(self, words: Sequence[str], place: Span, at: Context) -> tuple[Start, ...]:
        """The servers that a command starts; none if it starts none that is known."""

    def text(self, text: str, place: Span, at: Context) -> tuple[Start, ...]:
        """The servers that a shell line starts."""


def options_in(words: Sequence[str], short: Mapping[str, str] | None = None) -> dict[str, str]:
    """Long options with their values; ``short`` maps letters to the long names."""
    found: dict[str, str] = {}
    names = short or {}
    for number, word in enumerate(words):
        following = words[number + 1] if number + 1 < len(words) else ""
        if word.startswith("--"):
            name, equals, value = word[2:].partition("=")
            found[name] = value if equals else "" if following.startswith("-") else following
        elif len(word) > 1 and word[0] == "-" and word[1] in names:
            found[names[word[1]]] = word[2:].lstrip("=") or following
    return found


def all_of(words: Sequence[str], options: tuple[str, str]) -> list[str]:
    """Every value of an option that may be given more than once."""
    found = []
    for number, word in enumerate(words):
        if word in options and number + 1 < len(words):
            found.append(words[number + 1])
        elif word.startswith(options[1] + "="):
            found.append(word.partition("=")[2])
        elif word.startswith(options[0]) and not word.startswith("--") and len(word) > 2:
            found.append(word[2:].lstrip("="))
    return found


def value_of(at: Context, name: str) -> str | None:
    """A variable's value. Returns None if it is not known."""
    setting = at.settings.get(name)
    return setting.value if setting is not None else None


def is_local(host: str) -> bool:
    """True for loopback and Unix sockets."""
    return host.startswith(LOCAL)


def is_under(path: str, folder: str) -> bool:
    """True if a path is below a folder; "" is the project's."""
    return not folder or path.startswith(folder + "/")
