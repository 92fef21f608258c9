"""Known attacks: servers open to each, their sound twins, and those that merely look alike."""

import asyncio
import contextlib

import pytest

import servers
from bounded import tcp_server
from certificates import issue
from flawed_server import CHANGE, HANDSHAKE, HEARTBEAT, HEARTBEAT_EXTENSION, flawed
from memory_server import MemoryServer, server_context
from plainwire.live.prober import VersionsAnswer
from plainwire.live.settings import Settings
from plainwire.live.tls.asker import Asker
from plainwire.live.tls.attacks import ATTACKS, Attacks
from plainwire.live.tls.connections import Connections
from plainwire.live.tls.gate import Gate
from plainwire.live.tls.hellos import Hellos
from plainwire.live.tls.opening import Opener
from plainwire.live.tls.seen import Seen
from plainwire.model import Origin
from plainwire.policy.versions import Version
from plainwire.tls import probe_async

RSA = issue("localhost", by=issue("Root", ca=True), key=2048)
PARTS = ("vulnerabilities",)
ATTACKED = ("heartbleed", "ccs_injection", "robot", "ticketbleed")
# Where the truth is that nobody can tell.
OPEN = None


async def probed(port, timeout_s=20.0, **options):
    options = {"parts": PARTS, "probes_attacks": True} | options
    return await probe_async(
        f"localhost:{port}",
        address="127.0.0.1",
        settings=Settings(answer_timeout_s=timeout_s),
        **options,
    )


def found(behave, name, issued=RSA, timeout_s=20.0, **options):
    """What the probe says about one attack; a gap about it if and only if it says nothing."""

    async def scenario():
        async with flawed(behave, issued, **options) as port:
            return await probed(port, timeout_s)

    endpoint = asyncio.run(scenario())
    verdict = (endpoint.vulnerabilities or {}).get(name)
    gaps = [gap for gap in endpoint.inconclusive if name in gap.question]
    assert bool(gaps) is (verdict is None)
    return verdict, endpoint


def patience(behave):
    """Seconds for an answer: few where there is none to come."""
    return 1.0 if behave is says_nothing else 20.0


async def says_nothing(peer):
    await peer.reader.read()


def asked(endpoint):
    """What was asked, without what follows from suites and versions alone."""
    told = endpoint.vulnerabilities or {}
    return {name: told[name] for name in ATTACKS if name in told}


MEMORY = b"another user's password, which must not be read" * 1400
SEEN = []


async def answers_what_is_said(peer):
    """OpenSSL 1.0.1f: the payload's length as the request says it, whatever came."""
    while True:
        kind, fragment = await peer.record()
        if kind != HEARTBEAT:
            return
        said = int.from_bytes(fragment[1:3], "big")
        payload = (fragment[3:] + MEMORY)[:said]
        SEEN.append(said - len(fragment[3:]))
        peer.send(HEARTBEAT, b"\2" + fragment[1:3] + payload + bytes(16))


async def discards_what_is_too_short(peer):
    """RFC 6520, section 4: discarded in silence; everything else is answered."""
    while True:
        kind, fragment = await peer.record()
        if kind != HEARTBEAT:
            return
        said = int.from_bytes(fragment[1:3], "big")
        if 1 + 2 + said + 16 <= len(fragment):
            peer.send(HEARTBEAT, b"\2" + fragment[1 : 3 + said] + bytes(16))


async def answers_what_came(peer):
    """Not what RFC 6520 says, and no over-read: the payload as far as there is one."""
    while True:
        kind, fragment = await peer.record()
        if kind != HEARTBEAT:
            return
        payload = fragment[3:]
        peer.send(HEARTBEAT, b"\2" + len(payload).to_bytes(2, "big") + payload + bytes(16))


async def ignores_heartbeats(peer):
    while (await peer.record())[0] == HEARTBEAT:
        pass


async def objects_to_a_heartbeat(peer):
    await peer.record()
    peer.alert(10)


async def resets(peer):
    await peer.record()
    peer.reset()


@pytest.mark.parametrize(
    ("behave", "verdict"),
    [
        (answers_what_is_said, True),
        (discards_what_is_too_short, False),
        (answers_what_came, False),
        (ignores_heartbeats, False),
        (objects_to_a_heartbeat, False),
        (resets, False),
        (says_nothing, OPEN),
    ],
)
def test_heartbleed(behave, verdict):
    SEEN.clear()
    assert (
        found(behave, "heartbleed", RSA, patience(behave), extensions=HEARTBEAT_EXTENSION)[0]
        is verdict
    )
    # One byte was over-read, and once.
    assert ([1] if verdict else []) == SEEN


def test_heartbleed_is_not_asked_without_heartbeats():
    async def scenario():
        async with flawed(answers_what_is_said, RSA) as port:
            return await probed(port)

    SEEN.clear()
    assert asyncio.run(scenario()).vulnerabilities["heartbleed"] is False
    assert SEEN == []


def test_what_was_over_read_is_nowhere():
    _, endpoint = found(answers_what_is_said, "heartbleed", extensions=HEARTBEAT_EXTENSION)
    assert "another" not in repr(endpoint)


async def objects_at_once(peer):
    kind, _ = await peer.record()
    peer.alert(10)
    assert kind in (CHANGE, HANDSHAKE)


async def closes_at_once(peer):
    await peer.record()


async def ignores_it(peer):
    """As RFC 8446, section 5 has TLS 1.3 do; then a Finished is out of turn."""
    while (await peer.record())[0] == CHANGE:
        pass
    peer.alert(10)


async def says_bad_record_mac_at_once(peer):
    await peer.record()
    peer.alert(20)


async def waits_and_closes(peer):
    """Takes or ignores it, and closes without an alert on what follows."""
    while (await peer.record())[0] == CHANGE:
        pass


def with_or_without(taken, other):
    async def behave(peer):
        kind, _ = await peer.record()
        if kind != CHANGE:
            peer.alert(other)
            return
        await peer.record()
        peer.alert(taken)

    return behave


@pytest.mark.parametrize(
    ("behave", "verdict"),
    [
        (with_or_without(20, 10), True),
        (with_or_without(21, 10), True),
        (with_or_without(10, 10), False),
        (with_or_without(20, 20), OPEN),
        (objects_at_once, False),
        (closes_at_once, False),
        (resets, False),
        (ignores_it, False),
        (says_bad_record_mac_at_once, False),
        (waits_and_closes, OPEN),
        (says_nothing, OPEN),
    ],
    ids=lambda word: getattr(word, "__name__", word),
)
def test_ccs_injection(behave, verdict):
    # One that takes it, or may, is known by its silence.
    timeout_s = 20.0 if verdict is False else 1.5
    assert found(behave, "ccs_injection", RSA, timeout_s)[0] is verdict


def is_padded(block):
    """A PKCS #1 block of type 2 with a premaster secret of 48 bytes in it."""
    return block[:2] == b"\0\2" and 0 not in block[2:-49] and block[-49] == 0


def is_good(block):
    return is_padded(block) and block[-48:-46] == b"\3\3"


async def rest(peer):
    """ChangeCipherSpec and Finished; a message out of turn is an alert."""
    kind, _ = await peer.record()
    if kind != CHANGE:
        peer.alert(10)
        return False
    await peer.record()
    return True


async def sound(peer):
    """RFC 5246, 7.4.7.1: a random premaster secret for every bad block."""
    await peer.premaster_block()
    if await rest(peer):
        peer.alert(20)


async def weak(peer):
    """Another alert for whatever is not wholly good."""
    block = await peer.premaster_block()
    if await rest(peer):
        peer.alert(20 if is_good(block) else 51)


async def strong(peer):
    """Another alert for a wrong start alone."""
    block = await peer.premaster_block()
    if await rest(peer):
        peer.alert(20 if block[:2] == b"\0\2" else 51)


async def strong_by_closing(peer):
    block = await peer.premaster_block()
    if await rest(peer) and block[:2] == b"\0\2":
        peer.alert(20)


async def at_once(peer):
    """The same alert for all, but for a bad block at once: a second message tells."""
    block = await peer.premaster_block()
    if not is_padded(block) or await rest(peer):
        peer.alert(20)


async def minds_the_version(peer):
    block = await peer.premaster_block()
    if await rest(peer):
        peer.alert(20 if not is_padded(block) or is_good(block) else 47)


async def differs_by_chance(peer):
    """A farm of two stacks: the answer depends on which one a connection hits."""
    await peer.premaster_block()
    if await rest(peer):
        peer.alert((20, 20, 20, 51, 20, 20, 51, 20)[peer.number % 8])


def differs_once():
    """A single connection that ends without its alert, as by a fault on the way."""
    count = 0

    async def behave(peer):
        nonlocal count
        await peer.premaster_block()
        count += 1
        if await rest(peer) and count != 2:
            peer.alert(20)

    return behave


async def ends_either_way(peer):
    await sound(peer)
    if peer.number % 2:
        await peer.writer.drain()
        peer.reset()


async def ends_without_a_word(peer):
    await peer.premaster_block()
    await rest(peer)
    if peer.number % 2:
        peer.reset()


@pytest.mark.parametrize(
    ("behave", "verdict", "oracle"),
    [
        (sound, False, None),
        (ends_without_a_word, False, None),
        (weak, True, "weak"),
        (minds_the_version, True, "weak"),
        (strong, True, "strong"),
        (strong_by_closing, True, "strong"),
        (at_once, True, "weak"),
        (differs_by_chance, OPEN, None),
        (differs_once(), False, None),
        (says_nothing, OPEN, None),
    ],
    ids=lambda word: getattr(word, "__name__", word),
)
def test_robot(behave, verdict, oracle):
    found_verdict, endpoint = found(behave, "robot", RSA, patience(behave))
    assert found_verdict is verdict
    assert (endpoint.features or {}).get("robot_oracle") == oracle


@pytest.mark.parametrize("bits", [1024, 2041, 3072])
def test_robot_with_keys_of_other_sizes(bits):
    """2041 bits: as many bytes as 2048, and another modulus than a block begins with."""
    other = issue("localhost", key=bits)
    assert found(sound, "robot", other)[0] is False
    assert found(strong, "robot", other)[0] is True


async def with_certificate(peer):
    """Takes an empty Certificate, and goes on."""
    kind, fragment = await peer.record()
    assert (kind, fragment[0]) == (HANDSHAKE, 11)
    await sound(peer)


async def weak_with_certificate(peer):
    await peer.record()
    await weak(peer)


async def requires_certificate(peer):
    await peer.record()
    peer.alert(40)


@pytest.mark.parametrize(
    ("behave", "verdict"),
    [(with_certificate, False), (weak_with_certificate, True), (requires_certificate, OPEN)],
)
def test_robot_behind_a_certificate_request(behave, verdict):
    assert found(behave, "robot", asks_certificate=True)[0] is verdict


@contextlib.asynccontextmanager
async def openssl_in_between(changed):
    """OpenSSL as it is, but for the session id in its ServerHello."""
    context = server_context(RSA)

    async def serve(reader, writer):
        server = MemoryServer(context)
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65536):
                writer.write(changed(server.answer(data)))
        writer.transport.abort()

    async with tcp_server(serve) as port:
        yield port


def with_session_id(change):
    """Puts another session id into the ServerHello at the start of some records."""

    def changed(data):
        if data[:1] != b"\x16" or data[5:6] != b"\x02":
            return data
        size = int.from_bytes(data[3:5], "big")
        record, after = data[5 : 5 + size], data[5 + size :]
        length = int.from_bytes(record[1:4], "big")
        body, others = record[4 : 4 + length], record[4 + length :]
        at = 2 + 32
        session_id = body[at + 1 : at + 1 + body[at]]
        new = change(session_id)
        body = body[:at] + bytes([len(new)]) + new + body[at + 1 + len(session_id) :]
        record = b"\x02" + len(body).to_bytes(3, "big") + body + others
        return data[:3] + len(record).to_bytes(2, "big") + record + after

    return changed


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        (lambda sent: sent and (sent + b"m" * 32)[:32], True),
        (lambda sent: sent, False),
        (lambda sent: sent and b"n" * 32, OPEN),
        (lambda sent: b"", OPEN),
    ],
    ids=["always 32", "as sent", "a new one of 32", "none"],
)
def test_ticketbleed(change, verdict):
    async def scenario():
        async with openssl_in_between(with_session_id(change)) as port:
            return await probed(port, 5.0)

    endpoint = asyncio.run(scenario())
    assert endpoint.vulnerabilities.get("ticketbleed") is verdict
    gaps = [gap for gap in endpoint.inconclusive if "ticketbleed" in gap.question]
    assert bool(gaps) is (verdict is OPEN)


def faulty(behave, every=3):
    """Some connections are reset right after the flight, or after the client's next words."""

    async def with_faults(peer):
        if peer.number % every == every - 1:
            if peer.number % 2:
                await peer.record()
            peer.reset()
            return
        await behave(peer)

    return with_faults


@pytest.mark.parametrize(
    ("behave", "name", "truth"),
    [
        (answers_what_is_said, "heartbleed", True),
        (discards_what_is_too_short, "heartbleed", False),
        (with_or_without(20, 10), "ccs_injection", True),
        (objects_at_once, "ccs_injection", False),
        (sound, "robot", False),
        (strong, "robot", True),
    ],
)
@pytest.mark.parametrize("every", [2, 3, 4])
def test_no_false_verdict_under_faults(behave, name, truth, every):
    async def scenario():
        extensions = HEARTBEAT_EXTENSION if name == "heartbleed" else b""
        async with flawed(faulty(behave, every), RSA, extensions=extensions) as port:
            return await probed(port, 1.5 if name == "ccs_injection" and truth else 20.0)

    assert asked(asyncio.run(scenario())).get(name, truth) is truth


def test_who_asks_twice_at_once_is_answered_once():
    """Flights come side by side, and each may show that it is time to ask."""

    async def scenario():
        async with flawed(resets, RSA) as port:
            opener = Opener(Origin("https", "localhost", port), "127.0.0.1", Settings())
            asker = Asker(Connections(opener.open_stream, Gate(10), 20.0))
            hellos, seen = Hellos(None), Seen()
            offered = hellos.of(Version.TLS_1_2, (0x002F,))
            seen.hear(await asker.settle(offered, "suites TLSv1.2"))
            attacks = Attacks(asker, hellos, seen)
            await asyncio.gather(attacks.ask(), attacks.ask())
            return seen

    seen = asyncio.run(scenario())
    assert seen.vulnerabilities["robot"] is False
    assert len(seen.gaps) == len({gap.question for gap in seen.gaps})


@pytest.mark.server("nginx")
def test_nginx_of_today_is_open_to_nothing(pem_files):
    with servers.nginx(https=pem_files(RSA), ciphers="ALL:@SECLEVEL=0") as server:
        endpoint = asyncio.run(probed(server.https_port, 10.0, parts=None))
        polite = asyncio.run(probed(server.https_port, 10.0, probes_attacks=False))
    # OpenSSL 3 has no heartbeats, and takes RSA key exchange and tickets.
    assert asked(endpoint) == dict.fromkeys(ATTACKED, False)
    assert endpoint.inconclusive == ()
    assert asked(polite) == {}


@pytest.mark.server("nginx")
def test_without_its_precondition_nothing_is_there_to_be_asked(pem_files):
    extra = "ssl_session_tickets off;"
    with servers.nginx(https=pem_files(RSA), ciphers="ECDHE+AESGCM", extra=extra) as server:
        endpoint = asyncio.run(probed(server.https_port, 10.0))
        whole = asyncio.run(probed(server.https_port, 10.0, parts=("ciphers", *PARTS)))
    # Which suites it takes was not asked: whether RSA alone is among them nobody knows.
    assert asked(endpoint) == dict.fromkeys(set(ATTACKED) - {"robot"}, False)
    assert asked(whole) == dict.fromkeys(ATTACKED, False)
    with servers.nginx(https=pem_files(RSA), protocols="TLSv1.3") as server:
        endpoint = asyncio.run(probed(server.https_port, 10.0))
    assert asked(endpoint) == dict.fromkeys(ATTACKED, False)


def test_where_versions_are_open_nothing_is_said_of_attacks():
    seen = Seen(versions=VersionsAnswer({"TLSv1.3": True}, True, (), {}, {}))
    attacks = Attacks(None, Hellos(None), seen)
    attacks.conclude()
    assert seen.vulnerabilities == {}
    seen.versions = VersionsAnswer(
        {str(v): v >= Version.TLS_1_3 for v in Version}, True, (), {}, {}
    )
    attacks.conclude()
    assert seen.vulnerabilities == dict.fromkeys(ATTACKED, False)


@pytest.mark.parametrize("version", [(3, 0), (3, 1), (3, 3)])
def test_tlslite_is_open_to_nothing(pem_files, version):
    given = {"minVersion": version, "maxVersion": version, "keyExchangeNames": ["rsa"]}
    with servers.tlslite(pem_files(RSA), given) as server:
        endpoint = asyncio.run(probed(server.https_port, 20.0))
    assert asked(endpoint) == dict.fromkeys(ATTACKED, False)
