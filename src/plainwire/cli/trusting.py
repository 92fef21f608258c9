"""How each system, browser and library is told to trust an authority; nothing is done here."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping
from pathlib import Path

_NAME = "plainwire-development"
_SYSTEMS: Mapping[str, tuple[str, ...]] = {
    "Debian, Ubuntu": (
        f"sudo cp {{ca}} /usr/local/share/ca-certificates/{_NAME}.crt",
        "sudo update-ca-certificates",
    ),
    "Fedora, RHEL": (
        f"sudo cp {{ca}} /etc/pki/ca-trust/source/anchors/{_NAME}.pem",
        "sudo update-ca-trust",
    ),
    "macOS (Safari, Chrome, curl)": (
        "security add-trusted-cert -r trustRoot -k ~/Library/Keychains/login.keychain-db {ca}",
    ),
    "Windows (Edge, Chrome)": ("certutil -addstore -user Root {ca}",),
}
_BROWSERS = (
    # Of libnss3-tools or nss-tools; it makes a store, but no folder for it.
    f"Chromium on Linux: mkdir -p $HOME/.pki/nssdb && "
    f'certutil -d sql:$HOME/.pki/nssdb -A -t "C,," -n {_NAME} -i {{ca}}',
    "Firefox: Settings, Privacy & Security, View Certificates, Authorities, Import {ca}",
)
# SSL_CERT_FILE and REQUESTS_CA_BUNDLE stand in for all other authorities, NODE_EXTRA_CA_CERTS adds.
_VARIABLES = (
    "requests, for local targets only: export REQUESTS_CA_BUNDLE={ca}",
    "Python's ssl, OpenSSL, for local targets only: export SSL_CERT_FILE={ca}",
    "Node: export NODE_EXTRA_CA_CERTS={ca}",
    "curl: curl --cacert {ca} https://localhost:5000/",
)


def lines(ca: Path, is_every_system: bool) -> list[str]:
    """What to type, for this system or for every one."""
    here = _here()
    wanted = _SYSTEMS if is_every_system or here is None else {here: _SYSTEMS[here]}
    told = [f"{system}: {' && '.join(words)}" for system, words in wanted.items()]
    place = f'"{ca}"' if sys.platform == "win32" else shlex.quote(str(ca))
    return [line.replace("{ca}", place) for line in (*told, *_BROWSERS, *_VARIABLES)]


def _here() -> str | None:
    """The system of `_SYSTEMS` that this is; None if it is told by nothing."""
    if sys.platform == "darwin":
        return "macOS (Safari, Chrome, curl)"
    if sys.platform == "win32":
        return "Windows (Edge, Chrome)"
    if Path("/usr/sbin/update-ca-certificates").exists():
        return "Debian, Ubuntu"
    return "Fedora, RHEL" if Path("/etc/pki/ca-trust").is_dir() else None
