"""What a listener makes of hellos that are not like those of old: new values, more bytes.

One hello has it all, as a browser's has: GREASE (RFC 8701), a post-quantum share that makes it
span two TCP segments (tldr.fail tells of servers that read one), more than 128 cipher suites
(which some count in seven bits). It costs one connection where it is answered; where it is not,
each is asked by itself. The rest is read from answers that came anyway.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from plainwire.live.tls.asker import Asker, Refusal, Unknown
from plainwire.live.tls.hellos import Hellos
from plainwire.model import Gap
from plainwire.policy.families import chacha, guess, unlikely
from plainwire.policy.versions import Version
from plainwire.wire import extensions as ext
from plainwire.wire.flight import Flight
from plainwire.wire.hello import ClientHello

if TYPE_CHECKING:
    from plainwire.live.tls.seen import Seen

# RFC 8701, section 2: any of them; a stack that knows one by heart may not know another.
GREASE = 0x3A3A
MANY = 200
X25519MLKEM768 = 0x11EC
# An encapsulation key of ML-KEM-768 that is valid whoever looks at it (FIPS 203, section 7.2): all
# coefficients 0, any seed. Then comes the x25519 key, for which any 32 bytes do.
SHARE = bytes(3 * 384) + b"\x5a" * 32
TWO_SEGMENTS = 1500
# Clocks further off than this are taken for random bytes, which RFC 8446, D.4 wants there.
MOST_SKEW_S = 24 * 3600

WORDS = {
    "grease_tolerant": "does it tolerate reserved values (GREASE)?",
    "large_hello_tolerant": "does it read a hello of two TCP segments?",
    "many_suites_tolerant": "does it read a hello of more than 128 cipher suites?",
}


async def tolerance(asker: Asker, hellos: Hellos, seen: Seen) -> None:
    """Note what the listener tolerates, in ``seen.features``."""
    versions = [version for version in seen.accepted() if version > Version.SSL_3_0]
    first = seen.first(versions[0]) if versions else None
    if first is None:
        return
    suites = tuple(
        dict.fromkeys(f.hello.suite for f in seen.flights if f.hello.version in versions)
    )
    everything = tuple(WORDS)
    together = await asker.settle(_hello(hellos, versions, suites, everything), "tolerance")
    if isinstance(together, Flight):
        seen.features |= dict.fromkeys(everything, True)
        return
    for name in everything:
        hello = _hello(hellos, versions, suites, (name,))
        is_tolerant = await _is_tolerant(asker, hello, name)
        if isinstance(is_tolerant, Unknown):
            seen.gaps.append(Gap("features", WORDS[name], is_tolerant.reason))
        else:
            seen.features[name] = is_tolerant


async def _is_tolerant(asker: Asker, hello: bytes, name: str) -> bool | Unknown:
    """Whether a hello is answered as one without its oddity would be.

    Silence is how a server fails that waits for what it has overlooked. It is believed when it
    happens three times, with a hello that is known to be good answered in between.
    """
    settled = await asker.settle(hello, name)
    match settled:
        case Flight():
            return True
        case Refusal():
            return False
    for _ in range(2):
        if not await asker.is_well() or isinstance(await asker.ask(hello, is_alone=True), Flight):
            return settled
    return False if await asker.is_well() else settled


def _hello(
    hellos: Hellos, versions: Sequence[Version], suites: tuple[int, ...], odd: Sequence[str]
) -> bytes:
    """A hello that offers all ``versions`` with ``suites`` first, odd in the ways named."""
    hello = hellos.shaped(versions[0], suites)
    if "many_suites_tolerant" in odd:
        more = (code for v in versions for code in (*guess(v), *_unlikely(v)))
        hello = replace(hello, suites=tuple(dict.fromkeys((*hello.suites, *more)))[:MANY])
        # A server of TLS 1.3 alone has not so many: numbers that nobody has fill them up.
        fill = (0xFAFA - at for at in range(MANY - len(hello.suites)))
        hello = replace(hello, suites=(*hello.suites, *fill))
    extensions = dict(hello.extensions or ())
    if "large_hello_tolerant" in odd:
        shares = [(X25519MLKEM768, SHARE + secrets.token_bytes(32))]
        extensions[ext.KEY_SHARE] = ext.key_share(shares)[1]
        _offer_13(extensions, versions)
        size = len(replace(hello, extensions=tuple(extensions.items())).to_bytes())
        extensions[ext.PADDING] = bytes(max(1, TWO_SEGMENTS - size))
    if "grease_tolerant" in odd:
        hello = replace(hello, suites=(GREASE, *hello.suites))
        _offer_13(extensions, versions)
        offered = (GREASE, *versions)
        extensions[ext.SUPPORTED_VERSIONS] = ext.supported_versions(offered)[1]
        groups = extensions[ext.SUPPORTED_GROUPS][2:]
        listed = GREASE.to_bytes(2, "big") + groups
        extensions[ext.SUPPORTED_GROUPS] = len(listed).to_bytes(2, "big") + listed
        extensions = {GREASE: b"", **extensions, GREASE + 0x1010: b"\0"}
    return _last_not_empty(replace(hello, extensions=tuple(extensions.items()))).to_bytes()


def _offer_13(extensions: dict[int, bytes], versions: Sequence[Version]) -> None:
    """Name the versions, and what TLS 1.3 asks for, as a client of both does."""
    extensions.setdefault(ext.SUPPORTED_VERSIONS, ext.supported_versions(versions)[1])
    extensions.setdefault(ext.KEY_SHARE, ext.key_share()[1])
    extensions.setdefault(*ext.psk_key_exchange_modes())


def _unlikely(version: Version) -> tuple[int, ...]:
    return tuple(code for pack in unlikely(version) for part in pack for code in part)


def _last_not_empty(hello: ClientHello) -> ClientHello:
    """IBM WebSphere refuses a last extension that is empty (RFC 7685, section 4)."""
    block = hello.extensions or ()
    return replace(hello, extensions=tuple(sorted(block, key=lambda one: not one[1])[::-1]))


async def chacha_priority(asker: Asker, hellos: Hellos, seen: Seen) -> None:
    """Note whether a client that puts ChaCha20 first is given it by a server of another order."""
    for version, found in sorted(seen.suites.items(), reverse=True):
        best, *others = found.choices.accepted or (0,)
        behind = [code for code in others if code in chacha()]
        if found.choices.order != "server" or best in chacha() or not behind:
            continue
        hello = hellos.of(version, (behind[0], best))
        settled = await asker.settle(hello, f"suites {version}")
        if isinstance(settled, Flight) and settled.hello.suite in (best, behind[0]):
            seen.features["chacha_priority"] = settled.hello.suite == behind[0]
        else:
            why = settled.reason if isinstance(settled, Unknown) else "its answers contradict"
            question = "is a client that puts ChaCha20 first given it?"
            seen.gaps.append(Gap("features", question, why))
        return


def clock_skew_s(ahead_s: Sequence[int]) -> int | None:
    """How far a server's clock is ahead, where its randoms begin with one (RFC 5246, 7.4.1.2).

    ``ahead_s`` is what each of them says. Returns None unless several do: most servers of today
    send random bytes there.
    """
    ahead = sorted(ahead_s)
    if len(ahead) < 3 or max(-ahead[0], ahead[-1]) > MOST_SKEW_S:
        return None
    return ahead[len(ahead) // 2]
