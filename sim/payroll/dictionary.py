"""The words of records, as data: tables and columns, measures, units. All of it stands in data/payroll.

A new measure is one line of data/payroll/measures.yaml; a new header is one word there or in fields.yaml.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from typing import Any

from sim.errors import InputError, nearest
from sim.payroll.cells import key
from sim.reading import read_yaml, resource_folder

LANGUAGES = ("en", "zh")


@dataclass(frozen=True)
class Measure:
    """What can be said of a person and a month; data/payroll/measures.yaml says what each field means.

    least, most: bounds in its unit; None where there is none. sum_of: parts and their coefficients.
    """

    name: str
    unit: str
    label: Mapping[str, str]
    about: Mapping[str, str]
    words: tuple[str, ...]
    least: float | None = 0
    most: float | None = None
    over: str = "sum"
    better: str = "higher"
    quality: bool = False
    sum_of: Mapping[str, float] = field(default_factory=dict)
    times_days: str = ""
    built_in: bool = False

    @property
    def recorded(self) -> bool:
        """Whether records hold it, rather than what it follows from."""
        return not (self.sum_of or self.times_days or self.built_in)


@dataclass(frozen=True)
class Unit:
    """A way to write a unit: the unit that values are kept in ("" for a bare multiplier) and the factor to it."""

    of: str
    times: Fraction
    word: str


@dataclass(frozen=True)
class Column:
    """A column of a table. unit, least, most: that of its numbers and their bounds, where they are always the same."""

    name: str
    kind: str
    label: Mapping[str, str]
    about: Mapping[str, str]
    words: tuple[str, ...]
    required: bool = False
    unit: str = ""
    least: float | None = None
    most: float | None = None


@dataclass(frozen=True)
class Form:
    """The form of a table."""

    name: str
    label: Mapping[str, str]
    about: Mapping[str, str]
    words: tuple[str, ...]
    columns: Mapping[str, Column]
    required: bool = False


def _data(name: str) -> dict[str, Any]:
    return read_yaml(resource_folder("data") / "payroll" / f"{name}.yaml")


@lru_cache(maxsize=1)
def known_measures() -> dict[str, Measure]:
    """The data dictionary by name."""
    return {name: Measure(name, **{**entry, "words": tuple(entry["words"])}) for name, entry in _data("measures").items()}


def made_from(name: str) -> tuple[str, ...]:
    """The recorded measures that a measure follows from in the end; none for one that is built in."""
    measure = known_measures()[name]
    if measure.recorded:
        return (name,)
    parts = (*measure.sum_of, *filter(None, (measure.times_days,)))
    return tuple(dict.fromkeys(leaf for part in parts for leaf in made_from(part)))


@lru_cache(maxsize=1)
def forms() -> dict[str, Form]:
    """The tables, in their order."""
    data = _data("fields")
    found = {}
    for name, entry in data["tables"].items():
        columns = {}
        for place, column in entry["columns"].items():
            words = data["person_words"] if place == "person" else column.get("words", ())
            columns[place] = Column(place, **{**column, "words": tuple(words)})
        found[name] = Form(name, **{**entry, "words": tuple(entry["words"]), "columns": columns})
    return found


@lru_cache(maxsize=1)
def unit_words() -> dict[str, Unit]:
    """Units by every word they go by."""
    found = {}
    for entry in _data("units")["units"].values():
        for word in entry["words"]:
            found[key(word)] = Unit(entry.get("of", ""), Fraction(str(entry["times"])), word)
    return found


@lru_cache(maxsize=1)
def currency_words() -> dict[str, str]:
    """Currencies that are refused, by every word they go by."""
    return {key(word): code for code, words in _data("units")["currencies"].items() for word in words}


@lru_cache(maxsize=None)
def measure_words() -> dict[str, str]:
    """Measures by every word they go by."""
    return {key(word): name for name, each in known_measures().items() for word in (name, *each.label.values(), *each.words)}


@lru_cache(maxsize=1)
def table_words() -> dict[str, str]:
    """Tables by every word they go by."""
    return {key(word): name for name, form in forms().items() for word in (name, *form.label.values(), *form.words)}


@lru_cache(maxsize=None)
def column_words(table: str) -> dict[str, str]:
    """A table's columns by every word they go by; their own names and labels go before the words of others."""
    columns = forms()[table].columns.values()
    words = [(word, column.name) for column in columns for word in column.words]
    words += [(word, column.name) for column in columns for word in (column.name, *column.label.values())]
    return {key(word): name for word, name in words}


@lru_cache(maxsize=None)
def value_words(kind: str) -> dict[str, str]:
    """What can stand in a column of that kind (provenance, level, state, origin) by every word it goes by, in the order of the file."""
    return {key(word): name for name, words in _data("fields")["values"][kind].items() for word in (name, *words)}


@lru_cache(maxsize=1)
def ignored_tables() -> frozenset[str]:
    return frozenset(map(key, _data("fields")["ignored_tables"]))


@lru_cache(maxsize=1)
def ignored_columns() -> frozenset[str]:
    return frozenset(map(key, _data("fields")["ignored_columns"]))


# --- the dictionary as a page -------------------------------------------------------------------------------------------

_WORDS = {
    "title": ("Data dictionary", "数据字典"),
    "column": ("column", "列"), "meaning": ("meaning", "含义"), "must": ("must be given", "必填"), "also": ("also read as", "也可写作"),
    "measure": ("measure", "指标"), "header": ("header", "表头"), "unit": ("unit", "单位"), "range": ("range", "取值范围"),
    "measures": ("Measures", "指标清单"), "yes": ("yes", "是"), "any": ("any", "不限"), "least": ("{} or more", "不小于 {}"), "between": ("{} to {}", "{} 至 {}"),
    "over": ("over months", "跨月取数"), "sum": ("sum", "合计"), "mean": ("mean by days", "按天数平均"), "last": ("last month", "取末月"),
    "follows": ("not recorded, follows from others", "不录入，由其他数据得出"),
    "comma": (", ", "、"),
}  # fmt: skip


def data_dictionary(lang: str = "en") -> str:
    """Tables, columns and measures as a Markdown page in English ("en") or Chinese ("zh")."""
    if lang not in LANGUAGES:
        raise InputError("lang", found=f"`{lang}`", expected="en or zh", hint=nearest(lang, LANGUAGES))

    def say(word: str) -> str:
        return _WORDS[word][LANGUAGES.index(lang)]

    parts = [f"# {say('title')}\n"]
    for form in forms().values():
        rows = [(c.label[lang], c.about[lang], say("yes") if c.required else "", say("comma").join(c.words)) for c in form.columns.values()]
        parts.append(f"\n## {form.label[lang]}\n\n{form.about[lang]}{'.' if lang == 'en' else '。'}\n")
        parts.append(_table([say("column"), say("meaning"), say("must"), say("also")], rows))
    rows = [(f"`{m.name}`", m.label[lang], m.about[lang], m.unit, say(m.over), _range(m, say), say("comma").join(m.words))
            for m in known_measures().values()]  # fmt: skip
    parts.append(f"\n## {say('measures')}\n")
    parts.append(_table([say(word) for word in ("measure", "header", "meaning", "unit", "over", "range", "also")], rows))
    return "".join(parts)


def _range(measure: Measure, say: Any) -> str:
    if not measure.recorded:
        return say("follows")
    if measure.least is None:
        return say("any")
    return say("least").format(measure.least) if measure.most is None else say("between").format(measure.least, measure.most)


def _table(head: list[str], rows: list[tuple[str, ...]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n" + "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)
