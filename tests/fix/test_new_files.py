"""Files written on request: the real servers take them, an audit finds nothing in them."""

import ast
import subprocess

import pytest
import trustme
import yaml

from auditing import audited, laid_out
from fix.samples import PROJECTS
from plainwire.fix import disk
from plainwire.fix.new_files import KINDS, new_files
from plainwire.fix.new_files.facts import Versions
from plainwire.model import TargetError, UsageError
from servers.apache import MODULES
from servers.process import required

VERSIONS = {"nginx": "1.22.1", "apache": "2.4.65", "caddy": "2.6.2", "haproxy": "2.6.12"}
SOURCE = {k: v for k, v in PROJECTS["plain-gunicorn"].items() if k != "compose.yaml"}
SOCKET = SOURCE | {
    "Dockerfile": SOURCE["Dockerfile"].replace("0.0.0.0:8000", "unix:/run/shop/shop.sock")
}


def made(kind, folder, files=SOURCE):
    root = laid_out(files, folder)
    return new_files(root, [(kind, Versions(VERSIONS.get(kind, "1.28.0")))])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("files", [SOURCE, SOCKET], ids=["port", "socket"])
def test_an_audit_finds_nothing_in_a_new_file(kind, files, tmp_path):
    new = made(kind, tmp_path, files)
    assert new.texts and not new.findings
    disk.create(tmp_path, new.texts)
    with pytest.raises(UsageError, match="overwrites nothing"):
        made(kind, tmp_path, files)


def test_a_flaw_in_a_new_file_would_be_found(tmp_path, monkeypatch):
    from plainwire.fix.new_files import proxies

    monkeypatch.setattr(proxies, "OTHERS", ("X-Forwarded-Proto",))  # cleared after it is set
    proxy = proxies._nginx
    flawed = {"nginx": lambda known, tls: proxy(known, tls).replace("return 403", "root /srv")}
    monkeypatch.setattr(proxies, "_WRITERS", flawed)
    assert {f.id for f in made("nginx", tmp_path).findings} >= {"proxy-without-tls"}


TALISMAN = "from flask_talisman import Talisman\nTalisman(app{})\n"
EXTENSION = "from flask_plainwire import TLS\nTLS(app)\n"


@pytest.mark.parametrize(
    ("more", "is_sent"),
    [
        ("", True),
        (TALISMAN.format(""), False),
        (TALISMAN.format(", strict_transport_security=False"), True),
        (EXTENSION, False),
        (f'{EXTENSION}app.config["TLS_HSTS_MAX_AGE"] = 0\n', True),
        ("from flask import Flask\nif app.debug:\n    " + EXTENSION.replace("\n", ";", 1), True),
    ],
)
def test_a_proxy_sends_hsts_where_the_application_does_not(more, is_sent, tmp_path):
    files = SOURCE | {"app.py": SOURCE["app.py"] + more}
    text = made("nginx", tmp_path, files).texts["deployment/nginx.conf"]
    assert ("Strict-Transport-Security" in text) is is_sent


def test_what_the_proxy_sends_is_for_the_application_behind_it(tmp_path):
    """Another application, which nothing starts, sends HSTS itself."""
    other = "from flask import Flask\napp = Flask(__name__)\n" + EXTENSION
    files = {f"shop/{path}": text for path, text in SOURCE.items()}
    files |= {"admin/requirements.txt": "flask\n", "admin/admin.py": other}
    text = made("nginx", tmp_path, files).texts["deployment/nginx.conf"]
    assert "Strict-Transport-Security" in text


def test_none_is_written_if_one_is_there(tmp_path):
    laid_out({"b": "mine"}, tmp_path)
    with pytest.raises(TargetError, match="b; nothing was written"):
        disk.create(tmp_path, {"a": "new", "b": "new"})
    assert [p.name for p in tmp_path.iterdir()] == ["b"]
    (tmp_path / "out").symlink_to("/tmp", target_is_directory=True)
    with pytest.raises(TargetError, match="outside"):
        disk.create(tmp_path, {"a": "new", "out/plainwire-not-there": "new"})
    assert not (tmp_path / "a").exists()


# The real servers ------------------------------------------------------------------------------


def checked(*command):
    done = subprocess.run(
        [str(word) for word in command], capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


def placed(text, folder):
    """The text with a certificate of ours where it names one."""
    issued = trustme.CA().issue_cert("example.com")
    issued.private_key_and_cert_chain_pem.write_to_path(str(folder / "pair.pem"))
    for name in ("letsencrypt/live/example.com/fullchain", "letsencrypt/live/example.com/privkey"):
        text = text.replace(f"/etc/{name}.pem", str(folder / "pair.pem"))
    return text.replace("/etc/haproxy/certs/example.com.pem", str(folder / "pair.pem"))


def taken(kind, text, folder):
    """What a server's own check of its configuration says."""
    text, file = placed(text, folder), folder / "new.conf"
    if kind == "nginx":
        head = f"pid {folder}/pid; error_log stderr;\nevents {{}}\nhttp {{\naccess_log off;\n"
        file.write_text(f"{head}{text}}}\n")
        return checked(required("nginx"), "-t", "-p", folder, "-c", file)
    if kind == "apache":
        names = ("mpm_event", "authz_core", "alias", "headers", "proxy", "proxy_http", "ssl")
        loads = [f"LoadModule {name}_module {MODULES}/mod_{name}.so" for name in names]
        head = [f"ServerRoot {folder}", f"PidFile {folder}/pid", f"DefaultRuntimeDir {folder}"]
        file.write_text("\n".join((*head, "ErrorLog /dev/stderr", *loads, text)))
        return checked(required("apache"), "-t", "-f", file)
    file.write_text(text)
    if kind == "haproxy":
        return checked(required("haproxy"), "-c", "-f", file)
    words = ("--config", file, "--adapter", "caddyfile")
    return checked(required("caddy"), "validate", *words)


@pytest.mark.parametrize("files", [SOURCE, SOCKET], ids=["port", "socket"])
@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=pytest.mark.server(kind)) for kind in VERSIONS]
)
def test_the_server_takes_its_new_file(kind, files, tmp_path):
    ((_, text),) = made(kind, tmp_path, files).texts.items()
    code, said = taken(kind, text, tmp_path)
    assert code == 0, said
    assert ("/run/shop/shop.sock" in text) is (files is SOCKET)
    assert taken(kind, text.replace("TLS", "SLT"), tmp_path)[0] != 0


def test_the_other_new_files_are_what_they_should_be(tmp_path):
    text = made("gunicorn", tmp_path).texts["gunicorn.conf.py"]
    settings = {}
    exec(compile(ast.parse(text), "gunicorn.conf.py", "exec"), settings)
    assert settings["secure_scheme_headers"] == {"X-FORWARDED-PROTO": "https"}
    assert settings["wsgi_app"] == "app:app" and "*" not in settings["forwarded_allow_ips"]
    texts = made("compose", tmp_path).texts
    services = yaml.safe_load(texts["compose.yaml"])["services"]
    assert "ports" not in services["web"] and services["proxy"]["image"] == "nginx:1.28"
    assert "proxy_pass http://web:8000;" in texts["deployment/nginx.conf"]
    (workflow,) = made("workflow", tmp_path).texts.values()
    job = yaml.safe_load(workflow)
    assert job["permissions"] == {"contents": "read"} and len(job["jobs"]) == 1


# A port that only refuses ------------------------------------------------------------------------

REFUSING = """
--- app.py
from flask import Flask
app = Flask(__name__)
--- deployment/nginx.conf
server {{
  listen 80;
  {plain}
}}
server {{
  listen 443 ssl;
  ssl_protocols TLSv1.2 TLSv1.3;
  add_header Strict-Transport-Security "max-age=31536000" always;
  location / {{ proxy_pass http://127.0.0.1:8000; proxy_set_header X-Forwarded-Proto $scheme; }}
}}
"""


@pytest.mark.parametrize(
    ("plain", "is_flaw"),
    [
        ("return 403;", False),
        ("location / { return 403; }", False),
        ("return 200;", True),
        ("location /a { return 403; } location / { proxy_pass http://127.0.0.1:8000; }", True),
        ("location / { return 403; } location /a { proxy_pass http://127.0.0.1:8000; }", True),
    ],
)
def test_a_port_that_refuses_everything_serves_nothing(plain, is_flaw):
    found = {f.id for f in audited(REFUSING.format(plain=plain)).findings}
    assert ("proxy-without-tls" in found) is is_flaw
