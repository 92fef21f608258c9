"""How real projects are deployed, small: each is the twin of one that was met, right and wrong."""

import pytest

from auditing import audited, found, project
from plainwire.model import example_files
from plainwire.rules.app.https_enforced_in_one_configuration_only import (
    https_enforced_in_one_configuration_only,
)
from plainwire.rules.container.plain_port_published import plain_port_published
from plainwire.rules.container.store_published import store_published
from plainwire.rules.proxy.proxy_without_tls import proxy_without_tls
from plainwire.rules.server.server_bound_plain import server_bound_plain

APP = """\
--- app.py
from flask import Flask
app = Flask(__name__)
"""
APACHE = (
    APP
    + """\
--- app.wsgi
from app import app as application
--- site.conf
<VirtualHost *:80>
  WSGIScriptAlias / /app/app.wsgi
</VirtualHost>
--- Dockerfile
FROM httpd:2.4
COPY site.conf /etc/apache2/sites-enabled/000-default.conf
COPY . /app
EXPOSE 80
CMD ["apachectl", "-D", "FOREGROUND"]
"""
)


@pytest.mark.parametrize(
    ("more", "severity"),
    [
        ("", "medium"),
        ('--- compose.yaml\nservices:\n  web:\n    build: .\n    ports: ["80:80"]\n', "high"),
    ],
)
def test_a_proxy_in_an_image_that_nobody_publishes_is_not_provable(more, severity):
    (finding,) = audited(APACHE + more, proxy_without_tls).findings
    assert str(finding.severity) == severity


UWSGI = (
    APP
    + """\
--- uwsgi.ini
[uwsgi]
module = app:app
LISTENS
--- Dockerfile
FROM python:3.12
COPY . .
CMD ["uwsgi", "--ini", "uwsgi.ini"]
"""
)


# uWSGI, options: socket speaks what protocol says, which is uwsgi where nothing is said.
@pytest.mark.parametrize(
    ("listens", "is_found"),
    [
        ("socket = 0.0.0.0:5000", False),
        ("protocol = uwsgi\nsocket = :5000", False),
        ("uwsgi-socket = :5000", False),
        ("fastcgi-socket = :5000", False),
        ("http = :5000", True),
        ("http-socket = :5000", True),
        ("protocol = http\nsocket = :5000", True),
    ],
)
def test_a_socket_of_uwsgi_serves_no_http(listens, is_found):
    text = UWSGI.replace("LISTENS", listens)
    assert bool(found(text, server_bound_plain)) == is_found


def test_nothing_is_enforced_on_a_socket_of_uwsgi():
    text = UWSGI.replace("LISTENS", "socket = :5000").replace(
        "app = Flask(__name__)\n",
        "app = Flask(__name__)\nimport os\nfrom flask_talisman import Talisman\n"
        "if os.environ.get('SAFE'):\n    Talisman(app)\n",
    )
    assert not found(text, https_enforced_in_one_configuration_only)
    assert found(text.replace("socket", "http-socket"), https_enforced_in_one_configuration_only)


MAIL = (
    APP
    + """\
--- Dockerfile
FROM python:3.12
COPY . .
CMD ["gunicorn", "-b", "0.0.0.0:8000", "app:app"]
--- mail.conf
server {
  listen 80;
  location / { proxy_pass http://TARGET; }
}
--- compose.yaml
services:
  web:
    build: .
  mail:
    image: mailhog/mailhog
  nginx:
    image: nginx
    ports: ["8025:80"]
    volumes: ["./mail.conf:/etc/nginx/conf.d/default.conf"]
"""
)


def test_a_proxy_before_a_dashboard_publishes_the_dashboard():
    text = MAIL.replace("TARGET", "mail:8025")
    assert found(text, proxy_without_tls, store_published) == [
        ("store-published", "compose.yaml", 8)
    ]
    assert found(MAIL.replace("TARGET", "web:8000"), proxy_without_tls, store_published) == [
        ("proxy-without-tls", "compose.yaml", 8)
    ]


def test_a_dashboard_behind_a_proxy_with_tls_is_not_published(tmp_path):
    text = MAIL.replace("TARGET", "mail:8025").replace(
        "listen 80;", "listen 80 ssl;\n  ssl_certificate /c.pem;"
    )
    assert not found(text, proxy_without_tls, store_published)
    (path,) = project(example_files(text), tmp_path).paths
    assert path.is_encrypted


def test_a_published_socket_of_uwsgi_is_still_a_published_port():
    text = UWSGI.replace("LISTENS", "socket = :5000")
    text += '--- compose.yaml\nservices:\n  web:\n    build: .\n    ports: ["5000:5000"]\n'
    assert found(text, plain_port_published)
