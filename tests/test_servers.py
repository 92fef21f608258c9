"""Each real server proves itself to a client of another make: curl."""

import json
import os
import re
import shutil
import ssl
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

import servers
from certificates import issue
from servers.ports import listeners, members

HSTS = "max-age=31536000; includeSubDomains"

FRONT = [
    pytest.param(getattr(servers, name), marks=pytest.mark.server(name), id=name)
    for name in ("nginx", "apache", "haproxy", "caddy", "node")
]
S_SERVER = pytest.param(servers.s_server, marks=pytest.mark.server("openssl"), id="openssl")
PROXIES = [front for front in FRONT if front.id != "node"]


@dataclass(frozen=True)
class Reply:
    status: int
    headers: list[tuple[str, str]]
    body: str

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name.lower()]


def curl(url: str, *options: str, ca: Path | None = None) -> Reply:
    """One exchange, without redirects followed and without a proxy of the environment's."""
    program = shutil.which("curl")
    if program is None:
        pytest.skip("curl not installed")
    name = f"api.plainwire.test:{url.split(':')[2].split('/')[0]}:127.0.0.1"
    command = [program, "-sS", "-i", "--http1.1", "--noproxy", "*", "--max-time", "10"]
    if ca:
        command += ["--cacert", str(ca)]
    done = subprocess.run(
        [*command, "--resolve", name, *options, url], capture_output=True, check=False
    )
    if done.returncode:
        raise ConnectionError(f"curl {done.returncode}: {done.stderr.decode()}")
    head, _, body = done.stdout.decode("latin-1").partition("\r\n\r\n")
    first, *lines = head.split("\r\n")
    headers = [line.partition(":") for line in lines]
    return Reply(
        int(first.split(" ")[1]), [(key.lower(), value.strip()) for key, _, value in headers], body
    )


@pytest.mark.parametrize("front", FRONT)
def test_serves_https_with_the_given_chain_and_hsts(front, certificate):
    with front(https=certificate, hsts=HSTS) as server:
        reply = curl(f"https://api.plainwire.test:{server.https_port}/", ca=certificate.ca)
    assert reply.status == 200
    assert json.loads(reply.body) == {"server": server.name}
    assert reply.all("strict-transport-security") == [HSTS]


@pytest.mark.parametrize("front", [*FRONT, S_SERVER])
def test_serves_the_chain_it_was_given_and_no_more(front, pem_files):
    root = issue("Root", ca=True)
    leaf = issue("api.plainwire.test", by=issue("Issuing", ca=True, by=root))
    with front(https=pem_files(leaf)) as server:
        assert served(server.https_port) == list(leaf.chain)
    with front(https=pem_files(replace(leaf, issuer=None))) as server:
        assert served(server.https_port) == [leaf.der]


def served(port: int) -> list[bytes]:
    """The certificates that a server sends, as openssl shows them."""
    where = ("-connect", f"127.0.0.1:{port}", "-servername", "api.plainwire.test")
    done = subprocess.run(
        ["openssl", "s_client", *where, "-showcerts"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    pattern = "-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----"
    shown = re.findall(pattern, done.stdout.partition("Server certificate")[0], re.DOTALL)
    return [ssl.PEM_cert_to_DER_cert(pem) for pem in shown]


@pytest.mark.parametrize("front", FRONT)
def test_sends_no_hsts_unless_told(front, certificate):
    with front(https=certificate) as server:
        reply = curl(f"https://api.plainwire.test:{server.https_port}/", ca=certificate.ca)
    assert reply.all("strict-transport-security") == []


@pytest.mark.parametrize("front", FRONT)
def test_a_client_without_the_authority_refuses_the_chain(front, certificate):
    with front(https=certificate) as server, pytest.raises(ConnectionError, match="curl 60"):
        curl(f"https://api.plainwire.test:{server.https_port}/")


@pytest.mark.parametrize("status", [301, 302, 308])
@pytest.mark.parametrize("front", FRONT)
def test_redirects_cleartext_to_the_same_path_over_https(front, status, certificate):
    with front(https=certificate, http=f"redirect-{status}") as server:
        reply = curl(f"http://api.plainwire.test:{server.http_port}/a/b?c=d")
    assert reply.status == status
    location = f"https://api.plainwire.test:{server.https_port}/a/b?c=d"
    assert reply.all("location") == [location]


@pytest.mark.parametrize("front", FRONT)
def test_refuses_cleartext_with_the_same_403_for_every_path(front, certificate):
    with front(https=certificate, http="refuse-403") as server:
        one, other = (
            curl(f"http://api.plainwire.test:{server.http_port}{path}") for path in ("/", "/a")
        )
    assert (one.status, other.status) == (403, 403)
    assert one.body == other.body


@pytest.mark.parametrize("front", FRONT)
def test_serves_in_clear_what_it_serves_over_https(front, certificate):
    with front(https=certificate, http="serve", hsts=HSTS) as server:
        reply = curl(f"http://api.plainwire.test:{server.http_port}/")
    assert (reply.status, json.loads(reply.body)) == (200, {"server": server.name})
    assert reply.all("strict-transport-security") == []


@pytest.mark.parametrize("front", FRONT)
def test_nobody_listens_on_a_closed_http_port(front, certificate):
    with front(https=certificate) as server, pytest.raises(ConnectionError, match="curl 7"):
        curl(f"http://api.plainwire.test:{server.http_port}/")


@pytest.mark.parametrize("front", PROXIES)
def test_passes_requests_to_the_application_with_the_scheme(front, certificate):
    application = """
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"{environ['HTTP_X_FORWARDED_PROTO']} {environ['HTTP_HOST']}".encode()]
"""
    with (
        servers.gunicorn(application=application) as app,
        front(https=certificate, http="serve", app=app.http_port) as server,
    ):
        secure = curl(f"https://api.plainwire.test:{server.https_port}/", ca=certificate.ca)
        clear = curl(f"http://api.plainwire.test:{server.http_port}/")
    assert secure.body == f"https api.plainwire.test:{server.https_port}"
    assert clear.body == f"http api.plainwire.test:{server.http_port}"


@pytest.mark.parametrize("front", FRONT)
def test_speaks_only_the_named_versions(front, certificate):
    with front(https=certificate, protocols="TLSv1.3") as server:
        url = f"https://api.plainwire.test:{server.https_port}/"
        assert curl(url, "--tlsv1.3", ca=certificate.ca).status == 200
        with pytest.raises(ConnectionError, match="curl 35"):
            curl(url, "--tls-max", "1.2", ca=certificate.ca)


@pytest.mark.parametrize("front", [front for front in FRONT if front.id != "caddy"])
def test_speaks_tls_1_0_where_it_is_told_to(front, certificate):
    with front(https=certificate, protocols="TLSv1", ciphers="ALL:@SECLEVEL=0") as server:
        url = f"https://api.plainwire.test:{server.https_port}/"
        old = ("--tlsv1.0", "--tls-max", "1.0", "--ciphers", "ALL:@SECLEVEL=0")
        assert curl(url, *old, ca=certificate.ca).status == 200
        with pytest.raises(ConnectionError, match="curl 35"):
            curl(url, ca=certificate.ca)


@pytest.mark.server("nginx")
def test_raw_directives_reach_each_server_block(certificate):
    with servers.nginx(
        https=certificate,
        http="serve",
        extra="add_header X-Block tls;",
        extra_http="add_header X-Block cleartext;",
    ) as server:
        secure = curl(f"https://api.plainwire.test:{server.https_port}/", ca=certificate.ca)
        clear = curl(f"http://api.plainwire.test:{server.http_port}/")
    assert (secure.all("x-block"), clear.all("x-block")) == (["tls"], ["cleartext"])


def test_gunicorn_serves_tls_by_itself_with_any_header(certificate):
    twice = [("Strict-Transport-Security", "max-age=1"), ("Strict-Transport-Security", HSTS)]
    with servers.gunicorn(https=certificate, headers=twice) as server:
        reply = curl(f"https://api.plainwire.test:{server.https_port}/", ca=certificate.ca)
        assert "Booting worker" in server.told("Booting worker")
    assert json.loads(reply.body) == {"server": "gunicorn", "scheme": "https"}
    assert reply.all("strict-transport-security") == ["max-age=1", HSTS]


def test_gunicorn_serves_in_clear(certificate):
    with servers.gunicorn(workers=2) as server:
        reply = curl(f"http://api.plainwire.test:{server.http_port}/")
        assert server.told("Booting worker", times=2).count("Booting worker") == 2
    assert json.loads(reply.body) == {"server": "gunicorn", "scheme": "http"}


def test_flask_run_makes_itself_a_certificate_that_nobody_trusts(certificate):
    with servers.flask_run() as server:
        url = f"https://api.plainwire.test:{server.https_port}/"
        with pytest.raises(ConnectionError, match="curl 60"):
            curl(url, ca=certificate.ca)
        reply = curl(url, "--insecure")
    assert json.loads(reply.body) == {"server": "flask", "scheme": "https"}


@pytest.mark.server("openssl")
def test_s_server_tells_what_was_negotiated(certificate):
    with servers.s_server(certificate, ["-tls1_2"]) as server:
        reply = curl(f"https://api.plainwire.test:{server.https_port}/", ca=certificate.ca)
    assert reply.status == 200
    assert "Protocol  : TLSv1.2" in reply.body


def test_a_server_is_gone_with_all_its_processes_after_a_failure():
    seen = []
    with pytest.raises(ZeroDivisionError), servers.gunicorn(workers=2) as server:
        seen += members(server.process.pid)
        assert listeners(server.process.pid) == {("127.0.0.1", server.http_port)}
        1 / 0  # noqa: B018
    assert len(seen) == 3
    assert members(server.process.pid) == []
    assert not server.folder.exists()


def test_a_server_that_listens_outside_loopback_is_refused_and_stopped():
    with (
        pytest.raises(RuntimeError, match="listens outside loopback"),
        servers.gunicorn(options=["--bind", "0.0.0.0:0"]),
    ):
        pass


def test_a_server_that_cannot_start_shows_its_log():
    with (
        pytest.raises(RuntimeError, match="unrecognized arguments: --no-such-option"),
        servers.gunicorn(options=["--no-such-option"]),
    ):
        pass


LEFT_OUT = """
import pytest
from servers.process import PROGRAMS

PROGRAMS["nginx"] = "no-such-program"

@pytest.mark.server("nginx")
def test_that_needs_it():
    raise AssertionError("it ran")

@pytest.mark.xfail
def test_that_is_known_to_fail():
    raise AssertionError

def test_that_runs():
    pass
"""


def run_pytest(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    module = folder / "test_left_out.py"
    module.write_text(LEFT_OUT)
    here = Path(__file__).parent
    known = {key: value for key, value in os.environ.items() if key != "CI"}
    path = os.pathsep.join([str(here), *sys.path])
    settings = [
        "-c",
        str(here.parent / "pyproject.toml"),
        f"--rootdir={folder}",
        "-p",
        "no:cacheprovider",
    ]
    return subprocess.run(
        [sys.executable, "-m", "pytest", *settings, "-p", "conftest", str(module)],
        env={**known, "PYTHONPATH": path, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_test_without_its_server_is_left_out_and_named_with_why(tmp_path):
    done = run_pytest(tmp_path)
    assert done.returncode == 0, done.stdout
    assert "1 passed, 1 skipped, 1 xfailed" in done.stdout
    assert "1 left out" in done.stdout
    named = "test_left_out.py::test_that_needs_it: nginx not installed (as root: make servers)"
    assert named in done.stdout


def test_a_test_without_its_server_fails_in_ci(tmp_path):
    done = run_pytest(tmp_path, CI="true")
    assert done.returncode == 1, done.stdout
    assert "left out, which CI=true forbids: nginx not installed" in done.stdout
    assert "1 passed, 1 xfailed, 1 error" in done.stdout
