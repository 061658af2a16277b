"""Customers change hands: when somebody leaves, when the successor comes, and when portfolios rotate.

Loans, applications and the customers' chains go with them. With customers in full, so do their place in line, the day on which
they will leave, and the book's totals.
"""

from __future__ import annotations

import numpy as np

from sim.compiled import rule
from sim.engine.stages.credit import count_loans
from sim.engine.stages.customers import catch_up
from sim.engine.stages.keeping import bring_up, foresee
from sim.engine.stages.portfolios import grow_restless, reassign
from sim.engine.state import BY_LOAD, CHAINS, CLASS_MOST, F_HANDED_OVER, SERVICE, Full, Practice, State, World
from sim.rules.careers import handed_over, similarity, zest_of


@rule
def competence(m: np.record) -> float:
    """Mean skill over the channels, share of full competence."""
    total = 0.0
    for k in range(SERVICE):
        total += m.skill[k] / SERVICE
    return total


@rule
def hand_over(s: State, w: World, q: Practice, i: int, was: float, day: int, f: Full) -> None:
    """The customers of seat i go to colleagues: to whoever holds the fewest, one by one, or all to the most similar."""
    n, count = len(s.managers), s.managers[i].held
    given = np.zeros(n)
    to = -1
    for left in range(count):
        if to < 0 or q.people.handover == BY_LOAD:
            to = heir(s, q, i, was)
        take_over(s, w, i, to, s.book[i, count - 1 - left], likeness(s, i, was, to), day, f)
        given[to] += 1.0
    s.managers[i].held = 0
    s.finals[i, F_HANDED_OVER] += count
    old = s.pools[i, CHAINS]                                 # the customers' chains come along
    for j in range(n):
        if given[j] > 0.0:
            s.pools[j, CHAINS].available += old.available * given[j] / count
            s.pools[j, CHAINS].worked += old.worked * given[j] / count
            s.pools[j, CHAINS].won += old.won * given[j] / count
    if count > 0:
        old.available, old.worked, old.won = 0.0, 0.0, 0.0


@rule
def heir(s: State, q: Practice, i: int, was: float) -> int:
    """Who in post gets the next customer of seat i."""
    best, top = -1, 0.0
    for j in range(len(s.managers)):
        if s.managers[j].vacancy > 0:
            continue
        worth = -float(s.managers[j].held) if q.people.handover == BY_LOAD else likeness(s, i, was, j)
        if best < 0 or worth > top:
            best, top = j, worth
    return best


@rule
def likeness(s: State, i: int, was: float, j: int) -> float:
    """How alike the manager of seat i, whose competence was `was`, and manager j are, 0 to 1."""
    return similarity(s.people[i].cohort == s.people[j].cohort, was, competence(s.managers[j]))


@rule
def take_over(s: State, w: World, i: int, to: int, row: int, alike: float, day: int, f: Full) -> None:
    """A customer of seat i gets manager `to`, and is not the warmer for it."""
    if s.managers[to].held >= s.book.shape[1]:
        s.tally.overflow = 1
        return
    grow_strange(s, w, row, alike, day, f)
    if w.par.customer_detail > 0.0:
        reassign(s, w, f, row, to, day)
    else:
        s.customers[row].owner = to
        s.book[to, s.managers[to].held] = row
        s.managers[to].held += 1


@rule
def grow_strange(s: State, w: World, row: int, alike: float, day: int, f: Full) -> None:
    """Relationship capital is lost with a change of manager."""
    up_to_date(s, w, row, day, f)
    s.customers[row].satisfaction = handed_over(s.customers[row].satisfaction, w.par.handover_loss, alike)


@rule
def up_to_date(s: State, w: World, row: int, day: int, f: Full) -> None:
    """Bring a customer who has not left up to this day, in short form or in full."""
    if s.customers[row].patience > 0.0:
        if w.par.customer_detail > 0.0:
            bring_up(s, w, f, row, day)
        else:
            catch_up(s, w, row, day)


@rule
def offend(s: State, w: World, row: int, offence: float, day: int, f: Full) -> None:
    """A customer who is treated badly today is less content, and leaves the sooner."""
    up_to_date(s, w, row, day, f)
    s.customers[row].satisfaction = max(0.0, s.customers[row].satisfaction - offence)
    if w.par.customer_detail > 0.0:
        foresee(s, w, f, row, day)


@rule
def meet_successor(s: State, w: World, i: int, alike: float, day: int, f: Full) -> None:
    """The customers who waited in seat i meet whoever was hired into it."""
    for c in range(s.managers[i].held):
        grow_strange(s, w, s.book[i, c], alike, day, f)
        if w.par.customer_detail > 0.0:
            grow_restless(s, w, f, s.book[i, c], day)
    s.finals[i, F_HANDED_OVER] += s.managers[i].held


@rule
def rotate(s: State, w: World, q: Practice, day: int, f: Full) -> None:
    """Portfolios move on by one seat in post: fresh motivation, strange customers."""
    if q.people.rotation_months <= 0 or (w.days[day].month + 1) % q.people.rotation_months != 0 or s.tally.staff < 2:
        return
    n, last = len(s.managers), -1
    for i in range(n):
        if s.managers[i].vacancy > 0:
            continue
        if last >= 0:
            swap_books(s, last, i)
            if w.par.customer_detail > 0.0:
                swap_lines(f, last, i)
        last = i
    before = last                                            # seat i now holds what stood at the next one in post
    for back in range(n):
        i = n - 1 - back
        if s.managers[i].vacancy > 0:
            continue
        if i == last:
            before = first_in_post(s)
        for c in range(s.managers[i].held):
            s.customers[s.book[i, c]].owner = i
        meet_successor(s, w, i, likeness(s, before, competence(s.managers[before]), i), day, f)
        s.managers[i].freshness = 1.0
        s.managers[i].zest = zest_of(1.0, w.par.fresh_effect, s.managers[i].morale, w.par.morale_effect)
        before = i


@rule
def first_in_post(s: State) -> int:
    """The first seat that is not empty."""
    for i in range(len(s.managers)):
        if s.managers[i].vacancy == 0:
            return i
    return -1


@rule
def swap_books(s: State, i: int, j: int) -> None:
    """Two seats exchange customers and their chains."""
    one, other = s.managers[i], s.managers[j]
    for c in range(max(one.held, other.held)):
        s.book[i, c], s.book[j, c] = s.book[j, c], s.book[i, c]
    one.held, other.held = other.held, one.held
    one.next_visit, other.next_visit = other.next_visit, one.next_visit
    mine, theirs = s.pools[i, CHAINS], s.pools[j, CHAINS]
    mine.available, theirs.available = theirs.available, mine.available
    mine.worked, theirs.worked = theirs.worked, mine.worked
    mine.won, theirs.won = theirs.won, mine.won


@rule
def swap_lines(f: Full, i: int, j: int) -> None:
    """Two seats exchange their customers' places in line and the totals of the books."""
    for c in range(CLASS_MOST):
        a, b = f.queues[i, c], f.queues[j, c]
        a.assets, b.assets = b.assets, a.assets
        a.head, b.head = b.head, a.head
        a.tail, b.tail = b.tail, a.tail
        a.mark, b.mark = b.mark, a.mark
        a.count, b.count = b.count, a.count
        a.late, b.late = b.late, a.late
    one, other = f.sellers[i], f.sellers[j]
    one.deposits, other.deposits = other.deposits, one.deposits
    one.wealth, other.wealth = other.wealth, one.wealth
    one.units, other.units = other.units, one.units
    one.lent, other.lent = other.lent, one.lent
    one.items, other.items = other.items, one.items
    one.several, other.several = other.several, one.several


@rule
def pass_loans_on(s: State, w: World) -> None:
    """Applications and loans follow their customers to whoever has them now; what fell due this year comes along."""
    for i in range(len(s.managers)):
        kept = 0
        for place in range(s.credit[i].waiting):
            to = s.customers[s.queue[i, place].customer].owner
            if to == i:
                s.queue[i, kept] = s.queue[i, place]
                kept += 1
            else:
                join_queue(s, i, place, to)
        s.credit[i].waiting = kept
    for place in range(s.tally.loans):
        loan = s.loans[place]
        to = s.customers[loan.customer].owner
        if to != loan.owner:
            s.credit[loan.owner].balance -= loan.principal
            s.credit[to].balance += loan.principal
            s.credit[loan.owner].due -= loan.principal * loan.counted
            s.credit[to].due += loan.principal * loan.counted
            loan.owner = to
    count_loans(s)


@rule
def join_queue(s: State, i: int, place: int, to: int) -> None:
    """An application of seat i takes its place among those of manager `to`, the longest waiting first."""
    at = s.credit[to].waiting
    if at >= s.queue.shape[1]:
        s.tally.overflow = 1
        return
    while at > 0 and s.queue[to, at - 1].day > s.queue[i, place].day:
        s.queue[to, at] = s.queue[to, at - 1]
        at -= 1
    s.queue[to, at] = s.queue[i, place]
    s.queue[to, at].owner = to
    s.credit[to].waiting += 1
