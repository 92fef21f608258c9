"""Format ``mermaid``: the paths as a flowchart, as GitHub and GitLab draw it in Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from plainwire.model import Report
from plainwire.report import Options
from plainwire.report.picture import graph, shortened

OUTSIDE = {"client": "internet", "unknown": "?"}


def render(reports: Sequence[Report], options: Options) -> str:
    """One flowchart a report."""
    return "\n".join(_chart(report) for report in reports)


def _chart(report: Report) -> str:
    found = graph(report)
    ends = {end for link in found.links for end in link[:2]}
    lines = ["flowchart LR"]
    lines += [f'  {mark}(["{label}"])' for mark, label in OUTSIDE.items() if mark in ends]
    for number, (where, names) in enumerate(found.groups.items()):
        lines.append(f'  subgraph d{number}["{_text(where, 60)}"]')
        lines += [f'    {mark}["{_text(name)}"]' for name, mark in names.items()]
        lines.append("  end")
    for start, end, arrow, words in found.links:
        line = "-->" if arrow in ("https", "") else "-.->"
        lines.append(f"  {start} {line}{f'|{_text(words)}|' if words else ''} {end}")
    return "\n".join(lines) + "\n"


def _text(text: str, most: int = 40) -> str:
    """Text inside a quoted label: no quote, no markup."""
    safe = shortened(text, most).replace("&", "#amp;").replace('"', "#quot;")
    return safe.replace("<", "#lt;").replace(">", "#gt;")
