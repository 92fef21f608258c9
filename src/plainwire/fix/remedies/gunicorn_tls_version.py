"""Set gunicorn's lowest TLS version where gunicorn looks for it.

`ssl_version` is ignored since gunicorn 21; the hook `ssl_context` has come in its place. It begins
at TLS 1.2 (RFC 8996), or higher where the setting or the system's own bound is.

Condition:

    Right where gunicorn is 21 or newer, as the rule makes sure of by the requirements.

Before:

    --- gunicorn.conf.py
    bind = "0.0.0.0:443"
    certfile = "/srv/tls/chain.pem"
    keyfile = "/srv/tls/key.pem"
    ssl_version = "TLSv1_2"  # no older
    workers = 4

After:

    --- gunicorn.conf.py
    import ssl
    bind = "0.0.0.0:443"
    certfile = "/srv/tls/chain.pem"
    keyfile = "/srv/tls/key.pem"
    def ssl_context(conf, default_ssl_context_factory):  # no older
        context = default_ssl_context_factory()
        context.minimum_version = max(context.minimum_version, ssl.TLSVersion.TLSv1_2)
        return context
    workers = 4

Limits:

    A setting on a line of its own in the configuration file, not the option.
"""

from __future__ import annotations

import re

from plainwire.fix.python import python
from plainwire.fix.text import span_of
from plainwire.model import Edit, Finding, Project, Proposal, remedy

_HOOK = """def ssl_context(conf, default_ssl_context_factory):{comment}
    context = default_ssl_context_factory()
    context.minimum_version = max(context.minimum_version, ssl.TLSVersion.{version})
    return context"""
_SETTING = re.compile(
    r"ssl_version[ \t]*=[ \t]*([\w.]+|\"\w+\"|'\w+')(?P<comment>[ \t]*#[^\n]*)?[ \t]*"
)

_NEWEST = re.compile(r"TLSv?1[._]3", re.IGNORECASE)


@remedy(answers=("tls-version-ignored",), level="safe")
def gunicorn_tls_version(finding: Finding, project: Project) -> Proposal | None:
    """Puts the hook in the place of a setting that has a constant's value."""
    place = finding.locations[0]
    file = project.file(place.path or "")
    if file is None or place.line is None or file.format != "gunicorn":
        return None
    start, end = span_of(file.text, place.line)
    setting = _SETTING.fullmatch(file.text[start:end])
    if setting is None:
        return None
    version = "TLSv1_3" if _NEWEST.search(setting[1]) else "TLSv1_2"
    hook = _HOOK.format(comment=setting["comment"] or "", version=version)
    imported = python(file).with_import("ssl")
    edits = (Edit(file.path, start, end, hook), *((imported,) if imported is not None else ()))
    return Proposal("set the lowest version in gunicorn's ssl_context", edits)
