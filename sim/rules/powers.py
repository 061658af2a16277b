"""Powers: what hours bring and what effort costs are powers, and the usual exponents need no logarithm."""

from __future__ import annotations

import math

from sim.compiled import rule


@rule
def power(base: float, exponent: float) -> float:
    """base^exponent, base not below 0: by a square root or less where the exponent is 1, a half or minus a half, otherwise `math.pow`."""
    if exponent == 0.5:
        return math.sqrt(base)
    if exponent == 1.0:
        return base
    if exponent == -0.5 and base > 0.0:
        return 1.0 / math.sqrt(base)
    return math.pow(base, exponent)
