"""Numbers as people write them, exactly: 1,234.50, １２３４, (1,234), 85%, 12.5万元, ¥1200, 1.2E+05.

Values are whole millionths of their unit. What is finer is rounded, half away from zero.
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from fractions import Fraction

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sim.payroll.cells import key, shown, tidy
from sim.payroll.dictionary import Unit, currency_words, unit_words
from sim.payroll.mistakes import Wrong

SCALE = 1_000_000
LARGEST = 10**12  # in the value's own unit: a trillion yuan; in millionths still an int64
A_NUMBER = "a number such as 1234.5, 1,234.50, 85% or 12.5万元"

_PLAIN = r"^-?\d{1,12}(\.\d{1,6})?$"
_GROUPED = r"^-?\d{1,3}(,\d{3}){1,3}(\.\d{1,6})?$"
_FORM = re.compile(
    r"(?P<sign>[-+]?)\s*(?P<before>[^\d\s.,+\-()]*)\s*(?P<inner>[-+]?)(?P<whole>\d[\d,]*)?(?P<part>\.\d*)?(?P<power>e[-+]?\d{1,3})?\s*(?P<after>.*)",
    re.ASCII,
)
_GROUPS = re.compile(r"[0-9]{1,3}(,[0-9]{3})+")
_NOT_FINITE = {"nan", "inf", "+inf", "-inf", "infinity", "-infinity"}


def exact(value: int) -> Decimal:
    """The Decimal of a value in millionths."""
    return Decimal(int(value)).scaleb(-6)


def millionths(value: Fraction) -> int:
    """Whole millionths, half away from zero."""
    doubled = abs(value) * SCALE * 2
    whole = (doubled.numerator // doubled.denominator + 1) // 2
    return whole if value >= 0 else -whole


def plain_numbers(cells: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """The cells that hold a plain number, commas allowed, in millionths; and which they are. The quick way for most of them."""
    grouped = pc.match_substring_regex(cells, _GROUPED)
    if pc.any(grouped).as_py():
        cells = pc.if_else(grouped, pc.replace_substring(cells, ",", ""), cells)
    plain = pc.match_substring_regex(cells, _PLAIN)
    decimals = pc.if_else(plain, cells, "0").cast(pa.decimal128(19, 6))
    # a decimal128 is 16 bytes, the lower half first; 19 digits of which 12 stand before the point fit into it
    words = np.frombuffer(decimals.buffers()[1], dtype=np.int64)[2 * decimals.offset : 2 * (decimals.offset + len(decimals)) : 2]
    return words.copy(), np.asarray(plain)


def parse_number(text: str) -> tuple[Fraction, Unit | None]:
    """The number in a cell and the unit beside it, if there is one; `Wrong` if it is no number."""
    clean = tidy(text).lower()
    if not clean:
        raise Wrong("nothing", A_NUMBER)
    if clean in _NOT_FINITE:
        raise Wrong(shown(text), "a finite number")
    if clean.startswith("#"):
        raise Wrong(f"the spreadsheet error {clean.upper()[:12]}", A_NUMBER)
    negative = clean.startswith("(") and clean.endswith(")")
    found = _FORM.fullmatch(clean[1:-1].strip() if negative else clean)
    if found is None or not re.search(r"[0-9]", (found["whole"] or "") + (found["part"] or "")) or (found["sign"] and found["inner"]):
        raise Wrong(shown(text), A_NUMBER)
    unit = _both(found["before"], found["after"], text)
    whole = found["whole"] or "0"
    if "," in whole and not _GROUPS.fullmatch(whole):
        raise Wrong(shown(text), "a number with commas at thousands only, such as 1,234.50")
    try:
        value = Fraction(Decimal(whole.replace(",", "") + (found["part"] or "") + (found["power"] or "")))
    except InvalidOperation:
        raise Wrong(shown(text), A_NUMBER) from None
    if len(whole) > 40 or value > LARGEST:
        raise Wrong(shown(text), f"at most {LARGEST:,}")
    sign = -1 if (negative != ("-" in (found["sign"], found["inner"]))) else 1
    return sign * value, unit


def _both(before: str, after: str, text: str) -> Unit | None:
    """The unit made of what stands before and after a number, as in ¥1.2万."""
    units = [parse_unit(part, shown(text)) for part in (before, after) if part.strip()]
    if len(units) < 2:
        return units[0] if units else None
    first, second = units
    if first.of and second.of and first.of != second.of:
        raise Wrong(shown(text), A_NUMBER)
    return Unit(second.of or first.of, first.times * second.times, second.word)


def parse_unit(word: str, found: str = "") -> Unit:
    """The unit a word means. found: what to say was found, if not the word."""
    known, money = unit_words(), currency_words()
    if (name := key(word)) in known:
        return known[name]
    for code_word, code in money.items():
        if name == code_word or (name.endswith(code_word) and name[: -len(code_word)] in known):
            raise Wrong(f"an amount in {code}", "one currency, CNY", "Convert it first, at a rate that you can name.")
    raise Wrong(found or f"the unit {shown(word)}", A_NUMBER if found else "a unit such as CNY, 万元, %, 户")


def in_units(values: np.ndarray, factor: Fraction) -> tuple[np.ndarray, np.ndarray]:
    """Millionths times a factor, and which of them were small enough for it."""
    room = np.abs(values) <= (LARGEST * SCALE) // max(1, -(-factor.numerator // factor.denominator))
    if factor == 1:
        return values, room
    room &= np.abs(values) <= (2**62) // factor.numerator
    product = np.where(room, values, 0) * factor.numerator
    if factor.denominator == 1:
        return product, room
    half = factor.denominator // 2
    return np.sign(product) * ((np.abs(product) + half) // factor.denominator), room
