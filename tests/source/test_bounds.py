"""Files made to hurt: what reading them costs grows as they do, and one of them spoils no other."""

import json
import os
import re
import socket
import sys
from importlib import import_module
from pkgutil import walk_packages

import pytest

import plainwire
from auditing import audited, laid_out
from plainwire import report
from plainwire.audit import audit
from plainwire.model import SourceFile
from plainwire.source.deploy import apache, envfile, hcl, nginx, words
from plainwire.source.python.module import parse
from plainwire.source.python.serving import servers


def steps(function):
    """How many lines of Python a call executes."""
    count = 0

    def trace(frame, event, argument):
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        function()
    finally:
        sys.settrace(before)
    return count


def passes(many):
    pools = "".join(f"upstream u{n} {{ server a:1; }}\n" for n in range(many))
    places = "".join(f"location /{n} {{ proxy_pass http://u{n}; }}\n" for n in range(many))
    return f"{pools}server {{ listen 80;\n{places}}}\n"


def roots(many):
    return "server { listen 80;\n" + "location ~ / { return 200; }\n" * many + "}\n"


@pytest.mark.parametrize("text_of", [passes, roots])
def test_nginx_with_many_locations(text_of):
    cost = [
        steps(lambda n=n: nginx.sites(SourceFile("a.conf", "nginx", "production", text_of(n))))
        for n in (100, 200)
    ]
    assert cost[1] < 2.5 * cost[0]


def test_many_names_that_are_run():
    def cost(many):
        lines = "".join(f"app{n} = Flask(__name__)\n" for n in range(many)) + "app.run(port=1)\n"
        text = lines + "app.run(port=1)\n" * many
        module = parse(SourceFile("a.py", "python", "production", text), "a")
        return steps(lambda: list(servers(module)))

    assert cost(200) < 2.5 * cost(100)


def test_more_servers_than_are_followed_are_said():
    many = "from flask import Flask\napp = Flask(__name__)\n" + "app.run(host='0.0.0.0')\n" * 201
    (skip,) = audited(f"--- app.py\n{many}").skipped
    assert (skip.path, skip.reason) == ("app.py", "starts more than 200 servers")


def test_a_word_as_long_as_a_file_is_cut_before_it_is_split():
    """What `shlex` costs grows with the square of a word's length."""

    def cost(length):
        text = f"<VirtualHost *:80>\nProxyPass / {'<' * length}\n</VirtualHost>\n"
        file = SourceFile("a.conf", "apache", "production", text)
        return steps(lambda: apache.sites(file))

    assert cost(80_000) < 1.1 * cost(40_000)


def test_a_files_lines_are_one_value():
    """Each finding looks at them: copies would cost the square of their number."""
    file = SourceFile("app.py", "python", "production", "a\n" * 3)
    assert file.lines is file.lines


def test_a_file_with_more_words_than_a_tree_has_room_for_is_said(monkeypatch):
    text = "from flask import Flask\napp = Flask(__name__)\n" + "a,\n" * 250_000
    found = audited(f"--- app.py\n{text}")
    (skip,) = found.skipped
    assert (skip.path, skip.reason) == ("app.py", "not parsed: more than 500000 words and signs")
    assert found.grade.is_upper_bound


APP = "--- app.py\nfrom flask import Flask\nimport requests\napp = Flask(__name__)\n"
FOUND = "requests.get('https://a.example.com', verify=False)\n"
DIGITS = "9" * 5000  # more than `int` takes
WITH_DIGITS = {
    "Python": f"app.run(port='{DIGITS}')\napp.config['A'] = 0x{DIGITS}\napp.run(port=0x{DIGITS})\n",
    "waitress": f"from waitress import serve\nserve(app, listen='0.0.0.0:{DIGITS}')\n",
    "nginx": f"--- nginx.conf\nserver {{ listen {DIGITS}; location / {{ proxy_pass http://a:{DIGITS}; }} }}\n",
    "Apache": f"--- a.conf\n<VirtualHost *:{DIGITS}>\nProxyPass / http://a:{DIGITS}/\n</VirtualHost>\n",
    "HAProxy": f"--- haproxy.cfg\nfrontend f\n bind :{DIGITS}\n default_backend b\nbackend b\n server a a:{DIGITS}\n",
    "Caddy": f"--- Caddyfile\na.com:{DIGITS} {{\n reverse_proxy a:{DIGITS}\n}}\n",
    "Docker": f"--- Dockerfile\nFROM a\nEXPOSE {DIGITS}\nCMD flask run --host 0.0.0.0 --port {DIGITS}\n",
    "gunicorn": f"--- Procfile\nweb: gunicorn -b 0.0.0.0:{DIGITS} app:app\n",
    "uWSGI": f"--- a.ini\n[uwsgi]\nhttp=0.0.0.0:{DIGITS}\nmodule=app:app\n",
    "Compose": f"--- compose.yaml\nservices:\n  web:\n    build: .\n    ports: ['{DIGITS}:{DIGITS}']\n    labels: ['traefik.http.services.a.loadbalancer.server.port={DIGITS}']\n",
    "Kubernetes": f"--- k.yaml\napiVersion: v1\nkind: Service\nmetadata: {{name: a}}\nspec: {{ports: [{{port: '{DIGITS}'}}]}}\n",
    "Terraform": f"--- a.tf\nresource \"aws_lb_listener\" \"a\" {{\n port = {DIGITS}\n protocol = \"HTTP\"\n}}\n",
    "Terraform's word": '--- a.tf\nresource "aws_lb_listener" "a" {\n port = "http"\n protocol = "HTTP"\n}\n',
    "Istio": f"--- i.yaml\napiVersion: networking.istio.io/v1\nkind: Gateway\nmetadata: {{name: a}}\nspec: {{servers: [{{port: {{number: 80, protocol: HTTP}}, hosts: [a]}}]}}\n---\napiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {{name: a}}\nspec: {{gateways: [a], hosts: [a], http: [{{route: [{{destination: {{host: a, port: {{number: '{DIGITS}'}}}}}}]}}]}}\n",
    "Traefik": f"--- traefik.yml\nentryPoints:\n  web:\n    address: ':{DIGITS}'\n",
}  # fmt: skip


@pytest.mark.parametrize("kind", WITH_DIGITS)
def test_a_number_of_any_length_keeps_nothing_else_from_being_seen(kind):
    found = audited(APP + FOUND + WITH_DIGITS[kind])
    assert not found.unanswered
    assert len(found.skipped) == (kind.startswith("Terraform"))  # its port is said not to be known
    assert "peer-not-verified" in {finding.id for finding in found.findings}
    json.loads(report.render("json", [found]))


def test_no_pattern_begins_at_every_line_with_white_space_of_any_lines():
    """It would be tried from every one of many blank lines to their end."""
    modules = [
        import_module(info.name)
        for package in ("source", "rules", "deployment")
        for info in walk_packages([f"{plainwire.__path__[0]}/{package}"], f"plainwire.{package}.")
    ]
    patterns = {
        f"{module.__name__}.{name}": value
        for module in modules
        for name, value in vars(module).items()
        if isinstance(value, re.Pattern) and value.flags & re.MULTILINE
    }
    assert len(patterns) > 20
    assert not [name for name, one in patterns.items() if re.search(r"\^\\s[*+]", one.pattern)]


def test_what_is_no_regular_file_and_no_text_is_said_and_not_opened(tmp_path):
    """Opening a pipe would wait for its writer."""
    laid_out({"app.py": "from flask import Flask\napp = Flask(__name__)\n"}, tmp_path)
    os.mkfifo(tmp_path / "compose.yaml")
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(os.path.relpath(tmp_path / "run.py"))
    (tmp_path / "nginx.conf").write_bytes(b"server { listen 80; }\0")
    (tmp_path / "settings.py").write_bytes(b"DEBUG = True\0\n")
    (tmp_path / "picture.dat").write_bytes(b"\0")
    assert {skip.path: skip.reason for skip in audit(tmp_path).skipped} == {
        "compose.yaml": "a pipe, socket or device, which is not read",
        "nginx.conf": "not text: it has a byte of zero",
        "run.py": "a pipe, socket or device, which is not read",
        "settings.py": "not text: it has a byte of zero",
    }


WITHOUT_END = {
    "functions of a shell": "--- Procfile\nweb: sh run.sh\n--- run.sh\n"
    + "".join(f"f{n}() {{\n" + f"f{n + 1}\n" * 60 + "}\n" for n in range(12))
    + "f0\n",
    "scripts of package.json": "--- Procfile\nweb: npm run s0\n--- package.json\n"
    + json.dumps(
        {"scripts": {f"s{n}": f"npm run s{n + 1} && npm run s{n + 1}" for n in range(60)}}
    ),
}


@pytest.mark.parametrize("kind", WITHOUT_END)
def test_commands_that_lead_to_others_twice_come_to_an_end(kind):
    text = f"{APP}{FOUND}{WITHOUT_END[kind]}\n"
    assert "peer-not-verified" in {finding.id for finding in audited(text).findings}


LONG = 200_000  # the square of it takes longer than a test may


def case_of(spaces):
    line = f"case{spaces}a{spaces}b"
    return list(words.chosen([(line, 1)], None)) == [(line, 1)]


def variable_of(spaces):
    (setting,) = envfile.read(SourceFile(".env", "env", "production", f"A=b{spaces}c\n"))
    return setting.value == f"b{spaces}c"


def string_of(spaces):
    return list(hcl.load('a = "' + '\\"' * len(spaces)).attributes) == ["a"]


def host_of(spaces):
    text = f"<VirtualHost{spaces}\nProxyPass / http://a/\n"
    (site,) = apache.sites(SourceFile("a.conf", "apache", "production", text))
    return [listen.port for listen in site.listens] == [80]


def comment_of(spaces):
    return list(hcl.load("b = 1\n" + "/* " * len(spaces)).attributes) == ["b"]


def text_of(spaces):
    return list(hcl.load("b = 1\n" + "a = <<E\n" * (len(spaces) // 2)).attributes) == ["b", "a"]


HOLDS = [case_of, variable_of, string_of, host_of, comment_of, text_of]


@pytest.mark.parametrize("holds", HOLDS)
def test_lines_made_of_what_a_pattern_tries_again_and_again(holds):
    assert holds(" " * LONG)


@pytest.mark.parametrize(
    "line",
    [
        "import hashlib\nhashlib.md5(NAME)\n",
        "def NAME():\n    return 'a b'\n",
        "f(NAME=1)\n",
        "class A:\n    def f(self, NAME): self.NAME = 1\n",
        "from a import b as NAME\n",
    ],
)
def test_a_name_longer_than_any_is_said_and_a_long_string_is_none(line):
    """What rules look for in a name may cost the square of its length."""
    found = audited(APP + line.replace("NAME", "_" * LONG))
    (skip,) = found.skipped
    assert skip.reason == "not parsed: a name of more than 200 characters"
    assert found.grade.is_upper_bound
    assert not audited(APP + line.replace("NAME", "a") + f"A = '{'f' * LONG}'\n").skipped


def test_a_case_is_followed_into_the_branch_that_is_taken():
    lines = ['case "$1"  in', "start)", "a", ";;", "stop)", "b", ";;", "esac", "c"]
    numbered = [(text, line) for line, text in enumerate(lines, 1)]
    assert [text for text, _ in words.chosen(numbered, "start")] == ["a", "c"]


def test_an_app_json_longer_than_any_is_said():
    text = json.dumps({"env": {f"A{number}": "b" for number in range(20_000)}}, indent=0)
    (skip,) = audited(f"--- app.json\n{text}\n").skipped
    assert (skip.path, skip.reason) == ("app.json", "more than 100000 characters")
