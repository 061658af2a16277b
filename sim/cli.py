"""The command `incentivelab`.

Exit codes: 0 done, 2 bad input (one sentence on stderr, nothing written), 3 finished with failed runs, 130 interrupted or stopped
by something outside, such as a full disk (finished runs are kept), 1 a defect of ours. Modules of the model are imported by the
subcommand that needs them, so that `--help` is there at once.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from sim import __version__
from sim.app.backtest_command import add_arguments as backtest_arguments
from sim.app.options import choice, language, reader, running, whole
from sim.app.sweep_command import add_arguments as sweep_arguments
from sim.errors import InputError, Stopped, nearest

DONE, DEFECT, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130
DEBUG_VARIABLE = "INCENTIVELAB_DEBUG"
REPLICATIONS, MOST = 200, 5000
COMMANDS = ("demo", "compare", "select", "sweep", "backtest", "check", "diff", "list", "new", "explore", "doctor")
LISTS = ("policies", "scenarios", "measures")
# The baseline comes first. Of the eight it is nearest to what the branch did in 2015: bundled mentor pairs and a weekly meeting;
# no pay plan is on record, and fixed pay is the eight's closest to the modest commission assumed for that quarter.
DEMO_SCENARIO = "changzhou-2015"
DEMO_POLICIES = ("fixed-paired-weekly", "fixed-paired-daily", "fixed-solo-weekly", "fixed-solo-daily", "performance-paired-weekly",
                 "performance-paired-daily", "performance-solo-weekly", "performance-solo-daily")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the exit code. Nothing is raised, so that a user never meets a traceback unasked."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in given or os.environ.get(DEBUG_VARIABLE, "") not in ("", "0")
    try:
        return _parsed(given)
    except InputError as error:
        print(error, file=sys.stderr)
        return BAD_INPUT
    except KeyboardInterrupt:
        print(_interrupted(given), file=sys.stderr)
        return INTERRUPTED
    except Stopped as stop:
        if debug:
            _trace(stop)
        print(_stopped(given, str(stop)), file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # the reader of our output has left, as in `incentivelab list policies | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except Exception as error:
        _report_defect(error, debug)
        return DEFECT


def _parsed(given: list[str]) -> int:
    parser = _parser()
    _refuse_unknown_command(given)
    try:
        options = parser.parse_args(given)
    except SystemExit as end:  # --help and --version have said what they had to
        return int(end.code or 0)
    if options.run is None:
        parser.print_help()
        return DONE
    return options.run(options)


def _report_defect(error: Exception, debug: bool) -> None:
    if debug:
        _trace(error)
    text = " ".join(f"{type(error).__name__}: {error}".split())
    more = "" if debug else " Run it again with --debug to see where."
    print(f"incentivelab has failed, which it should not; please report this with what `incentivelab doctor` prints: {text}.{more}",
          file=sys.stderr)


def _trace(error: Exception) -> None:
    import traceback

    traceback.print_exception(error)


def _interrupted(given: list[str]) -> str:
    from sim.app.words import say

    return say("command.interrupted", "zh" if "zh" in given else "en")


def _stopped(given: list[str], why: str) -> str:
    from sim.app.words import say

    return say("command.stopped", "zh" if "zh" in given else "en", why=why)


# --- what can be asked ------------------------------------------------------------------------------------------------


class _Parser(argparse.ArgumentParser):
    """Mistakes become the same kind of sentence as all others; options are not guessed from their beginnings."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**{"allow_abbrev": False, "formatter_class": argparse.RawDescriptionHelpFormatter, **settings})

    def error(self, message: str) -> NoReturn:
        raise InputError(self.prog, found=f"a command line it cannot read ({message})", hint=f"See `{self.prog} --help`.")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="incentivelab", description="Tries pay plans and management practices on a simulated branch before they are tried on people.",
        epilog="A policy or scenario is a name from the library (`incentivelab list policies`) or the path of a YAML file.")
    parser.add_argument("--version", action="version", version=f"incentivelab {__version__}")
    parser.set_defaults(run=None)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", parser_class=_Parser)

    def command(name: str, run: Callable[[argparse.Namespace], int], what: str, more: str = "") -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=what, description=f"{what[0].upper()}{what[1:]}.{more}")
        made.set_defaults(run=run)
        made.add_argument("--debug", action="store_true", help="show where it failed, if it does")
        return made

    demo = command("demo", _demo, "compare eight schemes on the Changzhou branch",
                   " The baseline is what the branch did in 2015, as near as the eight come.")
    _common(demo, out="reports/demo")
    compare = command("compare", _compare, "compare policies in one scenario; the first is the baseline",
                      "\n\nThe folder gets report.html, results.parquet, comparison.csv, provenance.json and the executed notebooks.")
    compare.add_argument("policies", nargs="+", metavar="POLICY", help="two or more, by name or path")
    compare.add_argument("--scenario", default=DEMO_SCENARIO, metavar="NAME|PATH", help="where they are tried (default: %(default)s)")
    _common(compare, out=None)
    select = command("select", _select, "find the best of many policies, with a stated probability that the choice is right",
                     "\n\nFILE names scenario, policies, measure and how sure to be; the folder gets report.html, selection.csv,\n"
                     "results.parquet and provenance.json.")
    select.add_argument("file", metavar="FILE", help="an experiment file, or the name of one in the library (best-of-eight)")
    _run_options(select, out=None)
    sweep = command("sweep", _sweep, "try policies over a design of factors, as an experiment file says",
                    "\n\nThe folder gets design.parquet, results.parquet, runs.parquet, summary.csv and provenance.json. The command can be "
                    "ended\nat any moment: the same command goes on from there. What an experiment file says: docs/sweeps.md.")
    sweep_arguments(sweep)
    backtest = command("backtest", _backtest, "work out what plans would have paid on your own records; the first is the baseline",
                       "\n\nThe folder gets report.html, workbook.xlsx, every line of everybody's statement, winners.csv and provenance.json.")
    backtest_arguments(backtest)
    check = command("check", _check, "look for mistakes in policies and scenarios, and for what is doubtful in pay plans",
                    "\n\nEvery mistake of every file is told. Warnings give their reasons and are no mistakes.")
    check.add_argument("paths", nargs="+", metavar="PATH", help="policies and scenarios, by name or path")
    check.add_argument("--scenario", default=None, metavar="NAME|PATH",
                       help="also tell where policies do not fit, and which bonuses nobody or everybody would reach there")
    check.add_argument("--without", action="append", default=[], metavar="CODE", help="leave out the warning with this code (again for more)")
    language(check)
    diff = command("diff", _diff, "tell what differs between two policies or two scenarios")
    diff.add_argument("a", metavar="A", help="a name or path")
    diff.add_argument("b", metavar="B", help="a name or path")
    language(diff)
    listing = command("list", _list, "list what the library holds")
    listing.add_argument("what", type=choice("list", LISTS), metavar="|".join(LISTS))
    language(listing)
    new = command("new", _new, "write a folder to start a branch, a policy and records of your own from",
                  "\n\nThe folder DIR/records holds a filled example of a bank's records, all invented, and the data dictionary.")
    new.add_argument("folder", metavar="DIR")
    new.add_argument("--records", type=choice("--records", ("xlsx", "csv")), default="xlsx", metavar="xlsx|csv",
                     help="records as a workbook or as a folder of CSV files (default: %(default)s)")
    language(new)
    explore = command("explore", _explore, "open a notebook with sliders for pay, pairing and reporting",
                      "\n\nA copy of the notebook is put into the working folder and opened in JupyterLab, on this machine only.")
    explore.add_argument("--scenario", default=DEMO_SCENARIO, metavar="NAME|PATH", help="where policies are tried (default: %(default)s)")
    explore.add_argument("--port", type=whole("--port"), default=0, metavar="N", help="port to use (default: the first free one from 8888)")
    explore.add_argument("--no-browser", action="store_true", help="print the address only")
    language(explore)
    doctor = command("doctor", _doctor, "show versions, caches and what is missing")
    doctor.add_argument("--clear-cache", action="store_true", help="remove compiled code and kept runs")
    doctor.add_argument("--day", action="store_true", help="show the stages of a simulated day")
    return parser


def _common(parser: argparse.ArgumentParser, out: str | None) -> None:
    parser.add_argument("--replications", type=whole("--replications"), default=None, metavar="N",
                        help=f"runs of each policy (default: {REPLICATIONS}); with --precision the most there may be (default: {MOST})")
    parser.add_argument("--precision", action="append", default=[], metavar="MEASURE=HALF",
                        help="run until the interval of each difference in the measure is no wider than this to either side, in its unit "
                             "or as a share of the baseline's mean (accounts=0.5 or pay=5%%; again, or with commas, for more)")
    parser.add_argument("--simultaneous", action="store_true",
                        help="make the intervals of the main measures hold all at once (Bonferroni), and so wider")
    parser.add_argument("--seed", type=whole("--seed"), default=1, metavar="N",
                        help="of the random numbers all policies share (default: %(default)s)")
    parser.add_argument("--confidence", type=reader("--confidence", float, "a number from 0.5 up to, not including, 1"), default=0.95,
                        metavar="SHARE", help="of the intervals (default: %(default)s)")
    _run_options(parser, out)


def _run_options(parser: argparse.ArgumentParser, out: str | None) -> None:
    running(parser)
    parser.add_argument("--out", default=out, metavar="DIR",
                        help=f"folder for the report; an earlier report in it is replaced (default: {out or 'one in reports/'})")
    language(parser)
    parser.add_argument("--quiet", action="store_true", help="print only where the report is")


def _refuse_unknown_command(given: list[str]) -> None:
    if given and not given[0].startswith("-") and given[0] not in COMMANDS:
        raise InputError("incentivelab", found=f"no command `{given[0]}`", hint=nearest(given[0], COMMANDS))


# --- demo and compare -------------------------------------------------------------------------------------------------


def _demo(options: argparse.Namespace) -> int:
    return _compare(argparse.Namespace(**{**vars(options), "scenario": DEMO_SCENARIO, "policies": list(DEMO_POLICIES)}))


def _compare(options: argparse.Namespace) -> int:
    from sim.app.folders import usable_folder
    from sim.app.inputs import Inputs
    from sim.app.reporting import default_folder, write_comparison
    from sim.app.request import request
    from sim.app.telling import Interrupt, Teller, heard, unbroken
    from sim.experiments.cluster import cluster

    number = options.replications if options.replications is not None else MOST if options.precision else REPLICATIONS
    asked = request(options.scenario, options.policies, number, options.seed, confidence=options.confidence, lang=options.lang,
                    jobs=options.jobs, fewest=2, precision=options.precision, simultaneous=options.simultaneous)
    inputs = Inputs.of(options.scenario, options.policies)
    given = options.out if options.out is not None else default_folder(asked)
    folder = usable_folder(given)
    with heard(options.lang, options.quiet, options.log), unbroken(), Interrupt.watched(), cluster(options.scheduler):
        result = write_comparison(asked, inputs, folder, Teller(options.lang, options.quiet), options.scheduler)
    from sim.app.words import say
    from sim.report import headline

    if not options.quiet:
        print(*headline(result, asked.lang), sep="\n")
    print(say("command.report", asked.lang, path=os.path.join(given, "report.html")))
    return DONE


def _select(options: argparse.Namespace) -> int:
    from sim.app.folders import usable_folder
    from sim.app.selecting import default_folder, write_selection
    from sim.app.telling import Interrupt, Teller, heard, unbroken
    from sim.experiments.cluster import cluster
    from sim.experiments.selection_file import read_selection

    task = read_selection(options.file)
    given = options.out if options.out is not None else default_folder(task)
    folder = usable_folder(given)
    with heard(options.lang, options.quiet, options.log), unbroken(), Interrupt.watched(), cluster(options.scheduler):
        result = write_selection(task, folder, options.lang, options.jobs, Teller(options.lang, options.quiet), options.scheduler)
    from sim.app.words import say
    from sim.report.selection import headline_of_selection

    if not options.quiet:
        print(*headline_of_selection(result, options.lang), sep="\n")
    print(say("command.report", options.lang, path=os.path.join(given, "report.html")))
    return DONE


def _sweep(options: argparse.Namespace) -> int:
    from sim.app.sweep_command import run

    return run(options)


def _backtest(options: argparse.Namespace) -> int:
    from sim.app.backtest_command import run
    from sim.app.telling import unbroken

    with unbroken():
        return run(options)




# --- the others -------------------------------------------------------------------------------------------------------


def _check(options: argparse.Namespace) -> int:
    from sim.app.policy_commands import check_command

    return check_command(options.paths, options.scenario, options.lang, options.without)


def _diff(options: argparse.Namespace) -> int:
    from sim.app.policy_commands import diff_command

    return diff_command(options.a, options.b, options.lang)


def _list(options: argparse.Namespace) -> int:
    if options.what == "measures":
        from sim.app.policy_commands import list_measures_command

        return list_measures_command(options.lang)
    if options.what == "policies":
        from sim.policy import list_policies, load_policy

        rows = [(name, (policy := load_policy(name)).status, getattr(policy.title, options.lang)) for name in list_policies()]
    else:
        from sim.world import list_scenarios, load_scenario

        rows = [(name, (scenario := load_scenario(name)).status, getattr(scenario.title, options.lang)) for name in list_scenarios()]
    widths = [max(map(len, column)) for column in zip(*rows)][:-1]
    for *cells, last in rows:
        print(*(cell.ljust(width) for cell, width in zip(cells, widths)), last, sep="  ")
    return DONE


def _new(options: argparse.Namespace) -> int:
    from sim.app.words import say
    from sim.payroll.example import example_files
    from sim.world import write_template

    records = {f"records/{name}": content for name, content in example_files(options.records, options.lang).items()}
    written = write_template(options.folder, more=records)
    names = ", ".join(path.relative_to(options.folder).as_posix() for path in written)
    print(say("command.new", options.lang, path=options.folder, files=names))
    return DONE


def _explore(options: argparse.Namespace) -> int:
    from sim.app.lab import open_explorer

    return open_explorer(options.scenario, options.lang, options.port, not options.no_browser)


def _doctor(options: argparse.Namespace) -> int:
    from sim.app import doctor

    if options.clear_cache:
        print(doctor.cleared())
    if options.day:
        print(doctor.day())
    if not options.clear_cache and not options.day:
        print(doctor.examination())
    return DONE


if __name__ == "__main__":
    sys.exit(main())
