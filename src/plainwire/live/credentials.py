"""Given credentials: where they may go, and what stands in for them elsewhere."""

from __future__ import annotations

import base64
import binascii
import contextlib
import html
import json
import re
import secrets
import string
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import quote, quote_plus

from plainwire.model import (
    FORGERIES,
    Exchange,
    Forgery,
    Headers,
    Identity,
    Origin,
    Request,
    Unanswered,
    WireError,
)
from plainwire.wire import jwt

# Characters. What is shorter is a word like any other, such as the "true" of a consent cookie or
# the password "password": in its place an answer would read differently, and it is masked where it
# is shown.
LEAST, LEAST_OF_LETTERS = 8, 20
LEAST_PIECE = 4  # of one that a cut left at the end of a body
IN_ITS_PLACE = "given-credential"  # fit for a URL, a header and a script
IN_CANARYS_PLACE = "canary-credential"
SCHEMES = ("basic", "bearer", "digest", "token", "apikey")  # kept in front of a canary

GIVEN = "given"
LOGIN = "login"  # the identity of a request that asks for credentials
CANARY = "canary"  # the identity of a request that shows a random credential


@dataclass(frozen=True)
class Credentials:
    """Headers that the user gave for one origin; over cleartext a canary stands in for them.

    The canary has the same shape (length, letters, digits, punctuation) and is made anew for
    each run, so that a server's reaction to a credential in clear is seen without giving it away.
    """

    headers: Headers = field(repr=False)
    origin: Origin
    certificate: ClientCertificate | None = None
    about: Identity | None = None
    canary: Headers = field(init=False, repr=False)
    _forged: Mapping[str, Headers] = field(init=False, repr=False)
    _echoes: tuple[_Echoes, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        canary = tuple((name, _canary_header(name, value)) for name, value in self.headers)
        object.__setattr__(self, "canary", canary)
        forged = {kind: _forged(self.headers, kind) for kind in FORGERIES} if self.tokens else {}
        object.__setattr__(self, "_forged", forged)
        echoes = (
            _Echoes(parts(self.headers), IN_ITS_PLACE),
            _Echoes(parts(canary), IN_CANARYS_PLACE),
            *(_Echoes(parts(lines), IN_CANARYS_PLACE) for lines in forged.values()),
        )
        object.__setattr__(self, "_echoes", echoes)

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every string that must not be seen anywhere: values, the parts that hold them, and how
        either is written in a URL, in JSON and in HTML.

        Forged tokens are among them: where nobody checks a signature they are as good.
        """
        every = [self.headers, *self._forged.values()]
        return spellings(tuple(part for lines in every for part in parts(lines)))

    @property
    def tokens(self) -> tuple[jwt.Token, ...]:
        """The JSON Web Tokens among the values."""
        found = []
        for _, value in self.headers:
            for match in jwt.FOUND.finditer(value):
                with contextlib.suppress(WireError):
                    found.append(jwt.parse(match[1]))
        return tuple(found)

    def without_echo(self, answer: Exchange) -> Exchange:
        """The answer with a word in the place of each credential that the server threw back.

        So nothing behind the door can show a piece of one, however it cuts or writes what it was
        given, and no link or redirect can lead one out. One that could be a word of the page
        ("password", "dark") is left: the scan would read another page than was served.
        """
        for echoes in self._echoes:
            answer = echoes.out_of(answer)
        return answer

    def goes_with(self, request: Request) -> bool:
        """True if the credential itself goes along: to its own origin, over TLS, when asked for."""
        return (
            request.identity not in (None, CANARY)
            and request.origin.scheme == "https"
            and request.origin == self.origin
        )

    def lines(self, request: Request, *, in_clear: bool = False) -> Headers:
        """The header lines that a request carries: the credential, its canary, or none.

        Over http it is the canary, unless the user allowed the credential itself ``in_clear``.
        """
        if request.identity is None:
            return ()
        if request.identity == CANARY:
            return self.canary
        if self.goes_with(request):
            return self._shown(request)
        if request.origin.scheme == "https":
            return ()
        return self._shown(request) if in_clear else self.canary

    def _shown(self, request: Request) -> Headers:
        """The credential, or the forgery that the request asks for in its place."""
        return self._forged.get(request.forgery, self.canary) if request.forgery else self.headers


@dataclass(frozen=True, slots=True)
class ClientCertificate:
    """A certificate with its key, both in PEM files; the key may stand in the first."""

    file: Path
    key: Path | None = None


class _Echoes:
    """Finds credentials in answers and puts a word in their place."""

    def __init__(self, found: tuple[str, ...], word: str) -> None:
        telling = tuple(each for each in found if not _could_be_a_word(each))
        spelled = sorted(spellings(telling), key=len, reverse=True)
        raw = dict.fromkeys(s.encode("utf-8") for s in spelled)
        raw |= dict.fromkeys(s.encode("latin-1", "replace") for s in spelled)
        self._raw = tuple(raw)
        self._in_body = _any_of(self._raw)
        self._in_text = re.compile(self._in_body.pattern.decode("latin-1")) if raw else None
        self._word = word

    def out_of(self, answer: Exchange) -> Exchange:
        """The answer without them: headers, body, reason phrase."""
        if self._in_text is None:
            return answer
        word = self._word.encode("ascii")
        body = self._in_body.sub(word, answer.body)
        if answer.is_cut:
            body = self._without_half(body)
        return replace(
            answer,
            headers=tuple((self._sub(name), self._sub(value)) for name, value in answer.headers),
            body=body,
            reason=self._sub(answer.reason),
        )

    def _sub(self, text: str) -> str:
        return self._in_text.sub(self._word, text) if self._in_text else text

    def _without_half(self, body: bytes) -> bytes:
        """A body without what its cut left of a credential at its end."""
        longest = max(
            (
                n
                for raw in self._raw
                for n in range(LEAST_PIECE, len(raw))
                if body.endswith(raw[:n])
            ),
            default=0,
        )
        return body[: len(body) - longest]


def _could_be_a_word(secret: str) -> bool:
    is_of_letters = secret.isalpha() and secret.islower()
    return len(secret) < (LEAST_OF_LETTERS if is_of_letters else LEAST)


def _any_of(raw: tuple[bytes, ...]) -> re.Pattern[bytes]:
    return re.compile(b"|".join(map(re.escape, raw)))


def parts(headers: Headers) -> tuple[str, ...]:
    """The values, and the parts of them that are secrets by themselves."""
    found: list[str] = []
    for name, value in headers:
        found.append(value)
        scheme, space, rest = value.partition(" ")
        if space and scheme.isalpha():
            found.append(rest)
            found.extend(_basic_parts(scheme, rest))
        if name.lower() == "cookie":
            found.extend(pair.partition("=")[2].strip() for pair in value.split(";"))
    return tuple(s for s in found if s)


def spellings(found: tuple[str, ...]) -> tuple[str, ...]:
    """The strings, and how each is written in a URL, in JSON and in HTML."""
    spelled: dict[str, None] = {}
    for each in found:
        in_url = quote(each, safe=""), quote(each), quote_plus(each)
        lower = (re.sub("%..", lambda m: m[0].lower(), word) for word in in_url)
        spelled |= dict.fromkeys((each, *in_url, *lower))
        spelled |= dict.fromkeys((json.dumps(each)[1:-1], html.escape(each)))
    return tuple(spelled)


def canary_of(secret: str) -> str:
    """A random string of the secret's shape that differs from it; letters if it has neither letter
    nor digit that could be another."""
    if not any(c.isalnum() for c in secret):
        return "".join(secrets.choice(string.ascii_letters) for _ in secret)
    while True:
        made = "".join(_random_like(c) for c in secret)
        if made != secret:
            return made


def _random_like(character: str) -> str:
    for alphabet in (string.ascii_lowercase, string.ascii_uppercase, string.digits):
        if character in alphabet:
            return secrets.choice(alphabet)
    return secrets.choice(string.ascii_letters) if character.isalnum() else character


def _canary_header(name: str, value: str) -> str:
    scheme, space, rest = value.partition(" ")
    if name.lower() == "cookie":
        pairs = (pair.partition("=") for pair in value.split(";"))
        # What has no name is the value (RFC 6265bis, section 5.6).
        return ";".join(
            f"{key}={canary_of(text)}" if equals else canary_of(key) for key, equals, text in pairs
        )
    if scheme.lower() == "basic" and space:
        user, colon, password = _decoded_basic(rest).partition(":")
        pair = f"{canary_of(user)}{colon}{canary_of(password)}"
        return f"{scheme} {base64.b64encode(pair.encode()).decode()}"
    # Elsewhere the first of several words may be a part of the secret.
    is_scheme = name.lower().endswith("authorization") or scheme.lower() in SCHEMES
    if space and scheme.isalpha() and is_scheme:
        return f"{scheme} {canary_of(rest)}"
    return canary_of(value)


def _decoded_basic(token: str) -> str:
    try:
        return base64.b64decode(token, validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return token


def _basic_parts(scheme: str, token: str) -> list[str]:
    if scheme.lower() != "basic":
        return []
    user, _, password = _decoded_basic(token).partition(":")
    return [f"{user}:{password}", password]


def _forged(headers: Headers, kind: Forgery) -> Headers:
    """The header lines with every token in them forged; what is no token stays."""

    def changed(match: re.Match[str]) -> str:
        try:
            if kind == "alg-none":
                return jwt.with_no_algorithm(match[1])
            return jwt.with_signature(match[1], secrets.token_bytes(jwt.MAX_BYTES))
        except WireError:
            return match[0]

    return tuple((name, jwt.FOUND.sub(changed, value)) for name, value in headers)


class Identities:
    """Whose credentials there are, by name; ``"given"`` is the one of most requests.

    One whose login failed has none: whatever is asked as it stays without an answer.
    """

    def __init__(self, by_name: Mapping[str, Credentials]) -> None:
        self._by_name = dict(by_name)
        self._failed: dict[str, str] = {}
        self._lost: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The names of those that credentials were given for, also of those who have none yet."""
        return (*self._by_name, *self._failed)

    def add(self, name: str, credentials: Credentials) -> None:
        """Take the credentials that a login gave."""
        self._by_name[name] = credentials

    def leave_out(self, name: str, reason: str, *, is_given: bool = False) -> None:
        """Note that an identity got no credentials, and why; ``is_given`` if it asks the most."""
        self._failed[name] = reason
        if is_given:
            self._lost = reason

    def unanswered(self, request: Request) -> Unanswered | None:
        """What a request of an identity without credentials gets. Returns None for any other."""
        reason = self._failed.get(request.identity or "")
        return Unanswered("", str(request), reason) if reason is not None else None

    @property
    def lost(self) -> Unanswered | None:
        """Why most questions are asked as nobody although an identity was named, or None."""
        return Unanswered("", "the login", self._lost) if self._lost is not None else None

    def about(self, name: str) -> Identity:
        """What is known of an identity beside its credentials."""
        credentials = self._by_name.get(name)
        known = credentials.about if credentials is not None else None
        return known or Identity(name)

    @property
    def secrets(self) -> tuple[str, ...]:
        """Everything of everybody that must not be seen."""
        return tuple(secret for each in self._by_name.values() for secret in each.secrets)

    def tokens(self, name: str) -> tuple[jwt.Token, ...]:
        """The JSON Web Tokens of an identity."""
        credentials = self._by_name.get(name)
        return credentials.tokens if credentials is not None else ()

    def of(self, request: Request) -> Credentials | None:
        """The credentials that a request speaks of. Returns None if there are none."""
        name = GIVEN if request.identity == CANARY else request.identity
        return self._by_name.get(name) if name is not None else None

    def shows_certificate(self, request: Request) -> bool:
        """True if a request goes out with a client certificate."""
        given = self.of(request)
        return given is not None and given.certificate is not None and given.goes_with(request)

    def with_certificate(self, request: Request) -> Request | None:
        """The request as who shows a client certificate. Returns None if nobody shows one there."""
        every = (replace(request, identity=name) for name in self._by_name)
        return next(filter(self.shows_certificate, every), None)

    def without_echo(self, answer: Exchange) -> Exchange:
        """The answer with a word in the place of anybody's credential that was thrown back."""
        for credentials in self._by_name.values():
            answer = credentials.without_echo(answer)
        return answer

    def same_bytes(self, request: Request) -> Request:
        """The request by which all that send the same bytes are known: one question, not two."""
        if request.identity in self._failed:
            return request  # it has no answer, and nobody's is not its
        if self.of(request) is None and request.identity != GIVEN:
            return replace(request, identity=None if self._by_name else GIVEN)
        return request
