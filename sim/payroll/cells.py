"""Text of cells: made comparable when read, made harmless when written, shown without giving names away."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from sim.reading import quoted

# Spreadsheets take a cell that begins with one of these for a formula.
_LIVE = ("=", "+", "-", "@", "\t", "\r", "\n", "\N{FULLWIDTH EQUALS SIGN}", "\N{FULLWIDTH PLUS SIGN}",
         "\N{FULLWIDTH HYPHEN-MINUS}", "\N{FULLWIDTH COMMERCIAL AT}")  # fmt: skip
_GUARD = "'"
UNREAD = "\N{OBJECT REPLACEMENT CHARACTER}"  # stands in a cell that has been reported already
# Words that stand where a number or date is not known; harmless to repeat in a message.
_FILLERS = {"-", "--", "/", "n/a", "na", "nan", "inf", "-inf", "infinity", "null", "none", "nil", "tbd", "true", "false", "?", "无", "暂无", "待定", "空", "未知"}
# Full-width forms to their usual ones, and nothing else: a superscript two or a circled one is no digit of a number.
_USUAL = {0xFF01 + place: 0x21 + place for place in range(94)} | {
    ord(sign): usual for sign, usual in (("\N{IDEOGRAPHIC SPACE}", " "), ("\N{FULLWIDTH YEN SIGN}", "¥"), ("\N{MINUS SIGN}", "-"), ("\N{EN DASH}", "-"),
                                         ("\N{ZERO WIDTH SPACE}", None), ("\N{ZERO WIDTH NO-BREAK SPACE}", None))}  # fmt: skip


def tidy(text: str) -> str:
    """Full-width digits and signs made half-width, one space for any run of white space, none at the ends."""
    if text.isascii() and text.isalnum():
        return text
    return " ".join(unicodedata.normalize("NFC", text.translate(_USUAL)).split())


def key(text: str) -> str:
    """What two headers, words or units share if they mean the same: case, spaces, underscores and a star do not count."""
    return tidy(text).lower().replace(" ", "").replace("_", "").strip("*:")


def neutralised(text: str) -> str:
    """Text of a user's that no spreadsheet takes for a formula: an apostrophe goes before = + - @, a tab or a line break."""
    return _GUARD + text if text.startswith(_LIVE) or text.startswith(_GUARD) else text


def restored(text: str) -> str:
    """What `neutralised` was given."""
    return text[1:] if text.startswith(_GUARD) and text[1:].startswith((*_LIVE, _GUARD)) else text


def shown(text: str) -> str:
    """A cell for a message. Text without a digit may be somebody's name in the wrong column, so it is not repeated."""
    clean = tidy(text)
    if not clean:
        return "nothing"
    telling = any(sign.isdigit() for sign in clean) or clean.startswith("#") or clean.lower() in _FILLERS
    return f"the text {quoted(clean)}" if telling else "text without a digit"


def holds_a_name(text: str, names: frozenset[str]) -> bool:
    """Whether a name (of two signs or more) stands anywhere in the text."""
    return any(text[start : start + length] in names for length in _lengths(names) for start in range(len(text) - length + 1))


@lru_cache(maxsize=1)
def _lengths(names: frozenset[str]) -> tuple[int, ...]:
    return tuple(sorted({len(name) for name in names if len(name) > 1}))
