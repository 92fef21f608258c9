"""Logs identities in as the user wrote it down: one request each, and where the token is then."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

from plainwire.live.credentials import GIVEN, LOGIN, Credentials
from plainwire.model import (
    Answer,
    Exchange,
    Headers,
    Identity,
    NoListener,
    Operation,
    Request,
    WireError,
)
from plainwire.policy.default_logins import PAIRS
from plainwire.wire import cookies, members

if TYPE_CHECKING:
    from plainwire.live.site import LiveSite

MAX_TOKEN = 16 * 1024
# The field of a login that says who logs in.
USERS = (
    ("username",), ("user", "name"), ("user",), ("email",), ("login",), ("name",), ("identifier",),
    ("account",), ("phone",), ("mail",), ("e", "mail"), ("user", "id"), ("email", "address"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Recipe:
    """How an identity logs in. ``token`` leads to the credential in the answer: names in its JSON
    ("data.access_token"), "header NAME" or "cookie NAME"; ``shown`` is how it is shown from then
    on: "bearer", "header NAME" or "cookie NAME". ``secrets`` are what the request holds of them.
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
            origin, recipe.method, recipe.path, recipe.headers, LOGIN, body=recipe.body
        )
        answer = await site.transport.log_in(request)
        if isinstance(answer, Exchange):
            found = _value(answer, recipe.token)
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


async def fail(site: LiveSite, recipe: Recipe, *, as_nobody: bool, number: int) -> Answer | None:
    """The answer to a login that must fail: with a wrong password, as the recipe's own user or as
    one that nobody is. Another ``number`` sends it again, while nothing else is under way.

    Returns None if the recipe's body does not show which of its fields are user and password.
    """
    fields = _fields(recipe)
    if not fields.passwords or (as_nobody and len(fields.users) != 1):
        return None
    changed = (*fields.passwords, *(fields.users if as_nobody else ()))
    told = {name: _made_of(site, str(fields.told[name])) for name in changed}
    return await _try(site, recipe, told, number)


async def by_default(site: LiveSite, recipe: Recipe) -> tuple[Exchange, ...] | str:
    """The answers to logins with well-known users and passwords that got in, twice each, or why
    that is not known. What they gave is taken out of them.

    Nothing got in where a user that nobody is gets the same.
    """
    fields = _fields(recipe)
    if len(fields.passwords) != 1 or len(fields.users) != 1:
        return "the login does not show which parts are user and password"
    (user,), (password,) = fields.users, fields.passwords
    _, at, domain = str(fields.told[user]).partition("@")
    control = await fail(site, recipe, as_nobody=True, number=len(PAIRS))
    if not isinstance(control, Exchange) or _got_in(control, recipe):
        return "a user that nobody is gets in, or no answer"
    found = []
    for name, word in PAIRS:
        answers = []
        for number in range(2):
            told = {user: f"{name}{at}{domain}", password: word}
            answer = await _try(site, recipe, told, number)
            if not isinstance(answer, Exchange):
                return answer.reason
            if answer.status in (423, 429):
                return f"answered {answer.status}"
            if not _got_in(answer, recipe):
                break
            answers.append(answer)
        if len(answers) == 2:
            found.append(_without_token(answers[0], recipe))
    return tuple(found)


def _got_in(answer: Exchange, recipe: Recipe) -> bool:
    return answer.status < 300 and _value(answer, recipe.token) is not None


def _without_token(answer: Exchange, recipe: Recipe) -> Exchange:
    """The answer without the credential that it gave, and without its cookies."""
    token = (_value(answer, recipe.token) or "").encode()
    kept = tuple(h for h in answer.headers if h[0].lower() != "set-cookie")
    kept = tuple((n, v.replace(token.decode(), "given-credential")) for n, v in kept)
    body = answer.body.replace(token, b"given-credential")
    return replace(answer, headers=kept, body=body)


@dataclass(frozen=True, slots=True)
class _Fields:
    """What a login says, and which of it are user and password."""

    told: dict[str, Any]
    users: tuple[str, ...]
    passwords: tuple[str, ...]


def _fields(recipe: Recipe) -> _Fields:
    is_json = recipe.body.startswith(b"{")
    told = json.loads(recipe.body) if is_json else dict(parse_qsl(recipe.body.decode()))
    kept = set(recipe.secrets)
    passwords = tuple(name for name, value in told.items() if str(value) in kept)
    users = tuple(n for n in told if members.words(n) in USERS and n not in passwords)
    return _Fields(told, users, passwords)


async def _try(site: LiveSite, recipe: Recipe, changed: Mapping[str, str], number: int) -> Answer:
    """The answer to a login with other values, while nothing else is under way."""
    told = {**_fields(recipe).told, **changed}
    is_json = recipe.body.startswith(b"{")
    body = json.dumps(told).encode() if is_json else urlencode(told).encode()
    target = site.target
    origin = target.http[0] if target.named == "http" else target.https[0]
    request = Request(
        origin, recipe.method, recipe.path, recipe.headers, LOGIN, number + 1, body=body
    )
    return await site.transport.log_in(request)


def _made_of(site: LiveSite, word: str) -> str:
    """Letters and digits as long as a word, the same for the whole scan; an address stays one."""
    digest = hashlib.sha256(f"{site.random_path}{word}".encode()).hexdigest()
    made = f"x{digest}"[: max(8, min(len(word), 60))]
    return f"{made}@{made}.example" if "@" in word else made


def _value(answer: Exchange, place: str) -> str | None:
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
