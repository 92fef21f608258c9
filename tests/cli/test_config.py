from argparse import Namespace
from datetime import date
from pathlib import Path

import pytest
from inline_snapshot import snapshot

from plainwire.cli import config
from plainwire.cli.config import Configuration, load
from plainwire.gate import Waiver, make_baseline
from plainwire.model import Severity, UsageError
from report.example_reports import plain_http, report

WHOLE = """
fail-on = "medium"
fail-below = "B"
require = ["encryption"]
allow-incomplete = true
exit-zero = false
baseline = "known.json"
paths = ["/v1/users"]
formats = ["text", "sarif:out.sarif"]
anchor = "openapi.yaml"
connect-timeout = 2
timeout = 7.5
time-limit = 90
rate = 10
concurrency = 4
max-requests = 100
body-limit = "16M"

[[suppress]]
id = "weak-hsts"
reason = "the proxy team adds it in January"
until = 2027-01-31
path = "GET /users/*"

[[suppress]]
id = "old-tls-version"
reason = "one client is left"
until = "2026-12-24"
fingerprint = "0123456789abcdef0123456789abcdef"

[identity.alice]
bearer = "env:ALICE"
"""


def of(directory: Path, text: str, name: str = "plainwire.toml", **options) -> Configuration:
    (directory / name).write_text(text, "utf-8")
    return load(Namespace(**options), directory)


def test_without_files_the_defaults_hold(tmp_path):
    assert load(Namespace(), tmp_path) == Configuration()
    assert Configuration().fail_on == Severity.HIGH


def test_every_key_is_read(tmp_path):
    (tmp_path / "known.json").write_text(make_baseline([report(plain_http())]))
    assert of(tmp_path, WHOLE) == Configuration(
        fail_on=Severity.MEDIUM,
        fail_below="B",
        require=("encryption",),
        allow_incomplete=True,
        exit_zero=False,
        suppress=(
            Waiver(
                "weak-hsts",
                "the proxy team adds it in January",
                date(2027, 1, 31),
                path="GET /users/*",
            ),
            Waiver(
                "old-tls-version",
                "one client is left",
                date(2026, 12, 24),
                fingerprint="0123456789abcdef0123456789abcdef",
            ),
        ),
        baseline=frozenset({plain_http().fingerprint}),
        baseline_file=tmp_path / "known.json",
        formats=("text", "sarif:out.sarif"),
        paths=("/v1/users",),
        anchor="openapi.yaml",
        connect_timeout_s=2.0,
        timeout_s=7.5,
        time_limit_s=90.0,
        rate=10,
        concurrency=4,
        max_requests=100,
        body_limit=16 << 20,
        identities={"alice": {"bearer": "env:ALICE"}},
        source=tmp_path / "plainwire.toml",
    )
    assert all(
        f"\n{key} =" in WHOLE or f"[[{key}]]" in WHOLE or f"[{key}." in WHOLE for key in config.KEYS
    )


def test_pyproject_is_read_where_there_is_no_file_of_our_own(tmp_path):
    text = '[tool.other]\nx = 1\n[tool.plainwire]\nfail-below = "C"\n'
    assert of(tmp_path, text, "pyproject.toml").fail_below == "C"
    assert of(tmp_path, 'fail-below = "A"').fail_below == "A"


def test_a_pyproject_without_our_table_says_nothing(tmp_path):
    assert of(tmp_path, "[project]\nname = 'x'", "pyproject.toml") == Configuration()


def test_a_file_further_up_is_not_read(tmp_path):
    (tmp_path / "plainwire.toml").write_text('fail-below = "A"')
    (tmp_path / "inner").mkdir()
    assert load(Namespace(), tmp_path / "inner") == Configuration()


def test_an_option_wins_over_the_file(tmp_path):
    found = of(
        tmp_path,
        'fail-on = "low"\nfail-below = "A"\nrequire = ["bola"]',
        fail_on="none",
        fail_below="C",
        require=["encryption"],
        allow_incomplete=True,
        exit_zero=None,
    )
    assert (found.fail_on, found.fail_below, found.require) == (None, "C", ("encryption",))
    assert (found.allow_incomplete, found.exit_zero) == (True, False)


def test_a_named_file_is_read_instead(tmp_path):
    other = tmp_path / "other.toml"
    other.write_text('fail-below = "D"')
    assert of(tmp_path, 'fail-below = "A"', config=other).fail_below == "D"


def test_a_file_that_begins_with_a_byte_order_mark_is_read(tmp_path):
    """Editors of Windows write one."""
    assert of(tmp_path, '\ufefffail-below = "A"').fail_below == "A"


def test_a_baseline_that_is_about_to_be_written_may_be_missing(tmp_path):
    path = tmp_path / "known.json"
    found = load(Namespace(baseline=path, update_baseline=True), tmp_path)
    assert (found.baseline, found.baseline_file) == (frozenset(), path)
    config.write_baseline(path, (report(plain_http()),))
    again = load(Namespace(baseline=path), tmp_path)
    assert again.baseline == {plain_http().fingerprint}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("fail-below", "not TOML"),
        ("x = 1\nfail-below = 'A'", "unknown key 'x'; there are allow-incomplete"),
        ("fail-below = 'Q'", "fail-below: not a letter from A to E: 'Q'"),
        ("fail-below = 'F'", "fail-below: not a letter from A to E: 'F'"),
        ("fail-below = 'b'", "not a letter"),
        ("fail-below = 1", "not a letter"),
        ("fail-on = 'bad'", "fail-on: not a severity: 'bad'; none, info"),
        ("fail-on = ['high']", "not a severity"),
        ("require = 'llm'", "require: not a list of strings"),
        ("require = ['cryptography']", "no category 'cryptography'"),
        ("allow-incomplete = 'yes'", "neither true nor false"),
        ("paths = ['users']", "not a path"),
        ("paths = ['/a b']", "not a path"),
        ("timeout = true", "not a number of seconds"),
        ("timeout = 0", "not a number of seconds"),
        ("timeout = nan", "not a number of seconds"),
        ("rate = 1.5", "not a number from 1"),
        ("baseline = ''", "not a string"),
        ("baseline = 'missing.json'", "cannot read the baseline"),
        ("suppress = 'weak-hsts'", "not an array of tables"),
        ("suppress = ['weak-hsts']", "entry 1: not a table"),
        ("[[suppress]]\nid = 'a'", "suppress: entry 1: no reason"),
        ("[[suppress]]\nid = 'a'\nreason = ' '", "entry 1: reason: not a string"),
        ("[[suppress]]\nreason = 'a'", "no id"),
        ("[[suppress]]\nid = 'a'\nreason = 'b'\nuntill = 1", "unknown key 'untill'"),
        ("[[suppress]]\nid = 'a'\nreason = 'b'\nuntil = 'soon'", "until: not a date"),
        ("[[suppress]]\nid = 'a'\nreason = 'b'\nuntil = 2027", "until: not a date"),
        ("[[suppress]]\nid = 'a'\nreason = 'b'\nuntil = 2027-01-31T00:00:00Z", "not a date"),
        ("a = " + "[" * 5000, "not TOML"),
        ("#" + "x" * 1_000_001, "more than 1000000 bytes"),
    ],
)
def test_a_wrong_file_is_refused_with_its_name_and_key(tmp_path, text, words):
    with pytest.raises(UsageError) as caught:
        of(tmp_path, text)
    assert words in str(caught.value)
    assert "plainwire.toml" in str(caught.value) or "baseline" in words


def test_what_cannot_be_read_is_refused(tmp_path):
    with pytest.raises(UsageError, match="cannot read"):
        load(Namespace(config=tmp_path / "missing.toml"), tmp_path)
    (tmp_path / "plainwire.toml").mkdir()
    with pytest.raises(UsageError, match="cannot read"):
        load(Namespace(), tmp_path)
    (tmp_path / "plainwire.toml").rmdir()
    (tmp_path / "plainwire.toml").write_bytes(b"\xff")
    with pytest.raises(UsageError, match="not TOML"):
        load(Namespace(), tmp_path)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"fail_below": "Q"}, "--fail-below: not a letter from A to E: 'Q'"),
        ({"fail_below": "F"}, "--fail-below: not a letter"),
        ({"fail_on": "grave"}, "--fail-on: not a severity"),
        ({"require": ["tls"]}, "--require: no category 'tls'"),
        ({"update_baseline": True}, "--update-baseline: no baseline file is named"),
        ({"baseline": Path("missing.json")}, "cannot read the baseline missing.json"),
    ],
)
def test_a_wrong_word_on_the_command_line_is_refused(tmp_path, options, words):
    with pytest.raises(UsageError) as caught:
        load(Namespace(**options), tmp_path)
    assert words in str(caught.value)


def test_a_file_that_is_no_baseline_is_refused(tmp_path):
    (tmp_path / "b.json").write_text("{}")
    with pytest.raises(UsageError, match=r"b\.json: not a baseline: not of schema"):
        load(Namespace(baseline=tmp_path / "b.json"), tmp_path)


def test_the_message_for_a_suppression_without_reason_is_whole(tmp_path):
    with pytest.raises(UsageError) as caught:
        of(tmp_path, "[[suppress]]\nid = 'weak-hsts'")
    assert str(caught.value).removeprefix(str(tmp_path)) == snapshot(
        "/plainwire.toml: suppress: entry 1: no reason: "
        "a suppression says what it suppresses, and why"
    )
