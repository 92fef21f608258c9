"""Strict-Transport-Security: the examples of RFC 6797, section 6.2, and what servers send."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plainwire.wire.hsts import MAX_AGE_CAP_S, Hsts, parse

VALUES = [
    # RFC 6797, section 6.2
    ("max-age=31536000", Hsts(31536000)),
    ("max-age=15768000 ; includeSubDomains", Hsts(15768000, True)),
    ('max-age="31536000"', Hsts(31536000)),
    ("max-age=0", Hsts(0)),
    ("max-age=0; includeSubDomains", Hsts(0, True)),
    # case, order, empty directives, unknown directives
    ("INCLUDESUBDOMAINS;MAX-AGE=1;Preload", Hsts(1, True, True)),
    (";; max-age = 60 ;;", Hsts(60)),
    ('max-age=60; report="a;b"; x', Hsts(60)),
    ('max-age="6\\0"', Hsts(60)),
    ("max-age=0000000000000000000000060", Hsts(60)),
    ("max-age=" + "9" * 9000, Hsts(MAX_AGE_CAP_S)),
    # "preload" is no directive of the RFC, so that browsers pass over what is wrong with it
    ("max-age=60; preload=1", Hsts(60, problems=("preload takes no value",))),
    ("max-age=60; x; x", Hsts(60, problems=("x appears twice",))),
]

IGNORED = [
    ("", None, "max-age is missing"),
    ("includeSubDomains", None, "max-age is missing"),
    ("max-age", None, "max-age is not a number of seconds"),
    ("max-age=-1", None, "max-age is not a number of seconds"),
    ("max-age=1y", None, "max-age is not a number of seconds"),
    ("max-age=٣٦٠", None, "max-age is not a number of seconds"),
    ("max-age=60; max-age=0", 60, "max-age appears twice"),
    ("max-age=60; includeSubDomains=true", 60, "includesubdomains takes no value"),
    ("max-age=60; includeSubDomains; includeSubDomains", 60, "includesubdomains appears twice"),
    # a comma joins two fields into one value that no browser reads
    ("max-age=60, max-age=60", None, "not a directive: 'max-age=60, max-age=60'"),
    ("max-age=60 includeSubDomains", None, "not a directive: 'max-age=60 includeSubDomains'"),
    ('max-age="60', None, "not a directive: 'max-age=\"60'"),
    ("max-age=60; a b", 60, "not a directive: 'a b'"),
    ("max-age=60; =", 60, "not a directive: '='"),
]


@pytest.mark.parametrize(("value", "expected"), VALUES)
def test_a_value_is_read_as_the_rfc_says(value: str, expected: Hsts) -> None:
    assert parse(value) == expected


@pytest.mark.parametrize(("value", "max_age_s", "problem"), IGNORED)
def test_a_malformed_value_is_ignored_by_browsers_and_says_why(
    value: str, max_age_s: int | None, problem: str
) -> None:
    read = parse(value)
    assert (read.max_age_s, read.is_honoured, read.is_effective) == (max_age_s, False, False)
    assert problem in read.problems


def test_zero_is_honoured_and_forgets_the_host() -> None:
    assert (parse("max-age=0").is_effective, parse("max-age=0").is_removal) == (False, True)
    assert (parse("max-age=1").is_effective, parse("max-age=1").is_removal) == (True, False)


PRELOAD = [
    ("max-age=31536000; includeSubDomains; preload", ()),
    ("max-age=31535999; includeSubDomains; preload", ("max-age of at least 31536000",)),
    ("max-age=63072000; preload", ("includeSubDomains",)),
    ("max-age=63072000; includeSubDomains", ("preload",)),
    ("max-age=63072000; includeSubDomains; preload=yes", ("preload",)),
]


@pytest.mark.parametrize(("value", "unmet"), PRELOAD)
def test_the_preload_list_has_three_conditions(value: str, unmet: tuple[str, ...]) -> None:
    assert parse(value).preload_problems == unmet


def test_a_value_cut_anywhere_still_gives_a_value() -> None:
    whole = 'max-age="315\\36000" ; includeSubDomains; preload'
    for end in range(len(whole)):
        assert isinstance(parse(whole[:end]), Hsts)


@settings(deadline=None)
@given(st.one_of(st.text(), st.text(alphabet='max-ge=01;", \\\tincludeSubDomains')))
def test_any_text_gives_a_value_and_what_is_wrong_with_it(value: str) -> None:
    read = parse(value)
    assert read.is_honoured or read.problems
    assert read.max_age_s is None or 0 <= read.max_age_s <= MAX_AGE_CAP_S
