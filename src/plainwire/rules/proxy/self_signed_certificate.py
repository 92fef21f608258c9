"""The public server uses a certificate that nobody vouches for.

Clients cannot tell it from an attacker's: they warn, and their users learn to click the warning
away; programs switch verification off (RFC 5280, section 6; CWE-295).

Remedy:

    Use a certificate of a public authority; ACME clients get and renew one without cost.

Bad:

    --- deployment/nginx.conf
    server {
      listen 443 ssl;
      # the self-signed certificate
      ssl_certificate /srv/app/cert.pem;
      location / { proxy_pass http://127.0.0.1:8000; }
    }

Good:

    --- deployment/nginx.conf
    server {
      listen 443 ssl;
      ssl_certificate /etc/letsencrypt/live/shop/fullchain.pem;
      location / { proxy_pass http://127.0.0.1:8000; }
    }

Limits:

    Known by words in the configuration, by a certificate that lies in the project under the name
    that the configuration gives, and by `openssl req -x509` in a Dockerfile, whose key is the same
    wherever the image runs. Certificates that scripts make at the start are not seen.
"""

from __future__ import annotations

import base64
import posixpath
import re
from collections.abc import Iterator, Mapping

from plainwire.model import (
    Confidence,
    Finding,
    Project,
    ProxySite,
    Severity,
    SourceFile,
    Span,
    WireError,
    rule,
)

_SAYS = re.compile(r"self[-_ ]?signed|snakeoil", re.IGNORECASE)
_MAKES = re.compile(r"\bopenssl\s+req\b[^|;&]{0,1000}\s-x509\b[^|;&]{0,1000}")
_OUT = re.compile(r"\s-out\s+[\"']?([^\s\"']{1,300})")
_PEM = re.compile(
    r"-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]{1,90000}?)-----END CERTIFICATE-----"
)
_WANTED = ("production", "staging")
_BAKED = "a self-signed certificate is made with the image: who has the image has its key"


@rule(
    kind="ssl-adhoc",
    severity=Severity.LOW,
    cwe=(295,),
    references=("RFC 5280, section 6", "RFC 8555"),
)
def self_signed_certificate(project: Project) -> Iterator[Finding]:
    """TLS server blocks whose certificate is self-signed, and images that one is made in."""
    made = dict(_made(project))
    kept = _kept(project)
    served: set[Span] = set()
    for site in project.sites:
        setting = site.certificate
        if setting is None or site.environment not in _WANTED:
            continue
        listens = tuple(one.place for one in site.listens if one.has_tls)
        name = setting.value or ""
        if name in made and made[name] not in served:
            served.add(made[name])
            yield self_signed_certificate.finding(
                _BAKED, made[name], setting.place, *listens, severity=Severity.MEDIUM
            )
        elif (file := kept.get(posixpath.basename(name))) and _is_self_signed(file):
            yield self_signed_certificate.finding(
                f"the certificate in {file.path} is self-signed",
                setting.place,
                file.span(1),
                *listens,
                severity=Severity.MEDIUM,
            )
        elif _is_said(project, site):
            yield self_signed_certificate.finding(
                "the certificate is self-signed, as its name or the comment beside it says",
                setting.place,
                *listens,
                confidence=Confidence.TENTATIVE,
            )
    for place in made.values():
        if place not in served:
            yield self_signed_certificate.finding(_BAKED, place, severity=Severity.MEDIUM)


def _is_said(project: Project, site: ProxySite) -> bool:
    """True where a certificate's name, or the comment beside it, says what it is."""
    setting = site.certificate
    file = project.file(setting.place.path) if setting is not None else None
    if setting is None or file is None:
        return False
    around = file.lines[max(setting.place.line - 3, 0) : setting.place.line]
    return any(_SAYS.search(line) for line in around)


def _made(project: Project) -> Iterator[tuple[str, Span]]:
    """Where images make certificates, by the path in the image."""
    for image in project.images:
        stage, file = image.shipped, project.file(image.path)
        if stage is None or file is None or image.environment not in _WANTED:
            continue
        for text, line in stage.runs:
            for command in _MAKES.finditer(text[:20_000]):
                out = _OUT.search(command[0])
                yield out[1] if out else "", file.span(_line_of(file, line))


def _line_of(file: SourceFile, start: int) -> int:
    """The line of an instruction that calls openssl."""
    lines = enumerate(file.lines[start - 1 : start + 199], start)
    return next((number for number, line in lines if "openssl" in line), start)


def _kept(project: Project) -> Mapping[str, SourceFile]:
    """The certificates that lie in the project, by their names; a name of two is nobody's."""
    found: dict[str, list[SourceFile]] = {}
    for file in project.files:
        is_wanted = file.format == "other" and file.environment in _WANTED
        if is_wanted and "-----BEGIN CERTIFICATE-----" in file.text:
            found.setdefault(file.name, []).append(file)
    return {name: files[0] for name, files in found.items() if len(files) == 1}


def _is_self_signed(file: SourceFile) -> bool:
    """True if the first certificate of a file is signed by its own key."""
    from plainwire.wire import certificate  # imports cryptography

    pem = _PEM.search(file.text)
    try:
        parsed = certificate.parse(base64.b64decode(pem[1])) if pem is not None else None
    except (ValueError, WireError):
        return False
    return parsed is not None and parsed.is_signed_by(parsed)
