"""Format ``github``: workflow commands that GitHub Actions shows as annotations, worst first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from plainwire.model import Report, Severity
from plainwire.report import Options
from plainwire.report.clean import command_property, command_text
from plainwire.report.groups import Group, counted, grouped

MAX_OF_A_KIND = 10  # GitHub shows no more of one kind for a step (docs of actions/toolkit)
MAX_PLACES = 3

Kind = Literal["error", "warning", "notice"]
KINDS: tuple[Kind, ...] = ("error", "warning", "notice")


def render(reports: Sequence[Report], options: Options) -> str:
    """One line an annotation: errors, then warnings, then notices, at most ten of each."""
    found = list(_annotations(reports))
    lines = []
    for kind in KINDS:
        mine = [line for its_kind, line in found if its_kind == kind]
        if len(mine) > MAX_OF_A_KIND:
            rest = len(mine) - MAX_OF_A_KIND + 1
            more = f"and {rest} more; the whole report has them"
            mine = [*mine[: MAX_OF_A_KIND - 1], _line(kind, "plainwire", more)]
        lines += mine
    return "".join(f"{line}\n" for line in lines)


def kind_of(severity: Severity) -> Kind:
    """The kind of annotation that a severity becomes."""
    if severity >= Severity.HIGH:
        return "error"
    return "warning" if severity == Severity.MEDIUM else "notice"


def _annotations(reports: Sequence[Report]) -> Iterator[tuple[Kind, str]]:
    groups = [
        (group, report)
        for report in reports
        for group in grouped(f for f in report.findings if f.counts)
    ]
    for group, report in sorted(groups, key=lambda pair: -pair[0].severity):
        kind = kind_of(group.severity)
        yield kind, _line(kind, f"{group.severity}: {group.first.title}", _message(group, report))
    for report in reports:
        if report.unanswered:
            text = f"{report.target}: {counted(len(report.unanswered), 'question')} unanswered"
            yield "warning", _line("warning", "plainwire: no answer is not a pass", text)


def _message(group: Group, report: Report) -> str:
    first, places = group.first, group.places
    seen = ", ".join(places[:MAX_PLACES]) or report.target
    more = f" and {len(places) - MAX_PLACES} more" if len(places) > MAX_PLACES else ""
    return f"{first.message} ({seen}{more}). {first.remediation} [{first.id}]"


def _line(kind: Kind, title: str, message: str) -> str:
    return f"::{kind} title={command_property(title)}::{command_text(message)}"
