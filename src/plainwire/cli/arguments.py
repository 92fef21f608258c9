"""Options of a command line: an argument parser with one-line errors, and words to values."""

from __future__ import annotations

import argparse
import re
from typing import NoReturn

from plainwire.report import clean

_VALUE = re.compile(r"(--?[A-Za-z][\w-]*=)\S+")


class Parser(argparse.ArgumentParser):
    """A parser that takes no abbreviations and says what is wrong in one line, exit code 2."""

    def __init__(self, prog: str, description: str, epilog: str | None = None) -> None:
        super().__init__(prog=prog, description=description, epilog=epilog, allow_abbrev=False)

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and leave; what stands behind ``=`` may be a secret."""
        shown = clean.visible(_VALUE.sub(r"\1…", message), 400)
        self.exit(2, f"{self.prog}: {shown}; see {self.prog} --help\n")


def duration(text: str) -> float:
    """A time in seconds from words such as ``60s``, ``500ms``, ``2m`` or ``10``.

    Raises:
        argparse.ArgumentTypeError: if it is none, or nothing.
    """
    match = re.fullmatch(r"([0-9]{1,6}(?:\.[0-9]{1,3})?)(ms|s|m)?", text)
    if match is None:
        raise argparse.ArgumentTypeError(f"not a time such as 60s or 500ms: {text!r}")
    value = float(match[1]) * {"ms": 0.001, "s": 1.0, "m": 60.0, None: 1.0}[match[2]]
    if value <= 0:
        raise argparse.ArgumentTypeError("a time is more than nothing")
    return value


def port(text: str) -> int:
    """A TCP port.

    Raises:
        argparse.ArgumentTypeError: if it is none.
    """
    if not re.fullmatch(r"[0-9]{1,5}", text) or not 0 < int(text) < 65536:
        raise argparse.ArgumentTypeError(f"not a port: {text!r}")
    return int(text)


def count(text: str) -> int:
    """A number from 1 to 100,000.

    Raises:
        argparse.ArgumentTypeError: if it is none.
    """
    if not re.fullmatch(r"[0-9]{1,6}", text) or not 0 < int(text) <= 100_000:
        raise argparse.ArgumentTypeError(f"not a number from 1 to 100000: {text!r}")
    return int(text)
