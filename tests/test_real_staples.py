"""Staples as nginx and `openssl s_server` send them, seen and judged by the whole probe."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from certificates import issue, ocsp_response
from plainwire.tls import probe
from servers import nginx, s_server

NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)
ROOT = issue("Test Root", ca=True)
ISSUING = issue("Test Issuing CA", ca=True, by=ROOT)
LEAF = issue("localhost", "127.0.0.1", by=ISSUING, must_staple=True)
FRESH = (NOW - DAY, NOW + DAY)

CASES = [
    pytest.param(("good", *FRESH), ("good", None), set(), id="good"),
    pytest.param(("revoked", *FRESH), ("revoked", None), {"revoked"}, id="revoked"),
    pytest.param(("good", NOW - 9 * DAY, NOW - 2 * DAY), ("good", "stale"), set(), id="stale"),
    pytest.param(("unknown", *FRESH), ("unknown", None), set(), id="unknown"),
    pytest.param(None, None, {"must_staple_missing"}, id="none"),
]


def staple_of(told, folder):
    if told is None:
        return None
    status, starts, ends = told
    path = folder / "response.der"
    path.write_bytes(ocsp_response(LEAF, status, this_update=starts, next_update=ends))
    return path


def seen(port):
    found = probe(f"localhost:{port}", address="127.0.0.1", stores={"ca-file": (ROOT.der,)})
    with_sni = [chain for chain in found.certificates if chain.asked_with["sni"]]
    assert {chain.chain[0].subject for chain in with_sni} == {"CN=localhost"}
    (chain,) = with_sni
    return chain


def judged(chain):
    return chain.staple and (chain.staple.status, chain.staple.problem)


@pytest.mark.slow
@pytest.mark.server("nginx")
@pytest.mark.parametrize("protocols", ["TLSv1.2", "TLSv1.3"])
@pytest.mark.parametrize(("told", "staple", "problems"), CASES)
def test_the_staple_of_nginx(told, staple, problems, protocols, pem_files, tmp_path):
    tmp_path.chmod(0o755)
    path = staple_of(told, tmp_path)
    extra = f"ssl_stapling on; ssl_stapling_file {path};" if path else ""
    with nginx(pem_files(LEAF), protocols=protocols, extra=extra) as server:
        chain = seen(server.https_port)
    assert (judged(chain), set(chain.problems)) == (staple, problems)
    assert ("revoked" in chain.problems_checked) == (staple in [("good", None), ("revoked", None)])


@pytest.mark.slow
@pytest.mark.server("openssl")
@pytest.mark.parametrize(("told", "staple", "problems"), CASES)
def test_the_staple_of_openssl(told, staple, problems, pem_files, tmp_path):
    path = staple_of(told, tmp_path)
    options = ("-status_file", str(path)) if path else ()
    with s_server(pem_files(LEAF), options) as server:
        chain = seen(server.https_port)
    assert (judged(chain), set(chain.problems)) == (staple, problems)
