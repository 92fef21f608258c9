"""Where a stack stands: addresses and ports on loopback, and paths moved into one folder."""

from __future__ import annotations

import ipaddress
import posixpath
import shutil
import socket
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from plainwire.fix.proof.isolation import FOLDER, Kind
from plainwire.model import UsageError

# Private addresses (RFC 1918) out of those that Docker gives to networks, one a machine.
_NETWORK: Final = ipaddress.IPv4Network("172.31.250.0/24")
_PRIVATE: Final = tuple(
    map(ipaddress.IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))
)
_LONGEST_PREFIX: Final = 24  # of a network that has addresses enough
MAX_MACHINES: Final = 250
_EVERY: Final = ("", "0.0.0.0", "*", "::", "[::]", "0")  # noqa: S104 - words that are read
SYSTEM_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Ground:
    """Gives every machine of a deployment its address, and every port its place.

    In a network of its own ports stay as they are; else they are free ones of the system.
    ``network`` is the one that the project's files give its machines, if it is private.
    """

    def __init__(
        self,
        kind: Kind,
        folder: str | None = None,
        python: str | None = None,
        network: str | None = None,
    ) -> None:
        self.kind = kind
        self.folder = folder or FOLDER
        self.python = python or sys.executable
        self._network = _private(network) or _NETWORK
        self._machines: dict[str, str] = {}
        self._aliases: dict[str, str] = {}
        self._ports: dict[tuple[str, int], int] = {}
        self.searched = f"{Path(self.python).parent}:{SYSTEM_PATH}"

    @property
    def is_own(self) -> bool:
        """True in a network of its own."""
        return self.kind == "network"

    @property
    def tree(self) -> str:
        """The copy of the tree."""
        return f"{self.folder}/tree"

    def tls(self, name: str) -> str:
        """A file of the test CA: chain.pem, key.pem, both.pem or ca.pem."""
        return f"{self.folder}/tls/{name}"

    def alias(self, name: str, other: str) -> None:
        """Have a name mean another's machine."""
        self._aliases[name] = other

    def machine(self, name: str) -> str:
        """The address of a machine, the same whenever it is asked for.

        Raises:
            UsageError: if there are too many.
        """
        name = self._aliases.get(name, name)
        if not self.is_own:
            return "127.0.0.1"
        number = len(self._machines) + 2
        if name not in self._machines and number > MAX_MACHINES:
            raise UsageError(
                f"a proof has room for {MAX_MACHINES - 1} machines, and these are more"
            )
        return self._machines.setdefault(name, str(self._network[number]))

    def at(self, machine: str, host: str | None, port: int) -> tuple[str, int]:
        """Where a port is that a program of a machine listens on."""
        if self.is_own:
            is_local = host is not None and host.startswith(("127.", "localhost", "::1", "[::1]"))
            return ("127.0.0.1" if is_local else self.machine(machine)), port
        machine = self._aliases.get(machine, machine)
        if (machine, port) not in self._ports:
            self._ports[machine, port] = _free()
        return "127.0.0.1", self._ports[machine, port]

    def number(self, address: str, port: int) -> int:
        """The port as the project has it, of one that was given a place."""
        return next((n for (_, n), at in self._ports.items() if at == port), port)

    def bind(self, machine: str, host: str, port: int) -> str:
        """The words ``HOST:PORT`` for a program that would listen on a host and port."""
        address, number = self.at(machine, host, port)
        return f"{address}:{number}"

    def moved(self, path: str) -> str:
        """A path of a machine's file system that is no file of the tree."""
        return f"{self.folder}/root{posixpath.normpath('/' + path.lstrip('/'))}"

    def beside(self, name: str) -> str | None:
        """A program of the interpreter's own environment. Returns None if it has none."""
        return shutil.which(name, path=str(Path(self.python).parent))

    def program(self, *names: str) -> str | None:
        """The first of some programs that is installed, by its path. Returns None if none is."""
        found = (shutil.which(name, path=self.searched) for name in names)
        return next((path for path in found if path is not None), None)


def _private(network: str | None) -> ipaddress.IPv4Network | None:
    """A network as it is written. Returns None if it is none of RFC 1918, or a very small one."""
    try:
        found = ipaddress.IPv4Network(network or "")
    except ValueError:
        return None
    is_private = any(found.subnet_of(one) for one in _PRIVATE)
    return found if is_private and found.prefixlen <= _LONGEST_PREFIX else None


def is_every(host: str | None) -> bool:
    """True for a host that means every interface."""
    return host is None or host in _EVERY


def located(path: str, paths: Iterable[str], folder: str = "") -> str | None:
    """The file of a tree that a path in an image means. Returns None if none fits.

    It is the one with most of its last parts in common; of several, the one in ``folder``.
    """
    clean = posixpath.normpath(path).lstrip("/").split("/")
    best: tuple[int, bool, int] | None = None
    found = None
    for candidate in paths:
        parts = candidate.split("/")
        if parts[-1] != clean[-1]:
            continue
        pairs = zip(reversed(parts), reversed(clean), strict=False)
        common = next((n for n, (a, b) in enumerate(pairs) if a != b), min(len(parts), len(clean)))
        rank = (common, not folder or candidate.startswith(folder + "/"), -len(parts))
        if best is None or rank > best:
            best, found = rank, candidate
    return found


def _free() -> int:
    with socket.socket() as handle:
        handle.bind(("127.0.0.1", 0))
        port: int = handle.getsockname()[1]
        return port
