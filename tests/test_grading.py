import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainwire.grading import GRADING, LETTERS, THRESHOLDS, WEIGHTS, grade, weight
from plainwire.model import Confidence, Finding, Severity, Suppression
from report.example_reports import finding

CRITICAL, HIGH, MEDIUM, LOW, INFO = sorted(Severity, reverse=True)
FINDINGS = st.lists(
    st.builds(
        finding,
        st.sampled_from([f"flaw-{n}" for n in range(8)]),
        st.sampled_from(Severity),
        confidence=st.sampled_from(Confidence),
        cap=st.sampled_from([None, *LETTERS]),
        baseline=st.sampled_from([None, "new", "known"]),
        suppressed=st.sampled_from([None, Suppression("for a test")]),
    ),
    max_size=8,
)


def graded(*findings: Finding, bound: bool = False):
    return grade(findings, is_upper_bound=bound, scope=("encryption",))


@pytest.mark.parametrize(
    ("severities", "score", "letter"),
    [
        ([], 100, "A"),
        ([INFO], 100, "A"),
        ([LOW], 98, "A"),
        ([LOW] * 5, 90, "A"),
        ([LOW] * 6, 88, "B"),
        ([MEDIUM], 92, "A"),
        ([MEDIUM, LOW], 90, "A"),
        ([MEDIUM] * 2, 84, "B"),
        ([MEDIUM] * 3, 76, "C"),
        ([MEDIUM] * 5, 60, "D"),
        ([MEDIUM] * 7, 44, "E"),
        ([MEDIUM] * 9, 28, "F"),
        ([HIGH], 80, "C"),
        ([HIGH, HIGH], 60, "D"),
        ([HIGH, HIGH, HIGH], 40, "E"),
        ([CRITICAL], 60, "F"),
        ([CRITICAL] * 3, 0, "F"),
    ],
)
def test_score_and_letter_are_those_of_the_published_table(severities, score, letter):
    result = graded(*(finding(f"flaw-{n}", s) for n, s in enumerate(severities)))
    assert (result.score, result.letter) == (score, letter)


@pytest.mark.parametrize("letter", "BCDEF")
def test_a_findings_own_cap_holds(letter):
    result = graded(finding("old", INFO, cap=letter))
    assert (result.score, result.letter) == (100, letter)
    assert [(c.finding, c.letter, c.why) for c in result.caps] == [("old", letter, "The flaw old")]


def test_one_id_costs_its_worst_severity_once():
    assert graded(finding("a", LOW), finding("a", MEDIUM), finding("a", MEDIUM)).score == 92
    assert graded(finding("a"), finding("a")).letter == "C", "two findings of one id are one flaw"


def test_two_high_flaws_cap_at_d_where_the_score_is_better():
    unsure = {"confidence": Confidence.TENTATIVE}
    result = graded(finding("a", **unsure), finding("b", **unsure))
    assert (result.score, result.letter) == (80, "D")
    assert [cap.why for cap in result.caps] == ["2 high findings", "2 high findings"]
    assert graded(finding("a", **unsure)).letter == "C"


def test_a_tentative_finding_costs_half_and_no_half_is_rounded():
    for severity, full in WEIGHTS.items():
        half = weight(finding("a", severity, confidence=Confidence.TENTATIVE))
        assert 2 * half == full
    assert graded(finding("a", MEDIUM, confidence=Confidence.TENTATIVE)).score == 96


@pytest.mark.parametrize("hidden", [{"suppressed": Suppression("why")}, {"baseline": "known"}])
def test_what_does_not_count_is_printed_beside_the_letter(hidden):
    result = graded(finding("a", CRITICAL, **hidden))
    assert (result.letter, result.score, result.unsuppressed_letter) == ("A", 100, "F")
    assert result.caps == ()


def test_to_reach_an_a_names_the_worst_first_and_no_more_than_needed():
    result = graded(
        finding("low", LOW),
        finding("medium", MEDIUM),
        finding("capped", MEDIUM, cap="B"),
        finding("high", HIGH),
    )
    assert result.to_reach_a == ("Remove high.", "Remove capped.")


@given(FINDINGS, FINDINGS)
def test_a_further_finding_never_raises_score_or_letter(some, more):
    before, after = graded(*some), graded(*some, *more)
    assert after.score <= before.score
    assert after.letter >= before.letter
    assert after.unsuppressed_letter >= before.unsuppressed_letter
    assert before.unsuppressed_letter >= before.letter


@given(st.data())
def test_order_never_matters(data):
    some = data.draw(FINDINGS)
    assert graded(*data.draw(st.permutations(some))) == graded(*some)


@given(FINDINGS)
def test_an_unanswered_question_never_betters_it(some):
    assert graded(*some, bound=True) == replace(graded(*some), is_upper_bound=True)


@given(FINDINGS)
def test_removing_what_is_named_reaches_an_a(some):
    result = graded(*some)
    gone = {f"Remove {f.id}." for f in some} & set(result.to_reach_a)
    assert graded(*(f for f in some if f"Remove {f.id}." not in gone)).letter == "A"
    assert (result.letter == "A") == (result.to_reach_a == ())


@given(FINDINGS)
def test_the_letter_is_the_worse_of_score_and_caps(some):
    result = graded(*some)
    by_score = next((letter for letter, least in THRESHOLDS if result.score >= least), "F")
    assert result.letter == max([by_score, *(cap.letter for cap in result.caps)])


def test_the_published_page_has_every_number():
    page = (Path(__file__).parent.parent / "docs/grading.md").read_text("utf-8")
    rows = re.findall(r"^\| (\w+) \| (\d+) \|", page, flags=re.MULTILINE)
    published = {name: int(number) for name, number in rows}
    weights = {str(severity): points for severity, points in WEIGHTS.items()}
    assert published == weights | dict(THRESHOLDS) | {"F": 0}
    assert f"# The grade: score version {GRADING}" in page
