"""Edits of Kubernetes manifests in block style that keep everything around them."""

from __future__ import annotations

from collections.abc import Iterable

from plainwire.fix.text import line_end, margin_of, span_of
from plainwire.model import Edit, SourceFile
from plainwire.source.deploy.yaml_nodes import Yaml, documents

# What the API refuses of a service that is inside alone (Kubernetes, ServiceSpec v1).
_OUTSIDE = (
    *("allocateLoadBalancerNodePorts", "externalTrafficPolicy", "healthCheckNodePort"),
    *("loadBalancerClass", "loadBalancerIP", "loadBalancerSourceRanges"),
)
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
    edits: list[Edit | None] = [_with_scalar(file, kind, "ClusterIP")]
    ports = service.get("spec", "ports")
    for port in ports.elements() if ports is not None else ():
        number = port.get("nodePort")
        if number is None:
            continue
        edits.append(_without(file, "nodePort", number))
    spec = service.get("spec")
    entries = spec.items() if spec is not None else ()
    edits += [_without(file, key, value) for key, _, value in entries if key in _OUTSIDE]
    made = tuple(edit for edit in edits if edit is not None)
    return made if len(made) == len(edits) else ()


def _without(file: SourceFile, key: str, value: Yaml) -> Edit | None:
    """The edit that takes an entry away with its lines. Returns None if it has none of its own."""
    start = file.text.rfind(key, 0, value.span[0])
    if margin_of(file.text, start) is None:
        return None
    end = value.span[0] + len(file.text[slice(*value.span)].rstrip())
    return Edit(file.path, file.text.rfind("\n", 0, start), line_end(file.text, end), "")


def _with_scalar(file: SourceFile, node: Yaml, new: str) -> Edit:
    """The edit that gives a scalar another value, in the quotes that it has."""
    start, end = node.span
    is_quoted = file.text[start] in "\"'"
    return Edit(file.path, start + is_quoted, end - is_quoted, new)


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


def _scalar(host: str) -> str:
    """A host as YAML takes it: a star would be an alias's."""
    return f'"{host}"' if host.startswith("*") else host


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
    line = next(line for name, line, _ in spec.items() if name == "rules")
    first, last = span_of(file.text, line)
    key = file.text.find("rules", first, last)
    margin = margin_of(file.text, key)
    if not hosts or not margin:
        return None
    secret = secret or f"{name.text}-tls"
    lines = ["tls:", "  - hosts:", *(f"      - {_scalar(host)}" for host in hosts)]
    lines.append(f"    secretName: {secret}")
    text = "".join(f"{line}\n{margin}" for line in lines)
    return Edit(file.path, key, key, text), secret
