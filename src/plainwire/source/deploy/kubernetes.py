"""Kubernetes manifests: services, ingresses, gateways, workloads, ConfigMaps and Secrets.

https://kubernetes.io/docs/reference/kubernetes-api/ (read 2026).
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from plainwire.model import Publication, Route, Setting, Skip, SourceFile, Span
from plainwire.source.deploy import clouds, gateway, istio
from plainwire.source.deploy.yaml_nodes import Yaml, documents
from plainwire.source.numerals import whole

# https://cloud.google.com/kubernetes-engine/docs/how-to/managed-certs and …/ingress-multi-ssl
GKE_CERTIFICATES = frozenset(
    {
        "networking.gke.io/managed-certificates",
        "networking.gke.io/certmap",
        "ingress.gcp.kubernetes.io/pre-shared-cert",
    }
)
_GOOGLE_IMAGE = re.compile(r"([\w-]+\.)?(gcr\.io|pkg\.dev)/")
REDIRECTS = (
    "nginx.ingress.kubernetes.io/ssl-redirect",
    "nginx.ingress.kubernetes.io/force-ssl-redirect",
    "ingress.kubernetes.io/ssl-redirect",
)
_MESH = "what it says of connections inside the mesh is not judged"


@dataclass(frozen=True, slots=True)
class Workload:
    """A container of a pod: what it runs, and which sources its environment comes from."""

    name: str
    place: Span
    labels: dict[str, str]
    image: str
    command: tuple[str, ...]
    command_place: Span | None
    settings: dict[str, Setting]
    sources: tuple[str, ...]
    mounts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class KubernetesService:
    """A Service: its selector, and its ports as far as they are reachable from outside.

    ``targets`` are the containers' ports by the Service's own.
    """

    name: str
    place: Span
    selector: dict[str, str]
    publications: tuple[Publication, ...]
    targets: Mapping[int, int]


@dataclass
class Manifests:
    """What the manifests of a folder hold."""

    workloads: list[Workload] = field(default_factory=list)
    services: list[KubernetesService] = field(default_factory=list)
    routes: list[Route] = field(default_factory=list)
    settings: list[Setting] = field(default_factory=list)
    embedded: list[tuple[str, str, int, SourceFile]] = field(default_factory=list)
    listeners: list[gateway.Listener] = field(default_factory=list)
    attached: list[gateway.Attached] = field(default_factory=list)
    servers: list[istio.Server] = field(default_factory=list)
    virtuals: list[istio.Virtual] = field(default_factory=list)
    skipped: list[Skip] = field(default_factory=list)

    @property
    def all_routes(self) -> tuple[Route, ...]:
        """The routes of ingresses, and of Gateways of both sorts once all manifests are read."""
        attached = gateway.routes(self.listeners, self.attached)
        return (*self.routes, *attached, *istio.routes(self.servers, self.virtuals))

    @property
    def sends_no_hsts(self) -> bool:
        """True if a ConfigMap tells ingress-nginx to send no HSTS."""
        return any(
            s.name == "hsts" and s.is_false and s.scope.startswith("ConfigMap ")
            for s in self.settings
        )


def read(file: SourceFile, into: Manifests) -> None:
    """Add what a file holds.

    Raises:
        ValueError: if it is no YAML.
    """
    take(documents(file.text), file, into)


def take(roots: Sequence[Yaml], file: SourceFile, into: Manifests) -> None:
    """Add what the documents of a file hold."""
    for document in _objects(roots, file, into)[:500]:
        kind = _text(document.get("kind"))
        name = _text(document.get("metadata", "name")) or ""
        api = _text(document.get("apiVersion")) or ""
        match kind:
            case "Service" if api.startswith("serving.knative.dev/"):
                _knative(document, name, file, into)
            case "Service":
                into.services.append(_service(document, name, file))
            case "Ingress":
                into.routes += list(_ingress(document, name, file))
            case "Route":
                into.routes += list(_openshift_route(document, file))
            case "Gateway" if api.startswith(istio.GROUP):
                into.servers += istio.servers(document, name, file)
            case "VirtualService" if api.startswith(istio.GROUP):
                into.virtuals.append(istio.virtual(document, file))
            case "PeerAuthentication" | "DestinationRule":
                place = file.span(document.line)
                into.skipped.append(Skip(place.path, _MESH, place.line))
            case "Gateway":
                into.listeners += gateway.listeners(document, name, file)
            case "HTTPRoute":
                into.attached.append(gateway.attached(document, file))
            case "IngressRoute":
                into.routes += gateway.ingress_routes(document, file)
            case "Deployment" | "DeploymentConfig" | "StatefulSet" | "DaemonSet" | "Pod":
                into.workloads += list(_workloads(document, name, file))
            case "BuildConfig":
                into.settings += _webhooks(document, name, file)
            case "ConfigMap" | "Secret":
                _data(document, name, kind, file, into)
            case _:
                pass


def _objects(roots: Sequence[Yaml], file: SourceFile, into: Manifests) -> list[Yaml]:
    """The objects of a file, those in a List or in a Template of OpenShift too.

    A Template's parameters are settings, given unless others are named when it is processed
    (https://docs.openshift.com/container-platform, Using templates, read 2026-11).
    """
    found: list[Yaml] = []
    for document in roots[:500]:
        kind = _text(document.get("kind"))
        inner = document.get({"List": "items", "Template": "objects"}.get(kind or "", ""))
        found += (document,) if inner is None else inner.elements()
        parameters = document.get("parameters") if kind == "Template" else None
        for one in parameters.elements() if parameters is not None else ():
            name, value = _text(one.get("name")), _text(one.get("value"))
            if name and value:
                place = file.span(one.key_line("value"))
                into.settings.append(
                    Setting(name, value, place, file.environment, "Template", is_default=True)
                )
    return found


def _webhooks(document: Yaml, name: str, file: SourceFile) -> Iterator[Setting]:
    """What opens the webhooks of a build; one that a Secret holds is only named.

    https://docs.openshift.com/container-platform (Triggering builds, webhook triggers, read 2026)
    """
    triggers = document.get("spec", "triggers")
    for trigger in triggers.elements() if triggers is not None else ():
        for program in ("github", "gitlab", "bitbucket", "generic"):
            hook = trigger.get(program)
            if hook is not None and hook.get("secret") is not None:
                place = file.span(hook.key_line("secret"))
                value = _text(hook.get("secret"))
                yield Setting(f"the {program} webhook", value, place, file.environment, name)


def _text(node: Yaml | None) -> str | None:
    return node.text if node is not None else None


def _map(node: Yaml | None) -> dict[str, str]:
    return {k: v.text or "" for k, _, v in node.items()} if node is not None else {}


def _number(node: Yaml | None) -> int | None:
    return whole(_text(node) or "")


def _service(document: Yaml, name: str, file: SourceFile) -> KubernetesService:
    spec = document.get("spec") or document
    means = _text(spec.get("type")) or "ClusterIP"
    place = file.span(spec.key_line("type") if spec.get("type") else document.line)
    ports = (spec.get("ports") or document).elements()
    published = []
    if means in ("LoadBalancer", "NodePort"):
        for one in ports:
            port = _number(one.get("nodePort")) if means == "NodePort" else _number(one.get("port"))
            target = _number(one.get("targetPort")) or _number(one.get("port"))
            published.append(Publication(port, target, place, means))
    numbers = ((_number(p.get("port")), _number(p.get("targetPort"))) for p in ports)
    targets = {port: target for port, target in numbers if port is not None and target is not None}
    return KubernetesService(name, place, _map(spec.get("selector")), tuple(published), targets)


def _knative(document: Yaml, name: str, file: SourceFile, into: Manifests) -> None:
    """Knative's and Cloud Run's Service: a pod by itself.

    What publishes Knative's is not in the file; Cloud Run, which takes Google's images, terminates
    TLS. https://knative.dev/docs/serving/reference/serving-api/ (read 2026)
    """
    label = {"serving.knative.dev/service": name}
    place = file.span(document.line)
    workloads = [replace(w, labels=w.labels | label) for w in _workloads(document, name, file)]
    into.workloads += workloads
    into.services.append(KubernetesService(name, place, label, (), {}))
    is_google = any(_GOOGLE_IMAGE.match(w.image) for w in workloads)
    if is_google or "run.googleapis.com/" in file.text:
        into.routes.append(
            Route(clouds.CLOUD_RUN, place, name, None, True, redirects=True, hsts=place)
        )


def _ingress(document: Yaml, name: str, file: SourceFile) -> Iterator[Route]:
    """One route a backend service; TLS by ``spec.tls``."""
    spec = document.get("spec")
    if spec is None:
        return
    annotations = document.get("metadata", "annotations")
    place = file.span(document.key_line("spec"))
    tls = spec.get("tls")
    has_tls = tls is not None and bool(tls.elements())
    program = _text(spec.get("ingressClassName")) or ""
    redirects: bool | None = has_tls or None
    places = [place]
    places += _patched(document, place, file)
    hsts = None
    is_google = False
    serves_http: bool | None = True
    for key, line, value in annotations.items() if annotations is not None else ():
        if key in REDIRECTS:
            redirects = value.text == "true"
            if not redirects:
                places.append(file.span(line))
        elif key == "kubernetes.io/ingress.class":
            program = value.text or ""
        elif key.endswith("certificate-arn"):
            has_tls = True
        elif key in GKE_CERTIFICATES or key.endswith("/appgw-ssl-certificate"):
            has_tls = True
            is_google = key in GKE_CERTIFICATES
        elif key == "kubernetes.io/ingress.allow-http":
            serves_http = value.text != "false"
        elif key.endswith(".FrontendConfig"):
            serves_http = None  # it may redirect
        elif "strict-transport" in (value.text or "").lower():
            hsts = file.span(line)
    if hsts is None and has_tls and _is_ingress_nginx(program, annotations):
        hsts = place  # the controller's own; a ConfigMap may take it back
    if is_google and serves_http is not None and redirects is None:
        redirects = not serves_http  # Google's load balancer answers both unless told otherwise
    seen = set()
    named = None if tls is None or not has_tls else _hosts_of(tls)
    for host, backend in _backends(spec):
        is_covered = has_tls and (not named or not host or _covers(named, host))
        service = _text(backend.get("service", "name")) or _text(backend.get("serviceName")) or ""
        port = _number(backend.get("service", "port", "number")) or _number(
            backend.get("servicePort")
        )
        if (service, port, is_covered) not in seen:
            seen.add((service, port, is_covered))
            yield Route(
                f"{program} ingress".strip(),
                place,
                service,
                port,
                is_covered,
                tuple(places),
                redirects if is_covered or not has_tls else None,
                hsts=hsts if is_covered else None,
            )


def _patched(document: Yaml, place: Span, file: SourceFile) -> Iterator[Span]:
    """Where other files than its own say what is in a resource's ``spec``, as patches do."""
    spec = document.get("spec")
    for _, line, _ in spec.items() if spec is not None else ():
        other = file.span(line)
        if other.path != place.path:
            yield other


def _is_ingress_nginx(program: str, annotations: Yaml | None) -> bool:
    """True for the community's controller, which sends HSTS to the hosts of ``spec.tls``.

    https://kubernetes.github.io/ingress-nginx (ConfigMaps, hsts: "true" by default; read 2026-11).
    Its class is nginx, and so is that of NGINX's own controller, which sends none by itself: where
    no annotation tells which it is, a class of that name is the community's.
    """
    keys = [key for key, _, _ in annotations.items()] if annotations is not None else []
    if any(key.startswith(("nginx.org/", "nginx.com/")) for key in keys):
        return False
    return program == "nginx" or any(key.startswith("nginx.ingress.kubernetes.io/") for key in keys)


def _hosts_of(tls: Yaml) -> set[str]:
    """The hosts that ``spec.tls`` names; none if an entry is for whatever host comes."""
    every = [(one.get("hosts") or tls).words() for one in tls.elements() if one.get("hosts")]
    is_open = len(every) < len(tls.elements())
    return set() if is_open else {host for hosts in every for host in hosts}


def _covers(named: set[str], host: str) -> bool:
    """True for a host that is named, or one label below a wildcard (Ingress, TLS)."""
    return host in named or f"*.{host.partition('.')[2]}" in named or "_" in "".join(named)


def _openshift_route(document: Yaml, file: SourceFile) -> Iterator[Route]:
    """A Route of OpenShift: without ``spec.tls`` the router serves plain HTTP.

    https://docs.openshift.com/container-platform (Routes, read 2026-11): with edge and reencrypt,
    insecureEdgeTerminationPolicy says whether http is served too (Allow), redirected or, by
    default, not served.
    """
    spec, api = document.get("spec"), _text(document.get("apiVersion")) or ""
    service = _text(spec.get("to", "name")) if spec is not None else None
    if spec is None or not service or not api.startswith(("route.openshift.io", "v1")):
        return
    tls = spec.get("tls")
    place = file.span(document.key_line("spec"))
    policy = _text(tls.get("insecureEdgeTerminationPolicy")) if tls is not None else None
    places = [place]
    if tls is not None and policy == "Allow":
        places.append(file.span(tls.key_line("insecureEdgeTerminationPolicy")))
    port = _number(spec.get("port", "targetPort"))
    redirects = None if tls is None else policy != "Allow"
    yield Route("openshift router", place, service, port, tls is not None, tuple(places), redirects)


def _backends(spec: Yaml) -> Iterator[tuple[str, Yaml]]:
    """The hosts of rules with what they lead to; no host for a default."""
    for key in ("defaultBackend", "backend"):
        default = spec.get(key)
        if default is not None:
            yield "", default
    for one in (spec.get("rules") or spec).elements():
        paths = one.get("http", "paths")
        for path in paths.elements() if paths is not None else ():
            backend = path.get("backend")
            if backend is not None:
                yield _text(one.get("host")) or "", backend


def _workloads(document: Yaml, name: str, file: SourceFile) -> Iterator[Workload]:
    template = document.get("spec", "template") or document
    labels = _map(template.get("metadata", "labels"))
    spec = template.get("spec")
    if spec is None:
        return
    volumes = spec.get("volumes")
    maps = [_text(v.get("configMap", "name")) for v in (volumes.elements() if volumes else ())]
    for one in (spec.get("containers") or spec).elements():
        words: tuple[str, ...] = ()
        place = None
        for key in ("command", "args"):
            part = one.get(key)
            if part is not None:
                words += part.words()
                place = place or file.span(one.key_line(key))
        settings: dict[str, Setting] = {}
        sources: list[str] = []
        for variable in (one.get("env") or one).elements():
            variable_name, value = _text(variable.get("name")), _text(variable.get("value"))
            if variable_name:
                line = variable.key_line("value") if value is not None else variable.line
                settings[variable_name] = Setting(
                    variable_name, value, file.span(line), file.environment, name
                )
        for source in (one.get("envFrom") or one).elements():
            for reference in ("configMapRef", "secretRef"):
                referred = _text(source.get(reference, "name"))
                if referred:
                    sources.append(referred)
        yield Workload(
            name,
            file.span(one.line),
            labels,
            _text(one.get("image")) or "",
            tuple(words),
            place,
            settings,
            tuple(sources),
            tuple(m for m in maps if m),
        )


def _data(document: Yaml, name: str, kind: str, file: SourceFile, into: Manifests) -> None:
    for section in ("data", "stringData"):
        node = document.get(section)
        if node is None:
            continue
        for key, line, value in node.items():
            text = value.text
            if text is not None and kind == "Secret" and section == "data":
                text = _decoded(text)
            if text is not None and value.is_block and "\n" in text:
                into.embedded.append((name, text, line, file))
                continue
            into.settings.append(
                Setting(key, text, file.span(line), file.environment, f"{kind} {name}")
            )


def _decoded(text: str) -> str | None:
    try:
        return base64.b64decode(text, validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return None
