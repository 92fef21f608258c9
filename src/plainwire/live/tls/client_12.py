"""The client's side of TLS 1.2 and older versions, as the probe needs it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from plainwire.policy.versions import Version

if TYPE_CHECKING:
    from plainwire.wire.handshake.client_12 import Handshake12
    from plainwire.wire.handshake.offer_12 import Session12


def completable(taken: Sequence[int]) -> tuple[int, ...]:
    """Those of the suites that a handshake of ours can complete."""
    from plainwire.wire.handshake.ciphers_12 import cipher_12

    return tuple(code for code in taken if cipher_12(code))


def client_12(
    server_name: str | None,
    version: int,
    taken: Sequence[int],
    *,
    session: Session12 | None = None,
    session_id: bytes | None = None,
    takes_tickets: bool = True,
    protocols: tuple[str, ...] = (),
) -> Callable[[], Handshake12]:
    """Makes handshakes of one version that offer what can be completed of the suites ``taken``.

    The other options are those of `Offer12`.
    """
    from plainwire.wire.handshake.client_12 import Handshake12
    from plainwire.wire.handshake.offer_12 import Offer12

    offer = Offer12(
        version=Version(version),
        suites=completable(taken),
        server_name=server_name,
        session=session,
        session_id=session_id,
        takes_tickets=takes_tickets,
        protocols=protocols,
    )
    return lambda: Handshake12(offer)
