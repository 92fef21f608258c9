"""Load balancers in Terraform files: AWS listeners, Google's proxies, Azure's gateways and apps.

Beside them the passwords that are written there; `terraform_networks` reads firewalls.

https://registry.terraform.io/providers/hashicorp/{aws,google,azurerm}/latest/docs (read 2026).
Of variables a port's default is followed, modules are not; a value that needs more is said.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from plainwire.model import Forward, Listen, ProxySite, Setting, Skip, SourceFile, Span
from plainwire.source.deploy import hcl
from plainwire.source.deploy.hcl import Block
from plainwire.source.numerals import whole

OWN_HEADERS = {"x-forwarded-for": "(own)", "x-forwarded-proto": "(own)"}
# What AWS's predefined policies accept beside TLS 1.2 and 1.3, by their names:
# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html
_OLD_POLICY = re.compile(r"ELBSecurityPolicy-(2016-08|2015-\d+|TLS-1-0|FS-2018-06|TLS13-1-0)")
_POLICY_1_1 = re.compile(r"ELBSecurityPolicy-(TLS-1-1|FS-1-1|TLS13-1-1)")
# What is surely no reference to a secret that lies elsewhere, as ``secret = "name"`` may be.
_PASSWORD = re.compile(r"(^|_)(password|auth_token|secret_key|api_key)$", re.IGNORECASE)
_VARIABLES = frozenset({"variables", "environment_variables", "app_settings", "config_vars"})


@dataclass
class Found:
    """What the Terraform files of a folder define."""

    resources: list[tuple[Block, SourceFile]] = field(default_factory=list)
    settings: list[Setting] = field(default_factory=list)
    skipped: list[Skip] = field(default_factory=list)
    defaults: dict[str, str] = field(default_factory=dict)  # of variables, by their names

    def of(self, *kinds: str) -> Iterator[tuple[Block, SourceFile]]:
        """The resources of some types."""
        return ((b, f) for b, f in self.resources if b.labels[0] in kinds)

    def named(self, kind: str, reference: str) -> Block | None:
        """The resource that an expression such as ``aws_lb.main.arn`` refers to."""
        match = re.search(rf"\b{kind}\.([\w-]+)", reference)
        wanted = match[1] if match else None
        return next((b for b, _ in self.of(kind) if b.labels[1] == wanted), None)

    def text(self, block: Block, name: str) -> str | None:
        """An attribute's plain value, or the default of the variable that it is."""
        match = re.fullmatch(r"\s*var\.([\w-]+)\s*", block.attributes.get(name, ("", 0))[0])
        return (self.defaults.get(match[1]) or None) if match else block.text(name)


def read(file: SourceFile, into: Found) -> None:
    """Add what a file defines.

    Raises:
        ValueError: if its blocks do not match.
    """
    root = hcl.load(file.text)
    if file.name.endswith(".tfvars"):
        into.settings += _plain(root, file)
    for block in root.blocks:
        if block.kind == "resource" and len(block.labels) == 2:
            into.resources.append((block, file))
            into.settings += _given(block, file)
        if block.kind == "variable" and block.labels:
            into.defaults[block.labels[0]] = block.text("default") or ""
        if block.kind == "variable" and block.labels and _PASSWORD.search(block.labels[0]):
            value = block.text("default")
            place = file.span(block.line_of("default"))
            name = block.labels[0]
            setting = Setting(name, value, place, file.environment, variable=name, is_default=True)
            into.settings += [setting] if value else []


def _plain(block: Block, file: SourceFile) -> Iterator[Setting]:
    """A block's own attributes that are plain values."""
    for name, (_, line) in block.attributes.items():
        value = block.text(name)
        if value is not None:
            yield Setting(name, value, file.span(line), file.environment)


def _given(block: Block, file: SourceFile) -> Iterator[Setting]:
    """The passwords of a resource, and the variables that it gives to what it runs."""
    for setting in _plain(block, file):
        if block.kind in _VARIABLES or _PASSWORD.search(setting.name):
            yield setting
    for inner in block.blocks:
        yield from _given(inner, file)


def sites(found: Found) -> Iterator[ProxySite]:
    """The listeners that face clients."""
    yield from _aws(found)
    yield from _classic(found)
    yield from _google(found)
    yield from _azure(found)


def _site(
    program: str,
    file: SourceFile,
    listen: Listen,
    place: Span,
    *,
    redirects: Span | None = None,
    protocols: Setting | None = None,
    to: str = "the application",
) -> ProxySite:
    forward = Forward(to, None, "http", place, dict(OWN_HEADERS), place)
    forwards = (forward,) if redirects is None else ()
    environment = file.environment
    return ProxySite(
        program, listen.place, (listen,), forwards, redirects, None, protocols,
        environment=environment,
    )  # fmt: skip


# AWS ---------------------------------------------------------------------------------------


def _aws(found: Found) -> Iterator[ProxySite]:
    for block, file in found.of("aws_lb_listener", "aws_alb_listener"):
        balancer = block.attributes.get("load_balancer_arn", ("", 0))[0]
        lb = found.named("aws_lb", balancer) or found.named("aws_alb", balancer)
        if lb is not None and (
            lb.text("internal") == "true" or lb.text("load_balancer_type") == "network"
        ):
            continue
        protocol = block.text("protocol") or ("HTTP" if "protocol" not in block.attributes else "")
        place = file.span(block.line_of("protocol"))
        if not protocol:
            note_unknown(found, file, block, "protocol")
            continue
        if protocol not in ("HTTP", "HTTPS"):
            continue
        port = whole(block.text("port") or ("443" if protocol == "HTTPS" else "80"))
        if port is None:
            note_unknown(found, file, block, "port")
            continue
        listen = Listen(port, place, protocol == "HTTPS")
        action = next(block.all("default_action"), None)
        redirect = next(action.all("redirect"), None) if action is not None else None
        sends = redirect is not None and (redirect.text("protocol") or "#{protocol}") == "HTTPS"
        redirects = file.span(redirect.line) if redirect is not None and sends else None
        if action is not None and action.text("type") == "fixed-response":
            continue
        policy = block.text("ssl_policy")
        # Terraform's own default is the policy of 2016, which accepts TLS 1.0 (provider docs).
        line = block.line_of("ssl_policy")
        protocols = _policy(policy or "ELBSecurityPolicy-2016-08", file, line)
        is_known = policy is not None or "ssl_policy" not in block.attributes
        yield _site(
            "AWS load balancer",
            file,
            listen,
            file.span(action.line if action is not None else block.line),
            redirects=redirects,
            protocols=protocols if listen.has_tls and is_known else None,
        )


def _classic(found: Found) -> Iterator[ProxySite]:
    """The listeners of a Classic Load Balancer, which redirects nothing by itself."""
    for block, file in found.of("aws_elb"):
        for one in block.all("listener") if block.text("internal") != "true" else ():
            protocol = (found.text(one, "lb_protocol") or "").upper()
            if protocol not in ("HTTP", "HTTPS"):
                if not protocol:
                    note_unknown(found, file, one, "lb_protocol")
                continue
            port = found.text(one, "lb_port") or ""
            number = whole(port) or (443 if protocol == "HTTPS" else 80)
            listen = Listen(number, file.span(one.line_of("lb_protocol")), protocol == "HTTPS")
            yield _site("AWS load balancer", file, listen, file.span(one.line))


def _policy(name: str, file: SourceFile, line: int) -> Setting:
    versions = ["TLSv1.2", "TLSv1.3"]
    if _OLD_POLICY.match(name):
        versions[:0] = ["TLSv1.0", "TLSv1.1"]
    elif _POLICY_1_1.match(name):
        versions[:0] = ["TLSv1.1"]
    return Setting("ssl_policy", " ".join(versions), file.span(line), file.environment)


# Google ------------------------------------------------------------------------------------


def _google(found: Found) -> Iterator[ProxySite]:
    kinds = ("google_compute_target_http_proxy", "google_compute_region_target_http_proxy")
    for block, file in found.of(*kinds):
        reference = block.attributes.get("url_map", ("", 0))[0]
        url_map = found.named("google_compute_url_map", reference) or found.named(
            "google_compute_region_url_map", reference
        )
        redirects = None
        if url_map is None:
            note_unknown(found, file, block, "url_map")
            continue
        for redirect in url_map.all("default_url_redirect"):
            if redirect.text("https_redirect") == "true":
                redirects = file.span(redirect.line_of("https_redirect"))
        place = file.span(block.line)
        yield _site("Google load balancer", file, Listen(80, place), place, redirects=redirects)
    kinds = ("google_compute_target_https_proxy", "google_compute_region_target_https_proxy")
    for block, file in found.of(*kinds):
        place = file.span(block.line)
        reference = block.attributes.get("ssl_policy", ("", 0))[0]
        policy = found.named("google_compute_ssl_policy", reference)
        line = block.line_of("ssl_policy")
        lowest = (policy.text("min_tls_version") or "TLS_1_0") if policy is not None else ""
        protocols = None
        if "ssl_policy" not in block.attributes or lowest:  # without one, TLS 1.0 and later
            names = {"TLS_1_2": "TLSv1.2 TLSv1.3", "TLS_1_1": "TLSv1.1 TLSv1.2 TLSv1.3"}
            versions = names.get(lowest, "TLSv1.0 TLSv1.1 TLSv1.2 TLSv1.3")
            protocols = Setting("ssl_policy", versions, file.span(line), file.environment)
        listen = Listen(443, place, True)
        yield _site("Google load balancer", file, listen, place, protocols=protocols)


# Azure -------------------------------------------------------------------------------------


def _azure(found: Found) -> Iterator[ProxySite]:
    for block, file in found.of("azurerm_application_gateway"):
        rules = list(block.all("request_routing_rule"))
        redirecting = {r.text("name") for r in block.all("redirect_configuration")}
        for one in block.all("http_listener"):
            protocol = (one.text("protocol") or "").lower()
            if protocol not in ("http", "https"):
                note_unknown(found, file, one, "protocol")
                continue
            mine = [r for r in rules if r.text("http_listener_name") == one.text("name")]
            names = [r.text("redirect_configuration_name") for r in mine]
            sends = bool(mine) and all(name and name in redirecting for name in names)
            place = file.span(one.line_of("protocol"))
            listen = Listen(443 if protocol == "https" else 80, place, protocol == "https")
            redirects = file.span(mine[0].line) if sends else None
            yield _site("Azure gateway", file, listen, file.span(one.line), redirects=redirects)
    for block, file in found.of("azurerm_linux_web_app", "azurerm_app_service"):
        place = file.span(block.line_of("https_only"))
        https, http = Listen(443, place, True), Listen(80, place)
        only = block.text("https_only")
        if only is None and "https_only" in block.attributes:
            note_unknown(found, file, block, "https_only")
            continue
        site = _site("Azure App Service", file, https, place)
        # its default is false: http is served too
        yield site if only == "true" else replace(site, listens=(http, https))


def note_unknown(found: Found, file: SourceFile, block: Block, name: str) -> None:
    """Note that an attribute's value is not in the files."""
    words = ".".join(block.labels or (block.kind,))
    reason = f"{words}: {name} is not known from the files"
    found.skipped.append(Skip(file.path, reason, block.line_of(name)))


def groups(files: Sequence[SourceFile]) -> dict[str, Found]:
    """What each folder's files define, by the folder's first file; what could not be read."""
    folders: dict[str, list[SourceFile]] = {}
    for file in files:
        folders.setdefault(file.folder, []).append(file)
    made = {}
    for members in folders.values():
        found = made[members[0].path] = Found()
        for file in members:
            try:
                read(file, found)
            except ValueError as error:
                found.skipped.append(Skip(file.path, str(error)))
    return made
