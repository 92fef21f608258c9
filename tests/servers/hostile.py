"""What a hostile or broken server does with a connection: one small function each.

They are for `servers.recording.listening`, in cleartext and over TLS.
"""

import struct
import zlib
from functools import cache
from itertools import count

from .recording import Behaviour, Connection, answering, response

MEGABYTE = 1 << 20
OK = b"HTTP/1.1 200 OK\r\n"


def never_answers(connection: Connection) -> None:
    """Takes what comes, until the peer gives up."""
    while connection.receive():
        pass


def answers_a_byte_a_second(connection: Connection) -> None:
    connection.receive()
    for byte in response(body=b"{}" * 500):
        connection.send(bytes([byte]))
        if connection.stopping.wait(1.0):
            return


def closes_at_once(connection: Connection) -> None:
    connection.receive()


def resets(connection: Connection) -> None:
    connection.receive()
    connection.reset()


def resets_in_the_body(connection: Connection) -> None:
    connection.receive()
    connection.send(OK + b"Content-Length: 1000\r\n\r\nten bytes.")
    connection.reset()


def ends_in_the_body(connection: Connection) -> None:
    connection.receive()
    connection.send(OK + b"Content-Length: 1000\r\n\r\nten bytes.")


def sends_garbage(connection: Connection) -> None:
    connection.receive()
    connection.send(bytes(range(255, -1, -1)) * 16)


def endless_header(connection: Connection) -> None:
    """One header line without end."""
    connection.receive()
    connection.send(OK + b"X-Endless: ")
    while not connection.stopping.is_set():
        connection.send(b"a" * 65536)


def endless_headers(connection: Connection) -> None:
    """Header lines without end, each of them fine."""
    connection.receive()
    connection.send(OK)
    for number in count():
        connection.send(b"".join(b"X-%d-%d: a\r\n" % (number, line) for line in range(1000)))
        if connection.stopping.is_set():
            return


def endless_interim_responses(connection: Connection) -> None:
    """100 Continue for ever (RFC 9110, section 15.2: a client takes any number of them)."""
    connection.receive()
    while not connection.stopping.is_set():
        connection.send(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000)


def endless_body(connection: Connection) -> None:
    connection.receive()
    connection.send(OK + b"Content-Type: text/html\r\n\r\n")
    while not connection.stopping.is_set():
        connection.send(b"<a href='http://example.test/'>" * 2000)


def endless_chunks(connection: Connection) -> None:
    connection.receive()
    connection.send(OK + b"Transfer-Encoding: chunked\r\n\r\n")
    while not connection.stopping.is_set():
        connection.send(b"1\r\na\r\n" * 10000)


def json_of_empty_lists(connection: Connection) -> None:
    """`[[],[],…` without end: as values, 24 times its size."""
    connection.receive()
    connection.send(OK + b"Content-Type: application/json\r\n\r\n[")
    while not connection.stopping.is_set():
        connection.send(b"[]," * 20000)


def header_of_16_megabytes(connection: Connection) -> None:
    connection.receive()
    connection.send(OK + b"X-Large: ")
    for _ in range(16):
        connection.send(b"a" * MEGABYTE)
    connection.send(b"\r\nContent-Length: 2\r\n\r\n{}")


def _redirect(request: bytes) -> bytes:
    target = [*request.split(b" "), b"/"][1].decode("latin-1")
    return response(302, b"", [("Location", "/b" if target == "/a" else "/a")])


redirect_loop: Behaviour = answering(_redirect)


@cache
def bomb(megabytes: int) -> bytes:
    """Zeros, as many megabytes, in gzip (RFC 1952): about a thousandth of it, made in no time.

    A full flush makes each block independent of those before, so that one block can be repeated.
    """
    packer = zlib.compressobj(9, wbits=-15)
    block = packer.compress(bytes(MEGABYTE)) + packer.flush(zlib.Z_FULL_FLUSH)
    checksum = 0
    for _ in range(megabytes):
        checksum = zlib.crc32(bytes(MEGABYTE), checksum)
    head = b"\x1f\x8b\x08\x00" + bytes(4) + b"\x02\xff"
    last_block = b"\x03\x00"
    return head + block * megabytes + last_block + struct.pack("<II", checksum, megabytes << 20)


def _bomb(_: bytes) -> bytes:
    kind = [("Content-Type", "text/html"), ("Content-Encoding", "gzip")]
    return response(200, bomb(64), kind)


gzip_bomb: Behaviour = answering(_bomb)


@cache
def _long_description() -> bytes:
    """An OpenAPI document of 15 megabytes: as values, ten times its size."""
    head = b'{"openapi": "3.0.0", "info": {}, "paths": {"/a": {"get": {}}}, "x": ['
    value = b'{"a": "bbbbbbbbbbbbb"}, '
    return head + value * (15 * MEGABYTE // len(value)) + b"0]}"


def _described(request: bytes) -> bytes:
    is_described = request.startswith(b"GET /openapi.json ")
    body = _long_description() if is_described else b"{}"
    return response(200 if is_described or b" / " in request[:8] else 404, body)


long_description: Behaviour = answering(_described)

invalid_utf8: Behaviour = answering(
    lambda _: response(
        200,
        b'<a href="\xff\xfe\xc0\x80http://\xed\xa0\x80/">\xf5</a>',
        [("Content-Type", "text/html; charset=utf-8"), ("X-\xe9", "\xff\xfe\xc0\x80")],
    )
)

# What would move a cursor, set a title, forge a workflow command, break a table or end a tag.
TRICKS = "\x1b[2J\x1b]0;owned\x07\x9b31m\x08\x7f | `x` ::error::owned <script>alert(1)</script>"

control_characters: Behaviour = answering(
    lambda _: response(
        200,
        f"<html><title>{TRICKS}</title><a href='http://{TRICKS}/'>".encode("latin-1"),
        [
            ("Content-Type", f"text/html{TRICKS}"),
            ("Server", TRICKS),
            ("Strict-Transport-Security", f"max-age=1{TRICKS}"),
            ("Set-Cookie", f"session{TRICKS}=value; Path=/{TRICKS}"),
            ("X-Null", "a\x00b"),
            ("X-Bare-CR", "a\rSet-Cookie: forged=1"),
        ],
    )
)

invalid_utf8_in_the_body: Behaviour = answering(
    lambda _: response(
        200,
        b'<a href="\xff\xfe\xc0\x80http://\xed\xa0\x80/">\xf5</a>',
        [("Content-Type", "text/html; charset=utf-8"), ("Server", "\xff\xfe\xc0\x80")],
    )
)

# Controls that a parser of header values lets through (all but NUL, CR and LF).
escape_characters: Behaviour = answering(
    lambda _: response(
        200,
        f"<html><title>{TRICKS}</title><a href='http://{TRICKS}/'>".encode("latin-1"),
        [
            ("Content-Type", "text/html"),
            ("Server", TRICKS),
            ("Strict-Transport-Security", f"max-age=1; {TRICKS}"),
            ("Set-Cookie", f"session{TRICKS}=value; SameSite={TRICKS}; Path=/"),
        ],
    )
)

BEHAVIOURS: dict[str, Behaviour] = {
    "never answers": never_answers,
    "answers a byte a second": answers_a_byte_a_second,
    "closes at once": closes_at_once,
    "resets": resets,
    "resets in the body": resets_in_the_body,
    "ends in the body": ends_in_the_body,
    "sends garbage": sends_garbage,
    "endless header": endless_header,
    "endless headers": endless_headers,
    "endless interim responses": endless_interim_responses,
    "endless body": endless_body,
    "endless chunks": endless_chunks,
    "JSON of empty lists": json_of_empty_lists,
    "a long API description": long_description,
    "header of 16 megabytes": header_of_16_megabytes,
    "redirect loop": redirect_loop,
    "gzip bomb": gzip_bomb,
    "invalid UTF-8": invalid_utf8,
    "invalid UTF-8 in the body": invalid_utf8_in_the_body,
    "control characters": control_characters,
    "escape characters": escape_characters,
}
