"""No remedy weakens a setting, by a reading that shares nothing with plainwire's own."""

import pytest

from fix import lattice
from fix.fixing import planned
from plainwire import catalog
from plainwire.model import example_files

REMEDIES = catalog.load_remedies()
RULES = catalog.load_rules()


@pytest.mark.parametrize("remedy", REMEDIES, ids=lambda r: r.id)
def test_no_page_of_a_remedy_gets_weaker(remedy):
    for old, new in planned(example_files(remedy.page.before), with_unsafe=True).changes:
        assert not lattice.weaker(old.path, old.text, new.text)


@pytest.mark.parametrize("rule", RULES, ids=lambda r: r.id)
@pytest.mark.parametrize("side", ["bad", "good"])
def test_no_page_of_a_rule_gets_weaker(rule, side):
    """What is proposed for an example of a rule, unsafe patches too, adds and weakens nothing."""
    files = example_files(getattr(rule.page, side))
    made = planned(files, with_unsafe=True)
    for old, new in made.changes:
        assert not lattice.weaker(old.path, old.text, new.text)
    before = {f.id for f in made.before.findings}
    assert {f.id for f in made.after.findings} <= before
    assert len(made.after.findings) == len(made.before.findings) - len(made.gone)
    if made.changes:
        after = files | {new.path: new.text for _, new in made.changes}
        assert not planned(after, with_unsafe=True).steps


@pytest.mark.parametrize(
    "before, after",
    [
        ("c.set_cookie('a', secure=True)", "c.set_cookie('a', secure=False)"),
        ("c.set_cookie('a', samesite='Strict')", "c.set_cookie('a', samesite='Lax')"),
        ("c.set_cookie('a', samesite='Lax')", "c.set_cookie('a')"),
        ("SESSION_COOKIE_SECURE = True", ""),
        ("SESSION_COOKIE_SAMESITE = 'Strict'", "SESSION_COOKIE_SAMESITE = 'Lax'"),
        ("ssl_protocols TLSv1.3;", "ssl_protocols TLSv1.2 TLSv1.3;"),
        ("c.minimum_version = TLSVersion.TLSv1_3", "c.minimum_version = TLSVersion.TLSv1_2"),
        ("requests.get(u)", "requests.get(u, verify=False)"),
        ("c.verify_mode = ssl.CERT_REQUIRED", "c.verify_mode = ssl.CERT_NONE"),
        ('add_header Strict-Transport-Security "max-age=31536000";',
         'add_header Strict-Transport-Security "max-age=300";'),
        ("ports:\n  - 127.0.0.1:80:80\n", "ports:\n  - 80:80\n"),
        ("app.run(debug=False)", "app.run(debug=True)"),
        ("proxy_set_header X-Forwarded-Proto $scheme;",
         "proxy_set_header X-Forwarded-Proto $http_x_forwarded_proto;"),
    ],
)  # fmt: skip
def test_the_lattice_sees_what_is_weaker(before, after):
    assert lattice.weaker("file", before, after)
    assert not lattice.weaker("file", before, before)
