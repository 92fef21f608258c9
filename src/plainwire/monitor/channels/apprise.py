"""Whatever else Apprise knows (extra ``notify``); its URL is a secret."""

from __future__ import annotations

import asyncio
from typing import Any

from plainwire.model import UsageError
from plainwire.monitor import messages, secrets
from plainwire.monitor.channels.outcome import Message, SendError
from plainwire.monitor.channels.settings import ChannelSettings
from plainwire.report import clean

TIMEOUT_S = 60.0
TYPES = {"info": "info", "warning": "warning", "critical": "failure"}


async def send(settings: ChannelSettings, message: Message) -> None:
    """Send by one Apprise URL.

    Raises:
        SendError: if Apprise says that it was not taken.
        UsageError: if Apprise is not installed, or its URL cannot be read.
    """
    url = secrets.read(settings.options["url-from"])
    try:
        async with asyncio.timeout(TIMEOUT_S):
            await asyncio.to_thread(_notify, url, message)
    except TimeoutError:
        raise SendError(f"not done in {TIMEOUT_S:g} s") from None


def _notify(url: str, message: Message) -> None:
    try:
        import apprise
    except ImportError:
        raise UsageError("apprise is not installed: pip install 'plainwire[notify]'") from None
    sender: Any = apprise.Apprise()
    if not sender.add(url):
        raise SendError("Apprise knows no service of this URL")
    payload = message.payload
    lines = [clean.visible(line) for line in messages.text(payload).split("\n")]
    result = sender.notify(
        title=clean.visible(messages.title(payload), 250),
        body="\n".join(lines),
        notify_type=TYPES[messages.level(payload)],
    )
    if not result:
        raise SendError(f"Apprise: {getattr(result, 'status', 'not sent')}")
