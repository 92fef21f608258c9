"""A plan for readers: as a patch that ``git apply`` and ``patch -p1`` take, and as a dictionary.

All that is not the patch itself stands behind ``#``, which both programs pass over.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from plainwire.fix.applying import Outcome
from plainwire.fix.content import Content
from plainwire.fix.plan import Plan
from plainwire.fix.trial import Step
from plainwire.model import Finding, Patch, Skip
from plainwire.report.clean import visible
from plainwire.report.groups import counted

if TYPE_CHECKING:  # a proof is imported when one is asked for
    from plainwire.fix.confirmation import Confirmation

_CONTROL = re.compile(r"\r(?!\n)|[^\t\n\r\x20-\x7e\u00a0-\U0010ffff]|[\u200b-\u200f\u2028-\u202e]"
                      r"|[\u2066-\u2069\ufeff\ud800-\udfff]")  # fmt: skip


def text(plan: Plan) -> str:
    """The plan's patches in their order, then what is left to the reader."""
    return "".join(_lines(plan))


def _lines(plan: Plan) -> Iterator[str]:
    for number, step in enumerate(plan.steps, 1):
        yield from heading(step.patch, f"{number}. ")
        yield from _diffs(step)
        if not step.files:
            yield "#    by the same change as before\n"
        yield "\n"
    yield from left(plan)


def left(plan: Plan) -> Iterator[str]:
    """The lines on what is not changed, and why."""
    if plan.advice:
        more = f" (--unsafe tries {plan.consent} of them)" if plan.consent else ""
        yield f"# Not made{more}:\n"
        for patch in plan.advice:
            yield from heading(patch, "- ")
    if plan.unanswered:
        yield "# No remedy is known for:\n"
        for finding in plan.unanswered:
            yield f"# - {finding.id} at {_where(finding)}: {visible(finding.remediation, 200)}\n"
    if plan.after.skipped:
        yield "# Not read, so that nothing is known of it:\n"
        for skip in plan.after.skipped:
            yield f"# - {_skipped(skip)}: {visible(skip.reason, 200)}\n"


def heading(patch: Patch, mark: str = "") -> Iterator[str]:
    """What a patch does, for which finding, and what shows that it is right."""
    yield f"# {mark}{patch.remedy} ({patch.level}): {visible(patch.summary, 400)}\n"
    yield f"#    answers {patch.finding.id} at {_where(patch.finding)}\n"
    if patch.proof:
        yield f"#    {visible(patch.proof, 400)}\n"


def diff(step: Step) -> str:
    """What a step changes, as a unified diff."""
    return "".join(_diffs(step))


def _diffs(step: Step) -> Iterator[str]:
    for old, new in step.files:
        yield unified(old, new)


def unified(old: Content, new: Content) -> str:
    """The difference between two contents of a file, line ends as they are."""
    before, after = (c.data.decode("utf-8", "replace") for c in (old, new))
    path = visible(old.path, 400)
    path += "\t" if " " in path else ""  # patch(1) ends a name at a space, unless at a tab
    lines = difflib.unified_diff(_split(before), _split(after), f"a/{path}", f"b/{path}")
    shown = []
    for line in lines:
        shown.append(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n")
    return _CONTROL.sub(lambda m: visible(m[0]), "".join(shown))


def _split(text: str) -> list[str]:
    """The lines with their ends; only a line feed ends one, as in git."""
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def _skipped(skip: Skip) -> str:
    return visible(f"{skip.path}:{skip.line}" if skip.line else skip.path, 300)


def _where(finding: Finding) -> str:
    place = finding.locations[0]
    return visible(f"{place.path}:{place.line}", 300)


def outcome(plan: Plan, done: Outcome) -> str:
    """What is gone and what is left after a plan was applied, before the report on the rest."""
    lines = [f"{counted(len(plan.steps), 'change')} in {counted(len(plan.changes), 'file')}\n"]
    lines += [f"  gone: {f.id} at {_where(f)}\n" for f in done.gone]
    lines += [f"  left: {f.id} at {_where(f)}\n" for f in done.left]
    return "".join((*lines, "\n"))


def confirmation(found: Confirmation) -> str:
    """The level of each patch before and after its proof, and what spoils it."""
    lines = []
    for step in found.plan.steps:
        patch, level = step.patch, found.level(step.patch)
        became = f"{patch.level}, proved: {level}" if level != patch.level else patch.level
        why = ", which the run does not show" if patch.is_provable else " by your consent"
        words = why if level == "unsafe" else ""
        lines.append(f"  {patch.remedy} at {_where(patch.finding)}: {became}{words}\n")
    lines += [f"  not shown: {visible(words, 200)}\n" for words in found.unshown]
    if found.spoiler:
        lines.append(f"  {visible(found.spoiler, 300)}\n")
    elif found.proof.is_spoilt:
        lines.append("  which patch breaks it was not told: it is the set\n")
    elif found.proof.verdict == "refuted":
        lines.append("  no patch breaks anything: they leave what fails\n")
    return "".join(("Patches:\n", *lines, "\n"))


def confirmed(found: Confirmation) -> dict[str, Any]:
    """The plan with the levels after the proof, as plain dictionaries, lists and strings."""
    told = as_dict(found.plan)
    for patch, step in zip(told["patches"], found.plan.steps, strict=True):
        patch["level_after_proof"] = found.level(step.patch)
    return told | {"spoiler": found.spoiler, "unshown": list(found.unshown)}


def as_dict(plan: Plan) -> dict[str, Any]:
    """The plan as plain dictionaries, lists and strings."""
    return {
        "patches": [
            _patch_dict(step.patch)
            | {
                "diff": diff(step),
                "files": [
                    {"path": old.path, "sha256": old.sha256, "sha256_after": new.sha256}
                    for old, new in step.files
                ],
            }
            for step in plan.steps
        ],
        "advice": [_patch_dict(patch) for patch in plan.advice],
        "no_remedy": [{"finding": f.id, "place": _where(f)} for f in plan.unanswered],
        "not_read": [{"place": _skipped(s), "reason": s.reason} for s in plan.after.skipped],
        "gone": [{"finding": f.id, "place": _where(f)} for f in plan.gone],
    }


def _patch_dict(patch: Patch) -> dict[str, Any]:
    return {
        "remedy": patch.remedy,
        "level": patch.level,
        "finding": patch.finding.id,
        "place": _where(patch.finding),
        "fingerprint": patch.finding.fingerprint,
        "summary": patch.summary,
        "proof": patch.proof,
    }
