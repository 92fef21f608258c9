"""`scan` and `probe` as a library: wherever the caller runs, without touching what is the caller's.

Each caller is a program of its own, as it would be written.
"""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from cli.process import PATIENCE_S, environment
from servers.recording import recording, response

USES = """
import sys
from plainwire.scan import scan
from plainwire.tls import probe

PLACE = sys.argv[1]


def use():
    report, endpoint = scan(f"http://{PLACE}/"), probe(PLACE)
    assert report.grade.letter == "F" and not report.unanswered, report
    assert endpoint.speaks_tls is False, endpoint
    return report.requests
"""

CALLERS = {
    "inside asyncio.run, as in a notebook": """
import asyncio

async def main():
    ticks = asyncio.create_task(asyncio.sleep(0))
    use()
    await ticks
    await asyncio.to_thread(use)

asyncio.run(main())
""",
    "between steps of a loop, as pytest-asyncio does": """
import asyncio

async def step():
    return use()

with asyncio.Runner() as runner:
    runner.run(step())
    use()
    runner.run(step())
""",
    "in many threads at once": """
from concurrent.futures import ThreadPoolExecutor

with ThreadPoolExecutor(4) as pool:
    for future in [pool.submit(use) for _ in range(4)]:
        future.result()
""",
    "beside signal handlers of its own": """
import signal

def mine(number, frame):
    raise AssertionError

for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, mine)
use()
assert {signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)} == {mine}
assert signal.set_wakeup_fd(-1) == -1
""",
    "in gevent's greenlets": """
import gevent

ticks = []

def tick():
    while True:
        ticks.append(1)
        gevent.sleep(0.001)

ticking = gevent.spawn(tick)
use()
assert len(ticks) > 3, "the other greenlets waited"
ticking.kill()
greenlets = [gevent.spawn(use) for _ in range(3)]
gevent.joinall(greenlets, raise_error=True)
""",
    "in asyncio under gevent": """
import asyncio

async def main():
    use()

asyncio.run(main())
use()
""",
}
PATCHED = "import gevent.monkey\ngevent.monkey.patch_all()\n"


def ran(program, place, folder):
    return subprocess.run(
        [sys.executable, "-W", "error::RuntimeWarning", "-c", program, place],
        capture_output=True,
        text=True,
        cwd=folder,
        env=environment(),
        timeout=PATIENCE_S,
    )


def test_the_documented_program_runs(tmp_path):
    page = (Path(__file__).parent.parent / "docs/usage.md").read_text("utf-8")
    (program,) = re.findall(r"(?ms)^```python\n(.*?)^```", page)
    with recording(lambda _: response()) as server:
        place = f"127.0.0.1:{server.port}"
        done = ran(program.replace("127.0.0.1:5000", place), place, tmp_path)
    first, *_, last = done.stdout.splitlines()
    assert (done.returncode, first, last, done.stderr) == (0, "F FAIL", "False", "")


@pytest.mark.parametrize("caller", CALLERS)
def test_scan_and_probe_work(caller, tmp_path):
    program = (PATCHED if "gevent" in caller else "") + USES + CALLERS[caller]
    with recording(lambda _: response()) as server:
        done = ran(program, f"127.0.0.1:{server.port}", tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
