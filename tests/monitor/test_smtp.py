"""Mail goes over TLS that verified, or not at all; its Message-ID is the message's."""

import asyncio
import ssl
from contextlib import nullcontext
from email import message_from_string
from email.policy import default

import pytest

from certificates import issue
from monitor.test_delivery import message
from plainwire.monitor.channels import smtp
from plainwire.monitor.channels.outcome import SendError
from plainwire.monitor.channels.settings import ChannelSettings


def deliver(
    tmp_path, *, offers=True, names=("localhost",), trusted=True, refuses=(), times=1, **more
):
    """Send one mail to a server of these habits; the lines that it was told after TLS began."""
    leaf = issue(*names, by=(root := issue("Root", ca=True)))
    files = {name: tmp_path / f"{name}.pem" for name in ("chain", "key", "ca")}
    files["chain"].write_text(leaf.chain_pem)
    files["key"].write_text(leaf.key_pem)
    files["ca"].write_text(root.pem if trusted else issue("Other", ca=True).pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files["chain"], files["key"])
    heard: list[str] = []

    async def serve(reader, writer):
        is_tls = False
        try:
            writer.write(b"220 test\r\n")
            while line := (await reader.readline()).decode().strip():
                word = line.split(" ")[0].upper()
                if is_tls:
                    heard.append(line)
                if word == "EHLO":
                    starttls = "" if is_tls or not offers else "250-STARTTLS\r\n"
                    writer.write(f"250-test\r\n{starttls}250 AUTH PLAIN LOGIN\r\n".encode())
                elif word == "STARTTLS" and offers:
                    writer.write(b"220 go\r\n")
                    await writer.drain()
                    await writer.start_tls(context)
                    is_tls = True
                elif word == "AUTH":
                    writer.write(b"235 fine\r\n")
                elif word == "RCPT" and any(one in line for one in refuses):
                    writer.write(b"451 not now, \x1b[31muser\r\n")
                elif word == "DATA":
                    writer.write(b"354 go\r\n")
                    heard.append((await reader.readuntil(b"\r\n.\r\n")).decode())
                    writer.write(b"250 taken\r\n")
                elif word == "QUIT":
                    writer.write(b"221 bye\r\n")
                else:
                    writer.write(b"250 fine\r\n")
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def main():
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        options = {
            "host": "localhost",
            "port": server.sockets[0].getsockname()[1],
            "sender": "tls@example.test",
            "to": ["ops@example.test"],
            "ca": str(files["ca"]),
            **more,
        }
        try:
            for left in reversed(range(times)):
                with pytest.raises(SendError, match="refused for") if left else nullcontext():
                    await smtp.send(ChannelSettings("post", "smtp", options), message())
                refuses.clear() if left else None
        finally:
            server.close()
        return heard

    return asyncio.run(main())


def test_a_mail_is_sent_over_tls_with_the_id_of_its_message(tmp_path, monkeypatch):
    monkeypatch.setenv("SMTP_PASSWORD", "s3cret-word")
    options = {"user": "tls", "password-from": "env:SMTP_PASSWORD"}
    heard = deliver(tmp_path, **options)
    (text,) = [told for told in heard if "Message-ID" in told]
    mail = message_from_string(text, policy=default)
    assert mail["Message-ID"] == "<msg_1@example.test>"
    assert mail["To"] == "ops@example.test" and mail["List-Id"]
    assert "the certificate of" in mail["Subject"] and "\x1b" not in mail["Subject"]
    assert any(line.upper().startswith("AUTH") for line in heard)


@pytest.mark.parametrize(
    ("habits", "words"),
    [
        ({"offers": False}, "STARTTLS"),
        ({"trusted": False}, "TLS: "),
        ({"names": ("elsewhere.test",)}, "TLS: "),
    ],
)
def test_without_tls_that_verifies_nothing_is_said(tmp_path, habits, words):
    with pytest.raises(SendError, match=words):
        deliver(tmp_path, **habits)


def test_a_refusal_is_told_without_what_it_would_do_to_a_terminal(tmp_path):
    with pytest.raises(SendError, match=r"refused for ops@example\.test \(451\)$"):
        deliver(tmp_path, refuses=["ops"])


def test_who_was_refused_is_written_to_again_and_who_was_not_is_not(tmp_path):
    # As by greylisting: RFC 5321, section 4.2.1, "transient negative completion reply".
    heard = deliver(
        tmp_path, refuses=["late"], times=2, to=["ops@example.test", "late@example.test"]
    )
    asked = [line.lower().split()[1] for line in heard if line.upper().startswith("RCPT")]
    assert asked == ["to:<ops@example.test>", "to:<late@example.test>", "to:<late@example.test>"]
    mails = [message_from_string(told, policy=default) for told in heard if "Message-ID" in told]
    assert [m["Message-ID"] for m in mails] == ["<msg_1@example.test>"] * 2
    assert {m["To"] for m in mails} == {"ops@example.test, late@example.test"}
