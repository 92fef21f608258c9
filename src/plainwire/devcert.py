"""Certificates for development: made once in a folder of the user's, renewed when they near an end.

What is there and is not of this module's making is never written over.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from plainwire import pairs
from plainwire.model import UsageError, WireError
from plainwire.wire import hosts, issuing
from plainwire.wire.issuing import Issued

ALWAYS = ("localhost", "127.0.0.1", "::1")
CA, CA_KEY = "ca.pem", "ca-key.pem"
CERTIFICATE, KEY = "devcert.pem", "devcert-key.pem"


@dataclass(frozen=True)
class Devcert:
    """What lies in the folder now, and what was done: "made", "renewed" or "kept"."""

    folder: Path
    names: tuple[str, ...]
    not_after: datetime
    done: str
    is_new_authority: bool

    @property
    def ca(self) -> Path:
        """The authority's certificate: what clients are told to trust."""
        return self.folder / CA

    @property
    def certificate(self) -> Path:
        """The server's certificate."""
        return self.folder / CERTIFICATE

    @property
    def key(self) -> Path:
        """The server's private key, mode 0600."""
        return self.folder / KEY


def usual_folder() -> Path:
    """Where the certificates are kept unless a folder is named: outside of any project."""
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or str(Path.home() / "AppData" / "Local")
    else:
        base = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(base) / "plainwire" / "devcert"


def ensure(
    folder: Path,
    named: Sequence[str] = (),
    now: datetime | None = None,
    wants_new_ca: bool = False,
    patience_s: float = 30.0,
) -> Devcert:
    """A folder with an authority and a certificate for `ALWAYS`, ``named`` and what it held before.

    A certificate with a third of its life left is kept. The authority is kept if it holds already
    and as long as a certificate of it would end before it does. A run waits
    ``patience_s`` seconds for another.

    Raises:
        UsageError: for what is no name, what this authority may not vouch for, a file that is not
            of this module's making, one that cannot be written, or another run that goes on.
    """
    now = now or datetime.now(UTC)
    wanted = [_name(word) for word in named]
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder = folder.resolve()
        with _alone(folder, patience_s) as is_alone:
            pairs.finish(folder, CA, CA_KEY, is_alone)
            pairs.finish(folder, CERTIFICATE, KEY, is_alone)
            return _ensured(folder, wanted, now, wants_new_ca)
    except OSError as error:
        raise UsageError(f"{error.filename or folder}: {error.strerror}") from None


def _ensured(folder: Path, wanted: Sequence[str], now: datetime, wants_new_ca: bool) -> Devcert:
    ca, certificate = pairs.found(folder, CA, CA_KEY), pairs.found(folder, CERTIFICATE, KEY)
    _ensure_ours(folder, ca, certificate)
    names = _merged(certificate, wanted)
    is_new = ca is None or wants_new_ca or not _holds_for_another(ca, now)
    if ca is not None and not is_new:
        _ensure_permitted(ca, names)
    _ensure_ignored(folder)
    if ca is None or is_new:
        ca = issuing.authority(names, now)
        pairs.write(folder, ca, CA, CA_KEY)
    # Nothing that is there is from it: it is new, or the run that made it was killed.
    is_unknown = certificate is None or not issuing.issued_by(certificate, ca)
    kept = certificate is not None and _is_good(certificate, ca, names, now)
    done = "kept" if kept else ("made" if certificate is None else "renewed")
    if certificate is None or not kept:
        certificate = issuing.server(names, ca, now)
        pairs.write(folder, certificate, CERTIFICATE, KEY)
    _ensure_private(folder)
    its_end = certificate.certificate.not_valid_after_utc
    return Devcert(folder, names, its_end, done, is_unknown)


def _name(word: str) -> str:
    """A host in A-labels or an address, without brackets; ``*.`` before a host is kept."""
    is_wild = word.startswith("*.")
    text = word[2:] if is_wild else word
    try:
        host = hosts.host(f"[{text}]" if ":" in text and not text.startswith("[") else text)
    except WireError as error:
        is_more = "/" in word or "]:" in word or word.count(":") == 1
        why = "a host or an address alone, without scheme, port and path" if is_more else error
        raise UsageError(f"not a name for a certificate: {ascii(word)[:80]}: {why}") from None
    if is_wild and (":" in host or host.rpartition(".")[2].isdigit()):
        raise UsageError(f"not a name for a certificate: {ascii(word)[:80]}")
    if is_wild and "." not in host:
        # OpenSSL, GnuTLS and Node want two labels below the star (so that *.com is nobody's).
        raise UsageError(
            f"not a name for a certificate: {ascii(word)[:80]}: clients take no wildcard below one "
            f"label: name each host, or *.app.{host}"
        )
    return f"*.{host}" if is_wild else host


def _merged(certificate: Issued | None, wanted: Sequence[str]) -> tuple[str, ...]:
    before = issuing.names(certificate.certificate) if certificate else ()
    return tuple(dict.fromkeys((*ALWAYS, *before, *wanted)))


def _holds_for_another(ca: Issued, now: datetime) -> bool:
    """Does the authority hold now, and as long as a certificate that it issues now?

    A clock that was ahead has made one that does not yet.
    """
    its = ca.certificate
    return its.not_valid_before_utc <= now and now + issuing.LIFETIME <= its.not_valid_after_utc


def _is_good(certificate: Issued, ca: Issued, names: Sequence[str], now: datetime) -> bool:
    its = certificate.certificate
    left = its.not_valid_after_utc - now
    return (
        issuing.issued_by(certificate, ca)
        and set(names) <= set(issuing.names(its))
        and its.not_valid_before_utc <= now
        and left > issuing.LIFETIME / 3
    )


def _ensure_permitted(ca: Issued, names: Sequence[str]) -> None:
    refused = [name for name in names if not issuing.permits(ca, name.removeprefix("*."))]
    if refused:
        raise UsageError(
            f"the authority may not vouch for {', '.join(refused)}: --new-ca makes one that may, "
            "which is to be trusted anew"
        )


# Files


@contextlib.contextmanager
def _alone(folder: Path, patience_s: float) -> Iterator[bool]:
    """No other run in this folder meanwhile: two that renew at once would mix their pairs.

    Yields whether that is sure. The lock is the folder's own: nothing is left behind, and it ends
    with the process. None on Windows, where a folder has none, and on file systems without (NFS:
    flock needs a file).
    """
    if sys.platform == "win32":
        yield False
        return
    import fcntl

    handle = os.open(folder, os.O_RDONLY)
    try:
        until = time.monotonic() + patience_s
        while (is_locked := _locked(handle, fcntl.flock, fcntl.LOCK_EX | fcntl.LOCK_NB)) is False:
            if time.monotonic() > until:
                raise UsageError(f"another run is at work in {folder}")
            time.sleep(0.05)
        yield is_locked is True
    finally:
        os.close(handle)


def _locked(handle: int, flock: Callable[[int, int], None], operation: int) -> bool | None:
    """Is it ours now; None where there are no locks."""
    try:
        flock(handle, operation)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


def _ensure_ours(folder: Path, ca: Issued | None, certificate: Issued | None) -> None:
    if ca is not None and not issuing.is_authority(ca):
        raise UsageError(
            f"{folder / CA} is not an authority of plainwire's: nothing is overwritten"
        )
    if certificate is not None and not issuing.is_ours(certificate.certificate):
        raise UsageError(f"{folder / CERTIFICATE} is not plainwire's: nothing is overwritten")


def _ensure_private(folder: Path) -> None:
    """Keys that somebody has opened to others since are closed again."""
    for name in (CA_KEY, KEY):
        if (folder / name).stat().st_mode & 0o077 and os.name == "posix":
            (folder / name).chmod(0o600)


def _ensure_ignored(folder: Path) -> None:
    """Inside a git repository: a .gitignore with all files, added to one that is there."""
    if not any(os.path.lexists(parent / ".git") for parent in (folder, *folder.parents)):
        return
    ignore = folder / ".gitignore"
    before = pairs.content(ignore).decode("utf-8", "replace") if os.path.lexists(ignore) else ""
    lines = [f"/{name}" for name in (CA, CA_KEY, CERTIFICATE, KEY, pairs.PARTS)]
    # What comes last counts: after a "!*.pem" the lines are needed once more.
    said = before.splitlines()
    negated = max((index for index, line in enumerate(said) if line.startswith("!")), default=-1)
    missing = [line for line in lines if line not in said[negated + 1 :]]
    if missing:
        start = "" if not before or before.endswith("\n") else "\n"
        with ignore.open("a", encoding="utf-8", newline="\n") as file:
            file.write(start + "\n".join(missing) + "\n")
