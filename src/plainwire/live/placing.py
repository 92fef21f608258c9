"""Where a finding's operation stands in the source or the API description: its file and line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from plainwire.live.discover import Discovery
from plainwire.model import Finding, Location
from plainwire.wire import openapi


def placed(findings: Sequence[Finding], known: Discovery) -> tuple[Finding, ...]:
    """The findings, those of an operation that a local file describes with its place there.

    The line of its code goes before that of its description.

    Lines are looked up here, for the few operations that findings name.
    """
    files = {each.name: each for each in known.documents if each.path is not None}
    described = {
        each.operation: each for each in known.operations if each.document in files and each.pointer
    }
    found: dict[object, Location] = {}
    for each in known.operations:
        if each.place is not None:
            found[each.operation] = Location(path=each.place.path, line=each.place.line)
    named = {f.operation for f in findings if f.operation in described} - found.keys()
    for operation in named:
        each = described[operation]
        file = files[each.document]
        line = openapi.line_of(file.text, each.pointer)
        found[operation] = Location(path=file.path, line=line or 1)
    return tuple(
        replace(f, locations=(*f.locations, found[f.operation])) if f.operation in found else f
        for f in findings
    )
