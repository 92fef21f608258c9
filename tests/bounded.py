"""What a test starts ends with it: every wait for a process or a thread is bounded."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

PATIENCE_S = 60  # on a loaded machine


@contextmanager
def child(command: Sequence[str | Path], **options: object) -> Iterator[subprocess.Popen[bytes]]:
    """A process, killed when the block ends. Options are those of `subprocess.Popen`.

    Leaving ``with Popen(…)`` waits without end for a process that a failed test did not end.
    """
    process = subprocess.Popen([str(word) for word in command], **options)
    try:
        yield process
    finally:
        kill(process)


def kill(process: subprocess.Popen[bytes]) -> None:
    """End a process, if it has not ended by itself, and close our ends of its pipes."""
    process.kill()
    process.wait(PATIENCE_S)
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream is not None:
            stream.close()


def await_end(thread: threading.Thread) -> None:
    """Wait for a thread, which is a daemon: a stuck one must not keep the test run from its end.

    Raises:
        RuntimeError: if it does not end in time.
    """
    assert thread.daemon
    thread.join(PATIENCE_S)
    if thread.is_alive():
        raise RuntimeError(f"{thread.name} does not end")
