"""Which versions a server accepts: the truth is its command line, a full handshake, or its code."""

import asyncio
import contextlib
import socket
import ssl
import struct

import pytest

import tls_peers as peers
from bounded import tcp_server
from plainwire.live.prober import accepted_versions
from plainwire.model import TargetError
from plainwire.policy.versions import Version
from tls_peers import SSL3, TLS10, TLS11, TLS12, TLS13, alert, asked_version, record, server_hello

ALL = ("SSLv3", "TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3")
WORD = dict(zip((SSL3, TLS10, TLS11, TLS12, TLS13), ALL, strict=True))
PYTHON = {
    "TLSv1.0": ssl.TLSVersion.TLSv1,
    "TLSv1.1": ssl.TLSVersion.TLSv1_1,
    "TLSv1.2": ssl.TLSVersion.TLSv1_2,
    "TLSv1.3": ssl.TLSVersion.TLSv1_3,
}


def only(*accepted):
    return {word: word in accepted for word in ALL}


def probe(port, *, at_once=8, timeout_s=10.0, server_name="localhost"):
    return asyncio.run(
        accepted_versions(peers.opener(port, at_once), server_name=server_name, timeout_s=timeout_s)
    )


def probe_peer(respond, *, at_once=8, timeout_s=10.0, server_name="localhost"):
    async def run():
        async with peers.peer(respond) as (port, hellos):
            answer = await accepted_versions(
                peers.opener(port, at_once), server_name=server_name, timeout_s=timeout_s
            )
            return answer, hellos

    return asyncio.run(run())


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return peers.write_certificate(tmp_path_factory.mktemp("prober"))


OLD = ("-cipher", "ALL:@SECLEVEL=0")
COMMAND_LINES = [
    (("-tls1_2",), only("TLSv1.2")),
    (("-tls1_3",), only("TLSv1.3")),
    ((), only("TLSv1.2", "TLSv1.3")),
    (("-tls1", *OLD), only("TLSv1.0")),
    (("-tls1_1", *OLD), only("TLSv1.1")),
    (("-no_tls1_3", *OLD), only("TLSv1.0", "TLSv1.1", "TLSv1.2")),
    (OLD, only("TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3")),
    (("-tls1_2", "-cipher", "AES256-GCM-SHA384"), only("TLSv1.2")),
    (("-tls1_3", "-groups", "P-521"), only("TLSv1.3")),
    (("-tls1_2", "-cipher", "ARIA128-GCM-SHA256"), only("TLSv1.2")),
    (("-min_protocol", "TLSv1.2"), only("TLSv1.2", "TLSv1.3")),
    (
        ("-tls1_2", "-cipher", "PSK-AES256-CCM8:@SECLEVEL=0", "-psk", "aa", "-nocert"),
        only("TLSv1.2"),
    ),
]


@pytest.mark.server("openssl")
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
@pytest.mark.parametrize(("options", "expected"), COMMAND_LINES)
def test_finds_what_the_command_line_of_openssl_allows(certificate, options, expected):
    with peers.s_server(certificate, *options) as port:
        answer = probe(port, at_once=1)
        by_handshake = {word: peers.can_handshake(port, PYTHON[word]) for word in PYTHON}
    assert answer.protocols == expected
    assert answer.inconclusive == ()
    assert answer.speaks_tls is True
    if "-psk" not in options and "-groups" not in options:
        assert {word: answer.protocols[word] for word in PYTHON} == by_handshake


@pytest.mark.server("openssl")
def test_costs_one_connection_a_version_on_a_server_of_today(certificate):
    with peers.s_server(certificate, "-min_protocol", "TLSv1.2") as port:
        assert probe(port, at_once=1).connections == 5


@pytest.mark.server("openssl")
def test_a_retry_request_is_named_with_suite_and_group(certificate):
    suite = "TLS_AES_256_GCM_SHA384"
    options = ("-tls1_3", "-groups", "P-384", "-ciphersuites", suite)
    with peers.s_server(certificate, *options) as port:
        answer = probe(port, at_once=1)
    assert answer.hellos["TLSv1.3"].is_retry_request
    assert answer.answers["TLSv1.3"] == f"HelloRetryRequest TLSv1.3, {suite}, secp384r1"


@pytest.mark.parametrize(
    ("oldest", "newest", "expected"),
    [
        ("TLSv1.2", "TLSv1.2", only("TLSv1.2")),
        ("TLSv1.3", "TLSv1.3", only("TLSv1.3")),
        ("TLSv1.2", "TLSv1.3", only("TLSv1.2", "TLSv1.3")),
    ],
)
def test_finds_what_a_python_server_allows(certificate, oldest, newest, expected):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    context.minimum_version, context.maximum_version = PYTHON[oldest], PYTHON[newest]

    async def run():
        async def serve(reader, writer):
            writer.transport.abort()

        async with tcp_server(serve, ssl=context) as port:
            return await accepted_versions(peers.opener(port), server_name=None, timeout_s=10)

    answer = asyncio.run(run())
    assert (answer.protocols, answer.inconclusive) == (expected, ())


PROTOCOL_VERSION = alert(70)


def accepting(*versions, refusal=PROTOCOL_VERSION):
    """A server of some versions that sends `refusal` to others."""

    async def respond(hello, writer):
        version = asked_version(hello)
        accepted = version in versions
        writer.write(record(22, server_hello(version), version) if accepted else refusal)

    return respond


@pytest.mark.parametrize("version", WORD)
def test_a_server_of_one_version_is_found(version):
    answer, _ = probe_peer(accepting(version))
    assert answer.protocols == only(WORD[version])


@pytest.mark.parametrize("at_once", [1, 2, 5])
def test_any_number_of_connections_at_once_gives_the_same(at_once):
    answer, _ = probe_peer(accepting(TLS10, TLS12), at_once=at_once)
    assert answer.protocols == only("TLSv1.0", "TLSv1.2")


def test_a_server_hello_of_another_version_is_a_refusal():
    async def respond(hello, writer):
        writer.write(record(22, server_hello(TLS11)))

    answer, hellos = probe_peer(respond)
    assert answer.protocols == only("TLSv1.1")
    assert len(hellos) == 5


def test_a_legacy_version_of_tls_1_2_without_the_extension_is_not_tls_1_3():
    async def respond(hello, writer):
        writer.write(record(22, server_hello(TLS12)))

    assert probe_peer(respond)[0].protocols == only("TLSv1.2")


async def in_odd_records(hello, writer):
    message = server_hello(asked_version(hello)) + b"\x0b\x00\x10\x00"
    for start, end in [(0, 1), (1, 3), (3, 4), (4, 40), (40, len(message))]:
        writer.write(record(22, message[start:end]))


async def a_byte_at_a_time(hello, writer):
    for byte in record(22, server_hello(asked_version(hello))):
        writer.write(bytes([byte]))
        await asyncio.sleep(0)


async def after_a_warning(hello, writer):
    writer.write(alert(112, level=1) + record(22, server_hello(asked_version(hello))))


async def after_hello_requests(hello, writer):
    writer.write(record(22, bytes(8)) + record(22, server_hello(asked_version(hello))))


@pytest.mark.parametrize(
    "respond", [in_odd_records, a_byte_at_a_time, after_a_warning, after_hello_requests]
)
def test_a_server_hello_is_read_however_it_comes(respond):
    answer, _ = probe_peer(respond)
    assert answer.protocols == only(*ALL)


def test_a_refusal_sent_as_a_warning_before_closing_is_a_refusal():
    answer, _ = probe_peer(accepting(TLS12, refusal=alert(40, level=1)))
    assert (answer.protocols, answer.inconclusive) == (only("TLSv1.2"), ())


def test_a_stack_that_wants_a_key_share_is_asked_with_one():
    async def respond(hello, writer):
        if asked_version(hello) == TLS13 and peers.has_share(hello):
            writer.write(record(22, server_hello(TLS13)))
        else:
            writer.write(alert(47))

    answer, _ = probe_peer(respond)
    assert answer.protocols == only("TLSv1.3")


def test_no_key_share_is_sent_where_none_is_needed():
    _, hellos = probe_peer(accepting(TLS12, TLS13))
    assert not any(peers.has_share(hello) for hello in hellos)


@pytest.mark.parametrize("behaviour", ["close", "hold"])
def test_a_stack_that_chokes_on_a_missing_key_share_is_asked_with_one(behaviour):
    async def respond(hello, writer):
        if asked_version(hello) != TLS13 or peers.has_share(hello):
            writer.write(record(22, server_hello(asked_version(hello))))
            return None
        return behaviour

    assert probe_peer(respond, timeout_s=0.2)[0].protocols == only(*ALL)


def test_a_suite_beyond_the_first_hundred_is_found():
    async def respond(hello, writer):
        rare = b"\xc0\xa5" in hello  # TLS_PSK_WITH_AES_256_CCM
        writer.write(record(22, server_hello(TLS12, 0xC0A5)) if rare else alert(40))

    assert probe_peer(respond)[0].protocols == only("TLSv1.2")


@pytest.mark.parametrize("name", ["127.0.0.1", "::1", None])
def test_an_address_is_never_sent_as_a_name(name):
    _, hellos = probe_peer(accepting(TLS12), server_name=name)
    assert not any(b"127.0.0.1" in hello or b"::1" in hello for hello in hellos)


def test_a_name_is_sent_in_every_hello_but_that_of_sslv3():
    _, hellos = probe_peer(accepting(TLS12), server_name="api.example.com")
    named = {WORD[asked_version(hello)] for hello in hellos if b"api.example.com" in hello}
    assert named == set(ALL) - {"SSLv3"}


def test_no_hello_has_more_than_128_suites_or_the_length_that_hangs_f5():
    async def respond(hello, writer):
        writer.write(alert(40))

    _, hellos = probe_peer(respond)
    assert len(hellos) > 9
    for hello in hellos:
        session_id = hello[43]
        assert int.from_bytes(hello[44 + session_id : 46 + session_id], "big") <= 2 * 128
        assert not 256 <= len(hello) - 5 < 512


def reset(writer):
    """Close with RST: linger of 0 seconds."""
    raw = writer.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def dropping_old(*, with_reset):
    async def respond(hello, writer):
        if asked_version(hello) >= TLS12:
            writer.write(record(22, server_hello(asked_version(hello))))
        elif with_reset:
            reset(writer)

    return respond


@pytest.mark.parametrize("with_reset", [True, False])
def test_closing_on_old_versions_only_and_again_is_a_refusal(with_reset):
    answer, _ = probe_peer(dropping_old(with_reset=with_reset))
    assert answer.protocols == only("TLSv1.2", "TLSv1.3")
    assert answer.inconclusive == ()


@pytest.mark.parametrize("at_once", [1, 8])
@pytest.mark.parametrize("to_tls_1_2", ["close", "hold"])
def test_an_old_server_that_closes_on_all_newer_hellos_is_known(at_once, to_tls_1_2):
    async def respond(hello, writer):
        if asked_version(hello) == TLS10:
            writer.write(record(22, server_hello(TLS10), TLS10))
        return to_tls_1_2 if asked_version(hello) == TLS12 else None

    # Silence costs this much time; where there is none a busy machine has more.
    timeout_s = 0.5 if to_tls_1_2 == "hold" else 10.0
    answer, _ = probe_peer(respond, at_once=at_once, timeout_s=timeout_s)
    expected = only("TLSv1.0")
    if to_tls_1_2 == "hold":
        del expected["TLSv1.2"]
    assert answer.protocols == expected


def test_one_at_a_time_an_old_server_that_closes_costs_no_more_than_side_by_side():
    async def respond(hello, writer):
        if asked_version(hello) == TLS10:
            writer.write(record(22, server_hello(TLS10), TLS10))

    counts = [len(probe_peer(respond, at_once=at_once)[1]) for at_once in (1, 8)]
    assert counts[0] == counts[1]


def test_a_drop_is_no_refusal_when_the_server_stops_answering_good_hellos():
    """A throttled server: three good answers, then every connection is closed."""
    count = 0

    async def respond(hello, writer):
        nonlocal count
        count += 1
        if count <= 3:
            writer.write(record(22, server_hello(asked_version(hello))))

    answer, _ = probe_peer(respond, at_once=1)
    assert False not in answer.protocols.values()
    assert len(answer.protocols) == 3
    assert {reason for _, reason in answer.inconclusive} == {"closed without an alert"}


def test_a_drop_is_no_refusal_when_good_hellos_fail_only_afterwards():
    goods = 0

    async def respond(hello, writer):
        nonlocal goods
        if asked_version(hello) == TLS12:
            goods += 1
            if goods <= 2:
                writer.write(record(22, server_hello(TLS12)))

    answer, _ = probe_peer(respond)
    assert answer.protocols == {"TLSv1.2": True}
    assert len(answer.inconclusive) == 4


def test_a_drop_that_does_not_happen_again_is_no_refusal():
    seen = set()

    async def respond(hello, writer):
        version = asked_version(hello)
        if version != TLS10 or version in seen:
            writer.write(record(22, server_hello(version)))
        seen.add(version)

    assert probe_peer(respond)[0].protocols == only(*ALL)


def test_version_intolerance_by_closing_is_a_refusal():
    async def respond(hello, writer):
        if asked_version(hello) != TLS13:
            writer.write(record(22, server_hello(asked_version(hello))))

    answer, _ = probe_peer(respond)
    assert answer.protocols == {**only(*ALL), "TLSv1.3": False}


def test_silence_to_one_version_is_never_a_refusal():
    async def respond(hello, writer):
        if asked_version(hello) == TLS11:
            return "hold"
        writer.write(record(22, server_hello(asked_version(hello))))

    answer, _ = probe_peer(respond, timeout_s=0.2)
    assert "TLSv1.1" not in answer.protocols
    assert answer.inconclusive == (("does it accept TLSv1.1?", "no answer within 0.2 s"),)


@pytest.mark.parametrize("description", [80, 112, 49])
def test_alerts_about_something_else_everywhere_say_nothing_of_versions(description):
    answer, _ = probe_peer(accepting(refusal=alert(description)))
    assert (answer.protocols, answer.speaks_tls) == ({}, True)
    assert len(answer.inconclusive) == 5


def test_a_handshake_failure_for_every_version_says_nothing_of_versions():
    answer, _ = probe_peer(accepting(refusal=alert(40)))
    assert (answer.protocols, answer.speaks_tls) == ({}, True)
    assert {reason for _, reason in answer.inconclusive} == {"fatal alert handshake_failure"}


def test_a_refused_offer_costs_only_the_rest_of_the_offer():
    """Two hellos each for TLS 1.0, 1.1 and 1.3, one for SSLv3 and the accepted one."""
    _, hellos = probe_peer(accepting(TLS12, refusal=alert(40)))
    assert len(hellos) == 8


def test_an_internal_error_for_one_version_again_and_again_is_a_refusal():
    answer, _ = probe_peer(accepting(TLS12, refusal=alert(80)))
    assert answer.protocols == only("TLSv1.2")


@pytest.mark.parametrize("at_once", [1, 8])
@pytest.mark.parametrize(
    "text",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"<html>400</html>",
        b"SSH-2.0-x\r\n",
        b"220",
        b"-ERR\r\n",
    ],
)
def test_plain_text_is_no_tls(text, at_once):
    async def respond(hello, writer):
        writer.write(text)

    answer, _ = probe_peer(respond, at_once=at_once)
    assert (answer.speaks_tls, answer.protocols, answer.inconclusive) == (False, {}, ())


async def garbage(hello, writer):
    writer.write(bytes.fromhex("8fe3a1b2c4d5e6f7") * 40)


async def garbage_in_records(hello, writer):
    writer.write(record(22, b"\x02\x00\x00\x04abcd"))


async def half_a_server_hello(hello, writer):
    writer.write(record(22, server_hello(asked_version(hello)))[:-3])


async def endless_warnings(hello, writer):
    with contextlib.suppress(ConnectionError):
        while True:
            writer.write(alert(112, level=1) * 500)
            await writer.drain()


async def an_endless_message(hello, writer):
    with contextlib.suppress(ConnectionError):
        writer.write(record(22, b"\x02\xff\xff\xff"))
        while True:
            writer.write(record(22, bytes(16384)))
            await writer.drain()


async def silence(hello, writer):
    return "hold"


async def nothing(hello, writer):
    return None


async def resets(hello, writer):
    reset(writer)


@pytest.mark.parametrize("at_once", [1, 8])
@pytest.mark.parametrize(
    ("respond", "reason"),
    [
        (garbage, "neither TLS nor text"),
        (garbage_in_records, "RFC 8446, section 4.1.3"),
        (half_a_server_hello, "closed inside a record or a message"),
        (endless_warnings, "65536 bytes without a ServerHello"),
        (an_endless_message, "a handshake message of 16777215 bytes"),
        (silence, "no answer within 0.2 s"),
        (nothing, "closed without an alert"),
        (resets, "reset the connection without an alert"),
    ],
)
def test_what_cannot_be_understood_is_inconclusive(respond, reason, at_once):
    timeout_s = 0.2 if respond is silence else 10.0
    answer, _ = probe_peer(respond, timeout_s=timeout_s, at_once=at_once)
    assert answer.protocols == {}
    assert answer.speaks_tls in (None, True)
    assert len(answer.inconclusive) == 5
    assert any(reason in words for _, words in answer.inconclusive)


def test_a_silent_server_that_is_asked_one_at_a_time_costs_two_time_outs():
    _, hellos = probe_peer(silence, timeout_s=0.1, at_once=1)
    assert len(hellos) == 2


def test_a_port_that_nobody_listens_on_is_inconclusive():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        answer = probe(taken.getsockname()[1])
    assert (answer.protocols, answer.speaks_tls, answer.connections) == ({}, None, 0)
    assert len(answer.inconclusive) == 5


def test_a_target_error_of_the_callers_door_is_inconclusive():
    @contextlib.asynccontextmanager
    async def open_stream():
        raise TargetError("budget spent")
        yield

    answer = asyncio.run(accepted_versions(open_stream, server_name=None, timeout_s=1))
    assert {reason for _, reason in answer.inconclusive} >= {"no connection: budget spent"}


def test_an_answer_in_hand_outlives_an_error_on_closing():
    async def run():
        async with peers.peer(accepting(TLS12)) as (port, _):

            @contextlib.asynccontextmanager
            async def open_stream():
                async with peers.opener(port)() as stream:
                    yield stream
                raise ConnectionResetError("reset while closing")

            return await accepted_versions(open_stream, server_name=None, timeout_s=10)

    assert asyncio.run(run()).protocols == only("TLSv1.2")


def test_a_name_that_is_no_a_label_is_the_callers_error():
    with pytest.raises(ValueError, match="not an A-label"):
        probe(1, server_name="b\u00fccher.example")


def test_only_the_versions_asked_for_are_asked():
    async def run():
        async with peers.peer(accepting(TLS12)) as (port, hellos):
            answer = await accepted_versions(
                peers.opener(port), server_name=None, timeout_s=10, versions=[Version.TLS_1_2]
            )
            return answer.protocols, len(hellos)

    assert asyncio.run(run()) == ({"TLSv1.2": True}, 1)
