"""What is scanned, and where: lists of targets, pinned and many addresses, waiting, proxies."""

import base64
import json
import re
import sys
import time

import pytest

from cli.process import PATIENCE_S, QUICK, environment, plainwire, started
from plainwire.live import dial
from plainwire.live.settings import Settings
from plainwire.model import Origin
from servers.hostile import closes_at_once
from servers.ports import reserved_port
from servers.proxy import forwarding
from servers.recording import listening, recording, response

NAME = "api.plainwire.test"


def html(request):
    return response(200, b"<p>fine", [("Content-Type", "text/html")])


LISTS = {
    "plain": b"a.test\nb.test:8443/v1\n",
    "no line end": b"a.test\nb.test:8443/v1",
    "CRLF": b"a.test\r\nb.test:8443/v1\r\n",
    "CR": b"a.test\rb.test:8443/v1",
    "byte order mark": b"\xef\xbb\xbfa.test\nb.test:8443/v1\n",
    "comments and gaps": b"# staging\n\na.test  \n   # more\n\tb.test:8443/v1\n",
    "named twice": b"a.test\nb.test:8443/v1\na.test\n",
}


@pytest.mark.parametrize("name", LISTS)
def test_a_list_of_targets_is_read(name, call, tmp_path):
    (tmp_path / "list").write_bytes(LISTS[name])
    done = call("scan", "--targets", "list", "--dry-run")
    assert (done.code, done.err) == (0, "")
    assert re.findall(r"(?m)^(\S+): at most these", done.out) == ["a.test", "b.test:8443/v1"]


@pytest.mark.parametrize("words", [("-",), ("--targets", "-"), ("-", "a.test")])
def test_a_list_of_targets_is_read_from_standard_input(words, tmp_path):
    done = plainwire("scan", *words, "--dry-run", cwd=tmp_path, stdin=LISTS["CRLF"])
    assert set(re.findall(r"(?m)^(\S+): at most these", done.out)) == {"a.test", "b.test:8443/v1"}


@pytest.mark.parametrize("address", ["127.0.0.1", "[::ffff:127.0.0.1]", "::ffff:127.0.0.1"])
def test_a_pinned_name_is_asked_there_under_its_name(address, tmp_path):
    with recording(html) as server:
        pin = ("--resolve", f"{NAME.upper()}:{address}")
        done = plainwire("scan", f"http://{NAME}:{server.port}/", *pin, cwd=tmp_path)
    assert done.code == 1, done.err
    hosts = {line for line in server.wire.split(b"\r\n") if line.startswith(b"Host: ")}
    made_up = {line for line in hosts if line.endswith(b".example")}  # is it believed?
    assert hosts - made_up == {f"Host: {NAME}:{server.port}".encode()}


@pytest.mark.parametrize("spelled", ["bücher.test", "xn--bcher-kva.test.", "BÜCHER.test."])
def test_a_pinned_name_is_the_same_name_however_it_is_spelled(spelled, tmp_path):
    with recording(html) as server:
        pin = ("--resolve", f"{spelled}:127.0.0.1")
        done = plainwire("scan", f"http://bücher.test:{server.port}/", *pin, cwd=tmp_path)
    assert done.code == 1, done.err
    assert f"Host: xn--bcher-kva.test:{server.port}".encode() in server.wire


# What DNS would say of a name with two addresses: the child's own resolver, told so.
TWO_ADDRESSES = """
import socket
real = socket.getaddrinfo
def getaddrinfo(host, port, *args, **kwargs):
    if host == "api.plainwire.test":
        found = [real(each, port, *args, **kwargs) for each in ADDRESSES]
        return [entry for entries in found for entry in entries]
    return real(host, port, *args, **kwargs)
socket.getaddrinfo = getaddrinfo
"""


def resolving(folder, *addresses):
    """The environment of a child for which `NAME` has these addresses."""
    (folder / "path").mkdir()
    told = TWO_ADDRESSES.replace("ADDRESSES", repr(addresses))
    (folder / "path" / "sitecustomize.py").write_text(told)
    places = [str(folder / "path"), *(place for place in sys.path if place)]
    return environment(PYTHONPATH=":".join(places))


def test_the_next_address_is_asked_where_nobody_listens_at_the_first(tmp_path):
    """As with localhost, which is ::1 first, and a server on 127.0.0.1."""
    with recording(html) as server:
        url = f"http://{NAME}:{server.port}/"
        env = resolving(tmp_path, "127.0.0.2", "127.0.0.1")
        done = plainwire("scan", url, "--format", "json", cwd=tmp_path, env=env)
    assert json.loads(done.out)["grade"]["letter"] == "F"


def test_every_address_of_a_name_is_scanned_by_itself(tmp_path):
    with recording(html) as server:
        url = f"http://{NAME}:{server.port}/"
        options = ("--all-addresses", "--format", "json")
        env = resolving(tmp_path, "127.0.0.1", "127.0.0.2")
        done = plainwire("scan", url, *options, cwd=tmp_path, env=env)
    first, second = json.loads(done.out)
    assert (first["target"], second["target"]) == ({"kind": "url", "value": url},) * 2
    assert (first["grade"]["letter"], second["grade"]) == ("F", None)
    assert done.code == 1
    evidence = [item for finding in first["findings"] for item in finding["evidence"]]
    assert {e["address"] for e in evidence if e["kind"] == "exchange"} == {"127.0.0.1"}
    assert "refused" in second["tls_reasons"][0]
    assert "asked at 127.0.0.2" in " ".join(second["notes"])


def test_a_server_that_comes_up_later_is_waited_for(tmp_path):
    with reserved_port() as port:
        words = ("scan", f"http://127.0.0.1:{port}", "--wait-for", f"{PATIENCE_S}s")
        with started(*words, cwd=tmp_path) as process:
            time.sleep(1)
            assert process.poll() is None
            with recording(html, port=port) as server:
                out, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 1, err
    assert server.requests and b"Security Score: F" in out


def test_a_server_that_never_comes_up_is_waited_for_no_longer_than_said(tmp_path):
    with reserved_port() as port:
        url = f"http://127.0.0.1:{port}"
        done = plainwire("scan", url, "--wait-for", "300ms", cwd=tmp_path)
    assert done.code == 3
    assert "connection refused" in done.err


# Loopback is never asked through a proxy, so the target has a name that the proxy alone finds.


def through(proxy, **variables):
    url = f"http://bob:hunter2@127.0.0.1:{proxy.port}"
    return environment(https_proxy=url, http_proxy=url, **variables)


def test_a_name_that_only_the_proxy_finds_is_scanned_through_it(certificate, tmp_path):
    with (
        listening(forwarding) as proxy,
        recording(html, https=certificate) as tls,
        recording(html) as clear,
    ):
        words = (f"https://{NAME}:{tls.port}/", "--http-port", clear.port, "--ca", certificate.ca)
        options = ("--format", "json:out.json", "--format", "text", "--trace", "trace.har")
        done = plainwire("scan", *words, *options, cwd=tmp_path, env=through(proxy))
    report = json.loads((tmp_path / "out.json").read_text())
    assert report["grade"] is not None, done.err
    assert report["tls"][0]["protocols"]["TLSv1.3"] is True
    asked = {head.split(b" HTTP/")[0] for head in proxy.requests}
    assert f"CONNECT {NAME}:{tls.port}".encode() in asked
    assert f"GET http://{NAME}:{clear.port}/".encode() in asked
    login = base64.b64encode(b"bob:hunter2")
    assert all(b"Proxy-Authorization: Basic " + login in head for head in proxy.requests)
    assert tls.requests and b"Proxy-Authorization" not in tls.received
    for text in (done.out, done.err, *(f.read_text() for f in tmp_path.iterdir())):
        assert "hunter2" not in text and login.decode() not in text


def test_a_server_behind_a_proxy_is_waited_for(certificate, tmp_path):
    options = ("--wait-for", f"{PATIENCE_S}s", "--format", "json", "--ca", certificate.ca)
    with listening(forwarding) as proxy, reserved_port() as port:
        words = ("scan", f"https://{NAME}:{port}/", *options)
        with started(*words, cwd=tmp_path, env=through(proxy)) as process:
            time.sleep(1)
            assert process.poll() is None
            with recording(html, https=certificate, port=port):
                out, err = process.communicate(timeout=PATIENCE_S)
    assert json.loads(out)["grade"] is not None, err


@pytest.mark.parametrize("exempt", [NAME, ".plainwire.test", "*"])
def test_an_exempt_name_is_not_asked_through_the_proxy(exempt, tmp_path):
    with listening(forwarding) as proxy:
        env = through(proxy, no_proxy=f"other.test, {exempt}")
        done = plainwire("scan", f"https://{NAME}:8443/", cwd=tmp_path, env=env)
    assert (done.code, proxy.connections) == (3, [])
    assert f"no address for {NAME}" in done.err


def test_loopback_and_pinned_names_are_not_asked_through_the_proxy(tmp_path):
    with listening(forwarding) as proxy, recording(html) as server:
        words = (f"http://127.0.0.1:{server.port}/", f"http://{NAME}:{server.port}/")
        pin = ("--resolve", f"{NAME}:127.0.0.1")
        done = plainwire("scan", *words, *pin, cwd=tmp_path, env=through(proxy))
    assert (done.code, proxy.connections) == (1, [])


def refusing(status):
    def refuse(connection):
        connection.receive()
        connection.send(response(status, b"proxy says no"))

    return refuse


PROXY_FAULTS = {
    "refuses": (refusing(407), "answered CONNECT with 407"),
    "reaches nothing": (refusing(502), "answered CONNECT with 502"),
    "hangs up": (closes_at_once, "did not answer CONNECT"),
}


@pytest.mark.parametrize("name", PROXY_FAULTS)
def test_what_a_proxy_says_is_never_the_targets_answer(name, tmp_path):
    behaviour, said = PROXY_FAULTS[name]
    with listening(behaviour) as proxy:
        words = ("scan", f"https://{NAME}:8443/", "--http-port", "8080", *QUICK)
        done = plainwire(*words, "--format", "json", cwd=tmp_path, env=through(proxy))
    report = json.loads(done.out)
    assert (done.code, report["grade"], report["findings"]) == (3, None, [])
    assert said in done.err


@pytest.mark.parametrize(
    "url",
    [
        "http://bob:hunter2@bad host:x",
        "http://bob:hunter2@127.0.0.1:99999",
        "http://bob:hunter2@[::1",
        "bob:hunter2@127.0.0.1:0",
    ],
)
def test_a_proxy_whose_address_is_none_is_said_and_not_repeated(url, tmp_path):
    words = ("scan", f"https://{NAME}:8443/", *QUICK)
    done = plainwire(*words, cwd=tmp_path, env=environment(https_proxy=url, http_proxy=url))
    assert done.code == 3
    assert "the address of the environment's proxy is no URL" in done.err
    assert "hunter2" not in done.out + done.err and "Traceback" not in done.err


def test_a_proxys_login_is_percent_decoded():
    login = base64.b64encode(b"bob@corp:p:w%d").decode()
    headers = dial.proxy_headers("http://bob%40corp:p%3Aw%25d@proxy.test:3128")
    assert headers == (("Proxy-Authorization", f"Basic {login}"),)


@pytest.mark.parametrize(
    ("host", "exempt", "is_direct"),
    [
        ("192.0.2.7", "10.0.0.0/8, 192.0.2.0/24", True),
        ("192.0.2.7", "192.0.2.9/24", True),
        ("192.0.2.7", "198.51.100.0/24", False),
        ("2001:db8::7", "2001:db8::/32", True),
        ("api.example.com", "192.0.2.0/24, x/y", False),
    ],
)
def test_a_network_of_no_proxy_exempts_its_addresses(host, exempt, is_direct):
    chosen = Settings(proxies={"https": "http://proxy.test:3128"}, no_proxy=exempt)
    found = dial.proxy_for(Origin("https", host, 443), host, chosen)
    assert (found is None) == is_direct


def test_a_proxy_that_is_not_there_is_named(tmp_path):
    with reserved_port() as port:
        url = f"http://127.0.0.1:{port}"
        env = environment(https_proxy=url, http_proxy=url)
        done = plainwire("scan", f"https://{NAME}/", *QUICK, cwd=tmp_path, env=env)
    assert done.code == 3
    assert "proxy 127.0.0.1 cannot be reached: " in done.err
