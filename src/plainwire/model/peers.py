"""What was found of protocols over HTTP that have a description of their own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from plainwire.model.answer import Exchange


@dataclass(frozen=True, slots=True)
class GraphqlEndpoint:
    """A place that answers GraphQL; ``exchange`` is the answer to ``{__typename}``.

    ``by_get`` and ``by_form`` are the answers to the same query in a URL and in a form, where it
    was answered so. ``schema`` is what introspection told (``__schema``), from ``introspection``.
    """

    path: str
    exchange: Exchange
    by_get: Exchange | None = None
    by_form: Exchange | None = None
    introspection: Exchange | None = None
    schema: Mapping[str, Any] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class McpServer:
    """A place that answers MCP's ``initialize`` without a credential; ``tools`` as it lists them.

    ``listing`` is the answer to ``tools/list``; None where that was not answered.
    """

    path: str
    exchange: Exchange
    listing: Exchange | None = None
    tools: tuple[Mapping[str, Any], ...] = field(default=(), repr=False)
