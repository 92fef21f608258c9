"""What a proof will start and ask: complete before anything runs, so that it can be shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

OUTSIDE: Final = "198.51.100.7"  # RFC 5737: who asks comes from no network of the project


@dataclass(frozen=True, slots=True)
class Process:
    """A program to start: its words, folder and variables, and where it then listens.

    ``tests`` are words that check its configuration first. ``stands_for`` says what a program that
    is not of the project takes the place of; empty for one that is.
    """

    label: str
    words: tuple[str, ...]
    folder: str
    variables: Mapping[str, str] = field(default_factory=dict)
    listens: tuple[tuple[str, int], ...] = ()
    tests: tuple[str, ...] = ()
    stands_for: str = ""
    place: str = ""


@dataclass(frozen=True, slots=True)
class Entrance:
    """A port that a client can name; ``address`` and ``port`` are where it is on loopback.

    ``is_public`` is False for the application's own port where nothing publishes it: who is
    inside the network reaches it, and a client does not.
    """

    name: str
    number: int
    address: str
    port: int
    has_tls: bool
    is_public: bool = True
    place: str = ""


@dataclass(frozen=True, slots=True)
class Route:
    """A path that is asked, and where the source has it."""

    path: str
    place: str = ""


@dataclass(frozen=True, slots=True)
class Stack:
    """One deployment of one tree, ready to be started in ``folder``.

    ``host`` is the name that a client uses, ``others`` what else the project's files call it.
    ``files`` are written before the start, ``names`` go into the hosts file. ``missing`` is what
    cannot be started, ``notes`` what is not as it is in the project. ``is_gone``: the tree does
    not describe this deployment.
    """

    deployment: str
    host: str
    processes: tuple[Process, ...] = ()
    entrances: tuple[Entrance, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    certificates: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    is_gone: bool = False
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """One request: over which entrance, with which headers; ``hops`` redirects are followed.

    ``host`` is the name that is asked for; empty for the stack's own.
    """

    id: str
    number: int
    scheme: Literal["http", "https"]
    path: str
    method: Literal["GET", "HEAD"] = "GET"
    headers: tuple[tuple[str, str], ...] = ()
    is_direct: bool = False
    hops: int = 0
    verifies: bool = True
    host: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. ``status`` 0: no HTTP answer, and ``silence`` says why.

    ``refused`` is True where nobody listens or the peer closed, which is an answer. ``url`` is
    where redirects ended, ``visited`` every URL on the way.
    """

    status: int = 0
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = field(default=b"", repr=False)
    refused: bool = False
    silence: str = ""
    tls: str = ""
    unverified: str = ""
    visited: tuple[str, ...] = ()

    def header(self, name: str) -> str | None:
        """The first header field of a name. Returns None if there is none."""
        return next((v for n, v in self.headers if n.lower() == name), None)

    def all(self, name: str) -> tuple[str, ...]:
        """Every header field of a name."""
        return tuple(v for n, v in self.headers if n.lower() == name)
