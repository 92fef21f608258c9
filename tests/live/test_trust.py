"""The stores. The truth is what certifi and Python's own `ssl` hold."""

from __future__ import annotations

import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from certificates import issue
from plainwire.live import trust
from plainwire.model import UsageError

ROOT, OTHER = issue("Root", ca=True), issue("Other Root", ca=True)


@pytest.fixture
def fresh_system() -> Iterator[None]:
    trust.system.cache_clear()
    yield
    trust.system.cache_clear()


def test_mozillas_roots_are_those_of_certifi() -> None:
    import certifi

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(certifi.where())
    held = context.get_ca_certs(binary_form=True)
    assert len(held) > 100
    trust.mozilla.cache_clear()  # another test read the file, and who runs a machine may add to it
    assert set(trust.stores(None)["mozilla"]) == set(held)


def test_without_a_file_there_is_no_store_of_the_users() -> None:
    assert set(trust.stores(None)) == {"mozilla", "system"}


@pytest.mark.usefixtures("fresh_system")
def test_the_systems_store_is_what_the_environment_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # OpenSSL's SSL_CERT_FILE and SSL_CERT_DIR; in the directory only hashed names count.
    folder = tmp_path / "certs"
    folder.mkdir()
    (tmp_path / "bundle.pem").write_text(ROOT.pem)
    (folder / "0a1b2c3d.0").write_text(OTHER.pem)
    (folder / "0a1b2c3d.1").write_text(ROOT.pem)
    (folder / "0a1b2c3d.2").mkdir()
    (folder / "not-hashed.pem").write_text(issue("Unseen", ca=True).pem)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "bundle.pem"))
    monkeypatch.setenv("SSL_CERT_DIR", str(folder))
    assert trust.stores(None)["system"] == (ROOT.der, OTHER.der)


@pytest.mark.usefixtures("fresh_system")
def test_a_system_without_a_store_has_an_empty_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "absent.pem"))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "absent"))
    assert trust.system() == ()


@pytest.mark.parametrize(
    "content",
    [
        (ROOT.pem + OTHER.pem).encode(),
        f"a comment: Müller\n{ROOT.pem}{ROOT.key_pem}{OTHER.pem}{ROOT.pem}".encode("latin-1"),
        (ROOT.pem + OTHER.pem).replace("\n", "\r\n").encode(),
        (ROOT.pem + OTHER.pem).replace("BEGIN C", "BEGIN X509 C").replace("END C", "END X509 C"),
    ],
    ids=["bundle", "with comments, a key and a repetition", "CRLF", "old label"],
)
def test_a_bundle_is_read_each_certificate_once(tmp_path: Path, content: bytes | str) -> None:
    path = tmp_path / "ca.pem"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    assert trust.stores(path)["ca-file"] == (ROOT.der, OTHER.der)


def test_a_der_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "ca.der"
    path.write_bytes(ROOT.der)
    assert trust.stores(path)["ca-file"] == (ROOT.der,)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no certificate in"),
        (b"hello", "no certificate in"),
        (ROOT.key_pem.encode(), "but a private key"),
        (ROOT.der[:-1], "no certificate in"),
        (ROOT.pem.replace("END", "EN").encode(), "no certificate in"),
        (b"-----BEGIN CERTIFICATE-----\nAAAA=\n-----END CERTIFICATE-----\n", "no certificate in"),
        (b"-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n", "no certificate"),
    ],
)
def test_a_file_without_a_certificate_is_refused(
    tmp_path: Path, content: bytes, message: str
) -> None:
    path = tmp_path / "ca.pem"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=message) as caught:
        trust.stores(path)
    assert str(path) in str(caught.value)


def test_a_file_that_cannot_be_read_is_refused_with_the_reason(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"absent\.pem: No such file"):
        trust.stores(tmp_path / "absent.pem")
    with pytest.raises(UsageError, match="Is a directory"):
        trust.stores(tmp_path)
    huge = tmp_path / "huge.pem"
    with huge.open("wb") as file:
        file.truncate(trust.MAX_BYTES + 1)
    with pytest.raises(UsageError, match="larger than 16 MiB"):
        trust.stores(huge)


def test_loading_the_stores_does_not_load_cryptography() -> None:
    code = (
        "import sys; from plainwire.live import trust; assert 'certifi' not in sys.modules;"
        "trust.stores(None); assert 'certifi' in sys.modules;"
        "assert 'cryptography' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
