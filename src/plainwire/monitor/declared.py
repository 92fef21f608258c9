"""Targets, channels and windows from a YAML or TOML file: what is there, what is wanted, the plan.

targets:
  - {url: https://api.example.com/, tags: [shop], light: 15m, full: 1d}
channels:
  - {name: ops, kind: webhook, url: https://ops.example.com/hook, secret-from: env:HOOK}
windows:
  - {name: deploys, cron: "0 22 * * 4", minutes: 120, zone: Europe/Berlin, tags: [shop]}
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from plainwire.model import UsageError
from plainwire.monitor import secrets
from plainwire.monitor.channels import settings
from plainwire.monitor.channels.settings import ChannelSettings
from plainwire.monitor.matching import Only
from plainwire.monitor.store import watched as rows
from plainwire.monitor.targets import Watched, watched
from plainwire.monitor.windows import Window, checked

if TYPE_CHECKING:
    import sqlalchemy as sa

MAX_BYTES = 10_000_000
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
    try:
        with path.open("rb") as file:
            text = file.read(MAX_BYTES + 1).decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "not UTF-8"
        raise UsageError(f"cannot read {path}: {why}") from None
    if len(text) > MAX_BYTES:
        raise UsageError(f"{path}: longer than {MAX_BYTES} bytes")
    return of_dictionary(_parsed(path, text), str(path.name), path.parent)


def _parsed(path: Path, text: str) -> Any:
    import yaml

    try:
        if path.suffix == ".toml":
            return tomllib.loads(text)
        return yaml.safe_load(text)
    except (tomllib.TOMLDecodeError, yaml.YAMLError, RecursionError, ValueError) as error:
        raise UsageError(f"{path}: {str(error).splitlines()[0]}") from None


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
    return Step(word, "channel", one.name, lambda c, now: rows.set_channel(c, one))


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
    for key in told.keys() - keys:
        raise UsageError(f"{source}: {told[needed]}: unknown key {str(key)!r}")


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
    options = {key: told[key] for key in ("ca", "resolve", "starttls", "bearer") if key in told}
    if "bearer" in options:
        secrets.checked(options["bearer"])
    return watched(
        str(told["url"]),
        tags=_words(told, "tags", source),
        light=told.get("light"),
        full=told.get("full"),
        declared_in=source,
        paths=_words(told, "paths", source),
        **{key: str(value) for key, value in options.items()},
    )


def _only(told: Mapping[str, Any], source: str) -> Only:
    return Only(*(_words(told, key, source) for key in ("tags", "targets", "rules")))


def _channel(told: Mapping[str, Any], source: str) -> ChannelSettings:
    if "name" not in told or "kind" not in told:
        raise UsageError(f"{source}: a channel without name or kind")
    options = {key: value for key, value in told.items() if key not in CHANNEL_KEYS}
    for key, value in options.items():
        if key.endswith("-from"):
            secrets.checked(value)
    return settings.checked(
        ChannelSettings(
            str(told["name"]),
            str(told["kind"]),
            options,
            str(told.get("level", "warning")),
            _only(told, source),
            told.get("digest"),
            source,
        )
    )


def _window(told: Mapping[str, Any], source: str) -> tuple[str, Window, Only]:
    _checked_keys(told, WINDOW_KEYS, "name", source)
    minutes = told.get("minutes", 60)
    if not isinstance(minutes, int):
        raise UsageError(f"{source}: {told['name']}: minutes is not a number")
    window = checked(str(told.get("cron", "")), minutes, str(told.get("zone", "UTC")))
    return str(told["name"]), window, _only(told, source)
