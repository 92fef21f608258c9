"""A check: one file, whose docstring is its page and whose function looks for one flaw."""

from __future__ import annotations

import ast
import functools
import importlib.util
import re
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from plainwire.model.answer import Evidence, Exchange
from plainwire.model.finding import Confidence, Finding, Letter, Location, Severity, locations_of
from plainwire.model.site import Site
from plainwire.model.target import Operation

LeftOut = Callable[[Exchange], str]
LiveRun = Callable[[Site], AsyncIterator[Finding]]
SECTIONS = ("Remedy", "Bad", "Good", "Limits")


@dataclass(frozen=True, slots=True)
class Page:
    """A check's page, read from its module's docstring."""

    title: str
    why: str
    remedy: str
    bad: str
    good: str
    limits: str


def sections_of(doc: str, names: Sequence[str]) -> tuple[str, str, dict[str, str]]:
    """The title, the text before the sections, and each named section of a docstring, in any order.

    Raises:
        ValueError: if a section is missing or empty.
    """
    title, _, rest = doc.strip().partition("\n")
    pieces = re.split(rf"^({'|'.join(names)}):[ \t]*$", rest, flags=re.MULTILINE)
    found = {name: text.strip("\n") for name, text in zip(pieces[1::2], pieces[2::2], strict=True)}
    missing = [name for name in names if not found.get(name, "").strip()]
    if missing:
        raise ValueError(f"page {title!r} lacks {', '.join(missing)}")
    return title.rstrip("."), pieces[0].strip(), found


def parse_page(doc: str) -> Page:
    """The page in a module docstring: title, why, then the sections `SECTIONS` in any order.

    Raises:
        ValueError: if a section is missing or empty.
    """
    title, why, found = sections_of(doc, SECTIONS)
    return Page(
        title,
        why,
        " ".join(found["Remedy"].split()),
        found["Bad"],
        found["Good"],
        found["Limits"].strip(),
    )


@dataclass(frozen=True, slots=True)
class Check:
    """A live flaw that is looked for: a documented function from a site to findings.

    ``module`` is where the function lives; its docstring is the page. The file's folder is the
    category and its name the id. One that ``asks`` "tls" looks at TLS endpoints and nothing else,
    so it can judge an endpoint that is no API. One that ``is_last`` runs alone, when all others are
    done: what it asks may make the target ban the asker. One that ``reads_bodies``, as all do that
    say nothing else, is left unanswered by a body that is not known whole and shows it nothing.
    ``left_out`` says of an answer why the check does not look at all of its body, or is empty: what
    is left out is not known either.
    """

    id: str
    category: str
    severity: Severity
    cwe: tuple[int, ...]
    owasp: tuple[str, ...]
    references: tuple[str, ...]
    module: str
    run: LiveRun
    cap: Letter | None = None
    asks: Literal["api", "tls"] = "api"
    is_last: bool = False
    reads_bodies: bool = True
    left_out: LeftOut | None = None

    @property
    def page(self) -> Page:
        """The check's page, read from the source file (so that ``python -OO`` has it too)."""
        return page_of(self.module)

    def finding(
        self,
        message: str,
        *evidence: Evidence,
        severity: Severity | None = None,
        confidence: Confidence = Confidence.CERTAIN,
        operation: Operation | None = None,
        parameter: str | None = None,
        locations: tuple[Location, ...] | None = None,
        cap: Letter | None = None,
    ) -> Finding:
        """A finding of this check; severity and cap are the check's unless given."""
        page = self.page
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
            operation=operation,
            locations=locations if locations is not None else locations_of(evidence),
            evidence=evidence,
            remediation=page.remedy,
            parameter=parameter,
            cap=cap or self.cap,
        )


@functools.cache
def page_of(module: str) -> Page:
    """The page in a module's docstring, read from its file if Python keeps none."""
    return parse_page(docstring_of(module))


def docstring_of(module: str) -> str:
    """A module's docstring, read from its file if Python keeps none; empty if it has none."""
    loaded = sys.modules.get(module)
    if loaded is not None and loaded.__doc__:
        return loaded.__doc__
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        return ""
    return ast.get_docstring(ast.parse(Path(spec.origin).read_text("utf-8"))) or ""


def check(
    *,
    severity: Severity,
    cwe: tuple[int, ...],
    references: tuple[str, ...],
    owasp: tuple[str, ...] = ("API8:2023",),
    cap: Letter | None = None,
    asks: Literal["api", "tls"] = "api",
    is_last: bool = False,
    reads_bodies: bool = True,
    left_out: LeftOut | None = None,
) -> Callable[[LiveRun], Check]:
    """Turn a module's one function into a `Check`; file = function = id, folder = category."""

    def wrap(run: LiveRun) -> Check:
        folder = run.__module__.split(".")[-2].replace("_", "-")
        name = run.__name__.replace("_", "-")
        facts = (name, folder, severity, cwe, owasp, references, run.__module__, run)
        is_read = (reads_bodies, left_out)
        return Check(*facts, cap, asks, is_last, *is_read)

    return wrap
