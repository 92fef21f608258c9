"""How many sockets this process may have open: the one place with something unix-only."""

from __future__ import annotations

from plainwire.model import UsageError

MOST = 2000
RESERVED = 64  # files, pipes, the resolver, modules that are imported late


def most_open() -> int:
    """How many connections may be open at once, whatever else is asked for."""
    limit = _limit()
    return MOST if limit is None else max(1, min(MOST, limit - RESERVED))


def ensure_enough() -> None:
    """Check that this process may open enough files to ask anything.

    Raises:
        UsageError: if not. Half a scan would be called unanswered, or an import fail in it.
    """
    limit = _limit()
    if limit is not None and limit < RESERVED:
        raise UsageError(f"only {limit} files may be open here, {RESERVED} are needed: ulimit -n")


def _limit() -> int | None:
    """How many files may be open. Returns None if that has no limit."""
    try:
        import resource
    except ImportError:  # Windows: the C runtime's limit does not hold for sockets
        return None
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return None if soft == resource.RLIM_INFINITY else soft
