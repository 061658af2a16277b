"""Customers looked at, and changed, from outside the day: what the Mesa face shows of them."""

from __future__ import annotations

import numpy as np

from sim.compiled import rule
from sim.engine.stages.customers import catch_up
from sim.engine.stages.keeping import assets_of, bring_up, count_in, court, foresee
from sim.engine.state import Full, State, World
from sim.passing import refer

SATISFACTION, IRRITATION, PATIENCE, REGRET, STRANGE = range(5)               # columns of `look`
SET_SATISFACTION, SET_IRRITATION, SET_HAZARD, SET_BALANCE, SET_WEALTH, SET_FUNDS, SET_LENT = range(7)


@rule
def look(s: State, w: World, f: Full | None, rows: np.ndarray, day: int, seen: np.ndarray) -> None:
    """What changes while nobody calls, as of the morning of this day, into seen (rows, 5); the customers stay as they are.

    Satisfaction and irritation; hazard still to be borne before leaving, not above 0: gone; with customers in full the two fading hazards.
    """
    state, world, full = refer(s), refer(w), refer(f)
    for k in range(len(rows)):
        row = rows[k]
        c = s.customers[row]
        satisfaction, irritation, patience, day_seen = c.satisfaction, c.irritation, c.patience, c.seen
        regret, strange = 0.0, 0.0
        if f is not None:
            if w.par.customer_detail > 0.0:
                regret, strange = f.clients[row].regret, f.clients[row].strange
        bring(state, world, full, row, day)
        seen[k, SATISFACTION], seen[k, IRRITATION], seen[k, PATIENCE] = c.satisfaction, c.irritation, c.patience
        c.satisfaction, c.irritation, c.patience, c.seen = satisfaction, irritation, patience, day_seen
        if f is not None:
            if w.par.customer_detail > 0.0:
                seen[k, REGRET], seen[k, STRANGE] = f.clients[row].regret, f.clients[row].strange
                f.clients[row].regret, f.clients[row].strange = regret, strange


@rule
def bring(s: State, w: World, f: Full | None, row: int, day: int) -> None:
    """A customer brought up to this day, in full or in the short form; whoever has left stays as on the last day."""
    if s.customers[row].patience <= 0.0:
        return
    if w.par.customer_detail <= 0.0:
        catch_up(s, w, row, day)
    elif f is not None:
        bring_up(s, w, f, row, day)


@rule
def change(s: State, w: World, f: Full | None, rows: np.ndarray, day: int, field: int, values: np.ndarray) -> None:
    """Set a field of customers who stay, on this day: totals, the branch's money and the day of leaving follow.

    What was lived until now is counted at the old value. CNY, hazards a day; funds at today's value.
    """
    state, world, full = refer(s), refer(w), refer(f)
    for k in range(len(rows)):
        row = rows[k]
        bring(state, world, full, row, day)
        c = s.customers[row]
        if c.patience <= 0.0:
            continue
        if field == SET_SATISFACTION:
            c.satisfaction = values[k]
        elif field == SET_IRRITATION:
            c.irritation = values[k]
        elif field == SET_HAZARD:
            c.hazard = values[k]
        elif w.par.customer_detail <= 0.0:
            c.balance = values[k]
        if f is not None:
            if w.par.customer_detail > 0.0:
                if field >= SET_BALANCE:
                    move_money(state, full, row, field, values[k])
                foresee(state, world, full, row, day)


@rule
def move_money(s: State, f: Full, row: int, field: int, value: float) -> None:
    """Money of a customer in full comes from outside the branch, or goes there."""
    c, before = f.clients[row], assets_of(s, f, row)
    count_in(s, f, row, -1.0)
    if field == SET_BALANCE:
        s.customers[row].balance = value
    elif field == SET_WEALTH:
        c.wealth = value
    elif field == SET_FUNDS:
        f.board.units += value / f.board.index - c.units
        c.units = value / f.board.index
    else:
        c.lent = value
    count_in(s, f, row, 1.0)
    moved = assets_of(s, f, row) - before
    if moved > 0.0:
        f.board.money_in += moved
    else:
        f.board.money_out -= moved
    court(s, f, row)
