"""Let an ingress terminate TLS.

An ingress without `tls` serves its hosts over plain HTTP only (Kubernetes, Ingress, TLS).

Condition:

    Right if cert-manager issues the certificate: the ingress has its annotation, or a Certificate
    of the project names the secret and the hosts. Otherwise whether the secret holds a certificate
    of the hosts (`kubectl create secret tls` stores one) is in the cluster alone, so that it needs
    your consent.

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
      annotations:
        cert-manager.io/cluster-issuer: letsencrypt
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
      annotations:
        cert-manager.io/cluster-issuer: letsencrypt
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

from plainwire.fix.conditions import Condition
from plainwire.fix.kubernetes import certificate_for, issuer_of, resource, with_tls
from plainwire.model import Finding, Project, Proposal, remedy


@remedy(answers=("ingress-without-tls",), level="conditional")
def ingress_tls(finding: Finding, project: Project) -> Proposal | None:
    """Names a secret for the hosts of the ingress that the finding names."""
    place = finding.locations[0]
    file = project.file(place.path or "")
    if file is None or place.line is None or file.format != "kubernetes" or "{{" in file.text:
        return None
    ingress = resource(file, place.line, "Ingress")
    if ingress is None:
        return None
    issued = certificate_for(ingress, project.of("kubernetes"))
    found = with_tls(file, ingress, issued[0] if issued is not None else None)
    if found is None:
        return None
    edit, secret = found
    line = issuer_of(ingress)
    if issued is not None:
        condition = Condition(True, f"cert-manager puts a certificate of the hosts in {issued[1]}")
    elif line:
        condition = Condition(
            True, f"cert-manager issues it by the annotation ({file.path}:{line})"
        )
    else:
        why = f"whether the secret {secret} holds a certificate of the hosts is not in the project"
        condition = Condition(False, why)
    summary = f"name the secret {secret} in spec.tls"
    return Proposal(summary, (edit,), condition.level, condition.words, is_provable=False)
