"""Which Dockerfile an image is built from, and which proxy's configuration it holds."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from plainwire.model import ProxySite, Stage
from plainwire.source.assembly.known import (
    DASHBOARDS,
    PROXIES,
    PROXY_FOLDER,
    QUIET,
    STORES,
    Known,
    is_under,
)
from plainwire.source.deploy.words import expanded

_PACKAGING: Final = ("docker", ".docker", "dockerfiles", "deploy", "deployment", "build")
_ANY_PROJECT: Final = ("src", "app", "web", "api", "server")  # packages that are called alike


def built_from(known: Known, image: str) -> tuple[str, str] | None:
    """The Dockerfile and folder that an image's name tells: ``org/shop-cart`` of ``cart/``.

    Returns None if no folder with a Dockerfile, and no package of an application in one, is
    called so.
    """
    name = image.partition("@")[0].rpartition("/")[2].partition(":")[0].lower()
    if not name or any(product.search(name) for product in (STORES, DASHBOARDS, PROXIES)):
        return None
    found = []
    for path, dockerfile in known.images.items():
        context = context_of(path)
        if dockerfile.environment in QUIET:
            continue
        for word in _names_of(known, context):
            if likeness := _likeness(name, word):
                is_plain = path.endswith("Dockerfile")
                nearness = -abs(len(name) - len(word))
                found.append(((likeness, nearness, is_plain, -len(path)), path, context))
    return max(found)[1:] if found else None


def context_of(path: str) -> str:
    """The folder that a Dockerfile is likely built in: above a folder of packaging alone."""
    folder = path.rpartition("/")[0]
    while folder.rpartition("/")[2].lower() in _PACKAGING:
        folder = folder.rpartition("/")[0]
    return folder


def copied_sites(known: Known, stage: Stage, context: str, *, is_proxy: bool) -> dict[str, None]:
    """The proxy configurations that an image takes in, by what it copies."""
    paths: dict[str, None] = {}
    for source, target, _ in stage.copies:
        name = posixpath.normpath(source.partition(":")[2] or source)
        at = posixpath.normpath(posixpath.join(context, name))
        if is_proxy:
            paths |= dict.fromkeys(
                p
                for p in known.sites
                if p == at or (is_under(p, context) and p.endswith("/" + at.rpartition("/")[2]))
            )
        elif PROXY_FOLDER.search(target):
            paths |= dict.fromkeys(p for p in known.sites if p == at or _is_in(p, at))
    if is_proxy and not paths:
        paths = dict.fromkeys(p for p in known.sites if is_under(p, context))
    return paths


def filled(site: ProxySite, known: Mapping[str, str]) -> ProxySite:
    """A site with the variables that its service sets (envsubst) filled in."""
    forwards = []
    for forward in site.forwards:
        host = expanded(forward.host, known)
        port = forward.port
        if ":" in host:
            host, _, number = host.rpartition(":")
            port = int(number) if number.isdecimal() else port
        forwards.append(replace(forward, host=host, port=port))
    return replace(site, forwards=tuple(forwards))


def _names_of(known: Known, context: str) -> Iterator[str]:
    """What a folder is called, and the packages of the applications right below it."""
    parts = [p for p in context.lower().split("/") if p not in ("", "src", "app")]
    yield from (p for p in parts[-1:] if len(p) > 2)
    for app in known.apps:
        if is_under(app.place.path, context):
            package, slash, _ = app.place.path[len(context) :].lstrip("/").partition("/")
            if slash and len(package) > 2 and package.lower() not in _ANY_PROJECT:
                yield package.lower()


def _likeness(name: str, word: str) -> int:
    """How much an image's name tells of a folder: 3 the same, 2 at its end, 1 before the rest.

    ``orders`` tells of ``orders-service`` as that does of ``orders``.
    """
    name, word = (re.sub(r"[._]", "-", text) for text in (name, word))
    if name == word:
        return 3
    if name.endswith("-" + word):
        return 2
    return int(name.startswith(word + "-") or word.startswith(name + "-"))


def _is_in(path: str, folder: str) -> bool:
    return path.rpartition("/")[0] == folder.removesuffix("/.")
