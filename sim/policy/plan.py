"""What an element pays, as data that every evaluator reads: the one definition.

`compile_element` turns an element into a `Compiled`: a sum of terms, each the product of functions of one input. A function is
piecewise linear with jumps: the row that its lookup has reached says, for the rated input,

    amount + marked + per_target x target + rate x result + per_share x result / target.

Then modifiers multiply, gates withhold, cap and floor bound. Payroll on records evaluates this exactly for many payees at once
(sim/policy/exact.py); `value_at` says it for one, in fractions; `pieces_along` draws it as a function of one input, which simulated
payroll and expectations read as floats (sim/policy/schedule.py, sim/policy/kernel.py).

Inputs are readings (a measure over a time) or scores made of them. Payment over time (advance, holdback, draw) comes after: it is in
sim/policy/timing.py.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from fractions import Fraction
from functools import lru_cache
from typing import Literal, NamedTuple

from sim.policy.elements import Element
from sim.policy.payment import Gate
from sim.policy.readings import Reading, Target
from sim.policy.schedules import (
    Curve, CurveSchedule, FixedSchedule, LinearSchedule, MatrixSchedule, PriceSchedule, ScorecardSchedule, StepSchedule, SumSchedule,
    TierSchedule,
)

MARK_DECIMALS = 8                         # of a unit: so that two thirds of twelve, written 0.666666666667, are eight
NO_INPUT = -1
ZERO, ONE = Fraction(0), Fraction(1)
FAR = Fraction(10) ** 30                  # units: no measure comes near; a bound that a tiny rate meets only there never binds

Why = Literal["fixed", "below", "rate", "step", "curve", "gate", "short"]


class Row(NamedTuple):
    """From the mark x on, until the next row.

    x: units of the lookup, or shares of its target. amount: CNY, or a plain factor. marked: CNY that marks in units make (a rate
    times a mark). per_target: CNY a unit of the target. rate: CNY a unit of the result. per_share: for a result of the whole target.
    why: in which words to tell it.
    """

    x: Fraction
    why: Why
    amount: Fraction = ZERO
    marked: Fraction = ZERO
    per_target: Fraction = ZERO
    rate: Fraction = ZERO
    per_share: Fraction = ZERO


class Fn(NamedTuple):
    """A function of one input, or of a lookup that chooses the row and a rated input that it pays for.

    strict: a mark must be passed. money: gives CNY, so that amounts follow days in post and marks the quota; otherwise a factor.
    """

    lookup: int
    rated: int
    by: Literal["units", "attainment"]
    strict: bool
    money: bool
    rows: tuple[Row, ...]


class Score(NamedTuple):
    """An input made of others: the sum of weight x function."""

    parts: tuple[tuple[Fraction, Fn], ...]


class Input(NamedTuple):
    """A reading, credited as the element says where `credited`."""

    reading: Reading
    credited: bool


class GateFn(NamedTuple):
    fn: Fn
    rewards_only: bool


class Compiled(NamedTuple):
    """An element ready to pay. terms: products of functions, to be summed. cap, floor: CNY a period."""

    name: str
    element: Element
    inputs: tuple[Input | Score, ...]
    terms: tuple[tuple[Fn, ...], ...]
    modifiers: tuple[Fn, ...]
    gates: tuple[GateFn, ...]
    cap: Fraction | None
    floor: Fraction | None

    def functions(self) -> Iterator[Fn]:
        for term in self.terms:
            yield from term
        yield from self.modifiers
        yield from (gate.fn for gate in self.gates)


class Result(NamedTuple):
    """An input's value and its target, in units of the measure."""

    value: Fraction
    target: Fraction | None = None


def as_written(number: float) -> Fraction:
    """The number as it is written: 0.1 is a tenth, although no float is."""
    return Fraction(repr(float(number)))


# --- compiling --------------------------------------------------------------------------------------------------------


class _Inputs:
    """The inputs of an element while it is compiled, each once."""

    def __init__(self) -> None:
        self.known: list[Input | Score] = []

    def place(self, reading: Reading, credited: bool) -> int:
        return self.add(Input(reading, credited))

    def add(self, new: Input | Score) -> int:
        if new not in self.known:
            self.known.append(new)
        return self.known.index(new)


def compile_element(name: str, element: Element) -> Compiled:
    """One element, compiled. The element's own measure, if it has one, is the first input."""
    inputs = _Inputs()
    own = inputs.place(Reading(measure=element.measure, target=element.target), True) if element.measure else NO_INPUT
    incentive = as_written(element.target_incentive or 0.0) * as_written(1.0 if element.weight is None else element.weight)
    terms = tuple(_terms(element.schedule, own, incentive, inputs))
    modifiers = tuple(_curve(each.curve, inputs.place(each.reading, False), "curve") for each in element.modifiers or ())
    gates = tuple(gate_of(gate, inputs.place(gate.reading, False)) for gate in element.gates or ())
    cap, floor = (None if bound is None else as_written(bound) for bound in (element.cap, element.floor))
    return Compiled(name, element, tuple(inputs.known), terms, modifiers, gates, cap, floor)


def _terms(schedule: object, own: int, incentive: Fraction, inputs: _Inputs) -> Iterator[tuple[Fn, ...]]:
    match schedule:
        case FixedSchedule(amount=amount):
            yield (_constant(as_written(amount)),)
        case LinearSchedule():
            yield from _linear(schedule, own, incentive)
        case TierSchedule(lookup=lookup):
            yield from _tiers(schedule, own if lookup is None else inputs.place(lookup, False), own, incentive)
        case StepSchedule():
            rows = [Row(as_written(step.mark), "step", amount=as_written(step.pays)) for step in schedule.at]
            yield (_fn(own, own, schedule.by, schedule.boundary, True, _from_zero(rows)),)
        case CurveSchedule(curve=curve):
            yield (_constant(incentive), _curve(curve, own, "curve"))
        case MatrixSchedule():
            yield from _matrix(schedule, own, inputs.place(schedule.other, False))
        case PriceSchedule(prices=prices):
            for measure, price in prices.items():
                place = inputs.place(Reading(measure=measure), True)
                yield (_fn(place, place, "units", None, True, [Row(ZERO, "rate", rate=as_written(price))]),)
        case ScorecardSchedule():
            yield from _scorecard(schedule, incentive, inputs)
        case SumSchedule(of=parts):
            for part in parts:
                place = own if part.reading is None else inputs.place(part.reading, True)
                yield from _terms(part.schedule, place, incentive, inputs)


def _fn(lookup: int, rated: int, by: str, boundary: str | None, money: bool, rows: Sequence[Row]) -> Fn:
    return Fn(lookup, rated, by, boundary == "lower", money, tuple(rows))  # type: ignore[arg-type]


def _constant(amount: Fraction) -> Fn:
    return Fn(NO_INPUT, NO_INPUT, "units", False, True, (Row(ZERO, "fixed", amount=amount),))


def _from_zero(rows: list[Row]) -> list[Row]:
    """The rows, with nothing below the first mark: where that is 0, nothing for a negative result."""
    return [Row(ZERO if rows[0].x > 0 else -FAR, "below"), *rows]


def _nothing_below(rows: list[Row]) -> list[Row]:
    """The rows of a factor, with nothing below the first mark above 0."""
    return [Row(ZERO, "below"), *rows] if rows[0].x > 0 else rows


def _based(by: str, x: Fraction, why: Why, rate: Fraction, taken: Fraction) -> Row:
    """A row of so much a unit, plus `taken` for each unit of its marks: CNY a unit of the measure or of the target."""
    return Row(x, why, rate=rate, marked=taken) if by == "units" else Row(x, why, rate=rate, per_target=taken)


def _linear(schedule: LinearSchedule, own: int, incentive: Fraction) -> Iterator[tuple[Fn, ...]]:
    start, whole = as_written(schedule.threshold), schedule.mode == "from_first"
    if schedule.rate is None:
        row = Row(start, "curve", amount=ZERO if whole else -start, per_share=ONE)
        yield _constant(incentive), _fn(own, own, "attainment", schedule.boundary, False, _from_zero([row]))
    else:
        rate = as_written(schedule.rate)
        row = _based(schedule.by, start, "rate", rate, ZERO if whole else -rate * start)
        yield (_fn(own, own, schedule.by, schedule.boundary, True, _from_zero([row])),)
    if schedule.shortfall_rate is not None:
        short = as_written(schedule.shortfall_rate)
        rows = [_based(schedule.by, ZERO if start else -FAR, "short", short, -short * start), Row(start, "below")]
        yield (_fn(own, own, schedule.by, schedule.boundary, True, rows),)


def _tiers(schedule: TierSchedule, lookup: int, own: int, incentive: Fraction) -> Iterator[tuple[Fn, ...]]:
    if rates := [as_written(tier.rate or 0.0) for tier in schedule.tiers if any(tier.rate is not None for tier in schedule.tiers)]:
        rows = [_based(schedule.by, x, "rate", rate, taken) for x, rate, taken in _steps_of(schedule, rates)]
        yield (_fn(lookup, own, schedule.by, schedule.boundary, True, _from_zero(rows)),)
    if times := [as_written(tier.times or 0.0) for tier in schedule.tiers if any(tier.times is not None for tier in schedule.tiers)]:
        rows = [Row(x, "curve", amount=taken, per_share=rate) for x, rate, taken in _steps_of(schedule, times)]
        yield _constant(incentive), _fn(lookup, own, schedule.by, schedule.boundary, False, _from_zero(rows))


def _steps_of(schedule: TierSchedule, rates: Sequence[Fraction]) -> Iterator[tuple[Fraction, Fraction, Fraction]]:
    """By tier: where it begins, its rate, and what the marks below add to rate x result."""
    paid = ZERO
    for tier, rate in zip(schedule.tiers, rates, strict=True):
        start = as_written(tier.start)
        yield start, rate, ZERO if schedule.mode == "retroactive" else paid - rate * start
        if tier.end is not None:
            paid += rate * (as_written(tier.end) - start)


def _curve(curve: Curve, place: int, why: Why) -> Fn:
    """A factor: linear between the points and level beyond them, or in steps."""
    points = [(as_written(point.mark), as_written(point.gives)) for point in curve.points]
    if curve.shape == "steps":
        return _fn(place, place, curve.by, curve.boundary, False, _nothing_below([Row(x, why, amount=gives) for x, gives in points]))
    rows = [Row(ZERO, why, amount=points[0][1])] if points[0][0] > 0 else []
    for (x, gives), after in zip(points, [*points[1:], None], strict=True):
        slope = (after[1] - gives) / (after[0] - x) if after else ZERO
        slopes = {"rate": slope} if curve.by == "units" else {"per_share": slope}
        rows.append(Row(x, why, amount=gives - slope * x, **slopes))
    return _fn(place, place, curve.by, curve.boundary, False, rows)


def _matrix(schedule: MatrixSchedule, own: int, other: int) -> Iterator[tuple[Fn, ...]]:
    """One term a row: whether the row is the one reached, times the amount by column."""
    marks = [as_written(mark) for mark in schedule.rows]
    for mark, after, amounts in zip(marks, [*marks[1:], None], schedule.pays, strict=True):
        inside = [Row(mark, "gate", amount=ONE), *([Row(after, "gate")] if after is not None else [])]
        cells = [Row(as_written(x), "step", amount=as_written(amount)) for x, amount in zip(schedule.columns, amounts, strict=True)]
        yield (_fn(own, own, schedule.by, schedule.boundary, False, [Row(ZERO, "gate"), *inside] if mark > 0 else inside),
               _fn(other, other, schedule.by, schedule.boundary, True, _from_zero(cells)))


def _scorecard(schedule: ScorecardSchedule, incentive: Fraction, inputs: _Inputs) -> Iterator[tuple[Fn, ...]]:
    scores = []
    for indicator in schedule.indicators.values():
        place = inputs.place(indicator.reading, True)
        plain = Fn(place, place, "attainment", False, False, (Row(ZERO, "curve", per_share=ONE),))
        scores.append((as_written(indicator.weight), _curve(indicator.curve, place, "curve") if indicator.curve else plain))
    if schedule.curve is None:
        for weight, fn in scores:
            yield _constant(incentive * weight), fn
    else:
        yield _constant(incentive), _curve(schedule.curve, inputs.add(Score(tuple(scores))), "curve")


def gate_of(gate: Gate, place: int) -> GateFn:
    """A gate as a factor: 1 where its mark is reached, `otherwise` elsewhere."""
    less = as_written(gate.otherwise)
    if gate.at_most is not None:
        rows = [Row(ZERO, "gate", amount=ONE), Row(as_written(gate.at_most), "gate", amount=less)]
        return GateFn(Fn(place, place, "units", True, False, tuple(rows)), gate.of == "rewards")
    by, mark = ("units", gate.at_least) if gate.at_least is not None else ("attainment", gate.attainment)
    rows = [*([Row(ZERO, "gate", amount=less)] if mark else []), Row(as_written(mark or 0.0), "gate", amount=ONE)]
    return GateFn(_fn(place, place, by, None, False, rows), gate.of == "rewards")


class _Same:
    """An element that counts as equal to every other: the text beside it tells them apart."""

    def __init__(self, element: Element) -> None:
        self.element = element

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same)

    def __hash__(self) -> int:
        return 0


@lru_cache(maxsize=1024)
def _cached(name: str, dumped: str, holder: _Same) -> Compiled:
    return compile_element(name, holder.element)


def compiled(name: str, element: Element) -> Compiled:
    """As `compile_element`, remembered."""
    return _cached(name, element.model_dump_json(), _Same(element))


# --- one payee, in fractions ------------------------------------------------------------------------------------------


def mark_of(x: Fraction, fn: Fn, target: Fraction | None, quota: Fraction = ONE) -> Fraction:
    """Where a mark lies, in units of the lookup."""
    if fn.by == "attainment":
        return round(x * (target or ZERO) * quota, MARK_DECIMALS)
    return round(x * quota, MARK_DECIMALS) if fn.money and fn.lookup == fn.rated else x


def row_at(fn: Fn, results: Sequence[Result], quota: Fraction = ONE) -> int:
    """The place of the row that a function's lookup has reached."""
    if fn.lookup == NO_INPUT or len(fn.rows) == 1:
        return 0
    value, target = results[fn.lookup]
    marks = [mark_of(row.x, fn, target, quota) for row in fn.rows]
    return max(0, (bisect_left if fn.strict else bisect_right)(marks, value) - 1)


def function_at(fn: Fn, results: Sequence[Result], post: Fraction = ONE, quota: Fraction = ONE) -> Fraction:
    """A function's value, CNY or a plain factor. post: share of the period in post. quota: share of the quota asked for."""
    row = fn.rows[row_at(fn, results, quota)]
    if fn.rated == NO_INPUT:
        return row.amount * post
    value, target = results[fn.rated]
    found = row.amount * (post if fn.money else ONE) + row.marked * quota + row.rate * value
    if row.per_target:
        found += row.per_target * (target or ZERO) * quota
    if row.per_share:
        found += row.per_share * value / ((target or ONE) * quota)
    return found


def results_of(plan: Compiled, given: Sequence[Result], quota: Fraction = ONE) -> list[Result]:
    """The results of all inputs, scores worked out. given: those of the readings, at their places; whatever at those of scores."""
    found = list(given) + [Result(ZERO)] * (len(plan.inputs) - len(given))
    for place, each in enumerate(plan.inputs):
        if isinstance(each, Score):
            found[place] = Result(sum((weight * function_at(fn, found, quota=quota) for weight, fn in each.parts), ZERO))
    return found


def value_at(plan: Compiled, given: Sequence[Result], post: Fraction = ONE, quota: Fraction = ONE) -> Fraction:
    """What the element pays for a period, CNY, before rounding."""
    results = results_of(plan, given, quota)
    total = ZERO
    for term in plan.terms:
        product = ONE
        for fn in term:
            product *= function_at(fn, results, post, quota)
        total += product
    for fn in plan.modifiers:
        total *= function_at(fn, results, post, quota)
    for gate in plan.gates:
        if total > 0 or not gate.rewards_only:
            total *= function_at(gate.fn, results, post, quota)
    if plan.floor is not None:
        total = max(total, plan.floor * post)
    if plan.cap is not None:
        total = min(total, plan.cap * post)
    return total


# --- along one input --------------------------------------------------------------------------------------------------


class Piece(NamedTuple):
    """From x units on, until the next piece: v CNY at x and r CNY a unit beyond."""

    x: Fraction
    v: Fraction
    r: Fraction


def targets_of(plan: Compiled) -> list[Fraction | None]:
    """The targets that the file itself gives, by input."""
    return [None if isinstance(each, Score) else target_of(each.reading.target) for each in plan.inputs]


def target_of(target: Target | None) -> Fraction | None:
    return as_written(target.value) if target and target.value is not None else None


def usual(plan: Compiled) -> list[Result]:
    """What to take for inputs nothing is known about: at their target; without one, where gates are open and factors nearest to 1."""
    factors = [*plan.modifiers, *(gate.fn for gate in plan.gates)]
    found = []
    for place, target in enumerate(targets_of(plan)):
        rows = [row for fn in factors if fn.lookup == place and fn.by == "units" for row in fn.rows]
        best = min(rows, key=lambda row: abs(row.amount + row.rate * row.x - 1)).x if rows else ZERO
        found.append(Result(best if target is None else target, target))
    return found


PASSED = Fraction(1, 500_000_000)         # units: twice the width at which the float evaluator takes a mark for reached


def pieces_along(plan: Compiled, place: int = 0, others: Sequence[Result] | None = None) -> list[Piece]:
    """The element's pay, CNY a period, as a function of one input, the others as given (`usual` if not); all bounds worked in.

    Where one input has two parts in a product, pay is drawn straight between its marks.
    """
    results = list(usual(plan) if others is None else others)
    if not plan.inputs:
        return [Piece(ZERO, value_at(plan, []), ZERO)]
    line = _Line(plan, results, place)
    pieces: list[Piece] = []
    for start, stop in line.spans():
        for piece in line.straight(start, stop):
            last = pieces[-1] if pieces else None
            if last is None or piece.r != last.r or piece.v != last.v + last.r * (piece.x - last.x):
                pieces.append(piece)
    return pieces


def pay_below(plan: Compiled) -> Fraction | None:
    """What the element pays for any result of its first input below nil, CNY; None where that is not one amount."""
    line = _Line(plan, list(usual(plan)), 0)
    near, far = line.pay(-ONE), line.pay(-ONE - ONE)
    return near if near == far else None


class _Line:
    """An element with all inputs but one held fast."""

    def __init__(self, plan: Compiled, results: list[Result], place: int) -> None:
        self.plan, self.results, self.place, self.target = plan, results, place, results[place].target
        self.free = plan._replace(cap=None, floor=None, gates=())
        scored = [fn for each in plan.inputs if isinstance(each, Score) for _, fn in each.parts]
        self.functions = [*plan.functions(), *scored]

    def at(self, x: Fraction) -> list[Result]:
        return [Result(x, self.target) if place == self.place else result for place, result in enumerate(self.results)]

    def pay(self, x: Fraction) -> Fraction:
        return value_at(self.plan, self.at(x))

    def spans(self) -> list[tuple[Fraction, Fraction | None]]:
        """From mark to mark; the last is open."""
        own = {(mark_of(row.x, fn, self.target), fn.strict) for fn in self.functions if fn.lookup == self.place for row in fn.rows}
        marks = sorted({ZERO, *(max(ZERO, mark + PASSED if strict else mark) for mark, strict in own if not (strict and mark < 0))})
        marks = sorted({*marks, *self.score_marks(marks)})
        return list(zip(marks, [*marks[1:], None], strict=True))

    def score_marks(self, marks: Sequence[Fraction]) -> Iterator[Fraction]:
        """Where a score made of the input passes a mark of its own."""
        for number, each in enumerate(self.plan.inputs):
            if isinstance(each, Score):
                levels = {row.x for fn in self.plan.functions() if fn.lookup == number for row in fn.rows}
                for start, stop in zip(marks, [*marks[1:], None], strict=True):
                    yield from _crossings(lambda x, n=number: results_of(self.plan, self.at(x))[n].value, start, stop, levels)

    def straight(self, start: Fraction, stop: Fraction | None) -> Iterator[Piece]:
        """The pieces between two marks: cut where the sign turns, and where cap or floor begin or cease to bind."""
        if stop is not None and stop - start <= PASSED:              # at a mark that must be passed
            yield Piece(start, self.pay(start), ZERO)
            return
        bounds = [bound for bound in (self.plan.cap, self.plan.floor) if bound is not None]
        levels: set[Fraction] = set()
        if bounds or self.plan.gates:
            inside = _two_within(start, stop)[0]
            held = {ONE, *_products(function_at(gate.fn, results_of(self.plan, self.at(inside))) for gate in self.plan.gates)}
            levels = {ZERO, *(bound / share for bound in bounds for share in held if share)}
        cuts = [start, *sorted(set(_crossings(lambda x: value_at(self.free, self.at(x)), start, stop, levels)))]
        for x, after in zip(cuts, [*cuts[1:], stop], strict=True):
            low, high = _two_within(x, after)
            rate = (self.pay(high) - self.pay(low)) / (high - low)
            yield Piece(x, self.pay(low) - rate * (low - x), rate)


def _products(factors: Iterable[Fraction]) -> list[Fraction]:
    """The product of every choice of some of the factors."""
    found = [ONE]
    for factor in factors:
        found += [product * factor for product in found]
    return found


def _two_within(start: Fraction, stop: Fraction | None) -> tuple[Fraction, Fraction]:
    third = ((start + max(ONE, start) if stop is None else stop) - start) / 3
    return start + third, start + 2 * third


def _crossings(line: Callable[[Fraction], Fraction], start: Fraction, stop: Fraction | None, levels: Collection[Fraction]) -> Iterator[Fraction]:
    """Where a straight line between two marks takes one of the levels."""
    low, high = _two_within(start, stop)
    if not levels or not (rate := (line(high) - line(low)) / (high - low)):
        return
    for level in levels:
        x = low + (level - line(low)) / rate
        if start < x < (FAR if stop is None else stop - PASSED):
            yield x
