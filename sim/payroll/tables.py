"""Files to tables of text: a folder of CSV files or a workbook. What the text means is for others to say.

CSV: UTF-8 (with or without a byte order mark), UTF-16 with one, or GB18030; commas, semicolons or tabs. Workbooks: .xlsx and .xlsm;
formulas are taken at the value the spreadsheet last kept for them, and nothing in a workbook is run.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from sim.errors import InputError, nearest
from sim.payroll.cells import UNREAD, key
from sim.payroll.dictionary import Form, forms, ignored_tables, table_words
from sim.payroll.mistakes import Findings, Wrong

MOST_BYTES = 1 << 30  # of a CSV file, or of a workbook unpacked
MOST_COLUMNS = 1000
_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_LINK = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"


@dataclass(frozen=True)
class Table:
    """A table as text: headers and cells as written, and the number of each row in its file (the header's is `head`)."""

    place: int  # among the tables, for the order of mistakes
    file: str
    sheet: str
    head: int
    headers: tuple[str, ...]
    columns: tuple[pa.Array, ...]
    rows: np.ndarray

    def __len__(self) -> int:
        return len(self.rows)

    def place_of(self, header: str) -> int:
        return self.headers.index(header) if header in self.headers else -1


@dataclass(frozen=True)
class Raw:
    """A sheet or CSV file before its header is found: cells by column, all of one length, and the mistakes seen in it."""

    file: str
    sheet: str
    columns: list[pa.Array]
    wrongs: list[tuple[int, str, Wrong]]  # row, column, what
    merged: tuple[tuple[int, int, int, int], ...] = ()  # first row, first column, last row, last column; from 1


def read_tables(path: str | Path, findings: Findings) -> dict[str, Table]:
    """The tables found at a path by their names; what is wrong with files and sheets goes to the findings."""
    path = Path(path)
    expected = "a folder of CSV files or an Excel workbook"
    try:
        if path.is_dir():
            return _of_folder(path, findings)
        if not path.exists():
            beside = [each.name for each in path.parent.glob("*") if each.suffix.lower() in (".xlsx", ".xlsm") or each.is_dir()]
            raise InputError(path, found="no such file or folder", expected=expected, hint=nearest(path.name, beside[:200]))
        if not path.is_file():
            raise InputError(path, found="something that is neither a file nor a folder", expected=expected)
        if path.suffix.lower() == ".csv":
            raise InputError(path, found="a single CSV file", expected=expected, hint="Give the folder it lies in.")
        if path.suffix.lower() not in (".xlsx", ".xlsm"):
            hint = "Save it as .xlsx first." if path.suffix.lower() in (".xls", ".et", ".ods", ".xlsb") else ""
            raise InputError(path, found="another kind of file", expected="a folder of CSV files or a workbook ending in .xlsx", hint=hint)
        return _of_workbook(path, findings)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise InputError(path, found=f"something that cannot be read ({reason})", expected=expected) from None


def _of_folder(folder: Path, findings: Findings) -> dict[str, Table]:
    files = sorted(each for each in folder.iterdir() if each.suffix.lower() == ".csv" and not each.name.startswith((".", "~")))
    books = sorted(each for each in folder.iterdir() if each.suffix.lower() in (".xlsx", ".xlsm") and not each.name.startswith((".", "~")))
    if not files and len(books) == 1:
        return _of_workbook(books[0], findings)
    if not files:
        hint = f"Name one of its workbooks: {', '.join(each.name for each in books[:12])}." if books else ""
        raise InputError(folder, found="a folder without CSV files", expected="at least people.csv and measures.csv", hint=hint)
    named = {each.name: each for each in files}
    return _tables([(each.stem, each.name, "") for each in files], lambda name, _sheet: _csv(named[name]), findings, "file", folder.name)


def _tables(sources: Sequence[tuple[str, str, str]], read: Callable[[str, str], Raw | None], findings: Findings, kind: str, whole: str) -> dict[str, Table]:
    """Read the sources (title, file, sheet) that are tables of ours, in the order of the tables."""
    known, order = table_words(), list(forms())
    taken: dict[str, tuple[str, str]] = {}
    for title, file, sheet in sources:
        name = known.get(key(title))
        blank = Table(len(order), file, sheet, 0, (), (), np.empty(0, np.int64))
        if name is None and key(title) not in ignored_tables() and not (sheet and read(file, sheet) is None):
            labels = [form.label[lang] for form in forms().values() for lang in ("en", "zh")]
            close = nearest(title, labels).split("Known here")[0].strip()
            wanted = f"a {kind} named {', '.join(labels[::2])} or {', '.join(labels[1::2])}"
            findings.about(blank, "", Wrong(f"a {kind} that is none of the tables", wanted, close))
        elif name in taken:
            findings.about(blank, "", Wrong(f"a second {kind} for the table {name}", "one each", f"The first is {taken[name][1] or taken[name][0]}."))
        elif name is not None:
            taken[name] = (file, sheet)
    found = {}
    for name, form in forms().items():
        if name in taken:
            table = _headed(read(*taken[name]), taken[name], order.index(name), form, findings)
            if table is not None:
                found[name] = table
        elif form.required:
            blank = Table(order.index(name), whole, "", 0, (), (), np.empty(0, np.int64))
            findings.about(blank, "", Wrong(f"no {kind} named {form.label['en']} or {form.label['zh']}", "one: it is always needed"))
    return found


# --- a header and its columns -------------------------------------------------------------------------------------------


def _headed(raw: Raw | None, source: tuple[str, str], place: int, form: Form, findings: Findings) -> Table | None:
    """The table under the first row that is not blank; None if there is none."""
    blank = Table(place, *source, 0, (), (), np.empty(0, np.int64))
    for row, column, wrong in raw.wrongs if raw else ():
        findings.about(blank, column, wrong, row)
    if raw is None or not raw.columns:
        if raw is None or not raw.wrongs:
            findings.about(blank, "", Wrong("an empty sheet" if source[1] else "an empty file", "a header and a row for each entry"))
        return None
    filled = np.column_stack([_filled(column) for column in raw.columns])
    rows = np.flatnonzero(filled.any(axis=1))
    head = rows[0]
    titles = [box for box in raw.merged if box[0] == head + 1 and box[3] > box[1]]
    if titles and filled[head].sum() <= 1 and len(rows) > 1:  # a title across the table; it is reported as merged
        head = rows[1]
    rows = rows[rows > head]
    spread = {column - 1 for box in raw.merged if box[0] <= head + 1 <= box[2] for column in range(box[1] + 1, box[3] + 1)}
    kept, headers = [], []
    for number, cells in enumerate(raw.columns):
        header = " ".join((cells[int(head)].as_py() or "").split())
        if not header:
            if number not in spread and filled[rows, number].any():
                first = int(rows[np.flatnonzero(filled[rows, number])[0]]) + 1
                found = f"cells in column {_letters(number + 1)} without a header, the first in row {first}"
                findings.about(blank, "", Wrong(found, "a header over every column"), int(head) + 1)
            continue
        if header in headers:
            findings.about(blank, header, Wrong("the same header a second time", "each header once"), int(head) + 1)
            continue
        headers.append(header)
        kept.append(_picked(cells, rows))
    if not len(rows) and form.required:
        findings.about(blank, "", Wrong("a header and no rows", "a row for each entry"))
        return None
    return Table(place, raw.file, raw.sheet, int(head) + 1, tuple(headers), tuple(kept), rows + 1)


def _picked(cells: pa.Array, rows: np.ndarray) -> pa.Array:
    """The cells of those rows, without copying where the rows follow one another."""
    if len(rows) and rows[-1] - rows[0] + 1 == len(rows):
        return cells.slice(int(rows[0]), len(rows))
    return cells.take(pa.array(rows))


def _filled(column: pa.Array) -> np.ndarray:
    return np.asarray(pc.match_substring_regex(column, r"[^\s\x{00a0}\x{3000}]"))


def _letters(number: int) -> str:
    """Column 28 as AB."""
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


# --- CSV ----------------------------------------------------------------------------------------------------------------


def _csv(path: Path) -> Raw:
    if path.stat().st_size > MOST_BYTES:
        return Raw(path.name, "", [], [(0, "", Wrong(f"more than {MOST_BYTES:,} bytes", "at most that"))])
    try:
        content = _as_utf8(path.read_bytes()).rstrip(b"\r\n")
    except ValueError:
        return Raw(path.name, "", [], [(0, "", Wrong("bytes that are neither UTF-8 nor GB18030", "a CSV file saved as UTF-8 or GB18030"))])
    if b"\0" in content:
        return Raw(path.name, "", [], [(0, "", Wrong("binary data", "a CSV file"))])
    if not content.strip():
        return Raw(path.name, "", [], [])
    first = content.split(b"\n", 1)[0].decode()
    comma = max(",;\t", key=first.count)
    quick = _quick(content, comma, len(next(csv.reader([first], delimiter=comma), [])))
    return Raw(path.name, "", quick, []) if quick is not None else _careful(path.name, content.decode(), comma)


def _as_utf8(content: bytes) -> bytes:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16").encode()
    content = content.removeprefix(b"\xef\xbb\xbf")
    try:
        content.decode()
    except UnicodeDecodeError:
        return content.decode("gb18030").encode()
    return content


def _quick(content: bytes, comma: str, width: int) -> list[pa.Array] | None:
    """The cells by column, the header among them, if every row is as wide as the first; else None."""
    names = [f"f{number}" for number in range(width)]
    odd: list[Any] = []

    def note(row: Any) -> str:
        odd.append(row)
        return "error"

    try:
        table = pyarrow.csv.read_csv(
            pa.BufferReader(content),
            read_options=pyarrow.csv.ReadOptions(column_names=names, block_size=1 << 22),
            parse_options=pyarrow.csv.ParseOptions(delimiter=comma, newlines_in_values=True, ignore_empty_lines=False, invalid_row_handler=note),
            convert_options=pyarrow.csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False),
        )
    except pa.ArrowInvalid:
        return None
    return [column.combine_chunks() for column in table.columns]


def _careful(file: str, text: str, comma: str) -> Raw:
    """The same, row by row, for files with rows of different widths or with broken quotes."""
    wrongs: list[tuple[int, str, Wrong]] = []
    rows: list[list[str]] = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=comma, strict=True):
            rows.append(row)
    except csv.Error as error:
        wrongs.append((len(rows) + 1, "", Wrong(f"a row that cannot be read ({error})", "quotes that are closed, and text without stray quotes")))
    head = next((row for row in rows if any(cell.strip() for cell in row)), [])
    width = len(head)
    for number, row in enumerate(rows, start=1):
        if any(cell.strip() for cell in row[width:]):
            wrongs.append((number, "", Wrong(f"{len(row)} cells", f"at most {width}, as in the header", "Put text that holds a comma in quotes.")))
    columns = [pa.array([row[place] if place < len(row) else "" for row in rows], pa.string()) for place in range(width)]
    return Raw(file, "", columns, wrongs)


# --- workbooks ----------------------------------------------------------------------------------------------------------


def _of_workbook(path: Path, findings: Findings) -> dict[str, Table]:
    expected = "an Excel workbook (.xlsx)"
    with path.open("rb") as stream:
        start = stream.read(8)
    if start.startswith(b"\xd0\xcf\x11\xe0"):
        raise InputError(path, found="a workbook that is protected by a password, or in the old format", expected="an open .xlsx workbook")
    try:
        with zipfile.ZipFile(path) as archive:
            _refuse_harmful(archive, path)
            parts = _sheet_parts(archive)
            details = {title: _details(archive, part) for title, part in parts.items()}
    except (zipfile.BadZipFile, KeyError, ElementTree.ParseError, NotImplementedError, RuntimeError, EOFError):
        raise InputError(path, found="a file that is no workbook, or a damaged one", expected=expected) from None
    book = _opened(path, expected)
    kept: dict[str, Raw | None] = {}

    def read(_file: str, sheet: str) -> Raw | None:
        if sheet not in kept:
            try:
                kept[sheet] = _sheet(book[sheet], path.name, *details.get(sheet, ((), ())))
            except InputError:
                raise
            except Exception as error:  # the library has no common error for sheets it cannot read
                raise InputError(path, f"sheet {sheet}", found=f"a sheet that cannot be read ({type(error).__name__})", expected=expected) from None
        return kept[sheet]

    try:
        return _tables([(sheet.title, path.name, sheet.title) for sheet in book.worksheets], read, findings, "sheet", path.name)
    finally:
        book.close()


def _opened(path: Path, expected: str) -> Any:
    import warnings

    import openpyxl

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about styles and extensions that are of no interest here
            return openpyxl.load_workbook(path, read_only=True, data_only=True, keep_links=False)
    except Exception as error:  # the library has no common error for what is no workbook
        raise InputError(path, found=f"a file that is no workbook, or a damaged one ({type(error).__name__})", expected=expected) from None


def _refuse_harmful(archive: zipfile.ZipFile, path: Path) -> None:
    if sum(part.file_size for part in archive.infolist()) > MOST_BYTES:
        raise InputError(path, found=f"a workbook of more than {MOST_BYTES:,} bytes unpacked", expected="at most that")
    for part in archive.namelist():
        if part.endswith((".xml", ".rels")):
            with archive.open(part) as stream:
                if b"<!DOCTYPE" in stream.read(4096):
                    raise InputError(path, found="a workbook with definitions of its own (DOCTYPE)", expected="one written by a spreadsheet")


def _sheet_parts(archive: zipfile.ZipFile) -> dict[str, str]:
    """The file of each sheet inside the workbook."""
    links = {link.get("Id"): link.get("Target", "") for link in ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))}
    sheets = ElementTree.fromstring(archive.read("xl/workbook.xml")).iter(f"{_MAIN}sheet")
    named = {sheet.get("name", ""): links.get(sheet.get(f"{_LINK}id"), "") for sheet in sheets}
    return {name: target.lstrip("/") if target.startswith("/") else str(PurePosixPath("xl") / target) for name, target in named.items()}


def _details(archive: zipfile.ZipFile, part: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What the cells' values do not tell: the merged ranges, and the cells with a formula whose value was never kept."""
    merged, formulas = [], []
    if part not in archive.namelist():
        return (), ()
    with archive.open(part) as stream:
        for _, element in ElementTree.iterparse(stream):
            if element.tag == f"{_MAIN}c":
                value = element.find(f"{_MAIN}v")
                if element.find(f"{_MAIN}f") is not None and (value is None or not value.text):
                    if element.get("t") != "str":  # a formula may well give an empty text
                        formulas.append(element.get("r", ""))
                element.clear()
            elif element.tag == f"{_MAIN}row":
                element.clear()
            elif element.tag == f"{_MAIN}mergeCell":
                merged.append(element.get("ref", ""))
    return tuple(merged), tuple(formulas)


def _sheet(sheet: Any, file: str, merged: tuple[str, ...], formulas: tuple[str, ...]) -> Raw | None:
    """The cells of a sheet as text, by column; None if it is empty."""
    wrongs = []
    boxes = []
    for ref in merged:
        first, _, last = ref.partition(":")
        top, bottom = _cell(first), _cell(last or first)
        boxes.append((*top, *bottom))
        wrongs.append((top[0], _letters(top[1]), Wrong(f"merged cells ({ref})", "one value in each cell: unmerge them and fill in each")))
    for ref in formulas:
        row, column = _cell(ref)
        expected = "its value: open and save the workbook in a spreadsheet, or paste values"
        wrongs.append((row, _letters(column), Wrong("a formula that the workbook keeps no value for", expected)))
    sheet.reset_dimensions()
    rows = _rows(sheet, boxes, {_cell(ref) for ref in formulas})
    while rows and not any(rows[-1]):
        rows.pop()
    width = max((place for row in rows for place, cell in enumerate(row, start=1) if cell), default=0)
    if not rows and not wrongs:
        return None
    if width > MOST_COLUMNS:
        return Raw(file, sheet.title, [], [(0, "", Wrong(f"{width:,} columns", f"at most {MOST_COLUMNS:,}"))])
    columns = [pa.array([row[place] if place < len(row) else "" for row in rows], pa.string()) for place in range(width)]
    return Raw(file, sheet.title, columns, wrongs, tuple(boxes))


def _rows(sheet: Any, boxes: list[tuple[int, int, int, int]], unread: set[tuple[int, int]]) -> list[list[str]]:
    """The cells row by row; a merged range below the header is filled with its value, so that it is reported once."""
    rows: list[list[str]] = []
    for row in sheet.iter_rows():
        cells = [_text(cell) for cell in row]
        while cells and not cells[-1]:
            cells.pop()
        rows.append(cells)
    for row, column in unread:
        _put(rows, row, column, UNREAD)
    for top, left, bottom, right in boxes:
        value = rows[top - 1][left - 1] if top <= len(rows) and left <= len(rows[top - 1]) else ""
        if top > 1 and value:
            for row in range(top, min(bottom, len(rows)) + 1):
                for column in range(left, right + 1):
                    _put(rows, row, column, value if column == left else UNREAD)
    return rows


def _put(rows: list[list[str]], row: int, column: int, value: str) -> None:
    while len(rows) < row:
        rows.append([])
    cells = rows[row - 1]
    cells.extend([""] * (column - len(cells)))
    cells[column - 1] = value


def _text(cell: Any) -> str:
    """A cell's value as somebody would type it."""
    match cell.value:
        case None: return ""
        case str() as text: return text.replace("_x000D_", "")
        case bool() as truth: return "TRUE" if truth else "FALSE"
        case int() | float() as number: return _number(number, cell.number_format)
        case datetime() as moment if moment.time() == time(): return f"{moment:%Y-%m-%d}"
        case datetime() as moment: return f"{moment:%Y-%m-%d %H:%M:%S}"
        case date() as day: return day.isoformat()
        case time(): return "1899-12-31"  # a number below 1, shown as a date
        case other: return str(other)  # fmt: skip


def _number(number: float, look: str) -> str:
    """A number as its cell shows its unit: 0.0125 in a cell formatted as a percentage is 1.25%."""
    value = Decimal(number) if isinstance(number, int) else Decimal(f"{number:.15g}")  # a spreadsheet keeps 15 digits
    unit = _unit_of(look)
    if unit == "%":
        value *= 100
    text = f"{value:f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) + unit


@lru_cache(maxsize=1000)
def _unit_of(look: str) -> str:
    """The unit that a number format shows: %, a foreign currency, or none."""
    plain = re.sub(r'"[^"]*"|\\.', "", look)
    if "%" in plain:
        return "%"
    marks = re.findall(r"\[\$([^\]-]*)", look) + re.findall(r"[€£]", look) + (["$"] if re.search(r'"\$"|\\\$|(?<!\[)\$', look) else [])
    sign = next((mark.strip() for mark in marks if mark.strip()), "")
    return "" if sign in ("", "¥", "\N{FULLWIDTH YEN SIGN}", "CNY", "RMB", "元") else sign


def _cell(ref: str) -> tuple[int, int]:
    """Row and column of B3, from 1."""
    found = re.fullmatch(r"\$?([A-Z]{1,3})\$?(\d+)", ref)
    if found is None:
        return 1, 1
    column = 0
    for letter in found[1]:
        column = column * 26 + ord(letter) - 64
    return int(found[2]), column
