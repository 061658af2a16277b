"""Before the first day: people take their seats, pools fill, pairs form, customers are there."""

from __future__ import annotations

import math

import numpy as np

from sim.compiled import rule
from sim.engine.lanes import keep_lanes
from sim.engine.stages.aims import begin_aims
from sim.engine.stages.books import open_ledger
from sim.engine.stages.chances import spread
from sim.engine.stages.credit import open_credit
from sim.engine.stages.customers import populate
from sim.engine.stages.keeping import open_books, welcome_all
from sim.engine.stages.portfolios import allot, endow
from sim.engine.state import ACCOUNTS, CHAINS, CHANNEL_COUNT, SERVICE, SERVICE_CONTACTS, SHARED, Full, Practice, State, World
from sim.engine.streams import LEANING, MOTIVE, OPT_IN, PAIRING, TALENT, stream, uniform
from sim.rules.fading import left_after
from sim.rules.prospecting import blocked


@rule
def clear(s: State) -> None:
    """Make a used branch empty again. Customers' rows need no clearing: they are written before they are read."""
    for i in range(len(s.managers)):
        s.managers[i] = s.blank
    s.tally.customers, s.tally.overflow, s.tally.loans = 0, 0, 0
    s.lines[:], s.months[:], s.weeks[:], s.daily_accounts[:], s.finals[:] = 0, 0, 0.0, 0.0, 0.0
    s.ledger[:] = 0.0
    s.history[:] = 0.0


@rule
def begin(s: State, w: World, q: Practice, seed: np.uint64, f: Full | None) -> None:
    """The morning of the first day: people, pools, pairs, customers."""
    clear(s)
    for i in range(len(w.people)):
        s.people[i] = w.people[i]
    s.tally.staff = len(w.people)
    for i in range(len(w.people)):
        s.managers[i].grade = q.grade_at_start[i]
        s.managers[i].tenure = int(math.floor(w.people[i].tenure))
        s.managers[i].started = 1 if s.managers[i].tenure >= q.people.startup_months else 0
        enter(s, w, q, seed, i)
        s.managers[i].mentor = q.managers[i].mentor
    fill_pools(s, w)
    for days in range(len(s.left)):
        s.left[days, 0], s.left[days, 1] = left_after(days, w.par.satisfaction_decay), left_after(days, w.par.irritation_fade)
    s.overnight.pressure, s.overnight.problems = left_after(1.0, w.par.pressure_fade), left_after(1.0, w.par.problem_lapse)
    s.overnight.partners, s.overnight.skill = left_after(1.0, w.par.partner_fade), left_after(1.0, w.par.forgetting_rate)
    for k in range(CHANNEL_COUNT):
        s.desk.yields[k, ACCOUNTS] = 1.0
    s.desk.yields[SERVICE, SERVICE_CONTACTS] = 1.0
    make_pairs(s, w, q, seed)
    if f is None:
        populate(s, w, seed)
    else:
        if q.aims.on:
            for i in range(len(w.people)):
                begin_aims(s, w, q, seed, i)
        open_books(s, w, f, q, seed)
        if q.retail.allocation > 0:
            allot(s, w, f, q, seed)
        else:
            populate(s, w, seed)
            if w.par.customer_detail > 0.0:
                welcome_all(s, w, f, seed)
    open_ledger(s)
    if f is not None and w.lending.lending > 0.0:
        open_credit(s, w, seed)
    endow(s, f)


@rule
def enter(s: State, w: World, q: Practice, seed: np.uint64, i: int) -> None:
    """A person takes seat i: gifts, habits and beliefs of a first day. All else of the row is nil or set by the caller."""
    m, person = s.managers[i], s.people[i]
    m.talent = spread(stream(seed, TALENT, person.seat, 0), w.par.talent_spread)
    m.motive = spread(stream(seed, MOTIVE, person.seat, 0), w.par.intrinsic_spread)
    m.leaning = 1.0 if uniform(stream(seed, LEANING, person.seat, 0), 0) < person.lean_start else -1.0
    m.effort = person.effort_start
    m.status, m.acceptance = q.managers[i].status, person.excuse_start
    m.belief, m.belief_variance = 1.0, w.par.belief_variance
    m.mentor, m.mentee, m.trained, m.zest = -1, -1, -1, 1.0
    m.toil, m.lure = 1.0, 1.0
    for k in range(CHANNEL_COUNT):
        m.skill[k], m.clear[k] = person.skill_start, blocked(m.problems[k], w.par.problem_block)
    keep_lanes(s, seed, i)


@rule
def fill_pools(s: State, w: World) -> None:
    """Whole prospects: the branch's intermediaries and streets, each manager's chains and network."""
    n = len(w.people)
    for row in range(n + 1):
        for k in range(CHANNEL_COUNT):
            if SHARED[k]:
                size = w.channels[k].pool * n if row == n else 0.0
            elif row == n:
                size = 0.0
            else:
                size = w.channels[k].pool * (s.people[row].portfolio if k == CHAINS else s.people[row].network_size)
            pool = s.pools[row, k]
            pool.available, pool.worked, pool.won = math.floor(size), 0.0, 0.0


@rule
def make_pairs(s: State, w: World, q: Practice, seed: np.uint64) -> None:
    """Pairs by name, best with newest, or random; where taking part is voluntary the less able stay away (E21)."""
    n = len(w.people)
    if q.par.pair_rule > 0:
        taken = np.zeros(n, dtype=np.bool_)
        for _ in range(min(q.par.pair_count, n // 2)):
            teacher, pupil = -1, -1
            for i in range(n):
                if not taken[i] and (teacher < 0 or mentor_rank(s, w, q, seed, i) > mentor_rank(s, w, q, seed, teacher)):
                    teacher = i
            for i in range(n):
                if not taken[i] and i != teacher and (pupil < 0 or mentee_rank(w, q, seed, i) > mentee_rank(w, q, seed, pupil)):
                    pupil = i
            taken[teacher], taken[pupil] = True, True
            s.managers[pupil].mentor = teacher
    for i in range(n):
        if s.managers[i].mentor >= 0 and q.par.voluntary:
            willing = 1.0 / (1.0 + math.exp(-w.par.opt_in_slope * (s.managers[i].skill[0] * s.managers[i].talent - w.par.opt_in_skill)))
            if uniform(stream(seed, OPT_IN, s.people[i].seat, 0), 0) >= willing:
                s.managers[i].mentor = -1
    for i in range(n):
        if s.managers[i].mentor >= 0:
            s.managers[s.managers[i].mentor].mentee = i


@rule
def mentor_rank(s: State, w: World, q: Practice, seed: np.uint64, i: int) -> float:
    """Who mentors first: by skill times talent, or by lot."""
    if q.par.pair_rule == 2:
        return uniform(stream(seed, PAIRING, s.people[i].seat, 0), 0)
    return s.managers[i].skill[0] * s.managers[i].talent


@rule
def mentee_rank(w: World, q: Practice, seed: np.uint64, i: int) -> float:
    """Who is mentored first: the newest, or by lot."""
    if q.par.pair_rule == 2:
        return uniform(stream(seed, PAIRING, w.people[i].seat, 0), 1)
    return -w.people[i].tenure
