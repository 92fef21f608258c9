"""What checks find in a finished probe, beside their pages: severities, and what is not a flaw."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from plainwire import catalog
from plainwire.grading import grade
from plainwire.judging import Outcome, run_checks
from plainwire.live.tls.site import EndpointSite
from plainwire.model import DhParameters, PostQuantum, Staple
from plainwire.policy.suite_flaws import BROKEN
from plainwire.policy.suites import suites as every_suite
from plainwire.policy.weaknesses import derived
from plainwire.tls_status import endpoint_status
from plainwire.wire.target import parse_target
from tls_endpoints import AT, CBC, GCM, chain, endpoint, gap, leaf

CHECKS = [check for check in catalog.load() if check.asks == "tls"]
READY = PostQuantum(True, "TLS 1.3 takes X25519MLKEM768")
SOUND = endpoint(post_quantum=READY)


def found_in(one):
    target, _ = parse_target("https://api.example.com/")
    site, outcome = EndpointSite(target, one, AT + timedelta(days=1)), Outcome()
    asyncio.run(run_checks(site, CHECKS, outcome))
    assert not outcome.unanswered
    return outcome.findings, site.notes


def ids(one) -> dict[str, str]:
    return {finding.id: str(finding.severity) for finding in found_in(one)[0]}


def taking(*names, version="TLSv1.2", **parts):
    return endpoint(
        "TLSv1.3", version, suites={version: (GCM, *names)}, post_quantum=READY, **parts
    )


def letter(one) -> str:
    return grade(found_in(one)[0], is_upper_bound=False, scope=("encryption",)).letter


def test_a_sound_endpoint_has_no_finding():
    assert ids(SOUND) == {}


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (taking("TLS_RSA_WITH_NULL_SHA"), {"null-suite-accepted": "high"}),
        (taking("TLS_ECDH_anon_WITH_NULL_SHA"), {"null-suite-accepted": "high"}),
        (taking("TLS_ECDH_anon_WITH_RC4_128_SHA"), {"anonymous-suite-accepted": "high"}),
        (taking("TLS_RSA_EXPORT_WITH_RC4_40_MD5"), {"short-key-suite-accepted": "high"}),
        (taking("TLS_RSA_WITH_DES_CBC_SHA"), {"short-key-suite-accepted": "high"}),
        (taking("TLS_RSA_WITH_RC4_128_SHA"), {"rc4-suite-accepted": "medium"}),
        (taking("TLS_RSA_WITH_3DES_EDE_CBC_SHA"), {"short-block-suite-accepted": "medium"}),
        (taking("TLS_RSA_WITH_AES_128_GCM_SHA256"), {"static-key-exchange-accepted": "low"}),
        (taking("TLS_RSA_PSK_WITH_AES_128_GCM_SHA256"), {"static-key-exchange-accepted": "low"}),
        (taking(CBC), {"cbc-suite-accepted": "info"}),
    ],
)
def test_a_suite_is_found_under_its_worst_flaw_only(one, expected):
    assert ids(one) == expected


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (
            endpoint("TLSv1.2", suites={"TLSv1.2": (CBC,)}),
            {"cbc-suite-accepted": "medium", "tls-1-3-missing": "low"},
        ),
        (
            endpoint("TLSv1.2", suites={"TLSv1.2": ("TLS_RSA_WITH_AES_128_GCM_SHA256",)}),
            {"static-key-exchange-accepted": "medium", "tls-1-3-missing": "low"},
        ),
        (replace(SOUND, dh=DhParameters(1024, None)), {"dh-group-weak": "medium"}),
        (replace(SOUND, dh=DhParameters(1024, "nginx-1024")), {"dh-group-weak": "high"}),
        (replace(SOUND, dh=DhParameters(768, None)), {"dh-group-weak": "high"}),
        (replace(SOUND, dh=DhParameters(2048, "modp2048", True)), {"dh-value-reused": "low"}),
        (replace(SOUND, features={"ec_point_reused": True}), {"dh-value-reused": "info"}),
        (replace(SOUND, features={"early_data": True}), {"early-data-accepted": "low"}),
        (
            replace(SOUND, features={"early_data": True, "early_data_accepted": True}),
            {"early-data-accepted": "low"},
        ),
        (
            replace(SOUND, features={"secure_renegotiation": False, "client_renegotiation": True}),
            {"insecure-renegotiation": "high", "client-renegotiation-accepted": "low"},
        ),
        (
            replace(SOUND, features={"secure_renegotiation": False}),
            {"insecure-renegotiation": "medium"},
        ),
        (
            endpoint("TLSv1.1", "TLSv1.3", features={"fallback_scsv": False}, post_quantum=READY),
            {"fallback-scsv-missing": "low", "old-tls-accepted": "medium"},
        ),
        (replace(SOUND, vulnerabilities={"heartbleed": True}), {"heartbleed-open": "critical"}),
        (
            replace(SOUND, post_quantum=PostQuantum(False, "x25519 only")),
            {"post-quantum-missing": "info"},
        ),
        (
            replace(
                SOUND, signature_algorithms={"TLSv1.2": ("ecdsa_sha1", "ecdsa_secp256r1_sha256")}
            ),
            {"signature-algorithm-weak": "low"},
        ),
        (
            replace(SOUND, certificates=(chain(None, "revoked"),)),
            {"certificate-revoked": "critical"},
        ),
        (
            replace(SOUND, certificates=(chain(staple=Staple("good", AT, AT, "stale")),)),
            {"certificate-staple-unusable": "low"},
        ),
        (
            replace(
                SOUND,
                certificates=(
                    chain(leaf(must_staple=True), staple=Staple("good", AT, AT, "stale")),
                ),
            ),
            {"certificate-staple-unusable": "medium"},
        ),
        (
            replace(SOUND, certificates=(chain(leaf(key_flaws=("shared-prime",))),)),
            {"certificate-key-predictable": "critical"},
        ),
        (
            replace(SOUND, certificates=(chain(leaf(key_flaws=("small-exponent",))),)),
            {"certificate-key-predictable": "low"},
        ),
    ],
)
def test_a_flaw_has_the_severity_that_its_circumstances_give_it(one, expected):
    assert ids(one) == expected


@pytest.mark.parametrize(
    "one",
    [
        # With nothing to fall back to, TLS_FALLBACK_SCSV does nothing.
        replace(SOUND, features={"fallback_scsv": False}),
        endpoint("TLSv1.3", post_quantum=READY, features={"fallback_scsv": False}),
        replace(SOUND, dh=DhParameters(2048, "ffdhe2048")),
        replace(SOUND, dh=DhParameters(3072, None, reused=False)),
        taking(CBC, features={"encrypt_then_mac": True}),
        taking(CBC, features={}),  # not known
        replace(SOUND, features=None),
        replace(SOUND, features={"early_data": False, "client_renegotiation": False}),
        replace(SOUND, features={"early_data": True, "early_data_accepted": False}),
        replace(SOUND, vulnerabilities={}),
        replace(SOUND, post_quantum=None),
        replace(SOUND, certificates=(chain(staple=Staple("good", AT, AT)),)),
        replace(SOUND, signature_algorithms={"TLSv1.2": ("rsa_pss_rsae_sha256",)}),
        # TLS 1.3 that got no answer is not missing.
        replace(SOUND, protocols={"TLSv1.2": True}),
    ],
)
def test_what_is_no_flaw_or_not_known_is_no_finding(one):
    assert ids(one) == {}


def test_without_tls_1_3_the_missing_hybrid_is_not_said_as_well():
    one = replace(endpoint("TLSv1.2"), post_quantum=PostQuantum(False, "TLS 1.3 is off"))
    assert ids(one) == {"tls-1-3-missing": "low"}


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (endpoint("SSLv2", "TLSv1.3", post_quantum=READY), "F"),
        (endpoint("SSLv3", "TLSv1.3", post_quantum=READY), "F"),
        (taking("TLS_RSA_WITH_NULL_SHA"), "F"),
        (taking("TLS_ECDH_anon_WITH_AES_128_CBC_SHA"), "F"),
        (taking("TLS_RSA_EXPORT_WITH_RC4_40_MD5"), "F"),
        (replace(SOUND, vulnerabilities={"heartbleed": True}), "F"),
        (replace(SOUND, certificates=(chain(None, "revoked"),)), "F"),
        (endpoint("TLSv1.0", "TLSv1.2", "TLSv1.3", post_quantum=READY), "B"),
        (replace(SOUND, vulnerabilities={"robot": True}), "C"),
        (endpoint("TLSv1.2"), "A"),
        (SOUND, "A"),
    ],
)
def test_the_letter_follows_the_published_caps(one, expected):
    assert letter(one) == expected


def test_what_was_not_looked_at_does_not_count_as_run():
    one = replace(SOUND, ciphers=None, vulnerabilities=None)
    _, notes = found_in(one)
    assert "rc4-suite-accepted" not in notes.answered and "robot-open" not in notes.answered
    assert "old-tls-accepted" in notes.answered


def test_an_open_question_leaves_the_checks_of_its_part_unanswered():
    _, notes = found_in(replace(SOUND, inconclusive=(gap("ciphers"),)))
    who = {check for check, _ in notes.unanswered}
    assert {"rc4-suite-accepted", "cbc-suite-accepted"} <= who
    assert not {"old-tls-accepted", "heartbleed-open"} & who


def test_every_broken_class_has_suites_in_the_registry():
    names = [suite.name for suite in every_suite().values()]
    for words in BROKEN.values():
        assert all(any(word in name for name in names) for word in words)


def test_every_derived_attack_that_is_open_is_found_by_some_check():
    old = ("SSLv2", "SSLv3", "TLSv1.0", "TLSv1.1", "TLSv1.2")
    export = ("TLS_RSA_EXPORT_WITH_RC4_40_MD5", "TLS_DHE_RSA_EXPORT_WITH_DES40_CBC_SHA")
    broken = (*export, "TLS_RSA_WITH_RC4_128_SHA", "TLS_RSA_WITH_3DES_EDE_CBC_SHA", CBC)
    one = endpoint(
        *old,
        suites=dict.fromkeys(old[1:], broken),
        features={"compression": True, "encrypt_then_mac": False},
        dh=DhParameters(512, None, True),
    )
    open_ = derived(one)
    assert all(open_.values()) and len(open_) == 10
    assert set(ids(replace(one, vulnerabilities=open_))) == {
        "sslv2-accepted",  # DROWN
        "sslv3-accepted",  # POODLE
        "old-tls-accepted",
        "cbc-suite-accepted",  # Lucky Thirteen, BEAST
        "short-key-suite-accepted",  # FREAK, Logjam
        "dh-group-weak",  # Logjam
        "dh-value-reused",  # Raccoon
        "rc4-suite-accepted",
        "short-block-suite-accepted",  # SWEET32
        "tls-compression-accepted",  # CRIME
        "tls-1-3-missing",
    }


@pytest.mark.parametrize("problem", ["wrong_eku", "expired", "hostname_mismatch", "revoked"])
def test_a_certificate_that_clients_refuse_is_no_valid_one(problem):
    status, lines = endpoint_status(endpoint(certificates=(chain(None, problem),)))
    words = problem.replace("_", " ")
    assert (status, lines) == ("FAIL", (f"No valid SSL certificate found ({words})",))


@pytest.mark.parametrize("name", ["heartbleed", "ccs_injection", "robot", "ticketbleed"])
def test_an_attack_that_was_not_tried_is_not_answered_by_those_that_follow(name):
    """Without --allow attack-probes the report tells only what follows from what is accepted."""
    assert not endpoint(vulnerabilities={"drown": False}).tells("vulnerabilities")
    assert endpoint(vulnerabilities={"drown": False, name: False}).tells("vulnerabilities")


def test_without_a_staple_that_can_be_used_nobody_says_that_nothing_is_revoked():
    def told(served):
        _, notes = found_in(replace(SOUND, certificates=(served,)))
        return notes.inapplicable.get("certificate-revoked")

    assert "no responder is asked" in told(replace(chain(), problems_checked=("expired",)))
    assert told(replace(chain(), problems_checked=("expired", "revoked"))) is None
