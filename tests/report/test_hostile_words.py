"""Nothing from a target can forge a command, a table, a link, a tag, an escape or an XML break."""

import json
import re
import unicodedata
from dataclasses import fields, is_dataclass, replace
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from plainwire.model import CATEGORIES, Coverage, Operation, Report, Skipped, Unanswered
from plainwire.report import RENDERERS, render
from plainwire.report.clean import code, json_text, markdown, visible
from report.example_reports import report, weak

BITES = st.sampled_from(
    [
        "::error::x",
        "\n::add-mask::x",
        "##[error]",
        "##vso[task.complete]",
        "\x1b[31m",
        "\x9b2J",
        "\u202e",
        "\u2028",
        "|",
        "\\|",
        "`",
        "``",
        "</td><script>",
        "]]>",
        "<!--",
        "-->",
        "&#64;",
        "@octocat",
        "https://evil.example",
        "www.evil.example",
        "[x](https://evil.example)",
        "![x](//evil.example)",
        "#1",
        "GH-1",
        "%0A",
        "\r",
        "\n",
        "\n# x",
        "\n- x",
        "\n\n",
        "\x00",
        "\ud800",
        "\ufffe",
        "\U000e0041",
        " ",
        "a" * 90,
        "漢字",
    ]
)
HOSTILE = st.lists(BITES | st.text(max_size=6), max_size=5).map("".join)
BIDI = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}


def poisoned(value, text):
    """A value with every free string in it replaced by hostile text."""
    if isinstance(value, tuple):
        return tuple(poisoned(part, text) for part in value)
    if type(value) is str:
        return text
    if not is_dataclass(value):
        return value
    fixed = {
        "severity",
        "confidence",
        "letter",
        "unsuppressed_letter",
        "cap",
        "tls_status",
        "status",
        "category",
        "target_kind",
        "baseline",
        "scheme",
        "level",
    }
    return replace(
        value,
        **{
            f.name: poisoned(getattr(value, f.name), text)
            for f in fields(value)
            if f.name not in fixed
        },
    )


def hostile_report(text: str) -> Report:
    """The weak report as a target would have it say; our own words stay ours."""
    ours = weak()
    theirs = poisoned(replace(ours, categories=()), text)
    assert theirs.findings[0].message == text
    categories = tuple(replace(c, reason=text) for c in ours.categories)
    skipped = (Skipped(Operation(text, text), text),)
    gaps = (*theirs.unanswered, Unanswered("another-check", text, text))
    coverage = Coverage(2, 1, skipped)
    return replace(theirs, categories=categories, coverage=coverage, unanswered=gaps)


def lines_of(text: str) -> list[str]:
    return text.removesuffix("\n").split("\n")


@pytest.mark.parametrize("name", RENDERERS)
@settings(suppress_health_check=[HealthCheck.differing_executors, HealthCheck.too_slow])
@given(text=HOSTILE)
def test_no_output_holds_a_control_or_a_command_of_the_target(name, text):
    output = render(name, [hostile_report(text)], width=60)
    output.encode("utf-8")
    assert not [
        c
        for c in output
        if c != "\n"
        and (
            unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp")
            or unicodedata.bidirectional(c) in BIDI
        )
    ]
    assert "##[" not in output and "##vso[" not in output
    commands = [line for line in lines_of(output) if line.lstrip().startswith("::")]
    assert len(commands) == (2 if name == "github" else 0)


@given(HOSTILE)
def test_github_prints_only_the_lines_that_are_meant(text):
    lines = lines_of(render("github", [hostile_report(text)]))
    assert len(lines) == 2  # the findings, which fall together under one id, and the gaps
    for line in lines:
        assert re.fullmatch(r"::(error|warning) title=[^:,]*::.*", line)


@given(HOSTILE)
def test_junit_is_xml_whose_text_cannot_break_out(text):
    root = ET.fromstring(render("junit", [hostile_report(text)]))
    assert {e.tag for e in root.iter()} <= {
        "testsuites",
        "testsuite",
        "testcase",
        "failure",
        "error",
        "skipped",
    }
    assert len(root) == len(CATEGORIES)


@pytest.mark.parametrize("name", ["json", "jsonl", "sarif"])
@settings(suppress_health_check=[HealthCheck.differing_executors, HealthCheck.too_slow])
@given(text=HOSTILE)
def test_json_outputs_read_back(name, text):
    value = json.loads(render(name, [hostile_report(text)]))
    if name != "sarif":
        assert value["findings"][0]["message"] == text


class _Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags = []

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, attributes))


def tags_of(html: str) -> list:
    parser = _Tags()
    parser.feed(html)
    return parser.tags


@given(HOSTILE)
def test_markdown_keeps_its_structure_and_has_no_link_or_image(text):
    """markdown-it reads the page as GitHub does: CommonMark with tables."""
    read = MarkdownIt("commonmark", {"html": True}).enable("table")
    expected = tags_of(read.render(render("markdown", [hostile_report("harmless")])))
    found = tags_of(read.render(render("markdown", [hostile_report(text)])))
    assert found == expected
    assert not [tag for tag, _ in found if tag in ("a", "img", "script")]


@given(HOSTILE)
def test_markdown_leaves_nothing_that_github_links_by_itself(text):
    for made in (markdown(text), code(text)):
        assert "\n" not in made
    shown = markdown(text).replace("&#8203;", "\u200b")
    assert not re.search(r"@\w|://|www\.|#\d|GH-\d", shown)


def test_text_shows_what_was_hidden():
    output = render("text", [hostile_report("a\x1b[31mb\u202ec")], width=80)
    assert "a\\x1b[31mb\\u202ec" in output


@given(st.text())
def test_visible_keeps_what_can_be_seen(text):
    plain = "".join(c for c in text if 0x20 <= ord(c) < 0x7F).replace("##", "")
    assert visible(plain) == plain


def test_a_long_word_of_a_target_is_cut():
    assert len(render("text", [report(tls_reasons=("x" * 1_000_000,))])) < 10_000


_KEYS = st.text('ab"\\\n', max_size=3) | st.integers() | st.booleans() | st.none() | st.floats()
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text('a"\\\n/\u00e9'),
    lambda inner: st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(_KEYS, inner),
)


@given(_JSON, st.sampled_from([None, 0, 2]))
def test_json_is_laid_out_as_by_the_standard_library(value, indent):
    separators = (",", ":") if indent is None else None
    expected = json.dumps(value, ensure_ascii=False, indent=indent, separators=separators)
    assert json_text(value, indent) == expected
