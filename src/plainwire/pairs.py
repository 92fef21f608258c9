"""A certificate and its private key in two files of a folder: read, and written as a pair.

What is there and is not of `plainwire.wire.issuing` is never written over.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from pathlib import Path

from plainwire.model import UsageError
from plainwire.wire import issuing
from plainwire.wire.issuing import Issued

PARTS = ".*.part"  # what is written before it takes its place
_LARGEST = 65_536


def found(folder: Path, certificate: str, key: str) -> Issued | None:
    """The pair of files; None if neither is there.

    Raises:
        UsageError: if one is missing, or they are no pair.
    """
    places = [folder / certificate, folder / key]
    there = [place for place in places if os.path.lexists(place)]
    if not there:
        return None
    if len(there) == 1:
        missing = next(place for place in places if place not in there)
        raise UsageError(f"{there[0]} is there and {missing} is not: move it away")
    issued = issuing.read(*(content(place) for place in places))
    if issued is None:
        raise UsageError(
            f"{_both(places)} are not a pair of plainwire's: nothing is overwritten; move both away"
        )
    return issued


def content(place: Path) -> bytes:
    """The first 64 KiB of a file.

    Raises:
        UsageError: if it is a link, or no file.
    """
    if not _is_file(place):
        raise UsageError(f"{place} is not a file of plainwire's: nothing is overwritten")
    with place.open("rb") as file:
        return file.read(_LARGEST)


def write(folder: Path, issued: Issued, certificate: str, key: str) -> None:
    """Both files, each whole or not at all; the key is nobody else's from its first byte.

    Both are written before one takes its place: what fails then leaves the pair that was there,
    and what ends the process between the two is for `finish`.
    """
    parts: list[tuple[Path, Path]] = []
    try:
        for name, text, mode in ((key, issued.key_pem, 0o600), (certificate, issued.pem, 0o644)):
            part = folder / f".{name}.{secrets.token_hex(8)}.part"
            handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
            parts.append((part, folder / name))
            with os.fdopen(handle, "wb") as file:
                file.write(text)
                file.flush()
                os.fsync(handle)
        for part, place in parts:
            part.replace(place)
    finally:
        if parts and parts[0][0].exists():  # else the key is in place, and waits for the other
            for part, _ in parts:
                part.unlink()


def finish(folder: Path, certificate: str, key: str, is_alone: bool) -> None:
    """Put in place the certificate that a killed run had written for the key that is in place.

    Other parts are removed if no other run can be at work on them.
    """
    place, its_key = folder / certificate, folder / key
    for part in _parts(place):
        if _is_file(its_key) and _is_of_this(part, its_key) and _is_replaceable(place, its_key):
            part.replace(place)
    if is_alone:
        for part in (*_parts(place), *_parts(its_key)):
            part.unlink(missing_ok=True)


def _parts(place: Path) -> list[Path]:
    return [part for part in place.parent.glob(f".{place.name}.*.part") if _is_file(part)]


def _is_of_this(part: Path, key: Path) -> bool:
    issued = issuing.read(content(part), content(key))
    return issued is not None and issuing.is_ours(issued.certificate)


def _is_replaceable(place: Path, key: Path) -> bool:
    """Is there nothing, or a certificate of ours that is of another key?"""
    if not os.path.lexists(place):
        return True
    if not _is_file(place) or issuing.read(content(place), content(key)) is not None:
        return False
    its = issuing.certificate_of(content(place))
    return its is not None and issuing.is_ours(its)


def _is_file(place: Path) -> bool:
    return place.is_file() and not place.is_symlink()


def _both(places: Sequence[Path]) -> str:
    return " and ".join(str(place) for place in places)
