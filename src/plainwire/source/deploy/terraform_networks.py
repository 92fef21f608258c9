"""What Terraform files open to every address: security groups, firewalls, databases in public.

https://registry.terraform.io/providers/hashicorp/{aws,google,azurerm}/latest/docs (read 2026).
Addresses that a variable gives are no opening that is known; such ports are said.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from plainwire.model import Opening, SourceFile
from plainwire.source.deploy.hcl import Block
from plainwire.source.deploy.terraform import Found, note_unknown

MAX_PORT = 65535
_EVERYBODY = re.compile(r"\"(0\.0\.0\.0/0|::/0|\*|Internet|Any)\"", re.IGNORECASE)
_TCP = frozenset({"tcp", "6", "-1", "all", "*"})
_DATABASES = (
    "aws_db_instance",
    "aws_rds_cluster_instance",
    "aws_redshift_cluster",
    "aws_docdb_cluster_instance",
    "aws_neptune_cluster_instance",
    "aws_dms_replication_instance",
)
_AWS_RULES = ("aws_security_group_rule", "aws_vpc_security_group_ingress_rule")


def openings(found: Found) -> Iterator[Opening]:
    """What is open to every address, each at the line that says so."""
    for one in found.each():
        yield from _openings(one)


def _openings(found: Found) -> Iterator[Opening]:
    for block, file in found.of(*_DATABASES):
        if block.text("publicly_accessible") == "true":
            place = file.span(block.line_of("publicly_accessible"))
            yield Opening(place, file.environment, database=block.labels[1])
    for block, file in found.of("aws_security_group", "aws_default_security_group"):
        for rule in block.all("ingress"):
            yield from _aws(rule, file, found)
    for block, file in found.of(*_AWS_RULES):
        if (block.text("type") or "ingress") == "ingress":
            yield from _aws(block, file, found)
    for block, file in found.of("google_compute_firewall"):
        if (block.text("direction") or "INGRESS") == "INGRESS":
            yield from _google(block, file)
    for block, file in found.of("azurerm_network_security_rule"):
        yield from _azure(block, file)
    for block, file in found.of("azurerm_network_security_group"):
        for rule in block.all("security_rule"):
            yield from _azure(rule, file)


def _aws(rule: Block, file: SourceFile, found: Found) -> Iterator[Opening]:
    line = _everybody(rule, "cidr_blocks", "ipv6_cidr_blocks", "cidr_ipv4", "cidr_ipv6")
    protocol = (rule.text("protocol") or rule.text("ip_protocol") or _bare(rule)).lower()
    if not line or protocol not in _TCP:
        return
    if protocol in ("-1", "all"):  # then the ports say nothing
        yield Opening(file.span(line), file.environment, 0, MAX_PORT)
        return
    first, last = rule.text("from_port"), rule.text("to_port")
    if first is None or last is None:
        note_unknown(found, file, rule, "from_port")
    yield from _opened(f"{first}-{last}", line, file, rule.line_of("from_port"))


def _bare(rule: Block) -> str:
    """A protocol that is written as a number with its sign."""
    return next(
        (
            rule.attributes[name][0].strip('"')
            for name in ("protocol", "ip_protocol")
            if name in rule.attributes
        ),
        "",
    )


def _google(block: Block, file: SourceFile) -> Iterator[Opening]:
    line = _everybody(block, "source_ranges")
    if not line and not {"source_ranges", "source_tags", "source_service_accounts"} & (
        set(block.attributes) | {inner.kind for inner in block.blocks}
    ):
        line = block.line  # without a source, every address (google_compute_firewall)
    for allowed in block.all("allow") if line else ():
        if (allowed.text("protocol") or "").lower() not in _TCP:
            continue
        ports = _texts(allowed, "ports")
        for port in ports or [f"0-{MAX_PORT}"]:
            yield from _opened(port, allowed.line_of("ports") if ports else allowed.line, file)


def _azure(rule: Block, file: SourceFile) -> Iterator[Opening]:
    line = _everybody(rule, "source_address_prefix", "source_address_prefixes")
    is_in = rule.text("access") == "Allow" and rule.text("direction") == "Inbound"
    if not line or not is_in or (rule.text("protocol") or "").lower() not in _TCP:
        return
    for port in _texts(rule, "destination_port_range", "destination_port_ranges"):
        yield from _opened(f"0-{MAX_PORT}" if port == "*" else port, line, file)


def _everybody(block: Block, *names: str) -> int:
    """The line on which an attribute names every address, or 0."""
    for name in names:
        written, line = block.attributes.get(name, ("", 0))
        lists = [inner for inner in block.blocks if inner.kind == name]
        if _EVERYBODY.search(written) or any(
            _EVERYBODY.search(item) for inner in lists for item in inner.items
        ):
            return line or lists[0].line
    return 0


def _texts(block: Block, *names: str) -> list[str]:
    """The strings that attributes hold, alone or in lists."""
    written = [block.attributes.get(name, ("", 0))[0] for name in names]
    written += [item for inner in block.blocks if inner.kind in names for item in inner.items]
    return re.findall(r"\"([\d*-]{1,11})\"", " ".join(written))


def _opened(ports: str, line: int, file: SourceFile, beside: int = 0) -> Iterator[Opening]:
    """The opening of ``5432`` or ``5000-5999``; nothing for what is no range.

    ``beside`` is the line that names the ports, where that is another one.
    """
    match = re.fullmatch(r"(\d{1,5})(?:-(\d{1,5}))?", ports)
    if match:
        first, last = int(match[1]), int(match[2] or match[1])
        if first <= last <= MAX_PORT:
            ports_place = file.span(beside) if beside not in (0, line) else None
            yield Opening(file.span(line), file.environment, first, last, "", ports_place)
