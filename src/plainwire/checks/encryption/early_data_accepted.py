"""Early data is accepted.

Early data (0-RTT) can be replayed: whoever records a request sends it again, and the server may
act on it again. For an API where a request moves money or sends a message that is a flaw; for
static pages it is not.

Remedy:

    Switch early data off (nginx: ssl_early_data off), or answer 425 to early requests that change
    anything (RFC 8470, section 5.2).

Bad:

    features = {"early_data": True}

Good:

    features = {"early_data": False}

Limits:

    Read from a session ticket: whether the application refuses early requests that matter is not
    seen.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from plainwire.model import Finding, Handshake, Severity, Site, check


@check(
    severity=Severity.LOW,
    cwe=(294,),
    references=("RFC 8446, section 8", "RFC 8470"),
    asks="tls",
)
async def early_data_accepted(site: Site) -> AsyncIterator[Finding]:
    """One finding for each endpoint whose tickets allow it and that did not refuse it then."""
    for endpoint in await site.tls("features"):
        features = endpoint.features or {}
        if "early_data" not in features and features.get("client_certificate") == "required":
            site.leave_inapplicable("no ticket without a client certificate, and none is shown")
        if features.get("early_data") and features.get("early_data_accepted") is not False:
            yield early_data_accepted.finding(
                "tickets allow early data, which can be replayed",
                Handshake(
                    endpoint.host,
                    endpoint.port,
                    "a handshake of TLS 1.3",
                    "a ticket that allows early data",
                ),
            )
