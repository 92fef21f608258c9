"""``plainwire monitor`` as a user has it."""

import contextlib
import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import types
from pathlib import Path

import pytest

from bounded import PATIENCE_S, child
from plainwire.cli import main
from plainwire.cli.monitor import ACTIONS, parser

PAGE = (Path(__file__).parent.parent.parent / "docs/monitoring.md").read_text("utf-8")
FILE = """
targets:
  - {url: "https://api.example.test/", tags: [shop], light: 5m}
  - {url: "mail.example.test", starttls: smtp}
channels:
  - {name: ops, kind: webhook, url: "https://ops.example.test/hook", secret-from: "env:HOOK"}
windows:
  - {name: deploys, cron: "0 22 * * 4", minutes: 120, zone: Europe/Berlin, tags: [shop]}
"""


@pytest.fixture
def call(tmp_path, monkeypatch, capsys):
    """Runs the command on a store of its own; its exit code and what it said."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.delenv("PLAINWIRE_STORE", raising=False)

    def run(*words):
        code = main(["monitor", *map(str, words)])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def test_a_channel_that_breaks_keeps_no_other_from_its_test_message(call, tmp_path, monkeypatch):
    place = tmp_path / "a.yaml"
    hook = '{kind: webhook, url: "https://ops.example.test/hook", secret-from: "env:HOOK", name'
    place.write_text(f"channels:\n  - {hook}: first}}\n  - {hook}: second}}\n")
    assert call("apply", place, "--yes")[0] == 0

    async def breaks(settings, message):
        raise LookupError(f"nothing like {settings.name}")

    monkeypatch.setattr("plainwire.monitor.channels.webhook.send", breaks)
    code, out, _ = call("test-alert")
    said = [f"{name}: LookupError: nothing like {name}" for name in ("first", "second")]
    assert (code, out.splitlines()) == (1, said)


def test_from_a_fresh_install_to_the_first_state(call, tmp_path):
    assert call("list")[1].startswith("no targets")
    assert call("add", "http://127.0.0.1:9/", "--tag", "x")[:2] == (
        0,
        "watching http://127.0.0.1:9/\n",
    )
    code, out, _ = call("once")
    assert code == 4 and "no channels: nobody is told" in out
    assert (tmp_path / "data/plainwire/monitor.db").exists()
    code, out, _ = call("list", "--format", "json")
    (target,) = json.loads(out)["targets"]
    assert (target["name"], target["tags"], target["addresses"]) == (
        "http://127.0.0.1:9/",
        ["x"],
        1,
    )
    assert "connection refused" in call("show", "http://127.0.0.1:9/")[1]
    assert "no change" in call("diff", "http://127.0.0.1:9/")[1]
    assert call("remove", "http://127.0.0.1:9/")[0] == 0
    assert call("list")[1].startswith("no targets")


def rows(words):
    """What SQL says of the user's own store."""
    place = Path(os.environ["XDG_DATA_HOME"]) / "plainwire/monitor.db"
    with contextlib.closing(sqlite3.connect(place)) as connection, connection:
        return connection.execute(words).fetchall()


def test_once_looks_once(call):
    call("add", "http://127.0.0.1:9/")
    call("once")
    looks = "SELECT tier FROM scan ORDER BY tier"
    assert rows(looks) == [("full",), ("light",)]
    call("once")
    assert rows(looks) == [("full",), ("full-again",), ("light",), ("light-again",)]


def test_once_says_what_another_process_is_looking_at(call):
    call("add", "http://127.0.0.1:9/")
    soon = round(time.time() * 1000) + 60_000
    rows(f"UPDATE duty SET lease_until = {soon}, lease_owner = 'other', lease_token = 1")
    code, _, err = call("once")
    assert code == 4 and "http://127.0.0.1:9/ was not looked at" in err
    assert rows("SELECT * FROM scan") == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_once_gives_back_what_it_was_looking_at_when_it_is_told_to_end(call, number):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        call("add", f"127.0.0.1:{silent.getsockname()[1]}")
        command = [sys.executable, "-m", "plainwire", "monitor", "once"]
        leased = "SELECT count(*) FROM duty WHERE lease_until IS NOT NULL"
        with child(command, stdout=subprocess.DEVNULL) as process:
            while rows(leased) == [(0,)]:
                assert process.poll() is None
                time.sleep(0.05)
            process.send_signal(number)
            assert process.wait(PATIENCE_S) == 130
        assert rows(leased) == [(0,)]


def test_a_file_is_planned_first_and_applied_once(call, tmp_path):
    path = tmp_path / "watch.yaml"
    path.write_text(FILE)
    code, out, _ = call("apply", path)
    assert code == 0 and out.count("would add") == 4 and "--yes does it" in out
    assert call("list")[1].startswith("no targets")
    assert call("apply", path, "--yes")[1].count("add ") == 4
    assert call("apply", path)[1] == "nothing to do\n"
    path.write_text(FILE.replace("light: 5m", "light: 10m").replace("22 * * 4", "23 * * 4"))
    assert call("apply", path)[1].startswith(
        "would change target https://api.example.test/\nwould change window deploys\n"
    )
    path.write_text("targets: []")
    assert call("apply", path)[1] == "nothing to do\n"
    assert call("apply", path, "--prune")[1].count("would remove") == 4
    call("apply", path, "--prune", "--yes")
    assert call("list")[1].startswith("no targets")


def test_toml_says_the_same(call, tmp_path):
    path = tmp_path / "watch.toml"
    path.write_text('[[targets]]\nurl = "https://api.example.test/"\ntags = ["shop"]\n')
    assert "would add target https://api.example.test/" in call("apply", path)[1]


def test_what_is_exported_can_be_imported_elsewhere(call, tmp_path):
    path, other = tmp_path / "watch.yaml", tmp_path / "other.db"
    path.write_text(FILE)
    call("apply", path, "--yes")
    exported = call("export")[1]
    (tmp_path / "all.json").write_text(exported)
    assert call("import", tmp_path / "all.json", "--store", other)[1].count("add ") == 4
    again = json.loads(call("export", "--store", other)[1])
    assert again == json.loads(exported)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["add", "https://u:p@h.test/"], "stored in clear"),
        (["add", "ftp://h.test/"], "not an http or https URL"),
        (["add", "h.test", "--light", "soon"], "not an interval"),
        (["add", "h.test", "--bearer", "hunter2-secret"], "a secret is named by"),
        (["add", "h.test", "--starttls", "carrier"], "no STARTTLS"),
        (["show", "nowhere"], "no target"),
        (["ack", "7"], "no open alert 7"),
        (["ack", "100001"], "no open alert 100001"),
        (["add", "h.test", "--resolve", "other.test"], "not an address"),
        (["add", "h.test", "--ca", "/nonexistent"], "--ca /nonexistent"),
        (["silence", "--tag", "shop"], "--until"),
        (["silence", "--until", "2020-01-01"], "that time is over"),
        (["silence", "--until", "0001-01-01"], "not a time"),
        (["expect", "nowhere", "--until", "someday"], "not a time"),
        (["test-alert"], "no such channel"),
        (["list", "--store", "mysql://h/d"], "SQLite (a path) or postgresql"),
        (["list", "--store", "postgresql://u:secret@h/d"], "every process can read it"),
        (["apply", "/nonexistent"], "cannot read"),
        (["silence", "--rule", "certificate-end", "--until", "1h"], "no rule 'certificate-end'"),
        (["add", "h.test", "--full", ""], "not an interval"),
    ],
)
def test_wrong_words_are_told_in_a_line(call, words, told):
    code, out, err = call(*words)
    assert code == 2 and out == "" and told in err
    assert "hunter2" not in err and "secret@" not in err and err.count("\n") == 1


# A thousand bytes that are ten billion letters once each alias is written out.
BOMB = (
    "[&x0 [a], " + ", ".join(f"&x{n + 1} [{', '.join([f'*x{n}'] * 10)}]" for n in range(10)) + "]"
)


@pytest.mark.parametrize(
    "text",
    [
        "targets: [{url: https://h.test/, colour: red}]",
        "targets: [{tags: [x]}]",
        "targets: {}",
        "targets: [{url: h.test}, {url: 'h.test:443'}]",
        "channels: [{name: x, kind: slack, url-from: https://hooks.slack.test/secret}]",
        "windows: [{name: w, cron: '99 * * * *'}]",
        "targets: [{url: h.test, resolve: other.test}]",
        "channels: [{name: x, kind: slack, url-from: 'env:X', digest: 18:00}]",
        "channels: [{name: x, kind: slack, url-from: 'env:X', 5: 5}]",
        "channels: [{name: x, kind: webhook, url: 5}]",
        "channels: [{name: x, kind: webhook, url: 'ftp://h.test/'}]",
        "channels: [{name: x, kind: webhook, url: 'https://h.test/', allow-private: 'no'}]",
        "channels: [{name: x, kind: smtp, host: h.test, sender: a@h.test, to: []}]",
        "channels: [{name: x, kind: smtp, host: h.test, sender: a@h.test, to: b@h.test, port: x}]",
        "channels: [{name: x, kind: smtp, host: h.test, sender: a@h.test, to: b@h.test, tls: no}]",
        "elsewhere: []",
        "[",
        "&a [*a]",
        "targets: [{url: h.test}]\ntargets: [{url: i.test}]",
        "targets: [{url: h.test, tags: [a], tags: [b]}]",
        "targets: [{url: h.test, light: 0}]",
        "targets: [{url: h.test, ca: no}]",
        "channels: [{name: no, kind: slack, url-from: 'env:X'}]",
        "channels: [{name: x, kind: slack, url-from: 'env:X', rules: [certificate-end]}]",
        "windows: [{name: w, cron: '0 1 * * *', minutes: yes}]",
        *(f"targets: [{{url: h.test, {key}: {BOMB}}}]" for key in ("light", "ca", "tags")),
        f"targets: [{{url: {BOMB}}}]",
        f"channels: [{{name: {BOMB}, kind: slack, url-from: 'env:X'}}]",
        f"windows: [{{name: w, cron: {BOMB}}}]",
        "targets: " + "[" * 5000,
    ],
    ids=lambda text: text[:60],
)
def test_a_wrong_file_is_told_and_nothing_is_done(call, tmp_path, text):
    path = tmp_path / "watch.yaml"
    path.write_text(text)
    code, _, err = call("apply", path, "--yes")
    assert code == 2 and err.count("\n") == 1 and "slack.test/secret" not in err
    assert call("list")[1].startswith("no targets")


def test_acknowledging_expecting_silencing(call):
    call("add", "127.0.0.1:9")
    assert "is expected" in call("expect", "127.0.0.1:9", "--until", "2h")[1]
    assert call("silence")[1] == "no silence\n"
    assert call("silence", "--tag", "shop", "--until", "1h")[1] == "silence 1 begins\n"
    listed = call("silence")[1]
    assert "tags shop" in listed and " UTC" in listed  # of what, and until when
    assert call("silence", "--end", "1")[1] == "silence 1 is over\n"


def test_aliases_and_merge_keys_are_taken(call, tmp_path):
    path = tmp_path / "watch.yaml"
    path.write_text(
        "targets:\n- &usual {url: a.test, tags: [shop], light: 1h}\n"
        "- {<<: *usual, url: b.test}\n- {<<: *usual, url: c.test, light: 2h}\n"
    )
    assert call("apply", path, "--yes")[0] == 0
    rows = json.loads(call("list", "--format", "json")[1])["targets"]
    assert [(row["name"], row["tags"], row["light"]) for row in rows] == [
        ("a.test:443", ["shop"], "1h"),
        ("b.test:443", ["shop"], "1h"),
        ("c.test:443", ["shop"], "2h"),
    ]


def test_a_silence_of_no_target_says_so(call):
    call("add", "https://H.test")
    for words in ("https://h.test", "https://*"):
        assert call("silence", "--target", words, "--until", "1h")[2] == ""
    assert (
        "no target is called 'h.test:443'"
        in call("silence", "--target", "h.test", "--until", "1h")[2]
    )


def test_a_target_is_named_as_it_was_added(call):
    call("add", "https://H.test", "mail.h.test")
    assert call("show", "https://H.test")[1].startswith("https://h.test/ (url)\n")
    assert call("show", "mail.h.test")[1].startswith("mail.h.test:443 (endpoint)\n")
    call("add", "post.h.test", "--starttls", "smtp")
    assert call("show", "post.h.test")[1].startswith("post.h.test:25 (endpoint)\n")


def test_a_plan_shows_what_a_name_hides(call, tmp_path):
    path = tmp_path / "watch.yaml"
    path.write_text('channels: [{name: "x\\u202e\\x1b[2J", kind: slack, url-from: "env:X"}]')
    for more in ((), ("--yes",)):
        assert "channel x\\u202e\\x1b[2J\n" in call("apply", path, *more)[1]


def test_a_ca_is_looked_for_beside_its_file(call, tmp_path):
    (tmp_path / "watch.yaml").write_text("targets: [{url: h.test, ca: roots/ca.pem}]")
    call("apply", tmp_path / "watch.yaml", "--yes")
    (target,) = json.loads(call("export")[1])["targets"]
    assert target["ca"] == str(tmp_path / "roots/ca.pem")


def test_who_has_no_name_acknowledges_by_number(call, monkeypatch):
    def nobody():
        raise KeyError("getpwuid(): uid not found: 65533")

    monkeypatch.setattr("getpass.getuser", nobody)
    call("add", "h.test")
    rows(
        "INSERT INTO alert (id, dedup_key, rule, level, step, title, body, changes, opened_at,"
        " changed_at) VALUES (100001, 'k', 'r', 'warning', 2, 't', '', '[]', 0, 0)"
    )
    assert call("ack", "100001")[1] == f"alert 100001 is known to user {os.getuid()}\n"


def test_a_keyring_that_is_not_there_is_told_in_a_line(call, monkeypatch):
    class KeyringError(Exception):
        pass

    def locked(service, user):
        raise KeyringError("no backend\nread the manual")

    errors = types.SimpleNamespace(KeyringError=KeyringError)
    keyring = types.SimpleNamespace(get_password=locked, errors=errors)
    monkeypatch.setitem(sys.modules, "keyring", keyring)
    monkeypatch.setitem(sys.modules, "keyring.errors", errors)
    code, _, err = call("run", "--heartbeat", "keyring:plainwire/beat")
    assert (code, err) == (2, "plainwire monitor: keyring:plainwire/beat: no backend\n")


def test_without_the_extra_the_command_says_what_to_install(tmp_path):
    script = (
        "import sys; sys.modules['sqlalchemy'] = None\n"
        "from plainwire.cli import main; sys.exit(main(['monitor', 'list']))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, encoding="utf-8")
    assert done.returncode == 2
    assert "pip install 'plainwire[monitor]'" in done.stderr


@pytest.mark.parametrize("words", [["--version"], ["monitor", "--help"], ["checks"]])
def test_other_commands_load_none_of_it(words):
    script = (
        "import sys\nfrom plainwire.cli import main\n"
        f"try:\n    main({words!r})\nexcept SystemExit:\n    pass\n"
        "print([m for m in ('sqlalchemy', 'alembic', 'pg8000', 'apprise') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, encoding="utf-8")
    assert done.stdout.endswith("[]\n"), done.stderr


def test_run_watches_and_ends_when_it_is_told(tmp_path):
    environment = {**os.environ, "PLAINWIRE_STORE": str(tmp_path / "m.db")}
    command = [sys.executable, "-m", "plainwire", "monitor"]
    subprocess.run([*command, "add", "127.0.0.1:9"], env=environment, check=True)
    shows = [*command, "show", "127.0.0.1:9", "--format", "json"]
    with child([*command, "run"], env=environment, stderr=subprocess.PIPE) as process:
        while process.poll() is None:  # until somebody looked
            done = subprocess.run(shows, env=environment, capture_output=True)
            if json.loads(done.stdout)["target"]["looks"]:
                break
        process.terminate()
        _, err = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, err) == (0, b"")


def options():
    subs = next(a for a in parser()._actions if a.dest == "action")
    for name, sub in subs.choices.items():
        for action in sub._actions:
            for option in action.option_strings:
                if option.startswith("--") and option != "--help":
                    yield name, option


@pytest.mark.parametrize("name", ACTIONS)
def test_every_action_is_documented(name):
    assert f"`monitor {name}" in PAGE


def test_every_option_is_documented_and_there_is_no_other():
    assert {f"{n} {o}" for n, o in options() if f"`{o}" not in PAGE} == set()
    page = re.sub(r"`python -m monitor\.soak[^`]*`", "", PAGE)
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", page))
    assert named <= {option for _, option in options()}
