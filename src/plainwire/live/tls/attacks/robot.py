"""ROBOT (Böck, Somorovsky, Young, 2017): an answer that depends on the padding inside RSA.

A server whose answers tell a well-padded premaster secret from another decrypts, and signs, for
whoever asks often enough (Bleichenbacher 1998; RFC 5246, section 7.4.7.1 says how not to). Five
blocks are sent, each on a connection of its own, followed by ChangeCipherSpec and a Finished of
random bytes; and once more with a second ClientKeyExchange instead, which no server expects.

A difference counts if it is there in five rounds, the same for each block, each time in another
order; where two rounds show none, the others met with faults on the way. What is sent is always
as long as the modulus: stacks that are not vulnerable refuse another length in another way. An
end counts as one whether by FIN or RST, as that depends on the time of day.

The oracle is **weak** if only the good block stands out, **strong** if wrong ones differ.
"""

from __future__ import annotations

import asyncio
import random
import secrets
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Literal

from plainwire.live.tls.asker import Asker, Unknown
from plainwire.live.tls.attacks.reactions import has_ended, message, newest, react, record, why
from plainwire.live.tls.hellos import Hellos
from plainwire.wire.flight import Flight
from plainwire.wire.handshake.reaction import Reaction
from plainwire.wire.key_exchange import key_exchange_word
from plainwire.wire.records import ContentType, HandshakeType

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers

    from plainwire.live.tls.seen import Seen

Block = Literal["good", "wrong start", "zero elsewhere", "no zero", "wrong version"]
BLOCKS: tuple[Block, ...] = ("good", "wrong start", "zero elsewhere", "no zero", "wrong version")
PADDINGS: tuple[Block, ...] = ("wrong start", "zero elsewhere", "no zero")
ROUNDS, FAULTLESS = 5, 2
BAD_RECORD_MAC, SILENT = "bad_record_mac", "no answer"
Answers = dict[Block, str]


async def ask(asker: Asker, hellos: Hellos, seen: Seen) -> bool | Unknown | None:
    """Whether answers depend on the padding; ``robot_oracle`` says how much they tell."""
    like = newest(seen.flights, lambda flight: key_exchange_word(flight.hello.suite) == "RSA")
    if like is None:
        return None
    async with asyncio.TaskGroup() as group:
        flows = [
            (is_whole, group.create_task(_steady(asker, hellos, like, is_whole=is_whole)))
            for is_whole in (True, False)
        ]
    for is_whole, flow in flows:
        answers = flow.result()
        if isinstance(answers, Unknown):
            return answers
        if _is_telling(answers):
            is_weak = len({answers[block] for block in PADDINGS}) == 1
            seen.features["robot_oracle"] = "weak" if is_weak else "strong"
            return True
        if is_whole and (reason := _unasked(answers["good"], like)):
            return Unknown(reason)
    return False


def _is_telling(answers: Answers) -> bool:
    return len(set(answers.values())) > 1


async def _steady(
    asker: Asker, hellos: Hellos, like: Flight, *, is_whole: bool
) -> Answers | Unknown:
    """What each block is answered with: in all rounds the same, or nothing that tells in two."""
    rounds: list[Answers] = []
    alike = 0
    while len(rounds) < ROUNDS:
        answers = await _answers(asker, hellos, like, is_whole=is_whole)
        if isinstance(answers, Unknown):
            return answers
        rounds.append(answers)
        alike += not _is_telling(answers)
        if alike == len(rounds) or alike == FAULTLESS:
            return answers
    is_same = all(answers == rounds[0] for answers in rounds)
    return rounds[0] if is_same else Unknown("its answers are not the same each time")


async def _answers(
    asker: Asker, hellos: Hellos, like: Flight, *, is_whole: bool
) -> Answers | Unknown:
    """What each block is answered with."""

    def asked(block: Block) -> Coroutine[None, None, Reaction]:
        return react(asker, hellos, like, lambda flight: _sent(flight, block, is_whole=is_whole))

    order = random.sample(BLOCKS, len(BLOCKS))  # so that no fault hits the same one each time
    async with asyncio.TaskGroup() as group:
        tasks = {block: group.create_task(asked(block)) for block in order}
    reactions = {block: task.result() for block, task in tasks.items()}
    for reaction in reactions.values():
        if not reaction.is_finished or reaction.flight is None:
            return Unknown(why(reaction))
        if _key(reaction.flight) is None:
            return Unknown("its certificate has no RSA key that is understood")
    return {block: _words(reaction) for block, reaction in reactions.items()}


def _unasked(answer: str, like: Flight) -> str:
    """Why the same answer to every block says nothing; "" if it does."""
    if SILENT in answer:
        return "it says nothing to what follows its flight"
    if like.certificate_request and BAD_RECORD_MAC not in answer:
        return "it asks for a client certificate before it decrypts anything"
    return ""


def _words(reaction: Reaction) -> str:
    end = "ended" if has_ended(reaction) else why(reaction)
    return ", ".join((*map(str, reaction.warnings), f"{reaction.others} others", end))


def _key(flight: Flight) -> RSAPublicNumbers | None:
    from plainwire.wire.handshake.signatures import public_key, rsa_numbers

    return rsa_numbers(public_key(flight.certificates[0])) if flight.certificates else None


def _sent(flight: Flight, block: Block, *, is_whole: bool) -> bytes:
    """The records with one block, for the key in the flight; nothing if it has none."""
    from plainwire.wire.handshake.key_agreement import encrypted_premaster, modulus_size

    if (key := _key(flight)) is None:
        return b""
    is_asked = flight.certificate_request is not None
    none = message(flight, HandshakeType.CERTIFICATE, bytes(3)) if is_asked else b""
    padded = padded_block(block, modulus_size(key), flight.hello.version)
    body = encrypted_premaster(key, padded, flight.hello.version)
    exchange = message(flight, HandshakeType.CLIENT_KEY_EXCHANGE, body)
    if not is_whole:
        return none + exchange * 2
    change = record(flight, ContentType.CHANGE_CIPHER_SPEC, b"\1")
    return (
        none + exchange + change + message(flight, HandshakeType.FINISHED, secrets.token_bytes(60))
    )


def padded_block(block: Block, size: int, version: int) -> bytes:
    """A premaster secret of a version in a PKCS #1 block of ``size`` bytes, as ``block`` says."""
    from plainwire.wire.handshake.key_agreement import nonzero

    said = 0x0202 if block == "wrong version" else version
    premaster = said.to_bytes(2, "big") + nonzero(46, secrets.token_bytes)
    start = b"\x41\x17" if block == "wrong start" else b"\0\2"
    # The zero that ends the padding: where it belongs, a byte too early, or not at all.
    end = {"zero elsewhere": b"\0\x11", "no zero": b"\x11"}.get(block, b"\0")
    filler = nonzero(size - len(start) - len(end) - len(premaster), secrets.token_bytes)
    return start + filler + end + premaster
