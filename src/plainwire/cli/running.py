"""Scans every target of a call, one after the other; Ctrl-C ends it with what is known."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from time import monotonic
from types import FrameType

from plainwire.cli import ending, secrets
from plainwire.live import dial
from plainwire.live.credentials import Credentials
from plainwire.live.login_probes import DEFAULT_CREDENTIALS, LOGIN_PROBES
from plainwire.live.logins import Recipe
from plainwire.live.settings import Settings
from plainwire.live.stopping import until
from plainwire.live.trace import Trace
from plainwire.model import ApiOperation, Report, Target, TargetError
from plainwire.policy.default_logins import PAIRS
from plainwire.scan import scan_async
from plainwire.wire.masking import Masker

TRY_AGAIN_S = 0.2
PATIENCE_S = 1.0  # a terminal and a launcher may both pass the same Ctrl-C on


# What the classes of further GETs come to; which operations they are for is not known before.
_PROBES = {
    "injection-probes": "GET with conditions behind values (' AND '7'='7 and the like): of ten "
    "values at most, ten forms, and six once more where they tell",
    "rate-probes": "GET up to six times with and without X-Forwarded-For, where a limit was met",
    "ssrf-probes": "GET with the URL of a listener of plainwire's own, and with one of a closed "
    "port of the target's, in ten parameters that take a URL at most",
}


@dataclass(frozen=True)
class Plan:
    """What one call is to do; times in seconds."""

    targets: tuple[Target, ...]
    bad_lines: tuple[str, ...]
    settings: Settings
    identities: Mapping[str, Credentials | Recipe]
    paths: tuple[str, ...]
    masker: Masker = field(repr=False)
    wait_for_s: float = 0.0
    every_address: bool = False
    specs: tuple[str, ...] = ()
    source: tuple[ApiOperation, ...] = ()
    is_quiet: bool = False

    @property
    def logins(self) -> dict[str, Recipe]:
        """Those of the identities that log in."""
        return {who: each for who, each in self.identities.items() if isinstance(each, Recipe)}

    @property
    def announced(self) -> list[str]:
        """The requests beside reading ones that the user opted in to, in words."""
        told = [str(each) for each in self.logins.values()]
        if told and LOGIN_PROBES in self.settings.allow:
            first = next(iter(self.logins.values()))
            told.append(
                f"{first.method} {first.path} with wrong passwords: twice as {first.name}, "
                "ten times as a user that nobody is"
            )
        if told and DEFAULT_CREDENTIALS in self.settings.allow:
            first = next(iter(self.logins.values()))
            names = ", ".join(dict.fromkeys(name for name, _ in PAIRS))
            told.append(
                f"{first.method} {first.path} with {len(PAIRS)} usual users and passwords "
                f"({names}), those that get in once more, and once as a user that nobody is"
            )
        told += [_PROBES[each] for each in sorted(self.settings.allow & set(_PROBES))]
        return told


def scan_all(plan: Plan, trace: Trace, tell: Callable[[Report], None]) -> bool:
    """Scan, tell each report as it is known, and say whether Ctrl-C ended it."""

    async def work(stop: asyncio.Event) -> None:
        for target in await until(stop, _at_addresses(plan)) or []:
            if stop.is_set():
                break
            tell(await _scan(target, plan, trace, stop))

    return interruptible(work)


def interruptible(work: Callable[[asyncio.Event], Awaitable[None]]) -> bool:
    """Run ``work`` with an event that Ctrl-C sets; True if it did."""

    async def whole() -> bool:
        stop = asyncio.Event()
        _on_interrupt(stop)
        await work(stop)
        return stop.is_set()

    was_interrupted = asyncio.run(whole())
    if not was_interrupted:
        with contextlib.suppress(ValueError):  # not the main thread
            signal.signal(signal.SIGINT, ending.leave)
    return was_interrupted


def note(line: str) -> None:
    """Say something about the progress on standard error."""
    with contextlib.suppress(BrokenPipeError):
        sys.stderr.write(f"{line}\n")


async def _scan(target: Target, plan: Plan, trace: Trace, stop: asyncio.Event) -> Report:
    if not plan.is_quiet and sys.stderr.isatty():
        note(f"scanning {plan.masker.text(target.value)} …")
    for line in plan.announced:
        note(f"will send {line}")
    if plan.wait_for_s:
        await until(stop, _wait_for(target, plan.settings, plan.wait_for_s))
    return await scan_async(
        target,
        settings=plan.settings,
        identities=plan.identities,
        paths=plan.paths,
        specs=plan.specs,
        source=plan.source,
        trace=trace,
        stop=stop,
        mask_key=secrets.mask_key(),
    )


def _on_interrupt(stop: asyncio.Event) -> None:
    """Let SIGINT and SIGTERM set ``stop``, and a later SIGINT end the process at once."""
    loop = asyncio.get_running_loop()

    def interrupt(number: int) -> None:
        stop.set()
        at = monotonic()

        def again(number: int, frame: FrameType | None) -> None:
            if monotonic() - at > PATIENCE_S:
                ending.leave(number, frame)

        with contextlib.suppress(NotImplementedError):
            loop.remove_signal_handler(number)
        signal.signal(number, again)

    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, interrupt, number)
        except NotImplementedError:  # Windows' loops have no signal handlers
            signal.signal(number, lambda n, _: loop.call_soon_threadsafe(interrupt, n) and None)
        except (ValueError, RuntimeError):  # not the main thread: Ctrl-C is not ours
            return


async def _at_addresses(plan: Plan) -> list[Target]:
    """The targets, each once for every address of its name if asked so."""
    if not plan.every_address:
        return list(plan.targets)
    return [one for target in plan.targets for one in await at_addresses(target, plan.settings)]


async def at_addresses(target: Target, settings: Settings) -> list[Target]:
    """A target once for every address of its name; as it is where it has none."""
    try:
        addresses = await dial.addresses(target.host, settings)
    except TargetError:
        return [target]
    return [replace(target, address=address) for address in addresses]


async def _wait_for(target: Target, settings: Settings, limit_s: float) -> None:
    """Wait until a port of the target accepts a connection, or the limit is reached."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(limit_s):
            while not await _is_up(target, settings):  # noqa: ASYNC110 (another process's event)
                await asyncio.sleep(TRY_AGAIN_S)


async def _is_up(target: Target, settings: Settings) -> bool:
    origins = (*target.https, *target.http)
    for origin in origins:
        try:
            address = target.address or await dial.address(origins, settings)
            proxy = dial.proxy_for(origin, address, settings)
            if proxy is None:
                connection = await dial.tcp(address, origin.port, settings)
            elif origin.scheme == "https":
                connection = await dial.through_proxy(proxy, origin, settings)
            else:
                continue  # a proxy takes a request for http whatever stands behind it
        except (OSError, TargetError):
            continue
        connection.abort()
        return True
    return False
