"""Where GraphQL is, and what its introspection tells.

A query in a URL is asked first; a POST only where that got an answer other than a random path's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from plainwire.model import Exchange, GraphqlEndpoint, Origin, Request
from plainwire.wire import constant_posts as posts
from plainwire.wire import json_body

if TYPE_CHECKING:
    from plainwire.live.site import LiveSite

USUAL = ("/graphql", "/api/graphql", "/v1/graphql")
NAMES = frozenset({"graphql", "gql", "graphiql"})
MAX_PLACES = 6
MAX_SCHEMA = 4 << 20
# What a server that reads GraphQL from bodies only says to a GET.
UNREADY = frozenset({200, 400, 405, 406, 415, 422, 500, 501})


async def endpoints(site: LiveSite) -> tuple[GraphqlEndpoint, ...]:
    """The places that answer ``{__typename}``."""
    origin = await site.speaking()
    page = await site.ask(Request(origin, "GET", site.target.path))
    own = (page.request.path,) if isinstance(page, Exchange) and speaks(page) else ()
    known = [each.path for each in await site.operations()]
    named = [path for path in known if path.rstrip("/").rpartition("/")[2].lower() in NAMES]
    places = list(dict.fromkeys((*own, *named, *USUAL)))[:MAX_PLACES]
    found = await asyncio.gather(
        *(_endpoint(site, origin, place, is_first=place == places[0]) for place in places)
    )
    return tuple(each for each in found if each is not None)


async def _endpoint(
    site: LiveSite, origin: Origin, path: str, *, is_first: bool
) -> GraphqlEndpoint | None:
    by_get = await site.ask(_in_url(origin, path, posts.TYPENAME))
    if not isinstance(by_get, Exchange) or by_get.status not in UNREADY:
        return None
    if not is_answered(by_get):
        # A server of nothing but GraphQL answers at every path: it is asked at one.
        is_everywhere = await site.is_missing(by_get) is not False
        if not site.settings.may_post or (is_everywhere and not (is_first and speaks(by_get))):
            return None
        return await _by_post(site, origin, path)
    if site.settings.may_post and (found := await _by_post(site, origin, path, by_get)) is not None:
        return found
    found = GraphqlEndpoint(path, by_get, by_get=by_get)
    told = await site.ask(
        replace(_in_url(origin, path, posts.INTROSPECTION), body_limit=MAX_SCHEMA)
    )
    if not isinstance(told, Exchange) or schema_of(told) is None:
        return found
    return replace(found, introspection=told, schema=schema_of(told))


async def _by_post(
    site: LiveSite, origin: Origin, path: str, by_get: Exchange | None = None
) -> GraphqlEndpoint | None:
    """The endpoint by POST. Returns None if it does not answer."""
    asked = Request(origin, "POST", path, (posts.JSON,), body=posts.GRAPHQL_TYPENAME)
    answer = await site.ask(asked)
    if not isinstance(answer, Exchange) or not is_answered(answer):
        return None
    form = replace(asked, headers=(posts.FORM,), body=posts.GRAPHQL_FORM)
    whole = replace(asked, body=posts.GRAPHQL_INTROSPECTION, body_limit=MAX_SCHEMA)
    by_form, told = await asyncio.gather(site.ask(form), site.ask(whole))
    schema = schema_of(told) if isinstance(told, Exchange) else None
    return GraphqlEndpoint(
        path,
        answer,
        by_get=by_get,
        by_form=by_form if isinstance(by_form, Exchange) and is_answered(by_form) else None,
        introspection=told if isinstance(told, Exchange) and schema is not None else None,
        schema=schema,
    )


def _in_url(origin: Origin, path: str, query: str) -> Request:
    return Request(origin, "GET", f"{path}?query={quote(query, safe='')}")


def is_answered(answer: Exchange) -> bool:
    """True if an answer holds the name of a type: the query was read and answered."""
    return isinstance(_data(answer).get("__typename"), str)


def speaks(answer: Exchange) -> bool:
    """True for a refusal in the form of GraphQL's answers (section 7.1 of its specification)."""
    document = _document(answer)
    errors = document.get("errors")
    return (
        answer.status in UNREADY
        and not document.keys() - {"errors", "data", "extensions"}
        and isinstance(errors, list)
        and bool(errors)
        and all(isinstance(e, dict) and isinstance(e.get("message"), str) for e in errors)
    )


def schema_of(answer: Exchange) -> Mapping[str, Any] | None:
    """The ``__schema`` in an answer. Returns None if there is none."""
    schema = _data(answer).get("__schema")
    return schema if isinstance(schema, dict) and isinstance(schema.get("types"), list) else None


def _data(answer: Exchange) -> dict[str, Any]:
    data = _document(answer).get("data")
    return data if isinstance(data, dict) else {}


def _document(answer: Exchange) -> dict[str, Any]:
    document = json_body.parsed(answer.body)
    return document if isinstance(document, dict) else {}
