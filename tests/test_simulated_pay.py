"""Simulated pay is payroll's pay: every plan of the library, run for a quarter, put on record as it went and paid again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest

import sim
from sim.engine.prepare import new_state, practice_of, room_for, world_of
from sim.engine.run import branch_seeds, first_morning, one_day
from sim.engine.shop import new_full
from sim.engine.state import PAY_MEASURES, State
from sim.errors import InputError
from sim.payroll.derived import parts_of
from sim.payroll.records import Records
from sim.payroll.statement import statements
from sim.policy import Policy, make_policy
from sim.policy.counting import Counting
from sim.policy.exact import SCALE
from sim.policy.measures import pay_measures
from sim.policy.people import STATES
from sim.policy.schedule import pay_tables
from sim.world import Scenario, check_counted, check_fit

WORDS = {"title": {"en": "Test plan", "zh": "测试方案"}, "source": "a test", "effective": date(2019, 1, 1), "author": "tests",
         "status": "assumed"}
BASE = {"period": "month", "schedule": {"kind": "fixed", "amount": 6000.0}}
QUARTER = {"calendar.start": date(2019, 10, 1), "calendar.days": 66}               # ends a month, a quarter, a half year and a year at once
RURAL = ("responsible-profit", "rural-floor-and-malus", "wuqing-three-part")
RETAIL = ("product-pricing", "customer-centred", "balanced-scorecard", "brokerage-2013", "brokerage-2013-wealth", "differential-rent",
          "progress-over-own-base", "leasing-profit-and-grade", "foreign-bank", "appraisal-scorecard")
# What the dictionary makes of others, where the simulated branch knows the whole: recorded as one of its parts.
WHOLE = {"responsible_income": "other_income", "responsible_cost": "asset_business_cost", "principal_lost": "other_cost"}


def small(name: str, customers: int, seats: dict[str, dict[str, Any]], **changes: Any) -> Scenario:
    """A library scenario with a few of its managers: by name, what is changed of each."""
    scenario = sim.load_scenario(name)
    (branch, spec), = scenario.branches.items()
    gone = {f"branches.{branch}.managers.{who}": None for who in spec.managers if who not in seats}
    kept = {f"branches.{branch}.managers.{who}.{key}": value for who, more in seats.items()
            for key, value in {"customers": customers, **more}.items()}
    return scenario.with_changes({**gone, **kept, **changes}, name="small")


def retail(**changes: Any) -> Scenario:
    seats = {"R01": {"grade": "senior", "customers": 90}, "R04": {}, "R08": {"customers": 40, "tenure_months": 0}}
    return small("retail-branch-full", 60, seats, **{**QUARTER, **changes})


def rural(**changes: Any) -> Scenario:
    seats = {"R01": {"grade": "senior"}, "R04": {"grade": "collector"}, "R08": {}}
    return small("rural-branch", 80, seats, **{**QUARTER, "calendar.holidays": [], **changes})


class Lived(NamedTuple):
    """What a run leaves behind: pay (M, n) fen, everybody's grade and state in each month, and the state at the end."""

    paid: np.ndarray
    grades: list[list[str]]
    states: list[list[str]]
    state: State


def live(scenario: Scenario, policy: Policy, seed: int = 1) -> Lived:
    """One branch, day by day."""
    check_counted(scenario, policy)
    check_fit(scenario, policy)
    branch = next(iter(scenario.branches))
    world, practice, tables = world_of(scenario, branch), practice_of(policy, scenario, branch), pay_tables(policy, PAY_MEASURES)
    practice.par.remembers = True                        # every measure goes on record
    practice.facts[:] = 1
    state, key = new_state(world, *tables, 2 * room_for(world)), branch_seeds(seed, [0], branch)[0]
    full, world = new_full(world, practice, len(state.customers)), world._replace(shop=None)
    names, grades, states = [*policy.grade_names(), ""], [], []
    with np.errstate(over="ignore"):
        first_morning(state, world, practice, key, full)
        for day in range(len(world.days)):
            if day == 0 or world.days[day - 1].month_ends:
                grades.append([names[grade] for grade in state.managers.grade])
                states.append([STATES[footing] for footing in state.managers.footing])
            one_day(state, world, practice, *tables, key, day, full)
    return Lived(state.months, grades, states, state)


def on_record(scenario: Scenario, policy: Policy, lived: Lived) -> Records:
    """The run as records: who was there, what each month came to, grades and states, and what everybody was endowed with."""
    (branch, spec), = scenario.branches.items()
    names, months, history = list(spec.managers), scenario.timeline.month_labels, lived.state.history
    begin = pd.Period(months[0], freq="M")
    people = pd.DataFrame({
        "person": names, "team": [branch] * len(names), "outlet": [branch] * len(names), "grade": lived.grades[0],
        "joined": [np.datetime64((begin - int(manager.tenure_months)).start_time.date()) for manager in spec.managers.values()],
        "left": [np.datetime64("NaT")] * len(names), "mentor": [""] * len(names),
        "supervisor": [names[mentor] if mentor >= 0 else "" for mentor in lived.state.managers.mentor],
    })
    rows = []
    for measure, value in sorted(_recorded(policy).items()):
        for month, label in enumerate(months):
            rows += [(who, label, measure, round(Fraction(float(value(history[month, i]))) * SCALE)) for i, who in enumerate(names)]
    changes = [(who, label, lived.grades[month][i], lived.states[month][i]) for i, who in enumerate(names)
               for month, label in enumerate(months)]
    portfolios = pd.DataFrame({"person": names, "balance": [round(each * SCALE) for each in lived.state.managers.endowed], "count": 0})
    return Records(people, pd.DataFrame(rows, columns=["person", "month", "measure", "value"]), portfolios=portfolios,
                   changes=pd.DataFrame(changes, columns=["person", "month", "grade", "state"]))


def _recorded(policy: Policy) -> dict[str, Callable[[np.ndarray], float]]:
    """By measure to be recorded: its value from a month of the history."""
    counting = Counting(policy, PAY_MEASURES)

    def of(measure: str) -> Callable[[np.ndarray], float]:
        constant, parts = counting.of(measure)
        return lambda month: constant + sum(times * month[code] for code, times in parts)

    found: dict[str, Callable[[np.ndarray], float]] = {"contacts": of("contacts")}         # so that no month is empty
    for element in policy.elements().values():
        for measure in element.measures():
            if measure == "responsible_profit":
                for part in parts_of(measure):
                    found[part.measure] = lambda month: 0.0
                found |= {part: of(whole) for whole, part in WHOLE.items()}
                found |= {name: of(name) for name in ("substandard_balance", "doubtful_balance", "loss_balance")}
            elif not pay_measures()[measure].built_in and measure != "deposit_yuan_days":
                found[measure] = of(measure)
    return found


def paid_again(scenario: Scenario, policy: Policy, lived: Lived) -> np.ndarray:
    """What payroll pays on the records, fen, by month and manager."""
    names = list(next(iter(scenario.branches.values())).managers)
    found = statements(policy, on_record(scenario, policy, lived)).frame
    months = scenario.timeline.month_labels
    found = found.assign(month=found["month"].astype(str))
    table = found.pivot_table(index="month", columns="person", values="amount", aggfunc="sum", observed=True)
    return table.reindex(index=months, columns=names).fillna(0).to_numpy().astype(np.int64)


@pytest.mark.parametrize("name", [*RETAIL, *RURAL])
def test_a_simulated_quarter_pays_what_payroll_pays_on_its_records(name: str) -> None:
    """To the fen, in every month; some are of other grades, in training or awaiting dismissal."""
    policy = sim.load_policy(name)
    if policy.people is not None:                        # grades and states move every month; R08 misses the start-up marks
        policy = policy.with_changes({"people.appraisal_months": 1, "people.at_start": {"veteran": "senior_1"}, "people.startup.months": 1})
    scenario = rural(**{"mechanisms.opening_book": False}) if name in RURAL else retail()     # old loans leave no profit to share
    lived = live(scenario, policy)
    again = paid_again(scenario, policy, lived)
    assert abs(lived.paid - again).max() == 0
    assert len(set(lived.paid.ravel().tolist())) > 2     # people and months differ
    if name == "brokerage-2013":
        assert len({grade for month in lived.grades for grade in month}) > 1
        assert [month[2] for month in lived.states] == ["", "training", "awaiting_dismissal"]


def test_every_plan_of_the_library_can_be_simulated_somewhere() -> None:
    for name in sim.list_policies():
        policy, refusals = sim.load_policy(name), []
        for scenario in map(sim.load_scenario, ("changzhou-2015", "branch", "retail-branch", "retail-branch-full", "rural-branch")):
            try:
                check_counted(scenario, policy)
                check_fit(scenario, policy)
                break
            except InputError as refused:
                refusals.append(str(refused))
        else:
            raise AssertionError(f"{name}: {refusals}")


# --- by hand ----------------------------------------------------------------------------------------------------------


def policy(overrides: Any = (), people: Any = None, practices: Any = None, stand_ins: Any = None, **pay: Any) -> Policy:
    more = {"overrides": list(overrides), "people": people, "practices": practices, "stand_ins": stand_ins}
    return make_policy({**WORDS, "pay": {"base": BASE, **pay}, **{key: value for key, value in more.items() if value}}, "test-plan")


def curve(*points: tuple[float, float]) -> dict[str, Any]:
    return {"kind": "curve", "curve": {"points": [{"attainment": x, "gives": share} for x, share in points]}}


def neutral(days: int = 66, **changes: Any) -> Scenario:
    seats = {"M01": {"grade": "senior"}, "M07": {}, "M12": {"grade": "senior"}}
    return small("branch", 20, seats, **{**QUARTER, "calendar.days": days, **changes})


def test_a_grade_a_person_and_a_month_have_pay_of_their_own() -> None:
    """8,000 for seniors; 9,000 for M12, who is one, since the person goes over the grade; 500 more in November."""
    gift = {"gift": {"period": "month", "schedule": {"kind": "fixed", "amount": 500.0}}}
    overrides = [{"grade": "senior", "pay": {"base": {"schedule": {"amount": 8000.0}}}},
                 {"person": "M12", "pay": {"base": {"schedule": {"amount": 9000.0}}}}, {"first": "2019-11", "last": "2019-11", "pay": gift}]
    lived = live(neutral(), policy(overrides))
    assert (lived.paid / 100).tolist() == [[8000, 6000, 9000], [8500, 6500, 9500], [8000, 6000, 9000]]


def test_an_element_is_paid_while_it_is_in_force_and_when_it_is_due() -> None:
    """100 a month from November on; a quarter's 700 at the year's end with the rest; 50 two months late; what falls due later is noted."""
    def fixed(amount: float, period: str = "month", **more: Any) -> dict[str, Any]:
        return {"period": period, "schedule": {"kind": "fixed", "amount": amount}, **more}

    plan = policy(contest=fixed(100.0, in_force={"first": date(2019, 11, 15)}), late=fixed(50.0, payment={"delay_months": 2}),
                  yearly=fixed(30.0, payment={"every": "quarter"}))
    lived = live(neutral(), plan)
    assert (lived.paid / 100).tolist() == [[6000.0] * 3, [6100.0] * 3, [6000 + 100 + 50 + 90.0] * 3]
    assert lived.state.finals[:, 3].tolist() == [100.0] * 3              # November's and December's 50


def test_target_by_rent_is_hit_at_a_share_of_the_portfolio() -> None:
    """Who holds twice the mean must bring twice as much for the same attainment, and is paid 1 % of twice as much at it."""
    from sim.engine.stages.settling import line_of

    schedule = {"kind": "tiers", "mode": "marginal", "by": "attainment",
                "tiers": [{"from": 0, "to": 1, "rate": 0.01}, {"from": 1, "rate": 0.1}]}
    plan = policy(rent={"measure": "contacts", "period": "month", "schedule": schedule,
                        "target": {"value": 100.0, "unit": "contacts", "rent": {"strength": 1.0, "among": "everybody"}}},
                  steps={"measure": "contacts", "period": "month", "schedule": {"kind": "step", "at": [{"attainment": 1.0, "pays": 300.0}]},
                         "target": {"value": 100.0, "unit": "contacts", "rent": {"strength": 0.5, "among": "everybody"}}})
    scenario = neutral()
    branch = next(iter(scenario.branches))
    world, tables = world_of(scenario, branch), pay_tables(plan, PAY_MEASURES)
    practice, state = practice_of(plan, scenario, branch), new_state(world, *tables)
    state.managers.endowed, state.managers.mean_endowed = [200.0, 100.0, 0.0], 100.0
    state.tally.number = 10
    for i, (units, pays, step) in {0: (210.0, 2.0 + 1.0, 300.0), 1: (150.0, 1.0 + 5.0, 300.0), 2: (49.0, 4.9, 0.0)}.items():
        state.managers[i].period_units[1, 0] = units
        assert line_of(state, practice, tables[0], 1, i) == pytest.approx(pays)
        assert line_of(state, practice, tables[0], 2, i) == step         # marks at 150, 100 and 50


def test_target_from_the_own_base_is_the_period_before_or_where_it_starts() -> None:
    """Half of 1,000 at the base: 10 at first, then what the month before brought; from nothing, 10 again."""
    plan = policy(progress={"measure": "contacts", "period": "month", "target_incentive": 1000.0,
                            "target": {"unit": "contacts", "own_base": {"of": "period_before", "times": 1.25, "start": 10.0}},
                            "schedule": curve((0.5, 0), (1.5, 1))})
    scenario = neutral()
    lived = live(scenario, plan)
    contacts = lived.state.history[:, :, PAY_MEASURES.index("contacts")]
    for i in range(3):
        for month in range(3):
            base = 1.25 * contacts[month - 1, i] if month and contacts[month - 1, i] else 10.0
            pays = 6000.0 + 1000.0 * min(1.0, max(0.0, contacts[month, i] / base - 0.5))
            assert lived.paid[month, i] / 100 == pytest.approx(pays, abs=0.006)
    assert abs(lived.paid - paid_again(scenario, plan, lived)).max() == 0


def test_a_ramp_asks_less_of_newcomers() -> None:
    """A bonus of 1,000 at 30 contacts; of M12, in the fourth month of service, a third in the first two months of the run."""
    plan = policy(bonus={"measure": "contacts", "period": "month", "target": {"value": 300.0, "unit": "contacts"},
                         "target_incentive": 1000.0, "schedule": curve((0, 0), (9, 9)),
                         "ramp": [{"until_month": 4, "quota": 0.25}, {"until_month": 5, "quota": 0.5}]})
    scenario = neutral()
    lived = live(scenario, plan)
    contacts = lived.state.history[:, :, PAY_MEASURES.index("contacts")]
    shares = np.array([[1.0, 1.0, 0.25], [1.0, 1.0, 0.5], [1.0, 1.0, 1.0]])
    assert lived.paid / 100 == pytest.approx(6000.0 + 1000.0 * contacts / (300.0 * shares), abs=0.006)
    assert abs(lived.paid - paid_again(scenario, plan, lived)).max() == 0


def test_a_stand_in_counts_in_simulation_and_not_in_payroll() -> None:
    """Complaints, two a month: 100 off for each; and points, three a contact and five a month besides."""
    plan = policy(stand_ins={"complaints": {"value": 2.0}, "points": {"value": 5.0, "sum_of": {"contacts": 3.0}}},
                  complaints={"measure": "complaints", "period": "quarter", "schedule": {"kind": "linear", "rate": -100.0}},
                  points={"measure": "points", "period": "month", "schedule": {"kind": "linear", "rate": 1.0}})
    scenario = neutral()
    lived = live(scenario, plan)
    contacts = lived.state.history[:, :, PAY_MEASURES.index("contacts")]
    assert (lived.paid / 100).tolist() == (6000 + 5 + 3 * contacts - np.array([[0], [0], [600]])).tolist()
    assert abs(lived.paid - paid_again(scenario, plan, lived)).max() == 0


def test_supervision_is_paid_by_the_heads_who_count() -> None:
    """The mentor of a senior is paid for one head, of anybody else for none."""
    element = {"measure": "people", "period": "month", "schedule": {"kind": "linear", "rate": 300.0},
               "credit": {"rule": "roll_up", "grades": ["senior"]}}
    plan = policy(practices={"mentor_pairing": {"rule": "named", "pairs": [["M07", "M12"]], "bundled": False}}, supervision=element)
    scenario = neutral()
    lived = live(scenario, plan)
    assert (lived.paid / 100).tolist() == [[6000, 6300, 6000]] * 3
    assert abs(lived.paid - paid_again(scenario, plan, lived)).max() == 0


# --- what planning makes of it ----------------------------------------------------------------------------------------


def effort(scenario: Scenario, plan: Policy) -> np.ndarray:
    """Mean hours a day by manager."""
    return sim.simulate(scenario, plan, 4).totals("manager")["effort"].unstack("id").mean().to_numpy()


def test_a_target_that_rent_moves_within_reach_calls_forth_effort() -> None:
    """A step that the mean portfolio puts out of everybody's reach: only who holds little is asked for little enough."""
    def plan(strength: float) -> Policy:
        return policy(steps={"measure": "contacts", "period": "month", "schedule": {"kind": "step", "at": [{"attainment": 1.0, "pays": 5000.0}]},
                             "target": {"value": 2500.0, "unit": "contacts", "rent": {"strength": strength, "among": "everybody"}}})

    scenario = neutral(**{"branches.branch.managers.M01.customers": 190, "branches.branch.managers.M07.customers": 190,
                          "branches.branch.managers.M12.customers": 8, "mechanisms.norm": False, "parameters.talent_spread": 0.0})
    alike, moved = effort(scenario, plan(0.0)), effort(scenario, plan(1.0))
    assert moved[2] > alike[2] + 0.5                     # a target of some 150 contacts instead of 2,500
    assert abs(moved[:2] - alike[:2]).max() < 0.5        # out of reach as before


def test_what_a_grade_pays_more_is_worth_effort_to_win_and_to_keep() -> None:
    """Eight accounts a quarter make a senior, and keep one: the dearer the grade, the more effort; an equal grade calls forth none."""
    office = sim.load_scenario("c16-branch").with_changes({"calendar.days": 64, "mechanisms.quits": False})
    marks = {"marks": [{"measure": "accounts", "at_least": 8.0}]}
    for grade, people in (("junior", [{"name": "junior", "rise": marks}, {"name": "senior"}]),
                          ("senior", [{"name": "junior"}, {"name": "senior", "keep": marks}])):
        efforts = []
        for amount in (6000.0, 7500.0, 10_000.0):
            plan = policy([{"grade": "senior", "pay": {"base": {"schedule": {"amount": amount}}}}],
                          {"grades": people, "at_start": {"newcomer": grade}})
            efforts.append(effort(office, plan).mean())
        assert efforts[0] < 0.05 and efforts[0] < efforts[1] < efforts[2]


@pytest.mark.parametrize(("pay", "place"), [
    ({"measure": "complaints", "period": "month", "schedule": {"kind": "linear", "rate": -1.0}}, "pay.piece: found the measure complaints"),
    ({"measure": "contacts", "period": "month", "target": {"unit": "contacts", "own_base": {}}, "target_incentive": 1.0,
      "schedule": curve((0, 0), (1, 1))}, "without `start`"),
    ({"measure": "satisfaction", "period": "month", "schedule": {"kind": "linear", "rate": 1.0}}, None),
])
def test_what_no_branch_produces_is_refused_unless_something_stands_in(pay: dict[str, Any], place: str | None) -> None:
    if place is None:
        check_fit(neutral(), policy(piece=pay))
        return
    with pytest.raises(InputError, match="backtest") as refusal:
        check_fit(neutral(), policy(piece=pay))
    assert place in str(refusal.value)
