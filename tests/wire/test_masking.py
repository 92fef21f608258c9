"""No secret gets into evidence."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainwire.model import Exchange, Origin, Request
from plainwire.wire.masking import Masker

MASKER = Masker(b"k" * 32, ["hunter2-token-value"])
TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.sig-nature"


@pytest.mark.parametrize(
    ("name", "value", "secret", "kept"),
    [
        ("Set-Cookie", f"session={TOKEN}; Path=/; HttpOnly", TOKEN, "; Path=/; HttpOnly"),
        ("Cookie", f"a={TOKEN}; b=0123456789ab", "0123456789ab", "b="),
        ("Set-Cookie", f"{TOKEN}; Path=/", TOKEN, "; Path=/"),
        ("Set-Cookie", f"={TOKEN}; Path=/", TOKEN, "; Path=/"),
        ("Set-Cookie", f"version={TOKEN}; Path=/", TOKEN, "version="),
        ("Set-Cookie", f"a={'x' * 5000}{TOKEN}; Path=/", TOKEN, "; Path=/"),
        ("Cookie", f"path={TOKEN}", TOKEN, "path="),
        ("Authorization", f"Bearer {TOKEN}", TOKEN, "Bearer "),
        ("X-API-Key", TOKEN, TOKEN, ""),
        ("Location", f"/cb?access_token={TOKEN}&x=1", TOKEN, "&x=1"),
        ("X-Echo", "you sent hunter2-token-value", "hunter2-token-value", "you sent "),
    ],
)
def test_a_sensitive_header_is_masked(name, value, secret, kept):
    masked = MASKER.header(name, value)
    assert secret not in masked
    assert kept in masked


def test_a_masked_value_keeps_two_characters_at_each_end_a_length_and_a_keyed_hash():
    assert MASKER.value("abcdefghij").startswith("ab…ij (10 characters, hmac ")
    assert MASKER.value("abcdefghij") == MASKER.value("abcdefghij")
    assert Masker(b"x").value("abcdefghij") != MASKER.value("abcdefghij")
    assert "a" not in MASKER.value("aaa").partition("(")[0]


@given(st.text(min_size=4, max_size=60), st.text(max_size=30), st.text(max_size=30))
def test_a_given_secret_never_survives(secret, before, after):
    masked = Masker(b"k", [secret]).text(before + secret + after)
    if secret not in before + after and len(secret) > 20:
        assert secret not in masked


def test_an_exchange_as_evidence_has_no_body_and_no_cookie_value():
    request = Request(
        Origin("https", "a.test", 443), headers=(("Authorization", f"Bearer {TOKEN}"),)
    )
    exchange = Exchange(request, 200, (("Set-Cookie", f"sid={TOKEN}"),), b"secret body")
    masked = MASKER.exchange(exchange)
    assert TOKEN not in repr(masked) + str(masked.headers) + str(masked.request.headers)
    assert masked.body == b""
