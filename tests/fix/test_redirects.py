"""Which redirects to https lose a body, and what they become."""

import pytest
from werkzeug.utils import redirect

from fix.fixing import fixed, planned
from plainwire import catalog
from plainwire.model import example_files

(REMEDY,) = [r for r in catalog.load_remedies() if r.id == "body-kept-in-redirect"]
FILES = example_files(REMEDY.page.before)


@pytest.mark.parametrize(
    ("old", "new", "after"),
    [
        ("", "", "redirect(url, code=308)"),
        (", code=301", ", 301", "redirect(url, 308)"),
        ("code=301", "code=302", "redirect(url, code=307)"),
        (", code=301", "", "redirect(url, code=307)"),
        ("code=301", "code=307", None),
        ("code=301", "code=STATUS", None),
        ('@app.post("/orders")', '@app.get("/orders")', None),
        (
            '@app.post("/orders")',
            '@app.route("/orders", methods=["GET", "PUT"])',
            "redirect(url, code=308)",
        ),
        ("if not request.is_secure", "if request.method == 'GET' and not request.is_secure", None),
        ("before_request", "get('/')", None),
        ("code=301)", "code=308)\n        return redirect('https://a.example', 301)", None),
    ],
)
def test_a_redirect_keeps_the_body(old, new, after):
    text = FILES["app.py"].replace(old, new) if old else FILES["app.py"]
    made = fixed({"app.py": text}, only=frozenset({REMEDY.id}))["app.py"]
    assert made == (text if after is None else made)
    if after is not None:
        assert f"return {after}" in made and made != text


def test_flask_redirects_with_302_where_no_status_is_given():
    assert redirect("/").status_code == 302


def test_another_address_needs_consent():
    text = FILES["app.py"].replace('request.url.replace("http://", "https://", 1)', "https_url()")
    made = planned({"app.py": text}, with_unsafe=True, only=frozenset({REMEDY.id}))
    assert [step.patch.level for step in made.steps] == ["unsafe"]
