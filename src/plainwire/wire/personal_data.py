"""Payment numbers in answers: cards and accounts, each with its proof.

One in ten random 16-digit numbers passes Luhn, so a number is a card only with an issuer's range
and a key that says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from plainwire.wire import json_body


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Issuer ranges: first digits and lengths (ISO/IEC 7812; the networks' own pages).
_ISSUERS = (
    ("Visa", re.compile(r"4(?:\d{12}|\d{15}|\d{18})")),
    ("Mastercard", re.compile(r"(?:5[1-5]\d\d|222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720)\d{12}")),
    ("American Express", re.compile(r"3[47]\d{13}")),
    ("Discover", re.compile(r"(?:6011|64[4-9]\d|65\d\d)\d{12}")),
    ("JCB", re.compile(r"35(?:2[89]|[3-8]\d)\d{12}")),
    ("Diners Club", re.compile(r"3(?:0[0-5]|[68]\d)\d{11}")),
    ("UnionPay", re.compile(r"62\d{14,17}")),
)
_TEST_CARDS = _words(
    """
    4242424242424242 4111111111111111 4012888888881881 4222222222222 4000056655665556
    4000000000000002 4000000000000077 4000000000009995 4000002500003155 4917610000000000
    5555555555554444 5105105105105100 5200828282828210 2223003122003222 5454545454545454
    378282246310005 371449635398431 378734493671000 6011111111111117 6011000990139424
    6011981111111113 3530111333300000 3566002020360505 30569309025904 38520000023237
    3056930009020004 36227206271667 6200000000000005 5431111111111111 4007000000027
    """
)
_CARD_WORDS = frozenset(
    {"card", "cards", "pan", "cc", "creditcard", "cardnumber", "ccnumber", "ccnum"}
)
_NO_NUMBER = frozenset({"id", "token", "ref", "reference", "fingerprint", "hash", "uuid", "order"})
_IBAN = re.compile(r"[A-Z]{2}\d{2}(?: ?[A-Z0-9]{1,4}){3,8}")
_IBAN_LENGTHS = {
    "AT": 20, "BE": 16, "BG": 22, "CH": 21, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "EE": 20,
    "ES": 24, "FI": 18, "FR": 27, "GB": 22, "GR": 27, "HR": 21, "HU": 28, "IE": 22, "IS": 26,
    "IT": 27, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "MC": 27, "MT": 31, "NL": 18, "NO": 15,
    "PL": 28, "PT": 25, "RO": 24, "SE": 24, "SI": 19, "SK": 24, "TR": 26, "UA": 29,
}  # fmt: skip
# Those of the registry's and the central banks' own pages.
_EXAMPLE_IBANS = _words(
    """
    DE89370400440532013000 DE75512108001245126199 GB29NWBK60161331926819 GB82WEST12345698765432
    GB33BUKB20201555555555 FR1420041010050500013M02606 FR7630006000011234567890189
    NL91ABNA0417164300 NL02ABNA0123456789 CH9300762011623852957 BE68539007547034
    ES9121000418450200051332 AT611904300234573201 IT60X0542811101000000123456
    IE29AIBK93115212345678 PL61109010140000071219812874 SE4550000000058398257466
    """
)


def cards(document: Any) -> Iterator[tuple[str, str]]:
    """Issuer and number of the payment cards in a document, documented test cards left out."""
    for way, value in json_body.values(document):
        digits = re.sub(r"[ -]", "", value) if len(value) < 32 else ""
        if not digits.isascii() or not digits.isdigit() or digits in _TEST_CARDS:
            continue
        named = {word for name in way for word in json_body.words(name)}
        named |= {"".join(json_body.words(name)) for name in way}
        last = set(json_body.words(way[-1])) if way else set()
        if not named & _CARD_WORDS or last & _NO_NUMBER or not _has_luhn(digits):
            continue
        issuer = next((name for name, range_ in _ISSUERS if range_.fullmatch(digits)), None)
        if issuer is not None and len(set(digits)) > 3:
            yield issuer, digits


def ibans(document: Any) -> Iterator[str]:
    """The account numbers in a document (ISO 13616), those of documentation left out."""
    for _, value in json_body.values(document):
        if len(value) <= 42 and _IBAN.fullmatch(value.strip()):
            number = value.replace(" ", "")
            if number not in _EXAMPLE_IBANS and _is_iban(number):
                yield number


def _has_luhn(digits: str) -> bool:
    """ISO/IEC 7812-1, annex B."""
    doubled = [int(d) * (1 + n % 2) for n, d in enumerate(reversed(digits))]
    return sum(d - 9 if d > 9 else d for d in doubled) % 10 == 0


def _is_iban(number: str) -> bool:
    """The country's length, and 1 modulo 97 (ISO 7064)."""
    if _IBAN_LENGTHS.get(number[:2]) != len(number):
        return False
    return int("".join(str(int(c, 36)) for c in number[4:] + number[:4])) % 97 == 1
