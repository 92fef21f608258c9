"""What one run of a command costs: wall, CPU, memory, its output; stopped at a limit."""

from __future__ import annotations

import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Run:
    """Seconds, MiB, and what was written on stdout; ``was_stopped`` at the limit."""

    wall_s: float
    cpu_s: float
    peak_mib: float
    output: str
    exit_code: int
    was_stopped: bool


def run(
    command: Sequence[str],
    limit_s: float = 180.0,
    *,
    folder: Path | None = None,
    variables: Mapping[str, str] | None = None,
) -> Run:
    """Run a command to its end, or to the limit."""
    with tempfile.TemporaryFile() as output:
        start = time.perf_counter()
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.DEVNULL,
            cwd=folder,
            env=variables,
        )
        was_stopped = threading.Event()

        def stop() -> None:
            was_stopped.set()
            child.kill()

        timer = threading.Timer(limit_s, stop)
        timer.start()
        _, status, used = os.wait4(child.pid, 0)
        wall_s = time.perf_counter() - start
        timer.cancel()
        child.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        return Run(
            wall_s,
            used.ru_utime + used.ru_stime,
            used.ru_maxrss / 1024,
            output.read().decode("utf-8", "replace"),
            child.returncode,
            was_stopped.is_set(),
        )
