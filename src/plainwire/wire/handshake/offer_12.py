"""What a client of TLS 1.2 or older offers, and the ClientHello that says so (RFC 5246)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from plainwire.policy.suites import RENEGOTIATION_SCSV, offered_groups, suites
from plainwire.policy.versions import Version
from plainwire.wire import extensions as ext
from plainwire.wire.handshake.ciphers_12 import cipher_12
from plainwire.wire.handshake.groups import KNOWN
from plainwire.wire.handshake.offer_13 import SCHEMES
from plainwire.wire.hello import ClientHello, client_hello
from plainwire.wire.key_exchange import key_exchange_word

KEY_EXCHANGES = ["ECDHE_ECDSA", "ECDHE_RSA", "DHE_RSA", "DHE_DSS", "RSA", "ECDH_anon", "DH_anon"]
# RFC 5246's own and DSA, which `signatures.py` can judge, besides those of TLS 1.3.
SCHEMES_12 = (*SCHEMES, 0x0301, 0x0303, 0x0402, 0x0302, 0x0202)


def completable(version: Version) -> tuple[int, ...]:
    """The suites of a version that a handshake of ours can complete, the better first."""
    return tuple(
        suite.code
        for exchange in KEY_EXCHANGES
        for suite in suites().values()
        if key_exchange_word(suite.code) == exchange
        and suite.fits(version)
        and cipher_12(suite.code)
    )


@dataclass(frozen=True, slots=True)
class Session12:
    """A session to resume, by its id or by its ticket (RFC 5246, 7.3; RFC 5077).

    ``lifetime_hint_s`` is the ticket's; 0 says that the server names none.
    """

    version: int
    suite: int
    master: bytes = field(repr=False)
    session_id: bytes = field(repr=False, default=b"")
    ticket: bytes | None = field(repr=False, default=None)
    lifetime_hint_s: int | None = None
    is_extended: bool = False


@dataclass(frozen=True, slots=True)
class Offer12:
    """What to offer; ``suites`` are everything that can be completed unless given.

    ``session`` is to be resumed: by its ticket if it has one, with ``session_id`` (as random as a
    client likes, RFC 5077, 3.4) beside it, else by its own id. ``takes_tickets`` says so to the
    server. ``more`` are further extensions; SSLv3 has none at all.
    """

    version: Version = Version.TLS_1_2
    suites: tuple[int, ...] = ()
    groups: tuple[int, ...] = ()
    schemes: tuple[int, ...] = SCHEMES_12
    server_name: str | None = None
    protocols: tuple[str, ...] = ()
    session: Session12 | None = None
    session_id: bytes | None = None
    takes_tickets: bool = True
    is_extended: bool = True
    is_etm: bool = True
    more: tuple[ext.Extension, ...] = ()

    @property
    def offered_suites(self) -> tuple[int, ...]:
        """The suites in the hello."""
        return self.suites or completable(self.version)

    @property
    def offered_groups(self) -> tuple[int, ...]:
        """The groups in the hello."""
        return self.groups or tuple(c for c in offered_groups(self.version) if c in KNOWN)


def hello_12(offer: Offer12, randoms: tuple[bytes, bytes], proof: bytes | None) -> ClientHello:
    """The ClientHello; ``randoms`` are its random and the session id that goes with a ticket.

    ``proof`` is what a renegotiation has in renegotiation_info: the verify_data of our last
    Finished (RFC 5746, 3.5), b"" where the server did not speak of it; None at first.
    """
    hello = client_hello(
        offer.version,
        random=randoms[0],
        suites=offer.offered_suites,
        groups=offer.offered_groups,
        schemes=offer.schemes,
        server_name=offer.server_name,
        session_id=_session_id(offer, randoms[1]),
        protocols=offer.protocols,
        extra=offer.more,
    )
    changed: dict[int, bytes] = {}
    if offer.session and offer.session.ticket:
        changed[ext.SESSION_TICKET] = offer.session.ticket
    if offer.is_etm:
        changed[ext.ENCRYPT_THEN_MAC] = b""
    if proof:
        changed[ext.RENEGOTIATION_INFO] = ext.renegotiation_info(proof)[1]
    left_out = {ext.PADDING}
    left_out |= set() if offer.takes_tickets else {ext.SESSION_TICKET}
    left_out |= set() if offer.is_extended else {ext.EXTENDED_MASTER_SECRET}
    if proof is not None:
        # RFC 5746, 3.5: the signalling value has no place in a renegotiation.
        offered = tuple(code for code in hello.suites if code != RENEGOTIATION_SCSV)
        hello = replace(hello, suites=offered)
    if hello.extensions is None:
        return hello
    block = [one for one in hello.extensions if one[0] not in left_out | changed.keys()]
    return replace(hello, extensions=(*changed.items(), *block)).padded()


def _session_id(offer: Offer12, fresh: bytes) -> bytes:
    if offer.session_id is not None:
        return offer.session_id
    if offer.session is None:
        return b""
    return fresh if offer.session.ticket else offer.session.session_id
