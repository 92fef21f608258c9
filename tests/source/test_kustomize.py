"""Kustomize: https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/ (read 2026)."""

import pytest

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
EDITED = f"""
--- k8s/base/kustomization.yaml
resources: [web.yaml, ingress.yaml]
--- k8s/base/ingress.yaml
{INGRESS.format(tls="tls: [{hosts: [a.example], secretName: t}]")}
--- k8s/live/kustomization.yaml
resources: [../base]
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


def published(one, environment):
    """Where each way from outside is opened, of one environment."""
    return {
        (p.publication.means, p.publication.place.path, p.publication.place.line)
        for p in one.paths
        if p.publication is not None and p.environment == environment
    }


def test_a_patch_opens_a_service_at_its_own_line(tmp_path):
    one = seen(APP + BASE + OVERLAYS, tmp_path)
    path = "k8s/overlays/staging/patch.yaml"
    assert published(one, "staging") == {("LoadBalancer", path, 4)}
    assert not published(one, "production")  # whose overlay has no such patch


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


WEB = "--- k8s/base/web" + BASE.partition("--- k8s/base/web")[2]


def edited(patches, tmp_path):
    return seen(APP + WEB + EDITED + patches, tmp_path)


def ways(one):
    """Whether each route to the application is encrypted, and the lines that say so."""
    return [
        (p.is_encrypted, [(s.path, s.line) for s in (p.route.place, *p.route.places)])
        for p in one.paths
        if p.route is not None
    ]


@pytest.mark.parametrize(
    ("patch", "line"),
    [
        ("patches:\n- target: {kind: Ingress, name: web}\n  patch: |-\n    - op: remove\n"
         "      path: /spec/tls\n", 6),
        ("patches:\n- patch: |-\n    apiVersion: networking.k8s.io/v1\n    kind: Ingress\n"
         "    metadata: {name: web}\n    spec:\n      tls: null\n", 8),
        ("patchesStrategicMerge:\n- |-\n  apiVersion: networking.k8s.io/v1\n  kind: Ingress\n"
         "  metadata: {name: web}\n  spec: {tls: {$patch: delete}}\n", 7),
        ("patchesJson6902:\n- target: {group: networking.k8s.io, version: v1, kind: Ingress, "
         "name: w.*}\n  patch: '[{\"op\": \"remove\", \"path\": \"/spec/tls\"}]'\n", 4),
    ],
)  # fmt: skip
def test_tls_that_a_patch_takes_away_shows_at_the_patch(patch, line, tmp_path):
    assert [is_encrypted for is_encrypted, _ in ways(edited("", tmp_path / "right"))] == [True]
    ((is_encrypted, places),) = ways(edited(patch, tmp_path / "wrong"))
    assert is_encrypted is False
    assert ("k8s/live/kustomization.yaml", line) in places


def test_tls_that_a_patch_gives(tmp_path):
    base = EDITED.replace("tls: [{hosts: [a.example], secretName: t}]", "ingressClassName: nginx")
    patch = """patches: [{path: tls.yaml}]
--- k8s/live/tls.yaml
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
spec:
  tls: [{secretName: t}]
"""
    text = APP + WEB + base
    assert [e for e, _ in ways(seen(text, tmp_path / "wrong"))] == [False]
    ((is_encrypted, places),) = ways(seen(text + patch, tmp_path / "right"))
    assert is_encrypted is True
    assert ("k8s/live/tls.yaml", 6) in places


def environment_of(one):
    """What the only application's container is given, with where that is written."""
    (service,) = [s for d in one.deployments for s in d.services if s.name.endswith("web")]
    return {
        n: (s.value, s.place.path.rpartition("/")[2], s.place.line)
        for n, s in service.settings.items()
    }


def test_variables_are_merged_by_their_names(tmp_path):
    web = WEB.replace(
        "envFrom: [{configMapRef: {name: settings}}]",
        "env: [{name: DEBUG, value: 'no'}, {name: KEPT, value: 'yes'}, {name: GONE, value: 'x'}]",
    )
    patch = """patches: [{path: env.yaml}]
--- k8s/live/env.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  template:
    spec:
      containers:
      - name: web
        env:
        - name: DEBUG
          value: "yes"
        - {name: GONE, $patch: delete}
"""
    found = environment_of(seen(APP + web + EDITED + patch, tmp_path))
    assert found == {"DEBUG": ("yes", "env.yaml", 11), "KEPT": ("yes", "web.yaml", 12)}


def test_generators_are_merged_and_replaced(tmp_path):
    base = EDITED.replace(
        "ingress.yaml]", "ingress.yaml]\nconfigMapGenerator:\n- name: settings\n"
        "  literals: [A=base, B=base]",
    )  # fmt: skip
    text = APP + WEB + base + "namePrefix: live-\n"
    over = "configMapGenerator:\n- name: settings\n  behavior: {}\n  literals: [A=over]\n"
    merged = environment_of(seen(text + over.format("merge"), tmp_path / "merge"))
    assert {n: v for n, (v, *_) in merged.items()} == {"A": "over", "B": "base"}
    replaced = environment_of(seen(text + over.format("replace"), tmp_path / "replace"))
    assert replaced == {"A": ("over", "kustomization.yaml", 6)}


def test_a_configuration_that_a_generator_takes_from_a_file(tmp_path):
    text = """
--- k8s/kustomization.yaml
resources: [edge.yaml]
configMapGenerator:
- name: edge
  files: [default.conf=edge.conf]
--- k8s/edge.conf
server {
  listen 80;
  location / { proxy_pass http://web:8000; }
}
--- k8s/edge.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: edge}
spec:
  template:
    metadata: {labels: {app: edge}}
    spec:
      containers: [{name: edge, image: nginx}]
      volumes: [{name: c, configMap: {name: edge}}]
---
apiVersion: v1
kind: Service
metadata: {name: edge}
spec:
  type: LoadBalancer
  selector: {app: edge}
  ports: [{port: 80}]
"""
    one = seen(APP + text, tmp_path)
    assert {d.name for d in one.deployments if d.name.startswith("k8s")} == {"k8s"}
    sites = [s for d in one.deployments for v in d.services for s in v.sites]
    assert [(s.place.path, s.place.line, s.is_embedded) for s in sites] == [
        ("k8s/edge.conf", 1, False)
    ]


def test_two_overlays_of_a_base_stay_apart(tmp_path):
    text = """
--- k8s/blue/kustomization.yaml
resources: [../base]
namePrefix: blue-
commonLabels: {colour: blue}
--- k8s/green/kustomization.yaml
resources: [../base]
namePrefix: green-
commonLabels: {colour: green}
components: [../plain]
--- k8s/plain/kustomization.yaml
kind: Component
patches:
- target: {kind: Ingress}
  patch: |-
    - {op: remove, path: /spec/tls}
--- k8s/live/kustomization.yaml
resources: [../blue, ../green]
"""
    one = seen(APP + WEB + EDITED.partition("--- k8s/live")[0] + text, tmp_path)
    assert {(p.route.service, p.is_encrypted) for p in one.paths if p.route is not None} == {
        ("blue-web", True),
        ("green-web", False),
    }
    (live,) = [d for d in one.deployments if d.name == "k8s/live"]
    assert {s.name: len(s.starts) for s in live.services} == {"blue-web": 1, "green-web": 1}


def test_images_are_renamed(tmp_path):
    one = edited("images: [{name: web, newName: other/shop, newTag: '2'}]\n", tmp_path)
    assert [s.image for d in one.deployments for s in d.services] == ["other/shop:2"]


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("patches: [{path: gone.yaml}]", "a Kustomize patch that is not here"),
        (
            "patches: [{target: {kind: Route}, patch: '[{op: remove, path: /spec/tls}]'}]",
            "a Kustomize patch is for nothing that is here",
        ),
        (
            "patches: [{target: {kind: Ingress}, patch: '[{op: remove, path: /spec/tlx}]'}]",
            "a Kustomize patch is not applied: nothing is at 'tlx'",
        ),
        (
            "patches: [{target: {kind: Ingress, name: '(w+)+b'}, patch: '[{op: remove}]'}]",
            "a Kustomize patch is not applied: its target is not understood",
        ),
        ("patches: [{patch: '{['}]", "a Kustomize patch is not applied: not YAML at line 2"),
        (
            "patches: [{target: {kind: Ingress}, patch: '[{op: move, from: /spec, path: /spec/x}]'}]",
            "a Kustomize patch is not applied: a value is moved into itself",
        ),
        ("replacements: [{path: r.yaml}]", "replacements of Kustomize are not applied"),
    ],
)
def test_what_is_not_followed_is_said(written, reason, tmp_path):
    one = edited(written + "\n", tmp_path)
    path = "k8s/live/kustomization.yaml"
    assert (path, reason, 2) in [(s.path, s.reason, s.line) for s in one.skipped]
    assert [e for e, _ in ways(one)] == [True]


def test_patches_that_grow_by_copies_end(tmp_path):
    bomb = "a: &a [x, x, x, x, x, x, x, x]\n"
    for at in range(9):
        bomb += f"{chr(98 + at)}: &{chr(98 + at)} [{', '.join([f'*{chr(97 + at)}'] * 8)}]\n"
    bomb += "kind: Ingress\nmetadata: {name: web}\nspec: {tls: *j}\n"
    one = edited(f"patches: [{{path: p.yaml}}]\n--- k8s/live/p.yaml\n{bomb}", tmp_path)
    assert "more than is followed of Kustomize in one project" in [s.reason for s in one.skipped]


def test_a_base_that_is_taken_again_and_again_ends(tmp_path):
    text = "".join(
        f"--- {at}/kustomization.yaml\nresources: [{', '.join([f'../{at + 1}'] * 30)}]\n"
        for at in range(8)
    )
    one = seen(APP + text + "--- 8/kustomization.yaml\nresources: []\n", tmp_path)
    assert "more bases on each other than are followed" in [s.reason for s in one.skipped]


def test_an_operation_adds_what_is_missing_on_its_way(tmp_path):
    key = "nginx.ingress.kubernetes.io~1ssl-redirect"
    patch = f"""patches:
- target: {{kind: Ingress}}
  patch: |-
    - op: add
      path: /metadata/annotations/{key}
      value: "false"
"""
    ((is_encrypted, places),) = ways(edited(patch, tmp_path))
    assert (is_encrypted, places[-1]) == (True, ("k8s/live/kustomization.yaml", 6))
