"""Forms of a page over https that are sent over http."""

import pytest

from plainwire.checks.encryption.form_posts_to_http import form_posts_to_http
from plainwire.model import Severity
from served import Body, served

PASSWORD = '<input type="Password" name="p">'


def form(inside, attributes='action="http://api.example.com/"'):
    return f'<form method="post" {attributes}>{inside}</form>'


@pytest.mark.parametrize(
    "page",
    [
        form(PASSWORD),
        form('<input name="q">') + form(PASSWORD),
        "<form></form>" * 300 + form(PASSWORD),
        form(PASSWORD + '<button formaction="http://api.example.com/">', 'action="/login"'),
        '<base href="http://api.example.com/">' + form(PASSWORD, 'action="login"'),
    ],
)
def test_a_password_that_is_sent_in_clear_caps_the_letter_at_f(page):
    seen = served(form_posts_to_http, page)
    assert seen.finding.severity is Severity.HIGH
    assert seen.finding.cap == "F"
    assert seen.report.grade.letter == "F"


@pytest.mark.parametrize(
    "page",
    [
        form('<input name="q">'),
        form('<input name="q">') + form(PASSWORD, 'action="/login"'),
        form('<input name="q">') + PASSWORD,
        PASSWORD + form('<input name="q">'),
        '<form action="http://search.example/"><input name="q"></form>',
        '<form action="http:search.example"><input name="q"></form>',
        '<iframe srcdoc="<form action=http://search.example/><input></form>"></iframe>',
        '<script>form.action = "http://search.example/"</script>',
    ],
)
def test_a_form_without_a_password_is_high_and_caps_nothing_by_itself(page):
    finding = served(form_posts_to_http, page).finding
    assert finding.severity is Severity.HIGH
    assert finding.cap is None


@pytest.mark.parametrize(
    "page",
    [
        form(PASSWORD, 'action="/login"'),
        form(PASSWORD, ""),
        form(PASSWORD, 'action="https://api.example.com/?next=http://api.example.com/"'),
        form(PASSWORD, 'action="http://localhost:5000/"'),
        '<form method="dialog" action="http://api.example.com/"><button>Close</button></form>',
        "<!--" + form(PASSWORD) + "-->",
    ],
)
def test_a_form_that_stays_protected_is_not_found(page):
    assert served(form_posts_to_http, page).findings == ()


def test_a_form_that_browsers_send_over_https_is_information_without_a_cap():
    body = Body(form(PASSWORD), headers=(("Content-Security-Policy", "upgrade-insecure-requests"),))
    finding = served(form_posts_to_http, {"/": body}).finding
    assert (finding.severity, finding.cap) == (Severity.INFO, None)
