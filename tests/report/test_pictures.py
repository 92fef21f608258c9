"""The pictures of paths: every name fits its box, what is not one is drawn apart, nothing is raw."""

import re
import xml.etree.ElementTree as ET

import pytest

from auditing import audited
from plainwire.report import render
from plainwire.report.picture import graph, shortened

APP = """
--- {name}.py
from flask import Flask
app = Flask(__name__)
--- Dockerfile
FROM python:3.12
COPY . .
CMD gunicorn -b 0.0.0.0:8000 {name}:app
"""
LONG = "a_very_long_name_of_a_module_that_somebody_chose_for_an_application_of_theirs"
SVG = "{http://www.w3.org/2000/svg}"


def services(number):
    lines = [f"  web{n}:\n    build: .\n    ports: ['{9000 + n}:8000']\n" for n in range(number)]
    return "--- compose.yaml\nservices:\n" + "".join(lines)


@pytest.mark.parametrize("name", ["app", LONG])
def test_every_name_fits_its_box_and_every_box_the_picture(name):
    text = render("svg", [audited(APP.format(name=name) + services(1))])
    tree = ET.fromstring(text)
    boxes = tree.findall(f"{SVG}rect[@rx]")
    assert len(boxes) == 3
    for box in boxes:
        x, y, wide = (float(box.get(key)) for key in ("x", "y", "width"))
        inside = [t for t in tree.findall(f"{SVG}text") if float(t.get("x")) == x + 8]
        (shown,) = [t.text for t in inside if y < float(t.get("y")) < y + 34]
        assert len(shown) * 7 + 8 <= wide  # 12 px DejaVu Sans: 7.1 px a letter on average
        assert x + wide <= float(tree.get("width"))


def test_boxes_of_a_row_do_not_overlap():
    tree = ET.fromstring(render("svg", [audited(APP.format(name=LONG) + services(3))]))
    rows = {}
    for box in tree.findall(f"{SVG}rect[@rx]"):
        rows.setdefault(box.get("y"), []).append((float(box.get("x")), float(box.get("width"))))
    assert len(rows) == 3
    for row in rows.values():
        for (x, wide), (after, _) in zip(sorted(row), sorted(row)[1:], strict=False):
            assert x + wide + 60 < after


def test_twelve_services_are_twelve_links_with_their_ports():
    report = audited(APP.format(name="app") + services(12))
    for name in ("dot", "mermaid"):
        shown = render(name, [report])
        assert {int(port) for port in re.findall(r"http :(\d+)", shown)} == set(range(9000, 9012))


def test_what_is_not_provable_does_not_begin_in_the_internet():
    report = audited(APP.format(name="app"))
    (path,) = report.paths
    assert path.is_encrypted is None
    assert graph(report).links[0][0] == "unknown"
    assert "internet" not in render("dot", [report]) + render("mermaid", [report])
    assert ">?<" in render("svg", [report])


def test_each_deployment_is_a_group_of_its_own():
    text = APP.format(name="app") + services(1) + services(1).replace("compose", "stage/compose")
    report = audited(text.replace("stage/compose.yaml", "compose.staging.yaml"))
    assert len(graph(report).groups) == 2
    assert render("dot", [report]).count("subgraph cluster_") == 2
    assert render("mermaid", [report]).count("  subgraph ") == 2


def test_a_hostile_name_breaks_no_picture():
    name = 'x\\"];evil[label="<script>alert(1)</script>\x1b[31m'
    shown = shortened(name, 200)
    assert "\x1b" not in shown
    store = """  'db]"<b>':
    image: postgres
    ports: ['5432:5432']
"""
    report = audited(APP.format(name="app") + services(1) + store)
    for kind in ("svg", "dot", "mermaid"):
        text = render(kind, [report])
        assert "db]" in text
        assert ("<b>" in text) is (kind == "dot")  # which has no markup in quoted labels
    assert r'label="db]\"<b>"' in render("dot", [report])
    ET.fromstring(render("svg", [report]))
