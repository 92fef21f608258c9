"""Credentials from where no other process can read them: a variable, a file, a prompt."""

from __future__ import annotations

import base64
import getpass
import os
import re
import secrets
import signal
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path

from plainwire.model import Headers, UsageError

_SECRET_NAME = re.compile(r"(?i)auth|cookie|token|secret|key|password|session|jwt|credential")
SOURCES = "env:NAME, file:PATH, or - to be asked"


def read(source: str, what: str) -> str:
    """The secret that ``source`` names, its line end removed.

    Raises:
        UsageError: if it is a literal (every process can read a command line), is not there, or
            holds a line break.
    """
    kind, colon, name = source.partition(":")
    if source == "-":
        value = _asked(what)
    elif kind == "env" and colon:
        if name not in os.environ:
            raise UsageError(f"{what}: no environment variable {name}")
        value = os.environ[name]
    elif kind == "file" and colon:
        try:
            value = Path(name).read_text("utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or error
            raise UsageError(f"{what}: cannot read {name or 'no file'}: {why}") from None
    else:
        raise UsageError(f"{what}: a secret is not taken from the command line; use {SOURCES}")
    if not value or any(c in value for c in "\r\n\0") or not value.isprintable():
        raise UsageError(f"{what}: empty, or not one printable line")
    try:
        value.encode("latin-1")
    except UnicodeEncodeError:
        raise UsageError(f"{what}: holds characters that no header can carry") from None
    return value


def _asked(what: str) -> str:
    """What is typed at the terminal, unseen; without one, the next line of standard input."""
    # Ctrl-C must unwind through getpass, which gives the terminal its echo back.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", getpass.GetPassWarning)
            return getpass.getpass(f"{what}: ")
    except getpass.GetPassWarning:
        return sys.stdin.readline().rstrip("\r\n")
    except EOFError:
        return ""
    finally:
        signal.signal(signal.SIGINT, before)


def headers(
    bearer: str | None,
    basic: str | None,
    cookie: str | None,
    header: Sequence[str],
    userinfo: str | None,
) -> Headers:
    """The header lines that the given credentials make.

    Raises:
        UsageError: as `read`, or if a ``--header`` is not ``Name: SOURCE``.
    """
    lines: list[tuple[str, str]] = []
    if bearer is not None:
        lines.append(("Authorization", f"Bearer {read(bearer, '--bearer')}"))
    pair = read(basic, "--basic (user:password)") if basic is not None else userinfo
    if pair is not None:
        token = base64.b64encode(pair.encode()).decode("ascii")
        lines.append(("Authorization", f"Basic {token}"))
    if cookie is not None:
        lines.append(("Cookie", read(cookie, "--cookie")))
    for item in header:
        name, colon, source = item.partition(":")
        if not colon or not name.strip() or not name.isascii() or not name.strip().isprintable():
            raise UsageError(f"--header: not 'Name: SOURCE': {name[:40]!r}")
        lines.append((name.strip(), _header_value(name.strip(), source.strip())))
    if sum(name == "Authorization" for name, _ in lines) > 1:
        raise UsageError("more than one Authorization credential")
    return tuple(lines)


def field(name: str, source: str) -> str:
    """The value of a login's field: a source, or a literal where its name speaks of no secret.

    Raises:
        UsageError: as `read`.
    """
    is_source = source == "-" or source.startswith(("env:", "file:"))
    return read(source, name) if is_source or _SECRET_NAME.search(name) else source


def _header_value(name: str, source: str) -> str:
    """A header's value: a source, or a literal where the name does not speak of a secret."""
    if source == "-" or source.startswith(("env:", "file:")) or _SECRET_NAME.search(name):
        return read(source, f"--header {name}")
    if not source.isprintable() or not source.isascii():
        raise UsageError(f"--header {name}: not one printable line of ASCII")
    return source


def mask_key() -> bytes:
    """The user's own key for the hashes of masked secrets, made at first use, mode 0600.

    Falls back to a key for this run alone where it cannot be kept.
    """
    base = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    path = Path(base) / "plainwire" / "mask.key"
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not path.exists():
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(secrets.token_bytes(32))
        key = path.read_bytes()
    except (OSError, RuntimeError):
        key = b""
    return key if len(key) == 32 else secrets.token_bytes(32)
