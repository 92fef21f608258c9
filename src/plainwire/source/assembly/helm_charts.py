"""Helm charts as manifests, one set for each file of values that the chart has."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import replace

from plainwire.model import Environment, Skip, SourceFile
from plainwire.source.assembly.known import DEVELOPMENT_NAME, PRODUCTION_NAME, QUIET, Known
from plainwire.source.deploy import helm
from plainwire.source.deploy.yaml_nodes import documents

_OVERLAY = re.compile(r"values[-._][\w.-]+\.ya?ml|[\w-]+[-._]values\.ya?ml")
# Folders of a chart in which every file is a file of values, `values/production.yaml`.
_FOLDERS = ("values", "env", "envs", "environments")
MAX_UNKNOWNS = 5


def charts(known: Known, folder: str) -> Iterator[tuple[str, Environment, list[SourceFile]]]:
    """The name, environment and manifests of a chart with its values, and with each overlay.

    Beside an overlay for production, the chart's own values alone are for development.
    """
    prefix = f"{folder}/" if folder else ""
    own = [f for f in known.files if f.path.startswith(prefix)]
    templates = [
        f
        for f in own
        if f.path.startswith(f"{prefix}templates/")
        and f.format == "kubernetes"
        and f.environment not in QUIET
    ]
    if not templates:
        return
    base = next((f for f in own if f.path in (f"{prefix}values.yaml", f"{prefix}values.yml")), None)
    overlays = [f for f in own if f.environment not in QUIET and _is_overlay(f, folder, prefix)]
    values = _values(known, base)
    is_shipped = any(PRODUCTION_NAME.search(f.name) for f in overlays)
    environment: Environment = "development" if is_shipped else templates[0].environment
    name = folder or "chart"
    yield name, environment, list(_manifests(known, templates, values, name, environment))
    for overlay in overlays[:5]:
        environment = "development" if DEVELOPMENT_NAME.search(overlay.name) else "production"
        both = helm.merged(values, _values(known, overlay))
        if overlay.environment == "staging":
            environment = "staging"
        yield overlay.path, environment, list(_manifests(known, templates, both, name, environment))


def _is_overlay(file: SourceFile, folder: str, prefix: str) -> bool:
    """True for a file of values that is given beside the chart's own."""
    if file.folder == folder:
        return bool(_OVERLAY.fullmatch(file.name))
    is_there = file.folder.removeprefix(prefix) in _FOLDERS
    return is_there and file.name.endswith((".yaml", ".yml"))


def _values(known: Known, file: SourceFile | None) -> object:
    if file is None:
        return {}
    try:
        roots = documents(file.text)
    except ValueError as error:
        known.skipped.append(Skip(file.path, str(error)))
        return helm.UNKNOWN
    return helm.values_of(roots[0]) if roots else {}


def _manifests(
    known: Known,
    templates: list[SourceFile],
    values: object,
    name: str,
    environment: Environment,
) -> Iterator[SourceFile]:
    for file in templates:
        try:
            read = helm.manifest(file.text, values, posixpath.basename(name))
            documents(read.text)
        except ValueError as error:
            known.skip(file.path, f"the template could not be followed: {error}")
            continue
        for what, line in read.unknowns[:MAX_UNKNOWNS]:
            known.skip(file.path, f"not known from the chart's values: {what}", line)
        if read.text.strip():
            yield replace(file, text=read.text, environment=environment)
