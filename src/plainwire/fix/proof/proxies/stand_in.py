"""nginx in the place of an edge that is not here: an ingress, a router, a platform's front door.

It does what the project's files say of the edge and what the edge's documentation says of its
defaults: terminates TLS, overwrites X-Forwarded-Proto (ingress-nginx, use-forwarded-headers
"false"; Heroku, Render and Fly say the same of theirs), redirects where it is told to.
"""

from __future__ import annotations

from typing import Final

from plainwire.fix.proof.proxies import nginx
from plainwire.fix.proof.proxies.moved import Moved, Mover

_SITE: Final = """\
    server {{
        listen {address}:{port}{tls};
        {certificate}
        {answer}
    }}
"""
_ONWARD: Final = """\
location / {{
            proxy_pass http://{target};
            proxy_http_version 1.1;
            proxy_set_header Host $http_host;
            proxy_set_header X-Real-IP $remote_addr;
            proxy_set_header X-Forwarded-For $remote_addr;
            proxy_set_header X-Forwarded-Host $http_host;
            proxy_set_header X-Forwarded-Proto $scheme;
            proxy_set_header X-Forwarded-Scheme $scheme;
            proxy_set_header X-Scheme $scheme;
            {hsts}
        }}"""


def stand_in(
    mover: Mover,
    target: tuple[str, int],
    *,
    has_tls: bool,
    has_clear: bool = True,
    redirects: bool = False,
    has_hsts: bool = False,
) -> Moved:
    """An nginx that passes on to ``target`` what the edge would, on ports 443 and 80.

    ``redirects``: plain HTTP is answered with 308 to https (ingress-nginx, ssl-redirect).
    """
    found = Moved()
    program = mover.ground.program("nginx")
    if program is None:
        found.missing.append("nginx, which would stand in for the edge, is not installed")
        return found
    hsts = 'add_header Strict-Transport-Security "max-age=31536000" always;' if has_hsts else ""
    address = f"{target[0]}:{target[1]}"
    onward, bare = (_ONWARD.format(target=address, hsts=each) for each in (hsts, ""))
    plain = "return 308 https://$host$request_uri;" if redirects and has_tls else bare
    sites = ""
    for port, tls, answer in ((443, has_tls, onward), (80, False, plain)):
        if not (has_tls if port == 443 else has_clear):
            continue
        at = mover.ground.at(mover.machine, None, port)
        found.listen(at)
        files = (
            f"ssl_certificate {mover.ground.tls('chain.pem')}; "
            f"ssl_certificate_key {mover.ground.tls('key.pem')}; ssl_protocols TLSv1.2 TLSv1.3;"
        )
        sites += _SITE.format(
            address=at[0],
            port=at[1],
            tls=" ssl" if tls else "",
            certificate=files if tls else "",
            answer=answer,
        )
    nginx.started(found, program, mover, f"http {{{nginx.general_settings(mover)}{sites}}}\n")
    return found
