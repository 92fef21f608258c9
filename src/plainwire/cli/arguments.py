"""Options of a command line: a parser with one-line errors, words to values, options in common."""

from __future__ import annotations

import argparse
import ipaddress
import re
from pathlib import Path
from typing import Any, NoReturn

from plainwire.report import RENDERERS, clean

EXIT_CODES = (
    "exit codes: 0 clean, 1 findings or grade, 2 usage, 3 nothing scanned, "
    "4 incomplete, 130 interrupted"
)
_VALUE = re.compile(r"(--?[A-Za-z][\w-]*=)\S+")


class Parser(argparse.ArgumentParser):
    """A parser that takes no abbreviations and says what is wrong in one line, exit code 2."""

    def __init__(
        self, prog: str, description: str = "", epilog: str | None = None, **more: Any
    ) -> None:
        super().__init__(
            prog=prog, description=description, epilog=epilog, allow_abbrev=False, **more
        )

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


def origin(text: str) -> str:
    """A web origin (RFC 6454, section 6.2): ``https://app.example.com``.

    Raises:
        argparse.ArgumentTypeError: if it is none.
    """
    if not re.fullmatch(r"https?://[A-Za-z0-9][A-Za-z0-9.-]{0,252}(?::[0-9]{1,5})?", text):
        raise argparse.ArgumentTypeError(f"not an origin: {text!r} (https://app.example.com)")
    return text.lower()


def address_and_free_port(text: str) -> tuple[str, int]:
    """An IP address and a port (0, which is any, if none is named).

    Raises:
        argparse.ArgumentTypeError: if it is none.
    """
    return address_and_port(text, otherwise=0)


def address_and_port(text: str, *, otherwise: int = 53) -> tuple[str, int]:
    """An IP address and a port, or another if none is named: ``10.0.0.1``, ``[::1]:5353``.

    Raises:
        argparse.ArgumentTypeError: if it is none.
    """
    match = re.fullmatch(r"(?:\[([^\]]+)\]|([^:]+))(?::([0-9]{1,5}))?|(.+)", text)
    words = match and (match[1] or match[2] or match[4])
    try:
        address = str(ipaddress.ip_address(words or ""))
    except ValueError:
        raise argparse.ArgumentTypeError(f"not an address and a port: {text!r}") from None
    return address, port(match[3]) if match and match[3] else otherwise


def count(text: str) -> int:
    """A number from 1 to 100,000.

    Raises:
        argparse.ArgumentTypeError: if it is none.
    """
    if not re.fullmatch(r"[0-9]{1,6}", text) or not 0 < int(text) <= 100_000:
        raise argparse.ArgumentTypeError(f"not a number from 1 to 100000: {text!r}")
    return int(text)


def size(text: str) -> int:
    """A number of bytes from words such as ``16M``, ``512K`` or ``100000``: 64 KiB to 1 GiB.

    Raises:
        argparse.ArgumentTypeError: if it is none.
    """
    match = re.fullmatch(r"([0-9]{1,10})([KM]?)", text, re.IGNORECASE)
    number = int(match[1]) * {"": 1, "K": 1 << 10, "M": 1 << 20}[match[2].upper()] if match else 0
    if not 1 << 16 <= number <= 1 << 30:
        raise argparse.ArgumentTypeError(f"not a size such as 16M, from 64K to 1024M: {text!r}")
    return number


def add_targets(parser: Parser, words: str) -> argparse._ArgumentGroup:
    """Targets by argument, file and standard input, and the addresses and CA they are asked with.

    Returns the group, for a command's own.
    """
    parser.add_argument("target", nargs="*", help=f"{words}; - reads standard input")
    group = parser.add_argument_group("targets")
    group.add_argument("--targets", metavar="FILE", help="a file with a target a line (- is stdin)")
    group.add_argument(
        "--resolve", action="append", default=[], metavar="HOST:ADDR", help="the address of a name"
    )
    group.add_argument("--all-addresses", action="store_true", help="every address of each name")
    group.add_argument("--ca", type=Path, metavar="FILE", help="a CA to trust beside the others")
    return group


def add_gate(parser: Parser) -> argparse._ArgumentGroup:
    """What fails a build."""
    group = parser.add_argument_group("gate")
    group.add_argument("--fail-below", metavar="LETTER", help="fail below this grade: A to E")
    group.add_argument(
        "--fail-on", metavar="SEVERITY", help="fail from here on; none (default: high)"
    )
    group.add_argument(
        "--require", action="append", default=[], metavar="CATEGORY", help="it must have been seen"
    )
    group.add_argument(
        "--allow-incomplete", action="store_true", default=None, help="unanswered is no failure"
    )
    group.add_argument(
        "--exit-zero", action="store_true", default=None, help="findings and grade are no failure"
    )
    group.add_argument("--baseline", type=Path, metavar="FILE", help="findings that are known")
    group.add_argument("--update-baseline", action="store_true", help="write the baseline anew")
    group.add_argument("--config", type=Path, metavar="FILE", help="instead of plainwire.toml")
    return group


def add_output(parser: Parser) -> argparse._ArgumentGroup:
    """Formats, their files, and how much is said beside them."""
    group = parser.add_argument_group("output")
    group.add_argument(
        "--format", action="append", default=[], metavar="NAME[:FILE]", help=", ".join(RENDERERS)
    )
    group.add_argument("--anchor", metavar="FILE", help="the file that SARIF results point at")
    group.add_argument("-q", "--quiet", action="store_true", help="no progress")
    group.add_argument("-v", "--verbose", action="store_true", help="what is done as it is done")
    return group


def add_bounds(parser: Parser) -> argparse._ArgumentGroup:
    """Times."""
    group = parser.add_argument_group("bounds")
    group.add_argument("--connect-timeout", type=duration, metavar="TIME", help="default: 5s")
    group.add_argument(
        "--timeout", type=duration, metavar="TIME", help="for an answer (default: 10s)"
    )
    group.add_argument(
        "--time-limit",
        type=duration,
        metavar="TIME",
        help="for all that is asked of an endpoint's TLS (default: 60s)",
    )
    return group
