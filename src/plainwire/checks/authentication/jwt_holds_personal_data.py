"""A token carries secrets or personal data.

The claims of a signed token are readable by everybody who has it: it is base64, not encryption.
Tokens stand in logs, browser stores and referrers, and what is in them is there too.

Remedy:

    Put an opaque subject into the token and look the rest up, or encrypt it (RFC 7516).

Bad:

    from flask import Flask, request

    app = Flask(__name__)
    users = {"alice": token("a7Jq0vQpX2mT9rLw5ZkYc8NfHs3UdBe1", sub="7", password="hunter2")}

    @app.get("/")
    def account():
        return {"ok": True}

Good:

    from flask import Flask, request

    app = Flask(__name__)
    users = {"alice": token("a7Jq0vQpX2mT9rLw5ZkYc8NfHs3UdBe1", sub="7", email_verified=True)}

    @app.get("/")
    def account():
        return {"ok": True}

Limits:

    Judges the names of the claims of the given tokens: passwords and other secrets, and e-mail,
    phone and address. An ID token of OpenID Connect has an e-mail rightly, and is not shown to
    APIs.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from plainwire.model import Finding, Severity, Site, check
from plainwire.wire import members


@check(
    severity=Severity.LOW,
    cwe=(522, 359),
    owasp=("API2:2023",),
    references=("RFC 8725, section 2.7", "RFC 7519, section 12"),
)
async def jwt_holds_personal_data(site: Site) -> AsyncIterator[Finding]:
    """One finding for the site, with the names of the claims."""
    for user in await site.users():
        identity = await site.identity(user)
        token = identity.token
        if token is None:
            site.leave_untested("no identity has a JSON Web Token")
            continue
        site.leave_answered()
        if token.telling:
            is_secret = any(members.is_secret(name) for name in token.telling)
            yield jwt_holds_personal_data.finding(
                f"a given token has the claims {', '.join(token.telling[:5])} for everybody to "
                "read",
                operation=identity.login,
                severity=Severity.MEDIUM if is_secret else None,
            )
            return
