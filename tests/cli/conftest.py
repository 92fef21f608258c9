"""A command called in the tests' own process: quicker, for what needs no process of its own."""

from collections.abc import Callable
from pathlib import Path

import pytest

from cli.process import Ended
from plainwire.cli import main


@pytest.fixture
def call(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[..., Ended]:
    """Calls `main` with words, in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def called(*words: str) -> Ended:
        try:
            code = main(words)
        except SystemExit as left:  # argparse's way
            code = left.code
        said = capsys.readouterr()
        return Ended(code, said.out, said.err)

    return called
