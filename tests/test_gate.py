from dataclasses import replace
from datetime import date
from itertools import product

import pytest
from inline_snapshot import snapshot

from plainwire import gate
from plainwire.gate import BaselineError, Rules, Waiver, exit_code, judged, verdict
from plainwire.model import Category, Operation, Severity, Suppression, Unanswered
from report.example_reports import clean, exchange, finding, nobody, plain_http, report, weak_hsts

HIGH, MEDIUM, LOW = Severity.HIGH, Severity.MEDIUM, Severity.LOW
GAP = Unanswered("weak-hsts", "GET https://api.example.com/", "timed out after 5 s")
MISSING_HSTS = finding("weak-hsts", MEDIUM, operation=Operation("GET", "/users/{id}"))


def gapped(*findings):
    return report(*findings, unanswered=(GAP,))


@pytest.mark.parametrize(
    ("reports", "options", "code"),
    [
        ([clean()], {}, 0),
        ([report(weak_hsts())], {}, 0),
        ([report(plain_http())], {}, 1),
        ([report(plain_http())], {"fail_on": None}, 0),
        ([report(plain_http())], {"exit_zero": True}, 0),
        ([report(weak_hsts())], {"fail_on": MEDIUM}, 1),
        ([report(weak_hsts())], {"fail_on": HIGH, "fail_below": "A"}, 0),
        ([report(plain_http())], {"fail_on": None, "fail_below": "B"}, 1),
        ([report(plain_http())], {"fail_on": None, "fail_below": "C"}, 0),
        ([report(plain_http())], {"fail_on": None, "fail_below": "B", "exit_zero": True}, 0),
        ([report(replace(plain_http(), suppressed=Suppression("why")))], {}, 0),
        ([report(replace(plain_http(), baseline="known"))], {}, 0),
        ([report(replace(plain_http(), baseline="new"))], {}, 1),
        ([gapped()], {}, 4),
        ([gapped()], {"allow_incomplete": True}, 0),
        ([gapped()], {"exit_zero": True}, 4),
        ([clean()], {"require": ["encryption"]}, 0),
        ([clean()], {"require": ["bola"]}, 4),
        ([clean()], {"require": ["bola"], "allow_incomplete": True}, 0),
        ([clean()], {"bad_lines": 1}, 4),
        ([clean()], {"bad_lines": 1, "allow_incomplete": True}, 4),
        ([nobody()], {}, 3),
        ([nobody()], {"allow_incomplete": True}, 3),
        ([nobody()], {"exit_zero": True}, 3),
        ([nobody()], {"fail_below": "E"}, 3),
        ([], {}, 3),
        ([], {"bad_lines": 1}, 4),
        ([nobody(), clean()], {}, 4),
        ([nobody(), clean()], {"allow_incomplete": True}, 4),
        ([clean()], {"interrupted": True}, 130),
        ([report(is_interrupted=True)], {}, 130),
        ([], {"interrupted": True}, 130),
    ],
)
def test_exit_codes_are_those_of_the_contract(reports, options, code):
    assert exit_code(reports, **options) == code


def test_where_several_apply_the_order_is_130_1_4_3():
    applies = {130: False, 1: False, 4: False, 3: False}
    for choice in product([True, False], repeat=4):
        applies = dict(zip(applies, choice, strict=True))
        if applies[3] and applies[1]:
            continue  # a target with a finding was scanned
        reports = [nobody()] if applies[3] else [report(*[plain_http()] * applies[1])]
        code = exit_code(reports, interrupted=applies[130], bad_lines=int(applies[4]))
        assert code == next((c for c, applied in applies.items() if applied), 0), applies


def test_a_not_applicable_category_meets_a_requirement_and_an_unanswered_one_does_not():
    def of(status):
        return report(categories=(Category("bola", status),))

    assert exit_code([of("not-applicable")], require=["bola"]) == 0
    assert exit_code([of("not-tested")], require=["bola"]) == 4
    assert exit_code([of("unanswered")], require=["bola"]) == 4
    assert exit_code([of("not-tested")]) == 0


def test_reasons_say_why_in_sentences_the_deciding_one_first():
    found = verdict([gapped(plain_http())], Rules(fail_below="A", require=("bola",)), bad_lines=2)
    assert found.exit_code == 1
    assert list(found.reasons) == snapshot(
        [
            "https://api.example.com/: high or worse: plain-http-served",
            "https://api.example.com/: grade C < A",
            "2 bad lines among the targets",
            "https://api.example.com/: 1 unanswered (--allow-incomplete lets it pass)",
            "https://api.example.com/: required and not seen: bola",
        ]
    )


def test_a_suppressed_finding_is_shown_and_counts_no_more():
    rules = Rules(suppress=(Waiver("plain-http-served", "closed next week"),))
    (one,), notes = judged([report(plain_http())], rules)
    assert one.findings[0].suppressed == Suppression("closed next week")
    assert (one.grade.letter, one.grade.unsuppressed_letter) == ("A", "C")
    assert verdict([one], rules).exit_code == 0
    assert notes == ()


@pytest.mark.parametrize(
    ("until", "counts"), [(date(2026, 11, 22), True), (date(2026, 11, 23), False), (None, False)]
)
def test_a_suppression_holds_to_the_end_of_its_day_and_says_when_it_is_over(until, counts):
    rules = Rules(suppress=(Waiver("plain-http-served", "why", until),))
    (one,), notes = judged([report(plain_http())], rules)
    assert one.findings[0].counts is counts
    assert (one.grade.letter == "C") is counts
    expired = ("the suppression of plain-http-served expired on 2026-11-22: it counts again",)
    assert notes == (expired if counts else ())


@pytest.mark.parametrize(
    ("narrow", "covers"),
    [
        ({}, True),
        ({"path": "/users/*"}, True),
        ({"path": "GET /users/{id}"}, True),
        ({"path": "POST /users/*"}, False),
        ({"path": "/users"}, False),
        ({"fingerprint": MISSING_HSTS.fingerprint}, True),
        ({"fingerprint": "0" * 32}, False),
        ({"fingerprint": MISSING_HSTS.fingerprint, "path": "/other"}, False),
    ],
)
def test_a_suppression_covers_what_it_names(narrow, covers):
    assert Waiver("weak-hsts", "why", **narrow).covers(MISSING_HSTS) is covers
    assert not Waiver("weak", "why", **narrow).covers(MISSING_HSTS)


def test_a_suppression_with_a_path_does_not_cover_a_finding_without_operation():
    assert not Waiver("weak-hsts", "why", path="*").covers(weak_hsts())


def test_a_suppression_that_covers_nothing_is_told():
    _, notes = judged([clean()], Rules(suppress=(Waiver("weak-hsts", "why"),)))
    assert notes == ("the suppression of weak-hsts covers nothing",)


def test_a_baseline_is_sorted_and_reads_back():
    text = gate.make_baseline([report(weak_hsts(), plain_http()), report(plain_http())])
    assert text == snapshot("""\
{
  "schema": "plainwire-baseline/1",
  "findings": [
    {
      "fingerprint": "8bd7c6f4094089353a61962d19eb3fde",
      "id": "plain-http-served",
      "title": "The API answers over plain HTTP"
    },
    {
      "fingerprint": "9650e8ee6736666888fff73bcba5b20b",
      "id": "weak-hsts",
      "title": "HSTS is weak"
    }
  ]
}
""")
    assert gate.read_baseline(text) == {weak_hsts().fingerprint, plain_http().fingerprint}
    assert text == gate.make_baseline([report(plain_http(), weak_hsts())])


def test_a_baseline_of_staging_serves_production():
    staging = replace(plain_http(), evidence=(exchange(),), locations=())
    known = gate.read_baseline(gate.make_baseline([report(staging)]))
    (one,), _ = judged([report(plain_http(), weak_hsts())], Rules(baseline=known))
    assert [f.baseline for f in one.findings] == ["known", "new"]
    assert (one.grade.letter, one.grade.score, one.grade.unsuppressed_letter) == ("A", 92, "C")


def test_what_is_suppressed_does_not_slip_into_the_baseline():
    hidden = replace(plain_http(), suppressed=Suppression("for a week"))
    assert gate.read_baseline(gate.make_baseline([report(hidden)])) == frozenset()


def test_an_unscanned_target_stays_without_grade():
    (one,), _ = judged([nobody()], Rules(baseline=frozenset(), suppress=(Waiver("a", "b"),)))
    assert one.grade is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "{}",
        '{"schema": "plainwire-baseline/2", "findings": []}',
        '{"schema": "plainwire-baseline/1"}',
        '{"schema": "plainwire-baseline/1", "findings": [1]}',
        '{"schema": "plainwire-baseline/1", "findings": [{"id": "x"}]}',
        "[" * 100_000,
    ],
)
def test_what_is_no_baseline_is_refused(text):
    with pytest.raises(BaselineError):
        gate.read_baseline(text)
