"""Which schemes a server signs with in TLS 1.3, and so which keys it has, each with its chain.

A key signs with few schemes: an RSA key with the three of RSASSA-PSS, a key on a curve with that
curve's one (RFC 8446, 4.2.3). So those of the key that was shown are asked for by themselves,
and everything else in one offer: an answer shows another key, a refusal that there is none.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from plainwire.live.tls.asker import Refusal, Unknown
from plainwire.live.tls.choices import Choices, choices
from plainwire.live.tls.choices import Unknown as NoChoice
from plainwire.live.tls.client_13 import Client13
from plainwire.policy.families import Codes, with_one_key
from plainwire.policy.suites import signature_schemes
from plainwire.wire import extensions as ext

if TYPE_CHECKING:
    from plainwire.wire.handshake.result_13 import Result13

KIND = "signature schemes TLSv1.3"


async def signers(
    client: Client13, first: Result13, *, is_thorough: bool, is_named: bool = True
) -> Choices:
    """The schemes accepted, where ``first`` answered an offer of every one.

    With ``is_thorough`` False one scheme a key is enough: it shows every chain, at the cost of a
    question a key.
    """
    everything = client.everything.schemes
    # What is asked is about keys; a chain may be signed as it likes (Java holds it to the same).
    more = (ext.signature_algorithms_cert(everything),)

    async def ask(offer: Codes) -> int | NoChoice | None:
        # Those of a key that was seen are likely taken; without a name it is another server's.
        likely = is_named and len(offer) == 1
        asking = client.carry if likely else client.ask
        found = await asking(KIND, is_named=is_named, schemes=offer, more=more)
        return scheme_of(found, offer)

    parts: list[asyncio.Task[Choices]] = []
    left, answer = everything, scheme_of(first, everything)
    unknown: list[tuple[Codes, str]] = []
    async with asyncio.TaskGroup() as group:
        while isinstance(answer, int):
            same = with_one_key(answer) if is_thorough else (answer,)
            singles = tuple(((code,),) for code in same)
            known = [(left, answer)]
            asked = choices(ask, singles, is_ordered=False, known=known)
            parts.append(group.create_task(asked))
            left = tuple(code for code in left if code not in with_one_key(answer))
            answer = await ask(left) if left else None
    if isinstance(answer, NoChoice):
        unknown.append((left, answer.reason))
    found = [part.result() for part in parts]
    accepted = {code for part in found for code in part.accepted}
    unknown += [gap for part in found for gap in part.unknown]
    return Choices(tuple(code for code in everything if code in accepted), None, tuple(unknown))


def scheme_of(found: Result13 | Refusal | Unknown, offer: Codes) -> int | NoChoice | None:
    """The scheme of a signature that is good. Returns None if the offer was refused."""
    match found:
        case Refusal():
            return None
        case Unknown(reason):
            return NoChoice(reason)
    if found.scheme is None:
        return NoChoice("the handshake shows no signature")
    name = signature_schemes().get(found.scheme, f"0x{found.scheme:04x}")
    if found.scheme not in offer:
        return NoChoice(f"signed with {name}, which was not offered")
    if not found.is_signature_good:
        is_wrong = found.is_signature_good is False
        return NoChoice(f"signed with {name}, which {'is wrong' if is_wrong else 'is not known'}")
    return found.scheme
