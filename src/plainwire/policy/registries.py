"""Reads the registry tables in `data/`: lines of comment with source and date, then CSV."""

from __future__ import annotations

import csv
from importlib.resources import files


def read_table(name: str) -> list[dict[str, str]]:
    """The rows of one table, by column name; comment lines start with ``#``."""
    text = files("plainwire.policy").joinpath("data", name).read_text("utf-8")
    return list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))
