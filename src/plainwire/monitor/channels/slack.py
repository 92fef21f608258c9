"""Slack's incoming webhooks; their URL is a secret."""

from __future__ import annotations

import json

from plainwire.monitor import messages, secrets
from plainwire.monitor.channels import http, webhook
from plainwire.monitor.channels.outcome import Message
from plainwire.monitor.channels.settings import ChannelSettings
from plainwire.report import clean

MAX_TEXT = 3000  # of a section block (api.slack.com/reference/block-kit/blocks)


async def send(settings: ChannelSettings, message: Message) -> None:
    """Post the message's words.

    Raises:
        SendError: if it was not taken.
        UsageError: if the URL cannot be read.
    """
    body = json.dumps({"text": words(message)}).encode()
    url = secrets.read(settings.options["url-from"])
    http.checked(await http.post(webhook.place(settings, url), body, {}, message.now / 1000))


def words(message: Message) -> str:
    """Title and text; what a target named can neither mention nor link."""
    title = _escaped(messages.title(message.payload))
    lines = [_escaped(line) for line in messages.text(message.payload).split("\n")]
    return f"*{title}*\n" + messages.cut(lines, MAX_TEXT)


def _escaped(line: str) -> str:
    """A line as Slack shows it unchanged (api.slack.com/reference/surfaces/formatting)."""
    shown = clean.visible(line, 500)
    return shown.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
