"""A page links to a plain HTTP address.

Who follows the link makes a request that everybody on the way can read, with what the address
carries, and answer (CWE-319). Where a site redirects to https little is lost, hence low.

Remedy:

    Link to the https address.

Bad:

    --- templates/index.html
    <a href="http://maps.google.com/?q={{ user.location }}">where</a>

Good:

    --- templates/index.html
    <a href="https://maps.google.com/?q={{ user.location }}">where</a>

Limits:

    Whether the other site speaks https is not known here. Links to names of the machine or the
    private network are left out.
"""

from __future__ import annotations

from collections.abc import Iterator

from plainwire.model import Finding, Project, Severity, Span, rule
from plainwire.wire.plain_urls import is_remote

_MOST_PLACES = 8


@rule(
    kind="link-http",
    severity=Severity.LOW,
    cwe=(319,),
    references=("RFC 9110, section 17",),
)
def plain_link(project: Project) -> Iterator[Finding]:
    """Anchors with an http address on the internet: one finding for the same link in many files."""
    places: dict[str, list[Span]] = {}
    for file in project.of("template"):
        if file.environment not in ("production", "staging"):
            continue
        found = [t for t in project.texts(file) if t.use == "link" and is_remote(t.value)]
        if found:
            more = f" and {len(found) - 1} more" if len(found) > 1 else ""
            key = f"a link to {found[0].value[:120]}{more}"
            places.setdefault(key, []).extend(file.span(t.line) for t in found)
    for message, spans in places.items():
        for at in range(0, len(spans), _MOST_PLACES):
            yield plain_link.finding(message, *spans[at : at + _MOST_PLACES])
