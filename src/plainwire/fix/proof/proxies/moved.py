"""What all proxies' configurations are moved with, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from plainwire.fix.proof.ground import Ground, located
from plainwire.model import SourceFile


@dataclass
class Moved:
    """A configuration in its new place: how to test and start it, where it listens.

    ``hosts`` are the names that clients use, those of a site with TLS first. ``upstreams`` are the
    names that it passes requests to.
    """

    files: dict[str, str] = field(default_factory=dict)
    tests: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    listens: list[tuple[str, int]] = field(default_factory=list)
    hosts: list[str] = field(default_factory=list)
    upstreams: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)

    def listen(self, at: tuple[str, int]) -> None:
        """Note a port that it will listen on."""
        if at not in self.listens:
            self.listens.append(at)


@dataclass(frozen=True)
class Mover:
    """One machine's proxy: where it stands, what its variables are, which files the tree has.

    ``machines`` are the names of the deployment's other machines.
    """

    ground: Ground
    machine: str
    folder: str
    files: Mapping[str, SourceFile]
    variables: Mapping[str, str]
    machines: Sequence[str] = ()

    @property
    def place(self) -> str:
        """The folder of its configuration."""
        safe = "".join(c if c.isalnum() or c in "._-" else "_" for c in self.machine)
        return f"{self.ground.folder}/conf/{safe}"

    def file(self, path: str) -> SourceFile | None:
        """The tree's file that a path means. Returns None if there is none."""
        found = located(path, self.files, self.folder)
        return self.files[found] if found is not None else None

    def target(self, host: str, port: int | None, scheme: str = "http") -> tuple[str, int]:
        """Where requests for a host and port go: unchanged in a network of its own."""
        number = port or (443 if scheme == "https" else 80)
        if self.ground.is_own:
            return host, number
        name = host.partition(".")[0]
        is_here = host.startswith(("127.", "localhost", "[::1]"))
        machine = self.machine if is_here else name if name in self.machines else host
        return self.ground.at(machine, host, number)
