"""A workflow for GitHub Actions that audits the project at every push and pull request."""

from __future__ import annotations

from importlib.metadata import version

PATH = ".github/workflows/plainwire.yml"


def workflow() -> str:
    """The workflow: it reads the repository and nothing else, and fails below B."""
    return f"""\
name: plainwire
on:
  push:
  pull_request:
permissions:
  contents: read
jobs:
  audit:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
        with:
          persist-credentials: false
      - uses: actions/setup-python@v5
        with:
          python-version: "3.12"
      - run: pip install plainwire=={version("plainwire")}
      - run: plainwire audit . --fail-below B
"""
