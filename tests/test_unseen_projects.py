"""What real projects do that no other test has: each is the small twin of one that was met."""

from __future__ import annotations

import pytest

from plainwire.model import example_files
from plainwire.rules.container.ingress_without_tls import ingress_without_tls
from plainwire.rules.server.development_server_deployed import development_server_deployed
from tests.auditing import found, project

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
