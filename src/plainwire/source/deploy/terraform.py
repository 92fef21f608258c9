"""Load balancers in Terraform files: AWS listeners, Google's proxies, Azure's gateways and apps.

Beside them the passwords that are written there; `terraform_networks` reads firewalls.

https://registry.terraform.io/providers/hashicorp/{aws,google,azurerm}/latest/docs (read 2026).
`terraform_modules` says what variables and modules come to; a value that needs more is said.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from plainwire.model import Environment, Forward, Listen, ProxySite, Setting, Skip, SourceFile, Span
from plainwire.source.deploy import terraform_modules
from plainwire.source.deploy.hcl import Block
from plainwire.source.deploy.terraform_modules import Folder, Instance
from plainwire.source.numerals import whole

OWN_HEADERS = {"x-forwarded-for": "(own)", "x-forwarded-proto": "(own)"}
# What AWS's predefined policies accept beside TLS 1.2 and 1.3, by their names:
# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html
_OLD_POLICY = re.compile(r"ELBSecurityPolicy-(2016-08|2015-\d+|TLS-1-0|FS-2018-06|TLS13-1-0)")
_POLICY_1_1 = re.compile(r"ELBSecurityPolicy-(TLS-1-1|FS-1-1|TLS13-1-1)")
# What is surely no reference to a secret that lies elsewhere, as ``secret = "name"`` may be.
_PASSWORD = re.compile(r"(^|_)(password|auth_token|secret_key|api_key)$", re.IGNORECASE)
_AZURE_APPS = (
    *("azurerm_linux_web_app", "azurerm_windows_web_app", "azurerm_app_service"),
    *("azurerm_linux_function_app", "azurerm_windows_function_app", "azurerm_function_app"),
)
_VARIABLES = frozenset({"variables", "environment_variables", "app_settings", "config_vars"})


@dataclass
class Found:
    """What the Terraform files of a folder define, with the modules that it uses."""

    instance: Instance | None = None
    inner: list[Found] = field(default_factory=list)
    settings: list[Setting] = field(default_factory=list)
    skipped: list[Skip] = field(default_factory=list)

    def of(self, *kinds: str) -> Iterator[tuple[Block, SourceFile]]:
        """The resources of some types, those of its modules left out."""
        resources = self.instance.resources if self.instance is not None else ()
        return ((b, f) for b, f in resources if b.labels[0] in kinds)

    def named(self, kind: str, reference: str) -> Block | None:
        """The resource that an expression such as ``aws_lb.main.arn`` refers to."""
        return self.instance.resource(kind, reference) if self.instance is not None else None

    def each(self) -> Iterator[Found]:
        """It and all the modules in it."""
        yield self
        for one in self.inner:
            yield from one.each()


def _settings(root: Block, file: SourceFile) -> Iterator[Setting]:
    """What a file gives to programs, and its passwords."""
    if file.name.endswith(".tfvars"):
        yield from _plain(root, file)
    for block in root.blocks:
        if block.kind == "resource" and len(block.labels) == 2:
            yield from _given(block, file)
        if block.kind == "variable" and block.labels and _PASSWORD.search(block.labels[0]):
            value = block.text("default")
            place = file.span(block.line_of("default"))
            name = block.labels[0]
            if value:
                yield Setting(name, value, place, file.environment, variable=name, is_default=True)


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
    for one in found.each():
        yield from _aws(one)
        yield from _classic(one)
        yield from _google(one)
        yield from _azure(one)


def site(
    program: str,
    file: SourceFile,
    listen: Listen,
    place: Span,
    *,
    redirects: Span | None = None,
    protocols: Setting | None = None,
    to: str = "the application",
) -> ProxySite:
    """A listener that passes everything on, or redirects it where that is said."""
    forward = Forward(to, None, "http", place, dict(OWN_HEADERS), place)
    forwards = (forward,) if redirects is None else ()
    environment = file.environment
    return ProxySite(
        program, listen.place, (listen,), forwards, redirects, None, protocols,
        environment=environment,
    )  # fmt: skip


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
        is_fixed = action is not None and action.text("type") == "fixed-response"
        if is_fixed and not _forwards(found, block):
            continue
        policy = block.text("ssl_policy")
        # Terraform's own default is the policy of 2016, which accepts TLS 1.0 (provider docs).
        line = block.line_of("ssl_policy")
        protocols = _policy(policy or "ELBSecurityPolicy-2016-08", file, line)
        is_known = policy is not None or "ssl_policy" not in block.attributes
        yield site(
            "AWS load balancer",
            file,
            listen,
            file.span(action.line if action is not None else block.line),
            redirects=redirects,
            protocols=protocols if listen.has_tls and is_known else None,
        )


def _forwards(found: Found, listener: Block) -> bool:
    """True if a rule of a listener passes requests on, whatever it does by default."""
    for rule, _ in found.of("aws_lb_listener_rule", "aws_alb_listener_rule"):
        reference = rule.attributes.get("listener_arn", ("", 0))[0]
        own = found.named(listener.labels[0], reference)
        is_own = own is not None and own.labels == listener.labels
        if is_own and any(action.text("type") == "forward" for action in rule.all("action")):
            return True
    return False


def _classic(found: Found) -> Iterator[ProxySite]:
    """The listeners of a Classic Load Balancer, which redirects nothing by itself."""
    for block, file in found.of("aws_elb"):
        for one in block.all("listener") if block.text("internal") != "true" else ():
            protocol = (one.text("lb_protocol") or "").upper()
            if protocol not in ("HTTP", "HTTPS"):
                if not protocol:
                    note_unknown(found, file, one, "lb_protocol")
                continue
            number = whole(one.text("lb_port") or "") or (443 if protocol == "HTTPS" else 80)
            listen = Listen(number, file.span(one.line_of("lb_protocol")), protocol == "HTTPS")
            yield site("AWS load balancer", file, listen, file.span(one.line))


def _policy(name: str, file: SourceFile, line: int) -> Setting:
    versions = ["TLSv1.2", "TLSv1.3"]
    if _OLD_POLICY.match(name):
        versions[:0] = ["TLSv1.0", "TLSv1.1"]
    elif _POLICY_1_1.match(name):
        versions[:0] = ["TLSv1.1"]
    return Setting("ssl_policy", " ".join(versions), file.span(line), file.environment)


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
        yield site("Google load balancer", file, Listen(80, place), place, redirects=redirects)
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
        yield site("Google load balancer", file, listen, place, protocols=protocols)


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
            yield site("Azure gateway", file, listen, file.span(one.line), redirects=redirects)
    for block, file in found.of(*_AZURE_APPS):
        place = file.span(block.line_of("https_only"))
        https, http = Listen(443, place, True), Listen(80, place)
        only = block.text("https_only")
        if only is None and "https_only" in block.attributes:
            note_unknown(found, file, block, "https_only")
            continue
        made = site("Azure App Service", file, https, place)
        # its default is false: http is served too
        yield made if only == "true" else replace(made, listens=(http, https))


def note_unknown(found: Found, file: SourceFile, block: Block, name: str) -> None:
    """Note that an attribute's value is not in the files."""
    words = ".".join(block.labels or (block.kind,))
    reason = f"{words}: {name} is not known from the files"
    place = file.span(block.line_of(name))
    found.skipped.append(Skip(place.path, reason, place.line))


def groups(files: Sequence[SourceFile]) -> dict[str, Found]:
    """What each folder's files define, by the folder's first file; what could not be read.

    A folder that another one uses as a module has its settings only: its resources are the other's.
    """
    reading = terraform_modules.load(files)
    made: dict[str, Found] = {}
    roots = {folder.path: _environment(folder) for folder in reading.roots()}
    # A module that no folder for production uses is used for production by somebody else.
    is_shipped = "production" in {roots[path] for path in roots if reading.uses_modules(path)}
    for folder in reading.folders.values():
        found = made[(folder.files or folder.given)[0][0].path] = Found()
        if folder.path in roots:
            environment = roots[folder.path] if is_shipped else None
            _put(found, terraform_modules.instance_of(reading, folder, environment))
        for file, root in (*folder.files, *folder.given):
            found.settings += _settings(root, file)
    if files:
        made.setdefault(files[0].path, Found()).skipped += reading.skipped
    return made


def _environment(folder: Folder) -> Environment:
    return folder.files[0][0].environment


def _put(into: Found, instance: Instance) -> None:
    into.instance = instance
    for uses in instance.inner.values():
        for one in uses:
            inner = Found(skipped=into.skipped)
            _put(inner, one)
            into.inner.append(inner)
