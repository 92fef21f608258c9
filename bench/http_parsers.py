"""h11 beside httptools: microseconds of CPU to parse one answer (`pip install httptools` first)."""

from __future__ import annotations

import time

import h11

ANSWER = (
    b"HTTP/1.1 200 OK\r\nServer: nginx\r\nDate: Mon, 23 Nov 2026 18:00:00 GMT\r\n"
    b"Content-Type: application/json\r\nContent-Length: 925\r\nConnection: keep-alive\r\n"
    b"Set-Cookie: a=1; Path=/\r\nSet-Cookie: b=2; Path=/; HttpOnly\r\n"
    b"Strict-Transport-Security: max-age=31536000\r\n\r\n" + b"x" * 925
)
ROUNDS = 5000


def with_h11() -> None:
    """One request built and one answer parsed."""
    connection = h11.Connection(h11.CLIENT)
    connection.send(h11.Request(method="GET", target="/", headers=[("Host", "api.example.com")]))
    connection.send(h11.EndOfMessage())
    connection.receive_data(ANSWER)
    while not isinstance(connection.next_event(), h11.EndOfMessage):
        pass


class _Sink:
    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header."""

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body."""


def with_httptools() -> None:
    """One answer parsed."""
    import httptools

    httptools.HttpResponseParser(_Sink()).feed_data(ANSWER)


def main() -> None:
    """Print the table."""
    times = {}
    for work in (with_h11, with_httptools):
        try:
            work()
        except ImportError:
            print(f"{work.__name__}: not installed")
            continue
        start = time.process_time()
        for _ in range(ROUNDS):
            work()
        times[work.__name__] = (time.process_time() - start) / ROUNDS * 1e6
        print(f"{work.__name__}: {times[work.__name__]:.1f} µs an answer")
    if len(times) == 2:
        print(f"ratio: {times['with_h11'] / times['with_httptools']:.1f}")


if __name__ == "__main__":
    main()
