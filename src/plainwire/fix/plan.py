"""What would be changed, found out in memory: propose, make, audit again, drop what does not help.

A patch is kept only if the finding that it answers is gone from the audit of the edited project,
no finding came up that was not there, and every file that could be parsed still can. The rounds
end when nothing is proposed any more, which is why a second run has nothing to do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from plainwire import catalog
from plainwire.fix.conditions import Condition
from plainwire.fix.content import Content
from plainwire.fix.state import State
from plainwire.fix.trial import Step, Trial
from plainwire.model import (
    LEVELS,
    Edit,
    Environment,
    Finding,
    Level,
    Patch,
    Peer,
    Project,
    Proposal,
    Remedy,
    Report,
)

MAX_ROUNDS = 8
MAX_AT_ONCE = 300  # patches of a round; the others wait for the next
MAX_TRIALS = 100  # each is an audit of the whole project, or a few
MAX_FOLLOWING = 3  # patches that answer what a patch brings to light, in turn
Asked = Callable[[Step], bool]


@dataclass
class Plan:
    """The steps in the order that they are made in, and what becomes of every finding.

    ``advice`` are patches that are not made, with the reason in their proof; ``unanswered`` are
    findings for which there is no remedy; ``gone`` are those that the changes take away.
    ``consent`` is how many of the advice would be tried with consent.
    """

    before: Report
    after: Report
    steps: list[Step] = field(default_factory=list)
    advice: list[Patch] = field(default_factory=list)
    unanswered: list[Finding] = field(default_factory=list)
    gone: list[Finding] = field(default_factory=list)
    changes: list[tuple[Content, Content]] = field(default_factory=list)
    consent: int = 0


@dataclass(frozen=True)
class Choice:
    """What the user wants: ids of remedies or rules, levels, and a say in each patch.

    ``with_provable``: also the unsafe patches whose condition a proof is about to show. ``ask``
    looks whether a server's certificate verifies; None: no server is asked.
    """

    environment: Environment = "production"
    only: frozenset[str] = frozenset()
    with_unsafe: bool = False
    is_wanted: Asked | None = None
    ask: Callable[[Peer], Condition] | None = None
    with_provable: bool = False

    def takes(self, patch: Patch) -> bool:
        """True if a patch's level is one that is made."""
        levels = LEVELS[: 3 if self.with_unsafe else 2]
        is_taken = patch.level in levels or (self.with_provable and patch.is_provable)
        return bool(patch.edits) and is_taken

    def names(self, remedy: Remedy, finding: Finding) -> bool:
        """True if a remedy, or the finding that it answers, was asked for."""
        return not self.only or bool(self.only & {remedy.id, finding.id})


def plan(root: Path, choice: Choice | None = None) -> Plan:
    """What `plainwire fix` would change under a directory. Nothing is written.

    Raises:
        TargetError: if the directory, or a file that is to be changed, cannot be read.
        ImportError: if LibCST is missing.
    """
    return _Planning(State.of(root), choice or Choice()).plan()


class _Planning:
    """One call's rounds."""

    def __init__(self, state: State, choice: Choice) -> None:
        self.first = self.state = state
        self.choice = choice
        self.remedies = catalog.load_remedies()
        self.answers = {remedy.id: remedy.answers for remedy in self.remedies}
        self.refused: dict[tuple[str, str], str] = {}
        self.trials = 0
        self.agreed: set[tuple[str, str]] = set()

    def plan(self) -> Plan:
        """The rounds, until one has nothing to make."""
        report = self.state.report(self.choice.environment)
        made = Plan(report, report)
        for _ in range(MAX_ROUNDS):
            patches, made.unanswered = self._proposed(report.findings, self.state.project)
            chosen = self._apart([p for p in patches if self._is_made(p)][:MAX_AT_ONCE])
            if not chosen:
                break
            tried = self._kept(report, chosen)
            if tried is None:  # those that waited for them are left
                continue
            steps = list(tried.steps())
            if not all([self._is_wanted(step) for step in steps]):  # ask for each of them
                continue
            made.steps += steps
            made.gone += tried.seen.gone
            self.state, report = tried.state, tried.report
        else:
            patches, made.unanswered = self._proposed(report.findings, self.state.project)
            self._leave(filter(self._is_made, patches), "there were too many rounds")
        made.after = report
        made.advice = [self._told(p) for p in patches]
        made.consent = sum(p.level == "unsafe" and not self.choice.takes(p) for p in patches)
        paths = {content.path for step in made.steps for content, _ in step.files}
        pairs = ((self.first.content(p), self.state.content(p)) for p in sorted(paths))
        made.changes = [(old, new) for old, new in pairs if old.data != new.data]
        return made

    def _is_made(self, patch: Patch) -> bool:
        return self.choice.takes(patch) and _name(patch) not in self.refused

    def _is_wanted(self, step: Step) -> bool:
        """True if the user is not asked, or agrees; each patch is asked about once."""
        ask, name = self.choice.is_wanted, _name(step.patch)
        if ask is None or name in self.agreed:
            return True
        if ask(step):
            self.agreed.add(name)
            return True
        self.refused[name] = "you did not want it"
        return False

    def _leave(self, patches: Iterable[Patch], why: str) -> None:
        """Refuse patches that were not tried."""
        self.refused.update({_name(patch): f"it was not tried: {why}" for patch in patches})

    def _told(self, patch: Patch) -> Patch:
        """A patch that was not made, with the reason."""
        why = self.refused.get(_name(patch)) or patch.proof
        return replace(patch, proof=why)

    def _proposed(
        self, findings: Iterable[Finding], project: Project
    ) -> tuple[list[Patch], list[Finding]]:
        """The best patch for each finding, and the findings that have none."""
        patches, unanswered = [], []
        for finding in findings:
            if finding.suppressed is not None:
                continue
            found = [
                patch
                for remedy in self.remedies
                if finding.id in remedy.answers and self.choice.names(remedy, finding)
                if (patch := _patch(remedy, finding, project, self.choice.ask)) is not None
            ]
            if found:
                patches.append(min(found, key=_rank))
            elif self._is_named(finding):
                unanswered.append(finding)
        return patches, unanswered

    def _is_named(self, finding: Finding) -> bool:
        """True if a finding, or a remedy for it, was asked for."""
        only = self.choice.only
        names = {finding.id, *(r.id for r in self.remedies if finding.id in r.answers)}
        return not only or bool(only & names)

    def _apart(self, patches: Sequence[Patch]) -> list[Patch]:
        """The patches that leave each other alone; later ones wait for the next round."""
        taken: list[Edit] = []
        chosen: list[Patch] = []
        for patch in patches:
            new = [edit for edit in patch.edits if edit not in taken]
            if any(_meet(edit, other) for edit in new for other in taken):
                continue
            if any(self._vie(patch, other) for other in chosen):
                continue
            taken += new
            chosen.append(patch)
        return chosen

    def _vie(self, one: Patch, other: Patch) -> bool:
        """True if one of two remedies may answer what the other is there for, so that both would do
        it: a proxy and an application that send the same header.
        """
        return one.remedy != other.remedy and (
            one.finding.id in self.answers[other.remedy]
            or other.finding.id in self.answers[one.remedy]
        )

    def _kept(self, report: Report, patches: Sequence[Patch]) -> Trial | None:
        """The project with the patches that help and do no harm together. None: none does."""
        if self.trials >= MAX_TRIALS:
            self._leave(patches, "too many were")
            return None
        tried = self._tried(report, patches)
        if not tried.wrong:
            return tried
        if len(patches) == 1:
            self.refused[_name(patches[0])] = tried.wrong
            return None
        half = len(patches) // 2
        parts = [self._kept(report, part) for part in (patches[:half], patches[half:])]
        kept = [patch for part in parts if part is not None for patch in part.asked]
        while kept and self.trials < MAX_TRIALS:
            tried = self._tried(report, kept)
            if not tried.wrong:
                return tried
            self.refused[_name(kept.pop())] = tried.wrong
        return None

    def _tried(self, report: Report, patches: Sequence[Patch]) -> Trial:
        """The project with the patches, and with those that answer what they bring to light."""
        self.trials += 1
        tried = Trial(tuple(patches), self.state, report)
        more = list(patches)
        for _ in range(MAX_FOLLOWING):
            tried.make(more, self.choice.environment)
            if tried.wrong or not tried.seen.added:
                break
            answers, _ = self._proposed(tried.seen.added, tried.state.project)
            more = self._apart([p for p in answers if self._is_made(p)])
            if not more:
                break
        tried.judged()
        first = next(iter(tried.seen.added), None)
        if first is not None and tried.wrong.startswith(first.id):
            tried.wrong += self._answer(first, tried.state.project)
        return tried

    def _answer(self, finding: Finding, project: Project) -> str:
        """What a user can do for a finding that a patch brings to light."""
        found = [
            (_rank(patch), remedy, patch)
            for remedy in self.remedies
            if finding.id in remedy.answers
            if (patch := _patch(remedy, finding, project, self.choice.ask)) is not None
        ]
        _, remedy, patch = min(found, key=lambda one: one[0], default=(None, None, None))
        if remedy is None or patch is None or not patch.edits:
            return f"; by hand: {patch.summary if patch is not None else finding.remediation}"
        if not self.choice.names(remedy, finding):
            return f"; {remedy.id} answers that where --only names it too"
        if self.choice.takes(patch):
            return ""  # it was made, and did not help
        ways = "--unsafe, or --prove --apply" if patch.is_provable else "--unsafe"
        return f"; {remedy.id} answers that with {ways}: {patch.proof}"


def _patch(
    remedy: Remedy, finding: Finding, project: Project, ask: Callable[[Peer], Condition] | None
) -> Patch | None:
    try:
        proposal = remedy.run(finding, project)
    except ValueError as error:  # what stands there cannot be edited
        proposal = Proposal("look at it yourself", level="advice", proof=str(error))
    except Exception as error:  # one remedy's fault is not the end of the others
        said = f"the remedy crashed: {type(error).__name__}: {error}"
        proposal = Proposal("look at it yourself", level="advice", proof=said)
    if proposal is None:
        return None
    level: Level = proposal.level or remedy.level
    proof = proposal.proof
    if proposal.peer is not None and level == "unsafe" and ask is not None:
        seen = ask(proposal.peer)
        level, proof = seen.level, seen.words
    level = level if proposal.edits else "advice"
    # A conditional remedy that is unsafe here lacks its condition; another is unsafe by its nature.
    is_provable = proposal.is_provable and level == "unsafe" and remedy.level == "conditional"
    return Patch(remedy.id, finding, level, proposal.summary, proof, proposal.edits, is_provable)


def _rank(patch: Patch) -> tuple[bool, int, bool]:
    return not patch.edits, LEVELS.index(patch.level), not patch.is_provable


def _name(patch: Patch) -> tuple[str, str]:
    return patch.remedy, patch.finding.fingerprint


def _meet(one: Edit, other: Edit) -> bool:
    """True if two different edits touch each other, so that their order would matter."""
    return one.path == other.path and one.start <= other.end and other.start <= one.end
