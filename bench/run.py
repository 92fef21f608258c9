"""`make bench`: the tables of docs/performance.md. Prints Markdown, leaves bench/out/results.json.

`python bench/run.py tls` prints the probe's alone, `… scans` that of scans, `… sharing` how many
requests checks share, `… vulnerable` that of an API full of flaws, `… audit [FOLDER]` the audit's.

Nothing is asserted. Every figure is the median of `ROUNDS` runs in one sitting; what is compared
runs in the same sitting.
"""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path

import audits
import descriptions
import stacks
import tls_many
import tls_probe
import vulnerable
from measure import Run, run

import extension
from servers.recording import recording, response

OUT = Path(__file__).parent / "out"
PLAINWIRE = (sys.executable, "-m", "plainwire")
RTT_S = 0.05
ROUNDS = 3


def say(line: str) -> None:
    """Print a line of a table."""
    print(line, file=sys.__stdout__, flush=True)


def main() -> None:
    """Run every case and print its table."""
    OUT.mkdir(exist_ok=True)
    # The servers' logs, printed as they stop, are not part of the tables.
    with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stdout(nowhere):
        if sys.argv[1:] == ["tls"]:
            list(tls_probe.table(say))
            return
        if sys.argv[1:2] == ["audit"]:
            audits.table(say, sys.argv[2:])
            return
        if sys.argv[1:] == ["vulnerable"]:
            list(vulnerable.table(say))
            return
        if sys.argv[1:] == ["scans"]:
            list(scans())
            return
        if sys.argv[1:] == ["sharing"]:
            list(sharing())
            return
        rows = [
            *start_up(),
            *scans(),
            *vulnerable.table(say),
            *sharing(),
            described(),
            *tls_many.many(),
        ]
        rows += tls_probe.table(say)
        rows += audits.table(say)
        rows += extension.table(say)
    (OUT / "results.json").write_text(json.dumps(rows, indent=1), "utf-8")


def start_up() -> Iterator[dict[str, object]]:
    """`plainwire --version` beside Python alone and pip."""
    say("\n| start-up | wall, ms | ratio to Python alone |\n|---|---|---|")
    commands = {
        "python -c pass": (sys.executable, "-c", "pass"),
        "plainwire --version": (*PLAINWIRE, "--version"),
        "pip --version": (sys.executable, "-m", "pip", "--version"),
    }
    alone = 0.0
    for name, command in commands.items():
        wall_ms = statistics.median(run(command).wall_s for _ in range(15)) * 1000
        alone = alone or wall_ms
        say(f"| `{name}` | {wall_ms:.0f} | {wall_ms / alone:.1f} |")
        yield {"case": name, "wall_ms": wall_ms}


def described() -> dict[str, object]:
    """A large API description: how long until its operations are known."""
    found = descriptions.row()
    say(descriptions.table(found))
    return found


def scans() -> Iterator[dict[str, object]]:
    """Whole scans of nginx before Flask, on loopback and through a round trip of 50 ms."""
    head = "wall, s | wall at 50 ms, s | round trips waited | CPU, s | MiB | requests | connections"
    say(f"\n| scan | {head} | letter |\n|---|---|---|---|---|---|---|---|---|")
    with stacks.certificate() as files:
        for http in ("refuse-403", "redirect-308", "serve"):
            with stacks.nginx(files, http) as place:
                yield _scan(f"nginx, http: {http}", place)
        with stacks.nginx(files, "redirect-308", is_described=True) as place:
            yield _scan("nginx, 20 documented operations", place)
        with stacks.one_worker(files) as place:
            yield _scan("gunicorn, one synchronous worker, TLS", place)


def _scan(name: str, place: stacks.Place) -> dict[str, object]:
    near, report = _measured(place)
    with stacks.delayed(place, RTT_S) as far_place:
        far, _ = _measured(far_place)
        seen = sum(counts.connections for counts in far_place.counts) / ROUNDS
    waited = (far.wall_s - near.wall_s) / RTT_S
    letter = report["grade"]["letter"] if report["grade"] else "-"
    say(
        f"| {name} | {near.wall_s:.2f} | {far.wall_s:.2f} | {waited:.0f} | {near.cpu_s:.2f} "
        f"| {near.peak_mib:.0f} | {report['requests']} | {report['connections']} "
        f"({seen:.0f} at 50 ms) | {letter} |"
    )
    return {"case": name, "near_s": near.wall_s, "far_s": far.wall_s, "round_trips": waited}


def _measured(place: stacks.Place) -> tuple[Run, dict]:
    """The run of median wall time, and the report of one of them."""
    command = (*PLAINWIRE, "scan", *place.scan_words, "--format", "json", "-q")
    runs = sorted((run(command) for _ in range(ROUNDS)), key=lambda one: one.wall_s)
    middle = runs[len(runs) // 2]
    return middle, json.loads(middle.output)


def sharing() -> Iterator[dict[str, object]]:
    """Requests that a server sees of all checks together, and of each check alone, added up."""
    from plainwire import catalog
    from plainwire.scan import scan

    def requests(checks) -> int:
        with recording(lambda _: response(body=b'{"a": 1}')) as server:
            scan(f"http://127.0.0.1:{server.port}/", checks=checks)
            return len([r for r in server.requests if b" HTTP/1.1\r\n" in r])

    together = requests(catalog.load())
    alone = sum(requests([check]) for check in catalog.load())
    say("\n| questions are shared | requests at the server |\n|---|---|")
    say(f"| all checks in one scan | {together} |")
    say(f"| each check in a scan of its own, added up | {alone} |")
    say(f"| ratio | {alone / together:.1f} |")
    yield {"case": "sharing", "together": together, "alone": alone}


if __name__ == "__main__":
    main()
