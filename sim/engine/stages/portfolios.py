"""Portfolio rules: customers are allotted on the first morning as the policy says, within spans of control."""

from __future__ import annotations

import math

import numpy as np

from sim.compiled import rule
from sim.engine.stages.customers import admit, luck_of, segment_of
from sim.engine.stages.keeping import bring_up, count_in, foresee, line_up, out_of_book, step_out, welcome
from sim.engine.state import Full, Practice, State, World
from sim.engine.streams import ALLOTMENT, ALWAYS, SEGMENT, START_BALANCE, normal, stream, uniform
from sim.rules.portfolios import rent_target, room_taken, snake

AS_GIVEN, RANDOM, BY_SKILL, BY_SEGMENT, LEVELLED = 1, 2, 3, 4, 5        # codes of `allocation`; 0: no rule at all
HAIR = 1e-9              # so that a thousand thousandths fill a span and do not overfill it


@rule
def allot(s: State, w: World, f: Full, q: Practice, seed: np.uint64) -> None:
    """The same customers as without a rule, drawn by (first owner, number), dealt out anew; those beyond the spans are nobody's."""
    n, total = len(w.people), 0
    for i in range(n):
        total += int(s.people[i].portfolio)
    balance, key = np.zeros(total), np.zeros(total)
    segment, home, number = np.zeros(total, dtype=np.int64), np.zeros(total, dtype=np.int64), np.zeros(total, dtype=np.int64)
    at = 0
    for i in range(n):
        seat = s.people[i].seat
        segments, balances, lots = stream(seed, SEGMENT, seat, ALWAYS), stream(seed, START_BALANCE, seat, ALWAYS), stream(seed, ALLOTMENT, seat, ALWAYS)
        for c in range(int(s.people[i].portfolio)):
            kind = segment_of(w, uniform(segments, c))
            balance[at] = math.exp(w.segments[kind].balance_log_median + w.segments[kind].balance_log_sd * normal(uniform(balances, c)))
            segment[at], home[at], number[at] = kind, i, c
            key[at] = order_key(q.retail.allocation, balance[at], kind, uniform(lots, c))
            at += 1
    order = np.argsort(key, kind="mergesort")
    ranks = ranked(s, q)
    load = np.zeros(n)
    turn, given = 0, 0
    for place in range(total):
        c = order[place]
        if q.retail.allocation == AS_GIVEN:
            i = home[c]
        elif q.retail.allocation == LEVELLED:
            i = snake(place, n)
        else:
            while given >= int(s.people[ranks[turn]].portfolio):
                turn, given = turn + 1, 0
            i = ranks[turn]
            given += 1
        load[i] = room_taken(load[i], q.retail.span[segment[c]])
        managed = load[i] <= 1.0 + HAIR
        row = s.tally.customers
        seat = s.people[home[c]].seat
        admit(s, w, luck_of(seed, seat, number[c]), seat, i, row, 0, balance[c], segment[c], number[c], managed)
        if w.par.customer_detail > 0.0:
            welcome(s, w, f, seed, row, 0, number[c], seat, s.managers[i].held - 1 if managed else -1)
        if managed and home[c] != i:
            hand_over(s, w, f, row, 0)
    f.board.welcomed = s.tally.customers


@rule
def order_key(allocation: int, balance: float, segment: int, lot: float) -> float:
    """In which order customers are dealt out, the smallest first: as given, by lot, the richest first, or the highest segment first."""
    if allocation == RANDOM:
        return lot
    if allocation == BY_SKILL or allocation == LEVELLED:
        return -balance
    return -segment + 0.5 * lot if allocation == BY_SEGMENT else 0.0


@rule
def ranked(s: State, q: Practice) -> np.ndarray:
    """Managers in the order in which they are given customers: by skill times talent, or as they stand."""
    key = np.zeros(len(s.managers))
    for i in range(len(s.managers)):
        if q.retail.allocation == BY_SKILL or q.retail.allocation == BY_SEGMENT:
            key[i] = -s.managers[i].skill[0] * s.managers[i].talent
    return np.argsort(key, kind="mergesort")


@rule
def hand_over(s: State, w: World, f: Full, row: int, day: int) -> None:
    """A customer who is handed to somebody else on the first day is less content, and for some time more ready to leave."""
    s.customers[row].satisfaction = max(0.0, s.customers[row].satisfaction - f.par.handover_offence)
    if w.par.customer_detail > 0.0:
        grow_restless(s, w, f, row, day)
    else:
        f.sellers[s.customers[row].owner].handed_over += 1


@rule
def grow_restless(s: State, w: World, f: Full, row: int, day: int) -> None:
    """A customer in full who has another manager is for some time more ready to leave."""
    f.sellers[s.customers[row].owner].handed_over += 1
    f.clients[row].strange += f.par.handover_hazard / f.par.year_days
    if s.customers[row].patience > 0.0:
        foresee(s, w, f, row, day)


@rule
def reassign(s: State, w: World, f: Full, row: int, to: int, day: int) -> None:
    """Hand a customer in full over to manager `to`, or to nobody where that book is full."""
    bring_up(s, w, f, row, day)
    step_out(s, f, row)
    count_in(s, f, row, -1.0)
    out_of_book(s, f, row)
    s.customers[row].owner = to
    if s.managers[to].held < s.book.shape[1]:
        s.book[to, s.managers[to].held] = row
        f.clients[row].place = s.managers[to].held
        s.managers[to].held += 1
    f.clients[row].touched = day
    count_in(s, f, row, 1.0)
    line_up(s, f, row)
    grow_restless(s, w, f, row, day)


@rule
def endow(s: State, f: Full | None) -> None:
    """What everybody starts with, CNY: the balances in the book (with customers in full, all their assets)."""
    n, total = len(s.managers), 0.0
    for i in range(n):
        own = 0.0
        for place in range(s.managers[i].held):
            own += s.customers[s.book[i, place]].balance
        if f is not None:
            own += f.sellers[i].wealth + f.sellers[i].units
        s.managers[i].endowed = own
        total += own
    for i in range(n):
        s.managers[i].mean_endowed = total / n


@rule
def rent_of(m: np.record, strength: float) -> float:
    """Factor on manager i's target by differential rent: what the policy's `rent` makes of the endowed portfolio."""
    return rent_target(1.0, strength, m.endowed, m.mean_endowed)
