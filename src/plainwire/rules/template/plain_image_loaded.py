"""A page loads images, sound or video over plain HTTP.

Whoever is on the way sees which page is read and can replace what is shown; browsers upgrade or
block it on an https page (W3C Mixed Content; CWE-319).

Remedy:

    Load it over https, or serve it yourself.

Bad:

    --- templates/index.html
    <p><img src="http://pictures.example.net/a.png"></p>

Good:

    --- templates/index.html
    <p><img src="https://pictures.example.net/a.png">
    <svg xmlns="http://www.w3.org/2000/svg"></svg></p>

Limits:

    Addresses that a script puts together are not seen.
"""

from __future__ import annotations

from collections.abc import Iterator

from plainwire.model import Finding, Project, Severity, rule
from plainwire.wire.plain_urls import host_of

LOOPBACK = ("localhost", "127.0.0.1", "[")


@rule(
    kind="mixed-passive",
    severity=Severity.LOW,
    cwe=(319,),
    references=("W3C Mixed Content, section 3",),
)
def plain_image_loaded(project: Project) -> Iterator[Finding]:
    """Images and media with an http address."""
    for file in (*project.of("template"), *project.of("script")):
        if file.environment not in ("production", "staging"):
            continue
        for text in project.texts(file):
            if text.use in ("passive", "image") and not host_of(text.value).startswith(LOOPBACK):
                yield plain_image_loaded.finding(
                    f"{text.value[:120]} is loaded over plain HTTP", file.span(text.line)
                )
