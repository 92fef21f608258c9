"""A plan made true on the disk, and what the audit says afterwards."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from plainwire.audit import audit
from plainwire.fix import disk, git
from plainwire.fix.plan import Plan
from plainwire.model import Environment, Finding, Report, TargetError

if TYPE_CHECKING:  # a proof is imported when one is asked for
    from plainwire.fix.proof import Proof


@dataclass(frozen=True)
class Outcome:
    """What the audit of the changed project says: which of the findings are gone, which are left.

    ``notes`` are what a user should know of the change itself. ``tree`` is the digest of the tree
    that was written, as a proof has it; None where there is no proof.
    """

    report: Report
    gone: tuple[Finding, ...]
    left: tuple[Finding, ...]
    notes: tuple[str, ...]
    tree: str | None = None


def apply(
    root: Path,
    plan: Plan,
    *,
    environment: Environment = "production",
    is_forced: bool = False,
    proof: Proof | None = None,
) -> Outcome:
    """Write what a plan changes, all of it or nothing, and audit the project again.

    ``proof`` is that of the plan: only the tree that it began with is changed.

    Raises:
        TargetError: if git could not give the files back and it is not forced, if a file was
            changed meanwhile, or if writing fails. Nothing is changed then.
    """
    notes = list(ensure_recoverable(root, plan, is_forced=is_forced))
    if proof is not None and tree_digest(root) != proof.tree_before:
        raise TargetError("the project was changed while it was proved: nothing was written")
    if plan.changes:
        disk.write(root, plan.changes)
    written = tree_digest(root) if proof is not None else None
    if proof is not None and written != proof.tree_after:
        notes.append("the tree is not the one that was proved: it was changed meanwhile")
    report = audit(root, environment=environment)
    if _names(report) != _names(plan.after):
        notes.append("the project was changed meanwhile: the audit differs from what was tried")
    left = tuple(f for f in report.findings if f.suppressed is None)
    return Outcome(report, tuple(plan.gone), left, tuple(notes), written)


def ensure_recoverable(root: Path, plan: Plan, *, is_forced: bool) -> tuple[str, ...]:
    """What a user should know of getting the changed files back.

    Raises:
        TargetError: if git could not give them back and it is not forced.
    """
    obstacle = git.obstacle(root, [old.path for old, _ in plan.changes]) if plan.changes else None
    if obstacle and not is_forced:
        raise TargetError(f"{obstacle}; commit or stash first, or say --force")
    if obstacle is None:
        return ()
    return (obstacle or "not under git: keep a copy if you may want to go back",)


def tree_digest(root: Path) -> str:
    """The digest of a tree on the disk, as a proof has it."""
    from plainwire.fix.proof.tree import Source

    return Source(root).digest()


def _names(report: Report) -> Counter[str]:
    return Counter(finding.fingerprint for finding in report.findings)
