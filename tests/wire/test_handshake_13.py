"""TLS 1.3 handshakes: the traces of RFC 8448, OpenSSL in memory, and servers odder than any."""

import ssl
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from hypothesis import given, settings
from hypothesis import strategies as st

import rfc8448
from certificates import issue
from memory_server import MemoryServer, server_context
from odd_server import CCS, OddServer, extension, in_records, message, vector
from plainwire.model import WireError
from plainwire.wire.alerts import Alert
from plainwire.wire.answer import NoAnswer
from plainwire.wire.handshake.client_13 import Handshake13
from plainwire.wire.handshake.groups import can_complete, generate
from plainwire.wire.handshake.key_schedule import Hash
from plainwire.wire.handshake.messages_13 import (
    parse_certificate_verify,
    parse_encrypted_extensions,
    parse_key_update,
    parse_ticket_13,
)
from plainwire.wire.handshake.offer_13 import Offer13, Ticket13
from plainwire.wire.handshake.protection_13 import Protection13
from plainwire.wire.not_tls import NotTls
from plainwire.wire.records import ContentType, RecordReader

ROOT = issue("Root", ca=True)
LEAF = issue("api.plainwire.test", by=issue("Issuing", ca=True, by=ROOT))
X25519 = 0x001D


def counted(count):
    """Bytes that are the same in every run."""
    return bytes(number % 251 for number in range(count))


def opened(protection, data):
    """The contents of records that one side sent."""
    return [protection.open(record) for record in RecordReader().feed(data)]


def test_the_secrets_are_those_of_the_trace():
    sha256, hellos = Hash("sha256"), rfc8448.CLIENT_HELLO + rfc8448.SERVER_HELLO[5:]
    early = sha256.early_secret()
    assert early == rfc8448.EARLY_SECRET
    handshake = sha256.handshake_secret(early, rfc8448.SHARED_SECRET)
    assert handshake == rfc8448.HANDSHAKE_SECRET
    assert sha256.derive(handshake, "c hs traffic", hellos) == rfc8448.CLIENT_HANDSHAKE
    assert sha256.derive(handshake, "s hs traffic", hellos) == rfc8448.SERVER_HANDSHAKE
    assert sha256.master_secret(handshake) == rfc8448.MASTER_SECRET


def handshake_of_the_trace():
    """The client of section 3: its hello has an extension that ours has not, so it is put in."""
    handshake = Handshake13(Offer13(), counted)
    handshake.start()
    handshake._transcript = rfc8448.CLIENT_HELLO
    handshake._shares = {X25519: generate(X25519, lambda count: rfc8448.PRIVATE_KEY)}
    return handshake


@pytest.mark.parametrize("cut", [1, 7, 4096])
def test_the_handshake_of_the_trace_is_completed(cut):
    handshake = handshake_of_the_trace()
    flight, sent = rfc8448.SERVER_HELLO + rfc8448.FLIGHT, b""
    for start in range(0, len(flight), cut):
        sent += handshake.receive(flight[start : start + cut])
    assert sent == CCS + rfc8448.CLIENT_FINISHED
    handshake.receive(rfc8448.TICKET + rfc8448.SERVER_DATA)
    result = handshake.result
    assert (result.suite, result.group, result.scheme) == (0x1301, X25519, 0x0804)
    assert (result.is_finished, result.is_signature_good, result.was_retried) == (True, True, False)
    assert len(result.certificates) == 1
    [ticket] = result.tickets
    assert (ticket.lifetime_s, ticket.age_add) == (30, 0xFAD6AAC5)
    assert (ticket.nonce, len(ticket.ticket)) == (b"\0\0", 178)
    assert (ticket.max_early_data_size, ticket.psk) == (1024, rfc8448.PSK)
    handshake.receive(rfc8448.SERVER_CLOSE)
    assert handshake.is_over
    assert handshake.end().broken_off is None


def test_our_records_are_those_of_the_trace():
    handshake = handshake_of_the_trace()
    handshake.receive(rfc8448.SERVER_HELLO + rfc8448.FLIGHT)
    assert handshake._write.seal(ContentType.APPLICATION_DATA, counted(50)) == rfc8448.CLIENT_DATA
    assert handshake.close() == rfc8448.CLIENT_CLOSE


def test_the_binder_and_the_early_secret_are_those_of_the_trace():
    sha256, hello = Hash("sha256"), rfc8448.RESUMED_HELLO
    early = sha256.early_secret(rfc8448.PSK)
    key = sha256.derive(early, "res binder", b"")
    assert key == rfc8448.BINDER_KEY
    assert sha256.finished(key, hello[:-35]) == hello[-32:]
    assert sha256.derive(early, "c e traffic", hello) == rfc8448.CLIENT_EARLY


def test_our_binder_is_over_our_own_hello():
    """As in the trace: the last 32 bytes, over all but the last 35 (RFC 8446, 4.2.11.2)."""
    ticket = Ticket13(0x1301, 30, 0xFAD6AAC5, b"\0\0", b"t" * 178, rfc8448.PSK)
    for age_ms, offer in [(0, Offer13()), (7, Offer13(server_name="server", groups=(29,)))]:
        offer = replace(offer, ticket=ticket, ticket_age_ms=age_ms)
        hello = Handshake13(offer, counted).start()[5:]
        sha256 = Hash("sha256")
        key = sha256.derive(sha256.early_secret(rfc8448.PSK), "res binder", b"")
        assert hello[-32:] == sha256.finished(key, hello[:-35])
        server = OddServer(LEAF)
        server.read_hello(in_records(hello))
        assert list(server.seen)[-1] == 41
        age = ((0xFAD6AAC5 + age_ms) % 2**32).to_bytes(4, "big")
        assert server.seen[41] == (
            vector(2, vector(2, b"t" * 178) + age) + vector(2, vector(1, hello[-32:]))
        )
        assert not 256 <= len(hello) < 512


def context_13(**settings):
    context = server_context(LEAF)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    for name, value in settings.items():
        setattr(context, name, value)
    return context


def completed(context, offer, cut=65536, asks_close=True):
    """The handshake and the server after a whole connection."""
    handshake, server = Handshake13(offer), MemoryServer(context)
    data = server.answer(handshake.start())
    while data:
        sent = b"".join(
            handshake.receive(data[start : start + cut]) for start in range(0, len(data), cut)
        )
        data = server.answer(sent)
    if asks_close and handshake.result.is_finished:
        handshake.receive(server.answer(handshake.close()))
    return handshake, server


@pytest.mark.parametrize("cut", [1, 3, 65536])
def test_openssl_and_we_finish(cut):
    context = context_13()
    context.set_alpn_protocols(["http/1.1", "h2"])
    offer = Offer13(server_name="api.plainwire.test", protocols=("h2", "http/1.1"))
    handshake, server = completed(context, offer, cut)
    result = handshake.end()
    assert server.error is None
    assert server.is_done
    assert result.is_finished
    assert result.certificates == LEAF.chain
    assert result.is_signature_good is True
    assert result.alpn == server.tls.selected_alpn_protocol()
    assert len(result.tickets) == 2
    assert {ticket.lifetime_s for ticket in result.tickets} == {7200}
    assert result.broken_off is result.staple is result.scts is result.certificate_request is None


@pytest.mark.parametrize("suite", [0x1301, 0x1302, 0x1303])
def test_the_suite_is_the_one_that_openssl_says(suite):
    handshake, server = completed(context_13(), Offer13(suites=(suite,)))
    assert (
        server.tls.cipher()[0]
        == {
            0x1301: "TLS_AES_128_GCM_SHA256",
            0x1302: "TLS_AES_256_GCM_SHA384",
            0x1303: "TLS_CHACHA20_POLY1305_SHA256",
        }[suite]
    )
    assert handshake.result.suite == suite


GROUPS = [0x17, 0x18, 0x19, 0x1D, 0x1E, *range(0x100, 0x105)]


@pytest.mark.parametrize("shares", ["at once", "by retry"])
@pytest.mark.parametrize("group", GROUPS)
def test_every_group_that_openssl_3_0_has(group, shares):
    offer = Offer13(groups=(group,), shares=(group,) if shares == "at once" else ())
    handshake, server = completed(context_13(), offer)
    assert server.error is None
    assert server.is_done
    assert handshake.result.group == group
    assert handshake.result.was_retried == (shares == "by retry")


def test_what_can_be_completed_is_known_before_it_is_offered():
    assert all(can_complete(group) for group in (*GROUPS, 0x11EC))
    assert not any(can_complete(group) for group in (0x6399, 0x0200, 0x0A0A, 0))


@pytest.mark.parametrize("suite", [0x1301, 0x1302])
@pytest.mark.parametrize("shares", [(X25519,), ()], ids=["at once", "by retry"])
def test_a_ticket_resumes(suite, shares):
    context = context_13()
    first, _ = completed(context, Offer13(suites=(suite,)))
    ticket = first.result.tickets[-1]
    offer = Offer13(suites=(suite,), shares=shares, ticket=ticket)
    second, server = completed(context, offer)
    assert server.error is None
    assert server.tls.session_reused
    result = second.result
    assert (result.is_resumed, result.is_finished) == (True, True)
    assert result.certificates is None
    assert len(result.tickets) == 1


def test_a_ticket_of_another_hash_is_left_out_of_the_second_hello():
    """RFC 8446, 4.1.4: the retry named a suite with SHA-384 and the ticket is of SHA-256."""
    context = context_13()
    first, _ = completed(context, Offer13(suites=(0x1301,)))
    offer = Offer13(suites=(0x1302,), shares=(), ticket=first.result.tickets[0])
    second, server = completed(context, offer)
    assert server.error is None
    assert (second.result.is_finished, second.result.is_resumed) == (True, False)


def test_a_certificate_that_is_asked_for_is_answered_with_none():
    context = context_13(verify_mode=ssl.CERT_OPTIONAL)
    handshake, server = completed(context, Offer13())
    assert server.error is None
    assert server.is_done
    assert server.tls.getpeercert() is None
    assert 0x0804 in handshake.result.certificate_request.schemes


def test_a_required_certificate_ends_in_an_encrypted_alert():
    context = context_13(verify_mode=ssl.CERT_REQUIRED)
    handshake, server = completed(context, Offer13(), asks_close=False)
    assert "PEER_DID_NOT_RETURN_A_CERTIFICATE" in str(server.error)
    assert handshake.result.is_finished
    assert handshake.result.alert == Alert(2, 116)
    assert handshake.is_over


def test_no_group_in_common_is_an_alert():
    handshake, _ = completed(context_13(), Offer13(groups=(0x1A,), shares=()))
    assert handshake.result.alert == Alert(2, 40)
    assert handshake.result.hello is None


def test_an_older_server_is_told():
    context = server_context(LEAF)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    handshake, _ = completed(context, Offer13())
    assert handshake.result.alert == Alert(2, 70)


@pytest.mark.parametrize(
    ("key", "scheme"),
    [
        (2048, 0x0804),
        (ec.generate_private_key(ec.SECP384R1()), 0x0503),
        (ed25519.Ed25519PrivateKey.generate(), 0x0807),
    ],
    ids=["rsa", "p384", "ed25519"],
)
def test_signatures_of_other_keys_are_judged(key, scheme):
    context = server_context(issue("api.plainwire.test", by=ROOT, key=key))
    handshake, _ = completed(context, Offer13())
    assert (handshake.result.scheme, handshake.result.is_signature_good) == (scheme, True)


def odd(offer=None, **more):
    handshake, server = Handshake13(offer or Offer13()), OddServer(LEAF, **more)
    return handshake, server, handshake.start()


def finish(handshake, server, sent):
    """See that the client's last flight is the RFC's; returns the contents before Finished."""
    assert sent.startswith(CCS)
    contents = opened(Protection13(server.suite, server.client_secret), sent[len(CCS) :])
    *before, (kind, content) = contents
    assert kind == 22
    server.transcript += b"".join(content for _, content in before)
    server.check_finished(content)
    server.connected()
    return before


@pytest.mark.parametrize("group", [0x11EC, 0x11EB, 0x11ED, 0x0201, 0x0202, 0x1F, 0x20, 0x21])
@pytest.mark.parametrize("is_retried", [False, True])
def test_ml_kem_and_its_hybrids(group, is_retried):
    offer = Offer13(groups=(X25519, group), shares=() if is_retried else (group,))
    handshake, server, sent = odd(offer, group=group)
    if is_retried:
        sent = handshake.receive(server.retry(sent, group))[len(CCS) :]
        assert handshake.result.was_retried
    data = in_records(server.hello(sent)) + server.seal(server.flight())
    out = handshake.receive(data)
    finish(handshake, server, out if not is_retried else CCS + out)
    assert (handshake.result.group, handshake.result.is_finished) == (group, True)


@pytest.mark.parametrize(
    ("group", "size"), [(0x11EC, 1216), (0x11EB, 1249), (0x11ED, 1665), (0x0201, 1184)]
)
def test_a_share_with_ml_kem_is_as_long_as_the_draft_says(group, size):
    """draft-ietf-tls-ecdhe-mlkem, section 4.1; FIPS 203, table 3."""
    share = generate(group)
    assert len(share.public) == size
    with pytest.raises(WireError):
        share.secret(bytes(10))


@pytest.mark.parametrize("suite", [0x1301, 0x1302, 0x1303, 0x1304, 0x1305])
def test_every_suite_with_odd_records(suite):
    """Records of 100 bytes with padding between ChangeCipherSpecs, fed a byte at a time."""
    handshake, server, sent = odd(suite=suite)
    data = CCS + in_records(server.hello(sent), 3) + CCS
    flight = server.flight()
    for start in range(0, len(flight), 100):
        data += server.seal(flight[start : start + 100], padding=start % 7) + CCS
    out = b"".join(handshake.receive(bytes([byte])) for byte in data[: -len(CCS)])
    finish(handshake, server, out)
    assert handshake.result.is_finished
    assert handshake.result.certificates == LEAF.chain


def test_a_cookie_comes_back():
    handshake, server, sent = odd(Offer13(shares=(X25519,)))
    sent = handshake.receive(server.retry(sent, 0, cookie=b"biscuit"))
    assert sent.startswith(CCS)
    hello = in_records(server.hello(sent[len(CCS) :]))
    assert server.seen[44] == b"\0\7biscuit"
    out = handshake.receive(hello + server.seal(server.flight()))
    finish(handshake, server, CCS + out)
    assert (handshake.result.was_retried, handshake.result.group) == (True, X25519)


def test_staple_and_scts_of_the_leaf_are_read():
    handshake, server, sent = odd()
    data = in_records(server.hello(sent))
    block = extension(5, b"\1" + vector(3, b"\x30\3")) + extension(18, vector(2, vector(2, b"sct")))
    flight = server.add(8, vector(2, b"")) + server.certificate(block)
    data += server.seal(flight + server.certificate_verify() + server.finished())
    handshake.receive(data)
    assert (handshake.result.staple, handshake.result.scts) == (b"\x30\3", (b"sct",))
    assert {5, 18} <= set(server.seen)


def test_key_updates_and_data_after_the_handshake_are_followed():
    handshake, server, sent = odd()
    out = handshake.receive(in_records(server.hello(sent)) + server.seal(server.flight()))
    finish(handshake, server, out)
    data = server.seal(b"data", kind=23) + server.seal(message(24, b"\1"))
    server.write = server.write.updated()
    ticket = (
        (3600).to_bytes(4, "big") + bytes(4) + vector(1, b"n") + vector(2, b"T") + vector(2, b"")
    )
    data += server.seal(message(4, ticket))
    answer = handshake.receive(data)
    [update] = opened(server.next_read, answer)
    assert update == (22, message(24, b"\0"))
    assert [ticket.ticket for ticket in handshake.result.tickets] == [b"T"]
    read = server.next_read.updated()
    assert opened(read, handshake.close()) == [(21, b"\1\0")]


def test_application_data_goes_both_ways_and_little_of_it_is_kept():
    handshake, server = completed(context_13(), Offer13(), asks_close=False)
    server.answer(handshake.say(b"GET /"))
    assert server.read == b"GET /"
    server.tls.write(b"answer" * 3000)
    handshake.receive(server.answer(b""))
    assert handshake.heard == (b"answer" * 3000)[:4096]


def test_only_so_many_tickets_are_kept():
    handshake, server, sent = odd()
    out = handshake.receive(in_records(server.hello(sent)) + server.seal(server.flight()))
    finish(handshake, server, out)
    ticket = message(4, bytes(8) + vector(1, b"") + vector(2, b"T") + vector(2, b""))
    for _ in range(40):
        handshake.receive(server.seal(ticket))
    assert len(handshake.result.tickets) == 32


def test_a_bad_signature_is_a_value():
    handshake, server, sent = odd()
    data = in_records(server.hello(sent))
    flight = server.add(8, vector(2, b"")) + server.certificate()
    flight += server.certificate_verify(spoilt=b"!") + server.finished()
    handshake.receive(data + server.seal(flight))
    assert handshake.result.is_signature_good is False
    assert handshake.result.is_finished


def test_an_encrypted_alert_is_a_value_and_what_came_before_stays():
    handshake, server, sent = odd()
    data = in_records(server.hello(sent))
    data += server.seal(server.add(8, vector(2, b"")) + server.certificate())
    handshake.receive(data + server.seal(b"\2\x50", kind=21))
    assert handshake.is_over
    assert handshake.result.alert == Alert(2, 80)
    assert handshake.result.certificates == LEAF.chain
    assert not handshake.result.is_finished


def test_an_end_in_the_middle_is_a_value():
    handshake, server, sent = odd()
    data = in_records(server.hello(sent)) + server.seal(server.flight())
    for end in range(0, len(data), 17):
        again = Handshake13(Offer13())
        again.start()
        again._shares, again._transcript = handshake._shares, handshake._transcript
        again.receive(data[:end])
        result = again.end(is_reset=True)
        assert result.broken_off.kind in ("cut off", "reset")
        assert not result.is_finished


def test_silence_is_told_by_the_caller():
    handshake, _, _ = odd()
    handshake.stop(NoAnswer("silent", "no answer within 5 s"))
    assert handshake.is_over
    assert handshake.result.broken_off.kind == "silent"
    assert handshake.receive(CCS) == b""


def test_what_cannot_be_completed_is_a_value():
    """A suite and a group that the hello offers and no code here completes."""
    handshake, server, sent = odd(Offer13(suites=(0x1301, 0x00C6)))
    server.hello(sent)
    server.suite = 0x00C6  # TLS_SM4_GCM_SM3
    hello = server._hello(
        b"\x5a" * 32, extension(43, b"\3\4") + extension(51, b"\0\x1d" + vector(2, bytes(32)))
    )
    handshake.receive(in_records(hello))
    assert handshake.result.broken_off.kind == "unsupported"
    assert handshake.result.suite == 0x00C6
    handshake, server, sent = odd(Offer13(groups=(X25519, 0x6399), shares=()))
    handshake.receive(server.retry(sent, 0x6399))
    assert handshake.result.broken_off.kind == "unsupported"
    assert (handshake.result.group, handshake.result.was_retried) == (0x6399, True)


def test_a_server_of_tls_1_2_is_a_value():
    hello = message(2, b"\3\3" + bytes(32) + b"\0" + b"\xc0\x2f\0")
    handshake, _, _ = odd()
    handshake.receive(in_records(hello))
    assert handshake.result.broken_off == NoAnswer("unsupported", "answered with TLSv1.2")
    assert handshake.result.hello.suite == 0xC02F


@pytest.mark.parametrize(
    ("data", "kind"), [(b"HTTP/1.1 400 Bad Request", "http"), (b"SSH-2.0-x", "text")]
)
def test_another_protocol_is_a_value(data, kind):
    for cut in (1, 100):
        handshake, _, _ = odd()
        for start in range(0, len(data), cut):
            handshake.receive(data[start : start + cut])
        assert isinstance(handshake.result.broken_off, NotTls)
        assert handshake.result.broken_off.kind == kind
    handshake, _, _ = odd()
    handshake.receive(data[:3])
    assert handshake.end().broken_off.is_plain_text


def test_a_warning_is_tolerated_and_told_at_the_end():
    handshake, server, sent = odd()
    warning = b"\x15\3\3\0\2\1\x70"
    handshake.receive(warning)
    assert not handshake.is_over
    assert handshake.end().broken_off == Alert(1, 112)
    handshake, server, sent = odd()
    handshake.receive(warning + in_records(server.hello(sent)) + server.seal(server.flight()))
    assert handshake.result.is_finished


def broken(name, server, sent):
    """A server's bytes that break one rule, and the words that say which."""
    if name == "second retry":
        return server.retry(sent, 0x17) + server.retry(sent, 0x18), "second HelloRetryRequest"
    if name == "retry for a group that has a share":
        return server.retry(sent, X25519), "a retry for x25519"
    if name == "retry for a group that was not offered":
        return server.retry(sent, 0x1A), "a retry for brainpoolP256r1"
    hello = in_records(server.hello(sent))
    if name == "suite that was not offered":
        server.suite = 0x1305
        return in_records(server._hello(bytes(32), extension(43, b"\3\4"))), "was not offered"
    if name == "PSK that was not offered":
        server.transcript = b""
        return in_records(server.hello(sent, extension(41, b"\0\0"))), "a PSK that was not offered"
    if name == "no share":
        return in_records(server._hello(bytes(32), extension(43, b"\3\4"))), "key share"
    if name == "message behind ServerHello":
        return in_records(server.hello(sent) + b"\x08"), "before a change of keys"
    if name == "record in clear":
        return hello + in_records(message(8, b"\0\0")), "in clear"
    if name == "another key":
        spoilt = bytearray(server.seal(server.flight()))
        spoilt[-1] ^= 1
        return hello + bytes(spoilt), "cannot be decrypted"
    if name == "padding alone":
        return hello + server.seal(b"", kind=0, padding=5), "padding alone"
    if name == "ChangeCipherSpec of two bytes":
        return b"\x14\3\3\0\2\1\1", "ChangeCipherSpec out of place"
    if name == "data too early":
        return hello + server.seal(b"data", kind=23), "a record of type 23"
    if name == "data in clear":
        return b"\x17\3\3\0\1x", "a record of type 23"
    if name == "record inside a message":
        return hello + server.seal(b"\x08\0") + server.seal(b"\2\x28", kind=21), "inside a"
    if name == "Finished too early":
        flight = server.add(8, b"\0\0") + server.finished()
        return hello + server.seal(flight), "message 20 out of turn"
    if name == "no certificate":
        return hello + server.seal(server.add(8, b"\0\0") + message(11, bytes(4))), "without a cert"
    if name == "early data":
        return hello + server.seal(message(8, vector(2, extension(42, b"")))), "early data"
    if name == "wrong Finished":
        flight = server.add(8, b"\0\0") + server.certificate() + server.certificate_verify()
        return hello + server.seal(flight + message(20, bytes(32))), "does not verify"
    if name == "message behind Finished":
        return hello + server.seal(server.flight() + b"\4"), "before a change of keys"
    if name == "record too long":
        return hello + server.seal(message(8, b"\0\0"), padding=2**14), "bytes in a record"
    if name == "ChangeCipherSpec after Finished":
        return hello + server.seal(server.flight()) + CCS, "ChangeCipherSpec out of place"
    if name == "endless message":
        return in_records(b"\x02\xff\xff\xff"), "a handshake message of"
    return b"\x17\3\3\0\0" * 300000, "a record of type 23|more than"


BREAKS = """\
second retry
retry for a group that has a share
retry for a group that was not offered
suite that was not offered
PSK that was not offered
no share
message behind ServerHello
record in clear
another key
padding alone
ChangeCipherSpec of two bytes
data too early
data in clear
record inside a message
Finished too early
no certificate
early data
wrong Finished
message behind Finished
record too long
ChangeCipherSpec after Finished
endless message""".splitlines()


@pytest.mark.parametrize("name", BREAKS)
def test_what_breaks_the_rfc_says_so(name):
    handshake, server, sent = odd(Offer13(suites=(0x1301,)))
    data, words = broken(name, server, sent)
    with pytest.raises(WireError, match=words):
        handshake.receive(data)
    assert handshake.is_over
    assert handshake.result.broken_off.kind == "garbage"
    assert handshake.receive(data) == b""


@pytest.mark.parametrize(("size", "limit"), [(1, "16384 records"), (16000, "1048576 bytes")])
def test_a_flood_is_given_up(size, limit):
    handshake, server, sent = odd()
    out = handshake.receive(in_records(server.hello(sent)) + server.seal(server.flight()))
    finish(handshake, server, out)
    with pytest.raises(WireError, match=f"more than {limit}"):
        for _ in range(17000):
            handshake.receive(server.seal(bytes(size), kind=23))


@given(st.binary(max_size=200))
def test_any_bytes_are_a_message_or_a_wire_error(data):
    parsers = (
        parse_certificate_verify,
        parse_encrypted_extensions,
        parse_key_update,
        lambda body: parse_ticket_13(body, 0x1301, bytes(32)),
    )
    for parse in parsers:
        try:
            parse(data)
        except WireError as error:
            assert "RFC" in str(error)


MESSAGES = [
    (parse_certificate_verify, bytes.fromhex("0403 0003 aabbcc")),
    (
        lambda body: parse_ticket_13(body, 0x1301, bytes(32)),
        bytes.fromhex("00000e10 00000001 01aa 0002bbbb 0008 002a 0004 00000400"),
    ),
    (parse_key_update, b"\1"),
]


@pytest.mark.parametrize(("parse", "body"), MESSAGES)
def test_a_message_cut_anywhere_is_an_error(parse, body):
    parse(body)
    for end in range(len(body)):
        with pytest.raises(WireError):
            parse(body[:end])
    with pytest.raises(WireError):
        parse(body + b"\0")


def test_encrypted_extensions_are_read():
    block = extension(16, vector(2, vector(1, b"h2"))) + extension(10, vector(2, b"\0\x1d\0\x17"))
    found = parse_encrypted_extensions(vector(2, block))
    assert (found.alpn, found.groups, found.is_early_data_accepted) == ("h2", (0x1D, 0x17), False)
    for end in range(2 + len(block)):
        with pytest.raises(WireError):
            parse_encrypted_extensions(vector(2, block)[:end])
    with pytest.raises(WireError, match="2 protocols"):
        parse_encrypted_extensions(
            vector(2, extension(16, vector(2, vector(1, b"h2") + vector(1, b"h3"))))
        )


@settings(max_examples=50)
@given(st.lists(st.binary(max_size=80), max_size=5), st.booleans(), st.sampled_from([21, 22, 23]))
def test_any_bytes_in_clear_or_encrypted_are_a_value_or_a_wire_error(pieces, is_encrypted, kind):
    handshake, server, sent = odd()
    try:
        if is_encrypted:
            handshake.receive(in_records(server.hello(sent)))
            pieces = [server.seal(piece, kind=kind) for piece in pieces]
        for piece in pieces:
            handshake.receive(piece)
    except WireError:
        assert handshake.result.broken_off.kind == "garbage"
    assert handshake.end().broken_off is not None


@settings(max_examples=50)
@given(st.data())
def test_a_changed_byte_gives_a_value_or_a_wire_error(data):
    handshake = handshake_of_the_trace()
    changed = bytearray(rfc8448.SERVER_HELLO + rfc8448.FLIGHT)
    at = data.draw(st.integers(0, len(changed) - 1))
    value = data.draw(st.integers(0, 255))
    is_same = changed[at] == value
    changed[at] = value
    try:
        handshake.receive(bytes(changed))
    except WireError:
        assert not is_same
    # A byte of a record's version or of the hello's session id can be any.
    result = handshake.end()
    assert result.is_finished or result.broken_off
