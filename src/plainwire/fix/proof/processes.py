"""Programs started, waited for and bounded, inside the place that isolation made."""

from __future__ import annotations

import os
import re
import resource
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from secrets import token_hex
from typing import Final, Literal

from plainwire.fix.proof.plan import Process

READY_S: Final = 90.0
MAX_MEMORY_BYTES: Final = 2 * 1024**3
MAX_PROCESSES: Final = 300
MAX_FILE_BYTES: Final = 64 * 1024**2
MAX_OUTPUT_BYTES: Final = 16 * 1024**2
_TAIL_BYTES: Final = 20_000
_PAGE: Final = (
    f"GET /{token_hex(6)} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()
)
_UNINSTALLED: Final = " is missing in --python's environment"
_MODULE: Final = re.compile(r"ModuleNotFoundError: No module named '([\w.]+)'")
_RUN: Final = re.compile(r"No module named ([\w.]+)")
_VARIABLE: Final = re.compile(r"KeyError: '([A-Z][A-Z0-9_]*)'")
_LIBRARY: Final = re.compile(r"(?:ImportError|OSError): (.{0,200})")


def bound() -> None:
    """Set the limits that everything started from here inherits (setrlimit(2))."""
    limits = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_AS: 2 * MAX_MEMORY_BYTES,
        resource.RLIMIT_FSIZE: MAX_FILE_BYTES,
        resource.RLIMIT_NOFILE: 4096,
        resource.RLIMIT_NPROC: 4 * MAX_PROCESSES,
        resource.RLIMIT_CPU: 900,
    }
    for kind, value in limits.items():
        hard = resource.getrlimit(kind)[1]
        most = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (most, most))


class Guard:
    """Ends everything below this process if all together grow beyond the limits.

    ``folder`` has a file for what each program writes; `why` says which limit it was, or "".
    """

    def __init__(self, folder: Path) -> None:
        self.why = ""
        self._folder = folder
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while not (why := self._excess()):
            time.sleep(0.3)
        self.why = f"stopped: {why}"
        end_below(os.getpid())

    def _excess(self) -> str:
        memory, count = _together()
        if memory > MAX_MEMORY_BYTES:
            return f"more than {MAX_MEMORY_BYTES // 1024**2} MiB in use"
        if count > MAX_PROCESSES:
            return f"more than {MAX_PROCESSES} processes"
        try:
            written = max((log.stat().st_size for log in self._folder.iterdir()), default=0)
        except OSError:  # the project may take its logs away: RLIMIT_FSIZE holds for open files
            return ""
        is_much = written > MAX_OUTPUT_BYTES
        return f"more than {MAX_OUTPUT_BYTES // 1024**2} MiB of output" if is_much else ""


def end_below(parent: int) -> None:
    """Kill every process below one, what has been orphaned to it included."""
    for _ in range(50):
        found = _below(parent)
        if not found:
            return
        for number in found:
            try:
                os.kill(number, signal.SIGKILL)
            except OSError:
                continue
        time.sleep(0.02)


def _below(parent: int) -> set[int]:
    """The processes that live below one. Who has ended and was not waited for is not among them."""
    parents: dict[int, int] = {}
    for folder in Path("/proc").iterdir():
        if not folder.name.isdecimal():
            continue
        try:
            state = (folder / "stat").read_bytes().rpartition(b")")[2].split()
        except OSError:
            continue
        if state[0] != b"Z":
            parents[int(folder.name)] = int(state[1])
    found = {parent}
    while more := {n for n, p in parents.items() if p in found and n not in found}:
        found |= more
    return found - {parent}


def _together() -> tuple[int, int]:
    """Resident bytes and number of the processes below this one."""
    pages = count = 0
    for number in _below(os.getpid()):
        try:
            pages += int(Path(f"/proc/{number}/statm").read_bytes().split()[1])
            count += 1
        except (OSError, IndexError, ValueError):
            continue
    return pages * resource.getpagesize(), count


class Running:
    """One started program; its output goes to a file of bounded size."""

    def __init__(self, process: Process, folder: Path, variables: Mapping[str, str]) -> None:
        self.process = process
        self.log = folder / re.sub(r"[^\w.-]", "_", process.label)
        self.why = ""
        self._child: subprocess.Popen[bytes] | None = None
        taken = next((at for at in process.listens if _accepts(*at)), None)
        if taken is not None:  # its answers would be taken for this one's
            self.why = f"another part of the stack listens at {taken[0]}:{taken[1]} already"
        elif process.tests:
            code, text = run(process.tests, process.folder, variables, READY_S, self.log)
            self.why = "" if code == 0 else f"its configuration is refused: {last_line(text)}"
        if not self.why:
            self._start(variables)

    def _start(self, variables: Mapping[str, str]) -> None:
        try:
            with self.log.open("wb") as output:
                self._child = subprocess.Popen(  # noqa: S603 - what the user agreed to
                    self.process.words,
                    cwd=self.process.folder,
                    env=dict(variables),
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
        except FileNotFoundError as error:
            self.why = f"{error.filename} is not there"
        except OSError as error:
            self.why = f"{self.process.words[0]} cannot be run: {error.strerror}"

    def wait_ready(self) -> str:
        """Wait until it answers wherever it should. Returns why it does not, or "".

        A port that accepts is not enough: gunicorn listens before its workers could load the
        application. So a byte or an end of the connection is waited for, and life after that.
        """
        until = time.monotonic() + READY_S
        waiting, patience_s = list(self.process.listens), 0.1
        while not self.why and waiting:
            reactions = {at: _reaction(*at, until) for at in waiting}
            waiting = [at for at, reaction in reactions.items() if reaction is None]
            if "ended" in reactions.values():
                patience_s = 1.0  # a server that falls ends connections too
            if self._has_ended(patience_s):
                code = self._child.returncode if self._child is not None else None
                self.why = reason(self.tail(), code)
            elif waiting and time.monotonic() > until:
                at = ", ".join(f"{host}:{port}" for host, port in waiting)
                self.why = f"nothing answers at {at} after {READY_S:g} s: {last_line(self.tail())}"
        return self.why

    def _has_ended(self, patience_s: float) -> bool:
        """True if it ends within a time."""
        if self._child is None:
            return False
        try:
            self._child.wait(patience_s)
        except subprocess.TimeoutExpired:
            return False
        return True

    def reload(self) -> None:
        """Tell it to read its configuration again (SIGHUP, as nginx(8) and gunicorn do)."""
        if self._child is not None:
            self._child.send_signal(signal.SIGHUP)

    def tail(self) -> str:
        """The end of what it wrote."""
        return _tail(self.log)


def run(
    words: Sequence[str], folder: str, variables: Mapping[str, str], timeout_s: float, log: Path
) -> tuple[int | None, str]:
    """Run a command to its end. Returns its exit code, None if it ran too long, and its output."""
    with log.open("wb") as output:
        try:
            done = subprocess.run(  # noqa: S603 - what the user agreed to
                words,
                cwd=folder,
                env=dict(variables),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                timeout=timeout_s,
                check=False,
            )
            code: int | None = done.returncode
        except subprocess.TimeoutExpired:
            code = None
        except OSError as error:
            output.write(f"{words[0]}: {error.strerror}\n".encode())
            code = 127
    return code, _tail(log)


def _tail(log: Path) -> str:
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - _TAIL_BYTES))
            return file.read(_TAIL_BYTES).decode("utf-8", "replace")
    except OSError:
        return ""


def reason(log: str, code: int | None) -> str:
    """Why a program ended or never listened, by what it wrote, in words for a reader."""
    missing = _MODULE.search(log) or _RUN.search(log)
    if missing is not None:
        return f"the Python module {missing[1]}{_UNINSTALLED}"
    variable = _VARIABLE.search(log)
    if variable is not None and "environ" in log:
        return f"the variable {variable[1]} is not set: give it by --env-file"
    library = _LIBRARY.search(log)
    if library is not None:
        return library[0]
    ended = f"ended with {code}: " if code is not None else ""
    return f"{ended}{last_line(log)}"


def is_uninstalled(why: str) -> bool:
    """True for a `reason` that says nothing of a patch: the interpreter lacks a module."""
    return why.endswith(_UNINSTALLED)


def last_line(log: str) -> str:
    """The line that says most of what went wrong: the last of the gravest kind."""
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    for pattern in (
        r"\[emerg\]|\[ALERT\]|:(error|emerg|crit)\]|^\w*(Error|Exception)\b",
        r"error|fail|refused|denied",
        "",
    ):
        found = [line for line in lines if re.search(pattern, line, re.IGNORECASE)]
        if found:
            return found[-1][:300]
    return "it wrote nothing"


def _accepts(host: str, port: int) -> bool:
    with _socket(host) as handle:
        try:
            handle.connect(_address(host, port))
        except OSError:
            return False
    return True


def _reaction(host: str, port: int, until: float) -> Literal["answered", "ended"] | None:
    """What a request for no page comes to. Returns None if nobody listens, or nothing comes."""
    with _socket(host) as handle:
        try:
            handle.connect(_address(host, port))
            handle.settimeout(max(1.0, until - time.monotonic()))
            handle.sendall(_PAGE)
        except OSError:
            return None
        try:
            return "answered" if handle.recv(1) else "ended"
        except TimeoutError:
            return None
        except OSError:
            return "ended"


def _socket(host: str) -> socket.socket:
    handle = socket.socket(socket.AF_UNIX if host.startswith("/") else socket.AF_INET)
    handle.settimeout(2)
    return handle


def _address(host: str, port: int) -> str | tuple[str, int]:
    """What a socket of `_socket` connects to: a path, or a host and port."""
    return host if host.startswith("/") else (host, port)
