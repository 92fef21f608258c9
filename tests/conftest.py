"""What all tests share: the test CA, the markers of real servers, the account of tests left out."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme

import servers

NAME = "api.plainwire.test"


@dataclass(frozen=True)
class PemFiles:
    """A chain (leaf first), its key and the authority behind it, each a PEM file."""

    chain: Path
    key: Path
    ca: Path


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> PemFiles:
    """A certificate of the test CA for `NAME`, localhost and 127.0.0.1."""
    folder = tmp_path_factory.mktemp("certificate")
    files = PemFiles(folder / "chain.pem", folder / "key.pem", folder / "ca.pem")
    authority = trustme.CA()
    issued = authority.issue_cert(NAME, "localhost", "127.0.0.1")
    files.chain.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
    files.key.write_bytes(issued.private_key_pem.bytes())
    files.ca.write_bytes(authority.cert_pem.bytes())
    return files


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Leave out a test whose real server is not installed."""
    names = [name for mark in item.iter_markers("server") for name in mark.args]
    if absent := servers.missing(names):
        pytest.skip(f"{', '.join(absent)} not installed (as root: make servers)")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """With CI=true a test that is left out has failed."""
    report = yield
    return _failed_in_ci(report)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Iterator[None]:
    """The same for a module that leaves itself out."""
    report = yield
    return _failed_in_ci(report)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name every test that was left out, and why."""
    left_out = terminalreporter.stats.get("skipped", [])
    if left_out:
        terminalreporter.section(f"{len(left_out)} left out")
        for report in left_out:
            terminalreporter.line(f"{report.nodeid}: {_reason(report)}")


def _failed_in_ci(report):
    is_left_out = report.skipped and not hasattr(report, "wasxfail")
    if is_left_out and os.environ.get("CI") == "true":
        report.longrepr = f"left out, which CI=true forbids: {_reason(report)}"
        report.outcome = "failed"
    return report


def _reason(report) -> str:
    """Why a report says that its test was left out: its longrepr is (path, line, reason)."""
    told = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return told.removeprefix("Skipped: ")
