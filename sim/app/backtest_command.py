"""`incentivelab backtest`: what plans would have paid on a bank's own records, as a folder of files.

report.html, workbook.xlsx, statements (Parquet or CSV), winners.csv, provenance.json. Written beside and put in place as a whole, so
that a mistake in the input leaves nothing.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.app.options import choice, language, log, reader, whole
from sim.errors import InputError

if TYPE_CHECKING:
    from sim.app.telling import Teller
    from sim.payroll.backtest import Backtest
    from sim.payroll.records import Records
    from sim.policy import Policy

DONE = 0
FORMATS = ("parquet", "csv", "xlsx")
WORKBOOK, WINNERS = "workbook.xlsx", "winners.csv"
MOST_KEY = 4096                       # bytes
FILES = 3                             # statements, winners, workbook


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("policies", nargs="+", metavar="POLICY", help="one or more, by name or path; the first is the baseline")
    parser.add_argument("--data", required=True, metavar="DIR|FILE", help="records: a folder of CSV files or a workbook (docs/records.md)")
    parser.add_argument("--out", required=True, metavar="DIR", help="folder for the results; an earlier report in it is replaced")
    parser.add_argument(
        "--pseudonymise",
        default=None,
        metavar="KEYFILE",
        help="put codes in place of ids and names in every output; the file holds a key of 16 bytes or more, to be kept elsewhere",
    )
    parser.add_argument("--seed", type=whole("--seed"), default=1, metavar="N", help="of the resamples (default: %(default)s)")
    parser.add_argument("--resamples", type=whole("--resamples"), default=200, metavar="N",
                        help="for the bands, from 20 on; 0 for none (default: %(default)s)")
    parser.add_argument(
        "--scale",
        type=reader("--scale", _scales, "factors with commas between, such as 0.9,1,1.1"),
        default=(0.9, 1.0, 1.1),
        metavar="A,B,...",
        help="levels of performance at which cost is worked out (default: 0.9,1,1.1)",
    )
    parser.add_argument("--format", type=choice("--format", FORMATS), default="parquet", metavar="|".join(FORMATS),
                        help="of the file with every line; xlsx: in the workbook alone, where they fit a sheet (default: %(default)s)")
    log(parser, "what is worked out")
    language(parser)
    parser.add_argument("--quiet", action="store_true", help="print only where the report is")


def _scales(text: str) -> tuple[float, ...]:
    return tuple(float(part) for part in text.split(","))


def run(options: argparse.Namespace) -> int:
    """Carry it out; the exit code. Errors: InputError, with nothing written."""
    from sim.app.folders import replacing, usable_folder
    from sim.app.telling import Interrupt, Teller, heard
    from sim.experiments.events import note
    from sim.payroll.backtest import backtest, check_numbers, ordered
    from sim.payroll.records import read_records
    from sim.policy import load_policy
    from sim.report.backtest_page import SECTIONS, headline_of
    from sim.report.backtest_words import tell

    lang = options.lang
    policies = ordered([load_policy(name) for name in options.policies], None)
    check_numbers(options.scale, options.resamples, options.seed)
    folder = usable_folder(options.out)
    key = _key(options.pseudonymise, folder) if options.pseudonymise else None
    teller = Teller(lang, options.quiet)
    told, last = _told(teller), FILES + SECTIONS
    with heard(lang, options.quiet, options.log), Interrupt.watched(), teller.bar("steps", 1 + len(policies) + last) as bar:
        records, digests = read_records(options.data), {policy.name: policy.digest for policy in policies}
        if key is not None:
            records, policies = hidden(records, policies, key)
        bar(1)
        result = replace(
            backtest(policies, records, scales=options.scale, resamples=options.resamples, seed=options.seed, progress=bar, told=told),
            digests=digests,
        )
        bar.expect(1 + len(policies) + result.steps + last)
        with replacing(folder) as staging:
            write_folder(result, staging, lang, options.format, key is not None)
        note("backtest", policies=len(policies), people=len(records.people), lines=result.lines)
    if not options.quiet:
        if key is None:
            print(tell("command.named", lang), file=sys.stderr)
        print(*headline_of(result, lang), sep="\n")
    print(tell("command.done", lang, path=os.path.join(options.out, "report.html")))
    return DONE


def _told(teller: Teller) -> Callable[[str], None]:
    """Says on stderr and in the log what is being worked out, each thing once."""
    from sim.experiments.events import note

    said = set[str]()

    def told(what: str) -> None:
        if what not in said:
            said.add(what)
            teller.line(f"backtest_{what}")
            note("begun", what=what)
    return told


def write_folder(result: Backtest, folder: Path, lang: str, kind: str = "parquet", hidden_names: bool = False) -> None:
    """All files of a back-test into an empty folder. kind: of the file with every line, one of FORMATS."""
    from sim.report.backtest_files import write_statements, write_winners
    from sim.report.backtest_page import render_backtest
    from sim.report.page import packages
    from sim.report.workbook import SHEET_ROWS, USUAL_LINES, write_workbook
    from sim.report.write import PROVENANCE, REPORT, json_text

    for part in ("winners", "fan", "volatility", "redrawn", "fairness"):        # long work first, so that it is told in this order
        getattr(result, part)
    result.told("writing")
    kind = "parquet" if kind == "xlsx" and result.lines >= SHEET_ROWS else kind
    lines = None if kind == "xlsx" else f"statements.{kind}"
    if lines:
        write_statements(result, folder / lines)
    result.progress(1)
    write_winners(result, folder / WINNERS)
    result.progress(1)
    write_workbook(result, folder / WORKBOOK, lang, lines, SHEET_ROWS if kind == "xlsx" else USUAL_LINES)
    result.progress(1)
    digests = {name: _sha256(folder / name) for name in (lines, WINNERS, WORKBOOK) if name}
    made = {
        **result.provenance,
        "packages": {**packages(), **_more_packages()},
        "language": lang,
        "pseudonymised": hidden_names,
        "files": digests,
    }
    (folder / PROVENANCE).write_text(json_text(made), encoding="utf-8", newline="\n")
    page = render_backtest(result, lang, digests, lines or WORKBOOK, hidden_names)
    (folder / REPORT).write_text(page, encoding="utf-8", newline="\n")


def _more_packages() -> dict[str, str]:
    from importlib.metadata import version

    return {"openpyxl": version("openpyxl")}


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


# --- codes in place of names ------------------------------------------------------------------------------------------


def _key(given: str, folder: Path) -> bytes:
    """The key in the file, without white space around it. Errors: InputError, which never shows it."""
    path = Path(given)
    if folder in Path(os.path.abspath(path)).parents:
        raise InputError(
            "--pseudonymise", found="a key file in the folder of the results", expected="one kept elsewhere, apart from what it protects"
        )
    try:
        if path.stat().st_size > MOST_KEY:
            raise InputError("--pseudonymise", found="a large file", expected=f"a key of 16 to {MOST_KEY} bytes")
        return path.read_bytes().strip()
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise InputError("--pseudonymise", found=f"{given} ({reason})", expected="a file with a key of 16 bytes or more") from None


def hidden(records: Records, policies: Sequence[Policy], key: bytes) -> tuple[Records, list[Policy]]:
    """Records and policies with codes in place of people. Errors: InputError where a policy's words name one of them."""
    from sim.payroll.pseudonyms import code_of, pseudonymised

    names = {name for name in records.people["name"] if len(name) > 1}
    for policy in policies:
        if _names_one(policy, names):
            raise InputError(
                policy.name,
                found="the name of one of the people in its words",
                expected="a policy that names nobody, as it is shown in every output",
            )
    known = set(records.people["person"])
    changed = []
    for policy in policies:
        overrides = tuple(each.model_copy(update={"person": code_of(each.person, key)}) if each.person in known else each
                          for each in policy.overrides)
        changed.append(policy.model_copy(update={"overrides": overrides}) if overrides else policy)
    return pseudonymised(records, key), changed


def _names_one(policy: Policy, names: set[str]) -> bool:
    """Whether a name stands in what outputs show of a policy: its name, titles, elements and their labels."""
    shown = [
        policy.name,
        *_texts(policy.title),
        *_texts(policy.label),
        *policy.pay,
        *(text for element in policy.pay.values() for text in _texts(element.label)),
    ]
    text = "\n".join(shown)
    return any(re.search(rf"\b{re.escape(name)}\b", text) if name.isascii() else name in text for name in names)


def _texts(words: Any) -> list[str]:
    return [words.en, words.zh] if words is not None else []
