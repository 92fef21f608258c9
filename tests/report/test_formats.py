from pathlib import Path

import pytest

from plainwire.report import RENDERERS, render
from report.example_reports import clean


def test_every_format_is_documented():
    page = (Path(__file__).parents[2] / "docs/report.md").read_text("utf-8")
    assert [name for name in RENDERERS if f"| `{name}` |" not in page] == []


@pytest.mark.parametrize("name", RENDERERS)
def test_every_format_ends_its_last_line_and_takes_no_report_at_all(name):
    assert render(name, [clean()])[-1:] in ("\n", "")
    render(name, [])
