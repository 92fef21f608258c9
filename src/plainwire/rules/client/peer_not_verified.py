"""The peer's certificate is not verified.

TLS without verification is TLS with anybody: whoever is on the way presents a certificate of its
own, and the client sends its token there (RFC 9325, section 6; CWE-295). `starttls()` and
`SMTP_SSL()` of smtplib verify nothing unless they are given a context.

Remedy:

    Leave verification on; give a private authority's certificate by verify="ca.pem" or
    ssl.create_default_context(cafile=...), and a context to smtplib.

Bad:

    --- client.py
    import requests
    def push(token):
        requests.post("https://hub.example.com/", headers={"Authorization": token}, verify=False)

Good:

    --- client.py
    import requests
    def push(token):
        requests.post("https://hub.example.com/", headers={"Authorization": token}, verify="ca.pem")

Limits:

    A value that only running shows is found where its name says that it switches verification off.
    `ssl_cert_reqs=none` is found in a call, in a dictionary and in a query appended to an address;
    a whole address that says it is left to backend-not-verified, which knows its host.
    A context that only fetches a certificate to look at it (getpeercert) is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from plainwire.model import Binding, Call, Confidence, Finding, Module, Project, Severity, rule

_REQUESTS = re.compile(
    r"(^|\.)(get|post|put|patch|delete|head|options|request|send|Client|AsyncClient|Session"
    r"|ClientSession|TCPConnector|PoolManager|Elasticsearch|stream|fetch)$"
)
# redis-py and Celery take the option in a URL's query, too, where it is often appended.
_APPENDED = re.compile(r"^[?&](?:.*&)?ssl_cert_reqs=(?:cert_)?none\b", re.IGNORECASE)
_OFF_WORDS = re.compile(r"ignore|insecure|skip|disable|no_?verify|allow_?self", re.IGNORECASE)
_MAIL = ("smtplib.SMTP_SSL", "imaplib.IMAP4_SSL", "poplib.POP3_SSL", "ftplib.FTP_TLS")
_ANY_ROLE = frozenset({"PROTOCOL_TLS", "PROTOCOL_SSLv23", "PROTOCOL_TLSv1_2"})
_USES_AS_CLIENT = frozenset(
    {"wrap_socket", "urlopen", "build_opener", "HTTPSHandler", "HTTPSConnection", "SMTP_SSL",
     "IMAP4_SSL", "POP3_SSL", "FTP_TLS", "starttls", "create_connection", "open_connection",
     "ClientSession", "TCPConnector", "AsyncClient", "KafkaConsumer", "KafkaProducer"}
)  # fmt: skip
_KEYS = frozenset({"verify_mode", "verify", "verify_ssl", "ssl_verify", "ssl_cert_reqs"})


@rule(
    kind="tls-verify-off",
    severity=Severity.HIGH,
    cwe=(295,),
    references=("RFC 9325, section 6", "Python, ssl, Security considerations"),
)
def peer_not_verified(project: Project) -> Iterator[Finding]:
    """Calls and assignments that switch verification off, or leave it off."""
    for module in project.modules:
        if module.file.environment not in ("production", "staging"):
            continue
        uses_mail = "smtplib" in module.imports.values()
        for call in module.calls:
            why, severity = _of_call(call, uses_mail)
            if why:
                is_sure = not call.conditions
                yield peer_not_verified.finding(
                    why,
                    module.span(call.line),
                    severity=severity if is_sure else Severity.MEDIUM,
                    confidence=Confidence.FIRM if is_sure else Confidence.TENTATIVE,
                )
        for call in _bare_contexts(module):
            yield peer_not_verified.finding(
                "SSLContext verifies nothing until verify_mode says so", module.span(call.line)
            )
        for binding in module.bindings:
            yield from _of_binding(binding, module)
        for text in module.strings:
            if _APPENDED.search(text.value):
                yield peer_not_verified.finding(
                    "ssl_cert_reqs=none is added to an address: any certificate is accepted",
                    module.span(text.line),
                    severity=Severity.MEDIUM,
                    confidence=Confidence.TENTATIVE,
                )


def _of_call(call: Call, uses_mail: bool) -> tuple[str, Severity]:
    why, severity = _of_options(call) if call.keywords else ("", Severity.INFO)
    if why:
        return why, severity
    last = call.name.rpartition(".")[2]
    if last == "Tls" and call.named("validate").endswith("CERT_NONE"):
        return "CERT_NONE: any certificate is accepted", Severity.HIGH
    if last == "set_option" and call.named("option", 0).endswith("OPT_X_TLS_REQUIRE_CERT"):
        wanted = call.named("invalue", 1)
        if wanted.endswith("OPT_X_TLS_NEVER"):
            return "OPT_X_TLS_NEVER: any certificate is accepted", Severity.HIGH
        if wanted.endswith("OPT_X_TLS_ALLOW"):
            return "OPT_X_TLS_ALLOW: a bad certificate is accepted", Severity.HIGH
    if last == "_create_unverified_context":
        return "the context verifies nothing", Severity.HIGH
    has_context = call.argument("context") is not None or call.argument("ssl_context") is not None
    if uses_mail and last == "starttls" and not has_context:
        return "starttls() without a context verifies nothing", Severity.MEDIUM
    if call.name in _MAIL and not has_context:
        return f"{last}() without a context verifies nothing", Severity.MEDIUM
    return "", Severity.INFO


def _bare_contexts(module: Module) -> Iterator[Call]:
    """Contexts of any role that a client is given, in a module that never sets what they verify.

    https://docs.python.org/3/library/ssl.html#ssl.SSLContext (read 2026): CERT_NONE but for
    PROTOCOL_TLS_CLIENT. A server's context has a certificate of its own.
    """
    made = [c for c in module.calls if c.name == "ssl.SSLContext" and _is_of_any_role(c)]
    if not made or any(b.key in ("verify_mode", "check_hostname") for b in module.bindings):
        return
    names = {call.name.rpartition(".")[2] for call in module.calls}
    is_server = any(
        c.argument("server_side") is not None or c.argument("ssl_context") is not None
        for c in module.calls
    )
    if names & _USES_AS_CLIENT and not names & {"load_cert_chain"} and not is_server:
        yield from made


def _is_of_any_role(call: Call) -> bool:
    protocol = call.named("protocol", 0).rpartition(".")[2]
    return call.argument("protocol", 0) is None or protocol in _ANY_ROLE


def _of_options(call: Call) -> tuple[str, Severity]:
    """What the options of a call switch off, those that are given by their names."""
    if _REQUESTS.search(call.name) and not call.name.startswith("jwt."):
        for option in ("verify", "verify_ssl", "ssl", "verify_certs"):
            value = call.argument(option)
            if value is not None and value.literal is False:
                return f"{option}=False: any certificate is accepted", Severity.HIGH
        if call.named("cert_reqs").endswith("CERT_NONE"):
            return "CERT_NONE: any certificate is accepted", Severity.HIGH
    for option in ("verify_ssl", "ssl_verify", "verify_certs", "tls_verify"):
        value = call.argument(option)
        if value is not None and value.literal is False:
            return f"{option}=False: any certificate is accepted", Severity.MEDIUM
    required = call.argument("ssl_cert_reqs")
    if required is not None and _accepts_any(required.literal, call.named("ssl_cert_reqs")):
        return "ssl_cert_reqs: any certificate is accepted", Severity.HIGH
    for option in ("tlsAllowInvalidCertificates", "tlsInsecure"):
        value = call.argument(option)
        if value is not None and value.literal is True:
            return f"{option}=True: any certificate is accepted", Severity.HIGH
    return "", Severity.INFO


def _accepts_any(literal: object, name: str) -> bool:
    """True for redis-py's and Celery's ways to say that no certificate is asked for."""
    given = literal if isinstance(literal, str) else name
    return given.lower().rpartition(".")[2] in ("none", "cert_none")


def _of_binding(binding: Binding, module: Module) -> Iterator[Finding]:
    if binding.key not in _KEYS:
        return
    place = module.span(binding.line)
    key, value = binding.key, binding.value
    inspected = any(
        c.scope == binding.scope and c.name.endswith("getpeercert") for c in module.calls
    )
    is_sure = not binding.is_conditional
    confidence = Confidence.FIRM if is_sure else Confidence.TENTATIVE
    if key == "verify_mode" and "CERT_NONE" in binding.source and not inspected:
        yield peer_not_verified.finding(
            "CERT_NONE: any certificate is accepted",
            place,
            severity=None if is_sure else Severity.MEDIUM,
            confidence=confidence,
        )
    elif key in ("verify", "verify_ssl", "ssl_verify") and value.literal is False:
        if binding.name.startswith("{}") or "session" in binding.name.lower():
            yield peer_not_verified.finding(
                "verification is switched off for what is sent with these options",
                place,
                severity=None if is_sure and not binding.name.startswith("{}") else Severity.MEDIUM,
                confidence=confidence,
            )
    elif key == "ssl_cert_reqs" and (
        "CERT_NONE" in binding.source or _accepts_any(value.literal, "")
    ):
        yield peer_not_verified.finding(
            "ssl_cert_reqs: any certificate is accepted from what is reached with these options",
            place,
            severity=Severity.MEDIUM,
            confidence=confidence,
        )
    elif binding.name == "{}[verify]" and any(map(_OFF_WORDS.search, binding.source)):
        yield peer_not_verified.finding(
            "an option switches verification off, and credentials go to whoever answers",
            place,
            severity=Severity.MEDIUM,
            confidence=Confidence.TENTATIVE,
        )
