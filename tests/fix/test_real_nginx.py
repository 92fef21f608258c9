"""nginx itself takes what the remedies for it write, and answers as they say."""

import shutil
import subprocess

import pytest
import trustme

import servers
from fix.fixing import planned
from fix.samples import PROJECTS
from plainwire import catalog
from plainwire.model import example_files
from test_servers import curl

pytestmark = pytest.mark.server("nginx")
PAGES = [
    r for r in catalog.load_remedies() if r.id in ("forwarded-proto", "hsts-header", "proxy-suites")
]
PAGES += [r for r in catalog.load_remedies() if r.id == "tls-versions"]


PAIRS = ("/etc/ssl/site.pem", "/etc/ssl/shop.pem", "/etc/ssl/shop.key")
PAIRS += ("/etc/letsencrypt/live/shop/fullchain.pem",)


def said_of(text, folder):
    """What ``nginx -t`` says of a fragment of a configuration, with a certificate around it."""
    issued = trustme.CA().issue_cert("localhost")
    issued.private_key_and_cert_chain_pem.write_to_path(str(folder / "pair.pem"))
    for name in PAIRS:
        text = text.replace(name, str(folder / "pair.pem"))
    text = text.replace("http://web:", "http://127.0.0.1:")
    around = (
        f"pid {folder}/pid; error_log stderr;\nevents {{}}\nhttp {{\n"
        f"  access_log off;\n  ssl_certificate {folder}/pair.pem;\n"
        f"  ssl_certificate_key {folder}/pair.pem;\n{text}\n}}\n"
    )
    (folder / "nginx.conf").write_text(around)
    command = [shutil.which("nginx") or "/usr/sbin/nginx", "-t", "-p", folder, "-c"]
    done = subprocess.run(
        [*command, folder / "nginx.conf"], capture_output=True, text=True, check=False
    )
    return done.returncode, done.stderr


@pytest.mark.parametrize("remedy", PAGES, ids=lambda r: r.id)
def test_nginx_takes_the_page_of_a_remedy(remedy, tmp_path):
    code, said = said_of(example_files(remedy.page.after)["deployment/nginx.conf"], tmp_path)
    assert code == 0, said
    broken = example_files(remedy.page.after)["deployment/nginx.conf"].replace(";", "", 1)
    assert said_of(broken, tmp_path)[0] != 0


def test_nginx_takes_a_whole_sample(tmp_path):
    made = planned(PROJECTS["nginx-without-forwarded-headers"], with_unsafe=True)
    text = next(new.text for _, new in made.changes if new.path == "nginx.conf")
    code, said = said_of(text, tmp_path)
    assert code == 0, said
    assert text.count("Strict-Transport-Security") == text.count("X-Forwarded-Proto") == 1


SPOOFS = ("https", "HTTPS", "https,http", "http,https", "http", "wss")


@pytest.mark.parametrize(
    ("network", "believed"), [("10.0.0.0/8", set()), ("127.0.0.0/8", {"https", "HTTPS"})]
)
def test_the_second_proxy_believes_the_first_ones_address_alone(network, believed):
    """Whoever else asks it is told what it sees itself: http. A map ignores case (nginx)."""
    (remedy,) = [r for r in catalog.load_remedies() if r.id == "first-proxys-scheme"]
    text = example_files(remedy.page.after)["inner.conf"]
    guard = text[: text.index("server {")].replace("10.0.0.0/8", network)
    header = "$first_proxys_scheme"
    assert f"X-Forwarded-Proto {header};" in text
    said = f'location = /said {{ return 200 "{header}"; }}'
    with servers.nginx(http="serve", extra_general=guard, extra_http=said) as server:
        url = f"http://api.plainwire.test:{server.http_port}/said"
        seen = {s for s in SPOOFS if curl(url, "-H", f"X-Forwarded-Proto: {s}").body == "https"}
        assert curl(url).body == "http"
    assert seen == believed


@pytest.mark.parametrize("is_replaced", [True, False])
def test_the_first_proxy_is_known_where_nginx_takes_the_clients_address(is_replaced):
    """ngx_http_realip_module puts another address in the place of the one that asks."""
    (remedy,) = [r for r in catalog.load_remedies() if r.id == "first-proxys-scheme"]
    files = example_files(remedy.page.before)
    real = "set_real_ip_from 0.0.0.0/0;\n  real_ip_header X-Forwarded-For;\n" if is_replaced else ""
    text = files["inner.conf"].replace("listen 8080;\n", f"listen 8080;\n  {real}")
    made = planned(files | {"inner.conf": text}, only=frozenset({remedy.id}))
    (after,) = [new.text for _, new in made.changes]
    guard = after[: after.index("server {")].replace("10.0.0.0/8", "127.0.0.0/8")
    said = f'{real}location = /said {{ return 200 "$remote_addr $first_proxys_scheme"; }}'
    with servers.nginx(http="serve", extra_general=guard, extra_http=said) as server:
        url = f"http://api.plainwire.test:{server.http_port}/said"
        headers = ("-H", "X-Forwarded-Proto: https", "-H", "X-Forwarded-For: 203.0.113.9")
        address = "203.0.113.9" if is_replaced else "127.0.0.1"
        assert curl(url, *headers).body == f"{address} https"


@pytest.mark.parametrize(("side", "is_ignored"), [("before", True), ("after", False)])
def test_nginx_ignores_stapling_for_a_certificate_without_a_responder(side, is_ignored, tmp_path):
    """The test's certificate names none, as Let's Encrypt's do since 2025."""
    (remedy,) = [r for r in catalog.load_remedies() if r.id == "stapling-off"]
    text = example_files(getattr(remedy.page, side))["deployment/nginx.conf"]
    code, said = said_of(text, tmp_path)
    assert code == 0 and ('"ssl_stapling" ignored' in said) is is_ignored, said
