"""Pairs that differ in one thing: the flaw, and what looks like it and is none."""

import pytest

from auditing import audited
from plainwire.model import Severity

NGINX = """
--- nginx.conf
server {{
  listen {listen};
  ssl_protocols TLSv1.2;
  add_header Strict-Transport-Security "max-age={age}" always;
  location / {{ {more} proxy_pass http://127.0.0.1:8000; }}
}}
"""
HASHED = """
--- app.py
import hashlib
def check(user, config):
    return hashlib.sha256({what}).hexdigest()
"""
NONCE = """
--- app.py
import random
{imports}
def {name}():
    return "".join(random.choices("abc", k=32))
"""
VERSIONS = """
--- conf/nginx.conf
server {{
  listen 443 ssl;
  location / {{ proxy_pass http://127.0.0.1:8000; }}
}}
--- setup/web.sh
#!/bin/bash
edit.py /etc/nginx/nginx.conf -s {line}
"""
ONION = """
--- app.py
from flask import Flask, session
app = Flask(__name__)
@app.route("/")
def index():
    return session.get("user", "")
--- deploy/tor.yml
- name: {line}
"""


def kinds(text):
    return {f.kind for f in audited(text).findings if f.severity > Severity.INFO}


@pytest.mark.parametrize(
    ("what", "is_flaw"),
    [
        ("user.password", True),
        ("password", True),
        ("config.password", False),
        ("user.cfg.password", False),
    ],
)
def test_a_configured_password_is_not_one_that_users_are_known_by(what, is_flaw):
    assert ("pw-weak-storage" in kinds(HASHED.format(what=what))) is is_flaw


@pytest.mark.parametrize(
    ("imports", "name", "is_flaw"),
    [
        ("import requests", "generate_nonce", False),
        ("import flask", "generate_nonce", True),
        ("import requests", "generate_token", True),
        ("import requests", "reset_code_nonce", True),
    ],
)
def test_a_nonce_that_a_client_sends_need_only_differ(imports, name, is_flaw):
    assert ("token-weak-prng" in kinds(NONCE.format(imports=imports, name=name))) is is_flaw


@pytest.mark.parametrize(
    ("line", "is_flaw"),
    [
        ('ssl_protocols="TLSv1.2 TLSv1.3;"', False),
        ('ssl_protocols="TLSv1 TLSv1.1;"', True),
        ('server_tokens="off;"', True),
    ],
)
def test_versions_that_a_script_of_the_project_writes_are_set(line, is_flaw):
    assert ("proxy-tls-defaults" in kinds(VERSIONS.format(line=line))) is is_flaw


@pytest.mark.parametrize(
    ("line", "is_flaw"), [("HiddenServicePort 80 127.0.0.1:80", False), ("Install nginx", True)]
)
def test_an_onion_service_needs_no_secure_cookie(line, is_flaw):
    assert ("session-cookie-insecure" in kinds(ONION.format(line=line))) is is_flaw


@pytest.mark.parametrize(
    ("age", "is_flaw"), [("60", True), ("0", True), ("15768000", False), ("$age", False)]
)
def test_hsts_for_less_than_half_a_year_is_hardly_any(age, is_flaw):
    text = NGINX.format(listen="443 ssl", age=age, more="")
    assert ("hsts-ineffective" in kinds(text)) is is_flaw


@pytest.mark.parametrize("age", [60, 31536000])
def test_hsts_that_the_application_sends_counts_as_the_proxys(age):
    text = f"""
--- app.py
from flask import Flask
app = Flask(__name__)
@app.after_request
def add(response):
    response.headers["Strict-Transport-Security"] = "max-age={age}; includeSubDomains"
    return response
"""
    assert ("hsts-ineffective" in kinds(text)) is (age == 60)


@pytest.mark.parametrize(
    ("listen", "more", "is_flaw"),
    [
        ("80", 'auth_basic "staff";', True),
        ("80", "auth_basic off;", False),
        ("80", "", False),
        ("127.0.0.1:80", 'auth_basic "staff";', False),
        ("443 ssl", 'auth_basic "staff";', False),
        ("80", 'auth_basic "staff"; return 301 https://$host$request_uri;', False),
    ],
)
def test_basic_authentication_of_a_proxy_wants_tls(listen, more, is_flaw):
    text = NGINX.format(listen=listen, age=31536000, more=more)
    assert ("credentials-cleartext" in kinds(text)) is is_flaw


@pytest.mark.parametrize("tls", ["", "SSLEngine on\n"])
def test_basic_authentication_of_apache_wants_tls(tls):
    text = f"""
--- site.conf
<VirtualHost *:8080>
{tls}<Location />
AuthType Basic
</Location>
ProxyPass / http://127.0.0.1:8000/
</VirtualHost>
"""
    assert ("credentials-cleartext" in kinds(text)) is (not tls)


@pytest.mark.parametrize(
    ("more", "is_flaw"),
    [
        (
            "  tls:\n    build: .\n    command: gunicorn "
            '-b 0.0.0.0:8443 --certfile c --keyfile k app:app\n    ports: ["443:8443"]\n',
            False,
        ),
        ("", True),
    ],
)
def test_a_plain_port_that_sends_everybody_to_the_tls_port_is_none(more, is_flaw):
    text = f"""
--- app.py
from flask import Flask, redirect, request
app = Flask(__name__)
@app.before_request
def secure():
    if not request.is_secure:
        return redirect(request.url.replace("http", "https", 1))
--- Dockerfile
FROM python:3.12
CMD ["gunicorn", "-b", "0.0.0.0:8000", "app:app"]
--- compose.yaml
services:
  web:
    build: .
    ports: ["80:8000"]
{more}"""
    assert ("port-plain" in kinds(text)) is is_flaw


@pytest.mark.parametrize(
    ("call", "is_flaw"),
    [
        ("jar.set_cookie(cookie)", False),
        ('response.set_cookie("id")', True),
        ("response.set_cookie(NAME, value)", True),
        ("response.set_cookie(cookie, path='/')", True),
    ],
)
def test_a_clients_jar_sets_no_cookie_of_ours(call, is_flaw):
    assert ("cookie-set-insecure" in kinds(f"--- app.py\ndef f():\n    {call}\n")) is is_flaw


@pytest.mark.parametrize(
    ("given", "is_flaw"),
    [
        ("field(choices=MODES)", False),
        ("choice(MODES)", True),
        ("random.choice(MODES)", True),
        ("user.choice(MODES)", False),
    ],
)
def test_only_what_random_makes_is_random(given, is_flaw):
    imports = "import random\n" if "random." in given else "import uuid\n"
    imports += "from random import choice\n" if given.startswith("choice") else ""
    text = f"--- app.py\n{imports}login_token = {given}\n"
    assert ("token-weak-prng" in kinds(text)) is is_flaw


@pytest.mark.parametrize(("name", "is_flaw"), [("cache_key", False), ("stored", True)])
def test_the_name_of_a_cache_entry_is_no_stored_token(name, is_flaw):
    text = f"--- app.py\nimport hashlib\ndef {name}(token):\n    return hashlib.md5(token)\n"
    assert ("token-weak-hash" in kinds(text)) is is_flaw


@pytest.mark.parametrize("folder", ["testdata", "docs_src", "docs", ".worktree-container"])
def test_folders_that_nothing_is_deployed_from_are_quiet(folder):
    app = "from flask import Flask\napp = Flask(__name__)\napp.run(host='0.0.0.0')\n"
    compose = "services:\n  db:\n    image: postgres\n    ports: ['5432:5432']\n"
    assert kinds(f"--- app.py\n{app}--- compose.yaml\n{compose}")
    quiet = f"--- {folder}/app.py\n{app}--- {folder}/compose.yaml\n{compose}"
    assert not [f for f in audited(quiet).findings if f.environment in (None, "production")]


LATE = """
--- app.py
from flask import Flask
from flask_talisman import Talisman
talisman = Talisman()
def create_app():
    app = Flask(__name__)
    {call}
    return app
app = create_app()
--- deployment/shop.service
[Service]
ExecStart=/usr/bin/gunicorn -b 127.0.0.1:8000 app:app
--- deployment/nginx.conf
server {{
  listen 443 ssl;
  ssl_protocols TLSv1.2;
  location / {{
    proxy_pass http://127.0.0.1:8000;
    proxy_set_header X-Forwarded-Proto $scheme;
  }}
}}
"""


@pytest.mark.parametrize(
    ("call", "kind"),
    [
        ("talisman.init_app(app, strict_transport_security=False)", "talisman-weakened"),
        ("Talisman(app, strict_transport_security=False)", "talisman-weakened"),
        ("talisman.init_app(app)", ""),
        ("Talisman(app)", ""),
        ("if not app.debug: talisman.init_app(app)", "hsts-missing"),
    ],
)
def test_talisman_by_init_app_is_talisman(call, kind):
    """The constructor without an application sends nothing; what init_app is told counts."""
    found = kinds(LATE.format(call=call)) & {"talisman-weakened", "hsts-missing"}
    assert kind in found if kind else not found


RAMP = LATE.replace("from flask_talisman import Talisman\ntalisman = Talisman()", "{first}")


@pytest.mark.parametrize(
    ("lines", "is_flaw"),
    [
        ('app.config["TLS_HSTS_SINCE"] = "2026-11-26"; TLS(app)', False),
        ("TLS(app)", True),
        ('app.config["TLS_HSTS_MAX_AGE"] = 300; TLS(app)', True),
        ('app.config["TLS_HSTS_MAX_AGE"] = 31536000; TLS(app)', False),
    ],
)
def test_a_ramp_is_no_short_hsts(lines, is_flaw):
    """Five minutes that a date raises are a beginning; five minutes for ever are a flaw."""
    text = RAMP.format(first="from flask_plainwire import TLS", call=lines)
    assert ("hsts-ineffective" in kinds(text)) is is_flaw
    sent = text.replace(
        "listen", 'add_header Strict-Transport-Security "max-age=31536000";\n  listen'
    )
    assert "hsts-ineffective" not in kinds(sent)


SUITES = """
--- nginx.conf
server {{
  listen 443 ssl;
  ssl_protocols TLSv1.2;
  ssl_ciphers {words};
}}
--- site.conf
<VirtualHost *:443>
SSLEngine on
SSLCipherSuite {words}
</VirtualHost>
"""


@pytest.mark.parametrize(
    ("words", "broken"),
    [("'EECDH+AESGCM:RC4:HIGH:!aNULL'", "RC4"), ("'EECDH+AESGCM:HIGH:!aNULL'", "")],
)
def test_suites_are_judged_by_what_nginx_and_apache_name(words, broken):
    every = audited(SUITES.format(words=words)).findings
    found = [f.message for f in every if f.id == "weak-ciphers-offered"]
    assert found == ([f"{broken} can be negotiated"] * 2 if broken else [])


@pytest.mark.parametrize(
    ("words", "is_flaw"),
    [
        ("AES:RC4-SHA", True),
        ("AES:RC4-SHA:!RC4", False),
        ("AES:EDH-RSA-DES-CBC3-SHA", True),
        ("DEFAULT:+RC4", False),
        ("DEFAULT:@SECLEVEL=0", True),
    ],
)
def test_suites_of_a_context_are_judged_as_a_proxys(words, is_flaw):
    text = f"--- app.py\nimport ssl\nc = ssl.create_default_context()\nc.set_ciphers('{words}')\n"
    assert ("tls-ctx-weak" in kinds(text)) is is_flaw


HAPROXY = """
--- haproxy.cfg
global
  ssl-default-bind-ciphers {default}
frontend web
  bind :80
  bind :443 {bind}
  http-request redirect scheme https unless {{ ssl_fc }}
  default_backend app
backend app
  server one 127.0.0.1:8000
"""


@pytest.mark.parametrize(
    ("default", "bind", "line"),
    [
        ("ECDHE+AESGCM:DES-CBC3-SHA", "ssl crt a.pem", 2),
        ("ECDHE+AESGCM", "ssl crt a.pem", None),
        ("ECDHE+AESGCM", "ssl crt a.pem ciphers ECDHE+AESGCM:RC4-SHA alpn h2", 5),
        ("ECDHE+AESGCM:DES-CBC3-SHA", "ssl crt a.pem ciphers ECDHE+AESGCM", None),
        ("ECDHE+AESGCM:DES-CBC3-SHA", "", None),  # no TLS here
    ],
)
def test_suites_of_haproxy_are_the_bind_lines_or_else_the_default(default, bind, line):
    """``ciphers`` of a bind line takes the default's place (HAProxy 3.0, 5.1 and 3.1)."""
    every = audited(HAPROXY.format(default=default, bind=bind)).findings
    found = [f.locations[0].line for f in every if f.id == "weak-ciphers-offered"]
    assert found == ([line] if line else [])
