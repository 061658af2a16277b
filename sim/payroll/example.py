"""A filled example of a bank's records, all invented: twelve people, twelve months, every table."""

from __future__ import annotations

import csv
import io
import random
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sim.errors import InputError, nearest
from sim.payroll.cells import neutralised
from sim.payroll.dictionary import LANGUAGES, data_dictionary, forms, known_measures

SEED = 2025
YEAR = 2025
KINDS = ("csv", "xlsx")
Grid = list[list[Any]]  # a header and rows

_WORDS = {
    "outlets": (("East Street", "West Gate"), ("东街支行", "西门支行")),
    "teams": (("Team 1", "Team 2", "Team 3"), ("一组", "二组", "三组")),
    "grades": (("trainee", "ordinary", "senior"), ("见习", "普通", "高级")),
    "groups": (("mass", "affluent"), ("大众客户", "财富客户")),
    "name": ("Invented {:02d}", "虚构{:02d}"),
    "reasons": (("invented example: late approval", "invented example: complaint upheld"), ("虚构示例：上月漏计", "虚构示例：投诉属实")),
    "readme": ("readme", "说明"),
    "dictionary": ("data-dictionary.md", "数据字典.md"),
    "title": ("# Example records\n\n", "# 示例数据\n\n"),
    "invented": (
        "Everything here is invented: people, results, amounts. Replace it with your own records and keep the headers. data-dictionary.md says "
        "what every column means and how else it may be headed. Amounts in ten thousand yuan (万元) and percentages are read by the unit in the header or the cell.\n",
        "本示例中的人员、业绩与金额均为虚构。请换成自己的数据，保留表头。数据字典.md 说明各列含义及可用的其他表头。表头或单元格中注明的万元、百分号均按单位换算。\n",
    ),
}  # fmt: skip


def write_example(folder: str | Path, kind: str = "csv", lang: str = "en") -> list[Path]:
    """Write the example into a folder, with a data dictionary; the files written. Nothing is replaced.

    kind: "csv" (UTF-8 with a byte order mark, as spreadsheets want it) or "xlsx". lang: "en" or "zh", for headers and words.
    """
    for what, given, known in (("kind", kind, KINDS), ("lang", lang, LANGUAGES)):
        if given not in known:
            raise InputError("example", what, found=f"`{given}`", expected=f"one of {', '.join(known)}", hint=nearest(given, known))
    folder = Path(folder)
    tables, labels = example_tables(lang, as_text=kind == "csv"), {name: form.label[lang] for name, form in forms().items()}
    readme = _say("title", lang) + _say("invented", lang)
    files = {folder / "README.md": readme.encode(), folder / _say("dictionary", lang): data_dictionary(lang).encode()}
    if kind == "csv":
        files |= {folder / f"{labels[name]}.csv": as_csv(grid) for name, grid in tables.items()}
    else:
        notes = {_say("readme", lang): [[_say("invented", lang).strip()]]}
        files[folder / ("records.xlsx" if lang == "en" else "数据.xlsx")] = as_workbook(notes | {labels[name]: grid for name, grid in tables.items()})
    return _write(folder, files)


def _write(folder: Path, files: dict[Path, bytes]) -> list[Path]:
    """All of the files or none of them."""
    written: list[Path] = []
    try:
        for path in files:
            if path.exists() or path.is_symlink():
                raise InputError(path, found="a file already there", expected="a folder without it; nothing was written")
        folder.mkdir(parents=True, exist_ok=True)
        for path, content in files.items():
            with path.open("xb") as stream:
                written.append(path)
                stream.write(content)
    except OSError as error:
        for path in written:
            path.unlink(missing_ok=True)
        reason = (error.strerror or str(error)).lower()
        raise InputError(folder, found=f"a folder that cannot be written to ({reason})", expected="one that can") from None
    return written


def as_csv(grid: Grid) -> bytes:
    """Rows as CSV that spreadsheets open rightly: UTF-8 with a byte order mark, texts that look like formulas made harmless."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows([_harmless(cell) for cell in row] for row in grid)
    return text.getvalue().encode("utf-8-sig")


def as_workbook(sheets: dict[str, Grid]) -> bytes:
    """Grids as sheets of a workbook, numbers and dates as such, the header in bold and frozen."""
    import openpyxl
    from openpyxl.styles import Font

    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, grid in sheets.items():
        sheet = book.create_sheet(title)
        for row in grid:
            sheet.append([_harmless(cell) for cell in row])
        for cell in sheet[1]:
            cell.font = Font(bold=len(grid) > 1)
        sheet.freeze_panes = "A2" if len(grid) > 1 else None
        for column in sheet.columns:
            sheet.column_dimensions[column[0].column_letter].width = 14
    book.properties.created = book.properties.modified = datetime(YEAR, 1, 1)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def _harmless(cell: Any) -> Any:
    return neutralised(cell) if isinstance(cell, str) else cell


def _say(word: str, lang: str) -> Any:
    return _WORDS[word][LANGUAGES.index(lang)]


# --- what is in it --------------------------------------------------------------------------------------------------------


def example_tables(lang: str, as_text: bool) -> dict[str, Grid]:
    """The five tables with headers in the language; the numbers are the same in both. as_text: numbers as people write them."""
    luck = random.Random(SEED)
    people = _people(lang)
    return {
        "people": [_headers("people", lang), *people],
        "measures": [_measure_headers(lang), *_measures(people, luck, as_text)],
        "targets": [_headers("targets", lang), *_targets(lang)],
        "portfolios": [_headers("portfolios", lang), *_portfolios(people, lang, luck)],
        "adjustments": [_headers("adjustments", lang), *_adjustments(people, lang)],
    }


def _headers(table: str, lang: str) -> list[str]:
    return [column.label[lang] for column in forms()[table].columns.values()]


def _measure_headers(lang: str) -> list[str]:
    """One column a measure, as most banks keep them; deposits in ten thousand yuan."""
    fields, known = forms()["measures"].columns, known_measures()
    units = {"deposits": "（万元）" if lang == "zh" else " (万元)"}
    measures = [known[name].label[lang] + units.get(name, "") for name in ("accounts", "contacts", "deposits", "bad_loan_ratio")]
    return [fields["person"].label[lang], fields["month"].label[lang], *measures, fields["provenance"].label[lang]]


def _people(lang: str) -> Grid:
    """The first six are senior and mentor the last six; one joins in June, one leaves in September."""
    outlets, teams, grades = _say("outlets", lang), _say("teams", lang), _say("grades", lang)
    rows: Grid = []
    for number in range(12):
        joined = date(YEAR, 6, 1) if number == 11 else date(YEAR - 10 + number % 10, 1 + number, 15)
        left = date(YEAR, 9, 30) if number == 4 else ""
        grade = grades[2] if number < 3 else grades[0] if number > 9 else grades[1]
        mentor = f"E{number - 5:03d}" if number > 8 else ""
        rows.append([f"E{number + 1:03d}", _say("name", lang).format(number + 1), outlets[number % 2], teams[number % 3], grade, joined, left, mentor])
    return rows


def _measures(people: Grid, luck: random.Random, as_text: bool) -> Grid:
    rows: Grid = []
    for person, *_, joined, left, _mentor in people:
        accounts, deposits = luck.randint(3, 12), luck.randint(800, 3000)
        for month in range(1, 13):
            if date(YEAR, month, 28) < joined or (left and date(YEAR, month, 1) > left):
                continue
            points = luck.randint(5, 180)
            value = (100 * deposits + luck.randint(-9000, 15000) + 1200 * month) / 100
            written = (f"{value:,.2f}", f"{points / 100:.2f}%") if as_text else (value, points / 10_000)
            rows.append([person, f"{YEAR}-{month:02d}", max(0, accounts + luck.randint(-3, 4)), luck.randint(20, 90), *written, "measured"])
    return rows


def _targets(lang: str) -> Grid:
    grades = _say("grades", lang)
    accounts = known_measures()["accounts"].label[lang]
    rows: Grid = [["", "", grade, f"{YEAR}-Q{quarter}", accounts, units, "accounts"]
                  for quarter in range(1, 5) for grade, units in zip(grades, (9, 18, 27), strict=True)]  # fmt: skip
    return [*rows, ["E001", "", "", f"{YEAR}-Q4", accounts, 30, "accounts"]]


def _portfolios(people: Grid, lang: str, luck: random.Random) -> Grid:
    mass, affluent = _say("groups", lang)
    rows: Grid = []
    for person, *_ in people:
        rows += [[person, mass, luck.randint(300, 600), luck.randint(2_000_000, 9_000_000)],
                 [person, affluent, luck.randint(10, 60), luck.randint(5_000_000, 40_000_000)]]  # fmt: skip
    return rows


def _adjustments(people: Grid, lang: str) -> Grid:
    late, complaint = _say("reasons", lang)
    return [[people[1][0], f"{YEAR}-03", 350.5, late], [people[6][0], f"{YEAR}-08", -200, complaint]]
