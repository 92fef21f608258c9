"""Stack traces as the runtimes print them, and texts that only speak of errors."""

import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainwire.wire.stack_traces import Trace, in_json, in_text

# Python's own, from Python; the others as their documentation shows them.
PYTHON = subprocess.run(
    [sys.executable, "-c", "1 / 0"], capture_output=True, text=True, check=False
).stderr
TRACES = [
    (PYTHON, "Python"),
    ("<pre>" + PYTHON.replace('"', "&#34;") + "</pre>", "Python"),
    (
        'Exception in thread "main" java.lang.NullPointerException\n'
        "        at com.example.myproject.Book.getTitle(Book.java:16)\n",
        "Java",
    ),
    (
        "System.NullReferenceException: Object reference not set\n"
        "   at MyApp.Program.Main(String[] args) in C:\\src\\Program.cs:line 9\n",
        ".NET",
    ),
    (
        "System.Exception: x\r\n   at MyApp.Api.Get(Int32 id)\r\n   at lambda_method(Closure )",
        ".NET",
    ),
    (
        "ReferenceError: x is not defined\n    at Object.<anonymous> (/app/index.js:1:1)\n"
        "    at Module._compile (node:internal/modules/cjs/loader:1105:14)",
        "Node.js",
    ),
    (
        "PHP Fatal error:  Uncaught Exception: x in /var/www/index.php:3\nStack trace:\n#0 {main}",
        "PHP",
    ),
    ("/app/app.rb:12:in `index': x (RuntimeError)\n", "Ruby"),
    ("panic: x\n\ngoroutine 1 [running]:\nmain.main()\n\t/app/main.go:8 +0x1d", "Go"),
]


@pytest.mark.parametrize(("text", "of"), TRACES)
def test_a_trace_is_known_by_its_shape(text: str, of: str) -> None:
    assert in_text(text) == Trace(of)
    assert in_json(json.dumps({"error": {"detail": text}}).encode(), is_error=True) == Trace(of)


PAGES = [
    ("<title>ZeroDivisionError: x // Werkzeug Debugger</title>", "Werkzeug's debugger"),
    ("because you have <code>DEBUG = True</code> in your", "Django's DEBUG page"),
]


@pytest.mark.parametrize(("text", "of"), PAGES)
def test_a_debug_page_is_known(text: str, of: str) -> None:
    assert in_text(text) == Trace(of, is_debug_page=True)


HARMLESS = [
    "Internal Server Error",
    "Traceback (most recent call last): not for you",
    "An exception occurred at the server (see line 12)",
    "we meet at example.com (Monday: 10:30:00)",
    "at 12:30:15 the job failed",
    "java.lang.NullPointerException",
    "https://example.com/app.js:10:5",
    "DEBUG = True",
]


@pytest.mark.parametrize("text", HARMLESS)
def test_words_about_an_error_are_no_trace(text: str) -> None:
    assert in_text(text) is None
    assert in_json(json.dumps({"detail": text}).encode(), is_error=True) is None


def test_a_quoted_trace_counts_in_an_answer_that_is_no_error_only_by_its_key() -> None:
    assert in_json(json.dumps({"article": PYTHON}).encode(), is_error=False) is None
    assert in_json(json.dumps({"stack_trace": PYTHON}).encode(), is_error=False) == Trace("Python")
    # GraphQL: extensions.exception.stacktrace is a list of lines (Apollo Server)
    lines = ["Error: x", "    at resolve (/srv/api/index.js:10:11)"]
    body = {"errors": [{"extensions": {"exception": {"stacktrace": lines}}}], "data": None}
    assert in_json(json.dumps(body).encode(), is_error=False) == Trace("Node.js")


def test_a_trace_is_found_however_deep_it_is() -> None:
    body = b'{"errors":[' * 60 + json.dumps({"detail": PYTHON}).encode() + b"]}" * 60
    assert in_json(body, is_error=True) == Trace("Python")


@given(st.binary())
def test_any_bytes_are_looked_at(body: bytes) -> None:
    in_json(body, is_error=True)
    in_text(body.decode("utf-8", "replace"))
