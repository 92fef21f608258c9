"""What real projects do that no other test has: each is the small twin of one that was met."""

import socket
import ssl

import pytest

import servers
from auditing import found, project
from plainwire.model import example_files
from plainwire.rules.app.credentials_in_clear import credentials_in_clear
from plainwire.rules.container.ingress_without_tls import ingress_without_tls
from plainwire.rules.proxy.hsts_never_sent import hsts_never_sent
from plainwire.rules.proxy.proxy_without_tls import proxy_without_tls
from plainwire.rules.proxy.tls_versions_unset import tls_versions_unset
from plainwire.rules.server.development_server_deployed import development_server_deployed

APP = """\
--- app.py
from flask import Flask
app = Flask(__name__)
"""
CHART = (
    APP
    + """\
--- Dockerfile
FROM python:3.12 AS base
COPY . .
FROM base AS {first}
CMD ["gunicorn", "-b", "0.0.0.0:8000", "app:app"]
FROM base AS {last}
CMD ["flask", "run", "--host", "0.0.0.0", "--port", "8000"]
--- chart/Chart.yaml
name: shop
--- chart/values.yaml
host: shop.internal
tls: {{}}
--- chart/{overlay}
host: shop.example.org
tls:
  secretName: shop-tls
--- chart/templates/shop.yaml
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: shop
spec:
  {{{{- if .Values.tls }}}}
  tls:
    - hosts: ["{{{{ .Values.host }}}}"]
      secretName: {{{{ .Values.tls.secretName }}}}
  {{{{- end }}}}
  rules:
    - host: "{{{{ .Values.host }}}}"
      http:
        paths:
          - path: /
            backend: {{service: {{name: shop, port: {{number: 80}}}}}}
---
apiVersion: v1
kind: Service
metadata:
  name: shop
spec:
  selector: {{app: shop}}
  ports: [{{port: 80, targetPort: 8000}}]
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: shop
spec:
  template:
    metadata: {{labels: {{app: shop}}}}
    spec:
      containers:
        - name: shop
          image: registry.example.org/shop:1
"""
)


@pytest.mark.parametrize(
    "overlay", ["values/values-production.yaml", "values/prod.yaml", "envs/production.yaml"]
)
def test_a_chart_keeps_the_values_of_each_environment_in_a_folder(overlay, tmp_path):
    text = CHART.format(first="a", last="b", overlay=overlay)
    shop = project(example_files(text), tmp_path)
    assert [path.is_encrypted for path in shop.paths] == [False, True]
    assert [path.environment for path in shop.paths] == ["development", "production"]
    assert not found(text, ingress_without_tls)


@pytest.mark.parametrize(
    ("first", "last", "is_development"),
    [("production", "development", False), ("prod", "test", False), ("one", "two", True)],
)
def test_the_stage_for_developers_is_not_what_a_cluster_runs(first, last, is_development):
    text = CHART.format(first=first, last=last, overlay="values/production.yaml")
    assert bool(found(text, development_server_deployed)) == is_development


NGINX = (
    APP
    + """\
--- deploy/gunicorn.service
[Service]
ExecStart=/srv/venv/bin/gunicorn -b 127.0.0.1:8000 app:app
--- deploy/nginx/nginx.conf
events {}
http {
  ssl_protocols TLSv1.2 TLSv1.3;
  include /etc/nginx/sites-enabled/*;
}
--- deploy/nginx/shop
server {
  listen 443 ssl;
  server_name shop.example.org;
  add_header Strict-Transport-Security "max-age=63072000";
  location / {
    proxy_pass http://127.0.0.1:8000;
    proxy_set_header X-Forwarded-Proto $scheme;
  }
}
server {
  listen 443;
  server_name index.example.org;
  auth_basic "Restricted";
  add_header Strict-Transport-Security "max-age=63072000";
  location / {
    proxy_pass http://127.0.0.1:8000;
    proxy_set_header X-Forwarded-Proto $scheme;
  }
}
server {
  listen 443 ssl default_server;
  return 444;
}
"""
)


def test_servers_share_the_tls_of_a_socket_and_what_the_main_file_says():
    assert not found(NGINX, proxy_without_tls, credentials_in_clear, tls_versions_unset)
    assert not found(NGINX, hsts_never_sent)
    other_port = NGINX.replace("listen 443;", "listen 8080;")
    assert [f[0] for f in found(other_port, proxy_without_tls)] == ["proxy-without-tls"]
    assert [f[2] for f in found(NGINX.replace("include", "#"), tls_versions_unset)] == [2, 11, 21]


@pytest.mark.server("nginx")
def test_nginx_itself_speaks_tls_on_a_socket_that_another_server_names_with_ssl(certificate):
    """The truth of the test above: a server block without ``ssl``, and without another block's."""
    plain = """
      server {
        listen 127.0.0.1:@{https_port}; server_name other.plainwire.test;
        ssl_certificate @{chain}; ssl_certificate_key @{key};
        return 200 other;
      }
    """
    with servers.nginx(https=certificate, extra_general=plain) as server:
        context = ssl._create_unverified_context()
        with (
            socket.create_connection(("127.0.0.1", server.https_port), 5) as raw,
            context.wrap_socket(raw, server_hostname="other.plainwire.test") as over_tls,
        ):
            over_tls.sendall(b"GET / HTTP/1.0\r\nHost: other.plainwire.test\r\n\r\n")
            assert over_tls.makefile("rb").read().endswith(b"other")
