"""Which settings of a file became weaker, by patterns of our own and not by plainwire's readers.

Each setting has an order: Strict > Lax > None for SameSite, on > off for what protects, off > on
for what exposes, higher > lower for versions and lifetimes, fewer > more for what is offered.
"""

from __future__ import annotations

import re
from collections.abc import Callable

ON = {"true": 1, "1": 1, "on": 1, "yes": 1, "false": 0, "0": 0, "off": 0, "no": 0}
SAMESITE = {"strict": 2, "lax": 1, "none": 0}
VERSIONS = {
    **{"sslv2": 0, "sslv3": 1, "tlsv1": 2, "tlsv1.0": 2, "tlsv1_1": 3, "tlsv1.1": 3},
    **{"tlsv1_2": 4, "tlsv1.2": 4, "tlsv1_3": 5, "tlsv1.3": 5, "maximum_supported": 6},
}
_COMMENT = re.compile(r"(?m)(^|\s)#.*$")


def _rank(table: dict[str, int]) -> Callable[[str], int | None]:
    return lambda word: table.get(word.lower().strip("\"'"))


def _negative(rank: Callable[[str], int | None]) -> Callable[[str], int | None]:
    def ranked(word: str) -> int | None:
        found = rank(word)
        return None if found is None else -found

    return ranked


def _lowest(word: str) -> int | None:
    ranks = [VERSIONS.get(one.lower()) for one in word.split()]
    known = [rank for rank in ranks if rank is not None]
    return min(known) if known else None


# Name, pattern with one group for the value, rank of the value, rank where it is not written.
SETTINGS: tuple[tuple[str, str, Callable[[str], int | None], int | None], ...] = (
    ("Secure in a call", r"\bsecure\s*=\s*(\w+)", _rank(ON), None),
    ("Secure in a setting", r"COOKIE_SECURE\W{1,6}(\w+)", _rank(ON), 0),
    ("HttpOnly", r"(?i)httponly\W{1,6}(\w+)", _rank(ON), None),
    ("SameSite", r"(?i)samesite\W{1,6}(\w+)", _rank(SAMESITE), None),
    ("verify", r"\bverify(?:_ssl|_certs)?\s*=\s*(\w+)", _rank(ON), 1),
    ("verify_mode", r"CERT_(\w+)", _rank({"none": 0, "optional": 1, "required": 2}), None),
    ("check_hostname", r"check_hostname\s*=\s*(\w+)", _rank(ON), 1),
    ("debug", r"(?i)\bdebug\W{1,4}(true|false|1|0)\b", _negative(_rank(ON)), 0),
    ("lowest version", r"minimum_version\s*=\s*[\w.]*?(TLSv1(?:_\d)?|SSLv\d)\b", _lowest, None),
    ("versions offered", r"ssl_protocols\s+([^;]+);", _lowest, None),
    ("HSTS", r"max-age=(\d+)", lambda word: int(word), 0),
    (
        "X-Forwarded-Proto",
        r"X-Forwarded-Proto\s+(\S+?);",
        # The last is by a map the proxy's address alone decides in (tests/fix/test_real_nginx.py).
        _rank({"$http_x_forwarded_proto": 0, "$scheme": 1, "$first_proxys_scheme": 1}),
        0,
    ),
    (
        "scheme of addresses",
        r"(?:_scheme|URL_SCHEME\W{0,3})\s*[=:]\s*(\S+?)[,)\s]",
        _rank({"http": 0, "https": 1}),
        None,
    ),
    (
        "trusted peers",
        r"forwarded_allow_ips\s*=\s*(\S+)",
        lambda word: 0 if "*" in word else 1,
        None,
    ),
    (
        "published on",
        r"(?m)^\s*-\s*[\"']?((?:127\.0\.0\.1:)?\d*:?\d+)[\"']?\s*(?:#.*)?$",
        lambda word: int(word.startswith("127.")),
        None,
    ),
)


def weaker(name: str, before: str, after: str) -> list[str]:
    """The settings of a file whose least value sank, or of which a protecting one went away."""
    found = []
    for setting, pattern, rank, default in SETTINGS:
        old, new = (_ranks(pattern, rank, text) for text in (before, after))
        if default is not None:
            new += [default] * (len(old) - len(new))
            old += [default] * (len(new) - len(old))
        if sum(new) < sum(old[: len(new)]) or (new and old and min(new) < min(old)):
            found.append(f"{name}: {setting} {old} -> {new}")
        elif len(new) < len(old) and default is None and setting != "verify_mode":
            found.append(f"{name}: {setting} was taken away")
    return found


def _ranks(pattern: str, rank: Callable[[str], int | None], text: str) -> list[int]:
    ranks = [rank(match[1]) for match in re.finditer(pattern, _COMMENT.sub("", text))]
    return [one for one in ranks if one is not None]
