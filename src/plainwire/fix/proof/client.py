"""One HTTP/1.1 exchange at a time, as a client outside would see it; h11 for the grammar."""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Callable, Sequence
from dataclasses import replace
from time import monotonic
from urllib.parse import unquote

import h11

from plainwire.fix.proof.plan import Answer, Entrance, Question
from plainwire.model import WireError
from plainwire.wire import redirects
from plainwire.wire.openapi.verbs import state_change
from plainwire.wire.redirects import Destination

HEAD_LIMIT = 64 * 1024
BODY_LIMIT = 1024 * 1024
TIMEOUT_S = 30.0
# What every monitor sends: an application that behaves for a prover alone cannot tell it by this.
_AGENT = "curl/8.5.0"


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
        place = Destination(
            question.scheme, question.host or self.host, question.number, question.path
        )
        answer = self._once(question, place)
        visited = [place.url]
        for _ in range(question.hops):
            location = answer.header("location")
            if not 300 <= answer.status < 400 or location is None:
                break
            try:
                place = redirects.resolve(location, place.url)
            except WireError:
                break
            is_end = place.url in visited or not self._is_followed(place)
            visited.append(place.url)
            if is_end:
                break
            answer = self._once(question, place)
        return replace(answer, visited=tuple(visited))

    def _is_followed(self, place: Destination) -> bool:
        """False for another host, and for what changes something by its name or its code."""
        if place.scheme not in ("http", "https") or place.host != self.host:
            return False
        path = place.path.partition("?")[0]
        spellings = {path, unquote(path)}
        is_denied = any(p.fullmatch(spelled) for p in self._denied for spelled in spellings)
        return not is_denied and state_change("GET", place.path) is None

    def _once(self, question: Question, place: Destination) -> Answer:
        entrance = (self._direct if question.is_direct else self._public).get(place.port)
        if entrance is None:
            return Answer(refused=True, silence="nothing is published at this port")
        is_usual = place.port == redirects.DEFAULT_PORTS[place.scheme]
        host = place.host if is_usual else f"{place.host}:{place.port}"
        send = (question.method, place.path, host, question.headers)
        if place.scheme == "http":
            return self._exchange(entrance, None, place.host, send)
        context = ssl.create_default_context(cafile=self._ca_file)
        answer = self._exchange(entrance, context, place.host, send)
        if answer.unverified and not question.verifies:
            context = ssl._create_unverified_context()  # noqa: S323 - to see what is served
            seen = self._exchange(entrance, context, place.host, send)
            return replace(seen, unverified=answer.unverified)
        return answer

    def _exchange(
        self,
        entrance: Entrance,
        context: ssl.SSLContext | None,
        name: str,
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
                with context.wrap_socket(raw, server_hostname=name) as stream:
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
