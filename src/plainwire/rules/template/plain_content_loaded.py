"""A page loads a script, frame or style sheet over plain HTTP.

Whoever is on the way replaces it and owns the page: it runs with the page's rights. On an https
page browsers block it, so the page is broken instead (W3C Mixed Content; CWE-319).

Remedy:

    Load it over https, or serve it yourself.

Bad:

    --- templates/base.html
    <html><head><script src="http://cdn.example.net/lib.js"></script></head></html>

Good:

    --- templates/base.html
    <html><head><script src="https://cdn.example.net/lib.js"></script>
    <!-- <script src="http://cdn.example.net/old.js"></script> --></head></html>

Limits:

    Addresses that a script puts together are not seen.
"""

from __future__ import annotations

from collections.abc import Iterator

from plainwire.model import Finding, Project, Severity, rule
from plainwire.wire.plain_urls import host_of

LOOPBACK = ("localhost", "127.0.0.1", "[")


@rule(
    kind="mixed-active",
    severity=Severity.MEDIUM,
    cwe=(319,),
    references=("W3C Mixed Content, section 3",),
)
def plain_content_loaded(project: Project) -> Iterator[Finding]:
    """Active content and imported style sheets with an http address."""
    for file in (*project.of("template"), *project.of("script")):
        if file.environment not in ("production", "staging"):
            continue
        for text in project.texts(file):
            if text.use in ("active", "style") and not host_of(text.value).startswith(LOOPBACK):
                yield plain_content_loaded.finding(
                    f"{text.value[:120]} is loaded over plain HTTP", file.span(text.line)
                )
