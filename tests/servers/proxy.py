"""A forward proxy that finds every name on loopback: where what goes through a proxy is seen.

`CONNECT` (RFC 9110, section 9.3.6) and requests in absolute-form (RFC 9112, section 3.2.2).
"""

import re
import socket
import threading

from bounded import PATIENCE_S, await_end

from .recording import CHUNK, Connection, response

_PORT = re.compile(rb"^(?:CONNECT |[A-Z]+ http://)[^/ ]+:(\d+)[/ ]")


def forwarding(connection: Connection) -> None:
    """Pass one connection on to the port it asks for, the head among its ``requests``."""
    head = b""
    while b"\r\n\r\n" not in head:
        more = connection.receive()
        if not more:
            return
        head += more
    connection.requests.append(head)
    match = _PORT.match(head)
    if match is None:
        connection.send(response(400, b"not for a proxy"))
        return
    with socket.create_connection(("127.0.0.1", int(match[1])), PATIENCE_S) as target:
        if head.startswith(b"CONNECT "):
            connection.send(b"HTTP/1.1 200 Connected\r\n\r\n")
        else:
            target.sendall(head)
        back = threading.Thread(target=_relay, args=(target, connection.peer), daemon=True)
        back.start()
        _relay(connection.peer, target)
        await_end(back)


def _relay(source: socket.socket, sink: socket.socket) -> None:
    """Pass bytes on until one side ends, and then end the other."""
    try:
        while data := source.recv(CHUNK):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:  # either side's doing
        for each in (source, sink):
            _cut(each)


def _cut(peer: socket.socket) -> None:
    try:
        peer.shutdown(socket.SHUT_RDWR)
    except OSError:
        return
