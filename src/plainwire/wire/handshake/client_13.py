"""A client's handshake of TLS 1.3 (RFC 8446, section 4), for what only a handshake shows.

    handshake = Handshake13(Offer13(server_name="api.example.com"))
    send(handshake.start())
    while not handshake.is_over and (data := receive()):
        send(handshake.receive(data))
        if handshake.result.is_finished: send(handshake.close())
    handshake.end()
    handshake.result

`close` makes a server send what it has for us (tickets, an alert about the missing certificate)
and close, so that nobody has to guess how long to wait. What the peer does is a value in
`result`, which is readable at any time; only what breaks the RFC raises, and is in it too.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import replace

from plainwire.model import WireError
from plainwire.policy.suites import groups, suite_name
from plainwire.policy.versions import Version, version_name
from plainwire.wire import extensions as ext
from plainwire.wire.answer import NoAnswer
from plainwire.wire.certificate_messages import parse_certificate_request_13, parse_certificates_13
from plainwire.wire.handshake.connection import CHANGE_CIPHER_SPEC, Connection
from plainwire.wire.handshake.groups import KeyShare, Random, can_complete, generate
from plainwire.wire.handshake.messages_13 import (
    SIGNED_BY_SERVER,
    parse_certificate_verify,
    parse_encrypted_extensions,
    parse_key_update,
    parse_ticket_13,
)
from plainwire.wire.handshake.offer_13 import Offer13, hello_message, message_hash
from plainwire.wire.handshake.protection_13 import SUITES, Protection13
from plainwire.wire.handshake.result_13 import Result13
from plainwire.wire.handshake.signatures import is_signed
from plainwire.wire.hello import ServerHello, parse_server_hello
from plainwire.wire.presentation import Cursor, vector
from plainwire.wire.records import ContentType, Handshake, HandshakeType, Record

# More than any server sends; the others are left unread.
MAX_TICKETS = 32
Handler = Callable[[Handshake, bytes], None]


class Handshake13(Connection[Result13]):
    """One connection. ``random`` gives as many random bytes as it is asked for."""

    def __init__(self, offer: Offer13, random: Random = secrets.token_bytes) -> None:
        super().__init__(Result13())
        self._offer, self._random = offer, random
        self._randoms = (random(32), random(32))
        self._shares: dict[int, KeyShare] = {}
        self._transcript = b""
        self._has_changed_cipher_spec = False
        self._read: Protection13 | None = None
        self._write: Protection13 | None = None
        self._early: Protection13 | None = None
        self._awaited: dict[int, Handler] = {HandshakeType.SERVER_HELLO: self._on_server_hello}

    def start(self) -> bytes:
        """The ClientHello on the wire."""
        self._shares = {group: generate(group, self._random) for group in self._offer.shares}
        self._transcript = self._hello()
        # RFC 8446, 5.1: the first record says TLS 1.0, for compatibility.
        self._send_in_clear(ContentType.HANDSHAKE, self._transcript, Version.TLS_1_0)
        if self._offer.offers_early_data and (ticket := self._offer.ticket):
            algorithm = SUITES[ticket.suite][0]
            early_secret = algorithm.early_secret(ticket.psk)
            secret = algorithm.derive(early_secret, "c e traffic", self._transcript)
            self._early = Protection13(ticket.suite, secret)
            self._change_cipher_spec()
        return self._flush()

    def _take_record(self, record: Record) -> None:
        match record:
            case Record(type=ContentType.CHANGE_CIPHER_SPEC):
                # RFC 8446, 5: dropped, until the peer's Finished.
                if record.fragment != b"\1" or self.result.is_finished:
                    raise WireError("RFC 8446, section 5: a ChangeCipherSpec out of place")
            case Record(type=ContentType.APPLICATION_DATA) if self._read:
                kind, content = self._read.open(record)
                self._take_content(kind, content)
            case Record(type=ContentType.HANDSHAKE) if self._read:
                raise WireError("RFC 8446, section 5.2: a handshake record in clear")
            case Record():
                self._take_content(record.type, record.fragment)

    def _take_message(self, message: Handshake) -> None:
        handler = self._awaited.get(message.type)
        if handler is None:
            raise WireError(f"RFC 8446, section 4: message {message.type} out of turn")
        before = self._transcript
        if not self.result.is_finished:
            self._transcript += message.to_bytes()
        handler(message, before)

    def _hello(self, before: bytes = b"", cookie: bytes | None = None) -> bytes:
        shares = {group: share.public for group, share in self._shares.items()}
        is_retry = bool(before)
        return hello_message(
            self._offer, self._randoms, shares, before=before, cookie=cookie, is_retry=is_retry
        )

    def _send(self, kind: ContentType, content: bytes) -> None:
        if self._write:
            self._out += self._write.seal(kind, content)
        else:
            self._send_in_clear(kind, content, Version.TLS_1_2)

    def _send_message(self, kind: int, body: bytes) -> None:
        message = Handshake(kind, body).to_bytes()
        self._transcript += message
        self._send(ContentType.HANDSHAKE, message)

    def _change_cipher_spec(self) -> None:
        """Once, for the sake of middleboxes (RFC 8446, D.4)."""
        if not self._has_changed_cipher_spec:
            self._out += CHANGE_CIPHER_SPEC.to_bytes()
            self._has_changed_cipher_spec = True

    def _on_server_hello(self, message: Handshake, before: bytes) -> None:
        hello, first = parse_server_hello(message.body), self.result.hello
        self._learn(hello=hello, suite=hello.suite)
        if hello.version != Version.TLS_1_3:
            self.stop(NoAnswer("unsupported", f"answered with {version_name(hello.version)}"))
            return
        if hello.suite not in self._offer.suites or (first and first.suite != hello.suite):
            raise WireError(f"RFC 8446, section 4.1.3: {suite_name(hello.suite)} was not offered")
        self._check_boundary()
        if hello.suite not in SUITES:
            self.stop(NoAnswer("unsupported", f"{suite_name(hello.suite)} is not understood"))
        elif hello.is_retry_request:
            self._retry(hello, message, before)
        else:
            self._agree(hello)

    def _retry(self, hello: ServerHello, message: Handshake, first_hello: bytes) -> None:
        group = hello.selected_group
        if self.result.was_retried:
            raise WireError("RFC 8446, section 4.1.4: a second HelloRetryRequest")
        self._learn(was_retried=True, group=group)
        if group is not None:
            if group not in self._offer.groups or group in self._shares:
                raise WireError(f"RFC 8446, section 4.2.8: a retry for {_group_name(group)}")
            if not can_complete(group):
                self.stop(NoAnswer("unsupported", f"{_group_name(group)} is not understood"))
                return
            self._shares = {group: generate(group, self._random)}
        algorithm = SUITES[hello.suite][0]
        ticket = self._offer.ticket
        if ticket and SUITES[ticket.suite][0] is not algorithm:
            self._offer = replace(self._offer, ticket=None)  # RFC 8446, 4.1.4
        self._early = None
        self._transcript = message_hash(algorithm, first_hello) + message.to_bytes()
        again = self._hello(self._transcript, hello.extensions.get(ext.COOKIE))
        self._change_cipher_spec()
        self._send_in_clear(ContentType.HANDSHAKE, again, Version.TLS_1_2)
        self._transcript += again

    def _agree(self, hello: ServerHello) -> None:
        """Both sides have a share now: from here on the handshake is encrypted."""
        group, ticket = hello.selected_group, self._offer.ticket
        is_resumed = ext.PRE_SHARED_KEY in hello.extensions
        if group is None or group not in self._shares:
            raise WireError("RFC 8446, section 4.2.8: a key share that was not asked for")
        self._suite, algorithm = hello.suite, SUITES[hello.suite][0]
        self._algorithm = algorithm
        psk = b""
        if is_resumed:
            if not ticket or SUITES[ticket.suite][0] is not algorithm:
                raise WireError("RFC 8446, section 4.2.11: a PSK that was not offered")
            psk = ticket.psk
        self._learn(group=group, is_resumed=is_resumed)
        share = Cursor(hello.extensions[ext.KEY_SHARE][2:], "RFC 8446, section 4.2.8").vector(2)
        shared = self._shares[group].secret(share)
        self._secret = algorithm.handshake_secret(algorithm.early_secret(psk), shared)
        self._server_secret = algorithm.derive(self._secret, "s hs traffic", self._transcript)
        self._client_secret = algorithm.derive(self._secret, "c hs traffic", self._transcript)
        self._read = Protection13(self._suite, self._server_secret)
        self._awaited = {HandshakeType.ENCRYPTED_EXTENSIONS: self._on_encrypted_extensions}

    def _on_encrypted_extensions(self, message: Handshake, before: bytes) -> None:
        found = parse_encrypted_extensions(message.body)
        if found.is_early_data_accepted and not (self._early and self.result.is_resumed):
            raise WireError("RFC 8446, section 4.2.10: early data that was not offered")
        self._learn(encrypted_extensions=found)
        if self.result.is_resumed:
            self._awaited = {HandshakeType.FINISHED: self._on_finished}
        else:
            self._awaited = {
                HandshakeType.CERTIFICATE_REQUEST: self._on_certificate_request,
                HandshakeType.CERTIFICATE: self._on_certificate,
            }

    def _on_certificate_request(self, message: Handshake, before: bytes) -> None:
        self._learn(certificate_request=parse_certificate_request_13(message.body))
        self._awaited = {HandshakeType.CERTIFICATE: self._on_certificate}

    def _on_certificate(self, message: Handshake, before: bytes) -> None:
        self._learn(entries=parse_certificates_13(message.body))
        if not self.result.entries:
            raise WireError("RFC 8446, section 4.4.2.4: a server without a certificate")
        self._awaited = {HandshakeType.CERTIFICATE_VERIFY: self._on_certificate_verify}

    def _on_certificate_verify(self, message: Handshake, before: bytes) -> None:
        scheme, signature = parse_certificate_verify(message.body)
        content = SIGNED_BY_SERVER + self._algorithm.digest(before)
        leaf = (self.result.certificates or (b"",))[0]
        is_good = is_signed(leaf, scheme, signature, content)
        self._learn(scheme=scheme, is_signature_good=is_good)
        self._awaited = {HandshakeType.FINISHED: self._on_finished}

    def _on_finished(self, message: Handshake, before: bytes) -> None:
        self._check_boundary()
        if message.body != self._algorithm.finished(self._server_secret, before):
            raise WireError("RFC 8446, section 4.4.4: a Finished that does not verify")
        master = self._algorithm.master_secret(self._secret)
        server_secret = self._algorithm.derive(master, "s ap traffic", self._transcript)
        client_secret = self._algorithm.derive(master, "c ap traffic", self._transcript)
        self._send_last_flight()
        self._resumption_secret = self._algorithm.derive(master, "res master", self._transcript)
        self._read = Protection13(self._suite, server_secret)
        self._write = Protection13(self._suite, client_secret)
        self._learn(is_finished=True)
        self._awaited = {
            HandshakeType.NEW_SESSION_TICKET: self._on_ticket,
            HandshakeType.KEY_UPDATE: self._on_key_update,
        }

    def _send_last_flight(self) -> None:
        self._change_cipher_spec()
        if self._early and self.result.is_early_data_accepted:
            self._write = self._early
            self._send_message(HandshakeType.END_OF_EARLY_DATA, b"")
        self._write = Protection13(self._suite, self._client_secret)
        if request := self.result.certificate_request:
            self._send_message(
                HandshakeType.CERTIFICATE, vector(1, request.context) + vector(3, b"")
            )
        verify_data = self._algorithm.finished(self._client_secret, self._transcript)
        self._send_message(HandshakeType.FINISHED, verify_data)

    def _on_ticket(self, message: Handshake, before: bytes) -> None:
        if len(self.result.tickets) < MAX_TICKETS:
            ticket = parse_ticket_13(message.body, self._suite, self._resumption_secret)
            self._learn(tickets=(*self.result.tickets, ticket))

    def _on_key_update(self, message: Handshake, before: bytes) -> None:
        self._check_boundary()
        assert self._read and self._write
        self._read = self._read.updated()
        if parse_key_update(message.body):
            self._send(ContentType.HANDSHAKE, Handshake(HandshakeType.KEY_UPDATE, b"\0").to_bytes())
            self._write = self._write.updated()


def _group_name(group: int) -> str:
    return groups().get(group, f"group 0x{group:04x}")
