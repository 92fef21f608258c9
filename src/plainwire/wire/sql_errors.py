"""Whether a text holds an error of a database's driver, by names that only drivers print.

"SQL syntax" and the like are words that a page may always say; an exception's name is not.
"""

from __future__ import annotations

import html
import json
import re

from plainwire.model import Exchange

MAX_TEXT = 512 * 1024

_SIGNATURES = tuple(
    (name, re.compile(pattern))
    for name, pattern in (
        ("SQLite", r"sqlite3\.(?:OperationalError|ProgrammingError|Warning)"
                   r"|SQLITE_ERROR: |SqliteError: |unrecognized token: [\"']"
                   r"|near \"[^\"\n]{1,80}\": syntax error"),
        ("PostgreSQL", r"psycopg2?\.(?:errors\.SyntaxError|ProgrammingError)|PSQLException: ERROR: "
                       r"|PG::SyntaxError|pq: (?:syntax error|unterminated)"
                       r"|asyncpg\.exceptions\.PostgresSyntaxError"
                       r"|unterminated quoted string at or near|syntax error at or near \""),
        ("MySQL", r"pymysql\.err\.ProgrammingError|MySQLdb\.\w*\.?ProgrammingError"
                  r"|MySQLSyntaxErrorException|mysql\.connector\.errors\.ProgrammingError|ER_PARSE_ERROR"
                  r"|check the manual that corresponds to your (?:MySQL|MariaDB) server version"),
        ("SQL Server", r"(?:System|Microsoft)\.Data\.SqlClient\.SqlException"
                       r"|Unclosed quotation mark after the character string"
                       r"|\[SQL Server\]Incorrect syntax near"),
        ("Oracle", r"ORA-(?:00933|00936|01756|00907|00921|01742):|oracledb\.DatabaseError"),
        ("SQL", r"SQLSTATE\[(?:42|HY000)|java\.sql\.SQLSyntaxErrorException|SequelizeDatabaseError"
                r"|sqlalchemy\.exc\.(?:OperationalError|ProgrammingError)|django\.db\.utils\.OperationalError"
                r"|QueryFailedError: |org\.hibernate\.exception\.SQLGrammarException"),
    )
)  # fmt: skip


def signature(body: bytes) -> str | None:
    """Whose error a body holds. Returns None if it holds none."""
    text = html.unescape(body[:MAX_TEXT].decode("utf-8", "replace"))
    if "\\" in text:
        text += _unescaped(text)
    return next((name for name, pattern in _SIGNATURES if pattern.search(text)), None)


def left_out(exchange: Exchange) -> str:
    """Why `signature` leaves the end of a body out. Returns an empty string if it does not."""
    if len(exchange.body) <= MAX_TEXT:
        return ""
    return f"only the first {MAX_TEXT >> 10} Ki bytes of its body are looked at"


def _unescaped(text: str) -> str:
    """The text as JSON reads its escapes: a quote in a string is ``\\"`` there."""
    try:
        return json.dumps(json.loads(text), ensure_ascii=False).replace('\\"', '"')
    except (ValueError, RecursionError):
        return text.replace('\\"', '"')
