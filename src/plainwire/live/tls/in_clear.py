"""Chains that flights of TLS 1.2 and before show, beside those that come with suites anyway.

Every flight has its whole chain in clear. What no question about suites asks is asked here: what
comes without a server's name, and with other kinds of key where suites are not asked about.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from functools import partial
from typing import TYPE_CHECKING

from plainwire.live.tls.asker import Asker, Unknown
from plainwire.live.tls.hellos import Hellos
from plainwire.live.tls.names import other_keys, unnamed
from plainwire.model import Gap, Part
from plainwire.policy.families import Codes
from plainwire.policy.versions import Version
from plainwire.wire.flight import Flight

if TYPE_CHECKING:
    from plainwire.live.tls.seen import Seen


async def in_clear(
    asker: Asker, hellos: Hellos, seen: Seen, parts: Collection[Part], version: Version
) -> None:
    """Ask it of one version that is known to be accepted. Never raises for a peer."""
    first = seen.first(version)
    if first is None or seen.versions is None:
        return
    offer = seen.versions.offers[str(version)]
    async with asyncio.TaskGroup() as group:
        if "certificates" in parts and "ciphers" not in parts:
            group.create_task(_other_keys(asker, hellos, seen, version, offer, first))
        if {"certificates", "features"} & set(parts) and seen.has_name:
            group.create_task(_unnamed(asker, seen, version, offer, first))


async def _unnamed(asker: Asker, seen: Seen, version: Version, offer: Codes, first: Flight) -> None:
    hear = partial(seen.hear, is_named=False)
    seen.unnamed[version] = await unnamed(asker, version, offer, first, hear)


async def _other_keys(
    asker: Asker, hellos: Hellos, seen: Seen, version: Version, offer: Codes, first: Flight
) -> None:
    failed = await other_keys(asker, hellos, version, offer, first, seen.hear)
    if isinstance(failed, Unknown):
        question = f"which other certificates does it show in {version}?"
        seen.gaps.append(Gap("certificates", question, failed.reason))
