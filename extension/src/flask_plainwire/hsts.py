"""Strict-Transport-Security (RFC 6797): its value by a ramp, and the hosts that must not get it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from flask_plainwire.peers import address_of

DAY_S = 86_400
# Days since TLS_HSTS_SINCE, and the max-age from then on. A browser keeps to what it has heard: a
# mistake must not cost more than what was tried before for long.
RAMP = ((0, 300), (1, DAY_S), (8, 30 * DAY_S), (38, 365 * DAY_S))
FIRST_S = RAMP[0][1]
_REMEMBERED = 256


@dataclass(frozen=True)
class Hsts:
    """What to send: a fixed max-age in seconds, or that of the ramp from ``since`` on.

    0 sends nothing (the header with max-age=0 is a command to forget, for a view to give).
    """

    max_age_s: int | None
    since: date | None
    includes_subdomains: bool
    preload: bool
    _hosts: dict[str, bool] = field(default_factory=dict, repr=False, compare=False)
    _values: dict[int, str] = field(default_factory=dict, repr=False, compare=False)

    def age_s(self, now_s: float) -> int:
        """The max-age at this time."""
        if self.max_age_s is not None:
            return self.max_age_s
        if self.since is None:
            return FIRST_S
        start = datetime(self.since.year, self.since.month, self.since.day, tzinfo=UTC)
        days = (now_s - start.timestamp()) // DAY_S
        return max((age for day, age in RAMP if day <= days), default=0)

    def value(self, host: str, now_s: float | None = None) -> str | None:
        """The header for a host of a request over TLS; None where it must not be sent."""
        known = self._hosts.get(host)
        if known is None:
            known = is_name(host)
            if len(self._hosts) < _REMEMBERED:  # the host is the client's word
                self._hosts[host] = known
        if not known:
            return None
        now_s = time.time() if now_s is None else now_s
        today = int(now_s // DAY_S)
        value = self._values.get(today)
        if value is None:
            value = self._values[today] = self._written(self.age_s(now_s))
        return value or None

    def _written(self, age_s: int) -> str:
        if not age_s:
            return ""
        value = f"max-age={age_s}"
        if self.includes_subdomains:
            value += "; includeSubDomains"
        return f"{value}; preload" if self.preload and age_s >= 365 * DAY_S else value


def is_name(host: str) -> bool:
    """Is this Host a name that HSTS is for: no IP address (RFC 6797, section 8.1.1), not localhost?

    localhost is every project's on a developer's machine: one that says HSTS breaks the others.
    """
    name = host_name(host)
    return bool(name) and not is_local_name(name) and address_of(name.strip("[]")) is None


def host_name(host: str) -> str:
    """A Host header's name without port, lower case, without a final dot."""
    name = host[: host.rfind("]") + 1] if host.startswith("[") else host.partition(":")[0]
    return name.rstrip(".").lower()


def is_local_name(name: str) -> bool:
    """Does this name mean the machine itself (RFC 6761, section 6.3)?"""
    return name == "localhost" or name.endswith(".localhost")
