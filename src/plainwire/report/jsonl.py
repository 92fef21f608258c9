"""Format ``jsonl``: one object a line, so that a long run can be read as it goes."""

from __future__ import annotations

from collections.abc import Sequence

from plainwire.model import Report
from plainwire.report import Options
from plainwire.report.clean import json_text
from plainwire.report.envelope import as_dict


def render(reports: Sequence[Report], options: Options) -> str:
    """Each report as one line of JSON."""
    return "".join(json_text(as_dict(report), indent=None) + "\n" for report in reports)
