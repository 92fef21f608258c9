"""The words every other module speaks: Target, Request, Evidence, Finding, Check, Report, Grade.

Frozen data and pure functions over it; no I/O, standard library only. A check is given a
`Site` and yields `Finding`; everything it may know of the world is declared in this package.
"""

from __future__ import annotations

from plainwire.model.answer import (
    Answer,
    Cleartext,
    Evidence,
    Exchange,
    Handshake,
    NoListener,
    Span,
    Unanswered,
)
from plainwire.model.api import (
    ApiOperation,
    Parameter,
    Responses,
    Schema,
    Security,
)
from plainwire.model.check import (
    SECTIONS,
    Check,
    LiveRun,
    Page,
    check,
    parse_page,
)
from plainwire.model.errors import (
    PlainwireError,
    TargetError,
    UsageError,
    WireError,
)
from plainwire.model.finding import (
    Confidence,
    Finding,
    FixReference,
    Letter,
    Location,
    Severity,
    Suppression,
    locations_of,
)
from plainwire.model.identity import (
    FORGERIES,
    Forgery,
    Identity,
    TokenFacts,
)
from plainwire.model.report import (
    CATEGORIES,
    Cap,
    Category,
    CategoryStatus,
    Coverage,
    Grade,
    Report,
    Skipped,
    TlsStatus,
    canonical_json,
)
from plainwire.model.site import (
    Site,
)
from plainwire.model.target import (
    Endpoint,
    Headers,
    Operation,
    Origin,
    Request,
    Scheme,
    Target,
)
from plainwire.model.tls import (
    CertificateFacts,
    Chain,
    DhParameters,
    Gap,
    Part,
    PostQuantum,
    ProfileVerdict,
    Staple,
    StapleStatus,
    TlsEndpoint,
)

__all__ = [
    "CATEGORIES",
    "FORGERIES",
    "SECTIONS",
    "Answer",
    "ApiOperation",
    "Cap",
    "Category",
    "CategoryStatus",
    "CertificateFacts",
    "Chain",
    "Check",
    "Cleartext",
    "Confidence",
    "Coverage",
    "DhParameters",
    "Endpoint",
    "Evidence",
    "Exchange",
    "Finding",
    "FixReference",
    "Forgery",
    "Gap",
    "Grade",
    "Handshake",
    "Headers",
    "Identity",
    "Letter",
    "LiveRun",
    "Location",
    "NoListener",
    "Operation",
    "Origin",
    "Page",
    "Parameter",
    "Part",
    "PlainwireError",
    "PostQuantum",
    "ProfileVerdict",
    "Report",
    "Request",
    "Responses",
    "Schema",
    "Scheme",
    "Security",
    "Severity",
    "Site",
    "Skipped",
    "Span",
    "Staple",
    "StapleStatus",
    "Suppression",
    "Target",
    "TargetError",
    "TlsEndpoint",
    "TlsStatus",
    "TokenFacts",
    "Unanswered",
    "UsageError",
    "WireError",
    "canonical_json",
    "check",
    "locations_of",
    "parse_page",
]
