"""Ports on loopback: every form, both families, and files that Compose merges."""

import pytest
import yaml

from fix.fixing import fixed, planned
from fix.samples import LINKING, NGINX
from plainwire.model import example_files

FORWARDED = NGINX.replace("$host;", "$host;\n    proxy_set_header X-Forwarded-Proto $scheme;")
REST = """  proxy:
    image: nginx
    volumes: ["./nginx.conf:/etc/nginx/conf.d/default.conf"]
    ports: ["443:443"]
"""


def closed(ports, *more):
    """The files with the ports of the service ``web``, as the remedy leaves them."""
    compose = f"--- compose.yaml\nservices:\n  web:\n    build: .\n    ports:\n{ports}{REST}"
    text = "".join((LINKING, FORWARDED, "\n", compose, *more))
    return fixed(example_files(text), only=frozenset({"loopback-port"}))


@pytest.mark.parametrize(
    ("port", "after"),
    [
        ('"0.0.0.0:8000:8000/tcp"', '"127.0.0.1:8000:8000/tcp"'),
        ('"[::]:8000:8000"', '"[::1]:8000:8000"'),
        ("{target: 8000, host_ip: '0.0.0.0'}", "{target: 8000, host_ip: '127.0.0.1'}"),
        ('{target: 8000, host_ip: "::"}', '{target: 8000, host_ip: "::1"}'),
    ],
)
def test_each_family_has_its_own_loopback(port, after):
    text = closed(f"      - {port}\n")["compose.yaml"]
    assert f"      - {after}\n" in text


def test_no_port_is_published_twice():
    """Compose refuses a list of ports with two that are equal (Compose specification, schema)."""
    text = closed('      - "0.0.0.0:8000:8000"\n      - "[::]:8000:8000"\n')["compose.yaml"]
    ports = yaml.safe_load(text)["services"]["web"]["ports"]
    assert len(set(ports)) == 2 and all(p.startswith(("127.0.0.1:", "[::1]:")) for p in ports)


@pytest.mark.parametrize(("service", "is_merged"), [("", True), ("    build: .\n", False)])
def test_a_file_that_is_merged_does_not_publish_it_again(service, is_merged):
    more = f"--- compose.override.yaml\nservices:\n  web:\n{service}    ports:\n      - 8000:8000\n"
    files = closed('      - "8000:8000"\n', more)
    assert '- "127.0.0.1:8000:8000"' in files["compose.yaml"]
    assert ("127.0.0.1" in files["compose.override.yaml"]) is is_merged


STORE = """
--- compose.yaml
services:
  web:
    build: .
    environment:
      - "ADDRESS"
  db:
    image: postgres:16
    ports: ["5432:5432"]
"""


@pytest.mark.parametrize(
    ("address", "level"),
    [
        ("DATABASE_URL: postgresql://web@db:5432/shop", "conditional"),
        ("DATABASE_URL: postgresql://db/shop", "conditional"),
        ("DB_HOST: db", "conditional"),
        ("DSN: host=db port=5432 dbname=shop", "conditional"),
        ("DATABASE_URL: postgresql://web@elsewhere.example:5432/shop", "unsafe"),
        ("DATABASE_URL: postgresql://web@elsewhere.example:5432/db", "unsafe"),
        ("DATABASE_URL: postgresql://web@mydb-1:5432/db.shop", "unsafe"),
        ("POSTGRES_DB: db", "unsafe"),
    ],
)
def test_a_store_is_closed_without_consent_only_where_a_service_reaches_it_by_its_name(
    address, level
):
    """Somebody else may come in by the port where none does."""
    files = example_files(LINKING + STORE.replace("ADDRESS", address.replace(": ", "=", 1)))
    made = planned(files, with_unsafe=True, only=frozenset({"store-published"}))
    (step,) = made.steps
    assert step.patch.level == level and not step.patch.is_provable
