"""Stage 8, goals, contests and judgement, and pay as it is felt: what they add to the worth of a unit, and what a period's end makes of them."""

from __future__ import annotations

import math

import numpy as np

from sim.compiled import rule
from sim.engine.stages.settling import ends, is_in_force, line_of, own_plan
from sim.engine.state import (
    ACCOUNTS, ACTIVITY_COUNT, C_ATTAINMENT, C_CANCELLED, C_DISAPPOINTMENT, C_DISCRETION, C_FAIRNESS, C_FATIGUE, C_PRIZES,
    MEASURE_COUNT, PERIOD_COUNT, Practice, State, World,
)
from sim.engine.streams import ALWAYS, JUDGEMENT, LIKING, SCRUPLES, normal, stream, uniform
from sim.passing import refer
from sim.policy.kernel import Schedules, to_fen
from sim.rules.gaming import lure, price_cut
from sim.rules.goals import (
    chance_ahead, commitment, goal_worth, judged, judged_worth, moved_toward, passing_density, ratchet_weight, ratcheted,
    rested, tired, weariness,
)
from sim.rules.peers import leaning_factor
from sim.rules.psychology import crowded_out, disappointment

PRIZE, JUDGED = 0, 1
IN_FEN = 100.0


@rule
def begin_aims(s: State, w: World, q: Practice, seed: np.uint64, i: int) -> None:
    """A person's first day in seat i: the goal as set, fairness as seen; liking and scruples drawn once."""
    m, seat = s.managers[i], s.people[i].seat
    m.goal = q.aims.goal_level
    m.fairness = q.aims.participation if q.aims.goal_measure >= 0 else 0.5
    m.liking = w.par.judgement_liking * normal(uniform(stream(seed, LIKING, seat, ALWAYS), 0))
    m.scruples = -w.par.scruples * math.log(uniform(stream(seed, SCRUPLES, seat, ALWAYS), 0))


@rule
def add_aims(s: State, w: World, q: Practice, i: int, day: int, imposed: float, capacity: float) -> None:
    """Lay on the desk, beside the worths that are there, what goals, contests, judgement and moods add to a unit of each measure."""
    m, d = s.managers[i], s.desk
    m.burden = imposed
    for measure in range(MEASURE_COUNT):
        m.added[measure] = 0.0
    if q.aims.goal_measure >= 0:
        m.added[q.aims.goal_measure] += goal_adds(s, w, q, i, day, capacity)
    if q.aims.contest_measure >= 0:
        m.added[q.aims.contest_measure] += contest_adds(s, w, q, i, day)
    if q.aims.judged_measure >= 0:
        mean = mean_expected(s, w, q.aims.judged_measure, q.aims.judged_period, day)
        m.added[q.aims.judged_measure] += judged_worth(q.aims.judged_amount, w.par.judgement_weight, mean, s.tally.staff)
    m.added[ACCOUNTS] += mood_adds(m, s.people[i], w.par)
    for k in range(ACTIVITY_COUNT):
        for measure in range(MEASURE_COUNT):
            d.own_worth[k] += d.yields[k, measure] * m.added[measure]


@rule
def worth_besides_pay(d: np.record, measure: int) -> float:
    """What a unit of a measure is worth to the manager at the desk besides pay, CNY: on the activity where it is worth most."""
    worth = 0.0
    for k in range(ACTIVITY_COUNT):
        if d.yields[k, measure] > 0.0:
            worth = max(worth, d.own_worth[k] / d.yields[k, measure])
    return worth


@rule
def most_a_day(d: np.record, measure: int, capacity: float, eta: float) -> float:
    """Units of a measure that all of the day's capacity would bring, at the best split of hours over the activities."""
    total = 0.0
    for k in range(ACTIVITY_COUNT):
        output = d.theta[k] * d.yields[k, measure]
        if output > 0.0:
            total = max(total, output) if eta >= 1.0 else total + math.pow(output, 1.0 / (1.0 - eta))
    if total <= 0.0 or capacity <= 0.0:
        return 0.0
    return total * capacity if eta >= 1.0 else math.pow(total, 1.0 - eta) * math.pow(capacity, eta)


@rule
def goal_adds(s: State, w: World, q: Practice, i: int, day: int, capacity: float) -> float:
    """CNY a unit that manager i's goal adds, less what a raised goal next time is felt to cost where the ratchet is foreseen."""
    m, today, measure, period = s.managers[i], w.days[day], q.aims.goal_measure, q.aims.goal_period
    base = worth_besides_pay(s.desk, measure)
    able = most_a_day(s.desk, measure, capacity, w.par.effort_eta) * today.left[period] / today.demand
    pull = 0.0
    if able > 0.0:
        difficulty = (m.goal - m.period_units[measure, period]) / able
        pull = goal_worth(difficulty, w.par.goal_pull, w.par.goal_slack) * commitment(q.aims.participation, w.par.goal_imposed)
    return base * (pull - foreseen_burden(w, q))


@rule
def foreseen_burden(w: World, q: Practice) -> float:
    """What a unit more now costs by raising later goals, as a share of the unit's worth besides pay."""
    return w.par.ratchet_foresight * w.par.goal_burden * ratchet_weight(q.aims.goal_ratchet, w.par.next_period_weight)


@rule
def expected_units(s: State, w: World, j: int, measure: int, period: int, day: int) -> float:
    """Units that manager j is expected to have at the period's end."""
    return s.managers[j].period_units[measure, period] + s.managers[j].planned[measure] * w.days[day].left[period]


@rule
def expected_sd(s: State, w: World, j: int, measure: int, period: int, day: int) -> float:
    """Standard deviation of that: counts still to come, and what counts do not explain."""
    return math.sqrt(max(0.0, s.managers[j].planned[measure] * w.days[day].left[period]) + w.par.contest_noise * w.par.contest_noise)


@rule
def mean_expected(s: State, w: World, measure: int, period: int, day: int) -> float:
    """Mean over those in post of the units expected at the period's end."""
    total = 0.0
    for j in range(len(s.managers)):
        if s.managers[j].vacancy == 0:
            total += max(0.0, expected_units(s, w, j, measure, period, day))
    return total / s.tally.staff


@rule
def contest_adds(s: State, w: World, q: Practice, i: int, day: int) -> float:
    """CNY a unit that prizes and the league table add for manager i: over all rivals, the chance of passing each by one unit
    more, times the step in prize at the rank where that happens, the ranks of the others being as chance has them."""
    n, measure, period = len(s.managers), q.aims.contest_measure, q.aims.contest_period
    mean, sd = expected_units(s, w, i, measure, period, day), expected_sd(s, w, i, measure, period, day)
    honour = w.par.rank_worth * worth_besides_pay(s.desk, measure) if q.aims.league_table else 0.0
    added = 0.0
    for j in range(n):
        if j != i and s.managers[j].vacancy == 0:
            gap, other = mean - expected_units(s, w, j, measure, period, day), expected_sd(s, w, j, measure, period, day)
            step = honour
            if q.aims.prizes > 0:
                step += prize_step(s, w, q, i, j, day, mean, sd)
            added += step * passing_density(gap, sd, other)
    return added


@rule
def prize_step(s: State, w: World, q: Practice, i: int, j: int, day: int, mean: float, sd: float) -> float:
    """Expected gain in prize, CNY, of standing before j rather than behind: over how many others stand before both."""
    n, measure, period, ranks = len(s.managers), q.aims.contest_measure, q.aims.contest_period, q.aims.prizes
    before = np.zeros(ranks)                           # chance that so many others are ahead
    before[0] = 1.0
    for k in range(n):
        if k != i and k != j and s.managers[k].vacancy == 0:
            gap = expected_units(s, w, k, measure, period, day) - mean
            p = chance_ahead(gap, expected_sd(s, w, k, measure, period, day), sd)
            for r in range(ranks - 1, 0, -1):
                before[r] = before[r] * (1.0 - p) + before[r - 1] * p
            before[0] *= 1.0 - p
    step = 0.0
    for r in range(ranks):
        step += before[r] * (q.aims.prize[r] - (q.aims.prize[r + 1] if r + 1 < ranks else 0.0))
    return step


@rule
def mood_adds(m: np.record, person: np.record, par: np.record) -> float:
    """CNY an account that fairness adds to the wish to do well, and that disappointment and the crowding out of reviews take."""
    own = person.intrinsic * m.motive * leaning_factor(m.leaning, par.lean_effect)
    mood = own * (par.fairness_effect * (m.fairness - 0.5) - m.disappointment)
    return mood - crowded_out(m.pressure, m.worth, own, par.crowding)


# --- a period's end ---------------------------------------------------------------------------------------------------


@rule
def close_aims(s: State, w: World, q: Practice, seed: np.uint64, day: int) -> None:
    """Before the counters start anew: goals compared and moved, prizes and judged pay given."""
    today = w.days[day]
    if q.aims.goal_measure >= 0 and ends(today, q.aims.goal_period):
        for i in range(len(s.managers)):
            m = s.managers[i]
            if m.vacancy > 0:
                continue
            result = m.period_units[q.aims.goal_measure, q.aims.goal_period]
            m.attainment = result / m.goal if m.goal > 0.0 else 1.0
            m.goal = ratcheted(m.goal, result, q.aims.goal_ratchet)
    if q.aims.prizes > 0 and ends(today, q.aims.contest_period):
        for i in range(len(s.managers)):
            pay_extra(s, w, i, day, PRIZE, C_PRIZES, prize_of(s, q, i))
    if q.aims.judged_measure >= 0 and ends(today, q.aims.judged_period):
        share_out(s, w, q, seed, day)


@rule
def prize_of(s: State, q: Practice, i: int) -> int:
    """Fen that manager i wins: equals share the prizes of their ranks; nobody wins with nothing, or with a false report."""
    measure, period, m = q.aims.contest_measure, q.aims.contest_period, s.managers[i]
    if m.vacancy > 0 or m.period_units[measure, period] <= 0.0 or m.caught > 0.0:
        return 0
    ahead, equal, earlier = 0, 0, 0
    for j in range(len(s.managers)):
        if s.managers[j].caught > 0.0 or s.managers[j].vacancy > 0:
            continue
        lead = s.managers[j].period_units[measure, period] - m.period_units[measure, period]
        if lead > 0.0:
            ahead += 1
        elif lead == 0.0:
            equal += 1
            if j < i:
                earlier += 1
    fen = 0
    for r in range(ahead, min(ahead + equal, q.aims.prizes)):
        fen += int(math.floor(q.aims.prize[r] * IN_FEN + 0.5))
    return fen // equal + (1 if earlier < fen % equal else 0)


@rule
def share_out(s: State, w: World, q: Practice, seed: np.uint64, day: int) -> None:
    """The supervisor's pot, all of it, by noisy and biased judgement; who is judged otherwise than by results finds it unfair."""
    n, measure, period = s.tally.staff, q.aims.judged_measure, q.aims.judged_period
    mean, total, just, last = 0.0, 0.0, 0.0, -1
    for i in range(len(s.managers)):
        if s.managers[i].vacancy == 0:
            mean += max(0.0, s.managers[i].period_units[measure, period]) / n
            last = i
    for i in range(len(s.managers)):
        if s.managers[i].vacancy == 0:
            total += judgement_of(s, w, q, seed, day, i, mean, True)
            just += judgement_of(s, w, q, seed, day, i, mean, False)
    pot = int(math.floor(q.aims.judged_amount * n * IN_FEN + 0.5))
    left = pot
    for i in range(len(s.managers)):
        if s.managers[i].vacancy > 0:
            continue
        share = judgement_of(s, w, q, seed, day, i, mean, True) / total if total > 0.0 else 1.0 / n
        fen = left if i == last else min(left, int(math.floor(pot * share + 0.5)))
        left -= fen
        pay_extra(s, w, i, day, JUDGED, C_DISCRETION, fen)
        due = judgement_of(s, w, q, seed, day, i, mean, False) / just if just > 0.0 else 1.0 / n
        seen = max(0.0, 1.0 - n * abs(share - due))
        if q.aims.goal_measure >= 0:
            seen = 0.5 * (seen + q.aims.participation)
        s.managers[i].fairness = moved_toward(s.managers[i].fairness, seen, w.par.fairness_speed)


@rule
def judgement_of(s: State, w: World, q: Practice, seed: np.uint64, day: int, i: int, mean: float, human: bool) -> float:
    """The supervisor's judgement of manager i; not human: by results alone."""
    result = max(0.0, s.managers[i].period_units[q.aims.judged_measure, q.aims.judged_period])
    if not human:
        return judged(result, mean, w.par.judgement_weight, 0.0, 0.0)
    error = w.par.judgement_noise * normal(uniform(stream(seed, JUDGEMENT, s.people[i].seat, day), 0))
    return judged(result, mean, w.par.judgement_weight, s.managers[i].liking, error)


@rule
def pay_extra(s: State, w: World, i: int, day: int, column: int, record: int, fen: int) -> None:
    """Fen beside the lines of the pay plan."""
    if column == PRIZE:
        s.managers[i].prize_fen += fen
    else:
        s.managers[i].judged_fen += fen
    s.months[w.days[day].month, i] += fen
    s.weeks[w.days[day].week, i, record] += fen / IN_FEN


@rule
def cancel(s: State, w: World, q: Practice, pay: Schedules, day: int) -> None:
    """A false report found cancels what this settlement is about to pay for performance (C9): it is taken off beforehand."""
    today = w.days[day]
    for i in range(len(s.managers)):
        if s.managers[i].caught <= 0.0 or not q.aims.cancels:
            continue
        own = refer(own_plan(s, q, pay, i, today.month))
        for e in range(own.lines[0].count):
            if own.lines[e].measure >= 0 and ends(today, own.lines[e].period) and is_in_force(own.lines[e], today, True):
                fen = max(0, to_fen(line_of(s, q, own, e, i)))
                s.lines[i, e] -= fen
                s.months[today.month, i] -= fen
                s.weeks[today.week, i, C_CANCELLED] += fen / IN_FEN


@rule
def after_settling(s: State, w: World, day: int) -> None:
    """Once pay is settled: units owed to the next period, pay against what one is used to."""
    for i in range(len(s.managers)):
        m = s.managers[i]
        for period in range(PERIOD_COUNT):
            m.period_units[ACCOUNTS, period] -= m.moved
        m.moved, m.claimed, m.caught = 0.0, 0.0, 0.0
        if w.par.reference_effect > 0.0:
            paid = s.months[w.days[day].month, i] / IN_FEN
            m.disappointment = disappointment(paid, m.reference, w.par.reference_effect)
            m.reference = paid if m.reference <= 0.0 else moved_toward(m.reference, paid, w.par.reference_speed)


@rule
def end_day(s: State, w: World, q: Practice, day: int) -> None:
    """Fatigue after the day and the free time before the next, tomorrow's readiness to cut prices, and what is recorded."""
    today = w.days[day]
    for i in range(len(s.managers)):
        m = s.managers[i]
        if w.par.fatigue_growth > 0.0:
            worked = m.effort + m.burden
            m.fatigue = tired(m.fatigue, worked, w.par.fatigue_hours, w.par.fatigue_growth)
            m.fatigue = rested(m.fatigue, today.rest + max(0.0, 1.0 - worked / w.par.fatigue_hours), w.par.fatigue_recovery)
            m.toil = weariness(m.fatigue, w.par.fatigue_cost)
        if q.aims.authority > 0.0:
            m.discount = price_cut(m.worth, w.par.discount_hurdle, w.par.discount_response, w.par.discount_reluctance, q.aims.authority)
            m.lure = lure(m.discount, w.par.discount_response)
        line = s.weeks[today.week, i]
        line[C_FATIGUE] += m.fatigue
        line[C_FAIRNESS] += m.fairness - 0.5
        line[C_DISAPPOINTMENT] += m.disappointment
        line[C_ATTAINMENT] = m.attainment
