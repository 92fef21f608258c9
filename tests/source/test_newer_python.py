"""Syntax that only newer Pythons parse, read by whichever runs: nothing moves to another line."""

import ast
import textwrap
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import plainwire
from auditing import found
from plainwire.source.python.newer import as_older

# What Python 3.12 and later parse, and what 3.11 is given instead.
NEWER = {
    """f"{app["a"]}://{host}" """: """f"{app['a']}://{host}" """,
    """f'{d['a']['b']:>10}' """: """f'{d["a"]["b"]:>10}' """,
    r'''f"{"\n".join(x)} {y}"''': r'''f"{____________} {y}"''',
    """f"{a["x"] + b['y']}" """: """f"{_______________}" """,
    """f"{f"{a["x"]}"}" """: """f"{___________}" """,
    """f"{{{a["x"]}}}" """: """f"{{{a['x']}}}" """,
    """rf"\\{a["x"]}" """: """rf"\\{a['x']}" """,
    "def first[T](x: list[T]) -> T: ...": "def first   (x: list[T]) -> T: ...",
    "class Box[T: int]: ...": "class Box        : ...",
    "type Pair[T] = tuple[T, T]": "Pair    = tuple[T, T]",
    "# it's a comment\nf'{d['a']}'": "# it's a comment\nf'{d[\"a\"]}'",
}


@pytest.mark.parametrize(("newer", "older"), NEWER.items())
def test_what_a_newer_python_reads(newer, older):
    assert as_older(newer) == older
    assert ast.parse(older.strip())


def test_every_file_that_is_parsed_anyway_stays_what_it_is():
    files = sorted((Path(plainwire.__file__).parent / "source").rglob("*.py"))
    files += sorted(Path(textwrap.__file__).parent.glob("[a-d]*.py"))
    for file in files:
        text = file.read_text("utf-8", "replace")
        assert ast.dump(ast.parse(as_older(text))) == ast.dump(ast.parse(text)), file


@given(st.text(alphabet="f\"'{}[]:!\\\n#ab =", max_size=60))
def test_lines_stay_where_they_are(text):
    assert as_older(text).count("\n") == text.count("\n")


@pytest.mark.parametrize(
    "line", ['x = f"{a!r:{b}}{c!=d}"', "f'''{a['b']!s}'''", 'f"\\N{DASH}{{{a}"']
)
def test_a_file_that_ends_anywhere_is_survived(line):
    for length in range(len(line) + 1):
        assert as_older(line[:length]).count("\n") == 0


def test_a_file_for_a_newer_python_is_read():
    text = """\
--- app.py
from flask import Flask
app = Flask(__name__)
def first[T](some: list[T]) -> T:
    return some[0]
def place() -> str:
    return f"{app.config["SCHEME"]}://{app.config["HOST"]}"
app.config["SECRET_KEY"] = "not-so-secret"
"""
    assert ("secret-in-files", "app.py", 7) in found(text)
