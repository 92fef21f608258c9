"""The servers that a document names: their paths are kept, their origins are its claim."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from plainwire.model import WireError
from plainwire.wire.openapi.loose import mapping, sequence, text
from plainwire.wire.openapi.skipped import Skipped
from plainwire.wire.redirects import resolve

MAX_SERVERS = 100

_VARIABLE = re.compile(r"\{([^{}/]*)\}")
_ANYWHERE = "https://relative.invalid/"


class Servers:
    """The base paths of a document; ``origins`` are those named, each once, in order."""

    def __init__(self, skipped: Skipped) -> None:
        self._skipped = skipped
        self.origins: dict[str, None] = {}

    def base(self, holder: Mapping[str, Any], otherwise: str) -> str:
        """The path of the holder's first server; every server's origin is noted."""
        bases = []
        for server in sequence(holder.get("servers"))[:MAX_SERVERS]:
            url = text(mapping(server).get("url"))
            variables = mapping(mapping(server).get("variables"))
            for name in set(_VARIABLE.findall(url)):
                default = text(mapping(variables.get(name)).get("default"))
                url = url.replace("{" + name + "}", default) if default else url
            if "{" in url.partition("//")[2].partition("/")[0]:
                self._skipped.note(f"{url}: a variable without a default")
                continue
            bases.append(self._path_of(url))
        return bases[0] if bases else otherwise

    def swagger_base(self, document: Mapping[str, Any]) -> str:
        """The basePath of Swagger 2.0, under each of its schemes."""
        host, path = text(document.get("host")), text(document.get("basePath"))
        schemes = [s for s in sequence(document.get("schemes")) if isinstance(s, str)]
        if not host or not schemes:
            return self._path_of(path)
        bases = [self._path_of(f"{scheme}://{host}/{path.lstrip('/')}") for scheme in schemes[:4]]
        return bases[0]

    def _path_of(self, url: str) -> str:
        try:
            place = resolve(url, _ANYWHERE)
        except WireError as error:
            self._skipped.note(f"server: {error}")
            return ""
        if not place.host:
            self._skipped.note(f"server: {place.scheme} is not HTTP")
        elif place.host != "relative.invalid":
            self.origins[place.url.removesuffix(place.path)] = None
        return place.path.partition("?")[0].rstrip("/")
