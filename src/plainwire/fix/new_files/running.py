"""How the application is run: gunicorn's settings, and a compose file with one port open."""

from __future__ import annotations

import re

from plainwire.fix.new_files.facts import Facts, Versions
from plainwire.fix.new_files.proxies import PATHS
from plainwire.model import UsageError

SERVICE, SUBNET = "web", "172.28.0.0/24"
_IMAGE_VERSION = re.compile(r"\d+\.\d+")


def gunicorn(known: Facts) -> str:
    """Settings for gunicorn behind one proxy that sends X-Forwarded-Proto.

    gunicorn believes two headers more by default (gunicorn, secure_scheme_headers).
    """
    bind = f"{'127.0.0.1' if known.is_local else '0.0.0.0'}:{known.port}"  # noqa: S104 (as found)
    bind = f"unix:{known.socket}" if known.socket else bind
    peers = known.network if known.network and not known.is_local else "127.0.0.1,::1"
    target = f'wsgi_app = "{known.target}"\n' if known.target else ""
    return f"""\
{target}bind = "{bind}"
# Who may say how a client came: the proxy, and nobody else.
forwarded_allow_ips = "{peers}"
# The one header that the proxy always sets.
secure_scheme_headers = {{"X-FORWARDED-PROTO": "https"}}
"""


def compose(known: Facts, versions: Versions) -> str:
    """The application and nginx in a network of their own; only nginx's ports are published.

    Raises:
        UsageError: if the project has no Dockerfile to build the application from.
    """
    if not known.has_image:
        raise UsageError("--new compose: there is no Dockerfile to build the application from")
    found = _IMAGE_VERSION.match(versions.server)
    return f"""\
services:
  {SERVICE}:
    build: .
    expose:
      - "{known.port}"
    restart: unless-stopped
  proxy:
    image: nginx:{found[0] if found else "stable"}
    depends_on:
      - {SERVICE}
    ports:
      - "80:80"
      - "443:443"
    volumes:
      - ./{PATHS["nginx"]}:/etc/nginx/conf.d/default.conf:ro
      - /etc/letsencrypt:/etc/letsencrypt:ro
      - /var/www/acme:/var/www/acme:ro
    restart: unless-stopped
networks:
  default:
    ipam:
      config:
        - subnet: {SUBNET}
"""
