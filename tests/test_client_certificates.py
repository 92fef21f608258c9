"""Client certificates before a real server that asks for them: what it says of each connection."""

import asyncio
import json

import pytest
from cryptography.hazmat.primitives import serialization

from certificates import issue
from plainwire.cli import main
from plainwire.live import dial
from plainwire.live.credentials import ClientCertificate, Credentials
from plainwire.live.settings import Settings
from plainwire.live.site import LiveSite
from plainwire.model import Exchange, Refused, Request, TargetError, Unanswered
from plainwire.wire import denials
from plainwire.wire.target import parse_target
from servers.gunicorn import APPLICATION, gunicorn
from servers.nginx import nginx

pytestmark = pytest.mark.server("nginx")

# What nginx made of the certificate of a connection, in every answer: SUCCESS, NONE, FAILED.
ASKING = """
        ssl_client_certificate @{ca};
        ssl_verify_client %s;
        add_header X-Verified $ssl_client_verify always;
"""


@pytest.fixture
def files(tmp_path):
    root = issue("Root", ca=True)
    ann = issue("ann", by=root, eku=["clientAuth"])
    (tmp_path / "ca.pem").write_text(root.pem)
    (tmp_path / "ann.pem").write_text(ann.chain_pem)
    (tmp_path / "ann.key").write_text(ann.key_pem)
    (tmp_path / "both.pem").write_text(ann.chain_pem + ann.key_pem)
    secret = serialization.BestAvailableEncryption(b"not told")
    form = serialization.PrivateFormat.PKCS8
    kept = ann.key.private_bytes(serialization.Encoding.PEM, form, secret)
    (tmp_path / "locked.key").write_bytes(kept)
    return root, tmp_path


def scanned(files, pem_files, *words, mode="on"):
    """The report, and what nginx said of every connection to the named port and to another."""
    root, folder = files
    asking = (ASKING % mode).replace("@{ca}", str(folder / "ca.pem"))
    own, other = (
        pem_files(issue("localhost", "127.0.0.1", by=root)),
        asking.replace("on;", "optional;", 1),
    )
    with nginx(https=own, extra=asking) as named, nginx(https=own, extra=other) as further:
        url = f"https://127.0.0.1:{named.https_port}/"
        output = [
            "--format",
            f"json:{folder / 'r.json'}",
            "-q",
            "--exit-zero",
            "--allow-incomplete",
        ]
        record = ["--trace", str(folder / "t.har"), "--https-port", str(further.https_port)]
        code = main(["scan", url, "--ca", str(folder / "ca.pem"), *record, *output, *words])
        ports = {named.https_port: set(), further.https_port: set()}
        for entry in json.loads((folder / "t.har").read_text())["log"]["entries"]:
            said = [
                line["value"]
                for line in entry.get("response", {}).get("headers", ())
                if line["name"].lower() == "x-verified"
            ]
            for port, seen in ports.items():
                if f":{port}/" in entry.get("request", {}).get("url", ""):
                    seen.update(said)
    report = json.loads((folder / "r.json").read_text())
    return code, report, ports[named.https_port], ports[further.https_port]


@pytest.mark.parametrize("mode", ["on", "optional"])
@pytest.mark.parametrize("words", [("both.pem",), ("ann.pem", "ann.key")])
def test_a_certificate_is_shown_to_the_named_origin_and_to_no_other(files, pem_files, mode, words):
    paths = [str(files[1] / word) for word in words]
    names = ("--client-cert", "--client-key")
    options = [word for pair in zip(names, paths, strict=False) for word in pair]
    code, report, named, further = scanned(files, pem_files, *options, mode=mode)
    assert code == 0
    assert "SUCCESS" in named
    assert further == {"NONE"}, "another port is another origin"
    assert report["coverage"]["exercised"] == 1


def test_without_one_nothing_is_shown(files, pem_files):
    _, report, named, further = scanned(files, pem_files)
    assert named == further == {"NONE"}
    assert not [f for f in report["findings"] if f["category"] == "authentication"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--client-cert", "ann.pem", "--client-key", "locked.key"), "its key needs a password"),
        (("--client-cert", "none.pem"), "No such file"),
        (("--client-cert", "ann.pem"), "not a certificate with its key"),
        (("--client-cert", "ann.key", "--client-key", "ann.key"), "not a certificate with its key"),
        (("--client-key", "ann.key"), "without --client-cert"),
    ],
)
def test_one_that_cannot_be_used_is_refused_before_anything_is_sent(
    files, words, said, capsys, monkeypatch
):
    monkeypatch.chdir(files[1])
    code = main(["scan", "https://127.0.0.1:9/", *words])
    assert code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line and "PRIVATE" not in line


def test_an_identity_with_a_locked_key_is_refused(files, capsys, monkeypatch):
    monkeypatch.chdir(files[1])
    table = '[identity.ann]\ncertificate = "ann.pem"\nkey = "locked.key"\n'
    (files[1] / "plainwire.toml").write_text(table)
    assert main(["scan", "https://127.0.0.1:9/", "--as", "ann"]) == 2
    assert "its key needs a password" in capsys.readouterr().err


ORDERS = """\
from flask import Flask, request

app = Flask(__name__)
ORDERS = {"71": {"id": 71, "user_id": "ann"}, "803": {"id": 803, "user_id": "bob"}}


def user():
    subject = request.environ["gunicorn.socket"].getpeercert()["subject"]
    return next(value for part in subject for key, value in part if key == "commonName")


@app.get("/openapi.json")
def openapi():
    one = {"get": {"parameters": [{"name": "id", "in": "path"}]}}
    return {"openapi": "3.0.0", "paths": {"/orders": {"get": {}}, "/orders/{id}": one}}


@app.get("/orders")
def orders():
    return {"orders": [o for o in ORDERS.values() if o["user_id"] == user()]}


@app.get("/orders/<id>")
def order(id):
    found = ORDERS.get(id)
    if found is None or (@{checks_owner} and found["user_id"] != user()):
        return {"error": "no such order"}, 404
    return found
"""
CONFIGURATION = """\
import ssl


def ssl_context(config, default):
    context = default()
    context.maximum_version = ssl.TLSVersion.%s
    return context
"""


def scanned_at_gunicorn(files, pem_files, *words, application=ORDERS, version="TLSv1_3"):
    """Code, report and outcomes of a server that wants a certificate in the handshake."""
    root, folder = files
    own = pem_files(issue("localhost", "127.0.0.1", by=root))
    (folder / "gunicorn.conf.py").write_text(CONFIGURATION % version)
    options = ("--ca-certs", str(folder / "ca.pem"), "--cert-reqs", "2")
    options += ("--config", str(folder / "gunicorn.conf.py"))
    with gunicorn(https=own, options=options, application=application) as server:
        target = (f"https://127.0.0.1:{server.https_port}/", "--ca", str(folder / "ca.pem"))
        code = main(["scan", *target, *words, "-q", "--format", f"json:{folder / 'r.json'}"])
    report = json.loads((folder / "r.json").read_text())
    return code, report, {each["id"]: each["status"] for each in report["categories"]}


def test_a_refusal_of_who_shows_none_silences_no_server(files, pem_files):
    """gunicorn refuses in the handshake of TLS 1.3: at once, and for every question of nobody."""
    code, report, ended = scanned_at_gunicorn(files, pem_files, application=APPLICATION)
    reasons = {gap["reason"] for gap in report["unanswered"]}
    assert any("certificate required" in reason for reason in reasons)
    assert not [reason for reason in reasons if "questions before it" in reason]
    assert code == 4, "without one, nothing was seen"
    assert ended["rate-limiting"] != "findings"


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
@pytest.mark.parametrize("checks_owner", [True, False])
def test_a_refusal_in_the_handshake_is_the_answer_for_nobody(
    files, pem_files, monkeypatch, version, checks_owner
):
    """TLS 1.2 has no alert of its own for it (RFC 5246, section 7.2.2), TLS 1.3 has."""
    root, folder = files
    bob = issue("bob", by=root, eku=["clientAuth"])
    (folder / "bob.pem").write_text(bob.chain_pem + bob.key_pem)
    (folder / "plainwire.toml").write_text(
        "".join(
            f'[identity.{name}]\ncertificate = "{file}"\n'
            for name, file in (("ann", "both.pem"), ("bob", "bob.pem"))
        )
    )
    monkeypatch.chdir(folder)
    code, report, ended = scanned_at_gunicorn(
        files,
        pem_files,
        *("--as", "ann", "--as", "bob", "--fail-on", "high"),
        application=ORDERS.replace("@{checks_owner}", str(checks_owner)),
        version=version,
    )
    assert report["unanswered"] == []
    assert ended["bola"] == ("pass" if checks_owner else "findings")
    found = {each["id"] for each in report["findings"] if each["category"] == "bola"}
    assert found == (set() if checks_owner else {"object-of-another-user-readable"})
    assert code == (0 if checks_owner else 1)


@pytest.mark.parametrize(
    ("error", "is_let_in", "is_refused"),
    [
        (dial.CertificateWantedError("certificate required"), True, True),
        (dial.HandshakeRefusedError("alert handshake failure"), True, True),
        (dial.HandshakeRefusedError("alert handshake failure"), False, False),
        (TargetError("no complete answer within 5 s"), True, False),
        (ConnectionResetError("connection reset"), True, False),
    ],
)
def test_only_an_alert_about_the_certificate_is_a_refusal(files, error, is_let_in, is_refused):
    """A server that closes, is silent or fails for everybody has refused nobody."""
    target, _ = parse_target("https://127.0.0.1/")

    async def send(request):
        if request.identity == "given" and is_let_in:
            return Exchange(request, 200, (), b"{}")
        raise error

    shown = Credentials((), target.https[0], ClientCertificate(files[1] / "both.pem"))

    async def asked():
        async with LiveSite(target, Settings(), credentials=shown, send=send) as site:
            request = Request(target.https[0], "GET", "/orders", identity=None)
            return await site.ask(request), site.notes

    answer, notes = asyncio.run(asked())
    assert isinstance(answer, Refused if is_refused else Unanswered)
    assert denials.is_denied(answer) is is_refused
    assert bool(notes.unanswered) is not is_refused
