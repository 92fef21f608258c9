"""What an answer in clear amounts to."""

import pytest

from plainwire.model import Exchange, Origin, Request
from plainwire.wire import cleartext

HTTP = Origin("http", "api.example.com", 80)
HTTPS = Origin("https", "api.example.com", 443)


def answer(status, body=b"", origin=HTTP, path="/", **headers):
    lines = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Exchange(Request(origin, "GET", path), status, lines, body)


@pytest.mark.parametrize(
    ("location", "direct"),
    [
        ("https://api.example.com/", True),
        ("HTTPS://API.example.com:443/x", True),
        ("https://api.example.com.:8443/", True),
        ("https://www.example.com/", False),
        ("http://api.example.com/", False),
        ("/login", False),
        ("//api.example.com/", False),
        ("https://api.example.com@evil.example/", False),
        ("https://api.example.com\\@evil.example/", False),
        ("https://evil.example/https://api.example.com/", False),
        ("https://[broken", False),
        ("", False),
    ],
)
def test_a_redirect_to_https_goes_to_the_same_host_at_once(location, direct):
    assert cleartext.redirects_to_https(answer(308, Location=location)) is direct


def test_a_304_or_a_200_with_a_location_is_no_redirect():
    assert not cleartext.is_redirect(answer(304, Location="https://api.example.com/"))
    assert not cleartext.is_redirect(answer(200, Location="https://api.example.com/"))
    assert not cleartext.is_redirect(answer(301))


REFUSED = b"<h1>403 Forbidden</h1>"


@pytest.mark.parametrize(
    ("answered", "control", "refused"),
    [
        (answer(403, REFUSED), answer(403, REFUSED, path="/r"), True),
        (answer(404, b"no"), answer(404, b"no", path="/r"), True),
        (answer(403, REFUSED), answer(404, b"no", path="/r"), False),
        (answer(401, b"x"), answer(401, b"x", path="/r"), False),
        (answer(405, b"x"), answer(405, b"x", path="/r"), False),
        (answer(400, b"x"), answer(404, b"y", path="/r"), False),
        (answer(200, b"x"), answer(200, b"x", path="/r"), False),
        (
            answer(403, b"x", WWW_Authenticate="Basic"),
            answer(403, b"x", path="/r", WWW_Authenticate="Basic"),
            False,
        ),
        (answer(403, b"x", Set_Cookie="a=1"), answer(403, b"x", path="/r"), False),
    ],
)
def test_a_refusal_is_constant_and_not_what_an_application_says(answered, control, refused):
    assert cleartext.is_constant_refusal(answered, control) is refused


def test_a_body_that_echoes_the_path_is_the_same_answer():
    """nginx and Flask echo the path in error pages; a request id differs each time."""
    one = answer(404, b"no /a here, id 0123456789abcdef0123", path="/a")
    two = answer(404, b"no /b here, id fedcba98765432100123", path="/b")
    assert cleartext.is_same_answer(one, two)
    assert not cleartext.is_same_answer(one, answer(404, b"other", path="/b"))


def test_the_echo_of_the_root_is_the_same_answer_too():
    """Spring Boot's error: {"status": 403, "path": "/"}."""
    one = answer(403, b'{"status": 403, "path": "/", "see": "/help"}', path="/")
    two = answer(403, b'{"status": 403, "path": "/r4nd0m", "see": "/help"}', path="/r4nd0m")
    assert cleartext.is_same_answer(one, two) and cleartext.is_same_answer(two, one)
    assert not cleartext.is_same_answer(one, answer(403, b'{"status": 403}', path="/r4nd0m"))
