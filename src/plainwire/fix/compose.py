"""Edits of compose files that keep everything around them."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator

from plainwire.fix.text import line_end
from plainwire.model import Edit, SourceFile
from plainwire.source.deploy.yaml_nodes import Yaml, documents

LOOPBACK = "127.0.0.1"
CONTAINERS = ("172.16.0.0/12", "192.168.0.0/16", "10.0.0.0/8")  # what Docker's own pools are in
# What is open on every interface, and the loopback of its family: a port may be published on both,
# and Compose takes none twice.
EVERYWHERE = {"0.0.0.0": LOOPBACK, "::": "::1", "[::]": "[::1]"}  # noqa: S104 (they are taken away)
_VARIABLE = re.compile(r"\$\{[^{}]*\}|\$\w+")


def on_loopback(file: SourceFile, line: int) -> tuple[Edit, ...]:
    """The edits that publish the ports of a line on the machine itself only.

    Empty if there are none there, or one names an address of its own.
    """
    return tuple(
        edit for *_, port in _ports(file) if port.line == line for edit in _one(port, file)
    )


def repeated_on_loopback(
    file: SourceFile, line: int, others: Iterable[SourceFile]
) -> tuple[Edit, ...]:
    """The edits of the same ports of the same service in the files that are merged with a file.

    Compose puts the lists of its files together (Compose specification, merge): what is published
    on the machine by one and on every interface by another cannot be bound. A service that names
    neither an image nor a build in one of two files is merged from both.
    """
    mine = [(n, s, port.text) for n, s, port in _ports(file) if port.line == line and port.text]
    return tuple(
        edit
        for name, service, text in mine
        for other in others
        if other.folder == file.folder and other.path != file.path
        for its_name, its_service, port in _ports(other)
        if (its_name, port.text) == (name, text)
        if not (_stands_alone(service) and _stands_alone(its_service))
        for edit in _one(port, other)
    )


def _stands_alone(service: Yaml) -> bool:
    return any(service.get(key) is not None for key in ("image", "build", "extends"))


def subnet(file: SourceFile) -> str | None:
    """The subnet of the one network that all services of a compose file are in.

    Returns None if there are more, it names no subnet, or a service is elsewhere.
    """
    try:
        roots = documents(file.text)
    except ValueError:
        return None
    networks = roots[0].get("networks") if roots else None
    found = [(name, node) for name, _, node in networks.items()] if networks is not None else []
    if len(found) != 1 or not all(_networks(s) == {found[0][0]} for s in _services(roots[0])):
        return None
    config = found[0][1].get("ipam", "config")
    named = [e.get("subnet") for e in config.elements()] if config is not None else []
    words = [n.text for n in named if n is not None and n.text]
    try:
        return str(ipaddress.ip_network(words[0])) if len(words) == 1 else None
    except ValueError:
        return None


def _ports(file: SourceFile) -> Iterator[tuple[str, Yaml, Yaml]]:
    try:
        roots = documents(file.text)
    except ValueError:
        return
    for root in roots[:1]:
        for name, _, service in (root.get("services") or root).items():
            ports = service.get("ports")
            yield from (
                ((name, service, port) for port in ports.elements()) if ports is not None else ()
            )


def _services(root: Yaml) -> Iterator[Yaml]:
    return (service for _, _, service in (root.get("services") or root).items())


def _networks(service: Yaml) -> set[str]:
    """The networks that a service is in; ``default`` if it names none."""
    mode, named = service.get("network_mode"), service.get("networks")
    if mode is not None:
        return {f"mode {mode.text}"}
    names = {name for name, _, _ in named.items()} | set(named.words()) if named is not None else ()
    return set(names) or {"default"}


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
        yield Edit(file.path, start, start + len(host), EVERYWHERE[host])
    elif plain.count(":") < 2:
        yield Edit(file.path, start, start, f"{LOOPBACK}:" if ":" in plain else f"{LOOPBACK}::")


def _long(port: Yaml, file: SourceFile) -> Iterator[Edit]:
    host = port.get("host_ip")
    if host is not None:
        if host.text in EVERYWHERE:
            start, end = host.span
            is_quoted = file.text[start] in "\"'"
            yield Edit(file.path, start + is_quoted, end - is_quoted, EVERYWHERE[host.text])
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
    at = line_end(file.text, end)
    yield Edit(file.path, at, at, f"\n{margin}host_ip: {LOOPBACK}")
