"""Which alerts something is about: by tag, target and rule; each that is named must fit."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from dataclasses import asdict, dataclass, replace
from typing import Literal, get_args

from plainwire.model import UsageError
from plainwire.monitor.targets import watched

Rule = Literal[
    "certificate-ends",
    "certificate-revoked",
    "configuration-worse",
    "flapping",
    "unknown",
    "unreachable",
]
RULES: tuple[Rule, ...] = get_args(Rule)


@dataclass(frozen=True, slots=True)
class Only:
    """The alerts that something is about; what is empty restricts nothing.

    ``targets`` are names in which ``*`` stands for anything.
    """

    tags: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()

    def fits(self, name: str | None, tags: Collection[str], rule: str) -> bool:
        """True for an alert of a rule about a target (None: about the monitor itself)."""
        return (
            (not self.tags or not set(self.tags).isdisjoint(tags))
            and (not self.targets or any(is_like(name or "", one) for one in self.targets))
            and (not self.rules or rule in self.rules)
        )

    def __str__(self) -> str:
        words = [f"{key} {', '.join(value)}" for key, value in asdict(self).items() if value]
        return "; ".join(words) or "everything"

    def as_json(self) -> str:
        """As the store keeps it."""
        return json.dumps({key: value for key, value in asdict(self).items() if value})


def fitting(one: Only) -> Only:
    """The same with targets as they are listed, whatever way each was written.

    Raises:
        UsageError: if it names a rule that there is not: nothing would ever fit it.
    """
    for rule in one.rules:
        if rule not in RULES:
            raise UsageError(f"no rule {rule!r}; there are {', '.join(RULES)}")
    return replace(one, targets=tuple(_as_listed(words) for words in one.targets))


def _as_listed(words: str) -> str:
    try:
        return words if "*" in words else watched(words).name
    except UsageError:
        return words


def is_like(name: str, pattern: str) -> bool:
    """True if a name is the pattern's; only ``*`` is special: URLs have brackets and questions."""
    return bool(re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), name, re.DOTALL))


def from_json(text: str) -> Only:
    """What `Only.as_json` wrote."""
    return Only(**{key: tuple(value) for key, value in json.loads(text).items()})
