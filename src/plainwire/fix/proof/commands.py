"""The command that starts a server, as it is run here: binds, certificates and paths moved.

A server's options are those of gunicorn 23, Flask 3.1, uvicorn 0.34, hypercorn 0.17, waitress 3,
granian 2 and uWSGI 2.0 by their own ``--help``.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from plainwire.fix.proof.ground import Ground, is_every, located
from plainwire.fix.proof.plan import Process
from plainwire.model import Service, SourceFile, Start

PORT: Final = 8000  # what a platform would choose where it chooses ($PORT)
_MODULES: Final = {
    "gunicorn": "gunicorn",
    "flask": "flask",
    "uvicorn": "uvicorn",
    "hypercorn": "hypercorn",
    "waitress-serve": "waitress",
    "granian": "granian",
}
_CERTIFICATES: Final = {
    "--certfile": "chain.pem", "--keyfile": "key.pem", "--ca-certs": "ca.pem",
    "--ssl-certfile": "chain.pem", "--ssl-keyfile": "key.pem", "--ssl-ca-certs": "ca.pem",
    "--ssl-certificate": "chain.pem", "--cert": "chain.pem", "--key": "key.pem",
}  # fmt: skip
# Options that would leave the place a proof runs in, with a value each, and without.
_DROPPED: Final = frozenset(
    {"-u", "--user", "-g", "--group", "-p", "--pid", "--uid", "--gid", "--pidfile", "--logto",
     "--log-file", "--access-logfile", "--error-logfile", "--daemonize", "--chown-socket",
     "--worker-tmp-dir", "--log-config", "--statsd-host"}
)  # fmt: skip
_DROPPED_FLAGS: Final = frozenset({"-D", "--daemon", "--log-syslog"})
_BINDS: Final = frozenset(
    {"-b", "--bind", "--listen", "--http", "--http-socket", "--socket", "--https",
     "--https-socket", "--uwsgi-socket", "--insecure-bind"}
)  # fmt: skip
_CONFIGS: Final = frozenset({"-c", "--config", "--ini"})
_FOLDERS: Final = frozenset({"--chdir", "--pythonpath", "--app-dir"})
_CONTEXT: Final = re.compile(
    r"(?:ssl_context\s*=\s*\(|load_cert_chain\(|certfile\s*=)\s*[\"']([^\"']+)[\"']"
    r"(?:\s*,\s*(?:keyfile\s*=\s*)?[\"']([^\"']+)[\"'])?"
)
_PLUGINS: Final = Path("/usr/lib/uwsgi/plugins")
_PROJECTS: Final = ("pyproject.toml", "setup.cfg", "setup.py")
_SKIPPED: Final = frozenset({"PATH", "HOME", "TMPDIR", "VIRTUAL_ENV", "PYTHONHOME", "SHELL"})


@dataclass
class Started:
    """A process to start, what lies beside it, and what of it is not as in the project."""

    process: Process | None = None
    files: dict[str, str] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def started(
    starts: Sequence[Start], service: Service, files: Mapping[str, SourceFile], ground: Ground
) -> Started:
    """The process of one command, which may bind several ports."""
    found = Started()
    start = starts[0]
    words = list(start.command)
    if not words:
        found.missing.append(f"{service.name}: the words that start {start.program} are not known")
        return found
    modules = _folder(start, service, files)
    installed = _installed_from(modules, service, files)
    folder = modules if installed is None else installed
    listens = tuple(dict.fromkeys(_listens(one, service.name, ground) for one in starts))
    changed = _Words(service.name, folder, files, ground, found).changed(words, start)
    for at, one in zip(listens, starts, strict=False):
        if one.socket:
            found.files[f"{posixpath.dirname(at[0])}/.keep"] = ""
    _own_certificates(start, folder, files, ground, found)
    variables = _variables(service, folder, files, ground)
    if folder != modules:
        variables["PYTHONPATH"] = posixpath.join(ground.tree, modules)
    if any(one.port is None and not one.socket for one in starts):
        variables["PORT"] = str(ground.at(service.name, None, PORT)[1])
    place = f"{start.place.path}:{start.place.line}"
    found.process = Process(
        f"{service.name}: {start.program}",
        tuple(changed),
        posixpath.join(ground.tree, folder).rstrip("/"),
        variables,
        listens,
        place=place,
    )
    return found


def _listens(start: Start, machine: str, ground: Ground) -> tuple[str, int]:
    if start.socket:
        return ground.moved(start.socket), 0
    return ground.at(machine, start.host, start.port or PORT)


def _folder(start: Start, service: Service, files: Mapping[str, SourceFile]) -> str:
    """The folder of the tree that the command's module or script is found from."""
    first = _first(start)
    candidates = [service.folder or "", ""]
    above = {path for file in files for path in _above(file)}
    candidates += sorted(above, key=lambda f: (f.count("/"), f))
    near = service.folder or ""
    for folder in (*candidates[:2], *(c for c in candidates if c.startswith(near)), *candidates):
        prefix = f"{folder}/" if folder else ""
        if any(prefix + end in files for end in first):
            return folder
    return near


def _above(path: str) -> Iterator[str]:
    """The folders that a file lies in, from the nearest on."""
    while path := path.rpartition("/")[0]:
        yield path


def _installed_from(modules: str, service: Service, files: Mapping[str, SourceFile]) -> str | None:
    """The folder of a project that is installed from ``src``, whose modules a command then finds.

    The command itself runs beside the project's files. Returns None if ``modules`` is no such
    ``src`` (setuptools, "src-layout"), or the deployment's own files run commands there.
    """
    project, _, last = modules.rpartition("/")
    if last != "src" or modules == service.folder:
        return None
    inside = f"{project}/" if project else ""
    is_project = any(f"{inside}{name}" in files for name in _PROJECTS)
    return project if is_project else None


def _first(start: Start) -> tuple[str, ...]:
    """The files that show that a folder is the right one, by a script's or module's name."""
    words = start.command
    script = next((w for w in words[:3] if w.endswith(".py")), "")
    if script and not start.target.partition(":")[0].isidentifier():
        return (posixpath.normpath(script).lstrip("/"), posixpath.basename(script))
    target = start.target.partition(":")[0]
    if target.endswith(".py"):
        return (posixpath.normpath(target).lstrip("/"), posixpath.basename(target))
    name = target.partition("(")[0].replace(".", "/")
    if not name:
        return ("wsgi.py", "app.py", "app/__init__.py")
    return (f"{name}.py", f"{name}/__init__.py")


class _Words:
    """Changes the words of one command."""

    def __init__(
        self,
        machine: str,
        folder: str,
        files: Mapping[str, SourceFile],
        ground: Ground,
        found: Started,
    ) -> None:
        self._machine = machine
        self._folder = folder
        self._files = files
        self._ground = ground
        self._found = found

    def changed(self, words: list[str], start: Start) -> list[str]:
        """The words with the program found, and what leads out of the folder moved."""
        head, rest = words[0].rpartition("/")[2], words[1:]
        if re.fullmatch(r"python[\d.]*|pypy3?", head):
            return [self._ground.python, *self._script(rest, start)]
        if head.endswith(".py"):
            return [self._ground.python, *self._script(words, start)]
        if head in _MODULES:
            own = self._ground.beside(head)
            call = [own] if own else [self._ground.python, "-m", _MODULES[head]]
            done = [*call, *self._options(rest, head)]
            more = self._over(rest) if head == "gunicorn" else ()
            return [*done, *more, *self._placed(head, rest, start)]
        path = self._ground.program(head)
        script = _console_script(head, self._files) if path is None else None
        if script is not None:
            module, function = script
            code = f"import sys; from {module} import {function} as run; sys.exit(run())"
            return [self._ground.python, "-c", code, *self._options(rest, head)]
        if path is None:
            self._found.missing.append(
                f"{head} is not installed, neither beside {self._ground.python} nor in the system"
            )
        plugins = self._plugins(path) if head == "uwsgi" and path is not None else []
        return [path or head, *plugins, *self._options(rest, head)]

    def _plugins(self, program: str) -> list[str]:
        """What a distribution's uWSGI needs, which has Python in a plugin (Debian, uwsgi-core)."""
        if program == self._ground.beside("uwsgi") or not _PLUGINS.is_dir():
            return []
        if not (_PLUGINS / "python3_plugin.so").is_file():
            self._found.missing.append(f"{program} has no plugin for Python")
        environment = Path(self._ground.python).parent.parent
        is_one = (environment / "pyvenv.cfg").is_file()
        home = ["--virtualenv", str(environment)] if is_one else []
        return ["--plugins", "python3,http", *home]

    def _script(self, rest: list[str], start: Start) -> list[str]:
        """The words after ``python``: a script's path is one of the tree."""
        changed = [self._path(w) if w.startswith("/") else w for w in rest]
        if not self._ground.is_own and start.port is not None:
            self._found.notes.append(
                f"{start.program} listens where its code says; other ports need a network of "
                "its own"
            )
        return changed

    def _options(self, rest: list[str], head: str) -> Iterator[str]:
        at = 0
        dropped = _DROPPED - {"-p"} if head == "flask" else _DROPPED
        while at < len(rest):
            word = rest[at]
            name, equals, value = word.partition("=")
            has_next = at + 1 < len(rest)
            at += 1
            if word in _DROPPED_FLAGS:
                continue
            if name in dropped:
                at += 0 if equals else 1
                continue
            known = _BINDS | _CONFIGS | _FOLDERS | _CERTIFICATES.keys() | {"-h", "--host"}
            known |= {"-p", "--port", "--uds", "--unix-socket"}
            if name in known and (equals or has_next):
                if not equals:
                    value = rest[at]
                    at += 1
                new = self._value(name, value)
                if equals:
                    yield f"{name}={new}"
                else:
                    yield from (name, new)
            elif re.match(r"-[bc].", word) and not word.startswith("--"):
                yield word[:2] + self._value(word[:2], word[2:].lstrip("="))
            else:
                yield word

    def _value(self, name: str, value: str) -> str:
        if name in _CERTIFICATES:
            return value if value == "adhoc" else self._ground.tls(_CERTIFICATES[name])
        if name in _CONFIGS:
            return self._path(value)
        if name in _FOLDERS:
            return posixpath.join(self._ground.tree, self._folder).rstrip("/")
        if name in _BINDS:
            return self._bind(value)
        if name in ("--uds", "--unix-socket"):
            return self._ground.moved(value)
        if name in ("-h", "--host") and is_every(value):
            return self._ground.machine(self._machine)
        if name in ("-p", "--port") and value.isdecimal():
            return str(self._ground.at(self._machine, None, int(value))[1])
        return value

    def _bind(self, value: str) -> str:
        """``HOST:PORT``, ``:PORT``, ``PORT``, ``unix:PATH``; with uWSGI's ``,CERT,KEY`` behind."""
        bind, comma, rest = value.partition(",")
        if bind.startswith(("unix:", "/")) or bind.endswith(".sock"):
            prefix = "unix:" if bind.startswith("unix:") else ""
            return prefix + self._ground.moved(bind.removeprefix("unix:"))
        host, colon, port = bind.rpartition(":")
        if not colon:
            host, port = ("", bind) if bind.isdecimal() else (bind, "")
        number = int(port) if port.isdecimal() else PORT
        new = self._ground.bind(self._machine, host, number)
        if comma and rest.count(",") >= 1:
            return f"{new},{self._ground.tls('chain.pem')},{self._ground.tls('key.pem')}"
        return new + (comma + rest if comma else "")

    def _path(self, path: str) -> str:
        clean = path.removeprefix("file:")
        if clean.startswith("python:"):
            return clean
        inside = posixpath.normpath(posixpath.join(self._folder, clean.lstrip("/")))
        found = inside if inside in self._files else located(clean, self._files, self._folder)
        if found is None:
            self._found.missing.append(f"{clean} is not in the tree")
            return clean
        return f"{self._ground.tree}/{found}"

    def _placed(self, head: str, rest: Sequence[str], start: Start) -> Iterator[str]:
        """Options that move a port which the words leave at its default."""
        if self._ground.is_own or start.socket:
            return
        if any(w.partition("=")[0] in _BINDS | {"-p", "--port"} for w in rest):
            return
        address, port = self._ground.at(self._machine, start.host, start.port or PORT)
        if head in ("gunicorn", "hypercorn"):
            yield from ("--bind", f"{address}:{port}")
        else:
            yield from ("--port", str(port))

    def _over(self, rest: Sequence[str]) -> Iterator[str]:
        """gunicorn's options that go before what its configuration file would say."""
        config = self._config(rest)
        text = config.text if config is not None else ""
        settings = set(re.findall(r"^\s*(\w+)\s*=", text, re.M))
        if "bind" in settings and not any(w in ("-b", "--bind") for w in rest):
            binds = re.search(r"^\s*bind\s*=\s*[\[(]?\s*f?[\"']([^\"']+)", text, re.M)
            value = binds[1] if binds and "{" not in binds[1] and "$" not in binds[1] else ""
            yield from ("--bind", self._bind(value or f":{PORT}"))
        for setting, option, name in (
            ("certfile", "--certfile", "chain.pem"),
            ("keyfile", "--keyfile", "key.pem"),
            ("ca_certs", "--ca-certs", "ca.pem"),
        ):
            if setting in settings:
                yield from (option, self._ground.tls(name))
        for setting, option in (("accesslog", "--access-logfile"), ("errorlog", "--error-logfile")):
            if setting in settings:
                yield from (option, "-")
        if "pidfile" in settings:
            yield from ("--pid", f"{self._ground.folder}/gunicorn.pid")
        if "chdir" in settings:
            yield from ("--chdir", posixpath.join(self._ground.tree, self._folder).rstrip("/"))
        if settings & {"user", "group", "daemon"}:
            self._found.missing.append(
                f"{config.path if config else 'gunicorn'} changes user or leaves the terminal"
            )

    def _config(self, rest: Sequence[str]) -> SourceFile | None:
        named = next((rest[n + 1] for n, w in enumerate(rest[:-1]) if w in _CONFIGS), None) or next(
            (w.partition("=")[2] for w in rest if w.startswith("--config=")), None
        )
        path = posixpath.normpath(posixpath.join(self._folder, named or "gunicorn.conf.py"))
        if path in self._files or named is None:
            return self._files.get(path)
        found = located(named, self._files, self._folder)
        return self._files[found] if found else None


def _console_script(name: str, files: Mapping[str, SourceFile]) -> tuple[str, str] | None:
    """The module and function of a console script that the project itself defines."""
    pattern = re.compile(rf"[\"']?\s*{re.escape(name)}\s*=\s*[\"']?([\w.]+):(\w+)")
    for path in _PROJECTS:
        for file in (f for f in files.values() if f.name == path):
            match = pattern.search(file.text)
            if match is not None:
                return match[1], match[2]
    return None


def _own_certificates(
    start: Start, folder: str, files: Mapping[str, SourceFile], ground: Ground, found: Started
) -> None:
    """Put the test CA's files where the program's code or settings name its own."""
    if not start.has_tls or start.program in ("gunicorn", "flask run", "uvicorn", "hypercorn"):
        return
    file = files.get(start.place.path)
    for match in _CONTEXT.finditer(file.text if file is not None else ""):
        for path, name in ((match[1], "chain.pem"), (match[2], "key.pem")):
            if path is None:
                continue
            inside = posixpath.normpath(posixpath.join(ground.tree, folder, path))
            if inside.startswith(f"{ground.tree}/"):
                found.files[inside] = f"@{name}"
            else:
                found.missing.append(f"{path}, a certificate that the code names, cannot be put")


def _variables(
    service: Service, folder: str, files: Mapping[str, SourceFile], ground: Ground
) -> dict[str, str]:
    """The variables that the deployment's own files set; those of environment files are not."""
    found = {}
    for name, setting in service.settings.items():
        file = files.get(setting.place.path)
        is_given = file is not None and file.format not in ("env", "other")
        value = setting.value
        if not is_given or value is None or name in _SKIPPED or name.startswith("LD_"):
            continue
        if re.search(r"\$\{?\w", value):
            continue
        if name == "PYTHONPATH":
            value = posixpath.join(ground.tree, folder).rstrip("/")
        found[name] = value
    return found
