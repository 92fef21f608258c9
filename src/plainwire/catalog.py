"""Finds checks, rules and remedies by walking packages. There is no registry to edit."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:  # a report that was kept needs none of them
    from plainwire.model import Check, Remedy, Rule

BUILT_IN = ("plainwire.checks",)
BUILT_IN_RULES = ("plainwire.rules",)
BUILT_IN_REMEDIES = ("plainwire.fix.remedies",)
Kind = TypeVar("Kind", "Check", "Rule", "Remedy")


def load(packages: Iterable[str] = BUILT_IN) -> tuple[Check, ...]:
    """Every check in the packages, sorted by id.

    Raises:
        TypeError: if a module does not hold exactly one check named like its file.
        ImportError: if a package or one of its modules cannot be imported.
    """
    from plainwire.model import Check

    return _load(Check, packages)


def load_rules(packages: Iterable[str] = BUILT_IN_RULES) -> tuple[Rule, ...]:
    """Every rule in the packages, sorted by id.

    Raises:
        TypeError: if a module does not hold exactly one rule named like its file.
        ImportError: if a package or one of its modules cannot be imported.
    """
    from plainwire.model import Rule

    return _load(Rule, packages)


def load_remedies(packages: Iterable[str] = BUILT_IN_REMEDIES) -> tuple[Remedy, ...]:
    """Every remedy in the packages, sorted by id.

    Raises:
        TypeError: if a module does not hold exactly one remedy named like its file.
        ImportError: if a package or one of its modules cannot be imported, or LibCST is missing.
    """
    from plainwire.model import Remedy

    return _load(Remedy, packages)


def _load(kind: type[Kind], packages: Iterable[str]) -> tuple[Kind, ...]:
    found: dict[str, Kind] = {}
    for package in packages:
        root = importlib.import_module(package)
        for info in pkgutil.walk_packages(root.__path__, root.__name__ + "."):
            if info.ispkg:
                continue
            module = importlib.import_module(info.name)
            stem = info.name.rpartition(".")[2]
            mine = [value for value in vars(module).values() if isinstance(value, kind)]
            if len(mine) != 1 or mine[0] is not getattr(module, stem, None):
                word = kind.__name__.lower()
                raise TypeError(f"{info.name} must hold one {word}, a function called {stem!r}")
            found[mine[0].id] = mine[0]
    return tuple(found[name] for name in sorted(found))
