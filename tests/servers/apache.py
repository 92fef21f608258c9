"""Apache httpd in front of an application, or answering by itself."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .process import Certificate, Http, Server, listened, place, required, running

# Where Debian and Ubuntu keep the modules.
MODULES = Path("/usr/lib/apache2/modules")

GENERAL = """\
ServerRoot @{folder}
ServerName localhost
ServerTokens Prod
PidFile @{folder}/pid
DefaultRuntimeDir @{folder}
Mutex file:@{folder} default
LoadModule mpm_event_module @{modules}/mod_mpm_event.so
LoadModule authz_core_module @{modules}/mod_authz_core.so
LoadModule alias_module @{modules}/mod_alias.so
LoadModule headers_module @{modules}/mod_headers.so
LoadModule proxy_module @{modules}/mod_proxy.so
LoadModule proxy_http_module @{modules}/mod_proxy_http.so
LoadModule rewrite_module @{modules}/mod_rewrite.so
LoadModule ssl_module @{modules}/mod_ssl.so
@{user}
StartServers 1
ErrorLog /dev/stderr
LogLevel info
LogFormat "%h \\"%r\\" %>s" short
TransferLog /dev/stdout
DocumentRoot @{folder}/documents
<Directory @{folder}/documents>
    Require all granted
</Directory>
@{tls_server}
@{cleartext_server}
"""
TLS_SERVER = """\
Listen 127.0.0.1:@{https_port}
<VirtualHost 127.0.0.1:@{https_port}>
    SSLEngine on
    SSLCertificateFile @{chain}
    SSLCertificateKeyFile @{key}
    SSLProtocol @{protocols}
    SSLCipherSuite @{ciphers}
    @{hsts}
    @{extra}
    @{answer}
</VirtualHost>
"""
CLEARTEXT_SERVER = """\
Listen 127.0.0.1:@{http_port}
<VirtualHost 127.0.0.1:@{http_port}>
    @{extra_http}
    @{answer_in_clear}
</VirtualHost>
"""
# Each request on a connection of its own: uWSGI closes without saying so, and a POST that Apache
# sends on such a connection is a 502.
FROM_APPLICATION = """ProxyPreserveHost On
    RequestHeader set X-Forwarded-Proto expr=%{REQUEST_SCHEME}
    ProxyPass / @{upstream} disablereuse=on"""
OWN_ANSWER = "RewriteEngine On\n    RewriteRule ^ @{folder}/documents/answer.json [L]"
REDIRECT = """RewriteEngine On
    RewriteRule ^ https://%{SERVER_NAME}:@{https_port}%{REQUEST_URI} [R=@{status},L]
    UseCanonicalName Off"""
IN_CLEAR = {
    "redirect-301": REDIRECT.replace("@{status}", "301"),
    "redirect-302": REDIRECT.replace("@{status}", "302"),
    "redirect-308": REDIRECT.replace("@{status}", "308"),
    "refuse-403": "<Location />\n        Require all denied\n    </Location>",
    "serve": "@{answer}",
}


@contextmanager
def apache(
    https: Certificate | None = None,
    http: Http = "closed",
    hsts: str | None = None,
    app: int | Path | None = None,
    extra: str = "",
    extra_http: str = "",
    protocols: str = "TLSv1.2 TLSv1.3",
    ciphers: str = "DEFAULT",
) -> Iterator[Server]:
    """Apache with TLS on `https_port` (if there is a certificate) and cleartext on `http_port`.

    ``app`` is the loopback port, or the unix socket, of the application behind it. ``extra`` and
    ``extra_http`` are raw
    directives for the TLS and the cleartext virtual host. Versions below TLS 1.2 need ciphers
    such as ``DEFAULT:@SECLEVEL=0``.
    """
    executable = required("apache")
    with place() as where:
        (where.folder / "documents").mkdir()
        where.write("documents/answer.json", '{"server": "apache"}')
        configuration = where.write(
            "apache.conf",
            GENERAL,
            modules=MODULES,
            user="User nobody\nGroup nogroup" if os.geteuid() == 0 else "",
            tls_server=TLS_SERVER if https else "",
            cleartext_server=CLEARTEXT_SERVER if http != "closed" else "",
            chain=https and https.chain,
            key=https and https.key,
            protocols="-all " + " ".join(f"+{version}" for version in protocols.split()),
            ciphers=ciphers,
            hsts=f'Header always set Strict-Transport-Security "{hsts}"' if hsts else "",
            extra=extra,
            extra_http=extra_http,
            answer=FROM_APPLICATION if app else OWN_ANSWER,
            answer_in_clear=IN_CLEAR.get(http, ""),
            app=app,
            upstream=f"unix:{app}|http://localhost/"
            if isinstance(app, Path)
            else f"http://127.0.0.1:{app}/",
        )
        command = [executable, "-D", "FOREGROUND", "-f", configuration]
        with running("apache", where, command, listened(where, https, http)) as server:
            yield server
