"""What all tests share: the test CA, the markers of real servers, the account of tests left out."""

import os
import tempfile
from collections.abc import Callable, Iterator

import pytest
from hypothesis import HealthCheck, settings

import servers
from certificates import Issued, PemFiles, issue
from installed import Installed, install
from overdue import pytest_exception_interact, pytest_timeout_set_timer

__all__ = ["pytest_exception_interact", "pytest_timeout_set_timer"]  # hooks of pytest
NAME = "api.plainwire.test"
_CACHE = tempfile.TemporaryDirectory(prefix="plainwire-test-cache-")
os.environ["XDG_CACHE_HOME"] = _CACHE.name  # not the developer's own
# How long a busy machine takes, to make an input or to try it, says nothing of what is tested.
settings.register_profile(
    "any machine", settings(), suppress_health_check=[HealthCheck.too_slow], deadline=None
)
settings.load_profile("any machine")


@pytest.fixture(scope="session")
def pem_files(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Issued], PemFiles]:
    """Writes what `issue` made where a server can read it; its root is the authority."""

    def write(issued: Issued) -> PemFiles:
        folder = tmp_path_factory.mktemp("certificate")
        files = PemFiles(folder / "chain.pem", folder / "key.pem", folder / "ca.pem")
        files.chain.write_text(issued.chain_pem)
        files.key.write_text(issued.key_pem)
        files.ca.write_text(issued.path[-1].pem)
        return files

    return write


@pytest.fixture(scope="session")
def certificate(pem_files: Callable[[Issued], PemFiles]) -> PemFiles:
    """A good certificate for `NAME`, localhost and 127.0.0.1, from an intermediate authority."""
    issuing = issue("Test Issuing CA", ca=True, by=issue("Test Root", ca=True))
    return pem_files(issue(NAME, "localhost", "127.0.0.1", by=issuing))


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """plainwire built and installed into an environment of its own."""
    return install(tmp_path_factory.mktemp("installed"))


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
