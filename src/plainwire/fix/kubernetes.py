"""Edits of Kubernetes manifests in block style that keep everything around them."""

from __future__ import annotations

from collections.abc import Iterable

from plainwire.fix.text import line_end, margin_of
from plainwire.model import Edit, SourceFile
from plainwire.source.deploy.yaml_nodes import Yaml, documents

_ISSUERS = ("cert-manager.io/issuer", "cert-manager.io/cluster-issuer")


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


def issuer_of(ingress: Yaml) -> int:
    """The line of the annotation by which cert-manager fills the secrets of an ingress; 0: none.

    https://cert-manager.io/docs/usage/ingress/, supported annotations.
    """
    annotations = ingress.get("metadata", "annotations")
    for name, line, value in annotations.items() if annotations is not None else ():
        if name in _ISSUERS and value.text:
            return line
    return 0


def certificate_for(ingress: Yaml, files: Iterable[SourceFile]) -> tuple[str, str] | None:
    """The secret that a cert-manager Certificate fills for all hosts of an ingress, and its place.

    Returns None if there is none in the namespace of the ingress.
    """
    hosts = set(_hosts(ingress))
    for file in files if hosts else ():
        if file.environment not in ("production", "staging") or "{{" in file.text:
            continue
        try:
            roots = documents(file.text)
        except ValueError:
            continue
        for root in roots:
            kind, names = root.get("kind"), root.get("spec", "dnsNames")
            secret = root.get("spec", "secretName")
            if kind is None or kind.text != "Certificate" or names is None or secret is None:
                continue
            is_same = _namespace(root) == _namespace(ingress)
            if is_same and secret.text and hosts <= set(names.words()):
                return secret.text, f"{secret.text} ({file.path}:{kind.line})"
    return None


def _namespace(root: Yaml) -> str | None:
    found = root.get("metadata", "namespace")
    return found.text if found is not None else None


def _hosts(ingress: Yaml) -> list[str]:
    rules = ingress.get("spec", "rules")
    named = [rule.get("host") for rule in rules.elements()] if rules is not None else []
    return list(dict.fromkeys(host.text for host in named if host is not None and host.text))


def with_tls(file: SourceFile, ingress: Yaml, secret: str | None = None) -> tuple[Edit, str] | None:
    """The edit that names a certificate's secret for the hosts of an ingress, and the secret.

    ``secret`` None: it is called like the ingress. Returns None if it has one, names no host, or is
    not written in block style.
    """
    spec, name = ingress.get("spec"), ingress.get("metadata", "name")
    rules = spec.get("rules") if spec is not None else None
    if spec is None or rules is None or name is None or spec.get("tls") is not None:
        return None
    hosts = _hosts(ingress)
    key = file.text.rfind("rules", 0, rules.span[0])
    margin = margin_of(file.text, key)
    if not hosts or not margin:
        return None
    secret = secret or f"{name.text}-tls"
    lines = ["tls:", "  - hosts:", *(f"      - {host}" for host in hosts)]
    lines.append(f"    secretName: {secret}")
    text = "".join(f"{line}\n{margin}" for line in lines)
    return Edit(file.path, key, key, text), secret
