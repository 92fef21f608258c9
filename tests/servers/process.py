"""Start a real server, see that it listens on loopback only, and stop it whatever happens."""

import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Literal, Protocol

from .ports import listeners, members, reserved_port

# What the name in a test's marker stands for.
PROGRAMS = {
    "nginx": "nginx",
    "apache": "apache2",
    "haproxy": "haproxy",
    "caddy": "caddy",
    "openssl": "openssl",
    "node": "node",
    "gnutls": "gnutls-cli",
    "java": "javac",
    "stunnel": "stunnel4",
    "postgres": "postgres",
    "uwsgi": "uwsgi_python3",
}
# What `make servers` puts into the user's cache (node_24.sh). Tests are given another cache, and a
# worker of xdist is given the environment of one who runs tests: so it is kept by a name of ours.
_USERS = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
CACHE = Path(os.environ.setdefault("PLAINWIRE_TESTS_CACHE", f"{_USERS}/plainwire-tests"))
CACHED = {"node24": CACHE / "node-24" / "node"}
# Not in everybody's PATH; Debian keeps each version of PostgreSQL in a folder of its own.
POSTGRES = sorted(map(str, Path("/usr/lib/postgresql").glob("*/bin")), reverse=True)
SYSTEM_FOLDERS = ":".join(("/usr/local/sbin", "/usr/sbin", "/sbin", *POSTGRES))

START_DEADLINE_S = 60.0  # on a loaded machine
STOP_DEADLINE_S = 5.0

Http = Literal["redirect-301", "redirect-302", "redirect-308", "refuse-403", "serve", "closed"]


class Certificate(Protocol):
    """A chain (leaf first) and its key, each the path of a PEM file."""

    @property
    def chain(self) -> Path: ...

    @property
    def key(self) -> Path: ...


def filled(template: str, words: Mapping[str, object]) -> str:
    """A configuration whose every ``@{name}`` is its word; a word may hold names itself."""
    while names := set(re.findall(r"@\{(\w+)\}", template)):
        for name in names:
            template = template.replace(f"@{{{name}}}", str(words[name]))
    return template


@dataclass(frozen=True)
class Server:
    """A running server. The ports are there in either case; nobody listens on a closed one."""

    name: str
    folder: Path
    process: subprocess.Popen[bytes]
    https_port: int
    http_port: int

    def log(self) -> str:
        """What it wrote on stdout and stderr so far."""
        return (self.folder / "log").read_text("utf-8", "backslashreplace")

    def told(self, text: str, times: int = 1) -> str:
        """The log once it holds the text so often: servers answer first and write afterwards.

        It is the log of the deadline where it does not come; the test then says what is missing.
        """
        deadline = time.monotonic() + START_DEADLINE_S
        while (log := self.log()).count(text) < times and time.monotonic() < deadline:
            time.sleep(0.01)
        return log


@dataclass(frozen=True)
class Place:
    """What a server is given to live in: an empty folder that all may read, and two ports."""

    folder: Path
    https_port: int
    http_port: int

    def write(self, name: str, template: str, /, **words: object) -> Path:
        """Write a configuration file; ports and folder are there for every template."""
        path = self.folder / name
        known = {"folder": self.folder, "https_port": self.https_port, "http_port": self.http_port}
        path.write_text(filled(template, known | words), "utf-8")
        return path


def program(name: str) -> str | None:
    """The path of a server's executable; None if it is not installed."""
    if name in CACHED:
        return str(CACHED[name]) if os.access(CACHED[name], os.X_OK) else None
    path = os.pathsep.join((os.environ.get("PATH", os.defpath), SYSTEM_FOLDERS))
    return shutil.which(PROGRAMS[name], path=path)


def missing(names: Sequence[str]) -> list[str]:
    """Those of the servers that are not installed."""
    return [name for name in names if program(name) is None]


def required(name: str) -> str:
    """The path of a server's executable.

    Raises:
        LookupError: if it is not installed, which the test's marker should have said before.
    """
    path = program(name)
    if path is None:
        raise LookupError(f'{name} is not installed: mark the test with server("{name}")')
    return path


@contextmanager
def place() -> Iterator[Place]:
    """A folder and two ports, given back at the end."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="plainwire-server-")))
        folder.chmod(0o755)  # workers of a server that root starts run as somebody else
        yield Place(
            folder, stack.enter_context(reserved_port()), stack.enter_context(reserved_port())
        )


@contextmanager
def running(
    name: str,
    where: Place,
    command: Sequence[str | Path],
    ports: Sequence[int],
    environment: Mapping[str, str] | None = None,
    is_ready: Callable[[str], bool] = lambda log: True,
) -> Iterator[Server]:
    """A process that listens on the ports, on loopback only; stopped when the block ends.

    Its output is printed then, which pytest shows with a test that failed. ``is_ready`` is asked
    about the log where listening is not all that the server has to do.

    Raises:
        RuntimeError: if it ends or does not listen in time, or listens elsewhere; with its log.
    """
    # A neutral OpenSSL configuration: a distribution's own floor for versions must not decide what
    # a test's server speaks.
    neutral = where.write("openssl.cnf", "")
    given = {"PATH": os.environ["PATH"], "HOME": str(where.folder), "OPENSSL_CONF": str(neutral)}
    with (where.folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [str(word) for word in command],
            cwd=where.folder,
            env={**given, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    server = Server(name, where.folder, process, where.https_port, where.http_port)
    try:
        _await_listening(server, set(ports), is_ready)
        yield server
    finally:
        stop(process)
        print(f"--- log of {name}\n{server.log()}")


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a process and all of its session: politely first, then by force."""
    for kind in (signal.SIGTERM, signal.SIGKILL):
        for pid in members(process.pid):
            try:
                os.kill(pid, kind)
            except ProcessLookupError:
                continue
        deadline = time.monotonic() + STOP_DEADLINE_S
        while time.monotonic() < deadline:
            if process.poll() is not None and not members(process.pid):
                return
            time.sleep(0.01)
    raise RuntimeError(f"process {process.pid} does not end")


def _await_listening(server: Server, ports: set[int], is_ready: Callable[[str], bool]) -> None:
    deadline = time.monotonic() + START_DEADLINE_S
    while True:
        found = listeners(server.process.pid)
        public = [place for place in found if not ip_address(place[0]).is_loopback]
        if public:
            raise RuntimeError(f"{server.name} listens outside loopback: {public}")
        if ports <= {port for _, port in found} and is_ready(server.log()):
            return
        if server.process.poll() is not None:
            raise RuntimeError(f"{server.name} ended at its start:\n{server.log()}")
        if time.monotonic() > deadline:
            raise RuntimeError(
                f"{server.name} does not listen on {sorted(ports)} or is not ready:\n{server.log()}"
            )
        time.sleep(0.01)


def listened(where: Place, https: Certificate | None, http: Http) -> list[int]:
    """The ports that a server with this certificate and this cleartext answer listens on."""
    tls = [where.https_port] if https else []
    return tls if http == "closed" else [*tls, where.http_port]
