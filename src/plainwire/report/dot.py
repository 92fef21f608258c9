"""Format ``dot``: the paths as a graph for Graphviz."""

from __future__ import annotations

from collections.abc import Sequence

from plainwire.model import Report
from plainwire.report import Options
from plainwire.report.clean import visible
from plainwire.report.picture import drawn, stations_of


def render(reports: Sequence[Report], options: Options) -> str:
    """One graph a report."""
    return "\n".join(_graph(report) for report in reports)


def _graph(report: Report) -> str:
    paths = drawn(report)
    names = stations_of(paths)
    lines = ["digraph paths {", "  rankdir=LR;", "  client [label=internet, shape=oval];"]
    for (_, name), mark in names.items():
        lines.append(f'  {mark} [label="{_text(name)}", shape=box];')
    edges: dict[str, None] = {}
    for one in paths:
        at = "client"
        for arrow, name in one.stations:
            to = names[one.path.deployment, name]
            color = "darkgreen" if arrow == "https" else "gray" if arrow == "" else "red"
            edges[f'  {at} -> {to} [label="{_text(arrow)}", color={color}];'] = None
            at = to
    return "\n".join((*lines, *edges, "}")) + "\n"


def _text(text: str) -> str:
    return visible(text, 80).replace("\\", "\\\\").replace('"', '\\"')
