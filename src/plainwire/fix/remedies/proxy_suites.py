"""Let nginx offer the suites of Mozilla's intermediate profile.

RC4, 3DES and their like must not be used (RFC 7465; RFC 9325, section 4.1). What takes their place
are the ephemeral AEAD suites up to TLS 1.2 of the guideline's version 6.0 (2026-04-06).

Condition:

    A client that knows none of these suites is shut out: those that their makers support know some,
    but who your clients are is not in the files, so it needs your consent.

Before:

    --- deployment/nginx.conf
    server {
      listen 443 ssl;
      ssl_protocols TLSv1.2 TLSv1.3;
      ssl_ciphers 'ECDHE-RSA-AES128-GCM-SHA256:DES-CBC3-SHA'; # from the old machine
      location / { proxy_pass http://127.0.0.1:8000; }
    }

After:

    --- deployment/nginx.conf
    server {
      listen 443 ssl;
      ssl_protocols TLSv1.2 TLSv1.3;
      ssl_ciphers ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305; # from the old machine
      location / { proxy_pass http://127.0.0.1:8000; }
    }

Limits:

    nginx only; the groups are left as they are.
"""  # noqa: E501 (nginx takes the list as one word)

from __future__ import annotations

from plainwire.fix.nginx import nginx
from plainwire.fix.recommended import openssl_suites
from plainwire.model import Finding, Project, Proposal, remedy


@remedy(answers=("weak-ciphers-offered",), level="unsafe")
def proxy_suites(finding: Finding, project: Project) -> Proposal | None:
    """Names the profile's suites in the directive of the finding."""
    place = finding.locations[0]
    file = project.file(place.path or "")
    if file is None or file.format != "nginx" or place.line is None:
        return None
    source = nginx(file)
    named = source.around(place.line, "ssl_ciphers")
    if not named or "$" in "".join(named[-1].arguments):
        return None
    edit = source.with_arguments(named[-1], openssl_suites())
    why = "which suites your clients know is not in the files"
    return Proposal("offer the suites of Mozilla's intermediate profile", (edit,), proof=why)
