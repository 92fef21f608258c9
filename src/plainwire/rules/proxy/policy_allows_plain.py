"""The Content-Security-Policy allows content from any plain HTTP address.

A source list with the bare scheme `http:` lets the page load scripts from anywhere in clear, which
is what the policy was to prevent (CSP Level 3, section 6.7.2; CWE-319).

Remedy:

    Name the hosts, or https: alone, and add upgrade-insecure-requests.

Bad:

    --- deployment/nginx.conf
    server {
      listen 443 ssl;
      add_header Content-Security-Policy "default-src 'self' http: https: data:" always;
      location / { proxy_pass http://127.0.0.1:8000; }
    }

Good:

    --- deployment/nginx.conf
    server {
      listen 443 ssl;
      add_header Content-Security-Policy "default-src 'self' https: data:" always;
      location / { proxy_pass http://127.0.0.1:8000; }
    }

Limits:

    Policies that the application sends are not read.
"""

from __future__ import annotations

from collections.abc import Iterator

from plainwire.model import Finding, Project, Severity, rule


@rule(
    kind="mixed-active",
    severity=Severity.LOW,
    cwe=(319,),
    references=("W3C Content Security Policy Level 3, section 6.7.2",),
)
def policy_allows_plain(project: Project) -> Iterator[Finding]:
    """Server blocks with such a policy."""
    for site in project.sites:
        if site.policy is not None and site.environment in ("production", "staging"):
            yield policy_allows_plain.finding(
                "the policy allows content from any http address", site.policy
            )
