"""What Terraform opens to the internet and writes down: each wrong one with its right twin."""

import pytest

from auditing import audited, project
from plainwire.model import example_files

APP = """
--- app.py
from flask import Flask
app = Flask(__name__)
--- Dockerfile
FROM python:3.12
CMD ["gunicorn", "-b", "0.0.0.0:8000", "app:app"]
--- infra/main.tf
"""
GROUP = """resource "aws_security_group" "shop" {{
  ingress {{
    from_port   = {ports[0]}
    to_port     = {ports[1]}
    protocol    = {protocol}
    cidr_blocks = {cidr}
  }}
}}
"""
RULE = """resource "aws_security_group_rule" "shop" {
  type        = "TYPE"
  from_port   = 5432
  to_port     = 5432
  protocol    = "tcp"
  cidr_blocks = ["0.0.0.0/0"]
}
"""
V6 = """resource "aws_vpc_security_group_ingress_rule" "shop" {
  cidr_ipv6   = "::/0"
  from_port   = 6379
  ip_protocol = "tcp"
  to_port     = 6379
}
"""
GOOGLE = """resource "google_compute_firewall" "shop" {
  allow {
    protocol = "tcp"
    ports    = ["22", "5432"]
  }
  source_ranges = [
    "10.0.0.0/8",
    "SOURCE",
  ]
}
"""
AZURE = """resource "azurerm_network_security_rule" "shop" {
  direction              = "Inbound"
  access                 = "ACCESS"
  protocol               = "Tcp"
  destination_port_range = "3306"
  source_address_prefix  = "*"
}
"""
DATABASE = """resource "aws_db_instance" "orders" {
  engine              = "postgres"
  publicly_accessible = IS
}
"""


def found(text, *kinds):
    return [
        (f.kind, f.locations[0].path, f.locations[0].line)
        for f in audited(text).findings
        if f.kind in kinds and f.locations[0].path.startswith("infra/")
    ]


def group(first, last, protocol='"tcp"', cidr='["0.0.0.0/0"]'):
    return GROUP.format(ports=(first, last), protocol=protocol, cidr=cidr)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (group(5432, 5432), [("aux-plain", 6)]),
        (group(5432, 5432, cidr='["10.0.0.0/8"]'), []),
        (group(5432, 5432, cidr="[var.office]"), []),
        (group(5432, 5432, protocol='"udp"'), []),
        (group(5432, 5432, cidr='[\n      "0.0.0.0/0",\n    ]'), [("aux-plain", 6)]),
        (group(0, 0, protocol='"-1"'), [("aux-plain", 6)]),
        (group(0, 0, protocol="-1"), [("aux-plain", 6)]),
        (group(8000, 8000), [("port-plain", 6)]),
        (group(8001, 8001), []),
        (group(443, 443), []),
        (group(80, 80), []),
        (RULE.replace("TYPE", "ingress"), [("aux-plain", 6)]),
        (RULE.replace("TYPE", "egress"), []),
        (V6, [("aux-plain", 2)]),
        (V6.replace("::/0", "fd00::/8"), []),
        (GOOGLE.replace("SOURCE", "0.0.0.0/0"), [("aux-plain", 4)]),
        (GOOGLE.replace("SOURCE", "10.1.0.0/16"), []),
        (AZURE.replace("ACCESS", "Allow"), [("aux-plain", 6)]),
        (AZURE.replace("ACCESS", "Deny"), []),
        (DATABASE.replace("IS", "true"), [("aux-plain", 3)]),
        (DATABASE.replace("IS", "false"), []),
        (DATABASE.replace("IS", "var.is_public"), []),
    ],
)
def test_what_every_address_reaches(text, expected):
    places = [(kind, line) for kind, _, line in found(APP + text, "aux-plain", "port-plain")]
    assert places == expected


def test_an_example_or_development_network_is_quiet():
    for folder in ("infra/dev", "infra/examples"):
        text = (APP + group(5432, 5432)).replace("infra/", folder + "/")
        assert not found(text, "aux-plain")


def test_ports_that_a_variable_gives_are_said(tmp_path):
    door = project(example_files(APP + group("var.port", "var.port")), tmp_path)
    assert not door.openings
    reasons = [(s.path, s.line, s.reason) for s in door.skipped]
    assert ("infra/main.tf", 3, "ingress: from_port is not known from the files") in reasons


def test_a_port_is_the_default_of_its_variable_and_shown_beside_the_addresses():
    variable = 'variable "port" {\n  default = 8000\n}\n'
    text = APP + group("var.port", "var.port") + variable
    finding = next(f for f in audited(text).findings if f.kind == "port-plain")
    assert [(p.path, p.line) for p in finding.locations] == [
        ("infra/main.tf", 6),
        ("infra/main.tf", 3),
    ]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('resource "aws_db_instance" "x" {\n  password = "wK8tulips"\n}\n', 2),
        ('resource "aws_db_instance" "x" {\n  password = var.password\n}\n', 0),
        ('resource "aws_db_instance" "x" {\n  password = "${var.password}"\n}\n', 0),
        ('resource "aws_rds_cluster" "x" {\n  master_password = "wK8tulips"\n}\n', 2),
        ('variable "db_password" {\n  default = "wK8tulips"\n}\n', 2),
        ('variable "db_password" {\n  default = ""\n}\n', 0),
        ('variable "db_password" {\n  sensitive = true\n}\n', 0),
        ('resource "google_cloud_run_service" "x" {\n  secret = "orders-db"\n}\n', 0),
        (
            'resource "aws_lambda_function" "x" {\n  environment {\n    variables = {\n'
            '      SECRET_KEY = "wK8tulips"\n    }\n  }\n}\n',
            4,
        ),
        (
            'resource "aws_ecs_task_definition" "x" {\n'
            '  container_definitions = jsonencode([{ name = "web", environment = [\n'
            '    { name = "DB", value = "postgresql://shop:wK8tulips@orders/x" }\n  ] }])\n}\n',
            3,
        ),
    ],
)
def test_secrets_that_are_written_down(text, line):
    expected = [("secret-hardcoded", "infra/main.tf", line)] if line else []
    assert found(APP + text, "secret-hardcoded") == expected


def test_values_of_variables_in_a_file_of_their_own():
    text = APP.replace("main.tf", "prod.tfvars") + 'db_password = "wK8tulips"\n'
    assert found(text, "secret-hardcoded") == [("secret-hardcoded", "infra/prod.tfvars", 1)]
