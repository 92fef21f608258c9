"""Caddy in front of an application, or answering by itself."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .process import Certificate, Http, Server, listened, place, required, running

# https://caddyserver.com/docs/caddyfile/options. Without h3 in the protocols it would listen on
# UDP too; "auto_https off" keeps it from asking anybody for certificates.
GENERAL = """\
{
    admin off
    auto_https off
    default_bind 127.0.0.1
    default_sni localhost
    servers {
        protocols h1 h2
    }
}
@{tls_site}
@{cleartext_site}
"""
TLS_SITE = """\
https://:@{https_port} {
    tls @{chain} @{key} {
        protocols @{protocols}
        @{tls}
    }
    log
    @{hsts}
    @{extra}
    @{answer}
}
"""
CLEARTEXT_SITE = """\
http://:@{http_port} {
    log
    @{extra_http}
    @{answer_in_clear}
}
"""
FROM_APPLICATION = "reverse_proxy @{upstream}"
OWN_ANSWER = """header Content-Type application/json
    respond `{"server": "caddy"}`"""
IN_CLEAR = {
    "redirect-301": "redir https://{host}:@{https_port}{uri} 301",
    "redirect-302": "redir https://{host}:@{https_port}{uri} 302",
    "redirect-308": "redir https://{host}:@{https_port}{uri} 308",
    "refuse-403": "respond 403",
    "serve": "@{answer}",
}
VERSIONS = {"TLSv1.2": "tls1.2", "TLSv1.3": "tls1.3"}  # Caddy has no others


@contextmanager
def caddy(
    https: Certificate | None = None,
    http: Http = "closed",
    hsts: str | None = None,
    app: int | Path | None = None,
    extra: str = "",
    extra_http: str = "",
    protocols: str = "TLSv1.2 TLSv1.3",
    tls: str = "",
) -> Iterator[Server]:
    """Caddy with TLS on `https_port` (if there is a certificate) and cleartext on `http_port`.

    ``app`` is the loopback port, or the unix socket, of the application behind it. ``extra`` and
    ``extra_http`` are raw
    directives for the TLS and the cleartext site, ``tls`` those of the former's ``tls`` block. The
    protocols are a range: the first named is the lowest and the last the highest.
    """
    executable = required("caddy")
    versions = [VERSIONS[name] for name in protocols.split()]
    with place() as where:
        configuration = where.write(
            "Caddyfile",
            GENERAL,
            tls_site=TLS_SITE if https else "",
            cleartext_site=CLEARTEXT_SITE if http != "closed" else "",
            chain=https and https.chain,
            key=https and https.key,
            protocols=f"{versions[0]} {versions[-1]}",
            hsts=f'header Strict-Transport-Security "{hsts}"' if hsts else "",
            extra=extra,
            tls=tls,
            extra_http=extra_http,
            answer=FROM_APPLICATION if app else OWN_ANSWER,
            answer_in_clear=IN_CLEAR.get(http, ""),
            app=app,
            upstream=f"unix/{app}" if isinstance(app, Path) else f"127.0.0.1:{app}",
        )
        command = [executable, "run", "--adapter", "caddyfile", "--config", configuration]
        with running("caddy", where, command, listened(where, https, http)) as server:
            yield server
