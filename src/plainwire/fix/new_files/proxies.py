"""Configurations of reverse proxies: TLS by Mozilla's guideline, one way in, headers set anew.

What comes in clear gets 403, since an API's client that is redirected has sent its credentials
already (RFC 9325, section 3.2). Each header that a server may take for the scheme is set or taken
away: a client's own must not pass (RFC 7239, section 8.1).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from textwrap import indent

from plainwire.fix.new_files.facts import Facts, Versions
from plainwire.fix.recommended import profile
from plainwire.policy import server_configs

PATHS = {
    "nginx": "deployment/nginx.conf",
    "apache": "deployment/apache.conf",
    "caddy": "deployment/Caddyfile",
    "haproxy": "deployment/haproxy.cfg",
}
# What gunicorn and others take for https beside X-Forwarded-Proto.
OTHERS = ("X-Forwarded-Protocol", "X-Forwarded-Ssl", "X-Forwarded-Scheme", "Forwarded")
_YEAR = "max-age=31536000"


def proxy(kind: str, known: Facts, versions: Versions) -> str:
    """A configuration for a proxy of a version in front of the application.

    Raises:
        UsageError: if that version cannot meet the profile, or is no version.
    """
    emitted = server_configs.emit(profile(), kind, versions.server, versions.openssl).splitlines()
    head = [line for line in emitted if line.startswith("#") and not line.startswith("# In ")]
    words = "\n".join(line for line in emitted if not line.startswith("#"))
    return "\n".join((*head, _WRITERS[kind](known, words)))


def _nginx(known: Facts, tls: str) -> str:
    upstream = f"unix:{known.socket}:" if known.socket else f"{known.host}:{known.port}"
    hsts = (
        "" if known.sends_hsts else f'    add_header Strict-Transport-Security "{_YEAR}" always;\n'
    )
    others = "".join(f'        proxy_set_header {name} "";\n' for name in OTHERS)
    return f"""\
server {{
    listen 80;
    server_name {known.name};
    location /.well-known/acme-challenge/ {{
        root /var/www/acme;
    }}
    location / {{
        return 403;
    }}
}}
server {{
    listen 443 ssl;
    server_name {known.name};
    ssl_certificate /etc/letsencrypt/live/{known.name}/fullchain.pem;
    ssl_certificate_key /etc/letsencrypt/live/{known.name}/privkey.pem;
{indent(tls, "    ")}
{hsts}    location / {{
        proxy_pass http://{upstream};
        proxy_set_header Host $host;
        proxy_set_header X-Forwarded-For $remote_addr;
        proxy_set_header X-Forwarded-Host $host;
        proxy_set_header X-Forwarded-Proto $scheme;
{others}    }}
}}
"""


def _apache(known: Facts, tls: str) -> str:
    there = f"http://{known.host}:{known.port}/"
    upstream = f"unix:{known.socket}|http://localhost/" if known.socket else there
    hsts = f'    Header always set Strict-Transport-Security "{_YEAR}"\n'
    others = "".join(f"    RequestHeader unset {name}\n" for name in OTHERS)
    return f"""\
# Modules: ssl, headers, proxy, proxy_http, alias.
<VirtualHost *:80>
    ServerName {known.name}
    RedirectMatch 403 ^/(?!\\.well-known/acme-challenge/)
</VirtualHost>
<VirtualHost *:443>
    ServerName {known.name}
    SSLEngine on
    SSLCertificateFile /etc/letsencrypt/live/{known.name}/fullchain.pem
    SSLCertificateKeyFile /etc/letsencrypt/live/{known.name}/privkey.pem
{indent(tls, "    ")}
{"" if known.sends_hsts else hsts}    RequestHeader unset X-Forwarded-For
    RequestHeader unset X-Forwarded-Host
    RequestHeader set X-Forwarded-Proto https
{others}    ProxyPreserveHost On
    ProxyPass / {upstream}
    ProxyPassReverse / {there}
</VirtualHost>
"""


def _caddy(known: Facts, tls: str) -> str:
    upstream = f"unix/{known.socket}" if known.socket else f"{known.host}:{known.port}"
    hsts = f'\theader Strict-Transport-Security "{_YEAR}"\n'
    # Caddy passes X_Forwarded_Proto on, and WSGI makes the same name of it.
    names = (*OTHERS, "X_Forwarded_Proto")
    others = "".join(f"\t\theader_up -{name}\n" for name in names)
    return f"""\
http://{known.name} {{
	respond 403
}}
https://{known.name} {{
{indent(tls, chr(9))}
{"" if known.sends_hsts else hsts}	reverse_proxy {upstream} {{
{others}	}}
}}
"""


def _haproxy(known: Facts, tls: str) -> str:
    upstream = f"unix@{known.socket}" if known.socket else f"{known.host}:{known.port}"
    hsts = f"    http-response set-header Strict-Transport-Security {_YEAR}\n"
    others = "".join(f"    http-request del-header {name}\n" for name in OTHERS)
    return f"""\
global
{tls}
defaults
    mode http
    timeout connect 5s
    timeout client 30s
    timeout server 30s
frontend cleartext
    bind :80
    http-request deny deny_status 403
frontend tls
    bind :443 ssl crt /etc/haproxy/certs/{known.name}.pem alpn h2,http/1.1
    http-request set-header X-Forwarded-For %[src]
    http-request set-header X-Forwarded-Host %[req.hdr(host)]
    http-request set-header X-Forwarded-Proto https
{others}{"" if known.sends_hsts else hsts}    default_backend application
backend application
    server application {upstream}
"""


_WRITERS: Mapping[str, Callable[[Facts, str], str]] = {
    "nginx": _nginx,
    "apache": _apache,
    "caddy": _caddy,
    "haproxy": _haproxy,
}
