"""What the names of members stand for, and whether an answer is a refusal."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainwire.model import Exchange, Origin, Request
from plainwire.wire import denials, members

SECRET = [
    "password",
    "passwd",
    "pwd_hash",
    "passwordHash",
    "api_key",
    "apiKey",
    "privateKey",
    "ssn",
    "cvv",
    "pin",
    "mfa_secret",
    "reset_token",
    "hashed_password",
    "secret",
]
NO_SECRET = ["has_password", "password_policy", "password_hint", "reset_password_url",
             "password_changed_at", "next_page_token", "token_type", "secretary", "pinned",
             "spinning", "session_count", "passenger", "key", "keyboard", "public_key",
             "api_key_id", "pin_count", "compass"]  # fmt: skip


@pytest.mark.parametrize("name", SECRET)
def test_the_names_of_secrets(name):
    assert members.is_secret(name)
    value = {"ssn": "219-09-9999", "cvv": "123", "pin": 4711}.get(name, "q7R!x")
    assert [m.key for m in members.secrets({"a": [{name: value}]})] == [name]


@pytest.mark.parametrize(
    ("name", "value"),
    [("pin", "marker"), ("pin", "10 to 12"), ("session", "London"), ("session", 3),
     ("salt", "5 g"), ("cvc", "Curriculum"), ("ssn", "SSN-1"), ("password", "Password"),
     ("password", "Forgot your password?"), ("password", "string"), ("otp", "one per user")],
)  # fmt: skip
def test_what_the_names_other_meaning_explains_is_no_secret(name, value):
    assert not list(members.secrets({"a": [{name: value}]}))


@pytest.mark.parametrize(
    ("name", "value"),
    [("session", "9f8c7b6a5d4e"), ("salt", "x7Gh2kd9=="), ("pin_code", "4711"), ("otp", "493022"),
     ("password", "password"), ("secret", "where the gold is")],
)  # fmt: skip
def test_a_secret_with_a_name_of_two_meanings_is_known_by_its_value(name, value):
    assert [m.key for m in members.secrets({"a": [{name: value}]})] == [name]


@pytest.mark.parametrize("name", NO_SECRET)
def test_names_that_only_speak_of_secrets(name):
    assert not members.is_secret(name)


@pytest.mark.parametrize(
    "value",
    [None, True, False, "", " ", "********", "xxxx", "****1234", "[REDACTED]", "<hidden>", "none",
     {}, [], 0, "••••••"],
)  # fmt: skip
def test_a_value_that_is_not_there_or_masked_is_no_secret(value):
    assert not list(members.secrets({"password": value}))


def test_a_schema_has_names_and_no_values():
    schema = {"type": "object", "properties": {"password": {"type": "string"}}}
    field = {"type": "text", "format": "x", "password": "what it is"}
    assert not list(members.secrets([schema, field]))


def test_people_are_in_two_objects_or_more_and_functions_are_none():
    def people(*objects):
        return members.people(list(objects))

    ann, bob = {"email": "ann@example.com"}, {"mail": "bob@example.com"}
    assert list(people(ann, bob)) == ["ann@example.com", "bob@example.com"]
    assert people(ann) == {} == people(ann, {"email": "support@example.com"})
    assert people({"one": "ann@example.com", "two": "bob@example.com"}) == {}, "one's own"
    assert people({"delivery_address": "1 A St"}, {"delivery_address": "2 B St"})
    assert people({"address": "1 A St"}, {"address": "2 B St"}) == {}, "shops"


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ({"is_admin": True}, True),
        ({"admin": False}, False),
        ({"role": "Customer"}, False),
        ({"roles": ["user", "admin"]}, True),
        ({"name": "admin"}, None),
        ({"admin": "ann"}, None),
        ({}, None),
    ],
)
def test_who_is_an_administrator_by_its_object(found, said):
    assert members.says_admin(found) is said


def exchange(body, status=200, kind="application/json"):
    text = body if isinstance(body, str) else json.dumps(body)
    request = Request(Origin("https", "h.test", 443))
    return Exchange(request, status, (("Content-Type", kind),), text.encode())


REFUSALS = [
    exchange({"ok": False}),
    exchange({"success": False, "data": None}),
    exchange({"status": "fail", "message": "Provide a valid auth token."}),
    exchange({"errors": [{"message": "not authenticated"}], "data": None}),
    exchange({"code": 401, "data": []}),
    exchange({"message": "Invalid token"}),
    exchange({"detail": "Authentication required"}),
    exchange("<form><input type=password></form>", kind="text/html"),
    exchange("<p>" * 100_000 + "<form><input type=password></form>", kind="text/html"),
    exchange({"items": [1]}, status=401),
    exchange("", status=302),
]
DATA = [
    exchange({"items": [1]}),
    exchange({"id": 7, "status": "failed", "total": 1, "items": [], "user": "ann"}),
    exchange({"error": None, "errors": [], "data": {"id": 1}}),
    exchange({"id": 1, "message": "Welcome back"}),
    exchange([{"id": 1}]),
]


@pytest.mark.parametrize("answer", REFUSALS)
def test_a_refusal_is_one_whatever_its_status(answer):
    assert denials.is_denied(answer) and not denials.gives_data(answer)


@pytest.mark.parametrize("answer", DATA)
def test_data_is_no_refusal(answer):
    assert not denials.is_denied(answer) and denials.gives_data(answer)


@pytest.mark.parametrize("body", ["", "{}", "[]", "null", "not JSON", "0"])
def test_nothing_is_neither(body):
    assert not denials.gives_data(exchange(body))


@given(st.binary(max_size=200))
def test_any_body_is_judged(body):
    answer = exchange(body.decode("latin-1"))
    denials.is_denied(answer)
    list(members.secrets(members.load(body)))


def test_a_deep_and_a_wide_body_are_bounded():
    assert members.load(b"[" * 100_000) is None
    deep = json.loads('{"a":' * 200 + "1" + "}" * 200)
    assert len(list(members.members(deep))) <= members.MAX_DEPTH + 1
    assert len(list(members.members([{"a": [{"b": 1}]}] * 20_000))) <= members.MAX_OBJECTS


def test_a_list_of_many_objects_is_read_to_its_end():
    rows = [{"n": n} for n in range(5000)] + [{"email": f"ann{n}@example.net"} for n in range(9)]
    assert len(members.people(rows)) == 9
