"""Format ``markdown``: a page for a job summary or a pull request."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from plainwire.model import Report
from plainwire.report import Options
from plainwire.report.clean import code, markdown
from plainwire.report.groups import Group, category_words, grouped, scope_words

# GitHub takes a job summary of at most 1 MiB; these keep a report of one target far below it.
MAX_ROWS = 100
MAX_PLACES = 3
MAX_BYTES = 1_000_000


def render(reports: Sequence[Report], options: Options) -> str:
    """The reports one after the other; those beyond a megabyte are counted, not shown."""
    text = ""
    for number, report in enumerate(reports):
        page = "\n".join(_lines(report)) + "\n"
        if len((text + page).encode()) > MAX_BYTES:
            return f"{text}\n{len(reports) - number} more targets are left out here.\n"
        text += ("\n" if text else "") + page
    return text


def _lines(report: Report) -> Iterator[str]:
    yield f"## plainwire: {code(report.target)}"
    yield ""
    yield from _grade(report)
    yield f"**TLS Status: {report.tls_status}**"
    yield ""
    yield from (f"- {markdown(reason)}" for reason in report.tls_reasons)
    yield from _findings(report)
    yield from _gaps(report)
    yield from _categories(report)


def _grade(report: Report) -> Iterator[str]:
    grade = report.grade
    if grade is None:
        yield "**Grade: none**, nothing answered there"
        yield ""
        return
    best = ", at best" if grade.is_upper_bound else ""
    scope = markdown(scope_words(grade, report))
    yield f"**Grade: {grade.letter}** ({grade.score}/100){best}: {scope}"
    yield ""
    yield from (
        f"- capped at {c.letter} by {code(c.finding)}: {markdown(c.why)}" for c in grade.caps
    )
    yield from (f"- to reach an A: {markdown(remedy)}" for remedy in grade.to_reach_a)
    if grade.to_reach_a:
        yield ""


def _findings(report: Report) -> Iterator[str]:
    groups = grouped(finding for finding in report.findings if finding.counts)
    if not groups:
        return
    yield ""
    yield "### Findings, worst first"
    yield ""
    yield "| Severity | Finding | What | Where | Remedy |"
    yield "|---|---|---|---|---|"
    yield from (_row(group) for group in groups[:MAX_ROWS])
    if len(groups) > MAX_ROWS:
        yield ""
        yield f"{len(groups) - MAX_ROWS} more are left out here."


def _row(group: Group) -> str:
    first, places = group.first, [code(place) for place in group.places]
    where = "<br>".join(places[:MAX_PLACES])
    if len(places) > MAX_PLACES:
        where += f"<br>and {len(places) - MAX_PLACES} more"
    cells = (
        str(group.severity),
        f"{markdown(first.title)} {code(first.id)}",
        markdown(first.message),
        where,
        markdown(first.remediation),
    )
    return f"| {' | '.join(cells)} |"


def _gaps(report: Report) -> Iterator[str]:
    gaps = report.unanswered
    if not gaps:
        return
    yield ""
    yield "### Unanswered: no answer is not a pass"
    yield ""
    for gap in gaps[:MAX_ROWS]:
        yield f"- {code(gap.check)} {code(gap.question)}: {markdown(gap.reason)}"
    if len(gaps) > MAX_ROWS:
        yield f"- and {len(gaps) - MAX_ROWS} more"


def _categories(report: Report) -> Iterator[str]:
    yield ""
    yield "<details><summary>The twelve categories</summary>"
    yield ""
    yield "| Category | Status |"
    yield "|---|---|"
    for category in report.categories:
        yield f"| {markdown(category.id)} | {markdown(category_words(category, report))} |"
    yield ""
    yield "</details>"
