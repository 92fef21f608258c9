"""Opens connections to one target, and remembers what that told: addresses, ports, chains."""

from __future__ import annotations

import errno
import ssl

from plainwire.live import dial
from plainwire.live.lane import Connection
from plainwire.live.once import Once
from plainwire.live.settings import Settings
from plainwire.live.trace import Trace
from plainwire.model import Origin, Target, TargetError

# What connect fails with for a lack on this side: it says nothing of the target.
OURS = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EADDRNOTAVAIL, errno.EAGAIN)

HTTP2_ONLY = "not asked: it speaks HTTP/2 only (ALPN tells), which is not spoken here"


class NoListenerError(TargetError):
    """Nobody listens: an answer."""


class NotSentError(TargetError):
    """A question never left, for a reason on this side: it says nothing of the target."""


class Connector:
    """The way to one target's ports, directly or through the environment's proxy."""

    def __init__(self, target: Target, settings: Settings, trace: Trace, once: Once) -> None:
        self._target = target
        self._settings = settings
        self._trace = trace
        self._once = once
        self.connections = 0
        self._http2_only: set[Origin] = set()
        self._is_up: dict[int, bool] = {}
        self._why_down: dict[int, str] = {}
        self._chains: dict[Origin, tuple[bytes, ...]] = {}

    async def address(self) -> str:
        """The IP address that is asked: the first of the name that accepts, looked up once.

        It is the name itself where only the environment's proxy finds it.

        Raises:
            TargetError: if it has none.
        """
        if self._target.address is not None:
            return self._target.address
        origins = (*self._target.https, *self._target.http)
        found: str = await self._once.ask("address", lambda: dial.address(origins, self._settings))
        return found

    async def proxy(self, origin: Origin) -> str | None:
        """The environment's proxy for an origin. Returns None if it is asked directly."""
        return dial.proxy_for(origin, await self.address(), self._settings)

    def is_closed(self, origin: Origin) -> bool:
        """True if it was seen that nobody listens on the origin's port."""
        return self._is_up.get(origin.port) is False

    def served_chain(self, origin: Origin) -> tuple[bytes, ...] | None:
        """The chain that an https exchange with the origin showed, leaf first, as DER."""
        return self._chains.get(origin)

    async def connect(self, origin: Origin, context: ssl.SSLContext | None) -> Connection:
        """A new connection to the origin, with TLS if a context is given.

        Raises:
            NoListenerError: if nobody listens there, or not with TLS.
            TargetError: if it cannot be opened otherwise.
        """
        if context is not None and origin in self._http2_only:
            raise NotSentError(HTTP2_ONLY)
        connection = await self.tcp(origin)
        if context is None:
            return connection
        self._trace.handshake(origin)
        try:
            connection = await dial.start_tls(connection, context, origin.host, self._settings)
        except ssl.SSLCertVerificationError as error:
            raise NotSentError(
                f"not sent: the certificate did not verify ({error.verify_message}) and a "
                "given credential leaves only over verified TLS"
            ) from None
        except dial.NotTlsError as error:
            raise NoListenerError(str(error)) from None
        except dial.NoHttp1Error as error:
            is_http2 = await self._once.ask(("http2", origin), lambda: self._takes_http2(origin))
            if not is_http2:
                raise TargetError(f"TLS handshake failed: {error}") from None
            self._http2_only.add(origin)
            raise NotSentError(HTTP2_ONLY) from None
        self._chains.setdefault(origin, connection.chain)
        return connection

    async def _takes_http2(self, origin: Origin) -> bool:
        """True if the origin's TLS chooses HTTP/2 where that alone is offered (RFC 7301)."""
        connection = await self.tcp(origin)
        try:
            context = dial.http2_context()
            connection = await dial.start_tls(connection, context, origin.host, self._settings)
            tls = connection.writer.get_extra_info("ssl_object")
            return bool(tls.selected_alpn_protocol() == "h2")
        except (TargetError, dial.NotTlsError):
            return False
        finally:
            connection.abort()

    async def tcp(self, origin: Origin, *, is_tls: bool = False) -> Connection:
        """A connection that carries TLS (through a proxy: by CONNECT) or plain HTTP.

        Raises:
            NoListenerError: if nobody listens there.
            TargetError: if it cannot be opened otherwise.
        """
        if is_tls:
            origin = Origin("https", origin.host, origin.port)
        address, proxy = await self.address(), await self.proxy(origin)
        if proxy is not None:
            connection = await dial.through_proxy(proxy, origin, self._settings)
            self.connections += 1
            return connection
        if self.is_closed(origin):
            raise NoListenerError(self._why_down.get(origin.port, "nobody listens"))
        for _ in range(2):
            try:
                connection = await dial.tcp(address, origin.port, self._settings)
            except TimeoutError:
                continue
            except OSError as error:
                if error.errno in OURS:
                    raise NotSentError(f"this machine cannot connect: {_in_words(error)}") from None
                if self._is_up.get(origin.port):
                    raise TargetError(f"{_in_words(error)}, though it had listened") from None
                self._is_up[origin.port] = False
                self._why_down[origin.port] = _in_words(error)
                raise NoListenerError(_in_words(error)) from None
            self._is_up[origin.port] = True
            self.connections += 1
            return connection
        if any(self._is_up.values()) and not self._is_up.get(origin.port):
            self._is_up[origin.port] = False
            raise NoListenerError("no answer to SYN in two tries, while another port answers")
        raise TargetError(
            f"no answer to SYN in two tries of {self._settings.connect_timeout_s:g} s"
        )


def _in_words(error: OSError) -> str:
    match error:
        case ConnectionRefusedError():
            return "connection refused"
        case _:
            return (error.strerror or str(error) or type(error).__name__).lower()
