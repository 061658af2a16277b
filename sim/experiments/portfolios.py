"""What runs with customers in full report beyond the rest: sales, products, causes of leaving, and how far pay goes by portfolio."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from sim.experiments.measures import list_measures

if TYPE_CHECKING:
    from sim.engine.run import BranchRuns


WHOLE = ("products_per_customer", "cross_selling", "fund_timing", "pay_by_portfolio", "pay_by_effort")


def measures_in_full() -> set[str]:
    """The measures that only runs with customers in full report."""
    from sim.engine.state import SOLD, SOLD_AT_END

    return {*SOLD, *SOLD_AT_END, *WHOLE} & set(list_measures())


def sold_pieces(names: list[str], branch: str, runs: BranchRuns, labels: list[str], levels: Callable[..., Iterator]) -> Iterator:
    """Pieces of the results frame, as `sim.experiments.frames` makes them for the rest. levels: by manager and for the branch."""
    from sim.engine.state import FINALS, RECORDS, SOLD, SOLD_AT_END

    sold = {name: runs.sold[..., place] for place, name in enumerate(SOLD)}
    held = {name: runs.held[..., place] for place, name in enumerate(SOLD_AT_END)}
    days = runs.weeks[..., RECORDS.index("days")]
    for name, measure in list_measures().items():
        if name in sold:
            flow = sold[name]
            mean = measure.kind == "mean"
            total = flow.sum(axis=1) / days.sum(axis=1) if mean else flow.sum(axis=1)
            series = (flow / days if mean else flow) if measure.weekly else None
            yield from levels(names, branch, name, measure.kind, total, series, labels)
        elif name in held:
            yield from levels(names, branch, name, measure.kind, held[name], None, ())
    managed = runs.finals[..., FINALS.index("customers")] - held["unmanaged"]
    for name, part in (("products_per_customer", "items"), ("cross_selling", "several")):
        yield "manager", names, "total", name, over(held[part], managed)
        yield "branch", [branch], "total", name, over(held[part].sum(axis=1), managed.sum(axis=1))[:, None]
    fund_money = sold["fund_sales"].sum(axis=(1, 2))
    pay, effort = runs.months.sum(axis=1) / 100.0, runs.weeks[..., RECORDS.index("effort")].sum(axis=1)
    by_portfolio, by_effort = explained(pay, held["endowed"], effort)
    whole = {"fund_timing": over(sold["fund_money_return"].sum(axis=(1, 2)), fund_money),
             "pay_by_portfolio": by_portfolio, "pay_by_effort": by_effort}
    for name, values in whole.items():
        yield "branch", [branch], "total", name, values[:, None]


def over(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """A quotient; 0 where there is nothing to divide by."""
    return np.divide(above, below, out=np.zeros(np.shape(above)), where=below > 0)


def explained(pay: np.ndarray, endowed: np.ndarray, effort: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Share of the variance of pay between managers that the endowed portfolio, and that effort, accounts for; row by row.

    Shapley shares of R^2: what each adds to the fit, averaged over both orders. Nothing to explain, or fewer than four: 0.
    """
    def moves(x: np.ndarray) -> np.ndarray:
        gap = x - x.mean(axis=1, keepdims=True)
        scale = np.sqrt((gap**2).sum(axis=1, keepdims=True))
        return np.divide(gap, scale, out=np.zeros_like(gap), where=scale > 1e-9 * (1.0 + np.abs(x).max(axis=1, keepdims=True)))

    if pay.shape[1] < 4:
        return np.zeros(len(pay)), np.zeros(len(pay))
    y, a, b = moves(pay), moves(endowed), moves(effort)
    ya, yb, ab = (y * a).sum(axis=1), (y * b).sum(axis=1), (a * b).sum(axis=1)
    free = 1.0 - ab**2
    both = np.divide(ya**2 + yb**2 - 2.0 * ya * yb * ab, free, out=np.maximum(ya**2, yb**2), where=free > 1e-9)
    return 0.5 * (ya**2 + both - yb**2), 0.5 * (yb**2 + both - ya**2)
