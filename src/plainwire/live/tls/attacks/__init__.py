"""Questions that resemble an attack: one file each, asked only where a precondition was seen.

Each `ask` gives True (vulnerable), False, `Unknown`, or None where its precondition was not seen.
None of them takes anything from a server: what an over-read would bring is dropped unread.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING

from plainwire.live.tls.asker import Asker, Unknown
from plainwire.live.tls.attacks import ccs_injection, heartbleed, robot, ticketbleed
from plainwire.live.tls.hellos import Hellos
from plainwire.model import Gap

if TYPE_CHECKING:
    from plainwire.live.tls.plan import Seen

Ask = Callable[[Asker, Hellos, "Seen"], Awaitable[bool | Unknown | None]]
ATTACKS: Mapping[str, Ask] = {
    "heartbleed": heartbleed.ask,
    "ccs_injection": ccs_injection.ask,
    "ticketbleed": ticketbleed.ask,
    "robot": robot.ask,
}


async def ask_attacks(asker: Asker, hellos: Hellos, seen: Seen) -> None:
    """Ask all of them side by side, about what flights showed so far."""

    async def one(name: str, ask: Ask) -> None:
        match await ask(asker, hellos, seen):
            case Unknown(reason):
                seen.gaps.append(Gap("vulnerabilities", f"is it open to {name}?", reason))
            case bool(is_vulnerable):
                seen.vulnerabilities[name] = is_vulnerable

    async with asyncio.TaskGroup() as group:
        for name, ask in ATTACKS.items():
            group.create_task(one(name, ask))
