"""Which figures there are, and the one door to them: `plot`."""

from __future__ import annotations

from collections.abc import Callable

from matplotlib import rc_context

from sim.errors import InputError, nearest
from sim.experiments.compare import Comparison
from sim.experiments.simulate import Runs
from sim.report.accounts import draw_accounts, draw_accounts_by_policy, draw_managers_by_policy
from sim.report.differences import draw_differences
from sim.report.pay_output import draw_pay_output
from sim.report.style import Plot, figure_language, rules
from sim.report.weeks import draw_weeks
from sim.report.words import check_language

Result = Runs | Comparison
# The first of each is what `plot` draws unless told otherwise; reports show them in this order.
OF_RUNS: dict[str, Callable[[Runs, str], Plot]] = {"accounts": draw_accounts, "weeks": draw_weeks}
OF_COMPARISON: dict[str, Callable[[Comparison, str], Plot]] = {
    "differences": draw_differences, "pay_output": draw_pay_output, "accounts": draw_accounts_by_policy,
    "managers": draw_managers_by_policy, "weeks": draw_weeks,
}


def kinds(result: Result) -> tuple[str, ...]:
    """The figures a result can be drawn as."""
    return tuple(OF_COMPARISON if isinstance(result, Comparison) else OF_RUNS)


def plot(result: Result, kind: str | None = None, lang: str = "en") -> Plot:
    """A figure of a result, as a matplotlib Figure.

    kind: one of `kinds(result)`; by default accounts by week and manager for `Runs`, differences for a `Comparison`.
    lang: en or zh; where no font with Chinese glyphs is installed, figures stay in English. Errors: InputError.
    """
    check_language(lang)
    figures = OF_COMPARISON if isinstance(result, Comparison) else OF_RUNS
    chosen = kinds(result)[0] if kind is None else kind
    if chosen not in figures:
        raise InputError("plot", "kind", found=f"`{chosen}`", expected=f"one of {', '.join(figures)}", hint=nearest(chosen, figures))
    written = figure_language(lang)
    settings = rules(written)
    with rc_context(settings):
        figure = figures[chosen](result, written)  # type: ignore[operator]
    figure.settings = settings
    return figure
