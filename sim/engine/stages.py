"""The stages of a day, one function each; `day.py` says in which order they run."""

from __future__ import annotations

import math

import numpy as np

from sim.compiled import rule
from sim.engine.planner import NOBODY, Person, plan_effort
from sim.engine.state import (
    ACCOUNTS, ACTIVITY_COUNT, CHAINS, F_CHURNED, F_CUSTOMERS, F_SATISFACTION, INTERMEDIARIES, MEASURE_COUNT, R_ACCOUNTS, R_ASSIGNED, R_CHANNEL, R_CONTACTS, R_DAYS, R_DEPOSITS, R_EFFORT,
    R_LEANING, R_NORM, R_PRESSURE, R_PROSPECTS, R_SKILL, SERVICE, SERVICE_CONTACTS, SHARED, Practice, State, World,
)
from sim.engine.streams import (
    ALWAYS, ASSIGNED_LEAD, BALANCE, CHURN, CONTACTS, CONVERSION, HAZARD, PARTNER_LEAD, PROBLEM, REFERRER, REVISIT, SATISFACTION,
    SEGMENT, START_BALANCE, TREMBLE, normal, poisson, stream, uniform,
)
from sim.policy.kernel import MONTH, PAIR, QUARTER, TEAM, Schedules, pay_at, to_fen
from sim.rules.customers import contacted, decayed, exposure
from sim.rules.learning import forget, learn
from sim.rules.meetings import answered, believe, faded, kalman_gain, pressed, worn_excuse
from sim.rules.mentoring import dependence_after, errand_share, taught
from sim.rules.peers import chance_high, leaning_factor, status_after
from sim.rules.prospecting import blocked, conversion, mean_contacts, partner_worth

TELLS_SUCCESSES, TELLS_EXCUSES = 1, 2
MOST_CHANCE = 0.95       # no contact is certain


@rule
def pool_row(i: int, k: int, n: int) -> int:
    """The pool that manager i works on channel k: one's own, or the branch's."""
    return n if SHARED[k] else i


@rule
def fresh_share(pool: np.record, par: np.record) -> float:
    """Share of the pool not worked lately; 1 when saturation is switched off."""
    size = pool.available + pool.worked + pool.won
    if size <= 0.0:
        return 0.0
    return 1.0 - par.saturation * (1.0 - pool.available / size)


@rule
def chance(m: np.record, k: int, channel: np.record, par: np.record) -> float:
    """Chance that a contact of manager m on channel k converts, before what the customer adds."""
    p = conversion(m.skill[k], channel.unskilled, channel.skilled) * m.talent * blocked(m.problems[k], par.problem_block)
    return min(MOST_CHANCE, p * (1.0 - par.dependence_effect * m.dependence))


@rule
def partner_chance(m: np.record, par: np.record) -> float:
    """Chance that a lead from an intermediary becomes an account."""
    p = conversion(m.skill[INTERMEDIARIES], par.partner_unskilled, par.partner_skilled) * m.talent
    return min(MOST_CHANCE, p * blocked(m.problems[INTERMEDIARIES], par.problem_block))


@rule
def intrinsic_worth(m: np.record, person: np.record, par: np.record) -> float:
    """What an account is worth to a manager besides pay, CNY: motives, leaning, dependence, accountability."""
    own = person.intrinsic * m.motive * leaning_factor(m.leaning, par.lean_effect)
    return own * (1.0 - par.dependence_effect * m.dependence) + m.pressure


# 1. Meeting --------------------------------------------------------------------------------------------------------
@rule
def meets_on(q: Practice, day: int) -> bool:
    """Whether a meeting is held on this tick (0-based): every n ticks, the first on the n-th."""
    return q.par.every_days > 0 and (day + 1) % q.par.every_days == 0


@rule
def sees(s: State, q: Practice, i: int, j: int) -> bool:
    """Whether i sees the results of j: as the policy lists, or as one of a pair."""
    return q.visible[i, j] > 0.0 or (q.par.pairs_visible and (s.managers[i].mentor == j or s.managers[j].mentor == i))


@rule
def effort_of_seers(s: State, q: Practice, i: int) -> float:
    """Status-weighted mean effort of the colleagues who see i; -1 if nobody does (E08: only those who see you pull)."""
    total, weight = 0.0, 0.0
    for j in range(len(s.managers)):
        if j != i and sees(s, q, j, i):
            total += s.managers[j].status * s.managers[j].effort
            weight += s.managers[j].status
    return total / weight if weight > 0.0 else -1.0


@rule
def leaning_of_seen(s: State, q: Practice, i: int) -> float:
    """Status-weighted leaning of the colleagues whom i sees; 0 if there are none."""
    total, weight = 0.0, 0.0
    for j in range(len(s.managers)):
        if j != i and sees(s, q, i, j):
            total += s.managers[j].status * s.managers[j].leaning
            weight += s.managers[j].status
    return total / weight if weight > 0.0 else 0.0


@rule
def hold_meeting(s: State, w: World, q: Practice, seed: np.uint64, day: int) -> None:
    """Results become visible: questions are answered, excuses spent, beliefs, leanings and status moved."""
    n = len(s.managers)
    mean_total = 0.0
    for i in range(n):
        mean_total += s.managers[i].total / n
    for i in range(n):
        answer_questions(s, w, q, i)
    for i in range(n):
        give_account(s, w, q, i)
        revise_belief(s, w, i)
        revise_leaning(s, w, q, i, seed, day)
    for i in range(n):
        s.managers[i].status = status_after(s.managers[i].status, s.managers[i].total, mean_total, w.par.status_drift)
        s.managers[i].attended += 1
        s.managers[i].since_meeting[0] = 0.0
        s.managers[i].since_meeting[1] = 0.0


@rule
def answer_questions(s: State, w: World, q: Practice, i: int) -> None:
    """Each open problem is answered once, by the best colleague who tells, else by the supervisor."""
    for k in range(SERVICE):
        if s.managers[i].problems[k] <= 0.0:
            continue
        best = w.par.supervisor_skill
        if q.par.telling == TELLS_SUCCESSES:
            for j in range(len(s.managers)):
                if sees(s, q, i, j):
                    best = max(best, s.managers[j].skill[k])
        gain = 1.0 - math.pow(1.0 - w.par.answer_gain, s.managers[i].problems[k])
        s.managers[i].skill[k] = answered(s.managers[i].skill[k], min(best, w.par.skill_ceiling), gain)
        s.managers[i].problems[k] = 0.0


@rule
def give_account(s: State, w: World, q: Practice, i: int) -> None:
    """A manager behind colleagues of standing, with nothing new to show, spends an excuse; pressure grows as it wears."""
    total, weight = 0.0, 0.0
    for j in range(len(s.managers)):
        if j != i:
            total += s.managers[j].status * s.managers[j].total
            weight += s.managers[j].status
    if s.managers[i].since_meeting[0] > 0.0 or weight <= 0.0 or s.managers[i].total >= total / weight:
        return
    s.managers[i].pressure = pressed(s.managers[i].pressure, s.managers[i].acceptance, w.par.pressure_step * q.par.accountability, s.managers[i].attended,
                            w.par.habituation)
    s.managers[i].acceptance = worn_excuse(s.managers[i].acceptance, w.par.excuse_wear)


@rule
def revise_belief(s: State, w: World, i: int) -> None:
    """Own productivity, as a factor on what skill promises, is judged by the results since the last meeting."""
    expected = s.managers[i].since_meeting[1]
    if expected <= 1e-9:
        return
    gain = w.par.belief_gain
    if gain <= 0.0:
        if s.managers[i].belief_variance <= 0.0:
            return
        gain = kalman_gain(s.managers[i].belief_variance, 1.0 / expected)
        s.managers[i].belief_variance = (1.0 - gain) * s.managers[i].belief_variance
    s.managers[i].belief = believe(s.managers[i].belief, s.managers[i].since_meeting[0] / expected, gain)


@rule
def revise_leaning(s: State, w: World, q: Practice, i: int, seed: np.uint64, day: int) -> None:
    """Now and then, once excuses no longer carry, a manager leans anew toward one of the two norms."""
    key = stream(seed, REVISIT, w.people[i].seat, day)
    if uniform(key, 0) >= w.par.lean_revisit * (1.0 - s.managers[i].acceptance):
        return
    field = 0.0
    if q.par.telling == TELLS_SUCCESSES:
        field = w.par.lean_field
    elif q.par.telling == TELLS_EXCUSES:
        field = -w.par.lean_field
    high = chance_high(leaning_of_seen(s, q, i), w.par.lean_coupling, field)
    s.managers[i].leaning = 1.0 if uniform(key, 1) < high else -1.0


# 2. Plan -----------------------------------------------------------------------------------------------------------
@rule
def imposed_hours(s: State, w: World, q: Practice, i: int, day: int) -> float:
    """Hours of the day that are not the manager's to choose: the meeting, mentoring, leads that came in."""
    hours = q.par.meeting_hours if meets_on(q, day) else 0.0
    if s.managers[i].mentor >= 0 or s.managers[i].mentee >= 0:
        hours += q.par.mentoring_hours
    return hours + w.par.lead_hours * s.managers[i].queue


@rule
def promise(m: np.record, k: int, channel: np.record, pool: np.record, par: np.record, rules: np.record,
            today: np.record) -> float:
    """Accounts that a first hour on channel k promises today, as skill has it (the manager's belief comes on top)."""
    if rules.attention[k] <= 0.0:
        return 0.0
    pace = mean_contacts(1.0, channel.pace, par.effort_eta, fresh_share(pool, par)) * rules.access[k]
    p = chance(m, k, channel, par)
    if k == INTERMEDIARIES:
        p *= partner_worth(par.partner_leads, par.partner_fade, max(1.0, today.left[QUARTER])) * partner_chance(m, par)
    return pace * p * today.demand


@rule
def look_ahead(s: State, w: World, q: Practice, pay: Schedules, i: int, day: int) -> None:
    """Fill in what manager i expects of each merged schedule: done so far, what the others bring, days left."""
    n = len(s.managers)
    for g in range(len(s.outlook)):
        o, line = s.outlook[g], pay.lines[g]
        o.others, o.done, members = 0.0, 0.0, 0
        for j in range(n):
            if shares_pay(s, q, line, i, j):
                members += 1
                o.done += s.managers[j].period_units[line.measure, line.period]
                o.others += s.managers[j].planned[line.measure] if j != i else 0.0
        o.scale = 1.0 / members if line.own else 1.0
        o.share = 1.0 if line.own else 1.0 / members
        o.left = w.days[day].left[line.period] / w.days[day].demand


@rule
def shares_pay(s: State, q: Practice, line: np.record, i: int, j: int) -> bool:
    """Whether j's results count in this line of i's pay: i's own, the team's, the pair's (also where pairs are bundled)."""
    if i == j or line.payee == TEAM:
        return True
    pair = s.managers[i].mentor == j or s.managers[i].mentee == j
    return pair and (line.payee == PAIR or (line.own and q.par.bundled))


@rule
def plan(s: State, w: World, q: Practice, pay: Schedules, seed: np.uint64, day: int) -> None:
    """Every manager chooses the hours of the day."""
    for i in range(len(s.managers)):
        plan_one(s, w, q, pay, i, seed, day)
    for i in range(len(s.managers)):
        book_plan(s.managers[i], w.par)


@rule
def plan_one(s: State, w: World, q: Practice, pay: Schedules, i: int, seed: np.uint64, day: int) -> None:
    """Manager i's hours by activity, from yesterday's efforts of the others."""
    m, person = s.managers[i], w.people[i]
    m.norm = norm_of(s, w, q, i)
    weigh_activities(s, w, q, i, day)
    imposed = imposed_hours(s, w, q, i, day)
    capacity = max(0.0, person.capacity - imposed)
    if w.days[day].demand <= 0.0:                       # nobody is to be met today
        for k in range(ACTIVITY_COUNT):
            m.hours[k] = 0.0
        return
    if w.par.plan_every > 1 and day % w.par.plan_every != 0 and m.effort > 0.0:
        keep_plan(m, capacity)
        return
    look_ahead(s, w, q, pay, i, day)
    effort, _ = plan_effort(pay, s.desk, s.outlook, taste(s, w, q, i, imposed, capacity), w.par.plan_levels, w.par.plan_refinements)
    if w.par.plan_tremble > 0.0:
        effort *= spread(stream(seed, TREMBLE, person.seat, day), w.par.plan_tremble)
    if day > 0:
        effort += w.par.habit_share * (m.effort - effort)
    effort = min(effort, capacity)
    m.worth = s.desk.worth[ACCOUNTS]
    for k in range(ACTIVITY_COUNT):
        m.hours[k] = s.desk.split[k] * effort


@rule
def weigh_activities(s: State, w: World, q: Practice, i: int, day: int) -> None:
    """Put on the desk what a first hour on each activity brings manager i today, and what its output is worth besides pay."""
    m, d, n = s.managers[i], s.desk, len(s.managers)
    worth = intrinsic_worth(m, w.people[i], w.par)
    for k in range(SERVICE):
        m.promised[k] = promise(m, k, w.channels[k], s.pools[pool_row(i, k, n), k], w.par, q.par, w.days[day])
        d.theta[k] = m.promised[k] * m.belief * q.par.attention[k]
        d.own_worth[k] = worth
    d.theta[SERVICE] = w.par.service_pace if m.held > 0 else 0.0
    d.own_worth[SERVICE] = w.par.service_duty


@rule
def taste(s: State, w: World, q: Practice, i: int, imposed: float, capacity: float) -> Person:
    """Manager i as the planner sees a person; who is seen by nobody has no norm, who is not bundled no ceiling."""
    m, person = s.managers[i], w.people[i]
    seen, bundled = m.norm >= 0.0, q.par.bundled and m.mentor >= 0
    return Person(
        person.effort_cost, w.par.effort_gamma, w.par.effort_eta, imposed, capacity, m.norm,
        w.par.norm_below if seen else 0.0, w.par.norm_above if seen else 0.0,
        s.managers[m.mentor].effort if bundled else NOBODY, w.par.ceiling_pull if bundled else 0.0, person.risk_aversion,
    )


@rule
def keep_plan(m: np.record, capacity: float) -> None:
    """A day between plans: the hours of the last one, cut in proportion where the day is shorter."""
    share = min(1.0, capacity / m.effort)
    for k in range(ACTIVITY_COUNT):
        m.hours[k] *= share


@rule
def spread(key: np.uint64, sd: float) -> float:
    """A factor drawn under a key: lognormal with mean 1 and this standard deviation of its logarithm."""
    return math.exp(sd * normal(uniform(key, 0)) - 0.5 * sd * sd)


@rule
def norm_of(s: State, w: World, q: Practice, i: int) -> float:
    """The effort expected of i: status-weighted mean of those who see i, the mentor's with a weight of its own; -1: none."""
    norm = effort_of_seers(s, q, i)
    if s.managers[i].mentor >= 0 and w.par.mentor_norm_weight > 0.0:
        mentor = s.managers[s.managers[i].mentor].effort
        norm = mentor if norm < 0.0 else norm + w.par.mentor_norm_weight * (mentor - norm)
    return norm


@rule
def book_plan(m: np.record, par: np.record) -> None:
    """Keep what the plan promises (units a day), so that colleagues' expectations can use it."""
    effort, accounts = 0.0, 0.0
    for k in range(SERVICE):
        effort += m.hours[k]
        if m.hours[k] > 0.0:
            accounts += m.promised[k] * math.pow(m.hours[k], par.effort_eta)
    m.planned[ACCOUNTS] = accounts
    m.planned[SERVICE_CONTACTS] = mean_contacts(m.hours[SERVICE], par.service_pace, par.effort_eta, 1.0)
    m.effort = effort + m.hours[SERVICE]


# 3. Work -----------------------------------------------------------------------------------------------------------
@rule
def work(s: State, w: World, q: Practice, seed: np.uint64, day: int) -> None:
    """Hours become contacts, contacts become accounts; leads of partners and of the branch come in."""
    n = len(s.managers)
    for turn in range(n):
        i = (turn + day) % n                        # whoever comes first to the branch's pools changes daily
        for k in range(CHAINS - 1, SERVICE):
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
    mean = mean_contacts(hours, w.channels[k].pace, w.par.effort_eta, fresh_share(s.pools[row, k], w.par))
    mean *= q.par.access[k] * w.days[day].demand
    if mean <= 0.0:
        s.managers[i].skill[k] = forget(s.managers[i].skill[k], 1.0, w.par.forgetting_rate, w.par.skill_floor)
        return
    key = stream(seed, CONTACTS + 100 * (k + 1), w.people[i].seat, day)
    contacts = poisson(uniform(key, 0), mean)
    if w.par.saturation > 0.0:
        contacts = min(contacts, int(s.pools[row, k].available))
    p = chance(s.managers[i], k, w.channels[k], w.par)
    luck = stream(seed, CONVERSION + 100 * (k + 1), w.people[i].seat, day)
    for c in range(contacts):
        s.pools[row, k].available -= 1.0
        odds = p * trust(s, w, seed, day, i, c) if k == CHAINS else p
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
    if contacts == 0:
        s.managers[i].skill[k] = forget(s.managers[i].skill[k], 1.0, w.par.forgetting_rate, w.par.skill_floor)
    doubts = stream(seed, PROBLEM + 100 * (k + 1), w.people[i].seat, day)
    for c in range(contacts):
        if uniform(doubts, c) < w.par.problem_chance * (1.0 - s.managers[i].skill[k]):
            s.managers[i].problems[k] += 1.0
    if k != INTERMEDIARIES:
        s.managers[i].since_meeting[1] += mean * p


@rule
def trust(s: State, w: World, seed: np.uint64, day: int, i: int, c: int) -> float:
    """What the satisfaction of the customer who opens the door does to conversion along a chain: 1 at satisfaction 0.5."""
    if s.managers[i].held == 0:
        return 1.0
    key = stream(seed, REFERRER, w.people[i].seat, day)
    row = s.book[i, int(uniform(key, c) * s.managers[i].held)]
    now = decayed(s.customers[row].satisfaction, w.par.satisfaction_rest, day - s.customers[row].seen, w.par.satisfaction_decay)
    return 1.0 + w.par.trust_effect * (now - 0.5)


@rule
def take_leads(s: State, w: World, q: Practice, seed: np.uint64, day: int, i: int) -> None:
    """Leads that come by themselves: from intermediaries won, and those the branch hands out."""
    n = len(s.managers)
    flow = s.managers[i].partners * w.days[day].demand
    key = stream(seed, PARTNER_LEAD, w.people[i].seat, day)
    leads = poisson(uniform(key, 0), flow)
    p = partner_chance(s.managers[i], w.par)
    for c in range(leads):
        if uniform(key, c + 1) < p:
            open_account(s, w, seed, day, i, R_CHANNEL + INTERMEDIARIES, True)
    s.managers[i].since_meeting[1] += flow * p
    s.managers[i].skill[INTERMEDIARIES] = learn(s.managers[i].skill[INTERMEDIARIES], leads, w.par.learning_rate, w.par.skill_ceiling)
    s.managers[i].partners *= math.exp(-w.par.partner_fade)
    key = stream(seed, ASSIGNED_LEAD, w.people[i].seat, day)
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
    for period in (MONTH, QUARTER):
        s.managers[i].period_units[ACCOUNTS, period] += 1.0
    if own:
        s.managers[i].since_meeting[0] += 1.0
    row = s.tally.customers
    if row >= len(s.customers) or s.managers[i].held >= s.book.shape[1]:
        s.tally.overflow = 1
        return
    key = stream(seed, BALANCE, w.people[i].seat, ALWAYS)
    balance = math.exp(w.par.account_log_median + w.par.account_log_sd * normal(uniform(key, int(number))))
    s.weeks[week, i, R_DEPOSITS] += balance
    settle_customer(s, w, seed, i, row, day, balance, 0, int(number) + 1_000_000)


@rule
def settle_customer(s: State, w: World, seed: np.uint64, i: int, row: int, day: int, balance: float, segment: int,
                    number: int) -> None:
    """Write a customer into the arrays and into manager i's book. number: the customer's own, for the draws."""
    c = s.customers[row]
    c.owner, c.segment, c.balance, c.seen = i, segment, balance, day
    key = stream(seed, SATISFACTION, w.people[i].seat, ALWAYS)
    start = w.par.satisfaction_start + w.par.satisfaction_spread * normal(uniform(key, number))
    s.customers[row].satisfaction = min(1.0, max(0.0, start))
    s.customers[row].irritation = 0.0
    place = uniform(stream(seed, HAZARD, w.people[i].seat, ALWAYS), number) * (len(w.hazards) - 1)
    below = int(place)
    s.customers[row].hazard = w.hazards[below] + (place - below) * (w.hazards[below + 1] - w.hazards[below])
    s.customers[row].patience = -math.log(uniform(stream(seed, CHURN, w.people[i].seat, ALWAYS), number))
    s.book[i, s.managers[i].held] = row
    s.managers[i].held += 1
    s.tally.customers = row + 1


@rule
def populate(s: State, w: World, seed: np.uint64) -> None:
    """The customers at the start: segments, lognormal balances, satisfaction, hazard and patience, drawn by (manager, number)."""
    for i in range(len(s.managers)):
        segments, balances = stream(seed, SEGMENT, w.people[i].seat, ALWAYS), stream(seed, START_BALANCE, w.people[i].seat, ALWAYS)
        for c in range(int(w.people[i].portfolio)):
            segment, u = 0, uniform(segments, c)
            while segment + 1 < len(w.segments) and u >= w.segments[segment].cut:
                segment += 1
            kind = w.segments[segment]
            balance = math.exp(kind.balance_log_median + kind.balance_log_sd * normal(uniform(balances, c)))
            settle_customer(s, w, seed, i, s.tally.customers, 0, balance, segment, c)


# 4. Customers ------------------------------------------------------------------------------------------------------
@rule
def serve(s: State, w: World, seed: np.uint64, day: int) -> None:
    """Service hours become contacts with the customers who have waited longest; satisfaction and churn catch up there."""
    for i in range(len(s.managers)):
        hours = s.managers[i].hours[SERVICE]
        if hours <= 0.0 or s.managers[i].held == 0:
            continue
        mean = mean_contacts(hours, w.par.service_pace, w.par.effort_eta, 1.0) * w.days[day].demand
        contacts = poisson(uniform(stream(seed, CONTACTS, w.people[i].seat, day), 0), mean)
        made = 0
        for _ in range(contacts):
            if s.managers[i].held == 0:
                break
            place = s.managers[i].next_visit % s.managers[i].held
            row = s.book[i, place]
            catch_up(s, w, row, day)
            if s.customers[row].patience <= 0.0:
                s.managers[i].held -= 1
                s.book[i, place] = s.book[i, s.managers[i].held]     # gone: the last in the book takes the place
                continue
            s.customers[row].satisfaction = contacted(s.customers[row].satisfaction, s.customers[row].irritation, w.par.contact_gain, w.par.annoyance)
            s.customers[row].irritation += 1.0
            s.managers[i].next_visit = place + 1
            made += 1
        for period in (MONTH, QUARTER):
            s.managers[i].period_units[SERVICE_CONTACTS, period] += made
        s.weeks[w.days[day].week, i, R_CONTACTS] += made


@rule
def catch_up(s: State, w: World, row: int, day: int) -> None:
    """Bring a customer up to this day: hazard borne, satisfaction and irritation decayed, in closed form."""
    days = float(day - s.customers[row].seen)
    if days <= 0.0:
        return
    borne = exposure(s.customers[row].satisfaction, w.par.satisfaction_rest, days, w.par.satisfaction_decay, w.par.churn_response)
    s.customers[row].patience -= s.customers[row].hazard * borne
    s.customers[row].satisfaction = decayed(s.customers[row].satisfaction, w.par.satisfaction_rest, days, w.par.satisfaction_decay)
    s.customers[row].irritation = decayed(s.customers[row].irritation, 0.0, days, w.par.irritation_fade)
    s.customers[row].seen = day


# 7. Mentoring ------------------------------------------------------------------------------------------------------
@rule
def mentor_day(s: State, w: World, q: Practice, day: int) -> None:
    """Knowledge flows to the mentee; the mentor decides how much of tomorrow the mentee spends on errands."""
    for i in range(len(s.managers)):
        j = s.managers[i].mentor
        if j < 0:
            s.managers[i].dependence = dependence_after(s.managers[i].dependence, 0.0, w.par.dependence_growth, w.par.dependence_recovery)
            continue
        hours = q.par.mentoring_hours * (1.0 - s.managers[i].errands)
        for k in range(SERVICE):
            s.managers[i].skill[k] = taught(s.managers[i].skill[k], s.managers[j].skill[k], hours, w.par.teach_rate, w.par.teach_harm)
        s.managers[i].dependence = dependence_after(s.managers[i].dependence, s.managers[i].errands, w.par.dependence_growth, w.par.dependence_recovery)
        mentor, mentee = s.managers[j], s.managers[i]
        mine = w.par.errand_efficiency * best_promise(mentor) * (mentor.worth + intrinsic_worth(mentor, w.people[j], w.par))
        theirs = best_promise(mentee) * (w.par.mentor_regard + (mentor.worth if q.par.bundled else 0.0))
        mentee.errands = errand_share(mine, theirs, w.par.errand_most)


@rule
def best_promise(m: np.record) -> float:
    """Accounts that an hour on the manager's best channel promised this morning."""
    best = 0.0
    for k in range(SERVICE):
        best = max(best, m.promised[k])
    return best


# 10. Month and quarter ---------------------------------------------------------------------------------------------
@rule
def settle_pay(s: State, w: World, q: Practice, pay: Schedules, day: int) -> None:
    """Pay what ends today, line by line, each rounded to the fen; then the period's counters start anew."""
    today = w.days[day]
    for e in range(len(pay.lines)):
        if today.month_ends if pay.lines[e].period == MONTH else today.quarter_ends:
            for i in range(len(s.managers)):
                fen = to_fen(line_of(s, q, pay, e, i))
                s.lines[i, e] += fen
                s.months[today.month, i] += fen
    for period in (MONTH, QUARTER):
        if today.month_ends if period == MONTH else today.quarter_ends:
            for i in range(len(s.managers)):
                for measure in range(MEASURE_COUNT):
                    s.managers[i].period_units[measure, period] = 0.0


@rule
def line_of(s: State, q: Practice, pay: Schedules, e: int, i: int) -> float:
    """One line of manager i's statement, CNY: a group's pay is split equally; a bundled pair is paid on its mean."""
    line = pay.lines[e]
    if line.measure < 0:
        return pay_at(pay, e, 0.0)
    units, members = 0.0, 0
    for j in range(len(s.managers)):
        if shares_pay(s, q, line, i, j):
            units += s.managers[j].period_units[line.measure, line.period]
            members += 1
    return pay_at(pay, e, units / members) if line.own else pay_at(pay, e, units) / members


@rule
def between_days(s: State, w: World) -> None:
    """Pressure fades overnight; a belief that was settled grows a little uncertain again."""
    for i in range(len(s.managers)):
        s.managers[i].pressure = faded(s.managers[i].pressure, w.par.pressure_fade)
        s.managers[i].belief_variance += w.par.belief_drift


@rule
def record(s: State, w: World, day: int) -> None:
    """Write the day into the week's row: efforts are summed, levels overwritten."""
    week = w.days[day].week
    for i in range(len(s.managers)):
        line = s.weeks[week, i]
        skill = 0.0
        for k in range(SERVICE):
            skill += s.managers[i].skill[k] / SERVICE
        line[R_EFFORT] += s.managers[i].effort
        line[R_DAYS] += 1.0
        line[R_SKILL] = skill
        line[R_NORM] += max(0.0, s.managers[i].norm)
        line[R_LEANING] = s.managers[i].leaning
        line[R_PRESSURE] += s.managers[i].pressure


@rule
def close_books(s: State, w: World, day: int) -> None:
    """At the horizon's end every customer catches up; satisfaction, losses and holdings are counted."""
    for row in range(s.tally.customers):
        if s.customers[row].patience > 0.0:
            catch_up(s, w, row, day)
        i = s.customers[row].owner
        if s.customers[row].patience > 0.0:
            s.finals[i, F_SATISFACTION] += s.customers[row].satisfaction
            s.finals[i, F_CUSTOMERS] += 1.0
        else:
            s.finals[i, F_CHURNED] += 1.0
    for i in range(len(s.managers)):
        if s.finals[i, F_CUSTOMERS] > 0.0:
            s.finals[i, F_SATISFACTION] /= s.finals[i, F_CUSTOMERS]
