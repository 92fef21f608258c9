"""CAA, TLSA and HTTPS records, from a name server of ours whose zone is the truth."""

import asyncio
import json
import socket
import threading

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from bounded import await_end
from plainwire.live.dns import ask
from plainwire.live.settings import Settings
from plainwire.tls import probe
from probing import listener, tls
from report.test_envelope import CLOSED

NAME = "api.shop.plainwire.test."
ZONE = {
    ("shop.plainwire.test.", "CAA"): ['0 issue "ca.example"', '128 iodef "mailto:a@b.example"'],
    (f"_443._tcp.{NAME}", "TLSA"): ["3 1 1 " + "ab" * 32],
    (NAME, "HTTPS"): [
        '2 far.example. alpn="h2"',
        '1 . alpn="h3,h2" port="8443" ech="AAj+DQAEAAAAAA=="',
    ],
    ("bare.plainwire.test.", "A"): ["127.0.0.1"],
}


class NameServer:
    """Answers from a zone over UDP; ``mood`` may be "silent", "servfail" or "garbage"."""

    def __init__(self, mood="well", is_signed=False):
        self.mood, self.is_signed, self.asked = mood, is_signed, []
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.at = self.socket.getsockname()

    def __enter__(self):
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"end", self.at)
        await_end(self.thread)
        self.socket.close()

    def serve(self):
        while True:
            data, sender = self.socket.recvfrom(4096)
            if data == b"end":
                return
            if self.mood == "silent":
                continue
            self.socket.sendto(self.answer(data), sender)

    def answer(self, data):
        question = dns.message.from_wire(data)
        if self.mood == "garbage":
            return data[:2] + b"\xff" * 40
        reply = dns.message.make_response(question)
        name, kind = (
            str(question.question[0].name),
            dns.rdatatype.to_text(question.question[0].rdtype),
        )
        self.asked.append((name, kind))
        if self.mood == "servfail":
            reply.set_rcode(dns.rcode.SERVFAIL)
        elif (name, kind) in ZONE:
            reply.answer.append(dns.rrset.from_text(name, 60, "IN", kind, *ZONE[name, kind]))
        elif not any(known.endswith(name) for known, _ in ZONE):
            reply.set_rcode(dns.rcode.NXDOMAIN)
        if self.is_signed:
            reply.flags |= dns.flags.AD
        return reply.to_wire()


HOST = NAME.rstrip(".")


def asked(server, host=HOST, port=443, timeout_s=10.0):
    return asyncio.run(ask(host, port, server=server.at, timeout_s=timeout_s))


def test_the_records_are_those_of_the_zone():
    with NameServer(is_signed=True) as server:
        found = asked(server)
    assert found.gaps == []
    assert found.records == {
        # The nearest parent's set holds (RFC 8659, section 3).
        "caa": [
            {
                "at": "shop.plainwire.test",
                "critical": True,
                "tag": "iodef",
                "value": "mailto:a@b.example",
            },
            {"at": "shop.plainwire.test", "critical": False, "tag": "issue", "value": "ca.example"},
        ],
        "tlsa": [
            {
                "usage": 3,
                "selector": 1,
                "matching_type": 1,
                "data": "ab" * 32,
                "authenticated": True,
            }
        ],
        "https": [
            {"priority": 1, "target": ".", "alpn": ["h3", "h2"], "ech": True, "port": 8443},
            {"priority": 2, "target": "far.example.", "alpn": ["h2"], "ech": False},
        ],
    }


def test_a_name_without_records_has_none_and_another_port_has_names_of_its_own():
    with NameServer() as server:
        found = asked(server, "bare.plainwire.test", 8443)
        assert ("_8443._https.bare.plainwire.test.", "HTTPS") in server.asked
        assert ("_8443._tcp.bare.plainwire.test.", "TLSA") in server.asked
    assert (found.records, found.gaps) == ({"caa": [], "tlsa": [], "https": []}, [])


@pytest.mark.parametrize("mood", ["silent", "servfail", "garbage"])
def test_a_resolver_without_an_answer_leaves_all_open(mood):
    with NameServer(mood) as server:
        found = asked(server, timeout_s=1.0)
    assert found.records == {}
    assert sorted(question.partition(" ")[0] for question, _ in found.gaps) == [
        "CAA",
        "HTTPS",
        "TLSA",
    ]


def test_the_probe_asks_only_if_it_is_told_to(certificate):
    pinned = {HOST: "127.0.0.1"}
    with NameServer() as server:
        quiet = probe(f"{HOST}:1", settings=Settings(resolve=pinned))
        assert (quiet.dns, server.asked) == (None, [])
        told = probe(
            f"{HOST}:1",
            settings=Settings(resolve=pinned, asks_dns=True, resolver=server.at),
        )
    assert told.dns["caa"][1]["value"] == "ca.example"
    assert told.dns["tlsa"] == []  # there is none for this port


def test_the_command_shows_it(certificate, tmp_path):
    with NameServer() as server, listener(certificate.chain, certificate.key) as (port, _):
        words = [f"{HOST}:{port}", "--resolve", f"{HOST}:127.0.0.1", "--exit-zero"]
        words += ["--resolver", f"127.0.0.1:{server.at[1]}", "--format", "json:out"]
        said = tls(*words, "--format", "text", cwd=tmp_path)
    assert said.code == 0, said.err
    assert "DNS           CAA: iodef mailto:a@b.example, issue ca.example" in said.out
    assert "TLSA: none" in said.out
    assert not list(CLOSED.iter_errors(json.loads((tmp_path / "out").read_text())))


@pytest.mark.parametrize("words", ["nowhere", "127.0.0.1:0", "::1:x", ""])
def test_a_wrong_resolver_is_told(words, tmp_path):
    said = tls("h", "--resolver", words, cwd=tmp_path)
    assert (said.code, said.out) == (2, "")
    assert "--resolver" in said.err
