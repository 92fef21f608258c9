"""The operations of an API from its document (OpenAPI 3.0 to 3.2, Swagger 2.0).

A document is a peer's word: whatever has the wrong type is passed over and noted, and every walk
is bounded in depth and in steps.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain, islice
from typing import Any

from plainwire.model import ApiOperation, Parameter, Schema
from plainwire.wire.openapi import schemas
from plainwire.wire.openapi.api import Api
from plainwire.wire.openapi.loose import example, items, mapping, sequence, text
from plainwire.wire.openapi.references import Found, References
from plainwire.wire.openapi.schemas import DocumentResponses, DocumentSchema
from plainwire.wire.openapi.security import Schemes
from plainwire.wire.openapi.servers import Servers
from plainwire.wire.openapi.skipped import Skipped

MAX_OPERATIONS = 10_000
MAX_EACH = 100  # parameters, tags of one operation

METHODS = ("get", "head", "options", "post", "put", "patch", "delete", "trace", "query")


def read(
    document: Mapping[str, Any],
    *,
    skipped: list[str],
    files: Mapping[str, Mapping[str, Any]] | None = None,
    url: str = "",
) -> Api:
    """The API that a parsed document describes; what could not be read is noted in ``skipped``.

    Paths keep the path of the first server (its scheme and host are the document's claim and go
    to ``servers``). ``files`` are the parsed companions that references lead to, by URL, and
    ``url`` is the document's own. Never raises for anything in the document.
    """
    return _Reader(document, Skipped(skipped), files, url).api()


class _Reader:
    def __init__(
        self,
        document: Mapping[str, Any],
        skipped: Skipped,
        files: Mapping[str, Mapping[str, Any]] | None,
        url: str,
    ) -> None:
        self._document = document
        self._skipped = skipped
        self._references = References(document, skipped, files, url)
        self._servers = Servers(skipped)
        self._is_swagger = "swagger" in document and "openapi" not in document
        self._known: dict[int, Parameter] = {}
        self._schemes = Schemes(document, self._references, is_swagger=self._is_swagger)

    def api(self) -> Api:
        info = mapping(self._document.get("info"))
        if self._is_swagger:
            base = self._servers.swagger_base(self._document)
        else:
            base = self._servers.base(self._document, "")
        operations = tuple(islice(self._operations(base), MAX_OPERATIONS + 1))
        if len(operations) > MAX_OPERATIONS:
            self._skipped.note(f"more than {MAX_OPERATIONS} operations")
        title, version = text(info.get("title")), text(info.get("version"))
        return Api(title, version, tuple(self._servers.origins), operations[:MAX_OPERATIONS])

    def _operations(self, base: str) -> Iterator[ApiOperation]:
        for path, raw in items(self._document.get("paths")):
            if path.startswith("x-"):
                continue
            item = self._references.follow(raw)
            if not path.startswith("/") or not item.value:
                self._skipped.note(f"{path}: not a path item")
                continue
            own = self._servers.base(item.value, base)
            for method, operation, pointer in _methods(item.value):
                if isinstance(operation, dict):
                    yield self._operation(method, path, item, operation, own, pointer)
                else:
                    self._skipped.note(f"{method} {path}: not an operation")

    def _operation(
        self,
        method: str,
        path: str,
        item: Found,
        raw: dict[Any, Any],
        base: str,
        pointer: tuple[str, ...],
    ) -> ApiOperation:
        # A path item in another file has its operations there: their lines are not in this one.
        is_here = item.file == self._references.url
        found = self._parameters(item, raw)
        parameters = tuple(map(self._parameter, found))
        return ApiOperation(
            method,
            self._servers.base(raw, base) + path,
            self._schemes.of(raw, parameters),
            parameters,
            text(raw.get("operationId")),
            text(raw.get("summary")),
            text(raw.get("description")),
            tuple(
                text(tag) for tag in sequence(raw.get("tags"))[:MAX_EACH] if isinstance(tag, str)
            ),
            raw.get("deprecated") is True,
            self._body(raw, found, item.file),
            DocumentResponses(raw.get("responses"), self._references, item.file),
            pointer=("paths", path, *pointer) if is_here else ("paths", path),
        )

    def _parameters(self, item: Found, raw: dict[Any, Any]) -> tuple[Found, ...]:
        """The operation's parameters over those of its path, by name and place."""
        found: dict[tuple[str, str], Found] = {}
        both = chain(sequence(item.value.get("parameters")), sequence(raw.get("parameters")))
        for each in islice(both, MAX_EACH):
            parameter = self._references.follow(each, item.file)
            name, place = parameter.value.get("name"), text(parameter.value.get("in"))
            if isinstance(name, str):
                found[name, place] = parameter
        return tuple(found.values())

    def _parameter(self, found: Found) -> Parameter:
        """The parameter; one that many operations refer to is read once."""
        key = id(found.value)  # of a mapping that the document keeps
        if key not in self._known:
            self._known[key] = self._read_parameter(found)
        return self._known[key]

    def _read_parameter(self, found: Found) -> Parameter:
        raw, place = found.value, text(found.value.get("in"))
        schema: Schema | None = schemas.body(raw, self._references, found.file)
        if schema is None:  # Swagger 2.0 has the schema's words beside the name
            schema = DocumentSchema(raw, self._references, found.file)
        # A parameter in the path is always required (OpenAPI 3.1, section 4.8.12.2).
        is_required = place == "path" or raw.get("required") is True
        return Parameter(
            text(raw.get("name")), place, is_required, example(raw) or schema.example, schema
        )

    def _body(self, raw: dict[Any, Any], parameters: tuple[Found, ...], file: str) -> Schema | None:
        """The schema of the request body; Swagger 2.0 has it among the parameters."""
        if isinstance(raw.get("requestBody"), dict):
            holder = self._references.follow(raw["requestBody"], file)
            return schemas.body(holder.value, self._references, holder.file)
        fields = {}
        for each in parameters:
            match each.value.get("in"):
                case "body":
                    return schemas.body(each.value, self._references, each.file)
                case "formData":
                    fields[each.value["name"]] = each.value
        if not fields:
            return None
        return DocumentSchema({"type": "object", "properties": fields}, self._references, file)


def _methods(item: dict[Any, Any]) -> Iterator[tuple[str, Any, tuple[str, ...]]]:
    """Method, operation and the way to it from the path item; 3.2 adds methods of any name."""
    for method in METHODS:
        if method in item:
            yield method.upper(), item[method], (method,)
    for name, raw in items(item.get("additionalOperations")):
        yield text(name)[:32].upper(), raw, ("additionalOperations", name)
