"""What a document says of its API, in values."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote

from plainwire.wire.openapi.verbs import state_change

_TEMPLATE = re.compile(r"\{([^{}/]*)\}")


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
