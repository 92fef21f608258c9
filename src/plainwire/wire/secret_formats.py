"""Secrets that providers mint in a form of their own, found in text: formats, never entropy.

What is random is not secret (ids, hashes, ETags); what has a provider's prefix, length and check
digits is. Examples of documentation are left out.
"""

from __future__ import annotations

import re
import string
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from plainwire.model import Exchange

MAX_TEXT = 1 << 20
_BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase
# What examples hold; "test" alone would hide a key by chance in 1 of 100,000.
_PLACEHOLDER = re.compile(
    r"(?i)example|placeholder|changeme|dummy|sample|your[_-]|redacted|x{4}|\*{3}|\.{3}|<|\$\{|"
    r"0123456789|1234567890|abcdefgh|(.)\1{6}"
)
_EASY = frozenset({"pass", "password", "passwd", "pwd", "secret", "user", "postgres", "root"})
_EASY_HOSTS = ("localhost", "127.0.0.1", "example.com", "example.org", "host", "hostname")


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret that was found. ``is_checked`` says that check digits of its own agree."""

    of: str
    value: str
    is_checked: bool = False
    is_of_model: bool = False

    @property
    def shown(self) -> str:
        """What a reader needs to find it: its beginning and its length."""
        return f"{self.value[:4]}… ({len(self.value)} characters)"


def _has_crc(value: str) -> bool:
    """GitHub and npm: the last six are the CRC-32 of the thirty before, in base 62."""
    body = value.rpartition("_")[2]
    number, digits = zlib.crc32(body[:-6].encode()), ""
    for _ in range(6):
        number, rest = divmod(number, 62)
        digits = _BASE62[rest] + digits
    return digits == body[-6:]


def _varied(value: str) -> bool:
    """True where neither a placeholder nor a pattern speaks: 8 or more distinct characters."""
    return len(set(value)) >= 8


@dataclass(frozen=True, slots=True)
class _Format:
    of: str
    pattern: re.Pattern[str]
    check: Callable[[str], bool] | None = None
    is_of_model: bool = False


def _format(
    of: str, pattern: str, check: Callable[[str], bool] | None = None, *, model: bool = False
) -> _Format:
    return _Format(of, re.compile(rf"(?<![A-Za-z0-9_]){pattern}"), check, model)


# Prefix and length as the providers document them.
_FORMATS = (
    _format("AWS access key", r"(?:AKIA|ASIA)[A-Z2-7]{16}(?![A-Z0-9])"),
    _format(
        "AWS secret key",
        r"(?i:aws_?secret_?(?:access_?)?key)[\"'\s:=]{1,6}([A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=])",
    ),
    _format("GitHub token", r"gh[pousr]_[A-Za-z0-9]{36}(?![A-Za-z0-9])", _has_crc),
    _format("GitHub token", r"github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}"),
    _format("GitLab token", r"glpat-[A-Za-z0-9_-]{20,64}"),
    _format("npm token", r"npm_[A-Za-z0-9]{36}(?![A-Za-z0-9])", _has_crc),
    _format("PyPI token", r"pypi-AgEIcHlwaS5vcmc[A-Za-z0-9_-]{50,300}"),
    _format("Slack token", r"xox[abeoprs]-(?:\d{8,14}-){1,3}[A-Za-z0-9-]{16,80}"),
    _format(
        "Slack webhook",
        r"https://hooks\.slack\.com/services/T[A-Z0-9]{8,12}/B[A-Z0-9]{8,12}/\w{24}",
    ),
    _format("Stripe live key", r"[rs]k_live_[A-Za-z0-9]{24,247}"),
    _format("Google API key", r"AIza[0-9A-Za-z_-]{35}(?![0-9A-Za-z_-])"),
    _format("SendGrid key", r"SG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}"),
    _format("Mailgun key", r"key-[0-9a-f]{32}(?![0-9a-f])"),
    _format("DigitalOcean token", r"do[opr]_v1_[0-9a-f]{64}"),
    _format("Shopify token", r"shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}"),
    _format("Square token", r"sq0(?:atp|csp)-[A-Za-z0-9_-]{22,43}"),
    _format("Telegram bot token", r"\d{8,10}:AA[A-Za-z0-9_-]{33}(?![A-Za-z0-9_-])"),
    _format("Azure storage key", r"AccountKey=([A-Za-z0-9+/]{86}==)"),
    _format(
        "private key",
        r"-----BEGIN (?:RSA |EC |DSA |OPENSSH |ENCRYPTED )?PRIVATE KEY-----(?:\\n|\s){1,4}"
        r"([A-Za-z0-9+/]{40,100})",
    ),
    _format("OpenAI key", r"sk-[A-Za-z0-9_-]{20,80}T3BlbkFJ[A-Za-z0-9_-]{20,80}", model=True),
    _format("OpenAI key", r"sk-proj-[A-Za-z0-9_-]{40,200}", model=True),
    _format("OpenAI key", r"sk-[A-Za-z0-9]{48}(?![A-Za-z0-9])", model=True),
    _format("Anthropic key", r"sk-ant-(?:api|admin)\d\d-[A-Za-z0-9_-]{32,120}", model=True),
    _format("Hugging Face token", r"hf_[A-Za-z0-9]{34}(?![A-Za-z0-9])", model=True),
    _format("Groq key", r"gsk_[A-Za-z0-9]{52}(?![A-Za-z0-9])", model=True),
)
_CONNECTION = re.compile(
    r"(?:postgres(?:ql)?|mysql|mariadb|mongodb(?:\+srv)?|rediss?|amqps?|mssql|oracle)(?:\+\w{1,20})?"
    r"://[^\s:/@\"'<>]{0,64}:([^\s@/\"'<>]{3,128})@([A-Za-z0-9.-]{1,255})"
)
_HINTS = re.compile(
    r"AKIA|ASIA|secret|gh[pousr]_|github_pat|glpat|npm_|pypi-|xox|hooks\.slack|k_live_|AIza|SG\.|key-|"
    r"_v1_|shp|sq0|:AA|AccountKey|PRIVATE KEY|sk-|hf_|gsk_|://|SECRET|Secret"
)


def left_out(exchange: Exchange) -> str:
    """Why `found` leaves the end of a body out. Returns an empty string if it does not."""
    if len(exchange.text) <= MAX_TEXT:
        return ""
    return f"only the first {MAX_TEXT >> 10} Ki characters of its body are looked at"


def found(text: str) -> Iterator[Secret]:
    """The secrets in a text, each value once."""
    text = text[:MAX_TEXT]
    if _HINTS.search(text) is None:
        return
    seen: set[str] = set()
    for each in _FORMATS:
        for match in each.pattern.finditer(text):
            value = match[match.lastindex or 0]
            if value in seen or _PLACEHOLDER.search(value) or not _varied(value):
                continue
            seen.add(value)
            is_checked = each.check is not None and each.check(value)
            yield Secret(each.of, value, is_checked or each.check is None, each.is_of_model)
    for match in _CONNECTION.finditer(text):
        password, host = match[1], match[2].lower()
        is_easy = password.lower() in _EASY or host in _EASY_HOSTS
        if not is_easy and not _PLACEHOLDER.search(password) and match[0] not in seen:
            seen.add(match[0])
            yield Secret("connection string with its password", match[0], is_checked=True)
