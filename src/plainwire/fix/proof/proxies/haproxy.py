"""HAProxy: binds, certificates and the process's own settings moved; rules as they are written.

https://docs.haproxy.org/2.6/configuration.html (global, bind, server, errorfile).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from plainwire.fix.proof.ground import is_every
from plainwire.fix.proof.proxies.moved import Moved, Mover
from plainwire.model import SourceFile
from plainwire.source.deploy.words import expanded

_DROPPED: Final = re.compile(
    r"\s*(user|group|uid|gid|chroot|daemon|pidfile|stats\s+(socket|timeout)|log|ca-base|crt-base"
    r"|errorfile|ssl-dh-param-file|setenv|lua-load|master-worker|cpu-map|nbthread)\b"
)
_BIND: Final = re.compile(r"(\s*bind\s+)(\S+)(.*)")
_SERVER: Final = re.compile(r"(\s*server\s+\S+\s+)([^\s:]+):(\d+)(.*)")


def moved(files: Sequence[SourceFile], mover: Mover) -> Moved:
    """The configuration of one HAProxy."""
    found = Moved()
    program = mover.ground.program("haproxy")
    if program is None:
        found.missing.append("haproxy is not installed")
        return found
    call: tuple[str, ...] = (program, "-db")
    for file in files:
        if re.search(r"\{\{|\{%", file.text):
            found.missing.append(f"{file.path} is a template of another program")
        path = f"{mover.place}/{file.name}"
        lines = [_line(line, mover, found) for line in file.lines]
        found.files[path] = "\n".join(line for line in lines if line is not None) + "\n"
        call = (*call, "-f", path)
    found.tests, found.words = (*call, "-c"), call
    return found


def _line(line: str, mover: Mover, found: Moved) -> str | None:
    if _DROPPED.match(line) and not re.match(r"\s*log-format", line):
        return None
    text = re.sub(r'"?\$\{?(\w+)\}?"?', lambda m: expanded(m[0], dict(mover.variables)), line)
    found.hosts += re.findall(r"hdr\(host\)\s+(?:-i\s+)?([a-z0-9-]+(?:\.[a-z0-9-]+)+)", text)
    bind = _BIND.match(text)
    if bind is not None:
        return _bind(bind, mover, found)
    server = _SERVER.match(text)
    if server is not None:
        head, host, port, rest = server.groups()
        found.upstreams.append(host)
        address, number = mover.target(host, int(port))
        return f"{head}{address}:{number}{_files(rest, mover)}"
    return text


def _bind(bind: re.Match[str], mover: Mover, found: Moved) -> str | None:
    head, where, rest = bind.groups()
    host, colon, port = where.rpartition(":")
    if not colon or not port.isdecimal() or where.startswith(("quic", "unix@", "/")):
        found.notes.append(f"left out: bind {where}")
        return None
    wanted = "" if is_every(host) or not host.startswith("127.") else host
    at = mover.ground.at(mover.machine, wanted, int(port))
    if at in found.listens:
        return None  # the twin for IPv6
    found.listen(at)
    return f"{head}{at[0]}:{at[1]}{_files(rest, mover)}"


def _files(rest: str, mover: Mover) -> str:
    rest = re.sub(r"\bcrt\s+\S+", f"crt {mover.ground.tls('both.pem')}", rest)
    return re.sub(r"\bca-file\s+(?!@)\S+", f"ca-file {mover.ground.tls('ca.pem')}", rest)
