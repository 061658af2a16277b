"""Customers in full: who they are, whose turn it is, and when they leave (stage 4). The order of contacts and the day of leaving
are kept up to date at each contact, so that a customer nobody contacts costs nothing.
"""

from __future__ import annotations

import math

import numpy as np

from sim.compiled import rule
from sim.engine.stages.customers import close_posts, settle_down
from sim.engine.state import (
    CLASS_MOST, E_AUM, E_ENDOWED, E_HANDED_OVER, E_ITEMS, E_SEVERAL, E_UNMANAGED, F_CHURNED, F_CUSTOMERS, F_SATISFACTION, FUND, BORROWING,
    PAST_MONTHS, PRODUCTS, S_CAUSE, WEALTH, Full, Practice, State, World,
)
from sim.engine.streams import ALWAYS, CAUSE, HELD_AT_START, MARKET, NEED, normal, stream, uniform, unmix
from sim.rules.fading import decayed, left_after
from sim.rules.leaving import hazard_borne, neglect_part
from sim.rules.selling import rival_pull

NOBODY = -1
NEW_CUSTOMER = 1_000_000     # numbers of customers won in the run begin here
LIFE, NEGLECT, RIVAL, UNSUITABLE, HANDOVER = range(5)


# ---- What a customer has and needs -------------------------------------------------------------------------------------


@rule
def need_of(s: State, w: World, f: Full, seed: np.uint64, row: int, p: int) -> float:
    """Purchases of product p a perfect offer finds with this customer: drawn by the customer's key whenever it is read."""
    c = f.clients[row]
    mean = f.needs[s.customers[row].segment, p]
    if mean <= 0.0:
        return 0.0
    u = uniform(stream(seed, NEED, c.home, ALWAYS), c.number * len(PRODUCTS) + p)
    last = len(f.spread) - 1
    place = min(max((normal(u) + 6.0) / 12.0, 0.0), 1.0) * last
    below = min(int(place), last - 1)
    return mean * math.exp(f.spread[below] + (place - below) * (f.spread[below + 1] - f.spread[below]))


@rule
def assets_of(s: State, f: Full, row: int) -> float:
    """Deposits, wealth products and funds of a customer at today's value, CNY."""
    c = f.clients[row]
    return s.customers[row].balance + c.wealth + c.units * f.board.index


@rule
def class_of(s: State, f: Full, assets: float) -> int:
    """The value class of a customer with these assets: the highest whose mark is reached (casebook C15)."""
    tier = 0
    while tier + 1 < f.board.classes and assets >= f.board.above[tier + 1]:
        tier += 1
    return tier


@rule
def holds(s: State, row: int, p: int) -> bool:
    """Whether a customer holds product p."""
    return (s.customers[row].holdings >> p) & 1 == 1


@rule
def items_held(s: State, row: int) -> int:
    """How many products a customer holds."""
    held, items = s.customers[row].holdings, 0
    for p in range(len(PRODUCTS)):
        items += (held >> p) & 1
    return items


# ---- The first day -----------------------------------------------------------------------------------------------------


@rule
def open_books(s: State, w: World, f: Full, q: Practice, seed: np.uint64) -> None:
    """Empty lists, the market's first months, the classes of the policy (or of the world)."""
    for i in range(len(s.managers)):
        f.sellers[i] = f.blank
        if w.par.customer_detail <= 0.0:
            continue
        f.sellers[i].skill = s.people[i].skill_start
        for c in range(CLASS_MOST):
            queue = f.queues[i, c]
            queue.head, queue.tail, queue.mark, queue.count, queue.late, queue.assets = NOBODY, NOBODY, NOBODY, 0, 0, 0.0
            f.sellers[i].focus[c], f.sellers[i].sell_focus[c] = 1.0, 1.0
        for slot in range(f.deals.shape[1]):
            f.deals[i, slot].stage = 0
    if w.par.customer_detail <= 0.0:
        return
    f.calendar[:] = NOBODY
    f.weeks[:] = 0.0
    f.finals[:] = 0.0
    board = f.board
    board.index, board.month, board.classes = 1.0, 0, q.retail.classes
    board.gains, board.money_in, board.premiums, board.money_out, board.units = 0.0, 0.0, 0.0, 0.0, 0.0
    for c in range(CLASS_MOST):
        board.above[c] = q.retail.above[c]
    board.past = past_return(w, f, seed, 0)


@rule
def monthly_return(w: World, f: Full, seed: np.uint64, month: int) -> float:
    """Return of the funds' market in a month of the calendar (0 is the first; months before it have returns too).

    The same in every branch of a replication: the branch's name is taken out of the seed again.
    """
    common = unmix(seed) ^ f.par.branch
    z = normal(uniform(stream(common, MARKET, common, month + 1000), 0))
    return max(-0.9, f.par.return_mean + f.par.return_sd * z)


@rule
def past_return(w: World, f: Full, seed: np.uint64, month: int) -> float:
    """Mean monthly return of the three months before."""
    total = 0.0
    for back in range(1, PAST_MONTHS + 1):
        total += monthly_return(w, f, seed, month - back)
    return total / PAST_MONTHS


@rule
def welcome(s: State, w: World, f: Full, seed: np.uint64, row: int, day: int, number: int, home: np.uint64, place: int) -> None:
    """Fill in what a customer in full has beside the short form, and give the customer a place in line.

    place: in the owner's book, -1 in nobody's. Those there at the start were last contacted at times spread evenly over the past.
    """
    c = f.clients[row]
    c.home, c.number, c.cause, c.reviewed, c.late, c.leaves = home, number, NOBODY, NOBODY, 0, NOBODY
    c.before, c.after, c.earlier, c.later, c.tier, c.touched = NOBODY, NOBODY, NOBODY, NOBODY, 0, day
    c.wealth, c.units, c.lent, c.counted, c.regret, c.strange = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    i = s.customers[row].owner
    c.place = place
    if number < NEW_CUSTOMER:
        waited = 1.0 - (place + 0.5) / max(1.0, s.people[i].portfolio)
        c.touched = -1 - int(f.par.contact_spread * max(0.0, waited))
    s.customers[row].holdings = 1
    key = stream(seed, HELD_AT_START, home, ALWAYS)
    if f.par.held_history > 0.0 and number < NEW_CUSTOMER:
        assets = s.customers[row].balance
        for p in range(1, len(PRODUCTS)):
            mean = need_of(s, w, f, seed, row, p) * f.par.held_history
            if uniform(key, number * len(PRODUCTS) + p) < -math.expm1(-mean):
                s.customers[row].holdings |= 1 << p
                amount = min(f.products[p].part * assets, 0.9 * s.customers[row].balance)
                if p == BORROWING:
                    c.lent = f.products[p].part * assets
                elif p == FUND or p == WEALTH:
                    s.customers[row].balance -= amount
                    if p == FUND:
                        c.units = amount / f.board.index
                    else:
                        c.wealth = amount
    court(s, f, row)
    f.board.money_in += assets_of(s, f, row)
    f.board.units += c.units
    count_in(s, f, row, 1.0)
    line_up(s, f, row)
    foresee(s, w, f, row, day)


@rule
def court(s: State, f: Full, row: int) -> None:
    """How hard rivals court a customer, by today's assets."""
    pull = rival_pull(f.par.rival_yearly / f.par.year_days, assets_of(s, f, row), f.par.rival_unit, f.par.rival_power)
    f.clients[row].rival = pull


@rule
def welcome_all(s: State, w: World, f: Full, seed: np.uint64) -> None:
    """Those there at the start, book by book."""
    for i in range(len(s.managers)):
        for place in range(s.managers[i].held):
            welcome(s, w, f, seed, s.book[i, place], 0, place, s.people[i].seat, place)
    f.board.welcomed = s.tally.customers


@rule
def welcome_new(s: State, w: World, f: Full, seed: np.uint64, day: int) -> None:
    """Those who opened an account since: the owner's, in the order of opening."""
    for row in range(f.board.welcomed, s.tally.customers):
        i = s.customers[row].owner
        # several of one owner may wait: the first of them stands as far from the book's end as there are others behind
        place = s.managers[i].held - 1
        while s.book[i, place] != row:
            place -= 1
        welcome(s, w, f, seed, row, day, NEW_CUSTOMER + f.sellers[i].won, s.people[i].seat, place)
        f.sellers[i].won += 1
    f.board.welcomed = s.tally.customers


@rule
def count_in(s: State, f: Full, row: int, sign: float) -> None:
    """Add a customer to the totals of the owner's book, or take the customer out (sign -1). Nobody's customers count nowhere."""
    c = f.clients[row]
    if c.place < 0:
        return
    seller = f.sellers[s.customers[row].owner]
    seller.deposits += sign * s.customers[row].balance
    seller.wealth += sign * c.wealth
    seller.units += sign * c.units
    seller.lent += sign * c.lent
    items = items_held(s, row)
    seller.items += sign * items
    if items > 1:
        seller.several += sign


# ---- Whose turn it is --------------------------------------------------------------------------------------------------


@rule
def line_up(s: State, f: Full, row: int) -> None:
    """To the end of the line of the owner's customers of the class: it is in the order of the last contact."""
    c = f.clients[row]
    if c.place < 0:
        return
    c.counted = assets_of(s, f, row)
    c.tier, c.late = class_of(s, f, c.counted), 0
    queue = f.queues[s.customers[row].owner, c.tier]
    c.before, c.after = queue.tail, NOBODY
    if queue.tail >= 0:
        f.clients[queue.tail].after = row
    else:
        queue.head = row
    queue.tail = row
    if queue.mark < 0:
        queue.mark = row
    queue.count += 1
    queue.assets += c.counted


@rule
def step_out(s: State, f: Full, row: int) -> None:
    """Out of line."""
    c = f.clients[row]
    if c.place < 0:
        return
    queue = f.queues[s.customers[row].owner, c.tier]
    if c.late == 1:
        queue.late -= 1
        c.late = 0
    elif queue.mark == row:
        queue.mark = c.after
    if c.before >= 0:
        f.clients[c.before].after = c.after
    else:
        queue.head = c.after
    if c.after >= 0:
        f.clients[c.after].before = c.before
    else:
        queue.tail = c.before
    c.before, c.after = NOBODY, NOBODY
    queue.count -= 1
    queue.assets -= c.counted


@rule
def fall_due(s: State, f: Full, q: Practice, day: int) -> None:
    """Who has waited longer than the standard allows becomes overdue; each customer once between two contacts."""
    for i in range(len(s.managers)):
        for c in range(q.retail.classes):
            queue = f.queues[i, c]
            if q.retail.every[c] <= 0.0:
                continue
            while queue.mark >= 0 and f.clients[queue.mark].touched + q.retail.every[c] < day:
                f.clients[queue.mark].late = 1
                queue.late += 1
                queue.mark = f.clients[queue.mark].after


# ---- When they leave ---------------------------------------------------------------------------------------------------


@rule
def borne_by(s: State, w: World, f: Full, row: int, days: float) -> float:
    """Hazard a customer bears in so many days from the day last seen, if nobody calls."""
    c = f.clients[row]
    return hazard_borne(s.customers[row].hazard, c.rival, c.regret + c.strange, s.customers[row].satisfaction, w.par.satisfaction_rest,
                        days, w.par.satisfaction_decay, w.par.churn_response, f.par.rival_loyalty, f.par.scar_fade)


@rule
def foresee(s: State, w: World, f: Full, row: int, day: int) -> None:
    """Enter the day on which a customer will leave if nobody calls: the first at whose end the patience is spent."""
    unforesee(s, f, row)
    ahead = len(w.days) - 1 - day
    if borne_by(s, w, f, row, float(ahead)) < s.customers[row].patience:
        return
    low, high = 0, ahead
    while high - low > 1:
        middle = (low + high) // 2
        if borne_by(s, w, f, row, float(middle)) < s.customers[row].patience:
            low = middle
        else:
            high = middle
    c = f.clients[row]
    c.leaves = day + high
    first = f.calendar[c.leaves]
    c.earlier, c.later = NOBODY, first
    if first >= 0:
        f.clients[first].earlier = row
    f.calendar[c.leaves] = row


@rule
def unforesee(s: State, f: Full, row: int) -> None:
    """Out of the calendar of leavers."""
    c = f.clients[row]
    if c.leaves < 0:
        return
    if c.earlier >= 0:
        f.clients[c.earlier].later = c.later
    else:
        f.calendar[c.leaves] = c.later
    if c.later >= 0:
        f.clients[c.later].earlier = c.earlier
    c.leaves, c.earlier, c.later = NOBODY, NOBODY, NOBODY


@rule
def bring_up(s: State, w: World, f: Full, row: int, day: int) -> None:
    """Bring a customer in full up to this day, in closed form: hazard borne, satisfaction, irritation, scars."""
    days = float(day - s.customers[row].seen)
    if days <= 0.0:
        return
    c = f.clients[row]
    s.customers[row].patience -= borne_by(s, w, f, row, days)
    settle_down(s, w, row, day)
    scars_left = left_after(days, f.par.scar_fade)
    c.regret, c.strange = decayed(c.regret, 0.0, scars_left), decayed(c.strange, 0.0, scars_left)


@rule
def depart(s: State, w: World, f: Full, seed: np.uint64, day: int) -> None:
    """Those whose day has come leave, with their money, for a cause drawn by what then drove them."""
    while f.calendar[day] >= 0:
        leave(s, w, f, seed, f.calendar[day], day)


@rule
def leave(s: State, w: World, f: Full, seed: np.uint64, row: int, day: int) -> None:
    """One customer leaves."""
    bring_up(s, w, f, row, day)
    unforesee(s, f, row)
    c, i = f.clients[row], s.customers[row].owner
    s.customers[row].patience = min(0.0, s.customers[row].patience)
    c.cause = cause_of(s, w, f, seed, row)
    f.weeks[w.days[day].week, i, S_CAUSE + c.cause] += 1.0
    if c.place >= 0 and c.tier > 0:
        f.sellers[i].key_lost += 1
    step_out(s, f, row)
    count_in(s, f, row, -1.0)
    f.board.money_out += assets_of(s, f, row)
    f.board.units -= c.units
    s.customers[row].balance, c.wealth, c.units, c.lent = 0.0, 0.0, 0.0, 0.0
    out_of_book(s, f, row)


@rule
def out_of_book(s: State, f: Full, row: int) -> None:
    """Out of the owner's book: the last in it takes the place."""
    c, i = f.clients[row], s.customers[row].owner
    if c.place < 0:
        return
    s.managers[i].held -= 1
    last = s.book[i, s.managers[i].held]
    s.book[i, c.place] = last
    f.clients[last].place = c.place
    c.place = NOBODY


@rule
def cause_of(s: State, w: World, f: Full, seed: np.uint64, row: int) -> int:
    """Why a customer leaves: competing hazards of this day, each with its part."""
    c, satisfaction = f.clients[row], s.customers[row].satisfaction
    gap = 0.5 - satisfaction
    own = s.customers[row].hazard * (1.0 + w.par.churn_response * gap)
    neglect = neglect_part(s.customers[row].hazard, satisfaction, w.par.churn_response)
    rival = c.rival * (1.0 + f.par.rival_loyalty * gap)
    point = uniform(stream(seed, CAUSE, c.home, ALWAYS), c.number) * (own + rival + c.regret + c.strange)
    if point < own - neglect:
        return LIFE
    if point < own:
        return NEGLECT
    if point < own + rival:
        return RIVAL
    return UNSUITABLE if point < own + rival + c.regret else HANDOVER


@rule
def market_day(s: State, w: World, f: Full, seed: np.uint64, day: int) -> None:
    """On a month's first day funds take on the value that the month before has left them."""
    month = w.days[day].month
    while f.board.month < month:
        before = f.board.index
        f.board.index = before * (1.0 + monthly_return(w, f, seed, f.board.month))
        f.board.gains += f.board.units * (f.board.index - before)
        f.board.month += 1
        f.board.past = past_return(w, f, seed, f.board.month)


@rule
def held_assets(s: State, f: Full, i: int) -> float:
    """Deposits, wealth products and funds in manager i's book, CNY."""
    seller = f.sellers[i]
    return seller.deposits + seller.wealth + seller.units * f.board.index


# ---- The end -----------------------------------------------------------------------------------------------------------


@rule
def close_shop(s: State, w: World, f: Full, day: int) -> None:
    """At the horizon's end every customer catches up and is counted, and so is what the book holds."""
    for row in range(s.tally.customers):
        i = s.customers[row].owner
        if s.customers[row].patience <= 0.0:
            s.finals[i, F_CHURNED] += 1.0
            continue
        bring_up(s, w, f, row, day)
        s.finals[i, F_SATISFACTION] += s.customers[row].satisfaction
        s.finals[i, F_CUSTOMERS] += 1.0
        if f.clients[row].place < 0:
            f.finals[i, E_UNMANAGED] += 1.0
    for i in range(len(s.managers)):
        if s.finals[i, F_CUSTOMERS] > 0.0:
            s.finals[i, F_SATISFACTION] /= s.finals[i, F_CUSTOMERS]
        seller = f.sellers[i]
        f.finals[i, E_AUM] = held_assets(s, f, i)
        f.finals[i, E_ITEMS], f.finals[i, E_SEVERAL] = seller.items, seller.several
        f.finals[i, E_ENDOWED], f.finals[i, E_HANDED_OVER] = s.managers[i].endowed, seller.handed_over
    close_posts(s)


__all__ = ["assets_of", "bring_up", "close_shop", "count_in", "court", "depart", "fall_due", "foresee", "held_assets", "holds", "items_held",
           "line_up", "market_day", "need_of", "open_books", "step_out", "unforesee", "welcome"]
