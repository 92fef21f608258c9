"""tlslite-ng, for SSLv3, RC4, 3DES, NULL and anonymous suites; a program of its own here."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .process import Certificate, Server, place, running

SERVE = Path(__file__).with_name("tlslite_serve.py")


@contextmanager
def tlslite(
    https: Certificate,
    settings: dict[str, Any],
    *,
    is_anonymous: bool = False,
    asks_certificate: bool = False,
    has_cache: bool = False,
) -> Iterator[Server]:
    """A listener on `https_port`; ``settings`` are attributes of tlslite's `HandshakeSettings`.

    For example ``{"minVersion": (3, 0), "maxVersion": (3, 0), "cipherNames": ["rc4"]}``. The log
    has the version and cipher of each handshake that it finished.
    """
    with place() as where:
        given = {
            "chain": str(https.chain),
            "key": str(https.key),
            "port": where.https_port,
            "settings": settings,
            "is_anonymous": is_anonymous,
            "asks_certificate": asks_certificate,
            "has_cache": has_cache,
        }
        # -P: this folder has a module of the same name.
        command = [sys.executable, "-P", SERVE, json.dumps(given)]
        with running("tlslite", where, command, [where.https_port]) as server:
            yield server
