"""A line's arithmetic in words that a person can check, in English and Chinese, with gaps for the line's own numbers.

A wording is text and gaps in turn: what stands at even places is text, at odd places the name of a gap. Gaps: `v0`, the result of the
first input (of all who share it), `t0` its whole target where not all have the same, and others as the lines need them.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from sim.policy.exact import AT_CAP, AT_FLOOR, FREE, plain
from sim.policy.plan import MARK_DECIMALS, NO_INPUT, Compiled, Fn, Row, Score

EXACT, ROUNDED_DOWN, ROUNDED_UP = 0, 1, 2                      # how a share of a group's fen came about
Wording = tuple[str, ...]

_WORDS = {
    "en": {EXACT: "", ROUNDED_DOWN: ", rounded down to the fen", ROUNDED_UP: ", rounded up to the fen", "less": ", less ",
           "earned": " earned before", "withheld": "withheld as ", "advance": ", in advance", "nothing": "nothing in advance on "},
    "zh": {EXACT: "", ROUNDED_DOWN: "，舍去不足一分", ROUNDED_UP: "，不足一分进为一分", "less": "，减已计",
           "earned": "", "withheld": "扣发，因", "advance": "，预发", "nothing": "不预发："},
}
_BOUNDS = {"en": {AT_CAP: ("cap ", " on ", ""), AT_FLOOR: ("floor ", " for ", "")},
           "zh": {AT_CAP: ("上限", "（", "）"), AT_FLOOR: ("保底", "（", "）")}}
# Lines that follow from others: kept short, with the amounts they were worked out from.
_OTHERS = {
    "settlement": {"en": ("less ", "before", " paid in advance"), "zh": ("减已预发", "before")},
    "held_back": {"en": ("kept back: ", "share", " of ", "earned"), "zh": ("递延", "earned", "的", "share")},
    "released": {"en": ("released: ", "share", " of ", "held", " kept back"), "zh": ("发放递延", "held", "的", "share")},
    "cut": {"en": ("released: ", "share", " of ", "held", " kept back, less ", "cut", " cut before it vested"),
            "zh": ("发放递延", "held", "的", "share", "，减已扣减", "cut")},
    "draw": {"en": ("", "most", " less ", "earned", " earned"), "zh": ("", "most", "减所得", "earned")},
    "draw_repaid": {"en": ("repaid out of ", "earned", " earned above ", "most", "; balance before ", "balance"),
                    "zh": ("以所得", "earned", "超过", "most", "部分归还；原余额", "balance")},
    "guarantee": {"en": ("", "most", " less ", "earned", " earned"), "zh": ("", "most", "减所得", "earned")},
    "carried_over": {"en": ("put off: ", "amount", " is taken off later pay"), "zh": ("", "amount", "转入以后扣减")},
    "carry_over_repaid": {"en": ("", "balance", " put off before, taken off ", "earned", " as far as it goes"),
                          "zh": ("前期转入", "balance", "，在", "earned", "以内扣减")},
    "clawback": {"en": ("", "earned", " x ", "lost", " / ", "credit", " reversed"),
                 "zh": ("", "earned", " x ", "lost", " / ", "credit", "（业务撤销）")},
    "clawback_cut": {"en": ("", "earned", " x ", "lost", " / ", "credit", " reversed, of which ", "cut", " from what was kept back"),
                     "zh": ("", "earned", " x ", "lost", " / ", "credit", "（业务撤销），其中", "cut", "从递延中扣减")},
    "ceiling": {"en": ("pay of ", "total", " above the ceiling of ", "most"), "zh": ("薪酬", "total", "超过封顶", "most")},
    "budget": {"en": ("", "earned", " x ", "left", " / ", "total", " as the budget is spent, less ", "earned", " earned"),
               "zh": ("", "earned", " x ", "left", " / ", "total", "（预算用尽），减所得", "earned")},
}


class Template(NamedTuple):
    """words: by language. rate: CNY a unit on the first function's piece, None where none is paid."""

    words: dict[str, Wording]
    rate: Fraction | None


class Reach(NamedTuple):
    """What a line's wording depends on.

    places: rows by function, in the plan's order. withheld: gates that withhold. shares: among how many pay is split, -1 by weights.
    less: whether something earned before is taken off. post: whether amounts are cut; quotas: whether an input's quota is. nothing: of a
    negative amount nothing is advanced.
    """

    places: tuple[int, ...]
    bound: int
    withheld: tuple[bool, ...]
    mean_of: int
    shares: int
    rounding: int
    less: bool
    post: bool
    nothing: bool
    quotas: tuple[bool, ...]


class Common(NamedTuple):
    """What all lines of a posting have in common; None where each line has its own, shown in gaps.

    targets: by input, whole. post: share of amounts. quotas, parts: by input (sim/policy/exact.py, Reached). advance: share of pay.
    """

    targets: tuple[Fraction | None, ...]
    post: Fraction | None
    quotas: tuple[Fraction | None, ...]
    parts: tuple[Fraction, ...]
    kind: str
    advance: Fraction | None = None


def other(kind: str) -> Template:
    """The wording of a line that follows from others."""
    return Template({lang: tuple(words) for lang, words in _OTHERS[kind].items()}, None)


def reason(text: str) -> Template:
    """The wording of an adjustment in the records."""
    return Template({"en": (f"adjustment: {text}",), "zh": (f"调整：{text}",)}, None)


def earned(plan: Compiled, reach: Reach, common: Common) -> Template:
    """The arithmetic of an element."""
    return Template({lang: _joined(_whole(plan, reach, common, lang)) for lang in _WORDS}, _rate(plan, reach))


def _rate(plan: Compiled, reach: Reach) -> Fraction | None:
    place = 0
    for term in plan.terms:
        for fn in term:
            rate = fn.rows[reach.places[place]].rate
            place += 1
            if rate and fn.money:
                return rate
    return None


# Parts of a wording while it is made: text, and gaps as one-element tuples.
Part = str | tuple[str]


def _joined(parts: Sequence[Part]) -> Wording:
    """Text and gaps in turn."""
    found: list[str] = [""]
    for part in parts:
        if isinstance(part, tuple):
            found += [part[0], ""]
        else:
            found[-1] += part
    return tuple(found) if found[-1] or len(found) == 1 else tuple(found[:-1])


def _whole(plan: Compiled, reach: Reach, common: Common, lang: str) -> list[Part]:
    say = _WORDS[lang]
    places = iter(reach.places)
    at = Teller(plan, reach, common)
    rows = [[next(places) for _ in term] for term in plan.terms]
    told = [at.term(term, those) for term, those in zip(plan.terms, rows, strict=True)]
    some = [parts for parts, term, those in zip(told, plan.terms, rows, strict=True) if not _is_nothing(term, those)]
    shown = some or [parts for parts in told if parts != ["0"]][:1] or told[:1]
    parts = [piece for place, each in enumerate(shown) for piece in ([" + "] if place else []) + each]
    for fn in plan.modifiers:
        parts = [*_bracketed(parts), " x ", *_bracketed(at.function(fn, next(places)))]
    for gate, closed in zip(plan.gates, reach.withheld, strict=True):
        row = next(places)
        if closed:
            factor = gate.fn.rows[row].amount
            parts = [f"{plain(factor)} x (", *parts, ") (", say["withheld"], *at.condition(gate.fn, row), ")"]
    if reach.bound != FREE:
        limit = plan.cap if reach.bound == AT_CAP else plan.floor
        head, middle, foot = _BOUNDS[lang][reach.bound]
        parts = [f"{head}{plain(limit or Fraction(0))}", *(at.post() if limit else []), middle, *parts, foot]
    if reach.shares > 1:
        parts = ["(", *parts, f") / {reach.shares}"]
    if reach.shares < 0:
        parts = ["(", *parts, ") x ", ("own",), " / ", ("all",)]
    if common.advance is not None:
        parts = [say["nothing"], *parts] if reach.nothing else [f"{plain(common.advance)} x (", *parts, ")", say["advance"]]
    if reach.less:
        parts += [say["less"], ("less",), say["earned"]]
    if common.kind == "settlement":
        extra = _OTHERS["settlement"][lang]
        parts += [", " if lang == "en" else "，", *[(piece,) if place % 2 else piece for place, piece in enumerate(extra)]]
    return [*parts, say[reach.rounding]]


def _bracketed(parts: list[Part]) -> list[Part]:
    """The parts, in brackets where they are more than a number."""
    plain_number = len(parts) == 1 and isinstance(parts[0], str) and " " not in parts[0]
    return parts if plain_number or len(parts) == 1 and isinstance(parts[0], tuple) else ["(", *parts, ")"]


def _is_nothing(term: tuple[Fn, ...], places: list[int]) -> bool:
    """Whether a product is 0 whatever the result."""
    rows = [fn.rows[place] for fn, place in zip(term, places, strict=True)]
    return any(not any(row[2:]) for row in rows)


class Teller(NamedTuple):
    """Puts functions in words for one wording."""

    plan: Compiled
    reach: Reach
    common: Common

    def term(self, term: tuple[Fn, ...], places: list[int]) -> list[Part]:
        """A product. What picks a row of a matrix is told as a condition."""
        factors, conditions = [], []
        for fn, place in zip(term, places, strict=True):
            row = fn.rows[place]
            if row.why == "gate" and not fn.money:
                if not row.amount:
                    return ["0"]
                conditions.append(self.condition(fn, place))
            else:
                factors.append(self.function(fn, place))
        parts: list[Part] = []
        for place, factor in enumerate(factors):
            parts += [*([" x "] if place else []), *(_bracketed(factor) if len(factors) > 1 else factor)]
        for condition in conditions:
            parts += [" (", *condition, ")"]
        return parts

    def post(self) -> list[Part]:
        """By which amounts are cut."""
        return _times(self.common.post, "post") if self.reach.post else []

    def quota(self, place: int) -> list[Part]:
        """By which an input's target and marks are cut."""
        return _times(self.common.quotas[place], f"q{place}") if self.reach.quotas[place] else []

    def target(self, place: int, times: Fraction = Fraction(1)) -> list[Part]:
        """So many times an input's target, as it was asked."""
        whole = self.common.targets[place]
        head: list[Part] = [plain(round(times * whole, MARK_DECIMALS))] if whole is not None else [(f"t{place}",)]
        return [*([f"{plain(times)} x "] if whole is None and times != 1 else []), *head, *self.quota(place)]

    def value(self, place: int) -> list[Part]:
        """An input: a gap, or the sum that a score is made of."""
        source = self.plan.inputs[place]
        if isinstance(source, Score):
            return self.score(place, source)
        return [(f"v{place}",), f" / {self.reach.mean_of}"] if self.reach.mean_of > 1 else [(f"v{place}",)]

    def score(self, place: int, score: Score) -> list[Part]:
        before = sum(len(each.parts) for each in self.plan.inputs[:place] if isinstance(each, Score))
        rows = self.reach.places[len(list(self.plan.functions())) + before :]
        parts: list[Part] = ["("]
        for number, ((weight, fn), row) in enumerate(zip(score.parts, rows, strict=False)):
            parts += [*([" + "] if number else []), f"{plain(weight)} x ", *_bracketed(self.function(fn, row))]
        return [*parts, ")"]

    def mark(self, x: Fraction, fn: Fn) -> list[Part]:
        """A mark in units; by attainment of a target that differs, as a share of it."""
        if not x:
            return ["0"]
        if fn.by == "attainment":
            return self.target(fn.lookup, x)
        return [plain(x), *(self.quota(fn.lookup) if fn.money and fn.lookup == fn.rated else [])]

    def condition(self, fn: Fn, place: int) -> list[Part]:
        """Why this row holds: the next mark is not reached, or its own is."""
        if fn.rows[place].x <= 0 and place + 1 < len(fn.rows):
            return [*self.value(fn.lookup), " <= " if fn.strict else " < ", *self.mark(fn.rows[place + 1].x, fn)]
        return [*self.value(fn.lookup), " > " if fn.strict else " >= ", *self.mark(fn.rows[place].x, fn)]

    def function(self, fn: Fn, place: int) -> list[Part]:
        """`600 x 7`, `600 x (7 - 3)`, `900 + 450 x (4 - 3)`, `4000 (12 >= 12)`, `0 (9 < 9.6)`, `6000`, `0.5 + 2.5 x (9 / 12 - 0.6)`."""
        row = fn.rows[place]
        if fn.lookup == NO_INPUT:
            return [plain(row.amount), *(self.post() if row.amount else [])]
        if not any(row[3:]):                                     # an amount, or nothing
            told = [plain(row.amount), *(self.post() if fn.money and row.amount else [])]
            return told if len(fn.rows) == 1 else [*told, " (", *self.condition(fn, place), ")"]
        if row.why == "short":
            told = [f"-{plain(row.rate)} x (", *self.mark(fn.rows[place + 1].x, fn), " - ", *self.value(fn.rated), ")"]
        else:
            told = self.sloped(fn, row) if row.why == "curve" else self.based(fn, row)
        if fn.money and (part := self.common.parts[fn.rated]) != 1:
            told = [*_bracketed(told), *_times(part, "")]
        return told if fn.lookup == fn.rated or len(fn.rows) == 1 else [*told, " (", *self.condition(fn, place), ")"]

    def based(self, fn: Fn, row: Row) -> list[Part]:
        """A rate on what lies beyond the mark, and what the marks below made."""
        value = self.value(fn.rated)
        per_mark = row.per_target if fn.by == "attainment" else row.marked
        if not per_mark:
            return [f"{plain(row.rate)} x ", *(["(", *value, ")"] if len(value) > 1 else value)]
        at_mark = per_mark + row.rate * row.x                    # what is paid at the mark; by attainment, for a unit of the target
        head: list[Part] = []
        if at_mark:
            head = [*([plain(at_mark), *self.quota(fn.rated)] if fn.by == "units" else self.target(fn.rated, at_mark)), " + "]
        return [*head, f"{plain(row.rate)} x (", *value, *([" - ", *self.mark(row.x, fn)] if row.x else []), ")"]

    def sloped(self, fn: Fn, row: Row) -> list[Part]:
        """A curve between two points."""
        share = self.value(fn.rated)
        if row.per_share:
            target = self.target(fn.rated)
            share = [*share, " / ", *(["(", *target, ")"] if self.reach.quotas[fn.rated] else target)]
        slope = row.per_share or row.rate
        if not row.amount:
            return share if slope == 1 else [f"{plain(slope)} x ", *_bracketed(share)]
        gives = row.amount + slope * row.x
        return [*([f"{plain(gives)} + "] if gives else []), f"{plain(slope)} x (", *share, *([f" - {plain(row.x)}"] if row.x else []), ")"]


def _times(share: Fraction | None, gap: str) -> list[Part]:
    """` x 0.5`, ` x 1 / 3`, or with gaps for the two numbers."""
    if share is None:
        return [" x ", (f"{gap}_n",), " / ", (f"{gap}_d",)]
    return [" x " + plain(share).replace("/", " / ")]


__all__ = ["EXACT", "ROUNDED_DOWN", "ROUNDED_UP", "Common", "Reach", "Template", "Wording", "earned", "other", "reason"]
