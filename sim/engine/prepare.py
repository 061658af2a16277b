"""From a scenario and a policy to the numbers the compiled day reads."""

from __future__ import annotations

import math
from calendar import monthrange
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from sim.engine.state import (
    BELOW, BOOKS, CHANNEL, CHANNEL_COUNT, CHANNELS, CREDIT, CUSTOMER, DAY, DESK, FACTS, FINALS, HANDOVER, KEEP, LEDGER, LENDING, LOAN,
    MANAGER, MARK, MEASURE_COUNT, OUTLOOK, OVER, OVERNIGHT, PASSING, PAY_MEASURES, PEOPLE_NUMBERS, PERSON, PLACE, PLAN_LINES, POOL, PRACTICE_NUMBERS, RECORDS, RISE, SEGMENT, STARTUP,
    TALLY, TELLING, WORLD_NUMBERS, Practice, State, World, rows,
)
from sim.engine.aims import aims_of
from sim.engine.lanes import DAILY
from sim.engine.shop import retail_of, segment_names, shop_of
from sim.engine.streams import name_key
from sim.errors import InputError, nearest
from sim.policy.counting import Counting
from sim.policy.kernel import Schedules, plan_row
from sim.policy.measures import pay_measures
from sim.policy.people import STATES, Marks, People
from sim.rules.learning import learn
from sim.rules.prospecting import access, order_attention

from sim.world.calendar import month_label

if TYPE_CHECKING:
    from sim.policy.schema import Policy
    from sim.world.scenario import Scenario

HAZARD_POINTS = 257
DAYS_A_YEAR, WORKING_DAYS_A_YEAR = 365, 250
NEWCOMERS = "newcomer"                # the cohort that hires belong to
MONTHS_BEYOND = 24
PAIR_RULES = {"none": 0, "named": 0, "best_with_newest": 1, "random": 2}
PER_MANAGER = {              # field of PERSON: parameter
    "capacity": "capacity_hours", "effort_cost": "effort_cost", "risk_aversion": "risk_aversion",
    "intrinsic": "intrinsic_per_account", "lean_start": "lean_start", "excuse_start": "excuse_start",
    "network_size": "network_size", "effort_start": "effort_start",
    "outside_pay": "outside_pay",
}
PER_CHANNEL = {              # field of CHANNEL: parameter
    "pace": "contact_pace", "unskilled": "conversion_unskilled", "skilled": "conversion_skilled",
    "pool": "pool_size", "refill": "pool_refill",
}
LOGARITHMS = {"account_log_median": "account_balance_median"}     # kept as logarithms of a parameter
ACCOUNT = "account"                                               # entry that stands for customers won in the run
PER_YEAR = {                 # field of LENDING, a day: parameter, a year
    "yield_daily": "loan_yield", "funding_daily": "loan_funding", "transfer_daily": "deposit_transfer_rate",
    "deposit_interest_daily": "deposit_interest_rate",
}
LENDING_NAMES = {"term": "loan_term", "grace": "loan_grace", "decision_days": "loan_decision_days", "foreseeable": "default_foreseeable",
                 "soonest": "loan_soonest_days", "opening": "opening_loans", "opening_mean": "opening_default"}
RENAMED = {"account_log_sd": "account_balance_log_sd"}


def world_of(scenario: Scenario, branch: str) -> World:
    """The numbers of one branch: parameters with managers' own values, switched-off mechanisms neutral, the calendar."""
    par = rows(WORLD_NUMBERS, 1)
    for field in WORLD_NUMBERS.names or ():
        value = scenario.effective(LOGARITHMS.get(field) or RENAMED.get(field, field))
        par[field] = math.log(value) if field in LOGARITHMS else value
    return World(par[0], _people(scenario, branch), _channels(scenario), _segments(scenario), _days(scenario), _hazards(scenario),
                 _lending(scenario), _hire(scenario), _demand_to(scenario), shop_of(scenario, branch))


def _people(scenario: Scenario, branch: str) -> np.recarray:
    """Managers in the file's order; skill at the start follows from tenure, on a curve like that by which it is learned."""
    names = list(scenario.branches[branch].managers)
    people = rows(PERSON, len(names))
    rate, ceiling = scenario.effective("tenure_learning"), scenario.effective("skill_ceiling")
    for person, name in zip(people, names, strict=True):
        person.seat = name_key(name)
        person.portfolio = scenario.customers(name)
        person.tenure = scenario.managers[name].tenure_months
        person.skill_start = learn(scenario.effective("skill_new", manager=name), person.tenure, rate, ceiling)
        person.cohort = scenario.cohorts.index(scenario.managers[name].cohort)
        for field, parameter in PER_MANAGER.items():
            person[field] = scenario.effective(parameter, manager=name)
    return people


def _hire(scenario: Scenario) -> np.record:
    """What somebody new brings: the values of the cohort of newcomers, the skill of a first day, no customers, no tenure."""
    person = rows(PERSON, 1)[0]
    person.cohort = scenario.cohorts.index(NEWCOMERS) if NEWCOMERS in scenario.cohorts else -1
    person.skill_start = scenario.effective("skill_new", NEWCOMERS)
    for field, parameter in PER_MANAGER.items():
        person[field] = scenario.effective(parameter, NEWCOMERS if scenario.parameter(parameter).is_vector else "")
    return person


def _demand_to(scenario: Scenario) -> np.ndarray:
    """Demand from the first day to the end of each month, in ordinary days; beyond the horizon there are no holidays."""
    line = scenario.timeline
    months = [*line.month_labels]
    ends = [float(line.demand[line.month <= month].sum()) for month in range(len(months))]
    day, total, label = line.dates[-1], ends[-1], months[-1]
    beyond = 0
    while beyond < MONTHS_BEYOND:
        day += timedelta(days=1)
        if month_label(day) != label:
            ends[-1] = total
            ends.append(total)
            label, beyond = month_label(day), beyond + 1
        if line.spec.weekends or day.weekday() < 5:
            total += line.spec.season(day)
    return np.array(ends)


def _channels(scenario: Scenario) -> np.recarray:
    channels = rows(CHANNEL, CHANNEL_COUNT)
    for row, name in zip(channels, CHANNELS, strict=True):
        for field, parameter in PER_CHANNEL.items():
            row[field] = scenario.effective(parameter, name)
    return channels


def _segments(scenario: Scenario) -> np.recarray:
    """Customer segments: cumulative shares and lognormal balances."""
    names = segment_names(scenario)
    shares = np.array([scenario.effective("segment_share", name) for name in names])
    segments = rows(SEGMENT, len(names))
    segments.cut = np.cumsum(shares) / shares.sum()
    segments.balance_log_median = np.log([scenario.effective("balance_median", name) for name in names])
    segments.balance_log_sd = [scenario.effective("balance_log_sd", name) for name in names]
    segments.asks = [scenario.effective("loan_rate", name) / _year(scenario) for name in names]
    segments.loan_log_median = np.log([scenario.effective("loan_median", name) for name in names])
    return segments


def _hazards(scenario: Scenario) -> np.ndarray:
    """Quantiles of the daily churn hazard between customers: the yearly chance is beta distributed (T14)."""
    from scipy.special import betaincinv

    mean, shape = scenario.effective("churn_yearly"), scenario.effective("churn_shape")
    if mean <= 0.0:
        return np.zeros(HAZARD_POINTS)
    u = np.clip(np.linspace(0.0, 1.0, HAZARD_POINTS), 0.5 / HAZARD_POINTS, 1.0 - 0.5 / HAZARD_POINTS)
    yearly = betaincinv(shape, shape * (1.0 - mean) / mean, u)
    return -np.log1p(-np.minimum(yearly, 1.0 - 1e-9)) / _year(scenario)


def _year(scenario: Scenario) -> int:
    """Ticks a year."""
    return DAYS_A_YEAR if scenario.calendar.weekends else WORKING_DAYS_A_YEAR


def _lending(scenario: Scenario) -> np.record:
    """What holds for loans: parameters as they stand, rates of a year made rates of a day."""
    lending, year = rows(LENDING, 1)[0], _year(scenario)
    for field in LENDING.names or ():
        if field in PER_YEAR:
            lending[field] = scenario.effective(PER_YEAR[field]) / year
        elif field not in ("account_asks", "account_loan_log_median", "most_asks", "days_a_year"):
            lending[field] = scenario.effective(LENDING_NAMES.get(field, field))
    lending.account_asks = scenario.effective("loan_rate", ACCOUNT) / year
    lending.account_loan_log_median = math.log(scenario.effective("loan_median", ACCOUNT))
    lending.most_asks = max(scenario.effective("loan_rate", name) for name in (*segment_names(scenario), ACCOUNT)) / year
    lending.days_a_year = year
    return lending


def _days(scenario: Scenario) -> np.recarray:
    line = scenario.timeline
    days = rows(DAY, line.days)
    days.demand, days.week, days.month = line.demand, line.week, line.month
    days.before = np.concatenate(([0.0], np.cumsum(line.demand)[:-1]))
    days.month_ends, days.quarter_ends = line.last_of_month, line.last_of_quarter
    days.number = [day.month for day in line.dates]
    days.since_year_0 = [day.year * 12 + day.month - 1 for day in line.dates]
    days.rest[:-1] = [float((later - day).days - 1) for day, later in zip(line.dates, line.dates[1:], strict=False)]
    days.month_days = [monthrange(day.year, day.month)[1] for day in line.dates]
    days.half_year_ends, days.year_ends = line.last_of_half_year, line.last_of_year
    for period, ends in enumerate((line.last_of_month, line.last_of_quarter, line.last_of_half_year, line.last_of_year)):
        ahead, in_last, last = 0.0, 0.0, 0
        for day in range(line.days - 1, -1, -1):
            if ends[day]:
                ahead, in_last, last = 0.0, 0.0, line.month[day]
                number = days.number[day]
            ahead += line.demand[day]
            in_last += line.demand[day] if line.month[day] == last else 0.0
            days.left[day, period], days.left_last[day, period], days.ends[day, period] = ahead, in_last, number
    return days


def practice_of(policy: Policy, scenario: Scenario, branch: str) -> Practice:
    """A policy's practices as they fall on the managers of one branch."""
    managers = scenario.branches[branch].managers
    names, n = list(managers), len(managers)
    practices = policy.practices
    reporting, pairing, leads, norm = practices.reporting, practices.mentor_pairing, practices.leads, practices.norm
    places = rows(PLACE, n)
    places.mentor = -1
    places.status = [norm.status.get(spec.cohort, 1.0) for spec in managers.values()]
    for teacher, pupil in pairing.pairs or ():
        if teacher in managers and pupil in managers:
            places.mentor[names.index(pupil)] = names.index(teacher)
    par = rows(PRACTICE_NUMBERS, 1)[0]
    par.every_days = reporting.every_days or 0
    par.decline_above = practices.lending.decline_above
    par.loan_limit = np.inf if practices.lending.limit is None else practices.lending.limit
    par.meeting_hours = reporting.minutes / 60.0
    par.meeting_first = reporting.time == "morning"
    par.pairs_visible = reporting.visible == "pairs"
    par.accountability = reporting.accountability
    par.telling = TELLING[norm.telling]
    par.assigned_share = leads.assigned_share
    par.pair_rule = PAIR_RULES[pairing.rule]
    par.pair_count = pairing.count or n // 2
    par.bundled = pairing.bundled
    par.voluntary = pairing.participation == "voluntary"
    par.mentoring_hours = pairing.minutes_per_day / 60.0
    for rank, channel in enumerate(leads.channels):
        par.attention[CHANNELS.index(channel)] = order_attention(rank, scenario.effective("order_pull"))
    for k, channel in enumerate(CHANNELS):
        par.access[k] = access(leads.assigned_share, scenario.effective("channel_neglect", channel))
    people, marks, grades, over = _careers(policy, scenario, branch)
    facts, par.remembers = _facts(policy, marks)
    return Practice(par, places, _visible(reporting.visible, managers), aims_of(policy, scenario), retail_of(policy, scenario),
                    people, marks, grades, over, facts, _variants(policy, scenario, names))


def _facts(policy: Policy, marks: np.recarray) -> tuple[np.ndarray, bool]:
    """Which facts pay or a mark reads, by measure; and whether that, or a mean or base of earlier months, has to be written down."""
    counting, facts, looks_back = Counting(policy, PAY_MEASURES), np.zeros(MEASURE_COUNT, dtype=np.int64), False
    facts[marks.measure] = 1
    elements = [element for variant in policy.variants() for element in policy.pay_with(variant).values()]
    targets = [target for element in elements for target in (element.target, *(reading.target for reading in element.readings()))]
    looks_back = any(target is not None and target.own_base is not None for target in targets)
    for measure in {measure for element in elements for measure in element.measures()}:
        if counting.knows(measure):
            facts[[code for code, _ in counting.of(measure)[1]]] = 1
    read = np.flatnonzero(facts)
    return facts, looks_back or any(code in FACTS or pay_measures()[PAY_MEASURES[code]].over == "mean" for code in read)


def _variants(policy: Policy, scenario: Scenario, names: list[str]) -> np.ndarray:
    """Which variant of pay holds, by month of the run, seat (the last stands for whoever is hired), footing and grade."""
    known = policy.variants()
    if len(known) == 1:
        return np.zeros((0, 0, 0, 0), dtype=np.int64)
    months, seats, grades = scenario.timeline.month_labels, [*names, ""], [*policy.grade_names(), ""]
    found = [known.index(policy.overrides_for(grade, state, seat, month)) for month in months for seat in seats for state in STATES for grade in grades]
    return np.array(found, dtype=np.int64).reshape(len(months), len(seats), len(STATES), len(grades))


def _careers(policy: Policy, scenario: Scenario, branch: str) -> tuple[np.record, np.recarray, np.ndarray, np.ndarray]:
    """The rules about people, the marks, everybody's grade on the first day, and how measures add up."""
    rules, managers = policy.people or People(), scenario.branches[branch].managers
    par = rows(PEOPLE_NUMBERS, 1)[0]
    par.rules, par.grades, par.entry = policy.people is not None, len(rules.grades), rules.place_of(None)
    par.appraisal_months, par.month_of_year = rules.appraisal_months, scenario.timeline.dates[0].month - 1
    par.startup_months = rules.startup.months if rules.startup else 0
    par.trains = rules.training is not None
    if rules.training is not None:
        par.training_months, par.training_again = rules.training.months, rules.training.again_within_months
        par.training_hours = rules.training.hours_a_day
    par.notice_months, par.applicants = rules.dismissal.notice_months, rules.hiring.applicants
    par.pass_mark = -1e30 if rules.hiring.pass_mark is None else rules.hiring.pass_mark
    par.reliability, par.choose_best = rules.hiring.reliability, rules.hiring.choose == "best"
    par.handover, par.below_lowest = HANDOVER[rules.handover.to], BELOW[rules.below_lowest]
    par.rotation_months = rules.rotation.every_months if rules.rotation else 0
    known = policy.grade_names()
    par.no_grade = len(known)
    by_cohort = {spec.cohort: rules.place_of(rules.at_start.get(spec.cohort)) if rules.grades else len(known) for spec in managers.values()}
    grades = [known.index(spec.grade) if spec.grade in known else by_cohort[spec.cohort] for spec in managers.values()]
    over = [OVER[pay_measures()[name].over] for name in PAY_MEASURES]
    return par, _marks(policy, rules), np.array(grades, dtype=np.int64), np.array(over, dtype=np.int64)


def _marks(policy: Policy, rules: People) -> np.recarray:
    """Every mark of the policy, with the rule and the grade it belongs to."""
    found: list[tuple[int, int, Marks]] = []
    for place, grade in enumerate(rules.grades):
        found += [(what, place, marks) for what, marks in ((KEEP, grade.keep), (RISE, grade.rise)) if marks is not None]
    found += [(STARTUP, 0, rules.startup)] if rules.startup else []
    found += [(PASSING, 0, rules.training.passing)] if rules.training and rules.training.passing else []
    flat = [(what, place, marks.need == "any", mark) for what, place, marks in found for mark in marks.marks]
    table, counting = rows(MARK, len(flat)), Counting(policy, PAY_MEASURES)
    for row, (what, place, either, mark) in zip(table, flat, strict=True):
        code = counting.code(mark.measure) if counting.knows(mark.measure) else None
        if code is None:
            raise InputError(policy.files[0] if policy.files else policy.name, "people", found=f"a mark in {mark.measure}",
                             expected="a measure that the simulation produces", hint=nearest(mark.measure, PAY_MEASURES))
        row.rule, row.grade, row.any, row.measure, row.at_least = what, place, either, code, mark.at_least
    return table


def _visible(rule_or_list: object, managers: Mapping[str, object]) -> np.ndarray:
    """Who (row) sees whom (column); pairs are left to the state, since rules and choice make them anew each time."""
    people, n = list(managers), len(managers)
    seen = np.zeros((n, n))
    if rule_or_list == "everyone":
        seen[:] = 1.0
    elif rule_or_list == "cohort":
        cohorts = [spec.cohort for spec in managers.values()]  # type: ignore[attr-defined]
        seen[:] = [[float(a == b) for b in cohorts] for a in cohorts]
    elif rule_or_list not in ("pairs", "nobody"):
        for seer, other in rule_or_list:  # type: ignore[attr-defined]
            if seer in managers and other in managers:
                seen[people.index(seer), people.index(other)] = 1.0
    np.fill_diagonal(seen, 0.0)
    return seen


def new_state(w: World, elements: Schedules, merged: Schedules, room: int = 0) -> State:
    """An empty branch, everything nil: arrays of the right size. room: rows for customers, at least those at the start."""
    n, days = len(w.people), len(w.days)
    known, room = room_for(w), max(room, room_for(w))
    weeks, months = w.days.week[-1] + 1, w.days.month[-1] + 1
    longest = int(w.people.portfolio.max()) + room - int(w.people.portfolio.sum())
    count = int(elements.lines[0].count)
    more = PLAN_LINES + (count + 1) * BOOKS + months * count if plan_row(elements).timed else 0
    if w.par.quit_hazard > 0.0 or room > known:         # a hand-over may leave one manager with all customers
        longest = room
    lent = room if w.lending.lending > 0.0 else 0              # a customer has one loan at a time
    return State(
        rows(MANAGER, n), rows(CUSTOMER, room), rows(POOL, n + 1, CHANNEL_COUNT), np.zeros((n, longest), dtype=np.int64),
        rows(TALLY, 1)[0], np.zeros((n, count + more), dtype=np.int64), np.zeros((months, n), dtype=np.int64),
        np.zeros((weeks, n, len(RECORDS))), np.zeros((days, n)), np.zeros((n, len(FINALS))),
        rows(OUTLOOK, max(int(block.lines[0].count) for block in blocks_of(merged))), new_desk(merged), rows(MANAGER, 1)[0],
        rows(CREDIT, n), rows(LOAN, n, longest if lent else 0), rows(LOAN, lent), np.zeros((months, n, len(LEDGER))),
        rows(PERSON, n), np.zeros((months, n, MEASURE_COUNT + 1)), np.zeros((days + 1, 2)), rows(OVERNIGHT, 1)[0],
        np.zeros((n, len(DAILY)), dtype=np.uint64),
    )


def blocks_of(pay: Schedules) -> list[Schedules]:
    """The variants of a plan, as `variant` gives them to compiled code."""
    index = int(pay.lines[0].index)
    ends = pay.lines[index:] if index else ()
    return [Schedules(pay.lines[end.functions:end.functions_stop], pay.knots[end.first:end.stop]) for end in ends] or [pay]


def new_desk(merged: Schedules) -> np.record:
    """An empty desk that knows which measures pay counts."""
    desk = rows(DESK, 1)[0]
    lines = [line for block in blocks_of(merged) for line in block.lines[: block.lines[0].count]]
    used = sorted({int(line.measure) for line in lines if line.measure >= 0 and line.read})
    desk.uses = len(used)
    desk.used[: len(used)] = used
    return desk


def room_for(w: World) -> int:
    """Rows for a branch's customers: those at the start, and an account a manager and week (if more come, it is redone)."""
    return int(w.people.portfolio.sum()) + len(w.people) * (16 + len(w.days) // 7)
