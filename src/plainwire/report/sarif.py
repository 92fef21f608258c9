"""Format ``sarif``: SARIF 2.1.0 within the limits of GitHub code scanning.

Limits by https://docs.github.com/code-security/reference/code-scanning/sarif-files
("SARIF support for code scanning", read 2026): 25,000 results a run of which 5,000 are shown,
1,000 locations a result, 20 tags a rule, 10 MB a file. GitHub wants a physical location inside
the repository for every result; what is found on the wire points at the anchor file, and the
URL stands in the message and as a logical location.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal
from urllib.parse import quote

from plainwire.grading import GRADING
from plainwire.model import Check, Exchange, Finding, Location, Report, Rule, Severity
from plainwire.report import DEFAULT_ANCHOR, Options
from plainwire.report.clean import json_text, sarif, visible
from plainwire.report.envelope import time
from plainwire.report.groups import place, proof

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
MAX_RESULTS = 25_000
MAX_LOCATIONS = 100
MAX_TAGS = 20
MAX_TEXT = 1_000  # characters: GitHub takes 1,024 of a description
MAX_BYTES = 8_000_000  # of rules and results; notifications take at most another 1.5 MB
MAX_NOTIFICATIONS = 500

SECURITY_SEVERITY: Mapping[Severity, str] = {
    Severity.CRITICAL: "9.5",
    Severity.HIGH: "8.0",
    Severity.MEDIUM: "5.5",
    Severity.LOW: "3.0",
    Severity.INFO: "0.0",
}
LEVEL: Mapping[Severity, Literal["error", "warning", "note"]] = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "note",
    Severity.INFO: "note",
}


def render(reports: Sequence[Report], options: Options) -> str:
    """All reports as one run: GitHub takes one run a category."""
    findings = [(finding, report) for report in reports for finding in report.findings]
    findings.sort(key=lambda pair: -pair[0].severity)
    rules = {check.id: _rule_of_check(check) for check in options.checks}
    is_several = len(reports) > 1
    anchor = options.anchor if is_inside(options.anchor) else DEFAULT_ANCHOR
    results: list[dict[str, Any]] = []
    size = _size(list(rules.values()))
    for finding, report in findings:
        result = _result(finding, report if is_several else None, anchor)
        rule = rules.get(finding.id) or _rule_of_finding(finding)
        size += _size(result) + (0 if finding.id in rules else _size(rule))
        if len(results) == MAX_RESULTS or size > MAX_BYTES:
            break
        rules[finding.id] = rule
        results.append(result)
    table = [rules[name] for name in sorted(rules)]
    numbers = {rule["id"]: number for number, rule in enumerate(table)}
    for result in results:
        result["ruleIndex"] = numbers[result["ruleId"]]
    log = _log(reports, table, results, len(findings) - len(results))
    return json_text(log, indent=1) + "\n"


def _log(
    reports: Sequence[Report], rules: list[Any], results: list[Any], left_out: int
) -> dict[str, Any]:
    version = reports[0].tool_version if reports else "0"
    driver = {
        "name": "plainwire",
        "version": version,
        "semanticVersion": version,
        "rules": rules,
        "properties": {"grading": GRADING},
    }
    run = {
        "tool": {"driver": driver},
        "invocations": [
            _invocation(report, left_out, MAX_NOTIFICATIONS // len(reports)) for report in reports
        ],
        "columnKind": "unicodeCodePoints",
        "results": results,
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _size(value: object) -> int:
    """The bytes that a value takes in the file, its deeper indentation estimated."""
    return len(json_text(value, indent=1).encode()) + 400


def _rule_of_check(check: Check | Rule) -> dict[str, Any]:
    page = check.page
    sources = (*check.owasp, *check.references)
    tags = _tags(check.category, check.cwe, check.owasp)
    text = " ".join(page.why.split())
    return _rule(check.id, page.title, text, page.remedy, sources, tags, check.severity)


def _rule_of_finding(finding: Finding) -> dict[str, Any]:
    sources = (*finding.owasp, *finding.references)
    tags = _tags(finding.category, finding.cwe, finding.owasp)
    title, remedy = finding.title or finding.id, finding.remediation
    return _rule(finding.id, title, title, remedy, sources, tags, finding.severity)


def _rule(
    name: str,
    title: str,
    why: str,
    remedy: str,
    sources: Iterable[str],
    tags: list[str],
    severity: Severity,
) -> dict[str, Any]:
    help_text = "\n\n".join(_text(part) for part in (why, remedy, "; ".join(sources)) if part)
    return {
        "id": visible(name),
        "name": "".join(word.capitalize() for word in re.findall(r"[a-z0-9]+", name)) or "Flaw",
        "shortDescription": {"text": _text(title)},
        "fullDescription": {"text": _text(why)},
        "help": {"text": help_text},
        "defaultConfiguration": {"level": LEVEL[severity]},
        "properties": {
            "tags": tags,
            "precision": "high",
            "security-severity": SECURITY_SEVERITY[severity],
        },
    }


def _tags(category: str, cwe: Iterable[int], owasp: Iterable[str]) -> list[str]:
    weaknesses = [f"external/cwe/cwe-{number:03d}" for number in cwe]
    items = [f"owasp/{visible(item, 100)}" for item in owasp]
    every = ["security", visible(category, 100), *weaknesses, *items]
    return list(dict.fromkeys(every))[:MAX_TAGS]


def _text(text: str) -> str:
    shown = sarif(text[:MAX_TEXT])[:MAX_TEXT]
    return shown.rstrip("\\") if len(shown) == MAX_TEXT else shown or "-"


def _result(finding: Finding, report: Report | None, anchor: str) -> dict[str, Any]:
    """One finding; ``report`` is given where the run holds several, which it then tells apart."""
    result: dict[str, Any] = {
        "ruleId": visible(finding.id),
        "level": LEVEL[finding.severity],
        "message": {"text": _message(finding)},
        **_places(finding, anchor),
        "partialFingerprints": _fingerprints(finding, report),
        "properties": {
            "security-severity": SECURITY_SEVERITY[finding.severity],
            "severity": str(finding.severity),
            "confidence": finding.confidence.value,
        },
    }
    if finding.baseline is not None:
        result["baselineState"] = "new" if finding.baseline == "new" else "unchanged"
    if finding.suppressed is not None:
        words = visible(finding.suppressed.reason)
        result["suppressions"] = [
            {"kind": "external", "status": "accepted", "justification": words}
        ]
    exchange = next((item for item in finding.evidence if isinstance(item, Exchange)), None)
    return result | _web(exchange) if exchange else result


def _message(finding: Finding) -> str:
    """A sentence first: GitHub shows the first one in lists."""
    lines = [f"{finding.message.rstrip('.')}.", *(f"At {place(s)}." for s in finding.locations[:5])]
    lines += [f"Seen: {proof(item)}." for item in finding.evidence[:1]]
    return sarif(" ".join((*lines, finding.remediation)).strip())


def _fingerprints(finding: Finding, report: Report | None) -> dict[str, str]:
    """GitHub tells results apart by these; several targets in one run must not fall together."""
    mark = finding.fingerprint
    if report is not None:
        words = f"{report.target}\0{mark}".encode("utf-8", "surrogatepass")
        mark = hashlib.sha256(words).hexdigest()[:32]
    return {"primaryLocationLineHash": f"{mark}:1", "plainwire/v1": finding.fingerprint}


def _places(finding: Finding, anchor: str) -> dict[str, Any]:
    """Where it is; a static finding has one location, and the hops of its path are related."""
    places = _locations(finding, anchor)
    if finding.layer is None:
        return {"locations": places}
    related = [{"id": number, **place} for number, place in enumerate(places[1:], 1)]
    return {"locations": places[:1]} | ({"relatedLocations": related} if related else {})


def _locations(finding: Finding, anchor: str) -> list[dict[str, Any]]:
    """Physical locations inside the repository, each once; the anchor if there is none."""
    found: dict[str, dict[str, Any]] = {}
    for spot in finding.locations:
        physical = _physical(spot)
        if physical is None:
            continue
        found.setdefault(json.dumps(physical), physical)
        if len(found) == MAX_LOCATIONS:
            break
    places = [{"physicalLocation": p} for p in found.values()] or [
        {"physicalLocation": _at(anchor, 1)}
    ]
    logical = list(_logical(finding))
    return [{**places[0], "logicalLocations": logical}, *places[1:]] if logical else places


def _physical(spot: Location) -> dict[str, Any] | None:
    """A file's span. Returns None for a place on the wire or outside the repository."""
    if spot.path is None or not is_inside(spot.path):
        return None
    location = _at(spot.path, max(spot.line or 1, 1))
    if spot.column and spot.column > 0:
        location["region"]["startColumn"] = spot.column
    if spot.end_line and spot.end_line >= location["region"]["startLine"]:
        location["region"]["endLine"] = spot.end_line
    return location


def is_inside(path: str) -> bool:
    """True if a path is relative and stays inside the directory it is relative to."""
    parts = path.replace("\\", "/").split("/")
    return bool(path) and parts[0] != "" and ".." not in parts and not re.match(r"\w+:", path)


def _at(path: str, line: int) -> dict[str, Any]:
    uri = quote(path.replace("\\", "/").removeprefix("./"), safe="/", errors="surrogatepass")
    return {
        "artifactLocation": {"uri": uri, "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": line},
    }


def _logical(finding: Finding) -> Iterator[dict[str, Any]]:
    if finding.operation is not None:
        name = visible(f"{finding.operation.method} {finding.operation.path}")
        yield {"fullyQualifiedName": name, "kind": "resource"}


def _web(exchange: Exchange) -> dict[str, Any]:
    """The exchange as SARIF has it; a header sent twice stands joined by commas (RFC 9110, 5.3)."""
    request = {
        "protocol": "http",
        "version": "1.1",
        "target": visible(exchange.url),
        "method": visible(exchange.request.method, 100),
        "headers": _joined(exchange.request.headers),
    }
    response = {
        "protocol": "http",
        "version": "1.1",
        "statusCode": exchange.status,
        "headers": _joined(exchange.headers),
    }
    return {"webRequest": request, "webResponse": response}


def _joined(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    lines: dict[str, str] = {}
    for name, value in list(headers)[:50]:
        key, text = visible(name, 100), visible(value, 500)
        lines[key] = f"{lines[key]}, {text}" if key in lines else text
    return lines


def _invocation(report: Report, left_out: int, most: int) -> dict[str, Any]:
    """What was asked of one target, and what got no answer."""
    notes = [
        f"{report.target}: {gap.check}: {gap.question}: {gap.reason}" for gap in report.unanswered
    ][:most]
    if left_out:
        notes.append(f"{left_out} results are left out: a SARIF file holds no more")
    return {
        "executionSuccessful": report.grade is not None and not report.is_interrupted,
        "startTimeUtc": time(report.started_at),
        "toolExecutionNotifications": [
            {"level": "warning", "message": {"text": sarif(note, 300)}} for note in notes
        ],
    }
