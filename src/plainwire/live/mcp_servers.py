"""Where MCP is spoken without a credential, and the tools listed there. No tool is ever called."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from plainwire.model import Exchange, McpServer, Origin, Request
from plainwire.wire import constant_posts as posts

if TYPE_CHECKING:
    from plainwire.live.site import LiveSite

USUAL = ("/mcp",)
MAX_PLACES = 4
MAX_TOOLS = 500


async def servers(site: LiveSite) -> tuple[McpServer, ...]:
    """The places that answer ``initialize`` to somebody without a credential."""
    if not site.settings.may_post:
        return ()
    origin = await site.speaking()
    known = [each.path for each in await site.operations()]
    named = [path for path in known if path.rstrip("/").rpartition("/")[2].lower() == "mcp"]
    places = list(dict.fromkeys((*named, *USUAL)))[:MAX_PLACES]
    found = await asyncio.gather(*(_server(site, origin, place) for place in places))
    return tuple(each for each in found if each is not None)


async def _server(site: LiveSite, origin: Origin, path: str) -> McpServer | None:
    # An event stream would not end: one that has nothing else refuses, and that tells enough.
    there = await site.ask(Request(origin, "GET", path, (("Accept", "application/json"),)))
    if not isinstance(there, Exchange) or there.status in (401, 403, 404):
        return None
    if await site.is_missing(there) is not False:
        return None
    first = await _call(site, origin, path, posts.MCP_INITIALIZE)
    told = _result(first).get("serverInfo") if first is not None else None
    if first is None or not isinstance(told, dict):
        return None
    session = first.header("mcp-session-id")
    headers = (("Mcp-Session-Id", session),) if session and session.isascii() else ()
    await _call(site, origin, path, posts.MCP_INITIALIZED, headers)
    listing = await _call(site, origin, path, posts.MCP_TOOLS_LIST, headers)
    tools = _result(listing).get("tools") if listing is not None else None
    if not isinstance(tools, list):
        return McpServer(path, first)
    whole = tuple(tool for tool in tools[:MAX_TOOLS] if isinstance(tool, dict))
    return McpServer(path, first, listing, whole)


async def _call(
    site: LiveSite,
    origin: Origin,
    path: str,
    body: bytes,
    headers: tuple[tuple[str, str], ...] = (),
) -> Exchange | None:
    version = ("MCP-Protocol-Version", posts.PROTOCOL_VERSION)
    lines = (posts.JSON, posts.MCP_ACCEPT, *headers, *((version,) if headers else ()))
    request = Request(origin, "POST", path, lines, identity=None, body=body)
    answer = await site.ask(request)
    return answer if isinstance(answer, Exchange) else None


def _result(answer: Exchange) -> Mapping[str, Any]:
    """The result of a JSON-RPC answer, also as an event stream; empty if there is none."""
    for text in _messages(answer.text):
        try:
            message = json.loads(text)
        except (ValueError, RecursionError):
            continue
        result = message.get("result") if isinstance(message, dict) else None
        if isinstance(result, dict):
            return result
    return {}


def _messages(text: str) -> Iterator[str]:
    yield text
    for line in text.splitlines()[:1000]:
        if line.startswith("data:"):
            yield line[5:]
