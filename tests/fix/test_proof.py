"""Five sample projects are proved, and what only looks like a proof is not taken for one.

The stacks are real: gunicorn, nginx, the application. What is expected of them is what their own
configurations say.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

import pytest

from auditing import laid_out
from fix.proof_samples import (
    APP,
    DOCKERFILE,
    GUNICORN,
    HEADERS,
    PROXY_FIX,
    PUBLISHED,
    SAMPLES,
    SECURE_COOKIE,
    app,
)
from plainwire.fix.proof import prove, rendered, to_json
from plainwire.fix.proof.tree import Source, patch

pytestmark = [pytest.mark.server("nginx"), pytest.mark.slow, pytest.mark.timeout(400)]
PYTHON = Path(sys.executable)


def proved(before, after, folder, **options):
    """The proof of two trees that are given as files."""
    trees = laid_out(before, folder / "before"), laid_out(after, folder / "after")
    return prove(*trees, confirm=lambda _: True, python=PYTHON, **options)


def failing(proof, which="before"):
    """The required cases that fail."""
    return {
        r.case.id
        for d in proof.deployments
        for r in d.cases
        if r.case.is_required and getattr(r, which).state == "fail"
    }


def digest(files):
    """What ``sha256sum *`` and then ``sha256sum`` say of files that are in no folder."""
    lines = (f"{hashlib.sha256(files[p].encode()).hexdigest()}  {p}\n" for p in sorted(files))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_fails_before_and_passes_after(name, tmp_path):
    sample = SAMPLES[name]
    proof = proved(sample.before, sample.after, tmp_path)
    assert proof.verdict == "proved", rendered(proof)
    assert sample.fails <= failing(proof)
    # Besides, only what else is asked of a port that serves in clear: by HEAD, with forged headers.
    ports = {case.split(":")[1] for case in sample.fails if case.endswith(":get")}
    rest = {case for case in failing(proof) - sample.fails if case.split(":")[1] not in ports}
    assert rest == set()
    assert failing(proof, "after") == set()
    assert sample.told in rendered(proof)
    (one,) = proof.deployments
    assert len(one.routes) == 4 and {r.judgement.state for r in one.routes} == {"pass"}
    assert one.left == ("GET /reset: changes state by its name: reset",)
    found = to_json(proof)
    (kept,) = found["deployments"]
    assert kept["stacks"]["after"]["stands_for"] == list(sample.stands_for)
    programs = {p.words[0].rpartition("/")[2] for p in one.after.processes} & {"nginx", "gunicorn"}
    assert {"python", "flask", *programs} <= set(kept["runs"]["after"]["versions"])
    # The digests can be made again.
    assert found["sha256"]["tree_before"] == digest(sample.before)
    assert found["sha256"]["tree_after"] == digest(sample.after)
    text = json.dumps(found["transcript"], sort_keys=True, separators=(",", ":"))
    assert found["sha256"]["transcript"] == hashlib.sha256(text.encode()).hexdigest()


MAIN = """\
events {{}}
http {{
    proxy_set_header Host $host;
    proxy_set_header X-Forwarded-For $remote_addr;
    {}
    include /etc/nginx/conf.d/*.conf;
}}
"""


def test_what_the_main_file_sets_for_every_server_is_in_force(tmp_path):
    """A location without a header of its own has those of http (nginx, ngx_http_proxy_module)."""
    bare = {path: text for path, text in HEADERS.before.items() if path != "nginx.conf"}
    bare["nginx/conf.d/shop.conf"] = HEADERS.before["nginx.conf"].replace(
        "        proxy_set_header Host $host;\n", ""
    )
    mounts = "./nginx/conf.d:/etc/nginx/conf.d:ro\n      - ./nginx/nginx.conf:/etc/nginx/nginx.conf"
    compose = bare["compose.yaml"]
    bare["compose.yaml"] = compose.replace("./nginx.conf:/etc/nginx/conf.d/default.conf:ro", mounts)
    assert bare["compose.yaml"] != compose
    said = MAIN.format("proxy_set_header X-Forwarded-Proto $scheme;")
    before, after = (bare | {"nginx/nginx.conf": t} for t in (MAIN.format(""), said))
    proof = proved(before, after, tmp_path)
    assert proof.verdict == "proved", rendered(proof)
    assert "https:scheme-kept" in failing(proof)


@pytest.mark.server("uwsgi")
def test_uwsgi_is_started_with_the_environments_modules(tmp_path):
    """A distribution's has Python in a plugin that the project, made for pip's, does not name."""
    ini = "[uwsgi]\nmodule = app:app\nmaster = true\nsocket = 0.0.0.0:8000\ndie-on-term = true\n"
    passes = "        include uwsgi_params;\n        uwsgi_pass web:8000;\n"
    nginx = HEADERS.before["nginx.conf"].replace(
        "        proxy_pass http://web:8000;\n        proxy_set_header Host $host;\n", passes
    )
    assert passes in nginx
    docker = DOCKERFILE.replace(
        '"gunicorn", "--bind", "0.0.0.0:8000", "app:app"', '"uwsgi", "--ini", "uwsgi.ini"'
    )
    files = {**HEADERS.before, "uwsgi.ini": ini, "nginx.conf": nginx, "Dockerfile": docker}
    before, after = (files | {"app.py": text} for text in (APP, app(SECURE_COOKIE)))
    proof = proved(before, after, tmp_path)
    assert proof.verdict == "proved", rendered(proof)
    assert failing(proof) == {"https:cookies-secure"}


def test_a_patch_that_does_nothing_is_no_proof(tmp_path):
    proof = proved(HEADERS.after, HEADERS.after, tmp_path)
    assert proof.verdict == "incomplete" and not proof.is_spoilt
    (reason,) = proof.deployments[0].reasons
    assert reason.startswith("the unpatched tree passes as well")


def test_a_patch_that_leaves_the_flaw_is_no_proof(tmp_path):
    proof = proved(PUBLISHED.before, {**PUBLISHED.before, "README": "now secure"}, tmp_path)
    assert proof.verdict == "refuted"
    assert {"clear:8000:get", "spoof:8000:xfp-https"} <= failing(proof, "after")


@pytest.mark.parametrize(
    "changes",
    [
        {
            ('@app.get("/orders/")', '@app.get("/order")'): "GET /orders/: status 200 became 405",
            ("httponly=True)", "path='/x')"): "GET /theme: the cookie theme lost httponly, path=/",
        },
        {
            ('"total": 12', '"total": 13'): "GET /orders/: the body differs from line 1 on",
            ('make_response(jsonify(theme="dark"))', "make_response('dark')"):
            "GET /theme: content-type was 'application/json', is 'text/html; charset=utf-8'",
        },
    ],
    ids=["status-and-cookie", "body-and-type"],
)  # fmt: skip
def test_a_patch_that_breaks_a_route_is_caught(changes, tmp_path):
    broken = {**GUNICORN.after, "app.py": app(*changes)}
    proof = proved(GUNICORN.before, broken, tmp_path)
    assert proof.verdict == "refuted"
    assert set(changes.values()) <= set(proof.deployments[0].reasons)


def test_a_server_block_of_another_name_that_serves_in_clear_is_seen(tmp_path):
    more = HEADERS.after["nginx.conf"] + (
        "server { listen 80; server_name admin.example.org; location / { "
        "proxy_pass http://web:8000; proxy_set_header Host $host; } }\n"
        "server { listen 80; server_name www.example.org; "
        "return 301 https://shop.example.org$request_uri; }\n"
    )
    proof = proved(HEADERS.before, {**HEADERS.after, "nginx.conf": more}, tmp_path)
    assert proof.verdict == "refuted"
    assert failing(proof, "after") == {"clear:80:as:admin.example.org"}


def test_a_patch_after_which_nothing_starts_is_caught(tmp_path):
    broken = {**GUNICORN.after, "app.py": APP + "raise ValueError('not like this')\n"}
    proof = proved(GUNICORN.before, broken, tmp_path)
    assert proof.verdict == "refuted"
    (reason,) = proof.deployments[0].reasons
    assert reason == (
        "after: web: gunicorn does not start: ended with 3: ValueError: not like this"
    )


def test_a_patch_after_which_no_application_is_left_is_caught(tmp_path):
    broken = {**GUNICORN.after, "app.py": "def broken(:\n"}
    proof = proved(GUNICORN.before, broken, tmp_path)
    assert proof.verdict == "refuted"
    gone = "after: compose.yaml describes no deployment of an application"
    assert proof.deployments[0].reasons == (gone,)


def test_a_configuration_that_nginx_refuses_is_caught(tmp_path):
    text = HEADERS.after["nginx.conf"].replace("$scheme", "$no_such_variable")
    proof = proved(HEADERS.before, {**HEADERS.after, "nginx.conf": text}, tmp_path)
    assert proof.verdict == "refuted"
    (reason,) = proof.deployments[0].reasons
    assert 'unknown "no_such_variable" variable' in reason


OUTSIDE = """
import socket
import threading


def call():
    for host, port in (("203.0.113.9", 443), ("telemetry.example.com", 80), ("127.0.0.1", 5432)):
        try:
            socket.create_connection((host, port), 3).close()
        except OSError as error:
            print(host, error)


call()
"""


def test_what_an_application_asks_of_the_outside_is_stopped_and_said(tmp_path):
    files = {**GUNICORN.before, "app.py": APP + OUTSIDE}
    proof = proved(files, {**GUNICORN.after, "app.py": app() + OUTSIDE}, tmp_path)
    attempts = proof.deployments[0].runs[0].attempts
    assert "tried to connect to 203.0.113.9 port 443, outside: stopped" in attempts
    assert (
        "looked up the name telemetry.example.com, which is not part of what was started"
        in attempts
    )
    nobody = "tried to connect to 127.0.0.1 port 5432 (PostgreSQL), where nothing listens"
    assert nobody in attempts
    log = proof.deployments[0].runs[0].logs["web: gunicorn"]
    assert "203.0.113.9 [Errno 111] Connection refused" in log
    assert "before: it tried to connect to 203.0.113.9" in rendered(proof)


def test_a_missing_module_is_named(tmp_path):
    files = {**GUNICORN.before, "app.py": "import flask_sqlalchemy_that_is_not\n" + APP}
    proof = proved(files, GUNICORN.after, tmp_path)
    assert proof.verdict == "incomplete"
    assert (
        "before: web: gunicorn does not start: the Python module flask_sqlalchemy_that_is_not "
        "is missing in --python's environment" in proof.deployments[0].reasons
    )


def test_a_dependency_that_a_patch_adds_and_nobody_installed_refutes_nothing(tmp_path):
    needs = {**GUNICORN.after, "app.py": "import flask_added_by_the_patch\n" + app(SECURE_COOKIE)}
    proof = proved(GUNICORN.before, needs, tmp_path)
    assert proof.verdict == "incomplete" and not proof.is_spoilt
    assert "flask_added_by_the_patch is missing in --python's" in proof.deployments[0].reasons[0]


def test_a_missing_variable_is_named_and_given_by_a_file_alone(tmp_path):
    needs = "import os\nKEY = os.environ['SHOP_KEY']\n"
    before = {**GUNICORN.before, "app.py": needs + APP, ".env": "SHOP_KEY=from-the-project\n"}
    after = {**GUNICORN.after, "app.py": needs + app(), ".env": "SHOP_KEY=from-the-project\n"}
    proof = proved(before, after, tmp_path / "without")
    assert proof.verdict == "incomplete"
    assert "the variable SHOP_KEY is not set: give it by --env-file" in rendered(proof)
    given = tmp_path / "given.env"
    given.write_text("SHOP_KEY=hunter2-hunter2\n")
    shown = "\n\n@app.get('/key')\ndef key():\n    return 'given', 200, {'X-Key': KEY}\n"
    before["app.py"], after["app.py"] = before["app.py"] + shown, after["app.py"] + shown
    proof = proved(before, after, tmp_path / "with", env_file=given)
    assert {r.judgement.state for r in proof.deployments[0].routes} == {"pass"}
    answers = proof.deployments[0].runs[0].seen.answers.values()
    assert any(a.header("x-key") == "hunter2-hunter2" for a in answers)
    assert "hunter2" not in json.dumps(to_json(proof)) and "hunter2" not in rendered(proof)


def test_the_tree_runs_without_its_environment_files(tmp_path):
    """Neither python-dotenv nor Flask nor the shell's variables lead to the project's secrets."""
    code = (
        "import os, pathlib\n"
        "FOUND = sorted(p.name for p in pathlib.Path('.').iterdir()), sorted(os.environ)\n"
    )
    shown = "\n\n@app.get('/found')\ndef found():\n    return jsonify(FOUND)\n"
    more = {".env": "A=1\n", "prod.env": "B=1\n", ".env.local": "C=1\n", "data.txt": "kept\n"}
    before = {**GUNICORN.before, **more, "app.py": code + APP + shown}
    after = {**GUNICORN.after, **more, "app.py": code + app() + shown}
    (one,) = proved(before, after, tmp_path).deployments
    n = [r.path for r in one.routes].index("/found")
    names, variables = json.loads(one.runs[0].seen.answer(f"route:clear-8000:{n}:first").body)
    assert "data.txt" in names and not {".env", "prod.env", ".env.local"} & set(names)
    known = {"PATH", "HOME", "TMPDIR", "LANG", "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE"}
    known |= {"FLASK_SKIP_DOTENV", "PYTHON_DOTENV_DISABLED", "SERVER_SOFTWARE", "LC_CTYPE"}
    assert set(variables) <= known


def test_writing_stays_on_the_memory_disk(tmp_path):
    mark = tmp_path / "mark"
    code = (
        "import pathlib\n"
        f"for place in ({str(mark)!r}, {str(Path.home() / 'plainwire-mark')!r}):\n"
        "    try:\n        pathlib.Path(place).write_text('x')\n"
        "    except OSError as error:\n        print('kept back', error)\n"
    )
    files = {**GUNICORN.before, "app.py": code + APP}
    (one,) = proved(files, {**GUNICORN.after, "app.py": code + app()}, tmp_path).deployments
    assert "kept back" in one.runs[0].logs["web: gunicorn"]
    assert not mark.exists() and not (Path.home() / "plainwire-mark").exists()


def test_the_projects_tests_count(tmp_path):
    tests = {"check.py": "import sys, app\nsys.exit('total' not in open('app.py').read())\n"}
    command = f"{sys.executable} check.py"
    good = proved(
        GUNICORN.before | tests, GUNICORN.after | tests, tmp_path / "good", test_command=command
    )
    assert good.verdict == "proved"
    assert [run.tests["exit"] for run in good.deployments[0].runs] == [0, 0]
    worse = {**GUNICORN.after, **tests, "check.py": "raise SystemExit(3)\n"}
    bad = proved(GUNICORN.before | tests, worse, tmp_path / "bad", test_command=command)
    assert bad.deployments[0].reasons == ("the project's own tests fail after the patch: exit 3",)


HAPROXY = """\
global
    log /dev/log local0
    user haproxy
    group haproxy
    daemon
defaults
    mode http
    timeout connect 5s
    timeout client 30s
    timeout server 30s
frontend front
    bind *:80
    bind *:443 ssl crt /etc/haproxy/certs/site.pem ssl-min-ver TLSv1.2
    http-request redirect scheme https code 308 unless { ssl_fc }
    default_backend web
backend web
    server web web:8000 check
"""
PROXIED = """\
services:
  web:
    build: .
    environment:
      FORWARDED_ALLOW_IPS: "172.16.0.0/12"
  edge:
    image: IMAGE
    volumes: ["./MOUNT"]
    ports: ["80:80", "443:443"]
"""
TELLING = "    http-request set-header X-Forwarded-Proto https if { ssl_fc }\n"
CADDY = """\
{
    email admin@example.org
}
shop.example.org {
    reverse_proxy web:8000 {
        header_up X-Forwarded-Proto http
    }
}
"""
APACHE = """\
<VirtualHost *:80>
    ServerName shop.example.org
    Redirect 308 / https://shop.example.org/
</VirtualHost>
<VirtualHost *:443>
    ServerName shop.example.org
    SSLEngine on
    SSLProtocol -all +TLSv1.2 +TLSv1.3
    SSLCertificateFile /etc/letsencrypt/live/shop/fullchain.pem
    SSLCertificateKeyFile /etc/letsencrypt/live/shop/privkey.pem
    ProxyPreserveHost On
    ProxyPass / http://web:8000/
    ErrorLog ${APACHE_LOG_DIR}/error.log
</VirtualHost>
"""


@pytest.mark.parametrize(
    ("image", "mount", "text", "old", "new"),
    [
        pytest.param(
            "haproxy", "haproxy.cfg:/usr/local/etc/haproxy/haproxy.cfg", HAPROXY,
            "    default_backend web\n", f"{TELLING}    default_backend web\n",
            marks=pytest.mark.server("haproxy"), id="haproxy",
        ),
        pytest.param(
            "caddy", "Caddyfile:/etc/caddy/Caddyfile", CADDY,
            "        header_up X-Forwarded-Proto http\n", "",
            marks=pytest.mark.server("caddy"), id="caddy",
        ),
        pytest.param(
            "httpd", "site.conf:/usr/local/apache2/conf/extra/site.conf", APACHE,
            "    ProxyPreserveHost On\n",
            "    ProxyPreserveHost On\n    RequestHeader set X-Forwarded-Proto https\n",
            marks=pytest.mark.server("apache"), id="apache",
        ),
    ],
)  # fmt: skip
def test_other_proxies_are_started_from_their_own_files(image, mount, text, old, new, tmp_path):
    name = mount.partition(":")[0]
    files = {
        "app.py": app(PROXY_FIX, SECURE_COOKIE),
        "Dockerfile": DOCKERFILE,
        "compose.yaml": PROXIED.replace("IMAGE", image).replace("MOUNT", mount),
        name: text,
    }
    assert old in text
    proof = proved(files, {**files, name: text.replace(old, new)}, tmp_path)
    assert proof.verdict == "proved", rendered(proof)
    assert failing(proof) == {"https:scheme-kept"}
    program = {"httpd": "apache"}.get(image, image)
    assert proof.deployments[0].after.processes[1].label == f"edge: {program}"


def test_with_the_machines_network_ports_are_free_ones(tmp_path):
    """What listens on a port of this machine is not in the way, and not asked."""
    proof = proved(PUBLISHED.before, PUBLISHED.after, tmp_path, allows_network=True)
    assert proof.verdict == "proved", rendered(proof)
    assert PUBLISHED.fails <= failing(proof)
    entrances = proof.deployments[0].before.entrances
    assert {e.number for e in entrances} == {80, 443, 8000}
    assert not {e.port for e in entrances} & {80, 443, 8000}
    assert {e.address for e in entrances} == {"127.0.0.1"}
    assert "this machine's network" in proof.isolation


def test_a_proxy_on_another_machine_is_not_trusted_by_accident(tmp_path):
    """gunicorn believes X-Forwarded-Proto from 127.0.0.1 alone, unless it is told otherwise."""
    trusting = {**HEADERS.after, "app.py": app(SECURE_COOKIE)}
    untold = trusting["compose.yaml"].replace(
        '    environment:\n      FORWARDED_ALLOW_IPS: "172.16.0.0/12"\n', ""
    )
    assert untold != trusting["compose.yaml"]
    proof = proved({**trusting, "compose.yaml": untold}, trusting, tmp_path)
    assert proof.verdict == "proved", rendered(proof)
    assert failing(proof) == {"https:scheme-kept"}


def test_changes_by_themselves_are_a_tree_too(tmp_path):
    """As a patch that is not applied yet gives them; nothing is written to the project."""
    before = laid_out(HEADERS.before, tmp_path / "before")
    changed = {"nginx.conf": HEADERS.after["nginx.conf"].encode(), ".env": b"A=1\n"}
    proof = prove(before, changed, confirm=lambda _: True, python=PYTHON)
    assert proof.verdict == "proved", rendered(proof)
    assert proof.tree_after == digest(HEADERS.after)
    whole = patch(Source(before), Source(laid_out(HEADERS.after, tmp_path / "after")))
    assert proof.patch == hashlib.sha256(whole).hexdigest()
    assert sorted(p.name for p in before.iterdir()) == sorted(HEADERS.before)
    assert (before / "nginx.conf").read_text() == HEADERS.before["nginx.conf"]


def test_two_that_listen_on_every_address_are_not_taken_for_each_other(tmp_path):
    """Containers keep them apart, one network does not; the first would answer for both."""
    run = '\n\nif __name__ == "__main__":\n    app.run("0.0.0.0", 5000)\n'
    files = {
        "app.py": APP + run,
        "Dockerfile": 'FROM python\nWORKDIR /srv\nCOPY . /srv\nCMD ["python", "app.py"]\n',
        "compose.yaml": "services:\n  one:\n    build: .\n    ports: ['5001:5000']\n"
        "  two:\n    build: .\n    ports: ['5002:5000']\n",
    }
    proof = proved(files, GUNICORN.after, tmp_path)
    assert proof.verdict == "incomplete"
    said = "two: app.run does not start: another part of the stack listens at 172.31.250.3:5000"
    assert f"before: {said} already" in proof.deployments[0].reasons


@pytest.mark.parametrize(
    "command",
    [
        '"flask", "--app", "app", "run", "--host", "0.0.0.0", "--port", "8000"',
        '"waitress-serve", "--listen=0.0.0.0:8000", "--trusted-proxy=*", '
        '"--trusted-proxy-headers=x-forwarded-proto", "app:app"',
    ],
    ids=["flask-run", "waitress"],
)
def test_other_servers_are_started_by_their_own_command(command, tmp_path):
    dockerfile = DOCKERFILE.replace('"gunicorn", "--bind", "0.0.0.0:8000", "app:app"', command)
    assert dockerfile != DOCKERFILE
    before, after = ({**t, "Dockerfile": dockerfile} for t in (PUBLISHED.before, PUBLISHED.after))
    proof = proved(before, after, tmp_path)
    assert proof.verdict == "proved", rendered(proof)
    assert PUBLISHED.fails <= failing(proof)
