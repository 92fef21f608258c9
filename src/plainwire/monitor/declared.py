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
from typing import Any

import sqlalchemy as sa

from plainwire.model import UsageError
from plainwire.monitor import secrets
from plainwire.monitor.channels import settings
from plainwire.monitor.channels.settings import ChannelSettings
from plainwire.monitor.matching import Only
from plainwire.monitor.store import watched as rows
from plainwire.monitor.targets import Watched, watched
from plainwire.monitor.windows import Window, checked

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
    return of_dictionary(_parsed(path, text), str(path.name))


def _parsed(path: Path, text: str) -> Any:
    import yaml

    try:
        if path.suffix == ".toml":
            return tomllib.loads(text)
        return yaml.safe_load(text)
    except (tomllib.TOMLDecodeError, yaml.YAMLError, RecursionError, ValueError) as error:
        raise UsageError(f"{path}: {str(error).splitlines()[0]}") from None


def of_dictionary(told: Any, source: str) -> Declared:
    """What a document declares; ``source`` is where it came from.

    Raises:
        UsageError: if something in it is wrong.
    """
    if not isinstance(told, dict) or not told.keys() <= {"targets", "channels", "windows"}:
        raise UsageError(f"{source}: not targets, channels and windows")
    targets = [_target(each, source) for each in _list(told, "targets", source)]
    channels = [_channel(each, source) for each in _list(told, "channels", source)]
    windows = [_window(each, source) for each in _list(told, "windows", source)]
    return Declared(
        _unique([(one.name, one) for one in targets], source),
        _unique([(one.name, one) for one in channels], source),
        _unique([(name, (window, only)) for name, window, only in windows], source),
    )


def plan(connection: sa.Connection, wanted: Declared, source: str, *, prunes: bool) -> list[Step]:
    """The steps that make it so; what an earlier version of the file declared goes if it prunes."""
    steps: list[Step] = []
    known = {one.name: one for one in rows.targets(connection)}
    for name, one in wanted.targets.items():
        if (word := _word(known.get(name), one)) is not None:
            steps.append(Step(word, "target", name, lambda c, now, o=one: rows.add(c, o, now)))  # type: ignore[misc]
    channels = {one.name: one for one in rows.channels(connection)}
    for name, ch in wanted.channels.items():
        if (word := _word(channels.get(name), ch)) is not None:
            steps.append(Step(word, "channel", name, lambda c, now, o=ch: rows.set_channel(c, o)))  # type: ignore[misc]
    windows = {row["name"]: row for row in rows.windows(connection)}
    for name, (window, only) in wanted.windows.items():
        new = (window.cron, window.minutes, window.zone, only.as_json())
        old = windows.get(name)
        if old is None or new != (old["cron"], old["duration_min"], old["zone"], old["only"]):
            steps.append(
                Step(
                    "add" if old is None else "change",
                    "window",
                    name,
                    lambda c, now, n=name, w=window, o=only: rows.set_window(c, n, w, o, source),  # type: ignore[misc]
                )
            )
    if prunes:
        steps += _removals(known, channels, windows, wanted, source)
    return steps


def _removals(
    targets: Mapping[str, Watched],
    channels: Mapping[str, ChannelSettings],
    windows: Mapping[str, Mapping[str, Any]],
    wanted: Declared,
    source: str,
) -> list[Step]:
    steps = [
        Step("remove", "target", name, lambda c, now, o=one: rows.remove(c, o, now))  # type: ignore[misc]
        for name, one in targets.items()
        if one.declared_in == source and name not in wanted.targets
    ]
    steps += [
        Step("remove", "channel", name, lambda c, now, n=name: rows.remove_channel(c, n))  # type: ignore[misc]
        for name, ch in channels.items()
        if ch.declared_in == source and name not in wanted.channels
    ]
    steps += [
        Step("remove", "window", name, lambda c, now, n=name: rows.remove_window(c, n))  # type: ignore[misc]
        for name, row in windows.items()
        if row["declared_in"] == source and name not in wanted.windows
    ]
    return steps


def _word(known: Any, wanted: Any) -> str | None:
    if known is None:
        return "add"
    fields = [name for name in wanted.__slots__ if name not in ("id", "disabled_because")]
    same = all(_plain(getattr(known, name)) == _plain(getattr(wanted, name)) for name in fields)
    return None if same else "change"


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
