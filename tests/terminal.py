"""A process at a terminal of its own: what it shows, and what is typed. Every wait is bounded."""

from __future__ import annotations

import fcntl
import os
import select
import struct
import subprocess
import termios
import time
from collections.abc import Sequence
from pathlib import Path

from bounded import PATIENCE_S, kill

AGAIN_S = 1.0
CTRL_C, CTRL_D = b"\x03", b"\x04"


class Terminal:
    """A command at a pseudo-terminal, in a session of its own; killed when the block ends.

    ``shown`` is all that it wrote there so far. Options are those of `subprocess.Popen`.
    """

    def __init__(self, command: Sequence[str | Path], columns: int = 80, **options: object) -> None:
        self._screen, self._line = os.openpty()
        fcntl.ioctl(self._line, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        self.shown = b""
        streams = dict.fromkeys(("stdin", "stdout", "stderr"), self._line)
        self.process = subprocess.Popen(
            [str(word) for word in command],
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(self._line, termios.TIOCSCTTY, 0),
            **{**streams, **options},
        )

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        kill(self.process)
        os.close(self._line)
        os.close(self._screen)

    @property
    def echoes(self) -> bool:
        """Whether what is typed is shown."""
        return bool(termios.tcgetattr(self._line)[3] & termios.ECHO)

    def type(self, keys: bytes) -> None:
        """Press keys; Ctrl-C and Ctrl-D are what the terminal makes of them."""
        os.write(self._screen, keys)

    def until(self, words: bytes, times: int = 1) -> None:
        """Wait until the words were shown so many times.

        Raises:
            AssertionError: if the process ends or says nothing of that in time.
        """
        deadline = time.monotonic() + PATIENCE_S
        while self.shown.count(words) < times:
            is_over = self.process.poll() is not None
            said = self._said(0.05)
            assert said or not is_over, self.shown
            assert time.monotonic() < deadline, self.shown

    def ended(self, keys: bytes = b"") -> int:
        """The exit code, once the process has ended; keys are pressed again and again until then.

        A process that is just about to read meets a signal only when the read ends: a person
        presses Ctrl-C once more, too.

        Raises:
            AssertionError: if it does not end in time.
        """
        deadline = time.monotonic() + PATIENCE_S
        while self.process.poll() is None:
            assert time.monotonic() < deadline, self.shown
            if keys:
                self.type(keys)
            pressed = time.monotonic()
            while self.process.poll() is None and time.monotonic() < pressed + AGAIN_S:
                self._said(0.05)
        while self._said(0):
            pass
        return self.process.returncode

    def _said(self, seconds: float) -> bytes:
        """What comes within that time."""
        if not select.select([self._screen], [], [], seconds)[0]:
            return b""
        said = os.read(self._screen, 65536)
        self.shown += said
        return said
