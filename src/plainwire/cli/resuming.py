"""``--resume FILE``: what an earlier ``jsonl`` output holds, so that it is not asked again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from plainwire.gate import Tally
from plainwire.model import (
    Category,
    Coverage,
    Finding,
    Grade,
    Report,
    Severity,
    Suppression,
    Target,
    Unanswered,
    UsageError,
)

MAX_LINE = 16_000_000
Key = tuple[str, str | None]


def key(target: Target) -> Key:
    """What tells one endpoint from another: its name and port, and the address if it is fixed."""
    return target.value, target.address


def held(path: Path, tally: Tally) -> set[Key]:
    """The endpoints that a file has a whole report on, each added to the tally as it was judged.

    A line that is no report (the last one of a run that was killed) is passed over. A file that
    is not there holds nothing.

    Raises:
        UsageError: if the file cannot be read.
    """
    found: set[Key] = set()
    try:
        with path.open("rb") as file:
            for value in _values(file):
                report = as_judged(value)
                one = (report.target, _address(value)) if report else None
                if report is not None and one is not None and one not in found:
                    found.add(one)
                    tally.add(report)
    except FileNotFoundError:
        return set()
    except OSError as error:
        raise UsageError(f"--resume: cannot read {path}: {error.strerror}") from None
    return found


def cut_broken_end(path: Path) -> None:
    """Cut what stands behind the last whole line of a file, so that lines can be added to it.

    Raises:
        UsageError: if the file cannot be changed.
    """
    try:
        with path.open("r+b") as file:
            end = file.seek(0, 2)
            at = end
            while at > 0:
                start = max(0, at - 65536)
                file.seek(start)
                newline = file.read(at - start).rfind(b"\n")
                if newline >= 0:
                    start += newline + 1
                    break
                at = start
            else:
                start = 0
            if start < end:
                file.truncate(start)
    except FileNotFoundError:
        return
    except OSError as error:
        raise UsageError(f"--resume: cannot write {path}: {error.strerror}") from None


def _values(file: Any) -> Iterator[dict[str, Any]]:
    while line := file.readline(MAX_LINE):
        if not line.endswith(b"\n"):
            if len(line) < MAX_LINE:
                return  # broken off
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict):
            yield value


def _address(value: dict[str, Any]) -> str | None:
    """The address that was fixed for the report. Returns None if the resolver was asked."""
    for note in value.get("notes") or ():
        if isinstance(note, str) and note.startswith("asked at "):
            return note.removeprefix("asked at ")
    return None


def as_judged(value: dict[str, Any]) -> Report | None:
    """What the gate asks about in a report of ours. Returns None if it is none, or not whole."""
    try:
        unanswered = tuple(
            Unanswered(u["check"], u["question"], u["reason"]) for u in value["unanswered"]
        )
        if any(gap.reason == "interrupted" for gap in unanswered):
            return None
        grade = value["grade"]
        return Report(
            target_kind=value["target"]["kind"],
            target=str(value["target"]["value"]),
            started_at=datetime.now(UTC),
            duration_s=0.0,
            requests=0,
            connections=0,
            grade=grade and _grade(grade),
            tls_status=value["tls_status"],
            tls_reasons=(),
            categories=tuple(Category(c["id"], c["status"]) for c in value["categories"]),
            coverage=Coverage(0, 0),
            findings=tuple(_finding(f) for f in value["findings"]),
            unanswered=unanswered,
            tls=(),
            tool_version=value["tool"]["version"],
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def _grade(value: dict[str, Any]) -> Grade:
    letter = value["letter"]
    if letter not in ("A", "B", "C", "D", "E", "F"):
        raise ValueError(letter)
    return Grade(letter, int(value["score"]), bool(value["is_upper_bound"]), (), (), (), letter)


def _finding(value: dict[str, Any]) -> Finding:
    why = value["suppressed"]
    return Finding(
        id=str(value["id"]),
        category=value["category"],
        severity=Severity[value["severity"].upper()],
        title="",
        message="",
        baseline=cast("Any", value["baseline"]),
        suppressed=Suppression(why["reason"]) if why else None,
    )
