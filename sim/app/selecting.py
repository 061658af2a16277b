"""A selection from its file to its report folder."""

from __future__ import annotations

from pathlib import Path

from sim.app.folders import replacing
from sim.app.reporting import NAME_LENGTH, Teller
from sim.app.store import CACHE, cores, store_folder
from sim.experiments.select import Selection, select
from sim.experiments.selection_file import SelectionTask
from sim.experiments.simulate import check_numbers, needs_compiling
from sim.report.describe import cut_periods
from sim.report.words import measure_name


def default_folder(task: SelectionTask) -> str:
    """reports/SCENARIO/select-FILE."""
    return f"reports/{task.scenario.name[:NAME_LENGTH]}/select-{Path(task.file).stem[:NAME_LENGTH]}"


def write_selection(task: SelectionTask, folder: Path, lang: str, jobs: int | None, teller: Teller, scheduler: str | None = None) -> Selection:
    """Select, and leave the report in `folder`; until all is done it is as it was. scheduler: of the workers that make the runs, if not
    this process. Errors: InputError."""
    workers = cores() if jobs is None else jobs
    settings = task.settings
    check_numbers(settings.replications, settings.seed, workers)
    for text in cut_periods(task.scenario, lang):
        teller.line("note", text=text)
    teller.line("selecting", policies=len(task.policies), scenario=task.scenario.name, measure=measure_name(settings.measure, lang),
                zone=f"{settings.indifference_zone:g}", probability=f"{100 * settings.probability:g}", seed=settings.seed)
    if scheduler is None and needs_compiling(task.scenario, *task.policies):
        teller.line("compiling")
    fallen, made = 0, list[int]()
    with teller.bar("replications", len(task.policies) * settings.first_stage * settings.batch) as bar:

        def told(left: list[int], replications: int, most: int) -> None:
            nonlocal fallen
            gone = len(task.policies) - len(left)
            if gone > fallen:
                teller.line("dropped", left=len(left), policies=len(task.policies), replications=replications)
                fallen = gone
            done = sum(made)
            bar.expect(done + len(left) * max(0, most - replications) if len(left) > 1 else max(1, done))

        def progress(steps: int) -> None:
            made.append(steps)
            bar(steps)

        result = select(task, workers, progress, store_folder(CACHE), told)
    teller.line("writing")
    from sim.report import write_report

    with replacing(folder) as staging:
        write_report(result, staging, lang)
    return result
