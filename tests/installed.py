"""A distribution as a user has it: built, installed by itself, no checkout near."""

import os
import subprocess
import sys
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Installed:
    """The wheel and the source distribution that were built, and the environment with the wheel."""

    wheel: Path
    sdist: Path
    environment: Path
    elsewhere: Path

    @property
    def python(self) -> Path:
        return self.environment / "bin" / "python"

    def run(self, *words: str | Path, **options: object) -> "subprocess.CompletedProcess[str]":
        """Run a program of the environment in an empty folder far from the checkout."""
        program = self.environment / "bin" / words[0]
        return ran([program, *words[1:]], **{"cwd": self.elsewhere, **options})


def install(folder: Path, project: Path = CHECKOUT) -> Installed:
    """Build both distributions, the wheel from the sdist, and install it without a network.

    What the project depends on is seen through a path file: the environment the tests run in.
    """
    built, environment, elsewhere = (folder / name for name in ("dist", "environment", "elsewhere"))
    elsewhere.mkdir()
    python = [sys.executable, "-m"]
    expect([*python, "build", "--no-isolation", "--outdir", built, project])
    (wheel,) = built.glob("*.whl")
    (sdist,) = built.glob("*.tar.gz")
    expect([*python, "venv", "--without-pip", environment])
    pip = [*python, "pip", "--python", environment / "bin" / "python", "install", "--quiet"]
    expect([*pip, "--no-deps", "--no-index", "--disable-pip-version-check", wheel])
    (purelib,) = environment.glob("lib/python*/site-packages")
    (purelib / "dependencies.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    return Installed(wheel, sdist, environment, elsewhere)


def without_checkout(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The environment without what leads Python into the checkout."""
    return {name: value for name, value in environment.items() if not name.startswith("PYTHON")}


def ran(command: list[object], **options: object) -> "subprocess.CompletedProcess[str]":
    """What a command did, its output as text."""
    settings = {"env": without_checkout(), "stdin": subprocess.DEVNULL, "timeout": 100, **options}
    return subprocess.run(
        [str(word) for word in command], capture_output=True, encoding="utf-8", **settings
    )


def expect(command: list[object], **options: object) -> str:
    """What a command that must succeed wrote on stdout."""
    done = ran(command, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
