"""What stands in for a credential over cleartext."""

import base64

from hypothesis import given
from hypothesis import strategies as st

from plainwire.live.credentials import Credentials, canary_of
from plainwire.model import Origin

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
    assert canary != secret or not any(c.isalnum() for c in secret)


def test_the_secret_parts_are_known_to_the_masker():
    pair = base64.b64encode(b"bob:hunter2").decode()
    given_credentials = Credentials((("Authorization", f"Basic {pair}"),), ORIGIN)
    assert {"hunter2", pair, "bob:hunter2"} <= set(given_credentials.secrets)
    assert "hunter2" not in repr(given_credentials) and pair not in repr(given_credentials)
