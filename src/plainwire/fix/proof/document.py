"""A proof as JSON, ``plainwire-proof/1``."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final

from plainwire import __version__
from plainwire.fix.proof.proof import Proof, Proved

SCHEMA: Final = "plainwire-proof/1"


def to_json(proof: Proof, written: str | None = None) -> dict[str, Any]:
    """The proof as ``plainwire-proof/1``; values of --env-file are masked wherever they appear.

    ``written`` is the digest of the tree as it is after the patch was applied; None: it was not.
    """
    transcript = proof.transcript
    canonical = json.dumps(transcript, sort_keys=True, separators=(",", ":"))
    canonical = masked(canonical, proof.secrets)  # so that a reader can make it again
    found = {
        "schema": SCHEMA,
        "tool": {"name": "plainwire", "version": __version__},
        "started_at": proof.started_at.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "duration_s": round(proof.duration_s, 3),
        "verdict": proof.verdict,
        "assumptions": list(proof.assumptions),
        "not_run": list(proof.not_run),
        "environment": proof.environment,
        "isolation": proof.isolation,
        "sha256": {
            "tree_before": proof.tree_before,
            "tree_after": proof.tree_after,
            "tree_written": written,
            "patch": proof.patch,
            "transcript": hashlib.sha256(canonical.encode()).hexdigest(),
        },
        "deployments": [_deployment(d) for d in proof.deployments],
        "transcript": transcript,
    }
    return json.loads(masked(json.dumps(found), proof.secrets))  # type: ignore[no-any-return]


def masked(text: str, secrets: Sequence[str]) -> str:
    """Text with the values of --env-file replaced, as they are written in JSON too."""
    for secret in sorted(secrets, key=len, reverse=True):
        for form in (secret, json.dumps(secret)[1:-1]):
            text = text.replace(form, "[masked]")
    return text


def _deployment(one: Proved) -> dict[str, Any]:
    runs = one.runs or ()
    words = ("before", "after")
    return {
        "name": one.name,
        "host": one.host,
        "verdict": one.verdict,
        "reasons": list(one.reasons),
        "stacks": {
            which: {
                "commands": [list(p.words) for p in each.processes],
                "stands_for": [p.stands_for for p in each.processes if p.stands_for],
                "entrances": [asdict(e) for e in each.entrances],
                "missing": list(each.missing),
                "notes": list(each.notes),
            }
            for which, each in zip(words, (one.before, one.after), strict=True)
        },
        "runs": {
            which: {
                "failed": dict(run.failed),
                "refused": run.refused,
                "attempts": list(run.attempts),
                "versions": dict(run.versions),
                "stopped": run.stopped,
                "tests": run.tests and {"exit": run.tests["exit"]},
            }
            for which, run in zip(words, runs, strict=False)
        },
        "cases": [
            {
                "id": r.case.id,
                "group": r.case.group,
                "title": r.case.title,
                "expected": r.case.expected,
                "basis": r.case.basis,
                "required": r.case.is_required,
                "before": asdict(r.before),
                "after": asdict(r.after),
            }
            for r in one.cases
        ],
        "routes": [asdict(route) for route in one.routes],
        "not_asked": list(one.left),
    }
