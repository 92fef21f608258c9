"""Which server is asked with ``--probe``: the one that the code connects to."""

import ftplib
import imaplib
import poplib
import smtplib

import pytest

from fix.fixing import planned
from plainwire.fix.conditions import Condition
from plainwire.model import Peer

LOGIN = "import smtplib\nserver = smtplib.SMTP({})\n{}server.login('shop', password)\n"
STARTED = "server.starttls()\n"


def asked(text):
    """The servers that are asked for the patches of a file."""
    peers = []

    def ask(peer):
        peers.append(peer)
        return Condition(True, "it was asked")

    planned({"client.py": text}, ask=ask)
    return set(peers)


@pytest.mark.parametrize("between", [STARTED, ""], ids=["unverified", "plain"])
@pytest.mark.parametrize(
    ("arguments", "port"),
    [
        ("'mail.example.com'", smtplib.SMTP_PORT),
        ("'mail.example.com', 0", smtplib.SMTP_PORT),
        ("'mail.example.com', 587", 587),
        ("host='mail.example.com', port=2525", 2525),
    ],
)
def test_a_mail_server_is_asked_where_smtplib_connects(arguments, port, between):
    assert asked(LOGIN.format(arguments, between)) == {Peer("mail.example.com", port, "smtp")}


@pytest.mark.parametrize("arguments", ["host", "'mail.example.com', port", "f'{host}.example.com'"])
@pytest.mark.parametrize("between", [STARTED, ""], ids=["unverified", "plain"])
def test_what_is_not_written_out_is_not_asked(arguments, between):
    assert asked(LOGIN.format(arguments, between)) == set()


@pytest.mark.parametrize(
    ("call", "port", "starttls"),
    [
        ("smtplib.SMTP_SSL('a.example')", smtplib.SMTP_SSL_PORT, None),
        ("imaplib.IMAP4_SSL('a.example')", imaplib.IMAP4_SSL_PORT, None),
        ("poplib.POP3_SSL('a.example')", poplib.POP3_SSL_PORT, None),
        ("ftplib.FTP_TLS('a.example', 'shop')", ftplib.FTP_PORT, "ftp"),
    ],
)
def test_each_class_has_its_own_port(call, port, starttls):
    text = f"import {call.partition('.')[0]}\nserver = {call}\n"
    assert asked(text) == {Peer("a.example", port, starttls)}
