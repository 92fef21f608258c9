"""Format ``svg``: the paths drawn, one a row; no script, no link, no font from elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import escape

from plainwire.model import Report
from plainwire.report import Options
from plainwire.report.layout import cells
from plainwire.report.picture import Drawn, drawn, entrance, shortened

ROW, GAP, HIGH = 64, 96, 34
LETTER = 7.2  # the width of a letter of 12 px in the widest usual sans-serif, on average
COLORS = {"https": "#137333", "": "#5f6368"}
PLAIN = "#b3261e"


def render(reports: Sequence[Report], options: Options) -> str:
    """One picture: the rows of every report under each other."""
    drawings = [_row(one, 24 + n * ROW) for n, one in enumerate(_all(reports))]
    width = max((width for width, _ in drawings), default=0) + 20
    height = len(drawings) * ROW + 20
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12">'
        f'<rect width="{width}" height="{height}" fill="white"/>'
    )
    return "".join((head, *(parts for _, parts in drawings), "</svg>\n"))


def _all(reports: Sequence[Report]) -> list[Drawn]:
    return [one for report in reports for one in drawn(report)]


def _row(one: Drawn, y: int) -> tuple[int, str]:
    """How far a path reaches to the right, and its drawing."""
    title = f"{one.mark}{one.where}"
    parts = [_words(10, y - 8, shortened(title, 140), "#5f6368")]
    right, middle = 10, y + HIGH // 2
    first = entrance(one)
    parts.append(_box(right, y, first))
    right += _wide(first)
    for arrow, name in one.stations:
        color, end = COLORS.get(arrow, PLAIN), right + GAP
        parts.append(
            f'<path d="M{right} {middle}H{end - 6}m-6 -5l6 5l-6 5" stroke="{color}" '
            'stroke-width="2" fill="none"/>'
        )
        if arrow:
            word = {"tcp": "plain"}.get(arrow, arrow)
            parts.append(_words(right + 18, middle - 6, word, color))
        shown = shortened(name)
        parts.append(_box(end, y, shown))
        right = end + _wide(shown)
    return max(right, 10 + int(len(shortened(title, 140)) * LETTER)), "".join(parts)


def _wide(text: str) -> int:
    return 20 + int(max(cells(text), 6) * LETTER)


def _box(x: int, y: int, text: str) -> str:
    frame = (
        f'<rect x="{x}" y="{y}" width="{_wide(text)}" height="{HIGH}" rx="6" fill="#f1f3f4" '
        'stroke="#5f6368"/>'
    )
    return frame + _words(x + 8, y + 21, text, "#202124")


def _words(x: int, y: int, text: str, color: str) -> str:
    return f'<text x="{x}" y="{y}" fill="{color}">{escape(text)}</text>'
