"""Ansible's tasks: the containers that they start, and the files that they write from their text.

Beside them the variables of groups, hosts and roles, which are not followed to where they are used.

https://docs.ansible.com/ansible/latest/collections/community/docker/docker_container_module.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from plainwire.model import Setting, SourceFile
from plainwire.source.deploy import compose
from plainwire.source.deploy.compose import ComposeFile
from plainwire.source.deploy.yaml_nodes import Yaml, documents

_CONTAINERS = ("docker_container", "podman_container")
_COPIES = ("copy",)
_LISTS = ("tasks", "pre_tasks", "post_tasks", "handlers", "block", "rescue", "always")
_DEPTH = 10
# https://docs.ansible.com/ansible/latest/playbook_guide/playbooks_variables.html
_VARIABLES = re.compile(r"(^|/)(group|host)_vars/|(^|/)(?P<role>defaults|vars)/main\.ya?ml$")


def starts_containers(file: SourceFile) -> bool:
    """True if a file may be one with tasks that start containers."""
    return file.format == "yaml" and any(f"{name}:" in file.text for name in _CONTAINERS)


def containers(file: SourceFile) -> ComposeFile:
    """The containers that the tasks of a file start, as a compose file would say it.

    Raises:
        ValueError: if it is no YAML.
    """
    found = []
    for name, line, node in _modules(file, _CONTAINERS):
        state = node.get("state")
        is_gone = state is not None and state.text in ("absent", "stopped")
        if node.get("image") is None or is_gone:
            continue
        called = node.get("name")
        title = called.text if called is not None and called.text else name
        found.append(compose.service(title, line, node, file, ports="published_ports", env="env"))
    return ComposeFile(file, tuple(found))


def variables(file: SourceFile) -> Iterator[Setting]:
    """The variables of a group, host or role; a role's defaults are there to be replaced.

    Raises:
        ValueError: if it is no YAML.
    """
    named = _VARIABLES.search(file.path) if file.format == "yaml" else None
    for root in documents(file.text)[:1] if named is not None else ():
        is_default = named is not None and named["role"] == "defaults"
        for name, line, value in root.items():
            held = ((name, line, value), *((n, at, v) for n, at, v in value.items()))
            for key, at, one in held:
                if one.text and one.tag != "!vault":
                    place = file.span(at)
                    yield Setting(key, one.text, place, file.environment, is_default=is_default)


def written(file: SourceFile) -> Iterator[tuple[str, int]]:
    """The text of each file that a task writes, and the line before its first one.

    Raises:
        ValueError: if it is no YAML.
    """
    if file.format != "yaml" or "content:" not in file.text or "copy:" not in file.text:
        return
    for _, _, node in _modules(file, _COPIES):
        content = node.get("content")
        if content is not None and content.is_block and content.text is not None:
            yield content.text, node.key_line("content")


def _modules(file: SourceFile, wanted: tuple[str, ...]) -> Iterator[tuple[str, int, Yaml]]:
    """The modules of some names that tasks call, with their lines and arguments."""
    waiting = [(element, 0) for root in documents(file.text) for element in root.elements()]
    while waiting:
        node, depth = waiting.pop(0)
        for key, line, value in node.items():
            if key.rpartition(".")[2] in wanted:
                yield key, line, value
            elif key in _LISTS and depth < _DEPTH:
                waiting += [(element, depth + 1) for element in value.elements()]
