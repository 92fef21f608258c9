"""Five small projects, each weak and as somebody patched it by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

APP = """\
from flask import Flask, jsonify, make_response, url_for

app = Flask(__name__)


@app.get("/")
def index():
    return jsonify(service="orders")


@app.get("/orders/")
def orders():
    return jsonify([{"id": 1, "total": 12}])


@app.get("/links")
def links():
    return jsonify(next=url_for("orders", _external=True))


@app.get("/theme")
def theme():
    answer = make_response(jsonify(theme="dark"))
    answer.set_cookie("theme", "dark", httponly=True)
    return answer


@app.get("/reset")
def reset():
    raise SystemExit("a proof must not ask this")


@app.post("/orders/")
def add():
    return jsonify(id=2), 201
"""
SECURE_COOKIE = ("httponly=True)", "httponly=True, secure=True)")
PROXY_FIX = (
    "app = Flask(__name__)\n",
    "from werkzeug.middleware.proxy_fix import ProxyFix\n\napp = Flask(__name__)\n"
    "app.wsgi_app = ProxyFix(app.wsgi_app, x_proto=1, x_host=0)\n",
)
TALISMAN = (
    "app = Flask(__name__)\n",
    "from flask_talisman import Talisman\nfrom werkzeug.middleware.proxy_fix import ProxyFix\n\n"
    "app = Flask(__name__)\napp.wsgi_app = ProxyFix(app.wsgi_app)\n"
    "Talisman(app, content_security_policy=None)\n",
)
DOCKERFILE = """\
FROM python:3.12-slim
WORKDIR /srv
COPY . /srv
CMD ["gunicorn", "--bind", "0.0.0.0:8000", "app:app"]
"""


def app(*changes: tuple[str, str]) -> str:
    """The application with some of its text replaced."""
    text = APP
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return text


@dataclass(frozen=True)
class Sample:
    """A project before and after, and the cases that must fail before.

    ``stands_for`` is what nginx must take the place of, ``told`` words that a reader must get.
    """

    before: Mapping[str, str]
    after: Mapping[str, str]
    fails: frozenset[str]
    stands_for: tuple[str, ...] = ()
    told: str = ""


# 1. gunicorn published as it is; patched: gunicorn's own TLS, on another port.
GUNICORN = Sample(
    {
        "app.py": app(),
        "Dockerfile": DOCKERFILE,
        "compose.yaml": 'services:\n  web:\n    build: .\n    ports:\n      - "8000:8000"\n',
    },
    {
        "app.py": app(SECURE_COOKIE),
        "Dockerfile": DOCKERFILE.replace(
            '"0.0.0.0:8000", ',
            '"0.0.0.0:8443", "--certfile", "/run/secrets/tls.crt", "--keyfile", '
            '"/run/secrets/tls.key", ',
        ),
        "compose.yaml": 'services:\n  web:\n    build: .\n    ports:\n      - "443:8443"\n',
    },
    frozenset(
        {"https:answered", "clear:8000:get", "clear:8000:credentials", "spoof:8000:xfp-https"}
    ),
)

NGINX = """\
server {
    listen 80;
    server_name shop.example.org;
    return 308 https://$host$request_uri;
}
server {
    listen 443 ssl;
    server_name shop.example.org;
    ssl_certificate /etc/letsencrypt/live/shop.example.org/fullchain.pem;
    ssl_certificate_key /etc/letsencrypt/live/shop.example.org/privkey.pem;
    ssl_protocols TLSv1.2 TLSv1.3;
    location / {
        proxy_pass http://web:8000;
        proxy_set_header Host $host;
    }
}
"""
COMPOSE = """\
services:
  web:
    build: .
    environment:
      FORWARDED_ALLOW_IPS: "172.16.0.0/12"
  proxy:
    image: nginx:1.27
    volumes:
      - ./nginx.conf:/etc/nginx/conf.d/default.conf:ro
    ports:
      - "80:80"
      - "443:443"
"""
FORWARDED = (
    "        proxy_set_header Host $host;\n",
    "        proxy_set_header Host $host;\n"
    "        proxy_set_header X-Forwarded-Proto $scheme;\n"
    "        proxy_set_header X-Forwarded-For $remote_addr;\n",
)
# 2. nginx terminates TLS and does not tell the application; patched: it does.
HEADERS = Sample(
    {
        "app.py": app(PROXY_FIX, SECURE_COOKIE),
        "Dockerfile": DOCKERFILE,
        "compose.yaml": COMPOSE,
        "nginx.conf": NGINX,
    },
    {
        "app.py": app(PROXY_FIX, SECURE_COOKIE),
        "Dockerfile": DOCKERFILE,
        "compose.yaml": COMPOSE,
        "nginx.conf": NGINX.replace(*FORWARDED),
    },
    frozenset({"https:scheme-kept"}),
)

# 3. The application's port is published beside the proxy; patched: it is not.
PUBLISHED = Sample(
    {
        "app.py": app(PROXY_FIX, SECURE_COOKIE),
        "Dockerfile": DOCKERFILE,
        "compose.yaml": COMPOSE.replace(
            "    build: .\n", '    build: .\n    ports: ["8000:8000"]\n'
        ),
        "nginx.conf": NGINX.replace(*FORWARDED),
    },
    {
        "app.py": app(PROXY_FIX, SECURE_COOKIE),
        "Dockerfile": DOCKERFILE,
        "compose.yaml": COMPOSE,
        "nginx.conf": NGINX.replace(*FORWARDED),
    },
    frozenset({"clear:8000:get", "spoof:8000:xfp-https"}),
)

INNER = """\
server {
    listen 8080;
    location / {
        proxy_pass http://web:8000;
        proxy_set_header Host $host;
        proxy_set_header X-Forwarded-For $remote_addr;
        proxy_set_header X-Forwarded-Proto $scheme;
    }
}
"""
TWO_HOPS = (
    COMPOSE
    + """\
  inner:
    image: nginx:1.27
    volumes:
      - ./inner.conf:/etc/nginx/conf.d/default.conf:ro
"""
)
EDGE = NGINX.replace(*FORWARDED).replace("http://web:8000", "http://inner:8080")
# 4. Talisman behind two proxies of which the second overwrites the scheme: every answer is a
# redirect to itself. Patched: the inner one passes on what the edge, whom alone it trusts, says.
TALISMAN_LOOP = Sample(
    {
        "app.py": app(TALISMAN, SECURE_COOKIE),
        "Dockerfile": DOCKERFILE,
        "compose.yaml": TWO_HOPS,
        "nginx.conf": EDGE,
        "inner.conf": INNER,
    },
    {
        "app.py": app(TALISMAN, SECURE_COOKIE),
        "Dockerfile": DOCKERFILE,
        "compose.yaml": TWO_HOPS,
        "nginx.conf": EDGE,
        "inner.conf": "geo $is_edge { default 0; 172.16.0.0/12 1; }\n"
        'map "$is_edge:$http_x_forwarded_proto" $told { default $scheme; "1:https" https; }\n'
        + INNER.replace("X-Forwarded-Proto $scheme", "X-Forwarded-Proto $told"),
    },
    frozenset({"https:no-loop", "clear:80:one-hop"}),
    told="comes back to https://shop.example.org/",
)

KUBERNETES = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    metadata:
      labels: {app: web}
    spec:
      containers:
        - name: web
          image: registry.example.org/shop/web:3
          command: ["gunicorn", "--bind", "0.0.0.0:8000", "app:app"]
          env:
            - name: FORWARDED_ALLOW_IPS
              value: "172.16.0.0/12"
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
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
  annotations: {}
spec:
  ingressClassName: nginx
  rules:
    - host: shop.example.org
      http:
        paths:
          - path: /
            pathType: Prefix
            backend:
              service:
                name: web
                port:
                  number: 80
"""
# 5. An ingress without TLS; patched: with TLS, which makes ingress-nginx redirect.
INGRESS = Sample(
    {"app.py": app(SECURE_COOKIE), "Dockerfile": DOCKERFILE, "k8s/web.yaml": KUBERNETES},
    {
        "app.py": app(SECURE_COOKIE),
        "Dockerfile": DOCKERFILE,
        "k8s/web.yaml": KUBERNETES.replace(
            "  ingressClassName: nginx\n",
            "  ingressClassName: nginx\n  tls:\n    - hosts: [shop.example.org]\n"
            "      secretName: shop-tls\n",
        ),
    },
    frozenset({"https:answered", "clear:80:get", "clear:80:credentials"}),
    stands_for=("nginx ingress",),
    told="nginx stands in for nginx ingress",
)

SAMPLES: Mapping[str, Sample] = {
    "gunicorn": GUNICORN,
    "nginx-without-headers": HEADERS,
    "published-port": PUBLISHED,
    "talisman-second-proxy": TALISMAN_LOOP,
    "kubernetes": INGRESS,
}
