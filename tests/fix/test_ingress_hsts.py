"""HSTS that an ingress controller sends by itself.

ingress-nginx, ConfigMaps: hsts is "true" by default, for hosts with TLS
(https://kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/configmap/).
"""

import pytest
from fixing import planned

from auditing import found
from plainwire.model import example_files
from plainwire.rules.proxy.hsts_never_sent import hsts_never_sent

SHOP = """
--- app.py
from flask import Flask
app = Flask(__name__)
--- k8s/shop.yaml
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: web
          image: shop/web
          command: ["gunicorn", "-b", "0.0.0.0:8000", "app:app"]
---
apiVersion: v1
kind: Service
metadata:
  name: web
spec:
  selector: {app: web}
  ports:
    - port: 80
      targetPort: 8000
--- k8s/ingress.yaml
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: shop
  annotations:
    ANNOTATION
spec:
  ingressClassName: CLASS
  TLS
  rules:
    - host: shop.example
      http:
        paths:
          - path: /
            pathType: Prefix
            backend: {service: {name: web, port: {number: 80}}}
"""
TLS = "tls: [{hosts: [shop.example], secretName: shop-tls}]"
OFF = """
--- controller/settings.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: ingress-nginx-controller, namespace: ingress-nginx}
data:
  hsts: "false"
"""


def shop(name: str, annotation: str = "a/b: c", tls: str = TLS, more: str = "") -> str:
    text = SHOP.replace("CLASS", name).replace("ANNOTATION", annotation)
    return text.replace("TLS", tls) + more


@pytest.mark.parametrize(
    ("text", "is_sent"),
    [
        (shop("nginx"), True),
        (shop("public", "nginx.ingress.kubernetes.io/proxy-body-size: 8m"), True),
        (shop("nginx", "nginx.org/client-max-body-size: 8m"), False),
        (shop("traefik"), False),
        (shop("nginx", more=OFF), False),
        (shop("nginx", tls='tls: [{hosts: [other.example], secretName: "s"}]'), None),
    ],
    ids=["class", "annotation", "another controller", "traefik", "ConfigMap", "another host"],
)
def test_hsts_of_the_controller_counts(text, is_sent):
    findings = found(text, hsts_never_sent)
    assert bool(findings) is (is_sent is False)


def test_tls_of_an_ingress_is_offered_though_the_application_has_no_login():
    files = example_files(shop("nginx", "cert-manager.io/cluster-issuer: le", tls=""))
    steps = planned(files, only=frozenset({"ingress-tls"})).steps
    assert [step.patch.remedy for step in steps] == ["ingress-tls"]
