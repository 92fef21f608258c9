"""Istio: https://istio.io/latest/docs/reference/config/networking/gateway/ (read 2026)."""

import pytest

from auditing import project
from plainwire.model import example_files

PROJECT = """
--- app.py
from flask import Flask
app = Flask(__name__)
--- Dockerfile
FROM python:3.12
CMD ["gunicorn", "-b", "0.0.0.0:8000", "app:app"]
--- k8s/web.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: web, image: web}]
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  selector: {app: web}
  ports: [{port: 80, targetPort: 8000}]
"""
HTTP = """
  - port: {number: 80, name: http, protocol: HTTP}
    hosts: ["shop.example"]
"""
HTTPS = """
  - port: {number: 443, name: https, protocol: HTTPS}
    tls: {mode: SIMPLE, credentialName: shop}
    hosts: ["*.example"]
"""
REDIRECT = "    tls: {httpsRedirect: true}\n"


def gateway(servers, name="edge"):
    return f"""---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {{name: {name}}}
spec:
  selector: {{istio: ingressgateway}}
  servers:{servers}"""


def virtual(gateways="[istio-system/edge]", more="", host="shop.example"):
    return f"""---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {{name: shop}}
spec:
  hosts: [{host}]
  gateways: {gateways}
  http:
{more}  - route:
    - destination: {{host: web.default.svc.cluster.local, port: {{number: 80}}}}
      headers: {{response: {{set: {{Strict-Transport-Security: max-age=31536000}}}}}}
"""


def ways(text, tmp_path):
    """Of each way through a gateway: is it encrypted, is plain HTTP redirected."""
    one = project(example_files(PROJECT + "--- k8s/mesh.yaml\n" + text), tmp_path)
    return [(p.is_encrypted, p.redirects, p.start is not None) for p in one.paths if p.route]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (gateway(HTTP) + virtual(), [(False, False, True)]),
        (gateway(HTTPS) + virtual(), [(True, None, True)]),
        (gateway(HTTPS + HTTP) + virtual(), [(True, False, True), (False, False, True)]),
        (gateway(HTTPS + HTTP + REDIRECT) + virtual(), [(True, True, True)]),
        (gateway(HTTPS + HTTP) + virtual(more="""\
  - match: [{port: 80}]
    redirect: {scheme: https, redirectCode: 308}
"""), [(True, True, True)]),
        # a redirect of one path is none of the others
        (gateway(HTTPS + HTTP) + virtual(more="""\
  - match: [{uri: {prefix: /login}}]
    redirect: {scheme: https}
"""), [(True, False, True), (False, False, True)]),
        # the plain server is another host's
        (gateway(HTTPS + HTTP) + virtual(host="b.example"), [(True, None, True)]),
        (gateway(HTTPS) + gateway(HTTP + REDIRECT, "other") + virtual("[edge, other]"),
         [(True, True, True)]),
        (virtual(), [(None, None, True)]),
        (gateway(HTTP) + virtual("[mesh]"), []),
    ],
)  # fmt: skip
def test_a_way_through_the_gateway(text, expected, tmp_path):
    assert ways(text, tmp_path) == expected


def test_the_server_in_clear_is_named(tmp_path):
    text = PROJECT + "--- k8s/mesh.yaml\n" + gateway(HTTP) + virtual()
    one = project(example_files(text), tmp_path)
    ((route, hsts),) = [(p.route, p.hsts) for p in one.paths if p.route]
    assert [(s.path, s.line) for s in route.places] == [("k8s/mesh.yaml", 8)]
    assert (hsts.line, "Strict-Transport-Security" in hsts.text) == (20, True)


def test_what_is_said_of_the_mesh_is_not_judged(tmp_path):
    text = (
        "kind: PeerAuthentication\napiVersion: security.istio.io/v1\nspec: {mtls: {mode: STRICT}}\n"
    )
    one = project(example_files(PROJECT + "--- k8s/mesh.yaml\n" + text), tmp_path)
    assert ("k8s/mesh.yaml", 1) in [(s.path, s.line) for s in one.skipped if "mesh" in s.reason]
