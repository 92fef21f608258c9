"""Passwords that stand in addresses (RFC 3986, section 3.2.1), stand-ins told from real ones."""

from __future__ import annotations

import re
from dataclasses import dataclass

from plainwire.wire.secret_words import is_sample, is_value

_LOGIN = re.compile(
    r"(?<![\w+.-])(?P<scheme>[a-z][a-z0-9]{1,15}(?:\+\w{1,20})?)"
    r"://(?P<user>[^\s:/?#@\"'<>]{0,64}):(?P<password>[^\s/?#@\"'<>]{3,128})"
    r"@(?P<host>[\w.-]{1,255})(?::\d{1,5})?(?P<path>/[\w-]{0,64})?",
    re.IGNORECASE,
)
# What documentation and development write: the word itself with another, a row of digits, the name
# of a product, SQLAlchemy's scott:tiger, and words that say what it is for.
_STAND_IN = re.compile(
    r"(my|the|db|database|user|app|some|super|root|admin|postgres|mysql|redis|mongo|rabbit)?[-_.]?"
    r"(pass|passwd|password|pwd|pw)[-_.]?\d{0,4}"
    r"|p[a@]ss(w[o0]rd)?|1234\d*|0000*|abc123|qwerty\w*|tiger|guest|root|toor|admin|test(ing)?\d*"
    r"|postgres(ql)?|mysql|mariadb|mongo(db)?|redis|rabbit(mq)?|x{3,}|\*+|\.{3,}|redacted"
    r"|(.*[-_.])?(dev|devel|development|local|test|testing|dummy|fake|demo|do[-_]?not[-_]?use)"
    r"([-_.].*)?",
    re.IGNORECASE,
)
_FORMATTED = re.compile(r"%[sdr(]|%%")
_NO_HOST = re.compile(
    r"(host|hostname|server|domain|address|ip|(.*\.)?example(\.\w+)?)", re.IGNORECASE
)
_LOOPBACK = re.compile(r"localhost|127\.[\d.]+|0\.0\.0\.0", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class UrlPassword:
    """A password and where its address leads; ``is_local`` is true for this machine alone."""

    password: str
    host: str
    is_local: bool


def url_passwords(text: str) -> tuple[UrlPassword, ...]:
    """The passwords in a text's addresses that open something, in their order.

    References and placeholders are none, nor is what development uses: the user's or database's own
    name, a product's name, "password".
    """
    if "@" not in text or "://" not in text:
        return ()
    return tuple(
        UrlPassword(match["password"], match["host"], is_this_machine(match["host"]))
        for match in _LOGIN.finditer(text)
        if _opens(match)
    )


def is_stand_in(password: str) -> bool:
    """True for what documentation and development write where a password goes."""
    return bool(_STAND_IN.fullmatch(password)) or is_sample(password)


def is_this_machine(host: str) -> bool:
    """True for a name or address of the loopback interface."""
    return bool(_LOOPBACK.fullmatch(host))


def _opens(match: re.Match[str]) -> bool:
    password = match["password"]
    names = (match["user"], match["host"], (match["path"] or "").lstrip("/"))
    return (
        is_value(password)
        and not _FORMATTED.search(password)
        and not is_stand_in(password)
        and password.lower() not in {name.lower() for name in names}
        and not _NO_HOST.fullmatch(match["host"])
    )
