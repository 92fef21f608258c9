"""Small projects with the mistakes that are met most, each with a login that needs TLS."""

from plainwire.model import example_files

APPLICATION = """
--- requirements.txt
flask
gunicorn
--- Dockerfile
FROM python:3.12
COPY . .
CMD ["gunicorn", "-b", "0.0.0.0:8000", "app:app"]
--- app.py
from flask import Flask, jsonify, request, session
app = Flask(__name__)
app.config.update(SECRET_KEY=None)
@app.get("/")
def index():
    return jsonify(service="shop")
@app.get("/orders")
def orders():
    return jsonify([{"id": 1}])
@app.post("/login")
def login():
    session["user"] = check(request.json["username"], request.json["password"])
    return {}
"""
PUBLISHED = """
--- compose.yaml
services:
  web:
    build: .
    ports:
      - "8000:8000"
"""
BEHIND = """
--- compose.yaml
services:
  web:
    build: .
  proxy:
    image: nginx
    volumes:
      - ./nginx.conf:/etc/nginx/conf.d/default.conf
    ports:
      - "443:443"
"""
BESIDE = BEHIND.replace("build: .", 'build: .\n    ports:\n      - "8000:8000"')
NGINX = """
--- nginx.conf
server {
  listen 443 ssl;
  ssl_certificate /etc/ssl/shop.pem;
  ssl_certificate_key /etc/ssl/shop.key;
  location / {
    proxy_pass http://web:8000;
    proxy_set_header Host $host;
  }
}
"""
SECOND = """
--- inner.conf
server {
  listen 8080;
  location / {
    proxy_pass http://web:8000;
    proxy_set_header X-Forwarded-Proto $scheme;
  }
}
--- compose.yaml
services:
  web:
    build: .
    ports:
      - "8000:8000"
  inner:
    image: nginx
    volumes:
      - ./inner.conf:/etc/nginx/conf.d/default.conf
  proxy:
    image: nginx
    volumes:
      - ./nginx.conf:/etc/nginx/conf.d/default.conf
    ports:
      - "443:443"
"""
CLUSTER = """
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
  type: NodePort
  selector: {app: web}
  ports:
    - port: 80
      targetPort: 8000
      nodePort: 30001
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
spec:
  rules:
    - host: shop.example
      http:
        paths:
          - path: /
            pathType: Prefix
            backend: {service: {name: web, port: {number: 80}}}
"""
FORWARDED = "$host;\n    proxy_set_header X-Forwarded-Proto $scheme;"
# Its links show which scheme it takes a request to have come by.
LINKING = APPLICATION.replace("session\n", "session, url_for\n", 1).replace(
    '@app.get("/orders")\ndef orders():\n    return jsonify([{"id": 1}])\n',
    '@app.get("/orders/")\ndef orders():\n'
    '    return jsonify(first=url_for("index", _external=True))\n',
)
TALISMAN = APPLICATION.replace("gunicorn\n", "flask-talisman\ngunicorn\n", 1).replace(
    "app = Flask(__name__)\n",
    "from flask_talisman import Talisman\napp = Flask(__name__)\n"
    "Talisman(app, force_https=False)\n",
)

PROJECTS = {
    "plain-gunicorn": APPLICATION + PUBLISHED,
    "nginx-without-forwarded-headers": LINKING + BESIDE + NGINX,
    "published-port": LINKING + BESIDE + NGINX.replace("$host;", FORWARDED),
    "talisman-behind-a-second-proxy": TALISMAN
    + SECOND
    + NGINX.replace("web:8000", "inner:8080").replace("$host;", FORWARDED),
    "kubernetes-ingress": APPLICATION + CLUSTER,
}
PROJECTS = {name: example_files(text) for name, text in PROJECTS.items()}

# The same where the files say what else only a run or the user could.
ISSUER = "  annotations:\n    cert-manager.io/cluster-issuer: main\nspec:\n  rules"
SUBNET = "networks:\n  default:\n    ipam:\n      config:\n        - subnet: 172.28.5.0/24\n"
TOLD = {
    "kubernetes-ingress-with-an-issuer": APPLICATION + CLUSTER.replace("spec:\n  rules", ISSUER),
    "published-port-in-a-named-subnet": LINKING
    + BESIDE
    + SUBNET
    + NGINX.replace("$host;", FORWARDED),
}
TOLD = {name: example_files(text) for name, text in TOLD.items()}
