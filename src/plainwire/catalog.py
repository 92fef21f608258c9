"""Finds checks by walking the packages it is named. There is no registry to edit."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable

from plainwire.model import Check

BUILT_IN = ("plainwire.checks",)


def load(packages: Iterable[str] = BUILT_IN) -> tuple[Check, ...]:
    """Every check in the packages, sorted by id.

    Raises:
        TypeError: if a module does not hold exactly one check named like its file.
        ImportError: if a package or one of its modules cannot be imported.
    """
    found: dict[str, Check] = {}
    for package in packages:
        root = importlib.import_module(package)
        for info in pkgutil.walk_packages(root.__path__, root.__name__ + "."):
            if info.ispkg:
                continue
            module = importlib.import_module(info.name)
            stem = info.name.rpartition(".")[2]
            checks = [value for value in vars(module).values() if isinstance(value, Check)]
            if len(checks) != 1 or checks[0] is not getattr(module, stem, None):
                raise TypeError(f"{info.name} must hold one check, a function called {stem!r}")
            found[checks[0].id] = checks[0]
    return tuple(found[name] for name in sorted(found))
