"""Whole scans of real servers: what is expected comes from each server's own configuration."""

import json
import socket
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

import servers
from certificates import Issued, PemFiles, issue
from plainwire.checks.encryption.hsts_missing import hsts_missing
from plainwire.cli import main
from plainwire.report import Options
from plainwire.report.text import render
from scanning import AT_LEAST, HSTS, NAME, command, ids, letter, scanned

DAY = timedelta(days=1)
NOW = datetime.now(UTC).replace(microsecond=0)
FRONT = [
    pytest.param(getattr(servers, name), marks=pytest.mark.server(name), id=name)
    for name in ("nginx", "apache", "haproxy", "caddy", "node")
]
OPENSSL_FRONT = [front for front in FRONT if front.id != "caddy"]  # Caddy has TLS 1.2 and 1.3 only

# What the cleartext server does: the status, the letters that are right, and the flaws.
IN_CLEAR = {
    "closed": ("PASS", "A", set()),
    "redirect-301": ("PASS", "A", {"redirect-changes-method"}),
    "redirect-302": ("PASS", "A", {"redirect-changes-method"}),
    "redirect-308": ("PASS", "A", set()),
    "refuse-403": ("PASS", "A", set()),
    "serve": ("FAIL", "CDEF", {"plain-http-served"}),
}


@pytest.mark.mission("13")
@pytest.mark.parametrize("http", IN_CLEAR)
@pytest.mark.parametrize("front", FRONT)
def test_what_answers_in_clear_decides_the_status(front, http, certificate):
    status, letters, flaws = IN_CLEAR[http]
    with front(https=certificate, http=http, hsts=HSTS) as server:
        report = scanned(server, certificate.ca)
    assert (report.tls_status, ids(report)) == (status, flaws)
    assert letter(report) in letters
    assert report.unanswered == ()
    assert not report.grade.is_upper_bound


@pytest.mark.server("nginx")
def test_a_port_in_clear_that_only_closes_is_neither_refusal_nor_listener(certificate):
    """A crash looks the same: docs/report.md, "Words"."""
    closing = "server { listen 127.0.0.1:@{http_port}; return 444; }"
    with servers.nginx(https=certificate, hsts=HSTS, extra_general=closing) as server:
        report = scanned(server, certificate.ca)
    assert report.tls_status == "UNKNOWN"
    assert any("closed" in gap.reason for gap in report.unanswered)
    assert report.grade.is_upper_bound


@pytest.mark.mission("13")
def test_gunicorn_with_a_certificate_and_nothing_in_clear_passes(certificate):
    headers = [("Strict-Transport-Security", HSTS)]
    with servers.gunicorn(https=certificate, headers=headers) as server:
        report = scanned(server, certificate.ca)
    assert (report.tls_status, letter(report), ids(report)) == ("PASS", "A", set())


def test_flask_run_adhoc_has_a_certificate_that_is_nobodys(certificate):
    with servers.flask_run(headers=[("Strict-Transport-Security", HSTS)]) as server:
        report = scanned(server, certificate.ca)
    assert (report.tls_status, letter(report)) == ("FAIL", "F")
    # Werkzeug's generate_adhoc_ssl_pair: self-signed, for the name "*"; it says its version.
    flaws = {"certificate-self-signed", "certificate-name-mismatch"}
    assert ids(report) == flaws


@pytest.mark.mission("13")
def test_an_api_without_tls_fails_and_is_an_f(certificate):
    with servers.gunicorn() as server:
        report = scanned(server, certificate.ca)
    assert (report.tls_status, letter(report)) == ("FAIL", "F")
    assert {"no-https-listener", "plain-http-served"} <= ids(report)
    assert report.tls == ()
    assert "No HTTPS listener" in report.tls_reasons


@pytest.mark.mission("14")
@pytest.mark.server("nginx")
def test_the_reference_case_is_a_pass_and_at_least_a_b(certificate):
    with servers.nginx(https=certificate, http="redirect-301") as server:
        report = scanned(server, certificate.ca)
        said = command(server, certificate.ca, "--format", "json", "--fail-below", "B")
    assert report.tls_status == said.report["tls_status"] == "PASS"
    assert letter(report) in AT_LEAST["B"]
    assert ids(report) - {"hsts-missing"} == {"redirect-changes-method"}
    assert said.report["grade"]["letter"] == letter(report)
    assert said.code == 0, said.err


@pytest.mark.mission("14")
@pytest.mark.mission("17")
@pytest.mark.server("nginx")
@pytest.mark.parametrize("http", ["redirect-308", "refuse-403"])
def test_the_reference_case_with_hsts_and_without_method_change_is_an_a(http, certificate):
    with servers.nginx(https=certificate, http=http, hsts=HSTS) as server:
        said = command(server, certificate.ca, "--fail-below", "A")
    assert said.code == 0, said.err
    lines = said.out.splitlines()
    assert lines[0] == "=== Security Scan Results ==="
    assert "TLS Status: PASS" in lines
    assert "All endpoints require HTTPS" in said.out
    assert "Valid SSL certificate detected" in said.out
    assert "Security Score: A" in said.out


@pytest.mark.mission("14")
def test_no_tls_at_all_prints_what_is_wrong_and_what_to_do(certificate):
    with servers.gunicorn() as server:
        said = command(server, certificate.ca, "--fail-below", "B")
    assert said.code == 1
    assert "TLS Status: FAIL" in said.out.splitlines()
    for line in (
        "Endpoint accessible over HTTP",
        "No valid SSL certificate found",
        "Recommendation: Enable HTTPS with valid certificate",
    ):
        assert line in said.out


@pytest.fixture(scope="module")
def root() -> Issued:
    return issue("Test Root", ca=True)


@pytest.fixture(scope="module")
def issuing(root) -> Issued:
    return issue("Test Issuing CA", ca=True, by=root)


def other_authority(served_root: bool) -> Callable[[Issued], tuple[Issued, ...]]:
    other = issue("Other Root", ca=True)
    between = issue("Other Issuing CA", ca=True, by=other)
    leaf = issue(NAME, by=between)
    return lambda _: (leaf, between, other) if served_root else (leaf, between)


def misordered(issuing: Issued) -> tuple[Issued, ...]:
    below = issue("Test Sub CA", ca=True, by=issuing)
    return (issue(NAME, by=below), issuing, below)


def leaf(*names: str, **broken: object) -> Callable[[Issued], tuple[Issued, ...]]:
    return lambda issuing: (issue(*(names or (NAME,)), by=issuing, **broken), issuing)


# The chain that is served, given the issuing CA; whether the certificate is valid; the flaws.
CHAINS = {
    "good": (leaf(), True, set()),
    "expired": (
        leaf(not_before=NOW - 90 * DAY, not_after=NOW - DAY),
        False,
        {"certificate-expired"},
    ),
    "not yet valid": (leaf(not_before=NOW + DAY), False, {"certificate-not-yet-valid"}),
    "self-signed": (lambda _: (issue(NAME),), False, {"certificate-self-signed"}),
    "wrong name": (leaf("www.plainwire.test"), False, {"certificate-name-mismatch"}),
    "no SAN": (
        leaf(sans=[]),
        False,
        {"certificate-without-san", "certificate-name-mismatch"},
    ),
    "missing intermediate": (
        lambda issuing: (issue(NAME, by=issuing),),
        False,
        {"certificate-chain-incomplete"},
    ),
    # Without the root in sight nobody can tell it from a missing intermediate.
    "unknown CA": (other_authority(False), False, {"certificate-chain-incomplete"}),
    "unknown CA, root served": (
        other_authority(True),
        False,
        {"certificate-untrusted", "certificate-root-served"},
    ),
    "wrong order": (misordered, True, {"certificate-chain-misordered"}),
    "RSA-1024": (leaf(key=1024), True, {"certificate-key-weak"}),
}


def given(
    chain: tuple[Issued, ...], root: Issued, pem_files: Callable[[Issued], PemFiles]
) -> PemFiles:
    """The files of a server that serves exactly this chain, and the root to trust."""
    files = pem_files(chain[0])
    files.chain.write_text("".join(item.pem for item in chain))
    files.ca.write_text(root.pem)
    return files


@pytest.mark.mission("13")
@pytest.mark.server("nginx")
@pytest.mark.parametrize("name", CHAINS)
def test_the_served_chain_decides_whether_the_certificate_is_valid(name, root, issuing, pem_files):
    make, is_valid, flaws = CHAINS[name]
    files = given(make(issuing), root, pem_files)
    with servers.nginx(https=files, hsts=HSTS, ciphers="DEFAULT:@SECLEVEL=0") as server:
        report = scanned(server, files.ca)
    assert ids(report) == flaws
    assert report.tls_status == ("PASS" if is_valid else "FAIL")
    if not is_valid:
        assert letter(report) == "F"
        assert report.tls_reasons[0].startswith("No valid SSL certificate found")
    assert report.unanswered == ()


@pytest.mark.parametrize("name", ["expired", "missing intermediate"])
@pytest.mark.parametrize("front", [front for front in FRONT if front.id != "nginx"])
def test_every_server_shows_its_bad_certificate(front, name, root, issuing, pem_files):
    make, _, flaws = CHAINS[name]
    files = given(make(issuing), root, pem_files)
    with front(https=files, hsts=HSTS) as server:
        report = scanned(server, files.ca)
    assert (report.tls_status, letter(report), ids(report)) == ("FAIL", "F", flaws)


@pytest.mark.server("nginx")
@pytest.mark.parametrize(
    ("name", "flaws"), [("127.0.0.1", set()), (NAME, {"certificate-name-mismatch"})]
)
def test_an_address_needs_a_certificate_for_the_address(name, flaws, root, issuing, pem_files):
    files = given((issue(name, by=issuing), issuing), root, pem_files)
    with servers.nginx(https=files) as server:
        report = scanned(server, files.ca, host="127.0.0.1")
    assert ids(report) == flaws
    assert report.tls_status == ("FAIL" if flaws else "PASS")


@pytest.mark.server("nginx")
def test_what_only_a_client_without_a_name_is_shown_is_no_flaw_of_the_host(certificate, pem_files):
    """The usual default block: a certificate that is nobody's, expired and self-signed."""
    nobody = pem_files(issue("nobody.invalid", not_after=NOW - DAY, not_before=NOW - 2 * DAY))
    default = f"""server {{
        listen 127.0.0.1:@{{https_port}} ssl default_server;
        ssl_certificate {nobody.chain};
        ssl_certificate_key {nobody.key};
        return 444;
    }}"""
    named = {"extra": f"server_name {NAME};", "extra_general": default}
    with servers.nginx(https=certificate, hsts=HSTS, **named) as server:
        report = scanned(server, certificate.ca)
    assert (report.tls_status, letter(report), ids(report)) == ("PASS", "A", set())
    shown = {chain.asked_with["sni"]: chain.problems for chain in report.tls[0].certificates}
    assert shown[True] == ()
    assert "hostname_mismatch" in shown[False]


VERSIONS = {"TLSv1": "TLSv1.0", "TLSv1.1": "TLSv1.1", "TLSv1.2": "TLSv1.2", "TLSv1.3": "TLSv1.3"}
RANGES = ["TLSv1", "TLSv1.1 TLSv1.2", "TLSv1.2", "TLSv1.3", "TLSv1 TLSv1.1 TLSv1.2 TLSv1.3"]


@pytest.mark.parametrize("protocols", RANGES)
@pytest.mark.parametrize("front", OPENSSL_FRONT)
def test_the_versions_are_those_of_the_configuration(front, protocols, certificate):
    with front(
        https=certificate, hsts=HSTS, protocols=protocols, ciphers="DEFAULT:@SECLEVEL=0"
    ) as server:
        report = scanned(server, certificate.ca)
    spoken = {VERSIONS[word] for word in protocols.split()}
    assert {name for name, is_spoken in report.tls[0].protocols.items() if is_spoken} == spoken
    assert {"SSLv2", "SSLv3", *VERSIONS.values()} == set(report.tls[0].protocols)
    is_old = bool(spoken & {"TLSv1.0", "TLSv1.1"})
    assert ids(report) == ({"old-tls-accepted"} if is_old else set())
    assert letter(report) == ("B" if is_old else "A")


@pytest.mark.server("caddy")
@pytest.mark.parametrize("protocols", ["TLSv1.2", "TLSv1.3"])
def test_caddys_versions_are_those_of_the_configuration(protocols, certificate):
    with servers.caddy(https=certificate, hsts=HSTS, protocols=protocols) as server:
        report = scanned(server, certificate.ca)
    spoken = {name for name, is_spoken in report.tls[0].protocols.items() if is_spoken}
    assert spoken == {protocols}
    assert letter(report) == "A"


@pytest.mark.parametrize("front", FRONT)
def test_a_tls_port_that_tells_cleartext_to_go_away_is_not_accessible_over_http(front, certificate):
    """nginx: "400 The plain HTTP request was sent to HTTPS port"; others say so or close."""
    with front(https=certificate, hsts=HSTS) as server:
        said = command(server, certificate.ca, "--format", "json")
    assert said.code == 0, said.err
    assert (said.report["tls_status"], ids(said.report)) == ("PASS", set())


@pytest.mark.server("nginx")
def test_all_addresses_scans_each_with_its_own_server(
    certificate, pem_files, monkeypatch, capsys, tmp_path
):
    bad = pem_files(issue(NAME))
    second = f"""
    server {{
        listen 127.0.0.2:@{{https_port}} ssl;
        ssl_certificate {bad.chain};
        ssl_certificate_key {bad.key};
        return 200 '{{}}';
    }}"""
    entries = [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0))
        for address in ("127.0.0.1", "127.0.0.2")
    ]
    found = socket.getaddrinfo
    monkeypatch.setattr(  # a name with two addresses needs a name server, or this
        socket,
        "getaddrinfo",
        lambda host, *rest, **named: entries if host == NAME else found(host, *rest, **named),
    )
    monkeypatch.chdir(tmp_path)
    with servers.nginx(https=certificate, hsts=HSTS, extra_general=second) as server:
        words = [f"https://{NAME}:{server.https_port}/", "--ca", str(certificate.ca)]
        code = main(["scan", *words, "--all-addresses", "--format", "jsonl"])
        said = capsys.readouterr().out
    first, other = (json.loads(line) for line in said.splitlines())
    assert code == 1
    assert [r["tls"][0]["address"] for r in (first, other)] == ["127.0.0.1", "127.0.0.2"]
    assert [r["tls_status"] for r in (first, other)] == ["PASS", "FAIL"]
    assert "certificate-self-signed" in {f["id"] for f in other["findings"]}
    assert ids(first) == set()


@pytest.mark.server("nginx", "openssl")
def test_a_scan_shows_what_the_probe_finds_and_asks_nothing_like_an_attack(certificate):
    with servers.nginx(https=certificate, hsts=HSTS, ciphers="ECDHE-ECDSA-AES128-GCM-SHA256") as it:
        report = scanned(it, certificate.ca)
    (endpoint,) = report.tls
    assert endpoint.ciphers["TLSv1.2"] == ("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",)
    assert set(endpoint.ciphers["TLSv1.3"]) == {
        "TLS_AES_128_GCM_SHA256",
        "TLS_AES_256_GCM_SHA384",
        "TLS_CHACHA20_POLY1305_SHA256",
    }
    assert "x25519" in endpoint.groups["TLSv1.3"]
    assert endpoint.certificates[0].trusted_by == ("ca-file",)
    assert endpoint.features["secure_renegotiation"] is True
    # Derived ones are there, those that are asked for are not.
    assert endpoint.vulnerabilities["sweet32"] is False
    assert not {"heartbleed", "ccs_injection", "robot", "ticketbleed"} & set(
        endpoint.vulnerabilities
    )
    assert endpoint.connections < report.connections


@pytest.mark.server("nginx")
def test_attacks_are_asked_for_only_where_they_are_allowed(certificate):
    """OpenSSL 3 is open to none of them: early ChangeCipherSpec was closed in 1.0.1h."""
    with servers.nginx(https=certificate, hsts=HSTS) as it:
        words = ("--format", "json", "--allow", "attack-probes")
        said = command(it, certificate.ca, *words)
    assert said.code == 0, said.err
    (endpoint,) = said.report["tls"]
    assert endpoint["vulnerabilities"]["ccs_injection"] is False


@pytest.mark.server("openssl")
@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_a_server_that_requires_a_client_certificate_leaves_gaps_and_a_report(version, certificate):
    """TLS 1.3 refuses once the handshake is over, where an answer is waited for."""
    with servers.s_server(certificate, [version, "-Verify", "1"]) as server:
        report = scanned(server, certificate.ca, checks=[hsts_missing])
    reasons = {gap.reason for gap in report.unanswered if gap.check == "hsts-missing"}
    assert any("handshake fail" in each or "certificate required" in each for each in reasons)
    assert not [gap for gap in report.unanswered if "crashed" in gap.reason]
    assert report.tls[0].features["client_certificate"] == "required"


@pytest.mark.server("node")
def test_http_2_alone_is_said_once_and_is_no_pass(certificate):
    with servers.node(https=certificate, options="ALPNProtocols: ['h2'],") as server:
        report = scanned(server, certificate.ca)
    asked = {gap.question: gap.reason for gap in report.unanswered if "GET https" in gap.question}
    reason = "not asked: it speaks HTTP/2 only (ALPN tells), which is not spoken here"
    assert set(asked.values()) == {reason}
    assert report.grade is not None and report.grade.is_upper_bound
    text = render([report], Options())
    assert text.count("HTTP/2 only") <= 12  # a line for each category, and one for the questions
    assert f"and {len(asked) - 1} more" in text
