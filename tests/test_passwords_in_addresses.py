"""Passwords in the addresses of databases, brokers and caches: real ones found, stand-ins not."""

import pytest

from auditing import audited

APP = """
--- app.py
import os
from celery import Celery
from flask import Flask
from sqlalchemy import create_engine
app = Flask(__name__)
"""
REAL = "postgresql+psycopg://shop:wK8tulips@db:5432/orders"


def found(text):
    """The places of each secret that the audit finds."""
    findings = [f for f in audited(text).findings if f.kind == "secret-hardcoded"]
    return [[f"{p.path}:{p.line}" for p in f.locations] for f in findings]


@pytest.mark.parametrize(
    "line",
    [
        f'app.config["SQLALCHEMY_DATABASE_URI"] = "{REAL}"',
        f'app.config["DATABASE"] = os.environ.get("DATABASE_URL", "{REAL}")',
        f'engine = create_engine("{REAL}")',
        'queue = Celery("x", broker="amqp://shop:wK8tulips@mq:5672//")',
        'app.config.update(CACHE_REDIS_URL="redis://:wK8tulips@cache:6379/0")',
        'app.config["SQLALCHEMY_DATABASE_URI"] = "mysql://shop:wK8tulips@localhost/orders"',
    ],
)
def test_in_code(line):
    assert found(APP + line + "\n") == [["app.py:6"]]


@pytest.mark.parametrize(
    ("path", "text", "line"),
    [
        (".env", f"DATABASE_URL={REAL}\n", 1),
        ("Dockerfile", f"FROM python:3.12\nENV DATABASE_URL={REAL}\nCMD flask run\n", 2),
        ("alembic.ini", f"[alembic]\nsqlalchemy.url = {REAL}\n", 2),
        ("config.yaml", f"database:\n  url: '{REAL}'\n", 2),
        ("start.sh", f"#!/bin/sh\nexport DATABASE_URL={REAL}\n", 2),
        ("compose.yaml", f"services:\n  web:\n    build: .\n    environment: [DB={REAL}]\n", 4),
    ],
)
def test_in_other_files(path, text, line):
    assert found(f"{APP}--- {path}\n{text}") == [[f"{path}:{line}"]]


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://user:password@localhost/x",
        "postgresql://postgres:postgres@db/x",
        "postgresql://hello_flask:hello_flask@db:5432/x",
        "postgresql://shop:orders@db/orders",
        "postgresql://shop:${DB_PASSWORD}@db/x",
        "postgresql://shop:{{ password }}@db/x",
        "postgresql://shop:<password>@db/x",
        "postgresql://%(user)s:%(password)s@%(host)s/x",
        "mysql://root:example@db/x",
        "mysql://shop:change-me-now@db/x",
        "mysql://shop:my_password@db/x",
        "mysql://shop:tulips-dev-password-do-not-use@db/x",
        "mysql://shop:wK8tulips@db.example.com/x",
        "amqp://guest:guest@mq//",
        "redis://cache:6379/0",
        "https://host:8443/a/b@c",
    ],
)
@pytest.mark.parametrize("form", ['app.config["DB"] = "{}"\n', "--- .env\nDB={}\n"])
def test_stand_ins_are_none(address, form):
    assert not found(APP + form.format(address))


@pytest.mark.parametrize(
    "text",
    [
        f'app.config["DB"] = os.environ.get("DB", "{REAL.replace("@db", "@localhost")}")\n',
        f'TEST_DATABASE_URL = "{REAL}"\n',
        f'urls = {{\n  "development": "{REAL}",\n}}\n',
        f'def open_it():\n    """Opens {REAL}."""\n',
        f'print("for instance {REAL}")\n',
        f'--- config.py\nclass DevelopmentConfig:\n    SQLALCHEMY_DATABASE_URI = "{REAL}"\n',
        f'--- tests/conftest.py\nURL = "{REAL}"\n',
        f"--- tox.ini\n[testenv]\nsetenv =\n    DB = {REAL}\n",
        f"--- docs/setup.sh\nexport DB={REAL}\n",
        f"--- .env.example\nDB={REAL}\n",
        f"--- compose.dev.yaml\nservices:\n  web:\n    build: .\n    environment: [DB={REAL}]\n",
        f"--- .github/workflows/ci.yml\nenv:\n  DB: {REAL}\n",
        f"--- alembic.ini\n[alembic]\n# sqlalchemy.url = {REAL}\n",
    ],
)
def test_what_is_not_live_is_none(text):
    assert not found(APP + text)


def test_one_password_by_its_name_and_in_addresses_is_one_finding():
    text = f"""{APP}
--- compose.yaml
services:
  web:
    build: .
    environment:
      DATABASE_URL: {REAL}
  db:
    image: postgres:16
    environment:
      POSTGRES_PASSWORD: wK8tulips
"""
    assert found(text) == [["compose.yaml:9", "compose.yaml:5"]]


def test_the_password_is_not_shown():
    report = audited(f"{APP}--- .env\nDATABASE_URL={REAL}\n")
    assert "wK8tulips" not in repr([f for f in report.findings if f.kind == "secret-hardcoded"])
