"""A blocking connection around a handshake that does no I/O."""

import contextlib
import socket


def talk(port, handshake, *, cut=65536, closes=True):
    """The result of a whole connection; ``cut`` is how many bytes the handshake gets at once."""
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        connection.sendall(handshake.start())
        has_closed = False
        try:
            while not handshake.is_over and (data := connection.recv(65536)):
                for start in range(0, len(data), cut):
                    connection.sendall(handshake.receive(data[start : start + cut]))
                if handshake.result.is_finished and closes and not has_closed:
                    has_closed = True
                    with contextlib.suppress(OSError):
                        connection.sendall(handshake.close())
        except ConnectionError:
            return handshake.end(is_reset=True)
    return handshake.end()
