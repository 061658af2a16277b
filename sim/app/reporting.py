"""A comparison from request to report folder: compute, execute the notebooks, write, put in place."""

from __future__ import annotations

import hashlib
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
from sim.report.words import titles

if TYPE_CHECKING:
    from sim.experiments.compare import Comparison

NOTEBOOKS = "notebooks"
AT_ONCE = 8  # notebooks executed together; each is a process with the model's packages in memory
NAME_LENGTH = 40  # of each policy in the name of a folder


class Teller(Protocol):
    """Who is told how far the work is."""

    def line(self, key: str, **parts: object) -> None: ...

    def bar(self, key: str, total: int) -> AbstractContextManager[Callable[[int], None]]: ...


def default_folder(asked: Request) -> str:
    """reports/SCENARIO/BASELINE-vs-OTHER; with more others their number, and letters that tell one such set from another."""
    first, *others = (policy.name for policy in asked.policies)
    rest = others[0][:NAME_LENGTH]
    if len(others) > 1:
        rest = f"{len(others)}-others-{hashlib.sha256(chr(10).join(others).encode()).hexdigest()[:4]}"
    return f"reports/{asked.scenario.name[:NAME_LENGTH]}/{first[:NAME_LENGTH]}-vs-{rest}"


def write_comparison(asked: Request, inputs: Inputs, folder: Path, teller: Teller) -> Comparison:
    """Compute what was asked and leave it in `folder` as a report with its executed notebooks; the comparison.

    The runs go into the store first, where the notebooks find them. Until all is done `folder` is as it was.
    """
    result = compute(asked, teller)
    from sim.report import write_report

    with replacing(folder) as staging:
        tasks = notebook_tasks(asked, inputs, staging)
        _carry_over(tasks, folder)
        teller.line("executing", count=len(tasks))
        try:
            with teller.bar("notebooks", len(tasks)) as bar:
                run_notebooks(tasks, at_once=min(asked.jobs, cores(), AT_ONCE), done=lambda task: bar(1))
        except NotebookError as error:
            raise _kept(error, folder) from error
        teller.line("writing")
        write_report(result, staging, lang=asked.lang, notebooks=_links(asked, tasks))
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


def compute(asked: Request, teller: Teller) -> Comparison:
    """The comparison itself."""
    from sim.experiments.simulate import needs_compiling
    from sim.report.describe import cut_periods

    for text in cut_periods(asked.scenario, asked.lang):
        teller.line("note", text=text)
    teller.line("comparing", policies=len(asked.policies), scenario=asked.scenario.name, replications=asked.replications, seed=asked.seed)
    if needs_compiling(asked.scenario, *asked.policies):
        teller.line("compiling")
    with teller.bar("replications", len(asked.policies) * asked.replications) as bar:
        return asked.compare(progress=bar)


def notebook_tasks(asked: Request, inputs: Inputs, report: Path) -> list[Task]:
    """The notebook of the comparison and one a policy, to be executed into `report`/notebooks."""
    seen, copies = inputs.copied(report)
    common = {"scenario": seen.scenario, "replications": asked.replications, "seed": asked.seed, "lang": asked.lang}
    here = report / NOTEBOOKS
    here.mkdir()
    compare = Task("compare", here / "compare.ipynb", inputs=copies, parameters={
        **common, "policies": ",".join(seen.policies), "confidence": asked.confidence, RESULTS: "compare.json"})
    runs = [
        Task("policy_run", here / f"policy_run-{policy.name}.ipynb", inputs=copies, parameters={
            **common, "policy": name, RESULTS: f"policy_run-{policy.name}.json"})
        for policy, name in zip(asked.policies, seen.policies, strict=True)
    ]
    return [compare, *runs]


def _carry_over(tasks: list[Task], earlier: Path) -> None:
    """Copy notebooks executed for an earlier report here, where those that are up to date need not be executed again."""
    for task in tasks:
        for name in (task.out.name, str(task.parameters[RESULTS])):
            if (earlier / NOTEBOOKS / name).is_file():
                shutil.copyfile(earlier / NOTEBOOKS / name, task.out.with_name(name))
