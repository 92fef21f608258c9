"""Let a second proxy pass on the scheme that the first one says.

A proxy that is asked over plain HTTP by the one that terminates TLS knows nothing of the client's
scheme; its own `$scheme` is http for everybody (RFC 7239, section 5.4). It takes the header from
the network of the containers alone, and says its own scheme for everybody else. A redirect to
https that it makes by its own scheme, and that therefore never ends, is made by the same.

Condition:

    Right if nobody reaches the second proxy but by one that sets the header itself, which the
    compose file shows: no port of it is published. Otherwise nothing is proposed. Where Docker was
    told of other networks than its own, nothing changes.

Before:

    --- app.py
    from flask import Flask
    from werkzeug.middleware.proxy_fix import ProxyFix
    app = Flask(__name__)
    app.wsgi_app = ProxyFix(app.wsgi_app)
    --- Dockerfile
    FROM python:3.12
    CMD ["gunicorn", "-b", "0.0.0.0:8000", "app:app"]
    --- edge.conf
    server {
      listen 443 ssl;
      location / {
        proxy_pass http://inner:8080;
        proxy_set_header X-Forwarded-Proto $scheme;
      }
    }
    --- inner.conf
    server {
      listen 8080;
      location / {
        proxy_pass http://web:8000;
        proxy_set_header X-Forwarded-Proto $scheme;  # https
      }
    }
    --- compose.yaml
    services:
      web: {build: .}
      inner:
        image: nginx
        volumes: ["./inner.conf:/etc/nginx/conf.d/default.conf"]
      edge:
        image: nginx
        volumes: ["./edge.conf:/etc/nginx/conf.d/default.conf"]
        ports: ["443:443"]

After:

    --- app.py
    from flask import Flask
    from werkzeug.middleware.proxy_fix import ProxyFix
    app = Flask(__name__)
    app.wsgi_app = ProxyFix(app.wsgi_app)
    --- Dockerfile
    FROM python:3.12
    CMD ["gunicorn", "-b", "0.0.0.0:8000", "app:app"]
    --- edge.conf
    server {
      listen 443 ssl;
      location / {
        proxy_pass http://inner:8080;
        proxy_set_header X-Forwarded-Proto $scheme;
      }
    }
    --- inner.conf
    geo $is_first_proxy {
      default 0;
      172.16.0.0/12 1;
      192.168.0.0/16 1;
      10.0.0.0/8 1;
    }
    map "$is_first_proxy:$http_x_forwarded_proto" $first_proxys_scheme {
      default $scheme;
      "1:https" https;
    }
    server {
      listen 8080;
      location / {
        proxy_pass http://web:8000;
        proxy_set_header X-Forwarded-Proto $first_proxys_scheme;  # https
      }
    }
    --- compose.yaml
    services:
      web: {build: .}
      inner:
        image: nginx
        volumes: ["./inner.conf:/etc/nginx/conf.d/default.conf"]
      edge:
        image: nginx
        volumes: ["./edge.conf:/etc/nginx/conf.d/default.conf"]
        ports: ["443:443"]

Limits:

    nginx in a compose network, where the header is set in the file itself, and a redirect under
    `if ($scheme …)`: where the port does nothing but redirect, the first proxy asks the wrong one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from plainwire.deployment import stands_behind
from plainwire.fix.compose import CONTAINERS, subnet
from plainwire.fix.nginx import nginx
from plainwire.fix.text import margin_of
from plainwire.model import Edit, Finding, Path, Project, Proposal, Relay, remedy

_SCHEME = "$first_proxys_scheme"
_OWN = re.compile(r"\$scheme\b|\$\{scheme\}")
_REAL_IP = "set_real_ip_from"  # nginx, ngx_http_realip_module
_GUARD = """geo {address}$is_first_proxy {{
  default 0;
{networks}
}}
map "$is_first_proxy:$http_x_forwarded_proto" $first_proxys_scheme {{
  default $scheme;
  "1:https" https;
}}
"""


@remedy(
    answers=("forwarded-proto-overwritten", "hsts-never-emitted", "redirect-loops"),
    level="conditional",
)
def first_proxys_scheme(finding: Finding, project: Project) -> Proposal | None:
    """Turns $scheme into the first proxy's word in the server block of the second one."""
    named = {(place.path, place.line) for place in finding.locations}
    for path in project.paths:
        for relay in path.relays[1:]:
            if (relay.listen.place.path, relay.listen.place.line) not in named:
                continue
            edits = tuple(_edits(relay, path, project))
            if edits and stands_behind(relay.site, project.deployments, project.paths):
                first = path.relays[0].site.place
                at = f"{first.path}:{first.line}"
                why = f"only the proxy before it ({at}) reaches it, and says the scheme itself"
                return Proposal("pass on the first proxy's X-Forwarded-Proto", edits, proof=why)
    return None


def _edits(relay: Relay, path: Path, project: Project) -> Iterator[Edit]:
    """The guarded map before the server blocks, and its value for the header in one of them."""
    site = relay.site
    file, compose = project.file(site.place.path), project.file(path.deployment)
    is_nginx = file is not None and file.format == "nginx"
    if file is None or not is_nginx or compose is None or compose.format != "compose":
        return
    source = nginx(file)
    chain = source.server(site.place.line)
    first = next(chain[-2].all("server")) if chain else None  # one guard for all of the file
    margin = margin_of(file.text, first.start) if first is not None else None
    if first is None or margin is None or any(one.has_tls for one in site.listens):
        return
    found = []
    for directive in chain[-1].deep():
        words = tuple(word.lower() for word in directive.arguments)
        if directive.name == "proxy_set_header" and words == ("x-forwarded-proto", "$scheme"):
            found.append(Edit(file.path, *directive.words[1], _SCHEME))
        if directive.name == "if" and site.comes_back in [d.span() for d in directive.block]:
            start, end = directive.words[0][0], directive.words[-1][1]
            tests = _OWN.finditer(file.text, start, end)
            found += [Edit(file.path, *test.span(), _SCHEME) for test in tests]
    if found and _SCHEME not in file.text:
        networks = [one] if (one := subnet(compose)) is not None else CONTAINERS
        lines = "\n".join(f"  {network} 1;" for network in networks)
        # Where the client's address takes the place of the proxy's, the latter has another name.
        is_replaced = any(_REAL_IP in one.text for one in project.of("nginx"))
        address = "$realip_remote_addr " if is_replaced else ""
        guard = _GUARD.format(networks=lines, address=address).replace("\n", f"\n{margin}")
        yield Edit(file.path, first.start, first.start, guard)
    yield from found
