"""Stage 2 with customers in full: what offers and deals promise goes onto the planner's desk, and what was planned comes off it."""

from __future__ import annotations

import numpy as np

from sim.compiled import rule
from sim.engine.state import ACCOUNTS, AUM, CROSS, MEASURE_COUNT, SERVICE, SERVICE_CONTACTS
from sim.rules.prospecting import reach


@rule
def lay_out_selling(m: np.record, d: np.record) -> None:
    """Onto the desk: output of a first hour of offers and of deals, its worth besides pay, and the measures it moves."""
    for a in range(2):
        d.theta[CROSS + a], d.own_worth[CROSS + a] = m.sell_theta[a], m.sell_own[a]
        for k in range(MEASURE_COUNT):
            d.yields[CROSS + a, k] = m.sell_yields[a, k]
    d.yields[SERVICE, AUM] = m.care_yield[0]


@rule
def note_plan(m: np.record, d: np.record, eta: float) -> None:
    """Keep this morning's margins of pay, and what the plan would bring of each measure by offers and deals."""
    for k in range(MEASURE_COUNT):
        m.worths[k], m.coming[k] = d.worth[k], 0.0
    for a in range(2):
        if m.hours[CROSS + a] > 0.0:
            output = d.theta[CROSS + a] * reach(m.hours[CROSS + a], eta)
            for k in range(MEASURE_COUNT):
                m.coming[k] += output * d.yields[CROSS + a, k]


@rule
def book_selling(m: np.record, demand: float) -> None:
    """What the plan would bring on an ordinary day joins what colleagues expect."""
    for k in range(MEASURE_COUNT):
        if k != SERVICE_CONTACTS:
            m.planned[k] = m.coming[k] / demand + (m.planned[k] if k == ACCOUNTS else 0.0)
