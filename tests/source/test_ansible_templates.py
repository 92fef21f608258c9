"""Templates that Ansible puts in place.

https://docs.ansible.com/ansible/latest/playbook_guide/playbooks_variables.html (read 2026); what
Jinja makes of a template, Jinja itself says.
"""

import jinja2
import pytest

from auditing import project
from plainwire.model import example_files
from plainwire.source.deploy.jinja import Variables, filled

APP = """
--- app.py
from flask import Flask
app = Flask(__name__)
"""
SITE = """
--- roles/web/templates/site.conf.j2
server {
{% if use_tls %}
  listen 443 ssl;
  ssl_certificate {{ certificate }};
{% else %}
  listen 80;
{% endif %}
  location / { proxy_pass http://127.0.0.1:{{ port }}; }
}
"""
TASKS = """
--- roles/web/tasks/main.yml
- name: site
  ansible.builtin.template:
    src: site.conf.j2
    dest: /etc/nginx/sites-enabled/site.conf
"""
PLAY = """
--- site.yml
- hosts: web
  roles: [web]
"""


def read(text, tmp_path):
    return project(example_files(APP + text), tmp_path)


def sites(text, tmp_path):
    """Of each server block: its ports with TLS or not, and where it leads."""
    return [
        ([(x.port, x.has_tls) for x in s.listens], [f.port for f in s.forwards])
        for s in read(text, tmp_path).sites
    ]


def said(text, tmp_path):
    return {(s.path, s.line): s.reason for s in read(text, tmp_path).skipped}


TLS = [([(443, True)], [8000])]
PLAIN = [([(80, False)], [8000])]
DEFAULTS = "--- roles/web/defaults/main.yml\nuse_tls: {}\nport: 8000\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (PLAY, TLS),
        (PLAY + "--- group_vars/all.yml\nuse_tls: no\n", PLAIN),
        (PLAY + "--- group_vars/all/tls.yml\nuse_tls: no\n", PLAIN),
        (PLAY + "--- group_vars/all.yml\nuse_tls: yes\n--- group_vars/web.yml\nuse_tls: no\n", PLAIN),
        (PLAY + "--- group_vars/other.yml\nuse_tls: no\n", TLS),
        (PLAY + "  vars: {use_tls: false}\n", PLAIN),
        (PLAY + "  vars: {use_tls: false}\n--- roles/web/vars/main.yml\nuse_tls: true\n", TLS),
        (PLAY + "  vars_files: [tls.yml]\n--- tls.yml\nuse_tls: '{{ not other }}'\nother: yes\n",
         PLAIN),
        ("--- site.yml\n- hosts: web\n  roles: [{role: web, use_tls: false}]\n", PLAIN),
        ("--- site.yml\n- hosts: web\n  tasks:\n  - include_role: {name: web}\n    vars: {use_tls: no}\n",
         PLAIN),
        ("", TLS),  # a role that others use
    ],
)  # fmt: skip
def test_variables_by_their_precedence(text, expected, tmp_path):
    assert sites(SITE + TASKS + DEFAULTS.format("true") + text, tmp_path) == expected


def test_lines_stay_where_they_are(tmp_path):
    one = read(SITE + TASKS + DEFAULTS.format("false") + PLAY, tmp_path)
    ((listen,),) = [s.listens for s in one.sites]
    assert (listen.place.path, listen.place.line) == ("roles/web/templates/site.conf.j2", 6)
    assert one.file("roles/web/templates/site.conf.j2").text.startswith("server {\n{% if")


def test_what_no_variable_says_is_said_and_both_are_read(tmp_path):
    text = SITE + TASKS + PLAY
    assert sites(text, tmp_path) == [([(443, True), (80, False)], [None])]
    at = "roles/web/templates/site.conf.j2"
    found = said(text, tmp_path)
    assert found[at, 2] == "not known from the variables: {% if use_tls %}"


@pytest.mark.parametrize(
    ("facts", "use_tls"), [("register: use_tls", "unknown"), ("set_fact: {use_tls: no}", "unknown"),
                           ("debug: {msg: x}", "known")],
)  # fmt: skip
def test_what_a_task_finds_out_is_not_known(facts, use_tls, tmp_path):
    tasks = TASKS.replace("- name: site", f"- name: ask\n  {facts}\n- name: site")
    found = sites(SITE + tasks + DEFAULTS.format("true") + PLAY, tmp_path)
    assert (found == TLS) is (use_tls == "known")


INVENTORIES = "--- inventories/{}/group_vars/all.yml\nuse_tls: {}\n"


@pytest.mark.parametrize(
    ("first", "second", "is_known"), [("production", "staging", True), ("east", "west", False)]
)
def test_of_several_inventories_the_one_for_production_is_read(first, second, is_known, tmp_path):
    text = SITE + TASKS + "--- roles/web/defaults/main.yml\nport: 8000\n" + PLAY
    text += INVENTORIES.format(first, "yes") + INVENTORIES.format(second, "no")
    assert (sites(text, tmp_path) == TLS) is is_known


TWO = """
--- roles/web/templates/plain.conf.j2
server { listen 80; location / { proxy_pass http://127.0.0.1:8000; } }
--- roles/web/templates/tls.conf.j2
server { listen 443 ssl; location / { proxy_pass http://127.0.0.1:8000; } }
--- roles/web/tasks/main.yml
- include_tasks: plain.yml
- import_tasks: tls.yml
  when: use_tls
--- roles/web/tasks/plain.yml
- block:
  - template: src=plain.conf.j2 dest=/etc/nginx/conf.d/site.conf
    when:
    - not use_tls or asks_for_certificate
--- roles/web/tasks/tls.yml
- template:
    src: "{{ item }}.conf.j2"
    dest: "/etc/nginx/conf.d/{{ item }}.conf"
  loop: [tls]
"""


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ("use_tls: yes\nasks_for_certificate: no", TLS),
        ("use_tls: no\nasks_for_certificate: no", PLAIN),
        ("use_tls: yes\nasks_for_certificate: yes", PLAIN + TLS),
        ("use_tls: yes", PLAIN + TLS),  # somebody else may say so
    ],
)
def test_conditions_of_tasks_decide_which_templates_are_there(variables, expected, tmp_path):
    text = TWO + PLAY + f"--- group_vars/all.yml\n{variables}\n"
    assert sites(text, tmp_path) == expected


@pytest.mark.parametrize(
    ("stage", "expected"), [("prod", TLS), ("dev", PLAIN + TLS), ("Staging", PLAIN + TLS)]
)
def test_an_environment_that_variables_name_is_another_one_in_production(stage, expected, tmp_path):
    """An inventory says so there."""
    text = TWO.replace("not use_tls or asks_for_certificate", "stage != 'prod'")
    text = text.replace("when: use_tls", "when: stage == 'prod'") + PLAY
    assert sites(text + f"--- group_vars/all.yml\nstage: {stage}\n", tmp_path) == expected


def test_files_that_are_copied_have_conditions_too(tmp_path):
    text = TWO.replace("/templates/", "/files/").replace("template:", "copy:").replace(".j2", "")
    text += PLAY + "--- group_vars/all.yml\nuse_tls: yes\nasks_for_certificate: no\n"
    assert sites(text, tmp_path) == TLS


def test_a_unit_with_the_address_that_a_variable_says(tmp_path):
    text = """
--- roles/web/templates/shop.service.j2
[Service]
ExecStart={{ venv }}/bin/gunicorn --bind {{ host | default('127.0.0.1') }}:{{ port }} app:app
--- roles/web/tasks/main.yml
- template: {src: shop.service.j2, dest: /etc/systemd/system/shop.service}
--- group_vars/all.yml
venv: "{{ home }}/venv"
home: /srv/shop
port: 8000
"""
    for more, host in (("", "127.0.0.1"), ("host: 0.0.0.0\n", "0.0.0.0")):
        one = read(text + more + PLAY, tmp_path / (host))
        starts = [s for d in one.deployments for v in d.services for s in v.starts]
        assert [(s.host, s.port, s.place.line) for s in starts] == [(host, 8000, 2)]


def test_a_snippet_that_is_a_template_is_included(tmp_path):
    site = SITE.replace("  location /", "  include snippets/headers.conf;\n  location /")
    more = "- template: {src: headers.conf.j2, dest: /etc/nginx/snippets/headers.conf}\n"
    text = site + TASKS + more + DEFAULTS.format("true") + PLAY
    text += '--- roles/web/templates/headers.conf.j2\nadd_header Strict-Transport-Security "max-age={{ port }}";\n'
    (one,) = read(text, tmp_path).sites
    assert (one.hsts.path, one.hsts.line) == ("roles/web/templates/headers.conf.j2", 1)


def test_another_use_with_other_variables_is_said(tmp_path):
    plays = "--- b.yml\n- hosts: b\n  vars: {use_tls: no}\n  roles: [web]\n" + PLAY
    found = said(SITE + TASKS + DEFAULTS.format("true") + plays, tmp_path)
    reason = "a template that is put in place with other variables too: the first are read"
    assert reason in found.values()


def test_tasks_and_roles_that_lead_to_themselves_end(tmp_path):
    tasks = (
        "--- roles/web/tasks/main.yml\n"
        + "- include_tasks: main.yml\n- include_role: {name: web}\n" * 9
    )
    assert sites(SITE + tasks + PLAY, tmp_path)


VARIABLES = {
    "yes": True, "no": False, "port": 8000, "name": "shop", "empty": "", "none": None,
    "hosts": ["a", "b"], "tls": {"on": True, "port": 443}, "word": "False",
}  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "{% if yes %}a{% else %}b{% endif %}", "{% if no %}a{% elif yes %}b{% else %}c{% endif %}",
        "{% if no %}a{% elif no %}b{% else %}c{% endif %}", "{{ port }}:{{ tls.port }}",
        "{{ tls['port'] }}{{ hosts[1] }}", "{% if not no and (yes or no) %}a{% endif %}",
        "{% if port == 8000 and name != 'x' %}a{% endif %}", "{% if 'a' in hosts %}a{% endif %}",
        "{% if 'c' not in hosts %}a{% endif %}", "{{ 'on' if tls.on else 'off' }}",
        "{{ empty | default('x', true) }}|{{ empty | default('x') }}", "{{ name | upper ~ '!' }}",
        "{{ hosts | length }}", "{% if port is defined %}a{% endif %}",
        "{% if port is not defined %}a{% endif %}", "{% for h in [] %}a{% endfor %}x",
        "{% set a = port == 8000 %}{% if a %}t{% endif %}", "{#\n c #}x{%- if yes -%} y {%- endif %}",
        "{% if yes %}{% if no %}a{% else %}b{% endif %}{% else %}{% if yes %}c{% endif %}{% endif %}",
        "{% for h in ['a'] %}<{{ h }}>{% endfor %}{% if word|lower == 'false' %}w{% endif %}",
        "{% if no or empty %}a{% else %}b{% endif %}", "{{ ' x ' | trim }}{{ '7' | int }}",
    ],
)  # fmt: skip
def test_what_is_followed_is_what_jinja_makes(text):
    made = filled(text, Variables(VARIABLES))
    expected = jinja2.Template(text).render(VARIABLES)
    assert "".join(made.text.split()) == "".join(expected.split()) and not made.unknowns
    assert made.text.count("\n") == text.count("\n")


def test_templates_that_are_made_to_hurt_end():
    names = {f"a{n}": f"{{{{ a{n + 1} }}}}" * 200 for n in range(9)} | {"a9": "x"}
    deep = {"d": {str(n): f"{{{{ d['{n + 1}'] }}}}" * 100 for n in range(9)}}
    loop = {"e": "{{ f }}", "f": "{{ e }}"}
    variables = Variables(names | deep | loop)
    for text in ("{{ a0 }}{{ d['0'] }}{{ e }}" * 50, "{%" * 50_000, "{{ " + "(" * 900 + " }}"):
        assert filled(text, variables).text == text
    with pytest.raises(ValueError, match="too long"):
        filled("{{ x }}" * 2000, Variables({"x": "y" * 1900}))


@pytest.mark.parametrize("text", ["{% if a %}", "{% endfor %}", "{% raw %}{% endraw %}"])
def test_a_template_that_is_not_followed_is_left_as_it_is(text, tmp_path):
    site = SITE.replace("{% if use_tls %}", "{% if use_tls %}" + text)
    found = said(site + TASKS + DEFAULTS.format("true") + PLAY, tmp_path)
    assert any("the template is not filled" in reason for reason in found.values())


def test_a_unit_that_starts_the_supervisor_is_not_what_it_supervises(tmp_path):
    text = """
--- supervisor.service
[Service]
ExecStart=/usr/bin/supervisord -n
--- web.ini
[program:web]
command=gunicorn -b 0.0.0.0:8000 app:app
"""
    starts = {
        (s.host, s.port)
        for d in read(text, tmp_path).deployments
        for v in d.services
        for s in v.starts
    }
    assert starts == {("0.0.0.0", 8000)}
