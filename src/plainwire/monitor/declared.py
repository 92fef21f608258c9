"""Targets, channels and windows from a YAML or TOML file: what is there, what is wanted, the plan.

targets:
  - {url: https://api.example.com/, tags: [shop], light: 15m, full: 1d}
channels:
  - {name: ops, kind: webhook, url: https://ops.example.com/hook, secret-from: env:HOOK}
windows:
  - {name: deploys, cron: "0 22 * * 4", minutes: 120, zone: Europe/Berlin, tags: [shop]}
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from plainwire.model import UsageError
from plainwire.monitor import documents, secrets
from plainwire.monitor.channels import settings
from plainwire.monitor.channels.settings import ChannelSettings
from plainwire.monitor.matching import Only, fitting
from plainwire.monitor.store import alerts
from plainwire.monitor.store import watched as rows
from plainwire.monitor.targets import Watched, watched
from plainwire.monitor.windows import Window, checked

if TYPE_CHECKING:
    import sqlalchemy as sa

TARGET_KEYS = {"url", "tags", "light", "full", "ca", "paths", "resolve", "starttls", "bearer"}
CHANNEL_KEYS = {"name", "kind", "level", "digest", "tags", "targets", "rules"}
WINDOW_KEYS = {"name", "cron", "minutes", "zone", "tags", "targets", "rules"}


@dataclass(frozen=True, slots=True)
class Declared:
    """What a file wants there to be, by name."""

    targets: Mapping[str, Watched] = field(default_factory=dict)
    channels: Mapping[str, ChannelSettings] = field(default_factory=dict)
    windows: Mapping[str, tuple[Window, Only]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that applying would do: ``word`` is add, change or remove."""

    word: str
    kind: str
    name: str
    work: Callable[[sa.Connection, int], object] = field(compare=False, repr=False)

    def __str__(self) -> str:
        return f"{self.word} {self.kind} {self.name}"


def read(path: Path) -> Declared:
    """What a file declares.

    Raises:
        UsageError: if it cannot be read, or something in it is wrong; nothing is half applied.
    """
    return of_dictionary(documents.parsed(path), str(path.name), path.parent)


def of_dictionary(told: Any, source: str, folder: Path) -> Declared:
    """What a document declares; ``source`` is where it came from.

    A CA's file is looked for from ``folder`` on: whoever watches may be started elsewhere.

    Raises:
        UsageError: if something in it is wrong.
    """
    if not isinstance(told, dict) or not told.keys() <= {"targets", "channels", "windows"}:
        raise UsageError(f"{source}: not targets, channels and windows")
    targets = [_target(_placed(one, folder), source) for one in _list(told, "targets", source)]
    channels = [_channel(_placed(one, folder), source) for one in _list(told, "channels", source)]
    windows = [_window(each, source) for each in _list(told, "windows", source)]
    return Declared(
        _unique([(one.name, one) for one in targets], source),
        _unique([(one.name, one) for one in channels], source),
        _unique([(name, (window, only)) for name, window, only in windows], source),
    )


def plan(connection: sa.Connection, wanted: Declared, source: str, *, prunes: bool) -> list[Step]:
    """The steps that make it so; what an earlier version of the file declared goes if it prunes."""
    targets = {one.name: one for one in rows.targets(connection)}
    channels = {one.name: one for one in rows.channels(connection)}
    windows = {row["name"]: row for row in rows.windows(connection)}
    steps = [
        _target_step(_word(targets.get(one.name), one), one) for one in wanted.targets.values()
    ]
    steps += [
        _channel_step(_word(channels.get(one.name), one), one) for one in wanted.channels.values()
    ]
    steps += [
        _window_step(_window_word(windows.get(name), window, only), name, window, only, source)
        for name, (window, only) in wanted.windows.items()
    ]
    steps = [step for step in steps if step.word]
    if prunes:
        steps += _removals(targets, channels, windows, wanted, source)
    return steps


def _target_step(word: str, one: Watched) -> Step:
    return Step(word, "target", one.name, lambda c, now: rows.add(c, one, now))


def _channel_step(word: str, one: ChannelSettings) -> Step:
    def work(connection: sa.Connection, now: int) -> None:
        alerts.tell_of_open(connection, rows.set_channel(connection, one), now)

    return Step(word, "channel", one.name, work)


def _window_step(word: str, name: str, window: Window, only: Only, source: str) -> Step:
    return Step(word, "window", name, lambda c, now: rows.set_window(c, name, window, only, source))


def _removals(
    targets: Mapping[str, Watched],
    channels: Mapping[str, ChannelSettings],
    windows: Mapping[str, Mapping[str, Any]],
    wanted: Declared,
    source: str,
) -> list[Step]:
    def target(one: Watched) -> Step:
        return Step("remove", "target", one.name, lambda c, now: rows.remove(c, one, now))

    def channel(name: str) -> Step:
        return Step("remove", "channel", name, lambda c, now: rows.remove_channel(c, name))

    def window(name: str) -> Step:
        return Step("remove", "window", name, lambda c, now: rows.remove_window(c, name))

    ours = [name for name, row in windows.items() if row["declared_in"] == source]
    return [
        *(target(one) for one in _gone(targets, wanted.targets, source)),
        *(channel(one.name) for one in _gone(channels, wanted.channels, source)),
        *(window(name) for name in ours if name not in wanted.windows),
    ]


def _gone(known: Mapping[str, Any], wanted: Mapping[str, Any], source: str) -> list[Any]:
    return [o for name, o in known.items() if o.declared_in == source and name not in wanted]


def _word(known: Any, wanted: Any) -> str:
    """What would be done to make a row as it is wanted; empty: nothing."""
    if known is None:
        return "add"
    fields = [name for name in wanted.__slots__ if name not in ("id", "disabled_because")]
    same = all(_plain(getattr(known, name)) == _plain(getattr(wanted, name)) for name in fields)
    return "" if same else "change"


def _window_word(row: Mapping[str, Any] | None, window: Window, only: Only) -> str:
    if row is None:
        return "add"
    known = row["cron"], row["duration_min"], row["zone"], row["only"]
    return "" if known == (window.cron, window.minutes, window.zone, only.as_json()) else "change"


def _plain(value: Any) -> Any:
    """A value as it comes back from the store: JSON knows lists only."""
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    return value


def _list(told: Mapping[str, Any], key: str, source: str) -> list[Mapping[str, Any]]:
    found = told.get(key)
    found = [] if found is None else found
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise UsageError(f"{source}: {key} is not a list of tables")
    for name in (name for each in found for name in each if not isinstance(name, str)):
        raise UsageError(f"{source}: {key}: the key {name!r} is no word")
    return found


def _unique(pairs: list[tuple[str, Any]], source: str) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise UsageError(f"{source}: {twice!r} is declared twice")
    return found


def _checked_keys(told: Mapping[str, Any], keys: set[str], needed: str, source: str) -> None:
    if needed not in told:
        raise UsageError(f"{source}: an entry without {needed}")
    for key in sorted(told.keys() - keys):
        raise UsageError(f"{source}: {_name(told, needed, source)}: unknown key {key!r}")


def _text(told: Mapping[str, Any], key: str, source: str) -> str | None:
    """A text; None for none. YAML 1.1 reads ``no`` and ``1:30`` as something else."""
    found = told.get(key)
    if found is not None and not isinstance(found, str):
        raise UsageError(f"{source}: {key} is no text; put it in quotes")
    return found


def _name(told: Mapping[str, Any], key: str, source: str) -> str:
    found = _text(told, key, source)
    if not found:
        raise UsageError(f"{source}: an entry without {key}")
    return found


def _words(told: Mapping[str, Any], key: str, source: str) -> tuple[str, ...]:
    found = told.get(key, [])
    if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
        raise UsageError(f"{source}: {key} is not a list of words")
    return tuple(found)


def _placed(told: Mapping[str, Any], folder: Path) -> Mapping[str, Any]:
    ca = told.get("ca")
    return {**told, "ca": str((folder / ca).resolve())} if ca and isinstance(ca, str) else told


def _target(told: Mapping[str, Any], source: str) -> Watched:
    _checked_keys(told, TARGET_KEYS, "url", source)
    options = {key: _text(told, key, source) for key in ("ca", "resolve", "starttls", "bearer")}
    if options["bearer"] is not None:
        secrets.checked(options["bearer"])
    return watched(
        _name(told, "url", source),
        tags=_words(told, "tags", source),
        light=_text(told, "light", source),
        full=_text(told, "full", source),
        declared_in=source,
        paths=_words(told, "paths", source),
        **options,
    )


def _only(told: Mapping[str, Any], source: str) -> Only:
    return fitting(Only(*(_words(told, key, source) for key in ("tags", "targets", "rules"))))


def _channel(told: Mapping[str, Any], source: str) -> ChannelSettings:
    options = {key: value for key, value in told.items() if key not in CHANNEL_KEYS}
    for key, value in options.items():
        if key.endswith("-from"):
            secrets.checked(value)
    return settings.checked(
        ChannelSettings(
            _name(told, "name", source),
            _name(told, "kind", source),
            options,
            _text(told, "level", source) or "warning",
            _only(told, source),
            told.get("digest"),
            source,
        )
    )


def _window(told: Mapping[str, Any], source: str) -> tuple[str, Window, Only]:
    _checked_keys(told, WINDOW_KEYS, "name", source)
    minutes = told.get("minutes", 60)
    name = _name(told, "name", source)
    if type(minutes) is not int:  # True is an int
        raise UsageError(f"{source}: {name}: minutes is not a number")
    cron, zone = _text(told, "cron", source) or "", _text(told, "zone", source) or "UTC"
    return name, checked(cron, minutes, zone), _only(told, source)
