"""Format ``text``: for a person at a terminal, the most important last."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from plainwire.model import Finding, Grade, Report, Unanswered
from plainwire.report import Options, picture
from plainwire.report.clean import log_line, visible
from plainwire.report.groups import (
    Group,
    category_words,
    counted,
    grouped,
    proof,
    scope_words,
)
from plainwire.report.layout import (
    BOLD,
    LETTER_STYLE,
    MIN_WIDTH,
    RED,
    SEVERITY_STYLE,
    STATUS_STYLE,
    styled,
    wrapped,
)

if TYPE_CHECKING:
    from plainwire.model import TlsEndpoint

MAX_MESSAGES = 3
MAX_PLACES = 5
MAX_GAPS = 20
MAX_SAME = 5  # questions that one reason left open, each with a line of its own
HEADING_COLUMN = 14


def render(reports: Sequence[Report], options: Options) -> str:
    """The reports one after the other, an empty line between them."""
    return "\n".join("\n".join(_Page(report, options).lines()) + "\n" for report in reports)


class _Page:
    """One report's lines. Colour is put on whole lines or words after they are wrapped."""

    def __init__(self, report: Report, options: Options) -> None:
        self.report = report
        self.width = max(options.width, MIN_WIDTH)
        self.color = options.color

    def lines(self) -> Iterator[str]:
        """Head, categories, findings, gaps, grade, with empty lines between what is there."""
        parts: tuple[Callable[[], Iterator[str]], ...]
        parts = (self._head, self._categories, self._findings, self._aside, self._gaps, self._paths)
        parts += (self._grade,)
        is_first = True
        for part in parts:
            lines = list(part())
            if lines and not is_first:
                yield ""
            yield from lines
            is_first = False

    def _put(
        self, text: str, first: str = "", rest: str | None = None, style: str = ""
    ) -> Iterator[str]:
        """Text from anywhere as safe wrapped lines."""
        for line in wrapped(visible(text), self.width, first, rest):
            safe = log_line(line)
            yield styled(safe, style, self.color) if style else safe

    def _head(self) -> Iterator[str]:
        report = self.report
        yield from self._put("=== Security Scan Results ===", style=BOLD)
        yield from self._put(report.target, "Target: ", "  ")
        yield from self._put(
            f"TLS Status: {report.tls_status}", style=STATUS_STYLE[report.tls_status]
        )
        for reason in report.tls_reasons:
            yield from self._put(reason, "  - ")
        if report.tls_status == "FAIL":
            starttls = any(endpoint.starttls for endpoint in report.tls)
            what = "Offer STARTTLS" if starttls else "Enable HTTPS"
            yield from self._put(f"{what} with valid certificate", "Recommendation: ", "  ")

    def _categories(self) -> Iterator[str]:
        report = self.report
        if report.target_kind == "endpoint":
            for endpoint in report.tls:
                yield from self._endpoint(endpoint)
            return
        if report.target_kind == "source":
            for note in report.notes:
                yield from self._put(note, "Note: ", "  ")
            yield from self._put(f"Graded: {report.environment}")
            return
        column = max((len(category.id) for category in report.categories), default=0)
        has_room = self.width >= column + MIN_WIDTH
        for category in report.categories:
            name, words = visible(category.id), category_words(category, report)
            if has_room:
                yield from self._put(words, f"  {name:<{column}}  ", "      ")
            else:
                yield from self._put(f"{name}: {words}", "  ", "    ")
        if report.tls:
            from plainwire.report import tls_facts  # no audit needs it
        for endpoint in report.tls:
            if words := tls_facts.summary(endpoint, report.started_at):
                yield from self._put(f"{endpoint.host}:{endpoint.port}: {words}", "TLS at ", "  ")
        for note in report.notes:
            yield from self._put(note, "Note: ", "  ")

    def _endpoint(self, endpoint: TlsEndpoint) -> Iterator[str]:
        """What a listener revealed: headings in a column of their own where there is room."""
        from plainwire.report import tls_facts

        yield from self._put(tls_facts.where(endpoint), "", "  ", BOLD)
        has_room = self.width >= HEADING_COLUMN + 2 * MIN_WIDTH
        for line in tls_facts.lines(endpoint, self.report.started_at):
            indent = "  " * line.depth
            if not has_room and line.heading:
                yield from self._put(f"{line.heading}:")
            first = f"{line.heading:<{HEADING_COLUMN}}" if has_room else "  "
            rest = " " * len(first) + indent + "  "
            style = RED if line.is_bad else ""
            yield from self._put(line.words, first + indent, rest, style)

    def _coverage(self) -> str:
        coverage = self.report.coverage
        words = f"{coverage.exercised} of {counted(coverage.known, 'known operation')} asked"
        why = Counter(skipped.reason.partition(":")[0] for skipped in coverage.skipped)
        left_out = "; ".join(f"{number} left out: {reason}" for reason, number in why.items())
        return f"{words}; {left_out}" if left_out else words

    def _findings(self) -> Iterator[str]:
        groups = grouped(finding for finding in self.report.findings if finding.counts)
        if groups:
            yield from self._put("Findings, worst first", style=BOLD)
        for group in groups:
            yield ""
            yield from self._group(group)

    def _group(self, group: Group) -> Iterator[str]:
        first = group.first
        heading = f"{str(group.severity).upper()}: {first.title} [{first.id}]"
        yield from self._put(heading, "", "  ", SEVERITY_STYLE[group.severity])
        for message in _first(group.messages, MAX_MESSAGES, "more like these"):
            yield from self._put(message, "  ")
        for place in group.places[:MAX_PLACES]:
            yield from self._put(place, "  at ", "     ")
        if len(group.places) > MAX_PLACES:
            yield from self._put(f"and {len(group.places) - MAX_PLACES} more places", "  ")
        if first.evidence:
            yield from self._put(proof(first.evidence[0]), "  seen: ", "    ")
        if first.confidence != "certain":
            yield from self._put(f"confidence: {first.confidence.value}", "  ")
        yield from self._put(_sources(first), "  ", "    ")
        if first.remediation:
            yield from self._put(first.remediation, "  remedy: ", "    ")
        yield from self._put(f"more: plainwire explain {first.id}", "  ", "    ")

    def _aside(self) -> Iterator[str]:
        """What is there and does not count."""
        aside = [finding for finding in self.report.findings if not finding.counts]
        if aside:
            yield from self._put("There, but not counted", style=BOLD)
        for finding in aside[:MAX_GAPS]:
            yield from self._put(f"{finding.id}: {_why_aside(finding)}", "  - ")
        if len(aside) > MAX_GAPS:
            yield from self._put(f"and {len(aside) - MAX_GAPS} more", "  - ")

    def _gaps(self) -> Iterator[str]:
        gaps = self.report.unanswered
        if gaps:
            yield from self._put("Unanswered: no answer is not a pass", style=BOLD)
        for line in _first(list(_gap_words(gaps)), MAX_GAPS, "more"):
            yield from self._put(line, "  - ")

    def _paths(self) -> Iterator[str]:
        """The picture of each path, the environment that is graded first."""
        report = self.report
        if report.paths:
            yield from self._put("Paths", style=BOLD)
        for line in picture.lines(report):
            yield from self._put(line, "  ", "      ")

    def _grade(self) -> Iterator[str]:
        report = self.report
        asked = counted(report.connections, "connection")
        if report.target_kind == "url":
            asked = f"{counted(report.requests, 'request')}, {asked}"
        asked = "" if report.target_kind == "source" else f"{asked}, "
        yield from self._put(f"{asked}{report.duration_s:.1f} s")
        if report.is_interrupted:
            yield from self._put("Interrupted: this is what was known then")
        if report.grade is None:
            yield from self._put("Security Score: none, nothing answered there", "", "  ", BOLD)
            return
        yield from self._letter(report.grade)

    def _letter(self, grade: Grade) -> Iterator[str]:
        if self.report.target_kind == "url":
            yield from self._put(self._coverage(), "Coverage: ", "  ")
        best = ", at best" if grade.is_upper_bound else ""
        style = f"{BOLD};{LETTER_STYLE[grade.letter]}"
        score = f"Security Score: {grade.letter} ({grade.score}/100){best}"
        yield from self._put(score, "", "  ", style)
        words = f"Grade: {grade.letter} ({scope_words(grade, self.report)}){best}"
        yield from self._put(words, "", "  ")
        if grade.unsuppressed_letter != grade.letter:
            words = f"{grade.unsuppressed_letter} with what is suppressed or known"
            yield from self._put(words, "  ", "    ")
        for cap in grade.caps:
            yield from self._put(
                f"capped at {cap.letter} by {cap.finding}: {cap.why}", "  ", "    "
            )
        if grade.to_reach_a:
            yield from self._put("To reach an A:")
        for number, remedy in enumerate(grade.to_reach_a, 1):
            yield from self._put(remedy, f"  {number}. ")


def _first(items: Sequence[str], most: int, rest: str) -> Iterator[str]:
    yield from items[:most]
    if len(items) > most:
        yield f"and {len(items) - most} {rest}"


def _gap_words(gaps: Sequence[Unanswered]) -> Iterator[str]:
    """A line for each question and each reason; one for all questions of a frequent reason."""
    reasons: dict[str, dict[str, list[str]]] = {}
    for gap in gaps:
        reasons.setdefault(gap.reason, {}).setdefault(gap.question, []).append(gap.check)
    for reason, questions in reasons.items():
        if len(questions) > MAX_SAME:
            every = list(dict.fromkeys(check for ids in questions.values() for check in ids))
            first = next(iter(questions))
            yield f"{first} and {len(questions) - 1} more questions: {reason} ({_of(every)})"
            continue
        for question, ids in questions.items():
            yield f"{question}: {reason} ({_of(ids)})"


def _sources(finding: Finding) -> str:
    numbers = [f"CWE-{number}" for number in finding.cwe]
    return ", ".join((*numbers, *finding.owasp, *finding.references))


def _why_aside(finding: Finding) -> str:
    if finding.suppressed is None:
        return "known in the baseline"
    until = f" (until {finding.suppressed.until})" if finding.suppressed.until else ""
    return f"suppressed: {finding.suppressed.reason}{until}"


def _of(checks: Sequence[str]) -> str:
    """Whose question it was: up to two names, then their number."""
    return ", ".join(checks) if len(checks) < 3 else f"{len(checks)} checks"
