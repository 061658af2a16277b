"""The command, as people use it: whole journeys, and every mistake told in one sentence with nothing written."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import nbformat
import pandas as pd
import psutil
import pytest
from caches import own_cache
from sweeps import DAMAGES, spoilt

import sim
from sim.policy.measures import pay_measures
from sim.app.folders import MANIFEST, replacing, usable_folder
from sim.app.notebooks import list_notebooks
from sim.app.telling import Teller
from sim.cli import DEMO_POLICIES, main
from sim.engine.day import STAGES
from sim.errors import InputError
from sim.experiments.compare import COMPARISON_COLUMNS
from sim.experiments.frames import COLUMNS

ROOT = Path(__file__).resolve().parent.parent
FEW = ["--replications", "3"]
REPORT = ["comparison.csv", "notebooks", "provenance.json", "report.html", "results.parquet"]
MINE = """
title: {en: "Mine, with a {brace}", zh: 我的方案}
extends: middle.yaml
status: proposed
practices: {reporting: {every_days: 2, assumed: a test}}
"""
MIDDLE = """
title: {en: Between, zh: 中间}
extends: performance-solo-weekly
status: proposed
"""


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with own_cache(tmp_path_factory.mktemp("cache")) as folder:
        yield folder


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder with two policies of the user's own."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.yaml").write_text(MINE, encoding="utf-8")
    (tmp_path / "middle.yaml").write_text(MIDDLE, encoding="utf-8")
    return tmp_path


def everything(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else b"" for path in folder.rglob("*")}


def process(*arguments: str, cwd: Path, **more: object) -> subprocess.Popen[str]:
    """The command in a process of its own, in a process group of its own, so that signals meet it alone."""
    search = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
    return subprocess.Popen(
        [sys.executable, "-m", "sim.cli", *arguments], cwd=cwd, env={**os.environ, "PYTHONPATH": search}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True, **more,
    )  # fmt: skip


def wait_for(stream, words: str) -> str:
    for line in stream:
        if words in line:
            return line
    raise AssertionError(f"{words!r} was never said")


# A comparison from the command to the report


@pytest.fixture(scope="module")
def journey(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Path:
    """A comparison of a library policy with one of the user's own, in a scenario of the user's own."""
    folder = tmp_path_factory.mktemp("journey")
    (folder / "plans").mkdir()
    (folder / "plans" / "mine.yaml").write_text(MINE, encoding="utf-8")
    (folder / "plans" / "middle.yaml").write_text(MIDDLE, encoding="utf-8")
    branch = "{title: {en: Short, zh: 短}, extends: changzhou-2015, status: assumed, note: three weeks, calendar: {days: 21}}"
    (folder / "short.yaml").write_text(branch, encoding="utf-8")
    before = Path.cwd()
    os.chdir(folder)
    try:
        code = main(["compare", "fixed-paired-weekly", "plans/mine.yaml", "--scenario", "short.yaml", *FEW, "--out", "reports/a/first"])
    finally:
        os.chdir(before)
    assert code == 0
    return folder


def test_a_comparison_leaves_what_was_promised_and_nothing_else(journey: Path):
    report = journey / "reports" / "a" / "first"
    assert sorted(path.name for path in report.iterdir()) == sorted([MANIFEST, *REPORT, "inputs"])
    assert sorted(path.name for path in journey.iterdir()) == ["plans", "reports", "short.yaml"]
    assert sorted(path.name for path in report.parent.iterdir()) == ["first"]
    table = pd.read_csv(report / "comparison.csv")
    assert tuple(table.columns) == COMPARISON_COLUMNS
    assert set(table["baseline"]) == {"fixed-paired-weekly"} and set(table["policy"]) == {"mine"} and set(table["scenario"]) == {"short"}
    frame = pd.read_parquet(report / "results.parquet")
    assert tuple(frame.columns) == COLUMNS and set(frame["policy"]) == {"fixed-paired-weekly", "mine"}
    made = json.loads((report / "provenance.json").read_text(encoding="utf-8"))
    assert (made["incentivelab"], made["replications"], made["seed"]) == (sim.__version__, 3, 1)


def test_the_executed_notebooks_are_there_without_errors_and_linked(journey: Path):
    report = journey / "reports" / "a" / "first"
    executed = sorted((report / "notebooks").glob("*.ipynb"))
    assert [path.stem for path in executed] == ["compare", "policy_run-fixed-paired-weekly", "policy_run-mine"]
    page = (report / "report.html").read_text(encoding="utf-8")
    for path in executed:
        cells = nbformat.read(path, as_version=4).cells
        assert not [output for cell in cells for output in cell.get("outputs", ()) if output.output_type == "error"]
        assert f'"notebooks/{path.name}"' in page
    told = json.loads((report / "notebooks" / "compare.json").read_text(encoding="utf-8"))["table"]
    csv = pd.read_csv(report / "comparison.csv")
    assert [row["difference"] for row in told] == pytest.approx(csv["difference"].tolist(), rel=1e-9)


def test_the_report_holds_the_users_own_files_and_no_folder_of_the_machine(journey: Path):
    report = journey / "reports" / "a" / "first"
    copies = sorted(path.relative_to(report / "inputs").as_posix() for path in (report / "inputs").rglob("*.yaml"))
    assert copies == ["policies/mine/middle.yaml", "policies/mine/mine.yaml", "scenario/short.yaml"]
    for path in report.rglob("*"):
        if path.is_file() and path.suffix != ".parquet":
            assert str(journey) not in path.read_text(encoding="utf-8"), path


def test_the_same_command_again_leaves_the_same_bytes(journey: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.chdir(journey)
    report = journey / "reports" / "a" / "first"
    before = everything(report)
    monkeypatch.setattr("sim.app.notebooks._execute", lambda *_: pytest.fail("executed again"))
    monkeypatch.setattr("sim.experiments.blocks._frame", lambda *_: pytest.fail("simulated again"))
    command = ["compare", "fixed-paired-weekly", "plans/mine.yaml", "--scenario", "short.yaml", *FEW, "--out", "reports/a/first"]
    assert main(command) == 0
    assert everything(report) == before
    out, err = capsys.readouterr()
    assert len(out.splitlines()) == 4 and out.splitlines()[-1] == f"Report: {os.path.join('reports/a/first', 'report.html')}"
    assert "3 replications each, seed 1" in err
    assert main([*command, "--quiet"]) == 0
    out, err = capsys.readouterr()
    assert out.splitlines() == [f"Report: {os.path.join('reports/a/first', 'report.html')}"] and err == ""


def test_a_report_with_somebodys_own_file_in_it_is_not_replaced(journey: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.chdir(journey)
    note = journey / "reports" / "a" / "first" / "notebooks" / "my notes.txt"
    note.write_text("mine")
    try:
        assert main(["compare", "fixed-pay", "performance-pay", *FEW, "--out", "reports/a/first"]) == 2
        assert "my notes.txt" in capsys.readouterr().err
    finally:
        note.unlink()


def test_the_demo_compares_eight_schemes_and_tells_the_headline_in_the_readers_language(work: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["demo", "--replications", "2", "--lang", "zh"]) == 0
    out = capsys.readouterr().out.splitlines()
    assert len(out) == 4 and "reports/demo" in out[-1].replace(os.sep, "/") and re.search("[\u4e00-\u9fff]", out[0])
    table = pd.read_csv(work / "reports" / "demo" / "comparison.csv")
    assert set(table["baseline"]) == {"fixed-paired-weekly"} and set(table["policy"]) | {"fixed-paired-weekly"} == set(DEMO_POLICIES)
    assert len(list((work / "reports" / "demo" / "notebooks").glob("*.ipynb"))) == 9


def test_the_eight_schemes_are_all_combinations():
    wanted = {f"{pay}-{pairs}-{rhythm}" for pay in ("fixed", "performance") for pairs in ("solo", "paired") for rhythm in ("weekly", "daily")}
    assert set(DEMO_POLICIES) == wanted and len(DEMO_POLICIES) == 8


# Mistakes: exit code 2, one sentence, nothing written

BASE = "title: {en: Mine, zh: 我的}\nstatus: proposed\nextends: performance-pay\n"
TIERS = "pay: {commission: {schedule: {kind: tiers, mode: marginal, tiers: [{from: 0, to: 5, rate: 100}, {from: 3, rate: 200}]}}}\n"
BOMB = "a: &a [x, x]\n" + "".join(f"{new}: &{new} [*{old}, *{old}, *{old}, *{old}, *{old}, *{old}, *{old}, *{old}, *{old}]\n" for old, new in zip("abcdefgh", "bcdefghi"))
FILES = {
    "misspelt key": (BASE + "pay: {commission: {shedule: {rate: 1}}}\n", ["pay.commission.shedule", "Did you mean `schedule`?"]),
    "negative pay": (BASE + "pay: {base: {schedule: {amount: -5}}}\n", ["pay.base.schedule.amount", "-5", "0 or more"]),
    "overlapping tiers": (BASE + TIERS, ["pay.commission.schedule.tiers.#2.from", "3", "5"]),
    "unknown manager": (BASE + "practices: {mentor_pairing: {rule: named, pairs: [[A, Q]]}}\n", ["practices.mentor_pairing.pairs", "`Q`", "Known here: A, B"]),
    "not a number": (BASE + "pay: {commission: {schedule: {rate: .nan}}}\n", ["pay.commission.schedule.rate", ".nan", "finite"]),
    "empty file": ("", ["found an empty file"]),
    "bomb": (BOMB, ["found an alias"]),
    "outside": (BASE.replace("performance-pay", "../secret.yaml"), ["extends", "outside this folder"]),
    "not text": ("\x00\x01", ["not YAML"]),
}  # fmt: skip


def refused(arguments: list[str], capsys: pytest.CaptureFixture[str], folder: Path, cache: Path) -> str:
    """What was said when a command was refused, having seen that it left nothing."""
    before, kept = everything(folder), set(cache.rglob("*.parquet"))
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == "" and len(err.splitlines()) == 1 and "Traceback" not in err
    assert everything(folder) == before and set(cache.rglob("*.parquet")) == kept
    return err


@pytest.mark.parametrize("case", FILES)
def test_a_policy_with_a_mistake_is_refused(case: str, work: Path, capsys: pytest.CaptureFixture[str], cache: Path):
    text, told = FILES[case]
    (work / "wrong.yaml").write_text(text, encoding="utf-8")
    (work.parent / "secret.yaml").write_text(BASE, encoding="utf-8")
    said = refused(["compare", "fixed-pay", "wrong.yaml", *FEW, "--out", "new/report"], capsys, work, cache)
    assert said.startswith("wrong.yaml") and all(words in said for words in told), said


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["fixed-pay", "performance-pya"], ["policy", "performance-pya", "Did you mean `performance-pay`?"]),
        (["fixed-pay", "nowhere.yaml"], ["nowhere.yaml", "no such file"]),
        (["fixed-pay", "."], ["a folder"]),
        (["fixed-pay"], ["policies", "found 1", "at least two"]),
        (["fixed-pay", "fixed-pay"], ["`fixed-pay` twice"]),
        (["fixed-pay", "mine.yaml", "--scenario", "changzou-2015"], ["scenario", "Did you mean `changzhou-2015`?"]),
        (["fixed-pay", "changzhou-2015", "--scenario", "changzhou-2016"], ["mentor_pairing.pairs", "`B`", "changzhou-2016"]),
        (["fixed-pay", "mine.yaml", "--replications", "1"], ["replications", "found 1", "from 2"]),
        (["fixed-pay", "mine.yaml", "--replications", "many"], ["--replications", "'many'", "a whole number"]),
        (["fixed-pay", "mine.yaml", "--seed", "-1"], ["seed", "-1", "0 or more"]),
        (["fixed-pay", "mine.yaml", "--jobs", "0"], ["jobs", "found 0", "from 1"]),
        (["fixed-pay", "mine.yaml", "--confidence", "95"], ["confidence", "found 95", "from 0.5"]),
        (["fixed-pay", "mine.yaml", "--confidence", "nan"], ["confidence", "nan"]),
        (["fixed-pay", "mine.yaml", "--lang", "fr"], ["--lang", "'fr'", "en, zh"]),
        (["fixed-pay", "mine.yaml", "--lang", "cn"], ["Did you mean `zh`"]),
        (["fixed-pay", "mine.yaml", "--precision", "0.1"], ["precision", "'0.1'", "MEASURE=HALF_WIDTH"]),
        (["fixed-pay", "mine.yaml", "--out", "."], ["--out", "the working folder"]),
        (["fixed-pay", "mine.yaml", "--out", "mine.yaml"], ["--out", "the file mine.yaml"]),
        (["fixed-pay", "mine.yaml", "--out", "mine.yaml/report"], ["--out", "below the file mine.yaml"]),
        (["fixed-pay", "mine.yaml", "--out", "full"], ["--out", "precious.txt"]),
        (["fixed-pay", "mine.yaml", "--out", "x" * 300], ["--out"]),
        (["fixed-pay", "mine.yaml", "--out", "nul\0"], ["--out"]),
    ],
    ids=lambda value: " ".join(value)[:60] if isinstance(value, list) and value and value[0] == "fixed-pay" else "",
)  # fmt: skip
def test_a_command_with_a_mistake_is_refused(arguments: list[str], told: list[str], work: Path, capsys: pytest.CaptureFixture[str], cache: Path):
    (work / "full").mkdir()
    (work / "full" / "precious.txt").write_text("mine")
    out = [] if "--out" in arguments else ["--out", "new/report"]
    said = refused(["compare", *arguments, *out], capsys, work, cache)
    assert all(words in said for words in told), said


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["compaer"], "Did you mean `compare`?"), (["--frob"], "--frob"), (["list"], "policies|scenarios|measures"), (["list", "polices"], "Did you mean `policies`?"),
        (["new"], "DIR"), (["new", "mine.yaml"], "mine.yaml"), (["compare"], "POLICY"), (["demo", "extra"], "extra"), (["explore", "--port", "99999999"], "--port"),
        (["explore", "--scenario", "nowhere"], "nowhere"),
    ],
    ids=str,
)  # fmt: skip
def test_a_command_that_is_none_is_refused(arguments: list[str], told: str, work: Path, capsys: pytest.CaptureFixture[str], cache: Path):
    assert told in refused(arguments, capsys, work, cache)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="nothing is forbidden to this user")
def test_a_folder_that_cannot_be_written_to_is_refused(work: Path, capsys: pytest.CaptureFixture[str], cache: Path):
    (work / "locked").mkdir(mode=0o500)
    assert "permission denied" in refused(["compare", "fixed-pay", "mine.yaml", "--out", "locked/report"], capsys, work, cache)


def test_a_cache_that_cannot_be_is_told_before_anything_is_done(work: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], cache: Path):
    monkeypatch.setenv("INCENTIVELAB_CACHE", "mine.yaml")
    assert "INCENTIVELAB_CACHE: found mine.yaml" in refused(["compare", "fixed-pay", "mine.yaml"], capsys, work, cache)


# Nothing by halves


@pytest.mark.parametrize(("line", "more"), [("Comparing", ["--replications", "50000"]), ("Executing", FEW)], ids=["computing", "notebooks"])
def test_ctrl_c_leaves_nothing(line: str, more: list[str], tmp_path: Path):
    with process("compare", "fixed-pay", "performance-pay", *more, "--out", "reports/mine", cwd=tmp_path) as command:
        wait_for(command.stderr, line)
        helpers = psutil.Process(command.pid).children(recursive=True)
        command.send_signal(signal.SIGINT)
        rest = command.stderr.read()
        assert command.wait(timeout=60) == 130
    assert "Interrupted" in rest and "Traceback" not in rest and len(rest.splitlines()) == 1
    assert not any(tmp_path.iterdir())
    assert not psutil.wait_procs(helpers, timeout=20)[1]


@pytest.mark.parametrize("how", DAMAGES)
def test_a_damaged_block_of_a_comparison_is_told_and_made_again(how: str, work: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setattr("sim.app.reporting.run_notebooks", lambda *_, **__: None)
    compare = ["compare", "fixed-pay", "performance-pay", "--replications", "40"]
    (work / "cache").mkdir()
    with own_cache(work / "cache"):
        assert main([*compare, "--out", "first"]) == 0
        kept = everything(work / "cache" / "runs")
        blocks = sorted((work / "cache" / "runs").rglob("*.parquet"))
        assert len(blocks) == 6
        spoilt(blocks[2], how)
        capsys.readouterr()
        assert main([*compare, "--out", "again"]) == 0
    told = [line for line in capsys.readouterr().err.splitlines() if "damaged" in line]
    assert len(told) == 1 and str(blocks[2]) in told[0] and "made again" in told[0]
    assert everything(work / "cache" / "runs") == kept and everything(work / "again") == everything(work / "first")


def test_every_part_of_a_comparison_that_takes_seconds_has_a_bar(work: Path, monkeypatch: pytest.MonkeyPatch):
    """Runs, notebooks and figures: each bar comes to its end."""
    bars: dict[str, list[int]] = {}

    @contextmanager
    def bar(self: Teller, key: str, total: int) -> Iterator[Callable[[int], None]]:
        bars[key] = [total]
        yield bars[key].append

    monkeypatch.setattr(Teller, "bar", bar)
    monkeypatch.setattr("sim.app.reporting.run_notebooks", lambda tasks, at_once, done: [done(task) for task in tasks])
    assert main(["compare", "fixed-pay", "performance-pay", *FEW, "--out", "out"]) == 0
    assert list(bars) == ["replications", "notebooks", "figures"]
    assert all(total == sum(steps) > 1 for total, *steps in bars.values())


def test_a_failure_late_leaves_the_earlier_report(work: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setattr("sim.app.reporting.run_notebooks", lambda *_, **__: None)
    command = ["compare", "fixed-pay", "performance-pay", *FEW, "--out", "reports/mine"]
    assert main(command) == 0
    before = everything(work)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device", "results.parquet")

    monkeypatch.setattr("sim.report.write_report", full, raising=False)
    capsys.readouterr()
    assert main(command) == 130
    said = capsys.readouterr().err.splitlines()
    assert "No space left on device (results.parquet)" in said[-1] and "goes on from there" in said[-1] and not any("Traceback" in each for each in said)
    assert everything(work) == before
    assert main([*command, "--debug"]) == 130
    assert "Traceback" in capsys.readouterr().err


def test_a_notebook_that_fails_is_kept_beside_the_report(work: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setattr("sim.app.reporting.RESULTS", "lang")  # so that the notebooks are asked to write in a language there is not
    assert main(["compare", "fixed-pay", "performance-pay", *FEW, "--out", "reports/mine"]) == 1
    (kept,) = (work / "reports").iterdir()
    assert kept.name.startswith("mine-") and kept.name.endswith(".failed.ipynb") and kept.name in capsys.readouterr().err


def test_a_folder_is_replaced_whole_or_not_at_all(tmp_path: Path):
    target = tmp_path / "deep" / "report"
    with pytest.raises(KeyboardInterrupt), replacing(target) as staging:
        (staging / "half").write_text("x")
        raise KeyboardInterrupt
    assert not any(tmp_path.iterdir())
    for text in ("old", "new"):
        with replacing(target) as staging:
            (staging / text).write_text(text)
    assert sorted(path.name for path in target.iterdir()) == [MANIFEST, "new"]
    assert usable_folder(target) == target
    (target / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match="notes.txt"):
        usable_folder(target)


def test_a_report_written_from_python_may_be_replaced(tmp_path: Path, short, fact_policy):
    sim.write_report(sim.simulate(short, fact_policy, replications=2), tmp_path / "report")
    assert usable_folder(tmp_path / "report") == tmp_path / "report"


# The other commands


def test_lists_name_all_there_is(capsys: pytest.CaptureFixture[str]):
    for what, known in (("policies", sim.list_policies()), ("scenarios", sim.list_scenarios())):
        assert main(["list", what]) == 0
        assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == known
    assert main(["list", "measures"]) == 0
    simulated, paid_for = capsys.readouterr().out.split("\n\n")
    assert [line.split()[0] for line in simulated.splitlines()] == list(sim.list_measures())
    assert [line.split()[0] for line in paid_for.splitlines()[1:]] == list(pay_measures())
    assert main(["list", "measures", "--lang", "zh"]) == 0
    assert "开户数" in capsys.readouterr().out


def test_a_new_branch_can_be_compared_at_once(work: Path, capsys: pytest.CaptureFixture[str], cache: Path):
    assert main(["new", "branch"]) == 0
    assert "branch/README.md" in capsys.readouterr().out
    loaded = sim.load_scenario("branch/my-branch.yaml"), [sim.load_policy(name) for name in ("fixed-pay", "branch/my-policy.yaml", "branch/all-settings.yaml")]
    assert not sim.compare(*loaded, replications=2).table.empty
    assert "already there" in refused(["new", "branch"], capsys, work, cache)


def test_the_doctor_names_versions_caches_and_the_day(capsys: pytest.CaptureFixture[str], cache: Path):
    assert main(["doctor"]) == 0
    out = capsys.readouterr().out
    assert sim.__version__ in out and str(cache) in out and "numba" in out and "none found" in out
    assert main(["doctor", "--day"]) == 0
    assert [line.split()[:2] for line in capsys.readouterr().out.splitlines()] == [[number, name.split()[0]] for number, name, _ in STAGES]


def test_clearing_the_cache_takes_what_is_ours_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setenv("INCENTIVELAB_CACHE", str(tmp_path))
    for place in ("compiled/a/x.nbc", "runs/b/y.parquet", "precious/z"):
        (tmp_path / place).parent.mkdir(parents=True)
        (tmp_path / place).write_bytes(bytes(500_000))
    assert main(["doctor", "--clear-cache"]) == 0
    assert "1.0 MB" in capsys.readouterr().out
    assert [path.name for path in tmp_path.iterdir()] == ["precious"]
    assert main(["doctor", "--clear-cache"]) == 0


def test_the_explorer_serves_this_machine_alone(tmp_path: Path):
    with process("explore", "--no-browser", "--lang", "zh", "--scenario", "changzhou-2016", cwd=tmp_path) as command:
        address = re.search(r"http://127\.0\.0\.1:(\d+)/lab/tree/explore\.ipynb\?token=(\w+)", wait_for(command.stdout, "http"))
        assert address is not None
        servers = psutil.Process(command.pid).children(recursive=True)
        open_to = {link.laddr.ip for server in servers for link in server.net_connections("inet") if link.status == "LISTEN"}
        page = urllib.request.urlopen(address.group(0)).read().decode()
        command.send_signal(signal.SIGINT)
        assert command.wait(timeout=30) == 0
        for stream in (command.stdout, command.stderr):
            stream.read()
    assert open_to == {"127.0.0.1"}
    assert "apputils-extension:announcements" in page and '"news": {"disabled": true}' in page
    copy = (tmp_path / "explore.ipynb").read_text(encoding="utf-8")
    assert "lang = 'zh'" in copy and "scenario = 'changzhou-2016'" in copy
    assert [path.name for path in tmp_path.iterdir() if not path.name.startswith(".")] == ["explore.ipynb"]


def test_help_and_version_are_there_at_once(tmp_path: Path):
    """Nothing that takes long to load is loaded for them; the seconds are in docs/performance.md."""
    code = ("import sys; from sim.cli import main; main(['--help']); import sim; "
            "sys.exit(str([name for name in ('numpy', 'pandas', 'numba', 'mesa', 'matplotlib', 'pydantic') if name in sys.modules]))")
    helped = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path)
    assert "compare policies" in helped.stdout and helped.stderr.strip() == "[]"
    with process("--version", cwd=tmp_path) as command:
        assert command.stdout.read() == f"incentivelab {sim.__version__}\n"


def test_help_names_only_commands_that_exist(capsys: pytest.CaptureFixture[str]):
    assert main(["--help"]) == 0
    named = re.findall(r"^    (\w+) ", capsys.readouterr().out, re.MULTILINE)
    assert named == ["demo", "compare", "select", "sweep", "backtest", "check", "diff", "list", "new", "explore", "doctor"]
    for name in named:
        assert main([name, "--help"]) == 0
        assert "--debug" in capsys.readouterr().out
    assert main([]) == 0


def test_a_reader_who_leaves_early_is_no_defect(tmp_path: Path):
    with process("list", "measures", cwd=tmp_path, bufsize=1) as command:
        command.stdout.close()
        assert command.stderr.read() == ""
    assert command.returncode == 0


def test_every_notebook_of_the_library_travels_with_the_command():
    assert {"compare", "policy_run", "explore", "changzhou"} <= set(list_notebooks())
