"""What is watched: add, list, show, remove."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from plainwire import gate
from plainwire.cli.monitor import shared


def _fill_add(p: argparse.ArgumentParser) -> None:
    p.add_argument("target", nargs="+", help="URL, or HOST[:PORT] for TLS alone")
    p.add_argument("--tag", action="append", default=[], help="for channels, silences, windows")
    p.add_argument("--light", metavar="TIME", help="between light looks (default: 15m)")
    p.add_argument("--full", metavar="TIME", help="between full looks (default: 1d)")
    p.add_argument("--ca", type=Path, metavar="FILE", help="a CA to trust beside the others")
    p.add_argument("--path", action="append", default=[], help="a further path to ask")
    p.add_argument("--resolve", metavar="ADDR", help="the address to look at")
    p.add_argument("--starttls", metavar="PROTOCOL", help="begin TLS inside this protocol")
    p.add_argument("--bearer", metavar="REF", help="a bearer token: env:NAME, file:PATH, keyring:…")


def _add(options: argparse.Namespace) -> int:
    from plainwire.live import dial
    from plainwire.monitor import secrets
    from plainwire.monitor.store import watched as rows
    from plainwire.monitor.targets import watched

    if options.bearer is not None:
        secrets.checked(options.bearer)
    if options.ca is not None:
        dial.verifying_context(options.ca)
    wanted = [
        watched(
            words,
            tags=tuple(options.tag),
            light=options.light,
            full=options.full,
            ca=str(options.ca.resolve()) if options.ca else None,
            paths=tuple(options.path),
            resolve=options.resolve,
            starttls=options.starttls,
            bearer=options.bearer,
        )
        for words in options.target
    ]
    now = shared.now()
    shared.opened(options).run(lambda c: [rows.add(c, one, now) for one in wanted])
    names = [one.name for one in wanted]
    shared.say(options, {"added": names}, "".join(f"watching {name}\n" for name in names))
    return gate.CLEAN


def _fill_list(p: argparse.ArgumentParser) -> None:
    p.add_argument("--tag", help="only targets with this tag")


def _list(options: argparse.Namespace) -> int:
    from plainwire.monitor import telling
    from plainwire.monitor.store import reading

    rows = shared.opened(options).read(reading.targets)
    if getattr(options, "tag", None):
        rows = [row for row in rows if options.tag in row["tags"]]
    shared.say(options, {"targets": rows}, telling.targets(rows, shared.now()))
    return gate.CLEAN


def _show(options: argparse.Namespace) -> int:
    from plainwire.monitor import telling
    from plainwire.monitor.store import reading

    store, one = shared.named(options)
    row = store.read(lambda c: reading.shown(c, one.id))
    shared.say(options, {"target": row}, telling.target(row, shared.now()))
    return gate.CLEAN


def _fill_remove(p: argparse.ArgumentParser) -> None:
    p.add_argument("target", nargs="+", help="its name, as monitor list shows it")


def _remove(options: argparse.Namespace) -> int:
    from plainwire.monitor.store import watched

    now, store = shared.now(), shared.opened(options)

    def work(connection: Any) -> None:
        for name in options.target:
            watched.remove(connection, watched.named(connection, name), now)

    store.run(work)
    shared.say(
        options,
        {"removed": options.target},
        "".join(f"no longer watching {n}\n" for n in options.target),
    )
    return gate.CLEAN


ACTIONS: shared.Actions = {
    "add": ("Watch targets, or change how they are watched.", _fill_add, _add),
    "list": ("Every target with its state.", _fill_list, _list),
    "show": ("Everything that is known of a target.", shared.fill_target, _show),
    "remove": ("Watch targets no longer; their history goes.", _fill_remove, _remove),
}
