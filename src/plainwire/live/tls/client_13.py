"""Asks a listener by whole handshakes of TLS 1.3, made to fit what it is known to take."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from plainwire.live.tls.asker import Asker, Refusal, Unknown
from plainwire.live.tls.handshakes import Continue, Tell, settled
from plainwire.live.tls.hellos import PROTOCOLS
from plainwire.policy.suites import offered_groups, offered_schemes
from plainwire.policy.versions import Version
from plainwire.wire import extensions as ext

if TYPE_CHECKING:
    from plainwire.live.tls.seen import Seen
    from plainwire.wire.handshake.offer_13 import Offer13
    from plainwire.wire.handshake.result_13 import Result13

X25519 = 0x001D


@dataclass(eq=False)
class _Rider:
    """Protocols that wait to be offered in some handshake; None: in none but their own."""

    protocols: tuple[str, ...]
    also: frozenset[int]
    answer: asyncio.Future[Result13 | Refusal | Unknown | None]


@dataclass
class Client13:
    """The door. ``favourite`` is the group that the server chose from all, None if unknown.

    ``hear`` is told of every handshake that finished, and whether it named the server;
    ``protocols`` are offered by ALPN; ``asks_staple`` unless the server cannot bear that.
    """

    asker: Asker
    server_name: str | None
    favourite: int | None
    hear: Callable[[Result13, bool], None]
    protocols: tuple[str, ...] = PROTOCOLS
    asks_staple: bool = True
    _riders: list[_Rider] = field(default_factory=list)
    _carriers: int = 0

    @classmethod
    def of(cls, asker: Asker, server_name: str | None, seen: Seen) -> Client13:
        """A client for a server that was seen to accept TLS 1.3."""
        flight = seen.first(Version.TLS_1_3)
        favourite = flight.hello.selected_group if flight else None
        asks_staple = ext.STATUS_REQUEST not in seen.unasked
        return cls(asker, server_name, favourite, seen.hear_handshake, asks_staple=asks_staple)

    async def ask(
        self,
        kind: str,
        *,
        is_named: bool = True,
        priority: int = 0,
        also: frozenset[int] = frozenset(),
        lingers: bool = False,
        listens_s: float = 0.0,
        after: Continue[Result13] = lambda _: None,
        tell: Tell[Result13] = lambda _: None,
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
            listens_s=listens_s,
            tell=tell,
        )
        if not isinstance(found, Refusal | Unknown):
            self.hear(found, is_named)
        return found

    async def carry(self, kind: str, **changes: Any) -> Result13 | Refusal | Unknown:
        """`ask` with another question about protocols aboard, if one waits.

        Where that is refused, or no session resumed, it may be for the protocols: asked without.
        An alert may say so.
        """
        for _ in range(3):
            await asyncio.sleep(0)  # all questions of one round are put in the same turns
        if not self._riders:
            return await self.ask(kind, **changes)
        rider = self._riders.pop(0)
        try:
            found = await self.ask(kind, protocols=rider.protocols, also=rider.also, **changes)
        except BaseException:
            rider.answer.cancel()
            raise
        if not rider.answer.done():
            is_about_it = isinstance(found, Refusal) and found.alert in rider.also
            is_told = is_about_it or not isinstance(found, Refusal | Unknown)
            rider.answer.set_result(found if is_told else None)
        is_resumed = "ticket" not in changes or getattr(found, "is_resumed", False)
        if isinstance(found, Refusal) or not is_resumed:
            return await self.ask(kind, **changes)
        return found

    async def ride(
        self, kind: str, protocols: tuple[str, ...], also: frozenset[int]
    ) -> Result13 | Refusal | Unknown:
        """What comes of an offer of protocols: in another question's handshake, or one of its own.

        Waits for one to ride in as long as `carriers` are at work.
        """
        rider = _Rider(protocols, also, asyncio.get_running_loop().create_future())
        self._riders.append(rider)
        if not self._carriers:
            self._let_go()
        found = await rider.answer
        return found or await self.ask(kind, protocols=protocols, also=also)

    @contextmanager
    def carriers(self) -> Iterator[None]:
        """Those within may `carry`."""
        self._carriers += 1
        try:
            yield
        finally:
            self._carriers -= 1
            if not self._carriers:
                self._let_go()

    def _let_go(self) -> None:
        for rider in self._riders:
            if not rider.answer.done():
                rider.answer.set_result(None)
        self._riders.clear()

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
            asks_staple=self.asks_staple,
        )
