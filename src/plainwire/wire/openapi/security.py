"""What the caller of an operation must show: its own security, else the document's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

from plainwire.model import Parameter, Schema, Security
from plainwire.wire.openapi.credentials import is_credential, scheme_name
from plainwire.wire.openapi.loose import items, mapping
from plainwire.wire.openapi.references import References

MAX_EACH = 100


class Schemes:
    """The security schemes of a document, in words."""

    def __init__(
        self, document: Mapping[str, Any], references: References, *, is_swagger: bool
    ) -> None:
        holder = document if is_swagger else mapping(document.get("components"))
        key = "securityDefinitions" if is_swagger else "securitySchemes"
        self._schemes = mapping(holder.get(key))
        self._default = document.get("security")
        self._references = references
        self._words: dict[str, str] = {}

    def of(self, raw: Mapping[Any, Any], parameters: Sequence[Parameter]) -> Security:
        """The security that holds for an operation (OpenAPI 3.1, section 4.8.10)."""
        declared = raw.get("security", self._default)
        if isinstance(declared, list) and declared:
            alternatives = [self._together(each) for each in declared[:MAX_EACH]]
            return Security(tuple(dict.fromkeys(alternatives)), is_declared=True)
        # Documents written by hand declare their header as a parameter.
        told = [p for p in parameters if is_credential_parameter(p)]
        alternatives = [(f"{p.place} {p.name}",) for p in told]
        if told and not any(p.is_required for p in told):
            alternatives.append(())
        return Security(tuple(alternatives), is_declared=isinstance(declared, list) and not told)

    def _together(self, alternative: Any) -> tuple[str, ...]:
        return tuple(self._word(name) for name, _ in islice(items(alternative), MAX_EACH))

    def _word(self, name: str) -> str:
        if name not in self._words:
            scheme = self._references.resolved(self._schemes.get(name))
            self._words[name] = scheme_name(scheme) or name[:64]
        return self._words[name]


def is_credential_parameter(parameter: Parameter) -> bool:
    """True for a header, query or cookie parameter that carries a credential."""
    return parameter.place in ("header", "query", "cookie") and (
        parameter.name.lower() == "authorization"
        or is_credential(parameter.name, _facts(parameter.schema))
    )


def _facts(schema: Schema | None) -> dict[str, str]:
    if schema is None:
        return {}
    return {"format": schema.format, "type": next(iter(schema.types), "")}
