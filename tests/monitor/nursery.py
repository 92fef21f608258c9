"""Workers by the dozen: the imports are done once, each worker is a fork and may be killed.

    python nursery.py STORE CLOCK_FILE

Each line of standard input makes a worker, whose pid is printed. The clock file holds how far the
workers' clock is ahead of the system's, eight bytes of milliseconds.
"""

import asyncio
import mmap
import os
import signal
import struct
import sys
from pathlib import Path

from plainwire.monitor.loop import Pace
from plainwire.monitor.observing import Observer
from plainwire.monitor.service import Duties, Service
from plainwire.monitor.times import system_clock

RETRIES = (200, 500, 1000, *[1500] * 60)
DUTIES = Duties(
    pace=Pace(light=4, full=1, tick_s=0.1, lease_s=4.0, upkeep_s=1.0),
    retries=RETRIES,
    delivery_lease_ms=4000,
)


def work(store: str, clock_file: Path) -> None:
    with clock_file.open("rb") as file:
        shared = mmap.mmap(file.fileno(), 8, access=mmap.ACCESS_READ)

    def clock() -> int:
        (ahead,) = struct.unpack("<q", shared[:8])
        return system_clock() + ahead

    def tell(line: str) -> None:
        sys.stderr.write(f"{os.getpid()} {line}\n")
        sys.stderr.flush()

    async def main() -> None:
        stop = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
        while True:  # at its start the store may be away, too: systemd would start it again
            try:
                service = Service(store, DUTIES, Observer(clock).look, clock, tell)
                break
            except Exception as error:
                tell(f"not begun: {error}")
                await asyncio.sleep(0.3)
        await service.run(stop)

    asyncio.run(main())


def main() -> None:
    store, clock_file = sys.argv[1], Path(sys.argv[2])
    # Whatever a worker imports late is there before it is born.
    import alembic.command  # noqa: F401
    import pg8000  # noqa: F401

    import plainwire.monitor.channels.webhook  # noqa: F401
    from plainwire import catalog

    catalog.load()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for _ in sys.stdin:
        pid = os.fork()
        if not pid:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            code = 1
            try:
                work(store, clock_file)
                code = 0
            except BaseException:
                import traceback

                traceback.print_exc()
            finally:
                sys.stderr.flush()
                os._exit(code)
        print(pid, flush=True)


if __name__ == "__main__":
    main()
