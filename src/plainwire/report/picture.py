"""A deployment's paths drawn in a line each: client, proxy, server, application."""

from __future__ import annotations

from collections.abc import Iterator
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
        shown = entrance(one)
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
    if path.kind == "beside" and path.is_encrypted is None:
        return f"? open beside the proxy unless a firewall closes it{at}"
    if path.kind == "beside":
        return f"✗ port published beside the proxy{at}"
    if path.kind in ("store", "dashboard") and path.is_encrypted is False:
        return f"✗ published without TLS{at}"
    if path.is_encrypted is False:
        return f"✗ in clear{at}"
    if path.is_encrypted is None:
        return f"? not provable here{at}"
    if path.redirects is False:
        return f"! plain HTTP beside it{at}"
    return "✓ "


def entrance(one: Drawn) -> str:
    """Where a path begins: nobody knows what stands before one that is not provable."""
    return "internet" if one.path.is_encrypted is not None else "?"


def shortened(text: str, most: int = 40) -> str:
    """A name that is safe to show, its middle left out if it is long: its end tells most."""
    safe = visible(text, 400)
    return safe if len(safe) <= most else f"{safe[: most // 3]}…{safe[-(most - most // 3 - 1) :]}"


@dataclass(frozen=True, slots=True)
class Graph:
    """Paths as stations and links: ``groups`` are the deployments with their stations' marks.

    A link is (from, to, arrow, words); ``"client"`` and ``"unknown"`` are outside of all groups.
    """

    groups: dict[str, dict[str, str]]
    links: tuple[tuple[str, str, str, str], ...]


def graph(report: Report) -> Graph:
    """The paths of a report, what is one station in a deployment drawn once."""
    groups: dict[str, dict[str, str]] = {}
    links: dict[tuple[str, str, str, str], None] = {}
    count = 0
    for one in drawn(report):
        group = groups.setdefault(one.where, {})
        at = "client" if entrance(one) == "internet" else "unknown"
        for number, (arrow, name) in enumerate(one.stations):
            if name not in group:
                group[name] = f"n{count}"
                count += 1
            words = {"tcp": "plain"}.get(arrow, arrow) + (_port(one, name) if number == 0 else "")
            links[at, group[name], arrow, words] = None
            at = group[name]
    return Graph(groups, tuple(links))


def _port(one: Drawn, name: str) -> str:
    """The published port, where the station does not say it."""
    port = one.path.publication.port if one.path.publication is not None else None
    return f" :{port}" if port is not None and not name.endswith(f":{port}") else ""
