"""The operations of an API from its document (OpenAPI 3.0 and 3.1, Swagger 2.0).

A document is a peer's word: whatever has the wrong type is passed over and noted, and every walk
is bounded in depth and in steps.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain, islice
from typing import Any

from plainwire.wire.openapi.api import Api, ApiOperation, Parameter
from plainwire.wire.openapi.credentials import is_credential, scheme_name
from plainwire.wire.openapi.loose import example, items, mapping, sequence, text
from plainwire.wire.openapi.references import References
from plainwire.wire.openapi.servers import Servers
from plainwire.wire.openapi.skipped import Skipped

MAX_OPERATIONS = 5000
MAX_DEPTH = 24
MAX_EACH = 100  # parameters, media types, tags of one operation
MAX_STEPS = 200_000  # schemas looked at in one document
MAX_STEPS_EACH = 4000  # and for one operation

METHODS = ("get", "head", "options", "post", "put", "patch", "delete", "trace", "query")


def read(document: Mapping[str, Any], *, skipped: list[str]) -> Api:
    """The API that a parsed document describes; what could not be read is noted in ``skipped``.

    Paths keep the path of the first server (its scheme and host are the document's claim and go
    to ``servers``). Never raises for anything in the document.
    """
    return _Reader(document, Skipped(skipped)).api()


class _Reader:
    def __init__(self, document: Mapping[str, Any], skipped: Skipped) -> None:
        self._document = document
        self._skipped = skipped
        self._references = References(document, skipped)
        self._servers = Servers(skipped)
        self._steps = MAX_STEPS
        self._is_swagger = "swagger" in document and "openapi" not in document
        holder = document if self._is_swagger else mapping(document.get("components"))
        key = "securityDefinitions" if self._is_swagger else "securitySchemes"
        self._schemes = mapping(holder.get(key))

    def api(self) -> Api:
        info = mapping(self._document.get("info"))
        if self._is_swagger:
            base = self._servers.swagger_base(self._document)
        else:
            base = self._servers.base(self._document, "")
        operations = tuple(self._operations(base))
        title, version = text(info.get("title")), text(info.get("version"))
        return Api(title, version, tuple(self._servers.origins), operations)

    def _operations(self, base: str) -> Iterator[ApiOperation]:
        count = 0
        for path, raw in items(self._document.get("paths")):
            if path.startswith("x-"):
                continue
            item = self._references.resolved(raw)
            if not path.startswith("/") or not item:
                self._skipped.note(f"{path}: not a path item")
                continue
            own = self._servers.base(item, base)
            for method in METHODS:
                if method not in item:
                    continue
                if not isinstance(item[method], dict):
                    self._skipped.note(f"{method.upper()} {path}: not an operation")
                elif (count := count + 1) > MAX_OPERATIONS:
                    self._skipped.note(f"more than {MAX_OPERATIONS} operations")
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
            self._servers.base(raw, base) + path,
            tuple(dict.fromkeys(self._security(raw, parameters))),
            tuple(fields),
            tuple(_parameter(each) for each in parameters),
            text(raw.get("operationId")),
            text(raw.get("summary")),
            tuple(
                text(tag) for tag in sequence(raw.get("tags"))[:MAX_EACH] if isinstance(tag, str)
            ),
            raw.get("deprecated") is True,
        )

    def _parameters(self, item: dict[Any, Any], raw: dict[Any, Any]) -> list[dict[Any, Any]]:
        """The operation's parameters over those of its path, by name and place."""
        found: dict[tuple[str, str], dict[Any, Any]] = {}
        both = chain(sequence(item.get("parameters")), sequence(raw.get("parameters")))
        for each in islice(both, MAX_EACH):
            parameter = self._references.resolved(each)
            if not isinstance(parameter.get("name"), str):
                continue
            if "schema" in parameter:
                schema = self._references.resolved(parameter["schema"])
                parameter = {**parameter, "schema": schema}
            found[parameter["name"], text(parameter.get("in"))] = parameter
        return list(found.values())

    def _security(self, raw: dict[Any, Any], parameters: list[dict[Any, Any]]) -> Iterator[str]:
        required = raw["security"] if "security" in raw else self._document.get("security")
        for alternative in sequence(required)[:MAX_EACH]:
            for name, _ in islice(items(alternative), MAX_EACH):
                scheme = self._references.resolved(self._schemes.get(name))
                yield scheme_name(scheme) or name[:64]
        for parameter in parameters:  # documents written by hand declare their header this way
            place, name = text(parameter.get("in")), text(parameter.get("name"))
            if place in ("header", "query", "cookie") and (
                name.lower() == "authorization" or is_credential(name, _schema(parameter))
            ):
                yield f"{place} {name}"

    def _fields(self, raw: dict[Any, Any], parameters: list[dict[Any, Any]]) -> Iterator[str]:
        steps = [min(MAX_STEPS_EACH, self._steps)]
        allowed = steps[0]
        for parameter in parameters:
            name, place = text(parameter.get("name")), parameter.get("in")
            if place == "formData" and is_credential(name, parameter):
                yield name
            elif place == "body":
                yield from self._credentials(parameter.get("schema"), steps, set())
        content = mapping(self._references.resolved(raw.get("requestBody")).get("content"))
        for _, media in islice(items(content), MAX_EACH):
            yield from self._credentials(mapping(media).get("schema"), steps, set())
        self._steps -= allowed - steps[0]
        if steps[0] <= 0:
            self._skipped.note("request body: too large to read whole")

    def _credentials(
        self, schema: Any, steps: list[int], seen: set[str], depth: int = 0
    ) -> Iterator[str]:
        """The credential properties of a schema and of what it is made of, each reference once."""
        if steps[0] <= 0 or depth > MAX_DEPTH:
            return
        steps[0] -= 1
        schema = self._references.resolved(schema, seen)
        for name, each in items(schema.get("properties")):
            if steps[0] <= 0:
                return
            steps[0] -= 1
            if is_credential(name, self._references.resolved(each)):
                yield name[:128]
            yield from self._credentials(each, steps, seen, depth + 1)
        for key in ("allOf", "oneOf", "anyOf"):
            for each in sequence(schema.get(key)):
                yield from self._credentials(each, steps, seen, depth + 1)
        if "items" in schema:
            yield from self._credentials(schema["items"], steps, seen, depth + 1)


def _parameter(raw: dict[Any, Any]) -> Parameter:
    place = text(raw.get("in"))
    # A parameter in the path is always required (OpenAPI 3.1, section 4.8.12.2).
    is_required = place == "path" or raw.get("required") is True
    return Parameter(text(raw.get("name")), place, is_required, example(raw, _schema(raw)))


def _schema(raw: dict[Any, Any]) -> dict[Any, Any]:
    return mapping(raw.get("schema")) or raw
