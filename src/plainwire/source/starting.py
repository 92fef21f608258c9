"""From a command to the server that it really starts: through scripts, modules and wrappers."""

from __future__ import annotations

import json
import posixpath
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from plainwire.model import Setting, SourceFile, Span, Start
from plainwire.source.deploy import programs
from plainwire.source.deploy.words import (
    chosen,
    commands,
    expanded,
    functions_of,
    joined_lines,
)
from plainwire.source.python.module import PythonModule, parse
from plainwire.source.python.program import Program, dotted
from plainwire.source.python.serving import Served, servers

MAX_DEPTH = 8
MAX_SCRIPTS = 2000
SHELLS = frozenset({"sh", "bash", "ash", "dash", "zsh", "ksh"})
PYTHONS = re.compile(r"python[\d.]*|pypy3?")
# Programs that only lead to the command behind them, with the words of their own that they take.
WRAPPERS: Mapping[str, int] = {
    "poetry": 1,
    "pipenv": 1,
    "uv": 1,
    "pdm": 1,
    "hatch": 1,
    "dumb-init": 0,
    "tini": 0,
    "gosu": 1,
    "su-exec": 1,
    "chpst": 0,
    "ddtrace-run": 0,
    "newrelic-admin": 1,
    "opentelemetry-instrument": 0,
    "nice": 0,
    "catchsegv": 0,
    "winpty": 0,
    "coverage": 1,
}
LOCAL = ("127.", "localhost", "::1", "[::1]", "unix:")
_TARGET = re.compile(r"[A-Za-z_][\w.-]*:[A-Za-z_]\w*(\(|$)")
_JINJA = re.compile(r"\{%[^\n]{0,400}?%\}")
_GIVEN = re.compile(r"(exec |eval )?\s*[\"']?\$[@*][\"']?\s*")
_BARE = re.compile(r"\$\w+|\$\{\w+(:?[-+=][^{}]*)?\}")
_SETUP = re.compile(r"[\"']?\s*([\w.-]+)\s*=\s*[\"']?([\w.]+):([\w.]+)")


@dataclass(frozen=True, slots=True)
class Context:
    """Where a command runs: its folder in the project, its variables, how it was reached."""

    folder: str
    settings: Mapping[str, Setting] = field(default_factory=dict)
    via: tuple[Span, ...] = ()
    rest: tuple[str, ...] = ()
    depth: int = 0

    @property
    def origin(self) -> Span | None:
        """Where the command that a script was given is written. Returns None at the outset."""
        return self.via[-1] if self.via else None

    @property
    def variables(self) -> dict[str, str]:
        """The variables whose values are known."""
        return {n: s.value for n, s in self.settings.items() if s.value is not None}

    def deeper(self, place: Span, rest: tuple[str, ...] = ()) -> Context:
        """One step further in."""
        via = (*self.via, place) if place not in self.via else self.via
        return Context(self.folder, self.settings, via, rest, self.depth + 1)


class Starter:
    """Finds what commands of one project start."""

    def __init__(
        self, files: Sequence[SourceFile], program: Program, requirements: Mapping[str, str]
    ) -> None:
        self.program = program
        self.requirements = requirements
        self._files = {file.path: file for file in files}
        self._by_name: dict[str, list[SourceFile]] = {}
        for file in files:
            self._by_name.setdefault(file.name, []).append(file)
        self.scripts = dict(self._console_scripts(files))
        self._scripts_left = MAX_SCRIPTS
        self._served: dict[str, tuple[Served, ...]] = {}

    # Commands ------------------------------------------------------------------------------

    def starts(self, words: Sequence[str], place: Span, at: Context) -> tuple[Start, ...]:
        """The servers that a command starts; none if it starts none that is known."""
        if not words or at.depth > MAX_DEPTH:
            return ()
        filled = tuple(_filled(words, at.variables))
        head, rest = filled[0].rpartition("/")[2], filled[1:]
        if head in SHELLS:
            return self._shell(rest, place, at)
        if head in WRAPPERS:
            return self._wrapped(head, rest, place, at)
        if head == "su":
            text = next(
                (rest[i + 1] for i, w in enumerate(rest[:-1]) if w in ("-c", "--command")), ""
            )
            return self.text(text, place, at)
        if PYTHONS.fullmatch(head):
            return self._python(rest, place, at)
        if head == "gunicorn":
            return self._gunicorn(rest, place, at)
        if head == "flask":
            return self._flask(rest, place, at)
        if head in ("uvicorn", "hypercorn", "granian", "daphne", "waitress-serve", "cheroot"):
            return (self._plain_server(head, rest, place, at),)
        if head in ("uwsgi", "uwsgi-python3"):
            return self._uwsgi(rest, place, at)
        if head in ("supervisord", "honcho", "foreman"):
            return self._supervised(head, place, at)
        if head in ("npm", "yarn", "pnpm"):
            return self._npm(rest, place, at)
        script = self.find(filled[0], at.folder)
        if script is not None and script.format in ("shell", "python"):
            if script.format == "python":
                return self._python(filled, place, at)
            return self._script(script, place, at.deeper(place, rest))
        if head in self.scripts:
            module, function = self.scripts[head]
            return self._module(module, place, at, rest, function)
        return ()

    def text(self, text: str, place: Span, at: Context) -> tuple[Start, ...]:
        """The servers that a shell line starts."""
        found: list[Start] = []
        for words in commands(text):
            found += self.starts(words, place, at.deeper(place))
        return tuple(found)

    def _shell(self, rest: Sequence[str], place: Span, at: Context) -> tuple[Start, ...]:
        for number, word in enumerate(rest):
            if re.fullmatch(r"-\w*c", word):
                return self.text(rest[number + 1], place, at) if number + 1 < len(rest) else ()
            if not word.startswith("-"):
                script = self.find(word, at.folder)
                if script is None:
                    return ()
                return self._script(script, place, at.deeper(place, tuple(rest[number + 1 :])))
        return ()

    def _wrapped(
        self, head: str, rest: Sequence[str], place: Span, at: Context
    ) -> tuple[Start, ...]:
        words = list(rest)
        own = WRAPPERS[head]
        while words and (words[0].startswith("-") or own):
            if not words[0].startswith("-"):
                own -= 1
            words.pop(0)
        return self.starts(words, place, at.deeper(place))

    def _script(self, script: SourceFile, place: Span, at: Context) -> tuple[Start, ...]:
        """What a shell script starts, by its lines; ``"$@"`` is the command it was given.

        A script that leads back to itself is not followed again, and no more than `MAX_SCRIPTS`
        are read for a project.
        """
        self._scripts_left -= 1
        if self._scripts_left < 0 or any(span.path == script.path for span in at.via):
            return ()
        bodies, lines = functions_of(list(joined_lines(script.text[:200_000])))
        return self._lines(script, lines, bodies, at)

    def _lines(
        self,
        script: SourceFile,
        lines: Sequence[tuple[str, int]],
        bodies: Mapping[str, Sequence[tuple[str, int]]],
        at: Context,
    ) -> tuple[Start, ...]:
        """What the lines of a script start; a function's where it is called."""
        found: list[Start] = []
        if at.depth > MAX_DEPTH:
            return ()
        for text, line in chosen(lines, at.rest[0] if at.rest else None):
            here = script.span(line)
            given = re.match(r"set -- ([^$]*)\"\$@\"$", text)
            if given:
                at = replace(at, rest=(*given[1].split(), *at.rest))
            if _GIVEN.fullmatch(text):
                found += self.starts(at.rest, at.origin or here, at.deeper(here))
                continue
            assigned = re.match(r"(?:export\s+)?(\w+)=([\"']?)(.*)\2\s*$", text)
            if assigned and "$(" not in text and "`" not in text:
                at = _with(at, assigned[1], assigned[3], here)
            assigned = assigned if assigned and assigned[2] else None
            for written in commands(assigned[3] if assigned else text):
                words = _with_given(written, at.rest)
                if not words or words[0] in ("echo", "printf", "cat", "cd"):
                    continue
                if words[0] in bodies:
                    inner = at.deeper(here, words[1:])
                    found += self._lines(script, bodies[words[0]], bodies, inner)
                else:
                    found += self.starts(words, here, at.deeper(here))
        return tuple(found)

    def made_by(self, target: str, folder: str) -> Iterator[str]:
        """The files that a WSGI target such as ``wsgi:app`` gets its application from."""
        name = target.partition(":")[0]
        module = self.module(name, folder) if name and ":" in target else None
        if module is None:
            module = self.program.of_path(target)
        if module is None:
            return
        yield module.file.path
        for call in module.calls:
            other = self.program.split(call.name)
            if other is not None:
                yield other[0].file.path
        for full in module.imports.values():
            other = self.program.split(full)
            if other is not None:
                yield other[0].file.path

    # Python --------------------------------------------------------------------------------

    def _python(self, rest: Sequence[str], place: Span, at: Context) -> tuple[Start, ...]:
        words = list(rest)
        while words and words[0].startswith("-"):
            option = words.pop(0)
            if re.fullmatch(r"-\w*m", option) and words:
                name = words.pop(0)
                if name in ("flask", "gunicorn", "uvicorn", "hypercorn", "waitress"):
                    head = {"waitress": "waitress-serve"}.get(name, name)
                    return self.starts([head, *words], place, at)
                main = self.module(f"{name}.__main__", at.folder) or self.module(name, at.folder)
                return self._module(main, place, at, words) if main else ()
            if option == "-c":
                return ()
        if not words:
            return ()
        script = self.find(words[0], at.folder)
        if script is None or script.format not in ("python",):
            return ()
        module = self.program.of_path(script.path)
        if module is None:
            return ()
        if words[1:2] in (["run"], ["runserver"]) and not self._of(module):
            return self._flask(["run", *words[2:]], place, at, module)
        return self._module(module, place, at, words[1:])

    def _module(
        self,
        module: PythonModule | None,
        place: Span,
        at: Context,
        rest: Sequence[str],
        function: str = "",
    ) -> tuple[Start, ...]:
        """The servers that a module starts when it is run, or a function of it."""
        if module is None:
            return ()
        served = [s for s in self._of(module) if not function or s.call.scope == function]
        if not function:
            at_top = [s for s in served if s.call.is_main or not s.call.scope]
            served = at_top or served
        if not served and not function:
            found_here = self._commands_in(module, place, at)
            if found_here:
                return found_here
        if not served:
            called = {call.name for call in module.calls}
            for name in called:
                other = self.program.split(name)
                if other is not None:
                    served += [s for s in self._of(other[0]) if s.call.scope == other[1]]
        options = _options(rest)
        found = []
        # Where one function starts either, the development server is the one for developers.
        served.sort(key=lambda one: one.is_development)
        for one in served:
            host = options.get("host") or options.get("bind")
            host = host or _value(at, one.host_variable) or one.host
            port = options.get("port") or _value(at, one.port_variable) or ""
            spot = one.call.span()
            is_local = host is not None and _is_local(host)
            starts_at = place if "host" in options else spot
            found.append(
                Start(
                    one.program,
                    starts_at,
                    host,
                    int(port) if port.isdecimal() else one.port,
                    one.has_tls,
                    is_local,
                    one.is_development,
                    self._debug(one, at),
                    (*at.via, place, spot),
                    module.file.path,
                    certificate=one.certificate,
                )
            )
        return tuple(found)

    def _commands_in(self, module: PythonModule, place: Span, at: Context) -> tuple[Start, ...]:
        """The servers that a module starts as processes: ``subprocess.run(["gunicorn", …])``."""
        found: list[Start] = []
        for call in module.calls:
            if call.name.startswith(("subprocess.", "os.exec", "os.spawn", "os.system")):
                for position in (0, 1):
                    value = call.argument("args", position)
                    words = value.literal if value is not None else None
                    if isinstance(words, tuple) and all(isinstance(w, str) for w in words):
                        found += self.starts(words, call.span(), at.deeper(place))
                    elif isinstance(words, str) and " " in words:
                        found += self.text(words, call.span(), at.deeper(place))
        return tuple(found)

    def _of(self, module: PythonModule) -> tuple[Served, ...]:
        path = module.file.path
        if path not in self._served:
            self._served[path] = tuple(servers(module))
        return self._served[path]

    def _debug(self, served: Served, at: Context) -> Span | None:
        if served.debug:
            return served.call.span()
        return self._debug_variable(at) if served.debug is None and served.is_development else None

    def _debug_variable(self, at: Context) -> Span | None:
        """Where the environment switches debug mode on. FLASK_ENV does so up to Flask 2.2."""
        debug = at.settings.get("FLASK_DEBUG")
        if debug is not None and debug.value is not None:
            return debug.place if debug.is_true else None
        mode = at.settings.get("FLASK_ENV")
        if (
            mode is not None
            and (mode.value or "").lower() == "development"
            and self.has_flask_env(at)
        ):
            return mode.place
        return None

    def has_flask_env(self, at: Context) -> bool:
        """True if the Flask asked for still reads FLASK_ENV (before 2.3); unknown counts as no."""
        version = self.requirements.get(f"{at.folder}:flask") or self.requirements.get("flask", "")
        match = re.search(r"==\s*(\d+)\.(\d+)|<=?\s*(\d+)\.(\d+)", version)
        if match is None:
            return False
        numbers = [int(n) for n in match.groups() if n]
        return (numbers[0], numbers[1]) < (2, 3)

    # Servers -------------------------------------------------------------------------------

    def _gunicorn(self, rest: Sequence[str], place: Span, at: Context) -> tuple[Start, ...]:
        options = _options(rest, {"b": "bind", "c": "config"})
        binds = _all(rest, ("-b", "--bind"))
        has_tls = "certfile" in options or "keyfile" in options
        own_arguments = at.settings.get("GUNICORN_CMD_ARGS")
        if own_arguments is not None and own_arguments.value:
            more = own_arguments.value.split()
            binds = binds or _all(more, ("-b", "--bind"))
            has_tls = has_tls or any("certfile" in word for word in more)
        bind_place = place
        settings: dict[str, tuple[str, int]] = {}
        config = self._gunicorn_config(options.get("config"), at)
        if config is not None:
            settings = gunicorn_settings(config, at.variables)
            has_tls = has_tls or "certfile" in settings
            if not binds and "bind" in settings:
                binds = settings["bind"][0].split(",")
                bind_place = config.span(settings["bind"][1])
        target = next((w for w in reversed(list(rest)) if _TARGET.match(w)), "")
        via = (*at.via, place)
        allowed = at.settings.get("FORWARDED_ALLOW_IPS")
        trusts = allowed.place if allowed is not None and allowed.value == "*" else None
        if config is not None and settings.get("forwarded_allow_ips", ("", 0))[0] == "*":
            trusts = config.span(settings["forwarded_allow_ips"][1])
        if options.get("forwarded-allow-ips") == "*":
            trusts = place
        if not binds:
            port = at.settings.get("PORT")
            default = f"0.0.0.0:{port.value or ''}" if port is not None else "127.0.0.1:8000"
            binds = [default]
        return tuple(
            replace(_bound("gunicorn", bind, bind_place, has_tls, via, target), trusts=trusts)
            for bind in binds[:10]
        )

    def _gunicorn_config(self, named: str | None, at: Context) -> SourceFile | None:
        name = (named or "gunicorn.conf.py").removeprefix("file:")
        found = self.find(name, at.folder)
        if found is None and named and named.startswith("python:"):
            module = self.module(named[7:], at.folder)
            found = module.file if module is not None else None
        return found

    def _script_server(self, module: PythonModule) -> dict[str, str]:
        """The host and port that Flask-Script's ``Server(host=…)`` gives ``runserver``."""
        found: dict[str, str] = {}
        for call in module.calls:
            if call.name.startswith("flask_script") and call.name.endswith("Server"):
                for name in ("host", "port"):
                    value = call.argument(name)
                    if value is not None and isinstance(value.literal, str | int):
                        found[name] = str(value.literal)
        return found

    def _flask(
        self,
        rest: Sequence[str],
        place: Span,
        at: Context,
        script: PythonModule | None = None,
    ) -> tuple[Start, ...]:
        words = list(rest)
        if "run" not in words:
            return ()
        options = _options(words, {"h": "host", "p": "port"})
        options = {**self._script_server(script), **options} if script else options
        host = options.get("host") or _value(at, "FLASK_RUN_HOST") or "127.0.0.1"
        port = options.get("port") or _value(at, "FLASK_RUN_PORT") or "5000"
        has_tls = "cert" in options or bool(_value(at, "FLASK_RUN_CERT"))
        is_debug = "--debug" in words or "debug" in options
        host_setting = at.settings.get("FLASK_RUN_HOST")
        via = (*at.via, place)
        if "host" not in options and host_setting is not None:
            via = (*via, host_setting.place)
        return (
            Start(
                "flask run",
                place,
                host,
                int(port) if port.isdecimal() else None,
                has_tls,
                _is_local(host),
                True,
                place if is_debug else self._debug_variable(at),
                via,
                _value(at, "FLASK_APP") or "",
            ),
        )

    def _plain_server(self, head: str, rest: Sequence[str], place: Span, at: Context) -> Start:
        options = _options(rest, {"b": "bind", "h": "host", "p": "port"})
        names = ("certfile", "ssl-certfile", "ssl-certificate", "ssl-keyfile", "keyfile", "cert")
        has_tls = any(name in options for name in names)
        default = {"waitress-serve": "0.0.0.0:8080", "hypercorn": "127.0.0.1:8000"}
        bind = options.get("bind") or options.get("listen") or ""
        if not bind:
            base_host, _, base_port = default.get(head, "127.0.0.1:8000").rpartition(":")
            bind = f"{options.get('host', base_host)}:{options.get('port', base_port)}"
        if "uds" in options or "unix-socket" in options:
            bind = "unix:" + (options.get("uds") or options.get("unix-socket") or "")
        target = next((w for w in reversed(list(rest)) if _TARGET.match(w)), "")
        program = "waitress" if head == "waitress-serve" else head
        return _bound(program, bind, place, has_tls, (*at.via, place), target)

    def _uwsgi(self, rest: Sequence[str], place: Span, at: Context) -> tuple[Start, ...]:
        options = _options(rest)
        ini = options.get("ini") or next((w for w in rest if w.endswith(".ini")), None)
        via = (*at.via, place)
        found = []
        for name, value in options.items():
            found += list(_uwsgi_listener(name, value, place, via))
        file = self.find(ini, at.folder) if ini else None
        for name, (value, spot) in (programs.uwsgi_settings(file) if file else {}).items():
            filled = expanded(value, at.variables)
            found += list(_uwsgi_listener(name, filled, spot, (*via, spot)))
        return tuple(found)

    def _supervised(self, head: str, place: Span, at: Context) -> tuple[Start, ...]:
        wanted = "ini" if head == "supervisord" else "procfile"
        found: list[Start] = []
        for file in self._files.values():
            if file.format == wanted and _is_under(file.path, at.folder):
                for text, spot in programs.commands(file):
                    if wanted == "ini":
                        found += self.unit(text, spot, at)
                    else:
                        found += self.text(text, spot, at)
        return tuple(found)

    def unit(self, text: str, place: Span, at: Context) -> tuple[Start, ...]:
        """What a command of supervisor or systemd starts: words, and no shell."""
        filled = text.replace("%(ENV_", "${").replace(")s", "}")
        try:
            words = shlex.split(filled)
        except ValueError:
            words = filled.split()
        return self.starts(words, place, at)

    def _npm(self, rest: Sequence[str], place: Span, at: Context) -> tuple[Start, ...]:
        """The servers that a script of package.json starts, through scripts that it runs."""
        words = [w for w in rest if not w.startswith("-") and w not in ("run", "run-script")]
        package = self._files.get(posixpath.join(at.folder, "package.json"))
        if package is None or not words:
            return ()
        try:
            scripts = json.loads(package.text).get("scripts", {})
        except (ValueError, AttributeError, RecursionError):
            return ()
        found: list[Start] = []
        waiting = [words[0]]
        seen: set[str] = set()
        while waiting and len(seen) < 30:
            name = waiting.pop()
            text = scripts.get(name) if isinstance(scripts, dict) else None
            if name in seen or not isinstance(text, str):
                continue
            seen.add(name)
            text = _JINJA.sub("", text)
            if text.startswith("run-script-os"):
                waiting += [o for o in scripts if o in (f"{name}:default", f"{name}:linux")]
            numbered = enumerate(package.lines, 1)
            line = next((n for n, one in numbered if f'"{name}":' in one), 1)
            waiting += [other for other in scripts if other != name and _mentions(text, other)]
            found += self.text(text, package.span(line), at.deeper(place))
        return tuple(found)

    # Files ---------------------------------------------------------------------------------

    def find(self, path: str, folder: str) -> SourceFile | None:
        """The project's file that a path inside an image or a checkout means, if one fits."""
        clean = posixpath.normpath(path.strip()).lstrip("/")
        direct = self._files.get(posixpath.normpath(posixpath.join(folder, clean)))
        if direct is not None:
            return direct
        named = self._by_name.get(clean.rpartition("/")[2], [])
        candidates = [f for f in named if _is_under(f.path, folder)] or named[:1]
        if not candidates or (path.startswith("./") and len(candidates) > 3):
            return None

        def common(file: SourceFile) -> int:
            mine, theirs = file.path.split("/")[::-1], clean.split("/")[::-1]
            pairs = zip(mine, theirs, strict=False)
            return next((n for n, (a, b) in enumerate(pairs) if a != b), len(theirs))

        return max(candidates, key=lambda f: (common(f), -f.path.count("/")))

    def module(self, name: str, folder: str) -> PythonModule | None:
        """A Python module by its name, the one nearest to a folder. Returns None if none is."""
        path = posixpath.join(folder, name.replace(".", "/"))
        for candidate in (f"{path}.py", f"{path}/__init__.py"):
            found = self.program.of_path(candidate)
            if found is not None:
                return found
        return self.program.module(name)

    def _console_scripts(
        self, files: Sequence[SourceFile]
    ) -> Iterator[tuple[str, tuple[PythonModule | None, str]]]:
        for file in files:
            if file.name not in ("setup.py", "setup.cfg", "pyproject.toml"):
                continue
            for line in file.lines:
                match = _SETUP.fullmatch(line.strip().rstrip(",\"'")) or _SETUP.match(line.strip())
                if match:
                    yield match[1], (self.module(match[2], file.folder), match[3])


def _filled(words: Sequence[str], variables: Mapping[str, str]) -> Iterator[str]:
    """Words with their variables filled in; a bare variable may come to several words."""
    for word in words:
        text = expanded(word, variables)
        if text != word and _BARE.fullmatch(word):
            yield from text.split()
        else:
            yield text


def _with_given(words: Sequence[str], given: Sequence[str]) -> tuple[str, ...]:
    """A command with ``"$@"`` in it, such as ``gosu user "$@" --bind …``, filled with words."""
    found: list[str] = []
    for word in words:
        found += given if word in ("$@", "$*") else (word,)
    return tuple(found)


def _with(at: Context, name: str, value: str, place: Span) -> Context:
    """The context with a variable that a script sets; one that is known already is kept.

    A script sets what the environment leaves open far more often than it overrides it.
    """
    known = at.settings.get(name)
    if known is not None and known.value:
        return at
    setting = Setting(name, expanded(value.split(" #")[0], at.variables), place)
    return replace(at, settings={**at.settings, name: setting})


def gunicorn_settings(file: SourceFile, variables: Mapping[str, str]) -> dict[str, tuple[str, int]]:
    """The settings of a gunicorn configuration, evaluated as constants and never run."""
    found: dict[str, tuple[str, int]] = {}
    try:
        module = parse(file, dotted(file.path))
    except SyntaxError:
        return found
    for binding in module.bindings:
        if binding.scope:
            continue
        value = binding.value
        literal: object = value.literal
        if value.variable and value.variable in variables:
            literal = variables[value.variable]
        if isinstance(literal, tuple):
            literal = ",".join(str(part) for part in literal)
        if isinstance(literal, str | int):
            found[binding.name] = (str(literal), binding.line)
        elif value.prefix:
            found[binding.name] = (value.prefix + "?", binding.line)
        else:
            found.setdefault(binding.name, ("?", binding.line))
    return found


def _bound(
    program: str, bind: str, place: Span, has_tls: bool, via: tuple[Span, ...], target: str
) -> Start:
    """A start by a bind word: ``HOST:PORT``, ``:PORT``, ``PORT``, ``unix:PATH``, ``fd://N``."""
    if bind.startswith(("unix:", "/")) or bind.endswith(".sock"):
        socket = bind.removeprefix("unix:")
        return Start(program, place, "", None, has_tls, True, via=via, target=target, socket=socket)
    host, colon, port = bind.rpartition(":")
    if not colon:
        host, port = ("", bind) if bind.isdecimal() else (bind, "")
    number = int(port) if port.isdecimal() else None
    return Start(program, place, host, number, has_tls, _is_local(host), via=via, target=target)


def _uwsgi_listener(name: str, value: str, place: Span, via: tuple[Span, ...]) -> Iterator[Start]:
    if name in ("http", "http-socket", "https", "https-socket", "socket", "uwsgi-socket"):
        bind = value.partition(",")[0]
        yield _bound("uwsgi", bind, place, name.startswith("https"), via, "")


def _options(words: Sequence[str], short: Mapping[str, str] | None = None) -> dict[str, str]:
    """Long options with their values; ``short`` maps letters to the long names."""
    found: dict[str, str] = {}
    names = short or {}
    for number, word in enumerate(words):
        following = words[number + 1] if number + 1 < len(words) else ""
        if word.startswith("--"):
            name, equals, value = word[2:].partition("=")
            found[name] = value if equals else "" if following.startswith("-") else following
        elif len(word) > 1 and word[0] == "-" and word[1] in names:
            found[names[word[1]]] = word[2:].lstrip("=") or following
    return found


def _all(words: Sequence[str], options: tuple[str, str]) -> list[str]:
    """Every value of an option that may be given more than once."""
    found = []
    for number, word in enumerate(words):
        if word in options and number + 1 < len(words):
            found.append(words[number + 1])
        elif word.startswith(options[1] + "="):
            found.append(word.partition("=")[2])
        elif word.startswith(options[0]) and not word.startswith("--") and len(word) > 2:
            found.append(word[2:].lstrip("="))
    return found


def _value(at: Context, name: str) -> str | None:
    setting = at.settings.get(name)
    return setting.value if setting is not None else None


def _is_local(host: str) -> bool:
    return host.startswith(LOCAL)


def _is_under(path: str, folder: str) -> bool:
    return not folder or path.startswith(folder + "/")


def _mentions(text: str, script: str) -> bool:
    pattern = rf"(?:npm run|yarn|pnpm|run-p|run-s|npm-run-all|npm:)[^&|]*\b{re.escape(script)}\b"
    return bool(re.search(pattern, text))
