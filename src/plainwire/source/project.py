"""The door to a directory: everything that rules may ask of it, each part read when first asked."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path

from plainwire.deployment import all_paths
from plainwire.model import (
    ApiOperation,
    App,
    Deployment,
    Format,
    Image,
    Module,
    Opening,
    ProxySite,
    Setting,
    Skip,
    SourceFile,
    Text,
)
from plainwire.model import (
    Path as DeploymentPath,
)
from plainwire.source import assembly, routes, settings_files, templates
from plainwire.source.deploy import (
    ansible,
    apache,
    appjson,
    caddy,
    dockerfile,
    envfile,
    haproxy,
    inifile,
    nginx,
    terraform,
    terraform_networks,
    traefik,
)
from plainwire.source.flask_app import component_roots, find_apps, folder_of
from plainwire.source.importing import Imported, with_facts
from plainwire.source.python.program import Program
from plainwire.source.starting import Starter
from plainwire.source.walk import Tree, read_tree

_SETTINGS: tuple[Format, ...] = ("yaml", "json", "toml")
_REQUIREMENT = re.compile(r"^\s*[\"']?([A-Za-z][\w.-]*)(?:\[[^\]]*\])?\s*([=<>~!^][^\"';#]*)?")


class LocalProject:
    """A `plainwire.model.Project` over a directory. Nothing outside it is read, nothing is run."""

    def __init__(
        self, root: Path, tree: Tree | None = None, imported: Imported | None = None
    ) -> None:
        self.root = root
        self._imported = imported
        self._tree = tree if tree is not None else read_tree(root)
        self._by_path = {file.path: file for file in self._tree.files}
        self._unread: list[Skip] = []
        self._texts: dict[str, tuple[Text, ...]] = {}

    @property
    def files(self) -> tuple[SourceFile, ...]:
        """The files that were read, by path."""
        return self._tree.files

    @property
    def skipped(self) -> tuple[Skip, ...]:
        """What was left out or not understood."""
        read = (*self._tree.skipped, *self._program.skipped)
        try:
            assembled = self._assembled[1]
            terraformed = [skip for found in self._terraform.values() for skip in found.skipped]
        except Exception:  # an unanswered question of the report already; the rest is still said
            return (*read, *self._unread)
        return (*read, *dict.fromkeys((*self._unread, *assembled, *terraformed)))

    @cached_property
    def _program(self) -> Program:
        return Program(
            f
            for f in self.files
            if f.format == "python" and f.environment not in ("vendored", "test", "documentation")
        )

    @property
    def modules(self) -> tuple[Module, ...]:
        """The Python files that could be parsed."""
        return tuple(self._program.modules)

    @cached_property
    def roots(self) -> tuple[str, ...]:
        """The folders that hold a component."""
        return component_roots(self.files)

    @cached_property
    def apps(self) -> tuple[App, ...]:
        """The Flask applications, wherever they are made."""
        loaded = tuple(settings_files.configuration(self._in_settings))
        found = find_apps(self._program, self.roots, loaded)
        return found if self._imported is None else with_facts(found, self._imported)

    @cached_property
    def routes(self) -> tuple[ApiOperation, ...]:
        """The routes of the applications."""
        return routes.routes(self._program)

    @cached_property
    def images(self) -> tuple[Image, ...]:
        """The Dockerfiles."""
        return tuple(dockerfile.read(file) for file in self.of("dockerfile"))

    @cached_property
    def _sites(self) -> Mapping[str, tuple[ProxySite, ...]]:
        configurations = tuple(self.of("nginx"))
        budget = [nginx.MAX_INCLUDED]
        mains = nginx.mains(configurations)
        found = {
            f.path: nginx.sites(f, configurations, budget=budget, mains=mains)
            for f in configurations
        }
        if budget[0] <= 0:
            reason = f"the includes of nginx come to more than {nginx.MAX_INCLUDED} characters"
            self._unread.append(Skip(configurations[-1].path, reason))
        found |= {file.path: apache.sites(file) for file in self.of("apache")}
        found |= {file.path: caddy.sites(file) for file in self.of("caddy")}
        found |= {file.path: haproxy.sites(file) for file in self.of("haproxy")}
        for each in {id(t): t for t in self._traefik.values()}.values():
            for path, sites in traefik.by_file(each).items():
                found[path] = sites
        found |= {path: tuple(terraform.sites(f)) for path, f in self._terraform.items()}
        found |= {file.path: tuple(self._written(file)) for file in self.of("yaml")}
        return found

    def _written(self, file: SourceFile) -> Iterator[ProxySite]:
        """The server blocks in what Ansible's tasks write."""
        try:
            for text, line in ansible.written(file):
                if "server" in text and "{" in text:
                    yield from nginx.sites(file, (), text, line)
        except ValueError as error:
            self._unread.append(Skip(file.path, str(error)))

    @cached_property
    def _traefik(self) -> Mapping[str, traefik.Files]:
        """What the Traefik files of each component say together, by the path of each."""
        found: dict[str, traefik.Files] = {}
        groups: dict[str, traefik.Files] = {}
        for file in self.of("traefik"):
            group = groups.setdefault(folder_of(file.path, self.roots), traefik.Files())
            try:
                traefik.read(file, group)
            except ValueError as error:
                self._unread.append(Skip(file.path, str(error)))
            found[file.path] = group
        return found

    @cached_property
    def _terraform(self) -> Mapping[str, terraform.Found]:
        return terraform.groups(tuple(self.of("terraform")))

    @property
    def sites(self) -> tuple[ProxySite, ...]:
        """Every server block of every proxy's configuration that reads what it passes on."""
        every = (site for sites in self._sites.values() for site in sites)
        return tuple(site for site in every if not site.is_passed_through)

    @cached_property
    def _variables(self) -> Mapping[str, tuple[Setting, ...]]:
        found = {file.path: envfile.read(file) for file in self.of("env")}
        for file in self.of("json"):
            if file.name == "app.json":
                try:
                    found[file.path] = appjson.read(file)
                except ValueError as error:
                    self._unread.append(Skip(file.path, str(error)))
        return found

    @property
    def variables(self) -> tuple[Setting, ...]:
        """What environment files, manifests and files with sections say."""
        said = (s for found in self._variables.values() for s in found)
        infrastructure = (s for found in self._terraform.values() for s in found.settings)
        return (
            *said, *infrastructure, *self._assembled[2], *self._in_sections, *self._in_settings,
            *self._of_ansible,
        )  # fmt: skip

    @cached_property
    def _of_ansible(self) -> tuple[Setting, ...]:
        found: list[Setting] = []
        for file in self.of("yaml"):
            try:
                found += ansible.variables(file)
            except ValueError as error:
                self._unread.append(Skip(file.path, str(error)))
        return tuple(found)

    @cached_property
    def _in_settings(self) -> tuple[Setting, ...]:
        """What the application's own settings files say, of those that its code opens."""
        files = [f for kind in _SETTINGS for f in self.of(kind)]
        names = settings_files.opened(self._program.modules) if files else ()
        found: list[Setting] = []
        for file in files:
            if file.name in names:
                try:
                    found += settings_files.read(file)
                except ValueError as error:
                    self._unread.append(Skip(file.path, str(error)))
        return tuple(found)

    @cached_property
    def _in_sections(self) -> tuple[Setting, ...]:
        return tuple(s for file in self.of("ini") for s in inifile.read(file))

    @cached_property
    def openings(self) -> tuple[Opening, ...]:
        """What clouds let every address reach."""
        return tuple(
            opening
            for found in self._terraform.values()
            for opening in terraform_networks.openings(found)
        )

    @cached_property
    def requirements(self) -> Mapping[str, str]:
        """The packages asked for, in lower case, with their version words; also ``folder:name``."""
        found: dict[str, str] = {}
        for file in self.of("requirements"):
            for line in file.lines[:2000]:
                match = _REQUIREMENT.match(line)
                if match:
                    name, version = match[1].lower(), (match[2] or "").strip()
                    folder = file.folder.removesuffix("/requirements")
                    found[f"{folder}:{name}"] = version
                    found.setdefault(name, version)
        return found

    @cached_property
    def _assembled(
        self,
    ) -> tuple[tuple[Deployment, ...], tuple[Skip, ...], tuple[Setting, ...]]:
        starter = Starter(self.files, self._program, self.requirements)
        known = assembly.Known(
            self.files,
            starter,
            self.apps,
            self.images,
            self._sites,
            self._variables,
            self.roots,
            self._traefik,
        )
        deployments = tuple(assembly.deployments(known))
        skipped = (*known.skipped, *starter.modules.skipped)
        return deployments, skipped, tuple(known.settings)

    @property
    def deployments(self) -> tuple[Deployment, ...]:
        """Every way of running the applications that the files describe."""
        return self._assembled[0]

    @cached_property
    def paths(self) -> tuple[DeploymentPath, ...]:
        """The ways from outside to applications and stores, with their verdicts."""
        return all_paths(self.deployments)

    def file(self, path: str) -> SourceFile | None:
        """A file by its path. Returns None if there is none."""
        return self._by_path.get(path)

    def of(self, format: Format) -> Iterator[SourceFile]:
        """The files of a format."""
        return (file for file in self.files if file.format == format)

    def texts(self, file: SourceFile) -> Sequence[Text]:
        """The addresses in a page or script."""
        if file.path not in self._texts:
            self._texts[file.path] = templates.texts(file)
        return self._texts[file.path]
