from inline_snapshot import snapshot

from plainwire.model import Severity
from plainwire.report import render
from report.example_reports import clean, finding, report, spot, weak


def lines(*reports):
    return render("github", reports).splitlines()


def test_annotations_are_worst_first():
    assert lines(weak()) == snapshot(
        [
            "::error title=high%3A The API answers over plain HTTP::/users/{id} answers 200 over plain HTTP: anyone on the way can read it and alter it (GET http://api.example.com/users/1). Refuse plain HTTP for the whole host with a constant 403. [plain-http-served]",
            "::warning title=medium%3A HSTS is weak::max-age is 300 seconds, less than a year (GET https://api.example.com/). Send Strict-Transport-Security: max-age=31536000 on every answer over https. [weak-hsts]",
            "::warning title=plainwire%3A no answer is not a pass::https://api.example.com/: 1 question unanswered",
        ]
    )


def test_a_clean_report_annotates_nothing():
    assert render("github", [clean()]) == ""


def test_there_are_at_most_ten_of_a_kind_and_the_last_counts_the_rest():
    found = [finding(f"{s}-{n}", s) for s in Severity for n in range(30)]
    kinds = [line.split(" ")[0] for line in lines(report(*found))]
    assert kinds == ["::error"] * 10 + ["::warning"] * 10 + ["::notice"] * 10
    assert lines(report(*found))[9] == snapshot(
        "::error title=plainwire::and 51 more; the whole report has them"
    )
    assert lines(report(*found))[0].startswith("::error title=critical%3A The flaw critical-0::")
    assert len(lines(report(*found[:10]))) == 10


def test_what_a_property_and_a_message_may_not_hold_is_escaped():
    (line,) = lines(report(finding("a", title="50%, a:b", message="50%\r\na:b,c")))
    assert line.startswith("::error title=high%3A 50%25%2C a%3Ab::50%25\\r\\na:b,c (")


def test_one_flaw_at_many_places_is_one_annotation():
    found = [finding("a", locations=(spot(n),)) for n in range(5)]
    (line,) = lines(report(*found))
    assert "http://api.example.com/2 and 2 more" in line
