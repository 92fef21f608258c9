"""The certificates that are trusted: Mozilla's roots, the system's store, and the user's own.

Nothing is parsed here but PEM; `wire.path_search` looks a root up by its subject when it needs it.
"""

from __future__ import annotations

import base64
import binascii
import re
import ssl
import sys
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

from plainwire.model import UsageError, WireError
from plainwire.wire import der

MAX_BYTES = 16 << 20
MAX_FILES = 2000

# RFC 7468, section 5.1, and the older label that section 4 of it tells parsers to accept.
PEM = re.compile(
    rb"-----BEGIN (?:X509 )?CERTIFICATE-----([A-Za-z0-9+/=\s]*)-----END (?:X509 )?CERTIFICATE-----"
)
# The names that OpenSSL looks for in a directory: hash of the subject and a number.
HASHED = re.compile(r"[0-9a-f]{8}\.\d{1,4}")


def stores(ca_file: Path | None) -> Mapping[str, tuple[bytes, ...]]:
    """The anchors by store, DER each: "mozilla", "system" and, if a file is named, "ca-file".

    Read once a process; a file that is named is read at once, so that a bad one is refused early.

    Raises:
        UsageError: if the file cannot be read or holds no certificate.
    """
    named = {} if ca_file is None else {"ca-file": from_file(ca_file)}
    return MappingProxyType({"mozilla": mozilla(), "system": system(), **named})


@lru_cache(maxsize=1)
def mozilla() -> tuple[bytes, ...]:
    """Mozilla's roots for TLS servers, as certifi has them."""
    import certifi

    return _certificates(Path(certifi.where()).read_bytes())


@lru_cache(maxsize=1)
def system() -> tuple[bytes, ...]:
    """The roots that OpenSSL finds by default here, or Windows' ROOT store; empty if none.

    SSL_CERT_FILE and SSL_CERT_DIR count as they do for OpenSSL. Nothing is executed, so on macOS
    the keychain is not seen. What cannot be read is left out.
    """
    if sys.platform == "win32":
        return tuple(cert for cert, kind, _ in ssl.enum_certificates("ROOT") if kind == "x509_asn")
    where = ssl.get_default_verify_paths()
    found: dict[bytes, None] = {}
    for path in _system_files(where.cafile, where.capath):
        try:
            found.update(dict.fromkeys(_certificates(_read(path))))
        except OSError:
            continue
    return tuple(found)


def _system_files(file: str | None, directory: str | None) -> list[Path]:
    files = [Path(file)] if file else []
    if directory:
        try:
            names = sorted(
                path for path in Path(directory).iterdir() if HASHED.fullmatch(path.name)
            )
        except OSError:
            names = []
        files += names[:MAX_FILES]
    return files


def from_file(path: Path) -> tuple[bytes, ...]:
    """The certificates of a PEM bundle or a DER file, in order, each once.

    Raises:
        UsageError: if the file cannot be read or holds no certificate.
    """
    try:
        data = _read(path)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise UsageError(f"cannot read the CA file {path}: {reason}") from None
    found = _certificates(data) or ((data,) if _is_certificate(data) else ())
    if not found:
        what = ", but a private key" if b"PRIVATE KEY-----" in data else ""
        raise UsageError(f"no certificate in the CA file {path}{what}; PEM or DER is read")
    return found


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise OSError(0, f"larger than {MAX_BYTES >> 20} MiB")
    return data


def _certificates(data: bytes) -> tuple[bytes, ...]:
    """The certificates of a PEM bundle, each once; blocks that are not one are left out."""
    found: dict[bytes, None] = {}
    for block in PEM.findall(data):
        try:
            item = base64.b64decode(b"".join(block.split()), validate=True)
        except binascii.Error:
            continue
        if _is_certificate(item):
            found[item] = None
    return tuple(found)


def _is_certificate(data: bytes) -> bool:
    try:
        der.outline(data)
    except WireError:
        return False
    return True
