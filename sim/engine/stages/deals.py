"""Deals that pass through people, and visitors who pass through a reception (stage 3; casebook C12 and C17)."""

from __future__ import annotations

import math

import numpy as np

from sim.compiled import rule
from sim.engine.stages.chances import intrinsic_worth
from sim.engine.stages.keeping import count_in, foresee, line_up, step_out, welcome_new
from sim.engine.stages.work import open_account
from sim.engine.state import (
    ACCOUNTS, ASSETS, AUM, DEAL_ROOM, DEAL_STAGES, DEALS, FEES, INCOME, M_DEPOSITS, MEASURE_COUNT, NEEDS_FORM, NETWORK, NEW_ASSETS,
    R_ASSIGNED, R_CHANNEL, RECEPTION_STEPS,
    S_DEALS_LOST, S_DEALS_MISSED, S_DEALS_OPENED, S_DEALS_WON, S_INCOME, S_MONEY_IN, S_WALK_INS, S_WALK_INS_WON, Full, Practice, State, World,
)
from sim.engine.streams import DEAL, DEAL_RIVAL, DEAL_SIZE, RECEPTION, WALK_IN, normal, poisson, stream, uniform
from sim.policy.kernel import PERIODS
from sim.rules.deals import progress, step_passed, survival


@rule
def deals_arrive(s: State, w: World, f: Full, seed: np.uint64, day: int) -> None:
    """Chances of a large deal come up, and some in hand are taken by a rival overnight."""
    if f.par.deal_leads <= 0.0:
        return
    week = w.days[day].week
    for i in range(len(s.managers)):
        if s.managers[i].vacancy > 0:                      # nobody to bring a deal to, and what was in hand waits
            continue
        luck = stream(seed, DEAL_RIVAL, s.people[i].seat, day)
        lost = 1.0 - survival(f.par.deal_rival, 1.0)
        for slot in range(DEAL_ROOM):
            if f.deals[i, slot].stage > 0 and uniform(luck, slot) < lost:
                f.deals[i, slot].stage = 0
                f.weeks[week, i, S_DEALS_LOST] += 1.0
        if s.managers[i].vacancy > 0:                      # deals in hand wait for the successor
            continue
        arrivals = poisson(uniform(stream(seed, DEAL, s.people[i].seat, day), 0), f.par.deal_leads * w.days[day].demand)
        sizes = stream(seed, DEAL_SIZE, s.people[i].seat, day)
        for n in range(arrivals):
            slot = free_slot(s, f, i)
            f.weeks[week, i, S_DEALS_OPENED] += 1.0
            if slot < 0:
                f.weeks[week, i, S_DEALS_MISSED] += 1.0    # more in hand than anybody can follow
                continue
            deal = f.deals[i, slot]
            deal.value = math.exp(f.par.deal_value_log_median + f.par.deal_value_log_sd * normal(uniform(sizes, n)))
            deal.stage, deal.day, deal.due = 1, day, f.par.deal_hours[0]


@rule
def free_slot(s: State, f: Full, i: int) -> int:
    """A free place in the pipeline; -1: none."""
    for slot in range(DEAL_ROOM):
        if f.deals[i, slot].stage == 0:
            return slot
    return -1


@rule
def nearest_deal(s: State, f: Full, i: int) -> int:
    """The deal furthest on, of these the one with the least left; -1: none."""
    best = -1
    for slot in range(DEAL_ROOM):
        deal = f.deals[i, slot]
        if deal.stage > 0 and (best < 0 or deal.stage > f.deals[i, best].stage or (
                deal.stage == f.deals[i, best].stage and deal.due < f.deals[i, best].due)):
            best = slot
    return best


@rule
def work_deals(s: State, w: World, f: Full, seed: np.uint64, day: int, i: int) -> None:
    """Deal hours move the nearest deal, stage by stage (an insider, information, the one who decides), then the next."""
    left = progress(s.managers[i].hours[DEALS] if f.par.deal_leads > 0.0 else 0.0, w.par.effort_eta, f.sellers[i].skill,
                    f.par.deal_unskilled, f.par.deal_skilled) * w.days[day].demand
    while left > 0.0:
        slot = nearest_deal(s, f, i)
        if slot < 0:
            return
        deal = f.deals[i, slot]
        if deal.due > left:
            deal.due -= left
            return
        left -= deal.due
        if deal.stage < DEAL_STAGES:
            deal.due = f.par.deal_hours[deal.stage]
            deal.stage += 1
        else:
            deal.stage = 0
            win(s, w, f, seed, day, i, deal.value)


@rule
def win(s: State, w: World, f: Full, seed: np.uint64, day: int, i: int, value: float) -> None:
    """A deal is won: a customer with an account, the deal's money and its fee."""
    week = w.days[day].week
    f.weeks[week, i, S_DEALS_WON] += 1.0
    row = s.tally.customers
    open_account(s, w, seed, day, i, R_CHANNEL + NETWORK, True)
    welcome_new(s, w, f, seed, day)
    fee = f.par.deal_fee * value
    f.weeks[week, i, S_INCOME] += fee
    for period in PERIODS:
        s.managers[i].period_units[INCOME, period] += fee
        s.managers[i].period_units[FEES, period] += fee
        s.managers[i].period_units[NEW_ASSETS, period] += value
    if s.tally.customers == row:
        return                                             # no room: this run is done again in a larger one
    count_in(s, f, row, -1.0)
    step_out(s, f, row)
    s.customers[row].balance += value
    f.board.money_in += value
    f.weeks[week, i, S_MONEY_IN] += value
    count_in(s, f, row, 1.0)
    line_up(s, f, row)
    foresee(s, w, f, row, day)


@rule
def deals_promise(s: State, w: World, f: Full, i: int, day: int) -> None:
    """What a first hour on deals brings: wins, if one is in hand and rivals leave time."""
    m, par = s.managers[i], f.par
    m.sell_theta[1], m.sell_own[1] = 0.0, 0.0
    slot = nearest_deal(s, f, i) if par.deal_leads > 0.0 else -1
    for k in range(MEASURE_COUNT):
        m.sell_yields[1, k] = 0.0
    if slot < 0:
        return
    work = 0.0
    for stage in range(DEAL_STAGES):
        work += par.deal_hours[stage]
    hours = max(1.0, m.hours[DEALS])
    pace = progress(hours, w.par.effort_eta, f.sellers[i].skill, par.deal_unskilled, par.deal_skilled)
    first = progress(1.0, w.par.effort_eta, f.sellers[i].skill, par.deal_unskilled, par.deal_skilled)
    m.sell_theta[1] = first / work * survival(par.deal_rival, work / pace) * w.days[day].demand
    m.sell_own[1] = intrinsic_worth(m, s.people[i], w.par)
    value = f.deals[i, slot].value
    m.sell_yields[1, ACCOUNTS], m.sell_yields[1, INCOME], m.sell_yields[1, AUM] = 1.0, par.deal_fee * value, value
    m.sell_yields[1, FEES] = par.deal_fee * value
    for measure in (NEW_ASSETS, ASSETS, M_DEPOSITS):
        m.sell_yields[1, measure] = value


@rule
def take_walk_ins(s: State, w: World, f: Full, q: Practice, seed: np.uint64, day: int) -> None:
    """Visitors come to the branch; managers receive them in turn, and each costs the time of a lead tomorrow."""
    if f.par.walk_ins <= 0.0 or s.tally.staff == 0:
        return
    n, week = len(s.managers), w.days[day].week
    visitors = poisson(uniform(stream(seed, WALK_IN, f.par.branch, day), 0), f.par.walk_ins * w.days[day].demand)
    for v in range(visitors if s.tally.staff > 0 else 0):
        i = (day + v) % n
        while s.managers[i].vacancy > 0:
            i = (i + 1) % n
        f.weeks[week, i, S_WALK_INS] += 1.0
        s.managers[i].queue += 1.0
        if received(w, f, q, stream(seed, RECEPTION, f.par.branch, day), v):
            f.weeks[week, i, S_WALK_INS_WON] += 1.0
            open_account(s, w, seed, day, i, R_ASSIGNED, False)
            welcome_new(s, w, f, seed, day)


@rule
def received(w: World, f: Full, q: Practice, key: np.uint64, visitor: int) -> bool:
    """Whether a visitor stays through all steps; one that is skipped costs at the next, no form filled in loses the visitor."""
    skipped = False
    for step in range(len(RECEPTION_STEPS)):
        u = 2 * (visitor * len(RECEPTION_STEPS) + step)
        if uniform(key, u) >= step_passed(f.par.reception_pass, skipped, f.par.reception_skip_cost):
            return False
        done = q.retail.discipline if q.retail.steps[step] > 0.0 else f.par.reception_habit
        skipped = uniform(key, u + 1) >= done
        if skipped and step == NEEDS_FORM:
            return False
    return True
