"""What is built and shipped: the two distributions, and plainwire installed from the wheel."""

import json
import subprocess
import tarfile
import zipfile
from email import message_from_bytes
from pathlib import Path, PurePosixPath

import pytest

from installed import CHECKOUT, Installed
from servers import gunicorn

SOURCE = CHECKOUT / "src"
NOT_PYTHON = (
    "plainwire/py.typed",
    "plainwire/policy/data/tls_cipher_suites.csv",
    "plainwire/report/plainwire-report-1.schema.json",
)


@pytest.fixture(scope="module")
def wheel(installed: Installed) -> zipfile.ZipFile:
    with zipfile.ZipFile(installed.wheel) as opened:
        yield opened


@pytest.fixture(scope="module")
def sdist(installed: Installed) -> frozenset[str]:
    """The names in the source distribution, without the folder that holds them all."""
    with tarfile.open(installed.sdist) as opened:
        return frozenset(name.partition("/")[2] for name in opened.getnames())


def tracked(*folders: str) -> frozenset[str]:
    """The files of the checkout that git or, without git, the folder knows."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *folders],
        cwd=CHECKOUT,
        capture_output=True,
        encoding="utf-8",
    )
    if listed.returncode == 0:
        return frozenset(name for name in listed.stdout.splitlines() if (CHECKOUT / name).exists())
    found = (path for folder in folders for path in (CHECKOUT / folder).rglob("*"))
    names = (path.relative_to(CHECKOUT) for path in found if path.is_file())
    return frozenset(str(name) for name in names if "__pycache__" not in name.parts)


def test_the_wheel_holds_the_package_and_nothing_else(wheel):
    package = {name.removeprefix("src/") for name in tracked("src")}
    files = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert files == package


@pytest.mark.parametrize("name", NOT_PYTHON)
def test_the_wheel_holds_the_data_that_the_code_reads(wheel, name):
    assert wheel.read(name) == (SOURCE / name).read_bytes()


def test_the_wheel_names_its_licence_its_python_and_its_command(wheel):
    texts = {PurePosixPath(name).name: name for name in wheel.namelist()}
    metadata = message_from_bytes(wheel.read(texts["METADATA"]))
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata["Requires-Python"] == ">=3.11"
    assert wheel.read(texts["LICENSE"]) == (CHECKOUT / "LICENSE").read_bytes()
    assert b"plainwire = plainwire.cli:main" in wheel.read(texts["entry_points.txt"])


def test_the_source_distribution_can_be_tested_where_it_is_unpacked(sdist):
    """Tests, what they read of the checkout, and what make needs."""
    wanted = tracked(
        "src", "extension", "tests", "docs", "demo", "bench", "examples", ".ci", ".github"
    )
    assert wanted | {"LICENSE", "Makefile", "requirements.lock", "action.yml"} <= sdist


def test_the_source_distribution_holds_nothing_that_was_made_here(sdist):
    made = {".venv", ".git", "__pycache__", ".mypy_cache", ".pytest_cache", "out", "dist"}
    assert [name for name in sdist if made & set(PurePosixPath(name).parts)] == []


def test_the_installed_command_is_that_of_the_wheel(installed):
    where = installed.run("python", "-c", "import plainwire; print(plainwire.__file__)").stdout
    assert Path(where.strip()).is_relative_to(installed.environment)
    said = installed.run("plainwire", "--version").stdout
    assert said == f"plainwire {installed.wheel.name.split('-')[1]}\n"


@pytest.mark.parametrize("package", ["checks", "rules"])
def test_the_installed_command_lists_every_check_and_rule_of_the_checkout(installed, package):
    listed = json.loads(installed.run("plainwire", "checks", "--format", "json").stdout)
    files = (SOURCE / "plainwire" / package).glob("*/[!_]*.py")
    mine = [check["id"] for check in listed if (check["kind"] is not None) == (package == "rules")]
    assert mine == sorted(f.stem.replace("_", "-") for f in files)


@pytest.mark.parametrize("flags", [(), ("-OO",)], ids=["plain", "without docstrings"])
def test_an_installed_check_shows_its_page(installed, flags):
    words = (*flags, "-m", "plainwire", "explain", "plain-http-served")
    shown = installed.run("python", *words)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "Remedy: " in shown.stdout and "Bad:" in shown.stdout


@pytest.mark.parametrize("flags", [(), ("-OO",)], ids=["plain", "without docstrings"])
def test_the_installed_command_scans(installed, flags):
    with gunicorn() as server:
        url = f"http://127.0.0.1:{server.http_port}"
        done = installed.run(
            *("python", "-W", "error", *flags, "-m", "plainwire", "scan", url),
            *("--format", "json:report.json", "--format", "sarif:report.sarif"),
        )
    assert done.returncode == 1, done.stderr
    report = json.loads((installed.elsewhere / "report.json").read_text("utf-8"))
    assert report["grade"]["letter"] == "F"
    assert "plain-http-served" in {finding["id"] for finding in report["findings"]}
    assert all(finding["remediation"] for finding in report["findings"])


def test_a_program_that_uses_the_installed_library_is_checked_against_its_types(installed):
    program = installed.elsewhere / "program.py"
    program.write_text("from plainwire.model import Severity\nwrong: str = Severity.HIGH.value\n")
    mypy = ("-m", "mypy", "--strict", "--cache-dir", "/dev/null", "program.py")
    said = installed.run("python", *mypy).stdout
    assert 'expression has type "int", variable has type "str"' in said, said
    assert "Found 1 error" in said
