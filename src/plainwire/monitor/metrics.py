"""``/metrics`` for Prometheus and ``/healthz``, on a port of loopback."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterable, Iterator
from typing import Any, get_args

from plainwire.model import UsageError
from plainwire.monitor.keeper import Keeper
from plainwire.monitor.levels import LEVELS
from plainwire.monitor.store import reading
from plainwire.monitor.times import SECOND, Clock
from plainwire.report.tls_diff import Direction

HOST = "127.0.0.1"
HEAD_LIMIT, TIMEOUT_S = 8192, 5.0
TYPE = "text/plain; version=0.0.4; charset=utf-8"


async def serve(port: int, keeper: Keeper, clock: Clock) -> asyncio.Server:
    """A server that answers on a port of loopback (0: one that is free) until it is closed.

    Raises:
        UsageError: if the port is taken.
    """

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(TIMEOUT_S):
                words = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split()
                writer.write(await _answer(words[0], words[1].partition("?")[0], keeper, clock))
                await writer.drain()
        except (OSError, IndexError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # whoever asked left or took too long, or spoke no HTTP
        finally:
            writer.close()

    try:
        return await asyncio.start_server(answer, HOST, port, limit=HEAD_LIMIT)
    except OSError as error:
        words = os.strerror(error.errno) if error.errno else str(error)
        raise UsageError(f"cannot listen on {HOST}:{port}: {words}") from None


async def _answer(method: str, path: str, keeper: Keeper, clock: Clock) -> bytes:
    if method not in ("GET", "HEAD"):
        return _response("405 Method Not Allowed", "text/plain", "GET only\n")
    now = clock()
    if path == "/healthz":
        status, body = health(await keeper.read(lambda c: reading.status(c, now)), keeper.trouble)
        return _response(status, "application/json", body)
    if path == "/metrics":
        found = await keeper.read(
            lambda c: (
                reading.status(c, now),
                reading.targets(c),
                reading.alerts(c),
                reading.drifts(c),
            )
        )
        if found is None:
            return _response("503 Service Unavailable", "text/plain", "the store failed\n")
        return _response("200 OK", TYPE, "".join(f"{line}\n" for line in lines(*found)))
    return _response("404 Not Found", "text/plain", "/metrics and /healthz\n")


def _response(status: str, kind: str, body: str) -> bytes:
    content = body.encode("utf-8", "replace")
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(content)}\r\n"
    return (head + "Connection: close\r\nCache-Control: no-store\r\n\r\n").encode() + content


def health(status: dict[str, Any] | None, trouble: str | None) -> tuple[str, str]:
    """The status line and body of ``/healthz``: 503 when the monitor does not do what it should."""
    problems = troubles(status) if status is not None else [f"the store failed: {trouble}"]
    body = json.dumps({"healthy": not problems, "problems": problems}) + "\n"
    return ("200 OK" if not problems else "503 Service Unavailable"), body


def troubles(status: dict[str, Any]) -> list[str]:
    """What the monitor does not do that it should: looks that are late, messages that do not go."""
    found = [f"{status['late']} looks are late by two intervals"] if status["late"] else []
    for one in status["channels"]:
        name = f"channel {one['name']}"
        if not one["is_enabled"]:
            found.append(f"{name} is disabled: {one['disabled_because']}")
        elif one["overdue"]:
            found.append(f"{name}: {one['overdue']} messages are overdue")
        if one["died"]:
            found.append(f"{name}: {one['died']} messages were given up within a day")
    return found


def lines(
    status: dict[str, Any],
    targets: list[dict[str, Any]],
    alerts: list[dict[str, Any]],
    drifts: dict[str, int],
) -> Iterator[str]:
    """The metrics in Prometheus' text format. No label holds a fingerprint or a serial number."""
    yield from _gauge("plainwire_targets", "Targets under watch.", [({}, status["targets"])])
    yield from _gauge(
        "scan_lag_seconds",
        "How late the look is that waits longest.",
        [({}, status["scan_lag_s"])],
    )
    yield from _gauge(
        "tls_cert_not_after_timestamp_seconds",
        "When the certificate ends that ends first.",
        [(_target(t), t["not_after"] / SECOND) for t in targets if t["not_after"] is not None],
    )
    yield from _gauge(
        "tls_cert_not_before_timestamp_seconds",
        "When the certificate began that ends first.",
        [(_target(t), t["not_before"] / SECOND) for t in targets if t["not_before"] is not None],
    )
    yield from _gauge(
        "tls_scan_success",
        "Whether every address answered.",
        [(_target(t), int(t["state"] == "ok")) for t in targets if t["seen_at"] is not None],
    )
    yield from _gauge(
        "tls_scan_last_timestamp_seconds",
        "When an address was looked at last, whether it answered or not.",
        [(_target(t), t["seen_at"] / SECOND) for t in targets if t["seen_at"] is not None],
    )
    yield from _gauge(
        "tls_grade_info",
        "The grade, the worst of the addresses.",
        [(_target(t) | {"grade": t["grade"]}, 1) for t in targets if t["grade"]],
    )
    yield from _gauge(
        "plainwire_alerts",
        "Open alerts.",
        [({"level": level}, status["alerts"].get(level, 0)) for level in LEVELS],
    )
    yield "# HELP tls_drift_total Confirmed changes that nobody announced, by direction."
    yield "# TYPE tls_drift_total counter"
    # A series that begins with its first event has no increase.
    yield from (
        _line("tls_drift_total", {"direction": one}, drifts.get(one, 0))
        for one in get_args(Direction)
    )
    for name in ("waiting", "dead"):
        yield from _gauge(
            f"plainwire_messages_{name}",
            f"Messages that are {name}.",
            [({"channel": one["name"]}, one[name]) for one in status["channels"]],
        )


def _target(row: dict[str, Any]) -> dict[str, str]:
    return {"target": row["name"]}


def _gauge(name: str, about: str, values: Iterable[tuple[dict[str, str], float]]) -> Iterator[str]:
    yield f"# HELP {name} {about}"
    yield f"# TYPE {name} gauge"
    yield from (_line(name, labels, value) for labels, value in values)


def _line(name: str, labels: dict[str, str], value: float) -> str:
    shown = ",".join(f'{key}="{_escaped(word)}"' for key, word in labels.items())
    number = f"{value:.3f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
    return f"{name}{{{shown}}} {number}" if shown else f"{name} {number}"


def _escaped(word: str) -> str:
    return word.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
