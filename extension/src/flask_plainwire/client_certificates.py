"""Did the client show a certificate that somebody verified?"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from flask_plainwire.peers import peer_of, socket_of
from flask_plainwire.settings import PROXY, Settings

REQUIRED = "Client certificate required"

# RFC 9440, section 2.2: Client-Cert is a Byte Sequence, the DER of the certificate in base64.
_CLIENT_CERT = re.compile(r":[A-Za-z0-9+/]+={0,2}:")


def is_verified(environ: Mapping[str, Any], settings: Settings) -> bool:
    """Was a client certificate verified, by the server or by the trusted proxy?

    The proxy says so in TLS_CLIENT_CERT_HEADER: ``Client-Cert`` (RFC 9440) with a certificate, or
    any other with the word SUCCESS, as nginx and Apache give it (``$ssl_client_verify``).
    """
    if settings.termination == PROXY:
        return _is_told(environ, settings)
    if environ.get("SSL_CLIENT_VERIFY") == "SUCCESS":  # mod_wsgi
        return True
    # ssl.SSLSocket.getpeercert: an empty dict where the certificate was not validated.
    shown = getattr(socket_of(environ), "getpeercert", None)
    return bool(shown and shown())


def _is_told(environ: Mapping[str, Any], settings: Settings) -> bool:
    key = settings.client_cert_key
    if not key or not settings.peers.trusts(peer_of(environ)):
        return False
    value = environ.get(key, "")
    if key == "HTTP_CLIENT_CERT":
        return _CLIENT_CERT.fullmatch(value) is not None
    return bool(value == "SUCCESS")
