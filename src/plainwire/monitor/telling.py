"""What commands print, as text: plain tables, one thing a line. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from plainwire.monitor import matching
from plainwire.monitor.levels import LEVELS
from plainwire.monitor.times import shown, span
from plainwire.report.clean import visible
from plainwire.report.groups import counted

Row = Mapping[str, Any]


def table(rows: Sequence[Sequence[object]], head: Sequence[str]) -> str:
    """Columns as wide as what stands in them; nothing if there are no rows."""
    if not rows:
        return ""
    lines = [[visible(str(cell), 120) for cell in row] for row in (head, *rows)]
    widths = [max(len(line[at]) for line in lines) for at in range(len(head))]
    return "".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        + "\n"
        for line in lines
    )


def targets(rows: Sequence[Row], now: int) -> str:
    """``monitor list``, what ends first at the top."""
    far = 1 << 62
    ordered = sorted(rows, key=lambda row: (row["not_after"] or far, row["name"]))
    cells = [
        (
            row["name"],
            row["state"] + (" (mixed)" if row["is_mixed"] else ""),
            row["grade"] or "-",
            _end(row, now),
            row["open_alerts"] or "-",
            f"{span(now - row['seen_at'])} ago" if row["seen_at"] else "never",
            ",".join(row["tags"]) or "-",
        )
        for row in ordered
    ]
    head = ("target", "state", "grade", "certificate ends", "alerts", "seen", "tags")
    return table(cells, head) or "no targets; plainwire monitor add URL\n"


def _end(row: Row, now: int) -> str:
    """The date and the fraction left: either alone misleads."""
    if row["not_after"] is None:
        return "-"
    left = (row["not_after"] - now) / max(row["not_after"] - row["not_before"], 1)
    if left <= 0:
        return f"{shown(row['not_after'])[:10]} (expired)"
    return f"{shown(row['not_after'])[:10]} ({span(row['not_after'] - now)}, {left:.0%})"


def target(row: Row, now: int) -> str:
    """``monitor show``."""
    return "".join(f"{visible(line)}\n" for line in _target(row, now))


def _target(row: Row, now: int) -> Iterator[str]:
    yield f"{row['name']} ({row['kind']})"
    yield f"tags: {', '.join(row['tags']) or '-'}"
    yield f"looked at: light every {row['options']['light']}, full every {row['options']['full']}"
    for one in row["addresses"]:
        yield f"{one['address'] or 'no address'}: {one['state']}, grade {one['grade'] or '-'}"
        if one["error"]:
            yield f"  last error: {one['error']}"
        if one["pending"]:
            yield f"  a change waits to be confirmed since {shown(one['pending_since'] or now)}"
        by_turns = [each["certificate"] for each in one["earlier"] if each["turns"]]
        for key, each in (*one["certificates"].items(), *(("by turns", each) for each in by_turns)):
            ends = shown(each["not_after"])
            yield f"  certificate ({key}): {each['subject']}, ends {ends}, by {each['issuer']}"
            yield f"    SHA-256 {each['fingerprint']}"
    yield from (f"alert {a['id']}: {a['level']}: {a['title']}" for a in row["alerts"])
    yield from (f"finding: {f['severity']}: {f['words']}" for f in row["findings"])
    for each in row["renewals"]:
        yield f"renewed {shown(each['at'])}, at {each['fraction']:.0%} of the lifetime"


def alerts(rows: Sequence[Row], now: int) -> str:
    """Open alerts, the worst first."""
    ordered = sorted(rows, key=lambda row: (-LEVELS.index(row["level"]), -row["opened_at"]))
    cells = [
        (
            row["id"],
            row["level"],
            row["title"],
            f"{span(now - row['opened_at'])} ago",
            f"known to {row['acked_by']}" if row["acked_by"] else "-",
        )
        for row in ordered
    ]
    return table(cells, ("alert", "level", "what", "opened", "acknowledged"))


def silences(rows: Sequence[Row]) -> str:
    """``monitor silence`` alone."""
    cells = [
        (row["id"], str(matching.from_json(row["only"])), shown(row["until"]), row["note"] or "-")
        for row in rows
    ]
    return table(cells, ("silence", "of", "until", "note")) or "no silence\n"


def status(row: Row, open_alerts: Sequence[Row], now: int) -> str:
    """``monitor status``."""
    counts = ", ".join(f"{count} {state}" for state, count in sorted(row["addresses"].items()))
    lines = [f"{counted(row['targets'], 'target')}; addresses: {counts or 'none seen'}"]
    lines.append(f"scan lag {row['scan_lag_s']:.0f} s; {row['late']} late by two intervals or more")
    for one in row["channels"]:
        words = f"channel {one['name']}: {one['waiting']} waiting, {one['dead']} dead"
        words += f"; disabled: {one['disabled_because']}" if not one["is_enabled"] else ""
        words += f"; last error: {one['last_error']}" if one["last_error"] else ""
        lines.append(words)
    if not row["channels"]:
        lines.append("no channels: nobody is told; plainwire monitor apply FILE")
    beats = [f"{w['owner']}, {span(now - w['beat_at'])} ago" for w in row["workers"]]
    lines.append(f"running: {'; '.join(beats) or 'nothing (plainwire monitor run)'}")
    shown_alerts = alerts(open_alerts, now) or "no open alerts\n"
    return "".join(f"{visible(line)}\n" for line in lines) + "\n" + shown_alerts


def events(name: str, rows: Sequence[Row], pending: Sequence[Row]) -> str:
    """``monitor diff``: the confirmed changes, the latest first."""
    lines = [visible(name)]
    for one in pending:
        since = shown(one["since"]) if one["since"] else "now"
        lines.append(f"  {one['address']}: a change waits to be confirmed since {since}")
    for row in rows:
        note = ", expected" if row["is_expected"] else ""
        lines.append(visible(f"  {shown(row['at'])}  {row['address']}  {row['direction']}{note}"))
        lines += [visible(f"    {c['direction']:<7}  {_change(c)}") for c in row["changes"]]
    if not rows:
        lines.append("  no change")
    return "\n".join(lines) + "\n"


def _change(change: Row) -> str:
    return f"{change['what']}: {change['was']} -> {change['now']}"
