"""Redirects of nginx from an API's plain port, in the forms that people and certbot write."""

import pytest

from auditing import found
from plainwire.rules.proxy.api_redirected import api_redirected

PROJECT = """
--- app.py
from flask import Flask
from flask_restx import Api
app = Flask(__name__)
api = Api(app)
--- deployment/nginx.conf
{}
server {{
  listen 443 ssl;
  server_name shop.test;
  location / {{ proxy_pass http://127.0.0.1:8000; }}
}}
"""
CERTBOT = """server {
    if ($host = shop.test) {
        return 301 https://$host$request_uri;
    } # managed by Certbot

    listen 80;
    server_name shop.test;
    return 404; # managed by Certbot
}"""
ON_PORT_80 = "server {{\n  listen 80;\n  server_name shop.test;\n  {}\n}}"
OTHER_HOST = "if ($host = shop.test) {\n    return 403;\n  }\n  return 404;"


@pytest.mark.parametrize(
    ("server", "line"),
    [
        (CERTBOT, 3),
        (ON_PORT_80.format("rewrite ^ https://$host$request_uri? permanent;"), 4),
        (ON_PORT_80.format("rewrite ^/(.*)$ https://shop.test/$1 redirect;"), 4),
        (ON_PORT_80.format('return 301 "https://$host$request_uri";'), 4),
        (ON_PORT_80.format("return https://shop.test;"), 4),
        (ON_PORT_80.format(OTHER_HOST), None),
        (ON_PORT_80.format("return 404;"), None),
    ],
)
def test_a_redirect_is_known_in_each_form(server, line):
    findings = found(PROJECT.format(server), api_redirected)
    expected = [("api-redirected", "deployment/nginx.conf", line)] if line else []
    assert findings == expected


def test_both_ports_in_one_server_are_told_apart_by_the_scheme():
    both = """
--- app.py
from flask import Flask
from flask_restx import Api
app = Flask(__name__)
api = Api(app)
--- deployment/nginx.conf
server {
  listen 80;
  listen 443 ssl;
  if ($scheme = http) {
    return 301 https://$host$request_uri;
  }
  location / { proxy_pass http://127.0.0.1:8000; }
}
"""
    assert [line for _, _, line in found(both, api_redirected)] == [5]
