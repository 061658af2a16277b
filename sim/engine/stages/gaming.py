"""Stage 9, gaming, at a period's end: accounts for the count, deals moved between periods, false reports."""

from __future__ import annotations

import math

import numpy as np

from sim.compiled import rule
from sim.engine.stages.aims import foreseen_burden
from sim.engine.stages.chances import intrinsic_worth
from sim.engine.stages.customers import settle_customer
from sim.engine.stages.handing import offend
from sim.engine.stages.keeping import welcome_new
from sim.engine.stages.settling import counts_for, ends, is_in_force, own_plan
from sim.engine.stages.targets import of_service
from sim.engine.state import (
    ACCOUNTS, C_CAUGHT, C_DISCOUNTS, C_DORMANT, C_HELD, C_MISREPORTED, C_PULLED, PERIOD_COUNT, R_ACCOUNTS, Full, Practice, State, World,
)
from sim.engine.streams import AUDIT, stream, uniform
from sim.passing import refer
from sim.policy.kernel import AFTERWARDS, ALWAYS, SIMPLE, Schedules, expect_count, pay_at, plan_row
from sim.rules.gaming import cheating_gain, moving_gain


@rule
def play(s: State, w: World, q: Practice, pay: Schedules, seed: np.uint64, day: int, f: Full) -> None:
    """On the last day of a period, before it is settled, every manager looks at what the count could still be made to say."""
    for i in range(len(s.managers)):
        if s.managers[i].vacancy > 0:
            continue
        own = refer(own_plan(s, q, pay, i, w.days[day].month))
        if w.par.dormant_most > 0.0:
            open_dormant(s, w, q, own, seed, day, i)
            if w.par.customer_detail > 0.0:
                welcome_new(s, w, f, seed, day)
        if w.par.movable_days > 0.0:
            move_deals(s, w, q, own, day, i, f)
        if w.par.false_most > 0.0:
            report_falsely(s, w, q, own, seed, day, i)


@rule
def bends_for(s: State, w: World, pay: Schedules, g: int, i: int, day: int) -> bool:
    """Whether merged schedule g is one that manager i looks at for moving deals: of accounts alone, in force, and for people like i."""
    line = pay.lines[g]
    if line.joint != SIMPLE or not is_in_force(line, w.days[day], True):
        return False
    return line.when == ALWAYS or (of_service(s, i, w.days[day].month) > plan_row(pay).guarantee_until) == (line.when == AFTERWARDS)


@rule
def pay_with(s: State, w: World, q: Practice, pay: Schedules, i: int, day: int, more: float) -> float:
    """What the settlement pays manager i for accounts, CNY, with `more` of them to i's name."""
    total = 0.0
    for g in range(pay.lines[0].count):
        line = pay.lines[g]
        if line.measure != ACCOUNTS or not ends(w.days[day], line.period) or not bends_for(s, w, pay, g, i, day):
            continue
        units, members = more, 0
        for j in range(len(s.managers)):
            if counts_for(s, q, line, i, j):
                units += s.managers[j].period_units[ACCOUNTS, line.period]
                members += 1
        total += pay_at(pay, g, units / members) if line.own else pay_at(pay, g, units) / members
    return total


@rule
def worth_later(s: State, w: World, q: Practice, pay: Schedules, i: int, day: int) -> float:
    """What an account is expected to be worth in pay in the next period, CNY, if work goes on as now."""
    total = 0.0
    for g in range(pay.lines[0].count):
        line = pay.lines[g]
        if line.measure != ACCOUNTS or not ends(w.days[day], line.period) or not bends_for(s, w, pay, g, i, day):
            continue
        mean, members = 0.0, 0
        for j in range(len(s.managers)):
            if counts_for(s, q, line, i, j):
                mean += max(0.0, s.managers[j].planned[ACCOUNTS]) * length(w, day, line.period)
                members += 1
        scale, share = (1.0 / members, 1.0) if line.own else (1.0, 1.0 / members)
        _, slope = expect_count(pay, g, 0.0, mean, scale, 0.0, share)
        total += slope
    return total


@rule
def length(w: World, day: int, period: int) -> float:
    """Ordinary days in the period that ends today."""
    first = day
    while first > 0 and not ends(w.days[first - 1], period):
        first -= 1
    return w.days[first].left[period]


@rule
def move_deals(s: State, w: World, q: Practice, pay: Schedules, day: int, i: int, f: Full) -> None:
    """Whole deals pulled forward or held back, as many as gain most; deals owed by the last period are made good first."""
    m = s.managers[i]
    least = 1e300                                       # booked in each period that ends today
    for period in range(PERIOD_COUNT):
        if ends(w.days[day], period):
            least = min(least, m.period_units[ACCOUNTS, period])
    movable = math.floor(m.planned[ACCOUNTS] * w.par.movable_days)
    owed = max(0.0, -math.floor(least))
    low, high = (owed if owed > 0.0 else -min(movable, math.floor(least))), owed + movable
    now, later = pay_with(s, w, q, pay, i, day, 0.0), worth_later(s, w, q, pay, i, day)
    burden = burden_of_result(s, w, q, i, day)
    best, most = owed, -1e300
    for step in range(int(high - low) + 1):
        x = low + step
        new = x - owed                                  # what was owed before was paid for then
        gain = moving_gain(new, pay_with(s, w, q, pay, i, day, x) - now - burden * new, later, w.par.next_period_weight, w.par.moving_cost)
        if gain > most + 1e-9 or (gain > most - 1e-9 and abs(new) < abs(best - owed)):
            best, most = x, gain
    m.moved = best
    for period in range(PERIOD_COUNT):
        m.period_units[ACCOUNTS, period] += best
    count, record = abs(best - owed), (C_PULLED if best > owed else C_HELD)
    week = w.days[day].week
    s.weeks[week, i, record] += count
    if best > owed:
        s.weeks[week, i, C_DISCOUNTS] += count * w.par.moving_price * w.par.account_margin
    for c in range(min(int(count), m.held)):            # those who are hurried, or kept waiting, trust less
        offend(s, w, s.book[i, m.held - 1 - c], w.par.moving_trust, day, f)


@rule
def burden_of_result(s: State, w: World, q: Practice, i: int, day: int) -> float:
    """What a unit more in this period's result is felt to cost by raising the next goal, CNY; nil where no ratchet is foreseen."""
    if q.aims.goal_measure != ACCOUNTS or not ends(w.days[day], q.aims.goal_period):
        return 0.0
    return foreseen_burden(w, q) * intrinsic_worth(s.managers[i], s.people[i], w.par)


@rule
def report_falsely(s: State, w: World, q: Practice, pay: Schedules, seed: np.uint64, day: int, i: int) -> None:
    """As many accounts claimed that do not exist as gain most against detection, sanction and scruples; who is found loses them."""
    m, now = s.managers[i], pay_with(s, w, q, pay, i, day, 0.0)
    claims, most = 0.0, 0.0
    for c in range(1, int(w.par.false_most) + 1):
        then = pay_with(s, w, q, pay, i, day, float(c))
        sanction = q.aims.fine + (max(0.0, then) if q.aims.cancels else 0.0)
        gain = cheating_gain(then - now, q.aims.audit, sanction, m.scruples * c)
        if gain > most + 1e-9:
            claims, most = float(c), gain
    if claims <= 0.0:
        return
    m.claimed = claims
    s.weeks[w.days[day].week, i, C_MISREPORTED] += claims
    if uniform(stream(seed, AUDIT, s.people[i].seat, day), 0) < q.aims.audit:
        m.caught = 1.0
        s.weeks[w.days[day].week, i, C_CAUGHT] += 1.0
        return
    for period in range(PERIOD_COUNT):
        m.period_units[ACCOUNTS, period] += claims


@rule
def open_dormant(s: State, w: World, q: Practice, pay: Schedules, seed: np.uint64, day: int, i: int) -> None:
    """Accounts opened for the count, with nothing in them: as many as pay more than the asking costs."""
    now, count, most = pay_with(s, w, q, pay, i, day, 0.0), 0, 0.0
    for c in range(1, int(w.par.dormant_most) + 1):
        gain = moving_gain(float(c), pay_with(s, w, q, pay, i, day, float(c)) - now, 0.0, 0.0, w.par.dormant_cost)
        if gain > most + 1e-9:
            count, most = c, gain
    for _ in range(count):
        m, week, row = s.managers[i], w.days[day].week, s.tally.customers
        number = int(m.total)
        m.total += 1.0
        m.since_meeting[0] += 1.0
        s.daily_accounts[day, i] += 1
        s.weeks[week, i, R_ACCOUNTS] += 1.0
        s.weeks[week, i, C_DORMANT] += 1.0
        for period in range(PERIOD_COUNT):
            m.period_units[ACCOUNTS, period] += 1.0
        if row >= len(s.customers) or m.held >= s.book.shape[1]:
            s.tally.overflow = 1
            return
        settle_customer(s, w, seed, i, row, day, 0.0, 0, number + 1_000_000)
