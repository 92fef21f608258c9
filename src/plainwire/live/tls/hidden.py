"""What TLS 1.3 hides from all but a handshake of one's own: chains, schemes, tickets, the rest.

One handshake first, with everything offered: it shows a chain with its staple and SCTs, a scheme,
the tickets, the protocol of ALPN, and whether a certificate is asked of the client. Then, all at
once, what its answer leaves open.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from plainwire.live.tls import protocols
from plainwire.live.tls.asker import Asker, Refusal, Unknown
from plainwire.live.tls.client_13 import Client13
from plainwire.live.tls.names import unnamed_13
from plainwire.live.tls.signers import signers
from plainwire.live.tls.tickets import tickets
from plainwire.model import Gap, Part
from plainwire.policy.suites import groups
from plainwire.policy.versions import Version

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


async def hidden(
    asker: Asker, seen: Seen, server_name: str | None, parts: Collection[Part]
) -> None:
    """Ask what handshakes of TLS 1.3 show about ``parts``. Never raises for a peer."""
    asked = [part for part in QUESTIONS if part in parts]
    if not asked:
        return
    client = Client13.of(asker, server_name, seen)
    first = await client.ask(KIND, priority=FIRST, also=protocols.ALSO, lingers=True)
    if isinstance(first, Refusal):
        # Perhaps of the protocols alone; nothing else can be asked with them then.
        client.protocols = ()
        first = await client.ask(KIND, priority=FIRST, lingers=True)
    if isinstance(first, Refusal | Unknown):
        reason = _because(first, client.favourite)
        for part in asked:
            seen.gaps.append(Gap(part, QUESTIONS[part], reason))
        return
    async with asyncio.TaskGroup() as group:
        if {"certificates", "signature_algorithms"} & set(parts):
            group.create_task(_signers(client, seen, first, parts))
        if {"certificates", "features"} & set(parts) and seen.has_name:
            group.create_task(_unnamed(client, seen, first))
        if "features" in parts:
            group.create_task(_tickets(client, seen, first))
            offer = protocols.by_handshake(client)
            group.create_task(protocols.note(seen, offer, first.alpn))


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
    found = await signers(client, first, is_thorough=is_thorough)
    part: Part = "signature_algorithms" if is_thorough else "certificates"
    seen.leave_open(part, f"signature schemes of {Version.TLS_1_3}", found)
    if is_thorough:
        seen.schemes[Version.TLS_1_3] = found


async def _unnamed(client: Client13, seen: Seen, first: Result13) -> None:
    seen.note_unnamed(Version.TLS_1_3, await unnamed_13(client, first))


async def _tickets(client: Client13, seen: Seen, first: Result13) -> None:
    features, gaps = await tickets(client, first)
    seen.features |= features
    seen.gaps += [Gap("features", *gap) for gap in gaps]
