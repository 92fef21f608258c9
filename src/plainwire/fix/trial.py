"""Patches tried in memory: made, audited, and judged by what became of the findings."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from plainwire.fix.comparison import Comparison, compared, key_of, line_follower
from plainwire.fix.content import Content
from plainwire.fix.state import State
from plainwire.model import Edit, Environment, Patch, Report, TargetError
from plainwire.source.deploy import yaml_nodes

Follower = Callable[[str, int], int]


@dataclass(frozen=True)
class Step:
    """A patch as it is made: each file that it changes, before and after.

    A finding that an earlier step's edits answer too has a step without files.
    """

    patch: Patch
    files: tuple[tuple[Content, Content], ...]


@dataclass
class Trial:
    """The project with patches made, in their order, and what the audit says of it.

    ``asked`` are the patches that were to be tried; ``made`` pairs each state with those made in
    it. ``wrong`` says why it must not be, and is empty otherwise.
    """

    asked: tuple[Patch, ...]
    first: State
    before: Report
    made: list[tuple[State, tuple[Patch, ...]]] = field(default_factory=list)
    seen: Comparison = field(default_factory=lambda: Comparison((), (), ()))
    wrong: str = ""
    _follow: Follower = lambda path, line: line

    def __post_init__(self) -> None:
        self.state, self.report = self.first, self.before

    def make(self, patches: Sequence[Patch], environment: Environment) -> None:
        """Make patches in the present state and audit it."""
        edits = [edit for patch in patches for edit in patch.edits]
        try:
            state = self.state.edited(edits)
        except (TargetError, ValueError) as error:
            self.wrong = str(error)
            return
        broken = _broken(self.state, state)
        if broken:
            self.wrong = f"{broken} could not be parsed after it"
            return
        self._follow = _chained(self._follow, line_follower(self.state, edits))
        self.made.append((self.state, tuple(patches)))
        self.state, self.report = state, state.report(environment)
        self.seen = compared(self.before, self.report, self._follow)

    def judged(self) -> Trial:
        """Itself, with what is wrong said."""
        self.wrong = self.wrong or _wrong(self.before, self.report, self.seen, self.asked)
        return self

    def steps(self) -> Iterator[Step]:
        """The patches as they are made one after the other."""
        for first, patches in self.made:
            done: list[Edit] = []
            before = first
            for patch in patches:
                done += [edit for edit in patch.edits if edit not in done]
                after = first.edited(done)
                files = [(before.content(p), after.content(p)) for p in sorted(after.contents)]
                yield Step(patch, tuple(pair for pair in files if pair[0].data != pair[1].data))
                before = after


def _chained(first: Follower, then: Follower) -> Follower:
    """The line before two changes for one after both."""

    def line_of(path: str, line: int) -> int:
        middle = then(path, line)
        return first(path, middle) if middle else 0

    return line_of


def _wrong(report: Report, after: Report, seen: Comparison, patches: Sequence[Patch]) -> str:
    if seen.added:
        first = seen.added[0]
        place = first.locations[0]
        return f"{first.id} would come up at {place.path}:{place.line}"
    left = {key_of(f) for f in seen.left}
    for patch in patches:
        if key_of(patch.finding) in left:
            return f"{patch.finding.id} would still be found"
    if len(after.unanswered) > len(report.unanswered):
        return f"{after.unanswered[-1].check} could not be answered after it"
    if len(after.skipped) > len(report.skipped):
        return f"{after.skipped[-1].path} could not be read after it"
    return ""


def _broken(before: State, after: State) -> str:
    """The path of a file that could be parsed before and cannot after. Empty if there is none."""
    old = {file.path: file.text for file in before.tree.files}
    for file in after.tree.files:
        if file.text == old.get(file.path):
            continue
        if not _parses(file.format, file.text) and _parses(file.format, old[file.path]):
            return file.path
    return ""


def _parses(format: str, text: str) -> bool:
    try:
        if format in ("python", "gunicorn"):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # an invalid escape is the project's own business
                ast.parse(text)
        elif format in ("compose", "kubernetes", "yaml"):
            yaml_nodes.documents(text)
    except (SyntaxError, ValueError, RecursionError):
        return False
    return True
