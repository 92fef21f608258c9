"""Health checks that must not be refused: found in the deployment, exempted where that is right."""

import pytest

from fix.fixing import planned
from plainwire import catalog
from plainwire.model import example_files

PAGE = next(r for r in catalog.load_remedies() if r.id == "tls-extension").page
FILES = example_files(PAGE.before)
CHECK = "HEALTHCHECK CMD curl -f http://localhost:8000/healthz"
PROBE = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  template:
    spec:
      containers:
        - name: web
          livenessProbe:
            httpGet:
              path: /healthz
              port: 8000
"""
COMPOSE = """\
services:
  other:
    image: other
    healthcheck:
      test: ["CMD", "curl", "-f", "http://localhost:9200/_cluster/health"]
"""
EXEC = '["curl", "-f", "localhost:8000/healthz"]\n'
COMMENT = "# httpGet: {path: /healthz, port: 8000}\n"
READ = "ENV STATUS=http://localhost:8000/healthz\n"
MEANT = "environment:\n      TARGET: http://localhost:8000/healthz\n"
BUCKET = 'resource "aws_lb_target_group" "web" {\n  health_check {\n    path = "/healthz"\n  }\n}\n'


def outcome(files):
    """The level of the extension's patch, and the text of the application after it."""
    made = planned(files, only=frozenset({"tls-extension"}), with_unsafe=True)
    (step,) = made.steps
    text = next(new.text for _, new in made.changes if new.path == "app.py")
    return step.patch.level, step.patch.proof, text


def with_file(path, text):
    without = FILES["Dockerfile"].replace(CHECK, "")
    return FILES | {"Dockerfile": without, path: text}


@pytest.mark.parametrize(
    "files",
    [
        with_file("k8s/web.yaml", PROBE),
        with_file("main.tf", BUCKET),
        FILES | {"Dockerfile": FILES["Dockerfile"].replace(":8000", ":$PORT")},
        FILES | {"Dockerfile": FILES["Dockerfile"].replace("http://", "")},
        FILES | {"Dockerfile": "FROM python:3.12\nHEALTHCHECK CMD " + EXEC},
    ],
    ids=["probe", "alb", "a variable's port", "curl's own scheme", "in exec form"],
)
def test_the_view_that_is_asked_is_exempted(files):
    level, _, text = outcome(files)
    assert '@app.get("/healthz")\n@tls_exempt\ndef healthy' in text
    assert level == "conditional"


@pytest.mark.parametrize(
    "files",
    [
        with_file("k8s/web.yaml", PROBE.replace("8000", "8000\n              scheme: HTTPS")),
        with_file("compose.yaml", COMPOSE),
        with_file("k8s/web.yaml", PROBE.replace("8000", "9100")),
        with_file("k8s/web.yaml", PROBE.split("          livenessProbe")[0] + COMMENT),
        with_file("Dockerfile", f"FROM python:3.12\n# {CHECK}\n"),
        with_file("Dockerfile", f"FROM python:3.12\nCOPY healthcheck.sh .\n{READ}"),
        with_file("compose.yaml", f"services:\n  healthcheck:\n    image: a\n    {MEANT}"),
    ],
    ids=[
        *("over tls", "of another service", "of another port", "a probe in a comment"),
        *("an instruction in a comment", "a script of the name", "a service of the name"),
    ],
)
def test_what_is_not_asked_in_clear_is_not_exempted(files):
    assert "tls_exempt" not in outcome(files)[2]


def test_a_file_that_cannot_be_read_leaves_open_what_is_asked():
    level, proof, text = outcome(with_file("k8s/web.yaml", PROBE + "  - : [\n"))
    assert level == "unsafe" and "k8s/web.yaml: not YAML" in proof
    assert "tls_exempt" not in text


def test_a_check_of_another_deployment_is_exempted_too():
    """waitress listens on 8080 where nothing else is said (its documentation, --port)."""
    files = with_file("Procfile", "web: waitress-serve app:app\n")
    files["Dockerfile"] = FILES["Dockerfile"].replace(":8000", ":8080")
    made = planned(files, only=frozenset({"tls-extension"}), with_unsafe=True)
    text = next(new.text for _, new in made.changes if new.path == "app.py")
    assert "@tls_exempt\ndef healthy" in text


def test_the_mark_stands_where_no_other_decorator_can_lose_it():
    """One without functools.wraps makes a function that has no attributes of the view's."""
    between = '@app.get("/healthz")\n@app.route("/alive")\n@counted\n@timed(1)\ndef healthy'
    asked = FILES["app.py"].replace('@app.get("/healthz")\ndef healthy', between)
    assert between in asked
    _, _, text = outcome(FILES | {"app.py": asked})
    assert '@app.route("/alive")\n@tls_exempt\n@counted\n@timed(1)\ndef healthy' in text


@pytest.mark.parametrize("path", ["/", "/orders", "/gone/health"])
def test_a_page_for_users_is_not_opened(path):
    """It needs consent then, and the reason names the check."""
    asked = FILES["app.py"] + '@app.get("/orders")\ndef orders():\n    return ""\n'
    docker = FILES["Dockerfile"].replace("/healthz", path)
    level, proof, text = outcome(FILES | {"app.py": asked, "Dockerfile": docker})
    assert level == "unsafe" and f"Dockerfile:2 asks {path} in clear" in proof
    assert "tls_exempt" not in text
