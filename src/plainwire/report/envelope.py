"""A report as the dictionary that schema ``plainwire-report/1`` describes, keys in its order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, datetime
from enum import Enum
from functools import cache
from typing import TYPE_CHECKING, Any

from plainwire.grading import GRADING
from plainwire.model import (
    Category,
    Coverage,
    Evidence,
    Exchange,
    Finding,
    Grade,
    Handshake,
    Location,
    Operation,
    Path,
    Report,
    Severity,
)

if TYPE_CHECKING:  # no audit has one
    from plainwire.model import TlsEndpoint

SCHEMA = "plainwire-report/1"
_SCALARS = frozenset({str, int, float, bool, type(None)})


def as_dict(report: Report) -> dict[str, Any]:
    """The report as plain dictionaries, lists, strings and numbers."""
    return {
        "schema": SCHEMA,
        "tool": {"name": "plainwire", "version": report.tool_version, "grading": GRADING},
        "target": {"kind": report.target_kind, "value": report.target},
        "started_at": time(report.started_at),
        "duration_s": round(report.duration_s, 3),
        "requests": report.requests,
        "connections": report.connections,
        "grade": report.grade and _grade(report.grade),
        "tls_status": report.tls_status,
        "tls_reasons": list(report.tls_reasons),
        "categories": [_category(category) for category in report.categories],
        "coverage": _coverage(report.coverage),
        "findings": [_finding(finding) for finding in report.findings],
        "unanswered": [_known(gap) for gap in report.unanswered],
        "tls": [endpoint_dict(endpoint) for endpoint in report.tls],
        "deployment": _deployment(report) if report.target_kind == "source" else None,
        "notes": list(report.notes),
    }


def _deployment(report: Report) -> dict[str, Any]:
    """What the project's files describe: environments, applications, paths with their verdicts."""
    listeners = [
        {"deployment": d.name, "service": s.name} | _known(start)
        for d in report.deployments
        for s in d.services
        for start in s.starts
    ]
    forwards = [
        {"deployment": d.name, "service": s.name, "proxy": site.program} | _known(forward)
        for d in report.deployments
        for s in d.services
        for site in s.sites
        for forward in site.forwards
    ]
    apps = {app.place: app for d in report.deployments for app in d.apps.values()}
    return {
        "graded": report.environment,
        "environments": sorted({d.environment for d in report.deployments}),
        "deployments": [
            {"name": d.name, "environment": d.environment, "unknowns": list(d.unknowns)}
            for d in report.deployments
        ],
        "listeners": listeners,
        "forwards": forwards,
        "apps": [{"place": _known(place), "folder": app.folder} for place, app in apps.items()],
        "paths": [_path(path) for path in report.paths],
        "skipped": [_known(skip) for skip in report.skipped],
    }


def _path(path: Path) -> dict[str, Any]:
    return {
        "deployment": path.deployment,
        "environment": path.environment,
        "kind": path.kind,
        "hops": [_known(hop) for hop in path.hops],
        "is_encrypted": path.is_encrypted,
        "redirects": path.redirects,
        "hsts": _known(path.hsts) if path.hsts else None,
        "tells_https": path.tells_https,
        "unknowns": list(path.unknowns),
    }


def time(moment: datetime) -> str:
    """A time in UTC as RFC 3339 has it, whole seconds, with Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _grade(grade: Grade) -> dict[str, Any]:
    return {
        "letter": grade.letter,
        "score": grade.score,
        "is_upper_bound": grade.is_upper_bound,
        "scope": list(grade.scope),
        "caps": [_known(cap) for cap in grade.caps],
        "to_reach_a": list(grade.to_reach_a),
        "unsuppressed_letter": grade.unsuppressed_letter,
    }


def _category(category: Category) -> dict[str, Any]:
    return {
        "id": category.id,
        "status": category.status,
        "checks_run": category.checks_run,
        "operations": category.operations,
        "reason": category.reason,
    }


def _coverage(coverage: Coverage) -> dict[str, Any]:
    return {
        "known": coverage.known,
        "exercised": coverage.exercised,
        "skipped": [
            {"operation": _operation(skipped.operation), "reason": skipped.reason}
            for skipped in coverage.skipped
        ],
    }


def _finding(finding: Finding) -> dict[str, Any]:
    suppressed = finding.suppressed
    return {
        "id": finding.id,
        "kind": finding.kind,
        "category": finding.category,
        "layer": finding.layer,
        "severity": str(finding.severity),
        "confidence": finding.confidence.value,
        "title": finding.title,
        "message": finding.message,
        "cwe": list(finding.cwe),
        "owasp": list(finding.owasp),
        "references": list(finding.references),
        "operation": finding.operation and _operation(finding.operation),
        "environment": finding.environment,
        "locations": [_location(place) for place in finding.locations],
        "evidence": [evidence(item) for item in finding.evidence],
        "remediation": finding.remediation,
        "fix": finding.fix and _known(finding.fix),
        "fingerprint": finding.fingerprint,
        "baseline": finding.baseline,
        "suppressed": suppressed and {"reason": suppressed.reason, "until": suppressed.until},
    }


def _operation(operation: Operation) -> dict[str, str]:
    return {"method": operation.method, "path": operation.path}


def _location(place: Location) -> dict[str, Any]:
    return _known(place)


def evidence(item: Evidence) -> dict[str, Any]:
    """One piece of evidence: what a reader needs to repeat it."""
    match item:
        case Exchange():
            parts: dict[str, Any] = {
                "kind": "exchange",
                "method": item.request.method,
                "url": item.url,
                "status": item.status,
                "request_headers": [list(pair) for pair in item.request.headers],
                "response_headers": [list(pair) for pair in item.headers],
                "address": item.address,
            }
            return parts | ({"body_bytes": len(item.body)} if item.body else {})
        case Handshake():
            return {"kind": "handshake"} | _known(item)
        case _:
            return {"kind": "span"} | _known(item)


def endpoint_dict(endpoint: TlsEndpoint) -> dict[str, Any]:
    """A TLS endpoint; a part that was not looked at or not answered is absent."""
    parts = _known(endpoint)
    if endpoint.certificates is not None:
        parts["certificates"] = [
            {"asked_with": _plain(chain.asked_with)} | _known(chain)
            for chain in endpoint.certificates
        ]
    parts["inconclusive"] = [
        {"part": gap.part, "question": gap.question, "reason": gap.reason}
        for gap in endpoint.inconclusive
    ]
    parts["duration_s"] = round(endpoint.duration_s, 3)
    return parts


def _known(value: Any) -> dict[str, Any]:
    """A dataclass's parts in their order, those that are None left out."""
    parts = [(name, getattr(value, name)) for name in _told(value.__class__)]
    return {name: _plain(part) for name, part in parts if part is not None}


@cache
def _told(kind: Any) -> tuple[str, ...]:
    """The names of a dataclass's parts that are in a report."""
    return tuple(field.name for field in fields(kind) if field.metadata.get("in_report", True))


def _plain(value: Any) -> Any:
    """A value of the model in the types that JSON has."""
    if value.__class__ in _SCALARS:  # no enumeration, as such a class of its own may be
        return value
    match value:
        case Severity():
            return str(value)
        case Enum():
            return value.value
        case datetime():
            return time(value)
        case Mapping():
            return {str(key): _plain(part) for key, part in value.items()}
        case list() | tuple():
            return [_plain(part) for part in value]
        case frozenset() | set():
            return sorted(_plain(part) for part in value)
        case None | bool() | int() | float() | str():
            return value
        case _:
            return _known(value)
