"""Probe one port a few times in this process; prints what each probe cost as one JSON object.

    python bench/one_probe.py PORT CONNECTIONS ROUNDS

The first probe is a warm-up and not counted: start-up (imports, tables) stands apart.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time

from plainwire import tls
from plainwire.live.settings import Settings

NAME = "api.plainwire.test"


async def main(port: int, connections: int, rounds: int) -> None:
    """Print wall and CPU seconds of each round, and what the last one found."""
    walls, cpus = [], []
    for number in range(rounds + 1):
        wall, cpu = time.perf_counter(), time.process_time()
        found = await tls.probe_async(
            f"{NAME}:{port}",
            address="127.0.0.1",
            settings=Settings(),
            connections=connections,
            probes_attacks=True,
        )
        if number:
            walls.append(time.perf_counter() - wall)
            cpus.append(time.process_time() - cpu)
    print(
        json.dumps(
            {
                "wall_s": walls,
                "cpu_s": cpus,
                "connections": found.connections,
                "suites": {k: len(v) for k, v in (found.ciphers or {}).items()},
                "order": dict(found.cipher_order or {}),
                "groups": {k: len(v) for k, v in (found.groups or {}).items()},
                "schemes": {k: len(v) for k, v in (found.signature_algorithms or {}).items()},
                "inconclusive": [f"{g.part}: {g.question}: {g.reason}" for g in found.inconclusive],
            }
        )
    )


if __name__ == "__main__":
    asyncio.run(main(*(int(word) for word in sys.argv[1:4])))
