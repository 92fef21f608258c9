from inline_snapshot import snapshot
from markdown_it import MarkdownIt

from plainwire.report import render
from report.example_reports import clean, finding, nobody, report, spot, weak


def page(*reports):
    return render("markdown", reports)


def test_the_whole_of_a_weak_report():
    assert page(weak()) == snapshot("""\
## plainwire: `https://api.example.com/`

**Grade: C** (72/100), at best: encryption\\; 11 not tested

- capped at C by `plain-http-served`: a high finding
- to reach an A: Refuse plain HTTP for the whole host with a constant 403\\.

**TLS Status: FAIL**

- Endpoint accessible over HTTP \\(1 of 14 asked\\)
- No valid SSL certificate found \\(expired\\)

### Findings, worst first

| Severity | Finding | What | Where | Remedy |
|---|---|---|---|---|
| high | The API answers over plain HTTP `plain-http-served` | \\/users\\/\\{id\\} answers 200 over plain HTTP\\: anyone on the way can read it and alter it | `GET http://api.example.com/users/1` | Refuse plain HTTP for the whole host with a constant 403\\. |
| medium | HSTS is weak `weak-hsts` | max\\-age is 300 seconds\\, less than a year | `GET https://api.example.com/` | Send Strict\\-Transport\\-Security\\: max\\-age\\=31536000 on every answer over https\\. |

### Unanswered: no answer is not a pass

- `cookie-not-secure` `GET https://api.example.com/login`: reset

<details><summary>The twelve categories</summary>

| Category | Status |
|---|---|
| authentication | not tested\\: not built yet |
| bola | not tested\\: not built yet |
| bfla | not tested\\: not built yet |
| property\\-authorization | not tested\\: not built yet |
| input\\-validation | not tested\\: not built yet |
| rate\\-limiting | not tested\\: not built yet |
| data\\-exposure | not tested\\: not built yet |
| encryption | 2 flaws\\, 1 not counted \\(14 checks\\) |
| ssrf | not tested\\: not built yet |
| inventory | not tested\\: not built yet |
| unsafe\\-consumption | not tested\\: not built yet |
| llm | not tested\\: not built yet |

</details>
""")


def test_a_report_without_a_grade_says_so():
    assert "**Grade: none**" in page(nobody())


def test_the_tables_have_the_rows_and_columns_that_are_meant():
    found = [finding(f"a-{n}", message="a | b", locations=(spot(n),)) for n in range(3)]
    html = MarkdownIt("commonmark").enable("table").render(page(report(*found)))
    assert html.count("<tr>") == (1 + 3) + (1 + 12)
    assert html.count("<td>") == 3 * 5 + 12 * 2
    assert "a | b" in html


def test_a_page_stays_below_the_megabyte_that_a_job_summary_may_have():
    many = report(*(finding(f"a-{n}", message="&" * 3000) for n in range(1000)))
    output = page(*[many] * 50)
    assert len(output.encode()) < 1024 * 1024
    assert "more targets are left out here" in output
    assert "900 more are left out here." in output


def test_several_reports_follow_each_other():
    assert page(weak(), clean()) == page(weak()) + "\n" + page(clean())
