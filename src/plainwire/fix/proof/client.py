"""One HTTP/1.1 exchange at a time, as a client outside would see it; h11 for the grammar."""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Callable, Sequence
from time import monotonic
from urllib.parse import urljoin, urlsplit

import h11

from plainwire.fix.proof.plan import Answer, Entrance, Question
from plainwire.wire.openapi.verbs import state_change

HEAD_LIMIT = 64 * 1024
BODY_LIMIT = 1024 * 1024
TIMEOUT_S = 30.0
# What every monitor sends: an application that behaves for a prover alone cannot tell it by this.
_AGENT = "curl/8.5.0"
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f]")


class Client:
    """Asks the entrances of one stack; ``source`` is the address that it comes from."""

    def __init__(
        self,
        host: str,
        entrances: Sequence[Entrance],
        ca_file: str,
        source: str | None,
        denied: Sequence[str] = (),
    ) -> None:
        self.host = host
        self._public = {e.number: e for e in entrances if e.is_public}
        self._direct = {e.number: e for e in entrances if not e.is_public}
        self._ca_file = ca_file
        self._source = (source, 0) if source else None
        self._denied = [_pattern(template) for template in denied]

    def ask(self, question: Question) -> Answer:
        """The answer to a question, with redirects followed as far as it says. Never raises."""
        url = f"{question.scheme}://{self.host}:{question.number}{question.path}"
        answer = self._once(question, url)
        visited = [_plain(url)]
        for _ in range(question.hops):
            location = answer.header("location")
            if not 300 <= answer.status < 400 or location is None:
                break
            url = urljoin(url, location)
            if not url.startswith(("http://", "https://")) or _host(url) != self.host:
                visited.append(_plain(url))
                break
            is_loop = _plain(url) in visited
            visited.append(_plain(url))
            if is_loop or self._is_denied(url):
                break
            answer = self._once(question, url)
        return Answer(
            answer.status,
            answer.headers,
            answer.body,
            answer.refused,
            answer.silence,
            answer.tls,
            answer.unverified,
            tuple(visited),
        )

    def _is_denied(self, url: str) -> bool:
        """True for a page that changes something by what its name or its code says."""
        parts = urlsplit(url)
        path = f"{parts.path}?{parts.query}"
        named = state_change("GET", path) is not None
        return named or any(pattern.fullmatch(parts.path) for pattern in self._denied)

    def _once(self, question: Question, url: str) -> Answer:
        parts = urlsplit(url)
        try:
            number = parts.port or (443 if parts.scheme == "https" else 80)
        except ValueError:
            return Answer(silence="a redirect to no port that there is")
        entrance = (self._direct if question.is_direct else self._public).get(number)
        if entrance is None:
            return Answer(refused=True, silence="nothing is published at this port")
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        default = number == (443 if parts.scheme == "https" else 80)
        host = self.host if default else f"{self.host}:{number}"
        send = (question.method, _FORBIDDEN.sub("", target), host, question.headers)
        if parts.scheme == "http":
            return self._exchange(entrance, None, send)
        context = ssl.create_default_context(cafile=self._ca_file)
        answer = self._exchange(entrance, context, send)
        if answer.unverified and not question.verifies:
            context = ssl._create_unverified_context()  # noqa: S323 - to see what is served
            seen = self._exchange(entrance, context, send)
            return Answer(
                seen.status, seen.headers, seen.body, tls=seen.tls, unverified=answer.unverified
            )
        return answer

    def _exchange(
        self,
        entrance: Entrance,
        context: ssl.SSLContext | None,
        send: tuple[str, str, str, tuple[tuple[str, str], ...]],
    ) -> Answer:
        try:
            raw = socket.create_connection(
                (entrance.address, entrance.port), TIMEOUT_S, self._source
            )
        except ConnectionRefusedError:
            return Answer(refused=True, silence="nobody listens")
        except OSError as error:
            return Answer(silence=f"no connection: {error.strerror or error}")
        with raw:
            raw.settimeout(TIMEOUT_S)
            if context is None:
                return _talk(raw, raw.sendall, raw.recv, send, "")
            try:
                with context.wrap_socket(raw, server_hostname=self.host) as stream:
                    tls = stream.version() or ""
                    return _talk(raw, stream.sendall, stream.recv, send, tls)
            except ssl.SSLCertVerificationError as error:
                return Answer(unverified=error.verify_message or "not verified", silence="not sent")
            except ssl.SSLError as error:
                return Answer(refused=True, silence=f"no TLS: {error.reason or 'closed'}")
            except TimeoutError:
                return Answer(silence="no answer to the TLS handshake in time")
            except OSError as error:
                return Answer(refused=True, silence=f"no TLS: {error.strerror or error}")


def _talk(
    raw: socket.socket,
    write: Callable[[bytes], None],
    read: Callable[[int], bytes],
    send: tuple[str, str, str, tuple[tuple[str, str], ...]],
    tls: str,
) -> Answer:
    method, target, host, headers = send
    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=HEAD_LIMIT)
    lines = [("Host", host), ("User-Agent", _AGENT), ("Accept", "*/*"), *headers]
    if not any(name.lower() == "connection" for name, _ in lines):
        lines.append(("Connection", "close"))
    request = h11.Request(method=method, target=target.encode("latin-1", "replace"), headers=lines)
    until, got = monotonic() + TIMEOUT_S, 0
    body = bytearray()
    response: h11.Response | h11.InformationalResponse | None = None
    try:
        write((connection.send(request) or b"") + (connection.send(h11.EndOfMessage()) or b""))
        while monotonic() < until and len(body) <= BODY_LIMIT:
            event = connection.next_event()
            if event is h11.NEED_DATA:
                data = read(65536)
                got += len(data)
                if not data and not got:
                    return Answer(refused=True, silence="closed without an answer", tls=tls)
                connection.receive_data(data)
            elif isinstance(event, h11.Response):
                response = event
            elif isinstance(event, h11.InformationalResponse):
                if event.status_code == 101:
                    response = event
                    break
            elif isinstance(event, h11.Data):
                body += event.data
            else:
                break
        else:
            return Answer(silence="the answer did not end in time, or is too long", tls=tls)
    except h11.RemoteProtocolError:
        return Answer(refused=True, silence="the answer is not HTTP/1.x", tls=tls)
    except TimeoutError:
        return Answer(silence=f"no answer in {TIMEOUT_S:g} s", tls=tls)
    except OSError as error:
        if not got:
            return Answer(refused=True, silence=f"closed: {error.strerror or error}", tls=tls)
        return Answer(silence=f"cut off: {error.strerror or error}", tls=tls)
    if response is None:
        return Answer(refused=True, silence="closed without an answer", tls=tls)
    found = tuple(
        (n.decode("latin-1"), v.decode("latin-1")) for n, v in response.headers.raw_items()
    )
    return Answer(response.status_code, found, bytes(body), tls=tls)


def _pattern(template: str) -> re.Pattern[str]:
    """What fits a templated path such as ``/users/{id}``."""
    pieces = re.split(r"\{[^{}/]*\}", template)
    return re.compile("[^/]+".join(map(re.escape, pieces)) + "/?")


def _host(url: str) -> str:
    return (urlsplit(url).hostname or "").lower()


def _plain(url: str) -> str:
    """A URL without the port that its scheme implies, and without a fragment."""
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        port = None
    is_default = port in (None, 443 if parts.scheme == "https" else 80)
    host = parts.hostname or ""
    query = f"?{parts.query}" if parts.query else ""
    return f"{parts.scheme}://{host}{'' if is_default else f':{port}'}{parts.path or '/'}{query}"
