"""Edits of compose files that keep everything around them."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator

from plainwire.fix.text import line_after
from plainwire.model import Edit, SourceFile
from plainwire.source.deploy.yaml_nodes import Yaml, documents

LOOPBACK = "127.0.0.1"
EVERYWHERE = ("0.0.0.0", "::", "[::]")  # noqa: S104 (they are taken away)
_VARIABLE = re.compile(r"\$\{[^{}]*\}|\$\w+")


def on_loopback(file: SourceFile, line: int) -> tuple[Edit, ...]:
    """The edits that publish the ports of a line on the machine itself only.

    Empty if there are none there, or one names an address of its own.
    """
    return tuple(edit for port in _ports(file) if port.line == line for edit in _one(port, file))


def subnet(file: SourceFile) -> str | None:
    """The subnet of the one network that a compose file has. None: it has more, or names none."""
    try:
        roots = documents(file.text)
    except ValueError:
        return None
    networks = roots[0].get("networks") if roots else None
    found = [node for _, _, node in networks.items()] if networks is not None else []
    config = found[0].get("ipam", "config") if len(found) == 1 else None
    named = [e.get("subnet") for e in config.elements()] if config is not None else []
    words = [n.text for n in named if n is not None and n.text]
    try:
        return str(ipaddress.ip_network(words[0])) if len(words) == 1 else None
    except ValueError:
        return None


def _ports(file: SourceFile) -> Iterator[Yaml]:
    try:
        roots = documents(file.text)
    except ValueError:
        return
    for root in roots[:1]:
        for _, _, service in (root.get("services") or root).items():
            ports = service.get("ports")
            yield from ports.elements() if ports is not None else ()


def _one(port: Yaml, file: SourceFile) -> Iterator[Edit]:
    start = port.span[0]
    if port.text is None:
        yield from _long(port, file)
        return
    if port.is_block:
        return
    start += file.text[start] in "\"'"
    plain = _VARIABLE.sub(lambda m: "0" * len(m[0]), port.text)
    host = next((h for h in EVERYWHERE if plain.startswith(f"{h}:")), None)
    if host is not None:
        yield Edit(file.path, start, start + len(host), LOOPBACK)
    elif plain.count(":") < 2:
        yield Edit(file.path, start, start, f"{LOOPBACK}:" if ":" in plain else f"{LOOPBACK}::")


def _long(port: Yaml, file: SourceFile) -> Iterator[Edit]:
    host = port.get("host_ip")
    if host is not None:
        if host.text in EVERYWHERE:
            start, end = host.span
            yield Edit(file.path, start, end, LOOPBACK)
        return
    target = port.get("target")
    if target is None:
        return
    start, end = target.span
    key = file.text.rfind("target", 0, start)
    if file.text[port.span[0]] == "{":
        yield Edit(file.path, end, end, f", host_ip: {LOOPBACK}")
        return
    margin = " " * (key - file.text.rfind("\n", 0, key) - 1)
    edit = line_after(file.path, file.text, key, end, "")
    yield Edit(file.path, edit.start, edit.end, f"\n{margin}host_ip: {LOOPBACK}")
