"""Everything that is asked beside versions, suites and groups.

TLS 1.3 hides most of what it shows from all but handshakes: see `hidden`. A flight of an older
version has its whole chain in clear, so that little is left to ask: what comes without a server's
name, with other kinds of key where suites are not asked about, and by ALPN.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from functools import partial
from typing import TYPE_CHECKING

from plainwire.live.tls import protocols
from plainwire.live.tls.asker import Asker, Unknown
from plainwire.live.tls.hellos import PROTOCOLS, Hellos
from plainwire.live.tls.hidden import hidden
from plainwire.live.tls.names import other_keys, unnamed
from plainwire.model import Gap, Part
from plainwire.policy.families import Codes
from plainwire.policy.versions import Version
from plainwire.wire.flight import Flight

if TYPE_CHECKING:
    from plainwire.live.tls.seen import Seen


async def beside(asker: Asker, hellos: Hellos, seen: Seen, parts: Collection[Part]) -> None:
    """Ask it of the versions that are known to be accepted. Never raises for a peer."""
    old = [version for version in seen.accepted() if version is not Version.TLS_1_3]
    first = seen.first(old[0]) if old else None
    async with asyncio.TaskGroup() as group:
        group.create_task(_features(asker, hellos, seen, parts, first))
        if first and "certificates" in parts and "ciphers" not in parts:
            group.create_task(_other_keys(asker, hellos, seen, first))
        if first and {"certificates", "features"} & set(parts) and seen.has_name:
            group.create_task(_unnamed(asker, hellos, seen, first))


async def _features(
    asker: Asker, hellos: Hellos, seen: Seen, parts: Collection[Part], first: Flight | None
) -> None:
    """What TLS 1.3 hides, and the protocols of ALPN, which older versions have in clear."""
    if Version.TLS_1_3 in seen.accepted():
        await hidden(asker, seen, hellos.server_name, parts)
    if "features" in parts and "alpn" not in seen.features and first:
        version, suites = Version(first.hello.version), (first.hello.suite,)
        offer = protocols.by_hello(asker, hellos, version, suites)
        await protocols.note(seen, offer, await offer(PROTOCOLS))


async def _unnamed(asker: Asker, hellos: Hellos, seen: Seen, first: Flight) -> None:
    version, offer = _offered(seen, first)
    hear = partial(seen.hear, is_named=False)
    seen.note_unnamed(version, await unnamed(asker, hellos, version, offer, first, hear))


async def _other_keys(asker: Asker, hellos: Hellos, seen: Seen, first: Flight) -> None:
    version, offer = _offered(seen, first)
    failed = await other_keys(asker, hellos, version, offer, first, seen.hear)
    if isinstance(failed, Unknown):
        question = f"which other certificates does it show in {version}?"
        seen.gaps.append(Gap("certificates", question, failed.reason))


def _offered(seen: Seen, flight: Flight) -> tuple[Version, Codes]:
    """A flight's version, and the suites that it was chosen from."""
    version = Version(flight.hello.version)
    offers = seen.versions.offers if seen.versions else {}
    return version, offers.get(str(version), (flight.hello.suite,))
