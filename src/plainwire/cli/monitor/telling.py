"""Who is told, and of what not: ack, expect, silence, test-alert."""

from __future__ import annotations

import argparse
import asyncio
import getpass
import os

from plainwire import gate
from plainwire.cli.monitor import shared
from plainwire.model import UsageError


def _fill_ack(p: argparse.ArgumentParser) -> None:
    p.add_argument("alert", type=shared.number, help="its number, as monitor status shows it")
    p.add_argument("--by", metavar="NAME", help="who knows (default: your user name)")
    p.add_argument("--until", metavar="TIME", help="2h, 3d or a date; else until it is over")
    p.add_argument("--note", default="", metavar="WORDS", help="what is done about it")


def _ack(options: argparse.Namespace) -> int:
    from plainwire.monitor.store import watched

    until = shared.moment(options.until) if options.until else None
    who = options.by or _user()
    found = shared.opened(options).run(
        lambda c: watched.acknowledge(c, options.alert, who, until, options.note)
    )
    if not found:
        raise UsageError(f"no open alert {options.alert}")
    shared.say(
        options, {"acknowledged": options.alert}, f"alert {options.alert} is known to {who}\n"
    )
    return gate.CLEAN


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # as in a container: nobody has a name for this number
        return f"user {os.getuid()}"


def _fill_expect(p: argparse.ArgumentParser) -> None:
    shared.fill_target(p)
    p.add_argument("--until", required=True, metavar="TIME", help="2h, 3d or a date")
    p.add_argument("--note", default="", metavar="WORDS", help="what will change")


def _expect(options: argparse.Namespace) -> int:
    from plainwire.monitor.store import watched

    until, now = shared.moment(options.until), shared.now()
    store, one = shared.named(options)
    store.run(lambda c: watched.expect(c, one.id, until, options.note, now))
    words = f"the next change of {one.name} is expected\n"
    shared.say(options, {"expected": one.name, "until": until}, words)
    return gate.CLEAN


def _fill_silence(p: argparse.ArgumentParser) -> None:
    p.add_argument("--tag", action="append", default=[], help="of targets with this tag")
    p.add_argument("--target", action="append", default=[], metavar="NAME", help="* is anything")
    p.add_argument("--rule", action="append", default=[], help="of this rule")
    p.add_argument("--until", metavar="TIME", help="2h, 3d or a date")
    p.add_argument("--note", default="", metavar="WORDS", help="why")
    p.add_argument("--end", type=shared.number, metavar="N", help="end silence N")


def _silence(options: argparse.Namespace) -> int:
    from plainwire.monitor import telling
    from plainwire.monitor.matching import Only, fitting, is_like
    from plainwire.monitor.store import watched

    now, store = shared.now(), shared.opened(options)
    if options.end is not None:
        if not store.run(lambda c: watched.end_silence(c, options.end, now)):
            raise UsageError(f"no silence {options.end}")
        shared.say(options, {"ended": options.end}, f"silence {options.end} is over\n")
        return gate.CLEAN
    only = fitting(Only(tuple(options.tag), tuple(options.target), tuple(options.rule)))
    if options.until is None:
        if only != Only():
            raise UsageError("a silence ends: --until")
        rows = store.read(lambda c: watched.silences(c, now))
        shared.say(options, {"silences": rows}, telling.silences(rows))
        return gate.CLEAN
    until = shared.moment(options.until)
    names = [one.name for one in store.read(watched.targets)]
    for pattern in only.targets:
        if not any(is_like(name, pattern) for name in names):
            shared.note(f"no target is called {pattern!r} as yet; monitor list shows their names")
    number = store.run(lambda c: watched.add_silence(c, only, until, options.note, now))
    shared.say(options, {"silence": number, "until": until}, f"silence {number} begins\n")
    return gate.CLEAN


def _fill_test_alert(p: argparse.ArgumentParser) -> None:
    p.add_argument("channel", nargs="*", help="only these, by name")


def _test_alert(options: argparse.Namespace) -> int:
    from plainwire.monitor import messages
    from plainwire.monitor.channels.outcome import Message, SendError
    from plainwire.monitor.delivery import send
    from plainwire.monitor.store import watched

    now, found = shared.now(), shared.opened(options).read(watched.channels)
    chosen = [one for one in found if not options.channel or one.name in options.channel]
    if not chosen or len(chosen) < len(set(options.channel)):
        names = ", ".join(one.name for one in found) or "none; plainwire monitor apply FILE"
        raise UsageError(f"no such channel; there are {names}")
    payload = messages.notice(
        "test", "a test message", "The channel works: this is not an alert.", "info", now
    )
    results = []
    for one in chosen:
        try:
            asyncio.run(send(one, Message(f"test_{one.id}_{now}", payload, now)))
            results.append({"channel": one.name, "sent": True, "error": None})
        except (SendError, UsageError) as error:
            results.append({"channel": one.name, "sent": False, "error": str(error)})
    lines = [f"{r['channel']}: {'sent' if r['sent'] else r['error']}\n" for r in results]
    shared.say(options, {"tests": results}, "".join(lines))
    return gate.CLEAN if all(r["sent"] for r in results) else gate.FAILED


ACTIONS: shared.Actions = {
    "ack": ("Say that somebody knows of an alert.", _fill_ack, _ack),
    "expect": ("Announce a change, so that it alarms nobody.", _fill_expect, _expect),
    "silence": ("Hold messages for a while; alone: list silences.", _fill_silence, _silence),
    "test-alert": ("Send a test message by the channels.", _fill_test_alert, _test_alert),
}
