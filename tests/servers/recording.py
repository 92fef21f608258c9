"""An HTTP server of a few lines that keeps every byte it was sent: what proofs rest on.

Raw sockets and threads, so that nothing between the wire and the record hides or repairs anything.
"""

import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from bounded import PATIENCE_S, await_end

from .process import Certificate

CHUNK = 65536

Result = TypeVar("Result")


@dataclass
class Connection:
    """One connection: what came over the wire, and what that was after TLS took it apart.

    On a cleartext server the two are the same. A connection that sent cleartext to a TLS server has
    it in ``wire``, and nothing in ``received``.
    """

    peer: socket.socket = field(repr=False)
    tls: "_Tls | None" = field(default=None, repr=False)
    stopping: threading.Event = field(default_factory=threading.Event, repr=False)
    wire: bytearray = field(default_factory=bytearray)
    received: bytearray = field(default_factory=bytearray)
    requests: list[bytes] = field(default_factory=list)
    ended_by: str | None = None

    def receive(self) -> bytes:
        """The next bytes from the peer; empty if it said that no more come."""
        data = self.tls.receive(self._receive_wire) if self.tls else self._receive_wire()
        self.received += data
        return data

    def send(self, data: bytes) -> None:
        """Send all of it, through TLS if this is a TLS server."""
        wire = self.tls.seal(data, self._receive_wire) if self.tls else data
        self.peer.sendall(wire)

    def reset(self) -> None:
        """Cut the connection with an RST instead of a FIN (SO_LINGER of zero seconds)."""
        self.peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.peer.close()

    def _receive_wire(self) -> bytes:
        if self.tls:
            self.peer.sendall(self.tls.outgoing.read())
        data = self.peer.recv(CHUNK)
        self.wire += data
        return data


class _Tls:
    """TLS between two memory buffers, so that the bytes on the wire can be kept too."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.object = context.wrap_bio(self.incoming, self.outgoing, server_side=True)

    def receive(self, more: Callable[[], bytes]) -> bytes:
        try:
            return self._until_done(lambda: self.object.read(CHUNK), more)
        except ssl.SSLZeroReturnError:  # close_notify
            return b""

    def seal(self, data: bytes, more: Callable[[], bytes]) -> bytes:
        self._until_done(self.object.do_handshake, more)
        self.object.write(data)
        return self.outgoing.read()

    def _until_done(self, step: Callable[[], Result], more: Callable[[], bytes]) -> Result:
        while True:
            try:
                return step()
            except ssl.SSLWantReadError:
                if data := more():
                    self.incoming.write(data)
                else:
                    self.incoming.write_eof()


Behaviour = Callable[[Connection], None]
Answer = Callable[[bytes], bytes]


@dataclass
class Recorder:
    """What a recording server has seen so far."""

    port: int
    connections: list[Connection] = field(default_factory=list)
    open_now: int = 0
    most_open: int = 0
    faults: list[BaseException] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def requests(self) -> list[bytes]:
        """Every request, head and body, by connection in the order of their beginning."""
        return [request for connection in self.connections for request in connection.requests]

    @property
    def wire(self) -> bytes:
        """Every byte that came over the wire."""
        return b"".join(bytes(connection.wire) for connection in self.connections)

    @property
    def received(self) -> bytes:
        """Every byte that came, after TLS took it apart."""
        return b"".join(bytes(connection.received) for connection in self.connections)


@contextmanager
def recording(
    answer: Answer, https: Certificate | None = None, port: int = 0
) -> Iterator[Recorder]:
    """A server that gives each request (head and body) the bytes that ``answer`` makes of it."""
    with listening(answering(answer), https, port) as recorder:
        yield recorder


@contextmanager
def listening(
    behaviour: Behaviour, https: Certificate | None = None, port: int = 0
) -> Iterator[Recorder]:
    """A server on a loopback port that does with each connection what ``behaviour`` does.

    Raises, at its end, what ``behaviour`` raised beside errors of the connection itself.
    """
    context = _context(https) if https else None
    stopping = threading.Event()
    threads: list[threading.Thread] = []
    with socket.create_server(("127.0.0.1", port), backlog=128) as listener:
        recorder = Recorder(listener.getsockname()[1])
        words = (listener, recorder, behaviour, context, stopping, threads)
        acceptor = threading.Thread(target=_accept, args=words, daemon=True)
        acceptor.start()
        try:
            yield recorder
        finally:
            stopping.set()
            _wake(recorder.port)
            await_end(acceptor)
            for connection in recorder.connections:
                _cut(connection.peer)
            for thread in threads:
                await_end(thread)
    if recorder.faults:
        raise recorder.faults[0]


def answering(answer: Answer) -> Behaviour:
    """Read requests and answer them, until the peer or an answer ends the connection."""

    def behave(connection: Connection) -> None:
        rest = b""
        while True:
            request, rest = _request(connection, rest)
            if request is None:
                return
            connection.requests.append(request)
            given = answer(request)
            connection.send(given)
            if _is_last(given):
                return

    return behave


def response(
    status: int = 200, body: bytes = b"{}", headers: Iterable[tuple[str, str]] = ()
) -> bytes:
    """The bytes of an HTTP/1.1 response with its length; the headers go out as they are."""
    lines = [f"{name}: {value}" for name, value in headers]
    head = [f"HTTP/1.1 {status} Status", *lines, f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(head).encode("latin-1") + body


def _request(connection: Connection, rest: bytes) -> tuple[bytes | None, bytes]:
    """The next request and what came after it; None at the end of the connection."""
    data = rest
    while b"\r\n\r\n" not in data:
        more = connection.receive()
        if not more:
            return None, data
        data += more
    end = data.index(b"\r\n\r\n") + 4 + _content_length(data)
    while len(data) < end:
        more = connection.receive()
        if not more:
            return None, data
        data += more
    return data[:end], data[end:]


def _content_length(head: bytes) -> int:
    for line in head.partition(b"\r\n\r\n")[0].split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


def _is_last(answer: bytes) -> bool:
    """True if only the end of the connection ends this response (RFC 9112, section 6.3)."""
    head = answer.partition(b"\r\n\r\n")[0].lower()
    return b"connection: close" in head or b"content-length:" not in head


def _context(certificate: Certificate) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.chain, certificate.key)
    return context


def _accept(
    listener: socket.socket,
    recorder: Recorder,
    behaviour: Behaviour,
    context: ssl.SSLContext | None,
    stopping: threading.Event,
    threads: list[threading.Thread],
) -> None:
    while True:
        peer, _ = listener.accept()
        if stopping.is_set():
            peer.close()
            return
        connection = Connection(peer, _Tls(context) if context else None, stopping)
        with recorder.lock:
            recorder.connections.append(connection)
            recorder.open_now += 1
            recorder.most_open = max(recorder.most_open, recorder.open_now)
        words = (recorder, behaviour, connection)
        thread = threading.Thread(target=_serve, args=words, daemon=True)
        threads.append(thread)
        thread.start()


def _serve(recorder: Recorder, behaviour: Behaviour, connection: Connection) -> None:
    try:
        behaviour(connection)
    except OSError as error:  # the peer's doing, ssl.SSLError among it
        connection.ended_by = repr(error)
    except BaseException as error:  # the test's own fault: raised in the test's thread
        recorder.faults.append(error)
    finally:
        connection.peer.close()
        with recorder.lock:
            recorder.open_now -= 1


def _cut(peer: socket.socket) -> None:
    try:
        peer.shutdown(socket.SHUT_RDWR)
    except OSError:  # closed already
        return


def _wake(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), PATIENCE_S):
        pass
