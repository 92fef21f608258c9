"""WWW-Authenticate and Proxy-Authenticate (RFC 9110, section 11.6.1).

WWW-Authenticate = [ challenge *( OWS "," OWS challenge ) ]
challenge        = auth-scheme [ 1*SP ( token68 / [ auth-param *( OWS "," OWS auth-param ) ] ) ]
auth-param       = token BWS "=" BWS ( token / quoted-string )
token68          = 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from plainwire.wire.fields import TCHARS, split, unquote

MAX_CHALLENGES = 64
MAX_PARAMETERS = 64

_PARAMETER = re.compile(rf"(?P<name>{TCHARS})[ \t]*=[ \t]*(?P<value>.+)", re.DOTALL)
_CHALLENGE = re.compile(rf"(?P<scheme>{TCHARS})(?:[ \t]+(?P<rest>.+))?", re.DOTALL)
_TOKEN68 = re.compile(r"[A-Za-z0-9._~+/-]+=*")


@dataclass(frozen=True, slots=True)
class Challenge:
    """One way in that a server offers: a scheme with parameters or with a token68.

    ``scheme`` and the names of ``parameters`` are in lower case, as they compare without case.
    """

    scheme: str
    parameters: tuple[tuple[str, str], ...] = ()
    token68: str | None = field(default=None, repr=False)

    def parameter(self, name: str) -> str | None:
        """The first parameter of that name, whatever its case. Returns None if there is none."""
        wanted = name.lower()
        return next((value for key, value in self.parameters if key == wanted), None)

    @property
    def realm(self) -> str | None:
        """The protection space (RFC 9110, section 11.5), or None."""
        return self.parameter("realm")


@dataclass(slots=True)
class _Open:
    scheme: str
    parameters: list[tuple[str, str]] = field(default_factory=list)
    token68: str | None = None

    def closed(self) -> Challenge:
        return Challenge(self.scheme, tuple(self.parameters[:MAX_PARAMETERS]), self.token68)


def parse(values: Iterable[str]) -> tuple[Challenge, ...]:
    """The challenges in every field value given, in order, at most `MAX_CHALLENGES`.

    What is neither a challenge nor a parameter of one is passed over, as browsers do.
    """
    found: list[_Open] = []
    for value in values:
        is_first = True
        for item in split(value, ","):
            if not item:
                continue
            # A comma both ends a challenge and parts its parameters: "name = value" belongs to
            # the challenge before it, "word" and "word rest" begin another (section 11.6.1).
            parameter = _PARAMETER.fullmatch(item)
            if parameter is not None and not is_first:
                _add(found[-1], parameter)
                continue
            challenge = _CHALLENGE.fullmatch(item)
            if challenge is None or parameter is not None:
                continue
            if len(found) == MAX_CHALLENGES:
                return tuple(each.closed() for each in found)
            found.append(_begin(challenge["scheme"], challenge["rest"]))
            is_first = False
    return tuple(each.closed() for each in found)


def _begin(scheme: str, rest: str | None) -> _Open:
    opened = _Open(scheme.lower())
    if rest is None:
        return opened
    if _TOKEN68.fullmatch(rest):
        opened.token68 = rest
    elif (parameter := _PARAMETER.fullmatch(rest)) is not None:
        _add(opened, parameter)
    return opened


def _add(challenge: _Open, parameter: re.Match[str]) -> None:
    text = parameter["value"]
    # Unquoted values with spaces ("realm=My API") are common and harmless: taken as they stand.
    content = unquote(text)
    challenge.parameters.append((parameter["name"].lower(), text if content is None else content))
