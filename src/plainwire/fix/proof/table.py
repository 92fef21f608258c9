"""A proof as a table for a reader; nothing of the project is printed raw."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from plainwire.fix.proof.document import masked
from plainwire.fix.proof.expectations import Judgement
from plainwire.fix.proof.proof import Proof, Proved, Result
from plainwire.report.clean import visible

MAX_ROWS: Final = 40
_WORDS: Final = {
    "pass": "pass",
    "fail": "FAIL",
    "unanswered": "no answer",
    "not-applicable": "-",
}
_VERDICTS: Final = {
    "proved": "PROVED: it fails without the patch and passes with it",
    "refuted": "NOT PROVED: the patch does not do what it should",
    "incomplete": "INCOMPLETE: not everything could be shown",
}


def rendered(proof: Proof) -> str:
    """The proof as text: each deployment with its cases, routes, and what was not shown."""
    lines = ["=== Proof ===", ""]
    for one in proof.deployments:
        lines += _deployment(one)
    lines += [f"not run: {name}; name it by --deployment" for name in proof.not_run]
    lines += [f"rests on: {assumption}" for assumption in proof.assumptions]
    lines += [
        f"Isolation: {proof.isolation}",
        f"Tree before {proof.tree_before[:16]}, after {proof.tree_after[:16]}, "
        f"patch {proof.patch[:16]} (SHA-256)",
        "",
        f"Proof: {_VERDICTS[proof.verdict]}",
    ]
    text = "\n".join(visible(line, 300) for line in lines) + "\n"
    return masked(text, proof.secrets)


def _deployment(one: Proved) -> Iterator[str]:
    yield f"{one.name} as {one.host}"
    for process in one.after.processes:
        yield f"  started: {process.label} ({process.place})"
    for note in dict.fromkeys((*one.before.notes, *one.after.notes)):
        yield f"  note: {note}"
    if one.cases:
        yield ""
        yield f"  {'case':<64} {'before':<10} after"
        yield from _cases(one.cases)
        yield ""
        yield from _routes(one)
    for which, run in zip(("before", "after"), one.runs or (), strict=False):
        yield from (f"  {which}: it {attempt}" for attempt in run.attempts)
        if run.tests is not None:
            yield f"  {which}: the project's tests ended with {run.tests['exit']}"
    for reason in one.reasons[:MAX_ROWS]:
        yield f"  ! {reason}"
    if len(one.reasons) > MAX_ROWS:
        yield f"  ! and {len(one.reasons) - MAX_ROWS} more"
    yield ""


def _cases(cases: Sequence[Result]) -> Iterator[str]:
    for one in cases:
        if {one.before.state, one.after.state} == {"not-applicable"}:
            continue
        mark = "" if one.case.is_required else " (shown only)"
        title = f"{one.case.title}{mark}"
        row = f"  {title[:64]:<64} {_WORDS[one.before.state]:<10} {_WORDS[one.after.state]}"
        yield f"{row}: {_seen(one.before, one.after)}"


def _seen(before: Judgement, after: Judgement) -> str:
    return after.seen if before.seen == after.seen else f"{before.seen} -> {after.seen}"


def _routes(one: Proved) -> Iterator[str]:
    same = sum(r.judgement.state == "pass" for r in one.routes)
    yield f"  routes: {same} of {len(one.routes)} answer as before; {len(one.left)} not asked"
    for left in one.left[:MAX_ROWS]:
        yield f"    not asked: {left}"
