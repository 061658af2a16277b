"""Do intervals hold at every look, and does selection keep its promise and save replications?

Differences are drawn from distributions whose means are known: made ones, and pools of real paired replications taken as the
whole truth. `make validate` prints the former, `make bench` the latter.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import sim
import sim.cli
from sim.experiments.kim_nelson import kim_nelson
from sim.experiments.sequences import asymptotic_half, betting_interval, looks
from sim.experiments.simulate import Runs, block_of, interval_half_width

EXPERIMENTS, MOST, ERROR = 1000, 2000, 0.05
POOL, PROBLEM_POOL, SELECTIONS, SEED = 2000, 1000, 500, 5
BATCH, FIRST = 10, 16

Sample = Callable[[np.random.Generator, int], np.ndarray]               # n differences


# --- coverage ----------------------------------------------------------------------------------------------------------


def covered(sample: Sample, mean: float, half: Callable[[np.ndarray], np.ndarray], experiments: int = EXPERIMENTS, most: int = MOST,
            seed: int = SEED) -> tuple[float, float]:
    """Shares of experiments whose interval holds the mean at every look, and at the look at which it first excluded zero (or the last)."""
    generator = np.random.default_rng(seed)
    values = np.stack([sample(generator, most) for _ in range(experiments)], axis=1)
    always, stopped, at_stop = np.ones(experiments, bool), np.zeros(experiments, bool), np.zeros(experiments, bool)
    for n in looks(most):
        middle, width = values[:n].mean(axis=0), half(values[:n])
        holds, tells = np.abs(middle - mean) <= width, np.abs(middle) > width
        always &= holds
        ends = ~stopped & (tells | (n == most))
        at_stop[ends] = holds[ends]
        stopped |= ends
    return float(always.mean()), float(at_stop.mean())


def betting_covered(sample: Sample, mean: float, experiments: int = EXPERIMENTS, most: int = MOST, seed: int = SEED) -> float:
    """The same for differences of shares, within -1 and 1: at every look."""
    generator, held = np.random.default_rng(seed), 0
    for _ in range(experiments):
        values = sample(generator, most)
        bounds = [betting_interval(values[:n], -1.0, 1.0, ERROR) for n in looks(most)]
        held += all(low <= mean <= high for low, high in bounds)
    return held / experiments


def rare(generator: np.random.Generator, n: int) -> np.ndarray:
    """Differences of a share that is now and then large: nothing in 97 of 100 replications, a tenth to nine tenths in the others."""
    return np.where(generator.random(n) < 0.03, generator.uniform(0.1, 0.9, n), 0.0)


def real_pool(policies: tuple[Any, ...], measure: str, number: int = POOL, scenario: str = "changzhou-2015") -> np.ndarray:
    """(number, policies): paired replications."""
    world = sim.load_scenario(scenario)
    plans = [sim.load_policy(policy) if isinstance(policy, str) else policy for policy in policies]
    columns = []
    for plan in plans:
        parts = [block_of(world, plan, range(start, start + 250), SEED, 2, lambda _: None) for start in range(0, number, 250)]
        columns.append(np.concatenate([Runs(world, plan, SEED, 250, part, {}).totals()[measure].to_numpy() for part in parts]))
    return np.stack(columns, axis=1)


def coverage() -> Iterator[tuple[str, ...]]:
    """Rows: differences, and how often intervals of each kind hold the true mean."""
    pool = real_pool(("fixed-paired-weekly", "performance-solo-daily", "fixed-solo-weekly"), "accounts")
    gaps, few = pool[:, 1] - pool[:, 0], pool[:, 2] - pool[:, 0]
    cases: dict[str, tuple[Sample, float]] = {
        "normal, mean 0": (lambda g, n: g.standard_normal(n), 0.0),
        "Poisson less Poisson (means 3 and 2)": (lambda g, n: g.poisson(3.0, n) - g.poisson(2.0, n) * 1.0, 1.0),
        "lognormal less 1 (skewed)": (lambda g, n: g.lognormal(-0.125, 0.5, n) - 1.0, 0.0),
        "Changzhou accounts, performance-solo-daily less baseline": (lambda g, n: g.choice(gaps, n), float(gaps.mean())),
        f"Changzhou accounts, fixed-solo-weekly less baseline ({np.mean(few == 0):.0%} of replications equal)": (
            lambda g, n: g.choice(few, n), float(few.mean())),
    }
    for name, (sample, mean) in cases.items():
        ours = covered(sample, mean, lambda values: asymptotic_half(values, ERROR))
        naive = covered(sample, mean, lambda values: interval_half_width(values, 1.0 - ERROR))
        yield (name, *(f"{share:.3f}" for share in (*ours, *naive)))


def joint() -> tuple[float, float]:
    """Six differences (two outcomes of three policies, correlated) that share the error: how often all hold at every look."""
    generator = np.random.default_rng(SEED)
    held = {"time-uniform": 0, "student": 0}
    mixing = 0.5 * np.ones((6, 6)) + 0.5 * np.eye(6)
    root = np.linalg.cholesky(mixing)
    for _ in range(EXPERIMENTS):
        values = generator.standard_normal((MOST, 6)) @ root.T
        halves = {"time-uniform": lambda v: asymptotic_half(v, ERROR / 6), "student": lambda v: interval_half_width(v, 1 - ERROR / 6)}
        for name, half in halves.items():
            held[name] += all((np.abs(values[:n].mean(axis=0)) <= half(values[:n])).all() for n in looks(MOST))
    return held["time-uniform"] / EXPERIMENTS, held["student"] / EXPERIMENTS


def betting_rows() -> Iterator[tuple[str, ...]]:
    mean = 0.03 * 0.5
    yield ("betting", f"{betting_covered(rare, mean):.3f}")
    yield ("asymptotic sequence", f"{covered(rare, mean, lambda values: asymptotic_half(values, ERROR))[0]:.3f}")
    yield ("Student's, with peeking", f"{covered(rare, mean, lambda values: interval_half_width(values, 1.0 - ERROR))[0]:.3f}")


# --- selection ---------------------------------------------------------------------------------------------------------


def slippage(systems: int, correlation: float, zone: float, counts: bool, selections: int = SELECTIONS) -> tuple[float, float]:
    """The least favourable case: all others worse by exactly the zone. Share of correct selections, mean observations of each."""
    right, taken = 0, 0
    for number in range(selections):
        generator = np.random.default_rng([SEED, systems, number])

        def draw(left: Any, start: int, end: int, g: np.random.Generator = generator) -> np.ndarray:
            shape = ((end - start) * BATCH, systems)
            shared = math.sqrt(correlation) * g.standard_normal((shape[0], 1))
            own = math.sqrt(1 - correlation) * (g.poisson(1.0, shape) - 1.0 if counts else g.standard_normal(shape))
            means = np.zeros(systems)
            means[-1] = zone
            return (means + shared + own).reshape(end - start, BATCH, systems).mean(axis=1)[:, list(left)]

        course = kim_nelson(draw, systems, zone, ERROR, FIRST, 100_000)
        right += course.chosen == systems - 1
        taken += sum(course.observations)
    return right / selections, taken / selections / systems


def bechhofer(systems: int, error: float) -> float:
    """d with which n = (d sigma/zone)^2 of each independent system with known, equal variance promise 1 - error (Bechhofer 1954)."""
    from scipy.integrate import quad
    from scipy.optimize import brentq
    from scipy.stats import norm

    return float(brentq(lambda d: quad(lambda z: norm.cdf(z + d) ** (systems - 1) * norm.pdf(z), -9, 9)[0] - (1 - error), 0.0, 20.0))


def best_in_hindsight(pool: np.ndarray, zone: float, generator: np.random.Generator) -> int:
    """Replications of each policy after which equal allocation on independent seeds would have chosen well as often as asked,
    on this very pool: what nobody could know beforehand."""
    means = pool.mean(axis=0)
    n = 8
    while True:
        draws = means + generator.standard_normal((4000, pool.shape[1])) * pool.std(axis=0) / math.sqrt(n)
        if (means[draws.argmax(axis=1)] > means.max() - zone).mean() >= 1 - ERROR:
            return n
        n = math.ceil(1.05 * n)


def problems() -> Iterator[tuple[str, np.ndarray, float]]:
    """A name, a pool of paired replications (more is better), and an indifference zone."""
    eight = sim.cli.DEMO_POLICIES
    yield "demo's eight schemes, accounts", real_pool(eight, "accounts", PROBLEM_POOL), 0.3
    days = [sim.load_policy("fixed-solo-weekly").with_changes({"practices.reporting.every_days": day}, name=f"every-{day}") for day in range(1, 13)]
    yield "twelve reporting rhythms, accounts", real_pool(tuple(days), "accounts", PROBLEM_POOL), 0.3
    rates = [sim.load_policy("performance-pay").with_changes({"pay.commission.schedule.rate": 50.0 * step}, name=f"rate-{step}")
             for step in range(1, 17)]
    yield "sixteen commission rates, accounts per 10,000 CNY", real_pool(tuple(rates), "accounts_per_10k_pay", PROBLEM_POOL), 0.02


def savings(name: str, pool: np.ndarray, zone: float, selections: int = 200) -> tuple[str, ...]:
    """A row: how often the choice was within the zone of the best, and replications against equal allocation on independent seeds."""
    generator, systems, means = np.random.default_rng(SEED), pool.shape[1], pool.mean(axis=0)
    used, good = [], 0
    for _ in range(selections):
        def draw(left: Any, start: int, end: int) -> np.ndarray:
            rows = generator.integers(0, len(pool), (end - start, BATCH))
            return pool[rows][:, :, list(left)].mean(axis=1)

        course = kim_nelson(draw, systems, zone, ERROR, FIRST, 100_000)
        used.append(sum(course.observations) * BATCH)
        good += means[course.chosen] > means.max() - zone
    promised = systems * math.ceil((bechhofer(systems, ERROR) * pool.std(axis=0).max() / zone) ** 2)
    hindsight = systems * best_in_hindsight(pool, zone, generator)
    ratios = promised / np.array(used)
    low, middle, high = np.quantile(ratios, [0.05, 0.5, 0.95])
    return (name, f"{systems}", f"{zone:g}", f"{good / selections:.3f}", f"{np.median(used):,.0f}", f"{promised:,}",
            f"{middle:.1f} ({low:.1f} to {high:.1f})", f"{hindsight:,}", f"{hindsight / np.median(used):.1f}")


COVERAGE_HEAD = ("differences", "sequence, every look", "sequence, on stopping", "Student's, every look", "Student's, on stopping")
SAVINGS_HEAD = ("problem", "policies", "zone", "chosen within the zone", "replications (median)", "equal allocation, same promise",
                "times fewer (median, 5 % to 95 %)", "equal allocation, in hindsight", "times fewer than that")


def sections() -> Iterator[tuple[str, tuple[str, ...], list[tuple[str, ...]], str]]:
    """Title, head, rows and a remark of each table."""
    error = 2 * math.sqrt(ERROR * (1 - ERROR) / EXPERIMENTS)
    yield (f"Intervals under repeated looks, {EXPERIMENTS:,} experiments", COVERAGE_HEAD, list(coverage()),
           f"Nominal 0.95; two Monte Carlo standard errors are {error:.3f}. Looks: {', '.join(map(str, looks(MOST)))}. On stopping: at the first look "
           "at which the interval leaves zero out, or the last.")
    ours, naive = joint()
    yield ("Six differences that share the error", ("intervals", "all hold at every look"),
           [("asymptotic sequences", f"{ours:.3f}"), ("Student's, with peeking", f"{naive:.3f}")], "Correlation 0.5 between any two.")
    yield ("A share that is now and then large", ("intervals", "hold at every look"), list(betting_rows()),
           "Nothing in 97 of 100 replications, 0.1 to 0.9 in the others: where a normal distribution is far off, bounds still hold.")
    rows = []
    for counts in (False, True):
        for systems in (4, 10):
            for correlation in (0.0, 0.8):
                right, taken = slippage(systems, correlation, 0.1, counts)
                rows.append(("Poisson" if counts else "normal", f"{systems}", f"{correlation:g}", f"{right:.3f}", f"{taken * BATCH:,.0f}"))
    yield (f"Selection in its least favourable case, {SELECTIONS} selections",
           ("noise", "policies", "shared variance", "correct selections", "replications of each (mean)"), rows,
           f"All others worse by exactly the zone (0.1 standard deviations). Promised: 0.95; two standard errors are "
           f"{2 * math.sqrt(0.05 * 0.95 / SELECTIONS):.3f}.")


def economy() -> Iterator[tuple[str, tuple[str, ...], list[tuple[str, ...]], str]]:
    """The same for what selection saves."""
    yield ("Selection", SAVINGS_HEAD, [savings(*problem) for problem in problems()],
           f"200 selections each; rows drawn from {PROBLEM_POOL:,} real paired replications, whose means are the truth. Same promise: Bechhofer's number for known variances, 0.95 for this zone. "
           "In hindsight: what would have done for these very means, which nobody knows beforehand.")


def show(parts: Iterator[tuple[str, tuple[str, ...], list[tuple[str, ...]], str]]) -> None:
    for title, head, rows, remark in parts:
        print(f"## {title}\n")
        for row in (head, tuple("---" for _ in head), *rows):
            print("| " + " | ".join(row) + " |")
        print(f"\n{remark}\n", flush=True)


def main() -> None:
    show(economy())


if __name__ == "__main__":
    main()
