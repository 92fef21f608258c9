"""Which Dockerfile an image is built from, and which proxy's configuration it holds."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Final

from plainwire.model import Image, ProxySite, Stage
from plainwire.source.assembly.known import (
    DASHBOARDS,
    DEVELOPMENT_NAME,
    PRODUCTION_NAME,
    PROXIES,
    PROXY_FOLDER,
    QUIET,
    STORES,
    Known,
    is_under,
)
from plainwire.source.deploy.words import expanded
from plainwire.source.numerals import whole

_PRODUCTS: Final = (STORES, DASHBOARDS, PROXIES)
_PACKAGING: Final = ("docker", ".docker", "dockerfiles", "deploy", "deployment", "build")
_ANY_PROJECT: Final = ("src", "app", "web", "api", "server")  # packages that are called alike


def built_from(known: Known, image: str) -> tuple[str, str] | None:
    """The Dockerfile and folder that an image's name tells: ``org/shop-cart`` of ``cart/``.

    Returns None if no folder with a Dockerfile, and no package of an application in one, is
    called so. What a compose file builds and names is known without guessing. ``shop_nginx`` is
    built in ``nginx/``; ``nginx`` is nginx.
    """
    name = name_of(image)
    is_known = is_product(name)
    if name in known.built_as and not (is_known and name.isalpha()):
        path, context = known.built_as[name]
        return (path, context) if path in known.images else None
    found = []
    for path, dockerfile in known.images.items():
        if dockerfile.environment in QUIET or not name:
            continue
        stage = dockerfile.stage(None)
        is_proxy = stage is not None and bool(PROXIES.search(stage.base))
        context = context_of(path) if is_proxy else _context_with_app(known, path)
        for word in _names_of(known, context):
            is_inside = is_proxy and len(word) > 3 and word in name
            likeness = _likeness(name, word) or int(is_inside)  # shopnginx is built in nginx/
            is_ours = is_proxy or known.has_app(context)
            if likeness and (not is_known or (likeness == 2 and is_ours)):
                is_plain = path.endswith("Dockerfile")
                is_shipped = not DEVELOPMENT_NAME.search(path.rpartition("/")[2])
                nearness = -abs(len(name) - len(word))
                order = (likeness, nearness, is_shipped, is_plain, -len(path))
                found.append((order, path, context))
    return max(found)[1:] if found else None


def is_product(name: str) -> bool:
    """True for an image that is called like a store, a dashboard or a proxy."""
    return any(product.search(name) for product in _PRODUCTS)


def shipped(known: Known, path: str) -> Image:
    """The Dockerfile for production beside a plain one, or that one: ``Dockerfile.prod``."""
    folder, _, name = path.rpartition("/")
    twins = [
        other
        for at, other in known.images.items()
        if at.rpartition("/")[0] == folder and PRODUCTION_NAME.search(at.rpartition("/")[2])
    ]
    return twins[0] if name.lower() == "dockerfile" and len(twins) == 1 else known.images[path]


def only_built(known: Known) -> tuple[str, str] | None:
    """The one Dockerfile of the one application, and its folder. Returns None if there are more."""
    app = known.only_app()
    if app is None:
        return None
    own = posixpath.join(app.folder, "Dockerfile")
    if own in known.images:
        return own, app.folder
    shipped = [
        path
        for path, one in known.images.items()
        if one.environment == "production" and (is_under(path, app.folder) or path == "Dockerfile")
    ]
    return (shipped[0], context_of(shipped[0])) if len(shipped) == 1 else None


def name_of(image: str) -> str:
    """What an image is called, without registry, organisation, tag and digest."""
    return image.partition("@")[0].rpartition("/")[2].partition(":")[0].lower()


def context_of(path: str) -> str:
    """The folder that a Dockerfile is likely built in: above a folder of packaging alone."""
    folder = path.rpartition("/")[0]
    while folder.rpartition("/")[2].lower() in _PACKAGING:
        folder = folder.rpartition("/")[0]
    return folder


def _context_with_app(known: Known, path: str) -> str:
    """The same, or the folder above ``docker/web/``, where that holds no application."""
    context = context_of(path)
    parts = context.split("/")
    packaging = next((n for n, part in enumerate(parts) if part.lower() in _PACKAGING), None)
    if packaging is None or known.has_app(context):
        return context
    return "/".join(parts[:packaging])


def copied_script(
    known: Known, stage: Stage, context: str, command: tuple[str, ...]
) -> tuple[str, ...]:
    """A command with the project's file in the place of a script that the image took in."""
    return tuple(_source_of(known, stage, context, word) for word in command)


def _source_of(known: Known, stage: Stage, context: str, word: str) -> str:
    """Where a path in an image comes from, seen from the build's folder, or the path itself."""
    for source, target, _ in reversed(stage.copies):
        at = posixpath.normpath(posixpath.join(context, source))
        holder, name = target.rstrip("/"), at.rpartition("/")[2]
        if word in (target, f"{holder}/{name}"):
            path = at
        elif word.startswith(f"{holder}/"):
            path = posixpath.join(at, word[len(holder) + 1 :])
        else:
            continue
        if known.file(path) is not None:
            return path[len(context) :].lstrip("/")
    return word


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
                if _is_named(p, at)
                or (is_under(p, context) and p.endswith("/" + at.rpartition("/")[2]))
            )
        elif PROXY_FOLDER.search(target):
            paths |= dict.fromkeys(p for p in known.sites if _is_named(p, at) or _is_in(p, at))
    if is_proxy and not paths:
        paths = dict.fromkeys(p for p in known.sites if is_under(p, context))
    return paths


def filled(site: ProxySite, known: Mapping[str, str]) -> ProxySite:
    """A site with the variables that its service sets (envsubst) filled in."""
    forwards = []
    for forward in site.forwards:
        host = expanded(forward.host, known)
        port, scheme = forward.port, forward.scheme
        if "://" in host:  # a variable that holds the whole address
            scheme, _, host = host.partition("://")
            host = host.partition("/")[0]
        if ":" in host:
            host, _, number = host.rpartition(":")
            given = whole(number)
            port = port if given is None else given
        forwards.append(replace(forward, host=host, port=port, scheme=scheme))
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


def _is_named(path: str, pattern: str) -> bool:
    """True for the file that a COPY names, or one of those of a folder: ``conf.d/*.conf``."""
    folder, _, name = path.rpartition("/")
    of, _, names = pattern.rpartition("/")
    return path == pattern or (folder == of and "*" in names and fnmatchcase(name, names))


def _is_in(path: str, folder: str) -> bool:
    return path.rpartition("/")[0] == folder.removesuffix("/.")
