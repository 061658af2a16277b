"""Stage 10, careers: at a month's end people are judged, rise, fall, learn, leave, and come.

A manager row is a seat. Whoever is hired into it draws luck of their own, keyed by seat and generation, so that another
policy's hires shift nobody else's.
"""

from __future__ import annotations

import math

import numpy as np

from sim.compiled import rule
from sim.engine.stages.aims import begin_aims
from sim.engine.stages.handing import competence, hand_over, meet_successor, pass_loans_on, rotate
from sim.engine.stages.opening import enter
from sim.engine.stages.settling import variant_of
from sim.engine.stages.targets import factor_of
from sim.engine.state import (
    AWAITING, BELOW, DUE, F_DEMOTIONS, F_DISMISSALS, F_HIRES, F_PROMOTIONS, F_QUITS, F_RAMP_MONTHS, F_RAMPED, F_TRAINING,
    F_VACANCY_DAYS, FLOW, KEEP, LAST, LEVELS, MARKS, MEAN, MEASURE_COUNT, NETWORK, NORMAL, PASSING, RISE, SERVICE, STARTUP,
    TO_SUCCESSOR, TRAINING, Full, Practice, State, World,
)
from sim.engine.streams import ALWAYS, APPLICANT, QUIT, VACANCY, normal, person_key, stream, uniform
from sim.passing import refer
from sim.policy.kernel import (
    CONSTANT, FACTOR, IN_LAST_MONTH, IN_YEAR, MONTH, PERIODS, RESULT, SIMPLE, TEAM, Schedules, expect_count, pay_at, pay_joint, variant,
)
from sim.rules.careers import (
    chance_of, feeling, grade_stake, job_stake, moved, outside_option, quit_hazard, similarity, sure_worth, whole_months, zest_of,
)
from sim.rules.learning import learn

TO_TRAINING, TO_DISMISSAL = BELOW["training"], BELOW["dismissal"]
BEST_WITH_NEWEST = 1
MONTHS_IN = (1.0, 3.0, 6.0, 12.0)        # of a pay period


# --- the day ----------------------------------------------------------------------------------------------------------


@rule
def in_force(w: World, q: Practice) -> bool:
    """Whether people can come and go, rise and fall at all."""
    return w.par.quit_hazard > 0.0 or q.people.rules > 0


@rule
def whole_month_ends(w: World, day: int) -> bool:
    """Whether a month ends today that the horizon did not cut short."""
    today = w.days[day]
    return today.month_ends and today.before + today.demand >= w.demand_to[today.month] - 1e-6


@rule
def count_month(s: State, w: World, q: Practice, day: int) -> None:
    """Before pay clears the month's counters: add the month to what marks are read from, and to the pace of late."""
    if not (w.days[day].month_ends and in_force(w, q)):
        return
    for i in range(len(s.managers)):
        m = s.managers[i]
        if m.vacancy > 0:
            continue
        for measure in range(MEASURE_COUNT):
            units = m.period_units[measure, MONTH]
            if q.over[measure] == LAST:
                m.appraised[measure], m.begun[measure], m.trained_units[measure] = units, units, units
            else:
                m.appraised[measure] += units
                m.begun[measure] += units
                m.trained_units[measure] += units
            m.pace[measure] = units if m.in_post == 0 else moved(m.pace[measure], units, 1.0 / w.par.earned_window)


@rule
def careers(s: State, w: World, q: Practice, pay: Schedules, seed: np.uint64, day: int, f: Full) -> None:
    """The end of a day: empty seats are counted; at a month's end, after pay, careers move."""
    if s.tally.staff < len(s.managers):
        for i in range(len(s.managers)):
            if s.managers[i].vacancy > 0:
                s.finals[i, F_VACANCY_DAYS] += 1.0
    if not w.days[day].month_ends:
        return
    if in_force(w, q) and whole_month_ends(w, day):
        look_back(s, w, day)
        for i in range(len(s.managers)):
            if s.managers[i].vacancy == 0:
                judge(s, w, q, seed, i, day, f)
        resign(s, w, q, seed, day, f)
        fill_seats(s, w, q, pay, seed, day, f)
        rotate(s, w, q, day, f)
        if w.lending.lending > 0.0:
            pass_loans_on(s, w)
    weigh_careers(s, w, q, pay)


@rule
def open_careers(s: State, w: World, q: Practice, pay: Schedules) -> None:
    """The first morning: what is at stake, and which measures marks are in."""
    d = s.desk
    for k in range(len(q.marks)):
        known = False
        for u in range(d.uses):
            known = known or int(d.used[u]) == q.marks[k].measure
        if not known:
            d.used[d.uses] = q.marks[k].measure
            d.uses += 1
    weigh_careers(s, w, q, pay)


# --- pay, morale, competence ------------------------------------------------------------------------------------------


@rule
def look_back(s: State, w: World, day: int) -> None:
    """What the month was like: pay of late and what one is used to, morale, motivation, time in post, competence."""
    peers, month = 0.0, w.days[day].month
    for i in range(len(s.managers)):
        m = s.managers[i]
        if m.vacancy > 0:
            continue
        paid = s.months[month, i] / 100.0
        utility = math.exp(-s.people[i].risk_aversion * paid)
        if m.in_post == 0:
            m.earned, m.used_to, m.utility = paid, paid, utility
        else:
            m.earned = moved(m.earned, paid, 1.0 / w.par.earned_window)
            m.utility = moved(m.utility, utility, 1.0 / w.par.earned_window)
        peers += m.earned / s.tally.staff
        m.in_post += 1
        m.tenure += 1
        m.months_counted += 1
        if m.trained >= 0:
            m.trained += 1
    for i in range(len(s.managers)):
        m = s.managers[i]
        if m.vacancy > 0:
            continue
        felt = feeling(m.earned, m.used_to, peers, w.par.morale_of_reference, w.par.morale_of_peers)
        m.morale = moved(m.morale, felt, w.par.morale_speed)
        m.used_to = moved(m.used_to, m.earned, 1.0 / w.par.reference_window)
        m.freshness = moved(m.freshness, 0.0, w.par.fresh_fade)
        m.zest = zest_of(m.freshness, w.par.fresh_effect, m.morale, w.par.morale_effect)
        if m.hired == 1 and competence(m) >= w.par.competence_mark * w.par.skill_ceiling:
            m.hired = 2
            s.finals[i, F_RAMPED] += 1.0
            s.finals[i, F_RAMP_MONTHS] += m.in_post


# --- marks and grades -------------------------------------------------------------------------------------------------


@rule
def judge(s: State, w: World, q: Practice, seed: np.uint64, i: int, day: int, f: Full) -> None:
    """Notice runs out, training ends, start-up marks fall due, grades are appraised: one of these a month, in this order."""
    m = s.managers[i]
    month = w.days[day].month
    if m.footing >= AWAITING:
        m.standing_left -= 1
        m.footing = DUE
        if m.standing_left <= 0:
            s.finals[i, F_DISMISSALS] += 1.0
            leave(s, w, q, seed, i, day, f)
    elif m.footing == TRAINING:
        days = w.demand_to[month] - (w.demand_to[month - 1] if month > 0 else 0.0)
        for k in range(SERVICE):
            m.skill[k] = learn(m.skill[k], m.training_hours * days, w.par.training_rate, w.par.skill_ceiling)
        m.standing_left -= 1
        if m.standing_left <= 0:
            m.footing, m.training_hours = NORMAL, 0.0
            start_count(m)
            if not met(q, m.trained_units, PASSING, 0, q.people.training_months):
                dismiss(s, w, q, seed, i, day, f)
    elif m.started == 0:
        if m.in_post >= q.people.startup_months:
            m.started = 1
            start_count(m)
            if not met(q, m.begun, STARTUP, 0, q.people.startup_months):
                train_or_dismiss(s, w, q, seed, i, day, f)
    elif appraised_in(q, month):
        whole = m.months_counted >= q.people.appraisal_months
        if whole:
            appraise(s, w, q, seed, i, day, f)
        if s.managers[i].vacancy == 0:
            start_count(s.managers[i])


@rule
def appraised_in(q: Practice, month: int) -> bool:
    """Whether grades are judged at the end of this month of the run."""
    return q.people.grades > 0 and (q.people.month_of_year + month + 1) % q.people.appraisal_months == 0


@rule
def start_count(m: np.record) -> None:
    """An appraisal period begins."""
    m.months_counted = 0
    for measure in range(MEASURE_COUNT):
        m.appraised[measure] = 0.0


@rule
def appraise(s: State, w: World, q: Practice, seed: np.uint64, i: int, day: int, f: Full) -> None:
    """One grade up, down, or what follows below the lowest."""
    m = s.managers[i]
    if has_marks(q, RISE, m.grade) and met(q, m.appraised, RISE, m.grade, m.months_counted):
        m.grade += 1
        s.finals[i, F_PROMOTIONS] += 1.0
    elif not met(q, m.appraised, KEEP, m.grade, m.months_counted):
        if m.grade > 0:
            m.grade -= 1
            s.finals[i, F_DEMOTIONS] += 1.0
        elif q.people.below_lowest == TO_TRAINING:
            train_or_dismiss(s, w, q, seed, i, day, f)
        elif q.people.below_lowest == TO_DISMISSAL:
            dismiss(s, w, q, seed, i, day, f)


@rule
def has_marks(q: Practice, what: int, grade: int) -> bool:
    """Whether a rule asks for anything."""
    for j in range(len(q.marks)):
        if q.marks[j].rule == what and q.marks[j].grade == grade:
            return True
    return False


@rule
def met(q: Practice, units: np.ndarray, what: int, grade: int, months: int) -> bool:
    """Whether the marks of a rule are met; where nothing is asked for, they are."""
    asked, reached, either = 0, 0, False
    for j in range(len(q.marks)):
        mark = q.marks[j]
        if mark.rule == what and mark.grade == grade:
            value = units[mark.measure] / max(1, months) if q.over[mark.measure] == MEAN else units[mark.measure]
            asked += 1
            either = mark.any
            if value >= mark.at_least - 1e-9:
                reached += 1
    return asked == 0 or (reached > 0 if either else reached == asked)


@rule
def train_or_dismiss(s: State, w: World, q: Practice, seed: np.uint64, i: int, day: int, f: Full) -> None:
    """A training spell; whoever had one too lately has to go."""
    m = s.managers[i]
    if not q.people.trains or 0 <= m.trained < q.people.training_again:
        dismiss(s, w, q, seed, i, day, f)
        return
    m.footing, m.standing_left, m.trained = TRAINING, q.people.training_months, 0
    m.training_hours = q.people.training_hours
    for measure in range(MEASURE_COUNT):
        m.trained_units[measure] = 0.0
    s.finals[i, F_TRAINING] += 1.0


@rule
def dismiss(s: State, w: World, q: Practice, seed: np.uint64, i: int, day: int, f: Full) -> None:
    """The contract ends, now or after the months of notice."""
    if q.people.notice_months > 0:
        s.managers[i].footing, s.managers[i].standing_left = AWAITING, q.people.notice_months
        return
    s.finals[i, F_DISMISSALS] += 1.0
    leave(s, w, q, seed, i, day, f)


# --- leaving ------------------------------------------------------------------------------------------------------------


@rule
def resign(s: State, w: World, q: Practice, seed: np.uint64, day: int, f: Full) -> None:
    """Everybody in post may quit: by the certainty equivalent of pay of late against the outside option, and by morale."""
    if w.par.quit_hazard <= 0.0:
        return
    for i in range(len(s.managers)):
        m, person = s.managers[i], s.people[i]
        if m.vacancy > 0 or m.in_post == 0:
            continue
        sure = sure_worth(m.earned, m.utility, person.risk_aversion)
        outside = outside_option(person.outside_pay, w.par.outside_slope, m.talent)
        hazard = quit_hazard(w.par.quit_hazard, sure, outside, w.par.quit_pay_response, m.morale, w.par.quit_morale_response)
        if uniform(stream(seed, QUIT, person.seat, day), 0) < chance_of(hazard, 1.0):
            s.finals[i, F_QUITS] += 1.0
            leave(s, w, q, seed, i, day, f)


@rule
def clear_seat(s: State, i: int) -> None:
    """Everything personal goes; what was paid beside the plan, and what the portfolio was worth on the first day, stay with the seat."""
    old = s.managers[i]
    prizes, judged, endowed, mean = old.prize_fen, old.judged_fen, old.endowed, old.mean_endowed
    s.managers[i] = s.blank
    m = s.managers[i]
    m.prize_fen, m.judged_fen, m.endowed, m.mean_endowed, m.toil, m.lure = prizes, judged, endowed, mean, 1.0, 1.0


@rule
def leave(s: State, w: World, q: Practice, seed: np.uint64, i: int, day: int, f: Full) -> None:
    """Seat i falls empty: customers are handed over, pairs dissolve, everything personal goes."""
    for j in range(len(s.managers)):
        if s.managers[j].mentor == i:
            s.managers[j].mentor = -1
        if s.managers[j].mentee == i:
            s.managers[j].mentee = -1
    was = competence(s.managers[i])
    s.tally.staff -= 1
    held, visit, generation, grade = s.managers[i].held, s.managers[i].next_visit, s.managers[i].generation, s.managers[i].grade
    s.managers[i].vacancy = 1                                # so that nothing is handed to the one who leaves
    if q.people.handover != TO_SUCCESSOR and s.tally.staff > 0:
        hand_over(s, w, q, i, was, day, f)
        held, visit = 0, 0
    clear_seat(s, i)
    m = s.managers[i]
    m.held, m.next_visit, m.generation, m.grade, m.left_competence = held, visit, generation, grade, was
    m.mentor, m.mentee, m.zest, m.norm = -1, -1, 1.0, -1.0
    luck = stream(seed, VACANCY, s.people[i].seat, ALWAYS)
    m.vacancy = 1 + whole_months(w.par.vacancy_shortest, w.par.vacancy_longest, uniform(luck, 0), uniform(luck, 1))


# --- hiring -----------------------------------------------------------------------------------------------------------


@rule
def fill_seats(s: State, w: World, q: Practice, pay: Schedules, seed: np.uint64, day: int, f: Full) -> None:
    """A month of waiting less; where it is over, applicants are heard, and if none will do, again in a month."""
    if s.tally.staff == len(s.managers):
        return
    for i in range(len(s.managers)):
        m = s.managers[i]
        if m.vacancy > 0:
            m.vacancy -= 1
            if m.vacancy == 0:
                m.vacancy = 1
                hire(s, w, q, pay, seed, i, day, f)


@rule
def hire(s: State, w: World, q: Practice, pay: Schedules, seed: np.uint64, i: int, day: int, f: Full) -> None:
    """Of those who apply and pass, one takes seat i and begins tomorrow."""
    m, generation, rounds = s.managers[i], s.managers[i].generation + 1, s.managers[i].months_counted
    key = person_key(w.people[i].seat, generation)
    luck = stream(seed, APPLICANT, key, ALWAYS)
    m.months_counted += 1
    applicants = max(1, q.people.applicants)
    chosen, top = -1.0, 0.0
    for c in range(applicants * rounds, applicants * (rounds + 1)):
        z, noise = normal(uniform(luck, 2 * c)), normal(uniform(luck, 2 * c + 1))
        score = q.people.reliability * z + math.sqrt(1.0 - q.people.reliability * q.people.reliability) * noise
        ability = math.exp(w.par.talent_spread * z - 0.5 * w.par.talent_spread * w.par.talent_spread)
        if not applies(s, w, q, pay, i, ability, day) or score < q.people.pass_mark:
            continue
        if chosen < 0.0 or (q.people.choose_best and score > top):
            chosen, top = ability, score
    if chosen > 0.0:
        take_seat(s, w, q, seed, i, key, generation, chosen, day, f)


@rule
def applies(s: State, w: World, q: Practice, pay: Schedules, i: int, ability: float, day: int) -> bool:
    """Whether the plan promises somebody of this ability more than the outside option: as the colleagues fare, by ability."""
    if w.par.applicant_choice <= 0.0:
        return True
    rate, total = np.zeros(MEASURE_COUNT), 0.0
    for j in range(len(s.managers)):
        if s.managers[j].vacancy == 0 and s.managers[j].in_post > 0:
            total += s.managers[j].talent
            for measure in range(MEASURE_COUNT):
                rate[measure] += s.managers[j].pace[measure]
    if total > 0.0:
        for measure in range(MEASURE_COUNT):
            rate[measure] *= ability / total
    entry = q.people.entry if q.people.grades > 0 else q.people.no_grade
    newcomer = refer(variant(pay, variant_of(s, q, -1, w.days[day].month, NORMAL, entry)))
    promised = expected_pay(s, q, newcomer, rate, w.hire.risk_aversion, i)
    return promised >= w.par.applicant_choice * outside_option(w.hire.outside_pay, w.par.outside_slope, ability)


@rule
def take_seat(s: State, w: World, q: Practice, seed: np.uint64, i: int, key: np.uint64, generation: int, ability: float,
              day: int, f: Full) -> None:
    """Somebody new in seat i: luck of their own, beginner's skill, and the customers who waited."""
    was, held, visit, cohort = s.managers[i].left_competence, s.managers[i].held, s.managers[i].next_visit, s.people[i].cohort
    clear_seat(s, i)
    s.people[i] = w.hire
    s.people[i].seat = key
    enter(s, w, q, seed, i)
    if q.aims.on:
        begin_aims(s, w, q, seed, i)
    begin_selling(s, f, i)
    m = s.managers[i]
    m.talent, m.generation, m.hired, m.held, m.next_visit = ability, generation, 1, held, visit
    m.grade = q.people.entry if q.people.grades > 0 else q.people.no_grade
    m.started = 0 if q.people.startup_months > 0 else 1
    meet_successor(s, w, i, similarity(s.people[i].cohort == cohort, was, competence(m)), day, f)
    if len(s.history) > 0:                                   # months before the first day are nobody's of this person
        s.history[:, i] = 0.0
    network = s.pools[i, NETWORK]
    network.available, network.worked, network.won = math.floor(w.channels[NETWORK].pool * w.hire.network_size), 0.0, 0.0
    s.tally.staff += 1
    s.finals[i, F_HIRES] += 1.0
    find_mentor(s, q, i)


@rule
def begin_selling(s: State, f: Full, i: int) -> None:
    """A newcomer's side of customers in full: a beginner's skill, and averages that begin with the first day."""
    seller = f.sellers[i]
    seller.skill, seller.credit_service, seller.credit_offers = s.people[i].skill_start, 0.0, 0.0
    seller.deposit_sum, seller.key_lost = 0.0, 0
    for period in PERIODS:
        seller.aum_sum[period], seller.aum_days[period] = 0.0, 0.0


@rule
def find_mentor(s: State, q: Practice, i: int) -> None:
    """A newcomer is paired as the policy's rule says: with the mentor named for the seat, or with the best colleague free."""
    named, best, top = q.managers[i].mentor, -1, -1.0
    for j in range(len(s.managers)):
        m = s.managers[j]
        free = j != i and m.vacancy == 0 and m.mentor < 0 and m.mentee < 0
        if free and (j == named or (named < 0 and q.par.pair_rule == BEST_WITH_NEWEST)) and competence(m) * m.talent > top:
            best, top = j, competence(m) * m.talent
    if best >= 0:
        s.managers[i].mentor, s.managers[best].mentee = best, i


# --- what is at stake -------------------------------------------------------------------------------------------------


@rule
def expected_pay(s: State, q: Practice, pay: Schedules, rate: np.ndarray, risk: float, i: int) -> float:
    """Certainty equivalent of a month's pay by a plan in seat i, CNY, for who brings `rate` units a month; elements of several inputs at
    what is expected."""
    total = 0.0
    for e in range(pay.lines[0].count):
        line = pay.lines[e]
        months = MONTHS_IN[line.period]
        members = float(max(1, s.tally.staff)) if line.payee == TEAM and not line.own else 1.0
        if line.joint != SIMPLE:
            x = np.zeros(line.places)
            for row in range(line.inputs, line.inputs_stop):
                read = pay.lines[row]
                long = 12.0 if read.annualised or read.over == IN_YEAR else 1.0 if read.over == IN_LAST_MONTH else months
                if read.kind == FACTOR:
                    x[read.place] = factor_of(s, q, pay, line, read, i)
                elif read.kind == CONSTANT:
                    x[read.place] += read.times * (1.0 if read.level else long)
                elif read.kind == RESULT:
                    long = 1.0 if LEVELS[read.measure] else long
                    x[read.place] += read.times * rate[read.measure] * long * (1.0 if read.meant else members)
            total += pay_joint(pay, e, x) / (months * members)
        elif line.measure < 0:
            total += pay_at(pay, e, 0.0) / months
        else:
            many = rate[line.measure] * (1.0 if LEVELS[line.measure] else months) * (1.0 if line.meant else members)
            sure, _ = expect_count(pay, e, 0.0, many, 1.0, risk, 1.0 / members)
            total += sure / months
    return total


@rule
def weigh_careers(s: State, w: World, q: Practice, pay: Schedules) -> None:
    """What each has to lose below, and to win above, CNY: pay a month in the other place, times the months it counts for."""
    if q.people.rules == 0 or w.par.career_weight <= 0.0:
        return
    for i in range(len(s.managers)):
        m, person = s.managers[i], s.people[i]
        if m.vacancy > 0:
            continue
        here = pay_as(s, q, pay, i, NORMAL, m.grade)
        outside = outside_option(person.outside_pay, w.par.outside_slope, m.talent)
        m.bottom_stake = w.par.career_weight * job_stake(here, outside, w.par.search_months, w.par.career_months)
        m.job_stake = m.bottom_stake
        if q.people.trains and not 0 <= m.trained < q.people.training_again:
            m.bottom_stake *= w.par.second_chance
            lost = max(0.0, here - pay_as(s, q, pay, i, TRAINING, m.grade)) * q.people.training_months
            m.bottom_stake += w.par.career_weight * lost
        m.keep_stake = m.bottom_stake if q.people.below_lowest > 0 else 0.0
        if m.grade > 0:
            m.keep_stake = w.par.career_weight * grade_stake(here, pay_as(s, q, pay, i, NORMAL, m.grade - 1), w.par.career_months)
        m.rise_stake = 0.0
        if m.grade + 1 < q.people.grades:
            m.rise_stake = w.par.career_weight * grade_stake(pay_as(s, q, pay, i, NORMAL, m.grade + 1), here, w.par.career_months)


@rule
def pay_as(s: State, q: Practice, pay: Schedules, i: int, footing: int, grade: int) -> float:
    """Manager i's expected pay in another place, CNY a month, at the pace of late."""
    own = refer(variant(pay, variant_of(s, q, i, s.tally.month, footing, grade)))
    return expected_pay(s, q, own, s.managers[i].pace, s.people[i].risk_aversion, i)


@rule
def bear_in_mind(s: State, w: World, q: Practice, i: int, day: int, accounts: float) -> None:
    """Put on the desk the marks manager i works toward. accounts: a day that come without effort, today."""
    s.desk.marks = 0
    if q.people.rules == 0 or w.par.career_weight <= 0.0:
        return
    m, month = s.managers[i], w.days[day].month
    if m.footing == TRAINING:
        note_marks(s, w, q, PASSING, 0, m.job_stake, m.trained_units, month + m.standing_left - 1, i, day, accounts)
    elif m.footing == NORMAL and m.started == 0:
        last = month + q.people.startup_months - m.in_post - 1
        note_marks(s, w, q, STARTUP, 0, m.bottom_stake, m.begun, last, i, day, accounts)
    elif m.footing == NORMAL and q.people.grades > 0:
        last = month
        while not appraised_in(q, last):
            last += 1
        if m.months_counted + last - month + 1 >= q.people.appraisal_months:
            note_marks(s, w, q, KEEP, m.grade, m.keep_stake, m.appraised, last, i, day, accounts)
            note_marks(s, w, q, RISE, m.grade, m.rise_stake, m.appraised, last, i, day, accounts)


@rule
def note_marks(s: State, w: World, q: Practice, what: int, grade: int, stake: float, units: np.ndarray, last: int, i: int, day: int,
               accounts: float) -> None:
    """The marks of one rule, as far as they count what flows: units still needed until the end of month `last`."""
    d = s.desk
    if stake <= 0.0:
        return
    today = w.days[day]
    end = w.demand_to[min(last, len(w.demand_to) - 1)]
    for j in range(len(q.marks)):
        mark = q.marks[j]
        if mark.rule != what or mark.grade != grade or q.over[mark.measure] != FLOW or d.marks >= MARKS:
            continue
        k = d.marks
        d.mark_need[k] = mark.at_least - units[mark.measure] - s.managers[i].period_units[mark.measure, MONTH]
        d.mark_windfall[k] = accounts if mark.measure == 0 else 0.0
        d.mark_stake[k], d.mark_measure[k], d.mark_group[k] = stake, mark.measure, what
        d.mark_any[k] = 1.0 if mark.any else 0.0
        d.mark_left[k] = max(1.0, (end - today.before) / today.demand)
        d.marks += 1
