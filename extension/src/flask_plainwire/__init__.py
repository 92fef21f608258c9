"""Refuses what reaches a Flask application in clear: ``TLS(app)``, and nothing but Flask."""

from flask_plainwire.decorators import require_https, tls_exempt, tls_redirect, tls_required
from flask_plainwire.extension import TLS
from flask_plainwire.settings import ConfigurationError
from flask_plainwire.signals import (
    cleartext_refused,
    credential_exposed,
    untrusted_forwarded_header,
)

__version__ = "0.1.0"

__all__ = [
    "TLS",
    "ConfigurationError",
    "cleartext_refused",
    "credential_exposed",
    "require_https",
    "tls_exempt",
    "tls_redirect",
    "tls_required",
    "untrusted_forwarded_header",
]
