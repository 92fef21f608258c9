"""nginx in the application's own image, placed and started in the ways that images have."""

import pytest

from auditing import project
from plainwire.model import example_files

FILES = """
--- app.py
from flask import Flask
app = Flask(__name__)
if __name__ == "__main__":
    app.run(host="0.0.0.0", port=5000)
--- site.conf
server {
  listen 443 ssl;
  ssl_certificate /c.pem;
  location / { proxy_pass http://127.0.0.1:5000; }
}
--- supervisord.conf
[program:nginx]
command=/usr/sbin/nginx -g "daemon off;"
[program:app]
command=python app.py
--- Dockerfile
FROM python:3.12
RUN apt-get install -y nginx supervisor
WORKDIR /srv
PLACED
CMD STARTED
"""
COMPOSE = '--- compose.yaml\nservices:\n  web:\n    build: .\n    ports: ["443:443"]\n'
TO = "/etc/nginx/conf.d/default.conf"
PLACED = [
    f"COPY . .\nCOPY site.conf {TO}",
    f"COPY . .\nRUN rm -f {TO} && mv site.conf {TO}",
    f"COPY . /srv/\nRUN cp -f /srv/site.conf {TO}",
    f"COPY . .\nCOPY site.conf /tmp/\nRUN mv /tmp/site.conf {TO}",
    f"COPY . .\nCOPY site.conf /tmp/it\nRUN set -e; mv /tmp/it {TO}",
    "COPY . .\nRUN ln -sf /srv/site.conf /etc/nginx/sites-enabled/default",
]
STARTED = [
    "nginx && python app.py",
    "service nginx start && python app.py",
    '["supervisord", "-n", "-c", "supervisord.conf"]',
]


def drawn(text, folder):
    return [
        " > ".join(hop.what for hop in path.hops if " :" in hop.what and "publ" not in hop.what)
        for path in project(example_files(text), folder).paths
    ]


@pytest.mark.parametrize("more", ["", COMPOSE])
@pytest.mark.parametrize("placed", PLACED)
def test_where_it_is_placed(placed, more, tmp_path):
    text = FILES.replace("PLACED", placed).replace("STARTED", STARTED[0]) + more
    assert drawn(text, tmp_path) == ["nginx :443 > app.run :5000"]


@pytest.mark.parametrize("more", ["", COMPOSE])
@pytest.mark.parametrize("started", STARTED)
def test_how_it_is_started(started, more, tmp_path):
    text = FILES.replace("PLACED", PLACED[0]).replace("STARTED", started) + more
    assert drawn(text, tmp_path) == ["nginx :443 > app.run :5000"]


def test_another_port_than_nginx_asks_is_no_part_of_its_path(tmp_path):
    text = FILES.replace("PLACED", PLACED[0]).replace("STARTED", STARTED[0])
    text = text.replace("127.0.0.1:5000", "127.0.0.1:5001")
    assert "app.run :5000" in drawn(text, tmp_path)


@pytest.mark.parametrize(
    "placed",
    [
        "COPY . .",
        "COPY . .\nRUN mv site.conf /srv/old.conf",
        f"COPY --from=built /srv/site.conf /tmp/it\nCOPY app.py .\nRUN mv /tmp/it {TO}",
    ],
)
def test_what_is_placed_nowhere_is_the_machines(placed, tmp_path):
    text = FILES.replace("PLACED", placed).replace("STARTED", STARTED[0])
    deployments = {d.name for d in project(example_files(text), tmp_path).deployments}
    assert "site.conf" in deployments


def test_who_publishes_the_image_stays_unknown(tmp_path):
    text = FILES.replace("PLACED", PLACED[1]).replace("STARTED", STARTED[0])
    (deployment,) = project(example_files(text), tmp_path).deployments
    assert any("who publishes the image" in unknown for unknown in deployment.unknowns)
