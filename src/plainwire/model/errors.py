"""The errors that plainwire raises on purpose: one tree."""

from __future__ import annotations


class PlainwireError(Exception):
    """The root of every error that plainwire raises on purpose."""


class UsageError(PlainwireError):
    """The caller's words are wrong (exit code 2)."""


class TargetError(PlainwireError):
    """The target could not be asked; the engine turns it into `Unanswered`."""


class WireError(PlainwireError):
    """The peer broke the RFC. The message names the section and, where known, the offset."""
