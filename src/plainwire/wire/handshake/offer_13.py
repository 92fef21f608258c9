"""What a client of TLS 1.3 offers, and the ClientHello that says so (RFC 8446, 4.1.2 and 4.2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from plainwire.policy.versions import Version
from plainwire.wire import extensions as ext
from plainwire.wire.handshake.key_schedule import Hash
from plainwire.wire.handshake.protection_13 import SUITES
from plainwire.wire.hello import ClientHello, client_hello
from plainwire.wire.presentation import vector

# What `signatures.py` can verify, the usual ones first.
SCHEMES = (
    *(0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601, 0x0603, 0x0807, 0x0808),
    *(0x0809, 0x080A, 0x080B, 0x081A, 0x081B, 0x081C, 0x0904, 0x0905, 0x0906, 0x0203, 0x0201),
)


@dataclass(frozen=True, slots=True)
class Ticket13:
    """A NewSessionTicket with the PSK that it stands for (RFC 8446, 4.6.1).

    ``max_early_data_size`` in bytes, None where the server takes no early data.
    """

    suite: int
    lifetime_s: int
    age_add: int
    nonce: bytes = field(repr=False)
    ticket: bytes = field(repr=False)
    psk: bytes = field(repr=False)
    max_early_data_size: int | None = None


@dataclass(frozen=True, slots=True)
class Offer13:
    """What to offer. ``shares`` are the groups to send a key for; () asks for a retry.

    ``groups`` and ``suites`` can name more than can be completed: a server that chooses such a
    one is read as far as the ServerHello. A ``ticket`` is offered for resumption with psk_dhe_ke,
    ``ticket_age_ms`` after it came. ``offers_early_data`` announces early data and sends none.
    """

    suites: tuple[int, ...] = (0x1301, 0x1302, 0x1303, 0x1304, 0x1305)
    groups: tuple[int, ...] = (0x11EC, 0x001D, 0x0017, 0x0018, 0x0019, 0x001E)
    shares: tuple[int, ...] = (0x001D,)
    schemes: tuple[int, ...] = SCHEMES
    server_name: str | None = None
    protocols: tuple[str, ...] = ()
    asks_staple: bool = True
    asks_scts: bool = True
    ticket: Ticket13 | None = None
    ticket_age_ms: int = 0
    offers_early_data: bool = False
    more: tuple[ext.Extension, ...] = ()


def hello_message(
    offer: Offer13,
    randoms: tuple[bytes, bytes],
    shares: Mapping[int, bytes],
    *,
    before: bytes = b"",
    cookie: bytes | None = None,
    is_retry: bool = False,
) -> bytes:
    """The ClientHello as a handshake message; ``randoms`` are its random and its session id.

    ``shares`` are public keys by group. ``before`` is the transcript so far, and ``cookie`` the
    cookie extension's data, both of a retry, where early data is not offered any more.
    """
    hello = client_hello(
        Version.TLS_1_3,
        random=randoms[0],
        suites=offer.suites,
        groups=offer.groups,
        schemes=offer.schemes,
        server_name=offer.server_name,
        # RFC 8446, D.4: middleboxes want to see a session id.
        session_id=randoms[1],
        key_shares=shares.items(),
        protocols=offer.protocols,
    )
    # Some servers want it whatever the version is (GnuTLS: %SAFE_RENEGOTIATION).
    more = [*offer.more, ext.renegotiation_info()]
    more += [ext.status_request()] if offer.asks_staple else []
    more += [ext.signed_certificate_timestamp()] if offer.asks_scts else []
    more += [] if cookie is None else [ext.cookie(cookie)]
    if offer.offers_early_data and offer.ticket and not is_retry:
        more.append(ext.early_data())
    hello = replace(hello, extensions=(*more, *(hello.extensions or ())))
    if offer.ticket is None:
        return hello.padded().to_handshake()
    return _with_binder(_with_ticket(hello, offer.ticket, offer.ticket_age_ms), offer, before)


def _with_ticket(hello: ClientHello, ticket: Ticket13, age_ms: int) -> ClientHello:
    """The hello with the ticket as its last extension (RFC 8446, 4.2.11), padding before it."""
    age = (age_ms + ticket.age_add) % 2**32
    size = SUITES[ticket.suite][0].size
    offered = ext.pre_shared_key(ticket.ticket, age, bytes(size))
    block = hello.extensions or ()
    padded = replace(hello, extensions=(*block, offered)).padded()
    filler = (padded.extensions or ())[len(block) + 1 :]
    return replace(hello, extensions=(*block, *filler, offered))


def _with_binder(hello: ClientHello, offer: Offer13, before: bytes) -> bytes:
    """The message with the binder in it: over the hello without its list of binders (4.2.11.2)."""
    assert offer.ticket is not None
    algorithm, message = SUITES[offer.ticket.suite][0], hello.to_handshake()
    truncated = message[: -(algorithm.size + 3)]
    early_secret = algorithm.early_secret(offer.ticket.psk)
    key = algorithm.derive(early_secret, "res binder", b"")
    binder = algorithm.finished(key, before + truncated)
    return truncated + vector(2, vector(1, binder))


def message_hash(algorithm: Hash, first_hello: bytes) -> bytes:
    """What stands for the first ClientHello in a retried transcript (RFC 8446, 4.4.1)."""
    digest = algorithm.digest(first_hello)
    return b"\xfe" + len(digest).to_bytes(3, "big") + digest
