"""Configurations of servers that meet a profile, for the versions of server and OpenSSL named.

What is emitted is a part of a configuration: the words for TLS, to be put where the comment says.
The same suites and groups come out for every server, as far as it lets anybody choose them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from plainwire.model import UsageError
from plainwire.policy import post_quantum
from plainwire.policy.profiles import Profile

TLS_1_2, TLS_1_3 = "TLSv1.2", "TLSv1.3"
# OpenSSL's names for groups (SSL_CTX_set1_groups_list(3)); those not here are IANA's.
GROUPS = {"x25519": "X25519", "secp256r1": "prime256v1"}
# OpenSSL 3.5.0 (2025-04-08) is the first with ML-KEM; Go 1.24, Caddy 2.10 for X25519MLKEM768.
OPENSSL_WITH_ML_KEM, CADDY_WITH_ML_KEM = (3, 5), (2, 10)
# The TLS 1.3 suites of OpenSSL and of Go where nobody chooses.
DEFAULT_1_3 = {
    "TLS_AES_128_GCM_SHA256",
    "TLS_AES_256_GCM_SHA384",
    "TLS_CHACHA20_POLY1305_SHA256",
}

Version = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a configuration has to say: versions, suites up to TLS 1.2 and of 1.3, groups."""

    versions: tuple[str, ...]
    suites: tuple[str, ...]
    suites_1_3: tuple[str, ...]
    groups: tuple[str, ...]
    server: Version
    bars_sha1: bool = False

    @property
    def openssl_suites(self) -> str:
        """The suites up to TLS 1.2 in OpenSSL's words."""
        return ":".join(openssl_name(suite) for suite in self.suites)

    @property
    def openssl_groups(self) -> str:
        """The groups in OpenSSL's words."""
        return ":".join(GROUPS.get(group, group) for group in self.groups)

    def least(self, server: str, *least: int, what: str = TLS_1_3) -> None:
        """Check the server's version.

        Raises:
            UsageError: if it is older.
        """
        if self.server < least:
            words = ".".join(str(number) for number in least)
            raise UsageError(f"{server} has {what} since version {words}")


def emit(profile: Profile, server: str, version: str, openssl: str | None = None) -> str:
    """A configuration for a server of a version, such as "1.22.1", that meets a profile.

    ``server`` is a word of `SERVERS`; ``openssl`` the version that the server is built with or,
    for gunicorn, that Python is: hybrids with ML-KEM are named from 3.5 on, and left out where it
    is not given, since older ones refuse to start with a name that they do not know.

    Raises:
        UsageError: if there is no such server, a version is none, or that server of that version
            cannot be made to meet the profile.
    """
    if server not in SERVERS:
        raise UsageError(f"no configuration for {server!r}; there are {', '.join(SERVERS)}")
    wanted = _wanted(profile, server, version, openssl)
    name, write = SERVERS[server]
    head = [
        f"{profile.title} ({profile.version}, {profile.date}) for {name} {version}",
        f"Source: {profile.source}",
        *(["A draft: its source could not be read again."] if profile.is_draft else []),
        "No statement of compliance. The certificate is not part of it.",
    ]
    comment = "".join(f"# {line}\n" for line in head)
    return comment + "".join(f"{line}\n" for line in write(wanted))


def _wanted(profile: Profile, server: str, version: str, openssl: str | None) -> Wanted:
    number = parse_version(version)
    suites, groups = profile.emitted("suites"), profile.emitted("groups")
    if server == "caddy":
        has_ml_kem = number >= CADDY_WITH_ML_KEM
    else:
        has_ml_kem = openssl is not None and parse_version(openssl) >= OPENSSL_WITH_ML_KEM
    return Wanted(
        versions=profile.allowed("versions"),
        suites=tuple(suite for suite in suites if "_WITH_" in suite),
        suites_1_3=tuple(suite for suite in suites if "_WITH_" not in suite),
        groups=tuple(g for g in groups if has_ml_kem or g not in post_quantum.GROUPS),
        server=number,
        bars_sha1="signature_algorithms" in profile.rules,
    )


def parse_version(text: str) -> Version:
    """The numbers of a version: of "3.0.19-1~deb12u1" 3, 0 and 19.

    Raises:
        UsageError: if it does not begin with two numbers.
    """
    numbers: list[int] = []
    for part in text.removeprefix("v").split("."):
        digits = part[: len(part) - len(part.lstrip("0123456789"))]
        if not digits or len(digits) > 6:
            break
        numbers.append(int(digits))
        if digits != part:
            break
    if len(numbers) < 2:
        raise UsageError(f"{text!r} is no version such as 1.22.1")
    return tuple(numbers)


def openssl_name(suite: str) -> str:
    """OpenSSL's name of an ephemeral AEAD suite by its IANA name (openssl-ciphers(1))."""
    name = suite.removeprefix("TLS_").replace("_WITH_", "_").replace("AES_", "AES")
    if "CHACHA20" in name:
        name = name.removesuffix("_SHA256")
    return name.replace("CCM_8", "CCM8").replace("_", "-")


def _nginx(wanted: Wanted) -> Sequence[str]:
    wanted.least("nginx", 1, 13, 0)
    lines = [
        "# In http or server:",
        f"ssl_protocols {' '.join(wanted.versions)};",
        f"ssl_ecdh_curve {wanted.openssl_groups};",
        "ssl_prefer_server_ciphers off;",
    ]
    if TLS_1_2 in wanted.versions:
        lines.append(f"ssl_ciphers {wanted.openssl_suites};")
    if set(wanted.suites_1_3) != DEFAULT_1_3:
        wanted.least("nginx", 1, 19, 4, what="a choice of TLS 1.3 suites")
        lines.append(f"ssl_conf_command Ciphersuites {':'.join(wanted.suites_1_3)};")
    return lines


def _apache(wanted: Wanted) -> Sequence[str]:
    wanted.least("Apache", 2, 4, 36)
    return [
        "# In the server configuration or a VirtualHost:",
        f"SSLProtocol -all {' '.join('+' + version for version in wanted.versions)}",
        *([f"SSLCipherSuite {wanted.openssl_suites}"] if TLS_1_2 in wanted.versions else []),
        f"SSLCipherSuite TLSv1.3 {':'.join(wanted.suites_1_3)}",
        f"SSLOpenSSLConfCmd Groups {wanted.openssl_groups}",
        "SSLHonorCipherOrder off",
        "SSLCompression off",
    ]


def _haproxy(wanted: Wanted) -> Sequence[str]:
    wanted.least("HAProxy", 1, 9)
    if wanted.server < (2, 6):
        curves = f"    # On each bind line, too: curves {wanted.openssl_groups}"
    else:
        curves = f"    ssl-default-bind-curves {wanted.openssl_groups}"
    suites = f"    ssl-default-bind-ciphers {wanted.openssl_suites}"
    return [
        "# In global:",
        f"    ssl-default-bind-options prefer-client-ciphers ssl-min-ver {wanted.versions[0]}",
        *([suites] if TLS_1_2 in wanted.versions else []),
        f"    ssl-default-bind-ciphersuites {':'.join(wanted.suites_1_3)}",
        curves,
    ]


def _caddy(wanted: Wanted) -> Sequence[str]:
    wanted.least("Caddy", 2, 0)
    if wanted.bars_sha1:
        # Go 1.21 is the first with extended_master_secret, and 1.25 the first that refuses SHA-1 in
        # the signatures of TLS 1.2; Caddy 2.11 is built with no older one.
        wanted.least("Caddy", 2, 11, what="no SHA-1 in TLS 1.2")
    if set(wanted.suites_1_3) != DEFAULT_1_3:
        raise UsageError("Caddy cannot meet it: Go lets nobody choose the suites of TLS 1.3")
    words = {TLS_1_2: "tls1.2", TLS_1_3: "tls1.3"}
    suites = f"\tciphers {' '.join(wanted.suites)}"
    return [
        "# In a site; certificate and key may come after the word tls:",
        "tls {",
        f"\tprotocols {words[wanted.versions[0]]} {words[wanted.versions[-1]]}",
        *([suites] if TLS_1_2 in wanted.versions else []),
        f"\tcurves {' '.join(group.lower() for group in wanted.groups)}",
        "}",
    ]


def _gunicorn(wanted: Wanted) -> Sequence[str]:
    wanted.least("gunicorn", 21, 0, what="ssl_context")
    if set(wanted.suites_1_3) != DEFAULT_1_3:
        raise UsageError(
            "gunicorn cannot meet it: Python's ssl lets nobody choose the suites of TLS 1.3"
        )
    least = wanted.versions[0].replace(".", "_")
    suites = f'    context.set_ciphers("{wanted.openssl_suites}")'
    one = next(group for group in wanted.groups if group not in post_quantum.GROUPS)
    return [
        "# In gunicorn.conf.py:",
        "import ssl",
        "",
        "",
        "def ssl_context(conf, default_ssl_context_factory):",
        "    context = default_ssl_context_factory()",
        f"    context.minimum_version = ssl.TLSVersion.{least}",
        *([suites] if TLS_1_2 in wanted.versions else []),
        '    if hasattr(context, "set_groups"):  # Python 3.15 and later',
        f'        context.set_groups("{wanted.openssl_groups}")',
        "    else:  # one group and no more can be chosen",
        f'        context.set_ecdh_curve("{GROUPS.get(one, one)}")',
        "    return context",
    ]


SERVERS: Mapping[str, tuple[str, Callable[[Wanted], Sequence[str]]]] = {
    "nginx": ("nginx", _nginx),
    "apache": ("Apache", _apache),
    "haproxy": ("HAProxy", _haproxy),
    "caddy": ("Caddy", _caddy),
    "gunicorn": ("gunicorn", _gunicorn),
}
