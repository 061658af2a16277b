"""The stages of a day, one function each; `day.py` says in which order they run."""

from __future__ import annotations

import math

import numpy as np

from sim.compiled import rule
from sim.engine.planner import NOTHING, Outlook, Person, plan_effort
from sim.engine.state import (
    ACCOUNTS, CHAINS, INTERMEDIARIES, R_ACCOUNTS, R_ASSIGNED, R_CHANNEL, R_CONTACTS, R_DAYS, R_DEPOSITS, R_EFFORT,
    R_LEANING, R_NORM, R_PRESSURE, R_PROSPECTS, R_SKILL, SERVICE, SERVICE_CONTACTS, SHARED, Practice, State, World,
)
from sim.engine.streams import (
    ASSIGNED_LEAD, BALANCE, CHURN, CONTACTS, CONVERSION, HAZARD, PARTNER_LEAD, PROBLEM, REFERRER, REVISIT, SATISFACTION,
    SEGMENT, TREMBLE, U64, normal, poisson, stream, uniform,
)
from sim.policy.kernel import MONTH, PAIR, QUARTER, TEAM, Schedules, pay_at, to_fen
from sim.rules.customers import contacted, decayed, exposure
from sim.rules.learning import forget, learn
from sim.rules.meetings import answered, believe, faded, kalman_gain, pressed, worn_excuse
from sim.rules.mentoring import dependence_after, errand_share, taught
from sim.rules.peers import chance_high, leaning_factor, status_after
from sim.rules.prospecting import access, blocked, conversion, mean_contacts, partner_worth

TELLS_SUCCESSES, TELLS_EXCUSES = 1, 2
MOST_CHANCE = 0.95       # no contact is certain


@rule
def pool_row(i: int, k: int, n: int) -> int:
    """The pool that manager i works on channel k: one's own, or the branch's."""
    return n if SHARED[k] else i


@rule
def fresh_share(s: State, w: World, i: int, k: int) -> float:
    """Share of the pool not worked lately; 1 when saturation is switched off."""
    row = pool_row(i, k, len(s.effort))
    size = s.available[row, k] + s.worked[row, k] + s.won[row, k]
    if size <= 0.0:
        return 0.0
    return 1.0 - w.saturation * (1.0 - s.available[row, k] / size)


@rule
def chance(s: State, w: World, i: int, k: int) -> float:
    """Chance that a contact of manager i on channel k converts, before what the customer adds."""
    p = conversion(s.skill[i, k], w.unskilled[k], w.skilled[k]) * s.talent[i]
    p *= blocked(s.problems[i, k], w.problem_block)
    return min(MOST_CHANCE, p * (1.0 - w.dependence_effect * s.dependence[i]))


@rule
def partner_chance(s: State, w: World, i: int) -> float:
    """Chance that a lead from an intermediary becomes an account."""
    p = conversion(s.skill[i, INTERMEDIARIES], w.partner_unskilled, w.partner_skilled) * s.talent[i]
    return min(MOST_CHANCE, p * blocked(s.problems[i, INTERMEDIARIES], w.problem_block))


@rule
def intrinsic_worth(s: State, w: World, i: int) -> float:
    """What an account is worth to a manager besides pay, CNY: motives, leaning, dependence, accountability."""
    own = w.intrinsic[i] * s.motive[i] * leaning_factor(s.leaning[i], w.lean_effect)
    return own * (1.0 - w.dependence_effect * s.dependence[i]) + s.pressure[i]


# 1. Meeting --------------------------------------------------------------------------------------------------------
@rule
def meets_on(q: Practice, day: int) -> bool:
    """Whether a meeting is held on this tick (0-based): every n ticks, the first on the n-th."""
    return q.every_days > 0 and (day + 1) % q.every_days == 0


@rule
def weighted_others(s: State, q: Practice, values: np.ndarray, i: int, by_seers: bool) -> float:
    """Status-weighted mean of the colleagues who see i (or, by_seers False, whom i sees); NaN-free: -1 if there are none."""
    total, weight = 0.0, 0.0
    for j in range(len(values)):
        if j != i:
            sees = q.visible[j, i] if by_seers else q.visible[i, j]
            if sees > 0.0:
                total += s.status[j] * values[j]
                weight += s.status[j]
    return total / weight if weight > 0.0 else -1.0


@rule
def hold_meeting(s: State, w: World, q: Practice, seed: np.uint64, day: int) -> None:
    """Results become visible: questions are answered, excuses spent, beliefs, leanings and status moved."""
    n = len(s.effort)
    mean_total = 0.0
    for i in range(n):
        mean_total += s.total[i] / n
    for i in range(n):
        answer_questions(s, w, q, i)
    for i in range(n):
        give_account(s, w, q, i)
        revise_belief(s, w, i)
        revise_leaning(s, w, q, i, seed, day)
    for i in range(n):
        s.status[i] = status_after(s.status[i], s.total[i], mean_total, w.status_drift)
        s.attended[i] += 1
        s.since_meeting[i, 0] = 0.0
        s.since_meeting[i, 1] = 0.0


@rule
def answer_questions(s: State, w: World, q: Practice, i: int) -> None:
    """Each open problem is answered once, by the best colleague who tells, else by the supervisor."""
    for k in range(s.problems.shape[1]):
        if s.problems[i, k] <= 0.0:
            continue
        best = w.supervisor_skill
        if q.telling == TELLS_SUCCESSES:
            for j in range(len(s.effort)):
                if q.visible[i, j] > 0.0:
                    best = max(best, s.skill[j, k])
        gain = 1.0 - math.pow(1.0 - w.answer_gain, s.problems[i, k])
        s.skill[i, k] = answered(s.skill[i, k], min(best, w.skill_ceiling), gain)
        s.problems[i, k] = 0.0


@rule
def give_account(s: State, w: World, q: Practice, i: int) -> None:
    """A manager behind colleagues of standing, with nothing new to show, spends an excuse; pressure grows as it wears."""
    total, weight = 0.0, 0.0
    for j in range(len(s.effort)):
        if j != i:
            total += s.status[j] * s.total[j]
            weight += s.status[j]
    if s.since_meeting[i, 0] > 0.0 or weight <= 0.0 or s.total[i] >= total / weight:
        return
    s.pressure[i] = pressed(s.pressure[i], s.acceptance[i], w.pressure_step * q.accountability, s.attended[i],
                            w.habituation)
    s.acceptance[i] = worn_excuse(s.acceptance[i], w.excuse_wear)


@rule
def revise_belief(s: State, w: World, i: int) -> None:
    """Own productivity, as a factor on what skill promises, is judged by the results since the last meeting."""
    expected = s.since_meeting[i, 1]
    if expected <= 1e-9:
        return
    gain = w.belief_gain
    if gain <= 0.0:
        if s.belief_variance[i] <= 0.0:
            return
        gain = kalman_gain(s.belief_variance[i], 1.0 / expected)
        s.belief_variance[i] = (1.0 - gain) * s.belief_variance[i]
    s.belief[i] = believe(s.belief[i], s.since_meeting[i, 0] / expected, gain)


@rule
def revise_leaning(s: State, w: World, q: Practice, i: int, seed: np.uint64, day: int) -> None:
    """Now and then, once excuses no longer carry, a manager leans anew toward one of the two norms."""
    key = stream(seed, REVISIT, w.seat[i], day)
    if uniform(key, 0) >= w.lean_revisit * (1.0 - s.acceptance[i]):
        return
    team = weighted_others(s, q, s.leaning, i, False)
    seen = 0.0
    for j in range(len(s.effort)):
        seen += q.visible[i, j] if j != i else 0.0
    field = 0.0
    if q.telling == TELLS_SUCCESSES:
        field = w.lean_field
    elif q.telling == TELLS_EXCUSES:
        field = -w.lean_field
    high = chance_high(team if seen > 0.0 else 0.0, w.lean_coupling, field)
    s.leaning[i] = 1.0 if uniform(key, 1) < high else -1.0


# 2. Plan -----------------------------------------------------------------------------------------------------------
@rule
def imposed_hours(s: State, w: World, q: Practice, i: int, day: int) -> float:
    """Hours of the day that are not the manager's to choose: the meeting, mentoring, leads that came in."""
    hours = q.meeting_hours if meets_on(q, day) else 0.0
    if s.mentor[i] >= 0 or s.mentee[i] >= 0:
        hours += q.mentoring_hours
    return hours + w.lead_hours * s.queue[i]


@rule
def promise(s: State, w: World, q: Practice, i: int, k: int, day: int) -> float:
    """Accounts (channels) or contacts (service) that a first hour on activity k promises today, as the manager sees it."""
    if k == SERVICE:
        return w.service_pace if s.held[i] > 0 else 0.0
    if q.attention[k] <= 0.0:
        return 0.0
    pace = mean_contacts(1.0, w.pace[k], w.effort_eta, fresh_share(s, w, i, k)) * access(q.assigned_share, w.neglect[k])
    p = chance(s, w, i, k)
    if k == INTERMEDIARIES:
        days = max(1.0, w.left[day, QUARTER])
        p *= partner_worth(w.partner_leads, w.partner_fade, days) * partner_chance(s, w, i)
    return pace * p * w.demand[day]


@rule
def look_ahead(s: State, w: World, q: Practice, pay: Schedules, i: int, day: int) -> None:
    """Fill in what manager i expects of each merged schedule: done so far, what the others bring, days left."""
    n = len(s.effort)
    for g in range(len(s.done)):
        measure, period = pay.measure[g], pay.period[g]
        others, done, members = 0.0, s.period_units[i, measure, period], 1
        pairs = pay.payee[g] == PAIR or (pay.shared_by_pair[g] > 0 and q.bundled)
        for j in range(n):
            if j != i and (pay.payee[g] == TEAM or (pairs and (s.mentor[i] == j or s.mentee[i] == j))):
                members += 1
                done += s.period_units[j, measure, period]
                others += s.planned[j, measure]
        s.done[g], s.others[g] = done, others
        s.scale[g] = 1.0 / members if pay.shared_by_pair[g] > 0 else 1.0
        s.share[g] = 1.0 if pay.shared_by_pair[g] > 0 else 1.0 / members
        s.days_left[g] = w.left[day, period] / w.demand[day]


@rule
def plan(s: State, w: World, q: Practice, pay: Schedules, seed: np.uint64, day: int) -> None:
    """Every manager chooses the hours of the day."""
    outlook = Outlook(s.done, s.others, s.days_left, s.scale, s.share, s.sd, s.unit_worth, s.split)
    for i in range(len(s.effort)):
        plan_one(s, w, q, pay, outlook, i, seed, day)
    for i in range(len(s.effort)):
        book_plan(s, w, q, i, day)


@rule
def plan_one(s: State, w: World, q: Practice, pay: Schedules, outlook: Outlook, i: int, seed: np.uint64,
             day: int) -> None:
    """Manager i's hours by activity, from yesterday's efforts of the others."""
    s.hours[i, :] = 0.0
    imposed = imposed_hours(s, w, q, i, day)
    s.norm[i] = norm_of(s, w, q, i)
    if w.demand[day] <= 0.0:
        return
    for k in range(s.hours.shape[1]):
        belief = s.belief[i] if k != SERVICE else 1.0
        s.theta[k] = promise(s, w, q, i, k, day) * belief * (q.attention[k] if k != SERVICE else 1.0)
        s.own_worth[k] = intrinsic_worth(s, w, i) if k != SERVICE else w.service_duty
    look_ahead(s, w, q, pay, i, day)
    cared = s.norm[i] >= 0.0
    bundled = q.bundled and s.mentor[i] >= 0
    person = Person(
        w.effort_cost[i], w.effort_gamma, w.effort_eta, imposed, max(0.0, w.capacity[i] - imposed), s.norm[i],
        w.norm_below if cared else 0.0, w.norm_above if cared else 0.0,
        s.effort[s.mentor[i]] if bundled else NOTHING, w.ceiling_pull if bundled else 0.0, w.risk_aversion[i],
    )
    effort, _ = plan_effort(pay, s.theta, s.own_worth, s.yields, outlook, person, w.plan_levels, w.plan_refinements)
    if w.plan_tremble > 0.0:
        z = normal(uniform(stream(seed, TREMBLE, w.seat[i], day), 0))
        effort *= math.exp(w.plan_tremble * z - 0.5 * w.plan_tremble * w.plan_tremble)
    if day > 0:
        effort += w.habit_share * (s.effort[i] - effort)
    effort = min(effort, person.capacity)
    s.worth[i] = s.unit_worth[ACCOUNTS]
    for k in range(s.hours.shape[1]):
        s.hours[i, k] = s.split[k] * effort


@rule
def norm_of(s: State, w: World, q: Practice, i: int) -> float:
    """The effort expected of i: status-weighted mean of those who see i, the mentor's with a weight of its own; -1: none."""
    norm = weighted_others(s, q, s.effort, i, True)
    if s.mentor[i] >= 0 and w.mentor_norm_weight > 0.0:
        mentor = s.effort[s.mentor[i]]
        norm = mentor if norm < 0.0 else norm + w.mentor_norm_weight * (mentor - norm)
    return norm


@rule
def book_plan(s: State, w: World, q: Practice, i: int, day: int) -> None:
    """Keep what the plan promises (units a day), so that colleagues' expectations and the next belief can use it."""
    effort, accounts = 0.0, 0.0
    for k in range(s.hours.shape[1]):
        effort += s.hours[i, k]
        if s.hours[i, k] > 0.0:
            units = promise(s, w, q, i, k, day) * math.pow(s.hours[i, k], w.effort_eta)
            if k == SERVICE:
                s.planned[i, SERVICE_CONTACTS] = units
            else:
                accounts += units
    s.effort[i] = effort
    s.planned[i, ACCOUNTS] = accounts


# 3. Work -----------------------------------------------------------------------------------------------------------
@rule
def work(s: State, w: World, q: Practice, seed: np.uint64, day: int) -> None:
    """Hours become contacts, contacts become accounts; leads of partners and of the branch come in."""
    n = len(s.effort)
    for turn in range(n):
        i = (turn + day) % n                        # whoever comes first to the branch's pools changes daily
        for k in range(CHAINS - 1, SERVICE):
            prospect(s, w, q, seed, day, i, k)
        take_leads(s, w, q, seed, day, i)
    for row in range(n + 1):
        for k in range(SERVICE):
            back = w.refill[k] * s.worked[row, k]
            s.available[row, k] += back
            s.worked[row, k] -= back


@rule
def lent_hours(s: State, w: World, i: int, k: int) -> float:
    """Hours on channel k after errands: the mentee's are cut, the mentor's grow by what errands are worth."""
    hours = s.hours[i, k]
    if s.mentor[i] >= 0:
        hours *= 1.0 - s.errands[i]
    if s.mentee[i] >= 0:
        j = s.mentee[i]
        hours += w.errand_efficiency * s.errands[j] * s.hours[j, k]
    return hours


@rule
def prospect(s: State, w: World, q: Practice, seed: np.uint64, day: int, i: int, k: int) -> None:
    """Manager i's contacts of the day on channel k, one by one."""
    hours = lent_hours(s, w, i, k)
    row = pool_row(i, k, len(s.effort))
    mean = mean_contacts(hours, w.pace[k], w.effort_eta, fresh_share(s, w, i, k))
    mean *= access(q.assigned_share, w.neglect[k]) * w.demand[day]
    if mean <= 0.0:
        s.skill[i, k] = forget(s.skill[i, k], 1.0, w.forgetting_rate, w.skill_floor)
        return
    key = stream(seed, CONTACTS + 100 * (k + 1), w.seat[i], day)
    contacts = poisson(uniform(key, 0), mean)
    if w.saturation > 0.0:
        contacts = min(contacts, int(s.available[row, k]))
    p = chance(s, w, i, k)
    luck = stream(seed, CONVERSION + 100 * (k + 1), w.seat[i], day)
    for c in range(contacts):
        s.available[row, k] -= 1.0
        odds = p * trust(s, w, seed, day, i, c) if k == CHAINS else p
        if uniform(luck, c) < odds:
            s.won[row, k] += 1.0
            if k == INTERMEDIARIES:
                s.partners[i] += w.partner_leads
            else:
                open_account(s, w, seed, day, i, R_CHANNEL + k, True)
        else:
            s.worked[row, k] += 1.0
    own = hours if s.mentee[i] < 0 else s.hours[i, k]        # errands teach neither of the two
    lessons = contacts * own / hours
    s.weeks[w.week[day], i, R_PROSPECTS] += contacts
    s.skill[i, k] = learn(s.skill[i, k], lessons, w.learning_rate, w.skill_ceiling)
    if contacts == 0:
        s.skill[i, k] = forget(s.skill[i, k], 1.0, w.forgetting_rate, w.skill_floor)
    doubts = stream(seed, PROBLEM + 100 * (k + 1), w.seat[i], day)
    for c in range(contacts):
        if uniform(doubts, c) < w.problem_chance * (1.0 - s.skill[i, k]):
            s.problems[i, k] += 1.0
    if k != INTERMEDIARIES:
        s.since_meeting[i, 1] += mean * p


@rule
def trust(s: State, w: World, seed: np.uint64, day: int, i: int, c: int) -> float:
    """What the satisfaction of the customer who opens the door does to conversion along a chain: 1 at satisfaction 0.5."""
    if s.held[i] == 0:
        return 1.0
    key = stream(seed, REFERRER, w.seat[i], day)
    row = s.book[i, int(uniform(key, c) * s.held[i])]
    now = decayed(s.satisfaction[row], w.satisfaction_rest, day - s.seen[row], w.satisfaction_decay)
    return 1.0 + w.trust_effect * (now - 0.5)


@rule
def take_leads(s: State, w: World, q: Practice, seed: np.uint64, day: int, i: int) -> None:
    """Leads that come by themselves: from intermediaries won, and those the branch hands out."""
    n = len(s.effort)
    flow = s.partners[i] * w.demand[day]
    key = stream(seed, PARTNER_LEAD, w.seat[i], day)
    leads = poisson(uniform(key, 0), flow)
    p = partner_chance(s, w, i)
    for c in range(leads):
        if uniform(key, c + 1) < p:
            open_account(s, w, seed, day, i, R_CHANNEL + INTERMEDIARIES, True)
    s.since_meeting[i, 1] += flow * p
    s.skill[i, INTERMEDIARIES] = learn(s.skill[i, INTERMEDIARIES], leads, w.learning_rate, w.skill_ceiling)
    s.partners[i] *= math.exp(-w.partner_fade)
    key = stream(seed, ASSIGNED_LEAD, w.seat[i], day)
    handed = poisson(uniform(key, 0), w.assigned_leads * q.assigned_share * w.demand[day] / n)
    for c in range(handed):
        if uniform(key, c + 1) < w.assigned_conversion:
            open_account(s, w, seed, day, i, R_ASSIGNED, False)
    for k in range(SERVICE):
        s.skill[i, k] = learn(s.skill[i, k], w.assigned_teaches * handed / SERVICE, w.learning_rate, w.skill_ceiling)
    s.queue[i] = leads + handed


@rule
def open_account(s: State, w: World, seed: np.uint64, day: int, i: int, origin: int, own: bool) -> None:
    """A new customer joins manager i's book, and every counter that knows accounts moves."""
    number = s.total[i]
    s.total[i] += 1.0
    s.daily_accounts[day, i] += 1
    week = w.week[day]
    s.weeks[week, i, R_ACCOUNTS] += 1.0
    s.weeks[week, i, origin] += 1.0
    for period in (MONTH, QUARTER):
        s.period_units[i, ACCOUNTS, period] += 1.0
    if own:
        s.since_meeting[i, 0] += 1.0
    row = s.count[0]
    if row >= len(s.owner) or s.held[i] >= s.book.shape[1]:
        s.overflow[0] = 1
        return
    key = stream(seed, BALANCE, w.seat[i], -1)
    balance = math.exp(w.account_log_median + w.account_log_sd * normal(uniform(key, int(number))))
    s.weeks[week, i, R_DEPOSITS] += balance
    settle_customer(s, w, seed, i, row, day, balance, 0, int(number) + 1_000_000)


@rule
def settle_customer(s: State, w: World, seed: np.uint64, i: int, row: int, day: int, balance: float, segment: int,
                    number: int) -> None:
    """Write a customer into the arrays and into manager i's book. number: the customer's own, for the draws."""
    s.owner[row], s.segment[row], s.balance[row], s.seen[row] = i, segment, balance, day
    key = stream(seed, SATISFACTION, w.seat[i], -1)
    start = w.satisfaction_start + w.satisfaction_spread * normal(uniform(key, number))
    s.satisfaction[row] = min(1.0, max(0.0, start))
    s.irritation[row] = 0.0
    place = uniform(stream(seed, HAZARD, w.seat[i], -1), number) * (len(w.hazard_quantiles) - 1)
    below = int(place)
    s.hazard[row] = w.hazard_quantiles[below] + (place - below) * (w.hazard_quantiles[below + 1] - w.hazard_quantiles[below])
    s.patience[row] = -math.log(uniform(stream(seed, CHURN, w.seat[i], -1), number))
    s.book[i, s.held[i]] = row
    s.held[i] += 1
    s.count[0] = row + 1


@rule
def populate(s: State, w: World, seed: np.uint64) -> None:
    """The customers at the start: segments, lognormal balances, satisfaction, hazard and patience, drawn by (manager, number)."""
    for i in range(len(s.effort)):
        segments, balances = stream(seed, SEGMENT, w.seat[i], -1), stream(seed, BALANCE, w.seat[i], -2)
        for c in range(int(w.portfolio[i])):
            segment, u = 0, uniform(segments, c)
            while segment + 1 < len(w.segment_cut) and u >= w.segment_cut[segment]:
                segment += 1
            balance = math.exp(w.balance_log_median[segment] + w.balance_log_sd[segment] * normal(uniform(balances, c)))
            settle_customer(s, w, seed, i, s.count[0], 0, balance, segment, c)


# 4. Customers ------------------------------------------------------------------------------------------------------
@rule
def serve(s: State, w: World, seed: np.uint64, day: int) -> None:
    """Service hours become contacts with the customers who have waited longest; satisfaction and churn catch up there."""
    for i in range(len(s.effort)):
        hours = s.hours[i, SERVICE]
        if hours <= 0.0 or s.held[i] == 0:
            continue
        mean = mean_contacts(hours, w.service_pace, w.effort_eta, 1.0) * w.demand[day]
        contacts = poisson(uniform(stream(seed, CONTACTS, w.seat[i], day), 0), mean)
        made = 0
        for _ in range(contacts):
            if s.held[i] == 0:
                break
            place = s.next_visit[i] % s.held[i]
            row = s.book[i, place]
            catch_up(s, w, row, day)
            if s.patience[row] <= 0.0:
                s.held[i] -= 1
                s.book[i, place] = s.book[i, s.held[i]]     # gone: the last in the book takes the place
                continue
            s.satisfaction[row] = contacted(s.satisfaction[row], s.irritation[row], w.contact_gain, w.annoyance)
            s.irritation[row] += 1.0
            s.next_visit[i] = place + 1
            made += 1
        for period in (MONTH, QUARTER):
            s.period_units[i, SERVICE_CONTACTS, period] += made
        s.weeks[w.week[day], i, R_CONTACTS] += made


@rule
def catch_up(s: State, w: World, row: int, day: int) -> None:
    """Bring a customer up to this day: hazard borne, satisfaction and irritation decayed, in closed form."""
    days = float(day - s.seen[row])
    if days <= 0.0:
        return
    borne = exposure(s.satisfaction[row], w.satisfaction_rest, days, w.satisfaction_decay, w.churn_response)
    s.patience[row] -= s.hazard[row] * borne
    s.satisfaction[row] = decayed(s.satisfaction[row], w.satisfaction_rest, days, w.satisfaction_decay)
    s.irritation[row] = decayed(s.irritation[row], 0.0, days, w.irritation_fade)
    s.seen[row] = day


# 7. Mentoring ------------------------------------------------------------------------------------------------------
@rule
def mentor_day(s: State, w: World, q: Practice, day: int) -> None:
    """Knowledge flows to the mentee; the mentor decides how much of tomorrow the mentee spends on errands."""
    for i in range(len(s.effort)):
        j = s.mentor[i]
        if j < 0:
            s.dependence[i] = dependence_after(s.dependence[i], 0.0, w.dependence_growth, w.dependence_recovery)
            continue
        hours = q.mentoring_hours * (1.0 - s.errands[i])
        for k in range(SERVICE):
            s.skill[i, k] = taught(s.skill[i, k], s.skill[j, k], hours, w.teach_rate, w.teach_harm)
        s.dependence[i] = dependence_after(s.dependence[i], s.errands[i], w.dependence_growth, w.dependence_recovery)
        mine = w.errand_efficiency * hourly(s, w, q, j, day) * (s.worth[j] + intrinsic_worth(s, w, j))
        theirs = hourly(s, w, q, i, day) * (w.mentor_regard + (s.worth[j] if q.bundled else 0.0))
        s.errands[i] = errand_share(mine, theirs, w.errand_most)


@rule
def hourly(s: State, w: World, q: Practice, i: int, day: int) -> float:
    """Accounts an hour of manager i promises on the best channel today."""
    best = 0.0
    for k in range(SERVICE):
        best = max(best, promise(s, w, q, i, k, day))
    return best


# 10. Month and quarter ---------------------------------------------------------------------------------------------
@rule
def settle_pay(s: State, w: World, q: Practice, elements: Schedules, day: int) -> None:
    """Pay what ends today, line by line, each rounded to the fen; then the period's counters start anew."""
    n = len(s.effort)
    for e in range(len(elements.measure)):
        if (w.month_ends[day] if elements.period[e] == MONTH else w.quarter_ends[day]):
            for i in range(n):
                fen = to_fen(line_of(s, q, elements, e, i))
                s.paid[i, e] += fen
                s.months[w.month[day], i] += fen
    for period in (MONTH, QUARTER):
        if (w.month_ends[day] if period == MONTH else w.quarter_ends[day]):
            s.period_units[:, :, period] = 0.0


@rule
def line_of(s: State, q: Practice, elements: Schedules, e: int, i: int) -> float:
    """One line of manager i's statement, CNY: a group's pay is split equally; a bundled pair is paid on its mean."""
    if elements.measure[e] < 0:
        return pay_at(elements, e, 0.0)
    units, members = 0.0, 0
    pairs = elements.payee[e] == PAIR or (elements.shared_by_pair[e] > 0 and q.bundled)
    for j in range(len(s.effort)):
        if j == i or elements.payee[e] == TEAM or (pairs and (s.mentor[i] == j or s.mentee[i] == j)):
            units += s.period_units[j, elements.measure[e], elements.period[e]]
            members += 1
    if elements.shared_by_pair[e] > 0:
        return pay_at(elements, e, units / members)
    return pay_at(elements, e, units) / members


@rule
def between_days(s: State, w: World) -> None:
    """Pressure fades overnight; a belief that was settled grows a little uncertain again."""
    for i in range(len(s.effort)):
        s.pressure[i] = faded(s.pressure[i], w.pressure_fade)
        s.belief_variance[i] += w.belief_drift


@rule
def record(s: State, w: World, day: int) -> None:
    """Write the day into the week's row: efforts are summed, levels overwritten."""
    week = w.week[day]
    for i in range(len(s.effort)):
        line = s.weeks[week, i]
        skill = 0.0
        for k in range(SERVICE):
            skill += s.skill[i, k] / SERVICE
        line[R_EFFORT] += s.effort[i]
        line[R_DAYS] += 1.0
        line[R_SKILL] = skill
        line[R_NORM] += max(0.0, s.norm[i])
        line[R_LEANING] = s.leaning[i]
        line[R_PRESSURE] += s.pressure[i]


@rule
def close_books(s: State, w: World, day: int) -> None:
    """At the horizon's end every customer catches up; satisfaction, losses and holdings are counted."""
    for row in range(s.count[0]):
        if s.patience[row] > 0.0:
            catch_up(s, w, row, day)
        i = s.owner[row]
        if s.patience[row] > 0.0:
            s.finals[i, 0] += s.satisfaction[row]
            s.finals[i, 2] += 1.0
        else:
            s.finals[i, 1] += 1.0
    for i in range(len(s.effort)):
        if s.finals[i, 2] > 0.0:
            s.finals[i, 0] /= s.finals[i, 2]
