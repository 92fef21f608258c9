"""However a test hangs, and its fixtures after it, the run goes on."""

import os
import subprocess
import sys
from pathlib import Path

from bounded import PATIENCE_S

HANGS = """
import asyncio, time
import overdue, pytest

overdue.AGAIN_S = 1.0

def test_whose_task_keeps_the_time_out_for_itself():
    async def main():
        never = asyncio.get_running_loop().create_future()
        async def busy():
            while True:
                time.sleep(0.01)
                await asyncio.sleep(0)
        task = asyncio.create_task(busy())
        await never
    asyncio.run(main())

@pytest.fixture
def stuck():
    yield
    time.sleep(600)

def test_that_fails_before_its_fixture_hangs(stuck):
    assert False

def test_that_is_next():
    pass
"""


def test_the_run_goes_on_after_a_test_and_a_fixture_that_hang(tmp_path):
    (tmp_path / "test_it.py").write_text(HANGS)
    words = ("-p", "overdue", "-p", "no:cacheprovider", "--timeout", "1", "-q", "--tb=line")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *words, "test_it.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent)},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert done.stdout.startswith("FFE."), done.stdout
