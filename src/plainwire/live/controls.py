"""What must come out differently: a random sibling of a path, the same for the whole scan."""

from __future__ import annotations

import hashlib
import posixpath
from dataclasses import replace

from plainwire.model import Request


def sibling(request: Request, key: str) -> Request:
    """The request at a path beside its own that nothing is served at.

    It has the same depth, the same file ending and the same query; two requests in one place
    have one sibling, so that it is asked once. ``key`` is the scan's random word.
    """
    way, mark, query = request.path.partition("?")
    parent, name = way.rstrip("/").rpartition("/")[::2]
    ending = posixpath.splitext(name)[1]
    end = "/" if way.endswith("/") and name else ""
    words = f"{key}{parent}{ending}".encode("utf-8", "surrogatepass")
    random_name = hashlib.sha256(words).hexdigest()[:24]
    return replace(request, path=f"{parent}/{random_name}{ending}{end}{mark}{query}", repetition=0)
