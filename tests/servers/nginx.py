"""nginx in front of an application, or answering by itself."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .process import Certificate, Http, Server, listened, place, required, running

GENERAL = """\
daemon off;
@{user}
worker_processes 1;
pid @{folder}/pid;
error_log stderr info;
events { worker_connections 4096; }
http {
  server_tokens off;
    access_log /dev/stdout;
    client_body_temp_path @{folder}/body;
    proxy_temp_path @{folder}/proxy;
    fastcgi_temp_path @{folder}/fastcgi;
    uwsgi_temp_path @{folder}/uwsgi;
    scgi_temp_path @{folder}/scgi;
    default_type application/json;
    @{extra_general}
@{tls_server}
@{cleartext_server}
}
"""
TLS_SERVER = """\
    server {
        listen 127.0.0.1:@{https_port} ssl;
        ssl_certificate @{chain};
        ssl_certificate_key @{key};
        ssl_protocols @{protocols};
        ssl_ciphers @{ciphers};
        @{hsts}
        @{extra}
        location / { @{answer} }
    }
"""
CLEARTEXT_SERVER = """\
    server {
        listen 127.0.0.1:@{http_port};
        @{extra_http}
        location / { @{answer_in_clear} }
    }
"""
FROM_APPLICATION = """
            proxy_pass @{upstream};
            proxy_set_header Host $http_host;
            proxy_set_header X-Forwarded-Proto $scheme;
        """
OWN_ANSWER = """return 200 '{"server": "nginx"}';"""
IN_CLEAR = {
    "redirect-301": "return 301 https://$host:@{https_port}$request_uri;",
    "redirect-302": "return 302 https://$host:@{https_port}$request_uri;",
    "redirect-308": "return 308 https://$host:@{https_port}$request_uri;",
    "refuse-403": "return 403;",
    "serve": "@{answer}",
}


@contextmanager
def nginx(
    https: Certificate | None = None,
    http: Http = "closed",
    hsts: str | None = None,
    app: int | Path | None = None,
    extra: str = "",
    extra_http: str = "",
    extra_general: str = "",
    protocols: str = "TLSv1.2 TLSv1.3",
    ciphers: str = "DEFAULT",
) -> Iterator[Server]:
    """nginx with TLS on `https_port` (if there is a certificate) and cleartext on `http_port`.

    ``app`` is the loopback port, or the unix socket, of the application behind it. ``extra`` and
    ``extra_http`` are raw
    directives for the TLS and the cleartext server block, ``extra_general`` for what is around
    both. Versions below TLS 1.2 need ciphers such as ``DEFAULT:@SECLEVEL=0``.
    """
    executable = required("nginx")
    with place() as where:
        configuration = where.write(
            "nginx.conf",
            GENERAL,
            user="user root;" if os.geteuid() == 0 else "",
            tls_server=TLS_SERVER if https else "",
            cleartext_server=CLEARTEXT_SERVER if http != "closed" else "",
            chain=https and https.chain,
            key=https and https.key,
            protocols=protocols,
            ciphers=ciphers,
            hsts=f'add_header Strict-Transport-Security "{hsts}" always;' if hsts else "",
            extra=extra,
            extra_http=extra_http,
            extra_general=extra_general,
            answer=FROM_APPLICATION if app else OWN_ANSWER,
            answer_in_clear=IN_CLEAR.get(http, ""),
            app=app,
            upstream=f"http://unix:{app}" if isinstance(app, Path) else f"http://127.0.0.1:{app}",
        )
        command = [executable, "-e", "stderr", "-p", where.folder, "-c", configuration]
        with running("nginx", where, command, listened(where, https, http)) as server:
            yield server
