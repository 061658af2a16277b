"""Customers in full: who they are, whose turn it is, and when they leave (stage 4). The order of contacts and the day of leaving
are kept up to date at each contact, so that a customer nobody contacts costs nothing.
"""

from __future__ import annotations

import math

import numpy as np

from sim.compiled import rule
from sim.engine.state import (
    CLASS_MOST, E_AUM, E_ENDOWED, E_HANDED_OVER, E_ITEMS, E_SEVERAL, E_UNMANAGED, F_CHURNED, F_CUSTOMERS, F_SATISFACTION, FUND, LOAN,
    PAST_MONTHS, PRODUCTS, S_CAUSE, WEALTH, Practice, State, World,
)
from sim.engine.streams import ALWAYS, CAUSE, HELD_AT_START, MARKET, NEED, normal, stream, uniform, unmix
from sim.rules.customers import decayed
from sim.rules.leaving import hazard_borne, neglect_part
from sim.rules.selling import rival_pull

NOBODY = -1
NEW_CUSTOMER = 1_000_000     # numbers of customers won in the run begin here
LIFE, NEGLECT, RIVAL, UNSUITABLE, HANDOVER = range(5)


# ---- What a customer has and needs -------------------------------------------------------------------------------------


@rule
def need_of(s: State, w: World, seed: np.uint64, row: int, p: int) -> float:
    """Purchases of product p a perfect offer finds with this customer: drawn by the customer's key whenever it is read."""
    c = s.sales.clients[row]
    mean = w.shop.needs[s.customers[row].segment, p]
    if mean <= 0.0:
        return 0.0
    u = uniform(stream(seed, NEED, c.home, ALWAYS), c.number * len(PRODUCTS) + p)
    last = len(w.shop.spread) - 1
    place = min(max((normal(u) + 6.0) / 12.0, 0.0), 1.0) * last
    below = min(int(place), last - 1)
    return mean * math.exp(w.shop.spread[below] + (place - below) * (w.shop.spread[below + 1] - w.shop.spread[below]))


@rule
def assets_of(s: State, row: int) -> float:
    """Deposits, wealth products and funds of a customer at today's value, CNY."""
    c = s.sales.clients[row]
    return s.customers[row].balance + c.wealth + c.units * s.sales.board.index


@rule
def class_of(s: State, assets: float) -> int:
    """The value class of a customer with these assets: the highest whose mark is reached (casebook C15)."""
    tier = 0
    while tier + 1 < s.sales.board.classes and assets >= s.sales.board.above[tier + 1]:
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
def open_books(s: State, w: World, q: Practice, seed: np.uint64) -> None:
    """Empty lists, the market's first months, the classes of the policy (or of the world)."""
    for i in range(len(s.managers)):
        s.sales.sellers[i].skill = w.people[i].skill_start
        for c in range(CLASS_MOST):
            queue = s.sales.queues[i, c]
            queue.head, queue.tail, queue.mark, queue.count, queue.late, queue.assets = NOBODY, NOBODY, NOBODY, 0, 0, 0.0
            s.sales.sellers[i].focus[c], s.sales.sellers[i].sell_focus[c] = 1.0, 1.0
        for slot in range(s.sales.deals.shape[1]):
            s.sales.deals[i, slot].stage = 0
    s.sales.calendar[:] = NOBODY
    s.sales.weeks[:] = 0.0
    s.sales.finals[:] = 0.0
    board = s.sales.board
    board.index, board.month, board.classes = 1.0, 0, q.retail.classes
    board.gains, board.money_in, board.premiums, board.money_out, board.units = 0.0, 0.0, 0.0, 0.0, 0.0
    for c in range(CLASS_MOST):
        board.above[c] = q.retail.above[c]
    board.past = past_return(w, seed, 0)


@rule
def monthly_return(w: World, seed: np.uint64, month: int) -> float:
    """Return of the funds' market in a month of the calendar (0 is the first; months before it have returns too).

    The same in every branch of a replication: the branch's name is taken out of the seed again.
    """
    common = unmix(seed) ^ w.shop.par.branch
    z = normal(uniform(stream(common, MARKET, common, month + 1000), 0))
    return max(-0.9, w.shop.par.return_mean + w.shop.par.return_sd * z)


@rule
def past_return(w: World, seed: np.uint64, month: int) -> float:
    """Mean monthly return of the three months before."""
    total = 0.0
    for back in range(1, PAST_MONTHS + 1):
        total += monthly_return(w, seed, month - back)
    return total / PAST_MONTHS


@rule
def welcome(s: State, w: World, seed: np.uint64, row: int, day: int, number: int, home: np.uint64, place: int) -> None:
    """Fill in what a customer in full has beside the short form, and give the customer a place in line.

    place: in the owner's book, -1 in nobody's. Those there at the start were last contacted at times spread evenly over the past.
    """
    c = s.sales.clients[row]
    c.home, c.number, c.cause, c.reviewed, c.late, c.leaves = home, number, NOBODY, NOBODY, 0, NOBODY
    c.before, c.after, c.earlier, c.later, c.tier, c.touched = NOBODY, NOBODY, NOBODY, NOBODY, 0, day
    c.wealth, c.units, c.lent, c.counted, c.regret, c.strange = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    i = s.customers[row].owner
    c.place = place
    if number < NEW_CUSTOMER:
        waited = 1.0 - (place + 0.5) / max(1.0, w.people[i].portfolio)
        c.touched = -1 - int(w.shop.par.contact_spread * max(0.0, waited))
    s.customers[row].holdings = 1
    key = stream(seed, HELD_AT_START, home, ALWAYS)
    if w.shop.par.held_history > 0.0 and number < NEW_CUSTOMER:
        assets = s.customers[row].balance
        for p in range(1, len(PRODUCTS)):
            mean = need_of(s, w, seed, row, p) * w.shop.par.held_history
            if uniform(key, number * len(PRODUCTS) + p) < -math.expm1(-mean):
                s.customers[row].holdings |= 1 << p
                amount = min(w.shop.products[p].part * assets, 0.9 * s.customers[row].balance)
                if p == LOAN:
                    c.lent = w.shop.products[p].part * assets
                elif p == FUND or p == WEALTH:
                    s.customers[row].balance -= amount
                    if p == FUND:
                        c.units = amount / s.sales.board.index
                    else:
                        c.wealth = amount
    c.rival = rival_pull(w.shop.par.rival_yearly / w.shop.par.year_days, assets_of(s, row), w.shop.par.rival_unit, w.shop.par.rival_power)
    s.sales.board.money_in += assets_of(s, row)
    s.sales.board.units += c.units
    count_in(s, row, 1.0)
    line_up(s, row)
    foresee(s, w, row, day)


@rule
def count_in(s: State, row: int, sign: float) -> None:
    """Add a customer to the totals of the owner's book, or take the customer out (sign -1). Nobody's customers count nowhere."""
    c = s.sales.clients[row]
    if c.place < 0:
        return
    seller = s.sales.sellers[s.customers[row].owner]
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
def line_up(s: State, row: int) -> None:
    """To the end of the line of the owner's customers of the class: it is in the order of the last contact."""
    c = s.sales.clients[row]
    if c.place < 0:
        return
    c.counted = assets_of(s, row)
    c.tier, c.late = class_of(s, c.counted), 0
    queue = s.sales.queues[s.customers[row].owner, c.tier]
    c.before, c.after = queue.tail, NOBODY
    if queue.tail >= 0:
        s.sales.clients[queue.tail].after = row
    else:
        queue.head = row
    queue.tail = row
    if queue.mark < 0:
        queue.mark = row
    queue.count += 1
    queue.assets += c.counted


@rule
def step_out(s: State, row: int) -> None:
    """Out of line."""
    c = s.sales.clients[row]
    if c.place < 0:
        return
    queue = s.sales.queues[s.customers[row].owner, c.tier]
    if c.late == 1:
        queue.late -= 1
        c.late = 0
    elif queue.mark == row:
        queue.mark = c.after
    if c.before >= 0:
        s.sales.clients[c.before].after = c.after
    else:
        queue.head = c.after
    if c.after >= 0:
        s.sales.clients[c.after].before = c.before
    else:
        queue.tail = c.before
    c.before, c.after = NOBODY, NOBODY
    queue.count -= 1
    queue.assets -= c.counted


@rule
def fall_due(s: State, q: Practice, day: int) -> None:
    """Who has waited longer than the standard allows becomes overdue; each customer once between two contacts."""
    for i in range(len(s.managers)):
        for c in range(q.retail.classes):
            queue = s.sales.queues[i, c]
            if q.retail.every[c] <= 0.0:
                continue
            while queue.mark >= 0 and s.sales.clients[queue.mark].touched + q.retail.every[c] < day:
                s.sales.clients[queue.mark].late = 1
                queue.late += 1
                queue.mark = s.sales.clients[queue.mark].after


# ---- When they leave ---------------------------------------------------------------------------------------------------


@rule
def borne_by(s: State, w: World, row: int, days: float) -> float:
    """Hazard a customer bears in so many days from the day last seen, if nobody calls."""
    c = s.sales.clients[row]
    return hazard_borne(s.customers[row].hazard, c.rival, c.regret + c.strange, s.customers[row].satisfaction, w.par.satisfaction_rest,
                        days, w.par.satisfaction_decay, w.par.churn_response, w.shop.par.rival_loyalty, w.shop.par.scar_fade)


@rule
def foresee(s: State, w: World, row: int, day: int) -> None:
    """Enter the day on which a customer will leave if nobody calls: the first at whose end the patience is spent."""
    unforesee(s, row)
    ahead = len(w.days) - 1 - day
    if borne_by(s, w, row, float(ahead)) < s.customers[row].patience:
        return
    low, high = 0, ahead
    while high - low > 1:
        middle = (low + high) // 2
        if borne_by(s, w, row, float(middle)) < s.customers[row].patience:
            low = middle
        else:
            high = middle
    c = s.sales.clients[row]
    c.leaves = day + high
    first = s.sales.calendar[c.leaves]
    c.earlier, c.later = NOBODY, first
    if first >= 0:
        s.sales.clients[first].earlier = row
    s.sales.calendar[c.leaves] = row


@rule
def unforesee(s: State, row: int) -> None:
    """Out of the calendar of leavers."""
    c = s.sales.clients[row]
    if c.leaves < 0:
        return
    if c.earlier >= 0:
        s.sales.clients[c.earlier].later = c.later
    else:
        s.sales.calendar[c.leaves] = c.later
    if c.later >= 0:
        s.sales.clients[c.later].earlier = c.earlier
    c.leaves, c.earlier, c.later = NOBODY, NOBODY, NOBODY


@rule
def bring_up(s: State, w: World, row: int, day: int) -> None:
    """Bring a customer in full up to this day, in closed form: hazard borne, satisfaction, irritation, scars."""
    days = float(day - s.customers[row].seen)
    if days <= 0.0:
        return
    c = s.sales.clients[row]
    s.customers[row].patience -= borne_by(s, w, row, days)
    s.customers[row].satisfaction = decayed(s.customers[row].satisfaction, w.par.satisfaction_rest, days, w.par.satisfaction_decay)
    s.customers[row].irritation = decayed(s.customers[row].irritation, 0.0, days, w.par.irritation_fade)
    c.regret = decayed(c.regret, 0.0, days, w.shop.par.scar_fade)
    c.strange = decayed(c.strange, 0.0, days, w.shop.par.scar_fade)
    s.customers[row].seen = day


@rule
def depart(s: State, w: World, seed: np.uint64, day: int) -> None:
    """Those whose day has come leave, with their money, for a cause drawn by what then drove them."""
    while s.sales.calendar[day] >= 0:
        leave(s, w, seed, s.sales.calendar[day], day)


@rule
def leave(s: State, w: World, seed: np.uint64, row: int, day: int) -> None:
    """One customer leaves."""
    bring_up(s, w, row, day)
    unforesee(s, row)
    c, i = s.sales.clients[row], s.customers[row].owner
    s.customers[row].patience = min(0.0, s.customers[row].patience)
    c.cause = cause_of(s, w, seed, row)
    s.sales.weeks[w.days[day].week, i, S_CAUSE + c.cause] += 1.0
    step_out(s, row)
    count_in(s, row, -1.0)
    s.sales.board.money_out += assets_of(s, row)
    s.sales.board.units -= c.units
    s.customers[row].balance, c.wealth, c.units, c.lent = 0.0, 0.0, 0.0, 0.0
    if c.place >= 0:
        s.managers[i].held -= 1
        last = s.book[i, s.managers[i].held]
        s.book[i, c.place] = last
        s.sales.clients[last].place = c.place
        c.place = NOBODY


@rule
def cause_of(s: State, w: World, seed: np.uint64, row: int) -> int:
    """Why a customer leaves: competing hazards of this day, each with its part."""
    c, satisfaction = s.sales.clients[row], s.customers[row].satisfaction
    gap = 0.5 - satisfaction
    own = s.customers[row].hazard * (1.0 + w.par.churn_response * gap)
    neglect = neglect_part(s.customers[row].hazard, satisfaction, w.par.churn_response)
    rival = c.rival * (1.0 + w.shop.par.rival_loyalty * gap)
    point = uniform(stream(seed, CAUSE, c.home, ALWAYS), c.number) * (own + rival + c.regret + c.strange)
    if point < own - neglect:
        return LIFE
    if point < own:
        return NEGLECT
    if point < own + rival:
        return RIVAL
    return UNSUITABLE if point < own + rival + c.regret else HANDOVER


@rule
def market_day(s: State, w: World, seed: np.uint64, day: int) -> None:
    """On a month's first day funds take on the value that the month before has left them."""
    month = w.days[day].month
    while s.sales.board.month < month:
        before = s.sales.board.index
        s.sales.board.index = before * (1.0 + monthly_return(w, seed, s.sales.board.month))
        s.sales.board.gains += s.sales.board.units * (s.sales.board.index - before)
        s.sales.board.month += 1
        s.sales.board.past = past_return(w, seed, s.sales.board.month)


@rule
def held_assets(s: State, i: int) -> float:
    """Deposits, wealth products and funds in manager i's book, CNY."""
    seller = s.sales.sellers[i]
    return seller.deposits + seller.wealth + seller.units * s.sales.board.index


# ---- The end -----------------------------------------------------------------------------------------------------------


@rule
def close_shop(s: State, w: World, day: int) -> None:
    """At the horizon's end every customer catches up and is counted, and so is what the book holds."""
    for row in range(s.tally.customers):
        i = s.customers[row].owner
        if s.customers[row].patience <= 0.0:
            s.finals[i, F_CHURNED] += 1.0
            continue
        bring_up(s, w, row, day)
        s.finals[i, F_SATISFACTION] += s.customers[row].satisfaction
        s.finals[i, F_CUSTOMERS] += 1.0
        if s.sales.clients[row].place < 0:
            s.sales.finals[i, E_UNMANAGED] += 1.0
    for i in range(len(s.managers)):
        if s.finals[i, F_CUSTOMERS] > 0.0:
            s.finals[i, F_SATISFACTION] /= s.finals[i, F_CUSTOMERS]
        seller = s.sales.sellers[i]
        s.sales.finals[i, E_AUM] = held_assets(s, i)
        s.sales.finals[i, E_ITEMS], s.sales.finals[i, E_SEVERAL] = seller.items, seller.several
        s.sales.finals[i, E_ENDOWED], s.sales.finals[i, E_HANDED_OVER] = seller.endowed, seller.handed_over


__all__ = ["assets_of", "bring_up", "close_shop", "count_in", "depart", "fall_due", "foresee", "held_assets", "holds", "items_held",
           "line_up", "market_day", "need_of", "open_books", "step_out", "unforesee", "welcome"]
