"""The mail servers, and their like, that a project's code connects to."""

from __future__ import annotations

from plainwire.model import Call, Peer

# Where Python's classes connect to if no port is given (smtplib, imaplib, poplib, ftplib).
PORTS = {"SMTP": 25, "SMTP_SSL": 465, "IMAP4_SSL": 993, "POP3_SSL": 995, "FTP_TLS": 21}
_STARTTLS = {"SMTP": "smtp", "FTP_TLS": "ftp"}


def mail_server(call: Call) -> Peer | None:
    """The server that a call of one of the classes connects to.

    Returns None if it is another call, or host or port are not written out.
    """
    kind = call.name.rpartition(".")[2]
    host, port = call.argument("host", 0), call.argument("port", None if kind == "FTP_TLS" else 1)
    if kind not in PORTS or host is None or not host.text or host.variable:
        return None
    number = port.literal if port is not None else 0
    if not isinstance(number, int):
        return None
    return Peer(host.text, number or PORTS[kind], _STARTTLS.get(kind))
