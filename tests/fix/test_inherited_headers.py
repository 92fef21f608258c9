"""A patch of one nginx file keeps what the level inherits from others: nginx itself is asked."""

import re

import pytest

import servers
from auditing import found
from fix.fixing import planned
from plainwire.model import example_files
from test_servers import curl

APPLICATION = """
--- app.py
from flask import Flask, url_for
from werkzeug.middleware.proxy_fix import ProxyFix
app = Flask(__name__)
app.wsgi_app = ProxyFix(app.wsgi_app)
@app.get("/")
def index():
    return url_for("index", _external=True)
--- deploy/shop.service
[Service]
ExecStart=/usr/bin/gunicorn -b 127.0.0.1:8000 app:app
"""
MAIN = """
--- nginx/nginx.conf
events {}
http {
  %s
  include /etc/nginx/conf.d/*.conf;
}
--- nginx/conf.d/shop.conf
server {
  listen 443 ssl;
  ssl_certificate /etc/ssl/shop.pem;
  ssl_certificate_key /etc/ssl/shop.key;
  location / {
    proxy_pass http://127.0.0.1:8000;
  }
}
"""
SERVER = """
--- nginx/shop.conf
server {
  listen 443 ssl;
  ssl_certificate /etc/ssl/shop.pem;
  ssl_certificate_key /etc/ssl/shop.key;
  ssl_protocols TLSv1.2 TLSv1.3;
  %s
  location / {
    %s
    proxy_pass http://127.0.0.1:8000;
  }
}
"""
SNIPPET = """
--- nginx/snippets/proxy.conf
proxy_set_header Host $host;
proxy_set_header X-Real-IP $remote_addr;
"""
INCLUDE = "include snippets/proxy.conf;"
SAID = "$http_host $http_x_real_ip $http_x_forwarded_proto"
LAYOUTS = {
    "in-http": MAIN % "proxy_set_header Host $host; proxy_set_header X-Real-IP $remote_addr;",
    "in-server": SERVER % (INCLUDE, "") + SNIPPET,
    "in-location": SERVER % ("", INCLUDE) + SNIPPET,
}


def received(files, folder):
    """What the application receives from nginx with the files: Host, X-Real-IP and the scheme."""
    text = files.get("nginx/nginx.conf", "http {\n}")
    around = re.sub(r"include [^;]*;", "", text[text.index("http {") + 6 : text.rindex("}")])
    (site,) = [t for path, t in files.items() if path.endswith("/shop.conf")]
    site = re.sub(r"listen 443 ssl;|ssl_certificate(_key)? [^;]*;", "", site)
    site = site.replace("server {", f"server {{\n  listen unix:{folder}/front;")
    site = site.replace("http://127.0.0.1:8000", f"http://unix:{folder}/app")
    site = site.replace(INCLUDE, files.get("nginx/snippets/proxy.conf", ""))
    back = f'server {{ listen unix:{folder}/app; return 200 "{SAID}"; }}'
    with servers.nginx(http="serve", extra_general=f"{around}\n{site}\n{back}"):
        return curl("http://shop.test:80/", "--unix-socket", f"{folder}/front").body.split(" ")


@pytest.mark.server("nginx")
@pytest.mark.parametrize("layout", LAYOUTS)
def test_no_header_is_lost_where_one_is_added(layout, tmp_path):
    files = example_files(APPLICATION + LAYOUTS[layout])
    assert received(files, tmp_path) == ["shop.test", "unix:", ""]
    made = planned(files)
    after = files | {new.path: new.text for _, new in made.changes}
    for socket in tmp_path.iterdir():
        socket.unlink()
    assert received(after, tmp_path) == ["shop.test", "unix:", "http"]  # in the clear here
    assert [s.patch.level for s in made.steps if s.patch.remedy == "forwarded-proto"] == [
        "conditional"
    ]


def test_a_header_for_every_server_needs_consent_where_one_is_plain():
    """Behind another proxy its scheme would be that proxy's (RFC 7239, section 5.4)."""
    plain = "--- nginx/conf.d/inner.conf\nserver {\n  listen 8080;\n"
    plain += "  location / { proxy_pass http://127.0.0.1:8000; }\n}\n"
    own = plain.replace("8000;", "8000; proxy_set_header X-Forwarded-Proto http;")
    for more, levels in ((plain, {"unsafe"}), (own, set())):
        files = example_files(APPLICATION + LAYOUTS["in-http"] + more)
        made = planned(files, only=frozenset({"forwarded-proto"}))
        assert {a.level for a in made.advice} == levels and bool(made.changes) is not bool(levels)


def test_so_it_does_where_both_stand_in_one_file():
    plain = "server {\n  listen 8080;\n  location / { proxy_pass http://127.0.0.1:8000; }\n}\n"
    text = LAYOUTS["in-http"].replace("--- nginx/conf.d/shop.conf\n", "")
    text = text.replace("  include /etc/nginx/conf.d/*.conf;\n}\n", plain) + "}\n"
    made = planned(example_files(APPLICATION + text), only=frozenset({"forwarded-proto"}))
    assert not made.changes and {a.level for a in made.advice} == {"unsafe"}


@pytest.mark.parametrize("place", [(INCLUDE, ""), ("", INCLUDE)])
def test_what_an_unknown_include_sets_is_not_taken_away(place):
    made = planned(example_files(APPLICATION + SERVER % place))
    assert not any(new.path.endswith(".conf") for _, new in made.changes)
    assert any("snippets/proxy.conf" in a.proof for a in made.advice)


def test_certbots_options_set_no_header():
    options = "include /etc/letsencrypt/options-ssl-nginx.conf;"
    made = planned(example_files(APPLICATION + SERVER % (options, "")))
    assert "forwarded-proto" in {step.patch.remedy for step in made.steps}


def test_debians_proxy_params_set_the_scheme_already():
    both = "include proxy_params;\n    proxy_set_header Host $host;"
    text = SERVER % ("location /a { proxy_pass http://127.0.0.1:8000; }", both)
    (change,) = planned(example_files(APPLICATION + text)).changes
    assert change[1].text.count("X-Forwarded-Proto") == 1


def test_what_the_main_file_sets_is_no_finding():
    good = (
        "proxy_set_header X-Forwarded-Proto $scheme; ssl_protocols TLSv1.3;"
        "proxy_set_header X-Forwarded-For $remote_addr;"
        'add_header Strict-Transport-Security "max-age=31536000" always;'
    )
    assert found(APPLICATION + MAIN % good) == []
    ids = {one[0] for one in found(APPLICATION + MAIN % "")}
    assert {"forwarded-proto-not-sent", "tls-versions-unset", "hsts-never-sent"} <= ids


def test_of_two_main_files_nobody_knows_which_is_meant():
    good = "ssl_protocols TLSv1.3;"
    inside = "ssl_protocols TLSv1.2;\n  include /etc/nginx/conf.d/*.conf;"
    other = f"--- edge/nginx.conf\nevents {{}}\nhttp {{\n  {inside}\n}}\n"
    ids = {one[0] for one in found(APPLICATION + MAIN % good + other)}
    assert "tls-versions-unset" in ids


def test_headers_of_the_main_file_are_not_lost_to_hsts():
    made = planned(
        example_files(APPLICATION + MAIN % "add_header X-Frame-Options DENY always;"),
        with_unsafe=True,
    )
    (advice,) = [a for a in made.advice if a.remedy == "hsts-header"]
    assert "nginx/nginx.conf:3" in advice.proof
