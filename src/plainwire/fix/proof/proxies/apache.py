"""Apache: its virtual hosts inside a main configuration of our own that loads Debian's modules.

https://httpd.apache.org/docs/2.4/mod/ (mpm_common, mod_ssl, mod_proxy).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from plainwire.fix.proof.proxies.moved import Moved, Mover
from plainwire.model import SourceFile

_FOLDERS: Final = (Path("/usr/lib/apache2/modules"), Path("/usr/lib64/httpd/modules"))
_MIME: Final = Path("/etc/mime.types")
_NAMES: Final = [
    "mpm_event", "authn_core", "authz_core", "authz_host", "alias", "dir", "env", "mime",
    "setenvif",
    "headers", "rewrite", "filter", "deflate", "socache_shmcb", "ssl", "proxy", "proxy_http",
    "proxy_wstunnel", "remoteip", "expires", "wsgi", "http2",
]  # fmt: skip
_DROPPED: Final = re.compile(
    r"\s*(User|Group|PidFile|Mutex|LoadModule|ErrorLog|CustomLog|TransferLog|Include|IncludeOptional"
    r"|Listen|ServerRoot|LockFile|ScoreBoardFile|SSLOpenSSLConfCmd)\s",
    re.IGNORECASE,
)
_FILES: Final = {
    "sslcertificatefile": "chain.pem",
    "sslcertificatekeyfile": "key.pem",
    "sslcertificatechainfile": "ca.pem",
    "sslcacertificatefile": "ca.pem",
    "sslproxycacertificatefile": "ca.pem",
}
_HOST: Final = re.compile(r"(\s*<VirtualHost\s+)([^>]+)>", re.IGNORECASE)
_NAMED: Final = re.compile(r"\s*Server(?:Name|Alias)\s+(.+)", re.IGNORECASE)
_URL: Final = re.compile(r"(https?|wss?)://([\w.-]+)(?::(\d+))?")


def moved(files: Sequence[SourceFile], mover: Mover) -> Moved:
    """The configuration of one Apache from the virtual hosts of the project."""
    found = Moved()
    program = mover.ground.program("apache2", "httpd")
    folder = next((f for f in _FOLDERS if f.is_dir()), None)
    if program is None or folder is None:
        found.missing.append("apache2 is not installed")
        return found
    sites = "\n".join(_rewritten(file, mover, found) for file in files)
    present = [n for n in _NAMES if (folder / f"mod_{n}.so").is_file()]
    if "WSGIScriptAlias" in sites and "wsgi" not in present:
        found.missing.append("mod_wsgi is not installed")
    lines = [f"LoadModule {n}_module {folder}/mod_{n}.so" for n in present]
    lines += [f"Listen {address}:{port}" for address, port in found.listens]
    head = [
        f"ServerRoot {mover.place}",
        f"PidFile {mover.place}/pid",
        f"Mutex file:{mover.place} default",
        f"DefaultRuntimeDir {mover.place}",
        "ServerName localhost",
        "ErrorLog /dev/stderr",
        "TypesConfig /etc/mime.types" if _MIME.is_file() else "TypesConfig /dev/null",
    ]
    path = f"{mover.place}/httpd.conf"
    found.files[path] = "\n".join((*head, *lines, sites)) + "\n"
    found.words = (program, "-f", path, "-DFOREGROUND")
    found.tests = (program, "-f", path, "-t")
    return found


def _rewritten(file: SourceFile, mover: Mover, found: Moved) -> str:
    return "\n".join(
        line for line in (_line(each, mover, found) for each in file.lines) if line is not None
    )


def _line(line: str, mover: Mover, found: Moved) -> str | None:
    if _DROPPED.match(line):
        if re.match(r"\s*Include", line, re.IGNORECASE):
            found.notes.append(f"left out: {line.strip()[:120]}")
        return None
    words = line.split(None, 1)
    name = words[0].lower() if words else ""
    if name in _FILES:
        return f"{words[0]} {mover.ground.tls(_FILES[name])}"
    host = _HOST.match(line)
    if host is not None:
        places = []
        for word in host[2].split():
            port = word.rpartition(":")[2]
            at = mover.ground.at(mover.machine, None, int(port) if port.isdecimal() else 80)
            found.listen(at)
            places.append(f"{at[0]}:{at[1]}")
        return f"{host[1]}{' '.join(dict.fromkeys(places))}>"
    named = _NAMED.match(line)
    if named is not None:
        every = [w.lower() for w in named[1].split()]
        found.hosts += [w for w in every if re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", w)]
    if name.startswith("proxypass") or "[p" in line.lower():
        line = _URL.sub(lambda m: _upstream(m, mover, found), line)
    return line


def _upstream(match: re.Match[str], mover: Mover, found: Moved) -> str:
    scheme, host, port = match.groups()
    found.upstreams.append(host)
    if mover.ground.is_own:
        return match[0]
    address, number = mover.target(host, int(port) if port else None, scheme)
    return f"{scheme}://{address}:{number}"
