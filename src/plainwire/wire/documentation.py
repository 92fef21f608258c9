"""Pages that show an API's description: where it is, or the description itself in a script.

Swagger UI, ReDoc, Stoplight Elements, RapiDoc and Scalar name it in an attribute or in a setting
of a script; RFC 8631 has a link relation for it. swagger-ui-express writes it into the script.
"""

from __future__ import annotations

import json
import re

from plainwire.model import Exchange

MAX_TEXT = 256 * 1024  # characters of a page; such pages are short
MAX_PLACES = 5

_VIEWER = re.compile(
    r"(?i)swagger-?ui|\bredoc|<elements-api|<rapi-doc|<openapi-explorer|"
    r"api-reference|service-desc"
)
_ATTRIBUTE = re.compile(
    r"(?i)\b(?:spec-?url|api-?description-?url|data-(?:spec-)?url)\s*=\s*[\"']([^\"'<>\s]{1,500})"
)
_SETTING = re.compile(
    r"[\"']?\b(?:url|specUrl|swaggerUrl)\b[\"']?\s*:\s*[\"']([^\"'<>\s]{1,500})[\"']|"
    r"\bRedoc\.init\(\s*[\"']([^\"'<>\s]{1,500})[\"']"
)
_RELATION = re.compile(r"(?i)<(?=[^<>]{0,1000}rel=[\"']?service-desc\b)link\b[^<>]{0,1000}>")
_REFERENCE = re.compile(r"(?i)\bhref\s*=\s*[\"']?([^\"'<>\s]{1,500})")
_HEADER = re.compile(r"<([^<>]{1,500})>[^,<>]*\brel=[\"']?service-desc\b", re.IGNORECASE)
_SCRIPT = re.compile(
    r"(?i)(?:swagger|redoc|openapi|api-?docs?)[\w.-]*(?:init|conf|setup)[\w.-]*\.js$"
)
_OTHER = re.compile(r"(?i)\.(?:js|mjs|css|map|png|svg|ico|html?)(?:[?#]|$)")
_WORD = re.compile(
    r"(?i)(?:^|[/_.-])(?:docs?|documentation|swagger|swagger-?ui|redoc|openapi|api-?docs?|"
    r"api-?spec|apispec|api|reference|explorer|rapidoc|scalar|schema|developers?)(?:[/_.-]|$)"
)
_WRITTEN = re.compile(r"[\"']?\b(?:swaggerDoc|spec)\b[\"']?\s*:\s*(?=\{)")


def named(answer: Exchange) -> tuple[str, ...]:
    """The addresses of descriptions that an answer names, as they are written, at most
    `MAX_PLACES`: nothing of a page that shows none."""
    text = answer.text[:MAX_TEXT]
    found = [each for value in answer.all("link") for each in _HEADER.findall(value[:4096])]
    if is_settings(answer.request.path) or _VIEWER.search(text):
        found += _ATTRIBUTE.findall(text)
        found += [first or second for first, second in _SETTING.findall(text)]
        found += [each for tag in _RELATION.findall(text) for each in _REFERENCE.findall(tag)]
    plain = (each.replace("&amp;", "&").replace("\\/", "/") for each in found)
    return tuple(dict.fromkeys(e for e in plain if not _OTHER.search(e)))[:MAX_PLACES]


def is_settings(path: str) -> bool:
    """True for the path of a script that a viewer keeps its settings in."""
    return _SCRIPT.search(path.partition("?")[0]) is not None


def may_be_documentation(path: str) -> bool:
    """True for a path that speaks of documentation, such as ``/api/1/doc/``."""
    return _WORD.search(path.partition("?")[0]) is not None


def written(script: str) -> bytes | None:
    """The description that a script of a viewer has in it. Returns None if it has none."""
    for match in _WRITTEN.finditer(script):
        try:
            document, end = json.JSONDecoder().raw_decode(script, match.end())
        except (ValueError, RecursionError):
            continue
        if isinstance(document, dict) and ("openapi" in document or "swagger" in document):
            return script[match.end() : end].encode()
    return None
