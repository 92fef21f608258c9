"""What a handshake of TLS 1.2 or older showed."""

from __future__ import annotations

from dataclasses import dataclass

from plainwire.wire.flight import Flight
from plainwire.wire.handshake.connection import Outcome
from plainwire.wire.handshake.offer_12 import Session12
from plainwire.wire.hello import ServerHello


@dataclass(frozen=True, slots=True)
class Result12(Outcome):
    """What came so far; a part is None if it did not come.

    ``flight`` is the server's first. ``is_resumed``: the offered session was taken; None as long
    as that is not told. ``is_signature_good`` is about the ServerKeyExchange, None where it cannot
    be judged. ``session`` is what a later connection can resume, its id or ticket empty where the
    server gave none. ``is_renegotiated``: a renegotiation that was asked for was finished (True)
    or refused (False).
    """

    flight: Flight | None = None
    is_resumed: bool | None = None
    is_signature_good: bool | None = None
    session: Session12 | None = None
    is_renegotiated: bool | None = None

    @property
    def hello(self) -> ServerHello | None:
        """The ServerHello."""
        return self.flight.hello if self.flight else None

    @property
    def asks_certificate(self) -> bool:
        """Whether the server asked for a certificate of ours, of which we have none."""
        return bool(self.flight and self.flight.certificate_request)
