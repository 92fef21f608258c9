"""One exempt view's answer in clear, and no other answer in its place."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, MutableMapping
from typing import Any

from werkzeug.wsgi import ClosingIterator

from flask_plainwire import answers

Environ = MutableMapping[str, Any]
Wsgi = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]
KEY = "flask_plainwire.exemption"


class Exemption:
    """What is exempt, and whether the request has come to Flask, which then sees to the rest.

    It lies in the environ, of which layers may make copies: the object stays one.
    """

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self.is_reached = False


def answer(
    inner: Wsgi,
    environ: Environ,
    start_response: Callable[..., Any],
    endpoint: str,
    then: Callable[[], None],
) -> Iterable[bytes]:
    """The view's answer, without cookies; a refusal where another layer answers in its place.

    ``then`` is called after that. A mounted application may lie below the path that the view's
    rule matches.
    """
    exemption = environ[KEY] = Exemption(endpoint)

    def start(status: str, headers: list[tuple[str, str]], *exc_info: Any) -> Any:
        if not exemption.is_reached:
            return _nowhere
        kept = [pair for pair in headers if pair[0].lower() != "set-cookie"]
        return start_response(status, kept, *exc_info)

    body = inner(environ, start)
    if exemption.is_reached:
        return body
    # A layer that is a generator calls what is inside of it when it is asked for the first piece.
    pieces = iter(body)
    first = next(pieces, b"")
    if exemption.is_reached:
        return ClosingIterator(itertools.chain((first,), pieces), lambda: _close(body))
    _close(body)
    return answers.refuse(environ, start_response, then)


def _nowhere(data: bytes) -> None:
    """The ``write`` of an answer that is not given."""


def _close(body: Iterable[bytes]) -> None:
    if (close := getattr(body, "close", None)) is not None:
        close()
