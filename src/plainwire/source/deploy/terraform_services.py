"""Services in Terraform files that serve https by themselves: CloudFront, API Gateway, Azure's.

Cloud Run is in clouds.py.
https://registry.terraform.io/providers/hashicorp/{aws,google,azurerm}/latest/docs (read 2026).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from plainwire.model import Forward, Listen, ProxySite, Setting, SourceFile, Span
from plainwire.source.deploy.hcl import Block
from plainwire.source.deploy.terraform import Found, note_unknown, site

# The oldest version that each of CloudFront's security policies takes from viewers:
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/secure-connections-supported-viewer-protocols-ciphers.html
_POLICIES = {
    "SSLv3": "SSLv3 TLSv1.0 TLSv1.1 TLSv1.2",
    "TLSv1": "TLSv1.0 TLSv1.1 TLSv1.2 TLSv1.3",
    "TLSv1_2016": "TLSv1.0 TLSv1.1 TLSv1.2 TLSv1.3",
    "TLSv1.1_2016": "TLSv1.1 TLSv1.2 TLSv1.3",
}


def sites(found: Found) -> Iterator[ProxySite]:
    """What faces clients."""
    for one in found.each():
        yield from _cloudfront(one)
        yield from _api_gateway(one)
        yield from _azure(one)


def _both(program: str, file: SourceFile, place: Span, *, serves_http: bool) -> list[ProxySite]:
    """A site on 443, and one on 80 that serves the same, or that redirects or refuses."""
    made = site(program, file, Listen(443, place, True), place)
    if serves_http:
        return [replace(made, listens=(Listen(80, place), *made.listens))]
    return [made, replace(made, listens=(Listen(80, place),), forwards=(), redirects=place)]


def _cloudfront(found: Found) -> Iterator[ProxySite]:
    """A distribution: by each behaviour, http is served, redirected or refused."""
    for block, file in found.of("aws_cloudfront_distribution"):
        if block.text("enabled") == "false":
            continue
        protocols = _viewer_protocols(block, file)
        origins = {one.text("origin_id"): one for one in block.all("origin")}
        for one in block.all("default_cache_behavior", "ordered_cache_behavior"):
            policy = one.text("viewer_protocol_policy")
            if policy not in ("allow-all", "redirect-to-https", "https-only"):
                note_unknown(found, file, one, "viewer_protocol_policy")
                continue
            origin = origins.get(one.text("target_origin_id"))
            if origin is not None and _is_bucket(origin):
                continue  # files, and no application
            place = file.span(one.line_of("viewer_protocol_policy"))
            ahead = _origin(origin, file) if origin is not None else None
            for made in _both("CloudFront", file, place, serves_http=policy == "allow-all"):
                forwards = made.forwards if ahead is None or made.redirects else (ahead,)
                told = protocols if made.has_tls else None
                yield replace(made, protocols=told, forwards=forwards)


def _is_bucket(origin: Block) -> bool:
    is_one = any(one.kind == "s3_origin_config" for one in origin.blocks)
    return is_one or "aws_s3_bucket." in origin.attributes.get("domain_name", ("", 0))[0]


def _origin(origin: Block, file: SourceFile) -> Forward | None:
    """What is asked of an origin in clear over the internet. Returns None for all others."""
    for custom in origin.all("custom_origin_config"):
        host = origin.text("domain_name")
        policy = custom.text("origin_protocol_policy")
        if policy == "http-only" and host:
            place = file.span(custom.line_of("origin_protocol_policy"))
            return Forward(host, None, "http", place)
    return None


def _viewer_protocols(block: Block, file: SourceFile) -> Setting | None:
    """The versions for viewers; with CloudFront's own certificate always TLS 1.0 and later."""
    for one in block.all("viewer_certificate"):
        name = one.text("minimum_protocol_version")
        line = one.line_of("minimum_protocol_version")
        if one.text("cloudfront_default_certificate") == "true":
            return None  # for *.cloudfront.net, which nobody can set
        if name is None and "minimum_protocol_version" in one.attributes:
            return None
        versions = _POLICIES.get(name or "TLSv1", "TLSv1.2 TLSv1.3")
        return Setting("minimum_protocol_version", versions, file.span(line), file.environment)
    return None


def _api_gateway(found: Found) -> Iterator[ProxySite]:
    """API Gateway, which serves https alone; what it asks of others over plain HTTP shows."""
    kinds = ("aws_apigatewayv2_integration", "aws_api_gateway_integration")
    for block, file in found.of(*kinds):
        uri = block.text("integration_uri") or block.text("uri") or ""
        is_inside = (
            "connection_id" in block.attributes or block.text("connection_type") == "VPC_LINK"
        )
        if uri.startswith(("http://", "https://")) and not is_inside:
            scheme, _, rest = uri.partition("://")
            name = "integration_uri" if "integration_uri" in block.attributes else "uri"
            place = file.span(block.line_of(name))
            host = rest.partition("/")[0].partition(":")[0]
            listen = Listen(443, file.span(block.line), True)
            made = site("AWS API Gateway", file, listen, place)
            yield replace(made, forwards=(Forward(host, None, scheme, place),))
    for block, file in found.of("aws_api_gateway_domain_name"):
        policy = block.text("security_policy")
        if policy == "TLS_1_0":
            place = file.span(block.line_of("security_policy"))
            made = site("AWS API Gateway", file, Listen(443, place, True), place)
            versions = "TLSv1.0 TLSv1.1 TLSv1.2"
            setting = Setting("security_policy", versions, place, file.environment)
            yield replace(made, protocols=setting)


def _azure(found: Found) -> Iterator[ProxySite]:
    for block, file in found.of("azurerm_container_app"):
        for one in block.all("ingress"):
            if one.text("external_enabled") != "true":
                continue
            line = one.line_of("allow_insecure_connections")
            allows = one.text("allow_insecure_connections")
            if allows is None and "allow_insecure_connections" in one.attributes:
                note_unknown(found, file, one, "allow_insecure_connections")
                continue
            place = file.span(line)
            yield from _both("Azure Container Apps", file, place, serves_http=allows == "true")
    for block, file in found.of("azurerm_cdn_frontdoor_route"):
        redirects = block.text("https_redirect_enabled") or (
            "" if "https_redirect_enabled" in block.attributes else "true"
        )
        schemes = " ".join(_texts(block, "supported_protocols"))
        if not redirects or "Http" not in schemes:
            note_unknown(found, file, block, "https_redirect_enabled")
            continue
        place = file.span(block.line_of("https_redirect_enabled"))
        serves = redirects == "false" and '"Http"' in schemes
        yield from _both("Azure Front Door", file, place, serves_http=serves)


def _texts(block: Block, name: str) -> list[str]:
    inner = [item for one in block.blocks if one.kind == name for item in one.items]
    return [block.attributes.get(name, ("", 0))[0], *inner]
