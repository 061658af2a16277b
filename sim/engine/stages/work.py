"""Stage 3, work: contacts on four channels, accounts, and leads that come by themselves."""

from __future__ import annotations

import math

import numpy as np

from sim.compiled import rule
from sim.engine.lanes import ON_ASSIGNED_LEAD, ON_CONTACTS, ON_CONVERSION, ON_PARTNER_LEAD, ON_PROBLEM, ON_REFERRER
from sim.engine.stages.chances import chance, fresh_share, partner_chance, pool_row, reached
from sim.engine.stages.customers import satisfaction_now, settle_customer
from sim.engine.state import (
    ACCOUNTS, C_DISCOUNTS, CHAINS, INTERMEDIARIES, NEW_ASSETS, R_ACCOUNTS, R_ASSIGNED, R_CHANNEL, R_DEPOSITS, R_PROSPECTS, SERVICE, Practice,
    State, World,
)
from sim.engine.streams import ALWAYS, BALANCE, normal, on, poisson, stream, uniform
from sim.policy.kernel import PERIODS
from sim.rules.learning import forget, learn
from sim.rules.prospecting import mean_contacts


@rule
def work(s: State, w: World, q: Practice, seed: np.uint64, day: int) -> None:
    """Hours become contacts, contacts become accounts; leads of partners and of the branch come in."""
    n = len(s.managers)
    for turn in range(n):
        i = (turn + day) % n                        # whoever comes first to the branch's pools changes daily
        for k in range(SERVICE):
            prospect(s, w, q, seed, day, i, k)
        take_leads(s, w, q, seed, day, i)
    for row in range(n + 1):
        for k in range(SERVICE):
            back = w.channels[k].refill * s.pools[row, k].worked
            s.pools[row, k].available += back
            s.pools[row, k].worked -= back


@rule
def lent_hours(s: State, w: World, i: int, k: int) -> float:
    """Hours on channel k after errands: the mentee's are cut, the mentor's grow by what errands are worth."""
    hours = s.managers[i].hours[k]
    if s.managers[i].mentor >= 0:
        hours *= 1.0 - s.managers[i].errands
    if s.managers[i].mentee >= 0:
        j = s.managers[i].mentee
        hours += w.par.errand_efficiency * s.managers[j].errands * s.managers[j].hours[k]
    return hours


@rule
def prospect(s: State, w: World, q: Practice, seed: np.uint64, day: int, i: int, k: int) -> None:
    """Manager i's contacts of the day on channel k, one by one."""
    hours = lent_hours(s, w, i, k)
    row = pool_row(i, k, len(s.managers))
    mean = mean_contacts(reached(s.managers[i], k, hours, w.par.effort_eta), w.channels[k].pace, fresh_share(s.pools[row, k], w.par))
    mean *= q.par.access[k] * w.days[day].demand
    if mean <= 0.0:
        s.managers[i].skill[k] = forget(s.managers[i].skill[k], s.overnight.skill, w.par.skill_floor)
        return
    contacts = poisson(uniform(on(s.lanes[i, ON_CONTACTS + k], day), 0), mean)
    if w.par.saturation > 0.0:
        contacts = min(contacts, int(s.pools[row, k].available))
    p = chance(s.managers[i], k, w.channels[k], w.par)
    if k != INTERMEDIARIES:
        s.managers[i].since_meeting[1] += mean * p
    if contacts == 0:
        s.managers[i].skill[k] = forget(s.managers[i].skill[k], s.overnight.skill, w.par.skill_floor)
        return
    luck, doubts = on(s.lanes[i, ON_CONVERSION + k], day), on(s.lanes[i, ON_PROBLEM + k], day)
    for c in range(contacts):
        s.pools[row, k].available -= 1.0
        odds = min(w.par.most_chance, p * trust(s, w, day, i, c)) if k == CHAINS else p
        if uniform(luck, c) < odds:
            s.pools[row, k].won += 1.0
            if k == INTERMEDIARIES:
                s.managers[i].partners += w.par.partner_leads
            else:
                open_account(s, w, seed, day, i, R_CHANNEL + k, True)
        else:
            s.pools[row, k].worked += 1.0
    own = hours if s.managers[i].mentee < 0 else s.managers[i].hours[k]        # errands teach neither of the two
    lessons = contacts * own / hours
    s.weeks[w.days[day].week, i, R_PROSPECTS] += contacts
    s.managers[i].skill[k] = learn(s.managers[i].skill[k], lessons, w.par.learning_rate, w.par.skill_ceiling)
    for c in range(contacts):
        if uniform(doubts, c) < w.par.problem_chance * (1.0 - s.managers[i].skill[k]):
            s.managers[i].problems[k] += 1.0


@rule
def trust(s: State, w: World, day: int, i: int, c: int) -> float:
    """What the satisfaction of the customer who opens the door does to conversion along a chain: 1 at satisfaction 0.5."""
    if s.managers[i].held == 0:
        return 1.0
    key = on(s.lanes[i, ON_REFERRER], day)
    row = s.book[i, int(uniform(key, c) * s.managers[i].held)]
    return 1.0 + w.par.trust_effect * (satisfaction_now(s, w, s.customers[row], day) - 0.5)


@rule
def take_leads(s: State, w: World, q: Practice, seed: np.uint64, day: int, i: int) -> None:
    """Leads that come by themselves: from intermediaries won, and those the branch hands out."""
    if s.managers[i].vacancy > 0:
        return
    n = s.tally.staff
    flow = s.managers[i].partners * w.days[day].demand
    key = on(s.lanes[i, ON_PARTNER_LEAD], day)
    leads = poisson(uniform(key, 0), flow)
    p = partner_chance(s.managers[i], w.par)
    for c in range(leads):
        if uniform(key, c + 1) < p:
            open_account(s, w, seed, day, i, R_CHANNEL + INTERMEDIARIES, True)
    s.managers[i].since_meeting[1] += flow * p
    s.managers[i].skill[INTERMEDIARIES] = learn(s.managers[i].skill[INTERMEDIARIES], leads, w.par.learning_rate, w.par.skill_ceiling)
    s.managers[i].partners *= s.overnight.partners
    key = on(s.lanes[i, ON_ASSIGNED_LEAD], day)
    handed = poisson(uniform(key, 0), w.par.assigned_leads * q.par.assigned_share * w.days[day].demand / n)
    for c in range(handed):
        if uniform(key, c + 1) < w.par.assigned_conversion:
            open_account(s, w, seed, day, i, R_ASSIGNED, False)
    for k in range(SERVICE):
        s.managers[i].skill[k] = learn(s.managers[i].skill[k], w.par.assigned_teaches * handed / SERVICE, w.par.learning_rate, w.par.skill_ceiling)
    s.managers[i].queue = leads + handed


@rule
def open_account(s: State, w: World, seed: np.uint64, day: int, i: int, origin: int, own: bool) -> None:
    """A new customer joins manager i's book, and every counter that knows accounts moves."""
    number = s.managers[i].total
    s.managers[i].total += 1.0
    s.daily_accounts[day, i] += 1
    week = w.days[day].week
    s.weeks[week, i, R_ACCOUNTS] += 1.0
    s.weeks[week, i, origin] += 1.0
    for period in PERIODS:
        s.managers[i].period_units[ACCOUNTS, period] += 1.0
    if own:
        s.managers[i].since_meeting[0] += 1.0
        s.weeks[week, i, C_DISCOUNTS] += s.managers[i].discount * w.par.account_margin
    row = s.tally.customers
    if row >= len(s.customers) or s.managers[i].held >= s.book.shape[1]:
        s.tally.overflow = 1
        return
    key = stream(seed, BALANCE, s.people[i].seat, ALWAYS)
    balance = math.exp(w.par.account_log_median + w.par.account_log_sd * normal(uniform(key, int(number))))
    s.weeks[week, i, R_DEPOSITS] += balance
    for period in PERIODS:
        s.managers[i].period_units[NEW_ASSETS, period] += balance
    settle_customer(s, w, seed, i, row, day, balance, 0, int(number) + 1_000_000)
