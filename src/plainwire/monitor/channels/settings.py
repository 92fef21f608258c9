"""A channel as the user wrote it; secrets are named, never held."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from plainwire.model import UsageError
from plainwire.monitor import digests
from plainwire.monitor.levels import LEVELS
from plainwire.monitor.matching import Only

# Options of each kind: those that must be there, and the others. What ends in `-from` names a
# secret: env:NAME, file:PATH or keyring:SERVICE/USER.
KINDS: Mapping[str, tuple[frozenset[str], frozenset[str]]] = {
    "webhook": (
        frozenset({"url"}),
        frozenset({"secret-from", "old-secret-from", "allow-private", "ca"}),
    ),
    "slack": (frozenset({"url-from"}), frozenset({"allow-private", "ca"})),
    "pagerduty": (frozenset({"key-from"}), frozenset({"url", "allow-private", "ca"})),
    "smtp": (
        frozenset({"host", "sender", "to"}),
        frozenset({"port", "tls", "user", "password-from", "ca"}),
    ),
    "apprise": (frozenset({"url-from"}), frozenset()),
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
        digests.last_due(one.digest, 0)
    needed, further = KINDS[one.kind]
    for key in sorted(one.options.keys() - needed - further):
        there = ", ".join(sorted(needed | further))
        raise UsageError(f"{where}: unknown option {key!r}; there are {there}")
    for key in sorted(needed - one.options.keys()):
        raise UsageError(f"{where}: {key} is missing")
    if "@" in str(one.options.get("url", "")).partition("?")[0]:
        raise UsageError(f"{where}: a login in a URL would be stored in clear")
    return one
