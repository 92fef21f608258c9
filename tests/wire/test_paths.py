"""Chains judged. The truth is `openssl verify` where it has an opinion, else the RFC named."""

from __future__ import annotations

import ipaddress
import itertools
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from certificates import DAY, Issued, issue, rsa_key
from plainwire.model import Chain, WireError
from plainwire.wire import certificate, path_search
from plainwire.wire import der as asn1
from plainwire.wire.paths import PROBLEMS, judge

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
NAME = "api.example.test"
LONG_AGO = NOW - 1000 * DAY


def new_root(name: str = "Root", **words: object) -> Issued:
    return issue(name, ca=True, not_before=LONG_AGO, **words)


def new_ca(name: str, by: Issued, **words: object) -> Issued:
    return issue(name, **{"ca": True, "by": by, "not_before": LONG_AGO, **words})


def new_leaf(by: Issued | None, *names: str, **words: object) -> Issued:
    times = {"not_before": NOW - 30 * DAY, "not_after": NOW + 60 * DAY}
    return issue(*(names or (NAME,)), by=by, **{**times, **words})


ROOT = new_root()
ISSUING = new_ca("Issuing CA", ROOT)
LEAF = new_leaf(ISSUING)
OTHER = new_root("Other Root")


def judged(
    *served: Issued | bytes,
    roots: Sequence[Issued] = (ROOT,),
    name: str = NAME,
    now: datetime = NOW,
    stapled: bool | None = None,
) -> Chain:
    ders = [item.der if isinstance(item, Issued) else item for item in served]
    store = {"ca-file": tuple(root.der for root in roots)}
    return judge(ders, name=name, now=now, stores=store, stapled=stapled)


@dataclass(frozen=True)
class Case:
    served: Sequence[Issued]
    problems: set[str] = field(default_factory=set)
    roots: Sequence[Issued] = (ROOT,)
    name: str = NAME


def cross_signed() -> Case:
    """The new root's key, certified by itself (not trusted) and by an old root (trusted)."""
    key = ec.generate_private_key(ec.SECP256R1())
    new = new_root("New Root", key=key)
    cross = new_ca("New Root", ROOT, key=key)
    leaf = new_leaf(new_ca("New Issuing CA", new))
    assert leaf.issuer
    return Case([leaf, leaf.issuer, cross])


def two_authorities_that_sign_each_other() -> Case:
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]
    first, second = new_root("First", key=keys[0]), new_root("Second", key=keys[1])
    first_by_second = new_ca("First", second, key=keys[0])
    second_by_first = new_ca("Second", first, key=keys[1])
    leaf = new_leaf(first)
    return Case([leaf, first_by_second, second_by_first], {"untrusted_root"})


def constrained(name: str = NAME, *, ca: Mapping[str, object], **leaf: object) -> list[Issued]:
    authority = new_ca("Constrained CA", ROOT, **ca)
    return [new_leaf(authority, name, **leaf), authority]


def below(path_length: int) -> list[Issued]:
    upper = new_ca("Upper CA", ROOT, path_length=path_length)
    lower = new_ca("Lower CA", upper)
    return [new_leaf(lower), lower, upper]


def weakly_signed(hash: str) -> Case:
    root = new_root("RSA Root", key=rsa_key(2048, 1), hash=hash)
    leaf = new_leaf(root, key=2048, hash=hash)
    return Case([leaf], {f"weak_signature_{hash}"}, [root])


def weak_root_signature(hash: str) -> Case:
    root = new_root("RSA Root", key=rsa_key(2048, 1), hash=hash)
    return Case([new_leaf(root)], set(), [root])


def key_not_of_the_name() -> Case:
    return Case(
        [new_leaf(ISSUING, signed_with=OTHER.key), ISSUING], {"untrusted_root", "extra_certs"}
    )


EXPIRED_CA = new_ca("Expired CA", ROOT, not_after=NOW - DAY)
NO_CA = new_ca("No CA", ROOT, ca=False, eku=[], sans=[], not_after=NOW + DAY)
NO_CONSTRAINTS = new_ca("Plain", ROOT, basic_constraints=False, key_usage=[])
NO_SIGNING = new_ca("No Signing CA", ROOT, key_usage=["crl_sign"])
CLIENT_CA = new_ca("Client CA", ROOT, eku=["clientAuth"])
SERVER_CA = new_ca("Server CA", ROOT, eku=["serverAuth"])
MYSTERY = (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00"), True)
SELF = new_leaf(None)
ORGANIZATION = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Example")])
IN_ORGANIZATION = x509.Name([*ORGANIZATION, x509.NameAttribute(NameOID.COMMON_NAME, NAME)])

CASES: dict[str, Callable[[], Case]] = {
    "good": lambda: Case([LEAF, ISSUING]),
    "leaf alone from a root": lambda: Case([new_leaf(ROOT)]),
    "expired leaf": lambda: Case(
        [new_leaf(ISSUING, not_before=NOW - 9 * DAY, not_after=NOW - DAY), ISSUING], {"expired"}
    ),
    "expired intermediate": lambda: Case([new_leaf(EXPIRED_CA), EXPIRED_CA], {"expired"}),
    "not yet valid": lambda: Case(
        [new_leaf(ISSUING, not_before=NOW + DAY), ISSUING], {"not_yet_valid"}
    ),
    "wrong order": lambda: Case([LEAF, ROOT, ISSUING], {"wrong_chain_order", "root_in_chain"}),
    "missing intermediate": lambda: Case([LEAF], {"incomplete_chain"}),
    "missing intermediate, root served": lambda: Case(
        [LEAF, ROOT], {"incomplete_chain", "extra_certs", "root_in_chain"}
    ),
    "unrelated extra": lambda: Case([LEAF, ISSUING, new_ca("Unrelated", OTHER)], {"extra_certs"}),
    "root included": lambda: Case([LEAF, ISSUING, ROOT], {"root_in_chain"}),
    "unknown root included": lambda: Case(
        [LEAF, ISSUING, ROOT], {"root_in_chain", "untrusted_root"}, [OTHER]
    ),
    "cross-signed": cross_signed,
    "a loop of cross-signs": two_authorities_that_sign_each_other,
    "self-signed": lambda: Case([SELF], {"self_signed"}),
    "self-signed and named": lambda: Case([SELF], set(), [SELF]),
    "wrong key": key_not_of_the_name,
    "issuer is no CA": lambda: Case([new_leaf(NO_CA), NO_CA], {"untrusted_root"}),
    "issuer without basicConstraints": lambda: Case(
        [new_leaf(NO_CONSTRAINTS), NO_CONSTRAINTS], {"untrusted_root"}
    ),
    "issuer without keyCertSign": lambda: Case(
        [new_leaf(NO_SIGNING), NO_SIGNING], {"untrusted_root"}
    ),
    "authority without keyUsage": lambda: Case(
        [new_leaf(bare := new_root("Bare", key_usage=[]))], set(), [bare]
    ),
    "pathLen violated": lambda: Case(below(0), {"untrusted_root"}),
    "pathLen kept": lambda: Case(below(1)),
    "pathLen of the root violated": lambda: Case(
        [new_leaf(ca := new_ca("CA", root := new_root("Short", path_length=0))), ca],
        {"untrusted_root"},
        [root],
    ),
    "authority for clients only": lambda: Case(
        [new_leaf(CLIENT_CA), CLIENT_CA], {"untrusted_root"}
    ),
    "authority for servers": lambda: Case([new_leaf(SERVER_CA), SERVER_CA]),
    "leaf for clients only": lambda: Case(
        [new_leaf(ISSUING, eku=["clientAuth"]), ISSUING], {"wrong_eku"}
    ),
    "leaf whose key may only sign certificates": lambda: Case(
        [new_leaf(ISSUING, key_usage=["key_cert_sign"]), ISSUING], {"wrong_eku"}
    ),
    "leaf whose key may only encipher keys": lambda: Case(
        [new_leaf(ISSUING, key_usage=["key_encipherment"]), ISSUING]
    ),
    "leaf without purpose": lambda: Case([new_leaf(ISSUING, eku=[]), ISSUING]),
    "unknown critical extension": lambda: Case(
        [new_leaf(ISSUING, extensions=[MYSTERY]), ISSUING], {"untrusted_root"}
    ),
    "unknown extension that is not critical": lambda: Case(
        [new_leaf(ISSUING, extensions=[(MYSTERY[0], False)]), ISSUING]
    ),
    "DNS name permitted": lambda: Case(constrained(ca={"permitted": ["example.test"]})),
    "DNS name not permitted": lambda: Case(
        constrained(ca={"permitted": ["example.org"]}), {"untrusted_root"}
    ),
    "DNS name that only ends alike": lambda: Case(
        constrained(ca={"permitted": ["pi.example.test"]}), {"untrusted_root"}
    ),
    "DNS name excluded": lambda: Case(
        constrained(ca={"excluded": ["Example.TEST"]}), {"untrusted_root"}
    ),
    "another DNS name excluded": lambda: Case(constrained(ca={"excluded": ["other.test"]})),
    "address permitted": lambda: Case(
        constrained("10.1.2.3", ca={"permitted": ["10.0.0.0/8"]}), name="10.1.2.3"
    ),
    "address not permitted": lambda: Case(
        constrained("11.1.2.3", ca={"permitted": ["10.0.0.0/8"]}),
        {"untrusted_root"},
        name="11.1.2.3",
    ),
    "IPv6 address excluded": lambda: Case(
        constrained("2001:db8::1", ca={"excluded": ["2001:db8::/32"]}),
        {"untrusted_root"},
        name="2001:db8::1",
    ),
    "DNS constraint leaves addresses alone": lambda: Case(
        # OpenSSL takes a common name for a DNS name where there is none: this one cannot be.
        constrained("10.1.2.3", ca={"permitted": ["example.test"]}, subject="a server"),
        name="10.1.2.3",
    ),
    "directory name permitted": lambda: Case(
        constrained(ca={"permitted": [x509.DirectoryName(ORGANIZATION)]}, subject=IN_ORGANIZATION)
    ),
    "directory name not permitted": lambda: Case(
        constrained(ca={"permitted": [x509.DirectoryName(ORGANIZATION)]}), {"untrusted_root"}
    ),
    "constraint in the root": lambda: Case(
        [new_leaf(root := new_root("Root", permitted=["example.org"]))], {"untrusted_root"}, [root]
    ),
    "SHA-1": lambda: weakly_signed("sha1"),
    "MD5": lambda: weakly_signed("md5"),
    "SHA-1 on the root only": lambda: weak_root_signature("sha1"),
    "MD5 on the root only": lambda: weak_root_signature("md5"),
    "other name": lambda: Case([LEAF, ISSUING], {"hostname_mismatch"}, name="other.test"),
    "address as a name": lambda: Case(
        [new_leaf(ISSUING, sans=["127.0.0.1"]), ISSUING], name="127.0.0.1"
    ),
    "RSA of 1024 bits": lambda: Case([new_leaf(ISSUING, key=1024), ISSUING], {"weak_key"}),
}


def openssl_accepts(case: Case, folder: Path, *words: str) -> bool:
    """What `openssl verify` says; level 0 since the strength of keys and digests is apart."""
    roots, served, leaf = (folder / name for name in ("roots.pem", "served.pem", "leaf.pem"))
    roots.write_text("".join(item.pem for item in case.roots))
    served.write_text("".join(item.pem for item in case.served[1:]))
    leaf.write_text(case.served[0].pem)
    command = ["openssl", "verify", "-auth_level", "0", "-no-CApath", "-no-CAstore", *words]
    command += ["-CAfile", str(roots)]
    if case.served[1:]:
        command += ["-untrusted", str(served)]
    return subprocess.run([*command, str(leaf)], capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize("which", CASES)
def test_each_chain_has_exactly_its_problems_and_openssl_agrees(which: str, tmp_path: Path) -> None:
    case = CASES[which]()
    chain = judged(*case.served, roots=case.roots, name=case.name)
    assert set(chain.problems) == case.problems
    purpose = [] if "wrong_eku" in case.problems else ["-purpose", "sslserver"]
    assert openssl_accepts(case, tmp_path, "-no_check_time", *purpose) == bool(chain.trusted_by)

    kind = "-verify_ip" if case.name[0].isdigit() else "-verify_hostname"
    asked = [kind, case.name, "-attime", str(int(NOW.timestamp())), "-purpose", "sslserver"]
    fatal = {"expired", "not_yet_valid", "hostname_mismatch", "wrong_eku"} & case.problems
    assert openssl_accepts(case, tmp_path, *asked) == (bool(chain.trusted_by) and not fatal)


def test_an_expired_self_signed_certificate_for_another_name_has_all_three_reasons() -> None:
    bad = new_leaf(None, "other.test", not_before=NOW - 9 * DAY, not_after=NOW - DAY)
    assert judged(bad).problems == ("expired", "self_signed", "hostname_mismatch")


def test_an_expired_leaf_of_a_trusted_root_is_still_trusted() -> None:
    chain = judged(LEAF, ISSUING, now=NOW + 90 * DAY)
    assert (chain.problems, chain.trusted_by) == (("expired",), ("ca-file",))


def test_everything_wrong_at_once_is_all_said() -> None:
    bad = issue(
        ca=True,
        subject="x",
        sans=[],
        eku=["clientAuth"],
        must_staple=True,
        key=1024,
        hash="sha1",
        not_before=NOW - 500 * DAY,
        not_after=NOW + DAY,
    )
    assert judged(bad, OTHER, stapled=False).problems == (
        "expires_soon",
        "self_signed",
        "extra_certs",
        "root_in_chain",
        "hostname_mismatch",
        "no_san",
        "weak_key",
        "weak_signature_sha1",
        "validity_too_long",
        "ca_as_leaf",
        "must_staple_missing",
        "wrong_eku",
    )


def test_the_words_are_those_of_the_report_contract_in_its_order() -> None:
    assert list(PROBLEMS) == [
        "expired",
        "not_yet_valid",
        "expires_soon",
        "self_signed",
        "untrusted_root",
        "incomplete_chain",
        "wrong_chain_order",
        "extra_certs",
        "root_in_chain",
        "hostname_mismatch",
        "no_san",
        "weak_key",
        "weak_signature_sha1",
        "weak_signature_md5",
        "validity_too_long",
        "ca_as_leaf",
        "must_staple_missing",
        "revoked",
        "wrong_eku",
    ]


def test_the_best_path_comes_first() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    new = new_root("New Root", key=key)
    cross = new_ca("New Root", ROOT, key=key, not_after=NOW - DAY)
    leaf = new_leaf(new)
    # The long way over the expired cross-sign is there as well, and comes after the short one.
    chain = judged(leaf, cross, roots=(ROOT, new))
    assert chain.paths == (
        ("CN=api.example.test", "CN=New Root"),
        ("CN=api.example.test", "CN=New Root", "CN=Root"),
    )
    assert chain.problems == ()
    assert judged(leaf, cross).problems == ("expired",)


@pytest.mark.parametrize(
    ("left", "problems"),
    [
        (timedelta(days=14, seconds=1), ()),
        (timedelta(days=14), ("expires_soon",)),
        (timedelta(0), ("expires_soon",)),  # RFC 5280, 4.1.2.5: notAfter is inclusive
        (timedelta(seconds=-1), ("expired",)),
    ],
)
def test_expires_soon_means_at_most_fourteen_days(
    left: timedelta, problems: tuple[str, ...]
) -> None:
    assert judged(LEAF, ISSUING, now=NOW + 60 * DAY - left).problems == problems


@pytest.mark.parametrize(("days", "is_long"), [(398, False), (399, True), (825, True)])
def test_more_than_398_days_is_too_long_whoever_issued_it(days: int, is_long: bool) -> None:
    leaf = new_leaf(ISSUING, not_before=NOW - DAY, not_after=NOW + (days - 1) * DAY)
    assert ("validity_too_long" in judged(leaf, ISSUING).problems) == is_long


def test_must_staple_is_judged_only_if_somebody_looked() -> None:
    leaf = new_leaf(ISSUING, must_staple=True)
    seen = [judged(leaf, ISSUING, stapled=stapled) for stapled in (None, False, True)]
    assert [item.problems for item in seen] == [(), ("must_staple_missing",), ()]
    looked = ["must_staple_missing" in item.problems_checked for item in seen]
    assert looked == [False, True, True]
    assert judged(LEAF, ISSUING, stapled=False).problems == ()


@pytest.mark.parametrize(
    ("key", "is_weak"),
    [(1024, True), (2048, False), (ec.SECP192R1(), True), (ec.SECP224R1(), False)],
)
def test_a_key_is_weak_below_2048_bits_of_rsa_and_224_of_ec(
    key: int | ec.EllipticCurve, is_weak: bool
) -> None:
    own = rsa_key(key) if isinstance(key, int) else ec.generate_private_key(key)
    chain = judged(new_leaf(ISSUING, key=own), ISSUING)
    assert chain.problems == (("weak_key",) if is_weak else ())


def test_a_weak_key_or_digest_of_an_intermediate_counts() -> None:
    root = new_root("RSA Root", key=2048)
    weak = new_ca("Weak CA", root, key=1024, hash="sha1")
    problems = judged(new_leaf(weak), weak, roots=[root]).problems
    assert problems == ("weak_key", "weak_signature_sha1")


def test_an_authority_as_leaf_is_said() -> None:
    usages = ["key_cert_sign", "digital_signature"]
    leaf = new_leaf(ISSUING, ca=True, sans=[NAME], eku=["serverAuth"], key_usage=usages)
    assert judged(leaf, ISSUING).problems == ("ca_as_leaf",)


@pytest.mark.parametrize(
    ("order", "problems"),
    [
        ("LIU", ()),
        ("LUI", ("wrong_chain_order",)),
        ("LIUR", ("root_in_chain",)),
        ("LRUI", ("wrong_chain_order", "root_in_chain")),
        ("LIIU", ("extra_certs",)),
        ("LILU", ("extra_certs",)),
    ],
)
def test_the_order_and_the_duplicates_of_a_longer_chain(
    order: str, problems: tuple[str, ...]
) -> None:
    upper = new_ca("Upper CA", ROOT)
    lower = new_ca("Lower CA", upper)
    chain = {"L": new_leaf(lower), "I": lower, "U": upper, "R": ROOT}
    assert judged(*(chain[letter] for letter in order)).problems == problems


def test_a_chain_served_upside_down_is_in_the_wrong_order() -> None:
    problems = judged(ISSUING, LEAF, name=NAME).problems
    assert {"wrong_chain_order", "ca_as_leaf", "hostname_mismatch"} <= set(problems)


def test_alternatives_of_one_authority_may_come_in_any_order() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    both = [new_ca("Cross", root, key=key) for root in (ROOT, OTHER)]
    leaf = new_leaf(both[0])
    for order in itertools.permutations(both):
        chain = judged(leaf, *order, roots=[ROOT, OTHER])
        assert chain.problems == ()
        assert len(chain.paths) == 2


def test_of_two_paths_the_one_that_is_in_time_counts() -> None:
    # The expiry of AddTrust External CA Root, May 2020, met clients that saw one path only.
    key = ec.generate_private_key(ec.SECP256R1())
    old = new_root("Old Root", not_after=NOW - DAY)
    new = new_root("New Root", key=key)
    cross = new_ca("New Root", old, key=key, not_after=NOW - DAY)
    leaf = new_leaf(new)
    assert judged(leaf, cross, roots=[old, new]).problems == ()
    assert judged(leaf, cross, roots=[old]).problems == ("expired",)


def test_each_store_that_trusts_is_named_with_its_path() -> None:
    stores = {"mozilla": (OTHER.der,), "system": (OTHER.der, ROOT.der), "ca-file": (ISSUING.der,)}
    chain = judge([LEAF.der, ISSUING.der], name=NAME, now=NOW, stores=stores)
    assert chain.trusted_by == ("system", "ca-file")
    assert set(chain.paths) == {
        (f"CN={NAME}", "CN=Issuing CA"),
        (f"CN={NAME}", "CN=Issuing CA", "CN=Root"),
    }


def test_an_intermediate_as_anchor_is_trusted_as_openssl_does_with_partial_chain(
    tmp_path: Path,
) -> None:
    case = Case([LEAF], roots=[ISSUING])
    assert openssl_accepts(case, tmp_path, "-no_check_time", "-partial_chain")
    assert judged(LEAF, roots=[ISSUING]).problems == ()


def test_a_version_1_authority_is_trusted_from_a_store_and_never_when_served(
    tmp_path: Path,
) -> None:
    # RFC 5280, 6.1.4 (k). Without a section of extensions OpenSSL makes version 1.
    (tmp_path / "bare.cnf").write_text("[req]\ndistinguished_name=d\n[d]\n")
    command = "openssl req -x509 -new -nodes -subj /CN=V1 -newkey rsa:2048 -days 36 -outform DER"
    places = ["-config", "bare.cnf", "-keyout", "key.pem"]
    made = subprocess.run(
        [*command.split(), *places], cwd=tmp_path, capture_output=True, check=True
    )
    key = serialization.load_pem_private_key((tmp_path / "key.pem").read_bytes(), None)
    old = Issued(made.stdout, key)
    assert old.x509.version is x509.Version.v1
    leaf = new_leaf(old)
    assert openssl_accepts(Case([leaf], roots=[old]), tmp_path, "-no_check_time")
    assert judged(leaf, roots=[old]).trusted_by == ("ca-file",)
    assert judged(leaf, old).trusted_by == ()


@pytest.mark.parametrize("served", [[], [b""], [b"\x30\x00"], [LEAF.der[:-1]]])
def test_without_a_readable_leaf_there_is_no_judgement(served: list[bytes]) -> None:
    with pytest.raises(WireError):
        judged(*served)


def test_garbage_behind_the_leaf_is_extra_and_does_not_hide_the_rest() -> None:
    chain = judged(LEAF, b"garbage", ISSUING)
    assert chain.problems == ("extra_certs",)
    assert len(chain.chain) == 2


@pytest.mark.parametrize(
    ("sans", "name", "is_for_it"),
    [
        (["api.example.test"], "API.Example.Test", True),
        (["API.Example.Test"], "api.example.test", True),
        (["api.example.test"], "api.example.test.", True),
        (["*.example.test"], "api.example.test", True),
        (["*.EXAMPLE.test"], "Api.example.TEST.", True),
        (["*.example.test"], "example.test", False),
        (["*.example.test"], "a.b.example.test", False),
        (["*.example.test"], ".example.test", False),
        (["a*.example.test"], "api.example.test", False),
        (["api.*.test"], "api.example.test", False),
        (["*.*.test"], "api.example.test", False),
        (["*"], "localhost", False),
        (["*.test"], "example.test", False),
        (["xn--bcher-kva.example.test"], "xn--bcher-kva.example.test", True),
        (["*.example.test"], "xn--bcher-kva.example.test", True),
        (["example.test"], "badexample.test", False),
        (["10.0.0.1"], "10.0.0.1", True),
        (["10.0.0.1"], "10.0.0.2", False),
        ([x509.DNSName("10.0.0.1")], "10.0.0.1", False),
        ([x509.DNSName("*.0.0.1")], "10.0.0.1", False),
        (["2001:db8::1"], "2001:DB8:0:0::1", True),
        (["2001:db8::1"], "[2001:db8::1]", True),
        (["::1", "localhost"], "localhost", True),
    ],
)
def test_names_match_as_rfc_9525_says(
    sans: list[str | x509.GeneralName], name: str, is_for_it: bool
) -> None:
    chain = judged(new_leaf(ISSUING, sans=sans), ISSUING, name=name)
    assert ("hostname_mismatch" not in chain.problems) == is_for_it


def test_the_common_name_does_not_count() -> None:
    chain = judged(new_leaf(ISSUING, subject=NAME, sans=[]), ISSUING)
    assert chain.problems == ("hostname_mismatch", "no_san")


def test_an_excluded_name_excludes_the_wildcard_that_stands_for_it() -> None:
    served = constrained("*.example.test", ca={"excluded": ["api.example.test"]})
    assert judged(*served).problems == ("untrusted_root",)


def test_a_constraint_on_mail_addresses_refuses_a_certificate_that_has_one() -> None:
    mail = x509.RFC822Name("example.test")
    fine = constrained(ca={"permitted": [mail]})
    bad = constrained(ca={"permitted": [mail]}, sans=[NAME, x509.RFC822Name("a@other.test")])
    assert judged(*fine).problems == ()
    assert judged(*bad).problems == ("untrusted_root",)


def test_a_mesh_of_cross_signs_costs_a_bounded_number_of_signatures() -> None:
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(7)]
    plain = [new_root(f"CA {at}", key=key) for at, key in enumerate(keys)]
    mesh = [
        new_ca(f"CA {below}", plain[above], key=keys[below])
        for below, above in itertools.permutations(range(7), 2)
    ]
    search = path_search.Search([certificate.parse(item.der) for item in mesh], {})
    leaf = certificate.parse(new_leaf(plain[0]).der)
    assert search.paths(leaf) == ()
    search.depths(leaf)
    assert search.verifications == 0
    assert search.steps >= 0
    assert judged(new_leaf(plain[0]), *mesh).trusted_by == ()


def below_authorities(number: int) -> list[Issued]:
    path = [ROOT]
    for at in range(number):
        path.append(new_ca(f"CA {at}", path[-1]))
    return [new_leaf(path[-1]), *reversed(path[1:])]


def thousands_of_names() -> list[Issued]:
    hosts = [f"host-{at}.example.test" for at in range(1000)]
    trees = [f"other-{at}.example.test" for at in range(1000)]
    return constrained(ca={"excluded": trees}, sans=[NAME, *hosts])


def test_a_path_is_at_most_ten_certificates_long() -> None:
    assert judged(*below_authorities(8)).trusted_by == ("ca-file",)
    assert judged(*below_authorities(9)).trusted_by == ()


BEYOND_BOUNDS: dict[str, Callable[[], list[Issued]]] = {
    "a path of eleven": lambda: below_authorities(9),
    "a path of forty-two": lambda: below_authorities(40),
    "the issuer behind forty others": lambda: [
        LEAF,
        *(new_root(f"Root {at}") for at in range(40)),
        ISSUING,
    ],
    "a thousand names and constraints": thousands_of_names,
}


@pytest.mark.parametrize("which", BEYOND_BOUNDS)
def test_what_is_beyond_a_bound_is_not_known_and_no_problem(which: str, tmp_path: Path) -> None:
    served = BEYOND_BOUNDS[which]()
    assert openssl_accepts(Case(served), tmp_path, "-no_check_time")
    chain = judged(*served)
    assert chain.trusted_by == ()
    trust = {"untrusted_root", "incomplete_chain", "extra_certs"}
    assert not trust & {*chain.problems, *chain.problems_checked}
    assert chain.path_errors is None


def test_a_chain_that_is_too_long_is_judged_where_a_path_or_the_leaf_itself_tells() -> None:
    crowd = [new_root(f"Root {at}") for at in range(40)]
    assert "untrusted_root" in judged(LEAF, ISSUING, *crowd).problems_checked
    assert "self_signed" in judged(SELF, *crowd).problems
    assert "untrusted_root" in judged(SELF, *crowd).problems_checked


LEAF_NAME = f"CN={NAME}"
FORBIDDEN = "CN=Constrained CA forbids a name below it (nameConstraints)"


@pytest.mark.parametrize(
    ("which", "error"),
    [
        (
            "unknown critical extension",
            f"{LEAF_NAME} has a critical extension that is not understood",
        ),
        ("DNS name not permitted", FORBIDDEN),
        ("address not permitted", FORBIDDEN),
        ("pathLen violated", "CN=Upper CA allows fewer CAs below it (pathLenConstraint)"),
        ("issuer is no CA", "CN=No CA is no CA (basicConstraints)"),
        ("issuer without keyCertSign", "CN=No Signing CA may not sign certificates (keyUsage)"),
        ("authority for clients only", "CN=Client CA is not for TLS servers (extendedKeyUsage)"),
        ("wrong key", f"{LEAF_NAME} is not signed by the key of its issuer's name"),
        ("unknown root included", None),
        ("good", None),
    ],
)
def test_the_rule_that_is_broken_on_the_way_is_told(which: str, error: str | None) -> None:
    case = CASES[which]()
    told = judged(*case.served, roots=case.roots, name=case.name).path_errors
    assert (told or ()) == ((error,) if error else ())


def test_roots_are_found_by_subject_and_the_others_are_not_parsed() -> None:
    certificate.parse.cache_clear()
    crowd = [new_root(f"Root {at}") for at in range(20)]
    assert judged(LEAF, ISSUING, roots=[*crowd, ROOT]).trusted_by == ("ca-file",)
    assert certificate.parse.cache_info().currsize == 3


def test_a_broken_certificate_in_a_store_is_passed_over() -> None:
    stores = {"ca-file": (b"broken", ROOT.der)}
    chain = judge([LEAF.der, ISSUING.der], name=NAME, now=NOW, stores=stores)
    assert chain.trusted_by == ("ca-file",)


def new_name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def rebuilt(old: Issued, by: Issued, *, without: Sequence[int] = ()) -> bytes:
    """The certificate signed anew by ``by`` (EC) without some fields of its TBSCertificate."""
    whole = asn1.elements(old.der)[0]
    tbs, algorithm, _ = asn1.elements(whole.content)
    fields = asn1.elements(tbs.content)
    kept = b"".join(item.raw for at, item in enumerate(fields) if at not in without)
    body = asn1.encode(asn1.SEQUENCE, kept)
    signature = by.key.sign(body, ec.ECDSA(hashes.SHA256()))
    tail = algorithm.raw + asn1.encode(asn1.BIT_STRING, b"\0" + signature)
    return asn1.encode(asn1.SEQUENCE, body + tail)


def test_a_version_1_intermediate_is_no_authority(tmp_path: Path) -> None:
    later = new_ca("V1", ROOT)
    version, extensions = 0, 7
    old = Issued(rebuilt(later, ROOT, without=[version, extensions]), later.key, ROOT)
    assert old.x509.version is x509.Version.v1
    leaf = new_leaf(old)
    assert not openssl_accepts(Case([leaf, old]), tmp_path, "-no_check_time")
    assert judged(leaf, old).problems == ("untrusted_root",)


def test_a_certificate_with_a_broken_extension_is_not_trusted() -> None:
    broken = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.30"), b"\x04\x00")
    leaf = new_leaf(ISSUING, extensions=[(broken, False)])
    assert judged(leaf, ISSUING).problems == ("untrusted_root",)


def test_a_certificate_with_two_signature_algorithms_is_not_trusted() -> None:
    sha256, sha384 = (bytes.fromhex(f"300a06082a8648ce3d04030{last}") for last in (2, 3))
    whole = asn1.elements(LEAF.der)[0]
    tbs, _, signature = asn1.elements(whole.content)
    assert sha256 in tbs.raw
    bad = asn1.encode(asn1.SEQUENCE, tbs.raw + sha384 + signature.raw)
    assert certificate.parse(bad).is_malformed


def test_a_self_issued_authority_is_neither_counted_nor_constrained(tmp_path: Path) -> None:
    # RFC 5280, 4.2.1.9 and 4.2.1.10: a key rollover makes such certificates.
    root = new_root("Root", path_length=0, excluded=[x509.DirectoryName(new_name("Root"))])
    rolled = new_ca("Root", root)
    leaf = new_leaf(rolled, subject=IN_ORGANIZATION)
    assert openssl_accepts(Case([leaf, rolled], roots=[root]), tmp_path, "-no_check_time")
    assert judged(leaf, rolled, roots=[root]).trusted_by == ("ca-file",)
    assert not judged(new_leaf(rolled, subject=new_name("Root")), rolled, roots=[root]).trusted_by


@pytest.mark.parametrize(
    ("ca", "name", "is_trusted"),
    [
        ({"permitted": [".example.test"]}, "api.example.test", True),
        ({"permitted": [".example.test"]}, "example.test", False),
        ({"excluded": [x509.DNSName("")]}, "api.example.test", False),
        ({"permitted": [x509.DNSName("")]}, "api.example.test", True),
    ],
)
def test_odd_dns_constraints_are_read_as_openssl_reads_them(
    ca: Mapping[str, object], name: str, is_trusted: bool, tmp_path: Path
) -> None:
    served = constrained(name, ca=ca)
    assert openssl_accepts(Case(served), tmp_path, "-no_check_time") == is_trusted
    assert bool(judged(*served, name=name).trusted_by) == is_trusted


def test_a_network_among_the_names_is_never_permitted_and_always_excluded() -> None:
    network = x509.IPAddress(ipaddress.ip_network("10.0.0.0/8"))
    for ca in ({"permitted": ["10.0.0.0/8"]}, {"excluded": ["11.0.0.0/8"]}):
        assert judged(*constrained(ca=ca, sans=[NAME, network])).trusted_by == ()


def test_a_zone_is_no_part_of_an_address() -> None:
    leaf = new_leaf(ISSUING, sans=["fe80::1"])
    assert judged(leaf, ISSUING, name="fe80::1%eth0").problems == ()


def test_a_longer_path_that_is_in_time_is_better_than_a_shorter_one_that_is_not() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    short = new_root("CA", key=key, not_after=NOW - DAY)
    long = new_ca("CA", ROOT, key=key)
    leaf = new_leaf(short)
    assert judged(leaf, long, roots=[short]).problems == ("expired",)
    assert judged(leaf, long, roots=[short, ROOT]).problems == ()


def test_the_signature_of_an_anchor_does_not_count_whoever_made_it() -> None:
    root = new_root("RSA Root", key=2048, hash="sha1")
    middle = new_ca("CA", root, hash="sha1")
    assert judged(new_leaf(middle), roots=[middle]).problems == ()
    leaf = new_leaf(root, hash="sha256")
    assert judged(leaf, root, roots=[OTHER]).problems == ("untrusted_root", "root_in_chain")


def test_md2_counts_with_md5() -> None:
    sha256, md2 = (bytes.fromhex(f"06092a864886f70d0101{last}") for last in ("0b", "02"))
    leaf = new_leaf(new_root("RSA Root", key=2048), key=2048)
    assert "weak_signature_md5" in judged(leaf.der.replace(sha256, md2)).problems


def test_a_root_or_an_anchor_that_was_reached_is_untrusted_and_not_missing() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    plain, cross = new_root("New", key=key), new_ca("New", OTHER, key=key)
    problems = judged(new_leaf(plain), cross, plain).problems
    assert problems == ("untrusted_root", "root_in_chain")
    short = new_ca("Short", OTHER, path_length=0)
    below_it = new_ca("Below", short)
    assert judged(new_leaf(below_it), below_it, roots=[short]).problems == ("untrusted_root",)


def test_the_likely_issuer_of_a_hundred_with_one_name_is_asked_first() -> None:
    crowd = [new_root("Root") for _ in range(100)]
    leaf = new_leaf(crowd[-1])
    assert judged(leaf, roots=crowd).trusted_by == ("ca-file",)


def test_of_a_long_list_the_first_thirty_two_are_looked_at() -> None:
    chain = judged(LEAF, ISSUING, *(new_root(f"Root {at}") for at in range(40)))
    assert len(chain.chain) == 32
    assert chain.problems == ("extra_certs", "root_in_chain")


def test_the_steps_of_a_search_are_bounded() -> None:
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(7)]
    plain = [new_root(f"CA {at}", key=key) for at, key in enumerate(keys)]
    mesh = [
        new_ca(f"CA {below}", plain[above], key=keys[below])
        for below, above in itertools.permutations(range(7), 2)
    ]
    served = [certificate.parse(item.der) for item in mesh]
    search = path_search.Search(served, {}, verifications=10_000)
    assert search.paths(certificate.parse(new_leaf(plain[0]).der)) == ()
    assert search.steps == 0
