"""Several tasks with joint costs (T4): what neglect of the unmeasured comes to (docs/model.md, "Gaming").

Cost of effort e is e'Ce/2 over two tasks, C = [[a, k], [k, b]]: k above 0 makes them substitutes.
"""

from __future__ import annotations

from sim.compiled import rule


@rule
def two_efforts(first: float, second: float, a: float, b: float, k: float) -> tuple[float, float]:
    """Efforts at these rates of pay, C^-1 (first, second), neither below nil. An unpaid substitute starves; k = 0: each for itself.

    Where one task would be done less than not at all, the other is worked alone: its rate over its own cost.
    """
    whole = a * b - k * k
    one, two = (b * first - k * second) / whole, (a * second - k * first) / whole
    if one < 0.0:
        return 0.0, max(0.0, second / b)
    if two < 0.0:
        return max(0.0, first / a), 0.0
    return one, two


@rule
def two_rates(first: float, second: float, a: float, b: float, k: float, risk: float, first_variance: float,
              second_variance: float) -> tuple[float, float]:
    """Best rates of pay for two measured tasks worth `first` and `second`: (I + r C S)^-1 B, S diagonal (T4).

    risk = 0 pays what the tasks are worth. k = 0 gives each B/(1 + r c s^2) (T1). Measured ever worse (variance without end)
    a task goes unpaid, and where k first_worth is large so does its substitute: a flat wage.
    """
    m11, m12 = 1.0 + risk * a * first_variance, risk * k * second_variance
    m21, m22 = risk * k * first_variance, 1.0 + risk * b * second_variance
    whole = m11 * m22 - m12 * m21
    return (m22 * first - m12 * second) / whole, (m11 * second - m21 * first) / whole
