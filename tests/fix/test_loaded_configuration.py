"""Where settings belong to a class for production: Flask itself says which class is loaded."""

import os
import subprocess
import sys

import pytest

from auditing import laid_out
from fix.fixing import planned
from plainwire.model import example_files

PROJECT = """
--- requirements.txt
flask
gunicorn
--- config.py
class Config:
    SECRET_KEY = None
class DevelopmentConfig(Config):
    DEBUG = True
class ProductionConfig(Config):
    DEBUG = False
config = {"development": DevelopmentConfig, "production": ProductionConfig}
config["default"] = DevelopmentConfig
--- shop.py
import os
from flask import Flask
import config
def create_app(name=None):
    app = Flask(__name__)
    app.config.from_object(LOADED)
    return app
app = create_app(NAME)
--- Dockerfile
FROM python:3.12
CMD ["gunicorn", "-b", "0.0.0.0:8000", "shop:app"]
--- edge.conf
server {
  listen 443 ssl;
  ssl_protocols TLSv1.2 TLSv1.3;
  location / {
    proxy_pass http://web:8000;
    proxy_set_header X-Forwarded-Proto $scheme;
  }
}
--- compose.yaml
services:
  web:
    build: .
    environment: {SETTINGS}
  edge:
    image: nginx
    volumes: ["./edge.conf:/etc/nginx/conf.d/default.conf"]
    ports: ["443:443"]
networks:
  default:
    ipam:
      config:
        - subnet: 172.28.5.0/24
"""
CHOSEN, CLASS = "config.config[name]", "os.environ['APP_SETTINGS']"
UNDER_IF = """config.Config)
    if name == "live":
        app.config.from_object(config.ProductionConfig"""
NAMED = 'os.getenv("FLASK_CONFIG") or "default"'
ELSE = 'os.getenv("FLASK_CONFIG", "production")'


@pytest.mark.parametrize(
    ("loaded", "name", "settings", "is_loaded"),
    [
        (CHOSEN, NAMED, {}, False),
        (CHOSEN, NAMED, {"FLASK_CONFIG": "production"}, True),
        (CHOSEN, NAMED, {"OTHER_CONFIG": "production"}, False),
        (CHOSEN, ELSE, {}, True),
        (CHOSEN, ELSE, {"FLASK_CONFIG": "default"}, False),
        (CHOSEN, '"production"', {}, True),
        (CLASS, "", {"APP_SETTINGS": "config.ProductionConfig"}, True),
        (CLASS, "", {"APP_SETTINGS": "config.Config"}, False),
        ('"config.ProductionConfig"', "", {}, True),
        ("config.ProductionConfig", "", {}, True),
        ("config.DevelopmentConfig", "", {}, False),
        (CHOSEN, "'default')\nos.make_app = str\nos.make_app('products'", {}, False),
        (CHOSEN, "'default')\nother = create_app('production'", {}, False),
        (CHOSEN, 'os.getenv("SHOP", "production")', {"SHOP": "default"}, False),
        (UNDER_IF, NAMED, {}, False),
        ("config.ProductionConfig if name else config.Config", NAMED, {}, None),
    ],
)
def test_consent_is_needed_unless_the_class_is_the_one_that_is_loaded(
    loaded, name, settings, is_loaded, tmp_path
):
    """Without its settings the extension refuses everybody who comes by the proxy."""
    text = PROJECT.replace("LOADED", loaded).replace("NAME", name)
    pairs = ", ".join(f"{key}: {value}" for key, value in settings.items())
    files = example_files(text.replace("{SETTINGS}", f"{{{pairs}}}"))
    made = planned(files, with_unsafe=True, only=frozenset({"tls-extension"}))
    (step,) = made.steps
    assert step.patch.level == ("conditional" if is_loaded else "unsafe")
    assert step.patch.is_provable is not bool(is_loaded)
    after = files | {new.path: new.text for _, new in made.changes}
    said = "import shop; print(shop.app.config.get('TLS_TERMINATION') == 'proxy')"
    done = subprocess.run(
        [sys.executable, "-c", said],
        cwd=laid_out(after, tmp_path),
        env={"PATH": os.environ["PATH"], **settings},
        capture_output=True,
        text=True,
        check=True,
    )
    assert is_loaded is None or done.stdout.strip() == str(is_loaded)


def test_the_only_class_is_the_one_that_is_loaded():
    text = PROJECT.replace("LOADED", "config.ProductionConfig").replace("NAME", "")
    files = example_files(text.replace("{SETTINGS}", "{}"))
    config = "class ProductionConfig:\n    SECRET_KEY = None\n"
    made = planned(files | {"config.py": config}, only=frozenset({"tls-extension"}))
    assert [step.patch.level for step in made.steps] == ["conditional"]
