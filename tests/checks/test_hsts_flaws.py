"""HSTS: what the pages do not show, above all headers that look broken and are not."""

import pytest

from answers import CHECKS, found, scanned
from plainwire.grading import grade
from plainwire.model import Severity

HSTS = sorted(id for id in CHECKS if id.startswith("hsts-"))
YEAR = "max-age=31536000; includeSubDomains"


def header(*values, status=200):
    return status, [("Strict-Transport-Security", value) for value in values]


def flaws(*values, http=None):
    """Which checks find what on a host that answers everything over https with these headers."""
    report = scanned(*HSTS, https={"*": header(*values)}, http=http or {})
    assert not report.unanswered
    return {finding.id: finding.severity for finding in report.findings}


@pytest.mark.parametrize(
    "value",
    [
        YEAR,
        "max-age=15768000",  # six months exactly
        'max-age="31536000"',  # a quoted string is a value (RFC 6797, 6.1)
        "  Max-Age = 31536000 ;; INCLUDESUBDOMAINS; ",
        "includeSubDomains; max-age=63072000",
        "max-age=31536000; includeSubDomains; preload",
        "max-age=31536000; report-uri=x",  # unknown directives are passed over (6.1)
    ],
)
def test_a_header_that_protects_is_no_flaw(value):
    assert flaws(value) == {}


def test_the_name_of_the_header_has_no_case():
    lines = [("sTRICT-transport-SECURITY", YEAR)]
    assert scanned(*HSTS, https={"*": (200, lines)}).findings == ()


@pytest.mark.parametrize("id", HSTS)
@pytest.mark.parametrize("host", ["192.0.2.1", "[2001:db8::1]", "localhost", "api.localhost"])
def test_nothing_is_asked_of_addresses_and_localhost(id, host):
    bad = {"*": header("max-age=0; preload", "junk")}
    report = scanned(id, host=host, https=bad, http=bad)
    assert not report.findings
    assert {c.id: c.status for c in report.categories}["encryption"] == "not-applicable"


@pytest.mark.parametrize("id", HSTS)
def test_one_finding_a_host_shows_every_answer_with_the_flaw(id):
    values = {
        "hsts-missing": (),
        "hsts-too-short": ("max-age=1",),
        "hsts-disabled": ("max-age=0",),
        "hsts-duplicated": (YEAR, YEAR),
        "hsts-malformed": ("junk",),
        "hsts-over-http": (YEAR,),
        "hsts-preload-unmet": ("max-age=31536000; preload",),
    }[id]
    answers = {"/": header(*values), "/a": header(*values), "/b": header(*values), "*": header()}
    (finding,) = found(id, **{"http" if id == "hsts-over-http" else "https": answers})
    paths = [place.url for place in finding.locations]
    assert paths[:3] == [
        f"{'http' if id == 'hsts-over-http' else 'https'}://api.example.com{path}"
        for path in ("/", "/a", "/b")
    ]


def test_missing_everywhere_is_medium():
    (finding,) = found("hsts-missing", https={"/": header(), "/a": header(status=401)})
    assert finding.severity == Severity.MEDIUM
    assert "2 asked" in finding.message


def test_missing_on_a_path_that_does_not_exist_is_low_and_says_why():
    (finding,) = found("hsts-missing", https={"/": header(YEAR)})
    assert finding.severity == Severity.LOW
    assert "/RANDOM (404)" in finding.message and "without always" in finding.message


def test_missing_on_some_answers_is_low_and_says_on_which():
    answers = {"/": header(YEAR), "/a": header(), "/b": header(status=500), "*": header(YEAR)}
    (finding,) = found("hsts-missing", https=answers)
    assert finding.severity == Severity.LOW
    assert "/a (200), /b (500), and present on 2 of 4" in finding.message
    assert "always" not in finding.message
    assert [place.url[-2:] for place in finding.locations] == ["/a", "/b"]


def test_of_many_answers_that_lack_it_five_are_named():
    answers = {f"/{n}": header() for n in range(8)} | {"/": header(YEAR), "*": header(YEAR)}
    (finding,) = found("hsts-missing", https=answers)
    assert "/4 (200) and 3 more" in finding.message and "/5" not in finding.message


@pytest.mark.parametrize("id", HSTS)
def test_a_host_without_https_has_no_https_header_to_judge(id):
    report = scanned(id, http={"*": header()})
    assert not report.findings


@pytest.mark.parametrize(
    ("max_age", "severity"),
    [
        (1, Severity.MEDIUM),
        (2_591_999, Severity.MEDIUM),
        (2_592_000, Severity.LOW),  # 30 days
        (15_767_999, Severity.LOW),
    ],
)
def test_the_shorter_the_worse(max_age, severity):
    assert flaws(f"max-age={max_age}") == {"hsts-too-short": severity}


def test_the_shortest_max_age_of_a_host_counts():
    answers = {"/": header("max-age=10000000"), "/a": header("max-age=172800"), "*": header(YEAR)}
    (finding,) = found("hsts-too-short", https=answers)
    assert finding.severity == Severity.MEDIUM
    assert "172800 seconds (2 days)" in finding.message


def test_zero_is_one_flaw():
    assert flaws("max-age=0") == {"hsts-disabled": Severity.MEDIUM}


@pytest.mark.parametrize(
    "value",
    [
        "",
        "includeSubDomains",
        "max-age=",
        "max-age=-1",
        "max-age=1y; preload",
        "max-age=300, includeSubDomains",
        "max-age=300; max-age=300",
        f"{YEAR}, {YEAR}",  # two headers that a proxy has joined
        "max-age=0, max-age=0",
        "max-age=0; includeSubDomains=1",
    ],
)
def test_a_header_that_browsers_ignore_is_one_flaw(value):
    assert flaws(value) == {"hsts-malformed": Severity.MEDIUM}


@pytest.mark.parametrize("value", [f"{YEAR}; preload=1", f"{YEAR}; preload; preload"])
def test_a_broken_directive_that_browsers_pass_over_is_low(value):
    assert flaws(value) == {"hsts-malformed": Severity.LOW}


def test_the_worst_of_several_broken_headers_is_told():
    answers = {"/": header(f"{YEAR}; preload=1"), "/a": header("junk"), "*": header(YEAR)}
    (finding,) = found("hsts-malformed", https=answers)
    assert finding.severity == Severity.MEDIUM and "ignore" in finding.message


def test_a_long_broken_header_makes_a_short_message():
    (finding,) = found("hsts-malformed", https={"*": header(";".join(["\x1b[31m@" * 9] * 900))})
    assert len(finding.message) < 400 and finding.message.isprintable()


def test_the_same_header_twice_is_low_and_its_first_is_judged():
    assert flaws(YEAR, YEAR) == {"hsts-duplicated": Severity.LOW}
    assert flaws(YEAR, "MAX-AGE=31536000;includesubdomains") == {"hsts-duplicated": Severity.LOW}


def test_different_headers_are_medium_and_the_first_is_judged():
    assert flaws(YEAR, "max-age=0") == {"hsts-duplicated": Severity.MEDIUM}
    assert flaws(YEAR, "junk") == {"hsts-duplicated": Severity.MEDIUM}
    assert flaws("junk", YEAR) == {
        "hsts-duplicated": Severity.MEDIUM,
        "hsts-malformed": Severity.MEDIUM,
    }


def test_a_header_on_each_of_two_answers_is_not_sent_twice():
    answers = {"/": header(YEAR), "/a": header("max-age=63072000"), "*": header(YEAR)}
    assert found("hsts-duplicated", https=answers) == ()


def test_in_clear_beside_https_is_for_information():
    assert flaws(YEAR, http={"*": header(YEAR, status=308)}) == {"hsts-over-http": Severity.INFO}


def test_in_clear_only_is_medium():
    (finding,) = found("hsts-over-http", https={"*": header()}, http={"*": header(YEAR)})
    assert finding.severity == Severity.MEDIUM
    assert "no https answer" in finding.message


def test_https_alone_is_not_over_http():
    assert flaws(YEAR, http={"*": header(status=308)}) == {}


def test_what_the_preload_list_misses_is_named():
    (finding,) = found("hsts-preload-unmet", https={"*": header("max-age=300; preload")})
    assert "max-age of at least 31536000 and includeSubDomains" in finding.message
    (finding,) = found(
        "hsts-preload-unmet", https={"*": header("max-age=1; includeSubDomains; preload")}
    )
    assert "includeSubDomains" not in finding.message


def test_a_short_header_sent_twice_costs_more_than_ten_points():
    report = scanned(*HSTS, https={"*": header(*["max-age=300; preload"] * 2)})
    assert {finding.id: finding.severity for finding in report.findings} == {
        "hsts-too-short": Severity.MEDIUM,
        "hsts-preload-unmet": Severity.LOW,
        "hsts-duplicated": Severity.LOW,
    }
    assert grade(report.findings, is_upper_bound=False, scope=("encryption",)).letter == "B"
