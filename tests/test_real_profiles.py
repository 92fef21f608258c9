"""What is emitted for a profile: real servers take it, and meet the profile when probed."""

from __future__ import annotations

import ssl
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from certificates import issue
from plainwire.policy.profiles import load, names, verdict
from plainwire.policy.server_configs import SERVERS, emit, openssl_name
from plainwire.tls import probe
from servers.apache import MODULES
from servers.process import Place, Server, place, required, running

NAME = "api.plainwire.test"
OPENSSL = ssl.OPENSSL_VERSION.split()[1]

NGINX = """\
daemon off;
pid @{folder}/pid;
error_log stderr info;
events { worker_connections 512; }
http {
    access_log off;
    @{paths}
    server {
        listen 127.0.0.1:@{https_port} ssl;
        ssl_certificate @{chain};
        ssl_certificate_key @{key};
@{emitted}
        location / { return 200 "ok"; }
    }
}
"""
PATHS = "".join(
    f"{kind}_temp_path @{{folder}}/{kind};\n"
    for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
)
APACHE = """\
ServerRoot @{folder}
ServerName localhost
PidFile @{folder}/pid
DefaultRuntimeDir @{folder}
Mutex file:@{folder} default
LoadModule mpm_event_module @{modules}/mod_mpm_event.so
LoadModule authz_core_module @{modules}/mod_authz_core.so
LoadModule ssl_module @{modules}/mod_ssl.so
ErrorLog /dev/stderr
Listen 127.0.0.1:@{https_port}
<VirtualHost 127.0.0.1:@{https_port}>
SSLEngine on
SSLCertificateFile @{chain}
SSLCertificateKeyFile @{key}
@{emitted}
</VirtualHost>
"""
HAPROXY = """\
global
    log stdout format raw local0
@{emitted}
defaults
    mode http
    timeout connect 5s
    timeout client 30s
    timeout server 30s
frontend tls
    bind 127.0.0.1:@{https_port} ssl crt @{pem}
    http-request return status 200
"""
CADDY = """\
{
    admin off
    auto_https off
    default_bind 127.0.0.1
    default_sni localhost
    servers {
        protocols h1 h2
    }
}
https://:@{https_port} {
@{emitted}
respond "ok"
}
"""
APPLICATION = """\
def app(environ, start_response):
    start_response("200 OK", [])
    return [b"ok"]
"""


def version_of(*command: str) -> str:
    """The first word in what a program says of itself that is a version."""
    found = subprocess.run(command, capture_output=True, check=False, text=True)
    words = (found.stdout + found.stderr).replace("/", " ").split()
    return next(word for word in words if word[:1].isdigit() and "." in word)


def checked(*command: str | Path, folder: Path) -> None:
    """A program's own check of its configuration."""
    words = [str(word) for word in command]
    done = subprocess.run(words, cwd=folder, capture_output=True, check=False, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def nginx(profile, where: Place, **files) -> AbstractContextManager[Server]:
    program = required("nginx")
    emitted = emit(profile, "nginx", version_of(program, "-v"), OPENSSL)
    config = where.write("nginx.conf", NGINX, emitted=emitted, paths=PATHS, **files)
    command = [program, "-e", "stderr", "-p", where.folder, "-c", config]
    checked(*command, "-t", folder=where.folder)
    return running("nginx", where, command, [where.https_port])


def apache(profile, where: Place, **files) -> AbstractContextManager[Server]:
    program = required("apache")
    emitted = emit(profile, "apache", version_of(program, "-v"), OPENSSL)
    config = where.write("apache.conf", APACHE, emitted=emitted, modules=MODULES, **files)
    checked(program, "-t", "-f", config, folder=where.folder)
    command = [program, "-D", "FOREGROUND", "-f", config]
    return running("apache", where, command, [where.https_port])


def haproxy(profile, where: Place, **files) -> AbstractContextManager[Server]:
    program = required("haproxy")
    emitted = emit(profile, "haproxy", version_of(program, "-v"), OPENSSL)
    pem = where.write("all.pem", files["chain"].read_text() + files["key"].read_text())
    config = where.write("haproxy.cfg", HAPROXY, emitted=emitted, pem=pem)
    checked(program, "-c", "-f", config, folder=where.folder)
    return running("haproxy", where, [program, "-db", "-f", config], [where.https_port])


def caddy(profile, where: Place, **files) -> AbstractContextManager[Server]:
    program = required("caddy")
    emitted = emit(profile, "caddy", version_of(program, "version"))
    emitted = emitted.replace("tls {", f"tls {files['chain']} {files['key']} {{")
    config = where.write("Caddyfile", CADDY, emitted=emitted)
    words = ("--config", config, "--adapter", "caddyfile")
    checked(program, "validate", *words, folder=where.folder)
    return running("caddy", where, [program, "run", *words], [where.https_port])


def gunicorn(profile, where: Place, **files) -> AbstractContextManager[Server]:
    version = version_of(sys.executable, "-m", "gunicorn", "--version")
    emitted = emit(profile, "gunicorn", version, OPENSSL)
    where.write("gunicorn.conf.py", emitted)
    where.write("application.py", APPLICATION)
    tls = ("--certfile", files["chain"], "--keyfile", files["key"])
    listen = ("--bind", f"127.0.0.1:{where.https_port}", "--no-control-socket")
    command = [sys.executable, "-m", "gunicorn", *listen, *tls, "application:app"]
    checked(*command, "--check-config", folder=where.folder)
    return running(
        "gunicorn",
        where,
        command,
        [where.https_port],
        is_ready=lambda log: "Booting worker" in log,
    )


START: dict[str, Callable[..., AbstractContextManager[Server]]] = {
    "nginx": nginx,
    "apache": apache,
    "haproxy": haproxy,
    "caddy": caddy,
    "gunicorn": gunicorn,
}
# Neither Python's ssl nor Go lets anybody choose the suites of TLS 1.3, and Go takes SHA-1 in the
# signatures of TLS 1.2 up to 1.24.
IMPOSSIBLE = {
    ("caddy", "nist-800-52r2"),
    ("gunicorn", "nist-800-52r2"),
    ("caddy", "rfc9325"),
}
PAIRS = [
    pytest.param(server, name, marks=[pytest.mark.server(server)] if server != "gunicorn" else [])
    for server in SERVERS
    for name in names()
    if (server, name) not in IMPOSSIBLE
]


@pytest.mark.slow
@pytest.mark.parametrize(("server", "name"), PAIRS)
def test_a_server_with_what_is_emitted_meets_the_profile(server, name, pem_files):
    root = issue("Test Root", ca=True)
    files = pem_files(issue(NAME, "127.0.0.1", by=root))
    profile = load(name)
    with (
        place() as where,
        START[server](profile, where, chain=files.chain, key=files.key) as running_server,
    ):
        found = probe(f"127.0.0.1:{running_server.https_port}", stores={"ca-file": (root.der,)})
    judged = verdict(found, profile)
    assert judged.meets is True, judged.because


@pytest.mark.server("openssl")
def test_openssl_calls_the_suites_by_the_names_that_are_emitted():
    listed = subprocess.run(
        ["openssl", "ciphers", "-stdname", "ALL"], capture_output=True, check=True, text=True
    ).stdout
    known = {words[0]: words[2] for words in map(str.split, listed.splitlines())}
    emitted = {s for name in names() for s in load(name).emitted("suites") if "_WITH_" in s}
    assert {suite: openssl_name(suite) for suite in emitted} == {s: known[s] for s in emitted}
