"""The files under examples/ that belong to the monitor say what is there."""

import re
import shlex
from pathlib import Path

import pytest
import yaml

from plainwire.cli.monitor import parser
from plainwire.monitor import metrics
from plainwire.monitor.store import reading

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
