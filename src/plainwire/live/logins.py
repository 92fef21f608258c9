"""Logs identities in as the user wrote it down: one request each, and where the token is then."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from plainwire.live.credentials import GIVEN, LOGIN, Credentials
from plainwire.model import (
    Exchange,
    Headers,
    Identity,
    NoListener,
    Operation,
    Request,
    WireError,
)
from plainwire.wire import cookies

if TYPE_CHECKING:
    from plainwire.live.site import LiveSite

MAX_TOKEN = 16 * 1024


@dataclass(frozen=True, slots=True)
class Recipe:
    """How an identity logs in. ``token`` leads to the credential in the answer: names in its JSON
    ("data.access_token"), "header NAME" or "cookie NAME"; ``shown`` is how it is shown from then
    on: "bearer", "header NAME" or "cookie NAME". ``query`` goes behind the path, and is not told;
    ``secrets`` are what the request holds of them.
    """

    name: str
    path: str
    token: str
    method: str = "POST"
    headers: Headers = field(default=(), repr=False)
    body: bytes = field(default=b"", repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)
    shown: str = "bearer"
    about: Identity | None = None
    query: str = field(default="", repr=False)

    @property
    def target(self) -> str:
        """The path with all of its query."""
        mark = "&" if "?" in self.path else "?"
        return f"{self.path}{mark}{self.query}" if self.query else self.path

    def __str__(self) -> str:
        return f"{self.method} {self.path} to log in as {self.name}"


async def log_in(site: LiveSite, recipes: Mapping[str, Recipe]) -> tuple[str, ...]:
    """Log in by each recipe, one after the other, and say in words how each ended.

    ``recipes`` are by the names that requests have for identities. Where the given identity's
    login fails the scan goes on as nobody, and what is asked as that one by name stays open.
    """
    told = []
    for name, recipe in recipes.items():
        found = await _credentials(site, recipe)
        if isinstance(found, Credentials):
            site.identities_known.add(name, found)
            site.transport.mask(found.secrets)
            told.append(f"sent {recipe}: done")
        else:
            reason = f"the login as {recipe.name} failed: {found}"
            who = recipe.name if name == GIVEN else name
            site.identities_known.leave_out(who, reason, is_given=name == GIVEN)
            told.append(f"sent {recipe}: {found}")
    return tuple(told)


async def _credentials(site: LiveSite, recipe: Recipe) -> Credentials | str:
    """What the login gave, or why it gave nothing."""
    target = site.target
    origins = [*([] if target.named == "http" else target.https[:1]), target.http[0]]
    reason = "nothing answered"
    for origin in origins:
        request = Request(
            origin, recipe.method, recipe.target, recipe.headers, LOGIN, body=recipe.body
        )
        answer = await site.transport.log_in(request)
        if isinstance(answer, Exchange):
            found = given(answer, recipe.token)
            if answer.status >= 300 and not found:
                return f"answered {answer.status}"
            if not found:
                return f"the answer ({answer.status}) has no {recipe.token}"
            about = replace(
                recipe.about or Identity(recipe.name),
                login=Operation(recipe.method, recipe.path.partition("?")[0]),
            )
            return Credentials(_lines(recipe.shown, found), target.https[0], about=about)
        reason = answer.reason
        if not isinstance(answer, NoListener):
            break
    return reason


def given(answer: Exchange, place: str) -> str | None:
    """What stands in an answer at a place. Returns None if there is nothing that can be shown."""
    kind, space, name = place.partition(" ")
    found: Any = None
    if space and kind == "header":
        found = answer.header(name)
    elif space and kind == "cookie":
        found = _cookie(answer, name)
    else:
        found = _in_json(answer.body, place)
    if isinstance(found, int) and not isinstance(found, bool):
        found = str(found)
    if not isinstance(found, str) or not 0 < len(found) <= MAX_TOKEN:
        return None
    return found if found.isascii() and found.isprintable() else None


def _cookie(answer: Exchange, name: str) -> str | None:
    for value in answer.all("set-cookie"):
        with contextlib.suppress(WireError):
            cookie = cookies.parse(value)
            if cookie.name == name:
                return cookie.value
    return None


def _in_json(body: bytes, place: str) -> Any:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return None
    for name in place.split("."):
        if isinstance(value, list) and name.isdigit() and int(name) < len(value):
            value = value[int(name)]
        elif isinstance(value, dict):
            value = value.get(name)
        else:
            return None
    return value


def _lines(shown: str, token: str) -> Headers:
    kind, _, name = shown.partition(" ")
    match kind:
        case "header":
            return ((name, token),)
        case "cookie":
            return (("Cookie", f"{name}={token}"),)
        case _:
            return (("Authorization", f"Bearer {token}"),)
