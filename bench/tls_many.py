"""`plainwire tls` over many endpoints: memory, endpoints lost or told twice, hosts a second.

Run as ``python bench/tls_many.py [ENDPOINTS]``; part of `make bench`. One nginx answers on as many
addresses of 127.0.0.0/8, each a host of its own to the prober.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import stacks
from measure import run

import servers

ENDPOINTS = 2000


def addresses(number: int) -> list[str]:
    """Loopback addresses."""
    return [f"127.0.{n // 250}.{n % 250 + 1}" for n in range(number)]


def measured(number: int) -> dict[str, object]:
    """What one run over ``number`` endpoints costs, and what came out."""
    with stacks.certificate() as files, tempfile.TemporaryDirectory() as folder:
        first, *others = addresses(number)
        # The first is the server's own; the port is known once it has one.
        further = "".join(f"listen {address}:@{{https_port}} ssl;\n" for address in others)
        with servers.nginx(files, extra=further) as server:
            targets = Path(folder, "targets")
            targets.write_text("".join(f"{a}:{server.https_port}\n" for a in (first, *others)))
            words = ["--targets", str(targets), "--format", "jsonl", "-q", "--ca", str(files.ca)]
            command = (sys.executable, "-m", "plainwire", "tls", *words, "--exit-zero")
            cost = run(command, limit_s=3600)
    told = Counter(json.loads(line)["target"]["value"] for line in cost.output.splitlines())
    return {
        "case": f"{number} endpoints",
        "wall_s": cost.wall_s,
        "cpu_s": cost.cpu_s,
        "peak_mib": cost.peak_mib,
        "lost": number - len(told),
        "twice": sum(times > 1 for times in told.values()),
        "hosts_per_s": number / cost.wall_s,
        "hosts_per_cpu_s": number / cost.cpu_s,
    }


def many(number: int = ENDPOINTS) -> Iterator[dict[str, object]]:
    """A row for a tenth of the endpoints and one for all: memory must not grow with them."""
    print(
        "\n| `plainwire tls`, 20 hosts at a time | wall, s | CPU, s | MiB | lost | twice "
        "| hosts a second | hosts a CPU second |\n|---|---|---|---|---|---|---|---|",
        file=sys.__stdout__,
        flush=True,
    )
    for one in (number // 10, number):
        row = measured(one)
        print(
            f"| {row['case']} | {row['wall_s']:.0f} | {row['cpu_s']:.0f} | {row['peak_mib']:.0f} "
            f"| {row['lost']} | {row['twice']} | {row['hosts_per_s']:.1f} "
            f"| {row['hosts_per_cpu_s']:.1f} |",
            file=sys.__stdout__,
            flush=True,
        )
        yield row


if __name__ == "__main__":
    # The server's log, printed as it stops, is not part of the table.
    with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stdout(nowhere):
        list(many(int(sys.argv[1]) if len(sys.argv) > 1 else ENDPOINTS))
