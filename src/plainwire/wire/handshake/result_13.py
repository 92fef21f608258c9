"""What a handshake of TLS 1.3 showed."""

from __future__ import annotations

from dataclasses import dataclass

from plainwire.wire.certificate_messages import CertificateEntry, CertificateRequest
from plainwire.wire.handshake.connection import Outcome
from plainwire.wire.handshake.messages_13 import EncryptedExtensions
from plainwire.wire.handshake.offer_13 import Ticket13
from plainwire.wire.hello import ServerHello


@dataclass(frozen=True, slots=True)
class Result13(Outcome):
    """What came so far; a part is None if it did not come.

    ``hello`` is the ServerHello, or the HelloRetryRequest where nothing came after it; its
    version tells a server of an older one. ``group`` is the key share's. ``is_signature_good`` is
    None where it cannot be judged. ``is_resumed``: the offered ticket was taken, so that no
    certificate came.
    """

    hello: ServerHello | None = None
    suite: int | None = None
    group: int | None = None
    was_retried: bool = False
    is_resumed: bool = False
    encrypted_extensions: EncryptedExtensions | None = None
    certificate_request: CertificateRequest | None = None
    entries: tuple[CertificateEntry, ...] | None = None
    scheme: int | None = None
    is_signature_good: bool | None = None
    tickets: tuple[Ticket13, ...] = ()

    @property
    def certificates(self) -> tuple[bytes, ...] | None:
        """The chain as it was served, DER."""
        return None if self.entries is None else tuple(e.certificate for e in self.entries)

    @property
    def staple(self) -> bytes | None:
        """The OCSP response for the leaf, DER."""
        return self.entries[0].staple if self.entries else None

    @property
    def scts(self) -> tuple[bytes, ...] | None:
        """The leaf's SCTs that came as an extension."""
        return self.entries[0].scts if self.entries else None

    @property
    def alpn(self) -> str | None:
        """The protocol that the server chose."""
        return self.encrypted_extensions.alpn if self.encrypted_extensions else None

    @property
    def is_early_data_accepted(self) -> bool | None:
        """Whether it would have taken the early data that was announced."""
        found = self.encrypted_extensions
        return found.is_early_data_accepted if found else None
