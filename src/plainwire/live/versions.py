"""Which TLS versions the target's ports accept, and who must wait for the first hello."""

from __future__ import annotations

import asyncio
from typing import Any

from plainwire.live.once import Once
from plainwire.live.prober import VersionsAnswer, accepted_versions
from plainwire.live.settings import Settings
from plainwire.live.staples import is_stapled
from plainwire.live.transport import Transport
from plainwire.model import Origin, Request, Target
from plainwire.policy.versions import Version


class Versions:
    """Asks each https origin once, by hellos of our own bytes.

    On a port that both TLS and plain HTTP are tried on, a hello goes first, because most wait for
    its answer. A synchronous HTTP server waits for the rest of what it takes for a request line:
    our own hello makes it answer, OpenSSL's does not.
    """

    def __init__(
        self, target: Target, settings: Settings, once: Once, transport: Transport
    ) -> None:
        self._target = target
        self._settings = settings
        self._once = once
        self._transport = transport
        self._first: dict[Origin, asyncio.Future[bool]] = {}

    async def of(self, origin: Origin) -> VersionsAnswer:
        """The versions that an origin accepts; a port for plain HTTP is asked for two only."""
        return await asyncio.shield(self._asked(origin))

    async def hello_first(self, origin: Origin) -> bool | None:
        """Whether the port speaks TLS, once a hello has gone first where one must.

        Returns None if none needs to.
        """
        twin = Origin("https", origin.host, origin.port)
        if not self._is_shared(origin.port):
            return None
        if origin != twin and self._once.started(("versions", twin)) is None:
            return None
        return await self._speaks_tls(twin)

    async def is_stapled(self, origin: Origin) -> bool | None:
        """Whether the origin staples an OCSP response over TLS 1.2; None if it did not say."""
        return await is_stapled(
            lambda: self._transport.open_stream(
                origin, "a TLS 1.2 ClientHello that asks for a staple"
            ),
            server_name=self._server_name(origin),
            timeout_s=self._settings.answer_timeout_s,
        )

    def _server_name(self, origin: Origin) -> str | None:
        return None if self._target.is_ip else origin.host

    def _is_shared(self, port: int) -> bool:
        both = (self._target.https, self._target.http)
        return all(any(o.port == port for o in origins) for origins in both)

    def _asked(self, origin: Origin) -> asyncio.Task[VersionsAnswer]:
        if origin in self._target.https:
            wanted = tuple(Version)
        else:
            wanted = (Version.TLS_1_2, Version.TLS_1_3)
        return self._once.start(("versions", origin), lambda: self._ask(origin, wanted))

    async def _ask(self, origin: Origin, wanted: tuple[Version, ...]) -> VersionsAnswer:
        found = await accepted_versions(
            lambda: self._transport.open_stream(origin, "a TLS ClientHello"),
            server_name=self._server_name(origin),
            timeout_s=self._settings.answer_timeout_s,
            versions=wanted,
            after_first=lambda speaks_tls: self._first_heard(origin, speaks_tls),
        )
        if found.speaks_tls is None:
            for words in found.answers.values():
                if words.startswith("no answer within"):
                    self._transport.silence.missed(origin)
        return found

    async def _first_heard(self, origin: Origin, speaks_tls: bool | None) -> None:
        """Let the questions go that waited for a first hello, and the named page before all.

        The connection that the page leaves behind is what the trial for a second one needs.
        """
        if speaks_tls is not None:
            self._first_hello(origin).set_result(speaks_tls)
        page = self._once.started(Request(origin, "GET", self._target.path))
        if speaks_tls and page is not None:
            await asyncio.wait({page})

    async def _speaks_tls(self, origin: Origin) -> bool | None:
        """Whether an origin speaks TLS, as soon as one hello told; the versions take longer."""
        first, versions = self._first_hello(origin), self._asked(origin)
        futures: set[asyncio.Future[Any]] = {first, versions}
        await asyncio.wait(futures, return_when=asyncio.FIRST_COMPLETED)
        return first.result() if first.done() else versions.result().speaks_tls

    def _first_hello(self, origin: Origin) -> asyncio.Future[bool]:
        if origin not in self._first:
            self._first[origin] = asyncio.get_running_loop().create_future()
        return self._first[origin]
