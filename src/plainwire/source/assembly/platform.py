"""Platforms that run an application behind a router of their own."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from plainwire.model import Deployment, Environment, Route, Service, Setting, Skip
from plainwire.source.assembly import images
from plainwire.source.assembly.known import DEVELOPMENT_NAME, QUIET, Known
from plainwire.source.deploy import clouds as cloud_files
from plainwire.source.deploy import platforms as files
from plainwire.source.deploy import programs
from plainwire.source.starting import Context


def procfiles(known: Known) -> Iterator[Deployment]:
    """A deployment for each process of a platform's Procfile that starts a server."""
    for file in known.files:
        if not programs.is_routed(file) or file.environment in QUIET:
            continue
        for text, place in programs.commands(file)[:20]:
            given = known.variables.get(posixpath.join(file.folder, "app.json"), ())
            settings = {"PORT": Setting("PORT", "", place)} | {s.name: s for s in given}
            starts = known.starter.text(text, place, Context(file.folder, settings))
            if not starts:
                continue
            environment: Environment = (
                "development" if DEVELOPMENT_NAME.search(file.name) else file.environment
            )
            service = Service(
                "web", place, environment, (), starts, (), settings, "", file.folder, "app"
            )
            is_heroku = known.file(posixpath.join(file.folder, "app.json")) is not None
            name = "Heroku router" if is_heroku else "platform router"
            route = Route(name, place, "web", None, True, (), None)
            yield known.finished(file.path, environment, (service,), (route,))


def platforms(known: Known) -> Iterator[Deployment]:
    """A deployment for each web service in the files of Fly, Render and Heroku."""
    for file in known.files:
        if file.name not in files.FILES or file.environment in QUIET:
            continue
        try:
            found = list(files.services(file))
        except ValueError as error:
            known.skipped.append(Skip(file.path, str(error)))
            continue
        for one in found[:20]:
            path = posixpath.join(file.folder, one.dockerfile)
            image = known.images.get(path)
            stage = image.shipped if image is not None else None
            settings = dict(stage.settings) if stage is not None else {}
            settings.setdefault("PORT", Setting("PORT", "", one.place))
            at = Context(file.folder, settings)
            starts = known.starter.text(one.command, one.place, at) if one.command else ()
            if not starts and image is not None and stage is not None:
                starts = known.of_image(path, stage, at)
                known.used_images.add(path)
            service = Service(
                "web", one.place, file.environment, (), starts, folder=file.folder, role="app"
            )
            route = Route(one.name, one.place, "web", one.port, True, redirects=one.redirects)
            yield known.finished(file.path, file.environment, (service,), (route,))


def clouds(known: Known) -> Iterator[Deployment]:
    """A deployment for each file that brings the project's one image, or its code, to a cloud."""
    for file in known.files:
        is_workflow = file.format == "workflow"
        if file.format not in cloud_files.FORMATS or (
            file.environment in QUIET and not is_workflow
        ):
            continue
        try:
            found = list(cloud_files.services(file))[:20]
        except ValueError as error:
            known.skipped.append(Skip(file.path, str(error)))
            continue
        environment: Environment = "production" if is_workflow else file.environment
        for one in found:
            path, folder = "", file.folder
            if not one.command:
                path, folder = images.only_built(known) or ("", "")
            stage = known.images[path].shipped if path else None
            settings = dict(stage.settings) if stage is not None else {}
            settings.setdefault("PORT", Setting("PORT", "", one.place))
            at = Context(folder, settings)
            starts = known.starter.text(one.command, one.place, at)
            if stage is not None:
                known.used_images.add(path)
                starts = known.of_image(path, stage, at)
            if starts:
                service = Service(
                    "web", one.place, environment, (), starts, (), settings, "", folder, "app"
                )
                hsts = one.place if one.name == cloud_files.CLOUD_RUN else None
                route = Route(
                    one.name, one.place, "web", None, True, redirects=one.redirects, hsts=hsts
                )
                yield known.finished(file.path, environment, (service,), (route,))
