"""The dialogues before TLS: whole, in pieces, cut, with any bytes, and with too many."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainwire.model import WireError
from plainwire.wire.starttls import PROTOCOLS, Dialogue, RefusedError
from plainwire.wire.starttls.dialogue import MAX_BYTES, MAX_REPLY

# What the server says after each of our lines, from the RFCs' own examples and real servers.
SSL_FLAG = 0x0800
MYSQL = (
    (
        b"\x0a8.0.36\x00"
        + b"\x01\x00\x00\x00"
        + b"12345678"
        + b"\x00"
        + (0xFFFF).to_bytes(2, "little")
    )
    + b"\x2d\x02\x00\xff\xdf\x15"
    + bytes(10)
    + b"123456789012\x00caching_sha2_password\x00"
)
MYSQL_GREETING = len(MYSQL).to_bytes(3, "little") + b"\x00" + MYSQL
XMPP_FEATURES = (
    b"<?xml version='1.0'?><stream:stream from='localhost' id='x' version='1.0' "
    b"xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>"
    b"<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls>"
    b"</stream:features>"
)
# RFC 4511, 4.14.2: ExtendedResponse, success, with and without its name.
LDAP_OK = bytes.fromhex("300c02010178070a010004000400")
LDAP_NAMED = bytes.fromhex("3024020101781f0a01000400 0400 8a16".replace(" ", "")) + (
    b"1.3.6.1.4.1.1466.20037"
)
TALKS = {
    "smtp": [
        (b"", b"220-mail.example.org ESMTP\r\n220 ready\r\n"),
        (
            b"EHLO plainwire.invalid\r\n",
            b"250-mail.example.org hello\r\n250-SIZE 1000\r\n250 starttls\r\n",
        ),
        (b"STARTTLS\r\n", b"220 go ahead\r\n"),
    ],
    "imap": [
        (b"", b"* OK [CAPABILITY IMAP4rev2 STARTTLS] ready\r\n"),
        (b"a1 STARTTLS\r\n", b"* CAPABILITY IMAP4rev2\r\na1 OK begin\r\n"),
    ],
    "pop3": [(b"", b"+OK ready\r\n"), (b"STLS\r\n", b"+OK Begin TLS\r\n")],
    "ftp": [
        (b"", b"220-Welcome\r\n to 220 words\r\n220 ready\r\n"),
        (b"AUTH TLS\r\n", b"234 AUTH TLS successful\r\n"),
    ],
    "ldap": [(b"\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037", LDAP_OK)],
    "postgres": [(b"\x00\x00\x00\x08\x04\xd2\x16\x2f", b"S")],
    "mysql": [(b"", MYSQL_GREETING)],
    "xmpp": [
        (
            b"<?xml version='1.0'?><stream:stream to='h' version='1.0' xmlns='jabber:client' "
            b"xmlns:stream='http://etherx.jabber.org/streams'>",
            XMPP_FEATURES,
        ),
        (
            b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>",
            b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>",
        ),
    ],
}
LAST = {"mysql": b"\x20\x00\x00\x01\x00\x8a\x00\x00\x00\x00\x00\x01\x2d" + bytes(23)}
REFUSALS = {
    "smtp": [b"220 ready\r\n", b"250-here\r\n250 SIZE 1\r\n"],
    "smtp busy": [b"421 too many connections\r\n"],
    "smtp later": [b"220 ready\r\n", b"250 STARTTLS\r\n", b"454 not now\r\n"],
    "imap": [b"* OK ready\r\n", b"a1 BAD what?\r\n"],
    "imap bye": [b"* BYE\r\n"],
    "imap known": [b"* PREAUTH you are in\r\n"],
    "pop3": [b"+OK\r\n", b"-ERR no\r\n"],
    "ftp": [b"220 hi\r\n", b"530 log in first\r\n"],
    "ldap": [bytes.fromhex("300c02010178070a010204000400")],
    "postgres": [b"N"],
    "postgres old": [b"E"],
    "mysql": [b"\x0f\x00\x00\x00\xff\x69\x04Host blocked"],
    "mysql plain": [MYSQL_GREETING.replace(b"\xff\xff\x2d", b"\xff\xf7\x2d")],
    "xmpp": [b"<stream:stream><stream:features><bind/></stream:features>"],
    "xmpp failure": [XMPP_FEATURES, b"<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"],
}


def talk(name):
    return Dialogue(PROTOCOLS[name.split()[0]].script("h"))


@pytest.mark.parametrize("name", TALKS)
def test_a_dialogue_says_what_its_rfc_says_and_ends_at_the_go_ahead(name):
    dialogue = talk(name)
    said = dialogue.begin()
    for expected, reply in TALKS[name]:
        assert said == expected
        assert not dialogue.is_done
        said = dialogue.feed(reply)
    assert (dialogue.is_done, dialogue.rest) == (True, b"")
    assert said == LAST.get(name, b"")


@pytest.mark.parametrize("name", TALKS)
def test_byte_by_byte_it_is_the_same_and_cut_anywhere_it_is_not_done(name):
    dialogue, said = talk(name), []
    said.append(dialogue.begin())
    for _, reply in TALKS[name]:
        for at in range(len(reply)):
            assert not dialogue.is_done, at
            said.append(dialogue.feed(reply[at : at + 1]))
    assert dialogue.is_done
    assert b"".join(said) == b"".join(ours for ours, _ in TALKS[name]) + LAST.get(name, b"")


@pytest.mark.parametrize("name", REFUSALS)
def test_a_refusal_is_an_answer(name):
    dialogue = talk(name)
    dialogue.begin()
    *before, last = REFUSALS[name]
    for reply in before:
        dialogue.feed(reply)
    with pytest.raises(RefusedError):
        dialogue.feed(last)


@pytest.mark.parametrize("name", TALKS)
def test_what_follows_the_go_ahead_in_clear_is_kept_apart(name):
    dialogue = talk(name)
    dialogue.begin()
    *before, (_, last) = TALKS[name]
    for _, reply in before:
        dialogue.feed(reply)
    dialogue.feed(last + b"250 injected\r\n")
    assert (dialogue.is_done, dialogue.rest) == (True, b"250 injected\r\n")
    dialogue.feed(b"more")
    assert dialogue.rest == b"250 injected\r\nmore"


def test_a_named_answer_of_ldap_is_an_answer():
    dialogue = talk("ldap")
    dialogue.begin()
    dialogue.feed(LDAP_NAMED)
    assert dialogue.is_done


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("smtp", b"HTTP/1.1 400 Bad Request\r\n"),
        ("smtp", b"220-" + b"x" * (MAX_REPLY + 1)),
        ("smtp", b"220-x\r\n" * (MAX_BYTES // 7 + 1)),
        ("imap", b"*" * (MAX_REPLY + 1)),
        ("ldap", b"HTTP/1.1"),
        ("ldap", bytes.fromhex("3084ffffffff")),
        ("ldap", bytes.fromhex("3080")),
        ("ldap", bytes.fromhex("30060201010a0100")),
        ("postgres", b"\x15"),
        ("mysql", b"\xff\xff\xff\x00"),
        ("mysql", b"\x05\x00\x00\x00\x0a8.0\x00"),
        ("mysql", b"HTTP/1.1 400 Bad Request\r\n\r\n" * 9000),
        ("xmpp", b"<" * (MAX_REPLY + 1)),
    ],
)
def test_a_broken_or_endless_peer_is_an_error_that_says_so(name, data):
    dialogue = talk(name)
    dialogue.begin()
    with pytest.raises(WireError) as told:
        dialogue.feed(data)
    assert not isinstance(told.value, RefusedError) or name == "mysql"


@given(st.sampled_from(sorted(TALKS)), st.lists(st.binary(max_size=300), max_size=8))
def test_any_bytes_give_words_or_a_wire_error(name, parts):
    dialogue = talk(name)
    dialogue.begin()
    try:
        for part in parts:
            assert isinstance(dialogue.feed(part), bytes)
    except WireError:
        pass


@given(st.sampled_from(sorted(TALKS)), st.data())
def test_a_go_ahead_with_any_bytes_changed_gives_words_or_a_wire_error(name, data):
    dialogue = talk(name)
    dialogue.begin()
    try:
        for _, reply in TALKS[name]:
            at = data.draw(st.integers(0, len(reply) - 1))
            dialogue.feed(reply[:at] + data.draw(st.binary(max_size=4)) + reply[at + 1 :])
    except WireError:
        pass


def test_redis_has_no_dialogue():
    assert PROTOCOLS["redis"].script is None
    assert {name: one.port for name, one in PROTOCOLS.items()} == {
        "smtp": 25,
        "imap": 143,
        "pop3": 110,
        "ftp": 21,
        "ldap": 389,
        "postgres": 5432,
        "mysql": 3306,
        "xmpp": 5222,
        "redis": 6379,
    }
