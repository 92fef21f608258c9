"""Projects to be fixed: written as in a page, planned for, and read back."""

from __future__ import annotations

import tempfile
from pathlib import Path

from auditing import laid_out
from plainwire.fix.plan import Choice, Plan, plan
from plainwire.model import Remedy, example_files


def planned(files: dict[str, str], **choice: object) -> Plan:
    """The plan for a project with the files."""
    with tempfile.TemporaryDirectory() as folder:
        return plan(laid_out(files, Path(folder)), Choice(**choice))


def fixed(files: dict[str, str], **choice: object) -> dict[str, str]:
    """The files as a plan would leave them."""
    return files | {new.path: new.text for _, new in planned(files, **choice).changes}


def holds(remedy: Remedy) -> bool:
    """True if the page's Before becomes its After, and nothing is left to do then.

    Where the remedy is advice that is what stays as it is, and something is advised.
    """
    page = remedy.page
    only = {"only": frozenset({remedy.id}), "with_unsafe": remedy.level == "unsafe"}
    before, after = example_files(page.before), example_files(page.after)
    first = planned(before, **only)
    made = before | {new.path: new.text for _, new in first.changes}
    if remedy.level == "advice":
        return made == after and {a.remedy for a in first.advice} == {remedy.id}
    is_answered = {s.patch.remedy for s in first.steps} == {remedy.id} and not first.advice
    return made == after and is_answered and not planned(after, **only).steps
