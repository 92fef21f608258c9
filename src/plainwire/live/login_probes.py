"""Logins that the user opted in to: with wrong passwords, and with well-known ones."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from plainwire.live import logins
from plainwire.live.credentials import LOGIN
from plainwire.live.logins import Recipe
from plainwire.live.once import Once
from plainwire.model import Answer, Exchange, Request
from plainwire.policy.default_logins import PAIRS
from plainwire.wire import members
from plainwire.wire.logins import fields, with_fields

if TYPE_CHECKING:
    from plainwire.live.site import LiveSite

LOGIN_PROBES = "login-probes"
DEFAULT_CREDENTIALS = "default-credentials"
STOPPED = (423, 429)  # locked, too many
# The field of a login that says who logs in.
USERS = (
    ("username",), ("user", "name"), ("user",), ("email",), ("login",), ("name",), ("identifier",),
    ("account",), ("phone",), ("mail",), ("e", "mail"), ("user", "id"), ("email", "address"),
)  # fmt: skip


async def failed(
    site: LiveSite, once: Once, times: int, *, as_nobody: bool
) -> tuple[Exchange, ...]:
    """The answers to logins with a wrong password, by the first recipe; each is sent once."""
    recipe = _recipe(site, LOGIN_PROBES)
    if recipe is None:
        return ()
    found: list[Exchange] = []
    for number in range(times):
        work = partial(_fail, site, recipe, as_nobody=as_nobody, number=number)
        answer: Answer | None = await once.ask(("failed login", as_nobody, number), work)
        if answer is None:
            site.leave_untested("the login does not show which part is the user's name")
            return ()
        site.notes.take(answer)
        if not isinstance(answer, Exchange):
            return ()
        found.append(answer)
        if answer.status in STOPPED:
            break
    return tuple(found)


async def by_default(site: LiveSite) -> tuple[Exchange, ...]:
    """The answers to logins with well-known users and passwords that got in, twice each. What they
    gave is taken out of them."""
    recipe = _recipe(site, DEFAULT_CREDENTIALS)
    if recipe is None:
        return ()
    found = await _by_default(site, recipe)
    if isinstance(found, str):
        site.leave_open(f"{recipe.method} {recipe.path} with default credentials", found)
        return ()
    site.leave_answered()
    return found


def _recipe(site: LiveSite, opt_in: str) -> Recipe | None:
    """The first recipe. Returns None without one, or where it was not opted in."""
    recipe = next(iter(site.recipes.values()), None)
    if opt_in in site.settings.allow and recipe is not None:
        return recipe
    site.leave_untested(f"needs --allow {opt_in} and a login in the configuration")
    return None


async def _fail(site: LiveSite, recipe: Recipe, *, as_nobody: bool, number: int) -> Answer | None:
    """The answer to a login that must fail: with a wrong password, as the recipe's own user or as
    one that nobody is. Another ``number`` sends it again, while nothing else is under way.

    Returns None if the recipe's body does not show which of its fields are user and password.
    """
    parts = _fields(recipe)
    if not parts.passwords or (as_nobody and len(parts.users) != 1):
        return None
    changed = (*parts.passwords, *(parts.users if as_nobody else ()))
    told = {name: _made_of(site, str(parts.told[name])) for name in changed}
    return await _try(site, recipe, told, number)


async def _by_default(site: LiveSite, recipe: Recipe) -> tuple[Exchange, ...] | str:
    """The answers to the logins that got in, or why that is not known.

    Nothing got in where a user that nobody is gets the same.
    """
    parts = _fields(recipe)
    if len(parts.passwords) != 1 or len(parts.users) != 1:
        return "the login does not show which parts are user and password"
    (user,), (password,) = parts.users, parts.passwords
    _, at, domain = str(parts.told[user]).partition("@")
    control = await _fail(site, recipe, as_nobody=True, number=len(PAIRS))
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
            if answer.status in STOPPED:
                return f"answered {answer.status}"
            if not _got_in(answer, recipe):
                break
            answers.append(answer)
        if len(answers) == 2:
            found.append(_without_token(answers[0], recipe))
    return tuple(found)


def _got_in(answer: Exchange, recipe: Recipe) -> bool:
    return answer.status < 300 and logins.given(answer, recipe.token) is not None


def _without_token(answer: Exchange, recipe: Recipe) -> Exchange:
    """The answer without the credential that it gave, and without its cookies."""
    token = (logins.given(answer, recipe.token) or "").encode()
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
    told = fields(recipe.body)
    kept = set(recipe.secrets)
    passwords = tuple(name for name, value in told.items() if str(value) in kept)
    users = tuple(n for n in told if members.words(n) in USERS and n not in passwords)
    return _Fields(told, users, passwords)


async def _try(site: LiveSite, recipe: Recipe, changed: Mapping[str, str], number: int) -> Answer:
    """The answer to a login with other values, while nothing else is under way."""
    body = with_fields(recipe.body, changed)
    target = site.target
    origin = target.http[0] if target.named == "http" else target.https[0]
    request = Request(
        origin, recipe.method, recipe.target, recipe.headers, LOGIN, number + 1, body=body
    )
    return await site.transport.log_in(request)


def _made_of(site: LiveSite, word: str) -> str:
    """Letters and digits as long as a word, the same for the whole scan; an address stays one."""
    digest = hashlib.sha256(f"{site.random_path}{word}".encode()).hexdigest()
    made = f"x{digest}"[: max(8, min(len(word), 60))]
    return f"{made}@{made}.example" if "@" in word else made
