"""Set-Cookie as a browser reads it (draft-ietf-httpbis-rfc6265bis, sections 5.4 to 5.7).

A cookie's value is kept for judgement only: it is in no message and no `repr`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from plainwire.model import Exchange, Scheme, WireError

SameSite = Literal["Strict", "Lax", "None"]

MAX_PAIR = 4096  # octets of name and value together (section 5.6, step 5)
MAX_ATTRIBUTE = 1024  # octets of an attribute's value (section 5.6)
MAX_FIELD = 65536
MAX_COOKIES = 180  # of one site; Chromium keeps no more, RFC 6265bis, section 6.1 asks for 50
MAX_SHOWN = 64
LIFETIME_CAP_S = 400 * 86400  # section 5.5

_SAME_SITE: dict[str, SameSite] = {"strict": "Strict", "lax": "Lax", "none": "None"}
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_SECONDS = re.compile(r"-?[0-9]+")
_WSP = " \t"


@dataclass(frozen=True, slots=True)
class Cookie:
    """One Set-Cookie field.

    ``same_site`` is None where it is absent or has no known value; ``same_site_sent`` is what was
    sent. ``path`` and ``domain`` are None where the browser takes its default. ``max_age_s`` is
    capped at 400 days; ``expires`` is aware and in UTC.
    """

    name: str
    value: str = field(repr=False)
    is_secure: bool = False
    is_http_only: bool = False
    is_partitioned: bool = False
    same_site: SameSite | None = None
    same_site_sent: str | None = None
    path: str | None = None
    domain: str | None = None
    max_age_s: int | None = None
    expires: datetime | None = None

    @property
    def shown_name(self) -> str:
        """The name as messages show it: escaped to ASCII, `MAX_SHOWN` characters at most."""
        return self.name.encode("unicode_escape").decode("ascii")[:MAX_SHOWN] or "(nameless)"

    def is_deletion(self, now: datetime) -> bool:
        """True if the browser drops the cookie at once; Max-Age wins over Expires (section 5.7)."""
        if self.max_age_s is not None:
            return self.max_age_s <= 0
        return self.expires is not None and self.expires <= now

    @property
    def prefix(self) -> Literal["__Host-", "__Secure-"] | None:
        """The prefix that binds the name (section 5.4), compared without case; None if none."""
        # A nameless cookie is sent back as its value alone, so that is where it would be read.
        text = (self.name or self.value).lower()
        if text.startswith("__host-"):
            return "__Host-"
        return "__Secure-" if text.startswith("__secure-") else None

    def rejection(self, scheme: Scheme) -> str | None:
        """Why a browser that got this over ``scheme`` stores nothing (section 5.7), else None."""
        if self.is_secure and scheme == "http":
            return "Secure is set over http"
        if self.same_site == "None" and not self.is_secure:
            return "SameSite=None without Secure"
        if self.is_partitioned and not self.is_secure:
            return "Partitioned without Secure"
        return self.prefix_problem

    @property
    def prefix_problem(self) -> str | None:
        """Which rule of its name's prefix a cookie breaks (section 5.7), else None."""
        if self.prefix and not self.is_secure:
            return f"{self.prefix} without Secure"
        if self.prefix == "__Host-" and self.domain is not None:
            return "__Host- with Domain"
        if self.prefix == "__Host-" and self.path != "/":
            return "__Host- without Path=/"
        return None


def parse(header: str) -> Cookie:
    """The cookie in one Set-Cookie field value.

    Raises:
        WireError: if a browser ignores the field: control characters, no name and no value, or
            more than `MAX_PAIR` octets of them (sections 5.6 and 5.7).
    """
    control = _CONTROL.search(header)
    if control is not None:
        raise WireError(f"RFC 6265bis, 5.6 step 1: control character at offset {control.start()}")
    pair, _, rest = header[:MAX_FIELD].partition(";")
    left, equals, right = pair.partition("=")
    name, value = (left.strip(_WSP), right.strip(_WSP)) if equals else ("", left.strip(_WSP))
    if not name and not value:
        raise WireError("RFC 6265bis, 5.7 step 1: neither name nor value")
    # Field values come as Latin-1, so that a character is an octet.
    if len(name) + len(value) > MAX_PAIR:
        raise WireError(f"RFC 6265bis, 5.6 step 5: more than {MAX_PAIR} octets")
    # Of an attribute that comes twice the last one counts (section 5.7).
    sent = dict(_attributes(rest))
    same_site = sent.get("samesite")
    return Cookie(
        name,
        value,
        is_secure="secure" in sent,
        is_http_only="httponly" in sent,
        is_partitioned="partitioned" in sent,
        same_site=_SAME_SITE.get((same_site or "").lower()),
        same_site_sent=same_site,
        path=path if (path := sent.get("path", "")).startswith("/") else None,
        domain=sent.get("domain", "").removeprefix(".").lower() or None,
        max_age_s=_max_age(sent),
        expires=cookie_date(sent["expires"]) if "expires" in sent else None,
    )


def kept_by_name(
    exchanges: Iterable[Exchange], now: datetime
) -> dict[str, list[tuple[Cookie, Exchange]]]:
    """The cookies that answers set, by name, each with its answer.

    Deletions and fields that every browser ignores are left out, and so is what comes after the
    first `MAX_COOKIES` fields of an answer or names of all answers. ``now`` is aware.
    """
    found: dict[str, list[tuple[Cookie, Exchange]]] = {}
    for exchange in exchanges:
        for header in exchange.all("set-cookie")[:MAX_COOKIES]:
            try:
                cookie = parse(header)
            except WireError:
                continue
            is_known = cookie.name in found or len(found) < MAX_COOKIES
            if is_known and not cookie.is_deletion(now):
                found.setdefault(cookie.name, []).append((cookie, exchange))
    return found


def _attributes(rest: str) -> Iterator[tuple[str, str]]:
    """Attributes in lower case with their values; those that a browser ignores are left out."""
    for part in rest.split(";"):
        left, _, right = part.partition("=")
        name, value = left.strip(_WSP).lower(), right.strip(_WSP)
        if len(value) > MAX_ATTRIBUTE:
            continue
        if name == "max-age" and not _SECONDS.fullmatch(value):
            continue
        if name == "expires" and cookie_date(value) is None:
            continue
        if name:
            yield name, value


def _max_age(sent: dict[str, str]) -> int | None:
    if "max-age" not in sent:
        return None
    digits = sent["max-age"]
    if digits.startswith("-"):
        return 0
    significant = digits.lstrip("0") or "0"
    return min(int(significant[:10]), LIFETIME_CAP_S)


_DELIMITER = re.compile(r"[\t\x20-\x2f\x3b-\x40\x5b-\x60\x7b-\x7e]+")
_TIME = re.compile(r"([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})(?![0-9])")
_DAY = re.compile(r"([0-9]{1,2})(?![0-9])")
_YEAR = re.compile(r"([0-9]{2,4})(?![0-9])")
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]


def cookie_date(text: str) -> datetime | None:
    """The time in an Expires value, aware and in UTC (RFC 6265bis, section 5.1.1).

    Returns None where the algorithm fails.
    """
    time: tuple[int, int, int] | None = None
    day = month = year = None
    for token in _DELIMITER.split(text[:MAX_ATTRIBUTE]):
        if time is None and (match := _TIME.match(token)):
            time = (int(match[1]), int(match[2]), int(match[3]))
        elif day is None and (match := _DAY.match(token)):
            day = int(match[1])
        elif month is None and token[:3].lower() in _MONTHS:
            month = _MONTHS.index(token[:3].lower()) + 1
        elif year is None and (match := _YEAR.match(token)):
            year = int(match[1])
    if time is None or day is None or month is None or year is None:
        return None
    if year < 100:
        year += 1900 if year >= 70 else 2000
    if year < 1601:
        return None
    try:
        return datetime(year, month, day, *time, tzinfo=UTC)
    except ValueError:
        return None
