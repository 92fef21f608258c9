"""Deployments as projects ship them: overlays, images by their names, edges of every kind."""

import pytest

from auditing import audited, project
from plainwire.model import Severity, example_files
from plainwire.source.assembly import Known

APP = """
--- app.py
from flask import Flask
app = Flask(__name__)
"""
GUNICORN = """
--- Dockerfile
FROM python:3.12
CMD ["gunicorn", "-b", "0.0.0.0:8000", "app:app"]
"""
EDGE = """
--- edge.conf
server { listen 80; return 308 https://$host$request_uri; }
server {
  listen 443 ssl;
  ssl_certificate /c.pem; ssl_certificate_key /k.pem;
  ssl_protocols TLSv1.2 TLSv1.3;
  add_header Strict-Transport-Security "max-age=31536000" always;
  location / { proxy_pass http://web:8000; proxy_set_header X-Forwarded-Proto $scheme; }
}
"""


def kinds(text, severity=Severity.LOW):
    return {f.kind for f in audited(text).findings if f.severity >= severity}


def drawn(text, tmp_path, environment="production"):
    """The hops of each path, as the picture names them."""
    paths = project(example_files(text), tmp_path).paths
    return [
        " > ".join(hop.what for hop in p.hops if hop.arrives)
        for p in paths
        if p.environment == environment
    ]


OVERLAY = """
--- compose.yaml
services:
  web:
    build: .
    ports: ["8000:8000"]
  cache:
    image: redis:7
    {cache}
--- compose.prod.yaml
services:
  web:
    ports: {ports}
  edge:
    image: nginx:1.27
    volumes: ["./edge.conf:/etc/nginx/conf.d/default.conf:ro"]
    ports: ["80:80", "443:443"]
"""


@pytest.mark.parametrize(
    ("ports", "is_passed_by"),
    [
        ("[]", True),  # Compose merges lists: what the file under it publishes stays published
        ("!reset []", False),
        ("!reset null", False),
        ('!override ["127.0.0.1:8000:8000"]', False),
        ('!override ["9000:8000"]', True),
    ],
)
def test_an_overlay_takes_ports_away_by_reset_and_override_alone(ports, is_passed_by):
    text = APP + GUNICORN + EDGE + OVERLAY.format(ports=ports, cache="")
    assert ("port-bypass" in kinds(text)) is is_passed_by


@pytest.mark.parametrize(
    ("cache", "is_open"), [('ports: ["6379:6379"]', True), ('expose: ["6379"]', False)]
)
def test_what_an_overlay_does_not_name_is_started_with_it(cache, is_open):
    text = APP + GUNICORN + EDGE + OVERLAY.format(ports="!reset []", cache=cache)
    assert ("aux-plain" in kinds(text)) is is_open


def test_a_service_that_extends_one_keeps_its_own_image_and_the_other_is_no_deployment(tmp_path):
    text = (
        APP
        + """
--- Dockerfile
FROM python:3.12
CMD ["gunicorn", "-b", "0.0.0.0:8000", "app:app"]
--- edge/Dockerfile
FROM nginx:1.27
ARG CONF
COPY ${CONF} /etc/nginx/templates/default.conf.template
--- edge/site.conf
server {
  listen ${HTTPS_PORT} ssl;
  location / { proxy_pass http://${UPSTREAM}:8000; }
}
--- base.compose.yml
services:
  web: {restart: always}
  edge:
    environment: [HTTPS_PORT, UPSTREAM=web]
    ports: ["${HTTPS_PORT:-443}:${HTTPS_PORT:-443}"]
--- compose.dev.yml
services:
  edge:
    extends: {file: base.compose.yml, service: edge}
    image: shop_nginx:dev
    build: {context: edge, args: {CONF: site.conf}}
--- docker-compose.yml
services:
  web:
    extends: {file: base.compose.yml, service: web}
    build: .
  edge:
    extends: {file: base.compose.yml, service: edge}
    image: ghcr.io/acme/shop_nginx:2
"""
    )
    way = "published :443 > nginx :443 > forwards > gunicorn :8000"
    assert drawn(text, tmp_path) == [way]


def test_an_image_that_nobody_builds_here_is_not_the_application_beside_one_that_is_built():
    text = (
        APP
        + """
--- Dockerfile
FROM python:3.12
CMD ["gunicorn", "app:app"]
ENV GUNICORN_CMD_ARGS="--bind=0.0.0.0:$PORT"
--- docker-compose.yml
services:
  web: {build: .}
  jaeger: {image: "jaegertracing/all-in-one:1.57", ports: ["16686:16686"]}
  chrome: {image: selenium/standalone-chrome, ports: ["4444:4444"]}
"""
    )
    assert kinds(text, Severity.MEDIUM) == set()


@pytest.mark.parametrize(
    ("image", "is_ours"),
    [("ghcr.io/acme/bookshop:1", True), ("ghcr.io/acme/bookshop-web:1", True), ("acme/x", False)],
)
def test_an_image_called_like_the_package_is_built_below_a_folder_of_packaging(image, is_ours):
    text = f"""
--- bookshop/__init__.py
from flask import Flask
app = Flask(__name__)
--- docker/web/Dockerfile-dev
FROM python:3.12
CMD ["flask", "--app", "bookshop", "run", "-h", "0.0.0.0"]
--- docker/web/Dockerfile-prod
FROM python:3.12
CMD ["gunicorn", "-b", "0.0.0.0:3000", "bookshop:app"]
--- docker-compose.prod.yml
services:
  web: {{image: "{image}", ports: ["80:3000"]}}
  metrics: {{image: "prom/node-exporter"}}
"""
    assert ("port-plain" in kinds(text)) is is_ours
    assert "dev-server-in-prod" not in kinds(text)


def test_an_argument_of_the_build_says_which_script_an_image_starts(tmp_path):
    text = (
        APP
        + """
--- Dockerfile
FROM python:3.12 AS runtime
ARG SCENARIO
COPY ./docker/${SCENARIO}/ /opt/scenario/
ENTRYPOINT ["/opt/scenario/start.sh"]
--- docker/trial/start.sh
exec flask run --host=0.0.0.0 --port=80
--- docker/wanted/start.sh
exec gunicorn -b 0.0.0.0:80 app:app
--- deploy/docker-compose.yml
services:
  web:
    build: {context: .., args: {SCENARIO: wanted}}
    ports: ["8080:80"]
"""
    )
    assert drawn(text, tmp_path) == ["published :8080 > gunicorn :80"]


def test_a_command_names_the_application_of_an_image_that_nobody_builds_here(tmp_path):
    text = """
--- src/app.py
from flask import Flask
app = Flask(__name__)
--- service-stack.yml
services:
  backend:
    image: shop:latest
    command: gunicorn app:app -b 0.0.0.0:5000
    ports: ["5000:5000"]
"""
    found = project(example_files(text), tmp_path).paths
    assert [p.app.place.path for p in found if p.app is not None] == ["src/app.py"]


TRAEFIK = """
--- docker-compose.yml
services:
  edge:
    image: traefik:v3.1
    command:
      - --entrypoints.web.address=:80
      - --entrypoints.web.http.redirections.entrypoint.to=websecure
      - --entrypoints.websecure.address=:443
    ports: ["80:80", "443:443"]
    labels:
      traefik.http.routers.dash.rule: Host(`t.example.com`)
      traefik.http.routers.dash.service: api@internal
  web:
    build: .
    labels:
      - traefik.http.routers.web.rule=Host(`example.com`)
      - traefik.http.routers.web.entrypoints=websecure
      {}
      - traefik.http.middlewares.h.headers.stsSeconds=31536000
"""


@pytest.mark.parametrize(
    ("tls", "expected"),
    [("- traefik.http.routers.web.tls=true", set()), ("", {"ingress-no-tls"})],
)
def test_traefik_is_not_passed_by_at_its_own_ports(tls, expected):
    """Labels on Traefik itself make its dashboard reachable: no way to an application."""
    assert kinds(APP + GUNICORN + TRAEFIK.format(tls), Severity.HIGH) == expected


BEHIND_HAPROXY = """
--- haproxy.cfg
defaults
    mode {}
frontend tls
    bind *:443
    default_backend edge
backend edge
    server n1 edge:443 send-proxy
--- compose.yaml
services:
  web: {{build: .}}
  edge:
    image: nginx
    volumes: ["./edge.conf:/etc/nginx/conf.d/default.conf"]
  lb:
    image: haproxy:3.0
    ports: ["443:443"]
    volumes: ["./haproxy.cfg:/usr/local/etc/haproxy/haproxy.cfg:ro"]
"""


@pytest.mark.parametrize(("mode", "high"), [("tcp", set()), ("http", {"proxy-http-only"})])
def test_haproxy_that_passes_bytes_on_leaves_tls_to_what_is_behind_it(mode, high, tmp_path):
    text = APP + GUNICORN + EDGE + BEHIND_HAPROXY.format(mode)
    assert kinds(text, Severity.HIGH) == high
    way = "published :443 > nginx :443 > forwards > gunicorn :8000"
    assert (way in drawn(text, tmp_path)) is (mode == "tcp")
    away = text.replace("edge:443", "far.acme.com:443")
    assert ("proxy-upstream-cleartext" in kinds(away)) is (mode == "http")


CADDY = """
--- Caddyfile
{} {{
    reverse_proxy web:8000 {{
        {}
    }}
}}
--- compose.yaml
services:
  web: {{build: .}}
  caddy:
    image: caddy:2
    ports: ["80:80", "443:443"]
    volumes: ["./Caddyfile:/etc/caddy/Caddyfile"]
"""


@pytest.mark.parametrize(
    ("address", "is_plain"),
    [
        ("{$DOMAIN:shop.example.com}", False),
        ("{$DOMAIN}", False),
        ("localhost", False),  # `caddy adapt` 2.6.2: it listens on :443
        ("{$ADDRESS::80}", True),
        ("http://{$DOMAIN:shop.example.com}", True),
    ],
)
def test_the_address_of_a_caddy_site_may_be_a_variable_with_a_default(address, is_plain, tmp_path):
    text = APP + GUNICORN + CADDY.format(address, "")
    assert len(drawn(text, tmp_path)) == 1
    assert ("proxy-http-only" in kinds(text)) is is_plain


@pytest.mark.parametrize(
    ("header", "is_lost"),
    [
        ("header_up X-Forwarded-Proto http", True),
        ("header_up -X-Forwarded-Proto", True),
        ("header_up X-Forwarded-Proto {scheme}", False),
        ("header_up X-Real-IP {remote_host}", False),
    ],
)
def test_caddy_tells_https_unless_it_is_told_not_to(header, is_lost):
    fixed = """
--- app.py
from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix
app = Flask(__name__)
app.wsgi_app = ProxyFix(app.wsgi_app)
"""
    text = fixed + GUNICORN + CADDY.format("shop.example.com", header)
    assert ("proxy-xfp-missing" in kinds(text)) is is_lost


def test_virtual_hosts_of_apache_pass_on_what_the_server_does(tmp_path):
    text = (
        APP
        + """
--- shop.wsgi
from app import app as application
--- shop.conf
WSGIScriptAlias / /srv/shop/shop.wsgi
<VirtualHost *:80>
  ServerName shop.example.com
</VirtualHost>
<VirtualHost *:443>
  SSLEngine on
  SSLProtocol all -SSLv3
</VirtualHost>
"""
    )
    assert len(drawn(text, tmp_path)) == 2
    assert {"proxy-http-only", "server-weak-tls"} <= kinds(text)
    assert "server-weak-tls" not in kinds(text.replace("-SSLv3", "-SSLv3 -TLSv1 -TLSv1.1"))


@pytest.mark.parametrize("listen", ["Listen 8080", "Listen 0.0.0.0:8080"])
def test_apache_without_virtual_hosts_is_one_itself(listen, tmp_path):
    text = (
        APP
        + f"""
--- httpd.conf
{listen}
LoadModule wsgi_module modules/mod_wsgi.so
<IfModule wsgi_module>
  WSGIScriptAlias / /srv/shop/shop.wsgi
</IfModule>
"""
    )
    assert drawn(text, tmp_path) == ["apache :8080 > the application"]


def test_a_gateway_protocol_tells_https_by_itself():
    """nginx's uwsgi_params has HTTPS and REQUEST_SCHEME; X-Forwarded-Proto is not needed."""
    text = (
        APP
        + """
--- uwsgi.ini
[uwsgi]
socket = /tmp/uwsgi.sock
module = app:app
--- site.conf
server {
  listen 443 ssl;
  location / { include uwsgi_params; uwsgi_pass unix:///tmp/uwsgi.sock; }
}
"""
    )
    assert "proxyfix-missing" not in kinds(text)
    other = text.replace("include uwsgi_params; uwsgi_pass unix:///tmp/uwsgi.sock;", "{}")
    by_http = "proxy_pass http://127.0.0.1:1; proxy_set_header X-Forwarded-Proto $scheme;"
    assert "proxyfix-missing" in kinds(other.replace("{}", by_http))


SNIPPETS = """
--- nginx/nginx.conf
events {{}}
http {{ include /etc/nginx/sites/*.conf; }}
--- nginx/sites/app.conf
server {{
  listen 443 ssl;
  server_name www.example.com;
  include snippets/tls.conf;
  location / {{ include snippets/forward.conf; proxy_pass http://api:8000; }}
}}
server {{
  listen 443 ssl;
  server_name example.com;
  include {};
  location / {{ include snippets/forward.conf; proxy_pass http://api:8000; }}
}}
--- nginx/snippets/tls.conf
ssl_certificate /c.pem;
ssl_protocols TLSv1.2;
add_header Strict-Transport-Security "max-age=31536000" always;
--- nginx/snippets/forward.conf
proxy_set_header Host $host;
proxy_set_header X-Forwarded-Proto $scheme;
"""


@pytest.mark.parametrize("again", ["snippets/tls.conf", "/etc/nginx/snippets/t*.conf"])
def test_snippets_without_a_server_are_read_where_each_server_includes_them(again):
    found = kinds(APP + SNIPPETS.format(again))
    assert not found & {"hsts-missing", "proxy-xfp-missing", "proxy-tls-defaults"}
    assert "server-weak-tls" in kinds(APP + SNIPPETS.format(again).replace("TLSv1.2", "TLSv1"))


def test_includes_that_lead_to_each_other_end():
    names = [f"s{n}.conf" for n in range(12)]
    body = "".join(f"include {name};\n" for name in names)
    text = "".join(f"--- nginx/{name}\nadd_header X-A a;\n{body}" for name in names)
    report = audited(f"{APP}{text}--- nginx/site.conf\nserver {{ listen 80; {body} }}\n")
    assert report.unanswered == ()
    assert ["the includes of nginx come to" in s.reason for s in report.skipped] == [True]


NGINX_PROXY = """
--- docker-compose.yml
services:
  edge:
    image: nginxproxy/nginx-proxy:1.6
    ports: ["80:80", "443:443"]
    volumes: ["{}"]
  web:
    build: .
    environment:
      VIRTUAL_HOST: shop.example.com
      {}
"""


@pytest.mark.parametrize(
    ("volume", "variable", "expected", "status"),
    [
        ("/run/docker.sock:/tmp/docker.sock", "LETSENCRYPT_HOST: shop.example.com", set(), "PASS"),
        ("/run/docker.sock:/tmp/docker.sock", "VIRTUAL_PORT: 8000", {"ingress-no-tls"}, "FAIL"),
        ("./certs:/etc/nginx/certs", "VIRTUAL_PORT: 8000", set(), "UNKNOWN"),
    ],
)
def test_nginx_proxy_serves_what_says_its_virtual_host(volume, variable, expected, status):
    text = APP + GUNICORN + NGINX_PROXY.format(volume, variable)
    report = audited(text)
    assert {f.kind for f in report.findings if f.severity >= Severity.HIGH} == expected
    assert report.tls_status == status


CLUSTER = """
--- {0}
apiVersion: v1
kind: Service
metadata: {{name: shop}}
spec:
  selector: {{app: shop}}
  ports: [{{name: http, port: 80, targetPort: 8000}}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: shop}}
spec:
  selector: {{matchLabels: {{app: shop}}}}
  template:
    metadata: {{labels: {{app: shop}}}}
    spec:
      containers:
        - name: shop
          image: acme/shop:1
          env:
            {1}
            - name: A
              value: b
"""


@pytest.mark.parametrize(
    ("tls", "expected"),
    [
        ("wildcardPolicy: None", {"ingress-no-tls"}),
        ("tls: {termination: edge}", set()),  # http is not served by default
        ("tls: {termination: edge, insecureEdgeTerminationPolicy: Redirect}", set()),
        ("tls: {termination: edge, insecureEdgeTerminationPolicy: Allow}", {"ingress-no-tls"}),
    ],
)
def test_a_route_of_openshift_is_a_way_in(tls, expected):
    route = f"""
--- openshift/route.yaml
apiVersion: route.openshift.io/v1
kind: Route
metadata: {{name: shop}}
spec:
  to: {{kind: Service, name: shop}}
  port: {{targetPort: http}}
  {tls}
"""
    cluster = CLUSTER.format("openshift/all.yaml", "")
    assert kinds(APP + GUNICORN + cluster + route, Severity.MEDIUM) == expected


CHART = """
--- chart/Chart.yaml
apiVersion: v2
name: shop
--- chart/values.yaml
ingress:
  annotations: {}
  hosts:
    - host: shop.example.com
      paths: [{path: /, serviceName: shop}]
--- chart/templates/ingress.yaml
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: shop
  annotations:
    {{- toYaml .Values.ingress.annotations | nindent 4 }}
spec:
  rules:
    {{- range $host := .Values.ingress.hosts }}
    - host: {{ $host.host }}
      http:
        paths:
\t{{- range $path := $host.paths }}
          - path: {{ $path.path }}
            backend:
              service: {name: {{ $path.serviceName }}, port: {number: 80}}
\t{{- end }}
    {{- end }}
"""


def test_a_chart_is_followed_through_variables_of_ranges_tabs_and_helpers_in_lists(tmp_path):
    helper = '{{- include "shop.env" . | nindent 12 }}'
    text = APP + GUNICORN + CHART + CLUSTER.format("chart/templates/all.yaml", helper)
    assert drawn(text, tmp_path) == ["ingress > gunicorn :8000"]
    assert not audited(text).skipped


@pytest.mark.parametrize(
    ("load", "other", "is_on"),
    [
        ('app.config.from_object("settings")', "INSTALLED_APPS = []", False),  # Django's
        ('app.config.from_object("settings")', "SESSION_TYPE = 'redis'", True),
        ("import settings", "SESSION_TYPE = 'redis'", False),  # nobody gives it to the application
    ],
)
def test_debug_of_a_module_that_is_not_the_application_s_configuration(load, other, is_on):
    text = f"""
--- app.py
from flask import Flask
app = Flask(__name__)
{load}
--- settings.py
DEBUG = True
{other}
--- Procfile
web: gunicorn app:app
"""
    assert ("debug-exposed" in kinds(text)) is is_on


@pytest.mark.parametrize(
    ("made", "is_server"), [("BuilderServer()", False), ("Shop(__name__)", True)]
)
def test_what_runs_by_a_method_of_its_own_is_no_development_server(made, is_server):
    text = f"""
--- app.py
from flask import Flask
class Shop(Flask):
    pass
app = Flask(__name__)
--- main.py
from app import Shop
from build import BuilderServer
server = {made}
if __name__ == "__main__":
    server.run("0.0.0.0", 8686)
--- Dockerfile
FROM python:3.12
CMD ["python", "main.py"]
--- compose.yaml
services:
  shop: {{build: ., ports: ["8686:8686"]}}
"""
    assert ("dev-server-in-prod" in kinds(text)) is is_server


def test_a_class_of_views_tells_by_its_name_that_it_takes_passwords():
    text = """
--- app.py
from flask import Flask, request
from flask_restful import Api, Resource
app = Flask(__name__)
class {}(Resource):
    def post(self):
        values = request.get_json()
        return check(values["user"], values["password"])
Api(app).add_resource({}, "/session")
--- Dockerfile
FROM python:3.12
CMD ["gunicorn", "-b", "0.0.0.0:8000", "app:app"]
--- compose.yaml
services:
  web: {{build: ., ports: ["80:8000"]}}
"""
    assert "credentials-cleartext" in kinds(text.format("LoginResource", "LoginResource"))
    assert "credentials-cleartext" not in kinds(text.format("Session", "Session"))


def test_a_variable_of_a_proxy_may_hold_the_whole_address(tmp_path):
    text = (
        APP
        + GUNICORN
        + """
--- web/Dockerfile
FROM nginx:1.27
ENV BACKEND=http://api:8000
COPY site.template /etc/nginx/templates/default.conf.template
--- web/site.template
server { listen 80; location / { proxy_pass ${BACKEND}/api/; } }
--- compose.yaml
services:
  api: {build: .}
  web: {build: web, ports: ["80:80"]}
"""
    )
    assert drawn(text, tmp_path) == ["published :80 > nginx :80 > forwards > gunicorn :8000"]


@pytest.mark.parametrize(
    ("command", "is_dead"), [("gunicorn -b 0.0.0.0:8000 app:app", True), ("celery worker", False)]
)
def test_a_main_block_is_dead_where_compose_starts_the_application_otherwise(command, is_dead):
    text = f"""
--- web/app.py
from flask import Flask
app = Flask(__name__)
if __name__ == "__main__":
    app.run(host="0.0.0.0")
--- web/requirements.txt
flask==3.1.0
--- compose.yaml
services:
  web:
    image: python:3.12
    working_dir: /srv
    command: {command}
    volumes: ["./web:/srv"]
"""
    assert ("app-run-plain" not in kinds(text)) is is_dead


@pytest.mark.parametrize(
    ("address", "is_found"), [("https://localhost:8443/a", False), ("https://far.acme.com/a", True)]
)
def test_where_a_download_comes_from_may_stand_on_the_next_line(address, is_found):
    text = APP + f"--- get.sh\ncurl -kfsS --retry 3 \\\n  -o a \\\n  {address}\n"
    assert ("download-insecure" in kinds(text)) is is_found


def test_an_identifier_of_the_open_geospatial_consortium_is_no_address():
    text = APP + '--- crs.py\nimport requests\nrequests.get("http://www.opengis.net/def/crs")\n'
    assert "http-upstream" not in kinds(text)
    assert "http-upstream" in kinds(text.replace("www.opengis.net", "www.acme.com"))


def test_a_service_is_built_as_the_one_of_its_name_beside_it_is(tmp_path):
    text = (
        APP
        + GUNICORN
        + """
--- docker-compose.yml
services:
  api: {build: ., ports: ["127.0.0.1:8000:8000"]}
--- docker-stack.yml
services:
  api:
    image: acme/orders-v2:4
    ports: ["8000:8000"]
  mailer:
    image: acme/mailer:4
    ports: ["9000:9000"]
"""
    )
    assert drawn(text, tmp_path) == ["published :8000 > gunicorn :8000"]


@pytest.mark.parametrize(
    ("image", "way"),
    [
        ("shop", "NodePort :80 > gunicorn :8000"),
        ("python:3.12", "NodePort :80 > shop"),
        ("other/tool", "NodePort :80 > gunicorn :8000"),
    ],
)
def test_a_cluster_runs_the_one_image_that_the_project_builds(image, way, tmp_path):
    cluster = CLUSTER.format("k8s/all.yaml", "").replace("acme/shop:1", image)
    cluster = cluster.replace(
        "  selector: {app: shop}", "  type: NodePort\n  selector: {app: shop}"
    )
    text = """
--- web/app.py
from flask import Flask
app = Flask(__name__)
--- web/requirements.txt
flask==3.1.0
--- Dockerfile
FROM python:3.12
COPY web/ .
CMD ["gunicorn", "-b", "0.0.0.0:8000", "app:app"]
"""
    found = drawn(text + cluster.replace("port: 80,", "nodePort: 80, port: 80,"), tmp_path)
    assert found[0] == way


ON_A_MACHINE = """
--- shop/__init__.py
from flask import Flask, request
from werkzeug.middleware.proxy_fix import ProxyFix
app = Flask(__name__)
app.wsgi_app = ProxyFix(app.wsgi_app)
@app.post("/login")
def login():
    return check(request.form["password"])
--- deploy/shop.service
[Service]
ExecStart=/srv/shop/venv/bin/gunicorn --bind {}:8000 shop:app
--- deploy/shop.nginx
server {{
    listen 443 ssl;
    ssl_protocols TLSv1.2 TLSv1.3;
    add_header Strict-Transport-Security "max-age=31536000" always;
    location / {{ include proxy_params; proxy_pass http://127.0.0.1:8000; }}
}}
"""


@pytest.mark.parametrize(("host", "expected"), [("0.0.0.0", {"port-bypass"}), ("127.0.0.1", set())])
def test_a_server_on_the_proxy_s_machine_that_listens_for_everybody(host, expected):
    report = audited(ON_A_MACHINE.format(host))
    assert {f.kind for f in report.findings if f.severity >= Severity.LOW} == expected
    assert report.tls_status == ("UNKNOWN" if expected else "PASS")


def test_a_proxy_beside_the_server_in_a_pod_has_its_configuration_from_a_map(tmp_path):
    proxy = """- name: proxy
          image: nginx:1.27
          volumeMounts: [{name: conf, mountPath: /etc/nginx/conf.d}]
        - name: shop"""
    cluster = CLUSTER.format("k8s/all.yaml", "").replace("- name: shop\n", proxy + "\n", 1)
    text = (
        APP + GUNICORN + cluster.replace("ports: [{", "type: NodePort\n  ports: [{nodePort: 80, ")
    )
    text = (
        text.replace("targetPort: 8000", "targetPort: 80")
        + """
      volumes: [{name: conf, configMap: {name: site}}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: site}
data:
  default.conf: |
    server { listen 80; location / { proxy_pass http://127.0.0.1:8000; } }
"""
    )
    assert drawn(text, tmp_path) == ["NodePort :80 > nginx :80 > forwards > gunicorn :8000"]


def test_many_services_cost_their_number_and_not_its_square(monkeypatch):
    asked = []
    is_own = Known.is_own
    monkeypatch.setattr(Known, "is_own", lambda *given: asked.append(1) or is_own(*given))
    services = "".join(f"  s{n}:\n    image: acme/s{n}\n" for n in range(300))
    audited(f"{APP}--- compose.yaml\nservices:\n{services}")
    assert 0 < len(asked) < 300 * 8


@pytest.mark.parametrize(("port", "expected"), [(8443, set()), (8080, {"port-plain"})])
def test_what_listens_on_a_usual_port_of_tls_is_unknown_where_nothing_says(port, expected):
    text = (
        APP
        + f"""
--- Dockerfile
FROM python:3.12
CMD ["/start"]
--- compose.yaml
services:
  web: {{build: ., ports: ["{port}:{port}"]}}
"""
    )
    report = audited(text)
    assert {f.kind for f in report.findings if f.severity >= Severity.HIGH} == expected
    assert report.tls_status == ("FAIL" if expected else "UNKNOWN")


@pytest.mark.parametrize(
    ("value", "is_secret"),
    [("z!x<?oB1ab", True), ("a$!b>c9", True), ("<your password>", False), ("${PASSWORD}", False)],
)
def test_a_password_may_hold_marks_that_alone_make_no_placeholder(value, is_secret):
    text = (
        APP
        + GUNICORN
        + f"""
--- compose.yaml
services:
  web: {{build: .}}
  db:
    image: mysql:8
    environment:
      MYSQL_ROOT_PASSWORD: "{value}"
"""
    )
    assert ("secret-hardcoded" in kinds(text)) is is_secret


@pytest.mark.parametrize(
    ("value", "tells"), [("$scheme", False), ("$http_x_forwarded_proto", True)]
)
def test_a_route_leads_through_an_inner_proxy_to_the_application(value, tells, tmp_path):
    text = (
        APP
        + f"""
--- web/Dockerfile
FROM nginx:1.27
COPY nginx.conf /etc/nginx/conf.d/default.conf
--- web/nginx.conf
server {{
  location / {{ proxy_pass http://backend:5000; proxy_set_header X-Forwarded-Proto {value}; }}
}}
--- service-stack.yml
services:
  nginx:
    image: shop_web
    build: web
    labels: ["traefik.http.routers.a.tls=true", "traefik.http.routers.a.rule=Path(`/`)"]
  backend:
    image: shop
    command: gunicorn app:app -b 0.0.0.0:5000
"""
    )
    (path,) = project(example_files(text), tmp_path).paths
    assert [h.what for h in path.hops][:2] == ["traefik", "nginx :80"]
    assert (path.app is not None, path.is_encrypted, path.tells_https) == (True, True, tells)


@pytest.mark.parametrize(
    ("condition", "severity"),
    [("if not verify:", Severity.MEDIUM), ("with session:", Severity.HIGH)],
)
def test_verification_that_a_caller_switches_off_is_no_certain_flaw(condition, severity):
    text = (
        APP
        + f"""
--- client.py
import requests, ssl
def connect(verify=True):
    session = requests.Session()
    {condition}
        session.verify = False
    context = ssl.create_default_context()
    {condition}
        context.verify_mode = ssl.CERT_NONE
    return session
"""
    )
    found = [f for f in audited(text).findings if f.kind == "tls-verify-off"]
    assert [f.severity for f in found] == [severity, severity]


INGRESS = """
--- k8s/ingress.yaml
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {{name: shop}}
spec:
  tls: [{}]
  rules:
    - host: a.example.com
      http: {{paths: [{{backend: {{service: {{name: shop, port: {{number: 80}}}}}}}}]}}
    - host: b.example.com
      http: {{paths: [{{backend: {{service: {{name: shop, port: {{number: 80}}}}}}}}]}}
"""


@pytest.mark.parametrize(
    ("tls", "is_plain"),
    [
        ("{hosts: [a.example.com], secretName: a}", True),
        ("{hosts: [a.example.com, b.example.com], secretName: a}", False),
        ("{hosts: ['*.example.com'], secretName: a}", False),
        ("{secretName: a}", False),
    ],
)
def test_tls_of_an_ingress_is_for_the_hosts_that_it_names(tls, is_plain):
    text = APP + GUNICORN + CLUSTER.format("k8s/all.yaml", "") + INGRESS.format(tls)
    assert ("ingress-no-tls" in kinds(text)) is is_plain


TWO_ROUTERS = """
--- compose.yaml
services:
  edge:
    image: traefik:v3
    ports: ["80:80", "443:443"]
    command: ["--entrypoints.web.address=:80", "--entrypoints.websecure.address=:443"{}]
  web:
    build: .
    labels:
      - traefik.http.routers.plain.rule=Host(`a.example.com`)
      - traefik.http.routers.plain.entrypoints=web
      - traefik.http.routers.secure.rule=Host(`a.example.com`)
      - traefik.http.routers.secure.entrypoints=websecure
      - traefik.http.routers.secure.tls=true
      {}
"""


@pytest.mark.parametrize(
    ("flag", "label", "is_plain"),
    [
        ("", "", True),
        ("", "- traefik.http.routers.plain.tls=true", False),
        ("", "- traefik.http.routers.plain.middlewares=away@file", False),
        (', "--entrypoints.web.http.redirections.entrypoint.to=websecure"', "", False),
    ],
)
def test_a_router_without_tls_beside_one_with_it_serves_plain_http(flag, label, is_plain):
    text = APP + GUNICORN + TWO_ROUTERS.format(flag, label)
    assert ("ingress-no-tls" in kinds(text)) is is_plain


@pytest.mark.parametrize(
    ("location", "is_plain"),
    [
        ("location /api/ { proxy_pass http://127.0.0.1:8000; }", True),
        ("location /.well-known/acme-challenge/ { proxy_pass http://127.0.0.1:81; }", False),
        ("location /.well-known/acme-challenge/ { root /var/www; }", False),
    ],
)
def test_a_redirect_of_the_root_location_is_not_one_of_the_others(location, is_plain):
    plain = f"listen 80; {location} location / {{ return 301 https://$host$request_uri; }}"
    text = (
        APP
        + f"""
--- site.conf
server {{ {plain} }}
server {{ listen 443 ssl; location / {{ proxy_pass http://127.0.0.1:8000; }} }}
"""
    )
    assert ("proxy-http-only" in kinds(text)) is is_plain


@pytest.mark.parametrize(
    ("condition", "is_plain"),
    [
        ("unless { ssl_fc }", False),
        ("if !{ ssl_fc }", False),
        ("if { path_beg /admin } !{ ssl_fc }", True),
        ("if !{ path_beg /.well-known/acme-challenge/ } !{ ssl_fc }", False),
    ],
)
def test_haproxy_redirects_what_its_condition_says(condition, is_plain):
    text = (
        APP
        + GUNICORN
        + f"""
--- haproxy.cfg
defaults
    mode http
frontend web
    bind *:80
    bind :443 ssl crt /etc/haproxy/certs/
    http-request redirect scheme https {condition}
    default_backend app
backend app
    server app1 web:8000
--- compose.yaml
services:
  web: {{build: .}}
  lb:
    image: haproxy:3.0
    ports: ["80:80", "443:443"]
    volumes: ["./haproxy.cfg:/usr/local/etc/haproxy/haproxy.cfg:ro"]
"""
    )
    assert ("proxy-http-only" in kinds(text)) is is_plain


@pytest.mark.parametrize(
    ("outer", "inner", "tells"),
    [
        ("$http_x_forwarded_proto", "$http_x_forwarded_proto", True),
        ("$http_x_forwarded_proto", "$scheme", False),
        ("$scheme", "$http_x_forwarded_proto", False),
        ("https", "http", False),
    ],
)
def test_a_route_leads_through_two_inner_proxies(outer, inner, tells, tmp_path):
    text = (
        APP
        + f"""
--- outer.conf
server {{
  location / {{ proxy_pass http://inner:80; proxy_set_header X-Forwarded-Proto {outer}; }}
}}
--- inner.conf
server {{
  location / {{ proxy_pass http://backend:5000; proxy_set_header X-Forwarded-Proto {inner}; }}
}}
--- compose.yaml
services:
  outer:
    image: nginx
    volumes: ["./outer.conf:/etc/nginx/conf.d/default.conf"]
    labels: ["traefik.http.routers.a.tls=true", "traefik.http.routers.a.rule=Path(`/`)"]
  inner:
    image: nginx
    volumes: ["./inner.conf:/etc/nginx/conf.d/default.conf"]
  backend:
    build: .
    command: gunicorn app:app -b 0.0.0.0:5000
"""
    )
    (path,) = project(example_files(text), tmp_path).paths
    assert [h.what for h in path.hops][:4] == ["traefik", "nginx :80", "forwards", "nginx :80"]
    assert (path.app is not None, path.is_encrypted, path.tells_https) == (True, True, tells)
