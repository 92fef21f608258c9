"""Whether an answer gives what was asked for: many APIs refuse with a 200."""

from __future__ import annotations

import re
from typing import Any

from plainwire.model import Answer, Exchange, Refused
from plainwire.wire import members
from plainwire.wire.links.html import forms


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


_REFUSAL = re.compile(
    r"(?i)\b(?:unauthori[sz]ed|unauthenticated|not authori[sz]ed|not authenticated|forbidden|"
    r"access denied|permission denied|(?:log|sign) ?in|login required|authentication required|"
    r"(?:invalid|missing|expired|no|bad) (?:access |auth |api )?(?:token|credentials?|key|session)|"
    r"token (?:is )?(?:invalid|missing|expired|required))\b"
)
_BAD_WORDS = _set(
    """
    fail failed failure error unauthorized unauthenticated forbidden denied ko nok
    """
)
_GOOD = ("ok", "success", "succeeded", "successful", "valid")


def is_denied(answer: Answer) -> bool:
    """True for a refusal: in the handshake, by a status, a redirect, a login page, or words.

    What was not answered refuses nothing.
    """
    return isinstance(answer, Refused) or (isinstance(answer, Exchange) and _is_refusal(answer))


def _is_refusal(exchange: Exchange) -> bool:
    if not 200 <= exchange.status < 300:
        return True
    if exchange.content_type in ("text/html", "application/xhtml+xml"):
        return any(form.has_password for form in forms(exchange.text))
    document = members.load(exchange.body)
    return isinstance(document, dict) and _refuses(document)


def gives_data(exchange: Exchange) -> bool:
    """True for an answer in the 200s with JSON that has something in it and is no refusal."""
    if not 200 <= exchange.status < 300 or _is_refusal(exchange):
        return False
    return members.load(exchange.body) not in (None, {}, [], "", 0, False)


def _refuses(document: dict[str, Any]) -> bool:
    """True for an object that says that it is an error."""
    for name in _GOOD:
        if document.get(name) is False:
            return True
    if document.get("errors") or document.get("error") not in (None, False, "", 0, [], {}):
        return True
    is_small = len(document) <= 4  # an order that failed has more to tell
    for name in ("code", "status", "statusCode", "status_code"):
        value = document.get(name)
        if isinstance(value, int) and not isinstance(value, bool) and 400 <= value < 600:
            return True
        if is_small and isinstance(value, str) and value.lower() in _BAD_WORDS:
            return True
    texts = [document.get(name) for name in ("message", "detail", "msg", "reason")]
    return is_small and any(isinstance(t, str) and _REFUSAL.search(t[:500]) for t in texts)
