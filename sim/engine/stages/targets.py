"""Targets of one's own: by differential rent, from the own base, by a ramp; and the months gone by that they are read from."""

from __future__ import annotations

import numpy as np

from sim.compiled import rule
from sim.engine.state import LAST, MEAN, MEASURE_COUNT, Practice, State
from sim.policy.kernel import CONSTANT, IN_PERIOD, MONTHS_IN, NO_BASE, RESULT, YEAR_BEFORE, Schedules, months_covered
from sim.rules.portfolios import own_base, rent_target

LEAST_TARGET = 1e-9      # of an empty portfolio: whatever is achieved is beyond it


@rule
def of_service(s: State, i: int, month: int) -> int:
    """Manager i's month of service in a month of the run; the first is 1."""
    return (int(s.people[i].tenure) + month if s.managers[i].generation == 0 else s.managers[i].in_post) + 1


@rule
def over_months(s: State, q: Practice, i: int, measure: int, first: int, last: int) -> float:
    """Manager i's result over months of the run, both counted: added up, averaged by calendar days, or the last one's."""
    if q.over[measure] == LAST:
        return s.history[last, i, measure]
    total, days = 0.0, 0.0
    for month in range(first, last + 1):
        share = s.history[month, i, MEASURE_COUNT] if q.over[measure] == MEAN else 1.0
        total += share * s.history[month, i, measure]
        days += share
    if q.over[measure] == MEAN:
        return total / days if days > 0.0 else 0.0
    return total


@rule
def base_of(s: State, q: Practice, pay: Schedules, line: np.record, read: np.record, i: int) -> float:
    """Manager i's target from the own base, units: the whole period before, or that of a year before; or where it starts."""
    months = MONTHS_IN[line.period]
    begins = s.tally.month - (s.tally.number - 1) % months - (12 if read.based_on == YEAR_BEFORE else months)
    if begins < 0:
        return read.start
    base = 0.0
    for row in range(line.inputs, line.inputs_stop):
        part = pay.lines[row]
        if part.place == read.lookup and part.kind == RESULT:
            base += part.times * over_months(s, q, i, part.measure, begins, begins + months - 1)
        elif part.place == read.lookup and part.kind == CONSTANT:
            base += part.times * (1.0 if part.level else months)
    asked = own_base(base, read.times)
    return asked if asked > 0.0 else read.start


@rule
def factor_of(s: State, q: Practice, pay: Schedules, line: np.record, read: np.record, i: int) -> float:
    """What stands before manager i's target: by differential rent, from the own base (then it is the target itself), by a ramp."""
    m = s.managers[i]
    own = base_of(s, q, pay, line, read, i) if read.based_on != NO_BASE else rent_target(1.0, read.strength, m.endowed, m.mean_endowed)
    factor = max(own, LEAST_TARGET)
    if read.ramp_stop > read.ramp:
        quota, months = 0.0, 0
        service = of_service(s, i, s.tally.month)
        for back in range(min(months_covered(IN_PERIOD, line.period, s.tally.number), s.tally.month + 1, service)):
            k = read.ramp
            while k < read.ramp_stop and service - back > pay.knots[k].x:
                k += 1
            quota += pay.knots[k].v if k < read.ramp_stop else 1.0
            months += 1
        factor *= quota / months
    return factor
