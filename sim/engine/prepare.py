"""From a scenario and a policy to the numbers the compiled day reads."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from sim.compiled import rule
from sim.engine.state import CHANNELS, PAY_MEASURES, RECORDS, FINALS, TELLING, Practice, State, World
from sim.engine.streams import (
    LEANING, MOTIVE, OPT_IN, PAIRING, TALENT, name_key, normal, stream, uniform,
)
from sim.engine.stages import populate
from sim.policy.kernel import Schedules
from sim.rules.learning import learn

if TYPE_CHECKING:
    from sim.policy.schema import Policy
    from sim.world.scenario import Scenario

HAZARD_POINTS = 257
DAYS_A_YEAR, WORKING_DAYS_A_YEAR = 365, 250
PAIR_RULES = {"none": 0, "named": 0, "best_with_newest": 1, "random": 2}
PER_MANAGER = {              # field of World: parameter
    "capacity": "capacity_hours", "effort_cost": "effort_cost", "risk_aversion": "risk_aversion",
    "intrinsic": "intrinsic_per_account", "lean_start": "lean_start", "excuse_start": "excuse_start",
    "network_size": "network_size", "effort_start": "effort_start",
}
CHANNEL_FIELDS = {"pace": "contact_pace", "unskilled": "conversion_unskilled", "skilled": "conversion_skilled",
                  "pool": "pool_size", "refill": "pool_refill", "neglect": "channel_neglect"}
DERIVED = {"seat", "skill_start", "portfolio", "tenure", "segment_cut", "balance_log_median", "balance_log_sd",
           "account_log_median", "account_log_sd", "hazard_quantiles", "demand", "week", "month", "month_ends",
           "quarter_ends", "left"}


def world_of(scenario: Scenario, branch: str) -> World:
    """The numbers of one branch: parameters with managers' own values, switched-off mechanisms neutral, the calendar."""
    people = list(scenario.branches[branch].managers)
    fields: dict[str, object] = {
        "seat": np.array([name_key(name) for name in people], dtype=np.uint64),
        "portfolio": np.array([scenario.customers(name) for name in people], dtype=np.float64),
        "tenure": np.array([scenario.managers[name].tenure_months for name in people], dtype=np.float64),
    }
    for field, name in PER_MANAGER.items():
        fields[field] = np.array([scenario.effective(name, manager=who) for who in people], dtype=np.float64)
    for field, name in CHANNEL_FIELDS.items():
        fields[field] = np.array([scenario.effective(name, channel) for channel in CHANNELS], dtype=np.float64)
    for field, kind in World.__annotations__.items():
        if field not in fields and field not in DERIVED:
            value = scenario.effective(field)
            fields[field] = int(value) if kind == "int" else float(value)
    fields |= _skills(scenario, fields["tenure"], people) | _customers(scenario) | _calendar(scenario)
    return World(**fields)  # type: ignore[arg-type]


def _skills(scenario: Scenario, tenure: object, people: list[str]) -> dict[str, object]:
    """Skill at the start follows from tenure, on the same curve by which skill is learned."""
    months = np.asarray(tenure)
    rate = scenario.effective("tenure_learning")
    ceiling = scenario.effective("skill_ceiling")
    new = [scenario.effective("skill_new", manager=who) for who in people]
    return {"skill_start": np.array([learn(s, m, rate, ceiling) for s, m in zip(new, months, strict=True)])}


def _customers(scenario: Scenario) -> dict[str, object]:
    """Segments' shares and lognormal balances; the churn hazard's quantiles (yearly chance beta distributed, T14)."""
    from scipy.special import betaincinv

    share = scenario.parameter("segment_share")
    segments = [name for name, _ in share.entries()]
    weights = np.array([scenario.effective("segment_share", s) for s in segments])
    mean, shape = scenario.effective("churn_yearly"), scenario.effective("churn_shape")
    if mean > 0.0:
        u = np.clip(np.linspace(0.0, 1.0, HAZARD_POINTS), 0.5 / HAZARD_POINTS, 1.0 - 0.5 / HAZARD_POINTS)
        yearly = betaincinv(shape, shape * (1.0 - mean) / mean, u)
        days = DAYS_A_YEAR if scenario.calendar.weekends else WORKING_DAYS_A_YEAR
        hazard = -np.log1p(-np.minimum(yearly, 1.0 - 1e-9)) / days
    else:
        hazard = np.zeros(HAZARD_POINTS)
    return {
        "segment_cut": np.cumsum(weights) / weights.sum(),
        "balance_log_median": np.log([scenario.effective("balance_median", s) for s in segments]),
        "balance_log_sd": np.array([scenario.effective("balance_log_sd", s) for s in segments]),
        "account_log_median": math.log(scenario.effective("account_balance_median")),
        "account_log_sd": scenario.effective("account_balance_log_sd"),
        "hazard_quantiles": hazard,
    }


def _calendar(scenario: Scenario) -> dict[str, object]:
    line = scenario.timeline
    left = np.empty((line.days, 2))
    for column, ends in enumerate((line.last_of_month, line.last_of_quarter)):
        ahead = 0.0
        for day in range(line.days - 1, -1, -1):
            ahead = line.demand[day] + (0.0 if ends[day] else ahead)
            left[day, column] = ahead
    return {
        "demand": np.array(line.demand), "week": np.array(line.week, dtype=np.int64),
        "month": np.array(line.month, dtype=np.int64), "month_ends": np.array(line.last_of_month, dtype=np.bool_),
        "quarter_ends": np.array(line.last_of_quarter, dtype=np.bool_), "left": left,
    }


def practice_of(policy: Policy, scenario: Scenario, branch: str) -> Practice:
    """A policy's practices as they fall on the managers of one branch."""
    managers = scenario.branches[branch].managers
    people, n = list(managers), len(managers)
    practices = policy.practices
    reporting, pairing, leads, norm = practices.reporting, practices.mentor_pairing, practices.leads, practices.norm
    mentor = np.full(n, -1, dtype=np.int64)
    for teacher, pupil in pairing.pairs or ():
        if teacher in managers and pupil in managers:
            mentor[people.index(pupil)] = people.index(teacher)
    attention = np.zeros(len(CHANNELS))
    for rank, channel in enumerate(leads.channels):
        attention[CHANNELS.index(channel)] = math.exp(-scenario.effective("order_pull") * rank)
    return Practice(
        every_days=reporting.every_days or 0,
        meeting_hours=reporting.minutes / 60.0,
        meeting_first=reporting.time == "morning",
        visible=_visible(reporting.visible, managers, mentor),
        accountability=float(reporting.accountability),
        status=np.array([float(norm.status.get(spec.cohort, 1.0)) for spec in managers.values()]),
        telling=TELLING[norm.telling],
        assigned_share=float(leads.assigned_share),
        attention=attention,
        pair_rule=PAIR_RULES[pairing.rule],
        pair_count=pairing.count or n // 2,
        mentor=mentor,
        bundled=bool(pairing.bundled),
        voluntary=pairing.participation == "voluntary",
        mentoring_hours=pairing.minutes_per_day / 60.0,
    )


def _visible(rule_or_list: object, managers: Mapping[str, object], mentor: np.ndarray) -> np.ndarray:
    """Who (row) sees whom (column); pairs made by a rule are added when they are made."""
    people, n = list(managers), len(managers)
    seen = np.zeros((n, n))
    if rule_or_list == "everyone":
        seen[:] = 1.0
    elif rule_or_list == "cohort":
        cohorts = [spec.cohort for spec in managers.values()]  # type: ignore[attr-defined]
        seen[:] = [[float(a == b) for b in cohorts] for a in cohorts]
    elif rule_or_list == "pairs":
        for pupil, teacher in enumerate(mentor):
            if teacher >= 0:
                seen[pupil, teacher] = seen[teacher, pupil] = 1.0
    elif rule_or_list != "nobody":
        for seer, other in rule_or_list:  # type: ignore[attr-defined]
            if seer in managers and other in managers:
                seen[people.index(seer), people.index(other)] = 1.0
    np.fill_diagonal(seen, 0.0)
    return seen


def room_for(world: World) -> int:
    """Rows to set aside for a branch's customers: those there are, and one a manager-day opened (more is found and redone)."""
    n, days = len(world.seat), len(world.demand)
    return int(world.portfolio.sum()) + n * days + 64


@rule
def new_state(w: World, q: Practice, elements: Schedules, merged: Schedules, room: int) -> State:
    """An empty branch, everything nil: arrays of the right size."""
    n, d = len(w.seat), len(w.demand)
    e, g = len(elements.measure), len(merged.measure)
    weeks, months = w.week[d - 1] + 1, w.month[d - 1] + 1
    largest = 0
    for i in range(n):
        largest = max(largest, int(w.portfolio[i]))
    return State(
        np.zeros(n), np.zeros(n), np.zeros((n, 4)), np.zeros(n), np.zeros((n, 5)), np.zeros((n, 2)), np.zeros(n),
        np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n, dtype=np.int64),
        np.zeros((n, 4)), np.zeros(n), np.zeros(n), np.zeros((n, 2)), np.full(n, -1), np.full(n, -1), np.zeros(n),
        np.zeros(n), np.zeros(n), np.zeros(n), np.zeros((n + 1, 4)), np.zeros((n + 1, 4)), np.zeros((n + 1, 4)),
        np.zeros((n, 2, 2)), np.zeros(n), np.zeros((n, e), dtype=np.int64), np.zeros((months, n), dtype=np.int64),
        np.zeros((n, largest + room // n), dtype=np.int64), np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64),
        np.zeros(1, dtype=np.int64), np.zeros(room, dtype=np.int64), np.zeros(room, dtype=np.int64), np.zeros(room),
        np.zeros(room), np.zeros(room), np.zeros(room), np.zeros(room), np.zeros(room),
        np.zeros((weeks, n, len(RECORDS))), np.zeros((d, n)), np.zeros((n, len(FINALS))), np.zeros(1, dtype=np.int64),
        np.zeros(g), np.zeros(g), np.zeros(g), np.zeros(g), np.zeros(g), np.zeros(g), np.zeros(len(PAY_MEASURES)),
        np.zeros(5), np.zeros(5), np.zeros(5), np.zeros((5, 2)),
    )


@rule
def begin(s: State, w: World, q: Practice, seed: np.uint64) -> None:
    """The morning of the first day: people, pools, pairs, customers."""
    n = len(w.seat)
    for i in range(n):
        z = normal(uniform(stream(seed, TALENT, w.seat[i], 0), 0))
        s.talent[i] = math.exp(w.talent_spread * z - 0.5 * w.talent_spread * w.talent_spread)
        z = normal(uniform(stream(seed, MOTIVE, w.seat[i], 0), 0))
        s.motive[i] = math.exp(w.intrinsic_spread * z - 0.5 * w.intrinsic_spread * w.intrinsic_spread)
        s.leaning[i] = 1.0 if uniform(stream(seed, LEANING, w.seat[i], 0), 0) < w.lean_start[i] else -1.0
        s.effort[i] = w.effort_start[i]
        s.status[i], s.acceptance[i] = q.status[i], w.excuse_start[i]
        s.belief[i], s.belief_variance[i] = 1.0, w.belief_variance
        for k in range(4):
            s.skill[i, k] = w.skill_start[i]
        s.available[i, 1] = math.floor(w.pool[1] * w.portfolio[i])
        s.available[i, 3] = math.floor(w.pool[3] * w.network_size[i])
    s.available[n, 0], s.available[n, 2] = math.floor(w.pool[0] * n), math.floor(w.pool[2] * n)
    for k in range(4):
        s.yields[k, 0] = 1.0
    s.yields[4, 1] = 1.0
    make_pairs(s, w, q, seed)
    populate(s, w, seed)


@rule
def make_pairs(s: State, w: World, q: Practice, seed: np.uint64) -> None:
    """Pairs by name, best with newest, or random; where taking part is voluntary the less able stay away (E21)."""
    n = len(w.seat)
    for i in range(n):
        s.mentor[i] = q.mentor[i]
    if q.pair_rule > 0:
        taken = np.zeros(n, dtype=np.bool_)
        for _ in range(min(q.pair_count, n // 2)):
            teacher, pupil = -1, -1
            for i in range(n):
                if not taken[i] and (teacher < 0 or mentor_rank(s, w, q, seed, i) > mentor_rank(s, w, q, seed, teacher)):
                    teacher = i
            for i in range(n):
                if not taken[i] and i != teacher and (pupil < 0 or mentee_rank(w, q, seed, i) > mentee_rank(w, q, seed, pupil)):
                    pupil = i
            taken[teacher], taken[pupil] = True, True
            s.mentor[pupil] = teacher
    for i in range(n):
        if s.mentor[i] >= 0 and q.voluntary:
            willing = 1.0 / (1.0 + math.exp(-w.opt_in_slope * (s.skill[i, 0] * s.talent[i] - w.opt_in_skill)))
            if uniform(stream(seed, OPT_IN, w.seat[i], 0), 0) >= willing:
                s.mentor[i] = -1
    for i in range(n):
        if s.mentor[i] >= 0:
            s.mentee[s.mentor[i]] = i


@rule
def mentor_rank(s: State, w: World, q: Practice, seed: np.uint64, i: int) -> float:
    """Who mentors first: by skill times talent, or by lot."""
    if q.pair_rule == 2:
        return uniform(stream(seed, PAIRING, w.seat[i], 0), 0)
    return s.skill[i, 0] * s.talent[i]


@rule
def mentee_rank(w: World, q: Practice, seed: np.uint64, i: int) -> float:
    """Who is mentored first: the newest, or by lot."""
    if q.pair_rule == 2:
        return uniform(stream(seed, PAIRING, w.seat[i], 0), 1)
    return -w.tenure[i]
