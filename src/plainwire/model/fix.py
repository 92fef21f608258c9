"""A fix: edits of files, how far they can be trusted, and the remedy that proposes them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

from plainwire.model.checks import docstring_of, sections_of
from plainwire.model.finding import Finding
from plainwire.model.source import Project

Level = Literal["safe", "conditional", "unsafe", "advice"]
LEVELS: tuple[Level, ...] = get_args(Level)


@dataclass(frozen=True, slots=True)
class Edit:
    """Characters ``start`` to ``end`` of a file's text give way to ``new``.

    The offsets count characters of `SourceFile.text`, where every line ends in one ``\\n`` and a
    byte order mark is no character; ``new`` is written with the line ends of its surroundings.
    """

    path: str
    start: int
    end: int
    new: str


@dataclass(frozen=True, slots=True)
class Peer:
    """A TLS server that a project talks to; ``starttls`` is the protocol that TLS begins in."""

    host: str
    port: int
    starttls: str | None = None


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a remedy would do about one finding.

    ``summary`` says it in the imperative. ``level`` is the remedy's unless this case is another
    one: a conditional remedy whose condition was not shown is unsafe. ``proof`` is what shows the
    condition, or what is missing for it. Without ``edits`` it is advice. ``peer`` is the server
    whose certificate decides: where it was asked and verifies, an unsafe proposal is conditional.
    ``is_provable``: running the project can show a condition that its files do not.
    """

    summary: str
    edits: tuple[Edit, ...] = ()
    level: Level | None = None
    proof: str = ""
    peer: Peer | None = None
    is_provable: bool = True


@dataclass(frozen=True, slots=True)
class Patch:
    """A proposal for a finding, with the level it came out at.

    ``is_provable``: unsafe for want of a condition that a run of the project can show.
    """

    remedy: str
    finding: Finding
    level: Level
    summary: str
    proof: str
    edits: tuple[Edit, ...]
    is_provable: bool = False


RemedyRun = Callable[[Finding, Project], Proposal | None]
REMEDY_SECTIONS = ("Condition", "Before", "After", "Limits")


@dataclass(frozen=True, slots=True)
class RemedyPage:
    """A remedy's page, read from its module's docstring; ``before`` and ``after`` are file trees.

    ``condition`` says what makes it right, and for a conditional remedy what proves that.
    """

    title: str
    why: str
    condition: str
    before: str
    after: str
    limits: str


@dataclass(frozen=True, slots=True)
class Remedy:
    """A documented function from a finding of one of the rules it answers to a proposal.

    ``level`` is the best that it can be; ``id`` is the file's name.
    """

    id: str
    answers: tuple[str, ...]
    level: Level
    module: str
    run: RemedyRun

    @property
    def page(self) -> RemedyPage:
        """The remedy's page.

        Raises:
            ValueError: if a section is missing.
        """
        title, why, found = sections_of(docstring_of(self.module), REMEDY_SECTIONS)
        condition = " ".join(found["Condition"].split())
        limits = found["Limits"].strip()
        return RemedyPage(title, why, condition, found["Before"], found["After"], limits)


def remedy(*, answers: tuple[str, ...], level: Level) -> Callable[[RemedyRun], Remedy]:
    """Turn a module's one function into a `Remedy`; file = function = id."""

    def wrap(run: RemedyRun) -> Remedy:
        return Remedy(run.__name__.replace("_", "-"), answers, level, run.__module__, run)

    return wrap
