"""Pieces of work done side by side by copies of this process; nothing here knows what they are.

A copy (`os.fork`) has all modules loaded already: starting Python anew costs more than most audits.
It is safe only while this process has one thread, and only on Linux: system libraries of others
bear no copies.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
import threading
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from struct import Struct

MOST = 4  # each holds what it works on in memory
_NUMBER = Struct("=I")
_HEAD = Struct("=IQ")  # which piece, and how many bytes follow


def processors() -> int:
    """How many copies can run at once; 1 where this process must not be copied."""
    if sys.platform != "linux" or threading.active_count() > 1 or not hasattr(os, "memfd_create"):
        return 1
    return len(os.sched_getaffinity(0))


def results(
    work: Callable[[int], bytes],
    count: int,
    workers: int,
    order: Sequence[int] | None = None,
) -> Generator[bytes | None, None, None]:
    """What ``work`` gives for each number below ``count``, by number.

    They are begun in the ``order`` given: the longest first, and no copy waits long for the other.
    None for what a copy did not bring, because it ended or raised an exception: the caller does
    that itself, and meets what was wrong. No copy outlives this process, however that ends.
    """
    if count < 2 or workers < 2:
        yield from [None] * count
        return
    # A file in memory: all copies read on from one place in it. A pipe need not hold so much.
    waiting = os.memfd_create("plainwire")
    alive, life = os.pipe()  # nobody ever writes: it ends when this process does
    _write(waiting, b"".join(map(_NUMBER.pack, order or range(count))))
    os.lseek(waiting, 0, os.SEEK_SET)
    copies: dict[int, int] = {}  # what each says, and its process id
    try:
        for _ in range(min(workers, count, MOST)):
            heard, said = os.pipe()
            try:
                process = os.fork()
            except OSError:  # no room for one more: those that are there do what they can
                os.close(heard)
                os.close(said)
                break
            if not process:
                os.close(life)
                _serve(work, waiting, said, alive)
            os.close(said)
            copies[heard] = process
        yield from _in_order(copies, count)
    finally:
        for open_end in (waiting, alive, life):
            os.close(open_end)
        for heard, process in copies.items():
            os.close(heard)
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)  # it has done what it was wanted for
            os.waitpid(process, 0)


def _serve(work: Callable[[int], bytes], waiting: int, said: int, alive: int) -> None:
    """Do pieces of work until none is left, and end this copy."""
    try:
        threading.Thread(target=_end_with, args=(alive,), daemon=True).start()
        while number := os.read(waiting, _NUMBER.size):  # one reader at a time gets these bytes
            result = work(*_NUMBER.unpack(number))
            _write(said, _HEAD.pack(*_NUMBER.unpack(number), len(result)) + result)
    finally:  # also for an exception: nothing of the caller's goes on in a copy
        os._exit(0)


def _end_with(alive: int) -> None:
    os.read(alive, 1)
    os._exit(1)


def _write(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _in_order(copies: Mapping[int, int], count: int) -> Iterator[bytes | None]:
    """The results by their numbers, each as soon as it and those before it are there."""
    texts = {heard: bytearray() for heard in copies}
    done: dict[int, bytes] = {}
    number = 0
    while number < count:
        if number in done:
            yield done.pop(number)
            number += 1
        elif texts:
            for heard in select.select(list(texts), [], [])[0]:
                piece = os.read(heard, 1 << 20)
                texts[heard] += piece
                done.update(_taken(texts[heard]))
                if not piece:
                    del texts[heard]
        else:
            yield None
            number += 1


def _taken(text: bytearray) -> Iterator[tuple[int, bytes]]:
    """What is whole of what a copy said, taken away from it."""
    while len(text) >= _HEAD.size:
        number, length = _HEAD.unpack_from(text)
        end = _HEAD.size + length
        if len(text) < end:
            return
        yield number, bytes(text[_HEAD.size : end])
        del text[:end]
