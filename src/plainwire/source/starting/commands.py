"""From a command to the servers it starts: through shells, wrappers, scripts and package.json."""

from __future__ import annotations

import json
import posixpath
import re
import shlex
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from plainwire.model import Setting, SourceFile, Span, Start
from plainwire.source.deploy import programs
from plainwire.source.deploy.words import (
    chosen,
    commands,
    deployed,
    expanded,
    functions_of,
    joined_lines,
    split,
    unspaced,
)
from plainwire.source.python.program import Program
from plainwire.source.starting import servers
from plainwire.source.starting.context import Context, is_under
from plainwire.source.starting.files import Files
from plainwire.source.starting.modules import Modules

MAX_DEPTH = 8
MAX_SCRIPTS = 2000
MAX_PACKAGED = 30  # scripts of package.json that one leads to
MAX_COMMANDS = 50_000  # of a project: what calls itself or others twice would never come to an end
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
_JINJA = re.compile(r"\{%[^\n]{0,400}?%\}")
_BARE = re.compile(r"\$\w+|\$\{\w+(:?[-+=][^{}]*)?\}")
_GIVEN = re.compile(r"(exec |eval )?\s*[\"']?\$[@*][\"']?\s*")


class Starter:
    """Finds what commands of one project start."""

    def __init__(
        self, files: Sequence[SourceFile], program: Program, requirements: Mapping[str, str]
    ) -> None:
        self.files = Files(files, program, requirements)
        self.modules = Modules(self.files, self)
        self._scripts_left = MAX_SCRIPTS
        self._commands_left = MAX_COMMANDS
        self._is_supervising = False
        self._packaged: set[tuple[str, str]] = set()  # scripts of package.json that were followed

    def starts(self, words: Sequence[str], place: Span, at: Context) -> tuple[Start, ...]:
        """The servers that a command starts; none if it starts none that is known."""
        if not words or at.depth > MAX_DEPTH or not self._has_room():
            return ()
        filled = tuple(_filled(words, at.variables))
        if not filled:  # a variable that is empty was the whole command
            return ()
        found = self._found(filled, place, at)
        return tuple(s if s.command else replace(s, command=filled) for s in found)

    def _has_room(self) -> bool:
        """True if one more command of the project is looked at."""
        self._commands_left -= 1
        return self._commands_left >= 0

    def _found(self, filled: tuple[str, ...], place: Span, at: Context) -> tuple[Start, ...]:
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
            return self.modules.python(rest, place, at)
        if head == "gunicorn":
            return servers.gunicorn(self.files, rest, place, at)
        if head == "flask":
            return servers.flask(self.files, rest, place, at)
        if head in ("uvicorn", "hypercorn", "granian", "daphne", "waitress-serve", "cheroot"):
            return (servers.plain_server(head, rest, place, at),)
        if head in ("uwsgi", "uwsgi-python3"):
            return servers.uwsgi(self.files, rest, place, at)
        if head in ("supervisord", "honcho", "foreman"):
            return self._supervised(head, place, at)
        if head in ("npm", "yarn", "pnpm"):
            return self._npm(rest, place, at)
        script = self.files.find(filled[0], at.folder)
        if script is not None and script.format in ("shell", "python"):
            if script.format == "python":
                return self.modules.python(filled, place, at)
            return self._script(script, place, at.deeper(place, rest))
        if head in self.files.scripts:
            module, function = self.files.scripts[head]
            return self.modules.module(module, place, at, rest, function)
        return ()

    def text(self, text: str, place: Span, at: Context) -> tuple[Start, ...]:
        """The servers that a shell line starts."""
        found: list[Start] = []
        for words in commands(text):
            found += self.starts(words, place, at.deeper(place))
        return tuple(found)

    def script(self, file: SourceFile, at: Context) -> tuple[Start, ...]:
        """The servers that a shell script starts that somebody calls by hand."""
        return self._script(file, file.span(1), at)

    def _shell(self, rest: Sequence[str], place: Span, at: Context) -> tuple[Start, ...]:
        for number, word in enumerate(rest):
            if re.fullmatch(r"-\w*c", word):
                return self.text(rest[number + 1], place, at) if number + 1 < len(rest) else ()
            if not word.startswith("-"):
                script = self.files.find(word, at.folder)
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
        script = self._pipenv_script(words[0], at) if head == "pipenv" and words else ""
        if script:
            return self.text(f"{script} {shlex.join(words[1:])}", place, at.deeper(place))
        return self.starts(words, place, at.deeper(place))

    def _pipenv_script(self, name: str, at: Context) -> str:
        """What a Pipfile's ``[scripts]`` has under a name (Pipenv, Custom Script Shortcuts)."""
        pipfile = self.files.by_path.get(posixpath.join(at.folder, "Pipfile"))
        try:
            held = tomllib.loads(pipfile.text).get("scripts", {}) if pipfile is not None else {}
        except (tomllib.TOMLDecodeError, RecursionError):
            return ""
        script = held.get(name) if isinstance(held, dict) else None
        return script if isinstance(script, str) else ""

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
        taken = chosen(lines, at.rest[0] if at.rest else None)
        for text, line in deployed(taken, at.variables):
            if not self._has_room():
                break
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

    def _supervised(self, head: str, place: Span, at: Context) -> tuple[Start, ...]:
        wanted = "ini" if head == "supervisord" else "procfile"
        found: list[Start] = []
        if self._is_supervising:  # the unit that starts the supervisor is such a file too
            return ()
        self._is_supervising = True
        for file in self.files.by_path.values():
            if file.format == wanted and is_under(file.path, at.folder):
                for text, spot in programs.commands(file):
                    if wanted == "ini":
                        found += self.unit(text, spot, at)
                    else:
                        found += self.text(text, spot, at)
        self._is_supervising = False
        return tuple(found)

    def unit(self, text: str, place: Span, at: Context) -> tuple[Start, ...]:
        """What a command of supervisor or systemd starts: words, and no shell."""
        filled = unspaced(text).replace("%(ENV_", "${").replace(")s", "}")
        try:
            words = split(filled)
        except ValueError:
            words = filled.split()
        return self.starts(words, place, at)

    def _npm(self, rest: Sequence[str], place: Span, at: Context) -> tuple[Start, ...]:
        """The servers that a script of package.json starts, through scripts that it runs."""
        words = [w for w in rest if not w.startswith("-") and w not in ("run", "run-script")]
        package = self.files.by_path.get(posixpath.join(at.folder, "package.json"))
        if package is None or not words:
            return ()
        try:
            scripts = json.loads(package.text).get("scripts", {})
        except (ValueError, AttributeError, RecursionError):
            return ()
        if not isinstance(scripts, dict):
            return ()
        is_outermost = not self._packaged
        found = self._packaged_starts(package, scripts, words[0], place, at)
        if is_outermost:
            self._packaged.clear()
        return found

    def _packaged_starts(
        self,
        package: SourceFile,
        scripts: Mapping[str, object],
        first: str,
        place: Span,
        at: Context,
    ) -> tuple[Start, ...]:
        """What a script of a package starts; of those that it leads to each is followed once."""
        found: list[Start] = []
        waiting = [first]
        while waiting and len(self._packaged) < MAX_PACKAGED:
            name = waiting.pop()
            text = scripts.get(name)
            if (package.path, name) in self._packaged or not isinstance(text, str):
                continue
            self._packaged.add((package.path, name))
            text = _JINJA.sub("", text)
            if text.startswith("run-script-os"):
                waiting += [o for o in scripts if o in (f"{name}:default", f"{name}:linux")]
            numbered = enumerate(package.lines, 1)
            line = next((n for n, one in numbered if f'"{name}":' in one), 1)
            waiting += [other for other in scripts if other != name and _mentions(text, other)]
            found += self.text(text, package.span(line), at.deeper(place))
        return tuple(found)


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


def _mentions(text: str, script: str) -> bool:
    pattern = rf"(?:npm run|yarn|pnpm|run-p|run-s|npm-run-all|npm:)[^&|]*\b{re.escape(script)}\b"
    return bool(re.search(pattern, text))
