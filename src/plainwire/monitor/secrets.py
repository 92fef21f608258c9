"""Secrets by reference: the store holds where one is, never the secret."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from plainwire.model import UsageError

SOURCES = "env:NAME, file:PATH or keyring:SERVICE/USER"


def checked(reference: str) -> str:
    """The reference itself.

    Raises:
        UsageError: if it is none; its words are not repeated, since they may be the secret.
    """
    kind, colon, name = str(reference).partition(":")
    if not colon or not name or kind not in ("env", "file", "keyring"):
        raise UsageError(f"a secret is named by {SOURCES}, and not written down")
    if kind == "keyring" and "/" not in name:
        raise UsageError("a secret in the keyring is named by keyring:SERVICE/USER")
    return reference


def read(reference: str) -> str:
    """The secret that a reference names, without its line end.

    Raises:
        UsageError: if it is not there, is empty, or others may read its file.
    """
    kind, _, name = checked(reference).partition(":")
    if kind == "env":
        value = os.environ.get(name)
    elif kind == "file":
        value = _from_file(Path(name))
    else:
        value = _from_keyring(name)
    if not value:
        raise UsageError(f"{reference}: there is no secret")
    return value


def _from_file(path: Path) -> str:
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
                raise UsageError(f"file:{path}: others may read it; chmod 600")
            return file.read(65536).decode("utf-8").strip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "not UTF-8"
        raise UsageError(f"file:{path}: {why}") from None


def _from_keyring(name: str) -> str | None:
    try:
        # The user's own choice, and no dependency: it is there for mypy or not.
        import keyring  # type: ignore[import-not-found,unused-ignore]
        from keyring.errors import KeyringError  # type: ignore[import-not-found,unused-ignore]
    except ImportError:
        raise UsageError("keyring: the package keyring is not installed") from None
    service, _, user = name.partition("/")
    try:
        found: str | None = keyring.get_password(service, user)
    except KeyringError as error:  # there is none on this machine, or it is locked
        why = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UsageError(f"keyring:{name}: {why[:200]}") from None
    return found
