"""A rule: one file, whose docstring is its page and whose function looks for one static flaw."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from plainwire.model.answer import Span
from plainwire.model.checks import Page, page_of
from plainwire.model.deployment import Environment
from plainwire.model.finding import (
    Confidence,
    Finding,
    Letter,
    Location,
    Severity,
    locations_of,
)
from plainwire.model.source import Project

RuleRun = Callable[[Project], Iterator[Finding]]
LAYERS = ("app", "template", "server", "proxy", "container", "client", "crypto")


@dataclass(frozen=True, slots=True)
class Rule:
    """A static flaw: a documented function from a project to findings.

    ``kind`` is one of the 45 kinds of flaw; ``layer`` the folder, ``id`` the file's name.
    """

    id: str
    layer: str
    kind: str
    severity: Severity
    cwe: tuple[int, ...]
    owasp: tuple[str, ...]
    references: tuple[str, ...]
    module: str
    run: RuleRun
    cap: Letter | None = None
    category: str = "encryption"

    @property
    def page(self) -> Page:
        """The rule's page, read from its module's docstring."""
        return page_of(self.module)

    def finding(
        self,
        message: str,
        *places: Span,
        severity: Severity | None = None,
        confidence: Confidence = Confidence.FIRM,
        environment: Environment = "production",
        cap: Letter | None = None,
        kind: str | None = None,
    ) -> Finding:
        """A finding of this rule at places, the cause first and then the hops of its path."""
        page = self.page
        spans = tuple(dict.fromkeys(places))
        return Finding(
            id=self.id,
            category=self.category,
            severity=self.severity if severity is None else severity,
            title=page.title,
            message=message,
            cwe=self.cwe,
            owasp=self.owasp,
            references=self.references,
            confidence=confidence,
            locations=locations_of(spans) or (Location(path=".", line=1),),
            evidence=spans[:1],
            remediation=page.remedy,
            cap=cap or self.cap,
            kind=kind or self.kind,
            layer=self.layer,
            environment=environment,
        )


def rule(
    *,
    kind: str,
    severity: Severity,
    cwe: tuple[int, ...],
    references: tuple[str, ...],
    owasp: tuple[str, ...] = ("API8:2023",),
    cap: Letter | None = None,
) -> Callable[[RuleRun], Rule]:
    """Turn a module's one function into a `Rule`; file = function = id, folder = layer."""

    def wrap(run: RuleRun) -> Rule:
        layer = run.__module__.split(".")[-2]
        name = run.__name__.replace("_", "-")
        return Rule(name, layer, kind, severity, cwe, owasp, references, run.__module__, run, cap)

    return wrap


def example_files(text: str) -> dict[str, str]:
    """The files of an example: each is headed by a line ``--- path`` at the example's indent.

    Raises:
        ValueError: if text stands before the first heading.
    """
    files: dict[str, list[str]] = {}
    current: list[str] | None = None
    for line in textwrap.dedent(text).strip("\n").split("\n"):
        if line.startswith("--- "):
            current = files.setdefault(line[4:].strip(), [])
        elif current is not None:
            current.append(line)
        elif line.strip():
            raise ValueError(f"no file is named before {line!r}")
    return {path: "\n".join(lines).rstrip("\n") + "\n" for path, lines in files.items()}
