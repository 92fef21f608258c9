"""What becomes of a backend's address, as its client's own documentation has it."""

import pytest

from fix.fixing import fixed, planned
from plainwire.fix.conditions import Condition
from plainwire.model import Peer

HOST = "store.shop-data.net"
PYTHON_IMAGE = {"Dockerfile": 'FROM python:3.12\nCMD ["gunicorn", "app:app"]\n'}
CA = "/etc/ssl/certs/ca-certificates.crt"


def project(line, path="config.py"):
    config = f"class ProductionConfig:\n    URL = {line}\n" if path == "config.py" else line
    return {
        "app.py": "from flask import Flask\napp = Flask(__name__)\n"
        'app.config.from_object("config.ProductionConfig")\n',
        path: config,
    }


# PostgreSQL 17, 32.19 (libpq, SSL support); redis-py, Redis.from_url; Celery 5, rediss;
# RabbitMQ URI specification; RFC 4516; MongoDB, connection string options; all read 2026-11-26.
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("redis://HOST", "rediss://HOST?ssl_cert_reqs=required"),
        ("redis://u:p@HOST:6380/1", "rediss://u:p@HOST:6380/1?ssl_cert_reqs=required"),
        ("redis://HOST/0?timeout=2", "rediss://HOST/0?timeout=2&ssl_cert_reqs=required"),
        ("rediss://HOST/0?ssl_cert_reqs=none", "rediss://HOST/0?ssl_cert_reqs=required"),
        ("rediss://HOST/0?ssl_cert_reqs=CERT_NONE", "rediss://HOST/0?ssl_cert_reqs=required"),
        ("amqp://HOST//", "amqps://HOST//"),
        ("amqp://u:p@HOST:5672/v", "amqps://u:p@HOST:5671/v"),
        ("amqp://HOST:15672/v", "amqps://HOST:15672/v"),
        ("ldap://HOST:389/dc=shop", "ldaps://HOST:636/dc=shop"),
        ("mongodb://HOST", "mongodb://HOST/?tls=true"),
        ("mongodb://HOST/shop?w=1", "mongodb://HOST/shop?w=1&tls=true"),
        (
            "mongodb://HOST/shop?tls=true&tlsInsecure=true",
            "mongodb://HOST/shop?tls=true&tlsInsecure=false",
        ),
        ("postgresql://HOST/shop", f"postgresql://HOST/shop?sslmode=verify-full&sslrootcert={CA}"),
        (
            "postgres://u:p@HOST:5433/shop?sslmode=disable",
            f"postgres://u:p@HOST:5433/shop?sslmode=verify-full&sslrootcert={CA}",
        ),
        (
            "postgresql+psycopg2://HOST/shop?sslmode=verify-ca&sslrootcert=/srv/ca.pem",
            "postgresql+psycopg2://HOST/shop?sslmode=verify-full&sslrootcert=/srv/ca.pem",
        ),
    ],
)
def test_an_address_says_that_the_server_is_verified(old, new):
    files = project(f'"{old}"'.replace("HOST", HOST))
    made = fixed(files, with_unsafe=True)
    assert made["config.py"] == files["config.py"].replace(old.replace("HOST", HOST), new).replace(
        "HOST", HOST
    )
    assert fixed(files) == files  # nobody was asked, and nobody agreed
    assert not planned(made, with_unsafe=True).steps


@pytest.mark.parametrize(
    "line",
    [
        f'"postgresql+asyncpg://{HOST}/shop"',  # its words are not libpq's
        f'"redis://{HOST}/" + str(NUMBER)',
        f'f"redis://{HOST}/{{NUMBER}}"',
        f'"mongodb://{HOST},b.shop-data.net/shop"',
        f'"memcached://{HOST}"',
        '"redis://cache:6379/0"',  # a network of the deployment's own
        '"postgresql://postgres.shop/shop"',  # a service and its namespace
        '"rediss://cache.shop-data.net?ssl_cert_reqs=required"',
    ],
)
def test_what_is_not_certain_is_left_alone(line):
    files = project(line)
    assert fixed(files, with_unsafe=True) == files


def test_mysql_is_told_what_to_write():
    (told,) = planned(project(f'"mysql+pymysql://{HOST}/shop"'), with_unsafe=True).advice
    assert (told.level, CA in told.summary) == ("advice", True)


@pytest.mark.parametrize(("quote", "count"), [("", 0), ('"', 1)])
def test_an_ampersand_that_a_shell_would_see_is_not_written(quote, count):
    """``.env`` files are sourced by shells too, where & outside of quotes ends a command."""
    line = f"DATABASE_URL={quote}postgresql://u:secret-word@{HOST}/shop{quote}\n"
    made = planned(project(line, ".env.production"), with_unsafe=True)
    assert len(made.steps) == count
    if not count:
        (told,) = [p for p in made.advice if p.remedy == "backend-tls"]
        assert "sslmode=verify-full" in told.summary and "secret-word" not in told.summary


@pytest.mark.parametrize(
    ("address", "peer"),
    [
        ("redis://HOST", Peer(HOST, 6379)),
        ("redis://HOST:6380", Peer(HOST, 6380)),
        ("amqp://HOST:5672", Peer(HOST, 5671)),
        ("ldap://HOST", Peer(HOST, 636)),
        ("mongodb://HOST", Peer(HOST, 27017)),
        ("postgresql://HOST/shop", Peer(HOST, 5432, "postgres")),
    ],
)
@pytest.mark.parametrize("verifies", [True, False])
def test_the_server_is_asked_where_the_client_will_connect(address, peer, verifies):
    asked = []

    def ask(one):
        asked.append(one)
        return Condition(verifies, "it was asked")

    files = project(f'"{address}"'.replace("HOST", HOST)) | PYTHON_IMAGE
    made = planned(files, ask=ask, only=frozenset({"backend-tls"}))
    assert set(asked) == {peer} and len(made.steps) == verifies


@pytest.mark.parametrize("image", ["alpine:3.20", "python:3.12\nFROM scratch"])
def test_authorities_are_not_taken_for_granted_in_another_image(image):
    files = project(f'"postgresql://{HOST}/shop"') | {"Dockerfile": f"FROM {image}\nCMD ./run\n"}
    made = planned(files, ask=lambda peer: Condition(True, ""), only=frozenset({"backend-tls"}))
    assert [p.level for p in made.advice] == ["unsafe"] and not made.steps


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (f'redis.Redis(host="{HOST}")', f'redis.Redis(host="{HOST}", ssl=True)'),
        (f'redis.Redis("{HOST}", 6380)', f'redis.Redis("{HOST}", 6380, ssl=True)'),
        (f'redis.Redis(host="{HOST}", ssl=False)', f'redis.Redis(host="{HOST}", ssl=True)'),
        (f'redis.Redis(host="{HOST}", ssl=TLS)', f'redis.Redis(host="{HOST}", ssl=TLS)'),
        ("OTLPSpanExporter(insecure=True)", "OTLPSpanExporter(insecure=False)"),
        ('Minio("a:9000", secure=False)', 'Minio("a:9000", secure=True)'),
        ('redis.Redis(host="localhost")', 'redis.Redis(host="localhost")'),
        ("OTLPSpanExporter(insecure=plain)", "OTLPSpanExporter(insecure=plain)"),
    ],
)
def test_an_option_switches_tls_on(old, new):
    text = f"import redis\nfrom a import Minio, OTLPSpanExporter\nclient = {old}\n"
    made = fixed({"client.py": text}, with_unsafe=True)
    assert made["client.py"] == text.replace(old, new)
