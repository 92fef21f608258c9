"""Format ``junit``: a test suite a category, a test case a check, for the test views of CI."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from xml.etree import ElementTree as ET

from plainwire.model import CATEGORIES, Category, Check, Finding, Report, Rule, Unanswered
from plainwire.report import Options
from plainwire.report.clean import visible
from plainwire.report.envelope import time
from plainwire.report.groups import place, proof

MAX_FINDINGS = 50
NOT_ASKED = "not asked: nothing here to ask, or not allowed"


def render(reports: Sequence[Report], options: Options) -> str:
    """The reports as JUnit XML: a flaw is a failure, no answer an error, not tested is skipped.

    Only a check that was answered and found nothing has passed.
    """
    root = ET.Element("testsuites", name="plainwire")
    for report in reports:
        for category in report.categories:
            root.append(_suite(report, category, options.checks))
    for count in ("tests", "failures", "errors", "skipped"):
        root.set(count, str(sum(int(suite.get(count, "0")) for suite in root)))
    ET.indent(root)
    body = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{body}\n'


def _suite(report: Report, category: Category, checks: Sequence[Check | Rule]) -> ET.Element:
    name = visible(f"{report.target}: {category.id}")
    cases = _cases(report, category, checks)
    suite = ET.Element("testsuite", name=name, timestamp=time(report.started_at), time="0")
    suite.set("tests", str(len(cases)))
    for count, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(count, str(sum(case.find(tag) is not None for case in cases)))
    suite.extend(cases)
    return suite


def _cases(report: Report, category: Category, checks: Sequence[Check | Rule]) -> list[ET.Element]:
    """A case for each check of the category, or one for the category if none is known of."""
    found = _by(report.findings, category.id)
    gaps = _gaps(report, category, checks)
    if category.status in ("not-tested", "not-applicable"):
        reason = f"{category.status}: {category.reason}" if category.reason else category.status
        return [_case(report, category, category.id, skipped=reason)]
    known = {check.id for check in checks if check.category == category.id}
    names = sorted(known | set(found) | set(gaps))
    cases = [
        _case(
            report,
            category,
            name,
            found=found.get(name, []),
            gaps=gaps.get(name, []),
            skipped=None if category.ran is None or name in category.ran else NOT_ASKED,
        )
        for name in names
    ]
    return cases or [_case(report, category, category.id)]


def _by(findings: Iterable[Finding], category: str) -> dict[str, list[Finding]]:
    found: dict[str, list[Finding]] = {}
    for finding in findings:
        if finding.category == category:
            found.setdefault(finding.id, []).append(finding)
    return found


def _gaps(
    report: Report, category: Category, checks: Sequence[Check | Rule]
) -> dict[str, list[Unanswered]]:
    """The category's unanswered questions by check; those of an unknown check go to the first
    category that is not finished, so that none is lost."""
    home = {check.id: check.category for check in checks}
    home |= {finding.id: finding.category for finding in report.findings}
    open_ones = [c.id for c in report.categories if c.status in ("unanswered", "findings")]
    fallback = (open_ones or list(CATEGORIES))[0]
    gaps: dict[str, list[Unanswered]] = {}
    for gap in report.unanswered:
        if home.get(gap.check, fallback) == category.id:
            gaps.setdefault(gap.check, []).append(gap)
    return gaps


def _case(
    report: Report,
    category: Category,
    name: str,
    *,
    found: Sequence[Finding] = (),
    gaps: Sequence[Unanswered] = (),
    skipped: str | None = None,
) -> ET.Element:
    """One test case with at most one verdict: failure, else error, else skipped, else passed."""
    group = visible(f"plainwire.{category.id}")
    case = ET.Element("testcase", classname=group, name=visible(name), time="0")
    counting = [finding for finding in found if finding.counts]
    if counting:
        worst = max(counting, key=lambda finding: finding.severity)
        verdict = ET.SubElement(case, "failure", type=str(worst.severity))
        verdict.set("message", visible(worst.title))
        verdict.text = "\n".join(_finding_lines(counting) + _gap_lines(gaps))
    elif gaps:
        verdict = ET.SubElement(case, "error", type="unanswered", message=visible(gaps[0].reason))
        verdict.text = "\n".join(_gap_lines(gaps))
    elif found or skipped:
        ET.SubElement(case, "skipped", message=visible(skipped or _why_aside(found[0])))
    return case


def _why_aside(finding: Finding) -> str:
    if finding.suppressed is None:
        return "known in the baseline"
    return f"suppressed: {finding.suppressed.reason}"


def _finding_lines(findings: Sequence[Finding]) -> list[str]:
    lines = []
    for finding in findings[:MAX_FINDINGS]:
        lines.append(visible(f"{finding.severity}: {finding.message}"))
        lines += [visible(f"  at {place(spot)}") for spot in finding.locations[:MAX_FINDINGS]]
        lines += [visible(f"  seen: {proof(item)}") for item in finding.evidence[:1]]
    if len(findings) > MAX_FINDINGS:
        lines.append(f"and {len(findings) - MAX_FINDINGS} more")
    return [*lines, visible(f"remedy: {findings[0].remediation}")]


def _gap_lines(gaps: Sequence[Unanswered]) -> list[str]:
    lines = [visible(f"unanswered: {g.question}: {g.reason}") for g in gaps[:MAX_FINDINGS]]
    more = len(gaps) - MAX_FINDINGS
    return [*lines, f"and {more} more unanswered"] if more > 0 else lines
