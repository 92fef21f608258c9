"""Python modules and scripts, and the servers that start when they are run."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice

from plainwire.model import Skip, Span, Start
from plainwire.source.numerals import whole
from plainwire.source.python.module import PythonModule
from plainwire.source.python.serving import Served, servers
from plainwire.source.starting import servers as servers_of
from plainwire.source.starting.context import Context, Starting, is_local, options_in, value_of
from plainwire.source.starting.files import Files

MAX_SERVERS = 200


class Modules:
    """What the Python files of one project start; commands in them are given back.

    ``skipped`` are the files that start more servers than are followed.
    """

    def __init__(self, files: Files, starting: Starting) -> None:
        self._files = files
        self._starting = starting
        self._served: dict[str, tuple[Served, ...]] = {}
        self.skipped: list[Skip] = []

    def python(self, rest: Sequence[str], place: Span, at: Context) -> tuple[Start, ...]:
        """The servers that a call of Python starts: a module, a script, ``manage.py run``."""
        words = list(rest)
        while words and words[0].startswith("-"):
            option = words.pop(0)
            if re.fullmatch(r"-\w*m", option) and words:
                name = words.pop(0)
                if name in ("flask", "gunicorn", "uvicorn", "hypercorn", "waitress"):
                    head = {"waitress": "waitress-serve"}.get(name, name)
                    return self._starting.starts([head, *words], place, at)
                main = self._files.module(f"{name}.__main__", at.folder) or self._files.module(
                    name, at.folder
                )
                return self.module(main, place, at, words) if main else ()
            if option == "-c":
                return ()
        if not words:
            return ()
        script = self._files.find(words[0], at.folder)
        if script is None or script.format not in ("python",):
            return ()
        module = self._files.program.of_path(script.path)
        if module is None:
            return ()
        if words[1:2] in (["run"], ["runserver"]) and not self._of(module):
            return servers_of.flask(self._files, ["run", *words[2:]], place, at, module)
        return self.module(module, place, at, words[1:])

    def module(
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
                other = self._files.program.split(name)
                if other is not None:
                    served += [s for s in self._of(other[0]) if s.call.scope == other[1]]
        options = options_in(rest)
        found = []
        # Where one function starts either, the development server is the one for developers.
        served.sort(key=lambda one: one.is_development)
        for one in served:
            host = options.get("host") or options.get("bind")
            host = host or value_of(at, one.host_variable) or one.host
            port = options.get("port") or value_of(at, one.port_variable) or ""
            spot = one.call.span()
            starts_at = place if "host" in options else spot
            found.append(
                Start(
                    one.program,
                    starts_at,
                    host,
                    one.port if (number := whole(port)) is None else number,
                    one.has_tls,
                    host is not None and is_local(host),
                    one.is_development,
                    self._debug(one, at),
                    (*at.via, place, spot),
                    module.file.path,
                    certificate=one.certificate,
                    trusts=spot if one.trusts else None,
                    claims_https=spot if one.claims_https else None,
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
                        found += self._starting.starts(words, call.span(), at.deeper(place))
                    elif isinstance(words, str) and " " in words:
                        found += self._starting.text(words, call.span(), at.deeper(place))
        return tuple(found)

    def _of(self, module: PythonModule) -> tuple[Served, ...]:
        path = module.file.path
        if path not in self._served:
            found = tuple(islice(servers(module), MAX_SERVERS + 1))
            if len(found) > MAX_SERVERS:
                self.skipped.append(Skip(path, f"starts more than {MAX_SERVERS} servers"))
            self._served[path] = found[:MAX_SERVERS]
        return self._served[path]

    def _debug(self, served: Served, at: Context) -> Span | None:
        if served.debug:
            return served.call.span()
        return (
            servers_of.debug_variable(self._files, at)
            if served.debug is None and served.is_development
            else None
        )

    def made_by(self, target: str, folder: str) -> Iterator[str]:
        """The files that a WSGI target such as ``wsgi:app`` gets its application from."""
        name = target.partition(":")[0]
        module = self._files.module(name, folder) if name and ":" in target else None
        if module is None:
            module = self._files.program.of_path(target)
        if module is None:
            return
        yield module.file.path
        for call in module.calls:
            other = self._files.program.split(call.name)
            if other is not None:
                yield other[0].file.path
        for full in module.imports.values():
            other = self._files.program.split(full)
            if other is not None:
                yield other[0].file.path
