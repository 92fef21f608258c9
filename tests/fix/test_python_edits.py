"""Edits of Python: what they make is compared as Python's own parser reads it."""

import ast

import pytest

from plainwire.fix.content import Content
from plainwire.fix.python import Python
from plainwire.model import SourceFile

CALLS = [
    "f()",
    "f( )",
    "f(a)",
    "f(a, )",
    "f(a, b=1)",
    "f(a, b=1,)",
    "f(\n    a,\n    b=1,\n)",
    "f(\n    a,\n    b=1\n)",
    "f(\n    a,  # why\n    b=1  # because\n)",
    "f(a,\n  b=1)",
    "f(a, b=g(1, 2), c=')')",
    "f(\n\ta,\n\tb='€',\n)",
    "x.y(1)[2].f(a)",
    "(f(a))",
    "f(a)  ; z = 1",
    "z = [f(a), 2]",
    "f(lambda: (1,))",
    'f("""a\nb""", 1)',
]


def source(text: str) -> Python:
    return Python(SourceFile("x.py", "python", "production", text))


def edited(text: str, edit) -> str:
    return Content("x.py", text.encode()).edited([edit]).text


def call_of(text: str) -> ast.Call:
    return next(
        n
        for n in ast.walk(ast.parse(text))
        if isinstance(n, ast.Call) and ast.unparse(n.func).rpartition(".")[2] == "f"
    )


@pytest.mark.parametrize("text", CALLS)
def test_an_argument_is_added_and_nothing_else_changed(text):
    python = source(text)
    (call,) = python.calls(1, "f")
    made = edited(text, python.with_argument(call, "secure", "True"))
    wanted = ast.parse(text)
    node = next(n for n in ast.walk(wanted) if isinstance(n, ast.Call) and n.lineno == 1
                and ast.unparse(n.func).rpartition(".")[2] == "f")  # fmt: skip
    node.keywords.append(ast.keyword("secure", ast.Constant(True)))
    assert ast.dump(ast.parse(made)) == ast.dump(wanted)
    assert made.count("\n") - text.count("\n") in (0, 1)
    assert made.count("#") == text.count("#")


@pytest.mark.parametrize("text", CALLS)
@pytest.mark.parametrize("where", ["first", "last"])
def test_an_argument_is_taken_away_as_it_was_added(text, where):
    python = source(text)
    (call,) = python.calls(1, "f")
    added = edited(text, python.with_argument(call, "verify", "False"))
    if where == "first" and not call.args:
        return
    python = source(added)
    (call,) = python.calls(1, "f")
    taken = edited(added, python.without_argument(call, "verify"))
    assert ast.dump(ast.parse(taken)) == ast.dump(ast.parse(text))


@pytest.mark.parametrize(
    "text, without",
    [
        ("f(verify=False)", "f()"),
        ("f(verify=False,)", "f()"),
        ("f(verify=False, a=1)", "f(a=1)"),
        ("f(a, verify=False, b=1)", "f(a, b=1)"),
        ("f(a, verify=False)", "f(a)"),
        ("f(\n    a,\n    verify=False,\n    b=1,\n)", "f(\n    a,\n    b=1,\n)"),
        ("f(\n    a,\n    verify=False,\n)", "f(\n    a,\n)"),
        ("f(\n    a,\n    verify=False  # yes\n)", "f(\n    a  # yes\n)"),
    ],
)
def test_an_argument_leaves_no_trace(text, without):
    python = source(text)
    (call,) = python.calls(1, "f")
    assert edited(text, python.without_argument(call, "verify")) == without


@pytest.mark.parametrize(
    "text",
    ["f(*a)", "f(**a)", "f(a, *b, c=1)", "f(secure=x)", "f(secure=not y)", "f(secure=1 + 1)"],
)
def test_what_is_not_written_out_is_never_replaced(text):
    python = source(text)
    (call,) = python.calls(1, "f")
    assert python.with_argument(call, "secure", "True") is None


def test_an_argument_by_position_is_replaced_where_it_stands():
    text = 'r.f("a", "b", None, None, "/", None, False)'
    python = source(text)
    (call,) = python.calls(1, "f")
    made = edited(text, python.with_argument(call, "secure", "True", 6))
    assert made == text.replace("False", "True")


@pytest.mark.parametrize(
    "text, line, made",
    [
        ("class C:\n    A = 1\n    def f(): pass\n", 1,
         "class C:\n    A = 1\n    K = True\n    def f(): pass\n"),
        ("class C:\n    A: int = 1", 1, "class C:\n    A: int = 1\n    K: bool = True"),
        ("A = 1  # one\nB = 2\n", 1, "A = 1  # one\nK = True\nB = 2\n"),
        ("app.config['A'] = 1\n", 1, "app.config['A'] = 1\napp.config['K'] = True\n"),
        ("app.secret_key = 'x'\n", 1, "app.secret_key = 'x'\napp.config[\"K\"] = True\n"),
        ("app.config.update(A=1)\n", 1, "app.config.update(A=1, K=True)\n"),
        ("if 1:\n    a = Flask(\n        'a'\n    )\n    g()\n", 2,
         "if 1:\n    a = Flask(\n        'a'\n    )\n    a.config[\"K\"] = True\n    g()\n"),
    ],
)  # fmt: skip
def test_a_setting_is_written_as_its_neighbours_are(text, line, made):
    assert edited(text, source(text).with_setting(line, "K", "True")) == made


@pytest.mark.parametrize(
    ("value", "kind"), [("True", "bool"), ('"proxy"', "str"), ('["10.0.0.0/8"]', "list[str]")]
)
def test_a_setting_beside_an_annotated_one_is_annotated_for_what_it_is(value, kind):
    text = "class C:\n    A: bool = True\n"
    made = edited(text, source(text).with_setting(1, "K", value))
    assert made == f"{text}    K: {kind} = {value}\n"


def test_several_settings_are_one_edit():
    settings = {"K": "1", "L": "2"}
    for text in ("class C:\n    A = 0\n", "app.config['A'] = 0\n", "c.config.update(A=0)\n"):
        one = edited(text, source(text).with_setting(1, "K", "1"))
        line = 3 if "class" in text else one.count("\n")
        both = edited(one, source(one).with_setting(1 if "class" in text else line, "L", "2"))
        assert edited(text, source(text).with_settings(1, settings)) == both
    text = "c.config.update(K=0)\n"
    assert source(text).with_settings(1, settings) is None


@pytest.mark.parametrize(
    "text", ["class C: A = 1\n", "class C:\n    a = 1\n", "for a in b: pass\n"]
)
def test_where_no_setting_is_none_is_added(text):
    assert source(text).with_setting(1, "K", "True") is None


@pytest.mark.parametrize(
    "text, made",
    [
        ("import os\nimport re\n\nx = 1\n", "import os\nimport re\nimport ssl\n\nx = 1\n"),
        ('"""Page."""\n\nx = 1\n', '"""Page."""\n\nimport ssl\nx = 1\n'),
        ("#!/usr/bin/env python\nx = 1\n", "#!/usr/bin/env python\nimport ssl\nx = 1\n"),
        ("from __future__ import annotations\nx = 1\n",
         "from __future__ import annotations\nimport ssl\nx = 1\n"),
        ("import os\nx = 1\nimport re\n", "import os\nimport ssl\nx = 1\nimport re\n"),
        ("import os, ssl\n", None),
        ("import ssl as tls\n", "import ssl as tls\nimport ssl\n"),
    ],
)  # fmt: skip
def test_an_import_stands_with_the_others(text, made):
    edit = source(text).with_import("ssl")
    assert (edited(text, edit) if edit is not None else None) == made


def test_a_name_of_a_parenthesized_import_is_known():
    assert source("from a import (\n    b,\n    TLS,\n)\n").with_import("a", "TLS") is None
    assert source("from a import TLSX\n").with_import("a", "TLS") is not None


@pytest.mark.parametrize(
    "text",
    [
        "def (:\n",
        "x = " + "(" * 5000 + ")" * 5000,
        "x = " + "-" * 10_000 + "1",
        "x = 1" + "+1" * 10_000,
        "x = a" + "()" * 3000,
        "match x:\n case " + "[" * 40 + "a" + "]" * 40 + ": pass\n",
        "x = 1\n" * 200_000,
    ],
    ids=("broken", "brackets", "signs", "sums", "calls", "patterns", "long"),
)
def test_what_would_be_no_joy_to_read_is_refused(text):
    """LibCST itself ends the process on the second to fifth, and never ends on the sixth."""
    with pytest.raises(ValueError, match=r"x\.py is no Python"):
        source(text)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("app = Flask(__name__)\n", "app"),
        ("app: Flask = Flask(__name__)  # type: ignore\n", "app"),
        ("app = application = Flask(\n    __name__,\n)\n", "app"),
        ("self.app = Flask(__name__)\n", None),
        ("app: Flask\n", None),
        ("NAME = OTHER = 1\n", None),
    ],
)
def test_a_key_is_set_beside_what_makes_the_application(text, name):
    found = source(text)
    edit = found.with_setting(1, "SESSION_COOKIE_SECURE", "True")
    assert found.assigned_name(1) == (name or ("NAME" if "NAME" in text else ""))
    if name is None:
        assert edit is None
    else:
        new = f'{name}.config["SESSION_COOKIE_SECURE"] = True'
        assert edited(text, edit) == text + new + "\n"
