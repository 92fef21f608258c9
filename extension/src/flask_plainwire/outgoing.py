"""What is added to answers: Secure to cookies, Strict-Transport-Security; nothing is replaced."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

StartResponse = Callable[..., Any]


def secured(
    start_response: StartResponse, hsts: str | None, secures_cookies: bool
) -> StartResponse:
    """A ``start_response`` that adds to the headers it is given."""

    def start(status: str, headers: list[tuple[str, str]], *exc_info: Any) -> Any:
        added = hsts
        headers = list(headers)  # an application may keep its own and give it again
        for index, (name, value) in enumerate(headers):
            # Two lengths rule out nearly every header without making a string of it.
            if len(name) == 10 and secures_cookies and name.lower() == "set-cookie":
                headers[index] = (name, with_secure(value))
            elif len(name) == 25 and name.lower() == "strict-transport-security":
                added = None
        if added is not None:
            headers.append(("Strict-Transport-Security", added))
        return start_response(status, headers, *exc_info)

    return start


def with_secure(cookie: str) -> str:
    """A Set-Cookie value with the Secure attribute (RFC 6265, section 4.1.2.5)."""
    attributes = cookie.split(";")[1:]
    if any(attribute.strip().lower() == "secure" for attribute in attributes):
        return cookie
    return f"{cookie.rstrip().rstrip(';')}; Secure"
