"""``--profile NAME`` and ``--emit SERVER``: whether a recommendation is met, and how to meet it."""

from __future__ import annotations

from collections.abc import Iterable

from plainwire.gate import Tally
from plainwire.model import Report, UsageError
from plainwire.policy import profiles, server_configs
from plainwire.policy.profiles import Profile

DEFAULT = "mozilla-intermediate"
# What `--emit nginx` without a version is for: releases of 2026-11.
VERSIONS = {
    "nginx": "1.28.0",
    "apache": "2.4.65",
    "haproxy": "3.2.0",
    "caddy": "2.10.0",
    "gunicorn": "23.0.0",
}


def gating(names: Iterable[str]) -> tuple[Profile, ...]:
    """The profiles that are to be met.

    Raises:
        UsageError: if there is none of a name, or it is a draft.
    """
    found = tuple(profiles.load(name) for name in dict.fromkeys(names))
    for profile in found:
        if profile.is_draft:
            raise UsageError(f"--profile {profile.name}: {profiles.DRAFT}")
    return found


def gate(report: Report, wanted: Iterable[Profile], tally: Tally) -> None:
    """Let a report fail that does not meet a profile, and say exactly what to change."""
    for endpoint in report.tls:
        if not endpoint.speaks_tls:
            continue
        for profile in wanted:
            verdict = profiles.verdict(endpoint, profile)
            why = "; ".join(verdict.because)
            if verdict.meets is False:
                tally.fail(f"{report.target}: does not meet {profile.name}: {why}")
            elif verdict.meets is None:
                tally.leave_open(f"{report.target}: {profile.name} is not known to be met: {why}")


def emitted(words: str, profile: str | None) -> str:
    """The configuration for ``SERVER[:VERSION[:OPENSSL]]`` that meets a profile.

    Raises:
        UsageError: if there is no such profile or server, or that version cannot meet it.
    """
    server, _, rest = words.partition(":")
    version, _, openssl = rest.partition(":")
    return server_configs.emit(
        profiles.load(profile or DEFAULT),
        server,
        version or VERSIONS.get(server, ""),
        openssl or None,
    )
