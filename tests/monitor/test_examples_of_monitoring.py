"""The files under examples/ that belong to the monitor say what is there."""

import re
import shlex
from pathlib import Path

import pytest
import yaml

from plainwire.cli.monitor import parser
from plainwire.monitor import metrics
from plainwire.monitor.store import connecting, reading

EXAMPLES = Path(__file__).parent.parent.parent / "examples"


def test_the_rules_ask_for_metrics_that_there_are(store):
    status, targets = store.read(lambda c: reading.status(c, 0)), []
    there = {
        line.split()[2]
        for line in metrics.lines(status, targets, [], {})
        if line.startswith("# TYPE")
    }
    rules = yaml.safe_load((EXAMPLES / "prometheus-rules.yml").read_text("utf-8"))
    for rule in rules["groups"][0]["rules"]:
        named = set(re.findall(r"\b((?:tls|scan|plainwire)_\w+)", rule["expr"]))
        assert named and named <= there, rule["alert"]
        assert rule["labels"]["severity"] in ("warning", "critical")


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        ("plainwire-monitor.service", r"(?m)^ExecStart=\S+/plainwire monitor (.*)$"),
        ("monitor-compose.yaml", r"exec python -m plainwire monitor (.*)"),
    ],
)
def test_the_command_of_an_example_is_one(name, pattern):
    (words,) = re.findall(pattern, (EXAMPLES / name).read_text("utf-8"))
    assert parser().parse_args(shlex.split(words)).action == "run"


def test_the_compose_file_is_one_that_runs():
    monitor = yaml.safe_load((EXAMPLES / "monitor-compose.yaml").read_text("utf-8"))["services"][
        "monitor"
    ]
    for words in re.findall(r"python -m plainwire monitor (.*)", monitor["command"][-1]):
        parser().parse_args(shlex.split(words))
    environment = monitor["environment"]
    assert connecting.url_of(environment["PLAINWIRE_STORE"]).username == "plainwire"
    # Docker mounts a tmpfs noexec (docs.docker.com, "tmpfs mounts"): no library loads from there.
    assert f"--target {environment['PYTHONPATH']} " in monitor["command"][-1]
    assert environment["PYTHONPATH"].startswith("/tmp/") and monitor["tmpfs"] == ["/tmp:exec"]
