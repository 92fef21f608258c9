"""What shows that a conditional remedy's condition holds, read from the paths of a project."""

from __future__ import annotations

from dataclasses import dataclass

from plainwire.model import App, Level, Project


@dataclass(frozen=True, slots=True)
class Condition:
    """Whether a condition was shown, and by what, or what is missing."""

    holds: bool
    words: str

    @property
    def level(self) -> Level:
        """The level of a conditional remedy with it."""
        return "conditional" if self.holds else "unsafe"


def served_over_https_only(app: App | None, project: Project) -> Condition:
    """Whether every production path to an application is encrypted; None: to any application."""
    paths = [
        path
        for path in project.paths
        if path.environment == "production"
        and path.app is not None
        and (app is None or path.app is app)
    ]
    if not paths:
        return Condition(False, "no path to the application is described, so https is not shown")
    for path in paths:
        if not path.is_encrypted:
            first = path.hops[0]
            word = "is plain" if path.is_encrypted is False else "is not shown to be encrypted"
            at = f"{first.place.path}:{first.place.line}"
            return Condition(False, f"the path by {first.what} ({at}) {word}")
    ways = sorted({f"{p.hops[0].place.path}:{p.hops[0].place.line}" for p in paths})
    return Condition(True, f"every path to the application is encrypted ({', '.join(ways[:5])})")
