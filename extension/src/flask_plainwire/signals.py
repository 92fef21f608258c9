"""What an application can be told: blinker signals, each sent with the application as sender."""

from __future__ import annotations

from blinker import Namespace

_NAMESPACE = Namespace()

cleartext_refused = _NAMESPACE.signal(
    "cleartext-refused",
    doc="""A request in clear got 403 or 308. Keywords: ``reason`` (a word, see
    `flask_plainwire.scheme`), ``method``, ``path``, ``peer`` (an address, or "unix").""",
)
credential_exposed = _NAMESPACE.signal(
    "credential-exposed",
    doc="""A credential crossed the network in clear and should be revoked. Keywords: ``kind``
    ("bearer", "basic", "cookie", "header", "query", or another known scheme of Authorization),
    ``name`` (of the header, cookie or parameter), ``sha256`` (hexadecimal, of the credential
    without its scheme), ``username`` (of basic, else None), ``path``, ``peer``. Sent after the
    answer, at most TLS_EXPOSURES_PER_MINUTE times, so that nobody can use it to wear down a
    store.""",
)
untrusted_forwarded_header = _NAMESPACE.signal(
    "untrusted-forwarded-header",
    doc="""A peer that is no trusted proxy sent headers that only a proxy sends. Keywords:
    ``headers`` (names), ``path``, ``peer``. The headers were taken out of the request.""",
)
