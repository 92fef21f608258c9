"""``plainwire checks``: every check and rule, a line each, by category."""

from __future__ import annotations

import json
from collections.abc import Sequence

from plainwire import catalog
from plainwire.cli import outputs
from plainwire.cli.arguments import Parser
from plainwire.model import CATEGORIES, Check, Rule


def parser() -> Parser:
    """The options of ``plainwire checks``."""
    p = Parser("plainwire checks", "List the checks.")
    p.add_argument(
        "--category", choices=CATEGORIES, metavar="CATEGORY", help="only those of this category"
    )
    p.add_argument("--cwe", type=int, metavar="N", help="only those for this CWE")
    p.add_argument(
        "--format", choices=("text", "json"), default="text", help="text (default) or json"
    )
    return p


def run(arguments: Sequence[str]) -> int:
    """List the checks, of one category or CWE if asked; returns the exit code."""
    options = parser().parse_args(arguments)
    every: tuple[Check | Rule, ...] = (*catalog.load(), *catalog.load_rules())
    chosen = [
        check
        for check in every
        if options.category in (None, check.category) and options.cwe in (None, *check.cwe)
    ]
    text = _as_json(chosen) if options.format == "json" else _as_text(chosen)
    outputs.say(f"{text}\n")
    return 0


def _as_text(checks: Sequence[Check | Rule]) -> str:
    """A block for each category, in the report's order."""
    width = max((len(check.id) for check in checks), default=0)
    blocks = [[each for each in checks if each.category == name] for name in CATEGORIES]
    return "\n\n".join(
        "\n".join([block[0].category, *(_line(each, width) for each in block)])
        for block in blocks
        if block
    )


def _line(check: Check | Rule, width: int) -> str:
    numbers = ",".join(map(str, check.cwe))
    return f"  {check.id:{width}}  {check.severity!s:8}  CWE-{numbers:12}  {check.page.title}"


def _as_json(checks: Sequence[Check | Rule]) -> str:
    rows = [
        {
            "id": check.id,
            "category": check.category,
            "severity": str(check.severity),
            "cwe": list(check.cwe),
            "owasp": list(check.owasp),
            "title": check.page.title,
            "kind": check.kind if isinstance(check, Rule) else None,
        }
        for check in checks
    ]
    return json.dumps(rows, indent=2)
