"""Which figures there are, and the one door to them: `plot`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from matplotlib import rc_context

from sim.errors import InputError, nearest
from sim.experiments.compare import Comparison
from sim.experiments.select import Selection
from sim.experiments.simulate import Runs
from sim.policy import Policy
from sim.reading import say
from sim.report.accounts import draw_accounts, draw_accounts_by_policy, draw_managers_by_policy
from sim.report.coupling import draw_coupling
from sim.report.differences import draw_differences
from sim.report.pay_output import draw_pay_output
from sim.report.payout import payout_figure
from sim.report.profit import draw_profit, shows_profit
from sim.report.selection import draw_selection
from sim.report.style import Plot, figure_language, rules
from sim.report.weeks import draw_weeks
from sim.report.words import check_language

if TYPE_CHECKING:
    import pandas as pd

Result = Runs | Comparison | Selection
Subject = Result | Policy | Sequence[Policy]
# The first of each is what `plot` draws unless told otherwise; reports show them in this order.
OF_RUNS: dict[str, Callable[[Runs, str], Plot]] = {"accounts": draw_accounts, "weeks": draw_weeks}
OF_COMPARISON: dict[str, Callable[[Comparison, str], Plot]] = {
    "differences": draw_differences, "pay_output": draw_pay_output, "accounts": draw_accounts_by_policy,
    "managers": draw_managers_by_policy, "weeks": draw_weeks, "profit": draw_profit, "coupling": draw_coupling,
}
OF_SELECTION: dict[str, Callable[[Selection, str], Plot]] = {"selection": draw_selection}
OF_POLICIES: dict[str, Callable[[Sequence[Policy], str], Plot]] = {"payout": payout_figure}


def kinds(subject: Subject) -> tuple[str, ...]:
    """The figures a result, or policies, can be drawn as."""
    return tuple(_figures(subject))


def _figures(subject: Subject) -> dict[str, Callable[..., Plot]]:
    if isinstance(subject, Comparison):
        return {kind: draw for kind, draw in OF_COMPARISON.items() if kind != "profit" or shows_profit(subject)}
    if isinstance(subject, Selection):
        return OF_SELECTION
    return OF_RUNS if isinstance(subject, Runs) else OF_POLICIES


def plot(subject: Subject, kind: str | None = None, lang: str = "en", people: pd.DataFrame | None = None) -> Plot:
    """A figure of a result, or of policies before they are tried, as a matplotlib Figure.

    kind: one of `kinds(subject)`; by default accounts by week and manager for `Runs`, differences for a `Comparison`, the
    payout curve for policies. lang: en or zh; where no font with Chinese glyphs is installed, figures stay in English.
    people: dots for a payout curve, as `payout_figure` takes them.
    Errors: InputError.
    """
    check_language(lang)
    if not isinstance(subject, Result):
        subject = _policies(subject)
    figures = _figures(subject)
    chosen = kinds(subject)[0] if kind is None else kind
    if people is not None and chosen != "payout":
        raise InputError("plot", "people", found=f"people beside the figure `{chosen}`", expected="them beside policies only")
    if chosen not in figures:
        raise InputError("plot", "kind", found=f"`{chosen}`", expected=f"one of {', '.join(figures)}", hint=nearest(chosen, figures))
    written = figure_language(lang)
    settings = rules(written)
    with rc_context(settings):
        figure = payout_figure(subject, written, people) if people is not None else figures[chosen](subject, written)
    figure.settings = settings
    return figure


def _policies(subject: Policy | Sequence[Policy]) -> list[Policy]:
    policies = [subject] if isinstance(subject, Policy) else list(subject) if isinstance(subject, Sequence) else []
    if not policies or not all(isinstance(policy, Policy) for policy in policies):
        raise InputError("plot", found=say(subject), expected="a result, a policy or a list of policies")
    return policies
