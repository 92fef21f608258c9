"""``--as NAME`` with ``[identity.NAME]``: credentials from their sources, or how to log in."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from plainwire.cli import secrets
from plainwire.live import dial
from plainwire.live.credentials import ClientCertificate, Credentials, parts, spellings
from plainwire.live.logins import Recipe
from plainwire.model import Headers, Identity, Target, TargetError, UsageError

_RESERVED = ("given", "canary", "login")


def chosen(
    named: Sequence[str],
    tables: Mapping[str, Mapping[str, Any]],
    targets: Sequence[Target],
    source: Path | None,
) -> dict[str, Credentials | Recipe]:
    """The identities named, in their order, with their secrets read.

    Raises:
        UsageError: if one is not in the configuration or its table is wrong, if a secret cannot
            be had, or if several targets are named.
    """
    if named and len({target.https[0] for target in targets}) > 1:
        raise UsageError("an identity is of one origin, and several targets are named")
    found: dict[str, Credentials | Recipe] = {}
    for name in named:
        if name not in tables or name in _RESERVED:
            where = source or "no configuration file"
            raise UsageError(f"--as {name}: no [identity.{name}] in {where}")
        if name in found:
            raise UsageError(f"--as {name}: named twice")
        try:
            for target in targets[:1]:
                found[name] = _identity(name, tables[name], target, source)
        except UsageError as error:
            raise UsageError(f"identity.{name}: {error}") from None
    return found


def _identity(
    name: str, table: Mapping[str, Any], target: Target, source: Path | None
) -> Credentials | Recipe:
    about = Identity(name, _boolean(table, "admin"), frozenset(_texts(table, "names")))
    certificate = _certificate(table, source)
    if "login" in table:
        if set(table) & {"bearer", "basic", "cookie", "header", "certificate"}:
            raise UsageError("a login beside credentials: give one of them")
        return _recipe(name, table["login"], about)
    lines = secrets.headers(
        _text(table, "bearer"),
        _text(table, "basic"),
        _text(table, "cookie"),
        _texts(table, "header"),
        None,
    )
    if not lines and certificate is None:
        raise UsageError("no credential: bearer, basic, cookie, header, certificate or login")
    return Credentials(lines, target.https[0], certificate, about)


def _certificate(table: Mapping[str, Any], source: Path | None) -> ClientCertificate | None:
    file, key = _text(table, "certificate"), _text(table, "key")
    if file is None:
        if key is not None:
            raise UsageError("key: without certificate")
        return None
    beside = source.parent if source is not None else Path()
    paths = beside / file, beside / key if key is not None else None
    for path in paths:
        if path is not None and not path.is_file():
            raise UsageError(f"certificate: cannot read {path}")
    try:
        dial.show(dial.observing_context(), *paths)
    except TargetError as error:
        raise UsageError(str(error)) from None
    return ClientCertificate(*paths)


def _recipe(name: str, table: Mapping[str, Any], about: Identity) -> Recipe:
    path, token = _text(table, "path"), _text(table, "token")
    if path is None or not path.startswith("/") or any(not "!" <= c <= "~" for c in path):
        raise UsageError("login: path: not a path from / in printable ASCII")
    if token is None:
        raise UsageError("login: no token: where the credential is in the answer")
    shown = _text(table, "show-as") or "bearer"
    kind, _, rest = shown.partition(" ")
    if kind not in ("bearer", "header", "cookie") or bool(rest) == (kind == "bearer"):
        raise UsageError(f"login: show-as: not bearer, 'header NAME' or 'cookie NAME': {shown!r}")
    if "json" in table and "form" in table:
        raise UsageError("login: json beside form: give one of them")
    method = (_text(table, "method") or "POST").upper()
    if method not in ("POST", "GET"):
        raise UsageError(f"login: method: neither POST nor GET: {method!r}")
    found: list[str] = []
    names = set(about.names)
    pair = _pair(table, names)
    body, lines = b"", secrets.headers(None, None, None, _texts(table, "header"), pair)
    found += parts(lines)
    query = urlencode(_values(table.get("query", {}), found, names))
    if "json" in table:
        values = _values(table["json"], found, names)
        body, lines = json.dumps(values).encode(), _with_type(lines, "application/json")
    elif "form" in table:
        values = _values(table["form"], found, names)
        body = urlencode(values).encode()
        lines = _with_type(lines, "application/x-www-form-urlencoded")
    known = Identity(name, about.is_admin, frozenset(names))
    spelled = spellings(tuple(found))
    return Recipe(name, path, token, method, lines, body, spelled, shown, known, query)


def _pair(table: Mapping[str, Any], names: set[str]) -> str | None:
    """User and password of a login by Basic authentication (RFC 7617), or None."""
    source = _text(table, "basic")
    if source is None:
        return None
    pair = secrets.read(source, "login: basic (user:password)")
    user, colon, _ = pair.partition(":")
    if not colon:
        raise UsageError("login: basic: not user:password")
    names.add(user)
    return pair


def _with_type(lines: Headers, kind: str) -> Headers:
    return (*lines, ("Content-Type", kind))


def _values(table: object, found: list[str], names: set[str]) -> dict[str, str]:
    """The values of a login's fields; those that speak of a secret come from a source."""
    if not isinstance(table, dict):
        raise UsageError("login: fields: not a table")
    values: dict[str, str] = {}
    for key, value in table.items():
        if isinstance(value, bool | int):
            values[key] = value  # type: ignore[assignment]  # JSON keeps its type
            continue
        if not isinstance(value, str):
            raise UsageError(f"login: {key}: not a text, a number or a boolean")
        values[key] = secrets.field(key, value)
        if values[key] == value:
            names.add(value)
        else:
            found.append(values[key])
    return values


def _text(table: Mapping[str, Any], key: str) -> str | None:
    value = table.get(key)
    if value is not None and (not isinstance(value, str) or not value.strip()):
        raise UsageError(f"{key}: not a string with something in it")
    return value


def _texts(table: Mapping[str, Any], key: str) -> tuple[str, ...]:
    value = table.get(key, [])
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise UsageError(f"{key}: not a list of strings")
    return tuple(value)


def _boolean(table: Mapping[str, Any], key: str) -> bool | None:
    value = table.get(key)
    if value is not None and not isinstance(value, bool):
        raise UsageError(f"{key}: neither true nor false")
    return value
