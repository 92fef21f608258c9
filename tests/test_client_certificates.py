"""Client certificates before a real server that asks for them: what it says of each connection."""

import json

import pytest
from cryptography.hazmat.primitives import serialization

from certificates import issue
from plainwire.cli import main
from servers.gunicorn import gunicorn
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


@pytest.mark.parametrize("is_shown", [True, False])
def test_a_refusal_of_who_shows_none_silences_no_server(files, pem_files, is_shown):
    """gunicorn refuses in the handshake of TLS 1.3: at once, and for every question of nobody."""
    root, folder = files
    own = pem_files(issue("localhost", "127.0.0.1", by=root))
    options = ("--ca-certs", str(folder / "ca.pem"), "--cert-reqs", "2")
    shown = ("--client-cert", str(folder / "both.pem")) if is_shown else ()
    with gunicorn(https=own, options=options) as server:
        words = (f"https://127.0.0.1:{server.https_port}/", "--ca", str(folder / "ca.pem"), *shown)
        code = main(["scan", *words, "-q", "--format", f"json:{folder / 'r.json'}"])
    report = json.loads((folder / "r.json").read_text())
    reasons = {gap["reason"] for gap in report["unanswered"]}
    assert any("certificate required" in reason for reason in reasons)
    assert not [reason for reason in reasons if "questions before it" in reason]
    assert code == 4, "what nobody could ask is open"
    ended = {each["id"]: each["status"] for each in report["categories"]}
    assert (ended["rate-limiting"] == "findings") == is_shown
