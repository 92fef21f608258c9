"""What plainwire, sslyze and testssl.sh say of the same servers, and where they differ.

    python bench/tls_peers.py [--quick] SSLYZE TESTSSL [FOLDER] [CASE...]

Each peer is a program of its own, named by its path. Servers are configured here, so that who is
right can be looked up: the configuration is printed beside each difference. ``FOLDER`` keeps the
peers' answers; what it holds already is not asked again, as testssl.sh takes minutes, most of
them for its list of every suite, which ``--quick`` leaves out; ``-`` for its path leaves it out.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import tls_stacks

import servers
from plainwire.live.settings import Settings
from plainwire.model import TlsEndpoint
from plainwire.policy.suites import suites
from plainwire.tls import probe

NAME = tls_stacks.NAME
Facts = dict[str, Any]
CURVES = {
    "prime256v1": "secp256r1",
    "prime192v1": "secp192r1",
    "X25519": "x25519",
    "X448": "x448",
}
VERSIONS = {
    "SSLv2": "ssl_2_0",
    "SSLv3": "ssl_3_0",
    "TLSv1.0": "tls_1_0",
    "TLSv1.1": "tls_1_1",
    "TLSv1.2": "tls_1_2",
    "TLSv1.3": "tls_1_3",
}
TESTSSL_VERSIONS = dict(
    zip(VERSIONS, ("SSLv2", "SSLv3", "TLS1", "TLS1_1", "TLS1_2", "TLS1_3"), strict=True)
)
# OpenSSL's words for a key and a hash to the registry's.
SCHEMES = {
    "RSA": "rsa_pkcs1_{}",
    "RSA-PSS-RSAE": "rsa_pss_rsae_{}",
    "RSA-PSS-PSS": "rsa_pss_pss_{}",
    "ECDSA": "ecdsa_{}",
}
OLD = "ALL:@SECLEVEL=0"
EVERY = "TLSv1 TLSv1.1 TLSv1.2 TLSv1.3"
JAVA_OLD = (
    "SSL_RSA_WITH_RC4_128_SHA",
    "TLS_RSA_WITH_AES_128_CBC_SHA",
    "SSL_RSA_WITH_3DES_EDE_CBC_SHA",
)
# Each is started with a certificate of RSA 2048.
CASES: Mapping[str, tuple[str, dict[str, Any]]] = {
    "nginx default": ("nginx", {"ciphers": tls_stacks.NGINX_DEFAULT}),
    "nginx hardened, no tickets": (
        "nginx",
        {"ciphers": tls_stacks.MODERATE, "extra": "ssl_session_tickets off;"},
    ),
    "nginx old": ("nginx", {"ciphers": OLD, "protocols": EVERY}),
    "nginx early data": ("nginx", {"protocols": "TLSv1.3", "extra": "ssl_early_data on;"}),
    "Apache default": ("apache", {}),
    "Apache old, server's order": (
        "apache",
        {
            "ciphers": OLD,
            "protocols": "TLSv1 TLSv1.1 TLSv1.2",
            "extra": "SSLHonorCipherOrder on",
        },
    ),
    "HAProxy default": ("haproxy", {}),
    "HAProxy 1.2 alone": ("haproxy", {"ciphers": tls_stacks.MODERATE, "protocols": "TLSv1.2"}),
    "Caddy default": ("caddy", {}),
    "stunnel default": ("stunnel", {}),
    "stunnel one suite": ("stunnel", {"extra": "sslVersion = TLSv1.2\nciphers = AES128-SHA"}),
    "Node 24 default": ("node", {"program": "node24"}),
    "Java default": ("java", {}),
    "Java SSLv3": ("java", {"protocols": ("SSLv3", "TLSv1"), "suites": JAVA_OLD}),
    "gunicorn": ("gunicorn", {}),
}


def plainwire(port: int, _: Path) -> Facts:
    """Our own."""
    found = probe(
        f"{NAME}:{port}",
        address="127.0.0.1",
        probes_attacks=True,
        settings=Settings(answer_timeout_s=20.0, probe_limit_s=300.0),
    )
    for gap in found.inconclusive:
        print(f"open: {gap.question}: {gap.reason}", file=sys.stderr)
    return _facts(found)


def _facts(found: TlsEndpoint) -> Facts:
    features, attacks = found.features or {}, found.vulnerabilities or {}
    told: Facts = {f"version {name}": known for name, known in (found.protocols or {}).items()}
    told |= {f"suites {name}": set(names) for name, names in (found.ciphers or {}).items()}
    told |= {f"order {name}": who for name, who in (found.cipher_order or {}).items()}
    curves = {name for names in (found.groups or {}).values() for name in names}
    told["curves"] = {name for name in curves if "ffdhe" not in name and "MLKEM" not in name}
    told["hybrids"] = {name for name in curves if "MLKEM" in name}
    told |= {f"schemes {name}": set(n) for name, n in (found.signature_algorithms or {}).items()}
    for name in ("secure_renegotiation", "client_renegotiation", "compression", "fallback_scsv"):
        told[name] = features.get(name)
    for name in ("ticket_resumption", "session_id_resumption", "extended_master_secret"):
        told[name] = features.get(name)
    told |= {name: features.get(name) for name in ("early_data", "ocsp_stapling")}
    told |= {name: attacks.get(name) for name in attacks}
    return {name: value for name, value in told.items() if value is not None}


def sslyze(program: str) -> Callable[[int, Path], Facts]:
    """The peer, with everything that it can be asked."""
    words = ("certinfo", "sslv2", "sslv3", "tlsv1", "tlsv1_1", "tlsv1_2", "tlsv1_3", "robot")
    words += ("elliptic_curves", "heartbleed", "openssl_ccs", "reneg", "resum", "compression")
    words += ("fallback", "early_data", "ems")

    def ask(port: int, file: Path) -> Facts:
        if not file.exists():
            options = [f"--{word}" for word in words]
            target = f"{NAME}:{port}{{127.0.0.1}}"
            _run([program, *options, "--json_out", str(file), target])
        return _of_sslyze(json.loads(file.read_text()))

    return ask


def _of_sslyze(read: dict[str, Any]) -> Facts:
    results = read["server_scan_results"][0]["scan_result"] or {}
    told: Facts = {}

    def part(name: str) -> dict[str, Any]:
        return (results.get(name) or {}).get("result") or {}

    for version, word in VERSIONS.items():
        found = part(f"{word}_cipher_suites")
        if found:
            told[f"version {version}"] = found["is_tls_version_supported"]
            names = {one["cipher_suite"]["name"] for one in found["accepted_cipher_suites"]}
            if names:
                told[f"suites {version}"] = names
    curves = part("elliptic_curves").get("supported_curves")
    if curves is not None:
        told["curves"] = {CURVES.get(one["name"], one["name"]) for one in curves}
    told["heartbleed"] = part("heartbleed").get("is_vulnerable_to_heartbleed")
    told["ccs_injection"] = part("openssl_ccs_injection").get("is_vulnerable_to_ccs_injection")
    robot = part("robot").get("robot_result")
    told["robot"] = None if robot is None or "UNKNOWN" in robot else robot.startswith("VULNERABLE")
    reneg = part("session_renegotiation")
    told["secure_renegotiation"] = reneg.get("supports_secure_renegotiation")
    told["client_renegotiation"] = reneg.get("is_vulnerable_to_client_renegotiation_dos")
    told["compression"] = part("tls_compression").get("supports_compression")
    told["fallback_scsv"] = part("tls_fallback_scsv").get("supports_fallback_scsv")
    told["early_data"] = part("tls_1_3_early_data").get("supports_early_data")
    told["extended_master_secret"] = part("tls_extended_master_secret").get(
        "supports_ems_extension"
    )
    resumed = part("session_resumption")
    for name, word in (("session_id", "session_id"), ("ticket", "tls_ticket")):
        support = resumed.get(f"{word}_resumption_result")
        if support:
            told[f"{name}_resumption"] = support == "FULLY_SUPPORTED"
    deployments = part("certificate_info").get("certificate_deployments")
    if deployments:
        told["ocsp_stapling"] = deployments[0].get("ocsp_response") is not None
    return {name: value for name, value in told.items() if value is not None}


def testssl(program: str, *, is_quick: bool) -> Callable[[int, Path], Facts]:
    """The peer, with its parts about protocols, suites, order, curves, defaults and attacks."""
    parts = ["-p", "-P", "-f", "-S", "-U", *([] if is_quick else ["-E"])]

    def ask(port: int, file: Path) -> Facts:
        if not file.exists():
            words = ["--quiet", "--color", "0", "--warnings", "off", "--nodns", "none"]
            words += ["--ip", "127.0.0.1", "--jsonfile", str(file)]
            _run([program, *words, *parts, f"{NAME}:{port}"])
        return _of_testssl(json.loads(file.read_text()))

    return ask


def _of_testssl(read: list[dict[str, Any]]) -> Facts:
    by_id = {one["id"]: one["finding"] for one in read}
    told: Facts = {}
    for version, word in TESTSSL_VERSIONS.items():
        if word in by_id:
            told[f"version {version}"] = "not offered" not in by_id[word]
    codes = {suite.code: suite.name for suite in suites().values()}
    for name, finding in by_id.items():
        match = re.fullmatch(r"cipher-(ssl3|tls1(?:_[123])?)_x([0-9a-f]+)", name)
        if match:
            version = {"ssl3": "SSLv3", "tls1": "TLSv1.0"}.get(match[1]) or (
                f"TLSv1.{match[1][-1]}"
            )
            told.setdefault(f"suites {version}", set()).add(codes.get(int(match[2], 16), finding))
    if "FS_ECDHE_curves" in by_id:
        told["curves"] = {CURVES.get(one, one) for one in by_id["FS_ECDHE_curves"].split()}
    if "FS_KEMs" in by_id:
        told["hybrids"] = set() if "No KEMs" in by_id["FS_KEMs"] else set(by_id["FS_KEMs"].split())
    for version, word in (("TLSv1.2", "FS_TLS12_sig_algs"), ("TLSv1.3", "FS_TLS13_sig_algs")):
        if word in by_id:
            pairs = (one.partition("+") for one in by_id[word].split())
            told[f"schemes {version}"] = {
                SCHEMES.get(key, key).format(hash_.lower()) for key, _, hash_ in pairs
            }
    vulnerable = {
        "heartbleed": "heartbleed",
        "CCS": "ccs_injection",
        "ticketbleed": "ticketbleed",
        "ROBOT": "robot",
        "CRIME_TLS": "crime",
        "POODLE_SSL": "poodle",
        "SWEET32": "sweet32",
        "FREAK": "freak",
        "DROWN": "drown",
        "LOGJAM": "logjam",
        "BEAST": "beast",
        "LUCKY13": "lucky13",
        "RC4": "rc4",
    }
    for word, name in vulnerable.items():
        finding = by_id.get(word, "")
        if finding:
            told[name] = not finding.lower().startswith(("not vulnerable", "no ", "not having"))
    if "secure_renego" in by_id:
        told["secure_renegotiation"] = by_id["secure_renego"].startswith("supported")
    if "secure_client_renego" in by_id:
        told["client_renegotiation"] = "not vulnerable" not in by_id["secure_client_renego"]
    if "fallback_SCSV" in by_id and "no protocol below" not in by_id["fallback_SCSV"].lower():
        told["fallback_scsv"] = by_id["fallback_SCSV"].startswith("supported")
    for word, name in (
        ("session_resumption_ID", "session_id_resumption"),
        ("session_resumption_ticket", "ticket_resumption"),
    ):
        if word in by_id:
            told[name] = by_id[word].startswith("supported")
    if "OCSP_stapling" in by_id:
        told["ocsp_stapling"] = by_id["OCSP_stapling"].startswith("offered")
    return told


def _run(command: list[str]) -> None:
    environment = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
    subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, timeout=1200, env=environment
    )


@contextlib.contextmanager
def _started(kind: str, words: dict[str, Any]) -> Iterator[int]:
    with tempfile.TemporaryDirectory(prefix="plainwire-peers-") as folder:
        Path(folder).chmod(0o755)
        files = tls_stacks.certificate(Path(folder), "rsa", 2048)
        with getattr(servers, kind)(files, **words) as server:
            yield server.https_port


def compared(
    kind: str, words: dict[str, Any], tools: Mapping[str, Callable[[int, Path], Facts]], kept: Path
) -> dict[str, Facts]:
    """What each tool says of one server, asked one after the other."""
    with _started(kind, words) as port:
        return {name: ask(port, kept / f"{name}.json") for name, ask in tools.items()}


def differences(told: Mapping[str, Facts]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The facts that two tools or more state, and not alike; of sets what is not in all."""
    for fact in dict.fromkeys(name for facts in told.values() for name in facts):
        said = {tool: facts[fact] for tool, facts in told.items() if fact in facts}
        if len({str(sorted(v)) if isinstance(v, set) else str(v) for v in said.values()}) < 2:
            continue
        if all(isinstance(value, set) for value in said.values()):
            common = set.intersection(*said.values())
            said = {tool: sorted(value - common) for tool, value in said.items()}
        yield fact, said


def main(words: list[str]) -> None:
    """Print what differs, and how much was compared."""
    is_quick, words = words[0] == "--quick", [word for word in words if word != "--quick"]
    tools = {"plainwire": plainwire, "sslyze": sslyze(words[0])}
    if words[1] != "-":
        tools["testssl"] = testssl(words[1], is_quick=is_quick)
    keep = Path(words[2]) if len(words) > 2 else Path(tempfile.mkdtemp())
    both = differing = 0
    for case, (kind, options) in CASES.items():
        if words[3:] and case not in words[3:]:
            continue
        folder = keep / re.sub(r"\W+", "-", case)
        folder.mkdir(parents=True, exist_ok=True)
        with contextlib.redirect_stdout(sys.stderr):
            told = compared(kind, options, tools, folder)
        names = [name for facts in told.values() for name in facts]
        shared = {name for name in names if names.count(name) > 1}
        found = list(differences(told))
        both, differing = both + len(shared), differing + len(found)
        print(f"\n## {case}: {len(found)} of {len(shared)} facts differ   {kind} {options}")
        for fact, said in found:
            print(f"- {fact}: " + "; ".join(f"{tool} {value}" for tool, value in said.items()))
        sys.stdout.flush()
    print(f"\n{differing} of {both} facts that two tools or more state differ")


if __name__ == "__main__":
    main(sys.argv[1:])
