"""`make servers`: what it does to a machine, shown with an apt-get that only notes what it sees."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

from bounded import PATIENCE_S, kill

INSTALL = Path(__file__).parent / "servers" / "install.sh"
HERE_BEFORE = "#!/bin/sh\nexit 0\n"


class Machine:
    """A folder with an apt-get and an id of our own, and the policy that says what may start."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.policy = folder / "sbin" / "policy-rc.d"
        self.seen = folder / "seen"
        for name in ("bin", "sbin"):
            (folder / name).mkdir()
        self.program("id", "echo 0")

    def program(self, name: str, text: str) -> None:
        path = self.folder / "bin" / name
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)

    def apt_get(self, end: str) -> None:
        """apt-get notes its words and the policy, and ends so."""
        note = f'echo "$@" >>{self.seen}; cat {self.policy} >>{self.seen}'
        self.program("apt-get", f'{note}; [ "${{*#* install}}" = "$*" ] || {{ {end}; }}')

    def install(self, servers: str = "no-such-server:its-package") -> subprocess.Popen[str]:
        return subprocess.Popen(
            ["sh", str(INSTALL)],
            env={
                "PATH": f"{self.folder}/bin:{os.environ['PATH']}",
                "POLICY": str(self.policy),
                "SERVERS": servers,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    try:
        out, err = process.communicate(timeout=PATIENCE_S)
    finally:
        kill(process)
    return process.returncode, out, err


def test_does_nothing_where_everything_is_there(machine):
    machine.apt_get("true")
    assert ended(machine.install("sh:dash")) == (0, "servers: all there: sh \n", "")
    assert not machine.seen.exists()


def test_says_what_is_missing_where_it_may_not_install(machine):
    machine.apt_get("true")
    machine.program("id", "echo 1000")
    code, _, err = ended(machine.install())
    assert code == 1
    assert err == ("servers: missing: no-such-server - run as root: apt-get install its-package\n")
    assert not machine.seen.exists()


@pytest.mark.parametrize("before", [None, HERE_BEFORE])
def test_no_service_may_start_while_packages_are_installed(machine, before):
    if before:
        machine.policy.write_text(before)
    path = machine.folder / "bin" / "no-such-server"
    machine.apt_get(f"printf '#!/bin/sh\\n' >{path}; chmod 755 {path}")
    code, out, err = ended(machine.install())
    assert (code, err) == (0, "")
    assert out.endswith("servers: installed its-package - none is running\n")
    words = machine.seen.read_text()
    assert "install --no-install-recommends its-package" in words
    assert words.count("exit 101") == 2  # at the update and at the installation
    assert (machine.policy.read_text() if before else machine.policy.exists()) == (before or False)


@pytest.mark.parametrize("before", [None, HERE_BEFORE])
def test_a_failure_brings_back_what_was_there(machine, before):
    if before:
        machine.policy.write_text(before)
    machine.apt_get("exit 100")
    assert ended(machine.install())[0] == 100
    assert "exit 101" in machine.seen.read_text()
    assert sorted(machine.policy.parent.iterdir()) == ([machine.policy] if before else [])
    assert not before or machine.policy.read_text() == before


def test_a_package_that_brings_no_server_is_a_failure(machine):
    machine.apt_get("true")
    code, _, err = ended(machine.install())
    assert (code, err) == (1, "servers: still missing after the installation: no-such-server \n")


def test_a_signal_brings_back_what_was_there(machine):
    machine.policy.write_text(HERE_BEFORE)
    reached = machine.folder / "reached"
    os.mkfifo(reached)
    machine.apt_get(f"echo >{reached}; exec sleep 2")
    process = machine.install()
    reached.read_text()
    assert "exit 101" in machine.policy.read_text()
    process.send_signal(signal.SIGTERM)
    assert ended(process)[0] == 143
    assert machine.policy.read_text() == HERE_BEFORE


def test_a_run_after_one_that_was_killed_brings_back_what_was_there(machine):
    saved = machine.policy.with_name("policy-rc.d.before-plainwire")
    saved.write_text(HERE_BEFORE)
    machine.policy.write_text("#!/bin/sh\nexit 101\n")
    machine.apt_get("exit 100")
    assert ended(machine.install())[0] == 100
    assert machine.policy.read_text() == HERE_BEFORE
    assert not saved.exists()
