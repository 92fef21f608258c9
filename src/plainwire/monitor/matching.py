"""Which alerts something is about: by tag, target and rule; each that is named must fit."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase


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
            and (not self.targets or any(fnmatchcase(name or "", one) for one in self.targets))
            and (not self.rules or rule in self.rules)
        )

    def __str__(self) -> str:
        words = [f"{key} {', '.join(value)}" for key, value in asdict(self).items() if value]
        return "; ".join(words) or "everything"

    def as_json(self) -> str:
        """As the store keeps it."""
        return json.dumps({key: value for key, value in asdict(self).items() if value})


def from_json(text: str) -> Only:
    """What `Only.as_json` wrote."""
    return Only(**{key: tuple(value) for key, value in json.loads(text).items()})
