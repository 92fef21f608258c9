"""Apache's redirects to https: which are for every path, and which lose the path's slash.

The answers are those that httpd 2.4 gave to a request for /login, as its Location header.
"""

import pytest

from auditing import audited
from plainwire.model import SourceFile
from plainwire.source.deploy import apache

HOST = "<VirtualHost *:80>\n  ServerName shop.test\n  {}\n</VirtualHost>\n"


@pytest.mark.parametrize(
    ("line", "is_redirect", "is_flaw"),
    [
        ("Redirect / https://shop.test", True, True),
        ("Redirect permanent / https://shop.test", True, True),
        ('Redirect 301 "/" "https://shop.test"', True, True),
        ("RedirectPermanent / https://shop.test", True, True),
        ("Redirect permanent / https://shop.test/", True, False),
        ("Redirect / https://shop.test/api/", True, False),
        ("Redirect permanent /old https://shop.test/new", False, False),
        ("Redirect permanent /old https://shop.test", False, False),
        ("RedirectMatch 301 ^/(.*)$ https://shop.test$1", True, True),
        ("RedirectMatch 301 ^/(.*)$ https://shop.test/$1", True, False),
        ("RedirectMatch 301 ^(.*)$ https://shop.test$1", True, False),
        ("RewriteRule ^/(.*)$ https://shop.test$1 [R=301,L]", True, True),
        ("RewriteRule ^/?(.*)$ https://shop.test/$1 [R=301,L]", True, False),
        ("RewriteRule ^ https://%{HTTP_HOST}%{REQUEST_URI} [R=301,L]", True, False),
    ],
)
def test_a_redirect_to_https(line, is_redirect, is_flaw):
    text = HOST.format(line)
    (site,) = apache.sites(SourceFile("vhost.conf", "apache", "production", text))
    assert (site.redirects is not None) is is_redirect
    found = [
        f for f in audited("--- vhost.conf\n" + text).findings if f.kind == "no-https-redirect"
    ]
    assert [(f.id, f.locations[0].line) for f in found] == [("redirect-loses-slash", 3)] * is_flaw
