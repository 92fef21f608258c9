"""JSON Web Tokens: the example of RFC 7515, appendix A.1, and tokens that are none."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainwire.model import WireError
from plainwire.wire import jwt

# RFC 7515, appendix A.1: the token, its claims and its key.
RFC = (
    "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9"
    ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
    ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
)
KEY = base64.urlsafe_b64decode(
    "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow=="
)


def test_the_token_of_the_rfc_is_read_and_its_key_is_known_again():
    token = jwt.parse(RFC)
    assert token.algorithm == "HS256"
    assert token.claims == {"iss": "joe", "exp": 1300819380, "http://example.com/is_root": True}
    assert jwt.is_signed_with_any(token, [b"secret", KEY]) is True
    assert jwt.is_signed_with_any(token, [b"secret", KEY[:-1], b""]) is False
    assert jwt.FOUND.findall(f"Bearer {RFC}") == [RFC]


def test_another_algorithm_is_no_verdict():
    header = jwt.encoded(json.dumps({"alg": "RS256"}).encode())
    token = jwt.parse(f"{header}.{RFC.split('.')[1]}.{RFC.split('.')[2]}")
    assert jwt.is_signed_with_any(token, [KEY]) is None


def test_a_forged_signature_differs_in_its_first_character_and_keeps_its_length():
    forged = jwt.with_signature(RFC, b"\x00" * 64)
    assert forged.rpartition(".")[0] == RFC.rpartition(".")[0]
    assert forged.rpartition(".")[2] == "A" * 43
    assert jwt.is_signed_with_any(jwt.parse(forged), [KEY]) is False


def test_a_token_with_no_algorithm_keeps_its_claims_and_has_no_signature():
    forged = jwt.with_no_algorithm(RFC)
    header, claims, signature = forged.split(".")
    assert json.loads(base64.urlsafe_b64decode(header + "==")) == {"typ": "JWT", "alg": "none"}
    assert claims == RFC.split(".")[1] and signature == ""
    assert jwt.parse(forged).algorithm == "none"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "..",
        "a.b",
        "a.b.c",
        "e30.e30",
        "e30.e30.e30.e30",
        "e30.W10.e30",  # a list
        "e30.e30.!",
        "é.e30.e30",
        "e30." + "e" * jwt.MAX_BYTES + ".e30",
    ],
)
def test_what_is_no_token_is_a_wire_error(text):
    with pytest.raises(WireError):
        jwt.parse(text)


def test_a_token_that_is_cut_anywhere_is_none_or_lacks_of_its_signature():
    for end in range(len(RFC)):
        try:
            token = jwt.parse(RFC[:end])
        except WireError:
            continue
        assert end > RFC.rindex(".")
        assert jwt.is_signed_with_any(token, [KEY]) is not True


@given(st.text(alphabet='eyJ0.-_=A{}"1:, é', max_size=60))
def test_any_text_gives_a_token_or_a_wire_error(text):
    try:
        token = jwt.parse(text)
    except WireError:
        return
    jwt.is_signed_with_any(token, [b"secret"])
    jwt.with_no_algorithm(text)
    jwt.with_signature(text, b"0" * jwt.MAX_BYTES)
