"""What is a credential: each header, parameter, cookie and scheme by its name."""

import hashlib
from base64 import b64encode

import pytest

from flask_plainwire.credentials import exposed, strip

# Of API gateways, Flask-Security, Devise, axios and Flask-WTF; RFC 9110 for the proxy's.
HEADERS = (
    *("X-Api-Key", "Api-Key", "ApiKey", "X-Api-Token", "X-Access-Token", "X-Auth-Token"),
    *("Authentication-Token", "Proxy-Authorization"),
)
CSRF = ("X-Csrf-Token", "X-CsrfToken")
# RFC 6749 and RFC 6750 (access_token, refresh_token, client_secret, password), OpenID Connect
# (id_token), and what APIs call their keys.
PARAMETERS = (
    *("access_token", "refresh_token", "client_secret", "password", "id_token"),
    *("api_key", "apikey", "auth_token", "jwt", "token"),
)
# Each key of Flask's, Flask-Login's and Flask-JWT-Extended's documentation, with its default.
COOKIES = {
    "SESSION_COOKIE_NAME": "session",
    "REMEMBER_COOKIE_NAME": "remember_token",
    "JWT_ACCESS_COOKIE_NAME": "access_token_cookie",
    "JWT_REFRESH_COOKIE_NAME": "refresh_token_cookie",
}
# https://www.iana.org/assignments/http-authschemes, and what APIs write themselves.
SCHEMES = (
    *("bearer", "dpop", "gnap", "negotiate", "ntlm", "oauth", "privatetoken", "vapid"),
    *("api-key", "apikey", "jwt", "key", "token"),
)
# A signature of the request (RFC 7616 and its like): the secret did not cross the network.
SIGNATURES = ("Digest", "Hawk", "Signature", "AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256")


def key(name):
    return "HTTP_" + name.upper().replace("-", "_")


def found(environ, config=(), more=frozenset()):
    return [(one.kind, one.name, one.sha256) for one in exposed(environ, dict(config), more)]


def digest(text, encoding="latin-1"):
    return hashlib.sha256(text.encode(encoding)).hexdigest()


def left(environ, more=frozenset()):
    strip(environ, more)
    return environ


@pytest.mark.parametrize("name", [*HEADERS, *CSRF])
def test_a_header_that_holds_a_credential(name):
    environ = {key(name): "s3cret"}
    told = [("header", name.title(), digest("s3cret"))]
    assert found(environ) == ([] if name in CSRF else told)
    assert left(environ) == {}


@pytest.mark.parametrize("name", PARAMETERS)
def test_a_parameter_that_holds_a_credential(name):
    query = f"{name}=s3cret&empty=&q=1"
    environ = {"QUERY_STRING": query, "REQUEST_URI": f"/?{query}", "RAW_URI": f"/?{query}"}
    assert found(environ) == [("query", name, digest("s3cret"))]
    assert left(environ) == {"QUERY_STRING": "empty=&q=1"}


def test_a_query_without_a_credential_is_left_as_it_was_sent():
    environ = {"QUERY_STRING": "q=a+b&&c", "REQUEST_URI": "/?q=a+b&&c", "RAW_URI": "/?q=a+b&&c"}
    assert left(dict(environ)) == environ
    assert found({"QUERY_STRING": "token="}) == []


@pytest.mark.parametrize(("number", "is_whole"), [(1000, True), (1001, False)])
def test_a_query_is_read_as_far_as_a_thousand_parameters(number, is_whole):
    environ = {"QUERY_STRING": "&".join(["q=1"] * number)}
    assert left(environ) == {"QUERY_STRING": "&".join(["q=1"] * number) if is_whole else ""}


@pytest.mark.parametrize("setting", COOKIES)
def test_a_cookie_by_its_default_and_its_configured_name(setting):
    for name, config in ((COOKIES[setting], {}), ("mine", {setting: "mine"})):
        environ = {"HTTP_COOKIE": f"other=1; {name}=s3cret; {name}="}
        assert found(environ, config) == [("cookie", name, digest("s3cret"))]
        assert left(environ) == {}


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_scheme_that_sends_what_is_to_be_revoked(scheme):
    environ = {"HTTP_AUTHORIZATION": f"{scheme.title()} s3cret"}
    assert found(environ) == [(scheme, "Authorization", digest("s3cret"))]
    assert left(environ) == {}


@pytest.mark.parametrize("scheme", SIGNATURES)
def test_a_scheme_that_sends_a_signature(scheme):
    assert found({"HTTP_AUTHORIZATION": f"{scheme} abc=1"}) == []


def test_a_user_whose_name_is_no_utf_8_is_told_all_the_same():
    pair = b"caf\xe9:s3cret"
    (told,) = exposed({"HTTP_AUTHORIZATION": f"Basic {b64encode(pair).decode()}"}, {}, frozenset())
    assert (told.username, told.sha256) == ("caf\ufffd", hashlib.sha256(pair).hexdigest())


def test_what_a_server_made_of_a_credential_is_taken_away_too():
    environ = {"REMOTE_USER": "alice", "AUTH_TYPE": "Basic", "HTTP_X_MINE": "s3cret"}
    assert left(environ, frozenset({"HTTP_X_MINE"})) == {}


def test_bytes_are_hashed_as_they_were_sent():
    """PEP 3333: latin-1; what is no such byte, which no server gives, is no error."""
    assert found({"HTTP_X_API_KEY": "caf\xe9"}) == [("header", "X-Api-Key", digest("caf\xe9"))]
    assert found({"HTTP_X_API_KEY": "\u20ac"}) == [("header", "X-Api-Key", digest("?"))]
