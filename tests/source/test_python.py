"""Python files as facts: values without running, names through imports, any text survived."""

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainwire.model import UNKNOWN, SourceFile
from plainwire.source.python.module import parse
from plainwire.source.python.program import Program
from plainwire.source.python.serving import servers


def program(**texts):
    return Program(
        SourceFile(f"{name.replace('__', '/')}.py", "python", "production", text)
        for name, text in texts.items()
    )


def value(text, before=""):
    module = program(m=f"import os\n{before}\nx = {text}\n").modules[0]
    return next(b.value for b in module.bindings if b.name == "x")


@pytest.mark.parametrize(
    ("text", "literal", "variable"),
    [
        ("'a'", "a", None),
        ("1 + 1", UNKNOWN, None),
        ("'a' + 'b'", "ab", None),
        ("f'a{1}'", UNKNOWN, None),
        ("os.environ['A']", UNKNOWN, "A"),
        ("os.environ.get('A')", None, "A"),
        ("os.environ.get('A', 'b')", "b", "A"),
        ("os.getenv('A') or 'b'", "b", "A"),
        ("os.environ.get('A') is not None", False, "A"),
        ("os.environ.get('A', 'true').lower() in ['true', '1']", True, "A"),
        ("bool(os.environ.get('A'))", False, "A"),
        ("int(os.environ.get('A') or 25)", 25, "A"),
        ("True if os.environ.get('A') else False", False, "A"),
        ("not os.environ.get('A')", True, "A"),
        ("os.environ.get('A', 'True') == 'True'", True, "A"),
        ("strtobool(os.environ.get('A', 'no'))", False, "A"),
        ("env.str('A', default='b')", "b", "A"),
        ("Field(default='b')", "b", None),
        ("secrets.token_urlsafe(8)", UNKNOWN, None),
        ("y", "z", None),
        ("-1", -1, None),
    ],
)
def test_what_an_expression_comes_to(text, literal, variable):
    found = value(text, "y = 'z'")
    if isinstance(literal, bool):
        assert found.literal is literal
    else:
        assert found.literal == literal
    assert found.variable == variable


@pytest.mark.parametrize(
    ("text", "prefix"),
    [
        ("f'http://a.b/{y}'", "http://a.b/"),
        ("'http://a.b/' + y()", "http://a.b/"),
        ("'http://a.b/%s' % y()", "http://a.b/"),
        ("'http://a.b/{}'.format(y())", "http://a.b/"),
        ("f'{base}/x'", "http://c.d/x"),
    ],
)
def test_what_a_string_surely_begins_with(text, prefix):
    assert value(text, "base = 'http://c.d'").prefix == prefix


def test_a_name_given_twice_is_not_known():
    assert value("y", "y = 'a'\ny = 'b'").literal is UNKNOWN


def test_names_are_followed_through_modules():
    modules = program(
        app="from package.config import HOST as H\nimport package.config\nx = H\ny = package.config.HOST\n",
        package__config="from .deeper import HOST\n",
        package__deeper="HOST = '0.0.0.0'\n",
    )
    module = modules.module("app")
    assert {b.name: b.value.literal for b in module.bindings} == {"x": "0.0.0.0", "y": "0.0.0.0"}


def test_calls_know_their_full_names_wherever_the_import_stands():
    text = "def f():\n    g.get('a')\n    return C(1)\n\nimport requests as g\nfrom a.b import C\n"
    (module,) = program(m=text).modules
    assert [call.name for call in module.calls] == ["requests.get", "a.b.C"]


def test_conditions_and_main():
    text = "import os\nif os.environ.get('A'):\n    f()\nelse:\n    g()\nif __name__ == '__main__':\n    h()\n"
    calls = {c.name: c for c in program(m=text).modules[0].calls}
    assert [v.literal for v in calls["f"].conditions] == [None]
    assert [v.literal for v in calls["g"].conditions] == [True]
    assert calls["h"].is_main and calls["h"].conditions == ()


def test_docstrings_are_no_strings():
    text = '"""http://a.example/long"""\ndef f():\n    """http://b.example/long"""\n    return "a string of its own"\n'
    assert [t.value for t in program(m=text).modules[0].strings] == ["a string of its own"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("app.run(host='0.0.0.0')", ("app.run", "0.0.0.0", 5000, False)),
        ("app.run('0.0.0.0', 80)", ("app.run", "0.0.0.0", 80, False)),
        ("app.run()", ("app.run", "127.0.0.1", 5000, False)),
        ("app.run(ssl_context='adhoc')", ("app.run", "127.0.0.1", 5000, True)),
        ("app.run(ssl_context=None)", ("app.run", "127.0.0.1", 5000, False)),
        ("app.run(host=args.host)", ("app.run", None, 5000, False)),
        ("socketio.run(app, host='0.0.0.0')", ("socketio.run", "0.0.0.0", 5000, False)),
        ("waitress.serve(app)", ("waitress", "0.0.0.0", 8080, False)),
        ("waitress.serve(app, listen='127.0.0.1:80')", ("waitress", "127.0.0.1", 80, False)),
        ("gevent.pywsgi.WSGIServer(('', 80), app)", ("gevent", "", 80, False)),
        ("wsgiref.simple_server.make_server('', 80, app)", ("wsgiref", "", 80, False)),
        ("tornado.httpserver.HTTPServer(app).listen(80)", ("tornado", "", 80, False)),
    ],
)
def test_servers_in_code(text, expected):
    before = "import waitress, gevent.pywsgi, wsgiref.simple_server, tornado.httpserver\n"
    (served,) = servers(program(m=before + text).modules[0])
    assert (served.program, served.host, served.port, served.has_tls) == expected


@pytest.mark.parametrize("text", ["subprocess.run(['a'])", "asyncio.run(f())", "loop.run()"])
def test_what_runs_and_is_no_server(text):
    assert list(servers(program(m=text).modules[0])) == []


ATOMS = st.sampled_from(
    ["a", "'b'", "1", "os.environ.get('A')", "None", "(a)", "f'{a}b'", "[a, 'b']", "lambda: a"]
)
EXPRESSIONS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["or", "and", "+", "==", "in", "is", "%", "if a else"]), inner).map(" ".join),
        inner.map(lambda x: f"not ({x})"),
        inner.map(lambda x: f"bool({x})"),
        inner.map(lambda x: f"({x}).lower()"),
        inner.map(lambda x: f"({x})['k']"),
    ),
    max_leaves=12,
)  # fmt: skip


@given(EXPRESSIONS)
def test_any_expression_has_a_value(text):
    try:
        ast.parse(text)
    except SyntaxError:
        return
    value(text, "a = 'a'")


@given(st.one_of(st.text(max_size=200), st.lists(EXPRESSIONS, max_size=5).map("\n".join)))
def test_any_text_is_a_module_or_a_syntax_error(text):
    try:
        module = parse(SourceFile("m.py", "python", "production", text), "m")
    except SyntaxError:
        return
    ast.parse(text)
    for call in module.calls:
        assert isinstance(call.name, str)
        call.argument("a", 0)
    for binding in module.bindings:
        assert binding.value is not None and binding.source is not None
    list(servers(module))
