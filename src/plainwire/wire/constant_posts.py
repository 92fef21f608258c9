"""The only requests beside GET, HEAD, OPTIONS and TRACE that leave: constant, and they only read.

GraphQL and MCP have no other way to say what they are. Whatever else has a method that may
change something is refused at the door, whoever asks.
"""

from __future__ import annotations

import json

from plainwire.model import Request

# Safe by RFC 9110, section 9.2.1.
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
JSON = ("Content-Type", "application/json")
FORM = ("Content-Type", "application/x-www-form-urlencoded")
MCP_ACCEPT = ("Accept", "application/json, text/event-stream")

TYPENAME = "{__typename}"
INTROSPECTION = (
    "{__schema{queryType{name}mutationType{name}types{kind name "
    "fields{name type{name kind ofType{name kind ofType{name kind ofType{name kind}}}} "
    "args{name type{name kind ofType{name kind}}}}}}}"
)
UNKNOWN = "{plainwire}"  # which no schema has: refused before anything is resolved
ALIASES = "{" + " ".join(f"a{number}:__typename" for number in range(10)) + "}"
# A type of a type, ten deep, of a schema that everybody has.
_DEEP = "name " + "ofType{name " * 7 + "}" * 7
DEPTH = "{__schema{types{fields{type{" + _DEEP + "}}}}}"
PROTOCOL_VERSION = "2025-06-18"  # MCP, lifecycle


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _rpc(method: str, number: int | None, params: object = None) -> bytes:
    call: dict[str, object] = {"jsonrpc": "2.0", "method": method}
    if number is not None:
        call["id"] = number
    if params is not None:
        call["params"] = params
    return _json(call)


GRAPHQL_TYPENAME = _json({"query": TYPENAME})
GRAPHQL_UNKNOWN = _json({"query": UNKNOWN})
GRAPHQL_FORM = b"query=%7B__typename%7D"
GRAPHQL_INTROSPECTION = _json({"query": INTROSPECTION})
GRAPHQL_BATCH = _json([{"query": TYPENAME}] * 2)
GRAPHQL_ALIASES = _json({"query": ALIASES})
GRAPHQL_DEPTH = _json({"query": DEPTH})
MCP_INITIALIZE = _rpc(
    "initialize",
    1,
    {
        "protocolVersion": PROTOCOL_VERSION,
        "capabilities": {},
        "clientInfo": {"name": "plainwire", "version": "1"},
    },
)
MCP_INITIALIZED = _rpc("notifications/initialized", None)
MCP_TOOLS_LIST = _rpc("tools/list", 2)

ALL = frozenset(
    {
        GRAPHQL_TYPENAME,
        GRAPHQL_UNKNOWN,
        GRAPHQL_FORM,
        GRAPHQL_INTROSPECTION,
        GRAPHQL_BATCH,
        GRAPHQL_ALIASES,
        GRAPHQL_DEPTH,
        MCP_INITIALIZE,
        MCP_INITIALIZED,
        MCP_TOOLS_LIST,
    }
)


def refused(request: Request, *, may_post: bool) -> str | None:
    """Why a request must not leave; None if it may."""
    if request.method in SAFE_METHODS and not request.body:
        return None
    if request.method == "POST" and request.body in ALL:
        return None if may_post else "not asked: POST is switched off"
    return "not asked: it may change something"
