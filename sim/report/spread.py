"""How far one quarter's luck reaches: the distribution of accounts between replications."""

from __future__ import annotations

from matplotlib import rc_context

from sim.experiments.simulate import Runs
from sim.report.footer import footer
from sim.report.style import FAINT, MODEL, Plot, figure_language, rules, sheet
from sim.report.words import check_language, measure_name, say


def plot_spread(run: Runs, lang: str = "en") -> Plot:
    """Histogram of the branch's accounts over replications, with the median and where nine in ten lie. Errors: InputError."""
    import seaborn

    check_language(lang)
    written = figure_language(lang)
    settings = rules(written)
    accounts = run.totals()["accounts"]
    low, middle, high = accounts.quantile([0.05, 0.5, 0.95])
    with rc_context(settings):
        caption = say("figure.spread.caption", written, replications=run.replications, low=f"{low:.0f}", high=f"{high:.0f}")
        page = sheet(2.3, say("figure.spread.title", written), caption, footer(run, written))
        axes = page.body.subplots()
        seaborn.histplot(x=accounts, discrete=True, ax=axes, color=MODEL, alpha=0.55, linewidth=0.3)
        axes.axvline(middle, color="black", linewidth=1.6)
        for bound in (low, high):
            axes.axvline(bound, color=FAINT, linestyle=(0, (4, 2)))
        axes.set_xlabel(measure_name("accounts", written))
        axes.set_ylabel(say("figure.spread.count", written))
    page.figure.settings = settings
    return page.figure
