"""A rough fit of the marked parameters to both Changzhou quarters, recorded and repeatable.

    python -m sim.experiments.fit            try the design, print the best and write data/cases/changzhou-fit.json
    python -m sim.experiments.fit --check    does the record agree with the parameters in force?

This is no calibration: a handful of parameters, six figures, one design, no uncertainty about the parameters. It only sees to
it that one set of values is in sight of both quarters. Values are carried into data/parameters by hand.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sim.experiments.simulate import Runs, simulate
from sim.policy import load_policy
from sim.reading import resource_folder
from sim.world import load_case, load_scenario

QUARTERS = ("changzhou-2015", "changzhou-2016")
TRIES, TRY_REPLICATIONS, RECORD_REPLICATIONS, SEED = 64, 60, 400, 2015
# parameter (with entry): low and high of the design, taken on a logarithmic scale
FREE = {
    "effort_cost": (1.2, 2.8), "partner_leads": (0.08, 0.18), "channel_neglect.intermediaries": (4.0, 8.0),
    "lean_effect": (0.3, 0.8), "pressure_step": (40.0, 160.0), "assigned_leads": (0.5, 0.7),
}


@dataclass(frozen=True)
class Figure:
    """A figure of the case, where it is simulated, and how far off is one step of misfit."""

    name: str
    quarter: int
    fact: float
    step: float


def figures() -> list[Figure]:
    """What the fit looks at, out of the case's facts."""
    first, second = load_case("changzhou")["quarters"].values()
    newcomers = next(row["accounts"] for row in second["sums"] if "H" in row["managers"])
    return [
        Figure("accounts", 0, first["total"]["accounts"], 3.0), Figure("assigned_share", 0, 0.47, 0.05),
        Figure("accounts", 1, second["total"]["accounts"], 10.0), Figure("newcomers", 1, newcomers, 10.0),
        Figure("C_final", 1, sum(second["managers"]["C"]["between"]) / 2, 4.0), Figure("C_early_february", 1, 3.0, 2.0),
    ]


def simulated(runs: Runs, name: str) -> np.ndarray:
    """A figure in each replication."""
    if name == "accounts":
        return runs.totals()["accounts"].to_numpy()
    if name == "assigned_share":
        return np.array([(runs.totals()["accounts_assigned"].sum() / runs.totals()["accounts"].sum())])
    people = runs.totals("manager")["accounts"].unstack("id")
    if name == "newcomers":
        return people[[n for n, spec in runs.scenario.managers.items() if spec.cohort == "newcomer"]].sum(axis=1).to_numpy()
    if name == "C_final":
        return people["C"].to_numpy()
    weekly = runs.frame[(runs.frame["id"] == "C") & (runs.frame["measure"] == "accounts") & (runs.frame["period"] != "total")]
    labels = [w for w in runs.scenario.timeline.week_labels if w <= "2016-W05"]       # until Sunday, 7 February 2016
    return weekly[weekly["period"].isin(labels)].groupby("replication")["value"].sum().to_numpy()


def outcome(values: dict[str, float], replications: int, seed: int) -> list[Runs]:
    """Both quarters under these values; both channels that assigned leads close take the same exponent."""
    changes = {f"parameters.{name}": value for name, value in values.items()}
    changes["parameters.channel_neglect.chains"] = values["channel_neglect.intermediaries"]
    return [simulate(load_scenario(q).with_changes(changes, name=q), load_policy(q), replications, seed) for q in QUARTERS]


def misfit(runs: Sequence[Runs]) -> float:
    """Sum of squared distances from the case, in steps."""
    return sum(((simulated(runs[f.quarter], f.name).mean() - f.fact) / f.step) ** 2 for f in figures())


def design() -> list[dict[str, float]]:
    """Scrambled Sobol' points over the free parameters, on logarithmic scales."""
    from scipy.stats import qmc

    points = qmc.Sobol(len(FREE), seed=SEED).random(TRIES)
    low, high = (np.log([bounds[side] for bounds in FREE.values()]) for side in (0, 1))
    return [dict(zip(FREE, np.round(np.exp(low + p * (high - low)), 3).tolist(), strict=True)) for p in points]


def record(values: dict[str, float]) -> dict:
    """The chosen values and what they give, with the 90 % interval between replications."""
    runs = outcome(values, RECORD_REPLICATIONS, SEED)
    rows = []
    for f in figures():
        sample = simulated(runs[f.quarter], f.name)
        low, high = (float(np.quantile(sample, q)) if len(sample) > 1 else None for q in (0.05, 0.95))
        rows.append({"quarter": QUARTERS[f.quarter], "figure": f.name, "fact": f.fact, "mean": round(float(sample.mean()), 3),
                     "p05": low, "p95": high})
    return {"values": values, "misfit": round(misfit(runs), 3), "seed": SEED, "replications": RECORD_REPLICATIONS,
            "tries": TRIES, "replications_a_try": TRY_REPLICATIONS, "figures": rows}


def in_force() -> dict[str, float]:
    """The free parameters as the data files have them."""
    scenario = load_scenario(QUARTERS[0])
    return {name: scenario.value(*name.split(".")) for name in FREE}


def main(arguments: Sequence[str]) -> int:
    path = resource_folder("data") / "cases" / "changzhou-fit.json"
    if "--check" in arguments:
        kept = json.loads(path.read_text(encoding="utf-8"))["values"]
        print("agrees" if kept == in_force() else f"differs: recorded {kept}, in force {in_force()}")
        return 0 if kept == in_force() else 1
    scored = []
    for place, values in enumerate(design()):
        scored.append((misfit(outcome(values, TRY_REPLICATIONS, SEED)), place, values))
        print(f"{place + 1:3d}/{TRIES}  misfit {scored[-1][0]:8.2f}  {values}", flush=True)
    best = min(scored)[2]
    kept = record(best)
    path.write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(kept, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
