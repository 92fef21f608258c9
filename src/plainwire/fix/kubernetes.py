"""Edits of Kubernetes manifests in block style that keep everything around them."""

from __future__ import annotations

from plainwire.fix.text import line_end, margin_of
from plainwire.model import Edit, SourceFile
from plainwire.source.deploy.yaml_nodes import Yaml, documents


def resource(file: SourceFile, line: int, kind: str) -> Yaml | None:
    """The document of a kind that a line stands in. Returns None if there is none."""
    try:
        roots = documents(file.text)
    except ValueError:
        return None
    holding = [root for root in roots if root.line <= line]
    last = max(holding, key=lambda root: root.line, default=None)
    named = last.get("kind") if last is not None else None
    return last if named is not None and named.text == kind else None


def inside_cluster(file: SourceFile, service: Yaml) -> tuple[Edit, ...]:
    """The edits that let a service be reached from inside the cluster only.

    Empty if its type is none that opens it, or is not written in block style.
    """
    kind = service.get("spec", "type")
    if kind is None or kind.text not in ("NodePort", "LoadBalancer"):
        return ()
    edits = [Edit(file.path, *kind.span, "ClusterIP")]
    ports = service.get("spec", "ports")
    for port in ports.elements() if ports is not None else ():
        number = port.get("nodePort")
        if number is None:
            continue
        start = file.text.rfind("nodePort", 0, number.span[0])
        if margin_of(file.text, start) is None:
            return ()
        first = file.text.rfind("\n", 0, start)
        edits.append(Edit(file.path, first, line_end(file.text, number.span[1]), ""))
    return tuple(edits)


def with_tls(file: SourceFile, ingress: Yaml) -> tuple[Edit, str] | None:
    """The edit that names a certificate's secret for the hosts of an ingress, and the secret.

    Returns None if it has one, names no host, or is not written in block style.
    """
    spec, name = ingress.get("spec"), ingress.get("metadata", "name")
    rules = spec.get("rules") if spec is not None else None
    if spec is None or rules is None or name is None or spec.get("tls") is not None:
        return None
    hosts = [h.text for h in (rule.get("host") for rule in rules.elements()) if h and h.text]
    key = file.text.rfind("rules", 0, rules.span[0])
    margin = margin_of(file.text, key)
    if not hosts or not margin:
        return None
    secret = f"{name.text}-tls"
    lines = ["tls:", "  - hosts:", *(f"      - {host}" for host in dict.fromkeys(hosts))]
    lines.append(f"    secretName: {secret}")
    text = "".join(f"{line}\n{margin}" for line in lines)
    return Edit(file.path, key, key, text), secret
