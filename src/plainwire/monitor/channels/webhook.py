"""Webhooks as Standard Webhooks 1.0 describes them (standardwebhooks.com, 2026-08-17)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from pathlib import Path

from plainwire.model import UsageError
from plainwire.monitor import secrets
from plainwire.monitor.channels import http
from plainwire.monitor.channels.outcome import Message
from plainwire.monitor.channels.settings import ChannelSettings
from plainwire.report import clean

PREFIX = "whsec_"


async def send(settings: ChannelSettings, message: Message) -> None:
    """Post the payload, signed if there is a secret.

    Raises:
        SendError: if it was not taken.
        UsageError: if a secret cannot be read.
    """
    options = settings.options
    body = clean.json_text(message.payload, indent=None).encode()
    timestamp = str(message.now // 1000)
    headers = {"webhook-id": message.id, "webhook-timestamp": timestamp}
    # Of two secrets, while one replaces the other, both sign.
    names = [options[key] for key in ("secret-from", "old-secret-from") if key in options]
    if names:
        signatures = [signature(secrets.read(name), message.id, timestamp, body) for name in names]
        headers["webhook-signature"] = " ".join(signatures)
    url = options["url"] if "url" in options else secrets.read(options["url-from"])
    http.checked(await http.post(place(settings, url), body, headers, message.now / 1000))


def place(settings: ChannelSettings, url: str) -> http.Place:
    """Where a channel posts to."""
    options = settings.options
    ca = Path(options["ca"]) if "ca" in options else None
    return http.Place(url, bool(options.get("allow-private", False)), ca)


def signature(secret: str, message_id: str, timestamp: str, body: bytes) -> str:
    """``v1,`` and the HMAC-SHA256 of id, timestamp and body.

    Raises:
        UsageError: if the secret is not ``whsec_`` and Base64.
    """
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not key:
        raise UsageError(f"a webhook's secret is {PREFIX} and Base64")
    signed = b".".join((message_id.encode(), timestamp.encode(), body))
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
