"""The operations of an API from its document (OpenAPI 3.0 and 3.1, Swagger 2.0).

A document is a peer's word: whatever has the wrong type is passed over and noted, and every walk
is bounded in depth and in steps.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any
from urllib.parse import quote, unquote

from plainwire.model import WireError
from plainwire.wire.openapi.credentials import is_credential, scheme_name
from plainwire.wire.openapi.verbs import state_change
from plainwire.wire.redirects import resolve

MAX_OPERATIONS = 5000
MAX_SKIPPED = 200
MAX_DEPTH = 24
MAX_EACH = 100  # servers, parameters, media types, tags of one operation
MAX_STEPS = 200_000  # schemas looked at in one document
MAX_STEPS_EACH = 4000  # and for one operation

METHODS = ("get", "head", "options", "post", "put", "patch", "delete", "trace", "query")

_TEMPLATE = re.compile(r"\{([^{}/]*)\}")
_ANYWHERE = "https://relative.invalid/"


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter; ``example`` is a value that the document gives for it, or None."""

    name: str
    place: str
    is_required: bool
    example: str | None = None


@dataclass(frozen=True, slots=True)
class ApiOperation:
    """One operation. ``path`` is templated and begins with the base path of its server.

    ``security`` names the schemes in words, alternatives together; ``credential_fields`` the
    properties of the request body that hold a credential.
    """

    method: str
    path: str
    security: tuple[str, ...] = ()
    credential_fields: tuple[str, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    operation_id: str = ""
    summary: str = ""
    tags: tuple[str, ...] = ()
    is_deprecated: bool = False

    @property
    def concrete_path(self) -> str | None:
        """The path with the document's examples filled in. None if a parameter has none."""
        given = {each.name: each.example for each in self.parameters if each.place == "path"}
        names = _TEMPLATE.findall(self.path)
        if any(not given.get(name) for name in names):
            return None
        return _TEMPLATE.sub(lambda match: quote(given[match[1]] or "", safe=""), self.path)


@dataclass(frozen=True, slots=True)
class Api:
    """What a document says of its API. ``servers`` are origins such as ``http://host:8091``."""

    title: str
    version: str
    servers: tuple[str, ...]
    operations: tuple[ApiOperation, ...]


def changes_state(operation: ApiOperation) -> str | None:
    """Why an operation may change state, by its method or a verb in its names; None if not."""
    return state_change(
        operation.method,
        operation.path,
        names=(operation.operation_id, operation.summary),
        tags=operation.tags,
    )


def read(document: Mapping[str, Any], *, skipped: list[str]) -> Api:
    """The API that a parsed document describes; what could not be read is noted in ``skipped``.

    Paths keep the path of the first server (its scheme and host are the document's claim and go
    to ``servers``). Never raises for anything in the document.
    """
    return _Reader(document, skipped).api()


class _Reader:
    def __init__(self, document: Mapping[str, Any], skipped: list[str]) -> None:
        self._document = document
        self._skipped = skipped
        self._steps = MAX_STEPS
        self._servers: dict[str, None] = {}
        self._is_swagger = "swagger" in document and "openapi" not in document
        holder = document if self._is_swagger else _mapping(document.get("components"))
        key = "securityDefinitions" if self._is_swagger else "securitySchemes"
        self._schemes = _mapping(holder.get(key))

    def api(self) -> Api:
        info = _mapping(self._document.get("info"))
        base = self._swagger_base() if self._is_swagger else self._base(self._document, "")
        operations = tuple(self._operations(base))
        title, version = _text(info.get("title")), _text(info.get("version"))
        return Api(title, version, tuple(self._servers), operations)

    def _skip(self, words: str) -> None:
        if len(self._skipped) < MAX_SKIPPED and words[:300] not in self._skipped:
            self._skipped.append(words[:300])

    def _operations(self, base: str) -> Iterator[ApiOperation]:
        count = 0
        for path, raw in _items(self._document.get("paths")):
            if path.startswith("x-"):
                continue
            item = self._resolved(raw)
            if not path.startswith("/") or not item:
                self._skip(f"{path}: not a path item")
                continue
            own = self._base(item, base)
            for method in METHODS:
                if method not in item:
                    continue
                if not isinstance(item[method], dict):
                    self._skip(f"{method.upper()} {path}: not an operation")
                elif (count := count + 1) > MAX_OPERATIONS:
                    self._skip(f"more than {MAX_OPERATIONS} operations")
                    return
                else:
                    yield self._operation(method.upper(), path, item, item[method], own)

    def _operation(
        self, method: str, path: str, item: dict[Any, Any], raw: dict[Any, Any], base: str
    ) -> ApiOperation:
        parameters = self._parameters(item, raw)
        fields = dict.fromkeys(self._fields(raw, parameters))
        return ApiOperation(
            method,
            self._base(raw, base) + path,
            tuple(dict.fromkeys(self._security(raw, parameters))),
            tuple(fields),
            tuple(_parameter(each) for each in parameters),
            _text(raw.get("operationId")),
            _text(raw.get("summary")),
            tuple(_text(tag) for tag in _list(raw.get("tags"))[:MAX_EACH] if isinstance(tag, str)),
            raw.get("deprecated") is True,
        )

    # Servers --------------------------------------------------------------------------------

    def _base(self, holder: Mapping[str, Any], otherwise: str) -> str:
        """The path of the holder's first server; every server's origin is noted."""
        bases = []
        for server in _list(holder.get("servers"))[:MAX_EACH]:
            url = _text(_mapping(server).get("url"))
            variables = _mapping(_mapping(server).get("variables"))
            for name in set(_TEMPLATE.findall(url)):
                default = _text(_mapping(variables.get(name)).get("default"))
                url = url.replace("{" + name + "}", default) if default else url
            if "{" in url.partition("//")[2].partition("/")[0]:
                self._skip(f"{url}: a variable without a default")
                continue
            bases.append(self._server(url))
        return bases[0] if bases else otherwise

    def _swagger_base(self) -> str:
        host = _text(self._document.get("host"))
        path = _text(self._document.get("basePath"))
        schemes = [s for s in _list(self._document.get("schemes")) if isinstance(s, str)]
        if not host or not schemes:
            return self._server(path)
        bases = [self._server(f"{scheme}://{host}/{path.lstrip('/')}") for scheme in schemes[:4]]
        return bases[0]

    def _server(self, url: str) -> str:
        try:
            place = resolve(url, _ANYWHERE)
        except WireError as error:
            self._skip(f"server: {error}")
            return ""
        if not place.host:
            self._skip(f"server: {place.scheme} is not HTTP")
        elif place.host != "relative.invalid":
            origin = place.url.removesuffix(place.path)
            self._servers[origin] = None
        return place.path.partition("?")[0].rstrip("/")

    # References -----------------------------------------------------------------------------

    def _resolved(self, value: Any, seen: set[str] | None = None) -> dict[Any, Any]:
        """The mapping that a value is or refers to in this document (RFC 6901, section 6)."""
        seen = set() if seen is None else seen
        while isinstance(value, dict) and isinstance(value.get("$ref"), str):
            reference = value["$ref"]
            if reference in seen or len(seen) > 10 * MAX_DEPTH:
                return {}
            seen.add(reference)
            if not reference.startswith("#/"):
                self._skip(f"{reference}: outside the document")
                return {}
            value = self._at(reference[2:])
        return _mapping(value)

    def _at(self, pointer: str) -> Any:
        value: Any = self._document
        for part in unquote(pointer[:1024]).split("/"):
            if not isinstance(value, Mapping):
                return None
            value = value.get(part.replace("~1", "/").replace("~0", "~"))
        return value

    # What an operation asks for ---------------------------------------------------------------

    def _parameters(self, item: dict[Any, Any], raw: dict[Any, Any]) -> list[dict[Any, Any]]:
        """The operation's parameters over those of its path, by name and place."""
        found: dict[tuple[str, str], dict[Any, Any]] = {}
        both = chain(_list(item.get("parameters")), _list(raw.get("parameters")))
        for each in islice(both, MAX_EACH):
            parameter = self._resolved(each)
            if not isinstance(parameter.get("name"), str):
                continue
            if "schema" in parameter:
                parameter = {**parameter, "schema": self._resolved(parameter["schema"])}
            found[parameter["name"], _text(parameter.get("in"))] = parameter
        return list(found.values())

    def _security(self, raw: dict[Any, Any], parameters: list[dict[Any, Any]]) -> Iterator[str]:
        required = raw["security"] if "security" in raw else self._document.get("security")
        for alternative in _list(required)[:MAX_EACH]:
            for name, _ in islice(_items(alternative), MAX_EACH):
                yield scheme_name(self._resolved(self._schemes.get(name))) or name[:64]
        for parameter in parameters:  # documents written by hand declare their header this way
            place, name = _text(parameter.get("in")), _text(parameter.get("name"))
            if place in ("header", "query", "cookie") and (
                name.lower() == "authorization" or is_credential(name, _schema(parameter))
            ):
                yield f"{place} {name}"

    def _fields(self, raw: dict[Any, Any], parameters: list[dict[Any, Any]]) -> Iterator[str]:
        steps = [min(MAX_STEPS_EACH, self._steps)]
        allowed = steps[0]
        for parameter in parameters:
            name, place = _text(parameter.get("name")), parameter.get("in")
            if place == "formData" and is_credential(name, parameter):
                yield name
            elif place == "body":
                yield from self._credentials(parameter.get("schema"), steps, set())
        content = _mapping(self._resolved(raw.get("requestBody")).get("content"))
        for _, media in islice(_items(content), MAX_EACH):
            yield from self._credentials(_mapping(media).get("schema"), steps, set())
        self._steps -= allowed - steps[0]
        if steps[0] <= 0:
            self._skip("request body: too large to read whole")

    def _credentials(
        self, schema: Any, steps: list[int], seen: set[str], depth: int = 0
    ) -> Iterator[str]:
        """The credential properties of a schema and of what it is made of, each reference once."""
        if steps[0] <= 0 or depth > MAX_DEPTH:
            return
        steps[0] -= 1
        schema = self._resolved(schema, seen)
        for name, each in _items(schema.get("properties")):
            if steps[0] <= 0:
                return
            steps[0] -= 1
            if is_credential(name, self._resolved(each)):
                yield name[:128]
            yield from self._credentials(each, steps, seen, depth + 1)
        for key in ("allOf", "oneOf", "anyOf"):
            for each in _list(schema.get(key)):
                yield from self._credentials(each, steps, seen, depth + 1)
        if "items" in schema:
            yield from self._credentials(schema["items"], steps, seen, depth + 1)


def _parameter(raw: dict[Any, Any]) -> Parameter:
    place = _text(raw.get("in"))
    # A parameter in the path is always required (OpenAPI 3.1, section 4.8.12.2).
    is_required = place == "path" or raw.get("required") is True
    return Parameter(_text(raw.get("name")), place, is_required, _example(raw))


def _example(raw: dict[Any, Any]) -> str | None:
    """The first value that the document gives: example, examples, default, enum."""
    for holder in (raw, _schema(raw)):
        for key in ("example", "x-example", "default"):
            if (text := _scalar(holder.get(key))) is not None:
                return text
        for key in ("examples", "enum"):
            values = holder.get(key)
            for each in list(values.values()) if isinstance(values, dict) else _list(values):
                value = each.get("value") if isinstance(each, dict) else each
                if (text := _scalar(value)) is not None:
                    return text
    return None


def _scalar(value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and abs(value) < 2**63:
        return str(value)
    if isinstance(value, str) and value:
        return value[:256]
    # YAML reads dates as such; JSON writes them as strings.
    return str(value) if hasattr(value, "isoformat") or isinstance(value, float) else None


def _schema(raw: dict[Any, Any]) -> dict[Any, Any]:
    return _mapping(raw.get("schema")) or raw


def _mapping(value: Any) -> dict[Any, Any]:
    return value if isinstance(value, dict) else {}


def _items(value: Any) -> Iterator[tuple[str, Any]]:
    """The members with a text for a key (YAML has numbers and dates there too)."""
    for key, each in _mapping(value).items():
        if isinstance(key, str):
            yield key, each


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value[:2048]
    return _scalar(value) or "" if isinstance(value, (int, float)) else ""
