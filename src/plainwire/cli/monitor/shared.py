"""What the actions have in common: the store they open, the times they are told, their answer."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from plainwire.cli import outputs
from plainwire.cli.outputs import complain
from plainwire.model import UsageError

if TYPE_CHECKING:
    from plainwire.monitor.store import Store

NAME = "plainwire monitor"
STORE = "PLAINWIRE_STORE"
SCHEMA = "plainwire-monitor/1"
# What an action is about, its options, and what it does: its exit code.
Fill = Callable[[argparse.ArgumentParser], None]
Work = Callable[[argparse.Namespace], int]
Actions = Mapping[str, tuple[str, Fill, Work]]


def place(options: argparse.Namespace) -> str | None:
    """Where the store is; a password does not stand on a command line."""
    words: str | None = options.store
    if words is not None and "://" in words and "@" in words:
        login = words.partition("://")[2].rpartition("@")[0]
        if ":" in login:
            raise UsageError(f"--store: every process can read it; use {STORE} or PGPASSWORD")
    return words or os.environ.get(STORE) or None


def opened(options: argparse.Namespace) -> Store:
    """The store that was named, else the user's own."""
    from plainwire.monitor.store import Store

    return Store(place(options))


def now() -> int:
    """The system's time in ms."""
    from plainwire.monitor.times import system_clock

    return system_clock()


def say(options: argparse.Namespace, value: Any, text: str) -> None:
    """Print the text, or the value as JSON where that was asked for."""
    from plainwire.report import clean

    if options.format == "json":
        outputs.say(clean.json_text({"schema": SCHEMA} | value) + "\n")
    else:
        outputs.say(text)


def moment(words: str) -> int:
    """A time: a length from now (``2h``, ``3d``) or a date and time with its zone, in ms.

    Raises:
        UsageError: if it is neither, or lies in the past.
    """
    from plainwire.monitor.targets import interval
    from plainwire.monitor.times import milliseconds

    try:
        return now() + interval(words)
    except UsageError:
        pass
    try:
        at = milliseconds(datetime.fromisoformat(words).astimezone())
    except (ValueError, OverflowError):
        raise UsageError(
            f"not a time such as 2h, 3d or 2027-01-31T08:00+01:00: {words!r}"
        ) from None
    if at <= now():
        raise UsageError(f"that time is over: {words!r}")
    return at


def number(text: str) -> int:
    """The number of something in the store.

    Raises:
        argparse.ArgumentTypeError: if it is none.
    """
    if not re.fullmatch(r"[0-9]{1,18}", text):
        raise argparse.ArgumentTypeError(f"not a number: {text!r}")
    return int(text)


def named(options: argparse.Namespace) -> tuple[Store, Any]:
    """The store, and the target that was named."""
    from plainwire.monitor.store import watched

    store = opened(options)
    return store, store.read(lambda c: watched.named(c, options.target))


def fill_target(p: argparse.ArgumentParser) -> None:
    """The one target that an action is about."""
    p.add_argument("target", help="its name, as monitor list shows it")


def note(line: str) -> None:
    """Say on standard error what went wrong while the action goes on."""
    complain(NAME, line)


def fill_nothing(p: argparse.ArgumentParser) -> None:
    """No options but those of all actions."""
