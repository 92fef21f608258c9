"""A plan made true on the disk, and what the audit says afterwards."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from plainwire.audit import audit
from plainwire.fix import disk, git
from plainwire.fix.plan import Plan
from plainwire.model import Environment, Finding, Report, TargetError


@dataclass(frozen=True)
class Outcome:
    """What the audit of the changed project says: which of the findings are gone, which are left.

    ``notes`` are what a user should know of the change itself.
    """

    report: Report
    gone: tuple[Finding, ...]
    left: tuple[Finding, ...]
    notes: tuple[str, ...]


def apply(
    root: Path, plan: Plan, *, environment: Environment = "production", is_forced: bool = False
) -> Outcome:
    """Write what a plan changes, all of it or nothing, and audit the project again.

    Raises:
        TargetError: if git could not give the files back and it is not forced, if a file was
            changed meanwhile, or if writing fails. Nothing is changed then.
    """
    notes: list[str] = []
    if plan.changes:
        obstacle = git.obstacle(root, [old.path for old, _ in plan.changes])
        if obstacle and not is_forced:
            raise TargetError(f"{obstacle}; commit or stash first, or say --force")
        if obstacle is not None:
            notes.append(obstacle or "not under git: keep a copy if you may want to go back")
        disk.write(root, plan.changes)
    report = audit(root, environment=environment)
    if _names(report) != _names(plan.after):
        notes.append("the project was changed meanwhile: the audit differs from what was tried")
    left = tuple(f for f in report.findings if f.suppressed is None)
    return Outcome(report, tuple(plan.gone), left, tuple(notes))


def _names(report: Report) -> Counter[str]:
    return Counter(finding.fingerprint for finding in report.findings)
