"""A client's handshake of SSLv3 and TLS 1.0 to 1.2 (RFC 5246, section 7.3), for what only it shows.

    handshake = Handshake12(Offer12(server_name="api.example.com"))
    send(handshake.start())
    while not handshake.is_over and (data := receive()):
        send(handshake.receive(data))
        if handshake.result.is_finished: send(handshake.close())
    handshake.end()
    handshake.result

Its session (by id or ticket, RFC 5077) can be resumed by another handshake. A finished one can be
asked to `renegotiate` once (RFC 5746). What the peer does is a value in `result`; only what
breaks the RFC raises, and is in it too.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import replace

from cryptography.exceptions import UnsupportedAlgorithm

from plainwire.model import WireError
from plainwire.policy.suites import suite_name
from plainwire.policy.versions import Version, version_name
from plainwire.wire import extensions as ext
from plainwire.wire.alerts import Alert
from plainwire.wire.answer import NoAnswer
from plainwire.wire.flight import Flight
from plainwire.wire.handshake.ciphers_12 import cipher_12
from plainwire.wire.handshake.connection import CHANGE_CIPHER_SPEC, Connection
from plainwire.wire.handshake.groups import Random
from plainwire.wire.handshake.key_agreement import agree
from plainwire.wire.handshake.offer_12 import Offer12, Session12, hello_12
from plainwire.wire.handshake.protection_12 import Protection12, protections, sizes
from plainwire.wire.handshake.result_12 import Result12
from plainwire.wire.handshake.secrets_12 import Secrets12
from plainwire.wire.handshake.signatures import is_signed
from plainwire.wire.hello import parse_server_hello
from plainwire.wire.not_tls import NotTls
from plainwire.wire.presentation import Cursor, vector
from plainwire.wire.records import ContentType, Handshake, HandshakeType, Record

NO_CERTIFICATE, NO_RENEGOTIATION = 41, 100
FLIGHT = frozenset((11, 12, 13, 14, 22))
Handler = Callable[[Handshake, bytes], None]


class Handshake12(Connection[Result12]):
    """One connection. ``random`` gives as many random bytes as it is asked for."""

    def __init__(self, offer: Offer12, random: Random = secrets.token_bytes) -> None:
        super().__init__(Result12())
        self._offer, self._random = offer, random
        self._version: int = offer.version
        self._read: Protection12 | None = None
        self._write: Protection12 | None = None
        self._proofs: tuple[bytes, bytes] | None = None
        self._is_again = False
        self._begin()

    def _begin(self) -> None:
        self._randoms = (self._random(32), self._random(32))
        self._transcript = b""
        self._next: tuple[Protection12, Protection12] | None = None
        self._is_changed = self._has_sent_finished = self._may_resume = False
        self._ticket: tuple[bytes, int] | None = None
        self._awaited: dict[int, Handler] = {HandshakeType.SERVER_HELLO: self._on_server_hello}

    def start(self) -> bytes:
        """The ClientHello on the wire."""
        self._transcript = hello_12(self._offer, self._randoms, None).to_handshake()
        version = min(self._version, Version.TLS_1_0)
        self._send_in_clear(ContentType.HANDSHAKE, self._transcript, version)
        return self._flush()

    @property
    def is_renegotiating(self) -> bool:
        """Whether `renegotiate` was called, however it ended."""
        return self._is_again

    def renegotiate(self) -> bytes:
        """A second ClientHello under the first one's keys; `result` says what becomes of it.

        Raises:
            ValueError: if the handshake is not finished, or over.
        """
        if not self.result.is_finished or self.is_over or self._is_again:
            raise ValueError("there is nothing to renegotiate")
        self._is_again = True
        self._offer = replace(self._offer, session=None)
        self._begin()
        is_secure = ext.RENEGOTIATION_INFO in self._flight.hello.extensions
        proof = self._proofs[0] if self._proofs and is_secure else b""
        self._transcript = hello_12(self._offer, self._randoms, proof).to_handshake()
        self._send(ContentType.HANDSHAKE, self._transcript)
        return self._flush()

    def stop(self, reason: Alert | NotTls | NoAnswer) -> None:
        """End it here; after the start of a renegotiation an alert or an end is its refusal."""
        if self._is_again and self.result.is_renegotiated is None:
            is_end = isinstance(reason, NoAnswer) and reason.kind in ("closed", "reset")
            if isinstance(reason, Alert) or is_end:
                self._learn(is_renegotiated=False)
        super().stop(reason)

    @property
    def _is_awaiting(self) -> bool:
        is_open = self._is_again and self.result.is_renegotiated is None
        return not self.result.is_finished or is_open

    @property
    def _flight(self) -> Flight:
        assert self.result.flight
        return self.result.flight

    def _take_record(self, record: Record) -> None:
        content = self._opened(record)
        if record.type is ContentType.CHANGE_CIPHER_SPEC:
            self._on_change(content)
        else:
            self._take_content(record.type, content)

    def _opened(self, record: Record) -> bytes:
        try:
            return self._read.open(record) if self._read else record.fragment
        except WireError:
            if record.type is ContentType.ALERT and self._is_again and self._is_awaiting:
                # h2o's answer to a renegotiation, which no client can decrypt: still an alert.
                self._learn(is_renegotiated=False)
            raise

    def _take_alert(self, alert: Alert) -> None:
        if self._is_again and alert.description == NO_RENEGOTIATION and not alert.is_fatal:
            self.stop(alert)
        else:
            super()._take_alert(alert)

    def _take_message(self, message: Handshake) -> None:
        if message.type == HandshakeType.HELLO_REQUEST:
            return  # RFC 5246, 7.4.1.1: may be ignored, and is part of no transcript
        handler = self._awaited.get(message.type)
        if handler is None:
            raise WireError(f"RFC 5246, section 7.3: message {message.type} out of turn")
        before, self._transcript = self._transcript, self._transcript + message.to_bytes()
        handler(message, before)

    def _send(self, kind: ContentType, content: bytes) -> None:
        if self._write:
            self._out += self._write.seal(kind, content)
        else:
            self._send_in_clear(kind, content, self._version)

    def _send_message(self, kind: int, body: bytes) -> None:
        message = Handshake(kind, body).to_bytes()
        self._transcript += message
        self._send(ContentType.HANDSHAKE, message)

    def _send_finished(self) -> None:
        assert self._next
        self._send(ContentType.CHANGE_CIPHER_SPEC, CHANGE_CIPHER_SPEC.fragment)
        self._write = self._next[0]
        self._client_proof = self._secrets.verify_data(self._master, "client", self._transcript)
        self._send_message(HandshakeType.FINISHED, self._client_proof)
        self._has_sent_finished = True

    def _on_server_hello(self, message: Handshake, before: bytes) -> None:
        hello = parse_server_hello(message.body)
        if not self._is_again:
            self._learn(flight=Flight(hello))
        if hello.version != self._offer.version:
            self.stop(NoAnswer("unsupported", f"answered with {version_name(hello.version)}"))
            return
        if hello.suite not in self._offer.offered_suites:
            raise WireError(f"RFC 5246, section 7.4.1.3: {suite_name(hello.suite)} was not offered")
        cipher = cipher_12(hello.suite)
        if cipher is None:
            self.stop(NoAnswer("unsupported", f"{suite_name(hello.suite)} is not understood"))
            return
        if hello.compression:
            self.stop(NoAnswer("unsupported", "compression is not understood"))
            return
        self._hello, self._cipher = hello, cipher
        self._secrets = Secrets12(hello.version, cipher.prf)
        self._now = Flight(hello)
        self._awaited = dict.fromkeys(FLIGHT, self._on_flight)
        self._may_resume = self._offer.session is not None
        if self._may_resume:
            self._awaited[HandshakeType.NEW_SESSION_TICKET] = self._on_ticket

    def _on_flight(self, message: Handshake, before: bytes) -> None:
        self._awaited.pop(HandshakeType.NEW_SESSION_TICKET, None)
        self._may_resume = False
        self._now = self._now.extended(message)
        if not self._is_again:
            self._learn(flight=self._now, is_resumed=False if self._offer.session else None)
        if self._now.is_done:
            self._answer_flight()

    def _answer_flight(self) -> None:
        self._check_boundary()
        flight = self._now
        agreed = agree(flight, self._offer.version, self._random)
        if agreed is None:
            name = suite_name(flight.hello.suite)
            self.stop(NoAnswer("unsupported", f"the key exchange of {name} is not understood"))
            return
        if not self._is_again:
            self._learn(is_signature_good=self._is_signature_good(flight))
        body, premaster = agreed
        if flight.certificate_request:
            if flight.hello.version == Version.SSL_3_0:
                self._send(ContentType.ALERT, bytes([1, NO_CERTIFICATE]))  # RFC 6101, 5.6.6
            else:
                self._send_message(HandshakeType.CERTIFICATE, vector(3, b""))
        self._send_message(HandshakeType.CLIENT_KEY_EXCHANGE, body)
        random, server_random = self._randoms[0], flight.hello.random
        if ext.EXTENDED_MASTER_SECRET in flight.hello.extensions:
            self._master = self._secrets.extended_master(premaster, self._transcript)
        else:
            self._master = self._secrets.master(premaster, random, server_random)
        if self._make_keys():
            self._send_finished()
            self._awaited = {HandshakeType.NEW_SESSION_TICKET: self._on_ticket}

    def _is_signature_good(self, flight: Flight) -> bool | None:
        exchange, leaf = flight.key_exchange, (flight.certificates or (b"",))[0]
        if exchange is None or not exchange.signature:
            return None
        content = self._randoms[0] + flight.hello.random + exchange.signed
        return is_signed(leaf, exchange.scheme, exchange.signature, content)

    def _make_keys(self) -> bool:
        size = 2 * sum(sizes(self._cipher))
        hello = self._hello
        block = self._secrets.key_block(self._master, self._randoms[0], hello.random, size)
        is_etm = ext.ENCRYPT_THEN_MAC in hello.extensions
        try:
            self._next = protections(
                self._cipher, hello.version, block, self._random, is_etm=is_etm
            )
        except UnsupportedAlgorithm:
            name = suite_name(hello.suite)
            self.stop(NoAnswer("unsupported", f"the cipher of {name} is not in cryptography"))
            return False
        return True

    def _on_ticket(self, message: Handshake, before: bytes) -> None:
        cursor = Cursor(message.body, "RFC 5077, section 3.3, NewSessionTicket")
        lifetime_s, ticket = cursor.number(4), cursor.vector(2)
        cursor.end()
        self._ticket = ticket, lifetime_s
        self._awaited.clear()

    def _on_change(self, content: bytes) -> None:
        may_change = self._has_sent_finished or self._may_resume
        if content != b"\1" or self._is_changed or not may_change:
            raise WireError("RFC 5246, section 7.1: a ChangeCipherSpec out of place")
        self._check_boundary()
        if self._next is None:
            self._resume()
        if self._next:
            self._is_changed, self._read = True, self._next[1]
            self._awaited = {HandshakeType.FINISHED: self._on_finished}

    def _resume(self) -> None:
        session = self._offer.session
        assert session
        self._learn(is_resumed=True)
        if session.suite != self._hello.suite:
            raise WireError("RFC 5246, section 7.4.1.3: resumed with another suite")
        self._master = session.master
        self._make_keys()

    def _on_finished(self, message: Handshake, before: bytes) -> None:
        self._check_boundary()
        proof = self._secrets.verify_data(self._master, "server", before)
        if message.body != proof:
            raise WireError("RFC 5246, section 7.4.9: a Finished that does not verify")
        if not self._has_sent_finished:
            self._send_finished()
        self._proofs = (self._client_proof, proof)
        self._awaited = {}
        if self._is_again:
            self._learn(is_renegotiated=True)
        else:
            self._learn(is_finished=True, session=self._session())

    def _session(self) -> Session12:
        ticket, lifetime_s = self._ticket or (None, None)
        hello, old = self._hello, self._offer.session
        if ticket is None and old is not None and self.result.is_resumed:
            ticket, lifetime_s = old.ticket, old.lifetime_hint_s
        is_extended = ext.EXTENDED_MASTER_SECRET in hello.extensions
        return Session12(
            hello.version,
            hello.suite,
            self._master,
            hello.session_id,
            ticket or None,
            lifetime_s,
            is_extended,
        )
