"""`plainwire tls`, as it is called: targets, outputs, exit codes, Ctrl-C, many, resumed."""

import json
import signal
import socket
import ssl

import pytest

import servers
from certificates import issue, key_sharing_a_prime, rsa_key
from cli.process import PATIENCE_S, started
from plainwire.live import sockets
from probing import listener, tls
from report.test_envelope import CLOSED, CONTRACT
from scanning import NAME

JSON = ("--format", "json")


@pytest.fixture(scope="module")
def nginx(certificate):
    with servers.nginx(certificate) as server:
        yield server


@pytest.fixture
def pinned(certificate):
    return ("--resolve", f"{NAME}:127.0.0.1", "--ca", certificate.ca)


def lines(said):
    return [json.loads(line) for line in said.out.splitlines()]


@pytest.mark.server("nginx")
def test_an_endpoint_in_the_envelope_of_every_command(nginx, pinned, tmp_path):
    said = tls(f"{NAME}:{nginx.https_port}", *pinned, *JSON, cwd=tmp_path)
    assert said.code == 0, said.err
    value = said.report
    assert not list(CONTRACT.iter_errors(value))
    assert not list(CLOSED.iter_errors(value))
    assert value["target"] == {"kind": "endpoint", "value": f"{NAME}:{nginx.https_port}"}
    (endpoint,) = value["tls"]
    assert endpoint["protocols"] | {"SSLv2": False} == {
        "SSLv2": False,
        "SSLv3": False,
        "TLSv1.0": False,
        "TLSv1.1": False,
        "TLSv1.2": True,
        "TLSv1.3": True,
    }
    assert endpoint["certificates"][0]["trusted_by"] == ["ca-file"]
    assert value["tls_status"] == "PASS"
    assert value["connections"] == endpoint["connections"] > 10


@pytest.mark.server("nginx")
def test_every_format_from_one_probe(nginx, pinned, tmp_path):
    names = ("json", "jsonl", "sarif", "junit", "markdown", "github")
    formats = [word for name in names for word in ("--format", f"{name}:{name}.out")]
    said = tls(f"{NAME}:{nginx.https_port}", *pinned, *formats, "--format", "text", cwd=tmp_path)
    assert said.code == 0, said.err
    assert "Versions      TLSv1.3, TLSv1.2; not TLSv1.1" in said.out
    assert "\x1b" not in said.out
    value = json.loads((tmp_path / "json.out").read_text())
    assert json.loads((tmp_path / "jsonl.out").read_text()) == value
    assert json.loads((tmp_path / "sarif.out").read_text())["version"] == "2.1.0"
    assert all((tmp_path / f"{name}.out").exists() for name in names)


def test_ipv6_and_idn_and_a_port_that_is_http_s_and_urls(certificate, tmp_path):
    with listener(certificate.chain, certificate.key, "::1", family=socket.AF_INET6) as (port, _):
        said = tls(f"[::1]:{port}", *JSON, "--exit-zero", cwd=tmp_path)
        assert said.code == 0, said.err
        assert (said.report["tls"][0]["host"], said.report["tls"][0]["address"]) == ("::1", "::1")
        assert "server_name" not in said.report["tls"][0]
        named = tls(
            f"https://bücher.example:{port}/shop",
            "--resolve",
            "xn--bcher-kva.example:::1",
            "--exit-zero",
            *JSON,
            cwd=tmp_path,
        )
    assert named.report["target"]["value"] == f"xn--bcher-kva.example:{port}"
    assert named.report["tls"][0]["server_name"] == "xn--bcher-kva.example"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ((), "no endpoint"),
        (("http://example.com",), "not HOST[:PORT]"),
        (("a@example.com",), "not HOST[:PORT]"),
        (("example.com:99999",), "port"),
        (("exa mple.com",), "not an endpoint"),
        (("h", "--fail-below", "F"), "--fail-below"),
        (("h", "--format", "pdf"), "no format"),
        (("h", "--connections", "0"), "--connections"),
        (("h", "--ca", "missing.pem"), "missing.pem"),
        (("h", "--resolve", "x"), "--resolve"),
        (("h", "--resume", "r", "--baseline", "b", "--update-baseline"), "--resume"),
    ],
)
def test_wrong_words_are_told_in_a_line_with_exit_code_2(options, words, tmp_path):
    said = tls(*options, cwd=tmp_path)
    assert (said.code, said.out) == (2, "")
    assert words in said.err
    assert len(said.err.splitlines()) == 1


def test_nothing_that_listens_is_code_3_and_a_target_beside_one_that_does_is_code_4(
    certificate, tmp_path
):
    dead = "127.0.0.1:1"
    said = tls(dead, *JSON, cwd=tmp_path)
    assert said.code == 3, said.err
    assert said.report["grade"] is None
    with listener(certificate.chain, certificate.key) as (port, _):
        both = tls(dead, f"127.0.0.1:{port}", "--ca", certificate.ca, *JSON, cwd=tmp_path)
    assert both.code == 4, both.err
    assert [one["target"]["value"] for one in json.loads(both.out)] == [dead, f"127.0.0.1:{port}"]


def test_a_pinned_name_is_the_name_of_the_target_however_it_is_spelt(tmp_path):
    for pin, name in [("bücher.test", "BÜCHER.test"), ("xn--bcher-kva.test.", "bücher.test")]:
        said = tls(f"{name}:1", "-q", "--resolve", f"{pin}:127.0.0.1", cwd=tmp_path)
        assert "nobody listens there" in said.err, said.err


def test_where_nobody_listens_one_plain_line_says_so(tmp_path):
    dead = "127.0.0.1:1"
    said = tls(dead, "-q", cwd=tmp_path)
    words = "nobody listens there (connection refused)"
    assert said.err == f"plainwire tls: {dead}: not scanned: {words}\n"
    shown = tls(dead, *JSON, cwd=tmp_path).report
    assert shown["tls_reasons"] == [words]
    assert [gap["reason"] for gap in shown["unanswered"]] == [words]
    assert [gap["reason"] for gap in shown["tls"][0]["inconclusive"]] == [words]
    assert "speaks_tls" not in shown["tls"][0]


def served(leaf, folder):
    """The files of a chain: as served, the key, the root."""
    names = ("served.pem", "key.pem", "root.pem")
    chain, key, root = (folder / name for name in names)
    chain.write_text(leaf.chain_pem)
    key.write_text(leaf.key_pem)
    root.write_text(leaf.path[-1].pem)
    return chain, key, root


def test_a_path_that_openssl_follows_and_we_do_not_is_no_flaw_and_no_pass(tmp_path):
    top = issue("Root", ca=True)
    for number in range(12):
        top = issue(f"CA {number}", ca=True, by=top)
    chain, key, root = served(issue("127.0.0.1", by=top), tmp_path)
    with listener(chain, key) as (port, _):
        context = ssl.create_default_context(cafile=root)
        with socket.create_connection(("127.0.0.1", port)) as raw:
            context.wrap_socket(raw, server_hostname="127.0.0.1").close()  # it verifies
        said = tls(f"127.0.0.1:{port}", "--ca", root, *JSON, cwd=tmp_path)
    assert said.code == 4, said.err
    assert said.report["tls_status"] == "UNKNOWN"
    found = {each["id"] for each in said.report["findings"]}
    assert not found & {"certificate-untrusted", "certificate-chain-incomplete"}
    (gap,) = said.report["tls"][0]["inconclusive"]
    assert gap["question"] == f"127.0.0.1:{port}: does its chain lead to a root?"


def test_a_name_that_an_authority_forbids_is_told_as_that(tmp_path):
    authority = issue("CA", ca=True, by=issue("Root", ca=True), permitted=["10.0.0.0/8"])
    chain, key, root = served(issue("127.0.0.1", by=authority), tmp_path)
    with listener(chain, key) as (port, _):
        said = tls(f"127.0.0.1:{port}", "--ca", root, *JSON, cwd=tmp_path)
    assert not list(CLOSED.iter_errors(said.report))
    (told,) = (f["message"] for f in said.report["findings"] if f["id"] == "certificate-untrusted")
    assert told.endswith(": CN=CA forbids a name below it (nameConstraints)")


def test_the_gate_is_that_of_a_scan(certificate, tmp_path):
    with listener(certificate.chain, certificate.key) as (port, _):
        said = tls(f"127.0.0.1:{port}", *JSON, cwd=tmp_path)  # its CA is not named
        assert said.code == 1
        assert "certificate-chain-incomplete" in said.err
        assert tls(f"127.0.0.1:{port}", "--exit-zero", cwd=tmp_path).code == 0
        baseline = ("--baseline", "known.json")
        made = tls(f"127.0.0.1:{port}", *baseline, "--update-baseline", cwd=tmp_path)
        assert made.code == 0, made.err
        assert tls(f"127.0.0.1:{port}", *baseline, cwd=tmp_path).code == 0
        (tmp_path / "plainwire.toml").write_text(
            '[[suppress]]\nid = "certificate-chain-incomplete"\nreason = "a lab"\n'
        )
        suppressed = tls(f"127.0.0.1:{port}", *JSON, cwd=tmp_path)
    assert suppressed.code == 0, suppressed.err
    assert suppressed.report["findings"][0]["suppressed"] == {"reason": "a lab", "until": None}


def test_targets_come_from_files_and_standard_input_and_bad_lines_are_told(certificate, tmp_path):
    with listener(certificate.chain, certificate.key, "127.0.0.1", "127.0.0.2") as (port, asked):
        (tmp_path / "list").write_text(f"# ours\n127.0.0.1:{port}\n\nexa mple\n")
        said = tls(
            "--targets",
            "list",
            "-",
            "--exit-zero",
            "--format",
            "jsonl",
            cwd=tmp_path,
            stdin=f"127.0.0.2:{port}\n127.0.0.1:{port}\n",
        )
    assert said.code == 4
    assert "line 4" in said.err
    assert sorted(one["target"]["value"] for one in lines(said)) == [
        f"127.0.0.1:{port}",
        f"127.0.0.2:{port}",
    ]
    assert set(asked) == {"127.0.0.1", "127.0.0.2"}


def test_every_address_of_a_name_is_an_endpoint_of_its_own(certificate, tmp_path, monkeypatch):
    with listener(certificate.chain, certificate.key) as (port, _):
        said = tls(f"localhost:{port}", "--all-addresses", "--exit-zero", *JSON, cwd=tmp_path)
    values = json.loads(said.out)
    for one in values if isinstance(values, list) else [values]:
        assert one["target"]["value"] == f"localhost:{port}"
        assert one["notes"] in (["asked at 127.0.0.1"], ["asked at ::1"])


def test_ctrl_c_ends_it_with_130_and_what_is_known(certificate, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as silent:  # accepts, and says nothing
        silent.settimeout(PATIENCE_S)
        place = f"127.0.0.1:{silent.getsockname()[1]}"
        with started("tls", place, "--timeout", "100s", *JSON, cwd=tmp_path) as process:
            connection, _ = silent.accept()
            with connection:
                connection.recv(1)
                process.send_signal(signal.SIGINT)
                out, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130, err
    value = json.loads(out)
    assert not list(CONTRACT.iter_errors(value))
    assert {"check": "tls", "question": "what was not asked yet", "reason": "interrupted"} in value[
        "unanswered"
    ]


def many(number, port):
    return "".join(f"127.0.0.{n}:{port}\n" for n in range(1, number + 1))


def test_a_resumed_run_asks_what_is_left_and_survives_a_broken_last_line(certificate, tmp_path):
    addresses = [f"127.0.0.{n}" for n in range(1, 9)]
    options = ("--targets", "-", "--format", "jsonl:out.jsonl", "--resume", "out.jsonl", "-q")
    with listener(certificate.chain, certificate.key, *addresses) as (port, asked):
        first = tls(*options, "--exit-zero", cwd=tmp_path, stdin=many(4, port))
        assert first.code == 0, first.err
        whole = (tmp_path / "out.jsonl").read_text()
        assert len(whole.splitlines()) == 4
        dropped = json.loads(whole.splitlines()[3])["tls"][0]["address"]
        (tmp_path / "out.jsonl").write_text(whole[: whole.rindex('"tls"')])  # killed while writing
        asked.clear()
        second = tls(*options, cwd=tmp_path, stdin=many(8, port))
    found = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert sorted(one["target"]["value"] for one in found) == [
        f"127.0.0.{n}:{port}" for n in range(1, 9)
    ]
    assert set(asked) == {dropped, *addresses[4:]}
    # What the file holds is judged with the rest: it has findings that fail.
    assert second.code == 1
    assert f"127.0.0.1:{port}: high or worse" in second.err


def test_a_finished_run_that_is_resumed_asks_nothing_and_is_judged_all_the_same(
    certificate, tmp_path
):
    with listener(certificate.chain, certificate.key) as (port, asked):
        assert tls(f"127.0.0.1:{port}", "--format", "jsonl:a", cwd=tmp_path).code == 1
        asked.clear()
        again = tls(f"127.0.0.1:{port}", "--resume", "a", "--format", "jsonl", cwd=tmp_path)
    assert (again.code, again.out, asked) == (1, "", [])
    assert "1 of 1 are in a already" in again.err


SHARED = "certificate-key-predictable"


def shared_with(report):
    """The messages about keys that share a prime with others."""
    return [f["message"] for f in report["findings"] if f["id"] == SHARED]


def test_keys_that_share_a_prime_are_found_in_one_run(pem_files, tmp_path):
    root = issue("Root", ca=True)
    keys = (rsa_key(), key_sharing_a_prime(rsa_key()), rsa_key(which=2))
    one, other, sound = (pem_files(issue(NAME, by=root, key=key)) for key in keys)
    with (
        listener(one.chain, one.key) as (first, _),
        listener(other.chain, other.key) as (second, _),
        listener(sound.chain, sound.key) as (third, _),
    ):
        ports = (first, second, third)
        options = (*JSON, "--format", "jsonl:lines", "--fail-on", "critical", "-q")
        said = tls(*(f"127.0.0.1:{port}" for port in ports), *options, cwd=tmp_path)
        alone = tls(f"127.0.0.1:{first}", *options, cwd=tmp_path)
    assert said.code == 1 and SHARED in said.err and SHARED not in alone.err
    assert not list(CONTRACT.iter_errors(json.loads(said.out)))
    words = f"CN={NAME}: the modulus shares a prime with the key of another endpoint"
    # Where everything is known when it is written, both name the other.
    assert [shared_with(report) for report in json.loads(said.out)] == [
        [f"{words}: 127.0.0.1:{second}"],
        [f"{words}: 127.0.0.1:{first}"],
        [],
    ]
    assert shared_with(alone.report) == []


def test_a_line_names_the_earlier_endpoint_whose_key_shares_a_prime(pem_files, tmp_path):
    root = issue("Root", ca=True)
    keys = (rsa_key(), key_sharing_a_prime(rsa_key()))
    one, other = (pem_files(issue(NAME, by=root, key=key)) for key in keys)
    with (
        listener(one.chain, one.key) as (first, _),
        listener(other.chain, other.key) as (second, _),
    ):
        targets = [f"127.0.0.1:{port}" for port in (first, second)]
        said = tls(*targets, "--format", "jsonl", "--fail-on", "critical", cwd=tmp_path)
    assert said.code == 1
    earlier, later = lines(said)
    assert shared_with(earlier) == []
    (message,) = shared_with(later)
    assert message.endswith(f": {earlier['target']['value']}")


def test_lines_are_printed_as_endpoints_finish(certificate, tmp_path):
    with (
        listener(certificate.chain, certificate.key) as (port, _),
        socket.create_server(("127.0.0.2", 0)) as silent,
    ):
        places = (f"127.0.0.2:{silent.getsockname()[1]}", f"127.0.0.1:{port}")
        options = ("--timeout", "100s", "--format", "jsonl")
        with started("tls", *places, *options, cwd=tmp_path) as process:
            line = process.stdout.readline()
            process.send_signal(signal.SIGINT)
            rest, _ = process.communicate(timeout=PATIENCE_S)
    assert json.loads(line)["target"]["value"] == f"127.0.0.1:{port}"
    assert (process.returncode, rest) == (130, b"")  # the silent one was under way: left out


def test_no_more_connections_are_open_than_the_process_may_have(monkeypatch):
    resource = pytest.importorskip("resource")
    monkeypatch.setattr(resource, "getrlimit", lambda _: (256, 4096))
    assert sockets.most_open() == 192
    monkeypatch.setattr(resource, "getrlimit", lambda _: (resource.RLIM_INFINITY,) * 2)
    assert sockets.most_open() == 2000


@pytest.mark.server("nginx")
def test_a_profile_gates_and_what_is_emitted_for_it_passes(certificate, pinned, tmp_path):
    with servers.nginx(certificate) as server:
        where = f"{NAME}:{server.https_port}"
        before = tls(
            where,
            *pinned,
            "--profile",
            "mozilla-intermediate",
            "--format",
            "json:old",
            cwd=tmp_path,
        )
        assert before.code == 1
        assert "does not meet mozilla-intermediate: " in before.err
        assert "remove TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA" in before.err
        forgiven = tls(
            where, *pinned, "--profile", "mozilla-intermediate", "--exit-zero", cwd=tmp_path
        )
        assert forgiven.code == 0
    emitted = tls("--emit", "nginx:1.22.1", "--profile", "mozilla-intermediate", cwd=tmp_path)
    assert emitted.code == 0, emitted.err
    settings = dict(
        line.rstrip(";").split(" ", 1)
        for line in emitted.out.splitlines()
        if line.startswith("ssl_")
    )
    with servers.nginx(
        certificate,
        protocols=settings["ssl_protocols"],
        ciphers=settings["ssl_ciphers"],
        extra=f"ssl_ecdh_curve {settings['ssl_ecdh_curve']};",
    ) as server:
        where = f"{NAME}:{server.https_port}"
        after = tls(where, *pinned, "--profile", "mozilla-intermediate", *JSON, cwd=tmp_path)
        (endpoint,) = after.report["tls"]
        assert endpoint["profiles"]["mozilla-intermediate"].get("meets") is not False, endpoint
        # The same place once more, against the one before: the port is another, so it is put in.
        old = json.loads((tmp_path / "old").read_text())
        old["tls"][0]["port"] = server.https_port
        (tmp_path / "old").write_text(json.dumps(old))
        diff = tls(where, *pinned, "--against", "old", *JSON, cwd=tmp_path)
        told = tls(where, *pinned, "--against", "old", "--format", "text", cwd=tmp_path)
    assert diff.code == 0, diff.err
    assert diff.report["schema"] == "plainwire-tls-diff/1"
    gone = {c["what"]: (c["direction"], c["now"]) for c in diff.report["changes"]}
    assert gone["TLSv1.2, TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA"] == ("better", "refused")
    assert (
        "  better   TLSv1.2, TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA: accepted -> refused" in told.out
    )


def test_a_change_for_the_worse_fails_and_a_new_endpoint_is_not_compared(certificate, tmp_path):
    with listener(certificate.chain, certificate.key) as (port, _):
        where = (f"127.0.0.1:{port}", "--ca", certificate.ca)
        tls(*where, "--format", "json:old", "--exit-zero", cwd=tmp_path)
        old = json.loads((tmp_path / "old").read_text())
        old["tls"][0]["protocols"]["TLSv1.3"] = True
        old["tls"][0]["certificates"][0]["problems"] = []
        old["tls"][0]["certificates"][0]["chain"][0]["key_bits"] = 1 << 20
        (tmp_path / "old").write_text(json.dumps(old))
        worse = tls(*where, "--against", "old", "--fail-on", "none", cwd=tmp_path)
        old["tls"][0]["host"] = "other"
        (tmp_path / "old").write_text(json.dumps(old))
        new = tls(*where, "--against", "old", "--fail-on", "none", cwd=tmp_path)
    assert worse.code == 1
    assert "worse: certificate" in worse.err
    assert new.code == 4
    assert "the old report does not have it" in new.err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("h", "--profile", "mine"), "no profile 'mine'"),
        (("h", "--profile", "pci-dss-4"), "gates nothing"),
        (("h", "--profile", "nist-800-52r2"), "gates nothing"),
        (("--emit", "iis"), "no configuration for 'iis'"),
        (("--emit", "nginx:new"), "no version"),
        (("h", "--emit", "nginx", "--format", "json"), "--emit prints"),
        (("h", "--against", "missing"), "--against"),
        (("h", "--against", "empty"), "not a report"),
    ],
)
def test_wrong_words_about_profiles_and_old_reports(options, words, tmp_path):
    (tmp_path / "empty").write_text("{}")
    said = tls(*options, cwd=tmp_path)
    assert (said.code, said.out) == (2, "")
    assert words in said.err
