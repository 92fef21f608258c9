"""PagerDuty's Events API v2: one incident an alert, resolved with it."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from plainwire.monitor import messages, secrets
from plainwire.monitor.channels import http, webhook
from plainwire.monitor.channels.outcome import Message, SendError, Taken
from plainwire.monitor.channels.settings import ChannelSettings
from plainwire.report import clean

EVENTS = "https://events.pagerduty.com/v2/enqueue"
MAX_KEY, MAX_SUMMARY = 255, 1024
MAX_TEXT = 20_000  # an event is refused above 512 KB
WHOLE_S = 60.0  # of a group's events, well within a lease
TAKEN = Taken()  # PagerDuty takes some 120 events a minute, and a group has up to 200


async def send(settings: ChannelSettings, message: Message) -> None:
    """Trigger or resolve an incident; digests are passed over.

    Raises:
        SendError: if it was not taken.
        UsageError: if the key cannot be read.
    """
    key = secrets.read(settings.options["key-from"])
    place = webhook.place(settings, settings.options.get("url", EVENTS))
    told, taken = events(message), TAKEN.of(message.id)
    loop = asyncio.get_running_loop()
    end = loop.time() + WHOLE_S
    for event in told:
        if event["dedup_key"] in taken:
            continue
        if loop.time() > end:
            raise SendError(f"{len(taken)} of {len(told)} events were taken in {WHOLE_S:g} s")
        body = json.dumps({"routing_key": key, **event}).encode()
        http.checked(await http.post(place, body, {}, message.now / 1000))
        taken.add(event["dedup_key"])
    TAKEN.forget(message.id)


def events(message: Message) -> list[dict[str, Any]]:
    """The events of a message; sending one again changes nothing, by its ``dedup_key``."""
    payload: Any = message.payload
    kind, data = payload["type"], payload["data"]
    if kind == "digest":
        return []
    if kind == "alert.group":
        return [
            _trigger(each["key"], each["title"], each["level"], each["body"])
            for each in data["alerts"]
        ]
    if not kind.startswith("alert."):
        level = data["level"]
        return [_trigger(message.id, messages.title(payload), level, data["body"])]
    alert = data["alert"]
    if kind == "alert.resolved":
        return [{"event_action": "resolve", "dedup_key": dedup_key(alert["key"])}]
    return [_trigger(alert["key"], alert["title"], alert["level"], messages.text(payload))]


def dedup_key(key: str) -> str:
    """What tells PagerDuty that two events are about one thing."""
    return f"plainwire/{key}"[:MAX_KEY]


def _trigger(key: str, title: str, level: str, text: str) -> dict[str, Any]:
    return {
        "event_action": "trigger",
        "dedup_key": dedup_key(key),
        "payload": {
            "summary": clean.visible(title, 900)[:MAX_SUMMARY],
            "source": "plainwire",
            "severity": level,
            "custom_details": {
                "text": messages.cut([clean.visible(x) for x in text.split("\n")], MAX_TEXT)
            },
        },
    }
