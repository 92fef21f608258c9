"""Manifests after the remedies: what the Kubernetes API takes, and what YAML makes of it."""

import pytest
import yaml

from fix.fixing import fixed
from plainwire import catalog
from plainwire.model import example_files

PAGES = {
    r.id: example_files(r.page.before)
    for r in catalog.load_remedies()
    if r.id in ("cluster-service", "ingress-tls")
}
PATH = "k8s/shop.yaml"
# ServiceSpec v1: refused unless the type is LoadBalancer or NodePort.
OUTSIDE = """\
  # the client's address
  externalTrafficPolicy: "Local"  # kept
  loadBalancerSourceRanges:  # the office
  - 203.0.113.0/24
  - 198.51.100.0/24
  healthCheckNodePort: 30002
  loadBalancerIP: 203.0.113.1
  sessionAffinity: None
"""


def documents(remedy, *changes):
    """The manifests as YAML reads them after a remedy, by kind, and their text."""
    text = PAGES[remedy][PATH]
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    after = fixed(PAGES[remedy] | {PATH: text}, only=frozenset({remedy}))[PATH]
    return {one["kind"]: one for one in yaml.safe_load_all(after)}, after


@pytest.mark.parametrize("kind", ["LoadBalancer", '"LoadBalancer"', "'NodePort'"])
def test_a_service_that_is_inside_alone_has_nothing_of_those_outside(kind):
    whole, text = documents(
        "cluster-service",
        ("type: NodePort  # to look at it", f"type: {kind}  # to look at it"),
        ("      name: http\n---", f"      name: http\n{OUTSIDE}---"),
    )
    spec = whole["Service"]["spec"]
    assert set(spec) == {"type", "selector", "ports", "sessionAffinity"}
    assert spec["type"] == "ClusterIP" and spec["ports"][0].keys() == {"port", "targetPort", "name"}
    assert kind.replace(kind.strip("\"'"), "ClusterIP") in text and "# the client's address" in text


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("host: shop.example", 'host: "*.shop.example"'),
        ("  rules:\n", "  # these rules:\n  rules:  # rules of the shop\n    # rules\n"),
    ],
)
def test_an_ingress_names_its_hosts(old, new):
    whole, _ = documents("ingress-tls", (old, new))
    spec = whole["Ingress"]["spec"]
    hosts = [rule["host"] for rule in spec["rules"]]
    assert spec["tls"] == [{"hosts": hosts, "secretName": "shop-tls"}]
