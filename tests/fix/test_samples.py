"""Whole small projects: what they are graded before and after, and that a run confirms it."""

import json
import subprocess
import sys

import pytest

from auditing import laid_out
from fix import lattice
from fix.fixing import planned
from fix.samples import PROJECTS, TOLD
from plainwire.cli import fix

# What no run can show: that nobody comes in by the port, that the secret holds a certificate.
CONSENT = {"plain-gunicorn", "kubernetes-ingress"}


@pytest.mark.parametrize("name", PROJECTS)
def test_a_sample_is_at_least_a_b_afterwards(name):
    """With consent to what the files cannot show; nothing is added, weakened or left to do."""
    files = PROJECTS[name]
    made = planned(files, with_unsafe=True)
    assert made.before.grade.letter == "F"
    assert made.after.grade.letter in "AB", [f.id for f in made.after.findings]
    assert made.after.tls_status != "FAIL"
    for old, new in made.changes:
        assert not lattice.weaker(old.path, old.text, new.text)
    after = files | {new.path: new.text for _, new in made.changes}
    assert not planned(after, with_unsafe=True).steps


def test_what_the_files_show_needs_no_consent():
    made = planned(PROJECTS["published-port"])
    assert made.before.grade.letter == "F" and made.after.grade.letter in "AB"
    assert all(step.patch.level in ("safe", "conditional") for step in made.steps)


def fixed(*words):
    """What ``plainwire fix`` prints as JSON in a process of its own, with its exit code."""
    command = (sys.executable, "-W", "error", "-m", "plainwire", "fix", *words)
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


@pytest.mark.slow
@pytest.mark.server("nginx")
@pytest.mark.timeout(400)
@pytest.mark.parametrize("name", [*PROJECTS, *TOLD])
def test_a_sample_is_proved_and_written(name, tmp_path, capsys):
    """Fails before and passes after by what the servers answer; grade F becomes at least B."""
    files = (PROJECTS | TOLD)[name]
    project, kept = laid_out(files, tmp_path / "shop"), tmp_path / "proof.json"
    words = [str(project), "--prove", "--apply", "--yes", "--python", sys.executable]
    words += ["--format", "json", "--fail-below", "B", "--fail-on", "high"]
    words += ["--unsafe"] if name in CONSENT else []
    code, told = fixed(*words, "--proof", str(kept))
    assert code == 0, (told["spoiler"], told["proof"]["deployments"][0]["reasons"])
    assert planned(files).before.grade.letter == "F"
    assert told["report"]["grade"]["letter"] in "AB"
    proof = json.loads(kept.read_text())
    assert proof == told["proof"] and proof["verdict"] == "proved"
    (one,) = proof["deployments"]
    required = [case for case in one["cases"] if case["required"]]
    assert {c["before"]["state"] for c in required if c["id"].startswith("clear:")} >= {"fail"}
    assert {c["after"]["state"] for c in required} <= {"pass", "not-applicable"}
    is_assumed = "nginx in the place of an edge outside the project" in proof["assumptions"]
    assert is_assumed == bool(told["unshown"]) == (name == "plain-gunicorn")
    digests = proof["sha256"]
    assert digests["tree_written"] == digests["tree_after"] != digests["tree_before"]
    assert {p["level_after_proof"] for p in told["patches"]} <= (
        {"safe", "conditional", "unsafe"} if name in CONSENT else {"safe", "conditional"}
    )
    assert fix.run(words) == 0
    assert json.loads(capsys.readouterr().out)["patches"] == []


CERTIFICATE = """
---
apiVersion: cert-manager.io/v1
kind: Certificate
metadata:
  name: shop
spec:
  secretName: shop-pair
  dnsNames: [shop.example, www.shop.example]
"""
ANNOTATED = "  name: web\n  annotations:\n    ANNOTATION\nspec:\n  rules:\n"


def clustered(annotation="", certificate=""):
    files = PROJECTS["kubernetes-ingress"]
    text = files["k8s/shop.yaml"] + certificate
    if annotation:
        text = text.replace("  name: web\nspec:\n  rules:\n", ANNOTATED)
    return files | {"k8s/shop.yaml": text.replace("ANNOTATION", annotation)}


# https://cert-manager.io/docs/usage/ingress/ and /docs/usage/certificate/, read 2026-11-26.
@pytest.mark.parametrize(
    ("annotation", "certificate", "secret"),
    [
        ("cert-manager.io/issuer: letsencrypt", "", "web-tls"),
        ("cert-manager.io/cluster-issuer: letsencrypt", "", "web-tls"),
        ("", CERTIFICATE, "shop-pair"),
        ("other.example/issuer: letsencrypt", "", ""),
        ("kubernetes.io/tls-acme: 'true'", "", ""),  # its issuer is configured in the cluster
        ("", CERTIFICATE.replace("shop.example,", "other.example,"), ""),
        ("", CERTIFICATE.replace("  name: shop\n", "  name: shop\n  namespace: other\n"), ""),
    ],
)
def test_an_ingress_needs_no_consent_where_the_files_say_who_fills_its_secret(
    annotation, certificate, secret
):
    made = planned(clustered(annotation, certificate))
    text = "".join(new.text for _, new in made.changes)
    assert (f"secretName: {secret}" in text.partition("kind: Ingress")[2]) is bool(secret)
    assert made.after.grade.letter in ("AB" if secret else "F")
    assert {step.patch.level for step in made.steps} <= {"conditional"}
