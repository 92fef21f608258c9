"""The hellos that questions are asked with, for one server name."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from plainwire.policy.suites import offered_groups, offered_schemes
from plainwire.policy.versions import Version
from plainwire.wire import extensions as ext
from plainwire.wire.hello import ClientHello, client_hello

# A plain HTTP server reads a hello as the beginning of a request line. With an empty line in it
# the server answers at once (400) instead of waiting for more: a synchronous one would be killed.
EMPTY_LINE = b"\r\n\r\n"

# By ALPN (IANA, "TLS Application-Layer Protocol Negotiation (ALPN) Protocol IDs"): HTTP over TCP.
PROTOCOLS = ("h2", "http/1.1", "http/1.0")

# What a server of TLS 1.2 and before says of itself only if it is asked.
ASKED = (
    ext.status_request(),
    ext.signed_certificate_timestamp(),
    ext.encrypt_then_mac(),
    ext.heartbeat(),
)


@dataclass(slots=True)
class Hellos:
    """Makes hellos; ``server_name`` is an A-label, an IP literal or None.

    ``asked`` are the extensions of `ASKED` that the server can bear.
    """

    server_name: str | None
    asked: tuple[ext.Extension, ...] = ASKED

    @property
    def unasked(self) -> frozenset[int]:
        """The code points of `ASKED` that go into no hello any more."""
        return frozenset(code for code, _ in ASKED) - {code for code, _ in self.asked}

    def of(
        self,
        version: Version,
        suites: Iterable[int],
        *,
        groups: Sequence[int] | None = None,
        schemes: Sequence[int] | None = None,
        key_shares: Sequence[tuple[int, bytes]] = (),
        compression: tuple[int, ...] = (0,),
        protocols: tuple[str, ...] = (),
    ) -> bytes:
        """A hello of one version; without key shares TLS 1.3 answers with a retry.

        ``groups`` and ``schemes`` are everything that the version knows unless given. No
        ``protocols`` (ALPN) are offered, as a server of others refuses the whole hello for them.
        """
        return self.shaped(
            version,
            suites,
            groups=groups,
            schemes=schemes,
            key_shares=key_shares,
            compression=compression,
            protocols=protocols,
        ).to_bytes()

    def shaped(
        self,
        version: Version,
        suites: Iterable[int],
        *,
        groups: Sequence[int] | None = None,
        schemes: Sequence[int] | None = None,
        key_shares: Sequence[tuple[int, bytes]] = (),
        compression: tuple[int, ...] = (0,),
        protocols: tuple[str, ...] = (),
    ) -> ClientHello:
        """The same hello as a value."""
        is_13 = version is Version.TLS_1_3
        extra = () if is_13 else self.asked
        if schemes is not None:
            # About the key alone: Java holds the chain's own signature to the same list else.
            extra += (ext.signature_algorithms_cert(offered_schemes(version)),)
        return client_hello(
            version,
            random=EMPTY_LINE + secrets.token_bytes(28),
            suites=suites,
            groups=offered_groups(version) if groups is None else groups,
            schemes=offered_schemes(version) if schemes is None else schemes,
            server_name=self.server_name,
            # RFC 8446, D.4: middleboxes want to see a session id.
            session_id=secrets.token_bytes(32) if is_13 else b"",
            key_shares=key_shares,
            protocols=protocols,
            extra=extra,
            compression=compression,
        )
