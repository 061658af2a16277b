"""`incentivelab sweep`: an experiment file run over its design, in one go or several, on one machine or more."""

from __future__ import annotations

import argparse
import os
import re
from pathlib import Path

from sim.app.options import language, reader, running, whole
from sim.errors import InputError

DONE, WITH_FAILURES = 0, 3
FOLDER = "reports/sweeps"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("file", metavar="FILE", help="an experiment: a file, or an example of the library by its name (docs/sweeps.md)")
    parser.add_argument("--replications", type=whole("--replications"), default=None, metavar="N", help="in place of the file's")
    parser.add_argument("--seed", type=whole("--seed"), default=None, metavar="N", help="in place of the file's")
    running(parser)
    parser.add_argument("--part", type=reader("--part", _part, "a part and the number of parts, such as 1/2"), default=(1, 1), metavar="I/N",
                        help="make only this share of the runs, so that machines can divide them")
    parser.add_argument("--merge", nargs="+", default=[], metavar="DIR", help="first copy the runs these folders of the same sweep hold")
    parser.add_argument("--out", default=None, metavar="DIR", help=f"folder for runs and tables (default: {FOLDER}/NAME of the file)")
    language(parser)
    parser.add_argument("--quiet", action="store_true", help="print only where the tables are")


def _part(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"([0-9]{1,6})/([0-9]{1,6})", text)
    if found is None or not 1 <= int(found[1]) <= int(found[2]):
        raise ValueError(text)
    return int(found[1]), int(found[2])


def run(options: argparse.Namespace) -> int:
    """Carry it out; the exit code. Errors: InputError, before anything is run."""
    from sim.app.store import cores
    from sim.app.telling import Interrupt, Teller, heard, unbroken
    from sim.app.words import say
    from sim.experiments.cluster import cluster
    from sim.experiments.simulate import check_numbers, needs_compiling
    from sim.experiments.sweep import blocks_in, make_runs, merge, planned, write_tables
    from sim.experiments.tables import SUMMARY, query_for

    lang, jobs = options.lang, cores() if options.jobs is None else options.jobs
    check_numbers(1, 0, jobs)
    given = options.out if options.out is not None else f"{FOLDER}/{Path(options.file).stem}"
    folder = Path(given)
    if Path.cwd().is_relative_to(os.path.abspath(given)):
        raise InputError("--out", found=f"{given}, which holds the working folder", expected="a folder inside it, or elsewhere")
    teller = Teller(lang, options.quiet)
    with heard(lang, options.quiet, options.log), unbroken(), Interrupt.watched(), cluster(options.scheduler):
        plan = planned(options.file, folder, options.seed, options.replications)
        if options.merge:
            others = [Path(other) for other in options.merge]
            with teller.bar("merging", blocks_in(others)) as bar:
                copied = merge(folder, others, bar)
            teller.line("merged", blocks=copied)
        teller.line("sweeping", points=len(plan.design), policies=len(plan.policies), replications=plan.file.replications, runs=plan.runs)
        if options.scheduler is None and needs_compiling(plan.scenario, *plan.policies):
            teller.line("compiling")
        with teller.bar("runs", plan.runs) as bar:
            failed = make_runs(plan, folder, jobs, bar, options.part)
        if options.part[1] > 1:
            print(say("command.part", lang, part=options.part[0], parts=options.part[1], path=given, file=options.file))
            return WITH_FAILURES if failed else DONE
        teller.line("tables")
        with teller.bar("runs", plan.runs) as bar:
            result = write_tables(plan, folder, bar)
    if result.failed:
        print(say("command.failed", lang, failed=result.failed, runs=result.runs, path=os.path.join(given, "runs.parquet")))
    if not options.quiet:
        print(say("command.query", lang))
        print(query_for(plan, given))
    print(say("command.swept", lang, path=os.path.join(given, SUMMARY)))
    return WITH_FAILURES if result.failed else DONE
