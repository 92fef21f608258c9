"""Format ``json``: one object for a target, an array for several."""

from __future__ import annotations

from collections.abc import Sequence

from plainwire.model import Report
from plainwire.report import Options
from plainwire.report.clean import json_text
from plainwire.report.envelope import as_dict


def render(reports: Sequence[Report], options: Options) -> str:
    """The reports as indented JSON."""
    values = [as_dict(report) for report in reports]
    return json_text(values[0] if len(values) == 1 else values) + "\n"
