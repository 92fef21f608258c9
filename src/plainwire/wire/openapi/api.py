"""What a document says of its API, and what can be told from an operation's words."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

from plainwire.model import ApiOperation
from plainwire.wire.openapi.credentials import is_credential
from plainwire.wire.openapi.security import is_credential_parameter
from plainwire.wire.openapi.verbs import state_change

MAX_FIELDS = 200  # of one body, breadth first: a login has its password near the top


@dataclass(frozen=True, slots=True)
class Api:
    """What a document says of its API. ``servers`` are origins such as ``http://host:8091``."""

    title: str
    version: str
    servers: tuple[str, ...]
    operations: tuple[ApiOperation, ...]


def changes_state(operation: ApiOperation) -> str | None:
    """Why an operation may change state, by its method or a verb in its names; None if not.

    Of the description the first sentence counts: frameworks put the handler's docstring there.
    """
    first = operation.description.strip().partition("\n")[0].partition(". ")[0]
    return state_change(
        operation.method,
        operation.path,
        names=(operation.operation_id, operation.summary, first),
        tags=operation.tags,
    )


def credential_fields(operation: ApiOperation) -> tuple[str, ...]:
    """The properties of the request body that hold a credential, each once, the nearest first."""
    if operation.body is None:
        return ()
    return tuple(
        dict.fromkeys(
            names[-1]
            for names, schema in islice(operation.body.walk(), MAX_FIELDS)
            if is_credential(names[-1], _facts(schema.format, schema.types))
        )
    )


def credentials(operation: ApiOperation) -> tuple[str, ...]:
    """Everything in words that an operation takes of credentials, each once."""
    told = [f"{p.place} {p.name}" for p in operation.parameters if is_credential_parameter(p)]
    fields = [f"{name} in the body" for name in credential_fields(operation)]
    return tuple(dict.fromkeys((*operation.security.schemes, *told, *fields)))


def _facts(form: str, types: frozenset[str]) -> dict[str, str]:
    return {"format": form, "type": next(iter(types), "")}
