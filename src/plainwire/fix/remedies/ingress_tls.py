"""Let an ingress terminate TLS.

An ingress without `tls` serves its hosts over plain HTTP only (Kubernetes, Ingress, TLS).

Condition:

    The secret that is named must hold a certificate of the hosts (cert-manager issues one, `kubectl
    create secret tls` stores one); that is not in the project's files, so it needs your consent.

Before:

    --- app.py
    from flask import Flask
    app = Flask(__name__)
    @app.after_request
    def hsts(response):
        response.headers["Strict-Transport-Security"] = "max-age=31536000"
        return response
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
    @app.after_request
    def hsts(response):
        response.headers["Strict-Transport-Security"] = "max-age=31536000"
        return response
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

    Manifests in block style, with a host. A controller that needs an annotation for its port of TLS
    (Traefik) is not told so.
"""

from __future__ import annotations

from plainwire.fix.kubernetes import resource, with_tls
from plainwire.model import Finding, Project, Proposal, remedy


@remedy(answers=("ingress-without-tls",), level="unsafe")
def ingress_tls(finding: Finding, project: Project) -> Proposal | None:
    """Names a secret for the hosts of the ingress that the finding names."""
    place = finding.locations[0]
    file = project.file(place.path or "")
    if file is None or place.line is None or file.format != "kubernetes" or "{{" in file.text:
        return None
    ingress = resource(file, place.line, "Ingress")
    found = with_tls(file, ingress) if ingress is not None else None
    if found is None:
        return None
    edit, secret = found
    why = f"whether the secret {secret} holds a certificate of the hosts is not in the project"
    return Proposal(f"name the secret {secret} in spec.tls", (edit,), proof=why)
