"""Let a service be reached from inside the cluster only.

A node port or a load balancer leads past the ingress to the server: past its TLS, its redirect and
the headers that it sets (Kubernetes, Service, publishing types).

Condition:

    Right if an ingress or a route of the project that terminates TLS leads to the same service.
    Elsewhere clients may lose their way in, so it needs your consent.

Before:

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
      type: NodePort  # to look at it
      selector: {app: web}
      ports:
        - port: 80
          targetPort: 8000
          nodePort: 30001
          name: http
    ---
    apiVersion: networking.k8s.io/v1
    kind: Ingress
    metadata:
      name: shop
    spec:
      tls:
        - hosts:
            - shop.example
          secretName: shop-tls
      rules:
        - host: shop.example
          http:
            paths:
              - path: /
                pathType: Prefix
                backend: {service: {name: web, port: {number: 80}}}

After:

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
      type: ClusterIP  # to look at it
      selector: {app: web}
      ports:
        - port: 80
          targetPort: 8000
          name: http
    ---
    apiVersion: networking.k8s.io/v1
    kind: Ingress
    metadata:
      name: shop
    spec:
      tls:
        - hosts:
            - shop.example
          secretName: shop-tls
      rules:
        - host: shop.example
          http:
            paths:
              - path: /
                pathType: Prefix
                backend: {service: {name: web, port: {number: 80}}}

Limits:

    Manifests in block style. What Helm or Kustomize makes is left to you.
"""

from __future__ import annotations

from plainwire.fix.conditions import Condition
from plainwire.fix.kubernetes import inside_cluster, resource
from plainwire.fix.places import is_at, paths_of
from plainwire.model import Finding, Path, Project, Proposal, remedy


@remedy(answers=("port-beside-proxy",), level="conditional")
def cluster_service(finding: Finding, project: Project) -> Proposal | None:
    """Makes a ClusterIP of the service that the finding names, and drops its node ports."""
    place = finding.locations[0]
    file = project.file(place.path or "")
    if file is None or place.line is None or file.format != "kubernetes" or "{{" in file.text:
        return None
    service = resource(file, place.line, "Service")
    edits = inside_cluster(file, service) if service is not None else ()
    paths = [p for p in paths_of(finding, project) if is_at(p.hops[0].place, place)]
    if not edits or not paths:
        return None
    condition = _condition(paths[0], project)
    return Proposal(
        "let the service be reached inside only", edits, condition.level, condition.words
    )


def _condition(path: Path, project: Project) -> Condition:
    """Whether a way with TLS leads to the same application, through what stands beside the port."""
    for other in project.paths:
        is_same = other.app is path.app and other.environment == path.environment
        if other.kind == "routed" and is_same and other.is_encrypted and other.proxy == path.proxy:
            place = other.hops[0].place
            what = other.hops[0].what
            return Condition(True, f"{what} leads there with TLS ({place.path}:{place.line})")
    return Condition(False, "what leads there beside it does not terminate TLS as far as is known")
