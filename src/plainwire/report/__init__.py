"""One renderer a file, each `render(reports, options) -> str`; only the one used is imported."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from plainwire.model import Check, Report, Rule

RENDERERS: Mapping[str, str] = {
    "text": "plainwire.report.text",
    "json": "plainwire.report.json_report",
    "jsonl": "plainwire.report.jsonl",
    "sarif": "plainwire.report.sarif",
    "junit": "plainwire.report.junit",
    "markdown": "plainwire.report.markdown",
    "github": "plainwire.report.github",
}
PICTURES: Mapping[str, str] = {
    "mermaid": "plainwire.report.mermaid",
    "dot": "plainwire.report.dot",
    "svg": "plainwire.report.svg",
}
DEFAULT_ANCHOR = "README.md"


@dataclass(frozen=True, slots=True)
class Options:
    """How to render: terminal ``width`` in cells, ``color``, the file that SARIF results point at.

    ``checks`` are those that ran; they name what passed in JUnit and the rules in SARIF.
    """

    width: int = 80
    color: bool = False
    anchor: str = DEFAULT_ANCHOR
    checks: tuple[Check | Rule, ...] = ()


def render(
    name: str,
    reports: Sequence[Report],
    *,
    width: int = 80,
    color: bool = False,
    anchor: str | None = None,
    checks: Sequence[Check | Rule] = (),
) -> str:
    """The reports in a format of `RENDERERS` or `PICTURES`, ending in a line feed if not empty.

    Raises:
        KeyError: if there is no such format.
    """
    options = Options(width, color, anchor or DEFAULT_ANCHOR, tuple(checks))
    text: str = importlib.import_module({**RENDERERS, **PICTURES}[name]).render(reports, options)
    return text
