import json
from dataclasses import replace
from pathlib import Path

import pytest
from inline_snapshot import snapshot
from jsonschema import Draft4Validator
from sarif import loader

from plainwire import catalog
from plainwire.model import Location, Severity, Unanswered
from plainwire.report import render
from plainwire.report.sarif import is_inside
from report.example_reports import AT, clean, exchange, finding, nobody, report, spot, weak

SCHEMA = json.loads((Path(__file__).parent / "schemas/sarif-schema-2.1.0.json").read_text())
OASIS = Draft4Validator(SCHEMA)
MANY = [finding(f"flaw-{n}", owasp=tuple(f"API{i}" for i in range(40))) for n in range(10)]


def sarif(*reports, **options):
    log = json.loads(render("sarif", reports, **options))
    errors = [f"{list(e.absolute_path)}: {e.message}" for e in OASIS.iter_errors(log)]
    assert errors == []
    return log["runs"][0]


def test_the_schema_of_oasis_is_one_and_refuses():
    Draft4Validator.check_schema(SCHEMA)
    assert not OASIS.is_valid({"version": "2.1.0", "runs": [{}]})


@pytest.mark.parametrize(
    "reports",
    [[], [clean()], [weak()], [nobody()], [weak(), clean(), nobody()], [report(*MANY)]],
    ids=["none", "clean", "weak", "nobody", "three", "many"],
)
def test_every_log_is_valid_by_the_schema_of_oasis(reports):
    for checks in ((), catalog.load()):
        sarif(*reports, checks=checks)


def test_one_result_whole():
    run = sarif(report(weak().findings[0]))
    assert run["results"] == snapshot(
        [
            {
                "ruleId": "plain-http-served",
                "ruleIndex": 0,
                "level": "error",
                "message": {
                    "text": "/users/{id} answers 200 over plain HTTP: anyone on the way can read it and alter it. At GET http://api.example.com/users/1. Seen: GET http://api.example.com/users/1 answered 200 from 127.0.0.1. Refuse plain HTTP for the whole host with a constant 403."
                },
                "locations": [
                    {
                        "physicalLocation": {
                            "artifactLocation": {"uri": "README.md", "uriBaseId": "%SRCROOT%"},
                            "region": {"startLine": 1},
                        },
                        "logicalLocations": [
                            {"fullyQualifiedName": "GET /users/{id}", "kind": "resource"}
                        ],
                    }
                ],
                "partialFingerprints": {
                    "primaryLocationLineHash": "8bd7c6f4094089353a61962d19eb3fde:1",
                    "plainwire/v1": "8bd7c6f4094089353a61962d19eb3fde",
                },
                "properties": {
                    "security-severity": "8.0",
                    "severity": "high",
                    "confidence": "certain",
                },
                "webRequest": {
                    "protocol": "http",
                    "version": "1.1",
                    "target": "http://api.example.com/users/1",
                    "method": "GET",
                    "headers": {"Accept": "*/*"},
                },
                "webResponse": {
                    "protocol": "http",
                    "version": "1.1",
                    "statusCode": 200,
                    "headers": {"Server": "gunicorn", "Set-Cookie": "sid=…"},
                },
            }
        ]
    )
    assert run["tool"]["driver"]["rules"] == snapshot(
        [
            {
                "id": "plain-http-served",
                "name": "PlainHttpServed",
                "shortDescription": {"text": "The API answers over plain HTTP"},
                "fullDescription": {"text": "The API answers over plain HTTP"},
                "help": {
                    "text": """\
The API answers over plain HTTP

Refuse plain HTTP for the whole host with a constant 403.

API8:2023; RFC 9325, section 3.2\
"""
                },
                "defaultConfiguration": {"level": "error"},
                "properties": {
                    "tags": ["security", "encryption", "external/cwe/cwe-319", "owasp/API8:2023"],
                    "precision": "high",
                    "security-severity": "8.0",
                },
            }
        ]
    )


def test_rules_are_the_checks_given_and_what_was_found_beside_them():
    checks = catalog.load()
    run = sarif(report(finding("another")), checks=checks)
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == sorted([*(check.id for check in checks), "another"])
    assert rules[run["results"][0]["ruleIndex"]]["id"] == "another"


@pytest.mark.parametrize(
    ("severity", "level", "score"),
    [
        (Severity.CRITICAL, "error", "9.5"),
        (Severity.HIGH, "error", "8.0"),
        (Severity.MEDIUM, "warning", "5.5"),
        (Severity.LOW, "note", "3.0"),
        (Severity.INFO, "note", "0.0"),
    ],
)
def test_levels_and_security_severity(severity, level, score):
    run = sarif(report(finding("a", severity)))
    (rule,) = run["tool"]["driver"]["rules"]
    assert run["results"][0]["level"] == rule["defaultConfiguration"]["level"] == level
    assert rule["properties"]["security-severity"] == score


def test_a_result_points_into_the_repository_only():
    places = (
        Location(url="https://api.example.com/"),
        Location(path="src/my app.py", line=12, column=5, end_line=13),
        Location(path="/etc/passwd", line=1),
        Location(path="../outside.py", line=1),
        Location(path="C:\\x.py", line=1),
        Location(path="https://evil.example/x.py", line=1),
        Location(host="api.example.com", port=443),
    )
    (result,) = sarif(report(finding("a", locations=places)), anchor="docs/openapi.yaml")["results"]
    found = [place["physicalLocation"] for place in result["locations"]]
    assert [place["artifactLocation"]["uri"] for place in found] == ["src/my%20app.py"]
    assert found[0]["region"] == {"startLine": 12, "startColumn": 5, "endLine": 13}


def test_a_result_that_is_on_the_wire_alone_points_at_the_anchor():
    places = (Location(url="https://api.example.com/"), Location(path="/etc/passwd", line=1))
    (result,) = sarif(report(finding("a", locations=places)), anchor="docs/openapi.yaml")["results"]
    (place,) = result["locations"]
    assert place["physicalLocation"]["artifactLocation"]["uri"] == "docs/openapi.yaml"


@pytest.mark.parametrize(
    "path", ["", "/a", "\\a", "../a", "a/../../b", "c:/a", "file:///a", "//h/a"]
)
def test_what_is_outside_is_seen(path):
    assert not is_inside(path)
    assert is_inside("a/b.py") and is_inside("./a..b.py")


@pytest.mark.parametrize("anchor", ["/home/me/openapi.yaml", "../openapi.yaml", "", None])
def test_an_anchor_outside_the_repository_is_not_taken(anchor):
    (result,) = sarif(report(finding("a")), anchor=anchor)["results"]
    uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert uri == "README.md"


def test_every_result_has_a_location_a_rule_and_a_fingerprint():
    run = sarif(weak(), report(finding("bare")))
    for result in run["results"]:
        assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "README.md"
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["partialFingerprints"]["primaryLocationLineHash"]


def test_fingerprints_are_stable_for_a_target_and_told_apart_between_several():
    def marks(*reports):
        return [
            r["partialFingerprints"]["primaryLocationLineHash"] for r in sarif(*reports)["results"]
        ]

    staging = replace(
        weak(), target="https://staging.example.com/", started_at=AT.replace(year=2027)
    )
    assert marks(weak()) == marks(staging)
    assert len(set(marks(weak(), staging))) == 2 * len(marks(weak()))


def test_suppression_and_baseline_are_said():
    hidden = weak().findings[2]
    known = replace(finding("b"), baseline="known")
    new = replace(finding("c"), baseline="new")
    results = {r["ruleId"]: r for r in sarif(report(hidden, known, new))["results"]}
    assert results["old-tls-version"]["suppressions"] == [
        {"kind": "external", "status": "accepted", "justification": "old scanners, until they go"}
    ]
    assert results["b"]["baselineState"] == "unchanged"
    assert results["c"]["baselineState"] == "new"
    assert "suppressions" not in results["b"]


def test_a_target_cannot_put_a_link_into_a_message():
    (result,) = sarif(report(finding("a", message="[x](https://evil.example)")))["results"]
    assert result["message"]["text"].startswith("\\[x\\](https://evil.example).")


def test_a_reason_for_no_answer_cannot_put_a_link_into_a_notification():
    gap = Unanswered("a", "b", "[x](https://evil.example)" + "y" * 5000)
    (invocation,) = sarif(report(unanswered=(gap,)))["invocations"]
    (note,) = invocation["toolExecutionNotifications"]
    assert "\\[x\\](https://evil.example)" in note["message"]["text"]
    assert len(note["message"]["text"]) < 400


def test_what_got_no_answer_is_a_notification():
    (invocation,) = sarif(nobody())["invocations"]
    assert invocation["executionSuccessful"] is False
    assert [n["message"]["text"] for n in invocation["toolExecutionNotifications"]] == snapshot(
        ["https://api.example.com/: plain-http-served: GET http://api.example.com/: no such host"]
    )


def test_a_reader_from_a_package_reads_back_what_was_found(tmp_path):
    """sarif-tools, which knows nothing of us: as many results a level, of the same rules."""
    text = render("sarif", [weak(), clean()], checks=catalog.load())
    (tmp_path / "out.sarif").write_text(text)
    found = loader.load_sarif_file(tmp_path / "out.sarif").get_report()
    run = json.loads(text)["runs"][0]
    for level in ("error", "warning", "note"):
        ids = [r["ruleId"] for r in run["results"] if r["level"] == level]
        assert found.get_issue_count_for_severity(level) == len(ids)
        read = found.get_issue_type_histogram_for_severity(level)
        assert {name.split()[0] for name in read} == set(ids)


# GitHub's limits: https://docs.github.com/code-security/reference/code-scanning/sarif-files


def test_tags_and_texts_stay_within_githubs_limits():
    long = finding("a", title="t" * 5000, remediation="[" * 5000, cwe=tuple(range(1, 60)))
    (rule,) = sarif(report(long))["tool"]["driver"]["rules"]
    assert len(rule["properties"]["tags"]) <= 20
    assert len(rule["shortDescription"]["text"]) <= 1024
    assert len(rule["fullDescription"]["text"]) <= 1024
    assert len(rule["name"]) <= 255


def test_locations_stay_within_githubs_limit():
    places = tuple(Location(path=f"a{n}.py", line=1) for n in range(2000))
    (result,) = sarif(report(finding("a", locations=places)))["results"]
    assert len(result["locations"]) <= 1000


def test_a_great_many_results_fit_into_githubs_file_and_the_worst_are_kept():
    heavy = exchange("/" + "x" * 900)
    low = [finding(f"low-{n}", Severity.LOW, evidence=(heavy,)) for n in range(4000)]
    run_of = report(
        *low, finding("worst", Severity.CRITICAL), unanswered=(Unanswered("a", "b", "c"),)
    )
    text = render("sarif", [run_of])
    assert len(text.encode()) <= 10 * 1024 * 1024
    run = json.loads(text)["runs"][0]
    assert run["results"][0]["ruleId"] == "worst"
    assert len(run["results"]) <= 25_000
    notes = run["invocations"][0]["toolExecutionNotifications"]
    assert any("results are left out" in note["message"]["text"] for note in notes)


def test_places_on_the_wire_stand_in_the_message():
    (result,) = sarif(report(finding("a", locations=(spot(1), spot(2)))))["results"]
    assert (
        "At GET http://api.example.com/1. At GET http://api.example.com/2."
        in (result["message"]["text"])
    )
