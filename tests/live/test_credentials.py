"""What stands in for a credential over cleartext."""

import base64
import html
import json
import re
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainwire.live.credentials import LEAST_PIECE, Credentials, canary_of
from plainwire.model import Exchange, Origin, Request

ORIGIN = Origin("https", "a.test", 443)


def made(name, value):
    return Credentials(((name, value),), ORIGIN).canary[0][1]


def test_a_bearer_canary_has_the_shape_and_not_the_token():
    token = "eyJhbGci.eyJzdWIi.c2lnbmF0dXJl"
    canary = made("Authorization", f"Bearer {token}")
    assert canary.startswith("Bearer ") and len(canary) == len(token) + 7
    assert canary.count(".") == 2 and token not in canary


def test_a_basic_canary_decodes_to_another_user_and_password():
    pair = base64.b64encode(b"bob:hunter2").decode()
    user, password = base64.b64decode(made("Authorization", f"Basic {pair}")[6:]).split(b":")
    assert len(user) == 3 and user != b"bob"
    assert len(password) == 7 and password != b"hunter2"


def test_a_cookie_canary_keeps_the_names():
    canary = made("Cookie", "session=abcdef; theme=dark")
    assert canary.startswith("session=") and "; theme=" in canary
    assert "abcdef" not in canary and "dark" not in canary


@given(st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126), min_size=1))
def test_a_canary_differs_wherever_it_can(secret):
    canary = canary_of(secret)
    assert len(canary) == len(secret)
    assert canary != secret or not secret


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Cookie", "9f2cK3x8Qw7ZpL0a"),
        ("Cookie", "session=abc; 9f2cK3x8Qw7ZpL0a"),
        ("X-Api-Key", "correct horse battery"),
        ("X-Api-Key", "!?#$%&*"),
    ],
)
def test_no_word_of_a_credential_is_left_in_its_canary(name, value):
    canary = made(name, value)
    for word in value.replace("session=", "").split():
        assert word.rstrip(";") not in canary


@pytest.mark.parametrize("name", ["Authorization", "X-Auth", "X-Forwarded-Authorization"])
def test_the_scheme_is_left(name):
    assert made(name, "Token 0123").startswith("Token ")


def test_the_secret_parts_are_known_to_the_masker():
    pair = base64.b64encode(b"bob:hunter2").decode()
    given_credentials = Credentials((("Authorization", f"Basic {pair}"),), ORIGIN)
    assert {"hunter2", pair, "bob:hunter2"} <= set(given_credentials.secrets)
    assert "hunter2" not in repr(given_credentials) and pair not in repr(given_credentials)


TOKEN = 'tok/7fL"q2+ZxW<m9='


def echoed(body, *headers, given=("X-Api-Key", TOKEN), is_cut=False):
    answer = Exchange(Request(ORIGIN), 200, headers, body.encode(), is_cut=is_cut)
    return Credentials((given,), ORIGIN).without_echo(answer)


@pytest.mark.parametrize(
    "written",
    [TOKEN, quote(TOKEN, safe=""), quote(TOKEN), json.dumps(TOKEN)[1:-1], html.escape(TOKEN)],
)
def test_what_is_thrown_back_is_replaced_however_it_is_written(written):
    answer = echoed(f"<a href='{written}'>", ("Location", f"/?next={written}"))
    assert answer.body == b"<a href='given-credential'>"
    assert answer.headers == (("Location", "/?next=given-credential"),)
    lower = re.sub("%..", lambda match: match[0].lower(), written)  # as some servers write it
    assert echoed(lower).body == b"given-credential"


def test_the_canary_is_replaced_too_so_that_equal_answers_are_equal():
    credentials = Credentials((("Authorization", f"Bearer {TOKEN}"),), ORIGIN)
    shown = credentials.canary[0][1].removeprefix("Bearer ")
    answer = Exchange(Request(ORIGIN), 200, (), f"you sent {shown}".encode())
    assert credentials.without_echo(answer).body == b"you sent canary-credential"


@pytest.mark.parametrize("length", range(LEAST_PIECE, len(TOKEN)))
def test_a_body_that_was_cut_ends_before_what_is_left_of_one(length):
    assert echoed(f"text {TOKEN[:length]}", is_cut=True).body == b"text "
    assert echoed(f"text {TOKEN[:length]}").body == f"text {TOKEN[:length]}".encode()


@pytest.mark.parametrize(
    "given",
    [
        ("Authorization", "Basic " + base64.b64encode(b"admin:password").decode()),
        ("Cookie", "theme=dark; lang=javascript"),
    ],
)
def test_a_word_of_the_page_is_left_as_it_is(given):
    page = "<input type=password><script type=text/javascript class=dark>"
    assert echoed(page, given=given).body == page.encode()
