"""What a project's files say, and the door to them: values that `source/` fills and rules ask."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, Literal, Protocol

from plainwire.model.answer import Span
from plainwire.model.deployment import (
    App,
    Deployment,
    Environment,
    Image,
    Opening,
    Path,
    ProxySite,
    Setting,
)
from plainwire.model.masked import masked_line

Format = Literal[
    "python",
    "template",
    "script",
    "dockerfile",
    "compose",
    "kubernetes",
    "nginx",
    "apache",
    "caddy",
    "haproxy",
    "traefik",
    "terraform",
    "workflow",
    "gunicorn",
    "procfile",
    "env",
    "shell",
    "ini",
    "yaml",
    "json",
    "toml",
    "requirements",
    "other",
]


class _Unknown:
    """The value of an expression that cannot be known without running it."""

    def __repr__(self) -> str:
        return "UNKNOWN"

    def __bool__(self) -> bool:
        return False


UNKNOWN: Final = _Unknown()


@dataclass(frozen=True, slots=True)
class Value:
    """What an expression comes to where no environment variable is set.

    ``literal`` is `UNKNOWN` where it cannot be known; ``variable`` names the environment variable
    that may replace it, ``prefix`` is the text that a string surely begins with. ``setting`` is the
    key of the application's configuration that it is, where it is no or nothing without that.
    """

    literal: object
    line: int
    variable: str | None = None
    prefix: str = ""
    setting: str = ""

    @property
    def is_known(self) -> bool:
        """True if the value is known as far as no variable replaces it."""
        return self.literal is not UNKNOWN

    @property
    def text(self) -> str:
        """The value as a string, or an empty one."""
        return self.literal if isinstance(self.literal, str) else ""


class Call(Protocol):
    """A call in a module: its callee by the full dotted name, aliases and imports resolved.

    A ``raise`` under an ``if`` is a call of that name.
    """

    @property
    def name(self) -> str:
        """The callee: ``requests.get``, ``app.config.update``."""

    @property
    def line(self) -> int:
        """The line that the call begins on."""

    @property
    def scope(self) -> str:
        """The functions and classes that it is in, joined by dots."""

    @property
    def is_main(self) -> bool:
        """True under ``if __name__ == "__main__"``."""

    @property
    def conditions(self) -> tuple[Value, ...]:
        """What the enclosing ``if`` statements test, the outermost first."""

    @property
    def tested(self) -> frozenset[str]:
        """The texts that the enclosing ``if`` statements compare, and the variables they read."""

    @property
    def keywords(self) -> tuple[str, ...]:
        """The names given by keyword, ``**`` for a mapping unpacked."""

    def argument(self, name: str, position: int | None = None) -> Value | None:
        """An argument by its name or position. Returns None if it is not written."""

    def named(self, name: str, position: int | None = None) -> str:
        """The dotted name of an argument that is one, or an empty string."""


class Binding(Protocol):
    """A name that is given a value: ``SECRET_KEY``, ``self.password``, ``app.config[DEBUG]``.

    An entry of a dictionary is ``{}[verify]``, for the few names that are facts; of what is sent to
    a server ``{sent}[password]``. The source of a password there is what stands beside it.
    """

    @property
    def name(self) -> str:
        """The whole name."""

    @property
    def key(self) -> str:
        """The configuration key or attribute: the last part of the name."""

    @property
    def line(self) -> int:
        """The line it stands on."""

    @property
    def scope(self) -> str:
        """The functions and classes around it."""

    @property
    def owner(self) -> str:
        """The class it stands in, or an empty string."""

    @property
    def is_conditional(self) -> bool:
        """True under an ``if``."""

    @property
    def is_main(self) -> bool:
        """True under ``if __name__ == "__main__"``."""

    @property
    def value(self) -> Value:
        """What is given."""

    @property
    def source(self) -> frozenset[str]:
        """The names and strings in what is given."""


class Function(Protocol):
    """A function of a module."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def line(self) -> int:
        """The line of its ``def``."""

    @property
    def scope(self) -> str:
        """The functions and classes around it."""

    @property
    def decorators(self) -> Sequence[Call]:
        """Its decorators; one that is no call has no arguments."""

    @property
    def words(self) -> frozenset[str]:
        """The names, attributes and strings that it uses."""


@dataclass(frozen=True, slots=True)
class Text:
    """A string in a module, or an attribute's value in a page: its text and line."""

    value: str
    line: int
    scope: str = ""
    use: str = ""


class Module(Protocol):
    """A Python file as its facts; every line counts from 1."""

    @property
    def file(self) -> SourceFile:
        """The file it was read from."""

    @property
    def imports(self) -> Mapping[str, str]:
        """Local names and what they stand for: ``{"np": "numpy"}``."""

    @property
    def calls(self) -> Sequence[Call]:
        """Every call, in the order of lines."""

    @property
    def bindings(self) -> Sequence[Binding]:
        """Every assignment to a name, attribute or string subscript, and parameters' texts."""

    @property
    def functions(self) -> Sequence[Function]:
        """Every function."""

    @property
    def strings(self) -> Sequence[Text]:
        """Every string of 12 characters or more that is an expression's part (no docstrings)."""

    @property
    def classes(self) -> Mapping[str, tuple[str, ...]]:
        """Class names and the full names of their bases."""

    def span(self, line: int) -> Span:
        """A line of the module as evidence."""


@lru_cache(maxsize=4)
def _lines(text: str) -> tuple[str, ...]:
    """A text's lines: a reader quotes one file many times before it turns to the next."""
    return tuple(text.split("\n"))


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file of the project: path from its root with ``/``, format, environment, text."""

    path: str
    format: Format
    environment: Environment
    text: str = field(repr=False, default="")

    def span(self, line: int, end_line: int | None = None) -> Span:
        """Lines of the file as evidence, secrets masked; a line that is not there has no text."""
        lines = _lines(self.text)
        text = lines[line - 1] if 0 < line <= len(lines) else ""
        shown = masked_line(text.strip()[:200])
        return Span(self.path, max(line, 1), 1, max(end_line or line, 1), shown)

    @property
    def lines(self) -> tuple[str, ...]:
        """The lines without their ends."""
        return _lines(self.text)

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rpartition("/")[2]

    @property
    def folder(self) -> str:
        """The path without its last part, empty at the root."""
        return self.path.rpartition("/")[0]


@dataclass(frozen=True, slots=True)
class Skip:
    """A file that was not read, or not wholly understood, and why; ``line`` 0 is the whole."""

    path: str
    reason: str
    line: int = 0


class Project(Protocol):
    """The door to a directory. Everything that a rule may know of it is here; nothing is run."""

    @property
    def files(self) -> tuple[SourceFile, ...]:
        """The files that were read, by path."""

    @property
    def skipped(self) -> tuple[Skip, ...]:
        """What was left out or not understood."""

    @property
    def modules(self) -> tuple[Module, ...]:
        """The Python files that could be parsed."""

    @property
    def apps(self) -> tuple[App, ...]:
        """The Flask applications, wherever they are made."""

    @property
    def deployments(self) -> tuple[Deployment, ...]:
        """Every way of running the applications that the files describe."""

    @property
    def paths(self) -> tuple[Path, ...]:
        """The ways from outside to applications and stores, with their verdicts."""

    @property
    def images(self) -> tuple[Image, ...]:
        """The Dockerfiles."""

    @property
    def sites(self) -> tuple[ProxySite, ...]:
        """Every server block of every proxy's configuration."""

    @property
    def openings(self) -> tuple[Opening, ...]:
        """What clouds let every address reach."""

    @property
    def variables(self) -> tuple[Setting, ...]:
        """What environment files say, comments and empty lines left out."""

    @property
    def requirements(self) -> Mapping[str, str]:
        """The packages asked for, in lower case, with their version words."""

    def file(self, path: str) -> SourceFile | None:
        """A file by its path. Returns None if there is none."""

    def of(self, format: Format) -> Iterator[SourceFile]:
        """The files of a format."""

    def texts(self, file: SourceFile) -> Sequence[Text]:
        """The addresses in a page or script; ``use`` says what becomes of each."""
