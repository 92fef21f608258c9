"""What is known of an API: operations with their parameters, schemas and security."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol
from urllib.parse import quote

from plainwire.model.answer import Span
from plainwire.model.target import Operation, Request

_TEMPLATE = re.compile(r"\{([^{}/]*)\}")


class Schema(Protocol):
    """A JSON Schema as a document has it; references are followed as it is read, within bounds."""

    @property
    def types(self) -> frozenset[str]:
        """The types it names ("string", "array", …); empty if it names none."""

    @property
    def format(self) -> str:
        """Its format ("uri", "password", …), or an empty text."""

    @property
    def properties(self) -> Mapping[str, Schema]:
        """Its properties, and those of the schemas that it is composed of."""

    @property
    def required(self) -> frozenset[str]:
        """The names of the properties that must be there."""

    @property
    def items(self) -> Schema | None:
        """The schema of an array's items. Returns None if it has none."""

    @property
    def is_closed(self) -> bool:
        """True if it forbids properties that it does not name."""

    @property
    def is_open(self) -> bool:
        """True if it says that there may be properties that it does not name."""

    def says(self, keyword: str) -> str | None:
        """A scalar keyword as text ("maximum": "100", "readOnly": "true"). None if it is absent."""

    @property
    def example(self) -> str | None:
        """A scalar that it gives: example, default or enum. Returns None if it gives none."""

    def walk(self) -> Iterator[tuple[tuple[str, ...], Schema]]:
        """Every property below it with its names from here, each schema once, within bounds."""


class Responses(Protocol):
    """The answers that an operation documents."""

    def schema(self, status: int) -> Schema | None:
        """The schema of a status's body. Returns None if none is documented."""

    def documents(self, status: int) -> bool:
        """True if it names the status itself."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter; ``place`` is "path", "query", "header", "cookie", "body" or "formData".

    ``example`` is a value that the document gives for it, or None.
    """

    name: str
    place: str
    is_required: bool
    example: str | None = None
    schema: Schema | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Security:
    """What an operation's caller must show, by its document.

    ``alternatives`` name the schemes that are needed together ("http bearer", "apiKey header
    X-Api-Key"); an empty one says that nothing is needed. ``is_declared`` is False where the
    document says nothing, and where only a parameter speaks of a credential.
    """

    alternatives: tuple[tuple[str, ...], ...] = ()
    is_declared: bool = False

    @property
    def need(self) -> Literal["none", "optional", "required"]:
        """Whether a credential is needed."""
        if not any(self.alternatives):
            return "none"
        return "required" if all(self.alternatives) else "optional"

    @property
    def schemes(self) -> tuple[str, ...]:
        """Every scheme named, each once."""
        return tuple(dict.fromkeys(name for each in self.alternatives for name in each))


@dataclass(frozen=True, slots=True)
class ApiOperation:
    """One operation. ``path`` is templated and begins with the base path of its server.

    ``request`` is an example of it that may be sent, on the target's own origin; None where it is
    never sent, and ``skipped`` then says why. ``source`` says who told: "named" by the user,
    "paths" file, "openapi", "source", "link". ``document`` names what describes it, and
    ``pointer`` leads to it there (RFC 6901, unescaped). ``place`` is where the source has it, and
    ``https_by`` what there says that it is never served in clear.
    """

    method: str
    path: str
    security: Security = Security()
    parameters: tuple[Parameter, ...] = ()
    operation_id: str = ""
    summary: str = ""
    description: str = field(default="", repr=False)
    tags: tuple[str, ...] = ()
    is_deprecated: bool = False
    body: Schema | None = field(default=None, repr=False, compare=False)
    responses: Responses | None = field(default=None, repr=False, compare=False)
    document: str = ""
    pointer: tuple[str, ...] = field(default=(), repr=False, compare=False)
    source: str = "openapi"
    request: Request | None = None
    skipped: str | None = None
    place: Span | None = field(default=None, compare=False)
    https_by: Span | None = field(default=None, compare=False)

    @property
    def operation(self) -> Operation:
        """Method and templated path: its name in findings."""
        return Operation(self.method, self.path)

    @property
    def variables(self) -> tuple[str, ...]:
        """The names in the templated path."""
        return tuple(_TEMPLATE.findall(self.path))

    def filled(self, values: Mapping[str, str] | None = None) -> str | None:
        """The path with ``values`` or the document's examples, and the required query, as it can
        be sent: documents write ``/größe`` and ``/a b`` (RFC 3987, section 3.1).

        Returns None if a required parameter has no value.
        """
        given = {p.name: p.example for p in self.parameters if p.place == "path"}
        given |= values or {}
        if any(not given.get(name) for name in self.variables):
            return None
        path = _TEMPLATE.sub(lambda match: _quoted(given[match[1]] or ""), self.path)
        path = "".join(c if "!" <= c <= "~" else quote(c, errors="replace") for c in path)
        query = [p for p in self.parameters if p.place == "query" and p.is_required]
        if any(p.example is None for p in query):
            return None
        pairs = ((p.name, p.example or "") for p in query)
        words = "&".join(f"{quote(n, errors='replace')}={_quoted(v)}" for n, v in pairs)
        return f"{path}?{words}" if words else path


def _quoted(value: str) -> str:
    return quote(value, safe="", errors="replace")
