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


@pytest.mark.parametrize(
    ("where", "level"),
    [
        ("https_url()", "unsafe"),
        ('url_for("index", _scheme="https", _external=True)', "unsafe"),
        ('"https://shop.example/welcome?next=" + request.url', "unsafe"),
        ("request.url_root.replace('http:', 'https:')", "unsafe"),
        ('f"https://{request.host}{request.full_path}"', "conditional"),
        ("url_for(request.endpoint, _scheme='https', **request.view_args)", "conditional"),
        ("urlunsplit(urlsplit(request.url)._replace(scheme='https'))", "conditional"),
    ],
)
@pytest.mark.parametrize("is_named", [True, False])
def test_another_address_needs_consent(where, level, is_named):
    """A POST with its body is sent on to it. What the hook asks of the scheme is no address."""
    text = FILES["app.py"].replace("not request.is_secure", 'request.scheme != "https"')
    old = 'request.url.replace("http://", "https://", 1)'
    text = (
        text.replace(old, where) if is_named else text.replace("redirect(url", f"redirect({where}")
    )
    text = text if is_named else text.replace(f"url = {old}", "pass")
    made = planned({"app.py": text}, with_unsafe=True, only=frozenset({REMEDY.id}))
    assert [step.patch.level for step in made.steps] == [level]
