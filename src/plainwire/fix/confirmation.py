"""A plan and the proof of it: which patches a run confirms, and which one spoils the others.

A patch that is unsafe for want of a condition that a run can show (who terminates TLS, what the
proxy sends, that nothing else reaches the port, that routes stay) is conditional once it is proved.
One that changes what clients see as a matter of taste, or that may lock somebody out, is not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from plainwire.fix.plan import Choice, Plan, plan
from plainwire.fix.proof import Proof, unshown
from plainwire.fix.trial import Step
from plainwire.model import Level, Patch, UsageError

Changes = Mapping[str, bytes]
Prove = Callable[[Changes], Proof]
WHY = "a run would not show it: "


@dataclass(frozen=True)
class Confirmation:
    """A plan with its proof. ``spoiler`` says which patch is why it is refuted, where that is told.

    ``unshown`` is what the run leaves open of the ways in; no patch's level follows from it then.
    """

    plan: Plan
    proof: Proof
    spoiler: str = ""
    unshown: tuple[str, ...] = ()

    @property
    def is_proved(self) -> bool:
        """True if the patches may be written."""
        return self.proof.verdict == "proved"

    def level(self, patch: Patch) -> Level:
        """The level of a patch after the proof."""
        is_shown = patch.is_provable and self.is_proved and not self.unshown
        return "conditional" if is_shown else patch.level


def proposed(
    root: Path,
    choice: Choice,
    *,
    deployment: str | None = None,
    start_command: str = "",
) -> tuple[Plan, tuple[str, ...]]:
    """The plan that is worth proving, and what a run of it leaves open.

    Patches that need a proof are in it unless an edge would be assumed, or not all would be run.

    Raises:
        TargetError: if the project cannot be read.
    """
    made = plan(root, replace(choice, with_provable=True))
    open_ = unshown(root, changes(made.steps), choice.environment, deployment, start_command)
    needs_proof = any(s.patch.is_provable for s in made.steps) and not choice.with_unsafe
    if not open_ or not needs_proof:
        return made, open_
    made = plan(root, choice)
    why = WHY + ", ".join(open_)
    made.advice = [
        replace(p, proof="; ".join((p.proof, why))) if p.is_provable else p for p in made.advice
    ]
    return made, open_


def confirmed(made: Plan, left_open: tuple[str, ...], prove: Prove) -> Confirmation:
    """A plan with its proof; where it is refuted, a few further runs tell by which patch."""
    proof = prove(changes(made.steps))
    spoiler = ""
    if proof.verdict == "refuted" and proof.is_spoilt:
        with suppress(UsageError):  # further runs were not agreed to
            spoiler = _spoiler(made, prove)
    return Confirmation(made, proof, spoiler, left_open)


def changes(steps: Sequence[Step]) -> dict[str, bytes]:
    """The files as some steps leave them."""
    return {new.path: new.data for step in steps for _, new in step.files}


def _spoiler(made: Plan, prove: Prove) -> str:
    """The first patch with which something breaks, by halving: at most log2 of their number runs.

    Patches are made in their order, so what is proved on the way is each time a state of the plan.
    """
    steps = [step for step in made.steps if step.files]
    good, bad = 0, len(steps)
    while bad - good > 1:
        middle = (good + bad) // 2
        if prove(changes(steps[:middle])).is_spoilt:
            bad = middle
        else:
            good = middle
    patch = steps[bad - 1].patch
    place = patch.finding.locations[0]
    return f"it breaks with {patch.remedy} at {place.path}:{place.line}"
