"""Mail by SMTP, over TLS that is verified."""

from __future__ import annotations

import asyncio
import smtplib
import ssl
from email.message import EmailMessage
from email.utils import formatdate
from pathlib import Path

from plainwire.live import dial
from plainwire.model import UsageError
from plainwire.monitor import messages, secrets
from plainwire.monitor.channels.outcome import Message, SendError, Taken
from plainwire.monitor.channels.settings import ChannelSettings
from plainwire.report import clean

TIMEOUT_S = 20.0
WHOLE_S = 60.0
TAKEN = Taken()  # a server may take a mail for some of its recipients
PORTS = {"starttls": 587, "implicit": 465}


async def send(settings: ChannelSettings, message: Message) -> None:
    """Send one mail; its Message-ID is the message's, so that a mailbox shows a second one once.

    Raises:
        SendError: if the server did not take it, or its certificate does not verify.
        UsageError: if the password cannot be read, or an option is wrong.
    """
    password = secrets.read(settings.options["password-from"]) if _has_user(settings) else None
    mail = composed(settings, message)
    try:
        async with asyncio.timeout(WHOLE_S):
            await asyncio.to_thread(_deliver, settings, mail, password, TAKEN.of(message.id))
        TAKEN.forget(message.id)
    except TimeoutError:
        raise SendError(f"not done in {WHOLE_S:g} s") from None
    except smtplib.SMTPResponseException as error:
        words = error.smtp_error
        told = words.decode("utf-8", "replace") if isinstance(words, bytes) else str(words)
        raise SendError(f"SMTP {error.smtp_code}: {clean.visible(told, 200)}") from None
    except smtplib.SMTPRecipientsRefused as error:
        whom = [f"{one} ({said[0]})" for one, said in sorted(error.recipients.items())]
        raise SendError(f"refused for {', '.join(whom)}") from None
    except ssl.SSLCertVerificationError as error:
        raise SendError(f"TLS: {error.verify_message}") from None
    except (OSError, smtplib.SMTPException) as error:
        raise SendError(str(getattr(error, "strerror", None) or error)) from None


def _has_user(settings: ChannelSettings) -> bool:
    has = "user" in settings.options, "password-from" in settings.options
    if has[0] != has[1]:
        raise UsageError(f"channel {settings.name!r}: user and password-from go together")
    return all(has)


def composed(settings: ChannelSettings, message: Message) -> EmailMessage:
    """The mail as it is sent."""
    options = settings.options
    mail = EmailMessage()
    mail["From"], mail["To"] = options["sender"], ", ".join(recipients(settings))
    mail["Subject"] = f"[plainwire] {clean.visible(messages.title(message.payload), 180)}"
    mail["Date"] = formatdate(message.now / 1000)
    mail["Message-ID"] = f"<{message.id}@{options['sender'].rpartition('@')[2]}>"
    mail["List-Id"] = "plainwire <plainwire.monitor>"
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834, section 5: nobody is away to this
    lines = [clean.visible(line) for line in messages.text(message.payload).split("\n")]
    mail.set_content("\n".join(lines) + "\n")
    return mail


def _deliver(
    settings: ChannelSettings, mail: EmailMessage, password: str | None, taken: set[str]
) -> None:
    options = settings.options
    mode = options.get("tls", "starttls")
    if mode not in PORTS:
        raise UsageError(f"channel {settings.name!r}: tls is starttls or implicit")
    context = dial.verifying_context(Path(options["ca"]) if "ca" in options else None)
    context.set_alpn_protocols(["smtp"])
    host, port = options["host"], int(options.get("port", PORTS[mode]))
    if mode == "implicit":
        server: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=TIMEOUT_S, context=context)
    else:
        server = smtplib.SMTP(host, port, timeout=TIMEOUT_S)
    with server:
        if mode == "starttls":
            server.starttls(context=context)  # raises where it is not offered: never in clear
        if password is not None:
            server.login(options["user"], password)
        left = [one for one in recipients(settings) if one not in taken]
        refused = server.send_message(mail, to_addrs=left)
    taken.update(set(left) - refused.keys())
    if refused:
        raise smtplib.SMTPRecipientsRefused(refused)


def recipients(settings: ChannelSettings) -> list[str]:
    """Whom a channel writes to."""
    to = settings.options["to"]
    return list(dict.fromkeys(to if isinstance(to, list) else [to]))
