"""Secrets, personal data and errors of drivers: what is one, and what only looks like one."""

import json
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainwire.wire import json_body, personal_data, secret_formats, sql_errors

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def github(body="q7LwKzRmTn2VbXcJhGfDsPaYuIoEt5"):
    """A token with the check digits that GitHub documents: CRC-32 in base 62."""
    number, digits = zlib.crc32(body.encode()), ""
    while len(digits) < 6:
        number, rest = divmod(number, 62)
        digits = DIGITS[rest] + digits
    return f"ghp_{body}{digits}"


SECRETS = [
    ("AWS access key", "AKIA" + "QYLPMN5HHHFPZAM2"),
    ("GitHub token", github()),
    ("Stripe live key", "sk_live_" + "9aKq2LmN4pRs7TuVwXyZ1bCd"),
    ("Slack token", "xoxb-" + "472918365027-918273645018-AbCdE1fGh2IjK3lMn4OpQ5rS"),
    ("connection string with its password", "postgres://app:" + "kf83hfkq92@db.internal/app"),
    ("OpenAI key", "sk-proj-" + "9aKq2LmN4pRs7TuVwXyZ1bCd8eFg3HiJ5kLm6NoP0qRs"),
]
NO_SECRETS = [
    "AKIA" + "IOSFODNN7EXAMPLE",
    "ghp_" + "x" * 36,
    "sk_test_" + "4eC39HqLyjWDarjtT1zdp7dc",
    "pk_live_" + "9aKq2LmN4pRs7TuVwXyZ1bCd",
    "postgres://user:password@localhost/db",
    "postgres://app:${DB_PASSWORD}@db/app",
    "5f2b8c1e-9a7d-4c3b-8e1f-0a2b3c4d5e6f",
    "33a64df551425fcc55e4d42a148795d9f25f89d4",
    "sk-learn-pipeline-with-a-long-name-that-is-no-key-at-all",
    "https://cdn.example.com/i/9aKq2LmN4pRs7TuVwXyZ1bCd8eFg3HiJ5kLm6NoP.png",
    '"password_policy": "at least 12 characters"',
    "task-" + "9aKq2LmN4pRs7TuVwXyZ1bCd8eFg3HiJ5kLm6NoP0qRs1t2u",
]


@pytest.mark.parametrize(("of", "value"), SECRETS, ids=[of for of, _ in SECRETS])
def test_a_secret_is_known_by_its_format(of, value):
    (found,) = secret_formats.found(json.dumps({"value": value}))
    assert found.of == of and found.is_checked
    assert value not in found.shown


@pytest.mark.parametrize("text", NO_SECRETS)
def test_what_only_looks_like_a_secret_is_none(text):
    assert list(secret_formats.found(text)) == []


def test_check_digits_that_do_not_agree_are_said():
    (found,) = secret_formats.found(github()[:-1] + "_"[:0] + "0")
    assert not found.is_checked


def card(key, number):
    return list(personal_data.cards({key: {"number": number}}))


def test_a_card_needs_luhn_an_issuer_and_a_key_that_says_so():
    assert card("card", "4539148803436467") == [("Visa", "4539148803436467")]
    assert card("creditCard", "4539 1488 0343 6467")
    assert card("card", 4539148803436467)
    assert not card("order", "4539148803436467"), "a number like any other"
    assert not card("card", "4539148803436468"), "Luhn"
    assert not card("card", "9539148803436462"), "no issuer"
    assert not card("card", "4242424242424242"), "documented for tests"
    assert not list(personal_data.cards({"card": {"id": "4539148803436467"}}))
    assert not list(personal_data.cards({"discard": "4539148803436467"}))


def test_an_account_number_has_its_countrys_length_and_check_digits():
    # From the ISO 13616 registry, with the check digits of modulo 97 worked out by hand.
    assert list(personal_data.ibans(["GB94 BARC 1020 1530 0934 59"])) == ["GB94BARC10201530093459"]
    assert not list(personal_data.ibans(["GB95BARC10201530093459", "GB94BARC1020153009345"]))
    assert not list(personal_data.ibans(["DE89370400440532013000", "ZZ94BARC10201530093459"]))


@pytest.mark.parametrize(
    ("body", "whose"),
    [
        (b"(sqlite3.OperationalError) unrecognized token", "SQLite"),
        (b'{"detail": "near \\"x\\": syntax error"}', "SQLite"),
        (b"psycopg2.errors.SyntaxError: unterminated", "PostgreSQL"),
        (b"<b>pymysql.err.ProgrammingError</b>", "MySQL"),
        (b"SQLSTATE[42000]: Syntax error", "SQL"),
        (b"You have an error in your SQL syntax", None),
        (b"How to fix an OperationalError", None),
        (b'invalid input syntax for type integer: "7\'"', None),
    ],
)
def test_an_error_of_a_driver_is_known_by_its_name(body, whose):
    assert sql_errors.signature(body) == whose


@given(st.binary(max_size=400) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_judged(body):
    document = json_body.parsed(body)
    list(json_body.values(document))
    json_body.listed(document)
    list(secret_formats.found(body.decode("utf-8", "replace")))
    sql_errors.signature(body)


NESTED = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=20,
)


@given(NESTED)
def test_any_document_is_judged(document):
    list(personal_data.cards(document))
    list(personal_data.ibans(document))


def test_deep_and_long_documents_end():
    assert json_body.parsed(b"[" * 200_000) is None
    assert len(list(json_body.values(list(range(200_000))))) <= json_body.MAX_STEPS
