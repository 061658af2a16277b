"""Speed of what users wait for, and of the engine against its rivals: `make bench`.

    python -m benchmarks.bench            prints the measured part of docs/performance.md
    python -m benchmarks.bench --write    writes it there, with the picture of cost by size

What is compared is timed in turns, after compilation, by processor time, and where it is the engine against Mesa each in a process of its
own; whole commands and numbers of workers by the clock.
"""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import sim
from benchmarks import bank, scale
from benchmarks.rivals import speed
from benchmarks.runner import runner, spend
from benchmarks.timing import in_turns, machine, ratios, seconds, spread, table
from sim.app.explorer import explorer
from sim.report.style import png

PAGE = Path(__file__).resolve().parent.parent / "docs" / "performance.md"
PICTURE = PAGE.parent / "images" / "cost.png"
BLOCK = re.compile(r"(?<=<!-- block bench -->\n).*?(?=<!-- end -->)", re.DOTALL)
RUNS, COMPARED, DOTS_AN_INCH = 60, 1000, 130
SLIDERS, REDRAWN, MOVES = "changzhou-2015", 100, 9
COMMANDS = {"`import sim`": [sys.executable, "-c", "import sim"], "`incentivelab --help`": [sys.executable, "-m", "sim.cli", "--help"]}
SCENARIOS = {  # what is further in force, and the policy
    "changzhou-2015": ("nothing", "changzhou-2015"),
    "changzhou-2016": ("nothing", "changzhou-2016"),
    "branch": ("nothing; a quota bends pay", "performance-pay"),
    "c16-branch": ("quits and hiring", "performance-pay"),
    "rural-branch": ("loans", "lending-volume"),
    "retail-branch-full": ("customers in full, deals, visitors", "performance-pay"),
}


def commands() -> Iterator[str]:
    """Whole commands, by the clock."""
    taken = in_turns(
        {name: lambda line=line: subprocess.run(line, check=True, stdout=subprocess.DEVNULL) for name, line in COMMANDS.items()},
        clock=time.perf_counter,
    )
    yield from table(("command", "s"), ((name, spread(times)) for name, times in taken.items()))


def redrawn() -> Iterator[str]:
    """A slider of the explorer moved to where it has not been: 100 paired replications run, compared and drawn, by the clock."""
    app, rates = explorer(SLIDERS, replications=REDRAWN), iter(range(50, 2000, 50))
    app.move(pay="performance")
    times = [seconds(lambda: app.move(commission=float(next(rates)))) for _ in range(MOVES)]
    yield from table(("explorer", "s"), [(f"slider moved to chart redrawn, {REDRAWN} paired replications, {app.jobs} workers", spread(times))])


def replications() -> Iterator[str]:
    """Replications within one process, by processor time."""
    scenarios = {name: sim.load_scenario(name) for name in SCENARIOS}
    ready = {name: runner(scenario, sim.load_policy(SCENARIOS[name][1]), block=RUNS) for name, scenario in scenarios.items()}
    for live in ready.values():
        spend(live, 1)
    taken = in_turns({name: lambda live=live: spend(live, RUNS) for name, live in ready.items()})
    rows = []
    for name, times in taken.items():
        people, days = len(scenarios[name].managers), scenarios[name].timeline.days
        each = [1e3 * t / RUNS for t in times]
        rows.append((name, SCENARIOS[name][0], f"{people}", f"{days}", spread(each), spread([1e3 * t / (people * days) for t in each])))
    yield from table(
        ("one replication, one core", "further in force", "managers", "days", "ms", "µs a manager-day"), rows
    )


def workers() -> Iterator[str]:
    """The same comparison with one worker and with two, by the clock."""
    scenario, plans = sim.load_scenario("changzhou-2015"), [sim.load_policy(name) for name in ("fixed-pay", "performance-pay")]
    names = {1: "1 worker", 2: "2 workers"}
    taken = in_turns(
        {name: lambda jobs=jobs: sim.compare(scenario, plans, replications=COMPARED, jobs=jobs) for jobs, name in names.items()},
        clock=time.perf_counter,
    )
    rows = [(name, spread(times), spread(ratios(taken["1 worker"], times)) if name != "1 worker" else "1") for name, times in taken.items()]
    yield from table((f"compare, 2 policies x {COMPARED} replications", "s", "times as fast as 1"), rows)


def sections(points: tuple[list[scale.Cost], list[scale.Cost]]) -> Iterator[str]:
    """The measured part of the page."""
    packages = ("numba", "numpy", "mesa", *(["polars"] if find_spec("polars") else []))
    yield f"{machine(*packages)}, {speed.compiler_version()}; incentivelab {sim.__version__}. Medians, in brackets lowest and highest.\n"
    for part in (commands, redrawn, replications, workers):
        yield from part()
        yield ""
    for title, part in (
        ("Against plain Mesa", speed.replication),
        ("Against Mesa's batch_run", speed.batches),
        ("The contact loop", speed.contact_loop),
        ("A national bank", bank.tables),
        ("Compiling", speed.compiling),
        ("Memory", speed.memory),
    ):
        yield f"### {title}\n"
        yield from part()
        yield ""
    yield "### Cost by size\n"
    yield from scale.tables(points)


def main() -> None:
    points, text = scale.measured(), ""
    for line in sections(points):
        print(line, flush=True)
        text += line + "\n"
    if "--write" in sys.argv[1:]:
        PAGE.write_text(BLOCK.sub(lambda _: "\n" + text + "\n", PAGE.read_text(encoding="utf-8")), encoding="utf-8")
        PICTURE.write_bytes(png(scale.picture(points), DOTS_AN_INCH))


if __name__ == "__main__":
    main()
