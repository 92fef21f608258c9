"""A writing operation may take rights along.

Objects of this kind have a property that gives rights or money, and the operation that writes
them forbids no property that it does not name. Where the handler copies what it is sent into the
object, `"admin": true` in the body makes an administrator.

Remedy:

    Take the properties that may be written from a list, forbid others
    (`additionalProperties: false`, `extra="forbid"`), and mark rights as `readOnly`.

Bad:

    from flask import Flask

    app = Flask(__name__)

    @app.get("/openapi.json")
    def openapi():
        text = {"type": "string"}
        new = {"type": "object", "properties": {"username": text, "email": text, "role": text}}
        user = {"type": "object", "properties": {"username": text, "email": text, "role": text}}
        def body(schema):
            return {"content": {"application/json": {"schema": schema}}}
        return {"openapi": "3.0.0", "paths": {"/users": {
            "get": {"responses": {"200": body({"type": "array", "items": user})}},
            "post": {"requestBody": body(new)}}}}

Good:

    from flask import Flask

    app = Flask(__name__)

    @app.get("/openapi.json")
    def openapi():
        text = {"type": "string"}
        new = {"type": "object", "additionalProperties": False,
               "properties": {"username": text, "email": text}}
        user = {"type": "object", "properties": {
            "username": text, "email": text, "role": {"type": "string", "readOnly": True}}}
        def body(schema):
            return {"content": {"application/json": {"schema": schema}}}
        return {"openapi": "3.0.0", "paths": {"/users": {
            "get": {"responses": {"200": body({"type": "array", "items": user})}},
            "post": {"requestBody": body(new)}}}}

Limits:

    Nothing is written: what the server does with such a property is not known, so the finding is
    tentative, and information only unless the writing schema names it or an answer shows it in an
    object with a secret: one that is sent whole may be taken whole. What a reading schema marks
    `readOnly` is no right that is written.
    Objects are of one kind if they share two properties, or where they are.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

from plainwire.model import ApiOperation, Confidence, Finding, Schema, Severity, Site, check
from plainwire.wire import denials, members, places

WRITING = ("POST", "PUT", "PATCH")
SHARED = 2  # properties that make two schemas of one kind


@check(
    severity=Severity.LOW,
    cwe=(915,),
    owasp=("API3:2023",),
    references=("OWASP API Security Top 10 2023, API3",),
    left_out=members.left_out,
)
async def mass_assignment_surface(site: Site) -> AsyncIterator[Finding]:
    """One finding for each writing operation, with the properties that give rights."""
    operations = await site.operations()
    writing = [each for each in operations if each.method in WRITING and each.body is not None]
    if writing:
        site.leave_answered()
    read = [_Kind.described(each) for each in operations if each.method == "GET"]
    kept = {name for each in operations for name in _read_only(each)}
    answers = await site.answers()
    seen = [
        _Kind(set(map(str, each)), {n for n in map(str, each) if members.is_privileged(n)})
        for _, answer in answers
        if denials.gives_data(answer)
        for each in list(members.objects(members.load(answer.body)))[:20]
    ]
    whole = {
        name
        for _, answer in answers
        if denials.gives_data(answer)
        for secret in members.secrets(members.load(answer.body))
        for name in map(str, secret.within)
    }
    for each in writing:
        if each.body is None or each.body.is_closed or places.gives_rights(each):
            continue
        properties = each.body.properties
        named = {
            name
            for name, part in properties.items()
            if members.is_privileged(name) and part.says("readOnly") != "true"
        }
        shown = _rights(set(properties), seen) - set(properties)
        told = _rights(set(properties), read) - set(properties)
        # A role that is named and taken on purpose is for administrators to give.
        found = ((named & _rights(set(properties), read)) | shown | told) - kept
        if not found:
            continue
        yield mass_assignment_surface.finding(
            f"{each.method} {each.path} forbids no further property, and objects of its kind "
            f"have {', '.join(sorted(found)[:5])}",
            operation=each.operation,
            confidence=Confidence.TENTATIVE,
            severity=None if (named | (shown & whole)) & found else Severity.INFO,
        )


class _Kind:
    """The properties of one kind of object, and those of them that give rights."""

    def __init__(self, names: set[str], rights: set[str]) -> None:
        self.names, self.rights = names, rights

    @classmethod
    def described(cls, operation: ApiOperation) -> _Kind:
        """What a reading operation answers with by its description."""
        schema = operation.responses.schema(200) if operation.responses else None
        parts = [] if schema is None else [(names[-1], part) for names, part in schema.walk()]
        return cls(
            {name for name, _ in parts},
            {name for name, part in parts if members.is_privileged(name) and _is_open(part)},
        )


def _read_only(operation: ApiOperation) -> Iterator[str]:
    """The names of properties that an operation's answer says are only read."""
    schema = operation.responses.schema(200) if operation.responses else None
    for names, part in schema.walk() if schema is not None else ():
        if not _is_open(part):
            yield names[-1]


def _is_open(part: Schema) -> bool:
    return part.says("readOnly") != "true"


def _rights(names: set[str], kinds: list[_Kind]) -> set[str]:
    """The rights of every kind that the names are of; a login shares no more than a password."""
    names = {name for name in names if not members.is_secret(name)}
    return {right for kind in kinds if len(kind.names & names) >= SHARED for right in kind.rights}
