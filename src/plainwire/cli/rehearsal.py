"""``--dry-run``: the questions of a scan, against a site that answers everything and is nowhere."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import replace

from plainwire.live.callbacks import SSRF_PROBES
from plainwire.live.settings import Settings
from plainwire.live.site import LiveSite
from plainwire.live.trace import Trace
from plainwire.model import ApiOperation, Exchange, Origin, Request, Target, TlsEndpoint
from plainwire.scan import scan_async

_RANDOM = re.compile(r"(?<=[/=])[0-9a-f]{24}")  # another one in each run


def questions(
    target: Target,
    settings: Settings,
    paths: Sequence[str],
    specs: Sequence[str] = (),
    source: tuple[ApiOperation, ...] = (),
) -> tuple[str, ...]:
    """What a scan of the target would ask, each once, in order; nothing is sent."""
    trace = Trace()

    async def send(request: Request) -> Exchange:
        trace.request(request, ())
        return Exchange(request, 200, (("Content-Type", "application/json"),), b"{}")

    async def look(site: LiveSite, origin: Origin) -> TlsEndpoint:
        trace.hello(origin, "TLS ClientHellos, as many as there is to find out,")
        return TlsEndpoint(origin.host, origin.port, speaks_tls=True)

    # No listener for what is only listed; the plan says in words what those probes are.
    settings = replace(settings, allow=settings.allow - {SSRF_PROBES})
    # A description elsewhere would have to be fetched to know what it names.
    files = tuple(spec for spec in specs if "://" not in spec)
    asyncio.run(
        scan_async(
            target,
            settings=settings,
            paths=tuple(paths),
            specs=files,
            source=source,
            send=send,
            look=look,
        )
    )
    words = (_RANDOM.sub("RANDOM", line) for line in trace.sent)
    return tuple(dict.fromkeys(words))
