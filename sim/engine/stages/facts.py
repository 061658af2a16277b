"""What pay can read besides counted deals: satisfaction, customers of value and their loss, assets, length of service; months gone by.

Only for plans that read any of it (`Practice.par.remembers`); each fact only where pay or a mark reads it (`Practice.facts`).
"""

from __future__ import annotations

import math

from sim.compiled import rule
from sim.engine.stages.customers import satisfaction_now
from sim.engine.stages.keeping import NEW_CUSTOMER, assets_of, held_assets
from sim.engine.stages.settling import ends
from sim.engine.stages.targets import of_service, over_months
from sim.engine.state import (
    ASSETS, CHANNEL_COUNT, CONTENT, DEVELOPED, IN_POST, KEY_LOSS, M_DEPOSITS, MEAN, MEASURE_COUNT, NEW_ASSETS, SERVICE, SERVICE_MONTHS,
    SERVICE_YEARS, VALUED, Full, Practice, State, World,
)
from sim.policy.kernel import MONTH, MONTHS_IN, PERIODS, QUARTER

SCORE = 100.0            # points of full satisfaction


@rule
def set_level(s: State, i: int, measure: int, value: float) -> None:
    """A level as it stands is the open month's, quarter's and year's."""
    for period in PERIODS:
        s.managers[i].period_units[measure, period] = value


@rule
def look_at_facts(s: State, w: World, q: Practice, f: Full, day: int) -> None:
    """Write down how things stand: in the morning, before anybody plans, and on a month's last evening, before pay."""
    in_full = w.par.customer_detail > 0.0
    for i in range(len(s.managers)):
        if s.managers[i].vacancy > 0:
            continue
        service = of_service(s, i, w.days[day].month)
        set_level(s, i, IN_POST, 1.0)
        set_level(s, i, SERVICE_MONTHS, float(service))
        set_level(s, i, SERVICE_YEARS, float(service // 12))
        if q.facts[CONTENT] > 0 and s.managers[i].held > 0:
            set_level(s, i, CONTENT, SCORE * satisfaction_of(s, w, i, day))
        if not in_full:
            continue
        set_level(s, i, ASSETS, held_assets(s, f, i))
        if q.facts[DEVELOPED] > 0:
            set_level(s, i, DEVELOPED, developed_by(s, f, i))
        valued = 0.0
        for c in range(1, f.queues.shape[1]):
            valued += f.queues[i, c].count
        set_level(s, i, VALUED, valued)
        lost = f.sellers[i].key_lost
        set_level(s, i, KEY_LOSS, lost / (lost + valued) if lost > 0 else 0.0)
        if w.lending.lending <= 0.0:
            days = f.sellers[i].aum_days[MONTH]
            set_level(s, i, M_DEPOSITS, f.sellers[i].deposit_sum / days if days > 0.0 else f.sellers[i].deposits)


@rule
def satisfaction_of(s: State, w: World, i: int, day: int) -> float:
    """Mean satisfaction of the customers in manager i's book today, 0 to 1; nobody is asked twice, and asking changes nothing."""
    total, asked = 0.0, 0
    for place in range(s.managers[i].held):
        customer = s.customers[s.book[i, place]]
        if customer.patience > 0.0:
            total += satisfaction_now(s, w, customer, day)
            asked += 1
    return total / asked if asked > 0 else 0.0


@rule
def developed_by(s: State, f: Full, i: int) -> float:
    """Assets of the customers in manager i's book who were won in the run, CNY."""
    total = 0.0
    for place in range(s.managers[i].held):
        if f.clients[s.book[i, place]].number >= NEW_CUSTOMER:
            total += assets_of(s, f, s.book[i, place])
    return total


@rule
def note_month(s: State, w: World, q: Practice, f: Full, day: int) -> None:
    """A month's last evening, before pay: what the month came to goes on record, and means over longer periods are taken from it."""
    today = w.days[day]
    look_at_facts(s, w, q, f, day)
    for i in range(len(s.managers)):
        m = s.managers[i]
        if m.vacancy > 0:
            continue
        for measure in range(MEASURE_COUNT):
            s.history[today.month, i, measure] = m.period_units[measure, MONTH]
        s.history[today.month, i, MEASURE_COUNT] = today.month_days
        for measure in range(MEASURE_COUNT):
            if q.over[measure] == MEAN:
                for period in PERIODS:
                    if period != MONTH and ends(today, period):
                        m.period_units[measure, period] = over_months(s, q, i, measure, first_of(w, day, period), today.month)


@rule
def first_of(w: World, day: int, period: int) -> int:
    """The first month of the run that belongs to the open period."""
    return max(0, w.days[day].month - (w.days[day].number - 1) % MONTHS_IN[period])


@rule
def forget_period(s: State, w: World, f: Full, day: int) -> None:
    """After pay: counters of the month and of the quarter begin anew."""
    if w.par.customer_detail <= 0.0:
        return
    for i in range(len(s.managers)):
        f.sellers[i].deposit_sum = 0.0
        if ends(w.days[day], QUARTER):
            f.sellers[i].key_lost = 0


@rule
def lay_out_facts(s: State, w: World, q: Practice, f: Full, i: int, day: int) -> None:
    """Onto the planner's desk: what an hour of service, or an account won, does to the facts that pay reads, from means.

    A contact lifts one customer's satisfaction by the gain times what is missing, and takes away so much of the chance to leave.
    """
    m, d = s.managers[i], s.desk
    held = float(max(1, m.held))
    lift = SCORE * w.par.contact_gain * (1.0 - m.period_units[CONTENT, MONTH] / SCORE) / held
    kept = w.par.contact_gain * (1.0 - w.par.satisfaction_rest) * w.par.churn_response / max(w.par.satisfaction_decay, 1e-3)
    kept *= w.hazards[len(w.hazards) // 2]                 # chance of leaving that a contact takes away
    balance = math.exp(w.par.account_log_median + 0.5 * w.par.account_log_sd * w.par.account_log_sd)
    d.yields[SERVICE, CONTENT] = lift
    d.yields[SERVICE, KEY_LOSS] = -kept / held
    d.yields[SERVICE, VALUED] = kept * m.period_units[VALUED, MONTH] / held
    d.yields[SERVICE, ASSETS] = kept * m.period_units[ASSETS, MONTH] / held
    if w.lending.lending <= 0.0:
        d.yields[SERVICE, M_DEPOSITS] = kept * m.period_units[M_DEPOSITS, MONTH] / held
    for k in range(CHANNEL_COUNT):
        for measure in (NEW_ASSETS, ASSETS, DEVELOPED):
            d.yields[k, measure] = balance
        if w.lending.lending <= 0.0:
            d.yields[k, M_DEPOSITS] = balance
    contacts = max(1.0, w.par.service_pace)
    m.spread[CONTENT] = lift * math.sqrt(contacts)
    m.spread[KEY_LOSS] = math.sqrt(w.hazards[len(w.hazards) // 2] / held)
    m.spread[VALUED] = math.sqrt(max(1.0, m.period_units[VALUED, MONTH]) * w.hazards[len(w.hazards) // 2])
    for measure in (NEW_ASSETS, DEVELOPED):
        m.spread[measure] = balance
    for measure in (ASSETS, M_DEPOSITS):
        m.spread[measure] = max(m.spread[measure], balance)


__all__ = ["forget_period", "lay_out_facts", "look_at_facts", "note_month"]
