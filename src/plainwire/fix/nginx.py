"""Edits of nginx configurations that keep everything around them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from plainwire.fix.text import line_after, line_end, margin_of
from plainwire.model import Edit, Finding, Listen, Project, SourceFile
from plainwire.source.deploy.nginx import MAX_DEPTH, Directive, around, included, mains, tree

__all__ = ["Directive", "Nginx", "nginx", "servers"]

# Files of every installation and of certbot, in which no header is set.
_HARMLESS = re.compile(r"mime\.types|fastcgi|uwsgi_params|ssl|tls|letsencrypt|modules-enabled")


class Nginx:
    """A configuration to be edited. Lines count from 1."""

    def __init__(self, file: SourceFile) -> None:
        self.path, self.text = file.path, file.text
        self.root = Directive("", (), 1, file, tree(file))

    def around(self, line: int, *names: str) -> tuple[Directive, ...]:
        """The blocks around the first directive of a line, the root first, itself last.

        Only a directive of one of ``names`` counts, if any are named. Empty if there is none.
        """
        for chain in self._chains((self.root,)):
            if chain[-1].line == line and (not names or chain[-1].name in names):
                return chain
        return ()

    def _chains(self, above: tuple[Directive, ...]) -> Iterator[tuple[Directive, ...]]:
        for inner in above[-1].block if len(above) <= MAX_DEPTH else ():
            yield (*above, inner)
            yield from self._chains((*above, inner))

    def server(self, line: int) -> tuple[Directive, ...]:
        """The blocks down to the server block that a line stands in. Empty if there is none."""
        for chain in self._chains((self.root,)):
            last = chain[-1]
            is_server = last.name == "server" and bool(last.block)
            if is_server and self._line(last.start) <= line <= self._line(last.end):
                return chain
        return ()

    def tls_port(self, server: Directive, project: Project) -> Listen | None:
        """The first port of a server block that speaks TLS. Returns None if none is known to."""
        mine = [s for s in project.sites if s.place == server.span()]
        return next((port for site in mine for port in site.listens if port.has_tls), None)

    def setters(self, block: Directive, name: str, project: Project) -> list[Directive]:
        """What sets a directive of a name in a level: its own, and includes of files that do.

        Raises:
            ValueError: if a file is included there that is not in the project.
        """
        files = tuple(project.of("nginx"))
        found = list(block.all(name))
        for include in block.all("include"):
            argument = "".join(include.arguments)
            named = list(included(argument, files, (self.path,), in_server=True))
            if "proxy_params" in argument or any(_holds(file, name) for file in named):
                found.append(include)
            elif not (named or _HARMLESS.search(argument) or _is_of_servers(block, argument)):
                words = f"{argument} is included at {self.path}:{include.line}"
                raise ValueError(f"what it sets is not known: {words}")
        return sorted(found, key=lambda d: d.start)

    def sets(self, setter: Directive, header: str, project: Project) -> bool:
        """True if what sets request headers, or what it includes, sets this one (lower case)."""
        if setter.name != "include":
            return "".join(setter.arguments[:1]).lower() == header
        argument = "".join(setter.arguments)
        files = included(argument, tuple(project.of("nginx")), (self.path,), in_server=True)
        found = (d for file in files for d in tree(file) if d.name == "proxy_set_header")
        return "proxy_params" in argument or any(self.sets(d, header, project) for d in found)

    def outside(self, name: str, project: Project) -> list[Directive]:
        """What sets a directive of a name in the http block around the file, in another file."""
        file = project.file(self.path)
        found = around(file, mains(tuple(project.of("nginx")))) if file is not None else []
        return [d for d in found if d.name == name]

    def _line(self, at: int) -> int:
        return self.text.count("\n", 0, at) + 1

    def after(self, directive: Directive, new: str) -> Edit:
        """The edit that puts a directive after another one, on a line of its own like that."""
        rest = self.text[directive.end :].partition("\n")[0].strip()
        if margin_of(self.text, directive.start) is None or (rest and not rest.startswith("#")):
            return Edit(self.path, directive.end, directive.end, f" {new}")
        return line_after(self.path, self.text, directive.start, directive.end, new)

    def without(self, directive: Directive) -> Edit:
        """The edit that takes a directive away, with its line if nothing else stands there."""
        start, end = directive.start, directive.end
        last = line_end(self.text, end)
        margin = margin_of(self.text, start)
        if margin is not None and not self.text[end:last].strip():
            return Edit(self.path, start - len(margin), min(last + 1, len(self.text)), "")
        rest = self.text[end:last]
        return Edit(self.path, start, end + len(rest) - len(rest.lstrip()), "")

    def with_arguments(self, directive: Directive, words: str) -> Edit:
        """The edit that gives a directive other arguments."""
        return Edit(self.path, directive.words[0][0], directive.words[-1][1], words)


def _is_of_servers(block: Directive, argument: str) -> bool:
    """True for conf.d and its like, whose files hold server blocks."""
    return block.name in ("", "http") and "*" in argument


def _holds(file: SourceFile, name: str) -> bool:
    return any(d.name == name for d in tree(file))


@lru_cache(maxsize=8)
def nginx(file: SourceFile) -> Nginx:
    """A configuration ready to be edited; read once for all the findings in it."""
    return Nginx(file)


def servers(finding: Finding, project: Project) -> Iterator[tuple[Nginx, tuple[Directive, ...]]]:
    """The server blocks that a finding's places stand in, each as the blocks down to it."""
    for place in finding.locations:
        file = project.file(place.path or "")
        if file is None or file.format != "nginx" or place.line is None:
            continue
        source = nginx(file)
        chain = source.server(place.line)
        if chain:
            yield source, chain
