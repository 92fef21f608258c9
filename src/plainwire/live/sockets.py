"""How many sockets this process may have open: the one place with something unix-only."""

from __future__ import annotations

MOST = 2000
RESERVED = 64  # files, pipes, the resolver


def most_open() -> int:
    """How many connections may be open at once, whatever else is asked for."""
    try:
        import resource
    except ImportError:  # Windows: the C runtime's limit does not hold for sockets
        return MOST
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return MOST
    return max(1, min(MOST, soft - RESERVED))
