"""A comparison from request to report folder: compute, execute the notebooks, write, put in place."""

from __future__ import annotations

import hashlib
import math
import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from sim.app.folders import replacing
from sim.app.inputs import Inputs
from sim.app.notebooks import RESULTS, NotebookError, Task, run_notebooks
from sim.app.request import Request
from sim.app.store import cores
from sim.app.words import say
from sim.experiments.sequences import FEWEST
from sim.report.words import titles

if TYPE_CHECKING:
    from sim.experiments.compare import Comparison
    from sim.experiments.precision import Look

NOTEBOOKS = "notebooks"
AT_ONCE = 8  # notebooks executed together; each is a process with the model's packages in memory
NAME_LENGTH = 40  # of each policy in the name of a folder


class Bar(Protocol):
    """Told of steps done, and, where it shows only on the way, of how many there will be."""

    def __call__(self, steps: int) -> None: ...

    def expect(self, total: int) -> None: ...


class Teller(Protocol):
    """Who is told how far the work is."""

    def line(self, key: str, **parts: object) -> None: ...

    def bar(self, key: str, total: int) -> AbstractContextManager[Bar]: ...


def default_folder(asked: Request) -> str:
    """reports/SCENARIO/BASELINE-vs-OTHER; with more others their number, and letters that tell one such set from another."""
    first, *others = (policy.name for policy in asked.policies)
    rest = others[0][:NAME_LENGTH]
    if len(others) > 1:
        rest = f"{len(others)}-others-{hashlib.sha256(chr(10).join(others).encode()).hexdigest()[:4]}"
    return f"reports/{asked.scenario.name[:NAME_LENGTH]}/{first[:NAME_LENGTH]}-vs-{rest}"


def write_comparison(asked: Request, inputs: Inputs, folder: Path, teller: Teller, scheduler: str | None = None) -> Comparison:
    """Compute what was asked and leave it in `folder` as a report with its executed notebooks; the comparison.

    The runs go into the store first, where the notebooks find them. Until all is done `folder` is as it was. scheduler: of the workers
    that make the runs, if not this process.
    """
    result = compute(asked, teller, scheduler)
    from sim.report import write_report
    from sim.report.figures import kinds

    with replacing(folder) as staging:
        tasks = notebook_tasks(asked, inputs, staging, result.baseline.replications)
        _carry_over(tasks, folder)
        teller.line("executing", count=len(tasks))
        try:
            with teller.bar("notebooks", len(tasks)) as bar:
                run_notebooks(tasks, at_once=min(asked.jobs, cores(), AT_ONCE), done=lambda task: bar(1))
        except NotebookError as error:
            raise _kept(error, folder) from error
        teller.line("writing")
        with teller.bar("figures", len(kinds(result))) as bar:
            write_report(result, staging, asked.lang, _links(asked, tasks), bar)
    return result


def _links(asked: Request, tasks: list[Task]) -> list[tuple[str, str]]:
    """A title and a path within the report for each notebook: the comparison's, then the policies' in their order."""
    names = titles(asked.policies, asked.lang)
    words = [say("notebook.compare", asked.lang), *(say("notebook.policy_run", asked.lang, policy=names[policy.name]) for policy in asked.policies)]
    return [(word, f"{NOTEBOOKS}/{task.out.name}") for word, task in zip(words, tasks, strict=True)]


def _kept(error: NotebookError, folder: Path) -> NotebookError:
    """The same failure, its notebook taken out of the folder that is about to vanish."""
    if error.failed is None or not error.failed.is_file():
        return error
    kept = folder.with_name(f"{folder.name}-{error.failed.name}")
    shutil.move(error.failed, kept)
    return NotebookError(error.what, kept)


def compute(asked: Request, teller: Teller, scheduler: str | None = None) -> Comparison:
    """The comparison itself. scheduler: of the workers that make its runs, if not this process."""
    from sim.experiments.simulate import needs_compiling
    from sim.report.describe import cut_periods

    for text in cut_periods(asked.scenario, asked.lang):
        teller.line("note", text=text)
    words = {"policies": len(asked.policies), "scenario": asked.scenario.name, "replications": asked.replications, "seed": asked.seed}
    if asked.precision:
        teller.line("until", **words, precision=asked.precision_text.replace(",", ", "))
    else:
        teller.line("comparing", **words)
    if scheduler is None and needs_compiling(asked.scenario, *asked.policies):
        teller.line("compiling")
    if not asked.precision:
        with teller.bar("replications", len(asked.policies) * asked.replications) as bar:
            return asked.compare(progress=bar)
    with teller.bar("replications", len(asked.policies) * FEWEST) as bar:
        result = asked.compare(progress=bar, told=_look_teller(asked, teller, bar))
    assert result.precision is not None
    teller.line("reached" if result.precision.enough else "not_reached", replications=result.baseline.replications)
    return result


def _look_teller(asked: Request, teller: Teller, bar: Bar) -> Callable[[Look], None]:
    """Says after the pilot what to expect, and keeps the bar's end where it is expected."""
    from sim.experiments.measures import list_measures
    from sim.report.words import measure_name, number

    names = titles(asked.policies, asked.lang)

    def told(look: Look) -> None:
        bar.expect(len(asked.policies) * look.expected)
        if look.replications == FEWEST and not look.done:
            slowest = look.slowest
            words = {"pilot": look.replications, "measure": measure_name(slowest.measure, asked.lang), "policy": names[slowest.policy],
                     "half": number(slowest.half, list_measures()[slowest.measure].unit), "limit": asked.replications}
            needed = f"{look.forecast:,.0f}" if math.isfinite(look.forecast) else "\N{INFINITY}"
            teller.line("forecast" if look.forecast <= asked.replications else "forecast_beyond", **words, needed=needed)
    return told


def notebook_tasks(asked: Request, inputs: Inputs, report: Path, replications: int) -> list[Task]:
    """The notebook of the comparison and one a policy, to be executed into `report`/notebooks. replications: that were made."""
    seen, copies = inputs.copied(report)
    common = {"scenario": seen.scenario, "seed": asked.seed, "lang": asked.lang}
    here = report / NOTEBOOKS
    here.mkdir()
    compare = Task("compare", here / "compare.ipynb", inputs=copies, parameters={
        **common, "replications": asked.replications, "policies": ",".join(seen.policies), "confidence": asked.confidence,
        "precision": asked.precision_text, "simultaneous": asked.simultaneous, RESULTS: "compare.json"})
    runs = [
        Task("policy_run", here / f"policy_run-{policy.name}.ipynb", inputs=copies, parameters={
            **common, "replications": replications, "policy": name, RESULTS: f"policy_run-{policy.name}.json"})
        for policy, name in zip(asked.policies, seen.policies, strict=True)
    ]
    return [compare, *runs]


def _carry_over(tasks: list[Task], earlier: Path) -> None:
    """Copy notebooks executed for an earlier report here, where those that are up to date need not be executed again."""
    for task in tasks:
        for name in (task.out.name, str(task.parameters[RESULTS])):
            if (earlier / NOTEBOOKS / name).is_file():
                shutil.copyfile(earlier / NOTEBOOKS / name, task.out.with_name(name))
