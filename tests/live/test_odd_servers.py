"""The probe on servers that are odd in a way of their own: never a false "not supported".

Each speaks from the grammar of the RFCs by itself: nothing here reads or writes with our own wire
code. What a server is made to do is the truth about it.
"""

import asyncio
import hashlib
import struct

import pytest

import servers
from bounded import tcp_server
from certificates import issue
from plainwire.live.settings import Settings
from plainwire.live.tls.choices import Choices
from plainwire.live.tls.seen import Seen
from plainwire.policy.suites import suites
from plainwire.tls import probe_async

NAME = "api.plainwire.test"
SSL3, TLS10, TLS11, TLS12, TLS13 = 0x0300, 0x0301, 0x0302, 0x0303, 0x0304
WORDS = {SSL3: "SSLv3", TLS10: "TLSv1.0", TLS11: "TLSv1.1", TLS12: "TLSv1.2", TLS13: "TLSv1.3"}
CODES = {suite.name: suite.code for suite in suites().values()}
LEAF = issue(NAME, by=issue("Odd Root", ca=True), key=2048)
RETRY = hashlib.sha256(b"HelloRetryRequest").digest()
AES128, AES256, RC4, DES3, EXPORT = 0x002F, 0x0035, 0x0005, 0x000A, 0x0003
GCM = 0x009C


def vector(size, data):
    return len(data).to_bytes(size, "big") + data


def record(kind, data, version=TLS12):
    return bytes([kind]) + struct.pack("!HH", version, len(data)) + data


def message(kind, body):
    return bytes([kind]) + vector(3, body)


def alert(description, level=2):
    return record(21, bytes([level, description]))


class Hello:
    """What a ClientHello says, read by the grammar of RFC 8446, 4.1.2."""

    def __init__(self, data):
        self.size = len(data)
        self.version = int.from_bytes(data[4:6], "big")
        at = 38 + 1 + data[38]
        self.session_id = data[39:at]
        self.suites, at = self.codes(data, at)
        at += 1 + data[at]
        self.extensions, self.order = {}, []
        at += 2
        while at < len(data):
            code, size = struct.unpack("!HH", data[at : at + 4])
            self.extensions[code] = data[at + 4 : at + 4 + size]
            self.order.append(code)
            at += 4 + size
        listed = self.extensions.get(43, b"\0")[1:]
        self.versions = [int.from_bytes(listed[i : i + 2], "big") for i in range(0, len(listed), 2)]
        self.versions = self.versions or [v for v in WORDS if v <= min(self.version, TLS12)]
        groups = self.extensions.get(10, b"\0\0")[2:]
        self.groups = [int.from_bytes(groups[i : i + 2], "big") for i in range(0, len(groups), 2)]

    @staticmethod
    def codes(data, at):
        size = int.from_bytes(data[at : at + 2], "big")
        at += 2
        return [int.from_bytes(data[at + i : at + i + 2], "big") for i in range(0, size, 2)], (
            at + size
        )

    @property
    def most(self):
        """The highest version that an old server would read in it."""
        return max(v for v in self.versions if v in WORDS) if self.versions else self.version


class Odd:
    """A server of RSA key exchange alone; ``judge`` may answer a hello in an odd way."""

    def __init__(
        self, versions=(TLS12,), accepted=(GCM, AES256, AES128), *, judge=None, write=None
    ):
        self.versions, self.accepted = versions, accepted
        self.judge, self.write = judge, write
        self.connections = self.open = self.most_open = 0

    def taken(self, version):
        """The suites that it takes in a version: GCM needs TLS 1.2 (RFC 5288, section 4)."""
        return tuple(code for code in self.accepted if code != GCM or version >= TLS12)

    def answer(self, hello):
        """The first flight to a hello, as a list of handshake messages, or alert bytes."""
        common = [v for v in self.versions if v in hello.versions]
        if not common:
            return alert(70)
        version = max(common)
        chosen = next((s for s in self.taken(version) if s in hello.suites), None)
        if version == TLS13:
            chosen = next((s for s in (0x1301, 0x1302) if s in hello.suites), None)
        if chosen is None:
            return alert(40)
        return self.flight(version, chosen, hello)

    def flight(self, version, suite, hello):
        legacy = min(version, TLS12).to_bytes(2, "big")
        if version == TLS13:
            group = next((g for g in (0x1D, 0x17) if g in hello.groups), None)
            if group is None:
                return alert(40)
            block = bytes.fromhex("002b00020304") + b"\0\x33\0\2" + group.to_bytes(2, "big")
            body = legacy + RETRY + vector(1, hello.session_id) + suite.to_bytes(2, "big") + b"\0"
            return [message(2, body + vector(2, block))]
        body = legacy + b"\x5a" * 32 + b"\0" + suite.to_bytes(2, "big") + b"\0"
        chain = b"".join(vector(3, der) for der in LEAF.chain)
        return [message(2, body), message(11, vector(3, chain)), message(14, b"")]

    async def serve(self, reader, writer):
        self.connections += 1
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        try:
            await self._serve(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self.open -= 1
            writer.transport.abort()

    async def _serve(self, reader, writer):
        head = await reader.readexactly(5)
        if head[0] != 22:
            return  # SSLv2's CLIENT-HELLO has another shape: closed on, as most do
        hello = Hello(await reader.readexactly(int.from_bytes(head[3:5], "big")))
        answer = self.judge(self, hello) if self.judge else None
        answer = self.answer(hello) if answer is None else answer
        if answer == "reset":
            writer.transport.abort()
        elif answer == "hold":
            await reader.read()
        elif isinstance(answer, bytes):
            writer.write(answer)
            await writer.drain()
            writer.write_eof()
            await reader.read()
        elif answer != "close":
            writer_of = self.write or whole
            await writer_of(writer, answer)
            await reader.read()


async def whole(writer, messages):
    writer.write(record(22, b"".join(messages)))


# What can be told without finishing a handshake, which these servers cannot.
CHOICES = ("versions", "ciphers", "groups", "signature_algorithms")


def look(server, *, timeout_s=5.0, limit_s=60.0, parts=CHOICES):
    async def run():
        async with tcp_server(server.serve, backlog=256) as port:
            return await probe_async(
                f"{NAME}:{port}",
                address="127.0.0.1",
                settings=Settings(answer_timeout_s=timeout_s, probe_limit_s=limit_s),
                parts=parts,
            )

    return asyncio.run(run())


def never_falsely_denied(found, server):
    """Nothing that the server takes is called not supported, and what is not known is said."""
    questions = " ".join(gap.question for gap in found.inconclusive)
    for version, word in WORDS.items():
        known = (found.protocols or {}).get(word)
        if version in server.versions:
            assert known is True or (known is None and word in questions), word
            if version != TLS13 and word in (found.ciphers or {}):
                missing = set(server.taken(version)) - {CODES[n] for n in found.ciphers[word]}
                assert not missing or f"suites of {word}" in questions
        else:
            assert known is not True, word


def fully_known(found, server):
    """Every choice of the server was found, and none is open."""
    # Schemes of TLS 1.3 are shown by nothing but whole handshakes.
    parts = CHOICES if TLS13 not in server.versions else CHOICES[:3]
    assert [gap for gap in found.inconclusive if gap.part in parts] == []
    wanted = {WORDS[v] for v in server.versions}
    assert {word for word, known in found.protocols.items() if known} == wanted
    for version in server.versions:
        if version != TLS13:
            assert {CODES[n] for n in found.ciphers[WORDS[version]]} == set(server.taken(version))


async def one_byte_a_record(writer, messages):
    for byte in b"".join(messages):
        writer.write(record(22, bytes([byte])))


async def one_message_a_record(writer, messages):
    for one in messages:
        writer.write(record(22, one))


async def across_odd_records(writer, messages):
    data = b"".join(messages)
    for start, end in [(0, 1), (1, 3), (3, 5), (5, 45), (45, len(data))]:
        writer.write(record(22, data[start:end]))
        await asyncio.sleep(0)


async def after_a_warning(writer, messages):
    writer.write(alert(112, level=1) + record(22, b"".join(messages)))


async def slowly(writer, messages):
    data = record(22, b"".join(messages[:1])) + record(22, b"".join(messages[1:]))
    for at in range(0, len(data), 40):
        writer.write(data[at : at + 40])
        await asyncio.sleep(0.001)


@pytest.mark.parametrize(
    "write",
    [one_byte_a_record, one_message_a_record, across_odd_records, after_a_warning, slowly],
)
@pytest.mark.parametrize("versions", [(TLS12,), (TLS10, TLS12), (TLS12, TLS13)])
def test_the_cut_of_records_makes_no_difference(write, versions):
    server = Odd(versions, write=write)
    fully_known(look(server, timeout_s=20.0), server)


def intolerant(reaction, is_odd):
    return lambda server, hello: reaction if is_odd(server, hello) else None


def is_newer(server, hello):
    return hello.most > max(server.versions)


def test_a_server_of_old_that_refuses_by_closing():
    """IIS and others close or reset without an alert: time after time that is a refusal."""
    for reaction in ("close", "reset"):
        server = Odd((TLS10, TLS12), judge=lambda s, h, r=reaction: _without_alerts(s, h, r))
        found = look(server)
        fully_known(found, server)


def _without_alerts(server, hello, reaction):
    answer = server.answer(hello)
    return reaction if isinstance(answer, bytes) else None


def test_one_that_drops_every_hello_beyond_its_version():
    server = Odd((TLS10,), judge=intolerant("close", is_newer))
    found = look(server)
    fully_known(found, server)
    server = Odd((SSL3, TLS10), judge=intolerant("reset", is_newer))
    fully_known(look(server), server)


def test_one_that_is_silent_to_newer_hellos_is_not_called_without_them():
    server = Odd((TLS10, TLS11), judge=intolerant("hold", is_newer))
    found = look(server, timeout_s=0.3)
    never_falsely_denied(found, server)
    assert found.protocols["TLSv1.0"] is True
    assert "TLSv1.3" not in found.protocols


def test_one_that_drops_any_extension():
    server = Odd((SSL3,), (RC4, DES3), judge=intolerant("close", lambda s, h: bool(h.extensions)))
    found = look(server)
    never_falsely_denied(found, server)
    assert found.protocols["SSLv3"] is True
    assert {CODES[name] for name in found.ciphers["SSLv3"]} == {RC4, DES3}


def asks_staple(server, hello):
    return 5 in hello.extensions


@pytest.mark.parametrize(
    ("versions", "reaction"),
    [((TLS12,), "close"), ((TLS12, TLS13), "reset"), ((TLS12,), alert(40))],
)
def test_one_that_drops_whoever_asks_for_a_staple(versions, reaction):
    """As lighttpd with wolfSSL 5.5 does; what it would say to that question is open."""
    server = Odd(versions, judge=intolerant(reaction, asks_staple))
    found = look(server, timeout_s=0.4, parts=(*CHOICES, "features"))
    wanted = {WORDS[version] for version in versions}
    assert {word for word, known in found.protocols.items() if known} == wanted
    assert {CODES[name] for name in found.ciphers["TLSv1.2"]} == set(server.accepted)
    assert "ocsp_stapling" not in found.features and found.features["heartbeat"] is False
    assert [gap.question for gap in found.inconclusive if "staple" in gap.question] == [
        gap.question for gap in found.inconclusive if "drops every hello" in gap.reason
    ]


class Front:
    """Drops hellos that ask for a staple, and hands all others to a server on a port."""

    def __init__(self, port):
        self.port = port

    async def serve(self, reader, writer):
        ours = None
        try:
            head = await reader.readexactly(5)
            body = await reader.readexactly(int.from_bytes(head[3:5], "big"))
            if head[0] == 22 and not asks_staple(self, Hello(body)):
                theirs, ours = await asyncio.open_connection("127.0.0.1", self.port)
                ours.write(head + body)
                await asyncio.gather(_copied(reader, ours), _copied(theirs, writer))
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            for one in filter(None, (ours, writer)):
                one.transport.abort()


async def _copied(reader, writer):
    while data := await reader.read(65536):
        writer.write(data)
    writer.write_eof()


def test_a_certificate_of_tls_1_3_is_read_of_one_that_drops_whoever_asks_for_a_staple(pem_files):
    leaf = issue(NAME, by=issue("Odd Root", ca=True))
    with servers.s_server(pem_files(leaf), ("-tls1_3",)) as server:
        parts = ("versions", "certificates", "signature_algorithms", "features")
        found = look(Front(server.https_port), timeout_s=20.0, parts=parts)
    assert found.certificates and found.signature_algorithms
    assert found.features["tls13_resumption"] is True
    assert "ocsp_stapling" not in found.features
    assert "staple" in " ".join(gap.question for gap in found.inconclusive)


def test_one_that_drops_hellos_longer_than_512_bytes_says_what_is_open():
    server = Odd((TLS12,), judge=intolerant("close", lambda s, h: h.size > 512))
    never_falsely_denied(look(server, timeout_s=2.0), server)


@pytest.mark.parametrize("reaction", ["close", "reset", "hold"])
def test_one_that_drops_hellos_longer_than_255_bytes_is_not_called_without_anything(reaction):
    """All hellos but SSLv3's are longer."""
    server = Odd((TLS10, TLS12), judge=intolerant(reaction, lambda s, h: h.size > 255))
    found = look(server, timeout_s=0.3)
    never_falsely_denied(found, server)
    assert "TLSv1.2" not in (found.protocols or {}) and found.inconclusive


class Segmented(Odd):
    """Resets whoever's hello did not come in one piece: it reads once, and takes that for all."""

    async def _serve(self, reader, writer):
        data = await reader.read(1460)  # a segment of Ethernet: 1500 less 40
        if data[:1] == b"\x16" and len(data) < 5 + int.from_bytes(data[3:5], "big"):
            writer.transport.abort()
            return
        reader.feed_data(data)
        await super()._serve(reader, writer)


def test_one_that_reads_but_once_is_intolerant_to_two_segments_and_else_known():
    server = Segmented((TLS12, TLS13))
    found = look(server, timeout_s=0.4, parts=(*CHOICES, "features"))
    assert found.features["large_hello_tolerant"] is False
    assert found.features["grease_tolerant"] is True
    fully_known(found, server)


def test_one_that_reads_a_single_segment():
    server = Odd((TLS12, TLS13), judge=intolerant("reset", lambda s, h: h.size > 1460))
    found = look(server, timeout_s=0.4, parts=(*CHOICES, "features"))
    assert found.features["large_hello_tolerant"] is False
    assert found.features["grease_tolerant"] is True
    fully_known(found, server)


def test_one_that_waits_for_what_it_overlooked_in_a_large_hello():
    server = Odd((TLS12,), judge=intolerant("hold", lambda s, h: h.size > 1460))
    found = look(server, timeout_s=0.4, parts=(*CHOICES, "features"))
    assert found.features["large_hello_tolerant"] is False
    assert found.protocols["TLSv1.2"] is True


def test_one_that_counts_suites_in_seven_bits():
    server = Odd((TLS12,), judge=intolerant(alert(50), lambda s, h: len(h.suites) > 128))
    found = look(server, timeout_s=0.4, parts=(*CHOICES, "features"))
    assert found.features["many_suites_tolerant"] is False
    assert (found.features["grease_tolerant"], found.features["large_hello_tolerant"]) == (
        True,
        True,
    )
    fully_known(found, server)


def is_greasy(server, hello):
    values = (*hello.suites, *hello.order, *hello.versions, *hello.groups)
    return any(value & 0x0F0F == 0x0A0A and value >> 8 == value & 0xFF for value in values)


@pytest.mark.parametrize("reaction", [alert(47), "close", "reset"])
def test_one_that_chokes_on_grease(reaction):
    server = Odd((TLS12,), judge=intolerant(reaction, is_greasy))
    found = look(server, timeout_s=0.4, parts=(*CHOICES, "features"))
    assert found.features["grease_tolerant"] is False
    assert found.features["large_hello_tolerant"] is True
    fully_known(found, server)


def test_a_middlebox_that_answers_1_2_to_1_3():
    def judge(server, hello):
        return server.flight(TLS12, AES128, hello) if TLS13 in hello.versions else None

    server = Odd((TLS12,), judge=judge)
    found = look(server)
    never_falsely_denied(found, server)
    assert found.protocols["TLSv1.3"] is False
    assert {CODES[name] for name in found.ciphers["TLSv1.2"]} == set(server.accepted)


def test_one_that_chooses_what_was_not_offered_is_not_believed():
    server = Odd(
        (TLS12,), judge=lambda s, h: s.flight(TLS12, RC4, h) if AES128 in h.suites else None
    )
    found = look(server)
    never_falsely_denied(found, server)
    assert any("not offered" in gap.reason for gap in found.inconclusive)


def test_export_and_broken_suites_are_found():
    server = Odd((SSL3, TLS10), (EXPORT, RC4, DES3, 0x0001, 0x0009, 0x0062))
    fully_known(look(server), server)


class Balanced(Odd):
    """Two servers at one address that take connections in turn."""

    def __init__(self, *servers):
        super().__init__()
        self.servers = servers

    def answer(self, hello):
        return self.servers[self.connections % len(self.servers)].answer(hello)


def test_two_configurations_at_one_address_are_told_of():
    """What is a server's refusal is none of the other's."""
    newer, older = Odd((TLS12,), (GCM, AES256)), Odd((TLS10, TLS12), (AES128, AES256, DES3))
    found = look(Balanced(newer, older))
    questions = {
        gap.part: gap.question for gap in found.inconclusive if "one config" in gap.question
    }
    assert questions.keys() >= {"versions", "ciphers"}
    assert set(found.protocols.values()) == {True}
    assert look(Balanced(newer, newer)).inconclusive == ()


def test_one_that_wants_a_name():
    server = Odd((TLS12,), judge=lambda s, h: None if 0 in h.extensions else alert(112))
    fully_known(look(server), server)


def test_a_clock_is_shown_where_randoms_begin_with_one(monkeypatch):
    import time

    class Clock(Odd):
        def flight(self, version, suite, hello):
            ahead = int(time.time()) + 3600
            return [
                one.replace(b"\x5a" * 32, ahead.to_bytes(4, "big") + b"\x5a" * 28)
                for one in super().flight(version, suite, hello)
            ]

    found = look(Clock((TLS12,)), timeout_s=0.4, parts=(*CHOICES, "features"))
    # A probe of silent answers takes seconds; each clock is read when it is heard.
    assert abs(found.features["clock_skew_s"] - 3600) <= 1
    assert (
        "clock_skew_s"
        not in look(Odd((TLS12,)), timeout_s=0.4, parts=(*CHOICES, "features")).features
    )


def test_offers_that_failed_for_one_reason_are_one_gap():
    seen = Seen()
    unknown = (((1,), "silent"), ((2,), "silent"), ((1, 2, 3), "reset"))
    seen.leave_open("ciphers", "cipher suites of TLSv1.2", Choices(unknown=unknown))
    assert [(gap.question, gap.reason) for gap in seen.gaps] == [
        ("which of 2 cipher suites of TLSv1.2 does it take?", "silent"),
        ("which of 3 cipher suites of TLSv1.2 does it take?", "reset"),
    ]


@pytest.mark.parametrize(
    "judge",
    [
        lambda s, h: "hold",
        lambda s, h: "reset",
        lambda s, h: "close",
        lambda s, h: b"\xff" * 4096,
        lambda s, h: record(22, b"\x02\0\0\x10" + bytes(16)),
        lambda s, h: record(23, bytes(64)),
    ],
    ids=["tarpit", "reset", "close", "garbage", "broken-hello", "application-data"],
)
def test_what_never_answers_a_hello_is_not_known(judge):
    found = look(Odd((TLS12,), judge=judge), timeout_s=0.3)
    assert not any((found.protocols or {}).values())
    assert not found.protocols or not found.speaks_tls
    assert found.inconclusive


def test_an_endless_stream_ends():
    class Endless(Odd):
        async def _serve(self, reader, writer):
            await reader.readexactly(5)
            while True:
                writer.write(record(22, bytes(4096)))
                await writer.drain()

    found = look(Endless(), timeout_s=1.0)
    assert not any((found.protocols or {}).values())
    assert found.inconclusive


class Throttling(Odd):
    """Drops every connection after the 20th, until it was left alone for a while."""

    def __init__(self, *args, pause_s, **words):
        super().__init__(*args, **words)
        self.count, self.pause_s, self.since = 0, pause_s, 0.0

    async def serve(self, reader, writer):
        now = asyncio.get_running_loop().time()
        if self.count >= 20 and now - self.since > self.pause_s:
            self.count = 0
        self.count, self.since = self.count + 1, now
        if self.count > 20:
            writer.transport.abort()
            return
        await super().serve(reader, writer)


def test_one_that_throttles_is_waited_for():
    server = Throttling((TLS10, TLS12), pause_s=0.3)
    found = look(server)
    never_falsely_denied(found, server)
    assert {CODES[name] for name in found.ciphers["TLSv1.2"]} == set(server.accepted)


def test_one_that_throttles_for_good_is_given_up_and_the_report_says_so():
    server = Throttling((TLS10, TLS12), pause_s=600.0)
    found = look(server)
    never_falsely_denied(found, server)
    assert any("stopped answering" in gap.reason for gap in found.inconclusive)
    assert server.connections < 40


class Limited(Odd):
    """Resets each connection beyond so many in a second, whoever waits for what."""

    def __init__(self, *args, a_second, **words):
        super().__init__(*args, **words)
        self.a_second, self.served_s = a_second, []

    async def serve(self, reader, writer):
        now = asyncio.get_running_loop().time()
        self.served_s = [at for at in self.served_s if now - at < 1.0]
        if len(self.served_s) >= self.a_second:
            writer.transport.abort()
            return
        self.served_s.append(now)
        await super().serve(reader, writer)


def test_one_that_limits_connections_in_time_is_asked_more_slowly():
    server = Limited((SSL3, TLS10, TLS11, TLS12, TLS13), a_second=20)
    found = look(server, limit_s=100.0)
    fully_known(found, server)
    assert server.connections > 2 * server.a_second  # so that it was met


class Late(Odd):
    """Greets no sooner than after ``delay_s``, one connection as the other."""

    def __init__(self, *args, delay_s, **words):
        super().__init__(*args, **words)
        self.delay_s = delay_s

    async def _serve(self, reader, writer):
        await asyncio.sleep(self.delay_s)
        await super()._serve(reader, writer)


OUT_OF_TIME = "not asked: the time limit of 2 s was reached"


def test_what_is_open_when_time_is_up_is_said_and_the_rest_reported():
    """Each answer takes 0.4 s, so that at most ten at a time come to 60 in 2 s."""
    server = Late((TLS10, TLS12), delay_s=0.4)
    found = look(server, limit_s=2.0)
    never_falsely_denied(found, server)
    assert found.protocols["TLSv1.2"] is True
    assert any(gap.reason == OUT_OF_TIME for gap in found.inconclusive)
    assert server.connections <= 60
    whole = look(Late((TLS10, TLS12), delay_s=0.0))
    assert whole.inconclusive == ()
    assert found.protocols.items() <= whole.protocols.items()
    for version, names in (found.ciphers or {}).items():
        assert set(names) <= set(whole.ciphers[version])


def test_nothing_is_believed_of_one_that_says_nothing_before_time_is_up():
    server = Late((TLS10, TLS12), delay_s=30.0)
    found = look(server, timeout_s=20.0, limit_s=0.5)
    assert not found.protocols and found.speaks_tls is None
    assert found.inconclusive
    assert server.connections == 1


def test_one_that_throttles_by_an_alert_is_noticed_at_the_end():
    class Alerting(Odd):
        async def _serve(self, reader, writer):
            if self.connections > 14:
                head = await reader.readexactly(5)
                await reader.readexactly(int.from_bytes(head[3:5], "big"))
                writer.write(alert(40))
                return
            await super()._serve(reader, writer)

    found = look(Alerting((TLS10, TLS12)))
    assert any("still answer" in gap.question for gap in found.inconclusive)


def test_one_that_serves_three_at_a_time_is_not_overrun():
    class Narrow(Odd):
        async def serve(self, reader, writer):
            if self.open >= 3:
                writer.transport.abort()
                return
            await super().serve(reader, writer)

        async def _serve(self, reader, writer):
            await asyncio.sleep(0.01)
            await super()._serve(reader, writer)

    server = Narrow((TLS10, TLS12))
    found = look(server)
    never_falsely_denied(found, server)
    assert {CODES[name] for name in found.ciphers["TLSv1.2"]} == set(server.accepted)


@pytest.mark.parametrize("der", [b"\x30\x03\x02\x01", LEAF.chain[0][:200], bytes(1 << 17)])
def test_a_certificate_that_cannot_be_read_is_a_gap_and_no_silence(der):
    def judge(server, hello):
        answer = server.answer(hello)
        if isinstance(answer, bytes):
            return answer
        return [answer[0], message(11, vector(3, vector(3, der))), answer[2]]

    async def in_many_records(writer, messages):
        data = b"".join(messages)
        for at in range(0, len(data), 16000):
            writer.write(record(22, data[at : at + 16000]))

    server = Odd(judge=judge, write=in_many_records)
    found = look(server, parts=(*CHOICES, "certificates"))
    fully_known(found, server)
    assert found.certificates is None
    assert {gap.part for gap in found.inconclusive} == {"certificates"}


def test_a_list_of_certificates_that_is_too_long_or_empty_is_a_gap():
    def look_at(chain):
        def judge(server, hello):
            answer = server.answer(hello)
            if isinstance(answer, bytes):
                return answer
            return [answer[0], message(11, vector(3, chain)), answer[2]]

        found = look(Odd(judge=judge), parts=("versions", "certificates"))
        assert found.certificates is None
        assert [gap.part for gap in found.inconclusive] == ["certificates"]

    for chain in (b"", vector(3, b"\x30\0") * 200):
        look_at(chain)


@pytest.mark.parametrize("suite", [0x1301, 0xFAFA], ids=["of another version", "of none"])
def test_one_that_always_chooses_what_was_not_offered(suite):
    def judge(server, hello):
        answer = server.answer(hello)
        return answer if isinstance(answer, bytes) else server.flight(TLS12, suite, hello)

    found = look(Odd(judge=judge))
    assert found.protocols["TLSv1.2"] is True
    assert found.ciphers is None
    reasons = {gap.reason for gap in found.inconclusive if gap.part == "ciphers"}
    assert len(reasons) == 1
    assert reasons.pop().endswith("which was not offered")


class Ephemeral(Odd):
    """ECDHE with an RSA key: the first that it has of what is offered, or what it has by default.

    So does OpenSSL 1.0.2 with schemes (it signs with SHA-1), and wolfSSL with groups (P-256).
    """

    schemes, groups = (0x0601, 0x0401), (0x1D, 0x18)

    def __init__(self, **words):
        super().__init__((TLS12,), (0xC02F, 0xC030), **words)

    def flight(self, version, suite, hello):
        hello_, chain, done = super().flight(version, suite, hello)
        group = next((g for g in self.groups if g in hello.groups), 0x17)
        offered = listed(hello, 13)
        scheme = next((s for s in self.schemes if s in offered), 0x0201)
        point = bytes([3]) + struct.pack("!H", group) + vector(1, b"\4" + bytes(64))
        signed = message(12, point + struct.pack("!H", scheme) + vector(2, bytes(256)))
        return [hello_, chain, signed, done]


def listed(hello, code):
    data = hello.extensions.get(code, b"\0\0")[2:]
    return [int.from_bytes(data[at : at + 2], "big") for at in range(0, len(data), 2)]


def test_one_that_falls_back_to_what_was_not_offered_takes_none_of_the_offer():
    found = look(Ephemeral())
    assert found.inconclusive == ()
    wanted = {"rsa_pkcs1_sha512", "rsa_pkcs1_sha256", "rsa_pkcs1_sha1"}
    assert set(found.signature_algorithms["TLSv1.2"]) == wanted
    assert set(found.groups["TLSv1.2"]) == {"x25519", "secp384r1", "secp256r1"}


def test_one_that_holds_the_chain_to_what_a_client_verifies():
    """As Java's PKIX key manager does: schemes of chains are named by themselves (RFC 8446)."""

    def judge(server, hello):
        verified = listed(hello, 50) or listed(hello, 13)
        return None if 0x0401 in verified else alert(40)

    server = Ephemeral(judge=judge)
    server.schemes = (0x0601, 0x0501, 0x0401)
    found = look(server)
    wanted = {"rsa_pkcs1_sha512", "rsa_pkcs1_sha384", "rsa_pkcs1_sha256"}
    assert wanted <= set(found.signature_algorithms["TLSv1.2"])


class Unable(Odd):
    """Says nothing more after the ServerHello of those connections that it cannot serve."""

    suites = (GCM, AES128, 0x009F, 0x009E, 0x0039, 0x0033)

    def __init__(self, is_unable):
        super().__init__((TLS12,), self.suites)
        self.is_unable = is_unable

    def flight(self, version, suite, hello):
        messages = super().flight(version, suite, hello)
        if self.is_unable(self, suite):
            return record(22, messages[0])
        return messages


def test_a_suite_that_is_chosen_and_then_cannot_be_done_is_none():
    """mbedTLS chooses DHE without a group for it; whole handshakes know nothing of these."""
    server = Unable(lambda server, suite: suite not in (GCM, AES128))
    found = look(server)
    assert {CODES[name] for name in found.ciphers["TLSv1.2"]} == {GCM, AES128}
    assert [gap for gap in found.inconclusive if gap.part == "ciphers"] == []


@pytest.mark.parametrize(
    "is_unable",
    [lambda server, suite: True, lambda server, suite: server.connections % 3 == 0],
    ids=["never whole", "every third cut"],
)
def test_a_flight_that_is_cut_now_and_then_or_always_denies_no_suite(is_unable):
    server = Unable(is_unable)
    found = look(server)
    never_falsely_denied(found, server)
    assert {CODES[name] for name in found.ciphers["TLSv1.2"]} == set(server.suites)


class Blank(Odd):
    """Answers a retry that asks for nothing to a client whose groups it has not, as wolfSSL."""

    groups = (0x1D, 0x17)

    def flight(self, version, suite, hello):
        if version != TLS13 or set(self.groups) & set(hello.groups):
            return super().flight(version, suite, hello)
        legacy, block = b"\3\3", bytes.fromhex("002b00020304")
        body = legacy + RETRY + vector(1, hello.session_id) + suite.to_bytes(2, "big") + b"\0"
        return [message(2, body + vector(2, block))]


def test_a_retry_that_asks_for_nothing_refuses_the_groups():
    found = look(Blank((TLS13,)), parts=CHOICES[:3])
    assert found.inconclusive == ()
    assert set(found.groups["TLSv1.3"]) == {"x25519", "secp256r1"}


def test_retries_that_never_ask_for_a_group_tell_of_none():
    server = Blank((TLS13,))
    server.groups = ()
    found = look(server, parts=CHOICES[:3])
    assert found.groups is None
    assert [gap.part for gap in found.inconclusive] == ["groups"]


def test_one_that_chooses_a_group_that_was_not_offered():
    def judge(server, hello):
        answer = server.answer(hello)
        if isinstance(answer, bytes):
            return answer
        hello.groups = [0x1D]
        data = server.flight(TLS13, 0x1301, hello)[0]
        return [data[:-2] + b"\xfa\xfa"]

    found = look(Odd((TLS13,), judge=judge))
    assert found.protocols["TLSv1.3"] is True
    assert found.groups is None
    assert "groups" in {gap.part for gap in found.inconclusive}
