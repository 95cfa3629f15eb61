"""Takes secrets out of texts that people are to see: log lines, and what support is sent."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

HIDDEN = "[hidden]"
_NAMES = (
    r"pass(?:word|wd|phrase)?|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|"
    r"client[_-]?secret|authorization|credential|cookie|signature|sealed|dsn"
)
_SECRET_NAME = re.compile(rf"(?i)(?:^|[_\-. ])(?:[a-z]+[_-])?(?:{_NAMES})s?(?:$|[_\-. ])")
_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        re.compile(
            r"-----BEGIN ([A-Z0-9 ]*PRIVATE KEY)-----.*?(?:-----END \1-----|\Z)", re.DOTALL
        ),
        HIDDEN,
    ),
    (re.compile(r"(?i)([a-z][a-z0-9+.-]*://)[^\s/@:'\"]*:[^\s/'\"]*@"), rf"\1{HIDDEN}@"),
    (re.compile(r"(?i)([a-z][a-z0-9+.-]*://)[^\s/@:'\"]+@"), rf"\1{HIDDEN}@"),
    (re.compile(r"(?i)\b(bearer|basic|digest)\s+[A-Za-z0-9._~+/=-]{8,}"), rf"\1 {HIDDEN}"),
    (
        re.compile(
            rf"(?i)(\b[\w.-]*(?:{_NAMES})s?[\"']?\s*[=:]\s*)"
            r"(?!\[hidden\])(\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|[^\s,;&}\])]+)"
        ),
        rf"\1{HIDDEN}",
    ),
    (re.compile(r"(?i)(--(?:password|token|secret|passphrase)[= ])\S+"), rf"\1{HIDDEN}"),
    (re.compile(r"\bkz_[0-9a-f]{16}_[A-Za-z0-9_-]{43}"), HIDDEN),
    (re.compile(r"\bks_[A-Za-z0-9_-]{43}"), HIDDEN),
    (re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*"), HIDDEN),
    (re.compile(r"\bA(?:KIA|SIA)[A-Z0-9]{16}\b"), HIDDEN),
    (re.compile(r"\bgh[pousr]_[A-Za-z0-9]{20,}|\bxox[abprs]-[A-Za-z0-9-]{10,}"), HIDDEN),
    # The path of a chat's hook is as good as a password.
    (re.compile(r"(?i)(https?://[^\s/\"']+/[^\s\"']*?(?:hooks?|webhooks?|services)/)[^\s\"',;]+"),
     rf"\1{HIDDEN}"),
    (re.compile(r"\$argon2[a-z]*\$[^\s\"']+"), HIDDEN),
)  # fmt: skip


_HINTS = (
    *("pass", "pwd", "secret", "token", "key", "authorization", "credential", "cookie"),
    *("signature", "sealed", "dsn", "://", "bearer", "basic", "digest", "kz_", "ks_", "eyj"),
    *("akia", "asia", "gho_", "ghp_", "ghr_", "ghs_", "ghu_", "xox", "$argon2"),
)
"""One of which every secret that is looked for has in it: most lines have none."""


def redacted(text: str) -> str:
    """Return a text in which what looks like a secret is hidden."""
    plain = text.lower()
    if not any(hint in plain for hint in _HINTS):
        return text
    for pattern, instead in _PATTERNS:
        text = pattern.sub(instead, text)
    return text


def redacted_facts(value: Any, *, secrets: Sequence[str] = ()) -> Any:
    """Return plain JSON without secrets: what is named as one is hidden, texts are searched.

    Parameters
    ----------
    secrets
        Secrets that are known: hidden wherever they stand.
    """
    if isinstance(value, Mapping):
        return {
            str(name): HIDDEN
            if is_secret_name(str(name)) and held not in (None, "", [], {})
            else redacted_facts(held, secrets=secrets)
            for name, held in value.items()
        }
    if isinstance(value, str):
        return without(redacted(value), secrets)
    if isinstance(value, list | tuple | set | frozenset):
        return [redacted_facts(one, secrets=secrets) for one in value]
    return value


def without(text: str, secrets: Sequence[str]) -> str:
    """Return a text in which known secrets are hidden."""
    for secret in secrets:
        text = text.replace(secret, HIDDEN)
    return text


def is_secret_name(name: str) -> bool:
    """Whether what is called so is a secret."""
    return _SECRET_NAME.search(name) is not None
