"""The TLS servers that the probe is measured on: nginx as installed, at its worst, hardened."""

from __future__ import annotations

import contextlib
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

import servers
from certificates import issue

NAME = "api.plainwire.test"
# RFC 7919's ffdhe2048, so that no time goes into making parameters.
DH = """-----BEGIN DH PARAMETERS-----
MIIBCAKCAQEA//////////+t+FRYortKmq/cViAnPTzx2LnFg84tNpWp4TZBFGQz
+8yTnc4kmz75fS/jY2MMddj2gbICrsRhetPfHtXV/WVhJDP1H18GbtCFY2VVPe0a
87VXE15/V8k1mE8McODmi3fipona8+/och3xWKE2rec1MKzKT0g6eXq8CrGCsyT7
YdEIqUuyyOP7uWrat2DX9GgdT0Kj3jlN9K5W7edjcrsZCwenyO4KbXCeAvzhzffi
7MA0BM0oNC9hkXL+nOmFg/+OTxIy7vKBg8P+OxtMb61zO7X8vC7CIAXFjvGDfRaD
ssbzSibBsu/6iGtCOGEoXJf//////////wIBAg==
-----END DH PARAMETERS-----
"""
# The ciphers of an nginx that is told none (nginx.org, ngx_http_ssl_module).
NGINX_DEFAULT = "HIGH:!aNULL:!MD5"
MODERATE = (
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"
)


@dataclass(frozen=True)
class TlsCase:
    """A server as configured: its port, and how many pairs of version and suite it takes."""

    name: str
    port: int
    pairs: int
    versions: int

    @property
    def floor(self) -> int:
        """The least connections: each accepted pair, and one refusal a version, SSLv2 with them."""
        return self.pairs + 6


@dataclass(frozen=True)
class _Files:
    chain: Path
    key: Path


def certificate(folder: Path, name: str, key: object) -> _Files:
    """A leaf for `NAME` with such a key, and its chain, in files of a folder."""
    issuing = issue("Bench Issuing CA", ca=True, by=issue("Bench Root", ca=True))
    leaf = issue(NAME, "localhost", "127.0.0.1", by=issuing, key=key)
    files = _Files(folder / f"{name}.pem", folder / f"{name}.key")
    files.chain.write_text(leaf.chain_pem)
    files.key.write_text(leaf.key_pem)
    return files


@contextlib.contextmanager
def cases() -> Iterator[dict[str, contextlib.AbstractContextManager[TlsCase]]]:
    """The cases by name, none of them started yet."""
    with tempfile.TemporaryDirectory(prefix="plainwire-bench-") as made:
        folder = Path(made)
        folder.chmod(0o755)
        rsa, ecdsa = certificate(folder, "rsa", 2048), certificate(folder, "ecdsa", None)
        dh = folder / "dh.pem"
        dh.write_text(DH)
        both = f"ssl_certificate {ecdsa.chain};\nssl_certificate_key {ecdsa.key};"
        worst = f"{both}\nssl_dhparam {dh};\nssl_prefer_server_ciphers on;"

        @contextlib.contextmanager
        def case(name: str, pairs: int, versions: int, **words: str) -> Iterator[TlsCase]:
            with servers.nginx(rsa, "closed", **words) as server:
                yield TlsCase(name, server.https_port, pairs, versions)

        yield {
            "default": case("nginx, default ciphers", 30, 2, ciphers=NGINX_DEFAULT),
            "worst": case(
                "nginx, worst case",
                126,
                4,
                extra=worst,
                protocols="TLSv1 TLSv1.1 TLSv1.2 TLSv1.3",
                ciphers="ALL:COMPLEMENTOFALL:@SECLEVEL=0",
            ),
            "hardened": case("nginx, hardened", 9, 2, extra=both, ciphers=MODERATE),
        }
