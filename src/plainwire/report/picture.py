"""A deployment's paths drawn in a line each: client, proxy, server, application."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from plainwire.model import Path, Report
from plainwire.report.clean import visible

ARROWS = {"https": "──https──▶", "http": "──http───▶", "tcp": "──plain──▶", "": "──────────▶"}


@dataclass(frozen=True, slots=True)
class Drawn:
    """A path in words: its stations with how each is reached, and what is to be said of it."""

    stations: tuple[tuple[str, str], ...]
    where: str
    mark: str
    path: Path


def drawn(report: Report) -> tuple[Drawn, ...]:
    """The paths of a report, those of the graded environment first."""
    first = [p for p in report.paths if p.environment == report.environment]
    rest = [p for p in report.paths if p.environment != report.environment]
    return tuple(_drawn(path) for path in (*first, *rest))


def lines(report: Report) -> Iterator[str]:
    """One line a path."""
    for one in drawn(report):
        shown = "internet" if one.path.is_encrypted is not None else "?"
        for arrow, name in one.stations:
            shown += f" {ARROWS.get(arrow, ARROWS['http'])} {visible(name, 80)}"
        yield f"{shown}      {one.mark}{visible(one.where, 120)}"


def _drawn(path: Path) -> Drawn:
    stations: list[tuple[str, str]] = []
    hops = [hop for hop in path.hops if hop.what not in ("started by", "forwards")]
    for number, hop in enumerate(hops):
        if hop.what.startswith(("published", "listens")) and number + 1 < len(hops):
            continue
        is_first = not stations
        arrives = ("https" if path.is_encrypted else hop.arrives or "http") if is_first else ""
        stations.append((arrives or hop.arrives, hop.what))
    return Drawn(tuple(stations), f"{path.environment}, {path.deployment}", _mark(path), path)


def _mark(path: Path) -> str:
    edge = path.hops[0].place
    at = f" ({edge.path}:{edge.line}) "
    if path.kind == "beside":
        return f"✗ port published beside the proxy{at}"
    if path.kind in ("store", "dashboard"):
        return f"✗ published without TLS{at}"
    if path.is_encrypted is False:
        return f"✗ in clear{at}"
    if path.is_encrypted is None:
        return f"? not provable here{at}"
    if path.redirects is False:
        return f"! plain HTTP beside it{at}"
    return "✓ "


def stations_of(paths: Sequence[Drawn]) -> dict[tuple[str, str], str]:
    """Every station of the paths, by deployment and name, with a short identifier."""
    found: dict[tuple[str, str], str] = {}
    for one in paths:
        for _, name in one.stations:
            found.setdefault((one.path.deployment, name), f"n{len(found)}")
    return found
