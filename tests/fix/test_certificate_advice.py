"""What is said where only the machine's owner can make a certificate."""

import pytest

from fix.fixing import planned
from plainwire import catalog
from plainwire.model import example_files

(REMEDY,) = [r for r in catalog.load_remedies() if r.id == "public-certificate"]
FILES = example_files(REMEDY.page.before)


def told(old="", new=""):
    text = FILES["deployment/nginx.conf"].replace(old, new) if old else None
    files = FILES | ({"deployment/nginx.conf": text} if text else {})
    made = planned(files, only=frozenset({REMEDY.id}), with_unsafe=True)
    assert not made.changes
    return [patch for patch in made.advice if patch.remedy == REMEDY.id]


@pytest.mark.parametrize(
    ("old", "new", "name"),
    [
        ("", "", "shop.example.org"),
        ("server_name shop", "server_name _ www.shop", "www.shop.example.org"),
        ("shop.example.org", "$HOST", "NAME"),
        ("shop.example.org", "localhost", "NAME"),
        ("  server_name shop.example.org;\n", "", "NAME"),
    ],
)
def test_the_words_have_the_name_that_is_served(old, new, name):
    (patch,) = told(old, new)
    assert (patch.level, patch.edits) == ("advice", ())
    assert f"ssl_certificate /etc/letsencrypt/live/{name}/fullchain.pem;" in patch.summary
    assert "deployment/nginx.conf:1" in patch.summary and patch.proof.endswith(f"-d {name}")


def test_a_proxy_without_tls_is_told_to_listen():
    found = told("listen 443 ssl;\n  ssl_protocols TLSv1.2 TLSv1.3;", "listen 80;")
    assert "listen 443 ssl; ssl_protocols TLSv1.2 TLSv1.3;" in found[0].summary


def test_an_ad_hoc_certificate_is_told_of_a_proxy():
    (rule,) = [r for r in catalog.load_rules() if r.id == "adhoc-certificate-served"]
    made = planned(example_files(rule.page.bad), only=frozenset({REMEDY.id}))
    assert not made.changes and "app.py:4" in made.advice[0].summary
