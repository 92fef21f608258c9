"""HAProxy in front of an application, or answering by itself."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .process import Certificate, Http, Server, listened, place, required, running

# https://docs.haproxy.org/2.6/configuration.html
GENERAL = """\
global
    log stdout format raw local0
    ssl-default-bind-options @{options}
    ssl-default-bind-ciphers @{ciphers}
defaults
    log global
    mode http
    option httplog
    timeout connect 5s
    timeout client 30s
    timeout server 30s
@{tls_frontend}
@{cleartext_frontend}
@{backend}
"""
TLS_FRONTEND = """\
frontend tls
    bind 127.0.0.1:@{https_port} ssl crt @{pem} @{bind}
    @{hsts}
    http-request set-header X-Forwarded-Proto https
    @{extra}
    @{answer}
"""
CLEARTEXT_FRONTEND = """\
frontend cleartext
    bind 127.0.0.1:@{http_port}
    @{scheme_in_clear}
    @{extra_http}
    @{answer_in_clear}
"""
BACKEND = """\
backend application
    server application @{upstream}
"""
FROM_APPLICATION = "default_backend application"
OWN_ANSWER = (
    "http-request return status 200 content-type application/json "
    """string '{"server": "haproxy"}'"""
)
REDIRECT = "http-request redirect code @{status} location https://%[hdr(host),field(1,:)]:@{https_port}%[capture.req.uri]"
IN_CLEAR = {
    "redirect-301": REDIRECT.replace("@{status}", "301"),
    "redirect-302": REDIRECT.replace("@{status}", "302"),
    "redirect-308": REDIRECT.replace("@{status}", "308"),
    "refuse-403": "http-request deny deny_status 403",
    "serve": "@{answer}",
}


@contextmanager
def haproxy(
    https: Certificate | None = None,
    http: Http = "closed",
    hsts: str | None = None,
    app: int | Path | None = None,
    extra: str = "",
    extra_http: str = "",
    bind: str = "",
    overwrites_scheme: bool = True,
    protocols: str = "TLSv1.2 TLSv1.3",
    ciphers: str = "DEFAULT",
    bind_options: str = "",
) -> Iterator[Server]:
    """HAProxy with TLS on `https_port` (if there is a certificate) and cleartext on `http_port`.

    ``app`` is the loopback port, or the unix socket, of the application behind it. ``extra`` and
    ``extra_http`` are raw
    lines for the TLS and the cleartext frontend. Without ``overwrites_scheme`` the cleartext one
    lets a client's X-Forwarded-Proto through. The protocols are a range: the first named is the
    lowest and the last the highest; those below TLS 1.2 need ciphers such as
    ``DEFAULT:@SECLEVEL=0``. ``bind_options`` are further words of ``ssl-default-bind-options``.
    """
    executable = required("haproxy")
    versions = [name if "." in name else f"{name}.0" for name in protocols.split()]
    # http-after-response also reaches what HAProxy answers itself (a return, a deny).
    header = "http-after-response set-header Strict-Transport-Security"
    with place() as where:
        if https:
            pem = where.folder / "certificate.pem"
            pem.write_bytes(https.chain.read_bytes() + b"\n" + https.key.read_bytes())
        configuration = where.write(
            "haproxy.cfg",
            GENERAL,
            pem=where.folder / "certificate.pem",
            options=f"ssl-min-ver {versions[0]} ssl-max-ver {versions[-1]} {bind_options}",
            ciphers=ciphers,
            tls_frontend=TLS_FRONTEND if https else "",
            cleartext_frontend=CLEARTEXT_FRONTEND if http != "closed" else "",
            backend=BACKEND if app else "",
            hsts=f'{header} "{hsts}"' if hsts else "",
            extra=extra,
            extra_http=extra_http,
            bind=bind,
            scheme_in_clear="http-request set-header X-Forwarded-Proto http"
            if overwrites_scheme
            else "",
            answer=FROM_APPLICATION if app else OWN_ANSWER,
            answer_in_clear=IN_CLEAR.get(http, ""),
            app=app,
            upstream=f"unix@{app}" if isinstance(app, Path) else f"127.0.0.1:{app}",
        )
        command = [executable, "-db", "-f", configuration]
        with running("haproxy", where, command, listened(where, https, http)) as server:
            yield server
