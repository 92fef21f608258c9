"""What channels are told: the payload of a message, fixed when it is written. Pure.

It is the body of a webhook as it stands (docs/monitoring.md), and what the other channels make
their words of.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from plainwire.monitor.times import moment
from plainwire.report.clean import visible
from plainwire.report.envelope import time

SCHEMA = "plainwire-monitor/1"
MAX_CHANGES = 50
MAX_MEMBERS = 200


def about_alert(
    kind: str, alert: Mapping[str, Any], target: Mapping[str, Any] | None, now: int
) -> dict[str, Any]:
    """One alert opened, raised, resolved or recalled; ``alert`` is its row."""
    changes = alert["changes"]
    return {
        "schema": SCHEMA,
        "type": f"alert.{kind}",
        "timestamp": time(moment(now)),
        "data": {
            "alert": {
                "id": alert["id"],
                "key": alert["dedup_key"],
                "rule": alert["rule"],
                "level": alert["level"],
                "title": alert["title"],
                "body": alert["body"],
                "opened_at": time(moment(alert["opened_at"])),
                "resolution": alert.get("resolution"),
            },
            "target": target,
            "changes": list(changes[:MAX_CHANGES]),
            "changes_left_out": max(len(changes) - MAX_CHANGES, 0),
        },
    }


def group(rule: str, level: str, members: Sequence[Mapping[str, Any]], now: int) -> dict[str, Any]:
    """Many messages about one rule as one; ``members`` are their payloads."""
    alerts = [
        each["data"]["alert"] | {"type": each["type"], "target": each["data"]["target"]}
        for each in members
    ]
    return {
        "schema": SCHEMA,
        "type": "alert.group",
        "timestamp": time(moment(now)),
        "data": {"rule": rule, "level": level, "count": len(alerts), "alerts": alerts},
    }


def digest(
    events: Sequence[Mapping[str, Any]], open_alerts: Sequence[Mapping[str, Any]], now: int
) -> dict[str, Any]:
    """A day's changes that alarmed nobody, and what is open."""
    return {
        "schema": SCHEMA,
        "type": "digest",
        "timestamp": time(moment(now)),
        "data": {"events": list(events), "open": list(open_alerts)},
    }


def notice(kind: str, title: str, body: str, level: str, now: int) -> dict[str, Any]:
    """The monitor about itself: a test, a message that could not be delivered."""
    return {
        "schema": SCHEMA,
        "type": kind,
        "timestamp": time(moment(now)),
        "data": {"level": level, "title": title, "body": body},
    }


def title(payload: Mapping[str, Any]) -> str:
    """The message in one line."""
    data, kind = payload["data"], payload["type"]
    if kind == "alert.group":
        return f"{data['count']} alerts: {data['rule']}"
    if kind == "digest":
        return f"{len(data['events'])} changes, {len(data['open'])} alerts open"
    if kind.startswith("alert."):
        word = {"opened": "", "raised": "", "reminder": "still: ", "resolved": "resolved: "}
        return f"{word.get(kind.removeprefix('alert.'), '')}{data['alert']['title']}"
    return str(data["title"])


def text(payload: Mapping[str, Any]) -> str:
    """The message in lines for a person; what a target named forges none of them."""
    data, kind = payload["data"], payload["type"]
    if kind == "alert.group":
        members = data["alerts"][:MAX_MEMBERS]
        lines = [
            f"- {visible(each['title'])} [{each['type'].removeprefix('alert.')}]"
            for each in members
        ]
        left = data["count"] - len(members)
        return "\n".join(lines + ([f"and {left} more"] if left else []))
    if kind == "digest":
        return "\n".join(
            [
                "Changes that alarmed nobody:",
                *([f"- {visible(each['words'])}" for each in data["events"]] or ["- none"]),
                "",
                "Open alerts:",
                *(
                    [f"- {each['level']}: {visible(each['title'])}" for each in data["open"]]
                    or ["- none"]
                ),
            ]
        )
    if kind.startswith("alert."):
        alert = data["alert"]
        target = [f"target: {data['target']['name']}"] if data["target"] else []
        over = [visible(alert["resolution"])] if alert["resolution"] else []
        return "\n".join([*over, *target, f"level: {alert['level']}", alert["body"]]).strip()
    return str(data["body"])


def cut(lines: Sequence[str], limit: int) -> str:
    """As many of the lines as fit into so many characters, and how many are left out."""
    ends = list(itertools.accumulate(len(line) + 1 for line in lines))
    if ends[-1] <= limit:
        return "\n".join(lines)
    fitting = max(sum(end <= limit - 30 for end in ends), 1)
    return "\n".join([*lines[:fitting], f"and {len(lines) - fitting} more lines"])


def level(payload: Mapping[str, Any]) -> str:
    """How much the message matters."""
    data = payload["data"]
    found = data["alert"]["level"] if "alert" in data else data.get("level", "info")
    return str(found)
