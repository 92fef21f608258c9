"""``plainwire fix``: what it shows, what it writes and when it refuses."""

import builtins
import json
import os
import shutil
import subprocess
import sys

import pytest

from auditing import laid_out
from certificates import issue
from plainwire import catalog
from plainwire.fix import git
from plainwire.model import example_files
from probing import listener
from terminal import CTRL_C, CTRL_D, Terminal

EXAMPLE = next(r for r in catalog.load_remedies() if r.id == "secure-cookie").page
BEFORE, AFTER = example_files(EXAMPLE.before), example_files(EXAMPLE.after)
ONLY = ("--only", "cookie-set-without-secure")


@pytest.fixture
def project(tmp_path):
    return laid_out(BEFORE, tmp_path / "project")


def read(project):
    return {path: (project / path).read_text() for path in BEFORE}


def git_of(project, *words):
    named = ("-c", "user.email=a@example.com", "-c", "user.name=a", "-c", "init.defaultBranch=main")
    return subprocess.run(
        ("git", "-C", str(project), *named, *words), check=True, capture_output=True, text=True
    ).stdout


@pytest.fixture
def repository(project):
    git_of(project, "init", "-q")
    git_of(project, "add", "-A")
    git_of(project, "commit", "-qm", "as it was")
    return project


def asked(project):
    command = (sys.executable, "-m", "plainwire", "fix", project, "--interactive", *ONLY)
    return Terminal(command)


def test_the_patch_is_shown_and_nothing_changed(call, project):
    done = call("fix", str(project), *ONLY)
    assert done.code == 1 and read(project) == BEFORE
    assert '+    answer.set_cookie("session_token", "abc", httponly=True, secure=True)' in done.out
    assert "every path to the application is encrypted (deployment/nginx.conf:2)" in done.out


@pytest.mark.parametrize("program", [("git", "apply"), ("patch", "-p1")])
def test_other_programs_take_what_is_shown(call, project, program):
    patch = call("fix", str(project), *ONLY).out
    subprocess.run(program, input=patch.encode(), cwd=project, check=True, capture_output=True)
    assert read(project) == AFTER
    done = call("fix", str(project), *ONLY)
    assert (done.code, "@@" in done.out) == (0, False)


@pytest.mark.parametrize("program", [("git", "apply"), ("patch", "-p1")])
def test_other_programs_take_a_name_with_a_space(call, project, program):
    (project / "app.py").rename(project / "my app.py")
    patch = call("fix", str(project), *ONLY).out
    subprocess.run(program, input=patch.encode(), cwd=project, check=True, capture_output=True)
    assert (project / "my app.py").read_text() == AFTER["app.py"]


@pytest.mark.parametrize("change", [("\n", "\r\n"), ("    return answer\n", "    return answer")])
def test_git_takes_it_with_any_line_ends(call, project, change):
    text = BEFORE["app.py"].replace(*change)
    (project / "app.py").write_bytes(text.encode())
    patch = call("fix", str(project), *ONLY).out
    command = ("git", "apply", "--whitespace=nowarn")
    subprocess.run(command, input=patch.encode(), cwd=project, check=True, capture_output=True)
    assert (project / "app.py").read_bytes() == AFTER["app.py"].replace(*change).encode()


def test_json_says_the_same(call, project):
    told = json.loads(call("fix", str(project), *ONLY, "--format", "json").out)
    assert [p["remedy"] for p in told["patches"]] == ["secure-cookie"] * 2
    assert all(p["level"] == "conditional" and "+++ b/app.py" in p["diff"] for p in told["patches"])
    assert [f["place"] for f in told["gone"]] == ["app.py:6", "app.py:7"]


def test_no_escape_of_a_project_reaches_the_terminal(call, tmp_path):
    files = {"app.py": BEFORE["app.py"].replace("dark", "\x1b]0;dark\x07\u202e")}
    root = laid_out(BEFORE | files, tmp_path / "\x1b[31mred")
    done = call("fix", str(root), *ONLY)
    assert "secure=True" in done.out
    assert not {"\x1b", "\x07", "\u202e"} & set(done.out + done.err)


def test_a_remedy_is_explained(call):
    done = call("explain", "secure-cookie")
    assert done.code == 0 and done.out.startswith("secure-cookie: Pass secure=True where")
    assert "conditional; answers cookie-set-without-secure" in done.out


def test_an_id_that_nothing_has_is_refused(call, project):
    done = call("fix", str(project), "--only", "secure-cooky")
    assert done.code == 2 and "no remedy or rule 'secure-cooky'" in done.err


def test_without_libcst_it_says_what_to_install(call, project, monkeypatch):
    real = builtins.__import__

    def without(name, *rest):
        if name.partition(".")[0] == "libcst":
            raise ModuleNotFoundError("No module named 'libcst'", name="libcst")
        return real(name, *rest)

    for name in [n for n in sys.modules if n.startswith(("plainwire.fix", "libcst"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(builtins, "__import__", without)
    done = call("fix", str(project))
    assert done.code == 2 and "pip install 'plainwire[fix]'" in done.err


def test_a_clean_tree_is_changed_and_audited_again(call, repository):
    done = call("fix", str(repository), *ONLY, "--apply", "--fail-on", "high")
    assert done.code == 0 and read(repository) == AFTER
    assert "gone: cookie-set-without-secure at app.py:6" in done.out
    assert "left: forwarded-proto-ignored at app.py:2" in done.out
    assert "=== Security Scan Results ===" in done.out
    assert git_of(repository, "status", "--porcelain") == " M app.py\n"
    again = call("fix", str(repository), *ONLY, "--apply", "--fail-on", "high")
    assert again.code == 0 and "0 changes in 0 files" in again.out


def test_the_gate_judges_what_is_left(call, repository):
    done = call("fix", str(repository), *ONLY, "--apply", "--fail-on", "medium")
    assert done.code == 1 and read(repository) == AFTER


def test_apply_says_it_in_json_too(call, repository):
    told = json.loads(call("fix", str(repository), *ONLY, "--apply", "--format", "json").out)
    assert len(told["gone"]) == 2
    assert [f["id"] for f in told["report"]["findings"]] == ["forwarded-proto-ignored"]


@pytest.mark.parametrize("change", ["edited", "staged", "untracked"])
def test_a_tree_that_is_not_clean_is_left_alone(call, repository, change):
    if change == "untracked":
        git_of(repository, "rm", "-q", "--cached", "app.py")
        git_of(repository, "commit", "-qm", "without it")
    else:
        (repository / "deployment/nginx.conf").write_text(BEFORE["deployment/nginx.conf"] + "\n")
    if change == "staged":
        git_of(repository, "add", "-A")
    before = read(repository)
    done = call("fix", str(repository), *ONLY, "--apply")
    assert done.code == 2 and "--force" in done.err
    assert read(repository) == before
    done = call("fix", str(repository), *ONLY, "--apply", "--force")
    assert read(repository)["app.py"] == AFTER["app.py"]


@pytest.mark.parametrize("mark", ["--assume-unchanged", "--skip-worktree"])
def test_a_file_that_git_does_not_look_at_is_left_alone(call, repository, mark):
    """git takes it for unchanged whatever is in it (git-update-index(1))."""
    git_of(repository, "update-index", mark, "app.py")
    mine = BEFORE["app.py"] + "# mine\n"
    (repository / "app.py").write_text(mine)
    assert git_of(repository, "status", "--porcelain") == ""
    done = call("fix", str(repository), *ONLY, "--apply")
    assert done.code == 2 and "git does not look at app.py" in done.err
    assert read(repository)["app.py"] == mine


def test_outside_of_git_it_says_so_and_goes_on(call, project):
    done = call("fix", str(project), *ONLY, "--apply")
    assert "not under git" in done.err and read(project) == AFTER


def test_nothing_of_a_repository_is_run(call, repository, tmp_path):
    """Programs that git would start by its configuration: fsmonitor is off, filters are refused."""
    mark = tmp_path / "ran"
    git_of(repository, "config", "core.fsmonitor", f"touch {mark};")
    done = call("fix", str(repository), *ONLY, "--apply")
    assert read(repository) == AFTER and not mark.exists(), done.err
    git_of(repository, "config", "--unset", "core.fsmonitor")
    git_of(repository, "checkout", "-q", ".")
    git_of(repository, "config", "filter.x.clean", f"touch {mark}; cat")
    (repository / ".git/info/attributes").write_text("* filter=x\n")
    os.utime(repository / "app.py")
    done = call("fix", str(repository), *ONLY, "--apply")
    assert done.code == 2 and "names programs" in done.err
    assert read(repository) == BEFORE and not mark.exists()


def test_nothing_of_a_working_tree_s_own_configuration_is_run(repository, tmp_path):
    """``extensions.worktreeConfig``: a second file beside ``.git/config``."""
    mark = tmp_path / "ran"
    git_of(repository, "config", "extensions.worktreeConfig", "true")
    git_of(repository, "config", "--worktree", "filter.x.clean", f"touch {mark}; cat")
    (repository / ".git/info/attributes").write_text("* filter=x\n")
    (repository / "app.py").write_text(BEFORE["app.py"])
    assert "names programs" in git.obstacle(repository, ["app.py"]) and not mark.exists()
    git_of(repository, "status")
    assert mark.exists()  # git itself would have


def test_nothing_of_a_submodule_is_run(repository, tmp_path):
    mark, inner = tmp_path / "ran", tmp_path / "inner"
    inner.mkdir()
    (inner / "file").write_text("x\n")
    for words in (("init", "-q"), ("add", "-A"), ("commit", "-qm", "x")):
        git_of(inner, *words)
    add = ("-c", "protocol.file.allow=always", "submodule", "--quiet", "add")
    git_of(repository, *add, str(inner), "inner")
    git_of(repository, "commit", "-qm", "with it")
    git_of(repository / "inner", "config", "filter.x.clean", f"touch {mark}; cat")
    attributes = repository / ".git/modules/inner/info/attributes"
    attributes.parent.mkdir(exist_ok=True)
    attributes.write_text("* filter=x\n")
    (repository / "inner/file").write_text("x\n")
    assert git.obstacle(repository, ["app.py"]) is None and not mark.exists()
    git_of(repository, "status")
    assert mark.exists()  # git itself would have


def test_without_git_it_is_not_taken_for_clean(repository, monkeypatch):
    assert git.obstacle(repository, ["app.py"]) is None
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert "not installed" in git.obstacle(repository, ["app.py"])


@pytest.mark.parametrize("before, after", [("\n", "\r\n"), ("    ", "\t")])
def test_line_ends_tabs_and_a_mark_are_kept(call, project, before, after):
    mark = "\ufeff"
    text = mark + BEFORE["app.py"].replace(before, after)
    (project / "app.py").write_bytes(text.encode())
    call("fix", str(project), *ONLY, "--apply")
    wanted = mark + AFTER["app.py"].replace(before, after)
    assert (project / "app.py").read_bytes() == wanted.encode()


def test_bytes_that_are_no_utf_8_are_kept(call, project):
    """A file in Latin-1, as its first line says."""
    head = "# -*- coding: latin-1 -*-\n# Größe\n".encode("latin-1")
    (project / "app.py").write_bytes(head + BEFORE["app.py"].encode())
    call("fix", str(project), *ONLY, "--apply")
    assert (project / "app.py").read_bytes() == head + AFTER["app.py"].encode()


def test_a_file_that_cannot_be_parsed_stays(call, project):
    broken = BEFORE["app.py"] + "def (:\n"
    (project / "app.py").write_text(broken)
    done = call("fix", str(project), "--apply")
    assert (project / "app.py").read_text() == broken
    assert done.code == 4 and "app.py:13: not parsed: invalid syntax" in done.out
    shown = call("fix", str(project))
    assert "# - app.py:13: not parsed: invalid syntax" in shown.out
    (told,) = json.loads(call("fix", str(project), "--format", "json").out)["not_read"]
    assert told["place"] == "app.py:13"


def test_interactive_needs_a_terminal(call, project):
    done = call("fix", str(project), "--interactive")
    assert done.code == 2 and "no terminal" in done.err and read(project) == BEFORE


def test_interactive_makes_what_is_agreed_to(project):
    """Two patches over a real terminal: no to the first, yes to the second."""
    with asked(project) as terminal:
        for number, answer in enumerate((b"n\n", b"y\n"), 1):
            terminal.until(b"[y/N]", number)
            terminal.type(answer)
        terminal.ended()
    assert terminal.shown.count(b"apply this patch?") == 2
    text = read(project)["app.py"]
    shown = terminal.shown.decode()
    assert '"abc", httponly=True)' in text and "secure=True,\n" in text, shown


@pytest.mark.parametrize(("keys", "code"), [(CTRL_D, 0), (CTRL_C, 130)])
def test_who_leaves_before_the_last_question_has_agreed_to_no_more(repository, keys, code):
    """Ctrl-D is a no to what is asked, Ctrl-C leaves: then nothing is written at all."""
    with asked(repository) as terminal:
        terminal.until(b"[y/N]")
        terminal.type(b"y\n" if code else keys)
        terminal.until(b"[y/N]", 2)
        assert terminal.ended(keys) == code, terminal.shown.decode()
    assert b"Traceback" not in terminal.shown
    assert git_of(repository, "status", "--short") == ""


@pytest.mark.parametrize(
    ("length", "said"), [(3_000, "nobody can be asked"), (30_000, "by reading it")]
)
def test_all_of_a_command_is_shown_before_it_is_agreed_to(call, project, length, said):
    """What stands at its end runs too."""
    command = f"gunicorn -b 0.0.0.0:8000 --env PAD={'x' * length} --env 'LAST=a b' app:app"
    (project / "Procfile").write_text(f"web: {command}\n")
    shown = call("fix", str(project), *ONLY, "--unsafe", "--prove")
    assert shown.code == 2 and said in shown.err
    assert ("'LAST=a b' app:app" in shown.err) is (length < 20_000)


@pytest.mark.parametrize("name, is_verified", [("localhost", True), ("other.example", False)])
def test_verification_comes_back_where_the_server_verifies(
    call, pem_files, tmp_path, name, is_verified
):
    files = pem_files(issue(name, by=issue("Root", ca=True)))
    with listener(files.chain, files.key) as (port, _):
        call_text = f'requests.get("https://localhost:{port}/", verify=False)\n'
        root = laid_out({"client.py": "import requests\n" + call_text}, tmp_path / "project")
        assert "not asked (--probe)" in call("fix", str(root)).out
        told = call("fix", str(root), "--probe", "--ca", str(files.ca))
    if is_verified:
        assert told.code == 1 and f'+requests.get("https://localhost:{port}/")' in told.out
        assert "its certificate verifies" in told.out
    else:
        assert told.code == 0 and "hostname_mismatch" in told.out


def test_a_new_file_is_shown_then_written_and_never_overwritten(call, project):
    words = ("fix", str(project), "--new", "haproxy:2.6.12", "--new", "gunicorn")
    done = call(*words)
    assert done.code == 0 and "--- deployment/haproxy.cfg" in done.out
    assert "for HAProxy 2.6.12" in done.out and not (project / "gunicorn.conf.py").exists()
    done = call(*words, "--apply")
    assert done.out.splitlines() == [
        "written: deployment/haproxy.cfg",
        "written: gunicorn.conf.py",
    ]
    done = call(*words, "--apply")
    assert done.code == 2 and "overwrites nothing" in done.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--new", "tomcat"), "no file 'tomcat'"),
        (("--new", "nginx:x"), "no version"),
        (("--new", "compose"), "no Dockerfile"),
        (("--new", "nginx", "--prove"), "another call"),
    ],
)
def test_a_new_file_that_cannot_be_made(call, project, words, said):
    done = call("fix", str(project), *words)
    assert done.code == 2 and said in done.err


def test_the_version_is_that_of_the_installed_server(tmp_path, monkeypatch):
    from plainwire.cli import creating

    said = "nginx version: nginx/1.26.3\nbuilt with OpenSSL 3.5.1 1 Jul 2025\n"
    program = tmp_path / "nginx"
    program.write_text(f"#!/bin/sh\nprintf '{said}' >&2\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    assert creating._versions("nginx") == creating._versions("nginx:1.26.3:3.5.1")
    program.write_text("#!/bin/sh\nexit 1\n")
    assert creating._versions("nginx").server == creating.meeting.VERSIONS["nginx"]
