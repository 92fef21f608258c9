"""Has the dialogue that leads to TLS on an open connection."""

from __future__ import annotations

import asyncio

from plainwire.live.lane import Connection
from plainwire.model import TargetError, WireError
from plainwire.wire.starttls import Dialogue, Protocol, RefusedError


class NoStarttlsError(TargetError):
    """The server will not have TLS there: an answer."""


async def begin(connection: Connection, protocol: Protocol, host: str, timeout_s: float) -> None:
    """Talk until TLS may begin on the connection; ``timeout_s`` is for the whole dialogue.

    Raises:
        NoStarttlsError: if the server says that it will not have TLS.
        TargetError: if it breaks off, breaks its protocol, or says something in clear behind its
            go-ahead, which a careless client would read as if it had come through TLS.
    """
    if protocol.script is None:
        return
    dialogue = Dialogue(protocol.script(host))
    try:
        async with asyncio.timeout(timeout_s):
            connection.writer.write(dialogue.begin())
            while not dialogue.is_done:
                data = await connection.reader.read(4096)
                if not data:
                    raise TargetError(f"{protocol.name}: closed before TLS")
                connection.writer.write(dialogue.feed(data))
    except TimeoutError:
        raise TargetError(f"{protocol.name}: no answer within {timeout_s:g} s") from None
    except RefusedError as error:
        raise NoStarttlsError(f"{protocol.name}: {error}") from None
    except WireError as error:
        raise TargetError(f"{protocol.name}: {error}") from None
    if dialogue.rest:
        shown = repr(dialogue.rest[:40].decode("ascii", "replace"))
        raise TargetError(
            f"{protocol.name}: {len(dialogue.rest)} bytes in clear behind the go-ahead: {shown}"
        )
