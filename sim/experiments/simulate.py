"""Replications of one policy in one scenario, as tidy results."""

from __future__ import annotations

import math
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sim.compiled import SHORT, WHOLE, is_compiled
from sim.errors import InputError
from sim.experiments.measures import list_measures
from sim.policy import Policy, load_policy
from sim.reading import digest_of
from sim.world import Scenario, check_counted, check_fit, load_scenario

if TYPE_CHECKING:
    from sim.engine.run import BranchRuns

BLOCK = 20               # replications a compiled call, at most; results do not depend on it
MOST_REPLICATIONS = 1_000_000
COLUMNS = ("scenario", "policy", "replication", "seed", "level", "id", "period", "measure", "value")
KEYS = ("scenario", "policy", "level", "id", "period", "measure")
Progress = Callable[[int], None]


@dataclass(frozen=True)
class Runs:
    """Replications of one policy in one scenario.

    frame: long form, one row a replication, unit, period and measure (columns `COLUMNS`); `period` is `total` or a label such
    as `2015-W03` or `2015-01`. Units of measurement are in `list_measures()`.
    provenance: what made it: version, digests of scenario, policy and code, seed.
    """

    scenario: Scenario
    policy: Policy
    seed: int
    replications: int
    frame: pd.DataFrame = field(repr=False)
    provenance: dict[str, Any]

    def totals(self, level: str = "branch") -> pd.DataFrame:
        """One row a replication, one column a measure: the scenario's branches taken together (level `branch`), over the
        whole horizon (what is no sum is the mean of the branches); or, for level `manager`, one row a replication and manager."""
        rows = self.frame[(self.frame["level"] == level) & (self.frame["period"] == "total")]
        if level == "manager":
            return rows.pivot(index=["replication", "id"], columns="measure", values="value")
        cells = {how: rows.pivot_table(index="replication", columns="measure", values="value", aggfunc=how, observed=True, dropna=False)
                 for how in ("sum", "mean")}
        wide = pd.DataFrame({name: cells["sum" if list_measures()[name].kind in ("sum", "stock") else "mean"][name] for name in cells["sum"].columns})
        wide["accounts_per_10k_pay"] = _ratio(1e4 * wide["accounts"].to_numpy(), wide["pay"].to_numpy())
        return wide[[name for name in list_measures() if name in wide.columns]]

    def by_period(self, measure: str) -> pd.DataFrame:
        """One row a replication, one column a period in their order: the scenario's branches taken together; none where a
        measure is reported over the whole horizon alone."""
        rows = self.frame[(self.frame["level"] == "branch") & (self.frame["measure"] == measure) & (self.frame["period"] != "total")]
        table = rows.pivot(index="replication", columns=["id", "period"], values="value")
        grouped = table.T.groupby(level="period", observed=True, sort=False)
        return (grouped.sum() if list_measures()[measure].kind in ("sum", "stock") else grouped.mean()).T

    def summary(self, measures: Sequence[str] | None = None, confidence: float = 0.95) -> pd.DataFrame:
        """Mean of each measure (all, or those named) with the interval of the mean (Monte Carlo error alone) and the spread between replications."""
        wide = self.totals()
        wide = wide[[name for name in wide.columns if measures is None or name in measures]]
        half = interval_half_width(wide.to_numpy(), confidence)
        mean = wide.mean()
        return pd.DataFrame({
            "measure": wide.columns, "unit": [list_measures()[m].unit for m in wide.columns], "mean": mean.to_numpy(),
            "ci_low": mean.to_numpy() - half, "ci_high": mean.to_numpy() + half, "confidence": confidence,
            "p05": wide.quantile(0.05).to_numpy(), "median": wide.median().to_numpy(),
            "p95": wide.quantile(0.95).to_numpy(), "replications": self.replications, "seed": self.seed,
        })


def interval_half_width(values: np.ndarray, confidence: float) -> np.ndarray:
    """Half width of Student's interval of the mean, by column; NaN for one row."""
    from scipy.special import stdtrit

    n = len(values)
    if n < 2:
        return np.full(values.shape[1:], np.nan)
    return stdtrit(n - 1, 0.5 + confidence / 2) * values.std(axis=0, ddof=1) / np.sqrt(n)


def check_numbers(replications: int, seed: int, jobs: int, fewest: int = 1) -> None:
    """Refuse numbers no experiment can have."""
    for name, number in (("replications", replications), ("seed", seed), ("jobs", jobs)):
        if isinstance(number, bool) or not isinstance(number, (int, np.integer)):
            raise InputError(name, found=repr(number), expected="a whole number")
    if not fewest <= replications <= MOST_REPLICATIONS:
        raise InputError("replications", found=str(replications), expected=f"a whole number from {fewest} to {MOST_REPLICATIONS}")
    if seed < 0:
        raise InputError("seed", found=str(seed), expected="a whole number, 0 or more")
    if not 1 <= jobs <= 1024:
        raise InputError("jobs", found=str(jobs), expected="a whole number from 1 to 1024")


def loaded(scenario: Scenario | str, policy: Policy | str) -> tuple[Scenario, Policy]:
    """Names and paths stand for what they name."""
    return (load_scenario(scenario) if isinstance(scenario, (str, Path)) else scenario,
            load_policy(policy) if isinstance(policy, (str, Path)) else policy)


def simulate(scenario: Scenario | str, policy: Policy | str, replications: int = 100, seed: int = 1, jobs: int = 1,
             progress: Progress | None = None, store: str | Path | None = None) -> Runs:
    """Live through the scenario under the policy (objects, names or paths) `replications` times.

    The same seed gives the same luck under every policy, and the same bytes whatever `jobs` is.
    progress is called with the number of replications just finished. store: a folder where finished runs are kept and found
    again by scenario, policy, seed, replications and code. Errors: InputError.
    """
    scenario, policy = loaded(scenario, policy)
    check_numbers(replications, seed, jobs)
    check_counted(scenario, policy)
    check_fit(scenario, policy)
    frame = block_of(scenario, policy, range(replications), seed, jobs, progress, store)
    return Runs(scenario, policy, seed, replications, frame, provenance_of(scenario, policy, replications, seed))


def block_of(scenario: Scenario, policy: Policy, replications: range, seed: int, jobs: int = 1, progress: Progress | None = None,
             store: str | Path | None = None) -> pd.DataFrame:
    """The long frame of some of a run's replications, by their numbers; blocks one after another are the run (`stacked`)."""
    path = run_file(store, scenario, policy, replications, seed) if store else None
    if path is not None and path.exists():
        if progress:
            progress(len(replications))
        return _read(path, scenario, policy)
    if progress is None and needs_compiling(scenario, policy):
        print("Compiling the model for this machine, about a minute, once only.", file=sys.stderr, flush=True)
    last = list(scenario.branches)[-1]                   # a replication is finished when its last branch is
    pieces = [piece for branch in scenario.branches for piece in _frames(
        scenario, branch, _run(scenario, policy, branch, replications, seed, jobs, progress if branch == last else None), policy)]
    frame = _joined(pieces, scenario, policy, seed, replications.start)
    if path is not None:
        write_parquet(frame, path)
    return frame


def run_file(store: str | Path, scenario: Scenario, policy: Policy, replications: range, seed: int) -> Path:
    """Where a store keeps these replications."""
    made = provenance_of(scenario, policy, len(replications), seed)
    return Path(store) / f"{digest_of({**made, 'first': replications.start} if replications.start else made)}.parquet"


def stacked(blocks: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Blocks of replications that follow one another, in the order of a run made at once: piece by piece, replications within."""
    if len(blocks) == 1:
        return blocks[0]
    frame = pd.concat(blocks, ignore_index=True)
    order = np.argsort(np.concatenate([_piece_of(block) for block in blocks]), kind="stable")
    return frame.take(order).reset_index(drop=True)


def _piece_of(block: pd.DataFrame) -> np.ndarray:
    """The number of the piece a row stands in: a new one where level, period or measure changes, or replications begin again."""
    codes = np.stack([block[key].cat.codes.to_numpy() for key in ("level", "period", "measure")])
    number = block["replication"].to_numpy()
    new = (codes[:, 1:] != codes[:, :-1]).any(axis=0) | (number[1:] < number[:-1])
    return np.concatenate([[0], np.cumsum(new)])


def provenance_of(scenario: Scenario, policy: Policy, replications: int, seed: int) -> dict[str, Any]:
    """What decides a run's bytes."""
    from sim import __version__
    from sim.compiled import results_digest

    return {
        "incentivelab": __version__, "code": results_digest(), "scenario": scenario.name, "scenario_digest": scenario.digest,
        "policy": policy.name, "policy_digest": policy.digest, "seed": seed, "replications": replications,
    }


def needs_compiling(scenario: Scenario, *policies: Policy) -> bool:
    """Whether what these runs need has never been compiled on this machine, so that the first of them takes a minute longer."""
    from sim.engine.prepare import practice_of, world_of
    from sim.engine.shop import further_parts

    branch = next(iter(scenario.branches))
    world = world_of(scenario, branch)
    days = {WHOLE if further_parts(world, practice_of(policy, scenario, branch)) else SHORT for policy in policies}
    return not all(is_compiled(day) for day in days)


def _run(scenario: Scenario, policy: Policy, branch: str, replications: range, seed: int, jobs: int,
         progress: Progress | None) -> BranchRuns:
    """These replications of one branch, in blocks; threads share the compiled loop, which holds no interpreter lock."""
    from joblib import Parallel, delayed

    from sim.engine.prepare import practice_of, world_of
    from sim.engine.run import BranchRuns, branch_seeds, run_branch
    from sim.engine.state import PAY_MEASURES
    from sim.policy.framing import framed
    from sim.policy.schedule import pay_tables

    world, practice = world_of(scenario, branch), practice_of(policy, scenario, branch)
    elements, merged = pay_tables(policy, PAY_MEASURES)
    merged = framed(merged, policy, scenario.effective("loss_aversion"))
    seeds = branch_seeds(seed, replications, branch)
    count = len(replications)
    size = math.ceil(count / (jobs * math.ceil(count / (BLOCK * jobs))))                     # as many blocks for each worker
    blocks = [seeds[start:start + size] for start in range(0, count, size)]
    parts = Parallel(n_jobs=jobs, prefer="threads", return_as="generator")(
        delayed(run_branch)(world, practice, elements, merged, block) for block in blocks)
    done = []
    for part in parts:
        done.append(part)
        if progress:
            progress(len(part.weeks))
    return BranchRuns(*(np.concatenate(arrays) for arrays in zip(*done, strict=True)))


Piece = tuple[str, list[str], str, str, np.ndarray]           # level, ids, period, measure, values (replications, ids)


CAREERS = ("quits", "dismissals", "hires", "vacancy_days", "promotions", "demotions", "training_spells", "handed_over", "tenure",
           "morale", "time_to_competence", "people_in_grade")


def _frames(scenario: Scenario, branch: str, runs: BranchRuns, policy: Policy) -> Iterator[Piece]:
    """A branch's results, piece by piece: managers first, then the branch."""
    from sim.engine.state import FINALS, RECORDS
    from sim.experiments.portfolios import sold_pieces

    names = list(scenario.branches[branch].managers)
    line = scenario.timeline
    weeks = {name: runs.weeks[..., place] for place, name in enumerate(RECORDS)}
    finals = {name: runs.finals[..., place] for place, name in enumerate(FINALS)}
    pay = runs.months / 100.0
    books = credit_books(runs.ledger, pay) if runs.ledger.shape[1] else {}
    for name, measure in list_measures().items():
        if measure.needs and not scenario.mechanism(measure.needs):
            continue
        if name in books:
            yield from _booked(names, branch, name, books[name], line.month_labels)
            continue
        if name == "pay":
            series, total, labels = pay, pay.sum(axis=1), line.month_labels
        elif name == "satisfaction":
            yield from _satisfaction(names, branch, finals)
            continue
        elif name in CAREERS:
            continue
        elif name in finals:
            series, total, labels = None, finals[name], ()
        elif name in weeks:
            flow = weeks[name]
            days = weeks["days"]
            total = {"sum": flow.sum(axis=1), "last": flow[:, -1], "mean": flow.sum(axis=1) / days.sum(axis=1)}[measure.kind]
            series = (flow / days if measure.kind == "mean" else flow) if measure.weekly else None
            labels = line.week_labels
        else:
            continue
        yield from _levels(names, branch, name, measure.kind, total, series, labels)
    accounts, paid = weeks["accounts"].sum(axis=1), pay.sum(axis=1)
    whole = {"accounts_per_10k_pay": _ratio(1e4 * accounts.sum(axis=1), paid.sum(axis=1)),
             "pay_gini": gini(paid), "accounts_gini": gini(accounts)}
    for name, values in whole.items():
        yield "branch", [branch], "total", name, values[:, None]
    if runs.sold.shape[-1]:                              # customers in full
        yield from sold_pieces(names, branch, runs, line.week_labels, _levels)
    if scenario.effective("quit_hazard") > 0 or policy.people is not None:
        yield from _careers(names, branch, finals, [grade.name for grade in policy.people.grades] if policy.people else [])


def _satisfaction(names: list[str], branch: str, finals: dict[str, np.ndarray]) -> Iterator[Piece]:
    """Mean over customers, not managers; NaN for whoever holds none."""
    held, mean = finals["customers"], finals["satisfaction"]
    yield "manager", names, "total", "satisfaction", np.where(held > 0, mean, np.nan)
    whole = held.sum(axis=1)
    yield "branch", [branch], "total", "satisfaction", np.where(whole > 0, _ratio((held * mean).sum(axis=1), whole), np.nan)[:, None]


Parts = tuple[np.ndarray, np.ndarray | None]          # (R, M, n) by month, and what it is divided by, if anything


def credit_books(ledger: np.ndarray, pay: np.ndarray) -> dict[str, tuple[str, Parts]]:
    """Measures of loans from the months' records and pay (R, M, n): each how it covers more months, and its values by month."""
    from sim.engine.stages.credit import SHARE_LOST
    from sim.engine.state import LEDGER

    of = {name: ledger[..., place] for place, name in enumerate(LEDGER)}
    bad = of["substandard_balance"] + of["doubtful_balance"] + of["loss_balance"]
    loss = SHARE_LOST[1] * of["substandard_balance"] + SHARE_LOST[2] * of["doubtful_balance"] + SHARE_LOST[3] * of["loss_balance"]
    before = np.concatenate([np.zeros_like(loss[:, :1]), loss[:, :-1]], axis=1)
    profit = of["responsible_income"] - of["responsible_cost"] - (loss - before) - of["principal_lost"]
    flows = ("loans_made", "loans", "applications", "interest_collected", "responsible_income", "responsible_cost", "loans_defaulted", "principal_lost")
    levels = ("loan_balance", "substandard_balance", "doubtful_balance", "loss_balance", "unrecovered_balance")
    return {
        **{name: ("sum", (of[name], None)) for name in flows}, **{name: ("last", (of[name], None)) for name in levels},
        "loan_size": ("sum", (of["loans_made"], of["loans"])), "default_rate": ("sum", (of["loans_defaulted"], of["loans_made"])),
        "loan_loss": ("last", (loss, None)), "bad_loan_ratio": ("last", (bad, of["loan_balance"])),
        "loans_recovered": ("last", (of["recovered"], of["due"])),
        "responsible_profit": ("sum", (profit, None)), "profit_after_pay": ("sum", (profit - pay, None)),
    }


def _booked(names: list[str], branch: str, measure: str, book: tuple[str, Parts], labels: list[str]) -> Iterator[Piece]:
    """A measure of the months' records by manager and for the branch, over the horizon and by month; NaN where there is nothing to divide by."""
    how, (above, below) = book

    def at(months: slice, whole: bool) -> np.ndarray:
        parts = [None if part is None else part[:, months].sum(axis=1) for part in (above, below)]
        if whole:
            parts = [None if part is None else part.sum(axis=1, keepdims=True) for part in parts]
        if parts[1] is None:
            return parts[0]
        return np.where(parts[1] > 0, _ratio(parts[0], parts[1]), np.nan)

    spans = [("total", slice(None) if how == "sum" else slice(-1, None)), *((label, slice(place, place + 1)) for place, label in enumerate(labels))]
    for label, months in spans:
        yield "manager", names, label, measure, at(months, False)
        yield "branch", [branch], label, measure, at(months, True)
def _careers(names: list[str], branch: str, finals: dict[str, np.ndarray], grades: list[str]) -> Iterator[Piece]:
    """Who came, went and rose: counts by seat; tenure and morale of those in post; people by grade on the last day."""
    in_post = finals["in_post"]
    there = in_post.sum(axis=1)
    for name in CAREERS:
        if name in ("tenure", "morale"):
            yield "manager", names, "total", name, np.where(in_post > 0, finals[name], np.nan)
            mean = _ratio((finals[name] * in_post).sum(axis=1), there)
            yield "branch", [branch], "total", name, np.where(there > 0, mean, np.nan)[:, None]
        elif name == "time_to_competence":
            ramped = finals["ramped"].sum(axis=1)
            yield "branch", [branch], "total", name, np.where(ramped > 0, _ratio(finals["ramp_months"].sum(axis=1), ramped), np.nan)[:, None]
        elif name == "people_in_grade":
            if grades:
                places = np.arange(len(grades))
                held = ((finals["grade"][:, :, None] == places) & (in_post[:, :, None] > 0)).sum(axis=1)
                yield "grade", grades, "total", name, held.astype(np.float64)
        else:
            yield from _levels(names, branch, name, "sum", finals[name], None, ())


def _ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    return np.divide(above, below, out=np.zeros_like(above), where=below > 0)


def _levels(names: list[str], branch: str, measure: str, kind: str, total: np.ndarray, series: np.ndarray | None,
            labels: list[str] | tuple[str, ...]) -> Iterator[Piece]:
    """The same values by manager and for the branch, over the horizon and by period."""
    gather = np.sum if kind == "sum" else np.mean
    yield "manager", names, "total", measure, total
    yield "branch", [branch], "total", measure, gather(total, axis=1)[:, None]
    if series is not None:
        for place, label in enumerate(labels):
            yield "manager", names, label, measure, series[:, place]
            yield "branch", [branch], label, measure, gather(series[:, place], axis=1)[:, None]


def gini(values: np.ndarray) -> np.ndarray:
    """Gini index of each row: 0 all equal, toward 1 one has all; 0 where nobody has anything."""
    ranked = np.sort(values, axis=1)
    n = values.shape[1]
    weights = 2.0 * np.arange(1, n + 1) - n - 1.0
    return _ratio((ranked * weights).sum(axis=1), n * ranked.sum(axis=1))


def _joined(pieces: list[Piece], scenario: Scenario, policy: Policy, seed: int, start: int = 0) -> pd.DataFrame:
    """Long form in the canonical order: pieces as they come, replications within, units within those."""
    replications = len(pieces[0][4])
    columns: dict[str, list] = {name: [] for name in ("level", "id", "period", "measure")}
    values, numbers = [], []
    for level, ids, period, measure, table in pieces:
        size = replications * len(ids)
        for name, word in (("level", level), ("period", period), ("measure", measure)):
            columns[name].append((word, size))
        columns["id"].append((ids, replications))
        values.append(table.ravel())
        numbers.append(np.repeat(np.arange(start, start + replications), len(ids)))
    data: dict[str, Any] = {"scenario": _constant(scenario.name, sum(map(len, values))),
                            "policy": _constant(policy.name, sum(map(len, values))),
                            "replication": np.concatenate(numbers), "seed": seed}
    for name in ("level", "period", "measure"):
        words = list(dict.fromkeys(word for word, _ in columns[name]))
        codes = np.repeat([words.index(word) for word, _ in columns[name]], [size for _, size in columns[name]])
        data[name] = pd.Categorical.from_codes(codes, words)
    ids = list(dict.fromkeys(name for names, _ in columns["id"] for name in names))
    places = {name: place for place, name in enumerate(ids)}
    data["id"] = pd.Categorical.from_codes(
        np.concatenate([np.tile([places[name] for name in names], times) for names, times in columns["id"]]), ids)
    data["value"] = np.concatenate(values)
    return pd.DataFrame(data)[list(COLUMNS)]


def _constant(word: str, size: int) -> pd.Categorical:
    return pd.Categorical.from_codes(np.zeros(size, dtype=np.int8), [word])


def write_parquet(frame: pd.DataFrame, path: Path) -> None:
    """Write a results frame in the one canonical form, under a temporary name first, so that no half-written file is seen."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    os.close(handle)
    try:
        plain = frame.astype({key: "category" for key in KEYS})
        plain.to_parquet(name, engine="pyarrow", compression="zstd", index=False)
        os.chmod(name, 0o666 & ~_umask())
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _umask() -> int:
    """Permissions the user takes away from new files (temporary ones start with fewer)."""
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _read(path: Path, scenario: Scenario, policy: Policy) -> pd.DataFrame:
    """A stored run under the names it is asked by now."""
    frame = pd.read_parquet(path, engine="pyarrow")
    frame["scenario"] = _constant(scenario.name, len(frame))
    frame["policy"] = _constant(policy.name, len(frame))
    return frame.astype({key: "category" for key in KEYS})[list(COLUMNS)]
