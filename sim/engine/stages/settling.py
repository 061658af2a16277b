"""Stage 10, pay at a period's end; and what is recorded at the end of every day."""

from __future__ import annotations

import numpy as np

from sim.compiled import rule
from sim.engine.state import (
    MEASURE_COUNT, R_DAYS, R_EFFORT, R_LEANING, R_NORM, R_PRESSURE, R_SKILL, SERVICE, Practice, State, World,
)
from sim.policy.kernel import MONTH, PAIR, QUARTER, TEAM, Schedules, pay_at, to_fen
from sim.rules.meetings import faded


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
def settle_pay(s: State, w: World, q: Practice, pay: Schedules, day: int) -> None:
    """Pay what ends today, line by line, each rounded to the fen; then the period's counters start anew."""
    today = w.days[day]
    for e in range(s.lines.shape[1]):
        for i in range(len(s.managers)):
            at = s.managers[i].variant * s.lines.shape[1] + e
            if at >= len(pay.lines):
                at = e
            if s.managers[i].vacancy == 0 and (today.month_ends if pay.lines[at].period == MONTH else today.quarter_ends):
                fen = to_fen(line_of(s, q, pay, at, i))
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
    """Pressure fades overnight, some problems solve themselves, a belief that was settled grows a little uncertain again."""
    for i in range(len(s.managers)):
        m = s.managers[i]
        m.pressure = faded(m.pressure, w.par.pressure_fade)
        m.belief_variance += w.par.belief_drift
        for k in range(SERVICE):
            m.problems[k] = faded(m.problems[k], w.par.problem_lapse)


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
