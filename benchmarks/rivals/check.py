"""The engine and the plain Mesa model docked anew: fresh luck and many runs, in a small setting and over the whole quarter.

    python -m benchmarks.rivals.check [--runs N] [--rivals N] [--lucky N] [--seed N] [--weeks N] [--customers N]

Tells the widest gap, how small a difference would have shown, and how far the two come apart with the same luck. Ends with status 1
where they are told apart.
"""

from __future__ import annotations

import argparse
import secrets
import sys

import sim
from benchmarks.rivals.docking import LEVEL, POWER, QUARTERS, docked, docked_table
from benchmarks.rivals.same_luck import CLOSE, furthest

DAYS, CUSTOMERS = "calendar.days", "parameters.customers_per_manager"
SMALL = {DAYS: 42, CUSTOMERS: 100}


def options() -> argparse.Namespace:
    """What was asked for on the command line."""
    parser = argparse.ArgumentParser(description="Dock the engine and the plain Mesa model anew.")
    parser.add_argument("--runs", type=int, default=12000, help="of the engine, each setting (default %(default)s)")
    parser.add_argument("--rivals", type=int, default=4000, help="of plain Mesa, each setting (default %(default)s)")
    parser.add_argument("--lucky", type=int, default=100, help="of both with the same luck (default %(default)s)")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**31), help="default: another each time")
    parser.add_argument("--weeks", type=int, help="this setting alone: so many weeks of the quarter")
    parser.add_argument("--customers", type=int, help="this setting alone: so many customers a manager")
    return parser.parse_args()


def main() -> None:
    asked, apart = options(), 0
    own = {DAYS: asked.weeks and 7 * asked.weeks, CUSTOMERS: asked.customers}
    own = {key: value for key, value in own.items() if value}
    print(
        f"Seed {asked.seed}; {asked.runs:,} runs of the engine, {asked.rivals:,} of plain Mesa. The error of a table's tests together is "
        f"{LEVEL:.0%}; gaps are in standard errors; a mean off by what would show is found out with probability {POWER:.0%}.\n"
    )
    for changes in [own] if own else [SMALL, {}]:
        for place, quarter in enumerate(QUARTERS):
            scenario, policy = sim.load_scenario(quarter).with_changes(changes, quarter), sim.load_policy(quarter)
            found = docked(scenario, policy, asked.runs, asked.rivals, asked.seed + place)
            widest, (name, off) = max(found, key=lambda d: abs(d.gap)), furthest(scenario, policy, asked.lucky, asked.seed)
            apart += sum(not d.agrees for d in found) + (off > CLOSE)
            print(*docked_table(f"{quarter}, {scenario.timeline.days} days", found), sep="\n")
            print(f"\nWidest gap of {len(found)} outcomes: {widest.name}, {widest.gap:+.2f}. ", end="")
            print(f"With the same luck, {asked.lucky} runs each: at most {off:.0e} apart ({name}).\n", flush=True)
    if apart:
        sys.exit(f"told apart: {apart}")


if __name__ == "__main__":
    main()
