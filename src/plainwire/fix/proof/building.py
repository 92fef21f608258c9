"""A stack while it is put together, and what its parts add to it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from plainwire.fix.proof.ground import Ground
from plainwire.fix.proof.plan import Entrance, Process
from plainwire.fix.proof.proxies import Moved
from plainwire.model import Deployment, Service, SourceFile, Span

NOWHERE: Final = "nowhere"


@dataclass
class Building:
    """A stack while it is put together."""

    deployment: Deployment
    services: list[Service]
    files: dict[str, SourceFile]
    ground: Ground
    start_command: str = ""
    processes: list[Process] = field(default_factory=list)
    entrances: list[Entrance] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    hosts: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    unsaid: list[str] = field(default_factory=list)
    shared: set[str] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)

    def machine(self, name: str) -> str:
        """The address of a service, which is then known by its name."""
        address = self.ground.machine(name)
        if re.fullmatch(r"[A-Za-z0-9][\w.-]*", name) and name != "host":
            self.names.setdefault(name, address)
        return address

    def take(self, moved: Moved, process: Process) -> None:
        """Add a proxy; a name that it passes requests to and nobody has leads nowhere."""
        self.texts |= moved.files
        self.missing += moved.missing
        self.notes += moved.notes
        self.hosts += moved.hosts
        for name in moved.upstreams:
            is_known = name in self.names or re.fullmatch(r"[\d.]+|localhost|\[.*\]", name)
            if not is_known and "$" not in name:
                self.names[name] = self.ground.machine(NOWHERE)
                self.notes.append(f"{name} is not part of this deployment: nothing listens there")
        if moved.words:
            self.processes.append(process)


def place(span: Span | None) -> str:
    """A place in words: ``compose.yaml:12``; empty if there is none."""
    return f"{span.path}:{span.line}" if span is not None else ""
