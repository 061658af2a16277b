"""Careers: who quits and why, how seats are filled, what a hand-over costs, what the wish to keep a job or win a grade calls forth."""

from __future__ import annotations

import math
from datetime import date
from typing import Any

import numpy as np
import pytest

import sim
from sim.engine.lanes import DAILY
from sim.engine.prepare import new_state, practice_of, room_for, world_of
from sim.engine.run import branch_seeds, first_morning, one_day, run_branch
from sim.engine.shop import new_full
from sim.engine.state import FINALS, PAY_MEASURES, RECORDS
from sim.engine.streams import on, person_key, stream, uniform
from sim.errors import InputError
from sim.policy import Policy, make_policy
from sim.policy.schedule import pay_tables
from sim.rules.careers import (
    chance_of, chance_to_reach, feeling, handed_over, job_stake, outside_option, quit_hazard, similarity, sure_worth, whole_months,
    zest_of,
)
from sim.rules.learning import learn
from sim.world import Scenario

WORDS = {"title": {"en": "Test plan", "zh": "测试方案"}, "source": "a test", "effective": date(2026, 1, 1), "author": "tests",
         "status": "assumed"}
BASE = {"period": "month", "schedule": {"kind": "fixed", "amount": 6000.0}}
EXACT = {"rel": 1e-9, "abs": 1e-12}
F = {name: place for place, name in enumerate(FINALS)}
R = {name: place for place, name in enumerate(RECORDS)}


def policy(people: dict[str, Any] | None = None, practices: dict[str, Any] | None = None, overrides: Any = (), **pay: Any) -> Policy:
    more = {**({"people": people} if people else {}), **({"practices": practices} if practices else {}),
            **({"overrides": list(overrides)} if overrides else {})}
    return make_policy({**WORDS, "pay": pay or {"base": BASE}, **more}, "test-plan")


def piece(rate: float, **more: Any) -> dict[str, Any]:
    return {"measure": "accounts", "period": "month", "schedule": {"kind": "linear", "rate": rate}, **more}


def marks(at_least: float, measure: str = "accounts", **more: Any) -> dict[str, Any]:
    return {"marks": [{"measure": measure, "at_least": at_least}], **more}


def branch(names: str = "ABCD", days: int = 120, customers: int = 20, quits: bool = True, **changes: Any) -> Scenario:
    """A few of twelve people of the neutral branch under the names given, for some working days from a July on."""
    base = sim.load_scenario("branch")
    kept = ["M01", "M04", "M08", "M12", "M02", "M06", "M10", "M03"][: len(names)]
    people = {name: {"cohort": base.managers[old].cohort, "tenure_months": base.managers[old].tenure_months, "customers": customers}
              for name, old in zip(names, kept, strict=True)}
    gone = {f"branches.branch.managers.{name}": None for name in base.managers}
    return base.with_changes({**gone, **{f"branches.branch.managers.{name}": spec for name, spec in people.items()},
                              "calendar.days": days, "mechanisms.quits": quits, **changes}, name="few")


def restless(**changes: Any) -> Scenario:
    """A branch in which people come and go all the time."""
    return branch(**{"parameters.quit_hazard": 0.25, "parameters.vacancy_shortest": 0.0, "parameters.vacancy_longest": 2.0, **changes})


def run(scenario: Scenario, plan: Policy, replications: int = 1, seed: int = 1):
    name = next(iter(scenario.branches))
    return run_branch(world_of(scenario, name), practice_of(plan, scenario, name), *pay_tables(plan, PAY_MEASURES),
                      branch_seeds(seed, range(replications), name))


class Life:
    """One branch, day by day, with everything in view."""

    def __init__(self, scenario: Scenario, plan: Policy, seed: int = 1) -> None:
        name = next(iter(scenario.branches))
        self.world, self.practice = world_of(scenario, name), practice_of(plan, scenario, name)
        self.tables = pay_tables(plan, PAY_MEASURES)
        self.seed = branch_seeds(seed, [0], name)[0]
        self.state = new_state(self.world, *self.tables, room_for(self.world) + 1)
        self.full, self.world = new_full(self.world, self.practice, len(self.state.customers)), self.world._replace(shop=None)
        self.day = 0
        with np.errstate(over="ignore"):
            first_morning(self.state, self.world, self.practice, self.seed, self.full)

    def step(self) -> None:
        with np.errstate(over="ignore"):
            one_day(self.state, self.world, self.practice, *self.tables, self.seed, self.day, self.full)
        self.day += 1

    def months(self):
        """Lives through the horizon, stopping after each month."""
        for day in range(len(self.world.days)):
            self.step()
            if self.world.days[day].month_ends:
                yield day


# --- rules ------------------------------------------------------------------------------------------------------------


def test_quits_follow_pay_and_morale() -> None:
    assert quit_hazard(0.02, 6000.0, 6000.0, 2.0, 0.0, 1.0) == pytest.approx(0.02)
    assert quit_hazard(0.02, 3000.0, 6000.0, 2.0, 0.0, 1.0) == pytest.approx(0.02 * math.e)
    assert quit_hazard(0.02, 6000.0, 6000.0, 2.0, -1.0, 1.0) == pytest.approx(0.02 * math.e)
    assert quit_hazard(0.0, 0.0, 6000.0, 5.0, -1.0, 3.0) == 0.0
    assert chance_of(0.3, 1.0) == pytest.approx(1 - math.exp(-0.3)) and chance_of(0.0, 5.0) == 0.0
    assert outside_option(6000.0, 0.0, 2.0) == 6000.0 and outside_option(6000.0, 1.0, 2.0) == 12000.0
    assert outside_option(6000.0, 1.0, 0.0) == 0.0 and outside_option(6000.0, 2.0, 0.1) == 0.0


def test_a_gamble_is_worth_less_than_its_mean_and_no_more_than_its_worst() -> None:
    """The certainty equivalent of equal chances of 2,000 and 10,000; without aversion their mean."""
    pays = np.array([2000.0, 10000.0])
    for risk, worth in ((1e-4, None), (1e-2, 2000 + math.log(2) / 1e-2)):
        sure = sure_worth(pays.mean(), np.exp(-risk * pays).mean(), risk)
        assert 2000 < sure < 6000 and (worth is None or sure == pytest.approx(worth))
    assert sure_worth(6000.0, 1.0, 0.0) == 6000.0


def test_pay_like_the_reference_and_the_peers_leaves_morale_alone() -> None:
    assert feeling(5000.0, 5000.0, 5000.0, 1.0, 0.5) == 0.0
    assert feeling(4000.0, 5000.0, 5000.0, 1.0, 0.5) == pytest.approx(-0.3)
    assert feeling(50000.0, 5000.0, 5000.0, 1.0, 0.5) == 1.0 and feeling(0.0, 0.0, 0.0, 1.0, 1.0) == 0.0
    assert zest_of(0.0, 0.3, 0.0, 0.3) == 1.0 and zest_of(1.0, 0.3, -1.0, 0.1) == pytest.approx(1.2) and zest_of(0.0, 0, -1.0, 5.0) == 0.0


def test_a_double_of_the_leaver_costs_nothing_and_a_stranger_most() -> None:
    assert similarity(True, 0.6, 0.6) == 0.8 and similarity(False, 0.0, 0.6) == 0.0 and similarity(True, 0.3, 0.6) == pytest.approx(0.6)
    assert handed_over(0.6, 0.4, 1.0) == 0.6 and handed_over(0.6, 0.4, 0.0) == pytest.approx(0.36) and handed_over(0.6, 0.0, 0.0) == 0.6
    assert job_stake(6000.0, 7000.0, 3.0, 12.0) == 18000.0 and job_stake(6000.0, 5000.0, 3.0, 12.0) == 27000.0


@pytest.mark.parametrize("need,mean", [(1, 0.3), (4, 3.0), (4.5, 6.0), (30, 25.0), (150, 170.0)])
def test_the_chance_to_reach_a_mark_is_poisson_s(need, mean) -> None:
    from scipy.stats import poisson

    chance, slope = chance_to_reach(need, mean)
    assert chance == pytest.approx(poisson.sf(math.ceil(need) - 1, mean), rel=1e-9)
    assert slope == pytest.approx(poisson.pmf(math.ceil(need) - 1, mean), rel=1e-9)
    assert chance_to_reach(0.0, mean) == (1.0, 0.0) and chance_to_reach(-3.0, 0.0) == (1.0, 0.0) and chance_to_reach(2.0, 0.0)[0] == 0.0


def test_a_high_mark_is_counted_by_a_normal_with_the_derivative_to_match() -> None:
    for need, mean in ((400.0, 380.0), (1000.0, 1100.0)):
        chance, slope = chance_to_reach(need, mean)
        step = 1e-4
        assert slope == pytest.approx((chance_to_reach(need, mean + step)[0] - chance_to_reach(need, mean - step)[0]) / (2 * step), rel=1e-5)
        assert 0 < chance < 1


def test_vacancies_last_as_long_as_said_on_average() -> None:
    key = stream(np.uint64(3), 51, np.uint64(5), 0)
    months = np.array([whole_months(4.0, 5.5, uniform(key, 2 * n), uniform(key, 2 * n + 1)) for n in range(20000)])
    assert set(months) <= {4, 5, 6} and months.mean() == pytest.approx(4.75, abs=4 * months.std() / math.sqrt(len(months)))
    assert whole_months(0.0, 0.0, 0.5, 0.999) == 0


def test_every_generation_of_a_seat_has_a_key_of_its_own() -> None:
    with np.errstate(over="ignore"):
        keys = {int(person_key(np.uint64(seat), g)) for seat in range(100) for g in range(20)}
        assert len(keys) == 2000 and int(person_key(np.uint64(77), 0)) == 77


# --- closed forms -----------------------------------------------------------------------------------------------------


def settled(scenario: Scenario, names: str = "ABCDEFGH", **changes: Any) -> Scenario:
    """A branch in which everybody works the same hours every day: nothing but luck, learning and quitting is left."""
    off = {f"mechanisms.{name}": False for name in scenario.switches if name not in ("quits", "learning")}
    return scenario.with_changes({
        **off, "parameters.capacity_hours": 2.0, "parameters.intrinsic_per_account": 1e6, "parameters.service_duty": 0.0,
        "parameters.effort_eta": 1.0, "parameters.quit_pay_response": 0.0, "parameters.vacancy_shortest": 0.0, "parameters.vacancy_longest": 0.0,
        "parameters.skill_new": 0.2, "parameters.tenure_learning": 0.2, "parameters.order_pull": 0.0,
        "parameters.contact_pace": {"intermediaries": 0.0, "chains": 0.0, "street": 5.0, "network": 0.0}, **changes})


def test_t11_ramp_and_quits() -> None:
    """Mean skill p1 - (p1 - p0) h / (h + k): exactly so by months (quits at their ends, contacts Poisson), and T11 in its limit."""
    hazard, rate, pace, effort = 0.12, 0.01, 5.0, 2.0
    scenario = settled(branch("ABCDEFGH", days=1044, customers=0, **{"calendar.start": date(2019, 1, 1)}), **{
        "parameters.quit_hazard": hazard, "parameters.learning_rate": rate})
    runs = run(scenario, policy(), 12)
    line, p1 = scenario.timeline, 0.95                                 # the ceiling
    k = pace * effort * -math.expm1(-rate)                             # a day: E exp(-rate N) = exp(-mean (1 - exp(-rate)))
    street = runs.weeks[..., R["skill"]] * 4 - 3 * 0.2                 # three channels rest at a beginner's skill, where forgetting is off
    ends = np.flatnonzero(line.last_of_month)
    last_weeks = [int(line.week[day]) for day in range(line.days) if line.last_of_week[day] and day > 400]
    expected = []
    gap = np.array([p1 - learn(0.2, spec.tenure_months, 0.2, p1) for spec in scenario.managers.values()])
    shares = [(1.0, None)]                                             # (share of seats, day of entry; None: there from the start)
    for day in range(line.days):
        if line.last_of_week[day] and day > 400:
            expected.append(np.mean([sum(share * (p1 - (g if entry is None else p1 - 0.2) * math.exp(-k * (day - (-1 if entry is None else entry))))
                                         for share, entry in shares) for g in gap]))
        if day in ends:
            shares = [(share * math.exp(-hazard), entry) for share, entry in shares] + [(-math.expm1(-hazard), day)]
    seen = street[:, last_weeks, :].mean(axis=(1, 2))
    assert seen.mean() == pytest.approx(np.mean(expected), abs=4 * seen.std(ddof=1) / math.sqrt(len(seen)))
    monthly = k * 261 / 12
    continuous = p1 - (p1 - 0.2) * hazard / (hazard + monthly)
    assert np.mean(expected) == pytest.approx(continuous, abs=0.02)
    limits = [p1 - (p1 - 0.2) * h / (h + m) for h, m in ((0.0, 1.0), (1e9, 1.0), (1.0, 1e9))]
    assert limits == [pytest.approx(p1), pytest.approx(0.2), pytest.approx(p1)]


def hired_abilities(plan: Policy, replications: int = 60, hazard: float = 50.0, **changes: Any) -> np.ndarray:
    """Abilities, in standard deviations above the mean, of everybody hired at the end of the first month."""
    scenario = settled(branch("ABCDEFGH", days=23, customers=0, **{"calendar.start": date(2019, 1, 1)}), **{
        "parameters.quit_hazard": hazard, "mechanisms.people_differ": True, "parameters.talent_spread": 0.4, "parameters.intrinsic_spread": 0.0,
        **changes})
    found: list[float] = []
    for seed in range(replications):
        life = Life(scenario, plan, seed)
        for _ in range(23):
            life.step()
        found += list((np.log(life.state.managers.talent[life.state.managers.generation == 1]) + 0.08) / 0.4)
    return np.array(found)


@pytest.mark.parametrize("cutoff,reliability", [(-8.0, 1.0), (0.0, 1.0), (0.7, 1.0), (0.5, 0.6)])
def test_t13_selection_at_a_cutoff(cutoff, reliability) -> None:
    """Whoever passes a test has mean ability rho phi(z) / (1 - Phi(z)); a mark far below selects nobody out."""
    from scipy.stats import norm

    found = hired_abilities(policy({"hiring": {"applicants": 60, "pass_mark": cutoff, "reliability": reliability, "choose": "first"}}))
    mean = reliability * norm.pdf(cutoff) / norm.sf(cutoff)
    assert found.mean() == pytest.approx(mean, abs=4 * found.std(ddof=1) / math.sqrt(len(found)))
    assert reliability < 1.0 or found.min() >= cutoff - 1e-9


def test_the_able_prefer_performance_pay() -> None:
    """Paid alike, the able have better offers elsewhere and stay away; paid by result, they come. T13 in both directions."""
    people = {"hiring": {"applicants": 60, "choose": "first"}}
    fixed = hired_abilities(policy(people), hazard=0.7, **{"mechanisms.sorting": True, "parameters.outside_slope": 0.5})
    plan = policy(people, base=BASE | {"schedule": {"kind": "fixed", "amount": 1000.0}}, piece=piece(1000.0))
    paid = hired_abilities(plan, hazard=0.7, **{"mechanisms.sorting": True, "parameters.outside_slope": 0.5})
    either = hired_abilities(policy(people), hazard=0.7)
    assert fixed.max() <= 0.08 / 0.4 + 1e-9                             # ability 1, where the outside option is the base pay
    assert fixed.mean() < either.mean() - 0.3 and paid.mean() > either.mean() + 0.1


GRADES = [{"name": "low", "rise": marks(3.0)}, {"name": "middle", "rise": marks(6.0, need="any"), "keep": marks(2.0)},
          {"name": "high", "keep": marks(4.0)}]
PAIRED = {"mentor_pairing": {"rule": "best_with_newest", "bundled": True}, "reporting": {"every_days": 5}}


# --- seats, generations, luck -----------------------------------------------------------------------------------------


def test_another_s_hires_shift_nobody_else_s_luck() -> None:
    """With and without a hand-over rule that keeps B's customers waiting, whoever sits in other seats is the same person."""
    plans = [policy({"handover": {"to": to}}) for to in ("successor", "similar")]
    lives = [Life(restless(days=100), plan, 3) for plan in plans]
    for life in lives:
        for _ in life.months():
            pass
    one, other = (life.state.people.seat for life in lives)
    generations = [life.state.managers.generation for life in lives]
    same = generations[0] == generations[1]
    assert same.any() and np.array_equal(one[same], other[same]) and generations[0].sum() > 0
    assert np.array_equal(lives[0].state.managers.talent[same], lives[1].state.managers.talent[same])


def test_whoever_is_hired_is_somebody_else_and_begins_anew() -> None:
    life = Life(restless(days=120, **{"parameters.vacancy_longest": 0.0}), policy(), 5)
    before = life.state.managers.talent.copy()
    for _ in life.months():
        pass
    m = life.state.managers
    hired = m.generation > 0
    assert hired.any() and np.all(m.talent[hired] != before[hired]) and np.all(m.talent[~hired] == before[~hired])
    assert np.all(m.tenure[hired] <= 5) and np.all(m.tenure[~hired] == life.world.people.tenure[~hired].astype(int) + m.in_post[~hired])
    for person, lanes in zip(life.state.people, life.state.lanes, strict=True):                # what is kept of keys is of whoever sits there now
        assert [on(kept, 7) for kept in lanes] == [stream(life.seed, purpose, person.seat, 7) for purpose in DAILY]


def test_an_empty_seat_neither_works_nor_is_paid() -> None:
    scenario = branch(days=130, **{"parameters.quit_hazard": 0.4, "parameters.vacancy_shortest": 9.0, "parameters.vacancy_longest": 9.0})
    life = Life(scenario, policy(None, {"reporting": {"every_days": 1}}, base=BASE, piece=piece(300.0)), 2)
    empty: dict[int, tuple[float, int]] = {}
    for _ in life.months():
        for i, m in enumerate(life.state.managers):
            done = (float(life.state.daily_accounts[:, i].sum()), int(life.state.lines[i].sum()))
            assert i not in empty or done == empty[i]
            if m.vacancy > 0:
                empty.setdefault(i, done)
    assert empty and life.state.tally.staff < 4
    assert life.state.finals[list(empty), F["vacancy_days"]].min() > 0


def test_a_vacancy_s_length_and_the_hire_s_ramp_are_reported() -> None:
    scenario = branch("ABCDEFGH", days=261, **{"parameters.quit_hazard": 0.1, "parameters.competence_mark": 0.5, "parameters.vacancy_shortest": 1.0,
                                               "parameters.vacancy_longest": 1.0, "parameters.learning_rate": 0.05})
    totals = sim.simulate(scenario, policy(base=BASE, piece=piece(300.0)), 10).totals()
    for name in ("quits", "hires", "vacancy_days", "handed_over", "time_to_competence"):
        assert totals[name].mean() > 0, name
    assert totals["vacancy_days"].mean() == pytest.approx(21.75 * totals["hires"].mean(), rel=0.2)
    assert totals["tenure"].between(0, 150).all() and totals["morale"].between(-1, 1).all()
    quiet = sim.simulate(branch(days=30, quits=False), policy(), 2)
    assert not {"quits", "morale", "tenure"} & set(quiet.totals().columns)


def test_turnover_is_that_of_the_hazard() -> None:
    scenario = settled(branch("ABCDEFGH", days=261, customers=0, **{"calendar.start": date(2019, 1, 1)}), **{"parameters.quit_hazard": 0.02})
    quits = sim.simulate(scenario, policy(), 60).totals()["quits"] / 8
    assert quits.mean() == pytest.approx(12 * -math.expm1(-0.02), abs=4 * quits.std(ddof=1) / math.sqrt(60))


# --- pay that differs by grade, state, person and month ---------------------------------------------------------------


def test_overrides_are_felt_in_simulated_pay() -> None:
    """A grade's base pay, a training spell without piece rate, a person's own amount, a month's bonus: each to the fen."""
    people = {"grades": [{"name": "junior", "rise": marks(0.0)}, {"name": "senior"}], "appraisal_months": 1, "at_start": {"veteran": "senior"}}
    overrides = [{"grade": "senior", "pay": {"base": {"schedule": {"amount": 8000.0}}}},
                 {"person": "B", "pay": {"base": {"schedule": {"amount": 7000.0}}}},
                 {"first": "2019-09", "last": "2019-09", "pay": {"gift": {"period": "month", "schedule": {"kind": "fixed", "amount": 500.0}}}}]
    plan = policy(people, overrides=overrides, base=BASE)
    runs = run(branch(days=90, quits=False), plan)
    months = runs.months[0] / 100.0                                     # July to November; A and B veterans, C and D not
    assert months[:4].tolist() == [[8000, 7000, 6000, 6000], [8000, 7000, 8000, 8000], [8500, 7500, 8500, 8500], [8000, 7000, 8000, 8000]]


def test_in_training_pay_is_what_the_state_says() -> None:
    people = {"grades": [{"name": "one", "keep": marks(1e6)}], "appraisal_months": 1, "below_lowest": "training",
              "training": {"months": 1}, "dismissal": {"notice_months": 2}}
    overrides = [{"state": "training", "pay": {"base": {"schedule": {"amount": 2000.0}}}},
                 {"state": "awaiting_dismissal", "pay": {"base": {"schedule": {"amount": 1500.0}}}},
                 {"state": "dismissal_due", "pay": {"base": {"schedule": {"amount": 1000.0}}}}]
    runs = run(branch(days=180, quits=False, **{"parameters.vacancy_shortest": 9.0, "parameters.vacancy_longest": 9.0}),
               policy(people, overrides=overrides, base=BASE))
    # July missed: training in August; September missed a second time: two months of notice, then gone
    assert (runs.months[0, :6] / 100.0).tolist() == [[pay] * 4 for pay in (6000, 2000, 6000, 1500, 1000, 0)]
    assert runs.finals[0, :, F["training_spells"]].tolist() == [1] * 4 and runs.finals[0, :, F["dismissals"]].tolist() == [1] * 4


# --- grades, marks, and the effort they call forth --------------------------------------------------------------------


def test_grades_rise_and_fall_one_at_a_time_by_their_marks() -> None:
    people = {"grades": [{"name": "low", "rise": marks(0.0)}, {"name": "middle", "rise": marks(0.0)}, {"name": "high", "keep": marks(1e6)}],
              "appraisal_months": 1}
    life = Life(branch(days=110, quits=False), policy(people))
    seen = [tuple(life.state.managers.grade) for _ in life.months()]
    assert [grades[0] for grades in seen[:4]] == [1, 2, 1, 2] and all(len(set(grades)) == 1 for grades in seen)
    frame = sim.simulate(branch(days=43, quits=False), policy(people), 3).frame
    held = frame[frame["level"] == "grade"].pivot_table(index="replication", columns="id", values="value", observed=True)
    assert held[["low", "middle", "high"]].to_numpy().tolist() == [[0, 4, 0]] * 3


def test_missing_start_up_marks_leads_to_training_and_a_second_time_out() -> None:
    """Casebook C9."""
    people = {"startup": marks(1e6, months=1), "training": {"months": 1, "passing": marks(1e6)}, "handover": {"to": "similar"}}
    scenario = branch(days=180, quits=False, **{f"branches.branch.managers.{n}.tenure_months": 0 for n in "AB"},
                      **{"parameters.vacancy_shortest": 9.0, "parameters.vacancy_longest": 9.0})
    finals = run(scenario, policy(people)).finals[0]
    assert finals[:, F["training_spells"]].tolist() == [1, 1, 0, 0] and finals[:, F["dismissals"]].tolist() == [1, 1, 0, 0]
    passed = run(scenario, policy({**people, "startup": marks(0.0, months=1)})).finals[0]
    assert passed[:, F["training_spells"]].sum() == 0


def effort_and_accounts(scenario: Scenario, plan: Policy, replications: int = 20) -> tuple[float, float]:
    totals = sim.simulate(scenario, plan, replications).totals()
    return float(totals["effort"].mean()), float(totals["accounts"].mean())


KEEP_THE_JOB = policy({"grades": [{"name": "manager", "keep": marks(7.0)}], "below_lowest": "dismissal"})
FULLY_MOTIVATED = policy(base=BASE, piece=piece(3000.0))


def c16(**changes: Any) -> tuple[float, float, float]:
    """In the branch made for it: share of capacity that keeping the job takes, share under full motivation, and output over output."""
    office = sim.load_scenario("c16-branch").with_changes(changes)
    threatened, some = effort_and_accounts(office, KEEP_THE_JOB)
    motivated, most = effort_and_accounts(office, FULLY_MOTIVATED)
    capacity = office.value("capacity_hours")
    return threatened / capacity, motivated / capacity, most / max(some, 1e-9)


def test_c16_keeping_the_job_takes_a_quarter_of_capacity_and_full_motivation_gives_three_to_four_times_the_output() -> None:
    """Casebook C16, from the stake of the job, the mark, and the cost of effort as the scenario states them."""
    kept, full, ratio = c16()
    assert 0.2 <= kept <= 0.3 and full > 0.85 and 3.0 <= ratio <= 4.0
    office = sim.load_scenario("c16-branch")
    idle, none = effort_and_accounts(office, policy())
    careless, _ = effort_and_accounts(office.with_changes({"mechanisms.career_concerns": False}), KEEP_THE_JOB)
    assert max(idle, careless) < 0.01 and none == 0.0                   # habit fades from the first day's hours


@pytest.mark.parametrize(("changes", "moved"), [
    ({"parameters.effort_cost": 40.0}, ("full", -1)),                   # tiring work: less even under full motivation
    ({"parameters.effort_eta": 0.5}, ("ratio", -1)),                    # hours alone: output follows effort less (E39)
    ({"parameters.career_weight": 0.02}, ("kept", -1)),                 # the job is hardly worth keeping
])
def test_c16_is_a_consequence_of_its_parameters(changes, moved) -> None:
    """Other values give other figures, outside what C16 states."""
    before, after = (dict(zip(("kept", "full", "ratio"), c16(**each), strict=True)) for each in ({}, changes))
    what, sign = moved
    low, high = {"kept": (0.2, 0.3), "full": (0.85, 1.0), "ratio": (3.0, 4.0)}[what]
    assert sign * (after[what] - before[what]) > 0.0 and not low <= after[what] <= high, (before, after)


def test_marks_near_call_forth_effort_and_marks_out_of_reach_or_passed_do_not() -> None:
    """The wish to rise: worth a unit near the mark; nothing far from it, nothing where the grade above pays no more."""
    office = sim.load_scenario("c16-branch").with_changes({"calendar.days": 64, "mechanisms.quits": False})
    better = [{"grade": "senior", "pay": {"base": {"schedule": {"amount": 9000.0}}}}]
    efforts = {}
    for mark, overrides in ((8.0, better), (5000.0, better), (8.0, [])):
        people = {"grades": [{"name": "junior", "rise": marks(mark)}, {"name": "senior"}]}
        efforts[mark, bool(overrides)] = effort_and_accounts(office, policy(people, overrides=overrides))[0]
    assert efforts[8.0, True] > 1.0
    assert efforts[5000.0, True] < 0.05 and efforts[8.0, False] < 0.05


def test_any_of_several_marks_is_easier_than_all_of_them() -> None:
    office = branch("ABCD", days=64, customers=100, quits=False, **{
        "mechanisms.norm": False, "parameters.intrinsic_per_account": 0.0, "parameters.service_duty": 0.0, "calendar.start": date(2019, 1, 1)})
    both = [{"measure": "accounts", "at_least": 3.0}, {"measure": "contacts", "at_least": 100.0}]
    served = {}
    for need in ("all", "any"):
        people = {"grades": [{"name": "manager", "keep": {"need": need, "marks": both}}], "below_lowest": "dismissal"}
        totals = sim.simulate(office, policy(people), 10).totals()
        served[need] = totals[["accounts", "contacts", "effort"]].mean()
        assert totals["dismissals"].mean() < (2.0 if need == "all" else 0.2)
    assert served["all"].contacts > 0.9 * 4 * 100 and served["all"].accounts > 4 * 3
    assert served["any"].effort < 0.8 * served["all"].effort


# --- hand-over --------------------------------------------------------------------------------------------------------


def sales_after_leaving(to: str | None, seed: int) -> float:
    """What A's customers buy in a year, against each of them contented by half and faithful: through trust, and by staying.

    to: the hand-over rule under which A leaves at the end of the first month; None: A stays.
    """
    from sim.engine.stages.careers import leave
    from sim.engine.stages.customers import catch_up

    scenario = branch("ABCD", days=284, customers=60, **{"parameters.quit_hazard": 1e-12, "parameters.vacancy_shortest": 0.0,
                                                         "parameters.vacancy_longest": 0.0, "mechanisms.norm": False})
    plan = policy({"handover": {"to": to or "similar"}}, {"leads": {"channels": ["street"]}})
    life = Life(scenario, plan, seed)
    index = []
    for day in life.months():
        with np.errstate(over="ignore"):
            if day < 25 and to is not None:
                leave(life.state, life.world, life.practice, life.seed, 0, day, life.full)
            bought = 0.0
            for row in range(60):
                if life.state.customers[row].patience > 0.0:
                    catch_up(life.state, life.world, row, day)
                customer = life.state.customers[row]
                if customer.patience > 0.0:
                    bought += 1.0 + life.world.par.trust_effect * (customer.satisfaction - 0.5)
        index.append(bought)
    return float(np.mean(index[1:13]))


def test_e36_accounts_of_a_leaver_buy_less_least_with_a_similar_manager_and_worst_with_a_new_one() -> None:
    sales = {to: np.array([sales_after_leaving(to, seed) for seed in range(5)]) for to in (None, "similar", "team_by_load", "successor")}
    change = {to: 100 * (sales[to] / sales[None] - 1).mean() for to in ("similar", "team_by_load", "successor")}
    assert 0 > change["similar"] > change["team_by_load"] > change["successor"], change
    assert -25 < change["successor"] < -5, change


def test_customers_of_a_leaver_go_where_the_rule_says() -> None:
    from sim.engine.stages.careers import leave

    held = {}
    for to in ("successor", "team_by_load", "similar"):
        scenario = branch("ABCD", customers=30, **{"branches.branch.managers.D.customers": 3, "parameters.churn_yearly": 0.0})
        life = Life(scenario, policy({"handover": {"to": to}}), 1)
        with np.errstate(over="ignore"):
            leave(life.state, life.world, life.practice, life.seed, 0, 0, life.full)
        held[to] = life.state.managers.held.tolist()
    assert held["successor"] == [30, 30, 30, 3]                          # they wait
    assert held["team_by_load"] == [0, 31, 31, 31]                       # 27 to D, then in turn
    assert held["similar"] == [0, 60, 30, 3]                             # B is the other veteran


# --- switches ---------------------------------------------------------------------------------------------------------

SWITCHES = ("quits", "morale", "rotation_refreshes", "relationship_capital", "sorting", "career_concerns")


@pytest.mark.parametrize("name", SWITCHES)
def test_where_nobody_can_come_or_go_a_switch_changes_no_bit(name) -> None:
    scenario = branch(days=45, quits=False)
    frames = [sim.simulate(scenario.with_changes({f"mechanisms.{name}": on}) if name != "quits" else scenario, policy(base=BASE, piece=piece(300.0)), 3)
              .frame["value"].to_numpy() for on in (True, False)]
    assert np.array_equal(frames[0].view(np.int64), frames[1].view(np.int64))


def test_low_pay_and_low_morale_drive_people_out() -> None:
    quits = {}
    for amount in (4000.0, 6000.0, 9000.0):
        plan = policy(base={"period": "month", "schedule": {"kind": "fixed", "amount": amount}})
        quits[amount] = sim.simulate(branch("ABCDEFGH", days=261, **{"parameters.quit_hazard": 0.03}), plan, 30).totals()["quits"].mean()
    assert quits[4000.0] > 1.4 * quits[6000.0] > 1.4 * 1.4 * quits[9000.0]


def test_rotation_refreshes_and_costs_relationship_capital() -> None:
    """Casebook C16: motivation up, satisfaction down, and every customer changes hands."""
    scenario = branch(days=194, quits=False, **{"parameters.fresh_effect": 0.5, "parameters.churn_yearly": 0.0, "mechanisms.norm": False})
    unhurt = scenario.with_changes({"mechanisms.relationship_capital": False})
    rotation = policy({"rotation": {"every_months": 3}})
    stay = sim.simulate(scenario, policy({"handover": {"to": "similar"}}), 20).totals()
    move, friends = (sim.simulate(each, rotation, 20).totals() for each in (scenario, unhurt))
    assert move["effort"].mean() > 1.02 * stay["effort"].mean()
    assert move["satisfaction"].mean() < 0.97 * friends["satisfaction"].mean()      # others' service, too, comes to the customers
    assert move["handed_over"].min() >= 4 * 20 * 2 and stay["handed_over"].max() == 0


# --- compiled or not, and what a file may say -------------------------------------------------------------------------


def everything() -> tuple[Scenario, Policy]:
    """All of this chapter at work in a few weeks."""
    people = {"grades": GRADES, "appraisal_months": 1, "below_lowest": "training", "training": {"months": 1, "passing": marks(1.0)},
              "startup": {"months": 1, "need": "any", "marks": [{"measure": "accounts", "at_least": 2.0}, {"measure": "contacts", "at_least": 30.0}]},
              "dismissal": {"notice_months": 1}, "rotation": {"every_months": 2}, "hiring": {"pass_mark": -0.5}}
    plan = policy(people, PAIRED, base=BASE, piece=piece(200.0), contacts=piece(2.0, measure="contacts"))
    return restless(days=50, customers=5, **{"parameters.quit_hazard": 0.3, "parameters.contact_pace.chains": 3.0, "parameters.vacancy_longest": 1.0}), plan


@pytest.mark.parametrize("people,words", [
    ({"grades": [{"name": "a"}, {"name": "a"}]}, "a second time"),
    ({"grades": [{"name": "a", "rise": marks(1.0)}]}, "the highest grade"),
    ({"grades": [{"name": "junior"}], "entry": "junir"}, "junior"),
    ({"below_lowest": "training"}, "training spell"),
    ({"grades": [{"name": "a", "keep": {"marks": []}}]}, "keep"),
])
def test_a_slip_in_the_rules_about_people_is_told_in_a_sentence(people, words) -> None:
    with pytest.raises(InputError, match=words):
        policy(people)


def test_a_mark_in_what_the_model_does_not_produce_is_refused() -> None:
    plan = policy({"grades": [{"name": "a", "keep": marks(1.0, "complaints")}]})
    with pytest.raises(InputError, match="complaints"):
        sim.simulate(branch(days=5), plan, 1)


def test_policies_without_rules_about_people_keep_their_digest_s_content() -> None:
    assert "people" not in policy().content() and "people" in policy({"rotation": {"every_months": 3}}).content()
    assert policy().digest != policy({"rotation": {"every_months": 3}}).digest


def test_the_mesa_face_shows_careers_and_gives_what_replications_give() -> None:
    scenario, plan = everything()
    model = sim.BankModel(scenario, plan, seed=1, replication=4)
    model.run_model()
    runs = run(scenario, plan, 5)
    assert np.array_equal(model.teams[0].state.finals, runs.finals[4]) and np.array_equal(model.teams[0].state.months, runs.months[4])
    managers = model.agents_by_type[sim.Manager]
    assert sum(managers.get("generation")) == runs.finals[4, :, F["hires"]].sum() > 0
    assert model.teams[0].accounts == runs.daily_accounts[4].sum() and len(managers.select(lambda m: m.vacancy == 0)) >= 1


def test_too_little_room_for_a_hand_over_is_made_up_for() -> None:
    """Without quits the books are as narrow as they were; dismissals that leave one manager with everybody's customers widen them."""
    people = {"startup": marks(1e6, months=1), "handover": {"to": "similar"}}
    changes = {f"branches.branch.managers.{name}.tenure_months": 0 for name in "BCD"}
    scenario = branch(days=66, customers=150, quits=False, **changes, **{"parameters.vacancy_shortest": 9.0, "parameters.vacancy_longest": 9.0})
    finals = run(scenario, policy(people)).finals[0]
    assert finals[:, F["dismissals"]].sum() == 3 and finals[1:, F["customers"]].sum() == 0 and finals[0, F["customers"]] > 500
    totals = sim.simulate(scenario, policy(people), 2).totals()
    assert (totals["customers"] + totals["churned"] == 600 + totals["accounts"]).all()


def test_a_hire_is_not_judged_by_the_predecessor_s_book() -> None:
    """With customers in full, averages of assets and the count of key customers lost begin anew with the person."""
    scenario = sim.load_scenario("retail-branch-full").with_changes({
        "calendar.days": 66, "mechanisms.quits": True, "parameters.quit_hazard": 0.6, "parameters.vacancy_shortest": 0.0, "parameters.vacancy_longest": 0.0})
    model = sim.BankModel(scenario, "fixed-pay", seed=3)
    team, hired = model.teams[0], 0
    while model.running:
        before = team.state.managers.generation.copy()
        model.step()
        for i in np.flatnonzero(team.state.managers.generation > before):
            seller = team.full.sellers[i]
            assert seller.aum_days.max() == 0.0 and seller.aum_sum.max() == 0.0 and seller.key_lost == 0
            hired += 1
    assert hired > 0
