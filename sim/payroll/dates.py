"""Days, months and periods as people write them; what could be read in two ways is refused."""

from __future__ import annotations

import re
from datetime import date

from sim.payroll.cells import shown, tidy
from sim.payroll.mistakes import Wrong

FIRST_YEAR, LAST_YEAR = 1950, 2100
A_DAY = "a date such as 2025-01-31, 2025/1/31 or 2025年1月31日"
A_MONTH = "a month such as 2025-01, 202501 or 2025年1月"
A_PERIOD = "a month, quarter, half year or year such as 2025-01, 2025-Q1, 2025-H1 or 2025"

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NAMED = rf"(?P<name>{'|'.join(_MONTHS)})[a-z]*\.?"
_TIME = r"(?:[ t]00:00(?::00(?:\.0+)?)?)?"
_DAYS = [re.compile(form + _TIME) for form in (
    r"(?P<y>\d{4})(?P<s>[-/.])(?P<m>\d{1,2})(?P=s)(?P<d>\d{1,2})",
    r"(?P<y>\d{4})(?P<m>\d{2})(?P<d>\d{2})",
    r"(?P<y>\d{4}) ?年 ?(?P<m>\d{1,2}) ?月 ?(?P<d>\d{1,2}) ?日?",
    rf"(?P<d>\d{{1,2}})[- ]{_NAMED}[-, ]+(?P<y>\d{{4}})",
    rf"{_NAMED} (?P<d>\d{{1,2}}),? (?P<y>\d{{4}})",
)]  # fmt: skip
_MONTH_FORMS = [re.compile(form) for form in (
    r"(?P<y>\d{4})[-/](?P<m>\d{1,2})", r"(?P<y>\d{4})\.(?P<m>\d{2})", r"(?P<y>\d{4})(?P<m>\d{2})", r"(?P<y>\d{4}) ?年 ?(?P<m>\d{1,2}) ?月?",
    rf"{_NAMED}[-, ]+(?P<y>\d{{4}})", rf"(?P<y>\d{{4}})[- ]{_NAMED}",
)]  # fmt: skip
_CHINESE = {"一": "1", "二": "2", "三": "3", "四": "4", "上": "1", "下": "2"}
_QUARTER = re.compile(r"(\d{4})[-/ ]?年?第?(?:q([1-4])|([1-4一二三四])季度?)")
_HALF = re.compile(r"(\d{4})[-/ ]?年?(?:h([12])|([上下])半年)")
_YEAR = re.compile(r"(\d{4})(?:年度?|\.0)?")


def parse_day(text: str) -> date:
    """The day in a cell."""
    clean = tidy(text).lower()
    for form in _DAYS:
        if found := form.fullmatch(clean):
            return _checked(found, shown(text), A_DAY)
    if re.fullmatch(r"\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}.*", clean):
        raise Wrong(shown(text), "a date that begins with the year, such as 2025-01-31", "Day and month could be taken for one another.")
    if re.fullmatch(r"\d{5}(\.\d+)?", clean):
        raise Wrong(shown(text), A_DAY, "Format the cells as dates in the spreadsheet.")
    raise Wrong(shown(text), A_DAY)


def parse_month(text: str) -> str:
    """The month in a cell, as 2025-01; any day of a month stands for the month."""
    clean = tidy(text).lower()
    for form in _MONTH_FORMS:
        if found := form.fullmatch(clean):
            return f"{_checked(found, shown(text), A_MONTH):%Y-%m}"
    if re.fullmatch(r"\d{4}\.\d", clean):
        raise Wrong(shown(text), A_MONTH, "It could be January or October: spreadsheets drop the last zero.")
    if any(form.fullmatch(clean) for form in _DAYS):
        return f"{parse_day(text):%Y-%m}"
    raise Wrong(shown(text), A_MONTH)


def parse_period(text: str) -> str:
    """The period in a cell, as 2025-01, 2025-Q1, 2025-H1 or 2025."""
    clean = tidy(text).lower()
    for form, sign in ((_QUARTER, "Q"), (_HALF, "H")):
        if found := form.fullmatch(clean):
            part = found[2] or found[3]
            return f"{_year(int(found[1]), shown(text))}-{sign}{_CHINESE.get(part, part)}"
    if found := _YEAR.fullmatch(clean):
        return str(_year(int(found[1]), shown(text)))
    try:
        return parse_month(text)
    except Wrong as wrong:
        raise Wrong(wrong.found, A_PERIOD if wrong.expected == A_MONTH else wrong.expected, wrong.hint) from None


def _checked(found: re.Match[str], text: str, expected: str) -> date:
    parts = found.groupdict()
    year, month = int(parts["y"]), int(parts.get("m") or _MONTHS.index(parts["name"]) + 1)
    try:
        day = date(year, month, int(parts.get("d") or 1))
    except ValueError:
        raise Wrong(text, expected, "There is no such day." if parts.get("d") else "There is no such month.") from None
    _year(year, text)
    return day


def _year(year: int, text: str) -> int:
    if not FIRST_YEAR <= year <= LAST_YEAR:
        hint = "Spreadsheets show an empty cell or a zero as a date this way." if 1899 <= year <= 1904 else ""
        raise Wrong(f"a date in {year} ({text})", f"one from {FIRST_YEAR} to {LAST_YEAR}", hint)
    return year
