"""What acts on a page over https and is loaded over http."""

import html

import pytest

from plainwire.checks.encryption.mixed_content_active import mixed_content_active
from plainwire.model import Confidence, Severity
from served import CSS, HTML, SCRIPT, Body, served

UPGRADE = (("Content-Security-Policy", "default-src 'self'; Upgrade-Insecure-Requests"),)


@pytest.mark.mission("10")
@pytest.mark.parametrize(
    "page",
    [
        '<script src="http://cdn.example/a.js"></script>',
        '<link rel="stylesheet" href="http://cdn.example/a.css">',
        '<iframe src="http://cdn.example/"></iframe>',
        '<object data="http://cdn.example/a.swf"></object>',
        "<style>@import 'http://cdn.example/a.css';</style>",
        "<style>@font-face { src: url(http://cdn.example/a.woff2) }</style>",
        '<script>fetch("http://api.example.com/accounts")</script>',
        "<script>x.open('POST', 'http://api.example.com/accounts')</script>",
        "<script>fetch(`http://${location.hostname}:5000/accounts`)</script>",
        "<script>fetch('http://api-' + stage + '.example.com/')</script>",
        '<button onclick="fetch(&quot;http://api.example.com/&quot;)">',
        # As the standard resolves them: a base, a scheme in capitals, a tab within.
        '<base href="http://cdn.example/"><script src="a.js"></script>',
        '<script src=" HTTP://cdn.example/a.js"></script>',
        '<script src="ht\ttp://cdn.example/a.js"></script>',
        '<script type="importmap">{"imports": {"v": "http://cdn.example/v.js"}}</script>',
        '<iframe srcdoc="<script src=&quot;http://cdn.example/a.js&quot;></script>"></iframe>',
        '<script>script.src = "http://cdn.example/a.js"</script>',
        '<script>newFrame.setAttribute("src", "http://cdn.example/")</script>',
        "<script>styleSheet.href = 'http://cdn.example/a.css'</script>",
        '<div hx-get="http://api.example.com/rows"></div>',
        '<div data-hx-post="http://api.example.com/rows"></div>',
        '<div hx-ext="sse" sse-connect="http://api.example.com/events"></div>',
    ],
)
def test_a_page_that_loads_code_or_data_over_http_is_found(page):
    finding = served(mixed_content_active, page).finding
    assert finding.severity is Severity.HIGH
    assert finding.confidence is Confidence.CERTAIN
    assert "http:" in finding.message.lower()


@pytest.mark.parametrize(
    "page",
    [
        '<script src="https://cdn.example/a.js"></script>',
        '<script src="//cdn.example/a.js"></script>',
        '<script src="/a.js"></script>',
        '<!-- <script src="http://cdn.example/a.js"></script> -->',
        '<script>// fetch("http://cdn.example/a")</script>',
        '<textarea><script src="http://cdn.example/a.js"></textarea>',
        '<a href="http://cdn.example/">there</a>',
        '<img src="http://cdn.example/a.png">',
        '<script src="data:text/javascript,x"></script>',
        '<script>element.setAttribute("xmlns", "http://www.w3.org/2000/svg")</script>',
        '<script>const site = "http://other.example/"; show(site)</script>',
        '<script type="importmap">{"imports": {"v": "https://cdn.example/v.js"}}</script>',
        '<script type="importmap">{"imports": {"v": "/http://cdn.example/v.js"}}</script>',
        '<iframe srcdoc="&lt;p>see http://cdn.example/a.js"></iframe>',
        '<iframe srcdoc="<a href=http://cdn.example/>there</a>"></iframe>',
        '<script>script.src = "https://cdn.example/a.js"</script>',
        '<script>if (script.src === "http://cdn.example/a.js") swap(script)</script>',
        '<script>image.src = "http://cdn.example/a.png"</script>',
        "<script>link.href = 'http://cdn.example/'</script>",
        '<script>text.data = "http://cdn.example/"</script>',
        '<script>Array.from("http://cdn.example/")</script>',
        '<script>Buffer.from ("http://cdn.example/")</script>',
        '<script>validator.register("http://cdn.example/schema")</script>',
        '<script>$.extend("http://cdn.example/")</script>',
        '<script>me$.get("http://cdn.example/")</script>',
        '<script>db.open("users", "http://cdn.example/")</script>',
        '<script>fetch(item.url); use({url: "http://cdn.example/"})</script>',
        '<div hx-get="/rows" data-url="http://api.example.com/" hx-target="#a"></div>',
        """<script>show('&lt;script src="http://cdn.example/a.js">')</script>""",
        """<script>show('<b title="http://cdn.example/a.js">')</script>""",
        """<script>show('<link rel="canonical" href="http://cdn.example/">')</script>""",
        """<script>show('<script data-src="http://cdn.example/a.js">')</script>""",
        # W3C Secure Contexts, section 3.1: potentially trustworthy.
        '<script src="http://localhost:3000/a.js"></script>',
        '<script src="http://dev.localhost/a.js"></script>',
        '<script src="http://127.3.2.1/a.js"></script>',
        '<script src="http://[::1]/a.js"></script>',
        # By the page's own scheme, this takes https.
        '<script>fetch(location.protocol === "https:" ? "https://a.example" : '
        '"http://a.example")</script>',
    ],
)
def test_what_only_looks_like_mixed_content_is_not(page):
    assert served(mixed_content_active, page).findings == ()


def test_a_host_that_only_begins_like_loopback_is_not_loopback():
    assert served(
        mixed_content_active, '<script src="http://localhost.example/a.js"></script>'
    ).finding
    assert served(mixed_content_active, '<script src="http://0.0.0.0/a.js"></script>').finding


def test_loopback_that_is_scanned_is_judged_as_if_it_were_deployed():
    page = '<script src="http://localhost/a.js"></script>'
    assert served(mixed_content_active, page, host="localhost").finding


@pytest.mark.mission("10")
@pytest.mark.parametrize(
    ("template", "script"),
    [
        ('const API = "http://backend.example";', "fetch(API + '/accounts')"),
        ('window.API = "http://backend.example";', "fetch(`${API}/accounts`)"),
        ('const config = {api: "http://backend.example"};', "axios.get(config.api + '/x')"),
        ('const API = "http://backend.example";', "x.open('GET', API + '/accounts')"),
        ('const config = {url: "http://backend.example"};', "axios.get(config.url + '/x')"),
        ('use({config: {a: 1, url: "http://backend.example"}});', "fetch(config.url)"),
    ],
)
def test_an_address_in_the_template_that_a_script_file_fetches_from_is_found(template, script):
    bodies = {
        "/": Body(f'<script>{template}</script><script src="/static/app.js"></script>'),
        "/static/app.js": Body(script, SCRIPT),
    }
    finding = served(mixed_content_active, bodies).finding
    assert "'http://backend.example/'" in finding.message
    assert finding.confidence is Confidence.FIRM


def test_a_name_of_one_letter_in_a_minified_script_is_many_names():
    fill = "function f(){return 1}" * 50
    page = f'<script>{fill}function a(e){{return fetch(e)}}function b(){{var e="http://other.example/"}}</script>'
    assert served(mixed_content_active, page).findings == ()
    assert served(mixed_content_active, page.replace("f()", "\n" + "f()")).finding


def test_an_address_that_is_given_to_another_name_is_not_found():
    page = '<script>const HOME = "http://other.example"; fetch(API + "/x")</script>'
    assert served(mixed_content_active, page).findings == ()


@pytest.mark.mission("10")
def test_style_sheets_and_scripts_of_the_own_origin_are_read_one_level_deep():
    bodies = {
        "/": Body(
            '<link rel=stylesheet href="/a.css?v=1"><script src="https://api.example.com/b.js">'
        ),
        "/a.css?v=1": Body('@import "http://fonts.example/c.css"; @import "/deep.css";', CSS),
        "/b.js": Body('fetch("http://api.example.com/x")', "application/javascript"),
        "/deep.css": Body('@import "http://deep.example/";', CSS),
    }
    seen = served(mixed_content_active, bodies)
    assert "'http://fonts.example/c.css', 'http://api.example.com/x'" in seen.finding.message
    urls = [each.url for each in seen.finding.evidence]
    assert urls == [f"https://api.example.com{path}" for path in ("/", "/a.css?v=1", "/b.js")]
    assert "/deep.css" not in seen.paths


def test_no_other_origin_is_asked_for_style_sheets_and_scripts():
    page = (
        '<script src="https://cdn.example/a.js"></script><script src="https://api.example.com:8443/b.js">'
        '</script><script src="http://api.example.com/c.js"></script>'
    )
    seen = served(mixed_content_active, page)
    assert {request.origin.host for request in seen.requests} == {"api.example.com"}
    assert not {"/a.js", "/b.js", "/c.js"} & {request.path for request in seen.requests}


def test_at_most_twenty_style_sheets_and_scripts_are_asked_for():
    page = "".join(f'<script src="/{n}.js"></script>' for n in range(50))
    seen = served(mixed_content_active, page)
    assert sum(path.endswith(".js") for path in seen.paths) == 20
    assert all(request.method in ("GET", "HEAD", "OPTIONS") for request in seen.requests)


def test_a_style_sheet_that_a_page_imports_is_read():
    bodies = {
        "/": Body("<style>@import url(/a.css);</style>"),
        "/a.css": Body("@import url(http://fonts.example/c.css);", CSS),
    }
    assert "'http://fonts.example/c.css'" in served(mixed_content_active, bodies).finding.message


@pytest.mark.parametrize(
    "answer",
    [
        Body('fetch("http://api.example.com/x")', SCRIPT, status=404),
        # A front end that answers every unknown path with its start page.
        Body('<script src="http://cdn.example/a.js"></script>'),
    ],
)
def test_an_answer_that_is_no_script_is_not_read_as_one(answer):
    bodies = {"/": Body('<script src="/a.js"></script>'), "/a.js": answer}
    assert served(mixed_content_active, bodies).findings == ()


def test_a_script_that_looks_at_the_scheme_excuses_no_element_after_it():
    page = "<script>go(location.protocol === 'http:')</script><script src='http://a.example/'></script>"
    assert served(mixed_content_active, page).finding


@pytest.mark.parametrize(
    "page",
    [
        Body('<script src="http://a.example/"></script>', headers=UPGRADE),
        Body(
            '<meta http-equiv="content-security-policy" content="upgrade-insecure-requests">'
            '<script src="http://a.example/"></script>'
        ),
    ],
)
def test_a_page_that_is_upgraded_by_browsers_is_information_with_the_reason(page):
    finding = served(mixed_content_active, {"/": page}).finding
    assert finding.severity is Severity.INFO
    assert "browsers only" in finding.message


@pytest.mark.parametrize(
    "header",
    [
        ("Content-Security-Policy-Report-Only", "upgrade-insecure-requests"),
        ("Content-Security-Policy", "script-src upgrade-insecure-requests"),
        ("Upgrade-Insecure-Requests", "1"),
    ],
)
def test_a_header_that_only_names_the_directive_upgrades_nothing(header):
    page = Body('<script src="http://a.example/"></script>', headers=(header,))
    assert served(mixed_content_active, {"/": page}).finding.severity is Severity.HIGH


def test_the_body_of_a_redirect_is_not_a_page():
    page = Body(
        '<script src="http://a.example/"></script><script src="/b.js"></script>',
        HTML,
        308,
        (("Location", "https://b.example/"),),
    )
    seen = served(mixed_content_active, {"/": page})
    assert seen.findings == ()
    assert "/b.js" not in seen.paths


def test_five_urls_are_shown_each_once_escaped_and_cut():
    long = "http://a.example/" + "x" * 500
    urls = [long, long, *(f"http://{n}.example/\x1b[31m" for n in "bcdefg")]
    page = "".join(f'<script src="{url}"></script>' for url in urls)
    message = served(mixed_content_active, page).finding.message
    assert message.endswith(" and 2 more")
    assert "\x1b" not in message and "x" * 120 not in message
    assert message.count("a.example") == 1


def test_user_information_in_a_url_is_not_shown():
    page = '<script src="http://user:hunter2@a.example/a.js"></script>'
    assert "hunter2" not in served(mixed_content_active, page).finding.message


@pytest.mark.parametrize(
    "script",
    [
        """box.innerHTML = '<iframe src="http://cdn.example/"></iframe>'""",
        "box.innerHTML = `<p>${name}</p><script src=http://cdn.example/a.js><\\/script>`",
        """document.write("<script src='http://" + cdn + "/a.js'><\\/script>")""",
        """head.append('<link rel="stylesheet" href="http://cdn.example/a.css">')""",
    ],
)
def test_what_a_script_writes_as_markup_is_firm(script):
    page = {"/": Body('<script src="/a.js"></script>'), "/a.js": Body(script, SCRIPT)}
    finding = served(mixed_content_active, page).finding
    assert finding.confidence is Confidence.FIRM
    assert "http://" in finding.message


def test_documents_within_documents_end():
    page = "<p>"
    for _ in range(6):
        page = (
            f'<iframe srcdoc="{html.escape(page)}"></iframe><script src=http://a.example/></script>'
        )
    assert served(mixed_content_active, page).finding
