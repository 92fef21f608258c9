"""WWW-Authenticate: RFC 9110, section 11.6.1, RFC 7616, RFC 6750 and what servers send."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plainwire.wire.challenges import MAX_CHALLENGES, Challenge, parse

FIELDS = [
    # RFC 9110, section 11.6.1
    (
        ['Basic realm="simple", Newauth realm="apps", type=1, title="Login to \\"apps\\""'],
        (
            Challenge("basic", (("realm", "simple"),)),
            Challenge("newauth", (("realm", "apps"), ("type", "1"), ("title", 'Login to "apps"'))),
        ),
    ),
    # RFC 7617, section 2.1
    (
        ['Basic realm="foo", charset="UTF-8"'],
        (Challenge("basic", (("realm", "foo"), ("charset", "UTF-8"))),),
    ),
    # RFC 6750, section 3
    (
        ['Bearer realm="example", error="invalid_token", error_description="It expired"'],
        (
            Challenge(
                "bearer",
                (
                    ("realm", "example"),
                    ("error", "invalid_token"),
                    ("error_description", "It expired"),
                ),
            ),
        ),
    ),
    # RFC 4559, section 4: no parameters, then a token68
    (["Negotiate"], (Challenge("negotiate"),)),
    (
        ["Negotiate a87421000492aa874209af8bc028=="],
        (Challenge("negotiate", (), "a87421000492aa874209af8bc028=="),),
    ),
    # several fields, several schemes without parameters, empty list elements
    (["Negotiate", "NTLM"], (Challenge("negotiate"), Challenge("ntlm"))),
    ([", Bearer , , Basic realm=x,"], (Challenge("bearer"), Challenge("basic", (("realm", "x"),)))),
    # commas in quotes, white space around "=", case
    (
        ['DIGEST Realm = "a, Basic b" , NONCE=c'],
        (Challenge("digest", (("realm", "a, Basic b"), ("nonce", "c"))),),
    ),
    (['A a="\\", B"'], (Challenge("a", (("a", '", B'),)),)),
    # what the RFC forbids and servers send
    (["Basic realm=My API"], (Challenge("basic", (("realm", "My API"),)),)),
    (['Basic realm="open'], (Challenge("basic", (("realm", '"open'),)),)),
    (['realm="orphan"'], ()),
    (['realm="orphan", Bearer'], (Challenge("bearer"),)),
    (['"', "", "=", "é x"], ()),
]


@pytest.mark.parametrize(("values", "expected"), FIELDS)
def test_challenges_are_read_in_order(values: list[str], expected: tuple[Challenge, ...]) -> None:
    assert parse(values) == expected


def test_a_parameter_is_found_whatever_its_case_and_a_realm_by_its_name() -> None:
    (challenge,) = parse(['Basic REALM="x"'])
    assert (challenge.parameter("Realm"), challenge.realm) == ("x", "x")
    assert challenge.parameter("charset") is None


def test_a_parameter_does_not_reach_into_the_next_field() -> None:
    assert parse(["Bearer", "realm=x"]) == (Challenge("bearer"),)


def test_a_token_is_in_no_repr() -> None:
    (challenge,) = parse(["Negotiate a87421000492aa=="])
    assert "a874" not in repr(challenge)


def test_there_are_no_more_challenges_than_the_bound() -> None:
    assert len(parse(["A, " * 5000, "B"])) == MAX_CHALLENGES


@settings(deadline=None)
@given(st.lists(st.one_of(st.text(), st.text(alphabet='Basic realm="\\,x= \t')), max_size=4))
def test_any_text_gives_challenges(values: list[str]) -> None:
    assert all(challenge.scheme for challenge in parse(values))
