"""What a platform's own files say, alone: Helm, gateways, Traefik, Terraform, app.json, workflows.

Each case is a project that is wrong and its twin that is right.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditing import audited, project
from plainwire.model import Severity, SourceFile, example_files
from plainwire.source import kinds
from plainwire.source.deploy import appjson, hcl, helm, terraform, toml_nodes, traefik
from plainwire.source.deploy.yaml_nodes import documents

APP = "--- app.py\nfrom flask import Flask\napp = Flask(__name__)\n"


def kinds_of(text, severity=Severity.LOW):
    return {f.kind for f in audited(text).findings if f.severity >= severity}


def the(kind, text):
    return next(f for f in audited(text).findings if f.kind == kind)


def file(text, path):
    return SourceFile(path, kinds.format_of(path, text) or "other", "production", text)


def reasons(text, tmp_path):
    return [f"{s.path}:{s.line} {s.reason}" for s in project(example_files(text), tmp_path).skipped]


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("traefik/traefik.yml", "api: {}\nentryPoints:\n  web:\n    address: ':80'\n", "traefik"),
        ("dynamic.yml", "# routes\nhttp:\n  # all\n  routers:\n    a: {}\n", "traefik"),
        ("traefik.toml", "[entryPoints.web]\naddress = ':80'\n", "traefik"),
        ("settings.yml", "http:\n  timeout: 3\n", "yaml"),
        ("infra/main.tf", 'resource "a" "b" {}', "terraform"),
        (".github/workflows/ci.yml", "on: push\n", "workflow"),
        (".gitlab-ci.yml", "build:\n  script: [make]\n", "workflow"),
    ],
)
def test_what_a_file_is(path, text, expected):
    assert kinds.format_of(path, text) == expected


# Helm --------------------------------------------------------------------------------------

CHART = """
--- chart/Chart.yaml
apiVersion: v2
name: shop
--- chart/values.yaml
service:
  type: {service}
  port: 80
ingress:
  enabled: {ingress}
  annotations: {{}}
  tls: {tls}
--- chart/templates/_helpers.tpl
{{{{- define "shop.fullname" -}}}}shop{{{{- end }}}}
--- chart/templates/service.yaml
apiVersion: v1
kind: Service
metadata:
  name: {{{{ include "shop.fullname" . }}}}
  labels:
    {{{{- include "shop.labels" . | nindent 4 }}}}
spec:
  type: {{{{ .Values.service.type }}}}
  ports:
    - port: {{{{ .Values.service.port }}}}
      targetPort: http
  selector:
    {{{{- include "shop.selectorLabels" . | nindent 4 }}}}
--- chart/templates/ingress.yaml
{{{{- if .Values.ingress.enabled -}}}}
{{{{- $fullName := include "shop.fullname" . -}}}}
{{{{- if semverCompare ">=1.19-0" .Capabilities.KubeVersion.GitVersion -}}}}
apiVersion: networking.k8s.io/v1
{{{{- else -}}}}
apiVersion: extensions/v1beta1
{{{{- end }}}}
kind: Ingress
metadata:
  name: {{{{ $fullName }}}}
  {{{{- with .Values.ingress.annotations }}}}
  annotations:
    {{{{- toYaml . | nindent 4 }}}}
  {{{{- end }}}}
spec:
  {{{{- if .Values.ingress.tls }}}}
  tls:
    {{{{- toYaml .Values.ingress.tls | nindent 4 }}}}
  {{{{- end }}}}
  rules:
    - http:
        paths:
          - path: /
            backend:
              service:
                name: {{{{ $fullName }}}}
                port:
                  number: {{{{ .Values.service.port }}}}
{{{{- end }}}}
"""
TLS = "[{hosts: [shop.example.com], secretName: shop-tls}]"


@pytest.mark.parametrize(
    ("service", "ingress", "tls", "expected"),
    [
        ("ClusterIP", "true", "[]", {"ingress-no-tls"}),
        ("ClusterIP", "true", TLS, set()),
        ("ClusterIP", "false", "[]", set()),
        ("LoadBalancer", "false", "[]", {"port-plain"}),
        ("NodePort", "true", TLS, {"port-bypass"}),
    ],
)
def test_a_chart_is_read_with_its_values(service, ingress, tls, expected):
    text = APP + CHART.format(service=service, ingress=ingress, tls=tls)
    assert kinds_of(text, Severity.HIGH) == expected


def test_a_finding_of_a_chart_stands_in_its_template():
    finding = the(
        "ingress-no-tls", APP + CHART.format(service="ClusterIP", ingress="true", tls="[]")
    )
    assert (finding.locations[0].path, finding.locations[0].line) == (
        "chart/templates/ingress.yaml",
        15,  # spec:
    )


def test_an_overlay_for_production_is_what_is_shipped():
    chart = CHART.format(service="ClusterIP", ingress="true", tls="[]")
    overlay = f"--- chart/values-prod.yaml\ningress:\n  tls: {TLS}\n"
    assert kinds_of(APP + chart + overlay, Severity.HIGH) == set()
    assert "ingress-no-tls" in kinds_of(APP + chart, Severity.HIGH)


def test_what_a_chart_leaves_open_is_said(tmp_path):
    template = """
--- chart/templates/odd.yaml
apiVersion: v1
kind: Service
metadata:
  name: {{ lookup "v1" "Service" "a" "b" }}
spec:
  ports: []
--- chart/templates/broken.yaml
apiVersion: v1
kind: Service
{{ if .Values.x }}
"""
    found = reasons(
        APP + CHART.format(service="ClusterIP", ingress="false", tls="[]") + template, tmp_path
    )
    assert any("odd.yaml:4 not known from the chart's values" in line for line in found)
    assert any("broken.yaml:0 the template could not be followed" in line for line in found)


@pytest.mark.parametrize(
    ("template", "values", "expected"),
    [
        ("a: {{ .Values.x }}", {"x": 1}, "a: 1"),
        ("a: {{ .Values.x | default 5 }}", {}, "a: 5"),
        ("a: {{ .Values.x | quote }}", {"x": "b c"}, 'a: "b c"'),
        ("a: {{ default \"z\" .Values.x.y }}", {"x": {"y": "w"}}, "a: w"),
        ("{{ if eq .Values.x \"a\" }}b: 1{{ else }}c: 1{{ end }}", {"x": "a"}, "b: 1"),
        ("{{ if and .Values.x (not .Values.y) }}b: 1{{ end }}", {"x": 1, "y": 0}, "b: 1"),
        ("{{ if .Values.x }}b: 1{{ else if .Values.y }}c: 1{{ end }}", {"y": True}, "c: 1"),
        ("{{ with .Values.x }}b: {{ .y }}{{ end }}", {"x": {"y": 2}}, "b: 2"),
        ("{{ range .Values.x }}b: {{ . }}{{ end }}", {"x": [7, 8]}, "b: 7"),
        ("{{ $n := .Values.x }}a: {{ $n }}", {"x": 3}, "a: 3"),
        ("{{/* no */}}a: 1", {}, "a: 1"),
        ("a: {{ printf \"%s-x\" .Values.x }}", {"x": "q"}, "a: q-x"),
    ],
)  # fmt: skip
def test_the_actions_of_a_template(template, values, expected):
    assert helm.manifest(template, values, "shop").text.strip() == expected


@given(st.text(alphabet='{}-.|()$:=" \nabifendwithrangelse', max_size=200))
def test_any_template_gives_as_many_lines_or_says_why(text):
    try:
        found = helm.manifest(text, {"a": {"b": 1}}, "shop")
    except ValueError:
        return
    assert found.text.count("\n") == text.count("\n")


# Gateway API and IngressRoute ------------------------------------------------------------------

GATEWAY = """
--- k8s/gateway.yaml
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {{name: edge}}
spec:
  listeners:
    - {{name: http, port: 80, protocol: HTTP}}
    - name: https
      port: 443
      protocol: HTTPS
      tls: {{certificateRefs: [{{name: shop-tls}}]}}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {{name: shop}}
spec:
  parentRefs: [{{name: edge{section}}}]
  rules:
    - backendRefs: [{{name: web, port: 8000}}]
---
apiVersion: v1
kind: Service
metadata: {{name: web}}
spec: {{ports: [{{port: 8000}}]}}
{more}
"""
REDIRECT = """---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: to-https}
spec:
  parentRefs: [{name: edge, sectionName: http}]
  rules:
    - filters: [{type: RequestRedirect, requestRedirect: {scheme: https}}]
"""


@pytest.mark.parametrize(
    ("section", "more", "is_wrong"),
    [
        ("", "", True),  # without a section it attaches to the listener in clear too
        (", sectionName: http", "", True),
        (", sectionName: https", "", False),
        (", sectionName: https", REDIRECT, False),
    ],
)
def test_a_route_of_a_gateway(section, more, is_wrong, tmp_path):
    text = APP + GATEWAY.format(section=section, more=more)
    assert ("ingress-no-tls" in kinds_of(text)) is is_wrong
    paths = [p for p in project(example_files(text), tmp_path).paths if p.is_encrypted]
    if more:
        assert [p.redirects for p in paths] == [True]


@pytest.mark.parametrize(
    ("host", "is_wrong"), [("a.example", False), ("*.shop.example", True), ("b.shop.example", True)]
)
def test_a_listener_of_another_host_takes_no_route(host, is_wrong):
    plain = "{name: http, port: 80, protocol: HTTP"
    text = GATEWAY.replace(plain[1:], f'{plain[1:]}, hostname: "{host}"').format(
        section="", more=""
    )
    named = text.replace("  parentRefs", "  hostnames: [b.shop.example]\n  parentRefs")
    assert ("ingress-no-tls" in kinds_of(APP + named)) is is_wrong


@pytest.mark.parametrize(("port", "is_wrong"), [(443, False), (80, True)])
def test_a_route_names_a_listener_by_its_port(port, is_wrong):
    text = GATEWAY.format(section=f", port: {port}", more="")
    assert ("ingress-no-tls" in kinds_of(APP + text)) is is_wrong


def test_a_route_whose_gateway_is_elsewhere_is_not_known(tmp_path):
    text = APP + GATEWAY.format(section="", more="").replace("kind: Gateway", "kind: Elsewhere")
    assert [p.is_encrypted for p in project(example_files(text), tmp_path).paths] == [None]


@pytest.mark.parametrize(("tls", "is_wrong"), [("", True), ("  tls: {secretName: a}\n", False)])
def test_an_ingress_route_of_traefik(tls, is_wrong):
    text = f"""{APP}
--- k8s/route.yaml
apiVersion: traefik.io/v1alpha1
kind: IngressRoute
metadata: {{name: shop}}
spec:
  entryPoints: [web]
  routes:
    - match: Host(`shop.example.com`)
      services: [{{name: web, port: 8000}}]
{tls}
"""
    assert ("ingress-no-tls" in kinds_of(text)) is is_wrong


# Traefik -----------------------------------------------------------------------------------

STATIC = """
--- traefik/traefik.yml
entryPoints:
  web:
    address: ":80"{redirect}
  websecure:
    address: ":443"
{more}
"""
DYNAMIC = """
--- traefik/dynamic/shop.yml
http:
  routers:
    shop:
      rule: Host(`shop.example.com`)
      entryPoints: [{points}]
      service: shop{tls}
  services:
    shop:
      loadBalancer:
        servers:
          - url: http://web:8000
"""
STACK = """
--- Dockerfile
FROM python:3.12
CMD ["gunicorn", "-b", "0.0.0.0:8000", "app:app"]
--- compose.yaml
services:
  traefik:
    image: traefik:v3
    ports: ["80:80", "443:443", "8080:8080"]
    volumes: ["./traefik:/etc/traefik:ro"]
  web:
    build: .
"""
TO_HTTPS = """
    http:
      redirections:
        entryPoint: {to: websecure, scheme: https}"""


@pytest.mark.parametrize(
    ("points", "tls", "redirect", "is_wrong"),
    [
        ("web", "", "", True),
        ("web, websecure", "", "", True),
        ("websecure", "\n      tls: {}", "", False),
        ("websecure", "\n      tls: {certResolver: le}", TO_HTTPS, False),
        ("websecure", "", "", True),  # the port's number and name make no TLS
    ],
)
def test_traefik_by_its_own_files(points, tls, redirect, is_wrong):
    text = (
        APP
        + STACK
        + STATIC.format(redirect=redirect, more="")
        + DYNAMIC.format(points=points, tls=tls)
    )
    assert ("proxy-http-only" in kinds_of(text)) is is_wrong


def test_the_way_through_traefik_has_every_hop(tmp_path):
    text = (
        APP
        + STACK
        + STATIC.format(redirect=TO_HTTPS, more="")
        + DYNAMIC.format(points="websecure", tls="\n      tls: {}")
    )
    paths = [p for p in project(example_files(text), tmp_path).paths if p.kind == "proxied"]
    assert [h.what for h in paths[0].hops] == [
        "published :443", "traefik :443", "forwards", "gunicorn :8000", "app.py",
    ]  # fmt: skip
    assert (paths[0].is_encrypted, paths[0].redirects, paths[0].tells_https) == (True, True, True)


def test_traefik_in_toml_is_the_same():
    text = """
--- traefik/traefik.toml
[entryPoints.web]
address = ":80"
[http.routers.shop]
rule = "Host(`a`)"
entryPoints = ["web"]
service = "shop"
[[http.services.shop.loadBalancer.servers]]
url = "http://web:8000"
"""
    finding = the("proxy-http-only", APP + STACK + text)
    assert ("traefik/traefik.toml", 2) in [(p.path, p.line) for p in finding.locations]


@pytest.mark.parametrize(
    ("more", "kind"),
    [
        ("api: {insecure: true}", "aux-plain"),
        ("tls: {options: {default: {minVersion: VersionTLS10}}}", "server-weak-tls"),
    ],
)
def test_what_else_traefik_files_say(more, kind):
    dynamic = DYNAMIC.format(points="websecure", tls="\n      tls: {}")
    wrong = APP + STACK + STATIC.format(redirect="", more=more) + dynamic
    right = APP + STACK + STATIC.format(redirect="", more="") + dynamic
    assert kind in kinds_of(wrong)
    assert kind not in kinds_of(right)


def test_labels_take_tls_and_redirect_from_the_entry_points(tmp_path):
    labels = """
    labels:
      - traefik.http.routers.web.rule=Host(`a`)
      - traefik.http.routers.web.entrypoints=websecure
      - traefik.http.services.web.loadbalancer.server.port=8000
"""
    tls = "\n    http: {tls: {certResolver: le}}"
    static = STATIC.format(redirect=TO_HTTPS, more="")
    secure = static.replace('":443"', '":443"' + tls)
    for text, is_encrypted in ((static, False), (secure, True)):
        every = project(
            example_files(APP + STACK + labels + text), tmp_path / str(is_encrypted)
        ).paths
        routed = [p for p in every if p.kind == "routed"]
        assert [p.is_encrypted for p in routed] == [is_encrypted]
        assert [p.redirects for p in routed] == [True if is_encrypted else None]


# Terraform ---------------------------------------------------------------------------------

AWS = """
--- infra/lb.tf
resource "aws_lb" "main" {{
  name     = "shop"   # the public one
  internal = {internal}
}}
resource "aws_lb_listener" "http" {{
  load_balancer_arn = aws_lb.main.arn
  port              = 80
  protocol          = "HTTP"
  default_action {{
    {action}
  }}
}}
"""
FORWARD = 'type = "forward"\n    target_group_arn = aws_lb_target_group.web.arn'
SEND = 'type = "redirect"\n    redirect {\n      protocol = "HTTPS"\n      status_code = "HTTP_301"\n    }'
HTTPS = """
resource "aws_lb_listener" "https" {{
  load_balancer_arn = aws_lb.main.arn
  port = "443"
  protocol = "HTTPS"
  {policy}
  certificate_arn = var.certificate
  default_action {{
    type = "forward"
  }}
}}
"""
MODERN = 'ssl_policy = "ELBSecurityPolicy-TLS13-1-2-2021-06"'


@pytest.mark.parametrize(
    ("internal", "action", "is_wrong"),
    [("false", FORWARD, True), ("false", SEND, False), ("true", FORWARD, False)],
)
def test_a_listener_of_aws(internal, action, is_wrong):
    text = APP + AWS.format(internal=internal, action=action) + HTTPS.format(policy=MODERN)
    assert ("proxy-http-only" in kinds_of(text)) is is_wrong


@pytest.mark.parametrize(
    ("policy", "is_old"),
    [
        ("", True),
        ('ssl_policy = "ELBSecurityPolicy-2016-08"', True),
        ('ssl_policy = "ELBSecurityPolicy-TLS13-1-0-2021-06"', True),
        ('ssl_policy = "ELBSecurityPolicy-TLS-1-2-2017-01"', False),
        (MODERN, False),
        ("ssl_policy = var.policy", False),
    ],
)
def test_the_policy_of_an_aws_listener(policy, is_old):
    text = APP + AWS.format(internal="false", action=SEND) + HTTPS.format(policy=policy)
    assert ("server-weak-tls" in kinds_of(text)) is is_old


GOOGLE = """
--- infra/lb.tf
resource "google_compute_url_map" "web" {{
  name = "web"
  {more}
}}
resource "google_compute_target_http_proxy" "web" {{
  name    = "web"
  url_map = google_compute_url_map.web.id
}}
"""
AZURE = """
--- infra/gateway.tf
resource "azurerm_application_gateway" "web" {{
  name = "web"
  http_listener {{
    name     = "plain"
    protocol = "Http"
  }}
  request_routing_rule {{
    name = "r"
    http_listener_name = "plain"
    {more}
  }}
  redirect_configuration {{
    name = "to-https"
    redirect_type = "Permanent"
    target_listener_name = "secure"
  }}
}}
"""
AZURE_APP = """
--- infra/app.tf
resource "azurerm_linux_web_app" "web" {{
  name = "web"
  {more}
}}
"""


@pytest.mark.parametrize(
    ("text", "wrong", "right"),
    [
        (GOOGLE, "default_service = google_compute_backend_service.web.id", "default_url_redirect {\n    https_redirect = true\n  }"),
        (AZURE, 'backend_http_settings_name = "web"', 'redirect_configuration_name = "to-https"'),
        (AZURE_APP, "", "https_only = true"),
        (AZURE_APP, "https_only = false", "https_only = true"),
    ],
)  # fmt: skip
def test_load_balancers_of_google_and_azure(text, wrong, right):
    assert "proxy-http-only" in kinds_of(APP + text.format(more=wrong))
    assert "proxy-http-only" not in kinds_of(APP + text.format(more=right))


def test_what_a_variable_decides_is_said(tmp_path):
    text = APP + AWS.format(internal="false", action=FORWARD).replace('"HTTP"', "var.protocol")
    assert "proxy-http-only" not in kinds_of(text)
    assert "infra/lb.tf:8 aws_lb_listener.http: protocol is not known from the files" in reasons(
        text, tmp_path
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('a "b" "c" {\n x = 1\n}', {"x": ("1", 2)}),
        ("a {\n x = { y = 1 }\n z = [1, 2]\n}", {"x": ("{ y = 1 }", 2), "z": ("[1, 2]", 3)}),
        ('a {\n x = "}" # }\n}', {"x": ('"}"', 2)}),
        ("a {\n /* { */ x = 1\n}", {"x": ("1", 2)}),
        ("a {\n t = <<EOT\n {{{\nEOT\n x = 1\n}", {"t": ("", 2), "x": ("1", 5)}),
        ("a { x = 1 }", {"x": ("1", 1)}),
        ('a {\n v = ["/api/*"]\n x = 1\n}', {"v": ('["/api/*"]', 2), "x": ("1", 3)}),
        ('a {\n # to "/api/*"\n x = 1 // and /*\n}', {"x": ("1", 3)}),
        ('a {\n # <<EOT\n x = "<<EOT"\n}', {"x": ('"<<EOT"', 3)}),
        ("a {\n m = merge({\n  y = 1\n })\n x = 1\n}", {"m": ("merge({", 2), "x": ("1", 5)}),
    ],
)
def test_blocks_of_hcl(text, expected):
    assert hcl.load(text).blocks[0].attributes == expected


@given(st.text(alphabet='abx={}[]()"#/*<\n \\,$', max_size=200))
def test_any_text_is_hcl_or_says_why(text):
    try:
        assert isinstance(hcl.load(text), hcl.Block)
    except ValueError as error:
        assert str(error)


def test_hostile_files_are_bounded():
    deep = 'resource "aws_lb_listener" "a" {\n' * 300
    found = terraform.groups([file(deep, "a.tf")])["a.tf"]
    assert found.skipped
    with pytest.raises(ValueError):
        toml_nodes.load("a = " + "[" * 5000)
    with pytest.raises(ValueError):
        helm.manifest("{{ if .Values.a }}" * 5000, {"a": 1}, "x")
    read = traefik.Files()
    traefik.read(
        file("entryPoints: &a\n  web: *a\nhttp: {routers: [1], services: 3}\n", "t.yml"), read
    )
    assert traefik.by_file(read) == {}


# app.json and workflows ------------------------------------------------------------------------


def test_app_json_gives_variables_with_their_lines():
    text = """{
  "name": "shop",
  "env": {
    "SECRET_KEY": {"generator": "secret"},
    "MODE": {
      "description": "what it is for",
      "value": "production"
    },
    "SSL_DISABLE": "True"
  }
}"""
    found = appjson.read(file(text, "app.json"))
    assert [(s.name, s.value, s.place.line) for s in found] == [
        ("SECRET_KEY", None, 4),
        ("MODE", "production", 7),
        ("SSL_DISABLE", "True", 9),
    ]
    with pytest.raises(ValueError):
        appjson.read(file("[" * 100_000, "app.json"))


@pytest.mark.parametrize(
    ("given", "is_wrong"),
    [('{"value": "correct horse battery"}', True), ('{"generator": "secret"}', False)],
)
def test_a_secret_in_app_json(given, is_wrong):
    text = APP + '--- app.json\n{"env": {\n  "SECRET_KEY": ' + given + "\n}}\n"
    assert ("secret-hardcoded" in kinds_of(text)) is is_wrong


@pytest.mark.parametrize(
    ("step", "is_wrong"),
    [
        ("run: curl -k https://get.example.net/x | sh", True),
        ("run: wget http://get.docker.com/tool.tgz", True),
        ("run: curl -fsSL https://get.example.net/x -o x", False),
        ("run: curl http://localhost:8000/health", False),
        ("run: npm ci\n        env:\n          NODE_TLS_REJECT_UNAUTHORIZED: '0'", True),
        ("run: npm ci\n        env:\n          NODE_TLS_REJECT_UNAUTHORIZED: '1'", False),
    ],
)
def test_a_workflow_that_downloads(step, is_wrong):
    text = f"{APP}--- .github/workflows/build.yml\njobs:\n  build:\n    steps:\n      - {step}\n"
    assert ("download-insecure" in kinds_of(text)) is is_wrong


def test_values_of_a_chart_keep_their_kinds():
    node = documents("a: true\nb: 5\nc: [x, {d: null}]\ne: 'no'\n")[0]
    assert helm.values_of(node) == {"a": True, "b": 5, "c": ["x", {"d": None}], "e": "no"}
