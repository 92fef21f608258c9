"""An ingress or router leads to the application without TLS.

What passes an edge without TLS is in clear on the way from the client (CWE-319). A Kubernetes
Ingress serves plain HTTP unless `spec.tls` names a certificate; `ssl-redirect: "false"` keeps it
so even where there is one.

Remedy:

    Name a certificate in `spec.tls` (cert-manager can issue it) and let the controller redirect.

Bad:

    --- app.py
    from flask import Flask
    app = Flask(__name__)
    --- k8s/ingress.yaml
    apiVersion: networking.k8s.io/v1
    kind: Ingress
    metadata:
      name: shop
    spec:
      rules:
        - http:
            paths:
              - path: /
                backend:
                  service:
                    name: web
                    port:
                      number: 8000
    --- k8s/service.yaml
    apiVersion: v1
    kind: Service
    metadata:
      name: web
    spec:
      ports:
        - port: 8000

Good:

    --- app.py
    from flask import Flask
    app = Flask(__name__)
    --- k8s/ingress.yaml
    apiVersion: networking.k8s.io/v1
    kind: Ingress
    metadata:
      name: shop
      annotations:
        nginx.ingress.kubernetes.io/force-ssl-redirect: "true"
    spec:
      tls:
        - hosts: [shop.example.com]
          secretName: shop-tls
      rules:
        - http:
            paths:
              - path: /
                backend:
                  service:
                    name: web
                    port:
                      number: 8000
    --- k8s/service.yaml
    apiVersion: v1
    kind: Service
    metadata:
      name: web
    spec:
      ports:
        - port: 8000

Limits:

    A default certificate of the controller and a load balancer of the cloud that terminates TLS
    before it are not seen.
"""

from __future__ import annotations

from collections.abc import Iterator

from plainwire.model import Finding, Project, Severity, rule


@rule(
    kind="ingress-no-tls",
    severity=Severity.HIGH,
    cwe=(319,),
    references=("Kubernetes, Ingress, TLS", "RFC 9110, section 17"),
)
def ingress_without_tls(project: Project) -> Iterator[Finding]:
    """Production routes of an ingress or router that terminate no TLS."""
    for path in project.paths:
        if path.kind != "routed" or path.environment != "production" or path.route is None:
            continue
        if path.is_encrypted is False:
            yield ingress_without_tls.finding(
                f"the {path.route.program} leads to {path.route.service} over plain HTTP",
                path.route.place,
                *path.route.places,
                *path.places,
            )
        elif path.redirects is False:
            yield ingress_without_tls.finding(
                f"the {path.route.program} serves {path.route.service} over plain HTTP as well",
                path.route.place,
                *path.route.places,
                *path.places,
                severity=Severity.MEDIUM,
            )
