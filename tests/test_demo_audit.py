"""The audit of the demo's two folders: what the weak one was built with, nothing in the other."""

from pathlib import Path

import pytest

from auditing import laid_out
from plainwire.audit import audit

DEMO = Path(__file__).parent.parent / "demo"
BUILT_WITH = {
    ("credentials-in-clear", "app.py:32", "high"),
    ("plain-port-published", "compose.yaml:7", "high"),
    ("session-cookie-not-secure", "app.py:19", "medium"),
    ("hsts-never-sent", "app.py:17", "low"),
}
TLS = "--certfile /run/secrets/chain.pem --keyfile /run/secrets/key.pem "
FILES = ("app.py", "gunicorn.conf.py", "Dockerfile", "compose.yaml")


def found(report):
    return {
        (f.id, f"{f.locations[0].path}:{f.locations[0].line}", str(f.severity))
        for f in report.findings
    }


def test_the_weak_one_has_the_findings_it_was_built_with():
    report = audit(DEMO / "weak")
    assert found(report) == BUILT_WITH
    assert (report.tls_status, report.grade.letter) == ("FAIL", "F")
    assert not report.unanswered


def test_the_hardened_one_has_none():
    report = audit(DEMO / "hardened")
    assert found(report) == set()
    assert (report.tls_status, report.grade.letter) == ("PASS", "A")
    assert not report.unanswered


@pytest.mark.parametrize(
    ("path", "old", "new", "rule"),
    [
        ("app.py", "@app.before_request\n", "", "plain-port-published"),
        ("app.py", 'SESSION_COOKIE_SECURE=BROKEN != "cookie",', "", "session-cookie-not-secure"),
        ("compose.yaml", TLS, "", "plain-port-published"),
        ("app.py", 'os.environ["DEMO_SECRET"]', '"kT5hx9QwZ2"', "secret-in-files"),
        ("app.py", "Strict-Transport-Security", "X-Nothing", "hsts-never-sent"),
    ],
)
def test_the_hardened_one_has_a_finding_for_each_thing_taken_away(path, old, new, rule, tmp_path):
    files = {name: (DEMO / "hardened" / name).read_text() for name in FILES}
    assert old in files[path]
    files[path] = files[path].replace(old, new)
    assert rule in {name for name, _, _ in found(audit(laid_out(files, tmp_path)))}
