"""Nothing that a user can say or set is undocumented, and nothing is documented that is not there.

Read from the parsers, the configuration's loader and the checks themselves, not from a list.
"""

import argparse
import importlib
import re
import shlex
from pathlib import Path

import pytest

from plainwire import catalog, gate
from plainwire.cli import COMMANDS, config, ending, words
from plainwire.model import CATEGORIES
from plainwire.policy import profiles, server_configs
from plainwire.report import RENDERERS

CHECKOUT = Path(__file__).parent.parent
USAGE = (CHECKOUT / "docs/usage.md").read_text("utf-8")
README = (CHECKOUT / "README.md").read_text("utf-8")
ARCHITECTURE = (CHECKOUT / "docs/architecture.md").read_text("utf-8")
# The sections that are about one folder, by that folder.
FOLDERS = {
    folder: text
    for folder, text in re.findall(r"(?ms)^## [^\n]*: `([\w/]+)/`\n(.*?)(?=^## |\Z)", ARCHITECTURE)
    if "| module |" in text
}
EVERYWHERE = {"--help", "--version"}


def parser(command: str) -> argparse.ArgumentParser:
    return importlib.import_module(f"plainwire.cli.{command}").parser()


def options(command: str) -> list[argparse.Action]:
    """What a command's parser takes, but for its help."""
    return [action for action in parser(command)._actions if action.dest != "help"]


def section(heading: str) -> str:
    """What stands under a heading of the page."""
    _, found, rest = USAGE.partition(f"\n## {heading}\n")
    assert found, f"no section {heading}"
    return rest.partition("\n## ")[0]


def test_every_module_with_a_parser_is_a_command():
    folder = CHECKOUT / "src/plainwire/cli"
    modules = [(m.stem, m) for m in folder.glob("*.py")]
    modules += [(m.parent.name, m) for m in folder.glob("*/__init__.py")]
    with_parser = {name for name, m in modules if "\ndef parser() " in m.read_text("utf-8")}
    assert with_parser == set(COMMANDS)


def test_the_page_begins_with_every_command():
    table, _, _ = USAGE.partition("\n## ")
    assert sorted(re.findall(r"(?m)^\| \[`(\w+)`\]\(#plainwire-\1\)", table)) == sorted(COMMANDS)


def placed(folder: str) -> Path:
    return CHECKOUT / (folder if folder.startswith("extension/") else f"src/plainwire/{folder}")


@pytest.mark.parametrize("folder", FOLDERS)
def test_each_module_that_the_architecture_names_is_there(folder):
    rows = re.findall(r"(?m)^\| (`[^|]*)\|", FOLDERS[folder])
    names = [name for row in rows for name in re.findall(r"`([\w/]+(?:\.py|/))`", row)]
    assert len(names) > 5
    places = (placed(folder), placed(""))
    assert [name for name in names if not any((place / name).exists() for place in places)] == []


@pytest.mark.parametrize(
    "folder", ["extension/src/flask_plainwire", "fix", "fix/proof", "monitor", "monitor/store"]
)
def test_the_architecture_names_each_module_there_is(folder):
    outer = "monitor" if folder == "monitor/store" else folder
    told = set(re.findall(r"`([\w/]+\.py)`", FOLDERS[outer]))
    prefix = "store/" if folder == "monitor/store" else ""
    modules = {prefix + path.name for path in placed(folder).glob("*.py")}
    assert modules - {f"{prefix}__init__.py"} <= told


@pytest.mark.parametrize("command", COMMANDS)
def test_no_option_is_documented_twice(command):
    rows = re.findall(r"(?m)^\| `(-[^`]*)`", section(f"plainwire {command}"))
    # Of an option with choices each choice has a row.
    names = [row.split()[0] if not row.startswith("--allow ") else row for row in rows]
    assert [name for name in names if names.count(name) > 1] == []


def test_each_category_has_checks_as_the_readme_says():
    assert {check.category for check in catalog.load()} == set(CATEGORIES)
    assert "Each of the twelve categories has checks" in README


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_is_documented_where_its_command_is(command):
    told = section(f"plainwire {command}")
    for action in options(command):
        assert action.help and action.help != argparse.SUPPRESS, action.dest
        if not action.option_strings:
            continue
        *_, long = sorted(action.option_strings, key=len)
        value = "" if action.nargs == 0 else f" {action.metavar or ''}"
        assert re.search(rf"`{re.escape(long)}{re.escape(value)}", told), (
            f"docs/usage.md, plainwire {command}: `{long}{value}` is missing"
        )
        for choice in action.choices or ():
            assert f"`{choice}`" in told or action.metavar in ("CATEGORY", None), choice
        for short in action.option_strings:
            assert f"`{short}" in told, short


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_that_is_documented_is_there(command):
    there = {word for action in options(command) for word in action.option_strings}
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", section(f"plainwire {command}")))
    assert named - there - EVERYWHERE == set()


def test_no_page_names_an_option_that_no_command_has():
    there = {word for c in COMMANDS for action in options(c) for word in action.option_strings}
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", USAGE + README))
    assert named - there - EVERYWHERE == set()


def calls() -> list[str]:
    """The command lines in the pages' blocks, continuation and comments taken out."""
    blocks = re.findall(r"(?ms)^```sh\n(.*?)^```", USAGE) + re.findall(r"(?m)^    (.*)$", README)
    lines = "\n".join(blocks).replace("\\\n", " ").splitlines()
    return [line.strip() for line in lines if line.strip().startswith("plainwire ")]


@pytest.mark.parametrize("line", calls())
def test_every_example_is_a_call_that_the_parser_takes(line):
    _, command, *rest = shlex.split(line, comments=True)
    assert command in COMMANDS
    taken = parser(command).parse_args(rest)
    if command == "explain":
        assert taken.id in {one.id for one in (*catalog.load(), *catalog.load_rules())}


def test_there_are_examples_of_every_command():
    assert {line.split()[1] for line in calls()} == set(COMMANDS)


def test_every_key_of_the_configuration_is_documented():
    told = section("Configuration")
    assert [key for key in config.KEYS if f"`{key}`" not in told] == []
    keys = words._WAIVER_KEYS
    assert [key for key in keys if not re.search(rf"(?m)^{key} =|`{key}`", told)] == []
    named = re.findall(r"`([a-z-]+)`", "".join(re.findall(r"(?m)^\| (`.*?) \|", told)))
    assert set(named) == set(config.KEYS)


def test_the_documented_configuration_is_one(tmp_path):
    blocks = re.findall(r"(?ms)^```toml\n(.*?)^```", section("Configuration"))
    (tmp_path / "plainwire.toml").write_text("\n".join(blocks), "utf-8")
    read = config.load(argparse.Namespace(), tmp_path)
    (waiver,) = read.suppress
    assert set(read.identities) == {"alice", "bob"}
    assert waiver.id in {check.id for check in catalog.load()}


def test_every_profile_and_server_is_documented():
    told = section("plainwire tls")
    for name in (*profiles.names(), *server_configs.SERVERS):
        assert f"`{name}`" in told


def test_every_exit_code_is_documented():
    codes = {gate.CLEAN, gate.FAILED, gate.USAGE, gate.NOT_SCANNED, gate.INCOMPLETE}
    codes |= {gate.INTERRUPTED, ending.INTERRUPTED, ending.READER_LEFT}
    told = re.findall(r"(?m)^\| (\d+) \|", section("Exit codes"))
    assert sorted(map(int, told)) == sorted(codes)


def test_every_format_is_documented():
    page = (CHECKOUT / "docs/report.md").read_text("utf-8")
    for name in RENDERERS:
        assert f"`{name}`" in section("plainwire scan") and f"| `{name}` |" in page


@pytest.mark.parametrize("check", catalog.load(), ids=lambda check: check.id)
def test_every_check_has_a_whole_page(check):
    page = check.page
    for part in (page.title, page.why, page.remedy, page.bad, page.good, page.limits):
        assert part.strip()
    assert check.references and check.cwe and check.owasp
