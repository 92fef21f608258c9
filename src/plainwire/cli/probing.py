"""Probes every endpoint of a call, many hosts at a time; Ctrl-C ends it with what is known."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from plainwire import catalog, many
from plainwire.cli import resuming, running
from plainwire.cli.progress import Progress
from plainwire.cli.running import note
from plainwire.gate import Tally
from plainwire.live import sockets, trust
from plainwire.live.settings import Settings
from plainwire.live.stopping import until
from plainwire.model import Check, Report, Target
from plainwire.report import clean
from plainwire.tls import report_async, with_shared_keys
from plainwire.wire.rsa_keys import RunKeys

HOSTS = 20
Change = Callable[[Report], Awaitable[Report]]
Revise = Callable[[Change], Awaitable[None]]


@dataclass(frozen=True)
class Plan:
    """What one call is to do; ``connections`` for a host, ``hosts`` at a time."""

    targets: tuple[Target, ...]
    bad_lines: tuple[str, ...]
    settings: Settings
    connections: int
    hosts: int = HOSTS
    probes_attacks: bool = False
    starttls: str | None = None
    every_address: bool = False
    resume: Path | None = None
    is_quiet: bool = False
    is_verbose: bool = False


def probe_all(
    plan: Plan,
    tally: Tally,
    take: Callable[[Report], None],
    revise: Revise | None = None,
) -> bool:
    """Probe, hand each report on as it is known, and say whether Ctrl-C ended it.

    What a resumed run had found before is added to ``tally``. ``revise`` is given at the end what
    changes a report whose key shares a prime with one that came later.

    Raises:
        UsageError: if this process may open too few files.
    """
    sockets.ensure_enough()
    checks = tuple(check for check in catalog.load() if check.asks == "tls")
    stores = trust.stores(plan.settings.ca_file)
    held = resuming.held(plan.resume, tally) if plan.resume else set()

    async def work(stop: asyncio.Event) -> None:
        named = await until(stop, _at_addresses(plan)) or []
        targets = [target for target in named if resuming.key(target) not in held]
        if len(targets) < len(named) and not plan.is_quiet:
            note(f"{len(named) - len(targets)} of {len(named)} are in {plan.resume} already")
        keys = RunKeys()
        await _probe(targets, plan, checks, stores, keys, take, stop)
        if revise is not None:
            by_value = {target.value: target for target in targets}
            await revise(lambda one: with_shared_keys(one, by_value[one.target], keys, checks))
        if keys.left_out and not plan.is_quiet:
            note(f"{keys.left_out} RSA keys were not compared with others for shared primes")

    return running.interruptible(work)


async def _probe(
    targets: list[Target],
    plan: Plan,
    checks: tuple[Check, ...],
    stores: Mapping[str, tuple[bytes, ...]],
    keys: RunKeys,
    take: Callable[[Report], None],
    stop: asyncio.Event,
) -> None:
    progress = Progress(len(targets), is_quiet=plan.is_quiet)

    async def probe(target: Target) -> Report:
        return await report_async(
            target,
            checks=checks,
            settings=plan.settings,
            connections=plan.connections,
            probes_attacks=plan.probes_attacks,
            starttls=plan.starttls,
            stop=stop,
            stores=stores,
            keys=keys,
        )

    at_once = max(1, min(plan.hosts, sockets.most_open() // plan.connections))
    cut_short = 0
    async for _, report in many.each(targets, probe, at_once=at_once, stop=stop):
        progress.clear()
        if report.is_interrupted and len(targets) > 1:
            cut_short += 1  # a part of a report is no line to go on from
            continue
        if plan.is_verbose:
            note(clean.visible(_in_short(report)))
        take(report)
        progress.step(was_answered=report.grade is not None)
    progress.clear()
    if cut_short:
        note(f"{cut_short} under way were left out")


def _in_short(report: Report) -> str:
    """One report in a line."""
    letter = report.grade.letter if report.grade else "no answer"
    gaps = f", {len(report.unanswered)} unanswered" if report.unanswered else ""
    return (
        f"{report.target}: {letter}, {report.connections} connections, "
        f"{report.duration_s:.2f} s{gaps}"
    )


async def _at_addresses(plan: Plan) -> list[Target]:
    """The targets, each once for every address of its name if asked so."""
    if not plan.every_address:
        return list(plan.targets)
    found = [await running.at_addresses(target, plan.settings) for target in plan.targets]
    return [one for targets in found for one in targets]
