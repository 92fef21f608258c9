"""The looks, and what they found: run, once, status, diff."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
from typing import Any

from plainwire import gate
from plainwire.cli.arguments import count, port
from plainwire.cli.monitor import shared

SIGNALS = (signal.SIGINT, signal.SIGTERM)


def _fill_run(p: argparse.ArgumentParser) -> None:
    p.add_argument("--listen", type=port, metavar="PORT", help="/metrics and /healthz on loopback")
    p.add_argument("--only", choices=("look", "deliver"), help="one of the two: look, deliver")
    p.add_argument("--heartbeat", metavar="REF", help="the URL of a dead man's switch: env:NAME, …")
    p.add_argument("--at-once", type=count, default=50, metavar="N", help="light looks (50)")
    p.add_argument("--full-at-once", type=count, default=4, metavar="N", help="full looks (4)")


def _run(options: argparse.Namespace) -> int:
    from plainwire.monitor import secrets
    from plainwire.monitor.loop import Pace
    from plainwire.monitor.service import Duties, Service

    if options.heartbeat is not None:
        secrets.read(options.heartbeat)
    duties = Duties(
        looks=options.only != "deliver",
        delivers=options.only != "look",
        port=options.listen,
        heartbeat=options.heartbeat,
        pace=Pace(light=options.at_once, full=options.full_at_once),
    )
    service = Service(shared.place(options), duties, _observer(), shared.now, shared.note)
    return asyncio.run(_until_told(service))


async def _until_told(service: Any) -> int:
    stop, told = asyncio.Event(), []

    def leave(number: int) -> None:
        told.append(number)
        stop.set()

    for number in SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, leave, number)
    await service.run(stop)
    return gate.INTERRUPTED if signal.SIGINT in told else gate.CLEAN


def _observer() -> Any:
    from plainwire.live import dial
    from plainwire.live.settings import Settings
    from plainwire.monitor.observing import Observer

    proxies, no_proxy = dial.proxies_from(os.environ)
    return Observer(shared.now, Settings(proxies=proxies, no_proxy=no_proxy)).look


def _fill_once(p: argparse.ArgumentParser) -> None:
    p.add_argument("target", nargs="*", help="only these, by name")


def _once(options: argparse.Namespace) -> int:
    from plainwire.monitor.service import Duties, Service
    from plainwire.monitor.store import reading, watched

    store, now = shared.opened(options), shared.now()
    if options.target:
        chosen = store.read(lambda c: [watched.named(c, name) for name in options.target])
    else:
        chosen = store.read(watched.targets)
    store.run(lambda c: watched.look_now(c, [one.id for one in chosen], now))
    service = Service(shared.place(options), Duties(), _observer(), shared.now, shared.note)
    if not asyncio.run(_once_unless_told(service)):
        return gate.INTERRUPTED
    left = store.read(lambda c: reading.not_looked_at(c, now))
    for one in chosen:
        if one.id in left:
            shared.note(f"{one.name} was not looked at: another process is at it, or its host")
    code = _status(options)
    return gate.INCOMPLETE if code == gate.CLEAN and left & {one.id for one in chosen} else code


async def _once_unless_told(service: Any) -> bool:
    """True once everything is done; False if somebody told it to end."""
    work = asyncio.ensure_future(service.once())
    for number in SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, work.cancel)
    await asyncio.wait([work])
    if work.cancelled():
        return False
    work.result()
    return True


def _status(options: argparse.Namespace) -> int:
    from plainwire.monitor import telling
    from plainwire.monitor.store import reading

    now, store = shared.now(), shared.opened(options)
    row = store.read(lambda c: reading.status(c, now))
    alerts = store.read(reading.alerts)
    shared.say(options, {"status": row, "alerts": alerts}, telling.status(row, alerts, now))
    if any(each["level"] != "info" for each in alerts):
        return gate.FAILED
    has_gaps = options.action == "once" and set(row["addresses"]) - {"ok"}
    return gate.INCOMPLETE if has_gaps else gate.CLEAN


def _fill_diff(p: argparse.ArgumentParser) -> None:
    shared.fill_target(p)
    p.add_argument("--last", type=count, default=20, metavar="N", help="so many (default: 20)")


def _diff(options: argparse.Namespace) -> int:
    from plainwire.monitor import telling
    from plainwire.monitor.store import reading

    store, one = shared.named(options)
    events = store.read(lambda c: reading.events(c, one.id, options.last))
    waiting = store.read(lambda c: reading.pending(c, one.id))
    value = {"target": one.name, "changes": events, "pending": waiting}
    shared.say(options, value, telling.events(one.name, events, waiting))
    return gate.CLEAN


ACTIONS: shared.Actions = {
    "run": ("Look and tell until stopped.", _fill_run, _run),
    "once": ("Look at everything now, tell, and end.", _fill_once, _once),
    "status": ("Open alerts, channels, how late looks are.", shared.fill_nothing, _status),
    "diff": ("The confirmed changes of a target.", _fill_diff, _diff),
}
