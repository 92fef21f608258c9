"""``plainwire explain ID``: a check's, rule's or remedy's page."""

from __future__ import annotations

import difflib
import sys
import textwrap
from collections.abc import Sequence

from plainwire import catalog
from plainwire.cli import outputs
from plainwire.cli.arguments import Parser
from plainwire.model import Check, Remedy, Rule
from plainwire.report import clean


def parser() -> Parser:
    """The options of ``plainwire explain``."""
    p = Parser("plainwire explain", "Print a check's, rule's or remedy's page.")
    p.add_argument("id", help="its id, as `plainwire checks` lists it")
    return p


def run(arguments: Sequence[str]) -> int:
    """Print the page of one check; returns the exit code."""
    wanted = parser().parse_args(arguments).id.replace("_", "-").lower()
    checks: dict[str, Check | Rule] = {check.id: check for check in catalog.load()}
    checks |= {rule.id: rule for rule in catalog.load_rules()}
    remedies = {} if wanted in checks else _remedies()
    if wanted in remedies:
        outputs.say(_remedy_page(remedies[wanted]) + "\n")
        return 0
    if wanted not in checks:
        near = difflib.get_close_matches(wanted, checks, n=3)
        near = near or [id for id in checks if wanted and wanted in id][:5]
        hint = f"; did you mean {', '.join(near)}?" if near else "; plainwire checks lists them"
        shown = clean.visible(wanted, 80)
        sys.stderr.write(f"plainwire explain: no check '{shown}'{hint}\n")
        return 2
    outputs.say(_page(checks[wanted]) + "\n")
    return 0


def _remedies() -> dict[str, Remedy]:
    """The remedies by their ids; none where LibCST is not installed."""
    try:
        return {remedy.id: remedy for remedy in catalog.load_remedies()}
    except ImportError:
        return {}


def _remedy_page(remedy: Remedy) -> str:
    page = remedy.page
    lines = [
        f"{remedy.id}: {page.title}",
        "",
        f"{remedy.level}; answers {', '.join(remedy.answers)}",
        "",
        page.why,
        "",
        "Condition: " + page.condition,
        "",
        "Before:",
        page.before,
        "",
        "After:",
        page.after,
        "",
        "Limits:",
        textwrap.indent(textwrap.dedent(page.limits), "    "),
    ]
    return "\n".join(lines)


def _page(check: Check | Rule) -> str:
    page = check.page
    cap = f", caps the letter at {check.cap}" if check.cap else ""
    lines = [
        f"{check.id}: {page.title}",
        "",
        f"{check.category}, {check.severity}{cap}; "
        + ", ".join([f"CWE-{n}" for n in check.cwe] + list(check.owasp)),
        "",
        page.why,
        "",
        "Remedy: " + page.remedy,
        "",
        "Bad:",
        page.bad,
        "",
        "Good:",
        page.good,
        "",
        "What it does not see:",
        textwrap.indent(textwrap.dedent(page.limits), "    "),
        "",
        "See: " + "; ".join(check.references),
    ]
    return "\n".join(lines)
