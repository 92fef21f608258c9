"""What is known of one address of a target between two looks; kept in the store as it is here."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from plainwire.monitor.seen import Body, Certificate
from plainwire.report.tls_diff import Change

State = Literal["unknown", "ok", "unreachable"]


@dataclass(frozen=True, slots=True)
class Alarm:
    """A confirmed change for the worse: it lasts while the address is worse than ``base`` was."""

    key: str
    base: str  # the hash of the snapshot before
    title: str
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Earlier:
    """A certificate that another is in the place of.

    ``turns`` says how often it was seen beside that one or after it: 0 is a renewal as it should
    be, 1 may be the moment of one, and from 2 on it is served by turns.
    """

    certificate: Certificate
    seen_at: int
    turns: int = 0


@dataclass(frozen=True, slots=True)
class Standing:
    """One address of a target. Times in milliseconds; hashes are of snapshots.

    ``confirmed`` is the snapshot that changes are told against, ``pending`` the hashes seen since
    one first differed from it. ``fails`` and ``answers`` count looks in a row. ``changed_at`` are
    the confirmed changes of the last day; ``flapping_since`` is None while there are few.
    """

    address: str
    state: State = "unknown"
    confirmed: str | None = None
    tool_version: str = ""
    pending: tuple[str, ...] = ()
    pending_since: int | None = None
    fails: int = 0
    answers: int = 0
    failed_since: int | None = None
    failed_at: int | None = None  # the last failure that was counted
    error: str | None = None
    grade: str | None = None
    unknowns: int = 0  # full looks in a row that came to nothing
    unknown_since: int | None = None
    unknown_because: str | None = None
    seen_at: int | None = None
    answered_at: int | None = None
    looked_full_at: int | None = None
    asked_about: str | None = None  # the light difference that a full look was asked for
    certificates: Mapping[str, Certificate] = field(default_factory=dict)
    revoked: tuple[str, ...] = ()
    earlier: tuple[Earlier, ...] = ()
    alarms: tuple[Alarm, ...] = ()
    changed_at: tuple[int, ...] = ()
    flapping_since: int | None = None

    @property
    def served(self) -> dict[str, Certificate]:
        """The certificates that it serves, also those by turns, by their fingerprints."""
        by_turns = (one.certificate for one in self.earlier if one.turns)
        return {one.fingerprint: one for one in (*self.certificates.values(), *by_turns)}

    @property
    def compared_with(self) -> set[str]:
        """The hashes of the snapshots that what is seen of it is compared with."""
        return {one for one in (self.confirmed, *(each.base for each in self.alarms)) if one}


Bodies = Mapping[str, Body]  # snapshots by their hash


def as_json(one: Standing) -> str:
    """A standing as the store keeps it."""
    return json.dumps(asdict(one), separators=(",", ":"), default=dict)


def from_json(text: str) -> Standing:
    """The standing that `as_json` wrote."""
    told: dict[str, Any] = json.loads(text)
    certificates = {key: certificate_of(each) for key, each in told.pop("certificates", {}).items()}
    alarms = tuple(
        Alarm(each["key"], each["base"], each["title"], changes_of(each["changes"]))
        for each in told.pop("alarms", ())
    )
    earlier = tuple(
        Earlier(**{**each, "certificate": certificate_of(each["certificate"])})
        for each in told.pop("earlier", ())
    )
    lists = {key: tuple(value) for key, value in told.items() if isinstance(value, list)}
    parts = {"certificates": certificates, "alarms": alarms, "earlier": earlier}
    return Standing(**{**told, **lists, **parts})


def certificate_of(told: Mapping[str, Any]) -> Certificate:
    """A certificate out of its dictionary."""
    return Certificate(**{**told, "sans": tuple(told["sans"])})


def changes_of(told: Iterable[Mapping[str, Any]]) -> tuple[Change, ...]:
    """Changes out of their dictionaries."""
    return tuple(Change(**each) for each in told)
