"""`python bench/round_trips.py [CATEGORY]`: round trips that a scan waits, and its connections.

A scan in this process, near and through a long round trip, against which the load of a shared
machine weighs little; the difference over the round trip is what the network costs.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from dataclasses import replace
from pathlib import Path
from time import monotonic

import stacks

from plainwire import catalog
from plainwire.live.settings import Settings
from plainwire.model import Origin, Report
from plainwire.scan import scan_async
from plainwire.wire.target import parse_target

RTT_S = {"nginx, redirect-308": 0.4, "gunicorn, one synchronous worker, TLS": 0.05}


def main() -> None:
    """Print a row for each server."""
    wanted = sys.argv[1] if sys.argv[1:] else None
    checks = tuple(c for c in catalog.load() if wanted in (None, c.category))
    print("| scan | round trips waited | requests | connections |\n|---|---|---|---|")
    with stacks.certificate() as files:
        for name, rtt_s in RTT_S.items():
            kind = stacks.one_worker(files) if rtt_s < 0.1 else stacks.nginx(files, "redirect-308")
            with Path(os.devnull).open("w") as log, contextlib.redirect_stdout(log), kind as place:
                near_s, _ = min((_scan(place, checks) for _ in range(3)), key=lambda one: one[0])
                with stacks.delayed(place, rtt_s) as far:
                    far_s, report = _scan(far, checks)
            waited = (far_s - near_s) / rtt_s
            print(f"| {name} | {waited:.0f} | {report.requests} | {report.connections} |")


def _scan(place: stacks.Place, checks: tuple) -> tuple[float, Report]:
    target, _ = parse_target(f"https://{stacks.NAME}:{place.https_port}/")
    # As if the ports were 443 and 80: nothing else is tried on either.
    http = Origin("http", target.host, place.http_port or 1)
    settings = Settings(ca_file=place.ca, resolve={stacks.NAME: "127.0.0.1"})
    begun = monotonic()
    done = scan_async(replace(target, http=(http,)), checks=checks, settings=settings)
    report = asyncio.run(done)
    return monotonic() - begun, report


if __name__ == "__main__":
    main()
