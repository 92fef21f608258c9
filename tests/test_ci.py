"""The CI pieces: the action run as a runner would, its inputs turned against it, the workflows."""

import json
import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from installed import CHECKOUT, Installed, without_checkout
from servers import gunicorn

ACTION = yaml.safe_load((CHECKOUT / "action.yml").read_text("utf-8"))
WORKFLOWS = ("examples/github-workflow.yml", ".github/workflows/ci.yml")
HSTS = ("Strict-Transport-Security", "max-age=31536000; includeSubDomains")

# What somebody may write where a target or a letter is expected.
HOSTILE = (
    "--exit-zero",
    "--format=json:stolen",
    "-",
    "$(touch stolen)",
    "`touch stolen`",
    "; touch stolen",
    "' ; touch stolen ; '",
    "x\nexit-code=0",
    "x\r\n::set-output name=exit-code::0",
    "$PLAINWIRE_BEARER",
    "@/etc/passwd",
    "",
)


@dataclass(frozen=True)
class Runner:
    """A machine of GitHub's, as far as the action's script sees it."""

    folder: Path
    python: Path

    @property
    def repository(self) -> Path:
        return self.folder / "repository"

    def run(self, **inputs: str) -> "subprocess.CompletedProcess[str]":
        """The action's script with inputs in the environment, as action.yml puts them there."""
        for name in ("repository", "temp"):
            (self.folder / name).mkdir(exist_ok=True)
        given = {f"PLAINWIRE_{name.upper()}": value for name, value in inputs.items()}
        files = {
            "RUNNER_TEMP": self.folder / "temp",
            "GITHUB_OUTPUT": self.folder / "output",
            "GITHUB_STEP_SUMMARY": self.folder / "summary",
            "PLAINWIRE_PYTHON": self.python,
            "ACTION_PATH": CHECKOUT,
        }
        return subprocess.run(
            ["bash", str(CHECKOUT / "examples" / "action.sh")],
            cwd=self.repository,
            env=without_checkout() | {name: str(path) for name, path in files.items()} | given,
            capture_output=True,
            encoding="utf-8",
            stdin=subprocess.DEVNULL,
            timeout=100,
        )

    def outputs(self) -> Mapping[str, str]:
        """The step's outputs; a name that is written twice is a forged one."""
        lines = (self.folder / "output").read_text("utf-8").splitlines()
        pairs = [line.partition("=")[::2] for line in lines]
        assert len(dict(pairs)) == len(pairs)
        return dict(pairs)


@pytest.fixture
def runner(installed: Installed, tmp_path: Path) -> Runner:
    return Runner(tmp_path, installed.python)


@pytest.fixture(scope="module")
def weak() -> Iterator[str]:
    with gunicorn() as server:
        yield f"http://127.0.0.1:{server.http_port}"


@pytest.fixture(scope="module")
def hardened(certificate) -> Iterator[tuple[str, Path]]:
    """An API that is there over TLS only, and the authority behind its certificate."""
    with gunicorn(certificate, headers=[HSTS]) as server:
        yield f"https://localhost:{server.https_port}", certificate.ca


@pytest.mark.mission("17")
@pytest.mark.mission("18")
def test_the_command_fails_a_weak_api_and_passes_the_hardened_one(installed, weak, hardened):
    failed = installed.run("plainwire", "scan", weak, "--fail-below", "B")
    assert failed.returncode == 1
    assert "grade F < B" in failed.stderr
    url, ca = hardened
    passed = installed.run("plainwire", "scan", url, "--ca", ca, "--fail-below", "B")
    assert (passed.returncode, passed.stderr) == (0, ""), passed.stdout


@pytest.mark.mission("18")
def test_the_action_fails_the_job_of_a_weak_api_and_leaves_everything(runner, weak):
    done = runner.run(target=weak, fail_below="B")
    assert done.returncode == 1, done.stderr
    outputs = runner.outputs()
    assert outputs["exit-code"] == "1"
    report = json.loads(Path(outputs["json"]).read_text("utf-8"))
    sarif = json.loads(Path(outputs["sarif"]).read_text("utf-8"))
    assert report["grade"]["letter"] == "F"
    assert "plain-http-served" in {result["ruleId"] for result in sarif["runs"][0]["results"]}
    assert "plain-http-served" in (runner.folder / "summary").read_text("utf-8")
    assert re.search(r"^::error .*plain", done.stdout, re.MULTILINE | re.IGNORECASE)


@pytest.mark.mission("18")
def test_the_action_passes_the_job_of_a_hardened_api(runner, hardened):
    url, ca = hardened
    done = runner.run(target=url, ca=str(ca), fail_below="B", fail_on="medium", wait_for="30s")
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert runner.outputs()["exit-code"] == "0"
    assert "PASS" in (runner.folder / "summary").read_text("utf-8")


def test_several_targets_are_named_apart_by_any_white_space(runner, weak):
    runner.run(target=f"  {weak}/a {weak}/b\n{weak}/c\t")
    reports = json.loads(Path(runner.outputs()["json"]).read_text("utf-8"))
    assert [report["target"]["value"][-2:] for report in reports] == ["/a", "/b", "/c"]


def test_a_second_run_in_one_job_does_not_hand_over_the_reports_of_the_first(runner, weak):
    runner.run(target=weak)
    (runner.folder / "output").unlink()
    assert runner.run(target=weak, fail_below="Q").returncode == 2
    assert runner.outputs() == {"exit-code": "2"}


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_target_does_nothing_but_fail(runner, text):
    done = runner.run(target=text, bearer="s3cret-t0ken", timeout="1")
    assert done.returncode in (2, 3, 4), done.stdout
    assert "plainwire scan: " in done.stderr
    nothing_was_done(runner, done, "target")


@pytest.mark.parametrize("name", ["fail_below", "fail_on", "config", "baseline", "ca", "wait_for"])
@pytest.mark.parametrize("text", [text for text in HOSTILE if text])
def test_a_hostile_option_does_nothing_but_fail(runner, name, text):
    done = runner.run(target="127.0.0.1:1", **{name: text})
    assert done.returncode in (2, 3), done.stdout
    nothing_was_done(runner, done, name)


def nothing_was_done(runner, done, name):
    """No file was made in the repository, no output forged, nothing secret told, no traceback."""
    assert os.listdir(runner.repository) == [], name
    assert runner.outputs()["exit-code"] == str(done.returncode)
    said = done.stdout + done.stderr
    assert "s3cret-t0ken" not in said
    assert "Traceback" not in said
    assert not re.search(r"^::(?!error|warning|notice)", said, re.MULTILINE)


def runs(steps):
    return [step["run"] for step in steps if "run" in step]


def test_every_input_of_the_action_reaches_its_script_through_the_environment():
    (scan,) = (step for step in ACTION["runs"]["steps"] if step.get("id") == "scan")
    used = {value for step in ACTION["runs"]["steps"] for value in step.get("with", {}).values()}
    used |= set(scan["env"].values())
    assert used >= {f"${{{{ inputs.{name} }}}}" for name in ACTION["inputs"]}
    script = (CHECKOUT / "examples/action.sh").read_text("utf-8")
    for name in scan["env"]:
        assert f"${{{name}:-}}" in script or f'"${name}"' in script


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_workflow_reads_only_and_runs_on_push_and_pull_request(name):
    workflow = yaml.safe_load((CHECKOUT / name).read_text("utf-8"))
    assert workflow["permissions"]["contents"] == "read"
    assert set(workflow[True]) == {"push", "pull_request"}  # YAML 1.1 reads the key `on` so


@pytest.mark.parametrize("name", ["action.yml", *WORKFLOWS])
def test_no_expression_stands_in_the_text_of_a_script(name):
    """GitHub, "Script injections": an expression in `run` is pasted into the script's text."""
    document = yaml.safe_load((CHECKOUT / name).read_text("utf-8"))
    jobs = document.get("jobs", {"action": document.get("runs")})
    scripts = [script for job in jobs.values() for script in runs(job["steps"])]
    assert [script for script in scripts if "${{" in script] == []


def test_the_example_workflow_names_inputs_and_outputs_that_the_action_has():
    workflow = yaml.safe_load((CHECKOUT / WORKFLOWS[0]).read_text("utf-8"))
    text = (CHECKOUT / WORKFLOWS[0]).read_text("utf-8")
    (job,) = workflow["jobs"].values()
    (step,) = (step for step in job["steps"] if step.get("id") == "plainwire")
    assert set(step["with"]) <= set(ACTION["inputs"])
    assert set(re.findall(r"steps\.plainwire\.outputs\.([\w-]+)", text)) <= set(ACTION["outputs"])


def test_the_project_tests_itself_on_every_python_it_names():
    workflow = yaml.safe_load((CHECKOUT / WORKFLOWS[1]).read_text("utf-8"))
    job = workflow["jobs"]["test"]
    assert job["strategy"]["matrix"]["python"] == ["3.11", "3.12", "3.13", "3.14"]
    assert {"make check", "CI=true make test"} <= set(runs(job["steps"]))
