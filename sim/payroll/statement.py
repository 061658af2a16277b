"""What a policy pays on records: a statement for every payee, line by line, exact to the fen.

Months are settled in order of time, and a month's lines depend on nothing later: adding a month to the records adds lines and
changes none. In a month, for each element in the policy's order and each payee in post for a day or more of the period:

1. credit: whose results count, from deals and measures (sim/payroll/credits.py, inputs.py); measure; attainment against the target;
2. the schedule, modifiers, gates, cap and floor (sim/policy/plan.py, sim/payroll/earning.py); rounded to the fen;
3. a pair's or team's pay is split; odd fen go one each by largest remainder, ties in the order of `people`; what was advanced, what
   other elements already earned, and what lies beyond a contest's budget is taken off, and a part kept back;
4. over all that falls due in the month (sim/payroll/payouts.py, reversals.py): releases, carry-over, draw, guarantee, clawback,
   ceiling and the records' own adjustments, each a line of its own.

Pay is the sum of the lines. Nothing that was posted is ever changed: what is taken back is a negative line in a later month. A quarter
is settled in its third month, on those of its months that the records hold, by the grade and state held then. Somebody without a
mentor or mentee is a pair of one. A result that is not recorded counts as nothing, that of somebody who has left too.

Where a part of a period is worked out (so far, or a month's advance), quotas and marks of what adds up are cut to that part; a level,
such as an average balance, is held against the whole quota and paid for by that part. Days in post cut amounts, and quotas of what
adds up; leave cuts quotas alone. A team or pair has one quota and one amount, by the mean of its members' days.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from sim.errors import InputError, nearest
from sim.payroll.book import Book, Groups, book_of, period_label
from sim.payroll.entries import empty
from sim.payroll.records import Records
from sim.payroll.settling import KINDS, TERMS, Block, Review, Settlement
from sim.payroll.wording import Template
from sim.policy.exact import LARGEST, SCALE
from sim.policy.schema import Policy

LANGUAGES = ("en", "zh")


@dataclass(frozen=True)
class Statements:
    """Everybody's lines.

    people: ids. months: labels. open: periods begun and not yet paid when the records end. elements: names, those of the plan's own
    terms after those of pay. due: fen by person and element that are to be paid after the records end: earned and paid later, kept back
    and not yet released, adjusted later. pending: fen by person and element that are to be taken off later pay: of negative amounts put
    off, and of a draw. reviews: deals that count in part until somebody has looked at them.
    """

    policy: Policy
    people: pd.Index
    months: pd.PeriodIndex
    open: tuple[str, ...]
    elements: tuple[str, ...]
    templates: tuple[Template, ...]
    blocks: tuple[Block, ...]
    due: pd.DataFrame
    pending: pd.DataFrame
    reviews: tuple[Review, ...]

    @cached_property
    def frame(self) -> pd.DataFrame:
        """One row a line, by month, element, kind and person.

        person, month (in which it is paid), period (for which), element, kind, measure: categories. input: what the schedule reads, in
        units of the measure. target: in those units, as it was asked. rate: CNY a unit, of the piece the input is on. members: how many
        share the result. rule, rule_zh: the arithmetic, with the numbers of the line, in English and Chinese. amount: fen.
        What does not apply is NaN. Amounts are exact; input, target and rate are the floats nearest to what was used.
        """
        labels = self.months.strftime("%Y-%m")
        periods = list(dict.fromkeys([*labels, *(block.period for block in self.blocks)]))
        number = {label: place for place, label in enumerate(periods)}
        measures = sorted({block.measure for block in self.blocks if block.measure})
        rates = np.array([np.nan if t.rate is None else float(t.rate) for t in self.templates] or [np.nan])
        return pd.DataFrame({
            "person": pd.Categorical.from_codes(self._joined(lambda b: b.people, np.int32), self.people),
            "month": pd.Categorical.from_codes(self._spread([b.month for b in self.blocks]), labels, ordered=True),
            "period": pd.Categorical.from_codes(self._spread([number[b.period] for b in self.blocks]), periods),
            "element": pd.Categorical.from_codes(self._spread([self.elements.index(b.element) for b in self.blocks]), self.elements),
            "kind": pd.Categorical.from_codes(self._spread([KINDS.index(b.kind) for b in self.blocks]), KINDS),
            "measure": pd.Categorical.from_codes(self._spread([measures.index(b.measure) if b.measure else -1 for b in self.blocks]),
                                                 pd.Index(measures, dtype=str)),
            "input": self._joined(lambda b: b.shown(b.input), float),
            "target": self._joined(lambda b: b.shown(b.target), float),
            "rate": rates[self._joined(lambda b: b.rules, np.int64)],
            "members": self._joined(lambda b: b.members, np.int32),
            "rule": self.words("en"),
            "rule_zh": self.words("zh"),
            "amount": self._joined(lambda b: b.fen, np.int64),
        })

    def words(self, lang: str) -> pd.Series:
        """Each line's arithmetic in a language, such as `600 x 7`, in the order of `frame`."""
        if lang not in LANGUAGES:
            raise InputError("lang", found=f"`{lang}`", expected="en or zh", hint=nearest(lang, LANGUAGES))
        chunks = self._english
        if lang != "en":
            chunks = [told if _alike(block, self.templates) else _worded(block, self.templates, lang)
                      for block, told in zip(self.blocks, self._english, strict=True)]
        return pd.Series(pa.chunked_array(chunks, pa.string()), dtype=pd.ArrowDtype(pa.string()))

    @cached_property
    def _english(self) -> list[pa.Array]:
        return [_worded(block, self.templates, "en") for block in self.blocks]

    def totals(self, by: str | Sequence[str] = "person") -> pd.DataFrame:
        """Pay in fen, exactly: the sum of the lines, for each value of one or more of person, month, element and kind.

        Everybody in `people` has a row, whoever got nothing too.
        """
        keys = [by] if isinstance(by, str) else list(by)
        kept: dict[str, tuple[pd.Index, Callable[[], np.ndarray]]] = {
            "person": (self.people, lambda: self._joined(lambda b: b.people, np.int64)),
            "month": (pd.Index(self.months.strftime("%Y-%m")), lambda: self._spread([b.month for b in self.blocks])),
            "element": (pd.Index(self.elements), lambda: self._spread([self.elements.index(b.element) for b in self.blocks])),
            "kind": (pd.Index(KINDS), lambda: self._spread([KINDS.index(b.kind) for b in self.blocks])),
        }
        for key in keys:
            if key not in kept:
                raise InputError("by", found=f"`{key}`", expected="person, month, element or kind", hint=nearest(key, kept))
        shape = tuple(len(kept[key][0]) for key in keys)
        fen = self._joined(lambda b: b.fen, np.int64)
        small = not len(fen) or max(abs(int(fen.min())), abs(int(fen.max()))) * len(fen) <= LARGEST
        sums = np.zeros(shape, dtype=np.int64 if small else object)
        np.add.at(sums, tuple(kept[key][1]() for key in keys), fen)
        index = pd.MultiIndex.from_product([kept[key][0] for key in keys], names=keys)
        return pd.DataFrame({"amount": sums.reshape(-1)}, index=index).reset_index()

    @cached_property
    def reported(self) -> pd.DataFrame:
        """Fen by report period (`terms.reported` of the policy: month, quarter, half year or year), person, element and kind.

        As a payee reads it: what is paid in the months of the period, whichever period it is for. period, person, element, kind:
        categories, in this order of rows; amount: fen. Lines that come to nothing together are left out where there were none.
        """
        labels = [period_label(month, self.policy.terms.reported) for month in self.months]
        periods = list(dict.fromkeys(labels))
        number = {label: place for place, label in enumerate(periods)}
        sizes = (len(periods), len(self.people), len(self.elements), len(KINDS))
        codes = (self._spread([number[labels[b.month]] for b in self.blocks]), self._joined(lambda b: b.people, np.int64),
                 self._spread([self.elements.index(b.element) for b in self.blocks]), self._spread([KINDS.index(b.kind) for b in self.blocks]))
        used, which = np.unique(np.ravel_multi_index(codes, sizes), return_inverse=True)
        sums = np.zeros(len(used), dtype=np.int64)
        np.add.at(sums, which, self._joined(lambda b: b.fen, np.int64))
        period, person, element, kind = np.unravel_index(used, sizes)
        return pd.DataFrame({"period": pd.Categorical.from_codes(period, periods, ordered=True),
                             "person": pd.Categorical.from_codes(person, self.people),
                             "element": pd.Categorical.from_codes(element, self.elements), "kind": pd.Categorical.from_codes(kind, KINDS),
                             "amount": sums})

    def _joined(self, take: Callable[[Block], np.ndarray], kind: type) -> np.ndarray:
        return np.concatenate([np.zeros(0, dtype=kind), *(take(b).astype(kind, copy=False) for b in self.blocks)])

    def _spread(self, values: Sequence[int]) -> np.ndarray:
        return np.repeat(np.array(values, dtype=np.int32), [len(b.people) for b in self.blocks])


def statements(policy: Policy, records: Records | pd.DataFrame, measures: pd.DataFrame | None = None,
               groups: Groups | None = None) -> Statements:
    """What the policy pays on these records.

    records: as `read_records` gives them; or only the table of people, beside that of measures, where a plan needs no more (columns as
    sim/payroll/records.py describes them; values in millionths, int64). groups: teams and pairs, if not those of the people.
    Errors: InputError where records do not tell what the policy pays by: an unrecorded measure, a target or a team that is missing,
    somebody in two pairs, pay beyond what an account can hold.
    """
    if isinstance(records, pd.DataFrame):
        records = Records(records, measures if measures is not None else empty("measures"))
    book = book_of(policy, records, groups)
    _refuse_unrecorded(policy, book)
    settlement = Settlement(policy, book)
    for month in range(len(book.months)):
        settlement.settle(month)
    payouts = settlement.payouts
    used = {block.element for block in settlement.blocks}
    names = (*settlement.names, *(name for name in TERMS if name in used and name not in settlement.names))
    return Statements(policy, book.people, book.months, _open(settlement, book.months), names, tuple(settlement.templates.made),
                      tuple(settlement.blocks), _listed(book.people, payouts.due_later()), _listed(book.people, payouts.to_take_off()),
                      tuple(settlement.reviews.values()))


def _refuse_unrecorded(policy: Policy, book: Book) -> None:
    """All that a plan pays by and nobody recorded, in one sentence; a single one is told by the element that reads it."""
    lacking = {measure: parts for element in policy.pay.values() for measure in element.measures() if (parts := book.unrecorded(measure))}
    if len(lacking) < 2:
        return
    readers = {part: [f"pay.{name}" for name, element in policy.pay.items() if any(part in lacking.get(each, ()) for each in element.measures())]
               for parts in lacking.values() for part in parts}
    raise InputError("measures", found="no " + ", ".join(f"`{part}` ({', '.join(names)})" for part, names in readers.items()),
                     expected=f"results in each, as the plan {policy.name} pays by them; 0 where there was nothing")


def _listed(people: pd.Index, by_element: Mapping[str, np.ndarray]) -> pd.DataFrame:
    """Fen by person and element, where it is not nothing."""
    found = [(people[rows], name, fen[rows]) for name, fen in by_element.items() if len(rows := np.flatnonzero(fen))]
    return pd.DataFrame({"person": np.concatenate([np.zeros(0, dtype=object), *(who for who, _, _ in found)]),
                         "element": np.repeat(np.array([name for _, name, _ in found], dtype=object), [len(fen) for _, _, fen in found]),
                         "amount": np.concatenate([np.zeros(0, dtype=np.int64), *(fen for _, _, fen in found)])})


def _open(settlement: Settlement, months: pd.PeriodIndex) -> tuple[str, ...]:
    """The periods begun and not over when the records end, of the lengths that something is paid by."""
    lengths = {"quarter": 3, "half_year": 6, "year": 12}
    return tuple(period_label(months[-1], period) for period, length in lengths.items()
                 if period in settlement.periods and months[-1].month % length)


def _alike(block: Block, templates: Sequence[Template]) -> bool:
    """Whether the lines read the same in both languages, being numbers alone."""
    return all(templates[place].words["en"] == templates[place].words["zh"] for place in np.flatnonzero(np.bincount(block.rules)))


def _worded(block: Block, templates: Sequence[Template], lang: str) -> pa.Array:
    """The wordings with each line's numbers in their places."""
    counts = np.bincount(block.rules)
    used = np.flatnonzero(counts)
    which = (np.cumsum(counts > 0) - 1)[block.rules]
    numbers: dict[str, pa.Array] = {}
    chosen = [templates[place].words[lang] for place in used]
    place = pa.array(which)
    parts: list[pa.Array] = []
    for slot in range(max(map(len, chosen))):
        told = [words[slot] if slot < len(words) else "" for words in chosen]
        if slot % 2 == 0:
            parts.append(pa.array(told, pa.string()).take(place))
            continue
        text = None
        for name in dict.fromkeys(filter(None, told)):
            if name not in numbers:
                numbers[name] = _digits(block.gaps[name])
            digits = numbers[name]
            mask = pa.array([each == name for each in told]).take(place)
            text = pc.if_else(mask, digits, "" if text is None else text)
        parts.append(pa.array([""] * len(which), pa.string()) if text is None else text)
    return pc.binary_join_element_wise(*parts, "")


def _digits(totals: np.ndarray) -> pa.Array:
    """Millionths as people write them: 7, -0.25."""
    text = pa.array(np.abs(totals) // SCALE).cast(pa.string())
    if (rest := np.abs(totals) % SCALE).any():
        six = pc.utf8_lpad(pa.array(rest).cast(pa.string()), 6, "0")
        tail = pc.utf8_rtrim(pc.utf8_rtrim(pc.binary_join_element_wise(".", six, ""), "0"), ".")
        text = pc.binary_join_element_wise(text, tail, "")
    sign = pc.if_else(pa.array(totals < 0), pa.scalar("-", pa.string()), "")
    return pc.binary_join_element_wise(sign, text, "")


__all__ = ["LANGUAGES", "Statements", "statements"]
