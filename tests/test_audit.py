"""The audit as a whole: environments, suppressions, fingerprints, outputs, hostile projects."""

import json
import os
from pathlib import Path

import jsonschema
import pytest

from auditing import audited, laid_out
from plainwire.audit import audit
from plainwire.cli import main
from plainwire.model import Severity, TargetError, example_files
from plainwire.report import render
from plainwire.source.project import LocalProject
from plainwire.source.starting.modules import Modules

PLAIN = """
--- app.py
from flask import Flask
app = Flask(__name__)
app.config["SECRET_KEY"] = "not a secret"
"""


def test_nothing_to_find_is_a_and_unknown():
    report = audited("--- app.py\nfrom flask import Flask\napp = Flask(__name__)\n")
    assert (report.grade.letter, report.tls_status, report.findings) == ("A", "UNKNOWN", ())
    assert report.target_kind == "source"


def test_a_directory_that_is_none_is_said():
    with pytest.raises(TargetError):
        audit("/nowhere/at/all")


@pytest.mark.parametrize(
    ("comment", "is_obeyed"),
    [
        ("# plainwire: ignore[secret-in-files] a test key", True),
        ("# plainwire: ignore[secret-hardcoded] by its kind", True),
        ("# plainwire: ignore[secret-in-files, plain-link] two", True),
        ("# plainwire: ignore[secret-in-files]", False),
        ("# plainwire: ignore[plain-link] another", False),
        ("# ignore[secret-in-files] no", False),
    ],
)
def test_a_suppression_stands_in_the_line_and_gives_a_reason(comment, is_obeyed):
    beside = audited(PLAIN.replace('secret"\n', f'secret"  {comment}\n'))
    above = audited(PLAIN.replace("app.config", f"{comment}\napp.config"))
    for report in (beside, above):
        finding = next(f for f in report.findings if f.id == "secret-in-files")
        assert bool(finding.suppressed) is is_obeyed
        assert (report.grade.letter == "A") is is_obeyed


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("deployment/nginx.conf", "# {}\nserver {{\n  listen 80;\n  location / {{ proxy_pass http://127.0.0.1:1; }}\n}}"),
        ("templates/a.html", '{{# {} #}}\n<a href="http://python.org">x</a>'),
        ("templates/b.html", '<!-- {} -->\n<a href="http://python.org">x</a>'),
        ("static/a.js", '// {}\nfetch("http://python.org/x");'),
        ("Dockerfile", "FROM python\n# {}\nRUN curl -k https://python.org/x | sh"),
    ],
)  # fmt: skip
def test_a_suppression_in_every_comment_syntax(path, text):
    words = "plainwire: ignore[*] known"
    report = audited(f"{PLAIN}\n--- {path}\n{text.format(words)}\n")
    mine = [f for f in report.findings if f.locations[0].path == path]
    aside = [f for f in mine if f.suppressed]
    if path.endswith(".conf"):
        assert mine  # the finding stands at the listen line, not at the comment
    else:
        assert aside and aside == mine and aside[0].suppressed.reason == "known"


def test_a_fingerprint_stays_when_lines_move_and_differs_for_equal_lines():
    one = audited(PLAIN).findings[0].fingerprint
    moved = audited(PLAIN.replace("from flask", "\n\n# more\nfrom flask")).findings[0].fingerprint
    assert one == moved
    text = '--- a.js\nfetch("http://python.org/x");\nfetch("http://python.org/x");\n'
    marks = [f.fingerprint for f in audited(text).findings]
    assert len(marks) == 2 == len(set(marks))


def test_the_grade_is_of_one_environment():
    text = """
--- app.py
from flask import Flask
app = Flask(__name__)
--- Dockerfile
FROM python:3.12
CMD ["flask", "run", "--debug", "--host", "0.0.0.0"]
--- compose.dev.yaml
services:
  web:
    build: .
    ports: ["5000:5000"]
"""
    production, development = audited(text), audited(text, environment="development")
    kinds = [f.kind for f in production.findings if f.environment == "development"]
    assert kinds == ["debug-exposed"]
    assert production.grade.score > development.grade.score or production.tls_status != "PASS"
    assert development.tls_status == "FAIL"


def test_a_rule_that_crashes_is_no_pass():
    from dataclasses import replace

    from plainwire import catalog

    def broken(project):
        raise ZeroDivisionError("oops")
        yield

    rule = replace(catalog.load_rules()[0], run=broken)
    report = audited(PLAIN, rule)
    assert report.unanswered[0].reason == "the rule crashed: ZeroDivisionError: oops"
    assert report.grade.is_upper_bound


class Unassembled(LocalProject):
    """A project whose deployments cannot be put together."""

    @property
    def _assembled(self):
        raise ZeroDivisionError("oops")


def test_a_deployment_that_cannot_be_put_together_is_said_and_the_rest_too(tmp_path):
    root = laid_out({**example_files(PLAIN), "broken.py": "def f(:\n"}, tmp_path)
    report = audit(root, project=Unassembled(root))
    (gap,) = [gap for gap in report.unanswered if gap.check == "paths"]
    assert gap.reason == "the deployment could not be put together: ZeroDivisionError: oops"
    assert [skip.path for skip in report.skipped] == ["broken.py"]
    assert (report.tls_status, report.grade.is_upper_bound) == ("UNKNOWN", True)
    assert report.deployments == report.paths == ()


# Outputs -----------------------------------------------------------------------------------

SCHEMA = Path(__file__).parents[1] / "src/plainwire/report/plainwire-report-1.schema.json"
BAD = """
--- app.py
from flask import Flask
app = Flask(__name__)
--- Dockerfile
FROM python:3.12
CMD ["gunicorn", "-b", "0.0.0.0:8000", "app:app"]
--- compose.yaml
services:
  web:
    build: .
    ports: ["80:8000"]
"""


def test_the_json_fits_the_schema_and_holds_the_deployment():
    body = json.loads(render("json", [audited(BAD)]))
    jsonschema.validate(body, json.loads(SCHEMA.read_text()))
    deployment = body["deployment"]
    assert deployment["graded"] == "production"
    assert [p["is_encrypted"] for p in deployment["paths"]] == [False]
    assert deployment["listeners"][0]["program"] == "gunicorn"
    assert body["tls_status"] == "FAIL"
    assert body["findings"][0]["layer"] == "container"


def test_sarif_has_the_hops_as_related_locations():
    from plainwire import catalog

    log = json.loads(render("sarif", [audited(BAD)], checks=catalog.load_rules()))
    schema = Path(__file__).parent / "report/schemas/sarif-2.1.0.json"
    if schema.exists():
        jsonschema.validate(log, json.loads(schema.read_text()))
    result = log["runs"][0]["results"][0]
    at = [p["physicalLocation"]["artifactLocation"]["uri"] for p in result["locations"]]
    assert at == ["compose.yaml"]
    related = result["relatedLocations"]
    assert [p["physicalLocation"]["artifactLocation"]["uri"] for p in related] == [
        "Dockerfile",
        "app.py",
    ]


def test_the_command_line(tmp_path, capsys):
    root = laid_out({"app.py": "from flask import Flask\napp = Flask(__name__)\n"}, tmp_path)
    assert main(["audit", str(root)]) == 0
    assert "Security Score: A" in capsys.readouterr().out
    (root / "app.py").write_text(PLAIN.partition("app.py\n")[2])
    assert main(["audit", str(root)]) == 1
    assert "secret-in-files" in capsys.readouterr().err
    assert main(["audit", str(root), "--fail-on", "none", "--format", "dot"]) == 0
    assert capsys.readouterr().out.startswith("digraph")
    known = tmp_path / "known.json"
    assert main(["audit", str(root), "--baseline", str(known), "--update-baseline"]) == 0
    assert main(["audit", str(root), "--baseline", str(known)]) == 0
    assert main(["audit", str(tmp_path / "none")]) == 2


# Hostile projects --------------------------------------------------------------------------


def test_a_link_that_leads_out_is_named_and_not_followed(tmp_path):
    outside = laid_out({"secret.py": 'SECRET_KEY = "outside"\n'}, tmp_path / "outside")
    root = laid_out({"app.py": "x = 1\n"}, tmp_path / "root")
    (root / "settings.py").symlink_to(outside / "secret.py")
    (root / "inside.py").symlink_to(root / "app.py")
    report = audit(root)
    assert report.findings == ()
    assert [s.path for s in report.skipped] == ["settings.py"]
    assert "leads out" in report.skipped[0].reason


def test_what_is_not_a_file_is_left_alone(tmp_path):
    os.mkfifo(tmp_path / "pipe.py")
    assert audit(tmp_path).findings == ()


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("deep.py", "x = " + "(" * 10_000 + ")" * 10_000),
        ("deep2.py", "x = " + "-" * 10_000 + "1"),
        ("long.py", "x = " + " + ".join(["1"] * 50_000)),
        ("cycle.py", "a = b\nb = a\nSECRET_KEY = a\n"),
        ("self.py", "from self import X as X\nSECRET_KEY = X\n"),
        ("old.py", "print 'hello'\n"),
        ("docker-compose.yml", "a: &a [x, x]\n" + "".join(
            f"b{i}: &b{i} [*{'a' if not i else f'b{i - 1}'}, *{'a' if not i else f'b{i - 1}'}]\n" for i in range(60)
        ) + "services: *b59\n"),
        ("compose.yaml", "services:\n" + "  " + "{a: " * 3_000 + "}" * 3_000),
        ("compose.yaml", "services: &s\n  web: *s\n"),
        ("compose.yaml", "services: " + "[" * 40_000 + "]" * 40_000),
        ("compose.yaml", "services: \n  web:\n    " + "- " * 60_000),
        ("compose.yaml", "services: " + "[a: " * 40_000),
        ("compose.yaml", "services:\n  web:\n    ports: 1\n    environment: [1, {a: b}]\n    command: {}\n    build: []\n"),
        ("nginx.conf", "server {" * 5_000 + "listen 80; proxy_pass http://x;"),
        ("nginx.conf", "server { listen 80; include nginx.conf; location / { proxy_pass http://a; } }"),
        ("Dockerfile", "FROM a\nRUN <<EOF\nnever ends\n"),
        ("Dockerfile", "FROM\nCMD [\nENV\nCOPY\nEXPOSE x\nENTRYPOINT"),
        ("boot.sh", "f() { f; }\nf\n./boot.sh\n"),
        ("Procfile", "web: ./boot.sh\n"),
        ("Dockerfile", "FROM a\nENV RUN=''\nCMD $RUN\n"),
        ("Dockerfile", "FROM a\nCMD sh -c '$RUN'\nENV RUN=\n"),
        ("Procfile", "web: PORT= $PORT\n"),
        ("k8s.yaml", "apiVersion: v1\nkind: Service\nspec: [1]\n---\nkind: Ingress\napiVersion: 1\nspec: x\n"),
        ("page.html", "<script " * 20_000 + "src=http://"),
        ("page.html", "<a href='http://" + "a" * 300_000),
        ("bin.py", "\0\0\0"),
        ("env/.env", "A\n=\nB==\n'=\"\n"),
    ],
)  # fmt: skip
def test_a_hostile_file_is_survived(path, text):
    report = audited("--- app.py\nfrom flask import Flask\napp = Flask(__name__)\n")
    assert report.unanswered == ()
    files = f"--- app.py\nfrom flask import Flask\napp = Flask(__name__)\n--- {path}\n{text}\n"
    if path == "Procfile":
        files += "--- boot.sh\n#!/bin/sh\nexec ./boot.sh\n"
    assert audited(files).unanswered == ()


@pytest.mark.parametrize("text", ["[" * 2_000 + "]" * 2_000, "- " * 2_000 + "x"])
def test_deep_yaml_is_left_before_the_fast_loader_overflows_the_stack(text):
    report = audited(f"{PLAIN}--- compose.yaml\n{text}\n")
    assert [s.reason for s in report.skipped] == ["nested deeper than 500"]


def test_a_module_that_starts_a_server_many_times_is_followed_once(monkeypatch):
    asked = []
    made_by = Modules.made_by
    monkeypatch.setattr(Modules, "made_by", lambda *given: asked.append(1) or made_by(*given))
    audited(f"{PLAIN}--- many.py\n" + "app.run(host='0.0.0.0')\n" * 300)
    assert len(asked) < 100  # 300 calls, each looked through for each of 300 starts, were 90,000


def test_a_file_that_cannot_be_parsed_is_said_and_the_rest_is_read():
    text = PLAIN + "--- old.py\nprint 'x'\n"
    report = audited(text)
    assert [s.path for s in report.skipped] == ["old.py"]
    assert "Python 2" in report.skipped[0].reason
    assert any(f.id == "secret-in-files" for f in report.findings)


def test_an_application_that_cannot_be_parsed_is_no_pass():
    tls = (
        "--- nginx.conf\nserver { listen 443 ssl; ssl_certificate a; ssl_certificate_key b;"
        " ssl_protocols TLSv1.2 TLSv1.3; add_header Strict-Transport-Security max-age=63072000;"
        " location / { proxy_pass http://127.0.0.1:8000; } }\n"
        "server { listen 80; return 301 https://$host$request_uri; }\n"
    )
    broken = "from flask import Flask\napp = Flask(__name__)\nprint 'started'\n"
    report = audited(f"{tls}--- app.py\n{broken}")
    assert [(u.question, u.reason) for u in report.unanswered] == [
        ("app.py:3", "not parsed: Python 2")
    ]
    assert report.grade is not None and report.grade.is_upper_bound
    assert report.tls_status != "PASS"
    assert next(c for c in report.categories if c.id == "encryption").status != "pass"
    elsewhere = audited(f"{PLAIN}--- tests/app.py\n{broken}--- old.py\nprint 'x'\n")
    assert not elsewhere.unanswered


def test_tests_docs_and_vendored_code_are_quiet():
    for folder in ("tests", "docs", "migrations", "vendor", "node_modules"):
        text = f'--- {folder}/settings.py\nSECRET_KEY = "something"\n' + (
            "--- app.py\nfrom flask import Flask\napp = Flask(__name__)\n"
        )
        assert audited(text).findings == (), folder


def test_template_code_of_a_project_generator_is_masked():
    text = """
--- {{cookiecutter.name}}/app.py
from flask import Flask
from {{cookiecutter.name}} import views
app = Flask(__name__)
app.secret_key = "known to all"
"""
    report = audited(text)
    assert [f.id for f in report.findings if f.severity >= Severity.HIGH] == ["secret-in-files"]


@pytest.mark.parametrize(
    ("line", "secret"),
    [
        ('SECRET_KEY = "correct horse battery"', "correct horse battery"),
        ("SECRET_KEY = os.environ.get('SECRET_KEY') or 'correct horse'", "correct horse"),
        (
            "app.config['SECRET_KEY'] = os.environ.get('SECRET_KEY', 'correct horse')",
            "correct horse",
        ),
        ("app.secret_key = b'correct horse'", "correct horse"),
        ("user.password = 'horse1'", "horse1"),
        ("POSTGRES_PASSWORD=correcthorse", "correcthorse"),
        ("- SECRET_KEY=correcthorse", "correcthorse"),
        ("ENV SECRET_KEY correcthorse", "correcthorse"),
        ("SECRET_KEY: correct-horse", "correct-horse"),
        ('SECRET_KEY: "correct-horse"', "correct-horse"),
        ("DATABASE_URL=postgresql://me:correcthorse@db.shop.net/x", "correcthorse"),
    ],
)
def test_a_line_is_shown_without_its_secret(line, secret):
    from plainwire.model import masked_line

    assert secret not in masked_line(line)
    assert masked_line(line).partition("=")[0][:6] == line.partition("=")[0][:6]


@pytest.mark.parametrize(
    "line",
    [
        "def get_token():",
        "token = jwt.decode(auth_token, key)",
        'SECRET_KEY = os.environ["SECRET_KEY"]',
        "SECRET_KEY=${SECRET_KEY}",
        "listen 80;",
        'x = "http://example.com/a"',
    ],
)
def test_a_line_without_a_secret_is_shown_as_it_is(line):
    from plainwire.model import masked_line

    assert masked_line(line) == line


def test_no_output_holds_a_secret_that_was_found():
    text = """
--- app.py
from flask import Flask
app = Flask(__name__)
app.secret_key = "correct horse battery staple"
--- .env
DATABASE_URL=postgresql://me:tr0ub4dor-and-3@db.shop.net/x
DB_PASSWORD=tr0ub4dor-and-3
--- compose.yaml
services:
  web:
    build: .
    command: gunicorn -b :8000 app:app
    ports: ["80:8000"]
    environment:
      JWT_SECRET_KEY: tr0ub4dor-and-3
secrets:
  db: {file: ./db_password.txt}
--- db_password.txt
tr0ub4dor-and-3
--- Dockerfile
FROM python:3.12
"""
    report = audited(text)
    assert len([f for f in report.findings if f.kind == "secret-hardcoded"]) == 4
    for name in ("text", "json", "jsonl", "sarif", "junit", "markdown", "github", "dot", "svg"):
        shown = render(name, [report])
        assert "correct horse" not in shown and "tr0ub4dor" not in shown, name
