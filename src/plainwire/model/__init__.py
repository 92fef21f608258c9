"""The words every other module speaks: Target, Request, Evidence, Finding, Check, Report, Grade.

Frozen data and pure functions over it; no I/O, standard library only. A check is given a
`Site` and yields `Finding`; everything it may know of the world is declared in this package.

A module of it is imported when one of its names is first asked for: making the classes is a
quarter of a run that is answered from the cache, and no command needs them all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from plainwire.model.answer import *  # noqa: F403
    from plainwire.model.api import *  # noqa: F403
    from plainwire.model.checks import *  # noqa: F403
    from plainwire.model.deployment import *  # noqa: F403
    from plainwire.model.errors import *  # noqa: F403
    from plainwire.model.finding import *  # noqa: F403
    from plainwire.model.fix import *  # noqa: F403
    from plainwire.model.identity import *  # noqa: F403
    from plainwire.model.masked import *  # noqa: F403
    from plainwire.model.peers import *  # noqa: F403
    from plainwire.model.report import *  # noqa: F403
    from plainwire.model.rules import *  # noqa: F403
    from plainwire.model.site import *  # noqa: F403
    from plainwire.model.source import *  # noqa: F403
    from plainwire.model.target import *  # noqa: F403
    from plainwire.model.tls import *  # noqa: F403

_NAMES = {
    "answer": "Answer Cleartext Evidence Exchange Handshake NoListener Refused Span Unanswered",
    "api": "ApiOperation Parameter Responses Schema Security",
    "checks": "SECTIONS Check LeftOut LiveRun Page check parse_page",
    "deployment": (
        "GATEWAY App Deployment Environment Forward Hop Image Listen Middleware Opening "
        "Path ProxySite Publication Relay Route Service Setting Stage Start"
    ),
    "errors": "PlainwireError TargetError UsageError WireError",
    "finding": (
        "Confidence Finding FixReference Letter Location Severity Suppression in_order locations_of"
    ),
    "fix": "LEVELS Edit Level Patch Peer Proposal Remedy RemedyPage remedy",
    "identity": "FORGERIES Forgery Identity TokenFacts",
    "masked": "masked_line masked_value",
    "peers": "GraphqlEndpoint McpServer",
    "report": (
        "CATEGORIES Cap Category CategoryStatus Coverage Grade Report Skipped TlsStatus "
        "canonical_json"
    ),
    "rules": "LAYERS Rule RuleRun example_files rule",
    "site": "Site",
    "source": "UNKNOWN Binding Call Format Function Module Project Skip SourceFile Text Value",
    "target": "Endpoint Headers Operation Origin Request Scheme Target",
    "tls": (
        "CertificateFacts Chain DhParameters Gap Part PostQuantum ProfileVerdict Staple "
        "StapleStatus TlsEndpoint"
    ),
}
_MODULES = {name: module for module, names in _NAMES.items() for name in names.split()}

__all__ = list(_MODULES)

if not TYPE_CHECKING:  # which would take any name for one that is there

    def __getattr__(name: str) -> object:
        """A word, from its module; kept, so that it is asked for once."""
        from importlib import import_module

        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
        globals()[name] = value
        return value
