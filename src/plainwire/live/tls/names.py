"""What a server does for a client that names no server: refuses it, or shows another chain."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from plainwire.live.tls.asker import Asker, Refusal, Unknown
from plainwire.live.tls.client_13 import Client13
from plainwire.live.tls.hellos import Hellos
from plainwire.live.tls.signers import signers
from plainwire.policy.families import authentication
from plainwire.policy.versions import Version
from plainwire.wire.flight import Flight

if TYPE_CHECKING:
    from plainwire.wire.handshake.result_13 import Result13

KIND = "no server name"
# Beside refusals of every kind: unrecognized_name (RFC 6066, section 3), access_denied, and
# internal_error, which Go sends where it has no certificate for a client.
ALSO = frozenset((112, 49, 80))


async def unnamed_13(client: Client13, named: Result13) -> bool | Unknown:
    """Whether TLS 1.3 is refused without a name; ``named`` answered the same offer with one.

    Where another chain is shown, every other key's is asked for, too.
    """
    found = await client.ask(f"{KIND} TLSv1.3", is_named=False, also=ALSO)
    if isinstance(found, Refusal | Unknown):
        return isinstance(found, Refusal) or found
    if found.certificates != named.certificates:
        await signers(client, found, is_thorough=False, is_named=False)
    return False


async def unnamed(
    asker: Asker,
    hellos: Hellos,
    version: Version,
    suites: Sequence[int],
    named: Flight,
    hear: Callable[[Flight], None],
) -> bool | Unknown:
    """The same of an older version; ``named`` answered the offer of ``suites`` with a name."""
    hellos, kind = replace(hellos, server_name=None), f"{KIND} {version}"
    found = await asker.settle(hellos.of(version, suites), kind, also=ALSO)
    if not isinstance(found, Flight):
        return isinstance(found, Refusal) or found
    if found.hello.version != version:
        return Unknown("another version was chosen")
    hear(found)
    if found.certificates != named.certificates:
        await other_keys(asker, hellos, version, suites, found, hear)
    return False


async def other_keys(
    asker: Asker,
    hellos: Hellos,
    version: Version,
    suites: Sequence[int],
    first: Flight,
    hear: Callable[[Flight], None],
) -> Unknown | None:
    """Hear a flight for each other kind of key among ``suites``, where ``first`` answered them.

    Returns why, if a question got no answer.
    """
    answer: Flight | Refusal | Unknown = first
    left = tuple(code for code in suites if authentication(code))
    while isinstance(answer, Flight):
        shown = authentication(answer.hello.suite)
        rest = tuple(code for code in left if authentication(code) != shown)
        if not rest or len(rest) == len(left):
            return None
        left = rest
        answer = await asker.settle(hellos.of(version, left), f"keys {version}")
        if isinstance(answer, Flight):
            hear(answer)
    return answer if isinstance(answer, Unknown) else None
