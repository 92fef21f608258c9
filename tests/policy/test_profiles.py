"""Profiles against endpoints whose verdict follows from the profile's own source."""

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from plainwire.model import DhParameters, UsageError
from plainwire.policy.profiles import load, names, verdict, verdicts
from plainwire.policy.suites import groups, suites
from tls_endpoints import CBC, GCM, chain, endpoint, gap, leaf, without

INTERMEDIATE, MODERN, BCP = (
    load(name) for name in ("mozilla-intermediate", "mozilla-modern", "rfc9325")
)
EC_SUITES = {"TLSv1.2": ("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",)}
GUIDELINE = Path(__file__).parents[3] / "shared/data/mozilla-tls-guideline-6.0.json"


def because(profile, **parts):
    found = verdict(endpoint(**parts), profile)
    return found.meets, found.because


def test_a_sound_server_meets_the_profiles_that_allow_all_it_has():
    found = verdicts(endpoint())
    assert {name: one.meets for name, one in found.items()} == {
        "mozilla-intermediate": True,
        "mozilla-modern": False,
        "nist-800-52r2": False,
        "pci-dss-4": True,
        "rfc9325": True,
    }
    assert found["mozilla-modern"].because == ("remove TLSv1.2",)
    assert found["nist-800-52r2"].because[:2] == (
        "remove TLS_CHACHA20_POLY1305_SHA256 (not an approved algorithm)",
        "remove group x25519",
    )
    assert verdict(endpoint("TLSv1.3"), MODERN).meets is True


@pytest.mark.parametrize(
    ("parts", "change"),
    [
        ({"suites": {"TLSv1.2": (GCM, CBC)}}, f"remove {CBC}"),
        ({"groups": {"TLSv1.3": ("x25519", "x448"), "TLSv1.2": ()}}, "remove group x448"),
        ({"certificates": (chain(leaf(367)),)}, "certificate lifetime 367 days, at most 366"),
        (
            {"certificates": (chain(leaf(key_type="RSA", key_bits=1024)),)},
            "certificate key RSA 1024 bits, at least 2048",
        ),
        (
            {"certificates": (chain(leaf(key_bits=521)),)},
            "certificate key ECDSA 521 bits, only 256 or 384",
        ),
        (
            {"certificates": (chain(), chain(leaf(signature_hash="sha1")))},
            "certificate signed with sha1, only sha256, sha384, sha512",
        ),
        (
            {"certificates": (chain(leaf(key_type="Ed25519", signature_hash=None)),)},
            "certificate key Ed25519, only ECDSA or RSA",
        ),
    ],
)
def test_what_intermediate_does_not_allow_is_said_to_be_changed(parts, change):
    assert because(INTERMEDIATE, **parts) == (False, (change,))


def test_intermediate_wants_tls_1_3_and_no_old_version():
    assert verdict(endpoint("TLSv1.2", "TLSv1.0"), INTERMEDIATE).because == (
        "remove TLSv1.0",
        "enable TLSv1.3",
    )
    assert verdict(endpoint("TLSv1.3"), INTERMEDIATE).meets is True
    assert verdict(endpoint(certificates=(chain(leaf(366)),)), INTERMEDIATE).meets is True


@pytest.mark.parametrize(
    ("suite", "why"),
    [
        ("TLS_RSA_WITH_NULL_SHA", "no encryption, MUST NOT"),
        ("TLS_ECDHE_RSA_WITH_RC4_128_SHA", "RC4, MUST NOT"),
        ("TLS_RSA_EXPORT_WITH_DES40_CBC_SHA", "less than 112 bits, MUST NOT"),
        ("TLS_RSA_WITH_DES_CBC_SHA", "less than 112 bits, MUST NOT"),
        ("TLS_DH_anon_WITH_AES_128_GCM_SHA256", "no authentication"),
        ("TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA", "less than 128 bits, SHOULD NOT"),
        ("TLS_RSA_WITH_AES_128_GCM_SHA256", "static RSA, SHOULD NOT"),
        ("TLS_ECDH_RSA_WITH_AES_128_GCM_SHA256", "static Diffie-Hellman, SHOULD NOT"),
        ("TLS_DHE_RSA_WITH_AES_128_GCM_SHA256", "finite-field Diffie-Hellman, SHOULD NOT"),
        (CBC, "CBC without encrypt_then_mac, SHOULD NOT"),
    ],
)
def test_rfc_9325_forbids_each_of_its_classes(suite, why):
    assert suite in {one.name for one in suites().values()}
    found = because(BCP, suites={"TLSv1.2": (GCM, suite)}, dh=DhParameters(2048))
    assert found == (False, (f"remove {suite} ({why})",))


def test_rfc_9325_lets_cbc_stand_with_encrypt_then_mac_and_asks_where_it_is_not_known():
    taken = {"suites": {"TLSv1.2": (GCM, CBC)}}
    features = endpoint().features
    assert because(BCP, **taken, features={**features, "encrypt_then_mac": True})[0] is True
    unknown = because(BCP, **taken, features=without(features, "encrypt_then_mac"))
    assert unknown == (None, ("not known: does it take encrypt_then_mac?",))


def test_rfc_9325_wants_large_groups_and_the_extensions_that_close_holes():
    suite = "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256"
    features = {"compression": True, "secure_renegotiation": False, "extended_master_secret": False}
    assert because(BCP, suites={"TLSv1.2": (suite,)}, dh=DhParameters(1024), features=features) == (
        False,
        (
            f"remove {suite} (finite-field Diffie-Hellman, SHOULD NOT)",
            "Diffie-Hellman group of 1024 bits, at least 2048",
            "turn off TLS compression",
            "turn on secure renegotiation (RFC 5746)",
            "turn on the extended master secret (RFC 7627)",
        ),
    )


@pytest.mark.parametrize(
    "lack",
    [
        {"protocols": None},
        {"protocols": without(endpoint().protocols, "SSLv2")},
        {"protocols": without(endpoint().protocols, "TLSv1.1")},
        {"ciphers": None},
        {"ciphers": {"TLSv1.3": endpoint().ciphers["TLSv1.3"]}},
        {"groups": None},
        {"groups": {"TLSv1.2": ("x25519",)}},
        {"certificates": None},
        {"inconclusive": (gap("ciphers"),)},
        {"inconclusive": (gap("groups"),)},
        {"inconclusive": (gap("versions"),)},
        {"inconclusive": (gap("certificates"),)},
    ],
)
def test_what_is_not_known_never_meets(lack):
    found = verdict(endpoint(**lack), INTERMEDIATE)
    assert found.meets is None
    assert all(line.startswith("not known") for line in found.because) and found.because


def test_rfc_9325_needs_to_know_what_is_signed_with_where_anything_is_signed():
    assert because(BCP, signature_algorithms=None) == (
        None,
        ("not known: the signature algorithms of TLSv1.2",),
    )
    static = {"suites": {"TLSv1.2": ("TLS_RSA_WITH_AES_128_GCM_SHA256",)}}
    found = because(BCP, signature_algorithms=None, **static)
    assert found == (False, ("remove TLS_RSA_WITH_AES_128_GCM_SHA256 (static RSA, SHOULD NOT)",))
    weak = {"TLSv1.2": ("rsa_pkcs1_sha256", "rsa_pkcs1_sha1")}
    assert because(BCP, signature_algorithms=weak) == (
        False,
        ("remove signature algorithm rsa_pkcs1_sha1 (RFC 9155, MUST NOT)",),
    )


def test_one_thing_to_change_is_enough_whatever_else_is_unknown():
    found = verdict(endpoint("TLSv1.0", "TLSv1.3", certificates=None), INTERMEDIATE)
    assert (found.meets, found.because) == (False, ("remove TLSv1.0",))


def test_nist_wants_encrypt_then_mac_with_cbc_and_its_own_curves():
    nist = load("nist-800-52r2")
    taken = {"TLSv1.3": ("TLS_AES_128_GCM_SHA256",), "TLSv1.2": (CBC,)}
    groups = dict.fromkeys(taken, ("secp256r1",))
    features = endpoint().features
    found = verdict(endpoint(suites=taken, groups=groups), nist)
    assert found.because[0] == f"remove {CBC} (CBC without encrypt_then_mac)"
    good = endpoint(suites=taken, groups=groups, features={**features, "encrypt_then_mac": True})
    assert verdict(good, nist).meets is True


def test_pci_wants_a_certificate_that_clients_accept():
    pci = load("pci-dss-4")
    for word in ("expired", "revoked"):
        bad = verdict(endpoint(certificates=(chain(None, word),)), pci)
        assert bad.meets is False and bad.because[0] == f"certificate {word}"
    unchecked = chain(problems_checked=("expired",))
    found = verdict(endpoint(certificates=(unchecked,)), pci)
    assert found.meets is None
    assert "not known: is the certificate hostname mismatch?" in found.because
    assert "not known: is the certificate revoked?" not in found.because


def test_nothing_is_said_of_what_speaks_no_tls():
    assert verdicts(replace(endpoint(), speaks_tls=False)) == {}


@pytest.mark.parametrize("name", names())
def test_every_profile_says_where_it_comes_from_and_that_it_certifies_nothing(name):
    profile = load(name)
    assert profile.name == name and profile.title and profile.source
    assert date(2019, 1, 1) < profile.date <= date(2026, 12, 31)
    assert "no statement of compliance" in profile.reading
    known = {suite.name for suite in suites().values()} | set(groups().values())
    assert {*profile.emitted("suites"), *profile.emitted("groups")} <= known
    assert profile.is_draft == ("draft" in profile.reading)


def test_the_emitted_names_meet_the_profile_that_they_are_for():
    for name in names():
        profile = load(name)
        taken = {
            "TLSv1.3": tuple(s for s in profile.emitted("suites") if "_WITH_" not in s),
            "TLSv1.2": tuple(s for s in profile.emitted("suites") if "_WITH_" in s),
        }
        on = {v: v in profile.allowed("versions") for v in endpoint().protocols}
        groups = {v: profile.emitted("groups") for v in taken}
        made = endpoint(protocols=on, ciphers=taken, groups=groups)
        assert verdict(made, profile).meets is True


def test_an_unknown_name_is_the_callers_mistake():
    with pytest.raises(UsageError, match="mozilla-modern"):
        load("mozilla-ancient")


if GUIDELINE.exists():

    @pytest.mark.parametrize("name", ["modern", "intermediate"])
    def test_mozillas_profiles_hold_what_the_guideline_says(name):
        told = json.loads(GUIDELINE.read_text())["configurations"][name]
        profile = load(f"mozilla-{name}")
        rule = profile.rules["certificate"]
        assert profile.allowed("versions") == tuple(told["tls_versions"])
        assert profile.allowed("suites") == (*told["ciphersuites"], *told["ciphers"]["iana"])
        assert len(profile.allowed("groups")) == len(told["tls_curves"])
        assert rule["lifetime_days"] == told["maximum_certificate_lifespan"]
        assert rule["rsa_bits"] == told["rsa_key_size"]
        assert [kind.lower() for kind in rule["key_types"]] == told["certificate_types"]
