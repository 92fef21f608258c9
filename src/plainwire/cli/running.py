"""Scans every target of a call, one after the other; Ctrl-C ends it with what is known."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from time import monotonic
from types import FrameType
from typing import TypeVar

from plainwire.cli import ending, secrets
from plainwire.live import dial
from plainwire.live.credentials import Credentials
from plainwire.live.settings import Settings
from plainwire.live.trace import Trace
from plainwire.model import Report, Target, TargetError
from plainwire.scan import scan_async
from plainwire.wire.masking import Masker

T = TypeVar("T")
TRY_AGAIN_S = 0.2
PATIENCE_S = 1.0  # a terminal and a launcher may both pass the same Ctrl-C on


@dataclass(frozen=True)
class Plan:
    """What one call is to do; times in seconds."""

    targets: tuple[Target, ...]
    bad_lines: tuple[str, ...]
    settings: Settings
    credentials: Credentials | None
    paths: tuple[str, ...]
    masker: Masker = field(repr=False)
    wait_for_s: float = 0.0
    every_address: bool = False
    specs: tuple[str, ...] = ()
    is_quiet: bool = False


def scan_all(
    plan: Plan, trace: Trace, tell: Callable[[Report], None] | None = None
) -> tuple[list[Report], bool]:
    """The reports, each told as it is known, and whether Ctrl-C ended it."""
    reports: list[Report] = []

    async def work() -> bool:
        stop = asyncio.Event()
        _on_interrupt(stop)
        for target in await _until(stop, _at_addresses(plan)) or []:
            if stop.is_set():
                break
            reports.append(await _scan(target, plan, trace, stop))
            if tell is not None:
                tell(reports[-1])
        return stop.is_set()

    was_interrupted = asyncio.run(work())
    if not was_interrupted:
        with contextlib.suppress(ValueError):  # not the main thread
            signal.signal(signal.SIGINT, ending.leave)
    return reports, was_interrupted


def note(line: str) -> None:
    """Say something about the progress on standard error."""
    with contextlib.suppress(BrokenPipeError):
        sys.stderr.write(f"{line}\n")


async def _scan(target: Target, plan: Plan, trace: Trace, stop: asyncio.Event) -> Report:
    if not plan.is_quiet and sys.stderr.isatty():
        note(f"scanning {plan.masker.text(target.value)} …")
    if plan.wait_for_s:
        await _until(stop, _wait_for(target, plan.settings, plan.wait_for_s))
    return await scan_async(
        target,
        settings=plan.settings,
        credentials=plan.credentials,
        paths=plan.paths,
        specs=plan.specs,
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


async def _until(stop: asyncio.Event, work: Awaitable[T]) -> T | None:
    """What the work comes to. Returns None if ``stop`` is set before."""
    task, waiting = asyncio.ensure_future(work), asyncio.ensure_future(stop.wait())
    await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if task.done():
        return task.result()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return None


async def _at_addresses(plan: Plan) -> list[Target]:
    """The targets, each once for every address of its name if asked so."""
    if not plan.every_address:
        return list(plan.targets)
    found = []
    for target in plan.targets:
        try:
            addresses = await dial.addresses(target.host, plan.settings)
        except TargetError:
            found.append(target)
            continue
        found += [replace(target, address=address) for address in addresses]
    return found


async def _wait_for(target: Target, settings: Settings, limit_s: float) -> None:
    """Wait until a port of the target accepts a connection, or the limit is reached."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(limit_s):
            while not await _is_up(target, settings):  # noqa: ASYNC110 (another process's event)
                await asyncio.sleep(TRY_AGAIN_S)


async def _is_up(target: Target, settings: Settings) -> bool:
    for origin in (*target.https, *target.http):
        try:
            address = target.address or (await dial.addresses(target.host, settings))[0]
            connection = await dial.tcp(address, origin.port, settings)
        except (OSError, TargetError):
            continue
        connection.abort()
        return True
    return False
