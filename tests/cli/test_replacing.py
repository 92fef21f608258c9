"""A baseline that is written anew: the old one or the new one, whole, whatever happens."""

import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from cli.process import PATIENCE_S, environment
from plainwire.cli.replacing import replace

AUDIT = (sys.executable, "-m", "plainwire", "audit", ".", "--no-cache", "--format", "github")


def test_a_disk_that_is_full_leaves_the_old_baseline(tmp_path):
    (tmp_path / "app.py").write_text(
        "from flask import Flask\napp = Flask(__name__)\napp.config['SECRET_KEY'] = 'x9f3kd02mx'\n"
    )
    known = tmp_path / "known.json"

    def update(limit):
        return subprocess.run(
            [*AUDIT, "--baseline", "known.json", "--update-baseline"],
            cwd=tmp_path,
            env=environment(PYTHONDONTWRITEBYTECODE="1"),
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
        )

    assert update(1 << 20).returncode == 0
    before = known.read_bytes()
    assert len(before) > 150
    done = update(100)
    assert done.returncode == 2
    assert done.stderr == "plainwire audit: --baseline: cannot write known.json: File too large\n"
    assert known.read_bytes() == before
    assert sorted(os.listdir(tmp_path)) == ["app.py", "known.json"]


@pytest.mark.parametrize("mode", [0o640, 0o604])
def test_a_links_target_is_replaced_and_keeps_its_mode_and_owner(mode, tmp_path):
    (tmp_path / "there").mkdir()
    target, link = tmp_path / "there" / "known.json", tmp_path / "known.json"
    target.write_text("old")
    target.chmod(mode)
    if os.geteuid() == 0:
        os.chown(target, 65534, 65534)
    link.symlink_to("there/known.json")
    before = target.stat()
    replace(link, b"new")
    after = target.stat()
    assert link.is_symlink()
    assert target.read_bytes() == b"new"
    kept = [(s.st_mode, s.st_uid, s.st_gid) for s in (before, after)]
    assert kept[0] == kept[1]
    assert before.st_ino != after.st_ino
    assert os.listdir(tmp_path / "there") == ["known.json"]


def test_a_new_file_has_the_mode_that_the_umask_leaves(tmp_path):
    before = os.umask(0o027)
    try:
        replace(tmp_path / "known.json", b"new")
    finally:
        os.umask(before)
    assert (tmp_path / "known.json").stat().st_mode & 0o777 == 0o640


def test_what_is_no_regular_file_is_written_to(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    replace(tmp_path / "pipe", b"new")
    assert os.read(reader, 100) == b"new"
    os.close(reader)


def test_a_file_in_a_folder_that_takes_no_other_is_written_in_place():
    """Root may write anywhere: it is done by a user who may not, and who may reach the folder."""
    program = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from plainwire.cli.replacing import replace\n"
        "os.geteuid() or os.setuid(65534)\n"
        "replace(Path(sys.argv[1]), b'new')\n"
    )
    with tempfile.TemporaryDirectory() as folder:
        known = Path(folder, "known.json")
        known.write_text("old")
        known.chmod(0o666)
        os.chmod(folder, 0o555)
        command = [sys.executable, "-c", program, known]
        subprocess.run(command, check=True, timeout=PATIENCE_S)
        os.chmod(folder, 0o755)
        assert known.read_text() == "new"
        assert os.listdir(folder) == ["known.json"]
