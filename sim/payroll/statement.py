"""What a policy pays on records: a statement for every payee, line by line, exact to the fen.

Months are settled in order of time, and a month's lines depend on nothing later: adding a month to the records adds lines and
changes none. In a month, elements pay in the policy's order; for one element and month,

1. who is paid: everybody in post for a day or more of the period (nothing is paid pro rata in this version);
2. what counts: one's own result, the mean of the two where pairs are bundled, the sum where a pair or a team is paid;
3. the schedule, with cap and floor, at that result, rounded to the fen, halves up;
4. a pair's or team's pay is split equally; odd fen go one each to the first in the order of `people`.

A quarter is paid in its third month, on those of its months that the records hold. A fixed amount is paid to each, whoever the
payee. Someone without a mentor or mentee is a pair of one. A result that is not recorded counts as nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from sim.errors import InputError, nearest
from sim.payroll.wording import EXACT, ROUNDED_DOWN, ROUNDED_UP, Template, template_of
from sim.policy.exact import LARGEST, SCALE, PayLine, equal_shares, fen_at, pay_lines, pieces_at
from sim.policy.schema import Policy

MONTHS_OF = {"month": 1, "quarter": 3}
LANGUAGES = ("en", "zh")


class Groups(NamedTuple):
    """Who is paid together: people with the same number, in the order of people. Somebody alone has a number of their own."""

    team: np.ndarray
    pair: np.ndarray


class Block(NamedTuple):
    """The lines of one element and month, in the order of people.

    month, element: numbers. people: row numbers. totals: results in millionths, summed over the group that shares them, of so
    many `members`; what is paid for is their mean over `mean_of`. rules: places in the policy's templates. fen: amounts.
    """

    month: int
    element: int
    people: np.ndarray
    totals: np.ndarray
    mean_of: np.ndarray
    members: np.ndarray
    rules: np.ndarray
    fen: np.ndarray


@dataclass(frozen=True)
class Statements:
    """Everybody's lines.

    people: ids. months: labels. open: quarters begun and not yet paid when the records end.
    """

    policy: Policy
    people: pd.Index
    months: pd.PeriodIndex
    open: tuple[str, ...]
    lines: tuple[PayLine, ...]
    templates: tuple[Template, ...]
    blocks: tuple[Block, ...]

    @cached_property
    def frame(self) -> pd.DataFrame:
        """One row a line, by month, element and person.

        person, month (in which it is paid), period (for which), element, measure: categories. input: what the schedule reads, in
        units of the measure. target: in those units. rate: CNY a unit, of the piece the input is on. members: how many share the
        result. rule, rule_zh: the arithmetic, with the numbers of the line, in English and Chinese. amount: fen.
        What does not apply is NaN. Amounts are exact; input, target and rate are the floats nearest to what was used.
        """
        labels = self.months.strftime("%Y-%m")
        quarters = list(dict.fromkeys(map(_quarter, self.months)))
        elements = [line.element for line in self.lines]
        measures = sorted({element.measure for element in elements if element.measure})
        rates = np.array([float(t.rate) if t.rate else np.nan for t in self.templates])
        targets = np.array([np.nan if line.target is None else line.target for line in self.lines])
        periods = [len(labels) + quarters.index(_quarter(self.months[b.month])) if elements[b.element].period == "quarter" else b.month
                   for b in self.blocks]
        counted = [measures.index(elements[b.element].measure) if elements[b.element].measure else -1 for b in self.blocks]
        rules = self._joined(lambda b: b.rules, np.int64)
        inputs = self._joined(lambda b: b.totals, np.int64) / (self._joined(lambda b: b.mean_of, np.int64) * SCALE)
        measured = self._spread(counted)
        inputs[measured < 0] = np.nan
        return pd.DataFrame({
            "person": pd.Categorical.from_codes(self._joined(lambda b: b.people, np.int32), self.people),
            "month": pd.Categorical.from_codes(self._spread([b.month for b in self.blocks]), labels, ordered=True),
            "period": pd.Categorical.from_codes(self._spread(periods), [*labels, *quarters]),
            "element": pd.Categorical.from_codes(self._spread([b.element for b in self.blocks]), [line.name for line in self.lines]),
            "measure": pd.Categorical.from_codes(measured, measures),
            "input": inputs,
            "target": targets[self._spread([b.element for b in self.blocks])],
            "rate": rates[rules],
            "members": self._joined(lambda b: b.members, np.int32),
            "rule": self.words("en"),
            "rule_zh": self.words("zh"),
            "amount": self._joined(lambda b: b.fen, np.int64),
        })

    def words(self, lang: str) -> pd.Series:
        """Each line's arithmetic in a language, such as `600 x (7 - 0)`, in the order of `frame`."""
        if lang not in LANGUAGES:
            raise InputError("lang", found=f"`{lang}`", expected="en or zh", hint=nearest(lang, LANGUAGES))
        before, after = ([getattr(t.words[lang], part) for t in self.templates] for part in ("before", "after"))
        shown = pa.array([t.shows_input for t in self.templates])
        parts = (pa.array(before, pa.string()), pa.array(after, pa.string()), shown)
        chunks = [_filled(*(part.take(pa.array(b.rules)) for part in parts), b.totals) for b in self.blocks]
        return pd.Series(pa.chunked_array(chunks, pa.string()), dtype=pd.ArrowDtype(pa.string()))

    def totals(self, by: str | Sequence[str] = "person") -> pd.DataFrame:
        """Pay in fen, exactly: the sum of the lines, for each value of one or more of person, month and element.

        Everybody in `people` has a row, whoever got nothing too.
        """
        keys = [by] if isinstance(by, str) else list(by)
        kept = {"person": (self.people, self._joined(lambda b: b.people, np.int64)),
                "month": (pd.Index(self.months.strftime("%Y-%m")), self._spread([b.month for b in self.blocks])),
                "element": (pd.Index([line.name for line in self.lines]), self._spread([b.element for b in self.blocks]))}
        for key in keys:
            if key not in kept:
                raise InputError("by", found=f"`{key}`", expected="person, month or element", hint=nearest(key, kept))
        shape = tuple(len(kept[key][0]) for key in keys)
        fen = self._joined(lambda b: b.fen, np.int64)
        small = not len(fen) or max(abs(int(fen.min())), abs(int(fen.max()))) * len(fen) <= LARGEST
        sums = np.zeros(shape, dtype=np.int64 if small else object)
        np.add.at(sums, tuple(kept[key][1] for key in keys), fen)
        index = pd.MultiIndex.from_product([kept[key][0] for key in keys], names=keys)
        return pd.DataFrame({"amount": sums.reshape(-1)}, index=index).reset_index()

    def _joined(self, field: Callable[[Block], np.ndarray], kind: type) -> np.ndarray:
        return np.concatenate([np.zeros(0, dtype=kind), *(field(b).astype(kind, copy=False) for b in self.blocks)])

    def _spread(self, values: Sequence[int]) -> np.ndarray:
        return np.repeat(np.array(values, dtype=np.int32), [len(b.people) for b in self.blocks])


def statements(policy: Policy, people: pd.DataFrame, measures: pd.DataFrame, groups: Groups | None = None) -> Statements:
    """What the policy pays on these records.

    people: person (ids), and where they matter team, mentor, joined, left, as sim/payroll/records.py describes them.
    measures: person, month, measure, value in millionths (int64). groups: teams and pairs, if not those of `people`.
    Errors: InputError where records do not tell what the policy pays by: an unrecorded measure, a team that is missing, somebody
    in two pairs, pay beyond what an account can hold.
    """
    lines = pay_lines(policy)
    ids = pd.Index(people["person"])
    months, results = _results(lines, ids, measures)
    groups = groups or groups_of(policy, people)
    posts = _in_post(people, months)
    _check_sums(results)
    book = Templates(lines)
    blocks = tuple(_settled(policy, book, months, results, posts, groups))
    return Statements(policy, ids, months, _open(policy, months), lines, tuple(book.made), blocks)


class Templates:
    """The wordings in use, each made when a line first needs it."""

    def __init__(self, lines: Sequence[PayLine]) -> None:
        self.lines, self.made, self._places = lines, [], {}

    def places(self, element: int, pieces: np.ndarray, mean_of: np.ndarray, shares: np.ndarray, rounding: np.ndarray) -> np.ndarray:
        """Number of the wording for each line: it depends on the piece, on how many share, and on how a share was rounded."""
        many = int(max(mean_of.max(initial=1), shares.max(initial=1))) + 1
        keys, inverse = np.unique(((pieces * many + mean_of) * many + shares) * 3 + rounding, return_inverse=True)
        numbers = np.empty(len(keys), dtype=np.int32)
        for place, key in enumerate(map(int, keys)):
            key, how = divmod(key, 3)
            key, share = divmod(key, many)
            piece, mean = divmod(key, many)
            numbers[place] = self._place((element, piece, mean, share, how))
        return numbers[inverse]

    def _place(self, key: tuple[int, int, int, int, int]) -> int:
        if key not in self._places:
            self._places[key] = len(self.made)
            self.made.append(template_of(self.lines[key[0]], *key[1:]))
        return self._places[key]


# --- settling ---------------------------------------------------------------------------------------------------------


def _settled(policy: Policy, book: Templates, months: pd.PeriodIndex, results: dict[str, np.ndarray], posts: np.ndarray,
             groups: Groups) -> Iterator[Block]:
    """Month by month, element by element."""
    for t, month in enumerate(months):
        for e, line in enumerate(book.lines):
            length = MONTHS_OF[line.element.period]
            if month.month % length:
                continue
            first = max(0, t + 1 - length)
            paid = np.flatnonzero(posts[first: t + 1].any(axis=0))
            measure = line.element.measure
            own = results[measure][first: t + 1].sum(axis=0)[paid] if measure else np.zeros(len(paid), dtype=np.int64)
            yield _block(policy, book, t, e, paid, own, groups)


def _block(policy: Policy, book: Templates, month: int, e: int, paid: np.ndarray, own: np.ndarray, groups: Groups) -> Block:
    line, one = book.lines[e], np.ones(len(paid), dtype=np.int64)
    payee, fixed = line.element.payee, line.element.measure is None
    together = None
    if not fixed and (payee != "self" or policy.practices.mentor_pairing.bundled):
        together = (groups.team if payee == "team" else groups.pair)[paid]
    totals, size, rank = (own, one, one - 1) if together is None else _grouped(together, own)
    mean_of, shares = (size, one) if payee == "self" else (one, size)
    pieces = pieces_at(line, totals, mean_of)
    whole = fen_at(line, totals, mean_of, pieces)
    fen = equal_shares(whole, shares, rank)
    rounding = np.where(whole % shares == 0, EXACT, np.where(rank < whole % shares, ROUNDED_UP, ROUNDED_DOWN))
    return Block(month, e, paid.astype(np.int32), totals, mean_of, size, book.places(e, pieces, mean_of, shares, rounding), fen)


def _grouped(together: np.ndarray, own: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each person the group's sum, its size, and the person's place in it by the order of people, from 0."""
    _, group, sizes = np.unique(together, return_inverse=True, return_counts=True)
    sums = np.zeros(len(sizes), dtype=np.int64)
    np.add.at(sums, group, own)
    order = np.argsort(group, kind="stable")
    rank = np.empty(len(own), dtype=np.int64)
    rank[order] = np.arange(len(own)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return sums[group], sizes[group], rank


# --- reading the records ----------------------------------------------------------------------------------------------


def _results(lines: Sequence[PayLine], ids: pd.Index, measures: pd.DataFrame) -> tuple[pd.PeriodIndex, dict[str, np.ndarray]]:
    """The months of the records, and for each measure that is paid for its values by month and person."""
    if not len(measures):
        raise InputError("measures", found="no rows", expected="results of at least one month")
    if measures["value"].dtype != np.int64:
        raise TypeError("values must be int64, in millionths of their unit")
    for column in ("person", "month", "measure"):
        if measures[column].isna().any():
            raise InputError("measures", column, found="an empty cell", expected="a value in every row")
    month = pd.Categorical(measures["month"])
    ordinals = pd.PeriodIndex(month.categories.astype(str), freq="M").asi8[month.codes]
    months = pd.period_range(pd.Period(ordinal=int(ordinals.min()), freq="M"), pd.Period(ordinal=int(ordinals.max()), freq="M"), freq="M")
    person = _codes(measures["person"], ids)
    names, counted = pd.Categorical(measures["measure"]), {}
    for line in lines:
        name = line.element.measure
        if name is None or name in counted:
            continue
        rows = np.flatnonzero(names == name)
        if not len(rows):
            known = [str(other) for other in names.categories]
            raise InputError("measures", found=f"no `{name}`", expected=f"results in it, as pay.{line.name} pays by them", hint=nearest(name, known))
        counted[name] = np.zeros((len(months), len(ids)), dtype=np.int64)
        np.add.at(counted[name], (ordinals[rows] - ordinals.min(), person[rows]), measures["value"].to_numpy()[rows])
    return months, counted


def _codes(column: pd.Series, ids: pd.Index) -> np.ndarray:
    """Row numbers of people."""
    if not ids.is_unique:
        raise InputError("people", "person", found=f"`{ids[ids.duplicated()][0]}` a second time", expected="one row a person")
    cat = pd.Categorical(column)
    places = ids.get_indexer(cat.categories)
    if len(unknown := cat.categories[(places < 0) & np.isin(np.arange(len(places)), cat.codes)]):
        raise InputError("measures", "person", found=f"`{unknown[0]}`", expected="somebody listed in people")
    return places[cat.codes]


def _in_post(people: pd.DataFrame, months: pd.PeriodIndex) -> np.ndarray:
    """Whether each person was in post for a day or more of each month; a date not given is no limit."""
    calendar = np.array(months.strftime("%Y-%m").to_numpy(), dtype="datetime64[M]")[:, None]
    posts = np.ones((len(months), len(people)), dtype=bool)
    if "joined" in people:
        joined = people["joined"].to_numpy().astype("datetime64[M]")
        posts &= np.isnat(joined) | (joined <= calendar)
    if "left" in people:
        left = people["left"].to_numpy().astype("datetime64[M]")
        posts &= np.isnat(left) | (left >= calendar)
    return posts


def _check_sums(results: dict[str, np.ndarray]) -> None:
    for name, values in results.items():
        if abs(values.astype(float)).sum() > LARGEST / 2:
            raise InputError("measures", name, found="results too large to add up", expected=f"less than {LARGEST // SCALE // 2} together")


def groups_of(policy: Policy, people: pd.DataFrame) -> Groups:
    """Teams by the team column, pairs by the mentor column, as far as the policy pays by them."""
    payees = {name: element.payee for name, element in policy.pay.items()}
    team, pair = np.full(len(people), -1), np.arange(len(people))
    if "team" in payees.values():
        team = _teams(people, next(name for name, payee in payees.items() if payee == "team"))
    if "pair" in payees.values() or policy.practices.mentor_pairing.bundled:
        pair = _pairs(people)
    return Groups(team, pair)


def _teams(people: pd.DataFrame, element: str) -> np.ndarray:
    names = people["team"].fillna("").astype(str) if "team" in people else pd.Series("", index=people.index)
    if (without := (names == "").to_numpy()).any():
        raise InputError("people", people["person"].iloc[int(without.argmax())], "team", found="nothing",
                         expected=f"a team, as pay.{element} pays teams")
    return pd.factorize(names)[0]


def _pairs(people: pd.DataFrame) -> np.ndarray:
    """Each mentee with the mentor; everybody else alone."""
    pair = np.arange(len(people))
    if "mentor" not in people:
        return pair
    ids, mentors = pd.Index(people["person"]), people["mentor"].fillna("").astype(str)
    mentees = np.flatnonzero(mentors != "")
    places = ids.get_indexer(mentors.iloc[mentees])
    used: set[int] = set()
    for mentee, mentor in zip(mentees.tolist(), places.tolist(), strict=True):
        if mentor < 0:
            raise InputError("people", ids[mentee], "mentor", found=f"`{mentors.iloc[mentee]}`", expected="somebody listed in people")
        if twice := [ids[row] for row in (mentee, mentor) if row in used] or [ids[mentee]] * (mentee == mentor):
            raise InputError("people", ids[mentee], "mentor", found=f"`{twice[0]}` in a second pair", expected="each in one pair only")
        used |= {mentee, mentor}
        pair[mentee] = pair[mentor] = min(mentee, mentor)
    return pair


# --- labels and words -------------------------------------------------------------------------------------------------


def _quarter(month: pd.Period) -> str:
    return f"{month.year}-Q{month.quarter}"


def _open(policy: Policy, months: pd.PeriodIndex) -> tuple[str, ...]:
    """The last quarter, if something is paid by quarters and the records end within it."""
    begun = any(element.period == "quarter" for element in policy.pay.values()) and months[-1].month % 3
    return (_quarter(months[-1]),) if begun else ()


def _filled(before: pa.Array, after: pa.Array, shown: pa.Array, totals: np.ndarray) -> pa.Array:
    """The wordings with each line's result in its place."""
    number = pc.if_else(shown, _digits(totals), "")
    return pc.binary_join_element_wise(before, number, after, "")


def _digits(totals: np.ndarray) -> pa.Array:
    """Millionths as people write them: 7, -0.25."""
    text = pa.array(np.abs(totals) // SCALE).cast(pa.string())
    if (rest := np.abs(totals) % SCALE).any():
        six = pc.utf8_lpad(pa.array(rest).cast(pa.string()), 6, "0")
        tail = pc.utf8_rtrim(pc.utf8_rtrim(pc.binary_join_element_wise(".", six, ""), "0"), ".")
        text = pc.binary_join_element_wise(text, tail, "")
    sign = pc.if_else(pa.array(totals < 0), pa.scalar("-", pa.string()), "")
    return pc.binary_join_element_wise(sign, text, "")
