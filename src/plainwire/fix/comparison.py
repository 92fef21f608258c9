"""What became of findings when edits were made: gone, left, or added.

A finding is known by its rule, kind, environment and first line; lines are followed through the
edits, so that one that only moved is the same.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from plainwire.fix.state import State
from plainwire.model import Edit, Finding, Report

Key = tuple[str, str | None, str | None, str, int]
# Two rules that tell of one flaw, as one server or another is started at the end of a path.
_SAME = {"app-run-without-tls": "server-bound-plain"}
_INSERTED = 0  # no line of the text before


def key_of(finding: Finding, line: int | None = None) -> Key:
    """What a finding is known by; ``line`` stands in for its own."""
    place = finding.locations[0]
    own = place.line or 0
    return (
        finding.id,
        finding.kind,
        finding.environment,
        place.path or "",
        own if line is None else line,
    )


@dataclass(frozen=True, slots=True)
class Comparison:
    """What two audits differ in."""

    gone: tuple[Finding, ...]
    left: tuple[Finding, ...]
    added: tuple[Finding, ...]


def compared(before: Report, after: Report, line_of: Callable[[str, int], int]) -> Comparison:
    """The findings of ``before`` that are gone and left, and those of ``after`` that are added.

    ``line_of`` gives the line that a line of the later text was before, 0 if it was none. One that
    left its place while another of its rule, no more severe, came up elsewhere has moved.
    """
    old = Counter(key_of(f) for f in before.findings)
    unmatched = []
    for finding in after.findings:
        place = finding.locations[0]
        key = key_of(finding, line_of(place.path or "", place.line or 0))
        if old[key] > 0:
            old[key] -= 1
        else:
            unmatched.append(finding)
    gone: list[Finding] = []
    left: list[Finding] = []
    for finding in before.findings:
        key = key_of(finding)
        is_gone = old[key] > 0
        old[key] -= is_gone
        (gone if is_gone else left).append(finding)
    return _without_moved(gone, left, unmatched)


def _without_moved(gone: list[Finding], left: list[Finding], added: list[Finding]) -> Comparison:
    """The comparison, findings of one flaw that went and came taken as moved."""
    missing: dict[tuple[str, str | None], list[Finding]] = defaultdict(list)
    for finding in gone:
        missing[_SAME.get(finding.id, finding.id), finding.environment].append(finding)
    truly = []
    for finding in added:
        flaw = _SAME.get(finding.id, finding.id)
        mates = [
            f
            for f in missing[flaw, finding.environment]
            if f.severity >= finding.severity and (f.id != finding.id or f.kind == finding.kind)
        ]
        if mates:
            missing[flaw, finding.environment].remove(mates[0])
            gone.remove(mates[0])
            left.append(mates[0])
        else:
            truly.append(finding)
    return Comparison(tuple(gone), tuple(left), tuple(truly))


def line_follower(state: State, edits: Iterable[Edit]) -> Callable[[str, int], int]:
    """The function that gives the line before the edits for one after them."""
    by_path: dict[str, dict[Edit, None]] = defaultdict(dict)
    for edit in edits:
        by_path[edit.path][edit] = None
    texts = {path: state.content(path).text for path in by_path}
    tables = {path: _table(texts[path], tuple(own)) for path, own in by_path.items()}

    def line_of(path: str, line: int) -> int:
        table = tables.get(path)
        return line if table is None or line >= len(table) else table[line]

    return line_of


def _table(text: str, edits: Sequence[Edit]) -> list[int]:
    """For each line of the text after edits (from 1) the line that it was before."""
    table = [_INSERTED]
    at, line, is_start = 0, 1, True
    for edit in (*sorted(edits, key=lambda e: (e.start, e.end)), None):
        kept = text[at : edit.start] if edit is not None else text[at:]
        if kept and is_start:
            table.append(line)
        newlines = kept.count("\n")
        is_start = kept.endswith("\n") if kept else is_start
        table += range(line + 1, line + newlines + (not is_start))
        line += newlines
        if edit is None:
            break
        if edit.new and is_start:
            is_whole = edit.start == edit.end and edit.new.endswith("\n")
            table.append(_INSERTED if is_whole else line)
        is_start = edit.new.endswith("\n") if edit.new else is_start
        table += [_INSERTED] * (edit.new.count("\n") - (bool(edit.new) and is_start))
        line += text[edit.start : edit.end].count("\n")
        at = edit.end
    return [*table, line] if is_start else table
