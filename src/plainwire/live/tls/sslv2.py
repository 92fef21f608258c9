"""Whether a listener speaks SSLv2, and with which suites: one hello tells all.

SSLv2 is **refused** by an ERROR message, by a record of TLS or another protocol, or by an end
without a word, which is how most servers meet it; such an end counts if it comes again, alone,
while a hello known to be good is answered. Silence says nothing.
"""

from __future__ import annotations

import asyncio
import secrets

from plainwire.live.tls.asker import Asker, Unknown
from plainwire.live.tls.connections import READ_SIZE
from plainwire.model import WireError
from plainwire.wire.answer import NoAnswer
from plainwire.wire.sslv2 import Error2, Other2, ServerHello2, client_hello_2, read_answer
from plainwire.wire.verdict import is_drop

# A server that does not know SSLv2 ends at once; one that says nothing is waited for this long.
PATIENCE_S = 5.0
MAX_ANSWER = 32 * 1024 + 3
Answer = ServerHello2 | Error2 | Other2 | NoAnswer


async def ask_sslv2(asker: Asker) -> ServerHello2 | Unknown | None:
    """The SERVER-HELLO; None if SSLv2 is refused. Never raises for a peer."""
    recovered = asker.recoveries
    answer = await _ask(asker)
    if isinstance(answer, NoAnswer):
        answer = await _ask(asker, is_alone=True)
    while isinstance(answer, NoAnswer):
        if is_drop(answer) and await asker.is_well():
            return None
        if not await asker.recovers(answer, recovered):
            return Unknown(answer.reason)
        recovered = asker.recoveries
        answer = await _ask(asker, is_alone=True)
    return answer if isinstance(answer, ServerHello2) and answer.suites else None


async def _ask(asker: Asker, *, is_alone: bool = False) -> Answer:
    found: Answer = NoAnswer("unreachable", "no connection")

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> NoAnswer | None:
        nonlocal found
        writer.write(client_hello_2(secrets.token_bytes(16)))
        found = await _read(asker, reader)
        return None  # an end or silence is no sign of strain here

    fault = await asker.talk(talk, is_alone=is_alone)
    return fault or found


async def _read(asker: Asker, reader: asyncio.StreamReader) -> Answer:
    data, timeout_s = b"", min(PATIENCE_S, asker.connections.timeout_s)
    try:
        async with asyncio.timeout(timeout_s):
            while len(data) <= MAX_ANSWER and (part := await reader.read(READ_SIZE)):
                asker.gate.heard()
                data += part
                if (answer := read_answer(data)) is not None:
                    return answer
    except TimeoutError:
        return NoAnswer("silent", f"no answer within {timeout_s:g} s")
    except WireError as error:
        return NoAnswer("garbage", str(error))
    except ConnectionError:
        return NoAnswer("reset", "reset the connection without an alert")
    if data:
        return NoAnswer("cut off", "closed inside a message")
    return NoAnswer("closed", "closed without an alert")
