"""Every rule proves its own page, and a rule that finds nothing does not pass for one."""

from dataclasses import replace

import pytest

from auditing import audited, holds
from plainwire import catalog
from plainwire.model import LAYERS

RULES = catalog.load_rules()
KINDS = frozenset(
    {
        "app-run-plain",
        "debug-exposed",
        "ssl-adhoc",
        "session-cookie-insecure",
        "cookie-set-insecure",
        "no-https-redirect",
        "hsts-missing",
        "hsts-ineffective",
        "url-scheme-http",
        "proxyfix-missing",
        "fwd-overtrust",
        "fwd-handrolled",
        "talisman-weakened",
        "credentials-cleartext",
        "mixed-active",
        "mixed-passive",
        "form-http",
        "js-insecure-url",
        "link-http",
        "wsgi-plain-public",
        "dev-server-in-prod",
        "server-weak-tls",
        "proxy-http-only",
        "proxy-tls-defaults",
        "proxy-xfp-missing",
        "proxy-xfp-passthrough",
        "proxy-upstream-noverify",
        "proxy-upstream-cleartext",
        "port-bypass",
        "port-plain",
        "ingress-no-tls",
        "env-downgrade",
        "aux-plain",
        "download-insecure",
        "tls-verify-off",
        "tls-ctx-weak",
        "http-upstream",
        "mail-ldap-plain",
        "backend-plain",
        "pw-weak-storage",
        "token-weak-hash",
        "token-weak-prng",
        "secret-hardcoded",
        "jwt-weak",
        "cipher-weak",
    }
)


@pytest.mark.parametrize("rule", RULES, ids=lambda r: r.id)
def test_the_page_of_a_rule_holds(rule):
    """Bad is found, Good is silent."""
    assert holds(rule)


@pytest.mark.parametrize("rule", RULES, ids=lambda r: r.id)
def test_a_rule_that_finds_nothing_fails_its_page(rule):
    assert not holds(replace(rule, run=lambda project: iter(())))


@pytest.mark.parametrize("rule", RULES, ids=lambda r: r.id)
def test_a_rule_is_documented(rule):
    page = rule.page
    assert page.title[0].isupper() and len(page.title) < 100
    assert page.why and page.remedy.endswith(".") and page.limits
    assert rule.cwe and rule.references
    assert rule.layer in LAYERS and rule.kind in KINDS


@pytest.mark.parametrize("rule", RULES, ids=lambda r: r.id)
def test_a_finding_says_where(rule):
    """The cause is a line of a file of the example, with its text as evidence."""
    for finding in audited(rule.page.bad, rule).findings:
        assert finding.kind in KINDS and finding.layer == rule.layer
        assert finding.evidence[0].text
        assert all(place.path and place.line for place in finding.locations)


def test_the_kinds_are_those_of_the_field_study():
    assert len(KINDS) == 45


def test_the_good_examples_are_good_to_every_rule():
    """What a rule calls good, no other rule of the same layer calls high."""
    for rule in RULES:
        mine = [r for r in RULES if r.layer == rule.layer]
        high = [f.id for f in audited(rule.page.good, *mine).findings if f.severity >= 3]
        assert not high, (rule.id, high)
