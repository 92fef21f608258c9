"""What TLS 1.3 hides from all but a handshake of one's own: chains, schemes, tickets, the rest.

One handshake first, with everything offered: it shows a chain with its staple and SCTs, a scheme,
the tickets, the protocol of ALPN, and whether a certificate is asked of the client. What its answer
leaves open is asked at once when it is finished, and what a ticket is good for when one came; a
question about protocols rides in another one's handshake.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from plainwire.live.tls import protocols
from plainwire.live.tls.asker import Asker, Refusal, Unknown
from plainwire.live.tls.client_13 import Client13
from plainwire.live.tls.client_certificates import CERTIFICATE, client_certificates
from plainwire.live.tls.names import unnamed_13
from plainwire.live.tls.signers import signers
from plainwire.live.tls.tickets import tickets
from plainwire.model import Gap, Part
from plainwire.policy.suites import groups
from plainwire.policy.versions import Version
from plainwire.wire import extensions as ext

if TYPE_CHECKING:
    from plainwire.live.tls.seen import Seen
    from plainwire.wire.handshake.result_13 import Result13

QUESTIONS: Mapping[Part, str] = {
    "certificates": "which certificates does it show in TLSv1.3?",
    "signature_algorithms": "which signature schemes does it take in TLSv1.3?",
    "features": "what does a handshake of TLSv1.3 show?",
}
KIND = "handshakes TLSv1.3"
# Before the many questions about suites: others wait for its answer.
FIRST = -1
# How often what came to nothing with protocols must do so again.
AGAIN = 2


async def hidden(
    asker: Asker, seen: Seen, server_name: str | None, parts: Collection[Part]
) -> None:
    """Ask what handshakes of TLS 1.3 show about ``parts``. Never raises for a peer."""
    asked = [part for part in QUESTIONS if part in parts]
    if not asked:
        return
    client = Client13.of(asker, server_name, seen)
    opening = _Opening()
    async with asyncio.TaskGroup() as group:
        whole = group.create_task(opening.ask(client))
        first = await opening.finished
        if not client.asks_staple:
            seen.unasked |= {ext.STATUS_REQUEST}
        if isinstance(first, Refusal | Unknown):
            reason = _because(first, client.favourite)
            for part in asked:
                seen.gaps.append(Gap(part, QUESTIONS[part], reason))
            return
        if {"certificates", "signature_algorithms"} & set(parts):
            group.create_task(_signers(client, seen, first, parts))
        if {"certificates", "features"} & set(parts) and seen.has_name:
            group.create_task(_unnamed(client, seen, first))
        if "features" in parts:
            group.create_task(_tickets(client, seen, opening, whole))
            offer = protocols.by_handshake(client, first.alpn)
            group.create_task(protocols.note(seen, offer, first.alpn))


@dataclass
class _Opening:
    """The first handshake, as far as it has come: finished, and with a ticket (or at its end)."""

    finished: asyncio.Future[Result13 | Refusal | Unknown] = field(default_factory=lambda: future())
    ticketed: asyncio.Future[Result13] = field(default_factory=lambda: future())

    async def ask(self, client: Client13) -> Result13 | Refusal | Unknown:
        """Make it, and wait for all that the server has to say after it."""
        words: dict[str, Any] = {"priority": FIRST, "lingers": True, "tell": self._tell}
        found = await client.ask(KIND, also=protocols.ALSO, **words)
        if isinstance(found, Refusal):
            # Perhaps of the protocols alone; nothing else can be asked with them then.
            client.protocols = ()
            found = await client.ask(KIND, **words)
        elif isinstance(found, Unknown):
            found = await self._without_protocols(client, found, words)
        if isinstance(found, Refusal | Unknown) and client.asks_staple:
            found = await self._without_staple(client, found, words)
        if not self.finished.done():
            self.finished.set_result(found)
        if not self.ticketed.done() and not isinstance(found, Refusal | Unknown):
            self.ticketed.set_result(found)
        return found

    async def _without_protocols(
        self, client: Client13, failed: Unknown, words: dict[str, Any]
    ) -> Result13 | Refusal | Unknown:
        """Where it came to nothing, perhaps for the protocols: tlslite-ng drops any of them.

        That is believed if it goes without them, and comes to nothing with them time after time:
        a listener whose connections are cut by chance would be said to take none.
        """
        offered, client.protocols = client.protocols, ()
        without = await client.ask(KIND, **words)
        if isinstance(without, Refusal | Unknown):
            client.protocols = offered
            return failed
        for _ in range(AGAIN):
            again = await client.ask(KIND, also=protocols.ALSO, **{**words, "protocols": offered})
            if not isinstance(again, Refusal | Unknown):
                client.protocols = offered
                return again
        return without

    async def _without_staple(
        self, client: Client13, failed: Refusal | Unknown, words: dict[str, Any]
    ) -> Result13 | Refusal | Unknown:
        """The same, perhaps for the staple: wolfSSL without one closes on whoever asks for it."""
        client.asks_staple = False
        without = await client.ask(KIND, **words)
        if isinstance(without, Refusal | Unknown):
            client.asks_staple = True
            return failed
        return without

    def _tell(self, result: Result13) -> None:
        if not self.finished.done():
            self.finished.set_result(result)
        if result.tickets and not self.ticketed.done():
            self.ticketed.set_result(result)


def future() -> asyncio.Future[Any]:
    """A future of the running loop."""
    return asyncio.get_running_loop().create_future()


def _because(failed: Refusal | Unknown, favourite: int | None) -> str:
    """Why there was no handshake: perhaps the server insists on what cannot be completed here."""
    from plainwire.wire.handshake.groups import can_complete

    reason = failed.words if isinstance(failed, Refusal) else failed.reason
    if favourite is None or can_complete(favourite):
        return reason
    name = groups().get(favourite, f"0x{favourite:04x}")
    return f"no handshake with {name} can be completed here, and without it: {reason}"


async def _signers(client: Client13, seen: Seen, first: Result13, parts: Collection[Part]) -> None:
    is_thorough = "signature_algorithms" in parts
    with client.carriers():
        found = await signers(client, first, is_thorough=is_thorough)
    part: Part = "signature_algorithms" if is_thorough else "certificates"
    seen.leave_open(part, f"signature schemes of {Version.TLS_1_3}", found)
    if is_thorough:
        seen.schemes[Version.TLS_1_3] = found


async def _unnamed(client: Client13, seen: Seen, first: Result13) -> None:
    seen.note_unnamed(Version.TLS_1_3, await unnamed_13(client, first))


async def _tickets(
    client: Client13,
    seen: Seen,
    opening: _Opening,
    whole: asyncio.Task[Result13 | Refusal | Unknown],
) -> None:
    with client.carriers():
        early = await opening.ticketed
        features, gaps = await tickets(client, early, whole)
    seen.features |= features
    wants = bool(gaps) and client_certificates(seen).get(CERTIFICATE) == "required"
    seen.gaps += [Gap("features", *gap, wants_certificate=wants) for gap in gaps]
