"""Tools for language models may be used by anybody.

An MCP server answers without a credential. Its tools act with the server's rights: whoever finds
it runs them without a model and without the person who should have been asked.

Remedy:

    Ask for an OAuth token as the MCP specification says (Authorization), or serve tools over
    stdio on the machine of the person who uses them.

Bad:

    from flask import Flask, request

    app = Flask(__name__)
    TOOLS = [{"name": "run_sql", "description": "Runs a statement", "inputSchema": {}}]

    @app.post("/mcp")
    def mcp():
        call = request.get_json()
        if call["method"] == "initialize":
            result = {"protocolVersion": "2025-06-18", "serverInfo": {"name": "db", "version": "1"}}
        else:
            result = {"tools": TOOLS}
        return {"jsonrpc": "2.0", "id": call.get("id"), "result": result}

    @app.get("/")
    def index():
        return {"status": "ok"}

Good:

    from flask import Flask

    app = Flask(__name__)

    @app.post("/mcp")
    def mcp():
        return {"error": "a token is needed"}, 401, {"WWW-Authenticate": "Bearer"}

    @app.get("/")
    def index():
        return {"status": "ok"}

Limits:

    Shakes hands and lists the tools, by constant messages; no tool is ever called. What a tool
    can do is judged by its name.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

from plainwire.model import Finding, Operation, Severity, Site, check
from plainwire.wire import json_body

ALONE = frozenset({"exec", "execute", "shell", "bash", "terminal", "powershell", "eval", "sql"})
PAIRS = (
    ({"run", "call"}, {"command", "code", "script", "query", "python"}),
    ({"read", "write", "delete", "edit", "move", "upload"}, {"file", "files", "directory"}),
)


@check(
    severity=Severity.HIGH,
    cwe=(306,),
    owasp=("API5:2023",),
    references=("Model Context Protocol 2025-06-18, Authorization", "CWE-306"),
)
async def mcp_open(site: Site) -> AsyncIterator[Finding]:
    """One finding for each server that shakes hands with nobody in particular."""
    servers = await site.mcp()
    if not servers:
        site.leave_inapplicable("no MCP server was found")
    for server in servers:
        names = [str(tool.get("name", ""))[:64] for tool in server.tools]
        worst = [name for tool, name in zip(server.tools, names, strict=True) if _acts(tool)]
        shown = ", ".join((worst or names)[:5]) or "none listed"
        yield mcp_open.finding(
            f"{server.path} speaks MCP without a credential, with {len(names)} tools: {shown}",
            *(each for each in (server.exchange, server.listing) if each is not None),
            operation=Operation("POST", server.path),
            severity=Severity.CRITICAL if worst else None,
        )


def _acts(tool: Mapping[str, Any]) -> bool:
    """True if a tool's name says that it runs code, statements or works on files."""
    words = set(json_body.words(str(tool.get("name", ""))))
    return bool(words & ALONE) or any(words & one and words & other for one, other in PAIRS)
