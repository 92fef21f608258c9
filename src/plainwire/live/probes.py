"""The TLS probes of a scan: one an https origin, through the scan's own lanes, pace and record."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

from plainwire.live.lane import HELLOS
from plainwire.live.once import Once
from plainwire.live.prober import VersionsAnswer, accepted_versions
from plainwire.live.settings import Settings
from plainwire.live.tls.asker import Asker
from plainwire.live.tls.connections import Connections
from plainwire.live.tls.gate import Gate
from plainwire.live.tls.plan import examine
from plainwire.live.tls.seen import Seen
from plainwire.live.transport import Transport
from plainwire.model import Origin, Part, Request, Target
from plainwire.policy.versions import Version

ATTACK_PROBES = "attack-probes"
# What a scan asks about; attacks only where they are allowed.
PARTS: frozenset[Part] = frozenset(
    ("versions", "ciphers", "groups", "signature_algorithms", "certificates", "features")
)
# Enumerations, a third of the connections: left out where each of them has to wait its turn.
COSTLY: frozenset[Part] = frozenset(("groups", "signature_algorithms"))


@dataclass
class _Probe:
    """One origin's probe: its two early answers, and everything that was said so far.

    ``parts`` are read as the probe comes to them, and may shrink until then.
    """

    asker: Asker
    parts: set[Part] = field(default_factory=lambda: set(PARTS))
    seen: Seen = field(default_factory=Seen)
    first: asyncio.Future[bool] = field(default_factory=lambda: _future())
    versions: asyncio.Future[VersionsAnswer] = field(default_factory=lambda: _future())


class Probes:
    """Probes each https origin once, by hellos of our own bytes.

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
        self._probes: dict[Origin, _Probe] = {}

    async def seen(self, origin: Origin) -> tuple[Seen, int]:
        """Everything that an https origin of the target said, and over how many connections."""
        await asyncio.shield(self._started(origin))
        probe = self._probes[origin]
        return probe.seen, probe.asker.connections.opened

    def left_out(self, origin: Origin) -> frozenset[Part]:
        """The parts that an origin was not asked about, for each connection there counts."""
        probe = self._probes.get(origin)
        return COSTLY - probe.parts if probe is not None else frozenset()

    async def versions(self, origin: Origin) -> VersionsAnswer:
        """The versions that an origin accepts; a port for plain HTTP is asked for two only."""
        if origin not in self._target.https:
            found: VersionsAnswer = await self._once.ask(
                ("versions", origin), lambda: self._two_versions(origin)
            )
            return found
        await self._wait(origin, "versions")
        return self._probes[origin].versions.result()

    async def hello_first(self, origin: Origin) -> bool | None:
        """Whether the port speaks TLS, once a hello has gone first where one must.

        Returns None if none needs to.
        """
        twin = Origin("https", origin.host, origin.port)
        if not self._is_shared(origin.port):
            return None
        if origin != twin and self._once.started(("probe", twin)) is None:
            return None
        await self._wait(twin, "first")
        probe = self._probes[twin]
        return probe.first.result() if probe.first.done() else probe.versions.result().speaks_tls

    async def _wait(self, origin: Origin, name: str) -> None:
        """Wait for an early answer, or for the end of the probe if that comes first."""
        task = self._started(origin)
        futures: set[asyncio.Future[Any]] = {task, self._probes[origin].versions}
        if name == "first":
            futures.add(self._probes[origin].first)
        await asyncio.wait(futures, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            task.result()

    def _server_name(self, origin: Origin) -> str | None:
        return None if self._target.is_ip else origin.host

    def _is_shared(self, port: int) -> bool:
        both = (self._target.https, self._target.http)
        return all(any(o.port == port for o in origins) for origins in both)

    def _started(self, origin: Origin) -> asyncio.Task[None]:
        if origin not in self._probes:
            gate = Gate(HELLOS, is_parallel=True)  # the lane is the limit
            connections = Connections(
                lambda: self._transport.open_stream(origin, "a TLS ClientHello"),
                gate,
                self._settings.answer_timeout_s,
                self._settings.probe_limit_s,
            )
            self._probes[origin] = _Probe(Asker(connections))
        return self._once.start(("probe", origin), lambda: self._probe(origin))

    async def _probe(self, origin: Origin) -> None:
        probe = self._probes[origin]
        allows_attacks = ATTACK_PROBES in self._settings.allow
        if allows_attacks:
            probe.parts.add("vulnerabilities")

        def versions_known(found: VersionsAnswer) -> None:
            probe.versions.set_result(found)
            if found.speaks_tls is None:
                for words in found.answers.values():
                    if words.startswith("no answer within"):
                        self._transport.silence.missed(origin)

        await examine(
            probe.asker,
            self._server_name(origin),
            probe.parts,
            probes_attacks=allows_attacks,
            seen=probe.seen,
            after_first=lambda speaks_tls: self._first_heard(origin, speaks_tls),
            versions_known=versions_known,
        )

    async def _first_heard(self, origin: Origin, speaks_tls: bool | None) -> None:
        """Let the questions go that waited for a first hello, and the named page before all.

        The connection that the page leaves behind is what the trial for a second one needs.
        """
        if speaks_tls is not None:
            self._probes[origin].first.set_result(speaks_tls)
        page = self._once.started(Request(origin, "GET", self._target.path))
        if speaks_tls and page is not None and not page.done():
            await asyncio.wait({page})
        if (await self._transport.lane(origin)).is_frugal:
            self._probes[origin].parts -= COSTLY

    async def _two_versions(self, origin: Origin) -> VersionsAnswer:
        return await accepted_versions(
            lambda: self._transport.open_stream(origin, "a TLS ClientHello"),
            server_name=self._server_name(origin),
            timeout_s=self._settings.answer_timeout_s,
            versions=(Version.TLS_1_2, Version.TLS_1_3),
        )


def _future() -> asyncio.Future[Any]:
    return asyncio.get_running_loop().create_future()
