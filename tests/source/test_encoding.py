"""How files are text: The Unicode Standard, section 23.8; Python's own codecs write the bytes."""

import pytest

from plainwire.source.project import LocalProject
from plainwire.source.walk import read_tree

COMPOSE = """services:
  web:
    image: nginx  # \U0001f511 schl\u00fcssel
    ports: ["80:80"]
"""


@pytest.mark.parametrize("name", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig", "utf-8"])
def test_a_text_with_its_mark_is_read(name, tmp_path):
    mark = "\ufeff" if name.endswith("e") else ""
    text = (mark + COMPOSE).replace("\n", "\r\n")
    (tmp_path / "compose.yaml").write_bytes(text.encode(name))
    one = LocalProject(tmp_path)
    assert [file.text for file in one.files] == [COMPOSE]
    published = [p for d in one.deployments for s in d.services for p in s.publications]
    assert [(p.place.line, p.port) for p in published] == [(4, 80)]
    assert not one.skipped


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (COMPOSE.encode("utf-16-le"), "UTF-16 without a byte order mark, which is not read"),
        (COMPOSE.encode("utf-16-be"), "UTF-16 without a byte order mark, which is not read"),
        (COMPOSE.encode("utf-32"), "UTF-32, which is not read"),
        (b"\x7fELF\x02\x01\x01\0\0\0\0\0" * 20, "not text: it has a byte of zero"),
        (b"a\0\0\0" * 50, "not text: it has a byte of zero"),
        (b"a\0", "not text: it has a byte of zero"),
    ],
)
def test_a_text_without_its_mark_is_said_and_no_other(data, said, tmp_path):
    (tmp_path / "compose.yaml").write_bytes(data)
    tree = read_tree(tmp_path)
    assert (tree.files, [s.reason for s in tree.skipped]) == ((), [said])


def test_halves_and_odd_bytes_are_survived(tmp_path):
    (tmp_path / "compose.yaml").write_bytes(b"\xff\xfe\x00\xd8a\x00\x00\xdcb")
    assert [file.text for file in read_tree(tmp_path).files] == ["\ufffda\ufffd\ufffd"]
