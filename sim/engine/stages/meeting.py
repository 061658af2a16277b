"""Stage 1, meetings: questions, excuses, beliefs, leanings and status."""

from __future__ import annotations

import math

import numpy as np

from sim.compiled import rule
from sim.engine.stages.peers import mean_of_colleagues, sees
from sim.engine.state import SERVICE, Practice, State, World
from sim.engine.streams import REPORT_ERROR, REVISIT, normal, stream, uniform
from sim.rules.meetings import answered, believe, kalman_gain, pressed, worn_excuse
from sim.rules.peers import chance_high, status_after
from sim.rules.psychology import misheard

TELLS_SUCCESSES, TELLS_EXCUSES = 1, 2


@rule
def hold_meeting(s: State, w: World, q: Practice, seed: np.uint64, day: int) -> None:
    """Results become visible: questions are answered, excuses spent, beliefs, leanings and status moved."""
    n = len(s.managers)
    mean_total = 0.0
    for i in range(n):
        if s.managers[i].vacancy == 0:
            mean_total += s.managers[i].total / s.tally.staff
    for i in range(n):                                  # what everybody brings to the meeting, before anyone is moved by it
        s.managers[i].leaned = s.managers[i].leaning
        for k in range(SERVICE):
            s.managers[i].told[k] = s.managers[i].skill[k]
    for i in range(n):
        answer_questions(s, w, q, i)
    for i in range(n):
        if s.managers[i].vacancy > 0:
            continue
        give_account(s, w, q, i)
        revise_belief(s, w, i, seed, day)
        revise_leaning(s, w, q, i, seed, day)
    for i in range(n):
        if s.managers[i].vacancy > 0:
            continue
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
                    best = max(best, s.managers[j].told[k])
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
    s.managers[i].acceptance = worn_excuse(s.managers[i].acceptance, w.par.excuse_wear * q.par.accountability)


@rule
def revise_belief(s: State, w: World, i: int, seed: np.uint64, day: int) -> None:
    """Own productivity, as a factor on what skill promises, is judged by the results since the last meeting."""
    expected = s.managers[i].since_meeting[1]
    if expected <= 1e-9:
        return
    gain = w.par.belief_gain
    if gain <= 0.0:
        if s.managers[i].belief_variance <= 0.0:
            return
        gain = kalman_gain(s.managers[i].belief_variance, 1.0 / expected + w.par.report_noise * w.par.report_noise)
        s.managers[i].belief_variance = (1.0 - gain) * s.managers[i].belief_variance
    observed = s.managers[i].since_meeting[0] / expected
    if w.par.report_noise > 0.0:
        observed = misheard(observed, w.par.report_noise, normal(uniform(stream(seed, REPORT_ERROR, s.people[i].seat, day), 0)))
    s.managers[i].belief = believe(s.managers[i].belief, observed, gain, w.par.belief_floor)


@rule
def revise_leaning(s: State, w: World, q: Practice, i: int, seed: np.uint64, day: int) -> None:
    """Now and then, once excuses no longer carry, a manager leans anew toward one of the two norms."""
    key = stream(seed, REVISIT, s.people[i].seat, day)
    if uniform(key, 0) >= w.par.lean_revisit * (1.0 - s.managers[i].acceptance):
        return
    field = 0.0
    if q.par.telling == TELLS_SUCCESSES:
        field = w.par.lean_field
    elif q.par.telling == TELLS_EXCUSES:
        field = -w.par.lean_field
    high = chance_high(mean_of_colleagues(s, q, i, False, 0.0), w.par.lean_coupling, field)
    s.managers[i].leaning = 1.0 if uniform(key, 1) < high else -1.0
