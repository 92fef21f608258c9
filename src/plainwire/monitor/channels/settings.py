"""A channel as the user wrote it; secrets are named, never held."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from plainwire.model import UsageError
from plainwire.monitor import digests
from plainwire.monitor.levels import LEVELS
from plainwire.monitor.matching import Only

# Options of each kind: those that must be there, and the others. What ends in `-from` names a
# secret: env:NAME, file:PATH or keyring:SERVICE/USER.
KINDS: Mapping[str, tuple[frozenset[str], frozenset[str]]] = {
    "webhook": (
        frozenset(),
        frozenset({"url", "url-from", "secret-from", "old-secret-from", "allow-private", "ca"}),
    ),
    "slack": (frozenset({"url-from"}), frozenset({"allow-private", "ca"})),
    "pagerduty": (frozenset({"key-from"}), frozenset({"url", "allow-private", "ca"})),
    "smtp": (
        frozenset({"host", "sender", "to"}),
        frozenset({"port", "tls", "user", "password-from", "ca"}),
    ),
    "apprise": (frozenset({"url-from"}), frozenset()),
}


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def _is_url(value: Any) -> bool:
    try:
        parts = urlsplit(value)
        return _is_text(value) and parts.scheme in ("http", "https") and bool(parts.hostname)
    except (ValueError, AttributeError):
        return False


def _are_addresses(value: Any) -> bool:
    many = value if isinstance(value, list) else [value]
    return bool(many) and all(_is_text(each) for each in many)


def _is_port(value: Any) -> bool:
    return type(value) is int and 0 < value < 65536


TEXT = (_is_text, "text")
# What an option's value is, where it is no text.
SHAPES: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "url": (_is_url, "an http or https URL"),
    "to": (_are_addresses, "an address, or a list of them"),
    "port": (_is_port, "a number from 1 to 65535"),
    "tls": (lambda value: value in ("starttls", "implicit"), "starttls or implicit"),
    "allow-private": (lambda value: isinstance(value, bool), "true or false"),
}


@dataclass(frozen=True, slots=True)
class ChannelSettings:
    """Where messages go, which ones, and whether there is a digest (``HH:MM ZONE``)."""

    name: str
    kind: str
    options: Mapping[str, Any] = field(default_factory=dict)
    least_level: str = "warning"
    only: Only = field(default_factory=Only)
    digest: str | None = None
    declared_in: str | None = None
    id: int = 0
    is_enabled: bool = True
    disabled_because: str | None = None


def checked(one: ChannelSettings) -> ChannelSettings:
    """The same channel.

    Raises:
        UsageError: if its kind, level or options are wrong, or a secret stands in them.
    """
    where = f"channel {one.name!r}"
    if one.kind not in KINDS:
        raise UsageError(f"{where}: no kind {one.kind!r}; there are {', '.join(KINDS)}")
    if one.least_level not in LEVELS:
        raise UsageError(f"{where}: no level {one.least_level!r}; there are {', '.join(LEVELS)}")
    if one.digest is not None:
        if not isinstance(one.digest, str):  # YAML 1.1 reads 18:00 as a number to base 60
            raise UsageError(f'{where}: a digest\'s time stands in quotes: "18:00"')
        digests.last_due(one.digest, 0)
    needed, further = KINDS[one.kind]
    for key in sorted(one.options.keys() - needed - further):
        there = ", ".join(sorted(needed | further))
        raise UsageError(f"{where}: unknown option {key!r}; there are {there}")
    for key in sorted(needed - one.options.keys()):
        raise UsageError(f"{where}: {key} is missing")
    if one.kind == "webhook" and len({"url", "url-from"} & one.options.keys()) != 1:
        raise UsageError(f"{where}: url or url-from is missing, or one of them too many")
    for key, value in one.options.items():
        is_right, words = SHAPES.get(key, TEXT)
        if not is_right(value):
            raise UsageError(f"{where}: {key} is {words}")
    if "@" in str(one.options.get("url", "")).partition("?")[0]:
        raise UsageError(f"{where}: a login in a URL would be stored in clear")
    return one
