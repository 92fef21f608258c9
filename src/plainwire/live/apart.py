"""Runs a coroutine apart from whatever loop its caller is in: what `scan` and `probe` stand on."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


def run_apart(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """The result of ``work()``, run by a loop of its own in a thread of its own.

    So a caller may be inside a running loop (a notebook, pytest-asyncio), and in any thread. No
    signal handler is installed.

    Raises:
        BaseException: what the coroutine raised.
    """
    done: list[T] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            done.append(asyncio.run(work()))
        except BaseException as error:
            failed.append(error)

    _in_a_thread(run)
    if failed:
        raise failed[0]
    return done[0]


def _in_a_thread(run: Callable[[], None]) -> None:
    """Run it in a thread of the system's and wait."""
    monkey: Any = sys.modules.get("gevent.monkey")
    if monkey is not None and monkey.is_module_patched("threading"):
        # What is patched starts greenlets, which share a thread, and a thread has one asyncio loop.
        # Waiting for gevent's own pool lets the other greenlets run.
        hub: Any = sys.modules["gevent"].get_hub()
        hub.threadpool.apply(run)
        return
    thread = threading.Thread(target=run, name="plainwire", daemon=True)
    thread.start()
    thread.join()
