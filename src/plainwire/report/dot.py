"""Format ``dot``: the paths as a graph for Graphviz."""

from __future__ import annotations

from collections.abc import Sequence

from plainwire.model import Report
from plainwire.report import Options
from plainwire.report.picture import graph, shortened

OUTSIDE = {"client": "label=internet, shape=oval", "unknown": 'label="?", shape=oval'}


def render(reports: Sequence[Report], options: Options) -> str:
    """One graph a report."""
    return "\n".join(_graph(report) for report in reports)


def _graph(report: Report) -> str:
    found = graph(report)
    lines = ["digraph paths {", "  rankdir=LR;", "  node [shape=box];"]
    ends = {end for link in found.links for end in link[:2]}
    lines += [f"  {mark} [{shape}];" for mark, shape in OUTSIDE.items() if mark in ends]
    for number, (where, names) in enumerate(found.groups.items()):
        lines.append(f"  subgraph cluster_{number} {{")
        lines.append(f'    label="{_text(where, 60)}";')
        lines += [f'    {mark} [label="{_text(name)}"];' for name, mark in names.items()]
        lines.append("  }")
    for start, end, arrow, words in found.links:
        color = "darkgreen" if arrow == "https" else "gray40" if arrow == "" else "red"
        lines.append(f'  {start} -> {end} [label="{_text(words)}", color={color}];')
    return "\n".join((*lines, "}")) + "\n"


def _text(text: str, most: int = 40) -> str:
    return shortened(text, most).replace("\\", "\\\\").replace('"', '\\"')
