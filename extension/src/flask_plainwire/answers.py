"""What a request in clear gets: a constant refusal, or a redirect to an allow-listed host."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

from werkzeug.wrappers import Response

from flask_plainwire.hsts import host_name

Headers = list[tuple[str, str]]
SAFE_METHODS = frozenset({"GET", "HEAD"})
CLEARTEXT = "HTTPS required"
_DETAILS = {
    CLEARTEXT: "This server answers over HTTPS only. A credential that was sent with this "
    "request has been exposed and should be replaced.",
}
# RFC 3986, section 3.3 and 3.4
_IN_PATH = "/!$&'()*+,;=:@~"
_IN_QUERY = _IN_PATH + "?%"
_HOST = re.compile(r"[a-z0-9._-]+|\[[0-9a-f:.]+\]")
# PEP 3333 leaves Connection to the server; these two raise an error where an application sets it,
# and so does wsgiref's CGIHandler, which bears the web server's name.
_OWN_CONNECTION = ("waitress", "WSGIServer")
# RFC 9113, section 8.2.2; RFC 9114, section 4.2: a message with it is malformed.
_WITHOUT_CONNECTION = ("HTTP/2", "HTTP/3")


@functools.cache
def problem(title: str) -> bytes:
    """The body of a refusal (RFC 9457): the same bytes whatever the request was."""
    told = {"type": "about:blank", "title": title, "status": 403}
    if title in _DETAILS:
        told["detail"] = _DETAILS[title]
    return json.dumps(told).encode()


def refusal_headers(environ: Mapping[str, Any], body: bytes) -> Headers:
    """The headers of a refusal; it is not kept by caches, nor the connection by the server."""
    headers = [
        ("Content-Type", "application/problem+json"),
        ("Content-Length", str(len(body))),
        ("Cache-Control", "no-store"),
    ]
    return headers + _closing(environ)


def refusal(environ: Mapping[str, Any], title: str = CLEARTEXT) -> Response:
    """The refusal as a response, for a view."""
    body = problem(title)
    return Response(body, 403, refusal_headers(environ, body))


def location(environ: Mapping[str, Any], hosts: tuple[str, ...], port: int) -> str | None:
    """The same URL over https; None if its host is in no entry of ``hosts``, or its path is none.

    An entry with a leading dot holds for the subdomains too, as in Flask's TRUSTED_HOSTS.
    """
    name = host_name(environ.get("HTTP_HOST") or environ.get("SERVER_NAME", ""))
    if not _HOST.fullmatch(name) or not any(_is_meant(name, entry) for entry in hosts):
        return None
    host = name if port == 443 else f"{name}:{port}"
    path = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "") or "/"
    if not path.startswith("/"):  # of "GET @evil.example": it would become part of the host
        return None
    query = environ.get("QUERY_STRING", "")
    # WSGI gives bytes as latin-1, the path without its percent-encoding, the query with it.
    try:
        url = f"https://{host}{quote(path.encode('latin-1'), safe=_IN_PATH)}"
        return f"{url}?{quote(query.encode('latin-1'), safe=_IN_QUERY)}" if query else url
    except UnicodeEncodeError:
        return None


def redirect_headers(environ: Mapping[str, Any], url: str) -> Headers:
    """308 keeps the method (RFC 9110, section 15.4.9); no cache keeps it."""
    headers = [("Location", url), ("Content-Length", "0"), ("Cache-Control", "no-store")]
    return headers + _closing(environ)


class Afterwards:
    """An answer's body that calls a function once the server has taken it.

    What is done then can neither change the answer nor the time that it takes.
    """

    def __init__(self, body: bytes, then: Callable[[], None]) -> None:
        self._body = body
        self._then: Callable[[], None] | None = then

    def __iter__(self) -> Iterator[bytes]:
        yield self._body
        self.close()

    def close(self) -> None:
        """What the server calls in any case (PEP 3333); Werkzeug's test client does it late."""
        then, self._then = self._then, None
        if then is not None:
            then()


def refuse(
    environ: Mapping[str, Any], start_response: Callable[..., Any], then: Callable[[], None]
) -> Afterwards:
    """Answer 403."""
    body = problem(CLEARTEXT)
    start_response("403 FORBIDDEN", refusal_headers(environ, body))
    return Afterwards(b"" if environ["REQUEST_METHOD"] == "HEAD" else body, then)


def redirect(
    environ: Mapping[str, Any],
    start_response: Callable[..., Any],
    url: str,
    then: Callable[[], None],
) -> Afterwards:
    """Answer 308."""
    start_response("308 PERMANENT REDIRECT", redirect_headers(environ, url))
    return Afterwards(b"", then)


def _closing(environ: Mapping[str, Any]) -> Headers:
    protocol = str(environ.get("SERVER_PROTOCOL", ""))
    software = str(environ.get("SERVER_SOFTWARE", ""))
    if protocol.startswith(_WITHOUT_CONNECTION) or software.startswith(_OWN_CONNECTION):
        return []
    if environ.get("wsgi.run_once"):  # CGI: the connection is the web server's
        return []
    return [("Connection", "close")]


def _is_meant(name: str, entry: str) -> bool:
    wanted = host_name(entry.lstrip("."))
    return name == wanted or (entry.startswith(".") and name.endswith(f".{wanted}"))
