"""Stage 2, planning: what each manager expects, and the hours chosen."""

from __future__ import annotations

import math

import numpy as np

from sim.compiled import rule
from sim.engine.lanes import ON_TREMBLE
from sim.engine.planner import NOBODY, Person, choose_effort
from sim.engine.stages.aims import add_aims
from sim.engine.stages.careers import bear_in_mind
from sim.engine.stages.chances import intrinsic_worth, partner_chance, pool_row, promise, reached, spread
from sim.engine.stages.credit import keep_worth, look_at_loans, settle_still, weigh_credit
from sim.engine.stages.expecting import book_selling, lay_out_selling, note_plan
from sim.engine.stages.peers import meets_on, norm_of
from sim.engine.stages.facts import lay_out_facts
from sim.engine.stages.settling import counts_for, is_in_force, own_plan, shares_pay, year_so_far
from sim.engine.stages.targets import factor_of, of_service
from sim.engine.state import ACCOUNTS, ACTIVITY_COUNT, COLLECTION, CROSS, DEALS, SERVICE, SERVICE_CONTACTS, VETTING, Full, Practice, State, World
from sim.engine.streams import on
from sim.passing import refer
from sim.policy.kernel import AFTERWARDS, ALWAYS, FACTOR, JOINT, MONTH, SIMPLE, Schedules, plan_row
from sim.rules.prospecting import mean_contacts
from sim.rules.psychology import impatience


@rule
def imposed_hours(s: State, w: World, q: Practice, i: int, day: int) -> float:
    """Hours of the day that are not the manager's to choose: the meeting, mentoring, leads that came in."""
    hours = q.par.meeting_hours if meets_on(q, day) else 0.0
    if s.managers[i].mentor >= 0 or s.managers[i].mentee >= 0:
        hours += q.par.mentoring_hours
    return hours + w.par.lead_hours * s.managers[i].queue + s.managers[i].training_hours


@rule
def windfall(m: np.record, par: np.record, rules: np.record, n: int) -> float:
    """Accounts an ordinary day brings without effort: leads of intermediaries won, and those the branch hands out."""
    return m.partners * partner_chance(m, par) + par.assigned_leads * rules.assigned_share / n * par.assigned_conversion


@rule
def look_ahead(s: State, w: World, q: Practice, pay: Schedules, i: int, day: int, f: Full | None) -> None:
    """Fill in what manager i expects of each merged schedule of the own plan: done so far, what comes without effort, what the others
    bring, days left."""
    n = len(s.managers)
    for g in range(pay.lines[0].count):
        o, line = s.outlook[g], pay.lines[g]
        o.others, o.done, members = 0.0, 0.0, 0
        o.left = w.days[day].left[line.period] / w.days[day].demand
        if not line.read:                                 # a joint line's row of a measure that it does not read
            o.value, o.slope, o.still = 0.0, 0.0, 0
            continue
        credited = line.credit > 0                        # told apart here, since a call for each pair would be felt
        for j in range(n):
            if counts_for(s, q, line, i, j) if credited else shares_pay(s, q, line, i, j):
                members += 1
                o.done += s.managers[j].period_units[line.measure, line.period]
                if j != i:
                    o.others += s.managers[j].planned[line.measure] * w.days[day].demand
                if line.measure == ACCOUNTS:
                    o.others += windfall(s.managers[j], w.par, q.par, s.tally.staff) * w.days[day].demand
                o.others += s.managers[j].standing[line.measure]
        members = members if line.credit == 0 else 1
        o.scale = 1.0 / members if line.own or line.meant else 1.0
        o.share = 1.0 if line.own else 1.0 / members
        o.sd = s.managers[i].spread[line.measure] * math.sqrt(members)
        if w.par.present_bias < 1.0 or w.par.pay_discount > 0.0:
            o.share *= impatience(w.days[day].left[line.period] - w.days[day].demand, w.par.present_bias, w.par.pay_discount)
        if f is not None and w.lending.lending > 0.0:
            o.still = 0
            look_at_loans(s, w, q, line, o, i, day)


@rule
def look_closer(s: State, w: World, q: Practice, pay: Schedules, i: int, day: int) -> None:
    """Of merged schedules that are not for everybody, or joint (apart from `look_ahead`, which is faster without)."""
    for g in range(pay.lines[0].count):
        line = pay.lines[g]
        if not line.read:
            continue
        if line.joint != SIMPLE:
            look_further(s, w, q, pay, g, i, day)
            s.outlook[g].share *= line.weight
            if line.joint == JOINT:
                for row in range(line.inputs, line.inputs_stop):
                    if pay.lines[row].kind == FACTOR:
                        s.outlook[g + pay.lines[row].slot].factor = factor_of(s, q, pay, line, pay.lines[row], i)
        if line.when != ALWAYS and (of_service(s, i, w.days[day].month) > plan_row(pay).guarantee_until) != (line.when == AFTERWARDS):
            s.outlook[g].share = 0.0
        if not is_in_force(line, w.days[day], False):
            s.outlook[g].share = 0.0


@rule
def look_further(s: State, w: World, q: Practice, pay: Schedules, g: int, i: int, day: int) -> None:
    """What an element of several inputs asks besides: units in the period's last month and in the year so far."""
    o, line, today = s.outlook[g], pay.lines[g], w.days[day]
    o.month, o.year = 0.0, 0.0
    for j in range(len(s.managers)):
        if counts_for(s, q, line, i, j):
            o.year += year_so_far(s.managers[j], line.measure)
            if today.number == today.ends[line.period]:
                o.month += s.managers[j].period_units[line.measure, MONTH]
    o.rest = today.left_last[line.period] / today.left[line.period]
    o.ends = today.ends[line.period]


@rule
def plan(s: State, w: World, q: Practice, pay: Schedules, seed: np.uint64, day: int, f: Full | None) -> None:
    """Every manager chooses the hours of the day."""
    for i in range(len(s.managers)):
        if s.managers[i].vacancy == 0:
            plan_one(s, w, q, pay, i, seed, day, f)
    for i in range(len(s.managers)):
        book_plan(s.managers[i], w.par, w.days[day].demand)
        if f is not None and w.par.customer_detail > 0.0 and w.days[day].demand > 0.0:
            book_selling(s.managers[i], w.days[day].demand)


@rule
def plan_one(s: State, w: World, q: Practice, pay: Schedules, i: int, seed: np.uint64, day: int, f: Full | None) -> None:
    """Manager i's hours by activity, from yesterday's efforts of the others."""
    m, person = s.managers[i], s.people[i]
    m.norm = norm_of(s, w, q, i)
    weigh_activities(s, w, q, i, day, f)
    imposed = imposed_hours(s, w, q, i, day)
    capacity = max(0.0, person.capacity - imposed)
    if f is not None and q.aims.on:
        add_aims(s, w, q, i, day, imposed, capacity)    # 8
    if w.days[day].demand <= 0.0:                       # nobody is to be met today
        for k in range(ACTIVITY_COUNT):
            m.hours[k] = 0.0
        return
    if day % w.par.plan_every != 0:
        keep_plan(m, capacity)
        return
    if len(q.variants) == 0:
        effort = weigh_effort(s, w, q, pay, s.outlook, i, day, imposed, capacity, f)
    else:
        own = refer(own_plan(s, q, pay, i, w.days[day].month))
        effort = weigh_effort(s, w, q, own, s.outlook[:own.lines[0].count], i, day, imposed, capacity, f)
    m.aim = effort
    if w.par.plan_tremble > 0.0:
        effort *= spread(on(s.lanes[i, ON_TREMBLE], day), w.par.plan_tremble)
    if day > 0:
        effort += w.par.habit_share * (m.effort - effort)
    effort = min(effort, capacity)
    for k in range(ACTIVITY_COUNT):
        m.intended[k] = s.desk.split[k] * effort
        m.hours[k] = m.intended[k]
    if f is not None:
        if w.lending.lending > 0.0:
            keep_worth(s, i)
        if w.par.customer_detail > 0.0:
            note_plan(m, s.desk, w.par.effort_eta)


@rule
def weigh_effort(s: State, w: World, q: Practice, pay: Schedules, outlook: np.recarray, i: int, day: int, imposed: float,
                 capacity: float, f: Full | None) -> float:
    """Manager i's best effort by the own plan, hours a day; how it is split, and what units are worth, stay on the desk."""
    m, risk = s.managers[i], s.people[i].risk_aversion
    look_ahead(s, w, q, pay, i, day, f)
    if plan_row(pay).uneven:
        look_closer(s, w, q, pay, i, day)
    if f is not None:
        if w.lending.lending > 0.0:
            settle_still(pay, outlook, risk)
        bear_in_mind(s, w, q, i, day, windfall(m, w.par, q.par, s.tally.staff) * w.days[day].demand)
    effort = choose_effort(pay, s.desk, outlook, refer(taste(s, w, q, i, imposed, capacity)), w.par.plan_levels, w.par.plan_refinements)
    m.worth, m.worth_of_mentee = s.desk.worth[ACCOUNTS], shared_worth(s, q, pay, i)
    return effort


@rule
def shared_worth(s: State, q: Practice, pay: Schedules, i: int) -> float:
    """What an account of the mentee's is worth to manager i in pay, CNY: the lines in which the mentee's results count."""
    worth = 0.0
    if s.managers[i].mentee >= 0:
        for g in range(pay.lines[0].count):
            if pay.lines[g].measure == ACCOUNTS and counts_for(s, q, pay.lines[g], i, s.managers[i].mentee):
                worth += s.outlook[g].slope
    return worth


@rule
def weigh_activities(s: State, w: World, q: Practice, i: int, day: int, f: Full | None) -> None:
    """Put on the desk what a first hour on each activity brings manager i today, and what its output is worth besides pay."""
    m, d, n = s.managers[i], s.desk, len(s.managers)
    worth = intrinsic_worth(m, s.people[i], w.par)
    for k in range(SERVICE):
        m.promised[k] = promise(m, k, w.channels[k], s.pools[pool_row(i, k, n), k], w.par, q.par, w.days[day])
        d.theta[k] = m.promised[k] * m.belief * q.par.attention[k]
        d.own_worth[k] = worth
    d.theta[SERVICE] = w.par.service_pace * w.days[day].demand if m.held > 0 else 0.0
    d.own_worth[SERVICE] = w.par.service_duty
    if f is not None:
        if w.lending.lending > 0.0:
            weigh_credit(s, w, i)
        if w.par.customer_detail > 0.0:
            lay_out_selling(m, d)
        if q.par.remembers:
            lay_out_facts(s, w, q, f, i, day)


@rule
def taste(s: State, w: World, q: Practice, i: int, imposed: float, capacity: float) -> Person:
    """Manager i as the planner sees a person; who is seen by nobody has no norm, who is not bundled no ceiling."""
    m, person = s.managers[i], s.people[i]
    seen, bundled = m.norm >= 0.0, q.par.bundled and m.mentor >= 0
    return Person(
        person.effort_cost * m.toil, w.par.effort_gamma, w.par.effort_eta, imposed, capacity, m.norm,
        w.par.norm_below if seen else 0.0, w.par.norm_above if seen else 0.0,
        s.managers[m.mentor].effort if bundled else NOBODY, w.par.ceiling_pull if bundled else 0.0, person.risk_aversion, m.aim,
    )


@rule
def keep_plan(m: np.record, capacity: float) -> None:
    """A day between plans: the hours of the last one, cut in proportion where the day is shorter."""
    effort = 0.0
    for k in range(ACTIVITY_COUNT):
        effort += m.intended[k]
    share = min(1.0, capacity / effort) if effort > 0.0 else 0.0
    for k in range(ACTIVITY_COUNT):
        m.hours[k] = m.intended[k] * share


@rule
def book_plan(m: np.record, par: np.record, demand: float) -> None:
    """Keep what the plan would bring on an ordinary day (units), so that colleagues' expectations can use it."""
    effort, accounts = m.hours[SERVICE] + m.hours[VETTING] + m.hours[COLLECTION], 0.0
    for k in range(SERVICE):
        effort += m.hours[k]
        accounts += m.promised[k] * reached(m, k, m.hours[k], par.effort_eta)
    effort += m.hours[CROSS] + m.hours[DEALS]
    m.effort = effort
    if demand > 0.0:
        m.planned[ACCOUNTS] = accounts / demand
        m.planned[SERVICE_CONTACTS] = mean_contacts(reached(m, SERVICE, m.hours[SERVICE], par.effort_eta), par.service_pace, 1.0)
