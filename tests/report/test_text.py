import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from plainwire.model import Confidence, Severity, TlsEndpoint
from plainwire.report import render
from plainwire.report.layout import cells, wrapped
from report.example_reports import clean, finding, nobody, report, spot, weak


def text(*reports, **options) -> str:
    return render("text", reports, **options)


@pytest.mark.mission(14)
def test_the_result_block_of_a_weak_api():
    assert text(weak()).split("\n\n")[0] == snapshot("""\
=== Security Scan Results ===
Target: https://api.example.com/
TLS Status: FAIL
  - Endpoint accessible over HTTP (1 of 14 asked)
  - No valid SSL certificate found (expired)
Recommendation: Enable HTTPS with valid certificate\
""")


@pytest.mark.mission(14)
def test_the_whole_of_a_clean_report():
    assert text(clean()) == snapshot("""\
=== Security Scan Results ===
Target: https://api.example.com/
TLS Status: PASS
  - All endpoints require HTTPS (14 asked)
  - Valid SSL certificate detected

  authentication          not tested: not built yet
  bola                    not tested: not built yet
  bfla                    not tested: not built yet
  property-authorization  not tested: not built yet
  input-validation        not tested: not built yet
  rate-limiting           not tested: not built yet
  data-exposure           not tested: not built yet
  encryption              pass (14 checks)
  ssrf                    not tested: not built yet
  inventory               not tested: not built yet
  unsafe-consumption      not tested: not built yet
  llm                     not tested: not built yet
TLS at api.example.com:443: TLSv1.3, TLSv1.2; ECDSA 256 bits 2026-11-01 to
  2027-01-30 (67 days left)

61 requests, 44 connections, 1.4 s
Coverage: 14 of 14 known operations asked
Security Score: A (100/100)
Grade: A (encryption; 11 not tested)
""")


def test_the_whole_of_a_weak_report():
    assert text(weak()) == snapshot("""\
=== Security Scan Results ===
Target: https://api.example.com/
TLS Status: FAIL
  - Endpoint accessible over HTTP (1 of 14 asked)
  - No valid SSL certificate found (expired)
Recommendation: Enable HTTPS with valid certificate

  authentication          not tested: not built yet
  bola                    not tested: not built yet
  bfla                    not tested: not built yet
  property-authorization  not tested: not built yet
  input-validation        not tested: not built yet
  rate-limiting           not tested: not built yet
  data-exposure           not tested: not built yet
  encryption              2 flaws, 1 not counted (14 checks)
  ssrf                    not tested: not built yet
  inventory               not tested: not built yet
  unsafe-consumption      not tested: not built yet
  llm                     not tested: not built yet

Findings, worst first

HIGH: The API answers over plain HTTP [plain-http-served]
  /users/{id} answers 200 over plain HTTP: anyone on the way can read it and
  alter it
  at GET http://api.example.com/users/1
  seen: GET http://api.example.com/users/1 answered 200 from 127.0.0.1
  CWE-319, API8:2023, RFC 9325, section 3.2
  remedy: Refuse plain HTTP for the whole host with a constant 403.
  more: plainwire explain plain-http-served

MEDIUM: HSTS is weak [weak-hsts]
  max-age is 300 seconds, less than a year
  at GET https://api.example.com/
  seen: GET https://api.example.com/ answered 200 from 127.0.0.1
  CWE-693, API8:2023, RFC 9325, section 3.2
  remedy: Send Strict-Transport-Security: max-age=31536000 on every answer over
    https.
  more: plainwire explain weak-hsts

There, but not counted
  - old-tls-version: suppressed: old scanners, until they go (until 2027-01-31)

Unanswered: no answer is not a pass
  - GET https://api.example.com/login: reset (cookie-not-secure)

61 requests, 44 connections, 1.4 s
Coverage: 14 of 16 known operations asked; 2 left out: changes state by its name
Security Score: C (72/100), at best
Grade: C (encryption; 11 not tested), at best
  D with what is suppressed or known
  capped at C by plain-http-served: a high finding
To reach an A:
  1. Refuse plain HTTP for the whole host with a constant 403.
""")


def test_a_weak_report_on_a_narrow_terminal():
    assert text(weak(), width=40) == snapshot("""\
=== Security Scan Results ===
Target: https://api.example.com/
TLS Status: FAIL
  - Endpoint accessible over HTTP (1 of
    14 asked)
  - No valid SSL certificate found
    (expired)
Recommendation: Enable HTTPS with valid
  certificate

  authentication: not tested: not built
    yet
  bola: not tested: not built yet
  bfla: not tested: not built yet
  property-authorization: not tested:
    not built yet
  input-validation: not tested: not
    built yet
  rate-limiting: not tested: not built
    yet
  data-exposure: not tested: not built
    yet
  encryption: 2 flaws, 1 not counted (14
    checks)
  ssrf: not tested: not built yet
  inventory: not tested: not built yet
  unsafe-consumption: not tested: not
    built yet
  llm: not tested: not built yet

Findings, worst first

HIGH: The API answers over plain HTTP
  [plain-http-served]
  /users/{id} answers 200 over plain
  HTTP: anyone on the way can read it
  and alter it
  at GET http://api.example.com/users/1
  seen: GET
    http://api.example.com/users/1
    answered 200 from 127.0.0.1
  CWE-319, API8:2023, RFC 9325, section
    3.2
  remedy: Refuse plain HTTP for the
    whole host with a constant 403.
  more: plainwire explain
    plain-http-served

MEDIUM: HSTS is weak [weak-hsts]
  max-age is 300 seconds, less than a
  year
  at GET https://api.example.com/
  seen: GET https://api.example.com/
    answered 200 from 127.0.0.1
  CWE-693, API8:2023, RFC 9325, section
    3.2
  remedy: Send
    Strict-Transport-Security:
    max-age=31536000 on every answer
    over https.
  more: plainwire explain weak-hsts

There, but not counted
  - old-tls-version: suppressed: old
    scanners, until they go (until
    2027-01-31)

Unanswered: no answer is not a pass
  - GET https://api.example.com/login:
    reset (cookie-not-secure)

61 requests, 44 connections, 1.4 s
Coverage: 14 of 16 known operations
  asked; 2 left out: changes state by
  its name
Security Score: C (72/100), at best
Grade: C (encryption; 11 not tested), at
  best
  D with what is suppressed or known
  capped at C by plain-http-served: a
    high finding
To reach an A:
  1. Refuse plain HTTP for the whole
     host with a constant 403.
""")


def test_a_report_of_nothing_has_no_grade_and_says_so():
    assert text(nobody()).splitlines()[-2:] == snapshot(
        ["61 requests, 44 connections, 1.4 s", "Security Score: none, nothing answered there"]
    )


@pytest.mark.parametrize("width", [20, 40, 80, 120, 200])
def test_no_line_is_wider_than_asked(width):
    assert max(cells(line) for line in text(weak(), width=width).splitlines()) <= width


def test_a_width_that_nothing_fits_in_is_taken_as_twenty():
    assert text(weak(), width=1) == text(weak(), width=20)


def test_the_findings_of_one_flaw_stand_together_worst_first_with_some_places():
    found = [finding("low", Severity.LOW)]
    found += [finding("many", message=f"message {n}", locations=(spot(n),)) for n in range(9)]
    found += [finding("worst", Severity.CRITICAL, confidence=Confidence.TENTATIVE)]
    output = text(report(*found))
    headings = re.findall(r"^[A-Z]+: .*\[(.*)\]$", output, flags=re.MULTILINE)
    assert headings == ["worst", "many", "low"]
    assert output.count("  message ") == 3 and "and 6 more like these" in output
    assert output.count("  at GET ") == 5 and "  and 4 more places" in output
    assert "confidence: tentative" in output


def test_an_upper_bound_is_said_beside_the_letter():
    output = text(weak())
    assert "Security Score: C (72/100), at best" in output
    assert "at best" not in text(clean())


def test_a_recommendation_is_given_only_where_tls_status_fails():
    assert "Recommendation: Enable HTTPS with valid certificate\n" in text(weak())
    assert "Recommendation" not in text(clean(), nobody())


def test_who_refuses_starttls_is_not_told_to_enable_https():
    mail = TlsEndpoint("mail.example.com", 25, starttls="smtp", speaks_tls=False)
    output = text(replace(weak(), target_kind="endpoint", tls=(mail,)))
    assert "Recommendation: Offer STARTTLS with valid certificate\n" in output


def test_colour_only_when_asked_and_it_changes_no_word():
    plain, colored = text(weak()), text(weak(), color=True)
    assert "\x1b" not in plain
    assert re.sub(r"\x1b\[[0-9;]*m", "", colored) == plain
    assert "\x1b[31mHIGH: The API answers over plain HTTP" in colored


def test_several_reports_follow_each_other():
    assert text(weak(), clean()) == text(weak()) + "\n" + text(clean())
    assert text() == ""


def test_an_interrupted_report_says_so():
    assert "Interrupted" in text(replace(clean(), is_interrupted=True))


def test_a_line_of_ours_is_never_a_workflow_command():
    output = text(report(tls_reasons=("word " * 14 + "::error::forged",)))
    assert "\\x3a:error::forged" in output


@given(st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Zs", "Mn")), max_size=60))
def test_wrapping_loses_nothing_and_keeps_the_width(word):
    for line in (lines := wrapped(word, 10, "> ", "  ")):
        assert cells(line) <= 10 or len(line) == 3
    assert "".join(line[2:] for line in lines) == word


@given(st.lists(st.text("ab", min_size=1, max_size=8), min_size=1))
def test_a_word_that_fits_is_never_broken(words):
    assert " ".join(line[2:] for line in wrapped(" ".join(words), 10, "- ")) == " ".join(words)
