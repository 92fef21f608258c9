"""Caddy: a certificate of the test CA in each site, and no ACME; everything else as it is written.

https://caddyserver.com/docs/caddyfile/concepts, directives/tls, options (read 2026).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from plainwire.fix.proof.proxies.moved import Moved, Mover
from plainwire.model import SourceFile
from plainwire.source.deploy.words import expanded

_SITE: Final = re.compile(r"^([^\s#({@][^{}#]*?)\s*\{\s*$")
_PLACEHOLDER: Final = re.compile(r"\{\$(\w+)(?::([^}]*))?\}")
_PROXY: Final = re.compile(r"^\s*reverse_proxy\s+(?:[/*@]\S*\s+)?(.*?)\s*\{?\s*$")
_OPTIONS: Final = "\tadmin off\n\tdefault_bind {address}\n"


def moved(files: Sequence[SourceFile], mover: Mover) -> Moved:
    """The configuration of one Caddy; only in a network of its own, where ports are as written."""
    found = Moved()
    program = mover.ground.program("caddy")
    if program is None:
        found.missing.append("caddy is not installed")
        return found
    if not mover.ground.is_own:
        found.missing.append("caddy is started in a network of its own only")
        return found
    text = "\n".join(_rewritten(file, mover, found) for file in files)
    options = _OPTIONS.format(address=mover.ground.machine(mover.machine))
    own = re.match(r"\s*(?:#[^\n]*\n\s*)*\{[^\S\n]*\n", text)
    text = text[: own.end()] + options + text[own.end() :] if own else f"{{\n{options}}}\n{text}"
    path = f"{mover.place}/Caddyfile"
    found.files[path] = text
    call = ("--adapter", "caddyfile", "--config", path)
    found.tests, found.words = (program, "validate", *call), (program, "run", *call)
    return found


def _rewritten(file: SourceFile, mover: Mover, found: Moved) -> str:
    known = dict(mover.variables)
    text = _PLACEHOLDER.sub(lambda m: known.get(m[1]) or m[2] or m[0], file.text)
    lines = text.split("\n")
    pieces: list[str] = []
    depth = 0
    for number, line in enumerate(lines):
        site = _SITE.match(line) if depth == 0 else None
        is_site = site is not None and not line.startswith("(")
        if re.match(r"\s*(tls|log|email|acme_\w+|import\s+/)\b", line) and depth:
            if re.match(r"\s*(tls|log)\b.*\{\s*$", line):
                found.missing.append(f"{file.path}:{number + 1}: a block that is not moved here")
            continue
        pieces.append(line)
        onward = _PROXY.match(line)
        if onward is not None:
            found.upstreams += [_host(w) for w in onward[1].split() if not w.startswith("unix")]
        depth += line.count("{") - line.count("}") if not line.lstrip().startswith("#") else 0
        if is_site and site is not None:
            pieces += _tls(expanded(site[1], known), mover, found)
    return "\n".join(pieces)


def _tls(addresses: str, mover: Mover, found: Moved) -> Iterator[str]:
    """The ports of a site by its addresses, and its certificate if it has TLS."""
    has_tls = False
    for word in re.split(r"[,\s]+", addresses.strip()):
        scheme, separator, rest = word.partition("://")
        scheme, rest = (scheme, rest) if separator else ("", word)
        host, _, port = rest.partition("/")[0].rpartition(":")
        host, port = (host, port) if port.isdecimal() else (rest.partition("/")[0], "")
        if scheme == "http" or port == "80" or (not host and port != "443"):
            found.listen(mover.ground.at(mover.machine, None, int(port or 80)))
            continue
        has_tls = True
        if re.fullmatch(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", host):
            found.hosts.append(host.lower())
        found.listen(mover.ground.at(mover.machine, None, int(port or 443)))
        if not port:
            found.listen(mover.ground.at(mover.machine, None, 80))
    if has_tls:
        yield f"\ttls {mover.ground.tls('chain.pem')} {mover.ground.tls('key.pem')}"


def _host(word: str) -> str:
    return word.rpartition("://")[2].partition("/")[0].rpartition(":")[0] or word
