"""Whole small projects: what they are graded before and after."""

import pytest

from fix import lattice
from fix.fixing import planned
from fix.samples import PROJECTS


@pytest.mark.parametrize("name", PROJECTS)
def test_a_sample_is_at_least_a_b_afterwards(name):
    """With consent to what the files cannot show; nothing is added, weakened or left to do."""
    files = PROJECTS[name]
    made = planned(files, with_unsafe=True)
    assert made.before.grade.letter in "CDEF"
    assert made.after.grade.letter in "AB", [f.id for f in made.after.findings]
    assert made.after.tls_status != "FAIL"
    for old, new in made.changes:
        assert not lattice.weaker(old.path, old.text, new.text)
    after = files | {new.path: new.text for _, new in made.changes}
    assert not planned(after, with_unsafe=True).steps


def test_what_the_files_show_needs_no_consent():
    made = planned(PROJECTS["published-port"])
    assert made.before.grade.letter == "F" and made.after.grade.letter in "AB"
    assert all(step.patch.level in ("safe", "conditional") for step in made.steps)
