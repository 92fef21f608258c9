"""Facts of the application itself, imported on request: the one place where a project's code runs.

The process has time, memory and output limits, no standard input, and an environment of three
variables: PATH, HOME (an empty folder) and LANG. Nothing of the caller's environment is in it. It
is no sandbox: the code can read what the user can, and use the network.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import select
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import monotonic

from plainwire.model import App, Middleware, Setting, UsageError
from plainwire.source import app_facts

TIMEOUT_S = 30.0
MAX_BYTES = 1 << 20
_WANTED = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*(\(\))?")


@dataclass(frozen=True, slots=True)
class Imported:
    """What importing an application showed; ``error`` says why nothing was."""

    wanted: str
    path: str = ""
    config: dict[str, bool | str] = field(default_factory=dict)
    proxy_fix: dict[str, int] | None = None
    talisman: dict[str, bool] | None = None
    routes: int = 0
    error: str = ""

    @property
    def notes(self) -> tuple[str, ...]:
        """What the report says of it: that code ran, and which facts came from where."""
        ran = f"the project's code was executed: {self.wanted} was imported in a process of its own"
        if self.error:
            return (
                ran,
                f"{self.wanted} gave no facts ({self.error}); what was read is used instead",
            )
        return (
            ran,
            f"from the application: {len(self.config)} settings, its WSGI wrapping, Talisman, and"
            f" {self.routes} routes counted; from reading: everything else, secrets included",
        )


def imported(root: Path, wanted: str, python: str = sys.executable) -> Imported:
    """Import ``module:name`` or ``module:factory()`` of a project and return what it showed.

    Raises:
        UsageError: if ``wanted`` names no application, or the system is not POSIX.
    """
    if not _WANTED.fullmatch(wanted):
        raise UsageError(f"--app {wanted!r}: not module:name or module:factory()")
    if os.name != "posix":
        raise UsageError("--app needs a POSIX system: it limits the process that it starts")
    reading, writing = os.pipe()
    program = str(Path(app_facts.__file__).resolve())
    with tempfile.TemporaryDirectory() as home:
        try:
            process = subprocess.Popen(  # noqa: S603 - the caller asked for it
                [python, "-I", "-B", program, wanted, str(root.resolve()), str(writing)],
                cwd=root,
                env={
                    "PATH": os.defpath,
                    "HOME": home,
                    "LANG": "C.UTF-8",
                },
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=(writing,),
                start_new_session=True,
            )
        except OSError as error:
            os.close(reading)
            return Imported(wanted, error=f"{python} could not be started: {error.strerror}")
        finally:
            os.close(writing)
        try:
            text = _read(reading)
        finally:
            os.close(reading)
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    return _parsed(wanted, text)


def with_facts(apps: tuple[App, ...], facts: Imported) -> tuple[App, ...]:
    """The applications, the one that was imported with what it showed in place of what was read."""
    if facts.error or not apps:
        return apps
    mine = [app for app in apps if app.place.path == facts.path]
    folders = {app.folder for app in apps}
    chosen = mine or (list(apps) if len(folders) == 1 else [])
    return tuple(_with_facts(app, facts) if app in chosen else app for app in apps)


def _read(descriptor: int) -> str | None:
    """What the process writes. Returns None if it takes too long or writes too much."""
    chunks: list[bytes] = []
    end = monotonic() + TIMEOUT_S
    while (left := end - monotonic()) > 0 and sum(map(len, chunks)) < MAX_BYTES:
        ready, _, _ = select.select([descriptor], [], [], left)
        if not ready:
            return None
        chunk = os.read(descriptor, 65_536)
        if not chunk:
            return b"".join(chunks).decode("utf-8", "replace")
        chunks.append(chunk)
        if chunk.endswith(b"\n"):  # what the project started may hold the pipe open
            return b"".join(chunks).decode("utf-8", "replace")
    return None


def _parsed(wanted: str, text: str | None) -> Imported:
    """The facts; the project's code may have written anything, so each is looked at."""
    if text is None:
        return Imported(wanted, error=f"nothing within {TIMEOUT_S:.0f} s and {MAX_BYTES} bytes")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return Imported(wanted, error="the process ended without a word, at a limit perhaps")
    if not isinstance(found, dict) or "error" in found:
        error = found.get("error") if isinstance(found, dict) else None
        return Imported(wanted, error=str(error)[:300])
    config = found.get("config")
    routes, path = found.get("routes"), found.get("path")
    return Imported(
        wanted,
        path if isinstance(path, str) else "",
        dict(_scalars(config)),
        {k: v for k, v in _table(found.get("proxy_fix")).items() if isinstance(v, int)}
        if found.get("proxy_fix") is not None
        else None,
        {k: v for k, v in _table(found.get("talisman")).items() if isinstance(v, bool)}
        if found.get("talisman") is not None
        else None,
        routes if isinstance(routes, int) else 0,
    )


def _table(value: object) -> dict[str, object]:
    return {str(k): v for k, v in value.items()} if isinstance(value, dict) else {}


def _scalars(value: object) -> Iterator[tuple[str, bool | str]]:
    for key, one in _table(value).items():
        if isinstance(one, bool | str):
            yield key[:200], one if isinstance(one, bool) else one[:200]


def _with_facts(app: App, facts: Imported) -> App:
    kept = [s for s in app.settings if s.name not in facts.config or s.environment != "production"]
    written = {s.name: s.place for s in app.settings if s.environment == "production"}
    shown = [
        Setting(name, str(value), written.get(name, app.place), "production", "imported")
        for name, value in facts.config.items()
    ]
    return replace(app, settings=(*kept, *shown), middleware=tuple(_wrapping(app, facts)))


def _wrapping(app: App, facts: Imported) -> Iterator[Middleware]:
    """What is around the application, at the lines that were read where there are any."""
    known: dict[str, dict[str, object] | None] = {
        "ProxyFix": dict(facts.proxy_fix) if facts.proxy_fix is not None else None,
        "Talisman": dict(facts.talisman) if facts.talisman is not None else None,
    }
    places: dict[str, Middleware] = {}
    for one in app.middleware:
        name = one.name.rpartition(".")[2]
        places.setdefault(name, one)
        if name not in known:
            yield one
    for name, arguments in known.items():
        if arguments is not None:
            read = places.get(name)
            full = read.name if read is not None else name
            yield Middleware(full, read.place if read is not None else app.place, arguments)
