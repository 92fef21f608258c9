"""What deploys to a cloud that terminates TLS: Cloud Run, App Engine, App Runner.

https://cloud.google.com/run/docs/triggering/https-request (http is redirected; its hosts are under
.app, which browsers preload), https://cloud.google.com/appengine/docs/standard/reference/app-yaml
(`secure`: http is served too unless it says always), https://docs.aws.amazon.com/apprunner/ (http
is redirected); read 2026.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from plainwire.model import SourceFile
from plainwire.source.deploy import hcl
from plainwire.source.deploy.platforms import Platform
from plainwire.source.deploy.yaml_nodes import Yaml, documents

FORMATS = ("workflow", "yaml", "shell", "terraform")
CLOUD_RUN = "Cloud Run"
APP_ENGINE = "App Engine"
_TERRAFORM = ("google_cloud_run_service", "google_cloud_run_v2_service")
_DEPLOYS = re.compile(r"\brun deploy\b|\bdeploy-cloudrun\b")
_BETWEEN = re.compile(r"[\s\"',\[\]]+(- )?[\"']?")
_LINES = 4  # of a list of arguments, around the word
_RUNTIME = re.compile(r"(?m)^runtime:\s*[\"']?(python\d*|custom)\b")


def services(file: SourceFile) -> Iterator[Platform]:
    """The services that a file deploys.

    Raises:
        ValueError: if it is no YAML, or no Terraform.
    """
    if file.name in ("app.yaml", "app.yml") and _RUNTIME.search(file.text):
        yield from _app_engine(file)
    elif file.name == "apprunner.yaml":
        for root in documents(file.text)[:1]:
            node = root.get("run", "command")
            place = file.span(node.line if node is not None else 1)
            yield Platform("App Runner", place, _text(node), redirects=True)
    elif line := _cloud_run(file):
        yield Platform(CLOUD_RUN, file.span(line), redirects=True)


def _app_engine(file: SourceFile) -> Iterator[Platform]:
    for root in documents(file.text)[:1]:
        handlers = root.get("handlers")
        every = handlers.elements() if handlers is not None else []
        is_secure = bool(every) and all(_text(one.get("secure")) == "always" for one in every)
        command = _text(root.get("entrypoint")) or "gunicorn -b :$PORT main:app"
        place = file.span(root.key_line("runtime"))
        yield Platform(APP_ENGINE, place, command, redirects=is_secure or None)


def _text(node: Yaml | None) -> str:
    return (node.text or "") if node is not None else ""


def _cloud_run(file: SourceFile) -> int:
    """The line that deploys to Cloud Run, or 0: of a workflow, a build, a script, Terraform."""
    if file.format == "terraform":
        return _terraform(file) if "google_cloud_run" in file.text else 0
    is_google = "gcloud" in file.text or "deploy-cloudrun" in file.text
    if file.format not in ("workflow", "yaml", "shell") or not is_google:
        return 0
    lines = file.lines
    for number, line in enumerate(lines, 1):
        if "deploy" in line and not line.lstrip().startswith("#"):
            around = " ".join(lines[max(number - _LINES, 0) : number])[-1000:]
            if _DEPLOYS.search(_BETWEEN.sub(" ", around)):
                return number
    return 0


def _terraform(file: SourceFile) -> int:
    for block in hcl.load(file.text).blocks:
        is_service = block.kind == "resource" and block.labels[:1] in [(n,) for n in _TERRAFORM]
        if is_service and "internal" not in (block.text("ingress") or "").lower():
            return block.line
    return 0
