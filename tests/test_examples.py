"""Every check proves its own page, and a check that finds nothing does not pass for one."""

from dataclasses import replace

import pytest

from examples import holds, nothing
from plainwire import catalog

CHECKS = catalog.load()


@pytest.mark.parametrize("check", CHECKS, ids=lambda c: c.id)
def test_the_page_of_a_check_holds(check):
    """Bad is found, Good is silent."""
    assert holds(check)


@pytest.mark.parametrize("check", CHECKS, ids=lambda c: c.id)
def test_a_check_that_finds_nothing_fails_its_page(check):
    assert not holds(replace(check, run=nothing))


@pytest.mark.parametrize("check", CHECKS, ids=lambda c: c.id)
def test_a_check_is_documented(check):
    page = check.page
    assert page.title[0].isupper() and len(page.title) < 80
    assert page.why and page.remedy.endswith(".") and page.limits
    assert check.cwe and check.references
