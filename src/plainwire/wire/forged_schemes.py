"""Headers that a client forges to be taken for one that came over https, one a way to be believed.

From what servers and frameworks read: Werkzeug's ProxyFix, gunicorn's secure_scheme_headers, IIS
(Front-End-Https), RFC 7239. A list is what two proxies in a row leave, the underscore what WSGI
makes of a hyphen.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

FORGED: Final[Mapping[str, tuple[str, str]]] = {
    "xfp-https": ("X-Forwarded-Proto", "https"),
    "xfp-upper": ("X-Forwarded-Proto", "HTTPS"),
    "xfp-https-http": ("X-Forwarded-Proto", "https, http"),
    "xfp-http-https": ("X-Forwarded-Proto", "http, https"),
    "xfp-underscore": ("X_Forwarded_Proto", "https"),
    "forwarded": ("Forwarded", "proto=https"),
    "xf-ssl": ("X-Forwarded-Ssl", "on"),
    "xf-scheme": ("X-Forwarded-Scheme", "https"),
    "xf-protocol": ("X-Forwarded-Protocol", "ssl"),
    "url-scheme": ("X-Url-Scheme", "https"),
    "front-end": ("Front-End-Https", "on"),
}
