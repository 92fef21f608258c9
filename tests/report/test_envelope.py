import copy
import json
import subprocess
import sys
from dataclasses import replace
from importlib.resources import files

import pytest
from inline_snapshot import snapshot
from jsonschema import Draft202012Validator

from plainwire.model import (
    Confidence,
    FixReference,
    Severity,
    Span,
    Suppression,
    TlsEndpoint,
    locations_of,
)
from plainwire.report import render
from plainwire.report.envelope import as_dict
from report.example_reports import WHOLE, clean, finding, nobody, report, weak

SCHEMA = json.loads(
    files("plainwire.report").joinpath("plainwire-report-1.schema.json").read_text("utf-8")
)
CONTRACT = Draft202012Validator(SCHEMA, format_checker=Draft202012Validator.FORMAT_CHECKER)


def closed(schema):
    """The schema with no key allowed that it does not name."""
    if isinstance(schema, list):
        return [closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    shut = {key: closed(part) for key, part in schema.items()}
    if "properties" in schema and schema.get("type") == "object":
        shut.setdefault("additionalProperties", False)
    return shut


CLOSED = Draft202012Validator(closed(SCHEMA))


def with_a_span():
    span = Span("app.py", 12, 5, 12, "app.run()")
    return report(
        finding(
            "plain-run",
            evidence=(span,),
            locations=locations_of((span,)),
            confidence=Confidence.FIRM,
            layer="app",
            environment="production",
            kind="port-bypass",
            fix=FixReference("safe", "plain-run"),
            baseline="new",
            suppressed=Suppression("why", "2027-01-31"),
        ),
        target_kind="source",
    )


def with_an_endpoint():
    return report(target_kind="endpoint", target="api.example.com:25", tls=(WHOLE,))


EVERY = [clean(), weak(), nobody(), with_a_span(), with_an_endpoint()]
NAMES = ["clean", "weak", "nobody", "span", "endpoint"]


def test_the_schema_is_a_schema():
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("one", EVERY, ids=NAMES)
def test_every_report_is_what_the_schema_describes_and_has_no_key_beside(one):
    value = json.loads(render("json", [one]))
    assert not list(CONTRACT.iter_errors(value))
    assert not list(CLOSED.iter_errors(value))
    assert value == as_dict(one)


def test_a_new_key_is_allowed_and_a_changed_meaning_is_not():
    value = as_dict(weak())
    assert CONTRACT.is_valid(value | {"new": 1})
    for path, wrong in (
        (("schema",), "plainwire-report/2"),
        (("started_at",), "2026-11-23T18:00:00+01:00"),
        (("tls_status",), "OK"),
        (("grade", "score"), 101),
        (("grade", "letter"), "G"),
        (("findings", 0, "severity"), 3),
        (("findings", 0, "fingerprint"), "short"),
        (("categories", 0, "id"), "other"),
        (("findings", 0, "evidence", 0, "kind"), "rumour"),
    ):
        broken = copy.deepcopy(value)
        spot = broken
        for key in path[:-1]:
            spot = spot[key]
        spot[path[-1]] = wrong
        assert not CONTRACT.is_valid(broken), path


@pytest.mark.parametrize(
    ("path", "wrong"),
    [
        (("protocols", "TLS 1.2"), True),
        (("ciphers", "TLSv1.2"), "TLS_AES_128_GCM_SHA256"),
        (("cipher_order", "TLSv1.2"), "mine"),
        (("dh", "bits"), "2048"),
        (("features", "heartbeat"), None),
        (("features", "client_certificate"), "maybe"),
        (("vulnerabilities", "robot"), "no"),
        (("profiles", "rfc9325"), {"meets": True}),
        (("post_quantum", "ready"), "yes"),
        (("certificates", 0, "staple", "status"), "fine"),
        (("certificates", 0, "asked_with"), {}),
        (("starttls",), 25),
    ],
)
def test_the_contract_holds_every_part_of_an_endpoint_to_its_type(path, wrong):
    value = copy.deepcopy(as_dict(with_an_endpoint()))
    spot = value["tls"][0]
    for key in path[:-1]:
        spot = spot[key]
    spot[path[-1]] = wrong
    assert not CONTRACT.is_valid(value)


def test_one_target_is_an_object_and_several_are_an_array_of_any_length():
    assert isinstance(json.loads(render("json", [clean()])), dict)
    assert [one["schema"] for one in json.loads(render("json", [clean(), weak()]))] == [
        "plainwire-report/1"
    ] * 2
    assert CONTRACT.is_valid(json.loads(render("json", [])))


def test_jsonl_is_one_object_a_line():
    lines = render("jsonl", [clean(), weak()]).splitlines()
    assert [json.loads(line) for line in lines] == [as_dict(clean()), as_dict(weak())]


def test_a_tls_part_that_was_not_looked_at_is_absent_and_what_is_not_there_is_said():
    blank = as_dict(report(tls=(TlsEndpoint("h", 443),)))["tls"][0]
    assert blank == {
        "host": "h",
        "port": 443,
        "inconclusive": [],
        "connections": 0,
        "duration_s": 0,
    }
    none = as_dict(
        report(tls=(TlsEndpoint("h", 443, certificates=(), protocols={"SSLv2": False}),))
    )
    assert none["tls"][0]["certificates"] == []
    assert none["tls"][0]["protocols"] == {"SSLv2": False}


def test_reports_compare_equal_but_for_times():
    one = render("json", [weak()])
    assert one == render("json", [weak()])
    slower = render("json", [replace(weak(), duration_s=9.0)])
    assert [a for a, b in zip(one.splitlines(), slower.splitlines(), strict=True) if a != b] == [
        '  "duration_s": 1.414,'
    ]


def test_rendering_one_format_imports_no_other():
    code = (
        "import sys; from plainwire.report import render; render('json', []); "
        "print([m for m in sys.modules if m.startswith(('xml', 'plainwire.report.s'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_whole_of_a_report():
    one = report(finding("old", Severity.LOW), tls=clean().tls)
    value = as_dict(replace(one, categories=one.categories[7:8]))
    assert value == snapshot(
        {
            "schema": "plainwire-report/1",
            "tool": {"name": "plainwire", "version": "0.1.0", "grading": "1"},
            "target": {"kind": "url", "value": "https://api.example.com/"},
            "started_at": "2026-11-23T18:00:00Z",
            "duration_s": 1.414,
            "requests": 61,
            "connections": 44,
            "grade": {
                "letter": "A",
                "score": 98,
                "is_upper_bound": False,
                "scope": ["encryption"],
                "caps": [],
                "to_reach_a": [],
                "unsuppressed_letter": "A",
            },
            "tls_status": "PASS",
            "tls_reasons": [
                "All endpoints require HTTPS (14 asked)",
                "Valid SSL certificate detected",
            ],
            "categories": [
                {
                    "id": "encryption",
                    "status": "findings",
                    "checks_run": 14,
                    "operations": 0,
                    "reason": None,
                }
            ],
            "coverage": {"known": 14, "exercised": 14, "skipped": []},
            "findings": [
                {
                    "id": "old",
                    "kind": None,
                    "category": "encryption",
                    "layer": None,
                    "severity": "low",
                    "confidence": "certain",
                    "title": "The flaw old",
                    "message": "old is there",
                    "cwe": [319],
                    "owasp": ["API8:2023"],
                    "references": ["RFC 9325, section 3.2"],
                    "operation": None,
                    "environment": None,
                    "locations": [],
                    "evidence": [],
                    "remediation": "Remove old.",
                    "fix": None,
                    "fingerprint": "b3e034aa75329103f70d9496793ce4e4",
                    "baseline": None,
                    "suppressed": None,
                }
            ],
            "unanswered": [],
            "tls": [
                {
                    "host": "api.example.com",
                    "port": 443,
                    "address": "127.0.0.1",
                    "server_name": "api.example.com",
                    "speaks_tls": True,
                    "protocols": {"TLSv1.2": True, "TLSv1.3": True},
                    "certificates": [
                        {
                            "asked_with": {"sni": True},
                            "chain": [
                                {
                                    "subject": "CN=api.example.com",
                                    "issuer": "CN=Test CA",
                                    "sans": ["api.example.com"],
                                    "not_before": "2026-11-01T00:00:00Z",
                                    "not_after": "2027-01-30T00:00:00Z",
                                    "key_type": "ECDSA",
                                    "key_bits": 256,
                                    "signature_hash": "sha256",
                                    "fingerprint_sha256": "ab" * 32,
                                    "must_staple": False,
                                    "key_flaws": [],
                                }
                            ],
                            "problems": [],
                            "problems_checked": ["expired", "hostname_mismatch"],
                            "trusted_by": ["ca-file"],
                            "paths": [["CN=Test CA"]],
                        }
                    ],
                    "inconclusive": [
                        {"part": "versions", "question": "SSLv3", "reason": "timed out after 5 s"}
                    ],
                    "connections": 6,
                    "duration_s": 0.123,
                }
            ],
            "deployment": None,
            "notes": [],
        }
    )


@pytest.mark.parametrize("one", EVERY, ids=NAMES)
def test_keys_stand_in_the_order_of_the_contract(one):
    parts = SCHEMA["$defs"]
    value = as_dict(one)
    assert list(value) == list(parts["report"]["properties"])
    for finding_ in value["findings"]:
        assert list(finding_) == list(parts["finding"]["properties"])
    for endpoint in value["tls"]:
        contract = ["host", "port", "address", "server_name", "starttls", "speaks_tls", "protocols"]
        contract += ["ciphers", "cipher_order", "groups", "signature_algorithms", "dh"]
        contract += ["certificates", "features", "vulnerabilities", "profiles", "post_quantum"]
        contract += ["inconclusive", "connections", "duration_s"]
        assert list(endpoint) == [key for key in contract if key in endpoint]
        assert next(iter(endpoint["certificates"][0])) == "asked_with"
