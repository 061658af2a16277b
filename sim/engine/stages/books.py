"""Stage 10, the month's books: what deposits and products brought, of every manager, before pay clears its counters."""

from __future__ import annotations

from sim.compiled import rule
from sim.engine.state import G_MARGIN, G_PRODUCTS, INCOME, State, World
from sim.policy.kernel import MONTH


@rule
def deposits_of(s: State, i: int) -> float:
    """CNY in manager i's book; customers in their short form count until the visit that finds them gone."""
    total = 0.0
    for place in range(s.managers[i].held):
        row = s.book[i, place]
        if s.customers[row].patience > 0.0:
            total += s.customers[row].balance
    return total


@rule
def open_ledger(s: State) -> None:
    """The first morning: deposits as they stand."""
    for i in range(len(s.managers)):
        c = s.credit[i]
        c.deposits, c.average = deposits_of(s, i), 0.0


@rule
def month_part(w: World, month_days: float) -> float:
    """Ticks' worth of a month of so many calendar days: what a rate a tick is multiplied by."""
    return w.lending.days_a_year * month_days / 365.0


@rule
def keep_ledger(s: State, w: World, day: int) -> None:
    """A month's end: deposits at the mean of both month's ends earn the transfer price less interest; income of products as counted."""
    today = w.days[day]
    for i in range(len(s.managers)):
        c, line = s.credit[i], s.ledger[today.month, i]
        now = deposits_of(s, i)
        c.average, c.deposits = 0.5 * (now + c.deposits), now
        line[G_MARGIN] = c.average * (w.lending.transfer_daily - w.lending.deposit_interest_daily) * month_part(w, today.month_days)
        line[G_PRODUCTS] = s.managers[i].period_units[INCOME, MONTH]
