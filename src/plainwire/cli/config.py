"""Configuration: ``plainwire.toml`` or ``[tool.plainwire]`` of ``pyproject.toml``, and options.

Read from the working directory only, never from further up: what a scan does must not depend on
a file that its caller does not see. An option given on the command line wins.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from plainwire.cli import replacing, words
from plainwire.gate import BaselineError, Rules, make_baseline, read_baseline
from plainwire.model import Report, UsageError

FILE = "plainwire.toml"
MAX_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class Configuration(Rules):
    """What the configuration and the options say: the rules of the gate and how to scan.

    Times are in seconds, ``rate`` in questions a second. None: neither file nor option says.
    ``baseline_file`` is the file named; ``source`` the configuration file that was read.
    """

    formats: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    anchor: str | None = None
    connect_timeout_s: float | None = None
    timeout_s: float | None = None
    time_limit_s: float | None = None
    rate: int | None = None
    concurrency: int | None = None
    max_requests: int | None = None
    body_limit: int | None = None
    identities: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, repr=False)
    baseline_file: Path | None = None
    update_baseline: bool = False
    source: Path | None = None


def load(options: argparse.Namespace, directory: Path | None = None) -> Configuration:
    """The configuration of ``directory`` (default: the working directory) under the options.

    ``options`` may lack any of the attributes; None and an empty list mean "not given".

    Raises:
        UsageError: if a file cannot be read, is no TOML, has an unknown key, a value of a wrong
            type, a suppression without reason, or if an option's word is wrong.
    """
    where = directory or Path()
    source, table = _table(getattr(options, "config", None), where)
    told = _read(table, source)
    told |= _given(options)
    baseline = cast("Path | None", told.pop("baseline", None))
    is_update = bool(getattr(options, "update_baseline", False))
    if is_update and baseline is None:
        raise UsageError("--update-baseline: no baseline file is named; --baseline FILE")
    known = _baseline(baseline, is_update) if baseline else None
    return Configuration(
        **told,
        baseline=known,
        baseline_file=baseline,
        update_baseline=is_update,
        source=source,
    )


def write_baseline(path: Path, reports: tuple[Report, ...]) -> None:
    """Write what the reports hold, suppressed findings left out, as the baseline, whole or not.

    Raises:
        UsageError: if the file cannot be written.
    """
    try:
        replacing.replace(path, make_baseline(reports).encode())
    except OSError as error:
        raise UsageError(f"--baseline: cannot write {path}: {error.strerror}") from None


def _table(named: Path | None, directory: Path) -> tuple[Path | None, Mapping[str, Any]]:
    """The file that holds the configuration, if any, and its table."""
    if named is not None:
        whole = _toml(named)
        return named, (_tool(whole, named) or {}) if named.name == "pyproject.toml" else whole
    own, project = directory / FILE, directory / "pyproject.toml"
    if own.exists():
        return own, _toml(own)
    table = _tool(_toml(project), project) if project.exists() else None
    return (project, table) if table is not None else (None, {})


def _toml(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from None
    if len(data) > MAX_BYTES:
        raise UsageError(f"{path}: more than {MAX_BYTES} bytes")
    import tomllib  # most runs have no such file

    try:
        return tomllib.loads(data.decode("utf-8-sig"))  # editors of Windows begin with a mark
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise UsageError(f"{path}: not TOML: {error}") from None


def _tool(table: Mapping[str, Any], path: Path) -> Mapping[str, Any] | None:
    """``[tool.plainwire]``. Returns None if there is none."""
    tool = table.get("tool", {})
    mine = tool.get("plainwire") if isinstance(tool, dict) else None
    if mine is not None and not isinstance(mine, dict):
        raise UsageError(f"{path}: tool.plainwire: not a table")
    return mine


def _baseline(path: Path, is_update: bool) -> frozenset[str]:
    """The fingerprints in a baseline file; none if it is about to be written for the first time."""
    if is_update and not path.exists():
        return frozenset()
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read the baseline {path}: {error}") from None
    try:
        return read_baseline(text)
    except BaselineError as error:
        raise UsageError(f"{path}: not a baseline: {error}") from None


def _read(table: Mapping[str, Any], source: Path | None) -> dict[str, Any]:
    """The fields of `Configuration` that a table gives, each read by its key's reader."""
    told: dict[str, Any] = {}
    for key, value in table.items():
        if key not in KEYS:
            raise UsageError(f"{source}: unknown key {key!r}; there are {', '.join(sorted(KEYS))}")
        field, read = KEYS[key]
        try:
            told[field] = read(value)
        except UsageError as error:
            raise UsageError(f"{source}: {key}: {error}") from None
    if "baseline" in told and source is not None:
        told["baseline"] = source.parent / told["baseline"]
    return told


def _given(options: argparse.Namespace) -> dict[str, Any]:
    """The fields of `Configuration` that options on the command line give."""
    told: dict[str, Any] = {}
    for option in ("fail_on", "fail_below", "require", "allow_incomplete", "exit_zero", "baseline"):
        value = getattr(options, option, None)
        if value is None or value == []:
            continue
        flag = "--" + option.replace("_", "-")
        try:
            told[option] = KEYS[flag[2:]][1](str(value) if isinstance(value, Path) else value)
        except UsageError as error:
            raise UsageError(f"{flag}: {error}") from None
    return told


KEYS: Mapping[str, tuple[str, Callable[[object], object]]] = {
    "fail-on": ("fail_on", words.severity),
    "fail-below": ("fail_below", words.letter),
    "require": ("require", words.categories),
    "allow-incomplete": ("allow_incomplete", words.boolean),
    "exit-zero": ("exit_zero", words.boolean),
    "baseline": ("baseline", words.file),
    "suppress": ("suppress", words.waivers),
    "paths": ("paths", words.paths),
    "formats": ("formats", words.strings),
    "anchor": ("anchor", words.string),
    "connect-timeout": ("connect_timeout_s", words.seconds),
    "timeout": ("timeout_s", words.seconds),
    "time-limit": ("time_limit_s", words.seconds),
    "rate": ("rate", words.count),
    "concurrency": ("concurrency", words.count),
    "max-requests": ("max_requests", words.count),
    "body-limit": ("body_limit", words.size),
    "identity": ("identities", words.identities),
}
