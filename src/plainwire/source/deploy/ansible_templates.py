"""Ansible's templates and files as plays put them in place, filled with the roles' variables.

https://docs.ansible.com/ansible/latest/playbook_guide/playbooks_variables.html (precedence; read
2026). What an inventory elsewhere, facts and results of tasks decide is not known, and said.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from plainwire.model import UNKNOWN, Skip, SourceFile
from plainwire.source import kinds
from plainwire.source.deploy import jinja
from plainwire.source.deploy.helm import values_of
from plainwire.source.deploy.jinja import Variables
from plainwire.source.deploy.yaml_nodes import Yaml, documents

MAX_TASKS, MAX_DEPTH, MAX_SAID = 5000, 10, 5
MAX_GROUPS, MAX_USES, MAX_EXPRESSIONS = 10, 6, 100_000
PLAY = 20  # what a play costs, in tasks
_QUIET = ("test", "documentation", "vendored", "example")
_PRODUCTION = re.compile(r"(^|[/._-])prod(uction)?([/._-]|$)", re.IGNORECASE)
_OTHERS = frozenset(
    {"dev", "devel", "development", "local", "test", "testing", "qa", "stage", "staging"}
)
_LISTS = ("pre_tasks", "tasks", "post_tasks", "block", "rescue", "always")
_INCLUDES = ("include_tasks", "import_tasks", "include")
_ROLES = ("include_role", "import_role")
_LOOPS = ("loop", "with_items")
# The modules that put a file in place, and where a role has those.
_PLACES = {"template": "templates", "copy": "files"}
_PAGES = ("template", "script", "other")  # of which nothing decides who is reached by what
# What stands beside a role's parameters in a play.
_OF_PLAYS = frozenset({"role", "name", "when", "tags", "vars", "become", "become_user"})
_YAML = (".yml", ".yaml")
_GROUP = re.compile(r"(?:(.*)/)?group_vars/([^/.]+)(?:\.ya?ml|/[^/]+\.ya?ml)")


@dataclass
class Placed:
    """The templates that tasks put in place, filled, by their paths; those that none does.

    ``absent`` are files of which every task has a condition that does not hold.
    """

    files: dict[str, SourceFile] = field(default_factory=dict)
    absent: set[str] = field(default_factory=set)
    skipped: list[Skip] = field(default_factory=list)

    def of(self, files: Sequence[SourceFile]) -> tuple[SourceFile, ...]:
        """Files, those that were filled in the place of their templates."""
        return tuple(self.files.get(f.path, f) for f in files if f.path not in self.absent)


@dataclass(frozen=True)
class _Scope:
    """Where tasks run: the role or play's folder, and the variables by rising precedence."""

    folder: str
    variables: Mapping[str, object]

    def with_(self, *more: Mapping[str, object]) -> _Scope:
        merged = dict(self.variables)
        for one in more:
            merged |= one
        return replace(self, variables=merged)


def placed(files: Sequence[SourceFile]) -> Placed:
    """The templates of a project as its plays fill them; nothing where no task has any."""
    yaml = [f for f in files if f.format == "yaml" and f.environment not in _QUIET]
    if not any("template:" in file.text or "copy:" in file.text for file in yaml):
        return Placed()
    reader = _Reader(files, yaml)
    for file in sorted(yaml, key=lambda f: (f.environment != "production", f.path)):
        reader.play(file)
    reader.unused_roles()
    return reader.finished()


class _Reader:
    """Walks plays and roles for the templates that their tasks put in place."""

    def __init__(self, files: Sequence[SourceFile], yaml: Sequence[SourceFile]) -> None:
        self._by_path = {file.path: file for file in files}
        self._yaml = yaml
        self._read: dict[str, Yaml | None] = {}
        self._found = Placed()
        self._uses: dict[str, list[_Scope]] = {}  # none where no condition can hold
        self._templates: set[str] = set()
        self._used: set[str] = set()
        self._left = MAX_TASKS
        self._expressions = [MAX_EXPRESSIONS]
        self._groups: dict[str, list[tuple[str, SourceFile]]] = {}
        for file in yaml:
            match = _GROUP.fullmatch(file.path)
            if match is not None:
                self._groups.setdefault(match[2], []).append((match[1] or "", file))
        # A role's folder is the one above its tasks.
        tasks = (re.fullmatch(r"(?:(.*)/)?tasks/main\.ya?ml", file.path) for file in yaml)
        self._roles = {match[1] or "" for match in tasks if match is not None}

    def play(self, file: SourceFile) -> None:
        """Follow the plays of a file, if it is a playbook."""
        root = self._root(file.path)
        for one in root.elements()[:100] if root is not None and root.is_list else ():
            hosts = one.get("hosts")
            if hosts is None or self._left < 0:
                continue
            self._left -= PLAY
            own = [_mapping(one.get("vars"))]
            for path in _texts(one.get("vars_files")):
                own.append(self._variables(posixpath.normpath(f"{file.folder}/{path}".lstrip("/"))))
            groups = re.split(r"[:,\s]+", hosts.text or "") if hosts.text else hosts.words()
            scope = _Scope(file.folder, {}).with_(*self._group_variables(file.folder, groups), *own)
            given = one.get("roles")
            for role in given.elements() if given is not None else ():
                self._play_role(role, scope, own)
            for key in _LISTS[:3]:
                self._tasks(one.get(key), scope, True, 0)

    def _play_role(self, role: Yaml, scope: _Scope, own: Sequence[Mapping[str, object]]) -> None:
        name = role.text or _text(role, "role") or _text(role, "name")
        beside = {k: values_of(v) for k, _, v in role.items() if k not in _OF_PLAYS}
        condition = self._condition(role.get("when"), scope) if role.is_mapping else True
        self._role(name, scope, condition, [*own, _mapping(role.get("vars")), beside], 0)

    def unused_roles(self) -> None:
        """Follow the roles that no play here has: others have them."""
        for folder in sorted(self._roles - self._used):
            groups = self._group_variables(folder, ())
            self._role_at(folder, _Scope(folder, {}).with_(*groups), True, [], 0)

    def finished(self) -> Placed:
        """Fill each template with the variables of the first use that counts."""
        for path, uses in self._uses.items():
            file = self._by_path[path]
            if not uses:
                self._found.absent.add(path)
            if not uses or path not in self._templates:
                continue
            try:
                made = jinja.filled(file.text, self._of(uses[0]))
                texts = {jinja.filled(file.text, self._of(s)).text for s in uses[1:]}
            except ValueError as error:
                self._found.skipped.append(Skip(path, f"the template is not filled: {error}"))
                continue
            if texts - {made.text}:
                reason = (
                    "a template that is put in place with other variables too: the first are read"
                )
                self._found.skipped.append(Skip(path, reason))
            kind = kinds.format_of(path, made.text) or file.format
            for what, line in made.unknowns[:MAX_SAID] if kind not in _PAGES else ():
                reason = f"not known from the variables: {what}"
                self._found.skipped.append(Skip(path, reason, line))
            self._found.files[path] = replace(file, text=made.text, format=kind)
        return self._found

    def _root(self, path: str) -> Yaml | None:
        if path not in self._read:
            file = self._by_path.get(path)
            try:
                self._read[path] = next(iter(documents(file.text)), None) if file else None
            except ValueError:
                self._read[path] = None  # who reads it as tasks says so
        return self._read[path]

    def _variables(self, path: str) -> Mapping[str, object]:
        """A file's variables; one that names another environment has another value in production.

        An inventory or the command line gives it then.
        """
        found = _mapping(self._root(path))
        return {name: UNKNOWN if _is_of_others(v) else v for name, v in found.items()}

    def _of_role(self, folder: str, kind: str) -> Mapping[str, object]:
        found: dict[str, object] = {}
        for ending in _YAML:
            found |= self._variables(f"{folder}/{kind}/main{ending}".lstrip("/"))
        return found

    def _group_variables(
        self, folder: str, groups: Sequence[str]
    ) -> Iterator[Mapping[str, object]]:
        """The variables of groups, those for all first; of inventories one for production."""
        for group in ("all", *groups[:MAX_GROUPS]):
            match = self._groups.get(group, [])
            above = [(place, f) for place, f in match if _is_above(place, folder)]
            places = {place for place, _ in above or match}
            shipped = {place for place in places if _PRODUCTION.search(place)}
            is_one = bool(above) or len(places) == 1
            chosen = shipped if len(shipped) == 1 else places if is_one else set()
            if not chosen and places:  # of several inventories nobody knows which
                names = {name for _, f in match for name in self._variables(f.path)}
                yield dict.fromkeys(names, UNKNOWN)
            for place, file in sorted(above or match, key=lambda pair: pair[1].path):
                if place in chosen:
                    yield self._variables(file.path)

    def _of(self, scope: _Scope) -> Variables:
        return Variables(scope.variables, self._expressions)

    def _role(
        self,
        name: str,
        scope: _Scope,
        condition: object,
        own: Sequence[Mapping[str, object]],
        depth: int,
    ) -> None:
        """Follow a role by its name, that of the nearest folder."""
        last = name.rpartition("/")[2].rpartition(".")[2]
        found = [folder for folder in self._roles if folder.rpartition("/")[2] == last and last]
        if found:
            nearest = max(sorted(found), key=lambda f: len(_common(f, scope.folder)))
            self._role_at(nearest, scope, condition, own, depth)

    def _role_at(
        self,
        folder: str,
        scope: _Scope,
        condition: object,
        own: Sequence[Mapping[str, object]],
        depth: int,
    ) -> None:
        if depth > MAX_DEPTH:
            return
        self._used.add(folder)
        defaults, fixed = self._of_role(folder, "defaults"), self._of_role(folder, "vars")
        inner = _Scope(folder, defaults).with_(scope.variables, *own[:1], fixed, *own[1:])
        for ending in _YAML:
            root = self._root(f"{folder}/tasks/main{ending}".lstrip("/"))
            self._tasks(root, inner, condition, depth + 1)

    def _tasks(self, node: Yaml | None, scope: _Scope, condition: object, depth: int) -> None:
        set_here: dict[str, object] = {}
        for task in node.elements() if node is not None and depth < MAX_DEPTH else ():
            self._left -= 1
            if self._left < 0 or not task.is_mapping:
                break
            at = scope.with_(set_here, _mapping(task.get("vars")))
            asked = _both(condition, self._condition(task.get("when"), at))
            for key, _, value in task.items():
                word = key.rpartition(".")[2]
                if word == "set_fact":
                    set_here |= dict.fromkeys(_mapping(value), UNKNOWN)
                elif word == "register" and value.text:
                    set_here[value.text] = UNKNOWN
                elif key in _LISTS:
                    self._tasks(value, at, asked, depth + 1)
                elif word in _INCLUDES:
                    self._include(value, at, asked, depth)
                elif word in _ROLES:
                    self._role(_text(value, "name"), at, asked, [], depth + 1)
                elif word in _PLACES:
                    self._put(value, task, at, asked, _PLACES[word])

    def _include(self, value: Yaml, scope: _Scope, asked: object, depth: int) -> None:
        name = jinja.text_of(value.text or _text(value, "file"), self._of(scope))
        for folder in (f"{scope.folder}/tasks", scope.folder) if name else ():
            path = posixpath.normpath(f"{folder}/{name}".lstrip("/"))
            if path in self._by_path:
                self._tasks(self._root(path), scope, asked, depth + 1)
                return

    def _put(self, value: Yaml, task: Yaml, scope: _Scope, asked: object, place: str) -> None:
        source = _text(value, "src")
        if not source:  # `template: src=a dest=b`
            match = re.search(r"\bsrc=(\S+)", value.text or "")
            source = match[1] if match else ""
        for one in self._turns(task, scope):
            name = jinja.text_of(source, self._of(one))
            for folder in (f"{scope.folder}/{place}", scope.folder) if name else ():
                path = posixpath.normpath(f"{folder}/{name}".lstrip("/"))
                if path in self._by_path:
                    uses = self._uses.setdefault(path, [])
                    if asked is not False and len(uses) < MAX_USES:
                        uses.append(one)
                    if place == "templates":
                        self._templates.add(path)
                    break

    def _turns(self, task: Yaml, scope: _Scope) -> Iterator[_Scope]:
        """The scope of each turn of a loop; the one scope where there is none."""
        loop = next((found for key in _LOOPS if (found := task.get(key)) is not None), None)
        if loop is None:
            yield scope
            return
        values = values_of(loop)
        if isinstance(values, str):
            values = jinja.value_of(values.strip("{} "), self._of(scope))
        for item in values[:50] if isinstance(values, list) else ():
            self._left -= 1
            yield scope.with_({"item": item})

    def _condition(self, node: Yaml | None, scope: _Scope) -> object:
        """Whether a task is done: yes, no, or `UNKNOWN`."""
        found: object = True
        for text in _texts(node):
            value = jinja.value_of(text, self._of(scope))
            found = _both(found, value if value is UNKNOWN else bool(value))
        return found


def _is_of_others(value: object) -> bool:
    return isinstance(value, str) and value.lower() in _OTHERS


def _both(one: object, other: object) -> object:
    if one is UNKNOWN or other is UNKNOWN:
        return False if one is False or other is False else UNKNOWN
    return bool(one and other)


def _mapping(node: Yaml | None) -> Mapping[str, object]:
    found = values_of(node) if node is not None and node.is_mapping else {}
    return found if isinstance(found, dict) else {}


def _text(node: Yaml, key: str) -> str:
    found = node.get(key)
    return (found.text or "") if found is not None else ""


def _texts(node: Yaml | None) -> tuple[str, ...]:
    if node is None:
        return ()
    return (node.text,) if node.text is not None else tuple(w for w in node.words() if w)


def _common(folder: str, other: str) -> str:
    """The part that two paths begin with."""
    return posixpath.commonprefix([folder, other])


def _is_above(folder: str, other: str) -> bool:
    return not folder or other == folder or other.startswith(folder + "/")
