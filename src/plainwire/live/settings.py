"""What a live run may do: limits in seconds, bytes and requests, and where names lead."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from plainwire import __version__

USER_AGENT = f"plainwire/{__version__}"
BODY_LIMIT = 4 << 20  # bytes


@dataclass(frozen=True, slots=True)
class Settings:
    """The bounds of one scan. Times in seconds, sizes in bytes, rates in questions a second.

    ``resolve`` maps a host name to the IP address to use instead of asking the resolver.
    ``probe_limit_s`` is for the whole TLS probe of one endpoint: what is open then is not asked.
    ``rate_per_s`` and ``concurrency`` hold for one host; on loopback the rate is unlimited.
    ``asks_dns`` looks for CAA, TLSA and HTTPS records, at ``resolver`` (address and port) if given.
    ``allow`` holds the classes of questions that the user opted in to. ``may_post`` lets the
    constant POSTs of `wire/constant_posts.py` leave: GraphQL and MCP know no other way. ``is_deep``
    computes what takes seconds: a token's secret among all numbers of up to six digits.
    ``trusted_origins`` are those whose pages may ask the API: names like them are tried.
    ``callback`` is the address and port (0: any) of our own listener, where the target reaches it.
    """

    connect_timeout_s: float = 5.0
    answer_timeout_s: float = 10.0
    probe_limit_s: float = 60.0
    head_limit: int = 64 * 1024
    body_limit: int = BODY_LIMIT
    concurrency: int = 8
    rate_per_s: float = 50.0
    max_questions: int = 500
    resolve: Mapping[str, str] = field(default_factory=dict)
    ca_file: Path | None = None
    allow: frozenset[str] = frozenset()
    may_post: bool = True
    is_deep: bool = False
    trusted_origins: tuple[str, ...] = ()
    callback: tuple[str, int] | None = None
    proxies: Mapping[str, str] = field(default_factory=dict)
    no_proxy: str = ""
    asks_dns: bool = False
    resolver: tuple[str, int] | None = None
