"""A redirect to https loses the slash between host and path.

Apache's `Redirect / https://shop.example` takes the `/` off the path and puts the rest behind the
address: a request for `/login` is sent to `https://shop.examplelogin`, another host (mod_alias,
Redirect). Only the front page arrives, and a domain that ends as the path begins belongs to
anybody.

Remedy:

    End the address with a slash, as in Redirect permanent / https://shop.example/.

Bad:

    --- deployment/vhost.conf
    <VirtualHost *:80>
      ServerName shop.example
      Redirect permanent / https://shop.example
    </VirtualHost>

Good:

    --- deployment/vhost.conf
    <VirtualHost *:80>
      ServerName shop.example
      Redirect permanent / https://shop.example/
    </VirtualHost>

Limits:

    Redirect, RedirectMatch and RewriteRule of Apache, on one line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from plainwire.model import Finding, Project, Severity, rule

_PREFIX = re.compile(
    r"Redirect(Permanent|Temp)?\s+(\w+\s+)?([\"']?)/\3\s+[\"']?https://[^/\s\"']+[\"']?", re.I
)
# The group begins behind the path's slash, and stands right behind the host.
_PATTERN = re.compile(
    r"(RedirectMatch\s+(\w+\s+)?|RewriteRule\s+)[\"']?\^/\(\S*\s+[\"']?https://[^/\s\"'$]+\$1\b.*",
    re.IGNORECASE,
)


@rule(
    kind="no-https-redirect",
    severity=Severity.MEDIUM,
    cwe=(601,),
    references=("Apache httpd 2.4, mod_alias, Redirect", "RFC 3986, section 3.2"),
)
def redirect_loses_slash(project: Project) -> Iterator[Finding]:
    """Virtual hosts of production whose redirect makes one name of host and path."""
    for site in project.sites:
        place = site.redirects
        if site.program != "apache" or place is None or site.environment != "production":
            continue
        if _PREFIX.fullmatch(place.text) or _PATTERN.fullmatch(place.text):
            yield redirect_loses_slash.finding(
                "/path is sent to https://hostpath, since the address has no slash at its end",
                place,
                site.place,
            )
