"""One definition, two evaluators: floats for the simulation and exact numbers for payroll agree; expectations agree with brute force."""

from __future__ import annotations

import math
import os
import random
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from profiles import examples

import sim
from sim.engine.state import PAY_MEASURES
from sim.errors import InputError
from sim.policy import Element, Policy
from sim.policy.exact import SCALE, Reached, evaluate
from sim.policy.kernel import SIMPLE, expect_joint, pay_at, pay_joint, to_fen
from sim.policy.plan import Input, Score, compile_element, mark_of, targets_of
from sim.policy.rational import Exact
from sim.policy.schedule import not_simulated, pay_tables

TURN_BESIDE_A_MARK = 917              # a seed: a cap meets a slope so close to a mark that the piece between is nothing but rounding
PLANS_A_TEST = 2000                   # five tests: 10,000 plans
MEASURES = ("accounts", "contacts")   # the two results that a manager expects for himself
KINDS = {"linear and tiers": ("linear", "tiers", "step", "curve"), "lookup and matrix": ("lookup", "matrix"), "prices and sums": ("prices", "sum"),
         "scorecards": ("scorecard", "scored"), "bounded everything": ("linear", "tiers", "lookup", "matrix", "sum", "scorecard", "scored", "fixed")}


class Draw(random.Random):
    """Random elements of pay over accounts and contacts, most numbers round, so that marks are met."""

    def mark(self, most: int = 12) -> float:
        return self.choice([float(self.randint(0, most)), self.randint(0, 4 * most) / 4, round(self.uniform(0, most), 3)])

    def marks(self, n: int, most: int = 12) -> list[float]:
        return sorted({self.mark(most) for _ in range(n)})

    def share_marks(self, n: int) -> list[float]:
        return [round(mark / 10, 4) for mark in self.marks(n, 15)]

    def rate(self) -> float:
        return self.choice([float(self.randint(0, 900)), round(self.uniform(0, 900), 2), -float(self.randint(0, 300))])

    def pays(self) -> float:
        return self.choice([float(self.randint(0, 9000)), round(self.uniform(0, 900), 2)])

    def target(self) -> dict[str, Any]:
        return {"value": self.choice([float(self.randint(1, 30)), round(self.uniform(0.5, 30), 3)]), "unit": ""}

    def reading(self, measure: str | None = None, target: bool = False) -> dict[str, Any]:
        measure = measure or self.choice(MEASURES)
        found: dict[str, Any] = {"measure": measure, "over": self.choice(["period", "period", "last_month", "year_to_date"])}
        if self.random() < 0.2:
            found["annualised"] = True
        return {**found, "target": {**self.target(), "unit": measure}} if target else found

    def boundary(self) -> dict[str, Any]:
        return self.choice([{}, {}, {"boundary": "lower"}])

    def curve(self, by: str) -> dict[str, Any]:
        marks = self.marks(self.randint(1, 4)) if by == "units" else self.share_marks(self.randint(1, 4))
        gives = [round(self.uniform(0, 2), 2) for _ in marks]
        return {"shape": self.choice(["line", "steps"]), **self.boundary(), "points": [{by: x, "gives": g} for x, g in zip(marks, gives)]}

    def schedule(self, kind: str, by: str) -> dict[str, Any]:
        match kind:
            case "fixed":
                return {"kind": "fixed", "amount": self.pays()}
            case "linear":
                more = {"shortfall_rate": float(self.randint(0, 200))} if self.random() < 0.3 else {}
                threshold = self.mark() if by == "units" else self.share_marks(1)[0]
                return {"kind": "linear", "rate": self.rate(), "threshold": threshold, "mode": self.choice(["from_threshold", "from_first"]), "by": by,
                        **more, **self.boundary()}
            case "tiers":
                marks = self.marks(4) if by == "units" else self.share_marks(4)
                return {"kind": "tiers", "mode": self.choice(["marginal", "retroactive"]), "by": by, **self.boundary(),
                        "tiers": [{"from": x, "rate": self.rate()} for x in marks]}
            case "step":
                marks = self.marks(3) if by == "units" else self.share_marks(3)
                return {"kind": "step", "at": [{by: x, "pays": self.pays()} for x in marks], **self.boundary()}
        return {"kind": "curve", "curve": self.curve("attainment")}

    def element(self, kind: str, bounded: bool) -> dict[str, Any]:
        by = self.choice(["units", "attainment"])
        found: dict[str, Any] = {"period": self.choice(["month", "quarter"]), "target_incentive": self.pays()}
        if self.random() < 0.3:
            found["weight"] = round(self.random(), 2)
        measure = self.choice(MEASURES)
        own = {"measure": measure, "target": {**self.target(), "unit": measure}}
        match kind:
            case "lookup":
                schedule = {"kind": "tiers", "mode": "retroactive", "by": by, "tiers": [{"from": x, "rate": self.rate()} for x in self.marks(4, 9)],
                            "lookup": self.reading(target=by == "attainment")}
                found |= {**own, "schedule": schedule}
            case "matrix":
                rows, columns = self.share_marks(3), self.share_marks(3)
                schedule = {"kind": "matrix", "by": "attainment", "rows": rows, "columns": columns, "other": self.reading(target=True), **self.boundary(),
                            "pays": [[self.pays() for _ in columns] for _ in rows]}
                found |= {**own, "schedule": schedule}
            case "prices":
                found["schedule"] = {"kind": "prices", "prices": {name: self.rate() for name in MEASURES}}
            case "sum":
                parts = [{"reading": self.reading(target=True), "schedule": self.schedule(self.choice(["linear", "tiers", "step", "curve"]), by)}
                         for _ in range(self.randint(2, 3))]
                found["schedule"] = {"kind": "sum", "of": [*parts, {"schedule": self.schedule("fixed", by)}]}
            case "scorecard" | "scored":
                first = self.choice([0.2, 0.35, 0.5])
                indicators = {f"i{n}": {"reading": self.reading(target=True), "weight": weight,
                                        **({"curve": self.curve(self.choice(["units", "attainment"]))} if self.random() < 0.6 else {})}
                              for n, weight in enumerate((first, 1 - first))}
                found["schedule"] = {"kind": "scorecard", "combine": "curve_per_measure", "indicators": indicators}
                if kind == "scored":
                    found["schedule"] |= {"combine": "score_then_curve", "curve": {**self.curve("units"), "points": [
                        {"units": x, "gives": round(self.uniform(0, 2), 2)} for x in self.share_marks(3)]}}
            case "fixed":
                found["schedule"] = self.schedule("fixed", by)
            case _:
                found |= {**own, "schedule": self.schedule(kind, by)}
        if bounded or self.random() < 0.3:
            found["floor"] = round(self.uniform(-500, 500), 2)
        if bounded or self.random() < 0.3:
            found["cap"] = round(max(0.0, found.get("floor", 0.0)) + self.uniform(0, 5000), 2)
        if self.random() < (0.6 if bounded else 0.3):
            found["modifiers"] = [{"reading": self.reading(), "curve": self.curve("units")}]
        if self.random() < (0.6 if bounded else 0.3):
            mark = self.choice([{"at_least": self.mark()}, {"at_most": self.mark()}, {"attainment": self.share_marks(1)[0]}])
            found["gates"] = [{"reading": self.reading(target=True), **mark, "otherwise": self.choice([0.0, 0.5]), "of": self.choice(["rewards", "everything"])}]
        return found


def compiled_both_ways(element: dict[str, Any]) -> tuple[Any, Any]:
    """The exact plan, and the tables of floats."""
    known = Element.model_validate(element)
    policy = Policy.model_construct(pay={"piece": known}, overrides=(), terms=BASE.terms, crediting=BASE.crediting, practices=BASE.practices, name="p")
    return compile_element("piece", known), pay_tables(policy, MEASURES)


BASE = sim.load_policy("fixed-pay")


def near_marks(plan: Any, draw: Draw, count: int) -> np.ndarray:
    """Results in millionths, a row an input: at marks, a millionth beside, and anywhere."""
    targets = targets_of(plan)
    found = []
    for place, source in enumerate(plan.inputs):
        scored = [fn for each in plan.inputs if isinstance(each, Score) for _, fn in each.parts]
        marks = [mark_of(row.x, fn, targets[place]) for fn in (*plan.functions(), *scored) if fn.lookup == place and isinstance(source, Input)
                 for row in fn.rows] or [Fraction(0)]
        found.append([max(0, round(draw.choice(marks) * SCALE) + draw.choice([-1, 0, 0, 1])) if draw.random() < 0.6
                      else draw.choice([draw.randint(0, 20) * SCALE, draw.randint(0, 20 * SCALE)]) for _ in range(count)])
    return np.array(found, dtype=np.int64).reshape(len(plan.inputs), count)


def exact_fen(plan: Any, results: np.ndarray) -> list[int]:
    targets = targets_of(plan)
    reached = [Reached(Exact(row, SCALE), target) for row, target in zip(results, targets, strict=True)]
    return evaluate(plan, reached, results.shape[1]).value.fen("half_up").tolist()


def float_pay(lines: Any, results: np.ndarray) -> list[float]:
    if lines.lines[0].joint == SIMPLE:
        return [float(pay_at(lines, 0, x / SCALE)) for x in (results[0] if len(results) else np.zeros(results.shape[1]))]
    return [float(pay_joint(lines, 0, column / SCALE)) for column in results.T]


@pytest.mark.parametrize("kinds", KINDS)
def test_floats_agree_with_exact_numbers_to_the_fen(kinds) -> None:
    """Thousands of plans at random, results at and next to their marks."""
    @settings(max_examples=examples(PLANS_A_TEST), deadline=None, database=None)
    @given(st.integers(0, 2**32))
    def check(seed: int) -> None:
        draw = Draw(seed)
        element = draw.element(draw.choice(KINDS[kinds]), kinds.startswith("bounded"))
        plan, (lines, _) = compiled_both_ways(element)
        results = near_marks(plan, draw, 5)
        found = [to_fen(pay) for pay in float_pay(lines, results)]
        assert max(abs(a - b) for a, b in zip(found, exact_fen(plan, results), strict=True)) <= 1, element
    check()


# --- expectations -----------------------------------------------------------------------------------------------------


def windows(lines: Any, k: int, rest: float = 0.4) -> tuple[np.ndarray, np.ndarray]:
    """Shift and slope of every input for a quarter half over: its last month takes `rest` of what is to come, the year has 3 units more."""
    line = lines.lines[k]
    reads = lines.lines[line.inputs:line.inputs_stop]
    times = np.where(reads.annualised, 4.0, 1.0)
    return times * np.where(reads.over == 2, 3.0, 0.0), times * np.where(reads.over == 1, rest, 1.0)


def results_at(lines: Any, k: int, y: tuple[float, float]) -> np.ndarray:
    line = lines.lines[k]
    shift, slope = windows(lines, k)
    reads = lines.lines[line.inputs:line.inputs_stop]
    return np.array([a + b * y[m] if m >= 0 else 0.0 for a, b, m in zip(shift, slope, reads.measure, strict=True)])


def joint_plans(draw: Draw, tied: bool | None = None) -> Any:
    """The next random element of several inputs, or of several times of one: its tables. tied: by bounds, scores or curves, or not."""
    while True:
        _, (lines, _) = compiled_both_ways(draw.element(draw.choice(KINDS["bounded everything"]), bool(tied)))
        line = lines.lines[0]
        if line.joint != SIMPLE and tied in (None, bool(line.bounded or line.curved)):
            return lines


def poisson(mean: float, most: int) -> np.ndarray:
    p = np.array([math.exp(-mean + n * math.log(mean) - math.lgamma(n + 1)) for n in range(most)])
    return p / p.sum()


def test_with_nothing_uncertain_expected_pay_is_pay() -> None:
    @settings(max_examples=examples(300), deadline=None, database=None)
    @given(st.integers(0, 2**32))
    @example(TURN_BESIDE_A_MARK)
    def check(seed: int) -> None:
        draw = Draw(seed)
        lines = joint_plans(draw)
        y = (draw.mark(), draw.mark())
        value, _, _ = expect_joint(lines, 0, *windows(lines, 0), (0.0, 0.0), y, (0.0, 0.0), 1.0, 0.0, 1.0)
        assert value == pytest.approx(pay_joint(lines, 0, results_at(lines, 0, y)), rel=1e-12, abs=1e-9)
    check()


def expected_of(seed: int) -> tuple[float, ...]:
    """Certainty equivalents and slopes of a random plan: nothing uncertain, counts, normal results."""
    draw = Draw(seed)
    lines = joint_plans(draw)
    y, mean = (draw.mark(), draw.mark()), (draw.uniform(0.3, 9), draw.uniform(0.3, 14))
    at = windows(lines, 0)
    return tuple(float(value) for found in (expect_joint(lines, 0, *at, (0.0, 0.0), y, (0.0, 0.0), 1.0, 0.0, 1.0),
                                            expect_joint(lines, 0, *at, y, mean, (-1.0, -1.0), 1.0, 3e-4, 1.0),
                                            expect_joint(lines, 0, *at, y, mean, (2.0, 3.0), 1.0, 0.0, 0.5)) for value in found)


SEEDS = (*range(12), TURN_BESIDE_A_MARK)


def test_expectations_are_the_same_in_plain_python() -> None:
    """Without the compiler the same bits, and nothing that numpy warns of."""
    code = "import test_pay_agreement as t; print([value.hex() for seed in t.SEEDS for value in t.expected_of(seed)])"
    told = subprocess.run([sys.executable, "-W", "error::RuntimeWarning", "-c", code], cwd=Path(__file__).parent, capture_output=True, text=True,
                          env={**os.environ, "NUMBA_DISABLE_JIT": "1", "PYTHONPATH": os.pathsep.join(sys.path)})
    assert told.returncode == 0, told.stderr
    assert told.stdout.strip() == str([value.hex() for seed in SEEDS for value in expected_of(seed)])


def brute_force(lines: Any, done: tuple[float, float], mean: tuple[float, float], risk: float) -> tuple[float, float]:
    """Certainty equivalent over both counts, and the span of pay among results that are likely."""
    chances = [poisson(m, int(m + 9 * math.sqrt(m) + 12)) for m in mean]
    pay = np.array([[pay_joint(lines, 0, results_at(lines, 0, (done[0] + a, done[1] + b))) for b in range(len(chances[1]))] for a in range(len(chances[0]))])
    likely = pay[np.ix_(chances[0] > 1e-4, chances[1] > 1e-4)]
    if risk == 0.0:
        return float(chances[0] @ pay @ chances[1]), float(np.ptp(likely))
    return float(-math.log(chances[0] @ np.exp(-risk * pay) @ chances[1]) / risk), float(np.ptp(likely))


def errors_of_expectation(tied: bool, risk: float, plans: int, seed: int) -> np.ndarray:
    """Errors of the certainty equivalent against brute force, in spans of likely pay, and of its slopes against differences, in CNY a unit."""
    draw, found = Draw(seed), []
    while len(found) < plans:
        lines = joint_plans(draw, tied)
        done, mean = (float(draw.randint(0, 5)), float(draw.randint(0, 5))), (draw.uniform(0.3, 9), draw.uniform(0.3, 14))

        right, span = brute_force(lines, done, mean, risk)
        if span < 1.0:
            continue
        value, first, second = expect_joint(lines, 0, *windows(lines, 0), done, mean, (-1.0, -1.0), 1.0, risk, 1.0)
        slopes = [(brute_force(lines, done, tuple(mean[k] + (0.01 if k == m else 0.0) for k in (0, 1)), risk)[0] - right) / 0.01 for m in (0, 1)]
        found.append((abs(value - right) / span, abs(first - slopes[0]) / span, abs(second - slopes[1]) / span))
    return np.array(found)


@pytest.mark.parametrize(("tied", "risk", "most"), [(False, 0.0, 1e-12), (True, 0.0, 0.005), (False, 3e-4, 0.005), (True, 3e-4, 0.005)])
def test_expected_pay_of_two_uncertain_results_is_the_sum_over_both(tied, risk, most) -> None:
    """Exact where functions multiply and add up; elsewhere close, in spans of the pay that is likely. Slopes by a difference."""
    errors = errors_of_expectation(tied, risk, 8, seed=7)
    assert errors[:, 0].max() <= most
    assert errors[:, 1:].max() <= 0.01


def tiers(measure: str, rows: list[tuple[float, float]], **more: Any) -> dict[str, Any]:
    return {"period": "quarter", "measure": measure, "schedule": {"kind": "tiers", "mode": "retroactive",
                                                                  "tiers": [{"from": x, "rate": rate} for x, rate in rows], **more}}


MARKS_AS_COUNTED: dict[str, tuple[dict[str, Any], float]] = {
    # a result of 1 annualised is 4, which has not passed the mark
    "passed_by_year": ({"period": "month", "schedule": {"kind": "fixed", "amount": 568.0}, "modifiers": [{
        "reading": {"measure": "accounts", "annualised": True},
        "curve": {"shape": "steps", "boundary": "lower", "points": [{"units": 0.5, "gives": 0.4}, {"units": 4.0, "gives": 0.2}]}}]}, 0.0),
    # nothing at all has not passed a mark at nothing
    "passed_at_nothing": ({"period": "quarter", "schedule": {"kind": "sum", "of": [
        {"reading": {"measure": "accounts", "over": "year_to_date"}, "schedule": {"kind": "linear", "rate": -158.0}},
        {"reading": {"measure": "accounts"}, "schedule": {"kind": "step", "boundary": "lower", "at": [{"units": 0.0, "pays": 888.0},
                                                                                                  {"units": 12.0, "pays": 66.0}]}}]}}, 0.0),
    # a score that falls with the result reaches its mark up to and at a count
    "falling_score": ({"period": "quarter", "target_incentive": 1000.0, "schedule": {"kind": "scorecard", "combine": "score_then_curve", "indicators": {
        "few": {"weight": 1.0, "reading": {"measure": "accounts"}, "curve": {"shape": "line", "points": [
            {"units": 0.0, "gives": 2.0}, {"units": 10.0, "gives": 0.0}]}}},
        "curve": {"shape": "steps", "points": [{"units": 0.0, "gives": 0.0}, {"units": 1.2, "gives": 1.0}]}}}, 0.0),
    # above the last mark a penalty a unit, to somebody who minds risk
    "penalty": (tiers("accounts", [(0.0, 500.0), (2.0, -107.0)], lookup={"measure": "accounts", "over": "last_month", "annualised": True}), 3e-4),
}


@pytest.mark.parametrize("name", MARKS_AS_COUNTED)
def test_expected_pay_meets_marks_where_pay_meets_them(name) -> None:
    """One result alone is uncertain, so the expectation is exact: at a mark it is on the side on which pay is."""
    element, risk = MARKS_AS_COUNTED[name]
    _, (lines, _) = compiled_both_ways(element)
    for done in (0.0, 5.0):
        right, span = brute_force(lines, (done, 0.0), (6.3, 1.0), risk)
        value, _, _ = expect_joint(lines, 0, *windows(lines, 0), (done, 0.0), (6.3, 1.0), (-1.0, -1.0), 1.0, risk, 1.0)
        assert abs(value - right) <= 1e-9 * max(1.0, span)


def test_expected_pay_of_normal_results_is_that_of_draws() -> None:
    """A gate, a matrix, a scorecard and a cap against a hundred thousand draws of each."""
    draws = np.random.default_rng(3).normal(size=(2, 100_000))
    mean, sd = (8.0, 15.0), (2.0, 4.0)
    for element in (GATED, MATRIX, SCORECARD, {**SCORECARD, "cap": 2500.0}):
        _, (lines, _) = compiled_both_ways(element)
        at = np.array([results_at(lines, 0, (mean[0] + sd[0] * a, mean[1] + sd[1] * b)) for a, b in draws[:, :20_000].T])
        pay = np.array([pay_joint(lines, 0, x) for x in at])
        value, _, _ = expect_joint(lines, 0, *windows(lines, 0), (0.0, 0.0), mean, sd, 1.0, 0.0, 1.0)
        assert value == pytest.approx(pay.mean(), abs=4.5 * pay.std() / math.sqrt(len(pay)))


def at(measure: str, value: float, **more: Any) -> dict[str, Any]:
    return {"measure": measure, "target": {"value": value, "unit": measure}, **more}


GATED = {**at("accounts", 10.0), "period": "quarter", "schedule": {"kind": "linear", "rate": 300.0},
         "gates": [{"reading": {"measure": "contacts"}, "at_least": 14.0, "otherwise": 0.2}]}
MATRIX = {**at("accounts", 10.0), "period": "quarter", "schedule": {
    "kind": "matrix", "rows": [0.5, 1.0], "columns": [0.6, 1.0], "other": at("contacts", 15.0), "pays": [[500.0, 900.0], [1500.0, 4000.0]]}}
SCORECARD = {"period": "quarter", "target_incentive": 2000.0, "schedule": {"kind": "scorecard", "combine": "curve_per_measure", "indicators": {
    "sales": {"reading": at("accounts", 10.0), "weight": 0.6}, "care": {"reading": at("contacts", 15.0), "weight": 0.4, "curve": {
        "points": [{"attainment": 0.5, "gives": 0.0}, {"attainment": 1.0, "gives": 1.0}, {"attainment": 1.5, "gives": 2.0}]}}}}}


# --- in the simulation ------------------------------------------------------------------------------------------------


COMMISSION = {"measure": "accounts", "period": "month", "schedule": {"kind": "linear", "rate": 400.0}}


def gate(mark: float, **more: Any) -> dict[str, Any]:
    return {"gates": [{"reading": {"measure": "contacts"}, "at_least": mark, **more}]}


def totals(scenario: Any, policy: Policy, replications: int = 8) -> Any:
    return sim.simulate(scenario, policy, replications, seed=2).totals("manager")


def test_a_gate_that_stays_closed_cuts_pay_and_effort_on_accounts(plan, changzhou) -> None:
    """The same people and luck: nobody can make a million contacts a month, so an account earns nothing more."""
    short = changzhou.with_changes({"calendar.days": 22})
    policies = (plan(base=BASE.pay["base"].model_dump(exclude_none=True, by_alias=True), commission={**COMMISSION, **more})
                for more in (gate(0.0), gate(1e6)))
    opened, closed = (totals(short, policy) for policy in policies)
    assert closed["effort"].mean() < opened["effort"].mean()
    assert closed["accounts"].sum() < opened["accounts"].sum()
    assert closed["pay"].mean() < opened["pay"].mean()


def test_a_gate_in_reach_makes_people_call(plan, changzhou) -> None:
    """Some contacts open the gate, so some hours go to them that would not otherwise."""
    short = changzhou.with_changes({"calendar.days": 22})
    free, gated = (totals(short, plan(commission={**COMMISSION, "schedule": {"kind": "linear", "rate": 1500.0}, **more})) for more in ({}, gate(60.0)))
    assert gated["contacts"].mean() > 1.05 * free["contacts"].mean()


def test_a_modifier_changes_pay_and_an_idle_one_nothing(plan, short) -> None:
    """A factor of 1 leaves what people do, to the fineness of the planner's search; one that rises with contacts does not leave their pay."""
    flat = {"reading": {"measure": "contacts"}, "curve": {"points": [{"units": 0.0, "gives": 1.0}]}}
    steep = {"reading": {"measure": "contacts"}, "curve": {"points": [{"units": 0.0, "gives": 0.5}, {"units": 100.0, "gives": 1.5}]}}
    plain, idle, moved = (totals(short, plan(commission={**COMMISSION, **more})) for more in ({}, {"modifiers": [flat]}, {"modifiers": [steep]}))
    assert np.allclose(plain[["accounts", "contacts", "effort", "pay"]], idle[["accounts", "contacts", "effort", "pay"]], rtol=1e-3)
    assert not np.allclose(plain["pay"], moved["pay"])


OVER_TIME: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "guarantee": ({"commission": COMMISSION}, {"guarantee": {"amount": 900.0, "of": ["commission"]}}),
    "draw": ({"commission": COMMISSION}, {"draw": {"amount": 700.0, "of": ["commission"]}}),
    "ceiling": ({"commission": COMMISSION}, {"ceiling": {"amount": 800.0}}),
    "down": ({"commission": {**COMMISSION, "schedule": {"kind": "linear", "rate": 33.337}}}, {"rounding": "down"}),
    "less": ({"commission": COMMISSION, "whole": {"measure": "accounts", "period": "quarter", "less": ["commission"], "schedule": {
        "kind": "tiers", "mode": "retroactive", "tiers": [{"from": 0.0, "rate": 350.0}, {"from": 4.0, "rate": 500.0}]}}}, {}),
    "hold_back": ({"commission": {**COMMISSION, "payment": {"hold_back": {"share": 0.4, "release": [
        {"after_months": 1, "share": 0.3333}, {"after_months": 2, "share": 0.6667}]}}}}, {}),
    "carry_over": ({"malus": {"measure": "accounts", "period": "month", "payment": {"carry_over": ["malus", "commission"]}, "schedule": {
        "kind": "linear", "rate": 100.0, "threshold": 2.0, "shortfall_rate": 150.0}}, "commission": COMMISSION}, {}),
    "advance": ({"whole": {"measure": "accounts", "period": "quarter", "payment": {"advance": 0.6}, "schedule": {
        "kind": "tiers", "mode": "marginal", "tiers": [{"from": 0.0, "rate": 200.0}, {"from": 4.0, "rate": 500.0}]}}}, {}),
}


def over_time(name: str) -> Policy:
    from sim.policy import make_policy

    pay, terms = OVER_TIME[name]
    head = {key: getattr(BASE, key) for key in ("source", "effective", "author", "status")}
    return make_policy({**head, "title": {"en": name, "zh": name}, "pay": {**pay, "base": {"period": "month", "schedule": {"kind": "fixed", "amount": 100.0}}}
                        if name != "ceiling" else pay, "terms": terms}, name)


@pytest.mark.parametrize("name", OVER_TIME)
def test_pay_over_time_is_that_of_payroll_on_records(name, changzhou) -> None:
    """The accounts of a simulated quarter, put on record and paid again: the same fen in every month."""
    import pandas as pd

    from sim.engine.prepare import practice_of, world_of
    from sim.engine.run import branch_seeds, run_branch
    from sim.payroll.statement import statements

    policy, line = over_time(name), changzhou.timeline
    assert not list(not_simulated(policy, PAY_MEASURES))
    (branch, spec), = changzhou.branches.items()
    runs = run_branch(world_of(changzhou, branch), practice_of(policy, changzhou, branch), *pay_tables(policy, PAY_MEASURES), branch_seeds(3, range(3), branch))
    names = list(spec.managers)
    for r in range(3):
        rows = [(who, label, "accounts", round(runs.daily_accounts[r, line.month == m, i].sum()) * SCALE)
                for i, who in enumerate(names) for m, label in enumerate(line.month_labels)]
        found = statements(policy, pd.DataFrame({"person": names}), pd.DataFrame(rows, columns=["person", "month", "measure", "value"]))
        paid = found.totals(["month", "person"])["amount"].to_numpy().reshape(-1, len(names))
        assert abs(paid - runs.months[r][: len(paid)]).max() <= 1
    if name == "hold_back":
        assert runs.finals[..., -1].sum() > 0                 # what the horizon leaves unpaid is on record


def test_a_guarantee_makes_people_work_less_below_it(plan, changzhou) -> None:
    """Below a guarantee out of reach an account adds nothing to pay."""
    short = changzhou.with_changes({"calendar.days": 22})
    free = plan(commission=COMMISSION)
    held = free.model_copy(update={"terms": over_time("guarantee").terms.model_copy(update={
        "guarantee": over_time("guarantee").terms.guarantee.model_copy(update={"amount": 50_000.0})})})
    assert totals(short, held)["effort"].mean() < totals(short, free)["effort"].mean()


@pytest.mark.parametrize(("pay", "place"), [
    ({"bonus": {**COMMISSION, "measure": "deposits"}}, "pay.bonus"),
    ({"bonus": {**COMMISSION, "gates": [{"reading": {"measure": "bad_loan_ratio"}, "at_most": 0.02}]}}, "pay.bonus"),
    ({"bonus": {**COMMISSION, "target": {"unit": "accounts", "own_base": {}}}}, "pay.bonus"),
    ({"bonus": {**COMMISSION, "target": {"unit": "accounts"}}}, "pay.bonus"),
    ({"bonus": {**COMMISSION, "ramp": [{"until_month": 3, "quota": 0.5, "accelerators": False}]}}, "pay.bonus.ramp"),
    ({"bonus": {**COMMISSION, "payee": "team", "ramp": [{"until_month": 3, "quota": 0.5}]}}, "pay.bonus.target"),
    ({"bonus": {**COMMISSION, "payment": {"clawback": {"within_months": 6}}}}, "pay.bonus.payment.clawback"),
    ({"bonus": {**COMMISSION, "budget": 100.0}}, "pay.bonus.budget"),
])
def test_what_is_not_simulated_is_refused_by_name(plan, short, pay, place) -> None:
    with pytest.raises(InputError, match="backtest") as refusal:
        sim.simulate(short, plan(**pay), 1)
    assert place in str(refusal.value)


def test_a_loss_is_paid_alike_by_floats_and_exact_numbers() -> None:
    """Profit may be below nil: there a rate pays nothing, a floor holds, and a shortfall counts on."""
    for more, pays in (({}, 0.0), ({"floor": 500.0}, 500.0), ({"floor": -900.0}, 0.0)):
        element = Element.model_validate({"measure": "responsible_profit", "period": "month", "schedule": {"kind": "linear", "rate": 0.02}, **more})
        policy = Policy.model_construct(pay={"piece": element}, overrides=(), terms=BASE.terms, crediting=BASE.crediting, practices=BASE.practices,
                                        stand_ins={}, people=None, name="p")
        lines = pay_tables(policy, PAY_MEASURES)[0]
        assert [float(pay_at(lines, 0, x)) for x in (-1e6, -1.0)] == [pays, pays]
        assert float(pay_at(lines, 0, 1e6)) == max(20_000.0, pays)
        exact = exact_fen(compile_element("piece", element), np.array([[-1_000_000 * SCALE, -SCALE, 1_000_000 * SCALE]]))
        assert [amount / 100 for amount in exact] == [pays, pays, 20_000.0]
