"""Questions that resemble an attack: one file each, asked only where a precondition was seen.

Each `ask` gives True (vulnerable), False, `Unknown`, or None where its precondition was not seen.
Where it is known in the end that there is none, nothing is there to be attacked: False.
None of them takes anything from a server: what an over-read would bring is dropped unread.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from plainwire.live.tls.asker import Asker, Unknown
from plainwire.live.tls.attacks import (
    ccs_injection,
    client_renegotiation,
    heartbleed,
    robot,
    ticketbleed,
)
from plainwire.live.tls.hellos import Hellos
from plainwire.model import Gap
from plainwire.policy.versions import Version
from plainwire.wire import extensions as ext
from plainwire.wire.flight import Flight
from plainwire.wire.key_exchange import key_exchange_word

if TYPE_CHECKING:
    from plainwire.live.tls.seen import Seen

Ask = Callable[[Asker, Hellos, "Seen"], Awaitable[bool | Unknown | None]]
ATTACKS: Mapping[str, Ask] = {
    "heartbleed": heartbleed.ask,
    "ccs_injection": ccs_injection.ask,
    "ticketbleed": ticketbleed.ask,
    "robot": robot.ask,
    "client_renegotiation": client_renegotiation.ask,
}


class Attacks:
    """The questions that were not asked yet, for one listener."""

    def __init__(self, asker: Asker, hellos: Hellos, seen: Seen) -> None:
        self._asker, self._hellos, self._seen = asker, hellos, seen
        self._open = dict(ATTACKS)
        self._kinds: set[tuple[bool, ...]] = set()

    async def ask(self) -> None:
        """Ask side by side all those whose precondition flights showed so far."""
        async with asyncio.TaskGroup() as group:
            for name in tuple(self._open):
                group.create_task(self._ask(name))

    def take(self, name: str) -> bool:
        """Whether a question is still open; if so, the caller answers it, or gives it back."""
        return self._open.pop(name, None) is not None

    def give_back(self, name: str) -> None:
        """Leave a question that was taken to be asked by itself."""
        self._open[name] = ATTACKS[name]

    def note(self, name: str, is_vulnerable: bool) -> None:
        """Note the answer to a question that was taken."""
        self._seen.vulnerabilities[name] = is_vulnerable

    def conclude(self) -> None:
        """Note that what was left unasked is not there, where its precondition cannot be."""
        for name, is_absent in ABSENT.items():
            if name in self._open and _are_versions_known(self._seen) and is_absent(self._seen):
                self._seen.vulnerabilities[name] = False

    def hear(self, flight: Flight) -> bool:
        """Whether a flight shows what no other did, so that it may be time to `ask`."""
        before = len(self._kinds)
        extensions = flight.hello.extensions
        shown = (code in extensions for code in (ext.HEARTBEAT, ext.SESSION_TICKET))
        is_whole = flight.is_done
        self._kinds.add((is_whole, key_exchange_word(flight.hello.suite) == "RSA", *shown))
        return is_whole and len(self._kinds) > before

    async def _ask(self, name: str) -> None:
        asking = self._open.pop(name, None)
        if asking is None:
            return  # taken meanwhile by another who asks: `ask` is called as flights come
        match await asking(self._asker, self._hellos, self._seen):
            case Unknown(reason):
                self._seen.gaps.append(Gap("vulnerabilities", f"is it open to {name}?", reason))
            case None if name not in self._seen.features:
                self._open[name] = asking
            case bool(is_vulnerable):
                self._seen.vulnerabilities[name] = is_vulnerable


def _are_versions_known(seen: Seen) -> bool:
    protocols = seen.versions.protocols if seen.versions else {}
    return not seen.is_fickle and all(str(version) in protocols for version in Version)


def _is_never_echoed(code: int, seen: Seen) -> bool:
    """Whether every hello of TLS 1.2 and before offered an extension, and no answer had it."""
    old = [flight for flight in seen.flights if flight.hello.version < Version.TLS_1_3]
    return code not in seen.unasked and not any(code in flight.hello.extensions for flight in old)


def _is_without_rsa(seen: Seen) -> bool:
    """Whether no version takes a suite with RSA key exchange, which TLS 1.3 has not got."""
    found = [seen.suites.get(version) for version in seen.accepted() if version < Version.TLS_1_3]
    return all(
        one is not None
        and not one.choices.unknown
        and all(key_exchange_word(code) != "RSA" for code in one.choices.accepted)
        for one in found
    )


ABSENT: Mapping[str, Callable[[Seen], bool]] = {
    "heartbleed": partial(_is_never_echoed, ext.HEARTBEAT),
    "ticketbleed": partial(_is_never_echoed, ext.SESSION_TICKET),
    "robot": _is_without_rsa,
    "ccs_injection": lambda seen: all(version >= Version.TLS_1_3 for version in seen.accepted()),
}
