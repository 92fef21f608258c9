"""Terraform's modules, variables and services that serve https by themselves.

https://developer.hashicorp.com/terraform/language (read 2026).
"""

import pytest

from auditing import found, project
from plainwire.model import example_files

APP = """
--- app.py
from flask import Flask
app = Flask(__name__)
--- Dockerfile
FROM python:3.12
CMD ["gunicorn", "-b", "0.0.0.0:8000", "app:app"]
"""
MODULE = """
--- infra/modules/edge/main.tf
variable "protocol" {
  default = "HTTPS"
}
variable "port" {}
variable "balancer" {}
resource "aws_lb_listener" "this" {
  load_balancer_arn = var.balancer
  port              = var.port
  protocol          = var.protocol
  default_action {
    type = "forward"
  }
}
"""


def read(text, tmp_path):
    return project(example_files(APP + text), tmp_path)


def listeners(text, tmp_path):
    """The port, TLS and line of each listener."""
    return sorted(
        (x.port, x.has_tls, f"{x.place.path.rpartition('infra/')[2]}:{x.place.line}")
        for s in read(text, tmp_path).sites
        for x in s.listens
    )


def test_a_module_is_read_with_what_it_is_called_with(tmp_path):
    text = """
--- infra/main.tf
locals {
  plain = "HTTP"
}
module "plain" {
  source   = "./modules/edge"
  port     = 80
  balancer = aws_lb.main.arn
  protocol = local.plain
}
module "encrypted" {
  source   = "./modules/edge"
  port     = 443
  balancer = aws_lb.main.arn
}
resource "aws_lb" "main" {}
"""
    # what the caller says stands there, a default where it is used
    assert listeners(MODULE + text, tmp_path) == [
        (80, False, "main.tf:8"),
        (443, True, "modules/edge/main.tf:9"),
    ]


@pytest.mark.parametrize(("internal", "expected"), [("true", []), ("false", [(80, False)])])
@pytest.mark.parametrize("reference", ["aws_lb.main.arn", "module.net.balancer"])
def test_a_balancer_is_found_through_arguments_and_outputs(internal, expected, reference, tmp_path):
    balancer = f'resource "aws_lb" "main" {{\n  internal = {internal}\n}}\n'
    text = f"""
--- infra/main.tf
module "plain" {{
  source   = "./modules/edge"
  port     = 80
  balancer = {reference}
  protocol = "HTTP"
}}
module "net" {{
  source = "./modules/net"
}}
{balancer if reference.startswith("aws") else ""}
--- infra/modules/net/main.tf
output "balancer" {{
  value = aws_lb.main.arn
}}
{balancer if reference.startswith("module") else ""}
"""
    assert [way[:2] for way in listeners(MODULE + text, tmp_path)] == expected


def test_each_environment_is_read_with_its_own_arguments(tmp_path):
    call = 'module "edge" {{\n  source = "../../modules/edge"\n  port = {}\n  protocol = "{}"\n  balancer = ""\n}}\n'
    text = (
        MODULE
        + "--- infra/envs/prod/main.tf\n"
        + call.format(443, "HTTPS")
        + "--- infra/envs/dev/main.tf\n"
        + call.format(80, "HTTP")
    )
    sites = read(text, tmp_path).sites
    assert {(s.environment, s.listens[0].has_tls) for s in sites} == {
        ("production", True),
        ("development", False),
    }


def test_a_module_that_only_development_uses_is_somebody_elses_for_production(tmp_path):
    call = 'module "edge" {\n  source = "../../modules/edge"\n  port = 80\n  balancer = ""\n}\n'
    sites = read(MODULE + "--- infra/envs/dev/main.tf\n" + call, tmp_path).sites
    assert [s.environment for s in sites] == ["production"]


LISTENER = """
--- infra/main.tf
variable "protocol" {{
  {default}
}}
resource "aws_lb_listener" "this" {{
  protocol = var.protocol
  default_action {{
    type = "forward"
  }}
}}
"""


@pytest.mark.parametrize(
    ("default", "files", "expected"),
    [
        ('default = "HTTP"', {}, [(80, False, "main.tf:5")]),
        ("", {}, []),
        ("", {"terraform.tfvars": "HTTP"}, [(80, False, "terraform.tfvars:1")]),
        ('default = "HTTP"', {"x.auto.tfvars": "HTTPS"}, [(443, True, "x.auto.tfvars:1")]),
        ("", {"dev.tfvars": "HTTP", "prod.tfvars": "HTTPS"}, [(443, True, "prod.tfvars:1")]),
        ("", {"envs/a.tfvars": "HTTP"}, [(80, False, "envs/a.tfvars:1")]),
        ("", {"a.tfvars": "HTTP", "b.tfvars": "HTTP"}, [(80, False, "a.tfvars:1")]),
        ('default = "HTTP"', {"a.tfvars": "HTTP", "b.tfvars": "HTTPS"}, []),
        ('default = "HTTP"', {"dev.tfvars": "HTTP"}, []),
    ],
)
def test_variables_that_files_give(default, files, expected, tmp_path):
    text = LISTENER.format(default=default)
    text += "".join(f'--- infra/{n}\nprotocol = "{v}"\n' for n, v in files.items())
    assert listeners(text, tmp_path) == expected
    said = [s.reason for s in read(text, tmp_path).skipped]
    assert any("protocol is not known" in reason for reason in said) is (expected == [])


def test_for_each_and_dynamic_blocks(tmp_path):
    text = """
--- infra/main.tf
locals {
  listeners = {
    http = { port = 80, protocol = "HTTP", redirects = [1] }
    https = {
      port      = 443
      protocol  = "HTTPS"
      redirects = []
    }
  }
}
resource "aws_lb_listener" "this" {
  for_each = local.listeners
  port     = each.value.port
  protocol = each.value["protocol"]
  default_action {
    type = "forward"
  }
}
resource "aws_security_group" "db" {
  dynamic "ingress" {
    for_each = toset(["0.0.0.0/0"])
    content {
      from_port   = 5432
      to_port     = 5432
      protocol    = "tcp"
      cidr_blocks = [ingress.value]
    }
  }
}
"""
    assert listeners(text, tmp_path) == [(80, False, "main.tf:3"), (443, True, "main.tf:6")]
    assert [(o.first, o.place.line) for o in read(text, tmp_path).openings] == [(5432, 26)]


@pytest.mark.parametrize(
    ("expression", "is_there"),
    [
        ("0", False),
        ("1", True),
        ("var.on ? 1 : 0", False),
        ("var.on == false ? 1 : 0", True),
        ('var.name == "live" && !var.on ? 1 : 0', True),
        ("length(var.hosts)", False),
        ('contains(var.hosts, "a") ? 1 : 0', False),
        ('lookup({live = 0}, var.name, 1)', False),
        ("coalesce(null, 0)", False),
        ('"${var.name}-x" == "live-x" ? 0 : 1', False),
        ("var.given_elsewhere ? 1 : 0", True),
        ("data.aws_region.here.name == \"a\" ? 1 : 0", True),
        ("1 +", True),
        ("(" * 200, True),
    ],
)  # fmt: skip
def test_a_count_decides_whether_it_is_there(expression, is_there, tmp_path):
    text = f"""
--- infra/main.tf
variable "on" {{
  default = false
}}
variable "name" {{
  default = "live"
}}
variable "hosts" {{
  default = []
}}
resource "aws_lb_listener" "this" {{
  count = {expression}
  protocol = "HTTP"
}}
"""
    if expression.startswith("(("):
        text = text.replace('}\n"""', "")
        text = text.replace(expression, expression + "1" + ")" * 200)
    assert bool(listeners(text, tmp_path)) is is_there


@pytest.mark.parametrize(
    "source", ["./b", "terraform-aws-modules/alb/aws", "git::https://a.example/b"]
)
def test_a_module_that_is_not_here_is_said(source, tmp_path):
    text = f'--- infra/main.tf\nmodule "a" {{\n  source = "{source}"\n}}\n'
    said = [(s.reason, s.line) for s in read(text, tmp_path).skipped]
    assert ("a module that is not here", 2) in said


def test_modules_that_use_each_other_end(tmp_path):
    calls = "".join(f'module "m{n}" {{\n  source = "../{{}}"\n  a = var.a\n}}\n' for n in range(20))
    text = "--- root/main.tf\n" + calls.replace("{}", "0")
    for at in range(8):
        text += f"--- {at}/main.tf\n" + calls.replace("{}", str(at + 1))
    text += "--- 8/main.tf\n" + calls.replace("{}", "0")
    assert "more modules in each other than are followed" in [
        s.reason for s in read(text, tmp_path).skipped
    ]


def test_large_modules_that_are_used_often_end(tmp_path):
    calls = "".join(f'module "m{n}" {{\n  source = "./m"\n}}\n' for n in range(100))
    listeners = "".join(
        f'resource "aws_lb_listener" "l{n}" {{\n  protocol = "HTTP"\n}}\n' for n in range(900)
    )
    one = read(f"--- a/main.tf\n{calls}--- a/m/main.tf\n{listeners}", tmp_path)
    assert ("a/m/main.tf", "more resources than are read") in [
        (s.path, s.reason) for s in one.skipped
    ]


def test_values_that_double_end(tmp_path):
    lines = "".join(f'  a{n + 1} = "${{local.a{n}}}${{local.a{n}}}"\n' for n in range(60))
    text = f'--- infra/main.tf\nlocals {{\n  a0 = "xy"\n{lines}  b = local.c\n  c = local.b\n}}\n'
    text += 'resource "aws_lb_listener" "a" {\n  protocol = local.a60\n}\n'
    text += 'resource "aws_lb_listener" "b" {\n  protocol = local.b\n}\n'
    said = [s.reason for s in read(text, tmp_path).skipped]
    assert sum("protocol is not known" in reason for reason in said) == 2


@pytest.mark.parametrize(("kind", "expected"), [("forward", [(80, False)]), ("fixed-response", [])])
def test_rules_of_a_listener_that_answers_by_itself(kind, expected, tmp_path):
    text = f"""
--- infra/main.tf
resource "aws_lb_listener" "http" {{
  protocol = "HTTP"
  default_action {{
    type = "fixed-response"
  }}
}}
resource "aws_lb_listener_rule" "web" {{
  listener_arn = aws_lb_listener.http.arn
  action {{
    type = "{kind}"
  }}
}}
"""
    assert [way[:2] for way in listeners(text, tmp_path)] == expected


CLOUDFRONT = """
--- infra/cdn.tf
resource "aws_cloudfront_distribution" "shop" {{
  enabled = true
  origin {{
    domain_name = "origin.plainwire-shop.com"
    origin_id   = "app"
    custom_origin_config {{
      origin_protocol_policy = "{origin}"
    }}
  }}
  default_cache_behavior {{
    target_origin_id       = "app"
    viewer_protocol_policy = "{viewer}"
  }}
  viewer_certificate {{
    minimum_protocol_version = "{version}"
  }}
}}
"""


@pytest.mark.parametrize(
    ("viewer", "origin", "version", "expected"),
    [
        ("redirect-to-https", "https-only", "TLSv1.2_2021", []),
        ("https-only", "https-only", "TLSv1.2_2021", []),
        ("allow-all", "https-only", "TLSv1.2_2021", [("proxy-without-tls", 12)]),
        ("https-only", "http-only", "TLSv1.2_2021", [("upstream-in-clear", 7)]),
        ("https-only", "https-only", "TLSv1", [("old-tls-offered", 15)]),
    ],
)
def test_cloudfront(viewer, origin, version, expected):
    text = CLOUDFRONT.format(viewer=viewer, origin=origin, version=version)
    wanted = ("proxy-without-tls", "upstream-in-clear", "old-tls-offered")
    assert [(id, line) for id, _, line in found(APP + text) if id in wanted] == expected


@pytest.mark.parametrize(
    ("resource", "name", "wrong", "right", "finding"),
    [
        ("aws_apigatewayv2_integration", "integration_uri", '"http://api.plainwire-shop.com/x"',
         '"https://api.plainwire-shop.com/x"', "upstream-in-clear"),
        ("aws_api_gateway_domain_name", "security_policy", '"TLS_1_0"', '"TLS_1_2"',
         "old-tls-offered"),
        ("azurerm_linux_function_app", "https_only", "false", "true", "proxy-without-tls"),
        ("azurerm_cdn_frontdoor_route", "https_redirect_enabled",
         'false\n  supported_protocols = ["Http", "Https"]',
         'true\n  supported_protocols = ["Http", "Https"]', "proxy-without-tls"),
        ("azurerm_container_app", "ingress", "{\n  external_enabled = true\n"
         "  allow_insecure_connections = true\n}", "{\n  external_enabled = true\n}",
         "proxy-without-tls"),
    ],
)  # fmt: skip
def test_services_of_clouds(resource, name, wrong, right, finding):
    def kinds(value):
        sign = " " if name == "ingress" else " = "
        text = f'--- infra/a.tf\nresource "{resource}" "web" {{\n  {name}{sign}{value}\n}}\n'
        return [id for id, *_ in found(APP + text)]

    assert finding in kinds(wrong)
    assert finding not in kinds(right)


def test_cloud_run_redirects_by_itself(tmp_path):
    text = '--- infra/run.tf\nresource "google_cloud_run_v2_service" "web" {\n  name = "web"\n}\n'
    paths = project(example_files(APP + text), tmp_path).paths
    assert [(p.is_encrypted, p.redirects) for p in paths if p.route] == [(True, True)]
    inside = text.replace('name = "web"', 'ingress = "INGRESS_TRAFFIC_INTERNAL_ONLY"')
    assert not [p for p in project(example_files(APP + inside), tmp_path / "b").paths if p.route]
