"""What is written is written whole or not at all, whatever the disk and others do meanwhile."""

import errno
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from plainwire.fix import disk
from plainwire.fix.content import Content
from plainwire.model import TargetError

OLD = {"a.py": b"a = 1\n", "deep/b.yaml": b"b: 1\r\n"}
NEW = {"a.py": b"a = 2\n", "deep/b.yaml": b"b: 22\r\n"}


@pytest.fixture
def root(tmp_path):
    for path, data in OLD.items():
        place = tmp_path / path
        place.parent.mkdir(exist_ok=True)
        place.write_bytes(data)
        place.chmod(0o640)
    return tmp_path


def changes():
    return [(Content(path, OLD[path]), Content(path, NEW[path])) for path in OLD]


def tree(root: Path) -> dict[str, bytes]:
    return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()}


def test_all_files_are_written_with_their_mode_and_owner(root):
    if os.geteuid() == 0:
        os.chown(root / "a.py", 1234, 1235)
    before = (root / "a.py").stat()
    disk.write(root, changes())
    after = (root / "a.py").stat()
    assert tree(root) == NEW
    assert stat.S_IMODE(after.st_mode) == 0o640
    assert (after.st_uid, after.st_gid) == (before.st_uid, before.st_gid)


def test_a_file_that_was_changed_meanwhile_is_kept(root):
    (root / "deep/b.yaml").write_bytes(b"b: mine\n")
    with pytest.raises(TargetError, match=r"b\.yaml was changed meanwhile; nothing was changed"):
        disk.write(root, changes())
    assert tree(root) == OLD | {"deep/b.yaml": b"b: mine\n"}


def test_a_change_between_the_two_checks_is_seen(root, monkeypatch):
    real = disk._Staged.write

    def write(self, data):
        real(self, data)
        (root / "deep/b.yaml").write_bytes(b"b: mine\n")

    monkeypatch.setattr(disk._Staged, "write", write)
    with pytest.raises(TargetError, match="changed meanwhile"):
        disk.write(root, changes())
    assert tree(root) == OLD | {"deep/b.yaml": b"b: mine\n"}


def test_a_read_only_file_stays(root):
    (root / "deep/b.yaml").chmod(0o444)
    with pytest.raises(TargetError, match="read-only"):
        disk.write(root, changes())
    assert tree(root) == OLD


def test_a_link_out_of_the_project_is_not_followed(root, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside")
    (outside / "b.yaml").write_bytes(OLD["deep/b.yaml"])
    (root / "deep/b.yaml").unlink()
    (root / "deep").rmdir()
    (root / "deep").symlink_to(outside)
    with pytest.raises(TargetError, match="outside"):
        disk.write(root, changes())
    assert (outside / "b.yaml").read_bytes() == OLD["deep/b.yaml"]
    assert list(outside.iterdir()) == [outside / "b.yaml"]
    with pytest.raises(TargetError, match="outside"):
        disk.read(root, "deep/b.yaml")


def test_a_file_that_became_a_link_is_not_written(root, tmp_path):
    target = tmp_path / "target"
    target.write_bytes(OLD["a.py"])
    (root / "a.py").unlink()
    (root / "a.py").symlink_to(target)
    with pytest.raises(TargetError, match="no regular file"):
        disk.write(root, changes())
    assert (root / "a.py").is_symlink() and target.read_bytes() == OLD["a.py"]


@pytest.mark.parametrize("number", range(1, 5))
def test_a_failure_half_way_leaves_the_tree_as_it_was(root, monkeypatch, number):
    """The rename or link of that number fails, as on a disk that goes away."""
    calls = {"n": 0}
    for name in ("replace", "link"):
        real = getattr(os, name)

        def failing(*arguments, real=real, **options):
            calls["n"] += 1
            if calls["n"] == number:
                raise OSError(errno.EIO, "Input/output error")
            return real(*arguments, **options)

        monkeypatch.setattr(disk.os, name, failing)
    if number in (1, 3):  # a link that fails is copied instead
        disk.write(root, changes())
        assert tree(root) == NEW
        return
    with pytest.raises(TargetError, match="Input/output error; nothing was changed"):
        disk.write(root, changes())
    assert tree(root) == OLD


def test_what_cannot_be_put_back_is_named_and_the_rest_is_put_back(root, monkeypatch):
    """A folder that is lost when the second file has changed places."""
    real = os.replace

    def failing(old, new):
        if "b.yaml" in str(new) and ".old" in str(old):
            raise OSError(errno.EIO, "Input/output error")
        real(old, new)

    swap = disk._Staged.swap

    def swapped(self):
        swap(self)
        if self.place.name == "b.yaml":
            raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(disk.os, "replace", failing)
    monkeypatch.setattr(disk._Staged, "swap", swapped)
    with pytest.raises(TargetError, match=r"could not be put back: deep/b\.yaml \(kept as \."):
        disk.write(root, changes())
    kept = next((root / "deep").glob(".b.yaml.*.old"))
    assert (root / "a.py").read_bytes() == OLD["a.py"] and kept.read_bytes() == OLD["deep/b.yaml"]


FULL = """
import resource, sys
from pathlib import Path
from plainwire.fix import disk
from plainwire.fix.content import Content
root = Path(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
pairs = [(Content("a.py", b"a = 1\\n"), Content("a.py", b"a = 2\\n")),
         (Content("deep/b.yaml", b"b: 1\\r\\n"), Content("deep/b.yaml", b"b" * 5000))]
disk.write(root, pairs)
"""


def test_a_disk_that_takes_no_more_changes_nothing(root):
    """A real write that fails: the kernel refuses it beyond the process's limit (EFBIG)."""
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(root)], capture_output=True, text=True, check=False
    )
    assert "File too large; nothing was changed" in done.stderr
    assert tree(root) == OLD


def test_a_file_that_cannot_be_given_back_to_its_owner_stays(root, monkeypatch):
    """Another user's file in a folder that one may write in; only root may give files away."""
    real = os.lstat

    def of_another(path, **options):
        state = real(path, **options)
        return os.stat_result((*state[:4], state.st_uid + 1, *state[5:]))

    def refused(*_):
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(disk.os, "lstat", of_another)
    monkeypatch.setattr(disk.os, "fchown", refused)
    with pytest.raises(TargetError, match=r"a\.py belongs to somebody else"):
        disk.write(root, changes())
    monkeypatch.undo()
    assert tree(root) == OLD
