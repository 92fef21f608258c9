"""How a command ends when its user or its reader leaves: an exit code, never a traceback."""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType

INTERRUPTED = 130
READER_LEFT = 141  # what a shell says of a program that SIGPIPE ended


class OutputError(OSError):
    """Standard output cannot be written, though its reader is there."""


def told(name: str, arguments: Sequence[str], *, is_whole_process: bool = False) -> int:
    """Run a command of this package by its name and return its exit code.

    Python looks for garbage afterwards as it did before, unless the process ends with the command.
    """
    _prepare_streams()
    with interruptible(), _collecting_again(is_whole_process):
        try:
            with _collecting_again(is_last=False):
                gc.disable()  # what is imported stays: looking for garbage in it takes a twentieth
                run = importlib.import_module(f"plainwire.cli.{name}").run
            code: int = run(arguments)
            sys.stdout.flush()
        except KeyboardInterrupt:
            return INTERRUPTED
        except BrokenPipeError:
            # The reader of our output left (`plainwire scan … | head`): nobody to tell.
            _discard_output()
            return READER_LEFT
        except OutputError as error:
            _discard_output()
            sys.stderr.write(f"plainwire {name}: cannot write the output: {error.strerror}\n")
            return 2
        except OSError as error:
            # Of whatever nobody foresaw: too many open files, a disk that is full.
            cause = error.strerror or type(error).__name__
            sys.stderr.write(f"plainwire {name}: the system refused: {cause}\n")
            return 2
        return code


@contextlib.contextmanager
def _collecting_again(is_last: bool) -> Iterator[None]:
    """Have Python look for garbage afterwards if it did before; where nothing follows, not once."""
    was_enabled = gc.isenabled()
    try:
        yield
    finally:
        if was_enabled and not gc.isenabled():
            if is_last:
                gc.freeze()  # it looks as it ends, though disabled
            else:
                gc.enable()


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """Let Ctrl-C end the process at once with 130 while nothing better is installed.

    Python's own KeyboardInterrupt would surface in the middle of imports and callbacks, with a
    traceback that no ``except`` can keep back.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def leave(number: int, frame: FrameType | None) -> None:
    """End the process now, as a signal handler."""
    with contextlib.suppress(OSError, ValueError, RuntimeError):  # flushing inside a flush
        sys.stdout.flush()
    os._exit(INTERRUPTED)


def _prepare_streams() -> None:
    """Make streams that were closed (``>&-``) lead nowhere, and stdout take every character."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            stream = Path(os.devnull).open(mode, encoding="utf-8")  # noqa: SIM115 (for good)
            setattr(sys, name, stream)
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="backslashreplace")


def _discard_output() -> None:
    """Point standard output nowhere, so that Python's flush at exit cannot fail again."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
