"""Asks a listener by whole handshakes of TLS 1.3, made to fit what it is known to take."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from plainwire.live.tls.asker import Asker, Refusal, Unknown
from plainwire.live.tls.handshakes import Continue, settled
from plainwire.live.tls.hellos import PROTOCOLS
from plainwire.policy.suites import offered_groups, offered_schemes
from plainwire.policy.versions import Version

if TYPE_CHECKING:
    from plainwire.live.tls.seen import Seen
    from plainwire.wire.handshake.offer_13 import Offer13
    from plainwire.wire.handshake.result_13 import Result13

X25519 = 0x001D


@dataclass
class Client13:
    """The door. ``favourite`` is the group that the server chose from all, None if unknown.

    ``hear`` is told of every handshake that finished, and whether it named the server;
    ``protocols`` are offered by ALPN.
    """

    asker: Asker
    server_name: str | None
    favourite: int | None
    hear: Callable[[Result13, bool], None]
    protocols: tuple[str, ...] = PROTOCOLS

    @classmethod
    def of(cls, asker: Asker, server_name: str | None, seen: Seen) -> Client13:
        """A client for a server that was seen to accept TLS 1.3."""
        flight = seen.first(Version.TLS_1_3)
        favourite = flight.hello.selected_group if flight else None
        return cls(asker, server_name, favourite, seen.hear_handshake)

    async def ask(
        self,
        kind: str,
        *,
        is_named: bool = True,
        priority: int = 0,
        also: frozenset[int] = frozenset(),
        lingers: bool = False,
        after: Continue[Result13] = lambda _: None,
        **changes: Any,
    ) -> Result13 | Refusal | Unknown:
        """A finished handshake, with an offer of everything but for ``changes`` (of `Offer13`).

        ``is_named`` False leaves the server's name out; the others are as in `settled`.
        """
        # Here, since it imports `cryptography`, which the first hellos need not wait for.
        from plainwire.wire.handshake.client_13 import Handshake13

        name = self.server_name if is_named else None
        offer = replace(self.everything, server_name=name, **changes)
        found = await settled(
            self.asker,
            lambda: Handshake13(offer),
            kind,
            after=after,
            priority=priority,
            also=also,
            lingers=lingers,
        )
        if not isinstance(found, Refusal | Unknown):
            self.hear(found, is_named)
        return found

    @property
    def everything(self) -> Offer13:
        """All that can be completed, with a share for the server's favourite group if possible.

        That is what the server chooses from all it knows, so that no retry is needed. Whether
        other groups can be completed is only found out where the favourite cannot: it takes time.
        """
        from plainwire.wire.handshake.groups import KNOWN, can_complete
        from plainwire.wire.handshake.offer_13 import SCHEMES, Offer13

        groups = tuple(code for code in offered_groups(Version.TLS_1_3) if code in KNOWN)
        share = self.favourite
        if share is None or not can_complete(share):
            groups, share = tuple(code for code in groups if can_complete(code)), X25519
        rest = (code for code in offered_schemes(Version.TLS_1_3) if code not in SCHEMES)
        return Offer13(
            groups=groups,
            shares=(share,),
            schemes=(*SCHEMES, *rest),
            protocols=self.protocols,
        )
