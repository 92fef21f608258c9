"""What is watched, and how often: words of the user as values."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from plainwire.model import Target, UsageError
from plainwire.monitor.times import DAY, HOUR, MINUTE, SECOND
from plainwire.wire.starttls import PROTOCOLS
from plainwire.wire.target import parse_endpoint, parse_target

Kind = Literal["url", "endpoint"]
LIGHT, FULL = 15 * MINUTE, 1 * DAY
LEAST_INTERVAL = SECOND
_INTERVAL = re.compile(r"(\d{1,6})(s|m|h|d)")
_UNITS = {"s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY}
_TAG = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,62}")


@dataclass(frozen=True, slots=True)
class Watched:
    """A target under watch; intervals in milliseconds.

    ``options`` holds ``ca`` (a file), ``paths``, ``resolve`` (an address), ``starttls``,
    and ``bearer`` (a reference to a secret), as the user wrote them.
    """

    name: str
    kind: Kind
    host: str
    tags: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    light_ms: int = LIGHT
    full_ms: int = FULL
    declared_in: str | None = None
    id: int = 0

    @property
    def target(self) -> Target:
        """What `scan` and `probe` are given."""
        if self.kind == "url":
            return parse_target(self.name)[0]
        protocol = PROTOCOLS.get(self.options.get("starttls") or "")
        return parse_endpoint(self.name, protocol.port if protocol else 443)


def watched(
    words: str,
    *,
    tags: tuple[str, ...] = (),
    light: str | None = None,
    full: str | None = None,
    declared_in: str | None = None,
    **options: Any,
) -> Watched:
    """The target in the user's words: a URL is scanned, ``HOST[:PORT]`` probed for TLS.

    Raises:
        UsageError: if they name none, hold a login, or an option is wrong.
    """
    kept = {key: value for key, value in options.items() if value not in (None, (), [])}
    protocol = PROTOCOLS.get(kept.get("starttls") or "")
    if kept.get("starttls") and protocol is None:
        raise UsageError(f"no STARTTLS for {kept['starttls']!r}; there are {', '.join(PROTOCOLS)}")
    if "resolve" in kept and not _is_address(kept["resolve"]):
        raise UsageError(f"not an address to look at: {kept['resolve']!r}")
    if "://" in words and protocol is None:
        target, login = parse_target(words)
        if login is not None:
            raise UsageError("a login in a target's URL would be stored in clear: use --bearer")
        kind: Kind = "url"
    else:
        target, kind = parse_endpoint(words, protocol.port if protocol else 443), "endpoint"
    for tag in tags:
        if not _TAG.fullmatch(tag):
            raise UsageError(f"not a tag of letters, digits and _.:- : {tag!r}")
    return Watched(
        target.value,
        kind,
        target.host.lower(),
        tuple(sorted(set(tags))),
        kept,
        LIGHT if light is None else interval(light),
        FULL if full is None else interval(full),
        declared_in=declared_in,
    )


def _is_address(words: object) -> bool:
    try:
        return bool(ipaddress.ip_address(str(words)))
    except ValueError:
        return False


def interval(words: str) -> int:
    """Milliseconds from words such as ``30s``, ``15m``, ``6h``, ``1d``.

    Raises:
        UsageError: if they are none, or nothing.
    """
    match = _INTERVAL.fullmatch(str(words))
    length = int(match[1]) * _UNITS[match[2]] if match else 0
    if length < LEAST_INTERVAL:
        raise UsageError(f"not an interval such as 30s, 15m, 6h or 1d: {words!r}")
    return length


def interval_words(length: int) -> str:
    """The shortest words for an interval."""
    for unit, size in reversed(_UNITS.items()):
        if length % size == 0:
            return f"{length // size}{unit}"
    return f"{length // SECOND}s"
