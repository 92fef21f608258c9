"""``plainwire monitor``: what is watched, the loop that watches, what it found."""

from __future__ import annotations

import argparse
import asyncio
import getpass
import json
import os
import signal
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from plainwire import gate
from plainwire.cli import outputs
from plainwire.cli.arguments import Parser, count, port
from plainwire.cli.outputs import complain
from plainwire.model import UsageError

if TYPE_CHECKING:
    from plainwire.monitor.store import Store

NAME = "plainwire monitor"
STORE = "PLAINWIRE_STORE"
EXTRA = "the monitor needs SQLAlchemy and Alembic: pip install 'plainwire[monitor]'"
EXIT_CODES = (
    "exit codes: 0 fine, 1 open alerts of level warning or worse (once, status), 2 usage, "
    "3 the store cannot be used, 4 something was not answered (once), 130 interrupted"
)
SCHEMA = "plainwire-monitor/1"


def parser() -> Parser:
    """The options of ``plainwire monitor``."""
    p = Parser(
        NAME, "Watch targets: certificates that end, configurations that change.", EXIT_CODES
    )
    common = Parser(NAME, add_help=False, argument_default=argparse.SUPPRESS)
    for one, default in ((p, None), (common, argparse.SUPPRESS)):
        one.add_argument(
            "--store",
            metavar="PLACE",
            default=default,
            help=f"a file, or postgresql://HOST/DATABASE (else {STORE}, else the user's own file)",
        )
        one.add_argument(
            "--format",
            metavar="NAME",
            choices=("text", "json"),
            default="text" if default is None else default,
            help="text or json",
        )
    subs = p.add_subparsers(dest="action", required=True, metavar="ACTION", help=" ".join(ACTIONS))
    for name, (about, fill, _) in ACTIONS.items():
        sub = subs.add_parser(
            name, prog=f"{NAME} {name}", description=about, parents=[common], help=about
        )
        fill(sub)
    return p


def run(arguments: Sequence[str]) -> int:
    """Do what the arguments say and return the exit code."""
    options = parser().parse_args(arguments)
    try:
        import alembic  # noqa: F401 (is it there?)
        import sqlalchemy  # noqa: F401
    except ImportError:
        complain(NAME, EXTRA)
        return gate.USAGE
    from plainwire.monitor.store import StoreError

    try:
        _, _, work = ACTIONS[options.action]
        return work(options)
    except UsageError as error:
        complain(NAME, str(error))
        return gate.USAGE
    except StoreError as error:
        complain(NAME, f"the store failed: {error}")
        return gate.NOT_SCANNED


# What actions have in common ---------------------------------------------------------------


def _place(options: argparse.Namespace) -> str | None:
    """Where the store is; a password does not stand on a command line."""
    words: str | None = options.store
    if words is not None and "://" in words and "@" in words:
        login = words.partition("://")[2].rpartition("@")[0]
        if ":" in login:
            raise UsageError(f"--store: every process can read it; use {STORE} or PGPASSWORD")
    return words or os.environ.get(STORE) or None


def _open(options: argparse.Namespace) -> Store:
    from plainwire.monitor.store import Store

    return Store(_place(options))


def _now() -> int:
    from plainwire.monitor.times import system_clock

    return system_clock()


def _say(options: argparse.Namespace, value: Any, text: str) -> None:
    from plainwire.report import clean

    if options.format == "json":
        outputs.say(clean.json_text({"schema": SCHEMA} | value) + "\n")
    else:
        outputs.say(text)


def _moment(words: str) -> int:
    """A time: a length from now (``2h``, ``3d``) or a date and time with its zone, in ms.

    Raises:
        UsageError: if it is neither.
    """
    from plainwire.monitor.targets import interval
    from plainwire.monitor.times import milliseconds

    try:
        return _now() + interval(words)
    except UsageError:
        pass
    try:
        found = datetime.fromisoformat(words)
    except ValueError:
        raise UsageError(
            f"not a time such as 2h, 3d or 2027-01-31T08:00+01:00: {words!r}"
        ) from None
    return milliseconds(found if found.tzinfo else found.astimezone())


# Actions -----------------------------------------------------------------------------------


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
    from plainwire.monitor import secrets
    from plainwire.monitor.store import watched as rows
    from plainwire.monitor.targets import watched

    if options.bearer is not None:
        secrets.checked(options.bearer)
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
    now = _now()
    _open(options).run(lambda c: [rows.add(c, one, now) for one in wanted])
    names = [one.name for one in wanted]
    _say(options, {"added": names}, "".join(f"watching {name}\n" for name in names))
    return gate.CLEAN


def _fill_list(p: argparse.ArgumentParser) -> None:
    p.add_argument("--tag", help="only targets with this tag")


def _list(options: argparse.Namespace) -> int:
    from plainwire.monitor import telling
    from plainwire.monitor.store import reading

    rows = _open(options).read(reading.targets)
    if getattr(options, "tag", None):
        rows = [row for row in rows if options.tag in row["tags"]]
    _say(options, {"targets": rows}, telling.targets(rows, _now()))
    return gate.CLEAN


def _fill_one(p: argparse.ArgumentParser) -> None:
    p.add_argument("target", help="its name, as monitor list shows it")


def _show(options: argparse.Namespace) -> int:
    from plainwire.monitor import telling
    from plainwire.monitor.store import reading

    store, one = _named(options)
    row = store.read(lambda c: reading.shown(c, one.id))
    _say(options, {"target": row}, telling.target(row, _now()))
    return gate.CLEAN


def _named(options: argparse.Namespace) -> tuple[Store, Any]:
    from plainwire.monitor.store import watched

    store = _open(options)
    return store, store.read(lambda c: watched.named(c, options.target))


def _fill_diff(p: argparse.ArgumentParser) -> None:
    _fill_one(p)
    p.add_argument("--last", type=count, default=20, metavar="N", help="so many (default: 20)")


def _diff(options: argparse.Namespace) -> int:
    from plainwire.monitor import telling
    from plainwire.monitor.store import reading

    store, one = _named(options)
    events = store.read(lambda c: reading.events(c, one.id, options.last))
    waiting = store.read(lambda c: reading.pending(c, one.id))
    value = {"target": one.name, "changes": events, "pending": waiting}
    _say(options, value, telling.events(one.name, events, waiting))
    return gate.CLEAN


def _fill_remove(p: argparse.ArgumentParser) -> None:
    p.add_argument("target", nargs="+", help="its name, as monitor list shows it")


def _remove(options: argparse.Namespace) -> int:
    from plainwire.monitor.store import watched

    now, store = _now(), _open(options)

    def work(connection: Any) -> None:
        for name in options.target:
            watched.remove(connection, watched.named(connection, name), now)

    store.run(work)
    _say(
        options,
        {"removed": options.target},
        "".join(f"no longer watching {n}\n" for n in options.target),
    )
    return gate.CLEAN


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
    service = Service(_place(options), duties, _observer(), _now, _note)
    return asyncio.run(_until_told(service))


async def _until_told(service: Any) -> int:
    stop, told = asyncio.Event(), []

    def leave(number: int) -> None:
        told.append(number)
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, leave, number)
    await service.run(stop)
    return gate.INTERRUPTED if signal.SIGINT in told else gate.CLEAN


def _observer() -> Any:
    from plainwire.live import dial
    from plainwire.live.settings import Settings
    from plainwire.monitor.observing import Observer

    proxies, no_proxy = dial.proxies_from(os.environ)
    return Observer(_now, Settings(proxies=proxies, no_proxy=no_proxy)).look


def _note(line: str) -> None:
    complain(NAME, line)


def _fill_once(p: argparse.ArgumentParser) -> None:
    p.add_argument("target", nargs="*", help="only these, by name")


def _once(options: argparse.Namespace) -> int:
    from plainwire.monitor.service import Duties, Service
    from plainwire.monitor.store import watched

    store, now = _open(options), _now()
    if options.target:
        chosen = store.read(lambda c: [watched.named(c, name) for name in options.target])
    else:
        chosen = store.read(watched.targets)
    store.run(lambda c: watched.look_now(c, [one.id for one in chosen], now))
    asyncio.run(Service(_place(options), Duties(), _observer(), _now, _note).once())
    return _status(options)


def _fill_status(p: argparse.ArgumentParser) -> None:
    pass


def _status(options: argparse.Namespace) -> int:
    from plainwire.monitor import telling
    from plainwire.monitor.store import reading

    now, store = _now(), _open(options)
    row = store.read(lambda c: reading.status(c, now))
    alerts = store.read(reading.alerts)
    _say(options, {"status": row, "alerts": alerts}, telling.status(row, alerts, now))
    if any(each["level"] != "info" for each in alerts):
        return gate.FAILED
    has_gaps = options.action == "once" and set(row["addresses"]) - {"ok"}
    return gate.INCOMPLETE if has_gaps else gate.CLEAN


def _fill_ack(p: argparse.ArgumentParser) -> None:
    p.add_argument("alert", type=count, help="its number, as monitor status shows it")
    p.add_argument("--by", metavar="NAME", help="who knows (default: your user name)")
    p.add_argument("--until", metavar="TIME", help="2h, 3d or a date; else until it is over")
    p.add_argument("--note", default="", metavar="WORDS", help="what is done about it")


def _ack(options: argparse.Namespace) -> int:
    from plainwire.monitor.store import watched

    until = _moment(options.until) if options.until else None
    who = options.by or getpass.getuser()
    found = _open(options).run(
        lambda c: watched.acknowledge(c, options.alert, who, until, options.note)
    )
    if not found:
        raise UsageError(f"no open alert {options.alert}")
    _say(options, {"acknowledged": options.alert}, f"alert {options.alert} is known to {who}\n")
    return gate.CLEAN


def _fill_expect(p: argparse.ArgumentParser) -> None:
    _fill_one(p)
    p.add_argument("--until", required=True, metavar="TIME", help="2h, 3d or a date")
    p.add_argument("--note", default="", metavar="WORDS", help="what will change")


def _expect(options: argparse.Namespace) -> int:
    from plainwire.monitor.store import watched

    until, now = _moment(options.until), _now()
    store, one = _named(options)
    store.run(lambda c: watched.expect(c, one.id, until, options.note, now))
    words = f"the next change of {one.name} is expected\n"
    _say(options, {"expected": one.name, "until": until}, words)
    return gate.CLEAN


def _fill_silence(p: argparse.ArgumentParser) -> None:
    p.add_argument("--tag", action="append", default=[], help="of targets with this tag")
    p.add_argument("--target", action="append", default=[], metavar="NAME", help="* is anything")
    p.add_argument("--rule", action="append", default=[], help="of this rule")
    p.add_argument("--until", metavar="TIME", help="2h, 3d or a date")
    p.add_argument("--note", default="", metavar="WORDS", help="why")
    p.add_argument("--end", type=count, metavar="N", help="end silence N")


def _silence(options: argparse.Namespace) -> int:
    from plainwire.monitor.matching import Only
    from plainwire.monitor.store import watched

    now, store = _now(), _open(options)
    if options.end is not None:
        if not store.run(lambda c: watched.end_silence(c, options.end, now)):
            raise UsageError(f"no silence {options.end}")
        _say(options, {"ended": options.end}, f"silence {options.end} is over\n")
        return gate.CLEAN
    if options.until is None:
        rows = store.read(lambda c: watched.silences(c, now))
        text = "".join(f"silence {r['id']}: {r['only']} {r['note']}\n" for r in rows)
        _say(options, {"silences": rows}, text or "no silence\n")
        return gate.CLEAN
    only = Only(tuple(options.tag), tuple(options.target), tuple(options.rule))
    until = _moment(options.until)
    number = store.run(lambda c: watched.add_silence(c, only, until, options.note, now))
    _say(options, {"silence": number, "until": until}, f"silence {number} begins\n")
    return gate.CLEAN


def _fill_test_alert(p: argparse.ArgumentParser) -> None:
    p.add_argument("channel", nargs="*", help="only these, by name")


def _test_alert(options: argparse.Namespace) -> int:
    from plainwire.monitor import messages
    from plainwire.monitor.channels.outcome import Message, SendError
    from plainwire.monitor.delivery import send
    from plainwire.monitor.store import watched

    now, found = _now(), _open(options).read(watched.channels)
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
    _say(options, {"tests": results}, "".join(lines))
    return gate.CLEAN if all(r["sent"] for r in results) else gate.FAILED


def _export(options: argparse.Namespace) -> int:
    from plainwire.monitor.exporting import exported
    from plainwire.report import clean

    outputs.say(clean.json_text(_open(options).read(exported)) + "\n")
    return gate.CLEAN


def _fill_file(p: argparse.ArgumentParser) -> None:
    p.add_argument("file", type=Path, help="what monitor export wrote")


def _import(options: argparse.Namespace) -> int:
    from plainwire.monitor import declared

    try:
        told = json.loads(options.file.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"cannot read {options.file}: {error}") from None
    if not isinstance(told, dict) or told.get("schema") != SCHEMA:
        raise UsageError(f"{options.file}: not what monitor export writes")
    kept = {key: told.get(key) for key in ("targets", "channels", "windows")}
    wanted = declared.of_dictionary(kept, options.file.name)
    return _applied(options, wanted, "import", prunes=False)


def _fill_apply(p: argparse.ArgumentParser) -> None:
    p.add_argument("file", type=Path, help="targets, channels and windows in YAML or TOML")
    p.add_argument("--yes", action="store_true", help="do it; else the plan is shown")
    p.add_argument("--prune", action="store_true", help="remove what the file declared before")


def _apply(options: argparse.Namespace) -> int:
    from plainwire.monitor import declared

    wanted = declared.read(options.file)
    source = options.file.name
    if options.yes:
        return _applied(options, wanted, source, prunes=options.prune)
    steps = _open(options).read(lambda c: declared.plan(c, wanted, source, prunes=options.prune))
    text = "".join(f"would {step}\n" for step in steps) + (
        "nothing was done; --yes does it\n" if steps else "nothing to do\n"
    )
    _say(options, {"plan": [str(step) for step in steps], "done": False}, text)
    return gate.CLEAN


def _applied(options: argparse.Namespace, wanted: Any, source: str, *, prunes: bool) -> int:
    from plainwire.monitor import declared

    now = _now()

    def work(connection: Any) -> list[Any]:
        steps = declared.plan(connection, wanted, source, prunes=prunes)
        for step in steps:
            step.work(connection, now)
        return steps

    steps = _open(options).run(work)
    text = "".join(f"{step}\n" for step in steps) or "nothing to do\n"
    _say(options, {"plan": [str(step) for step in steps], "done": True}, text)
    return gate.CLEAN


Fill = Callable[[argparse.ArgumentParser], None]
Work = Callable[[argparse.Namespace], int]
ACTIONS: dict[str, tuple[str, Fill, Work]] = {
    "add": ("Watch targets, or change how they are watched.", _fill_add, _add),
    "list": ("Every target with its state.", _fill_list, _list),
    "show": ("Everything that is known of a target.", _fill_one, _show),
    "remove": ("Watch targets no longer; their history goes.", _fill_remove, _remove),
    "run": ("Look and tell until stopped.", _fill_run, _run),
    "once": ("Look at everything now, tell, and end.", _fill_once, _once),
    "status": ("Open alerts, channels, how late looks are.", _fill_status, _status),
    "diff": ("The confirmed changes of a target.", _fill_diff, _diff),
    "ack": ("Say that somebody knows of an alert.", _fill_ack, _ack),
    "expect": ("Announce a change, so that it alarms nobody.", _fill_expect, _expect),
    "silence": ("Hold messages for a while; alone: list silences.", _fill_silence, _silence),
    "test-alert": ("Send a test message by the channels.", _fill_test_alert, _test_alert),
    "export": ("Everything declared, with its history, as JSON.", _fill_status, _export),
    "import": ("Take in what export wrote.", _fill_file, _import),
    "apply": ("Targets, channels and windows from a file.", _fill_apply, _apply),
}
