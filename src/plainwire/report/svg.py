"""Format ``svg``: the paths drawn, one a row; no script, no link, no font from elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import escape

from plainwire.model import Report
from plainwire.report import Options
from plainwire.report.clean import visible
from plainwire.report.picture import drawn

ROW, BOX, GAP, HIGH = 64, 190, 90, 34
COLORS = {"https": "#137333", "": "#5f6368"}
PLAIN = "#b3261e"


def render(reports: Sequence[Report], options: Options) -> str:
    """One picture: the rows of every report under each other."""
    rows = [one for report in reports for one in drawn(report)]
    most = max((len(one.stations) for one in rows), default=0) + 1
    width, height = most * (BOX + GAP) + 20, len(rows) * ROW + 20
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        'font-family="sans-serif" font-size="12">',
        f'<rect width="{width}" height="{height}" fill="white"/>',
    ]
    for number, one in enumerate(rows):
        y = 24 + number * ROW
        parts.append(_words(10, y - 8, f"{one.mark}{one.where}", "#5f6368"))
        parts.append(_box(10, y, "internet"))
        x = 10
        for arrow, name in one.stations:
            color = COLORS.get(arrow, PLAIN)
            left, middle = x + BOX, y + HIGH // 2
            right = left + GAP
            parts.append(
                f'<path d="M{left} {middle}H{right - 6}m-6 -5l6 5l-6 5" stroke="{color}" '
                'stroke-width="2" fill="none"/>'
            )
            if arrow:
                parts.append(_words(left + 18, middle - 6, arrow, color))
            x = right
            parts.append(_box(x, y, name))
    return "".join((*parts, "</svg>\n"))


def _box(x: int, y: int, text: str) -> str:
    frame = (
        f'<rect x="{x}" y="{y}" width="{BOX}" height="{HIGH}" rx="6" fill="#f1f3f4" '
        'stroke="#5f6368"/>'
    )
    return frame + _words(x + 8, y + 21, text, "#202124")


def _words(x: int, y: int, text: str, color: str) -> str:
    return f'<text x="{x}" y="{y}" fill="{color}">{escape(visible(text, 60))}</text>'
