"""The table of the TLS probe: three servers, near and far, beside sslyze in the same run."""

from __future__ import annotations

import asyncio
import contextlib
import json
import statistics
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import tls_stacks
from delay_proxy import Counts, DelayProxy
from measure import run

ROUNDS = 3
RTT_S = 0.05
PEER = "sslyze==6.3.1"
PROBE = Path(__file__).with_name("one_probe.py")


def table(say: Callable[[str], None], *, with_peer: bool = True) -> Iterator[dict[str, object]]:
    """Measure every case and print its rows."""
    with tempfile.TemporaryDirectory() as folder:
        peer = _installed(folder) if with_peer else None
        say("\n| server | tool | connections (floor) | 50 ms, s (floor) | loopback, s | CPU, s |")
        say("|---|---|---|---|---|---|")
        with tls_stacks.cases() as cases:
            for case in cases.values():
                with case as server:
                    yield from _rows(say, server, peer)


def _rows(
    say: Callable[[str], None], server: tls_stacks.TlsCase, peer: list[str] | None
) -> Iterator[dict[str, object]]:
    with _far(server.port) as (port, counts):
        theirs = None
        if peer:
            before = counts.connections
            far = run([*peer, f"localhost:{port}"], limit_s=120)
            made = counts.connections - before
            near = run([*peer, f"localhost:{server.port}"], limit_s=120)
            theirs = far.wall_s
            say(
                f"| {server.name} | {PEER} | {made} ({server.floor}) | {far.wall_s:.2f} "
                f"({2 * RTT_S:.1f}) | {near.wall_s:.2f} | {near.cpu_s:.2f} |"
            )
            yield {"case": server.name, "tool": PEER, "connections": made, "far_s": far.wall_s}
        for connections in (10, 50):
            near_cost = _probe(server.port, connections)
            before = counts.connections
            far_cost = _probe(port, connections)
            made = (counts.connections - before) / (ROUNDS + 1)
            wall_s = statistics.median(far_cost["wall_s"])
            ratio = f", {theirs / wall_s:.0f} times less" if theirs else ""
            say(
                f"| {server.name} | plainwire, {connections} at a time | {made:.0f} "
                f"({server.floor}) | {wall_s:.2f} ({2 * RTT_S:.1f}){ratio} "
                f"| {statistics.median(near_cost['wall_s']):.2f} "
                f"| {statistics.median(near_cost['cpu_s']):.3f} |"
            )
            yield {
                "case": server.name,
                "tool": f"plainwire {connections}",
                "connections": made,
                "far_s": wall_s,
                "cpu_s": statistics.median(near_cost["cpu_s"]),
            }


def _probe(port: int, connections: int) -> dict:
    """What a probe of a port costs, start-up apart."""
    command = [sys.executable, str(PROBE), str(port), str(connections), str(ROUNDS)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def _installed(folder: str) -> list[str] | None:
    venv = [sys.executable, "-m", "venv", folder]
    pip = [f"{folder}/bin/python", "-m", "pip", "install", "--quiet", PEER]
    if any(subprocess.run(c, capture_output=True).returncode for c in (venv, pip)):
        return None
    return [f"{folder}/bin/sslyze"]


@contextlib.contextmanager
def _far(port: int) -> Iterator[tuple[int, Counts]]:
    """A port with a round trip before it, and what passes through."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    proxy = DelayProxy(port, RTT_S)

    def do(work):
        return asyncio.run_coroutine_threadsafe(work, loop).result()

    try:
        yield do(proxy.start()), proxy.counts
    finally:
        do(proxy.stop())
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
