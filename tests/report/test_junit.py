from dataclasses import replace

from inline_snapshot import snapshot
from junitparser import Error, Failure, JUnitXml, Skipped

from plainwire import catalog
from plainwire.model import CATEGORIES, Category
from plainwire.report import render
from report.example_reports import clean, nobody, old_tls, plain_http, report, weak


def suites(*reports, **options):
    """What junitparser reads back."""
    return JUnitXml.fromstring(render("junit", reports, **options).encode())


def cases(xml):
    return {case.name: case for suite in xml for case in suite}


def test_there_is_a_suite_a_category_and_the_counts_are_those_of_the_cases():
    xml = suites(weak(), clean())
    assert [suite.name.rpartition(" ")[2] for suite in xml] == [*CATEGORIES, *CATEGORIES]
    assert (xml.tests, xml.failures, xml.errors, xml.skipped) == (27, 2, 1, 23)
    before = [(suite.tests, suite.failures, suite.errors, suite.skipped) for suite in xml]
    xml.update_statistics()
    after = [(suite.tests, suite.failures, suite.errors, suite.skipped) for suite in xml]
    assert after == before


def test_a_flaw_fails_no_answer_is_an_error_and_what_does_not_count_is_skipped():
    found = cases(suites(weak()))
    assert [type(r) for r in found["plain-http-served"].result] == [Failure]
    assert [type(r) for r in found["cookie-not-secure"].result] == [Error]
    assert [type(r) for r in found["old-tls-version"].result] == [Skipped]
    assert [type(r) for r in found["llm"].result] == [Skipped]
    failure = found["plain-http-served"].result[0]
    assert (failure.type, failure.message) == ("high", "The API answers over plain HTTP")
    assert failure.text == snapshot("""\
high: /users/{id} answers 200 over plain HTTP: anyone on the way can read it and alter it
  at GET http://api.example.com/users/1
  seen: GET http://api.example.com/users/1 answered 200 from 127.0.0.1
remedy: Refuse plain HTTP for the whole host with a constant 403.\
""")


def test_with_the_checks_given_each_is_a_case_and_those_without_a_finding_pass():
    checks = [each for each in catalog.load() if each.category == "encryption"]
    found = cases(suites(report(plain_http()), checks=checks))
    assert {check.id for check in checks} <= set(found)
    passed = {name for name, case in found.items() if not case.result}
    assert passed == {check.id for check in checks} - {"plain-http-served"}


def test_a_check_that_was_not_answered_is_skipped():
    checks = [each for each in catalog.load() if each.category == "encryption"]
    ran = frozenset(("hsts-missing",))
    categories = (Category("encryption", "pass", 1, ran=ran),)
    found = cases(suites(report(categories=categories), checks=checks))
    assert {name for name, case in found.items() if not case.result} == ran
    assert [type(r) for r in found["heartbleed-open"].result] == [Skipped]


def test_a_question_that_got_no_answer_is_never_a_pass():
    for checks in ((), catalog.load()):
        found = cases(suites(nobody(), checks=checks))
        assert [type(r) for r in found["plain-http-served"].result] == [Error]


def test_a_known_finding_is_skipped_with_its_reason():
    found = cases(suites(report(replace(old_tls(), baseline="known"))))
    assert found["old-tls-version"].result[0].message == "known in the baseline"
