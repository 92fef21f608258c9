"""Kustomize: https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/ (read 2026)."""

from auditing import project
from plainwire.model import example_files

APP = """
--- app.py
from flask import Flask
app = Flask(__name__)
--- Dockerfile
FROM python:3.12
CMD ["gunicorn", "-b", "0.0.0.0:8000", "app:app"]
"""
BASE = """
--- k8s/base/kustomization.yaml
resources: [web.yaml]
--- k8s/base/web.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: web
        image: web
        envFrom: [{configMapRef: {name: settings}}]
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  selector: {app: web}
  ports: [{port: 80, targetPort: 8000}]
--- k8s/base/forgotten.yaml
apiVersion: v1
kind: Service
metadata: {name: forgotten}
spec:
  type: LoadBalancer
  selector: {app: web}
  ports: [{port: 81, targetPort: 8000}]
"""
INGRESS = """apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {{name: web}}
spec:
  {tls}
  rules:
  - http:
      paths: [{{path: /, pathType: Prefix, backend: {{service: {{name: web, port: {{number: 80}}}}}}}}]
"""
OVERLAYS = f"""
--- k8s/overlays/production/kustomization.yaml
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
- ../../base
- ingress.yaml
configMapGenerator:
- name: settings
  literals: ["SESSION_COOKIE_SECURE=true"]
--- k8s/overlays/production/ingress.yaml
{INGRESS.format(tls="tls: [{hosts: [a.example], secretName: t}]")}
--- k8s/overlays/staging/kustomization.yaml
bases: [../../base]
resources: [ingress.yaml]
patchesStrategicMerge:
- patch.yaml
--- k8s/overlays/staging/ingress.yaml
{INGRESS.format(tls="ingressClassName: nginx")}
--- k8s/overlays/staging/patch.yaml
apiVersion: v1
kind: Service
metadata: {{name: web}}
spec: {{type: LoadBalancer}}
"""


def seen(text, tmp_path):
    return project(example_files(text), tmp_path)


def routed(one):
    return {(p.environment, p.deployment, p.is_encrypted) for p in one.paths if p.kind == "routed"}


def test_each_overlay_is_a_deployment_with_what_its_base_says(tmp_path):
    one = seen(APP + BASE + OVERLAYS, tmp_path)
    assert routed(one) == {
        ("production", "k8s/overlays/production", True),
        ("staging", "k8s/overlays/staging", False),
    }
    assert {d.name for d in one.deployments if d.name.startswith("k8s")} == {
        "k8s/overlays/production",
        "k8s/overlays/staging",
    }


def test_what_no_kustomization_names_is_not_deployed(tmp_path):
    one = seen(APP + BASE + OVERLAYS, tmp_path)
    assert not [p for p in one.paths if p.publication is not None and p.publication.port == 81]
    named = BASE.replace("[web.yaml]", "[web.yaml, forgotten.yaml]")
    again = seen(APP + named + OVERLAYS, tmp_path)
    assert [p for p in again.paths if p.publication is not None and p.publication.port == 81]


def test_a_patch_is_said_to_be_left_out(tmp_path):
    one = seen(APP + BASE + OVERLAYS, tmp_path)
    said = [(s.path, s.line) for s in one.skipped if "patch is not applied" in s.reason]
    path = "k8s/overlays/staging/kustomization.yaml"
    assert said == [(path, 4)]


def test_generated_settings_reach_the_container(tmp_path):
    one = seen(APP + BASE + OVERLAYS, tmp_path)
    production = next(d for d in one.deployments if d.name == "k8s/overlays/production")
    (web,) = [s for s in production.services if s.name == "web"]
    setting = web.settings["SESSION_COOKIE_SECURE"]
    assert (setting.value, setting.place.path) == (
        "true",
        "k8s/overlays/production/kustomization.yaml",
    )


def test_bases_that_name_each_other_end(tmp_path):
    text = (
        "--- a/kustomization.yaml\nresources: [../b]\n--- b/kustomization.yaml\nresources: [../a]\n"
    )
    assert seen(APP + text + "--- c/kustomization.yaml\nresources: [../a]\n", tmp_path).paths


def test_a_base_elsewhere_is_said(tmp_path):
    text = "--- a/kustomization.yaml\nresources: ['https://example.com/base?ref=1', ../../out]\n"
    one = seen(APP + text, tmp_path)
    assert [s.reason for s in one.skipped].count("a base that is not here") >= 1
