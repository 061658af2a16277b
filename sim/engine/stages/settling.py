"""Stage 10, pay at a period's end; and what is recorded at the end of every day."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim.compiled import rule
from sim.engine.stages.targets import factor_of, of_service, over_months
from sim.engine.state import (
    B_ADVANCED, B_BALANCE, B_DUE, B_HALF_YEAR, B_MONTH, B_QUARTER, B_YEAR, BOOKS, F_HELD, G_DEFERRED, L_CEILING, L_DRAW, L_GUARANTEE, LEVELS, MEAN,
    MEASURE_COUNT, PLAN_LINES, R_DAYS, R_EFFORT, R_LEANING, R_NORM,
    R_COLLECTION, R_PRESSURE, R_SKILL, R_VETTING, SERVICE, COLLECTION, VETTING, Practice, State, World,
)
from sim.passing import refer
from sim.policy import timing
from sim.policy.kernel import (
    CONSTANT, FACTOR, HALF_YEAR, IN_LAST_MONTH, IN_YEAR, MONTH, MONTHS_IN, PAIR, PERIODS, QUARTER, RESULT, SIMPLE, TEAM, Schedules,
    months_covered, pay_at, pay_joint, plan_row, rounded_fen, to_fen, variant,
)
from sim.rules.fading import decayed

OVERLAY = 2                               # the code of `credit` for the results of the whole branch
above, carried, drawn = rule(timing.above), rule(timing.carried), rule(timing.drawn)
guaranteed, share_of = rule(timing.guaranteed), rule(timing.share_of)


class Ratio(NamedTuple):
    """A share, for the functions of sim/policy/timing.py."""

    numerator: int
    denominator: int


@rule
def shares_pay(s: State, q: Practice, line: np.record, i: int, j: int) -> bool:
    """Whether j's results count in this line of i's pay: i's own, the team's, the pair's (also where pairs are bundled)."""
    if s.managers[j].vacancy > 0:
        return False
    if i == j or line.payee == TEAM:
        return True
    pair = s.managers[i].mentor == j or s.managers[i].mentee == j
    return pair and (line.payee == PAIR or (line.own and q.par.bundled))


@rule
def counts_for(s: State, q: Practice, line: np.record, i: int, j: int) -> bool:
    """Whether j's results count in this line of i's pay: as `shares_pay`, or credited, those of whom i mentors, or of the whole branch."""
    if line.credit == 0:
        return shares_pay(s, q, line, i, j)
    if s.managers[j].vacancy > 0 or (line.grades >> s.managers[j].grade) & 1 == 0:
        return False
    return line.credit == OVERLAY or s.managers[j].mentor == i


@rule
def variant_of(s: State, q: Practice, i: int, month: int, footing: int, grade: int) -> int:
    """Which variant of pay holds for whoever is in seat i (-1: somebody new), in a month of the run, with this footing and grade."""
    if len(q.variants) == 0:
        return 0
    seat = i if i >= 0 and s.managers[i].generation == 0 else q.variants.shape[1] - 1
    return q.variants[min(month, len(q.variants) - 1), seat, footing, grade]


@rule
def own_plan(s: State, q: Practice, pay: Schedules, i: int, month: int) -> Schedules:
    """Manager i's plan in a month of the run."""
    return variant(pay, variant_of(s, q, i, month, s.managers[i].footing, s.managers[i].grade))


@rule
def is_in_force(line: np.record, today: np.record, so_far: bool) -> bool:
    """Whether the line pays for the open period: some month of it (so_far: up to this one) lies between its first and last."""
    first = today.since_year_0 - (today.number - 1) % MONTHS_IN[line.period]
    last = today.since_year_0 if so_far else first + MONTHS_IN[line.period] - 1
    return line.since <= last and line.until >= first


@rule
def ends(today: np.record, period: int) -> bool:
    """Whether the period ends today."""
    if period == MONTH:
        return today.month_ends
    if period == QUARTER:
        return today.quarter_ends
    return today.half_year_ends if period == HALF_YEAR else today.year_ends


@rule
def book_of(period: int) -> int:
    """The column in which an element's earnings of the open period are kept."""
    if period == MONTH:
        return B_MONTH
    if period == QUARTER:
        return B_QUARTER
    return B_HALF_YEAR if period == HALF_YEAR else B_YEAR


@rule
def settle_pay(s: State, w: World, q: Practice, pay: Schedules, day: int) -> None:
    """Pay what ends today, line by line, each rounded to the fen; then the period's counters start anew."""
    today = w.days[day]
    s.tally.number, s.tally.month = today.number, today.month
    if today.month_ends:
        for i in range(len(s.managers)):
            if s.managers[i].vacancy > 0:
                continue
            own = refer(own_plan(s, q, pay, i, today.month))
            if plan_row(pay).timed:
                settle_over_time(s, w, q, own, i, day)
                continue
            for e in range(own.lines[0].count):
                if ends(today, own.lines[e].period) and is_in_force(own.lines[e], today, True):
                    fen = to_fen(line_of(s, q, own, e, i))
                    s.lines[i, e] += fen
                    s.months[today.month, i] += fen
        for i in range(len(s.managers)):
            for measure in range(MEASURE_COUNT):
                s.managers[i].year_units[measure] = year_so_far(s.managers[i], measure) if today.number < 12 else 0.0
    for period in PERIODS:
        if ends(today, period):
            for i in range(len(s.managers)):
                for measure in range(MEASURE_COUNT):
                    s.managers[i].period_units[measure, period] = 0.0


@rule
def year_so_far(m: np.record, measure: int) -> float:
    """Units since the year's first day, or the horizon's if that is later; of a level, the month's."""
    if LEVELS[measure]:
        return m.period_units[measure, MONTH]
    return m.year_units[measure] + m.period_units[measure, MONTH]


@rule
def line_of(s: State, q: Practice, pay: Schedules, e: int, i: int) -> float:
    """One line of manager i's statement, CNY: a group's pay is split equally; a bundled pair is paid on its mean."""
    line = pay.lines[e]
    if line.joint != SIMPLE:
        return joint_line_of(s, q, pay, e, i)
    if line.measure < 0:
        return pay_at(pay, e, 0.0)
    units, members = 0.0, 0
    for j in range(len(s.managers)):
        if counts_for(s, q, line, i, j):
            units += s.managers[j].period_units[line.measure, line.period]
            members += 1
    if line.credit > 0:
        return pay_at(pay, e, units)
    amount = pay_at(pay, e, units / members if line.own or line.meant else units)
    return amount if line.own else amount / members


@rule
def joint_line_of(s: State, q: Practice, pay: Schedules, e: int, i: int) -> float:
    """As `line_of`, for an element of several inputs."""
    line = pay.lines[e]
    x = np.zeros(line.places)
    members = 0
    for j in range(len(s.managers)):
        if counts_for(s, q, line, i, j):
            members += 1
            for row in range(line.inputs, line.inputs_stop):
                read = pay.lines[row]
                if read.kind == RESULT:
                    x[read.place] += read.times * result_of(s, q, j, read.measure, read.over, line.period)
                elif read.kind == CONSTANT:
                    x[read.place] += read.times * months_of_constant(s, read, line.period)
    if line.credit > 0:
        members = 1
    for place in range(line.places):
        read = pay.lines[line.inputs + place]
        if read.kind == FACTOR:
            x[place] = factor_of(s, q, pay, line, read, i)
            continue
        if line.own or read.meant:
            x[place] /= members
        if read.annualised:
            x[place] *= 12.0 / months_covered(read.over, line.period, s.tally.number)
    amount = pay_joint(pay, e, x)
    return amount if line.own else amount / members


@rule
def result_of(s: State, q: Practice, j: int, measure: int, over: int, period: int) -> float:
    """What manager j has of a measure over the time that a reading covers."""
    if over == IN_YEAR:
        if q.over[measure] == MEAN and len(s.history) > 0:
            return over_months(s, q, j, measure, max(0, s.tally.month - s.tally.number + 1), s.tally.month)
        return year_so_far(s.managers[j], measure)
    return s.managers[j].period_units[measure, MONTH if over == IN_LAST_MONTH else period]


@rule
def months_of_constant(s: State, read: np.record, period: int) -> float:
    """How often a value that stands in for a measure counts: once for a level, otherwise for every month of the run that is read."""
    return 1.0 if read.level else float(min(months_covered(read.over, period, s.tally.number), s.tally.month + 1))


@rule
def advance_of(s: State, q: Practice, pay: Schedules, e: int, i: int) -> int:
    """What an element of a longer period pays in advance on the month's own result against the month's part of the quota, fen."""
    line = pay.lines[e]
    if line.measure < 0:
        earned = pay_at(pay, e, 0.0) / MONTHS_IN[line.period]
    else:
        units, members = 0.0, 0
        for j in range(len(s.managers)):
            if shares_pay(s, q, line, i, j):
                units += s.managers[j].period_units[line.measure, MONTH]
                members += 1
        months = 1 if LEVELS[line.measure] else MONTHS_IN[line.period]
        earned = pay_at(pay, e, months * units / (members if line.own or line.meant else 1))
        earned /= MONTHS_IN[line.period] * (1 if line.own else members)
    return share_of(max(0, rounded_fen(earned, plan_row(pay).rounding)), Ratio(line.advance, line.advance_of))


@rule
def settle_over_time(s: State, w: World, q: Practice, pay: Schedules, i: int, day: int) -> None:
    """Manager i's month where pay has a history: what is earned, then what of it falls due, in the order of payroll on records.

    An element `less` others is trued up; a quarter's advances are settled; a share is held back and released in later months, or
    stays unpaid (`F_HELD`); a negative amount is carried over; then come draw, guarantee and ceiling, as lines of their own.
    """
    today, books, count = w.days[day], books_of(s, pay, i), pay.lines[0].count
    for e in range(count):
        line, fen = pay.lines[e], 0
        books[e, B_DUE] = s.lines[i, later_place(pay, today.month, e)]
        if not is_in_force(line, today, True):
            pass
        elif ends(today, line.period):
            fen = rounded_fen(line_of(s, q, pay, e, i), plan_row(pay).rounding) - books[e, B_ADVANCED]
            books[e, B_ADVANCED] = 0
            for other in range(e):
                if (line.less >> other) & 1:
                    fen -= books[other, book_of(line.period)]
            if line.hold > 0:
                wait(s, pay, books, e, i, today, -hold_back(s, pay, e, i, today.month, fen))
        elif line.advance > 0:
            fen = advance_of(s, q, pay, e, i)
            books[e, B_ADVANCED] += fen
        books[e, B_MONTH] += fen
        books[e, B_QUARTER] += fen
        books[e, B_HALF_YEAR] += fen
        books[e, B_YEAR] += fen
        wait(s, pay, books, e, i, today, fen)
    carry_over(pay, books)
    total = plan_lines(s, w, pay, i, day)
    for e in range(count):
        s.lines[i, e] += books[e, B_DUE]
        total += books[e, B_DUE]
        for period in PERIODS:
            if ends(today, period):
                books[e, book_of(period)] = 0
    most = plan_row(pay).ceiling
    if most >= 0:
        if (today.number - 1) % plan_row(pay).ceiling_months == 0:
            books[count, B_DUE] = 0
        cut = above(books[count, B_DUE] + total, most)
        s.lines[i, count + L_CEILING] -= cut
        total -= cut
        books[count, B_DUE] += total
    s.months[today.month, i] += total


@rule
def books_of(s: State, pay: Schedules, i: int) -> np.ndarray:
    """What is on the way for manager i, fen: BOOKS numbers for each element and for the whole plan."""
    count = pay.lines[0].count
    return s.lines[i, count + PLAN_LINES:count + PLAN_LINES + (count + 1) * BOOKS].reshape(count + 1, BOOKS)


@rule
def later_place(pay: Schedules, month: int, e: int) -> int:
    """The column of `lines` that holds what element e releases in a month."""
    count = pay.lines[0].count
    return count + PLAN_LINES + (count + 1) * BOOKS + month * count + e


@rule
def wait(s: State, pay: Schedules, books: np.ndarray, e: int, i: int, today: np.record, fen: int) -> None:
    """Put what is earned where it falls due: now, at the end of the payment period (or the horizon's), or some months later."""
    line, months = pay.lines[e], 0
    if line.every > 0:
        months = min((line.every - today.number % line.every) % line.every, len(s.months) - 1 - today.month)
    months += line.delay
    if months == 0:
        books[e, B_DUE] += fen
    elif today.month + months < len(s.months):
        s.lines[i, later_place(pay, today.month + months, e)] += fen
    else:
        s.finals[i, F_HELD] += fen / 100.0


@rule
def hold_back(s: State, pay: Schedules, e: int, i: int, month: int, fen: int) -> int:
    """Keep a share of what is earned for later months; what would be released beyond the horizon is noted as unpaid. Fen."""
    line = pay.lines[e]
    kept = share_of(max(0, fen), Ratio(line.hold, line.hold_of))
    left = kept
    s.ledger[month, i, G_DEFERRED] += kept / 100.0
    for r in range(line.releases, line.releases_stop):
        release = pay.lines[r]
        part = left if r + 1 == line.releases_stop else min(left, share_of(kept, Ratio(release.part, release.whole)))
        left -= part
        if month + release.after < len(s.months):
            s.lines[i, later_place(pay, month + release.after, e)] += part
            s.ledger[month + release.after, i, G_DEFERRED] -= part / 100.0
        else:
            s.finals[i, F_HELD] += part / 100.0
    return kept


@rule
def carry_over(pay: Schedules, books: np.ndarray) -> None:
    """Negative amounts are put off, and taken from what the elements named pay later."""
    for e in range(pay.lines[0].count):
        if pay.lines[e].carry > 0:
            put_off, _ = carried(books[e, B_DUE], 0)
            for other in range(pay.lines[0].count):
                if (pay.lines[e].carry >> other) & 1:
                    _, repaid = carried(books[other, B_DUE], books[e, B_BALANCE])
                    books[other, B_DUE] -= repaid
                    books[e, B_BALANCE] -= repaid
            books[e, B_DUE] += put_off
            books[e, B_BALANCE] += put_off


@rule
def due_of(pay: Schedules, books: np.ndarray, of: int) -> int:
    """What the elements named pay this month, fen."""
    total = 0
    for e in range(pay.lines[0].count):
        if (of >> e) & 1:
            total += books[e, B_DUE]
    return total


@rule
def plan_lines(s: State, w: World, pay: Schedules, i: int, day: int) -> int:
    """Draw and guarantee of the month, fen: posted as lines of their own, and returned."""
    terms, books, count = plan_row(pay), books_of(s, pay, i), pay.lines[0].count
    total = 0
    if terms.draw >= 0:
        added, repaid = drawn(due_of(pay, books, terms.draw_of), terms.draw, books[count, B_BALANCE])
        if of_service(s, i, w.days[day].month) > terms.draw_until:
            added = 0
        books[count, B_BALANCE] += added - repaid
        s.lines[i, count + L_DRAW] += added - repaid
        total += added - repaid
    if terms.guarantee >= 0 and of_service(s, i, w.days[day].month) <= terms.guarantee_until:
        more = guaranteed(due_of(pay, books, terms.guarantee_of), terms.guarantee)
        s.lines[i, count + L_GUARANTEE] += more
        total += more
    return total


@rule
def between_days(s: State, w: World) -> None:
    """Pressure fades overnight, some problems solve themselves, a belief that was settled grows a little uncertain again."""
    for i in range(len(s.managers)):
        m = s.managers[i]
        m.pressure = decayed(m.pressure, 0.0, s.overnight.pressure)
        m.belief_variance += w.par.belief_drift
        for k in range(SERVICE):
            m.problems[k] = decayed(m.problems[k], 0.0, s.overnight.problems)


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
        line[R_VETTING] += s.managers[i].hours[VETTING]
        line[R_COLLECTION] += s.managers[i].hours[COLLECTION]
