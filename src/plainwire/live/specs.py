"""The API descriptions that the user named: files, URLs of the target, URLs elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from plainwire.live import descriptions
from plainwire.live.descriptions import Description
from plainwire.live.settings import Settings
from plainwire.live.site import LiveSite
from plainwire.model import Target, Unanswered
from plainwire.wire.target import parse_target


async def named(
    specs: Sequence[str], target: Target, settings: Settings
) -> tuple[tuple[Description | str, ...], tuple[Unanswered, ...]]:
    """The descriptions, with paths for those of the target itself, and what elsewhere did not give.

    No credential goes along to another origin.

    Raises:
        UsageError: if a file is no API description, or a URL names no target.
    """
    found: list[Description | str] = []
    missing = []
    for spec in specs:
        if "://" not in spec:
            found.append(descriptions.from_file(spec))
            continue
        place, _ = parse_target(spec)
        origin = place.http[0] if place.named == "http" else place.https[0]
        if origin in (*target.https, *target.http):
            found.append(place.path)
            continue
        async with LiveSite(place, settings) as elsewhere:
            answer = await descriptions.at(elsewhere, origin, place.path)
        if isinstance(answer, Description):
            found.append(replace(answer, exchange=None, name=place.value))
        else:
            missing.append(Unanswered("", f"GET {place.value}", answer or "no API description"))
    return tuple(found), tuple(missing)
