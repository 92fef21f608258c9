"""Whether a server asks its clients for a certificate, and whether it does without one.

In TLS 1.3 we answer with none, and an alert says that one is required; older versions: see
`features_12`. nginx (``ssl_verify_client on``) and what is built on it finish the handshake all the
same, and refuse the first request (ngx_http_special_response.c, its own status 496). So where a
server asks for a certificate, goes on without, and takes HTTP by ALPN, it is asked for ``/`` once.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from plainwire.live.tls.asker import Asker, Refusal, Unknown
from plainwire.live.tls.client_12 import client_12, completable
from plainwire.live.tls.client_13 import Client13
from plainwire.live.tls.handshakes import settled
from plainwire.model import Gap
from plainwire.policy.versions import Version

if TYPE_CHECKING:
    from plainwire.live.tls.seen import Seen
    from plainwire.wire.handshake.connection import Connection

CERTIFICATE = "client_certificate"
# Where versions differ, the stricter one counts.
STRICTNESS = ("none", "optional", "required")
MAX_AUTHORITIES = 200
HTTP = "http/1.1"
KIND = "requests without a client certificate"
QUESTION = "does it serve a client without a certificate?"
REFUSED = b"No required SSL certificate was sent"


def client_certificates(seen: Seen) -> dict[str, Any]:
    """Whether a client is asked for a certificate, and by which names of CAs.

    What was asked of by itself is in it, too; the strictest answer is the server's.
    """
    whole = [result for result in seen.handshakes if not result.is_resumed]
    asking = [result for result in whole if result.certificate_request]
    done = [flight for flight in seen.flights if flight.is_done and flight.certificates]
    requests = [flight.certificate_request for flight in done if flight.certificate_request]
    requests += [result.certificate_request for result in asking if result.certificate_request]
    found: dict[str, Any] = {}
    words = [seen.features[CERTIFICATE]] if CERTIFICATE in seen.features else []
    if requests:
        names = {name for request in requests for name in request.authorities}
        found[f"{CERTIFICATE}_authorities"] = authorities(names)
    elif whole or done:
        words.append("none")
    if any(result.alert for result in asking):
        words.append("required")
    elif any(result.broken_off is None for result in asking):
        words.append("optional")
    return found | ({CERTIFICATE: max(words, key=STRICTNESS.index)} if words else {})


def authorities(names: Iterable[bytes]) -> tuple[str, ...]:
    """Names of CAs (DER) in RFC 4514's text, sorted, at most `MAX_AUTHORITIES`."""
    from plainwire.wire.certificate import name_text

    return tuple(sorted(name_text(name) for name in sorted(names)[:MAX_AUTHORITIES]))


async def ask_over_http(asker: Asker, server_name: str | None, seen: Seen) -> None:
    """Ask nginx whether it requires the certificate that its handshake left optional."""
    word = client_certificates(seen).get(CERTIFICATE)
    if word != "optional" or HTTP not in seen.features.get("alpn", ()):
        return
    request = _Request(f"GET / HTTP/1.0\r\nHost: {server_name or 'localhost'}\r\n\r\n".encode())
    newest = seen.accepted()[0]
    if newest is Version.TLS_1_3:
        client = Client13.of(asker, server_name, seen)
        answer: object = await client.ask(KIND, protocols=(HTTP,), after=request)
    else:
        suites = completable([f.hello.suite for f in seen.flights if f.hello.version == newest])
        make = client_12(server_name, newest, suites, protocols=(HTTP,))
        answer = await settled(asker, make, KIND, after=request)
    if isinstance(answer, Refusal | Unknown):
        why = answer.words if isinstance(answer, Refusal) else answer.reason
        seen.gaps.append(Gap("features", QUESTION, why))
    elif REFUSED in request.heard:
        seen.features[CERTIFICATE] = "required"


class _Request:
    """Sends one request when the handshake is finished, and waits for what nginx would say."""

    def __init__(self, request: bytes) -> None:
        self._request = request
        self._connection: Connection[Any] | None = None

    @property
    def heard(self) -> bytes:
        return self._connection.heard if self._connection else b""

    def __call__(self, connection: Connection[Any]) -> bytes | None:
        if self._connection is not connection:
            self._connection = connection
            return connection.say(self._request)
        is_refusal = not self.heard or self.heard[8:12] in (b" 400", b" 496")
        return b"" if is_refusal and REFUSED not in self.heard else None
