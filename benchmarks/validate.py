"""What takes too long for `make test`: `make validate` prints docs/validation.md.

The Changzhou case with 2,000 replications a quarter, its milestones, and every practice by itself, added to 2015 and taken back
from 2016; and a sweep that is killed again and again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date

import numpy as np
from kills import KILLS, kills

import sim
from sim.engine.prepare import practice_of, world_of
from sim.engine.run import branch_seeds, run_branch
from sim.engine.state import PAY_MEASURES
from sim.experiments.fit import figures, simulated
from sim.experiments.simulate import interval_half_width
from sim.policy.schedule import pay_tables

SEED, CASE, PRACTICE = 11, 2000, 400
QUARTERS = ("changzhou-2015", "changzhou-2016")
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


def table(header: tuple[str, ...], rows: list[tuple[str, ...]]) -> Iterator[str]:
    yield "| " + " | ".join(header) + " |"
    yield "| " + " | ".join("---" for _ in header) + " |"
    yield from ("| " + " | ".join(row) + " |" for row in rows)


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
    runs = run_branch(world_of(scenario, branch), practice_of(policy, scenario, branch), *pay_tables(policy, PAY_MEASURES),
                      branch_seeds(SEED, range(CASE), branch))
    people, dates = list(scenario.branches[branch].managers), scenario.timeline.dates
    so_far = runs.daily_accounts.cumsum(axis=1)
    at = {label: so_far[:, dates.index(day)] for label, day in (
        ("15 January", date(2016, 1, 15)), ("7 February", date(2016, 2, 7)), ("15 February", date(2016, 2, 15)), ("15 March", date(2016, 3, 15)))}
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


def main() -> None:
    print("# Validation\n\nMade by `make validate`. Intervals of differences are 95 %, Monte Carlo error alone; parameters are held.\n")
    print(f"incentivelab {sim.__version__}, seed {SEED}.\n")
    for title, part in ((f"The Changzhou case, {CASE} replications a quarter", case), ("Milestones", milestones),
                        (f"Practices one by one, {PRACTICE} paired replications", practices),
                        (f"A sweep killed at {KILLS} random moments", kills)):
        print(f"## {title}\n")
        print(*part(), sep="\n", end="\n\n")


if __name__ == "__main__":
    main()
