"""Format ``mermaid``: the paths as a flowchart, as GitHub and GitLab draw it in Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from plainwire.model import Report
from plainwire.report import Options
from plainwire.report.clean import visible
from plainwire.report.picture import drawn, stations_of

_WORDS = {"https": "https", "http": "http", "tcp": "plain", "": " "}


def render(reports: Sequence[Report], options: Options) -> str:
    """One flowchart a report."""
    return "\n".join(_chart(report) for report in reports)


def _chart(report: Report) -> str:
    paths = drawn(report)
    names = stations_of(paths)
    lines = ["flowchart LR", '  client(["internet"])']
    for (_, name), mark in names.items():
        lines.append(f'  {mark}["{_text(name)}"]')
    edges: dict[str, None] = {}
    for one in paths:
        at = "client"
        for arrow, name in one.stations:
            to = names[one.path.deployment, name]
            word = _WORDS.get(arrow, "http")
            link = f"-->|{word}|" if arrow == "https" else f"-.->|{word}|"
            edges[f"  {at} {link} {to}"] = None
            at = to
    return "\n".join((*lines, *edges)) + "\n"


def _text(text: str) -> str:
    """Text inside a quoted label: no quote, no markup."""
    safe = visible(text, 80).replace("&", "#amp;").replace('"', "#quot;")
    return safe.replace("<", "#lt;").replace(">", "#gt;")
