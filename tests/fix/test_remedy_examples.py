"""Every remedy proves its own page, and one that does nothing does not pass for one."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from fix.fixing import fixed, holds, planned
from plainwire import catalog
from plainwire.fix import plan as planning
from plainwire.model import LEVELS, example_files

REMEDIES = catalog.load_remedies()
RULES = {rule.id for rule in catalog.load_rules()}


@pytest.mark.parametrize("remedy", REMEDIES, ids=lambda r: r.id)
def test_the_page_of_a_remedy_holds(remedy):
    """Before becomes After, the findings are gone, and a second run has nothing to do."""
    assert holds(remedy)


@pytest.mark.parametrize("remedy", REMEDIES[:1], ids=lambda r: r.id)
def test_a_remedy_that_does_nothing_fails_its_page(remedy, monkeypatch):
    idle = replace(remedy, run=lambda finding, project: None)
    monkeypatch.setattr(planning.catalog, "load_remedies", lambda: (idle,))
    assert not holds(remedy)


@pytest.mark.parametrize("remedy", [r for r in REMEDIES if r.level != "advice"], ids=lambda r: r.id)
def test_a_remedy_takes_its_findings_away_and_adds_none(remedy):
    """Nothing is gone by a suppression, and none of the files is."""
    files = example_files(remedy.page.before)
    made = planned(files, only=frozenset({remedy.id}), with_unsafe=remedy.level == "unsafe")
    assert len(made.gone) >= len(made.steps) > 0
    assert {f.id for f in made.after.findings} <= {f.id for f in made.before.findings}
    assert len(made.after.findings) == len(made.before.findings) - len(made.gone)
    assert not any(f.suppressed for f in made.after.findings)


@pytest.mark.parametrize("remedy", REMEDIES, ids=lambda r: r.id)
def test_a_remedy_is_documented(remedy):
    page = remedy.page
    assert page.title[0].isupper() and len(page.title) < 100
    assert page.why and page.condition.endswith(".") and page.limits
    assert set(remedy.answers) <= RULES and remedy.level in LEVELS
    assert len(remedy.page.before) < 2000


def test_what_is_not_shown_to_be_right_needs_consent():
    """A cookie of an application whose way to its clients is not described stays as it is."""
    files = {
        "app.py": "from flask import Flask\napp = Flask(__name__)\n"
        '@app.route("/")\ndef index():\n    answer = app.make_response("")\n'
        '    answer.set_cookie("token", "1")\n    return answer\n'
    }
    assert fixed(files) == files
    told = planned(files).advice[0]
    assert told.level == "unsafe" and "https is not shown" in told.proof
    assert "secure=True" in fixed(files, with_unsafe=True)["app.py"]


def test_every_remedy_is_in_the_documentation_as_it_is():
    table = (Path(__file__).parents[2] / "docs/fixing.md").read_text("utf-8")
    rows = re.findall(r"(?m)^\| `([\w-]+)` \| (\w+) \| ((?:`[\w-]+`(?:, )?)+) \|", table)
    told = {row[0]: (row[1], tuple(re.findall(r"`([\w-]+)`", row[2]))) for row in rows}
    assert told == {r.id: (r.level, r.answers) for r in REMEDIES}
