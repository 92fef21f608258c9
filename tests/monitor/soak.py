"""The fault run: a farm, workers that are killed, a receiver that counts; nothing may be lost.

What must arrive is known from the farm's own script: every certificate near its end that it served
opens one alert, and resolves it when it serves the next. The store is only asked afterwards whether
its own accounts hold.

    python -m monitor.soak --store sqlite --kills 200 --alerts 2000      (from tests/)
"""

import argparse
import asyncio
import hashlib
import json
import os
import random
import signal
import sqlite3
import struct
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from certificates import issue
from monitor.farm import Site, farm
from monitor.receiver import Received, receiver
from plainwire.model import PlainwireError
from plainwire.monitor.channels.settings import ChannelSettings
from plainwire.monitor.store import Store, schema, watched
from plainwire.monitor.targets import watched as target_of
from plainwire.monitor.times import system_clock
from servers.postgresql import Cluster, postgresql

SITES, WORKERS = 32, 3
PATIENCE_S = 300.0  # for one message, whatever happens meanwhile: what comes after is late
LOST_S = 1200.0  # after that: until then what it is about is left as it is
HOUR_MS = 3_600_000
FULL_SITES = 3
LEASE_MS = 4000  # the workers' own (nursery.py)
HERE = Path(__file__).parent


@dataclass
class Account:
    """What a run came to."""

    store: str
    seconds: float = 0.0
    kills: int = 0
    stops: int = 0
    restarts: int = 0
    locks: int = 0
    clock_jumps: int = 0
    receiver_faults: int = 0
    expected: int = 0
    arrived: int = 0
    duplicates: int = 0
    looks: int = 0
    missed_slots: int = 0
    alerts: int = 0  # opened
    slowest_s: float = 0.0  # of all messages, from the cue to the receiver
    late: list[str] = field(default_factory=list)  # by more than PATIENCE_S
    lost: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


class Counting:
    """What the receiver took, by what it is about; a message counts once it was answered 2xx."""

    def __init__(self) -> None:
        self.expected: set[tuple[str, str]] = set()
        self.ids: dict[tuple[str, str], set[str]] = {}
        self.order: list[tuple[str, str]] = []
        self.taken: Counter[str] = Counter()
        self.mode = "well"
        self.changed = asyncio.Event()

    def answer(self, got: Received) -> tuple[str, dict[str, str]]:
        if self.mode == "failing":
            return "503 Service Unavailable", {}
        if self.mode == "redirecting":
            return "302 Found", {"Location": "http://127.0.0.1:9/"}
        payload = got.payload
        self.taken[got.id] += 1
        members = payload["data"].get("alerts") or [
            payload["data"]["alert"] | {"type": payload["type"]}
        ]
        for alert in members:
            about = alert["type"].removeprefix("alert."), alert["key"]
            self.ids.setdefault(about, set()).add(got.id)
            self.order.append(about)
        self.changed.set()
        return "204 No Content", {}

    async def arrived(self, about: tuple[str, str], patience_s: float) -> bool:
        try:
            async with asyncio.timeout(patience_s):
                while about not in self.ids:
                    self.changed.clear()
                    await self.changed.wait()
        except TimeoutError:
            return False
        return True


class Workers:
    """The nursery and its children."""

    def __init__(self, store: str, folder: Path) -> None:
        self.clock = folder / "clock"
        self.set_clock(0)
        self.log = (folder / "log").open("wb")
        self.pids: list[int] = []
        self.store = store
        self.nursery: asyncio.subprocess.Process | None = None

    def set_clock(self, ahead_ms: int) -> None:
        if not self.clock.exists():
            self.clock.write_bytes(bytes(8))
        with self.clock.open("r+b") as file:
            file.write(struct.pack("<q", ahead_ms))

    async def begin(self) -> None:
        words = [sys.executable, str(HERE / "nursery.py"), self.store, str(self.clock)]
        self.nursery = await asyncio.create_subprocess_exec(
            *words,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=self.log,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE.parent), *sys.path])},
        )
        for _ in range(WORKERS):
            await self.spawn()

    async def spawn(self) -> None:
        assert self.nursery and self.nursery.stdin and self.nursery.stdout
        self.nursery.stdin.write(b"spawn\n")
        await self.nursery.stdin.drain()
        self.pids.append(int(await self.nursery.stdout.readline()))

    async def kill_one(self) -> None:
        pid = self.pids.pop(random.randrange(len(self.pids)))
        _signal(pid, signal.SIGKILL)
        await self.spawn()

    async def end(self) -> None:
        for pid in self.pids:
            _signal(pid, signal.SIGTERM)
        deadline = time.monotonic() + 30
        while any(_is_there(pid) for pid in self.pids) and time.monotonic() < deadline:
            await asyncio.sleep(0.1)
        left = [pid for pid in self.pids if _is_there(pid)]
        for pid in left:
            _signal(pid, signal.SIGKILL)
        if self.nursery and self.nursery.stdin:
            self.nursery.stdin.close()
            async with asyncio.timeout(30):
                await self.nursery.wait()
        self.log.close()
        if left:
            raise RuntimeError(f"{len(left)} workers did not end when they were told")


def _signal(pid: int, number: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def _is_there(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


ROOT = issue("Soak Root", ca=True)


def certificates(*, ends_soon: bool):
    """Two, as a server with both kinds of keys has them: an ECDSA and an RSA one."""
    begin = datetime.now(UTC) - timedelta(days=89.5 if ends_soon else 1)
    end = begin + timedelta(days=90)
    return [
        issue("127.0.0.1", not_before=begin, not_after=end, by=ROOT, key=key)
        for key in (None, 2048)
    ]


def fingerprint(issued) -> str:
    return hashlib.sha256(issued.der).hexdigest()


async def live(
    url: str, site: Site, counting: Counting, account: Account, budget: list[int], until: float
) -> None:
    """One site's script: bad certificates, each until its alert has arrived; a good one at last."""
    before: list[str] = []
    while budget[0] > 0 and time.monotonic() < until:
        issued = certificates(ends_soon=True)
        budget[0] -= len(issued)
        keys = [f"certificate:{fingerprint(each)}" for each in issued]
        site.serve(*issued)
        await _await(url, [("opened", key) for key in keys], counting, account)
        await _await(url, [("resolved", key) for key in before], counting, account)
        before = keys
    site.serve(*certificates(ends_soon=False))
    await _await(url, [("resolved", key) for key in before], counting, account)


async def _await(
    url: str, wanted: list[tuple[str, str]], counting: Counting, account: Account
) -> None:
    account.expected += len(wanted)
    counting.expected.update(wanted)
    begun = time.monotonic()
    for about in wanted:
        if not await counting.arrived(about, PATIENCE_S):
            account.late.append(
                " ".join(about) + ": " + await asyncio.to_thread(_state, url, about[1])
            )
            # Its certificate is served on: what nobody could see any more would be no loss.
            await counting.arrived(about, LOST_S)
        account.slowest_s = max(account.slowest_s, round(time.monotonic() - begun, 1))


def _state(url: str, key: str) -> str:
    """What the store knows of an alert whose message is late, and of its site's duties."""
    alert, outbox, duty = schema.alert, schema.outbox, schema.duty
    words = sa.select(outbox).join(alert, alert.c.id == outbox.c.alert_id)
    serving = sa.select(schema.serving.c.target_id).where(
        schema.serving.c.fingerprint == key.partition(":")[2]
    )

    def read(connection):
        return [
            dict(row)
            for query in (
                words.where(alert.c.dedup_key == key),
                sa.select(duty).where(duty.c.target_id.in_(serving)),
            )
            for row in connection.execute(query).mappings()
        ]

    try:
        store = Store(url)
        try:
            return f"at {system_clock()}: {store.read(read)}"
        finally:
            store.close()
    except PlainwireError as error:
        return f"the store could not be asked: {error}"


async def faults(
    workers: Workers,
    counting: Counting,
    account: Account,
    cluster: Cluster | None,
    pace_s: float,
    least_kills: int,
    done: asyncio.Event,
) -> None:
    """Disturb until everything is done and enough were killed."""
    kinds = ["kill"] * 14 + ["stop", "receiver", "receiver", "clock"]
    kinds += ["restart"] if cluster else ["lock"]
    while not done.is_set() or account.kills < least_kills:
        await asyncio.sleep(random.uniform(0.5, 1.5) * pace_s)
        if account.kills % 20 == 0:
            sys.stderr.write(f"{account.kills} kills, {len(counting.ids)} messages\n")
        kind = random.choice(kinds) if not done.is_set() else "kill"
        if kind == "kill":
            await workers.kill_one()
            account.kills += 1
        elif kind == "stop":  # past its lease: a zombie that wakes up and wants to write
            pid = random.choice(workers.pids)
            _signal(pid, signal.SIGSTOP)
            await asyncio.sleep(5.0)
            _signal(pid, signal.SIGCONT)
            account.stops += 1
        elif kind == "receiver":
            counting.mode = random.choice(["failing", "redirecting"])
            await asyncio.sleep(2.0)
            counting.mode = "well"
            account.receiver_faults += 1
        elif kind == "clock":
            workers.set_clock(random.choice([-HOUR_MS, HOUR_MS]))
            await asyncio.sleep(3.0)
            workers.set_clock(0)
            account.clock_jumps += 1
        elif kind == "restart" and cluster:
            await asyncio.to_thread(cluster.restart_at_once)
            account.restarts += 1
        elif kind == "lock":
            await asyncio.to_thread(_hold_lock, workers.store, random.uniform(2.0, 7.0))
            account.locks += 1


def _hold_lock(path: str, seconds: float) -> None:
    """Longer than a writer waits: it must try again."""
    connection = sqlite3.connect(path, timeout=30, isolation_level=None)
    try:
        connection.execute("BEGIN IMMEDIATE")
        time.sleep(seconds)
        connection.execute("ROLLBACK")
    finally:
        connection.close()


def audit(store: Store, account: Account) -> None:
    """The store's own accounts: slots without gap or overlap, nothing leased, nothing unsent."""

    def read(connection):
        scan, duty, outbox, alert = schema.scan, schema.duty, schema.outbox, schema.alert
        slots = sa.select(scan.c.target_id, scan.c.tier, scan.c.slot, scan.c.slots).distinct()
        by_duty: dict = {}
        for target, tier, slot, count in connection.execute(
            slots.order_by(scan.c.target_id, scan.c.tier, scan.c.slot)
        ):
            due = by_duty.setdefault((target, tier), 0)
            if slot != due:
                account.wrong.append(f"{tier} of {target}: slot {due} is followed by {slot}")
            by_duty[target, tier] = slot + count
        for target, tier, slot in connection.execute(
            sa.select(duty.c.target_id, duty.c.tier, duty.c.slot)
        ):
            if by_duty.get((target, tier), 0) != slot:
                account.wrong.append(f"{tier} of {target}: {slot} slots counted, not recorded")
        leases = connection.execute(
            sa.select(sa.func.count())
            .select_from(duty)
            .where(duty.c.lease_until > system_clock() + LEASE_MS)
        ).scalar()  # of what was killed at last a lease may stand, no longer than one lasts
        waiting = connection.execute(
            sa.select(sa.func.count()).select_from(outbox).where(outbox.c.sent_at.is_(None))
        ).scalar()
        still_open = connection.execute(
            sa.select(sa.func.count()).select_from(alert).where(alert.c.resolved_at.is_(None))
        ).scalar()
        repeated = connection.execute(
            sa.select(alert.c.dedup_key).group_by(alert.c.dedup_key).having(sa.func.count() > 1)
        ).all()
        for name, count in (
            ("leases that last", leases),
            ("messages not sent", waiting),
            ("alerts open", still_open),
            ("alerts opened twice", len(repeated)),
        ):
            if count:
                account.wrong.append(f"{count} {name}")
        account.looks = connection.execute(
            sa.select(sa.func.count()).select_from(scan).where(scan.c.status != "missed")
        ).scalar()
        account.missed_slots = int(
            connection.execute(
                sa.select(sa.func.sum(scan.c.slots)).where(scan.c.status == "missed")
            ).scalar()
            or 0
        )

    store.read(read)


async def soak(
    url: str,
    folder: Path,
    *,
    kills: int,
    alerts: int,
    pace_s: float,
    longest_s: float,
    cluster: Cluster | None,
    sites: int = SITES,
) -> Account:
    """One run on one store; its account."""
    account = Account("postgresql" if cluster else "sqlite")
    begun = time.monotonic()
    counting, workers = Counting(), Workers(url, folder)
    async with farm(folder, sites) as farmed, receiver(answer=counting.answer) as got:
        store = Store(url)
        for site in farmed:
            site.serve(*certificates(ends_soon=False))
            one = target_of(site.name, light="1s", full="1d")
            store.run(lambda c, one=one: watched.add(c, one, system_clock()))
        # Full looks are dear and show no more of a certificate: a few sites have them.
        later = sa.update(schema.duty).where(schema.duty.c.tier == "full")
        later = later.where(schema.duty.c.target_id > FULL_SITES)
        store.run(lambda c: c.execute(later.values(next_due_at=system_clock() + 20 * HOUR_MS)))
        options = {"url": got.url, "allow-private": True}
        store.run(lambda c: watched.set_channel(c, ChannelSettings("hook", "webhook", options)))
        store.close()
        await workers.begin()
        done, budget = asyncio.Event(), [alerts]
        try:
            trouble = asyncio.create_task(
                faults(workers, counting, account, cluster, pace_s, kills, done)
            )
            until = time.monotonic() + longest_s
            await asyncio.gather(*(live(url, s, counting, account, budget, until) for s in farmed))
            done.set()
            await trouble
            await _settled(url)
        finally:
            for pid in workers.pids:
                _signal(pid, signal.SIGCONT)
            await workers.end()
    store = Store(url)
    audit(store, account)
    store.close()
    _count(counting, account)
    account.seconds = round(time.monotonic() - begun, 1)
    return account


async def _settled(url: str) -> None:
    """Wait until nothing is to be sent any more."""
    store = Store(url)
    waiting = sa.select(sa.func.count()).select_from(schema.outbox)
    waiting = waiting.where(schema.outbox.c.sent_at.is_(None))
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if not store.read(lambda c: c.execute(waiting).scalar()):
            break
        await asyncio.sleep(0.5)
    store.close()


def _count(counting: Counting, account: Account) -> None:
    account.arrived = len(counting.ids)
    account.alerts = sum(kind == "opened" for kind, _ in counting.ids)
    account.duplicates = sum(count - 1 for count in counting.taken.values())
    for about, ids in counting.ids.items():
        if len(ids) != 1:
            account.wrong.append(f"{' '.join(about)} came under {len(ids)} ids")
    first = {about: at for at, about in reversed(list(enumerate(counting.order)))}
    for kind, key in first:
        if kind == "resolved" and first.get(("opened", key), 1 << 60) > first[kind, key]:
            account.wrong.append(f"{key} was resolved before it was opened")
    account.lost = [" ".join(about) for about in sorted(counting.expected - counting.ids.keys())]
    unexpected = counting.ids.keys() - counting.expected
    account.wrong += [f"{' '.join(about)} was not expected" for about in sorted(unexpected)]


def run(
    kind: str, *, kills: int, alerts: int, pace_s: float, longest_s: float, sites: int = SITES
) -> tuple[Account, str]:
    """One run on a new store of a kind; its account and what the workers said."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="plainwire-soak-")))
        cluster = stack.enter_context(postgresql()) if kind == "postgresql" else None
        url = cluster.create("soak") if cluster else str(folder / "monitor.db")
        account = asyncio.run(
            soak(
                url,
                folder,
                kills=kills,
                alerts=alerts,
                pace_s=pace_s,
                longest_s=longest_s,
                cluster=cluster,
                sites=sites,
            )
        )
        return account, (folder / "log").read_text("utf-8", "replace")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--store", choices=("sqlite", "postgresql"), required=True)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--alerts", type=int, default=2000)
    parser.add_argument("--pace", type=float, default=1.0, help="seconds between faults")
    parser.add_argument("--longest", type=float, default=7200, help="seconds until it ends")
    options = parser.parse_args()
    account, log = run(
        options.store,
        kills=options.kills,
        alerts=options.alerts,
        pace_s=options.pace,
        longest_s=options.longest,
    )
    print(json.dumps(asdict(account), indent=1))
    if account.lost or account.wrong:
        print(log[-5000:], file=sys.stderr)
        raise SystemExit(1)


if __name__ == "__main__":
    main()
