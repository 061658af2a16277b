"""What takes too long for `make test`: `make validate` prints docs/validation.md.

The Changzhou case with 2,000 replications a quarter, its milestones, every practice by itself, added to 2015 and taken back
from 2016; the engine against a plain Mesa model of the same branch; pay for lending against a published field experiment, and
short-term against long-term incentives over three years; intervals under repeated looks, selections; a sweep killed again and again.
Ends with status 1, once all is printed, where a row says NO.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date

import numpy as np

import sim
from benchmarks.kills import KILLS, kills
from benchmarks.rivals.docking import LEVEL, POWER, QUARTERS, docked, docked_table
from benchmarks.rivals.same_luck import CLOSE, furthest
from benchmarks.runner import runner
from benchmarks.sequential import sections, show
from benchmarks.timing import table
from sim.experiments.fit import figures, simulated
from sim.experiments.simulate import interval_half_width

SEED, CASE, PRACTICE, DOCKED, LUCKY, LENDING = 11, 2000, 400, 2000, 100, 200
OFFICERS = ("lending-salary", "lending-volume", "lending-salary-liability", "lending-volume-liability")
STUDY = (("loans", "+31 %", "+20 to +42 %"), ("loan_size", "+15 %", "+8 to +22 %"), ("default_rate", "+24 %", "+12 to +36 %"))
NEWCOMERS = ("H", "E", "I", "J", "K")
PRACTICES: dict[str, tuple[Mapping[str, object], Mapping[str, object]]] = {      # to 2016, back to 2015
    "no pairs": ({"practices.mentor_pairing.rule": "none"}, {}),
    "self-sourced leads": ({"practices.leads.assigned_share": 0.0}, {"practices.leads.assigned_share": 0.45}),
    "newcomers' norm, successes told": (
        {"practices.norm.status.veteran": 1.0, "practices.norm.status.newcomer": 3.0, "practices.norm.telling": "successes"},
        {"practices.norm.status.veteran": 3.0, "practices.norm.status.newcomer": 1.0, "practices.norm.telling": "excuses"}),
    "daily reporting": ({"practices.reporting.every_days": 1, "practices.reporting.minutes": 30.0},
                        {"practices.reporting.every_days": 7, "practices.reporting.minutes": 60.0}),
}


EXACT, LUCK = "1e-6", "4 Monte Carlo standard errors"
FORMS = (        # id, closed form, where it is held through the real code, how closely
    ("T1", "linear pay, quadratic cost: e = b/c, b* = 1/(1 + r c s^2)", "planner: test_closed_forms.py", EXACT),
    ("T2", "isoelastic effort: ((s + b)/c)^k", "planner: test_closed_forms.py", EXACT),
    ("T3", "linear pay: the same effort every day", "branch, 20 days: test_closed_forms.py", "1e-9"),
    ("T4", "joint costs e'Ce/2: b* = (I + r C S)^-1 B", "rules against linear algebra and the surplus, branch at its own limit: test_closed_forms.py", "1e-9; branch " + EXACT),
    ("T5", "two-player contest: dW/(2 c s sqrt(pi))", "planner: test_closed_forms.py; branch, and common shocks: test_goals.py", EXACT + "; branch 1e-8, shocks to the bit"),
    ("T6", "team pay: (b/N + l)/c", "planner and branch: test_closed_forms.py; pairs: test_mechanisms.py", EXACT + "; branch 1e-9"),
    ("T7", "quota: (B/s) phi((q - e)/s) = c e", "planner: test_closed_forms.py; replanned daily, against dynamic programming: test_planner.py", EXACT),
    ("T8", "pull-forward: (p1 - d p2)/k", "rule: test_closed_forms.py; branch, whole deals, totals conserved: test_goals.py", EXACT + "; branch exactly"),
    ("T9", "rational cheater: 1 - G(p F)", "rule and branch: test_closed_forms.py", LUCK),
    ("T10", "linear-in-means peers: x/(1 - rho)", "branch, 60 days: test_closed_forms.py", EXACT),
    ("T11", "ramp and quits: p1 - (p1 - p0) h/(h + k)", "rule: test_closed_forms.py; branch that hires, by months and in the limit: test_careers.py", EXACT + "; branch " + LUCK),
    ("T13", "selection at a cutoff: mu + s phi(z)/(1 - Phi(z))", "hires of a branch: test_careers.py", LUCK),
    ("T14", "shifted beta-geometric churn", "40,000 customers, four years: test_selling.py", LUCK),
    ("T15", "lognormal top share; matched over random exp(s_a s_v)", "40,000 balances; 400 managers by rule: test_selling.py", LUCK + ", and 0.01 for 400 being finite"),
    ("T17", "negative binomial purchases", "3,000 customers, five offers: test_selling.py", LUCK),
)


def forms() -> Iterator[str]:
    """Where each closed form is tested; the tests themselves are what holds."""
    yield from table(("id", "closed form", "held by (under tests/)", "within"), list(FORMS))


def case() -> Iterator[str]:
    runs = [sim.simulate(sim.load_scenario(q), sim.load_policy(q), CASE, SEED, jobs=2) for q in QUARTERS]
    rows = []
    for figure in figures():
        sample = simulated(runs[figure.quarter], figure.name)
        low, high = np.quantile(sample, [0.05, 0.95])
        inside = "-" if len(sample) == 1 else f"{low:.0f} to {high:.0f}"
        rows.append((QUARTERS[figure.quarter], figure.name, f"{figure.fact:g}", f"{sample.mean():.2f}", inside))
    yield from table(("quarter", "figure", "case", "simulated mean", "90 % of replications"), rows)


def milestones() -> Iterator[str]:
    """How often a replication of 2016 reaches what the case reports."""
    scenario, policy = sim.load_scenario(QUARTERS[1]), sim.load_policy(QUARTERS[1])
    branch = next(iter(scenario.branches))
    daily = np.concatenate([runs.daily_accounts for runs in runner(scenario, policy, SEED)(CASE)])
    people, dates = list(scenario.branches[branch].managers), scenario.timeline.dates
    so_far = daily.cumsum(axis=1)
    at = {label: so_far[:, dates.index(day)] for label, day in (
        ("15 January", date(2016, 1, 15)), ("7 February", date(2016, 2, 7)), ("15 February", date(2016, 2, 15)),
        ("15 March", date(2016, 3, 15)))}
    young, c = [people.index(n) for n in NEWCOMERS], people.index("C")
    end = so_far[:, -1]
    checks = {
        "all five newcomers above 2 by 15 January": (at["15 January"][:, young] > 2).all(axis=1),
        "C at 3 or fewer by 7 February": at["7 February"][:, c] <= 3,
        "three newcomers at 10 or more by 15 February": (at["15 February"][:, young] >= 10).sum(axis=1) >= 3,
        "two newcomers at 20 or more by 15 March": (at["15 March"][:, young] >= 20).sum(axis=1) >= 2,
        "C at 14 to 24 in the end": (end[:, c] >= 14) & (end[:, c] <= 24),
        "C third in the end, from last but one or worse on 7 February": ((end > end[:, [c]]).sum(axis=1) == 2)
        & ((at["7 February"] > at["7 February"][:, [c]]).sum(axis=1) >= 5),
    }
    yield from table(("milestone of 2016", "share of replications"), [(name, f"{hit.mean():.3f}") for name, hit in checks.items()])
    yield "\nCounted on the day named; reports and the notebook count at the nearest week's end, which gives other shares."


def practices() -> Iterator[str]:
    """Accounts that each practice adds to 2015, and loses when taken back from 2016."""
    rows = []
    for name, changes in PRACTICES.items():
        cells = [name]
        for quarter, change, sign in zip(QUARTERS, changes, (1, -1), strict=True):
            if not change:
                cells.append("- (nobody is paired in 2016)")
                continue
            scenario, policy = sim.load_scenario(quarter), sim.load_policy(quarter)
            now = sim.simulate(scenario, policy, PRACTICE, SEED, jobs=2).totals()["accounts"]
            then = sim.simulate(scenario, policy.with_changes(change), PRACTICE, SEED, jobs=2).totals()["accounts"]
            gap = sign * (then - now).to_numpy()
            half = interval_half_width(gap[:, None], 0.95)[0]
            cells.append(f"{gap.mean():+.1f} ({gap.mean() - half:+.1f} to {gap.mean() + half:+.1f})")
        rows.append(tuple(cells))
    yield from table(("practice", "added to 2015: accounts", "taken back from 2016: accounts lost"), rows)


def docking() -> Iterator[str]:
    """The engine and the plain Mesa model (benchmarks/rivals), written apart and drawing apart: every outcome's distribution."""
    found = [docked(sim.load_scenario(q), sim.load_policy(q), DOCKED, DOCKED, SEED + place) for place, q in enumerate(QUARTERS)]
    apart, count = (sum(how(d) for each in found for d in each) for how in (lambda d: not d.agrees, lambda d: 1))
    yield (f"{DOCKED} runs of each model a quarter; of {count} outcomes the means (Welch) and the distributions (Kolmogorov and Smirnov). "
           f"The error of a quarter's tests together is {LEVEL:.0%} (Bonferroni); a mean {found[0][0].shift:.2f} standard deviations "
           f"of single runs off would show with probability {POWER:.0%}. Told apart: {apart} of {count}. Below, the gap is the difference "
           "of means in its standard errors; of managers and weeks only the one with the widest gap is shown, and any told apart.\n")
    for quarter, each in zip(QUARTERS, found, strict=True):
        yield from docked_table(quarter, each)
        yield ""
    rows = []
    for quarter in QUARTERS:
        name, off = furthest(sim.load_scenario(quarter), sim.load_policy(quarter), LUCKY, SEED)
        rows.append((quarter, f"{len(found[0])}", f"{off:.0e} ({name})", "yes" if off < CLOSE else "NO"))
    yield from table((f"{LUCKY} runs of each with the same luck", "outcomes", "furthest apart in any run, as a share", "same"), rows)


def officers() -> Iterator[str]:
    """Agarwal and Ben-David 2018: pay by volume against a salary, in the setting that the study describes."""
    salary, volume = (sim.simulate("business-lending", name, LENDING, SEED, jobs=2).totals() for name in OFFICERS[:2])
    rows = []
    for measure, published, band in STUDY:
        gap, base = (volume[measure] - salary[measure]).to_numpy(), salary[measure].mean()
        half = interval_half_width(gap[:, None], 0.95)[0]
        rows.append((measure, published, band, f"{gap.mean() / base:+.1%} ({(gap.mean() - half) / base:+.1%} to {(gap.mean() + half) / base:+.1%})"))
    yield from table(("measure", "published", "this project's band", "simulated"), rows)
    yield "\nFive values of data/parameters/credit.yaml (`status: calibrated`) were fitted to these three figures; the band is no author's."


def short_and_long() -> Iterator[str]:
    """The two-by-two of docs/short-and-long-term.md: differences to the salary, and the chance of each order."""
    runs = {name: sim.simulate("lending-three-years", name, LENDING, SEED, jobs=2).totals() for name in OFFICERS}
    measures = ("profit_1q", "profit_1y", "profit_3y")
    rows = []
    for name in OFFICERS[1:]:
        cells = [name]
        for measure in (*measures, "loans_made", "loans_defaulted"):
            gap = (runs[name][measure] - runs[OFFICERS[0]][measure]).to_numpy() / 1e4
            half = interval_half_width(gap[:, None], 0.95)[0]
            cells.append(f"{gap.mean():+,.0f} ({gap.mean() - half:+,.0f} to {gap.mean() + half:+,.0f})")
        rows.append(tuple(cells))
    yield from table(("10,000 CNY against lending-salary", *measures, "loans_made", "loans_defaulted"), rows)
    yield ""
    orders = {measure: np.array([runs[name][measure] for name in OFFICERS]) for measure in measures}
    rows = [(measure, " > ".join(OFFICERS[k] for k in np.argsort(-values.mean(axis=1))), f"{(values[1] > values[0]).mean():.2f}")
            for measure, values in orders.items()]
    yield from table(("measure", "order of the means", "share of replications in which lending-volume beats lending-salary"), rows)


PARTS: dict[str, Callable[[], Iterable[str]]] = {
    "Closed forms": forms,
    f"The Changzhou case, {CASE} replications a quarter": case,
    "Milestones": milestones,
    f"Practices one by one, {PRACTICE} paired replications": practices,
    "Against a plain Mesa model": docking,
    f"Loan officers paid by volume, {LENDING} paired replications": officers,
    f"Short-term against long-term incentives, {LENDING} paired replications": short_and_long,
    f"A sweep killed at {KILLS} random moments": kills,
}


def refused(parts: Mapping[str, Callable[[], Iterable[str]]]) -> list[str]:
    """Print the parts; the titles of those with a row that says NO, or that found what must not be."""
    found = []
    for title, part in parts.items():
        print(f"## {title}\n")
        try:
            for line in part():
                print(line)
                if "| NO |" in line and title not in found:
                    found.append(title)
        except AssertionError as error:
            print(f"NO: {error}")
            found.append(title)
        print(flush=True)
    return found


def main() -> None:
    print("# Validation\n\nMade by `make validate`. Intervals of differences are 95 %, Monte Carlo error alone; parameters are held.\n")
    print(f"incentivelab {sim.__version__}, seed {SEED}.\n")
    found = refused(PARTS)
    show(sections())
    if found:
        sys.exit(f"NO: {'; '.join(found)}")


if __name__ == "__main__":
    main()
