"""Edits of the text change the bytes that they are about, and no others."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainwire.fix.comparison import _table
from plainwire.fix.content import Content
from plainwire.model import Edit
from plainwire.source.walk import read_tree

BYTES = st.binary(max_size=60) | st.lists(
    st.sampled_from([b"a", b"\r\n", b"\n", b"\r", b"\xff", b"\xe2\x82", "€".encode(), b"\t"])
).map(b"".join)


@given(BYTES, st.booleans())
def test_the_text_is_what_rules_read(data, has_mark):
    """The same as `source/walk.py` makes of the bytes, which decodes the whole at once."""
    data = b"\xef\xbb\xbf" + data if has_mark else data
    text = data.decode("utf-8-sig", "replace").replace("\r\n", "\n").replace("\r", "\n")
    assert Content("x", data).text == text


@given(BYTES, st.sampled_from(["utf-16-le", "utf-16-be"]))
def test_utf_16_is_what_rules_read(data, name):
    data = "\ufeff".encode(name) + data
    text = data.decode("utf-16", "replace").replace("\r\n", "\n").replace("\r", "\n")
    assert Content("x", data).text == text


@pytest.mark.parametrize("name", ["utf-16-le", "utf-16-be"])
def test_an_edit_is_written_as_the_file_is(name):
    text = "\ufeffa = 1 \U0001f511\r\nb = 2\r\n"
    edited = Content("x", text.encode(name)).edited([Edit("x", 8, 8, "c = 3\n")])
    assert edited.data.decode(name) == "\ufeffa = 1 \U0001f511\r\nc = 3\r\nb = 2\r\n"


@given(BYTES, st.data())
def test_an_edit_keeps_everything_else(data, draw):
    content = Content("x", data)
    start = draw.draw(st.integers(0, len(content.text)))
    end = draw.draw(st.integers(start, len(content.text)))
    edited = content.edited([Edit("x", start, end, "NEW")]).data
    at = edited.index(b"NEW")
    assert data.startswith(edited[:at]) and data.endswith(edited[at + 3 :])
    assert Content("x", edited[:at]).text.rstrip("\n") == content.text[:start].rstrip("\n")


@pytest.mark.parametrize(
    "data, new",
    [
        (b"a = 1\r\nb = 2\r\n", b"a = 1\r\nc\r\nb = 2\r\n"),
        (b"\xef\xbb\xbfa = 1\nb = 2", b"\xef\xbb\xbfa = 1\nc\nb = 2"),
        (b"a = '\xe4'\n\tb\n", b"a = '\xe4'\nc\n\tb\n"),
    ],
)
def test_a_new_line_ends_as_those_around_it(data, new):
    at = Content("x", data).text.index("\n")
    assert Content("x", data).edited([Edit("x", at, at, "\nc")]).data == new


def test_edits_that_overlap_are_refused():
    content = Content("x", b"abcdef")
    with pytest.raises(ValueError, match="overlap"):
        content.edited([Edit("x", 0, 3, ""), Edit("x", 2, 4, "")])
    with pytest.raises(ValueError, match="bounds"):
        content.edited([Edit("x", 0, 9, "")])


@given(
    st.lists(st.sampled_from("abcdefgh"), max_size=8, unique=True),
    st.lists(st.tuples(st.integers(0, 8), st.booleans()), max_size=4),
)
def test_lines_are_followed_through_edits(names, inserted):
    """Lines with names of their own: one after the edits is the line of its name before them."""
    text = "".join(f"{name}\n" for name in names)
    edits = {}
    for number, (line, is_whole) in enumerate(inserted):
        start = sum(len(name) + 1 for name in names[:line])
        if line < len(names) or is_whole:
            edits.setdefault(start, Edit("x", start, start, f"{number}\n" if is_whole else ""))
    table = _table(text, tuple(edits.values()))
    after = Content("x", text.encode()).edited(edits.values()).text.split("\n")
    for line, found in enumerate(after, 1):
        expected = names.index(found) + 1 if found in names else 0
        if found:
            assert table[line] == expected


def test_a_file_that_changed_since_it_was_audited_is_no_content(tmp_path):
    from plainwire.fix.state import State
    from plainwire.model import TargetError

    (tmp_path / "app.py").write_text("a = 1\n")
    state = State(tmp_path, read_tree(tmp_path), {})
    (tmp_path / "app.py").write_text("a = 2\n")
    with pytest.raises(TargetError, match="changed"):
        state.content("app.py")
