"""Opening connections: names to addresses, TCP, proxies from the environment, TLS."""

from __future__ import annotations

import asyncio
import base64
import ipaddress
import re
import socket
import ssl
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from plainwire.live.lane import Connection, HeardReader
from plainwire.live.settings import Settings
from plainwire.model import Origin, TargetError, UsageError

STREAM_LIMIT = 256 * 1024
PROXY_HEAD_LIMIT = 16 * 1024
MAX_TRIED = 4  # addresses of a name
PROXY_PORT = 1080  # of a proxy without one, as for curl


class ResolveError(TargetError):
    """The host has no address."""


class ProxyError(TargetError):
    """The environment's proxy failed: never an answer of the target."""


class NotTlsError(TargetError):
    """The port answered, in something else than TLS."""


class CertificateWantedError(TargetError):
    """The server refused at once a client that showed no certificate (RFC 8446, section 6.2)."""


class HandshakeRefusedError(TargetError):
    """The server refused the handshake by an alert that a missing certificate may have, too: TLS
    1.2 has none of its own for that (RFC 5246, section 7.4.6)."""


class NoHttp1Error(TargetError):
    """The port refuses TLS that offers HTTP/1.1 alone by ALPN (RFC 7301, section 3.2)."""


async def addresses(host: str, settings: Settings) -> tuple[str, ...]:
    """The IP addresses of a host, the one of ``--resolve`` alone if there is one.

    Raises:
        ResolveError: if there is none.
    """
    pinned = settings.resolve.get(host.lower())
    if pinned is not None:
        return (pinned,)
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(settings.connect_timeout_s):
            found = await loop.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except TimeoutError:
        raise ResolveError(f"no answer for the name {host} in time") from None
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or error
        raise ResolveError(f"no address for {host}: {why}") from None
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


async def address(origins: Sequence[Origin], settings: Settings) -> str:
    """The first address of the origins' one host that accepts a connection to a port of theirs.

    It is the first of all where none does, and the name itself where only a proxy finds it.

    Raises:
        ResolveError: if there is none, and not everything goes through the environment's proxy.
    """
    host = origins[0].host
    try:
        found = await addresses(host, settings)
    except ResolveError:
        if all(proxy_for(origin, "", settings) for origin in origins):
            return host
        raise
    if len(found) == 1 or any(proxy_for(origin, found[0], settings) for origin in origins):
        return found[0]
    # As clients do (RFC 8305): localhost is ::1 first, and Flask listens on 127.0.0.1.
    for each in found[:MAX_TRIED]:
        for port in dict.fromkeys(origin.port for origin in origins):
            try:
                (await tcp(each, port, settings)).abort()
            except (OSError, TimeoutError):
                continue
            return each
    return found[0]


def is_loopback(address: str) -> bool:
    """True for 127.0.0.0/8 and ::1, also when mapped into IPv6."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(parsed, "ipv4_mapped", None)
    return (mapped or parsed).is_loopback


def proxy_for(origin: Origin, address: str, settings: Settings) -> str | None:
    """The environment's proxy for an origin, or None: never for loopback or a pinned name."""
    if is_loopback(address) or origin.host.lower() in settings.resolve:
        return None
    if _is_exempt(origin.host, settings.no_proxy):
        return None
    return settings.proxies.get(origin.scheme) or settings.proxies.get("all")


def _is_exempt(host: str, no_proxy: str) -> bool:
    for word in (w.strip().lower().lstrip(".") for w in no_proxy.split(",")):
        if word == "*" or (word and (host == word or host.endswith("." + word))):
            return True
        if "/" in word and _is_within(host, word):
            return True
    return False


def _is_within(host: str, network: str) -> bool:
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False


def proxies_from(environment: Mapping[str, str]) -> tuple[dict[str, str], str]:
    """The proxies and the exemptions that an environment names, as curl reads them.

    ``HTTP_PROXY`` in capitals is not read: a CGI request can set it.
    """
    found = {}
    for scheme in ("http", "https", "all"):
        names = (
            (f"{scheme}_proxy",)
            if scheme == "http"
            else (f"{scheme}_proxy", f"{scheme}_PROXY".upper())
        )
        value = next((environment[n] for n in names if environment.get(n)), None)
        if value:
            found[scheme] = value
    return found, environment.get("no_proxy") or environment.get("NO_PROXY") or ""


async def tcp(host: str, port: int, settings: Settings) -> Connection:
    """A TCP connection to an address; nothing is sent.

    Raises:
        OSError: if it is refused or unreachable.
        TimeoutError: if the SYN is not answered in ``settings.connect_timeout_s``.
    """
    loop = asyncio.get_running_loop()
    reader = HeardReader(limit=STREAM_LIMIT)
    async with asyncio.timeout(settings.connect_timeout_s):
        transport, protocol = await loop.create_connection(
            lambda: asyncio.StreamReaderProtocol(reader), host, port
        )
    writer = asyncio.StreamWriter(transport, protocol, reader, loop)
    peer = writer.get_extra_info("peername")
    return Connection(reader, writer, str(peer[0]) if peer else host)


async def through_proxy(proxy: str, origin: Origin, settings: Settings) -> Connection:
    """A tunnel to ``origin`` by CONNECT (RFC 9110, section 9.3.6).

    Raises:
        ProxyError: if the proxy cannot be reached, speaks no HTTP, or refuses.
    """
    parts = _parts(proxy)
    if parts.scheme not in ("http", "") or not parts.hostname:
        raise ProxyError(f"proxy {parts.scheme}://{parts.hostname} is not an http proxy")
    try:
        connection = await tcp(parts.hostname, parts.port or PROXY_PORT, settings)
    except (OSError, TimeoutError) as error:
        raise ProxyError(
            f"proxy {parts.hostname} cannot be reached: {error or 'timed out'}"
        ) from None
    if origin.scheme == "http":
        return connection
    authority = f"[{origin.host}]" if ":" in origin.host else origin.host
    lines = [f"CONNECT {authority}:{origin.port} HTTP/1.1", f"Host: {authority}:{origin.port}"]
    lines += [f"{name}: {value}" for name, value in proxy_headers(proxy)]
    connection.writer.write(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
    try:
        async with asyncio.timeout(settings.answer_timeout_s):
            head = await connection.reader.readuntil(b"\r\n\r\n")
    except (TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError):
        connection.abort()
        raise ProxyError(f"proxy {parts.hostname} did not answer CONNECT") from None
    status = head.split(b" ", 2)[1:2]
    if not status or not status[0].startswith(b"2"):
        connection.abort()
        code = status[0].decode("latin-1")[:3] if status else "nothing"
        raise ProxyError(f"proxy {parts.hostname} answered CONNECT with {code}")
    return connection


def proxy_headers(proxy: str) -> tuple[tuple[str, str], ...]:
    """The Proxy-Authorization header of a proxy URL with user information, else nothing."""
    parts = _parts(proxy)
    if parts.username is None:
        return ()
    pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
    return (("Proxy-Authorization", "Basic " + base64.b64encode(pair).decode()),)


def _parts(proxy: str) -> SplitResult:
    """The parts of a proxy's address; it is not repeated where it is none, as it may hold a login.

    Raises:
        ProxyError: if it is no URL, nor a host with a port.
    """
    try:
        parts = urlsplit(proxy if "//" in proxy else f"http://{proxy}")
        if parts.port is not None and not parts.port:
            raise ValueError
    except ValueError:
        raise ProxyError("the address of the environment's proxy is no URL") from None
    return parts


def show(context: ssl.SSLContext, certificate: Path, key: Path | None) -> None:
    """Let a context show a client certificate. Nobody is asked for a password.

    Raises:
        TargetError: if the files cannot be read, do not belong together, or need a password.
    """
    has_asked: list[bool] = []

    def refuse() -> str:
        has_asked.append(True)
        return ""

    try:
        context.load_cert_chain(certificate, key, refuse)
    except (OSError, ssl.SSLError, ValueError) as error:
        name = f"client certificate {certificate.name}"
        if has_asked:
            why = "its key needs a password: give one without, in a file that only you can read"
        else:
            why = getattr(error, "strerror", None) or "not a certificate with its key"
            why = why if "[SSL" not in why else "not a certificate with its key"
        raise TargetError(f"{name}: {why}") from None


def observing_context() -> ssl.SSLContext:
    """A TLS client context that accepts whatever the local OpenSSL can speak, to read it.

    It verifies nothing: no given credential may be sent over it.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.options |= getattr(ssl, "OP_LEGACY_SERVER_CONNECT", 0x4)
    context.set_alpn_protocols(["http/1.1"])
    return context


def http2_context() -> ssl.SSLContext:
    """A context as `observing_context`, that offers HTTP/2 alone."""
    context = observing_context()
    context.set_alpn_protocols(["h2"])
    return context


def verifying_context(ca_file: Path | None) -> ssl.SSLContext:
    """A TLS client context for given credentials: names and trust verified by OpenSSL.

    Trusted are the system's store, Mozilla's roots and ``ca_file``.

    Raises:
        UsageError: if ``ca_file`` cannot be read.
    """
    import certifi

    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    context.set_alpn_protocols(["http/1.1"])
    if ca_file is not None:
        try:
            context.load_verify_locations(ca_file)
        except (OSError, ssl.SSLError) as error:
            raise UsageError(f"--ca {ca_file}: {error}") from None
    return context


def refusal(reason: str) -> type[TargetError]:
    """The error for TLS that ended by a fault: one of its own where it may be for a certificate."""
    if "certificate required" in reason:
        return CertificateWantedError
    if "alert handshake failure" in reason or "alert bad certificate" in reason:
        return HandshakeRefusedError
    return TargetError


async def start_tls(
    connection: Connection, context: ssl.SSLContext, host: str, settings: Settings
) -> Connection:
    """The connection after a TLS handshake, with the chain that the peer served.

    Raises:
        NotTlsError: if the peer answered in something else than TLS.
        ssl.SSLCertVerificationError: if ``context`` verifies and the certificate does not.
        TargetError: if the handshake failed otherwise.
    """
    try:
        await connection.writer.start_tls(
            context,
            server_hostname=host,
            ssl_handshake_timeout=settings.answer_timeout_s,
        )
    except ssl.SSLCertVerificationError:
        connection.abort()
        raise
    except ssl.SSLError as error:
        connection.abort()
        reason = _reason(error)
        if "no application protocol" in reason:
            raise NoHttp1Error("its TLS refuses HTTP/1.1 (ALPN)") from None
        if (
            "wrong version number" in reason
            or "http request" in reason
            or "packet length" in reason
        ):
            raise NotTlsError("the port does not speak TLS") from None
        raise refusal(reason)(f"TLS handshake failed: {reason}") from None
    except (ConnectionError, TimeoutError, OSError) as error:
        connection.abort()
        why = getattr(error, "strerror", None) or error or "timed out"
        raise TargetError(f"TLS handshake failed: {why}") from None
    tls = connection.writer.get_extra_info("ssl_object")
    connection.chain = _served_chain(tls)
    connection.tls_version = tls.version()
    connection.has_spoken = True
    return connection


def _reason(error: ssl.SSLError) -> str:
    """OpenSSL's words for what failed; the module knows no name for some alerts."""
    words = error.reason or re.sub(r"^\[SSL[^]]*\] | \(_ssl\.c:\d+\)$", "", str(error.args[-1]))
    return words.lower().replace("_", " ")


def _served_chain(tls: ssl.SSLObject) -> tuple[bytes, ...]:
    """The chain as served, leaf first, as DER (public only from Python 3.13)."""
    public = getattr(tls, "get_unverified_chain", None)
    if public is not None:
        return tuple(bytes(der) for der in public())
    inner = getattr(tls, "_sslobj", None)
    if inner is not None and hasattr(inner, "get_unverified_chain"):
        import _ssl

        chain = inner.get_unverified_chain() or ()
        return tuple(bytes(c.public_bytes(_ssl.ENCODING_DER)) for c in chain)
    leaf = tls.getpeercert(binary_form=True)
    return (leaf,) if leaf else ()
