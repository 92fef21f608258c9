"""The audit, top to bottom: read the project, ask every rule, grade one environment, report."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path as Folder
from time import monotonic
from typing import TYPE_CHECKING

from plainwire import __version__, catalog
from plainwire.grading import grade
from plainwire.model import (
    CATEGORIES,
    Category,
    Coverage,
    Environment,
    Finding,
    Path,
    Project,
    Report,
    Span,
    Suppression,
    TlsStatus,
    Unanswered,
    in_order,
)
from plainwire.source import cache as kept
from plainwire.source import packed
from plainwire.source.walk import Raw, read_raw, tree_of

if TYPE_CHECKING:
    from plainwire.model import Rule
    from plainwire.source.importing import Imported

NOT_AUDITED = "not a question of source and deployment files"
# What keeps a file that nobody can parse from being a file of no consequence.
_IMPORTS_FLASK = re.compile(r"^[ \t]*(?:from|import)[ \t]+flask\b", re.MULTILINE)
_IGNORE = re.compile(r"plainwire:\s*ignore\[([\w\s,*-]+)\]\s*(.*?)\s*(?:#\}|-->|\*/|%\}|$)")


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read of a directory, and the key under which its report is kept, if it is."""

    raw: Raw
    key: str


def audit(
    root: Folder | str,
    *,
    environment: Environment = "production",
    rules: Sequence[Rule] | None = None,
    project: Project | None = None,
    cache: kept.Cache | None = None,
    imported: Imported | None = None,
    reading: Reading | None = None,
) -> Report:
    """Audit a directory and return its report, graded for one environment.

    ``project`` replaces the door to the directory, for tests. ``cache`` may answer for content that
    was audited before by every rule. Nothing of the project is run here;
    ``imported`` is what running it showed (`plainwire.source.importing`), in place of what is read.
    ``reading`` is what `recalled` read of it a moment ago: it is used up, and not read again.

    Raises:
        TargetError: if ``root`` is no directory that can be read.
    """
    started, at = datetime.now(UTC), monotonic()
    key = ""
    if project is None:
        raw = reading.raw if reading is not None else read_raw(Folder(root))
        if reading is not None:
            key = reading.key
        elif cache is not None and rules is None and imported is None:
            key = _key(raw, environment)
            before = _recalled(cache, key, root, started, at)
            if before is not None:
                return before
        from plainwire.source.project import LocalProject  # what a kept report does not need

        project = LocalProject(Folder(root), tree_of(raw), imported)
    found = _audited(project, str(root), environment, rules)
    if imported is not None:
        found = replace(found, notes=(*imported.notes, *found.notes))
    found = replace(found, started_at=started, duration_s=monotonic() - at)
    if cache is not None and key and not found.unanswered:
        cache.put(key, packed.pack(found))
    return found


def recalled(
    root: Folder | str, environment: Environment, cache: kept.Cache | None
) -> Report | Reading:
    """The report that the same content had before; if none is kept, what was read of it.

    Raises:
        TargetError: if ``root`` is no directory that can be read.
    """
    started, at = datetime.now(UTC), monotonic()
    raw = read_raw(Folder(root))
    if cache is None:
        return Reading(raw, "")
    reading = Reading(raw, _key(raw, environment))
    return _recalled(cache, reading.key, root, started, at) or reading


def _key(raw: Raw, environment: Environment) -> str:
    words = f"{kept.program()} {environment} {raw.digest()}"
    return hashlib.sha256(words.encode()).hexdigest()


def _recalled(
    cache: kept.Cache, key: str, root: Folder | str, started: datetime, at: float
) -> Report | None:
    text = cache.get(key)
    try:
        before = packed.unpack(text) if text is not None else None
    except ValueError:
        return None
    if not isinstance(before, Report):
        return None
    return replace(before, target=str(root), started_at=started, duration_s=monotonic() - at)


@cache
def _every_rule() -> tuple[Rule, ...]:
    return catalog.load_rules()


def _audited(
    project: Project, target: str, environment: Environment, rules: Sequence[Rule] | None
) -> Report:
    rules = _every_rule() if rules is None else rules
    findings: list[Finding] = []
    unanswered: list[Unanswered] = []
    for rule in rules:
        try:
            findings += rule.run(project)
        except Exception as error:  # one rule's fault is not a pass of the others, nor their end
            reason = f"the rule crashed: {type(error).__name__}: {error}"
            unanswered.append(Unanswered(rule.id, "the project's files", reason))
    found = in_order(_numbered(_suppressed(f, project) for f in _once(findings)))
    try:
        paths, deployments = project.paths, project.deployments
    except Exception as error:  # what reads hostile files; what was found without it still stands
        reason = f"the deployment could not be put together: {type(error).__name__}: {error}"
        unanswered.append(Unanswered("paths", "the project's files", reason))
        paths, deployments = (), ()
    status, reasons = tls_status(paths, environment)
    unread = tuple(_unread_applications(project, environment))
    unanswered += unread
    if unread and status == "PASS":
        status = "UNKNOWN"
        reasons = tuple(f"Not provable here: {u.question}: {u.reason}" for u in unread)
    report = Report(
        target_kind="source",
        target=target,
        started_at=datetime.now(UTC),
        duration_s=0.0,
        requests=0,
        connections=0,
        grade=None,
        tls_status=status,
        tls_reasons=reasons,
        categories=_categories(rules, found, unanswered),
        coverage=Coverage(0, 0),
        findings=found,
        unanswered=tuple(unanswered),
        tls=(),
        tool_version=__version__,
        notes=tuple(_notes(project)),
        environment=environment,
        deployments=deployments,
        paths=paths,
        skipped=project.skipped,
    )
    graded = grade(report.graded, is_upper_bound=bool(unanswered), scope=("encryption",))
    return replace(report, grade=graded)


def _unread_applications(project: Project, environment: Environment) -> Iterator[Unanswered]:
    """Files that import Flask and could not be parsed: what their application does is unknown."""
    files = {file.path: file for file in project.files if file.format == "python"}
    for skip in project.skipped:
        file = files.get(skip.path)
        if file is None or not skip.reason.startswith("not parsed"):
            continue
        if file.environment in (environment, "production") and _IMPORTS_FLASK.search(file.text):
            at = f"{skip.path}:{skip.line}" if skip.line else skip.path
            yield Unanswered("python", at, skip.reason)


def tls_status(
    paths: Iterable[Path], environment: Environment
) -> tuple[TlsStatus, tuple[str, ...]]:
    """FAIL: a client's path is proved cleartext; PASS: all are proved encrypted; else UNKNOWN."""
    from plainwire.deployment import leaves_http_to_application  # what a kept report does not need

    mine = [
        p for p in paths if p.environment == environment and p.kind not in ("store", "dashboard")
    ]
    clear = [p for p in mine if p.is_encrypted is False]
    unknown = [p for p in mine if p.is_encrypted is None]
    served = [
        p
        for p in mine
        if p.is_encrypted and (p.redirects is False or leaves_http_to_application(p))
    ]
    if clear:
        return "FAIL", tuple(f"Reachable over HTTP: {_edge(p)}" for p in clear)
    if not mine:
        return "UNKNOWN", (f"No path to an application is described for {environment}",)
    if unknown or served:
        lines = [f"Not provable here: {_edge(p)}" for p in (*unknown, *served)]
        return "UNKNOWN", tuple(lines)
    return "PASS", (f"All paths are encrypted ({len(mine)} found)",)


def _edge(path: Path) -> str:
    first = path.hops[0]
    return f"{first.what} ({first.place.path}:{first.place.line})"


def _once(findings: Iterable[Finding]) -> list[Finding]:
    """The findings, those of one rule at the same first place taken as one, the worst."""
    kept: dict[object, Finding] = {}
    for finding in findings:
        place = finding.locations[0]
        key = (finding.id, place.path, place.line, finding.environment)
        if key not in kept or finding.severity > kept[key].severity:
            kept[key] = finding
    return list(kept.values())


def _numbered(findings: Iterable[Finding]) -> list[Finding]:
    """The findings in the order of places, with ordinals where rule, file and line's text agree."""
    seen: Counter[str] = Counter()
    numbered = []
    for finding in sorted(
        findings, key=lambda f: (f.locations[0].path or "", f.locations[0].line or 0)
    ):
        mark = finding.fingerprint
        numbered.append(replace(finding, ordinal=seen[mark]))
        seen[mark] += 1
    return numbered


def _suppressed(finding: Finding, project: Project) -> Finding:
    """The finding, suppressed if the file says so at its first place or in a comment above it.

    ``plainwire: ignore[rule] reason`` in any comment syntax; without a reason it is not obeyed.
    """
    span = next((item for item in finding.evidence if isinstance(item, Span)), None)
    file = project.file(span.path) if span is not None else None
    if span is None or file is None:
        return finding
    lines = file.lines
    for number in (span.line, span.line - 1):
        text = lines[number - 1][-2000:] if 0 < number <= len(lines) else ""
        match = _IGNORE.search(text)
        if match is None or not match[2]:
            continue
        if number != span.line and not re.match(r"\s*(#|//|;|/\*|<!--|\{#)", text):
            continue
        named = {word.strip() for word in match[1].split(",")}
        if {finding.id, finding.kind, "*"} & named:
            return replace(finding, suppressed=Suppression(match[2]))
    return finding


def _categories(
    rules: Sequence[Rule], findings: Sequence[Finding], unanswered: Sequence[Unanswered]
) -> tuple[Category, ...]:
    silent = {question.check for question in unanswered}
    ran = sum(rule.id not in silent for rule in rules)
    if findings:
        own = Category("encryption", "findings", ran)
    elif unanswered:
        own = Category("encryption", "unanswered", ran, unanswered[0].reason)
    else:
        own = Category("encryption", "pass", ran)
    return tuple(
        own if name == own.id else Category(name, "not-tested", 0, NOT_AUDITED)
        for name in CATEGORIES
    )


def _notes(project: Project) -> Iterable[str]:
    """What a reader should know of the reading: files left out, applications found."""
    for skip in project.skipped[:20]:
        at = f":{skip.line}" if skip.line else ""
        yield f"{skip.path}{at}: {skip.reason}"
    if not project.apps:
        yield "no Flask application was found in the project"
