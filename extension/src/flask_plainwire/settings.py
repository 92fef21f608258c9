"""The ``TLS_*`` keys of ``app.config``: read once, as values or as strings of the environment."""

from __future__ import annotations

import difflib
import ipaddress
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from flask_plainwire.hsts import Hsts
from flask_plainwire.peers import UNIX, Network, Peers

SERVER, PROXY, DEVELOPMENT = "server", "proxy", "development"
REFUSE, REDIRECT, REPORT, MARKED = "refuse", "redirect", "report", "marked"
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HOST = re.compile(r"\.?(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]+)?")
_MAPPED_BITS = 96  # RFC 4291, section 2.5.5.2: ::ffff:0:0/96
_WORDS = {"true": True, "yes": True, "on": True, "1": True}
_WORDS |= {"false": False, "no": False, "off": False, "0": False}


class ConfigurationError(RuntimeError):
    """The configuration does not say how TLS reaches this application."""


@dataclass(frozen=True)
class Settings:
    """What the keys say. ``termination`` is `DEVELOPMENT` where it may stay unsaid."""

    termination: str
    mode: str
    peers: Peers
    header: str
    header_key: str
    is_rfc7239: bool
    hops: int
    redirect_hosts: tuple[str, ...]
    redirect_port: int
    exempt_endpoints: frozenset[str]
    cookies_secure: bool
    hsts: Hsts
    credential_headers: frozenset[str]
    client_cert_key: str
    exposures_per_minute: int


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("not a word")
    return value.strip()


def _one_of(*words: str) -> Callable[[object], str]:
    def parse(value: object) -> str:
        word = _text(value).lower()
        if word not in words:
            raise ValueError(f"not one of {', '.join(words)}")
        return word

    return parse


def _header(value: object) -> str:
    name = _text(value)
    if not _TOKEN.fullmatch(name):
        raise ValueError("not the name of a header")
    return name


def _number(least: int, most: int) -> Callable[[object], int]:
    def parse(value: object) -> int:
        if isinstance(value, str) and re.fullmatch(r"[0-9]{1,12}", value.strip()):
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise ValueError(f"not a number from {least} to {most}")
        return value

    return parse


def _truth(value: object) -> bool:
    if isinstance(value, int) and value in (0, 1):  # bool is one of them
        return bool(value)
    if isinstance(value, str) and value.strip().lower() in _WORDS:
        return _WORDS[value.strip().lower()]
    raise ValueError("neither true nor false")


def _list(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        value = [item for item in re.split(r"[,\s]+", value) if item]
    if not isinstance(value, list | tuple | set | frozenset):
        raise ValueError("not a list")
    return tuple(_text(item) for item in value)


def _hosts(value: object) -> tuple[str, ...]:
    hosts = _list(value)
    for host in hosts:
        if not _HOST.fullmatch(host):
            raise ValueError("not a host such as api.example.com or .example.com")
    return hosts


def _peers(value: object) -> Peers:
    networks, has_unix = [], False
    for word in _list(value):
        if word.lower() in (UNIX, "unix:"):
            has_unix = True
            continue
        try:
            networks.append(_unmapped(ipaddress.ip_network(word)))
        except ValueError as error:
            raise ValueError(f"no address, no network and not 'unix': {error}") from None
    return Peers(networks, has_unix)


def _unmapped(network: Network) -> Network:
    """A network of IPv4-mapped addresses as the one of IPv4 that `peers.address_of` looks for."""
    mapped = getattr(network.network_address, "ipv4_mapped", None)
    if mapped is None:
        return network
    return ipaddress.IPv4Network((mapped, network.prefixlen - _MAPPED_BITS))


def _header_names(value: object) -> frozenset[str]:
    return frozenset(environ_key(_header(name)) for name in _list(value))


def _day(value: object) -> date:
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(_text(value))
    except ValueError:
        raise ValueError("not a date such as 2027-01-31") from None


@dataclass(frozen=True)
class Key:
    """A key's default and the function that reads it, which raises ValueError."""

    default: Any
    read: Callable[[object], Any] = field(repr=False)


YEAR_S = 31_536_000
KEYS: Mapping[str, Key] = {
    "TLS_TERMINATION": Key(None, _one_of(SERVER, PROXY)),
    "TLS_MODE": Key(REFUSE, _one_of(REFUSE, REDIRECT, REPORT, MARKED)),
    "TLS_TRUSTED_PROXIES": Key((), _peers),
    "TLS_PROXY_HEADER": Key("X-Forwarded-Proto", _header),
    "TLS_PROXY_HOPS": Key(1, _number(1, 16)),
    "TLS_REDIRECT_HOSTS": Key((), _hosts),
    "TLS_REDIRECT_PORT": Key(443, _number(1, 65535)),
    "TLS_EXEMPT_ENDPOINTS": Key((), _list),
    "TLS_COOKIES_SECURE": Key(True, _truth),
    "TLS_HSTS_MAX_AGE": Key(None, _number(0, 10 * YEAR_S)),
    "TLS_HSTS_SINCE": Key(None, _day),
    "TLS_HSTS_INCLUDE_SUBDOMAINS": Key(False, _truth),
    "TLS_HSTS_PRELOAD": Key(False, _truth),
    "TLS_CREDENTIAL_HEADERS": Key((), _header_names),
    "TLS_CLIENT_CERT_HEADER": Key(None, _header),
    "TLS_EXPOSURES_PER_MINUTE": Key(60, _number(0, 1_000_000)),
}


def environ_key(name: str) -> str:
    """The key of a header in a WSGI environ."""
    return "HTTP_" + name.upper().replace("-", "_")


def read(config: Mapping[str, Any], may_be_silent: bool) -> Settings:
    """The settings in a configuration.

    ``may_be_silent``: TLS_TERMINATION may be unsaid (debug and tests).

    Raises:
        ConfigurationError: with everything that is wrong, a line each.
    """
    values, wrong = _values(config)
    if values["TLS_TERMINATION"] is None:
        if not may_be_silent:
            wrong.append("TLS_TERMINATION is not set: 'server' or 'proxy'")
        values["TLS_TERMINATION"] = DEVELOPMENT
    hosts = _redirect_hosts(values, config, wrong)
    misread = {line.partition(":")[0] for line in wrong}
    wrong += [said for name, said in _unsaid(values, hosts) if name not in misread]
    wrong += _contradictions(values)
    if wrong:
        raise ConfigurationError("\n".join(wrong))
    return _settings(values, hosts)


def unknown_keys(config: Mapping[str, Any]) -> dict[str, str | None]:
    """The keys that begin with ``TLS_`` and are none of ours, each with the nearest that is."""
    names = [name for name in config if name.startswith("TLS_") and name not in KEYS]
    near = {name: difflib.get_close_matches(name, KEYS, n=1) for name in names}
    return {name: found[0] if found else None for name, found in near.items()}


def said_of_unknown(config: Mapping[str, Any]) -> list[str]:
    """A line for each key that is none of ours."""
    found = unknown_keys(config).items()
    return [f"no key {name!a}{f'; {near} is meant?' if near else ''}" for name, near in found]


def _values(config: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    values: dict[str, Any] = {}
    wrong = []
    for name, key in KEYS.items():
        given = config.get(name)
        values[name] = key.default if key.default is None else key.read(key.default)
        if given is None:
            continue
        try:
            values[name] = key.read(given)
        except ValueError as error:
            wrong.append(_said(name, error, given))
    return values, wrong


def _said(name: str, error: ValueError, given: object) -> str:
    return f"{name}: {error}: {ascii(given)[:80]}"


def _redirect_hosts(
    values: Mapping[str, Any], config: Mapping[str, Any], wrong: list[str]
) -> tuple[str, ...]:
    """The hosts that a redirect may name: what Flask is told of its own, for want of the key."""
    if values["TLS_REDIRECT_HOSTS"]:
        return tuple(values["TLS_REDIRECT_HOSTS"])
    name = "TRUSTED_HOSTS" if config.get("TRUSTED_HOSTS") else "SERVER_NAME"
    try:
        return _list(config.get(name) or ())
    except ValueError as error:
        wrong.append(_said(name, error, config[name]))
        return ()


def _unsaid(values: Mapping[str, Any], hosts: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Keys that others ask for, each with what to say of it."""
    if values["TLS_TERMINATION"] == PROXY and not values["TLS_TRUSTED_PROXIES"]:
        said = "TLS_TRUSTED_PROXIES is not set: the proxies' addresses or networks, or 'unix'"
        yield "TLS_TRUSTED_PROXIES", said
    if values["TLS_MODE"] == REDIRECT and not hosts:
        yield "TLS_REDIRECT_HOSTS", "TLS_MODE is 'redirect' and TLS_REDIRECT_HOSTS is not set"


def _contradictions(values: Mapping[str, Any]) -> list[str]:
    wrong = []
    # https://hstspreload.org/#submission-requirements: one year, subdomains, preload.
    if values["TLS_HSTS_PRELOAD"]:
        if not values["TLS_HSTS_INCLUDE_SUBDOMAINS"]:
            wrong.append("TLS_HSTS_PRELOAD needs TLS_HSTS_INCLUDE_SUBDOMAINS")
        if (values["TLS_HSTS_MAX_AGE"] or 0) < YEAR_S and not values["TLS_HSTS_SINCE"]:
            wrong.append(f"TLS_HSTS_PRELOAD needs TLS_HSTS_MAX_AGE of {YEAR_S} at least")
    if values["TLS_HSTS_SINCE"] and values["TLS_HSTS_MAX_AGE"] is not None:
        wrong.append("TLS_HSTS_SINCE and TLS_HSTS_MAX_AGE exclude each other")
    return wrong


def _settings(values: Mapping[str, Any], hosts: tuple[str, ...]) -> Settings:
    header, client_cert = values["TLS_PROXY_HEADER"], values["TLS_CLIENT_CERT_HEADER"]
    return Settings(
        termination=values["TLS_TERMINATION"],
        mode=values["TLS_MODE"],
        peers=values["TLS_TRUSTED_PROXIES"],
        header=header,
        header_key=environ_key(header),
        is_rfc7239=header.lower() == "forwarded",
        hops=values["TLS_PROXY_HOPS"],
        redirect_hosts=hosts,
        redirect_port=values["TLS_REDIRECT_PORT"],
        exempt_endpoints=frozenset(values["TLS_EXEMPT_ENDPOINTS"]),
        cookies_secure=values["TLS_COOKIES_SECURE"],
        hsts=Hsts(
            values["TLS_HSTS_MAX_AGE"],
            values["TLS_HSTS_SINCE"],
            values["TLS_HSTS_INCLUDE_SUBDOMAINS"],
            values["TLS_HSTS_PRELOAD"],
        ),
        credential_headers=values["TLS_CREDENTIAL_HEADERS"],
        client_cert_key=environ_key(client_cert) if client_cert else "",
        exposures_per_minute=values["TLS_EXPOSURES_PER_MINUTE"],
    )
