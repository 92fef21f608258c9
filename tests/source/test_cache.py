"""What is kept of an audit for the next: the same verdict with it, without it and with a broken one."""

import hashlib
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import yaml

from auditing import audited, laid_out
from cli.process import environment, plainwire
from plainwire import __file__ as plainwire_package
from plainwire import catalog, report
from plainwire.audit import audit
from plainwire.model import Report
from plainwire.source import cache as kept
from plainwire.source import packed
from plainwire.source.cache import Cache

BAD = {
    "app.py": "from flask import Flask\napp = Flask(__name__)\napp.config['SECRET_KEY'] = 'x9f3kd02mx'\n",
    "compose.yaml": "services:\n  web:\n    build: .\n    ports: ['80:5000']\n",
    "Dockerfile": "FROM python:3.12\nCOPY . .\nCMD gunicorn -b 0.0.0.0:5000 app:app\n",
}


class Counting(Cache):
    """A cache that counts its answers."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.answered = 0

    def get(self, key: str) -> str | None:
        text = super().get(key)
        self.answered += text is not None
        return text


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return laid_out(BAD, tmp_path / "project")


def told(one: Report) -> object:
    """A report without its times."""
    body = json.loads(report.render("json", [one]))
    return {k: v for k, v in body.items() if k not in ("started_at", "duration_s")}


def test_a_second_run_is_answered_from_the_cache_and_says_the_same(root, tmp_path):
    cache = Counting(tmp_path / "cache")
    fresh = told(audit(root))
    first, second = audit(root, cache=cache), audit(root, cache=cache)
    assert cache.answered == 1
    assert fresh["findings"]
    assert told(first) == told(second) == fresh
    assert report.render("text", [second]).count("SECRET_KEY") > 0


@pytest.mark.parametrize("path", sorted(BAD))
def test_another_content_or_name_is_another_audit(path, root, tmp_path):
    cache = Counting(tmp_path / "cache")
    audit(root, cache=cache)
    file = root / path
    file.write_text(file.read_text() + "\n# more\n")
    audit(root, cache=cache)
    file.rename(file.with_name("other-" + path))
    assert told(audit(root, cache=cache)) == told(audit(root))
    assert cache.answered == 0


def test_a_moved_project_keeps_its_verdict_under_its_new_name(root, tmp_path):
    cache = Counting(tmp_path / "cache")
    audit(root, cache=cache)
    moved = root.rename(tmp_path / "moved")
    assert audit(moved, cache=cache).target == str(moved)
    assert cache.answered == 1


def test_the_environment_and_the_program_are_part_of_the_key(root, tmp_path, monkeypatch):
    cache = Counting(tmp_path / "cache")
    audit(root, cache=cache)
    audit(root, cache=cache, environment="staging")
    monkeypatch.setattr(kept, "program", lambda: "another version")
    audit(root, cache=cache)
    assert cache.answered == 0


def test_a_changed_file_of_the_program_is_another_program(tmp_path):
    file = tmp_path / "rules" / "one.py"
    file.parent.mkdir()
    file.write_text("a = 1\n")
    before = kept.stamp(tmp_path)
    (tmp_path / "rules" / "one.pyc").write_bytes(b"made by Python")
    assert kept.stamp(tmp_path) == before
    file.write_text("a = 12\n")
    assert (changed := kept.stamp(tmp_path)) != before
    (tmp_path / "checks").mkdir()
    file.rename(tmp_path / "checks" / "one.py")
    assert kept.stamp(tmp_path) != changed


@pytest.mark.parametrize("changed", [Path(plainwire_package).parent, Path(yaml.__file__)])
def test_what_answers_depends_on_plainwire_and_on_pyyaml(changed, monkeypatch):
    fresh = kept.program.__wrapped__
    before, stamp = fresh(), kept.stamp
    assert fresh() == before
    monkeypatch.setattr(kept, "stamp", lambda top: "other" if top == changed else stamp(top))
    assert fresh() != before


def test_what_answers_depends_on_the_version_and_on_python(monkeypatch):
    fresh = kept.program.__wrapped__
    seen = {fresh()}
    monkeypatch.setattr(kept, "__version__", "0")
    seen.add(fresh())
    monkeypatch.setattr(kept.sys, "version", "4")
    assert len({*seen, fresh()}) == 3


def test_some_rules_alone_are_neither_kept_nor_answered(root, tmp_path):
    cache = Counting(tmp_path / "cache")
    audit(root, cache=cache)
    assert not audit(root, cache=cache, rules=()).findings
    assert cache.answered == 0


def entry_of(folder: Path) -> Path:
    (path,) = folder.glob("*.json")
    return path


def with_digest(body: bytes) -> bytes:
    return hashlib.sha256(body).hexdigest().encode() + b"\n" + body


BROKEN = {
    "empty": lambda data: b"",
    "cut": lambda data: data[: len(data) // 2],
    "one letter": lambda data: data.replace(b"SECRET_KEY", b"SECRET_KEX"),
    "no findings": lambda data: data.partition(b"\n")[0] + b"\n[[],null]",
    "no JSON": lambda data: with_digest(b"no JSON"),
    "no table": lambda data: with_digest(b"{}"),
    "nothing": lambda data: with_digest(b"[[],null]"),
    "a stranger": lambda data: with_digest(b'[[["value","os",1]],[0]]'),
    "a cycle": lambda data: with_digest(b'[[["tuple",[0]]],[0]]'),
    "another class": lambda data: with_digest(b'[[["value","Skip","a","b",0]],[0]]'),
    "too few fields": lambda data: with_digest(b'[[["value","Report","source"]],[0]]'),
    "deep": lambda data: with_digest(b"[" * 100_000),
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_broken_entry_changes_no_verdict(how, root, tmp_path):
    folder = tmp_path / "cache"
    audit(root, cache=Cache(folder))
    path = entry_of(folder)
    before = path.read_bytes()
    path.write_bytes(BROKEN[how](before))
    assert path.read_bytes() != before
    assert told(audit(root, cache=Cache(folder))) == told(audit(root))
    again = Counting(folder)
    audit(root, cache=again)
    assert again.answered == 1  # it was replaced


def test_an_entry_that_others_could_have_written_is_not_believed(root, tmp_path, monkeypatch):
    folder = tmp_path / "cache"
    cache = Counting(folder)
    audit(root, cache=cache)
    path = entry_of(folder)
    assert [one.stat().st_mode & 0o777 for one in (folder, path)] == [0o700, 0o600]
    path.chmod(0o622)
    audit(root, cache=cache)
    assert cache.answered == 0
    path.chmod(0o600)
    folder.chmod(0o777)
    audit(root, cache=cache)
    assert cache.answered == 0
    folder.chmod(0o700)
    with monkeypatch.context() as patched:
        patched.setattr(os, "geteuid", lambda: os.getuid() + 1)
        audit(root, cache=cache)
    assert cache.answered == 0
    audit(root, cache=cache)
    assert cache.answered == 1


def test_a_link_is_not_followed(root, tmp_path):
    folder = tmp_path / "cache"
    cache = Counting(folder)
    audit(root, cache=cache)
    path = entry_of(folder)
    path.rename(tmp_path / "elsewhere.json")
    path.symlink_to(tmp_path / "elsewhere.json")
    audit(root, cache=cache)
    assert cache.answered == 0


def test_where_nothing_can_be_kept_the_audit_is_done_all_the_same(root, tmp_path):
    (tmp_path / "file").write_text("")
    cache = Counting(tmp_path / "file" / "cache")
    assert told(audit(root, cache=cache)) == told(audit(root, cache=cache)) == told(audit(root))
    assert cache.answered == 0


def test_writers_and_readers_at_once_see_whole_texts(tmp_path):
    texts = [str(number) * 50_000 for number in range(4)]
    cache = Cache(tmp_path / "cache")
    seen = set()

    def work(text: str) -> None:
        for _ in range(20):
            cache.put("key", text)
            seen.add(cache.get("key"))

    workers = [threading.Thread(target=work, args=(text,)) for text in texts]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert seen <= {*texts, None}
    assert seen & set(texts)


def test_the_cache_is_bounded_and_what_was_asked_for_last_stays(tmp_path, monkeypatch):
    monkeypatch.setattr(kept, "MAX_TOTAL", 3500)
    cache = Cache(tmp_path / "cache")
    for number, name in enumerate("abcdef"):
        cache.put(name, name * 1000)
        os.utime(tmp_path / "cache" / f"{name}.json", (number, number))
        if name == "b":
            assert cache.get("a")  # asked for: the youngest of all
    left = {path.stem for path in (tmp_path / "cache").iterdir()}
    assert left == {"a", "e", "f"}
    cache.put("big", "x" * (kept.MAX_ENTRY + 1))
    assert cache.get("big") is None


def test_the_place_is_the_users_cache_folder_and_never_inside_the_project(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    root = laid_out(BAD, tmp_path / "project")
    kept.of_user(root).put("k", "text")
    assert (tmp_path / "xdg/plainwire/audit/k.json").exists()
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    kept.of_user(root).put("k", "text")
    assert (tmp_path / "home/.cache/plainwire/audit/k.json").exists()
    monkeypatch.setenv("XDG_CACHE_HOME", str(root / "cache"))
    assert kept.of_user(root) is None


def test_the_command_keeps_and_does_not_where_it_is_told_not_to(root, tmp_path):
    folder = tmp_path / "xdg"
    env = environment(XDG_CACHE_HOME=str(folder))
    words = ("audit", str(root), "--format", "json", "--exit-zero")
    without = plainwire(*words, "--no-cache", env=env, cwd=root.parent)
    assert not folder.exists()
    first, second = (plainwire(*words, env=env, cwd=root.parent) for _ in range(2))
    assert list((folder / "plainwire/audit").glob("*.json"))
    bodies = [json.loads(done.out) for done in (without, first, second)]
    for body in bodies:
        del body["started_at"], body["duration_s"]
    assert bodies[0] == bodies[1] == bodies[2]
    assert bodies[0]["findings"]
    assert sorted(p.name for p in root.iterdir()) == sorted(BAD)


@pytest.mark.parametrize("rule", catalog.load_rules(), ids=lambda rule: rule.id)
def test_what_is_unpacked_is_what_was_packed(rule):
    one = audited(rule.page.bad)
    again = packed.unpack(packed.pack(one))
    assert again == one
    for name in ("text", "sarif", "mermaid"):
        assert report.render(name, [again]) == report.render(name, [one])


@pytest.mark.parametrize("value", [object(), {1, 2}, 1j, Path("x"), ["a", object()]])
def test_what_is_no_value_of_the_model_is_not_packed(value):
    with pytest.raises(TypeError):
        packed.pack(value)


def test_a_report_that_was_kept_needs_no_reader(root, tmp_path):
    program = (
        "import sys\n"
        "from plainwire.cli import main\n"
        "main(['audit', sys.argv[1], '--format', 'json:report.json', '--format', 'text'])\n"
        "sys.stderr.write(' '.join(sys.modules))\n"
    )
    loaded = []
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-c", program, root],
            cwd=tmp_path,  # where no configuration lies
            env=environment(XDG_CACHE_HOME=str(tmp_path / "cache")),
            capture_output=True,
            text=True,
            timeout=60,
        )
        loaded.append(set(done.stderr.split()))
    readers = {"yaml", "plainwire.source.project", "plainwire.source.kinds"}
    assert readers <= loaded[0]
    assert not readers & loaded[1]
    assert not {"asyncio", "ssl", "tomllib"} & loaded[1]
    assert "asyncio" not in loaded[0]
    words = {f"plainwire.model.{name}" for name in ("api", "checks", "fix", "rules", "site", "tls")}
    assert not words & loaded[1]
