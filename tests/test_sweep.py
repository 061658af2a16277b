"""Sweeps: the same bytes however the work was cut, left or divided; what fails is told and loses nothing."""

from __future__ import annotations

import errno
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from sweeps import DAMAGES, EXPERIMENT, command, everything, spoilt, tables, written

import sim
from sim.app.telling import Teller
from sim.cli import main
from sim.experiments import blocks as blocks_of_runs
from sim.experiments import design as designs
from sim.experiments import tables as tables_of_sweeps
from sim.experiments.blocks import Block, Case, cut, run_blocks
from sim.experiments.design import SweepFile, points_of
from sim.experiments.frames import nothing
from sim.experiments.store import Store
from sim.writing import clean, remove_folder, temporary_beside

POINTS, CELLS, RUNS = 8, 16, 320


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a sweep made in one go by one worker."""
    place = tmp_path_factory.mktemp("undisturbed")
    found = sim.sweep(written(place), place / "out")
    assert (found.runs, found.failed) == (RUNS, 0)
    return place / "out"


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return written(tmp_path)


# --- the same bytes ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("block", "jobs"), [(16, 2), (1, 2), (7, 1), (500, 1)])
def test_blocks_and_workers_leave_no_trace_in_the_tables(file: Path, undisturbed: Path, monkeypatch: pytest.MonkeyPatch, block, jobs) -> None:
    """Two tables name blocks, and so do their digests; all numbers are the same bytes."""
    monkeypatch.setattr(blocks_of_runs, "BLOCK", block)
    found = sim.sweep(file, "out", jobs=jobs)
    kept = tables(undisturbed)
    mine = tables(found.folder)
    if block != 16:
        for each in (mine, kept):
            del each["runs.parquet"], each["provenance.json"]
    assert mine == kept


def test_how_rows_wait_to_be_written_leaves_no_trace_in_the_tables(file: Path, undisturbed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables_of_sweeps, "PIECES", 2)
    assert tables(sim.sweep(file, "out").folder) == tables(undisturbed)


def test_no_more_results_than_a_round_s_wait_for_a_slow_disk(short, fact_policy, monkeypatch: pytest.MonkeyPatch) -> None:
    """So a sweep's memory does not grow with its runs."""
    asked: list[int] = []

    def handed_out() -> Iterator[Block]:
        for block in cut(Case.of(short, fact_policy), 1, 800):
            asked.append(block.first)
            yield block

    monkeypatch.setattr(blocks_of_runs, "_frame", lambda block, threads: nothing())
    monkeypatch.setattr(blocks_of_runs, "ROUND", 2)
    for taken, _ in enumerate(run_blocks(handed_out(), jobs=2)):
        assert len(asked) - taken <= 4
    assert len(asked) == 50


def test_parts_made_apart_and_merged_are_the_whole(file: Path, undisturbed: Path) -> None:
    for part in ("1/3", "2/3", "3/3"):
        assert main(["sweep", str(file), "--part", part, "--out", f"part{part[0]}", "--quiet"]) == 0
    made = [len(list(Path(f"part{n}/blocks").rglob("*.parquet"))) for n in (1, 2, 3)]
    assert max(made) <= 24 // 3 + 1                          # and the one that outcomes are looked for in
    assert main(["sweep", str(file), "--out", "part2", "--merge", "part1", "part3", "--quiet"]) == 0
    assert everything(Path("part2")) == everything(undisturbed)


def test_other_orders_of_policies_give_each_the_same_runs(file: Path, undisturbed: Path) -> None:
    file.write_text(EXPERIMENT.replace("[fixed-pay, performance-pay]", "[performance-pay, fixed-pay]"), encoding="utf-8")
    keys = ["point", "policy", "replication", "id", "measure"]
    one, other = (pd.read_parquet(folder / "results.parquet").sort_values(keys, ignore_index=True)
                  for folder in (undisturbed, sim.sweep(file, "out").folder))
    pd.testing.assert_frame_equal(one, other)


def test_killed_at_random_moments_the_same_command_ends_with_the_same_bytes(file: Path, undisturbed: Path) -> None:
    moments, blocks = random.Random(11), []
    for event in ("begun", "block", "block", "sweep", "sweep"):
        Path("log.jsonl").write_text("")
        with command("sweep", str(file), "--out", "out", "--jobs", "2", "--log", "log.jsonl", cwd=file.parent) as process:
            while process.poll() is None and f'"event": "{event}"' not in Path("log.jsonl").read_text(encoding="utf-8"):
                time.sleep(0.002)
            time.sleep(moments.uniform(0.0, 0.1))
            process.send_signal(signal.SIGKILL)
        blocks.append(len(list(Path("out/blocks").rglob("*.parquet"))))
    assert any(0 < count < 24 for count in blocks)         # some were killed among the blocks, not all before or after
    assert main(["sweep", str(file), "--out", "out", "--quiet"]) == 0
    assert everything(Path("out")) == everything(undisturbed)


def test_runs_that_are_there_are_not_made_again(file: Path, undisturbed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not by the same command, not where a factor leaves a policy as it is, and not when more are asked for."""
    made: list[str] = []
    before = blocks_of_runs._frame
    monkeypatch.setattr(blocks_of_runs, "_frame", lambda block, *more: made.append(block.address) or before(block, *more))
    sim.sweep(file, "out")
    assert len(made) == len(set(made)) == 2 * 4 + 2 * 8   # fixed pay has no commission to vary, so half its points are one
    sim.sweep(file, "out")
    assert len(made) == 24
    file.write_text(EXPERIMENT.replace("replications: 20", "replications: 40"), encoding="utf-8")
    sim.sweep(file, "out")
    assert len(made) == len(set(made)) == 24 + 24          # the first 16 of each were there


# --- what the tables say ----------------------------------------------------------------------------------------------


def test_the_summary_is_that_of_a_comparison_at_the_point(undisturbed: Path, file: Path) -> None:
    found = sim.Sweep(undisturbed, RUNS, 0)
    point = found.design.query("cost == 4.0 and meeting == 1 and rate == 350")["point"].item()      # noqa: F841 (named in a query below)
    scenario = sim.load_scenario(file.with_name("short.yaml")).with_changes({"parameters.effort_cost": 4.0})
    schemes = [sim.load_policy(name).with_changes({"practices.reporting.every_days": 1}, name=name) for name in ("fixed-pay", "performance-pay")]
    schemes[1] = schemes[1].with_changes({"pay.commission.schedule.rate": 350}, name="performance-pay")
    compared = sim.compare(scenario, schemes, replications=20, seed=5)
    expected = compared.table.set_index("measure").loc[["accounts", "pay", "skill"]]
    row = found.summary().query("point == @point and policy == 'performance-pay'").set_index("measure")
    for mine, theirs in (("mean", "mean"), ("difference", "difference"), ("difference_low", "ci_low"), ("difference_high", "ci_high")):
        assert row[mine].to_numpy() == pytest.approx(expected[theirs].to_numpy(), rel=1e-8)
    runs = compared.runs[1].summary(["accounts", "pay", "skill"]).set_index("measure")
    for column in ("ci_low", "ci_high", "p05", "median", "p95"):
        assert row[column].to_numpy() == pytest.approx(runs[column].to_numpy(), rel=1e-8)


def test_the_tables_hold_every_run_once(undisturbed: Path) -> None:
    found = sim.Sweep(undisturbed, RUNS, 0)
    keys = ["point", "policy", "replication", "level", "id", "period", "measure"]
    assert not found.frame.duplicated(keys).any() and set(found.frame["period"]) == {"total"}
    runs = pd.read_parquet(undisturbed / "runs.parquet")
    assert len(runs) == RUNS and not runs.duplicated(["point", "policy", "replication"]).any() and set(runs["status"]) == {"done"}
    store = Store(undisturbed / "blocks")
    assert all(store.has(block) for block in set(runs["block"]))
    assert found.query("SELECT count(DISTINCT (point, policy, replication)) AS n FROM results")["n"].item() == RUNS


def test_the_query_told_can_be_pasted(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sweep", str(file), "--out", "my 'own' folder"]) == 0
    out = capsys.readouterr().out
    query = out[out.index("SELECT"):out.index(";") + 1]
    answer = duckdb.sql(query).df().set_index(["cost", "meeting", "rate", "policy"])["accounts"]
    summary = pd.read_csv("my 'own' folder/summary.csv").query("measure == 'accounts'").set_index(["cost", "meeting", "rate", "policy"])["mean"]
    assert len(answer) == CELLS
    assert answer.to_dict() == pytest.approx(summary.to_dict(), rel=1e-9)


TWO = """
title: {en: Two branches, zh: 两家支行}
extends: short.yaml
status: assumed
note: a week
branches: {north: {title: {en: North, zh: 北支行}, managers: {X: {cohort: newcomer, tenure_months: 9}, Y: {cohort: veteran, tenure_months: 80}}}}
"""


@pytest.mark.parametrize("outcome", ["accounts", "accounts_per_10k_pay", "skill", "pay_gini"])
def test_the_query_told_answers_as_the_summary_whatever_the_measure(file: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory,
                                                                    capsys: pytest.CaptureFixture[str], outcome: str) -> None:
    """Two branches, of which one has no value in a run and both have none in another; pasted in another folder."""
    before = blocks_of_runs._frame

    def with_holes(block, *more):
        frame = before(block, *more)
        no_value = (frame["replication"] == 5) | (frame["replication"] == 3) & (frame["id"] == "north")
        return frame.assign(value=frame["value"].mask(no_value))

    monkeypatch.setattr(blocks_of_runs, "_frame", with_holes)
    file.with_name("two.yaml").write_text(TWO, encoding="utf-8")
    file.write_text(EXPERIMENT.replace("short.yaml", "two.yaml").replace("[accounts, pay, skill]", f"[{outcome}]"), encoding="utf-8")
    assert main(["sweep", str(file), "--out", "out"]) == 0
    summary = pd.read_csv("out/summary.csv").set_index(["cost", "meeting", "rate", "policy"])
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    out = capsys.readouterr().out
    answer = duckdb.sql(out[out.index("SELECT"):out.index(";") + 1]).df().set_index(summary.index.names)
    assert len(answer) == CELLS and answer[outcome].to_dict() == pytest.approx(summary["mean"].to_dict(), rel=1e-9)
    assert answer["runs"].to_dict() == summary["replications"].to_dict()


def test_the_log_is_lines_of_json_that_name_nobody(file: Path) -> None:
    assert main(["sweep", str(file), "--out", "out", "--quiet", "--log", "log.jsonl"]) == 0
    text = Path("log.jsonl").read_text(encoding="utf-8")
    lines = [json.loads(line) for line in text.splitlines()]
    done = [line for line in lines if line["event"] == "block"]
    assert {line["run"] for line in done} == {path.stem for path in Path("out/blocks").rglob("*.parquet")} - {lines[0]["run"]}
    assert all(line["seconds"] > 0 and line["time"].endswith("Z") for line in done)
    assert lines[-1]["event"] == "tables" and lines[-1]["runs"] == RUNS
    people = [*sim.load_scenario(file.with_name("short.yaml")).managers, str(file.parent), "performance-pay", os.environ.get("USER") or "?"]
    assert not any(f'"{name}"' in text for name in people)


# --- what fails -------------------------------------------------------------------------------------------------------

PAIRS = EXPERIMENT.split("factors:")[0] + """factors:
  rule: {policy: practices.mentor_pairing.rule, levels: [best_with_newest, none]}
  seen: {policy: practices.reporting.visible, levels: [everyone, pairs]}
"""


def test_a_point_that_cannot_be_is_rows_with_their_error_and_not_the_end(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each level fits by itself; nobody can be visible to pairs where nobody is paired."""
    paired = "{title: {en: Paired, zh: 结对}, extends: %s, status: proposed, practices: {mentor_pairing: {rule: best_with_newest}}}"
    for name in ("fixed", "performance"):
        file.with_name(f"{name}.yaml").write_text(paired % f"{name}-pay", encoding="utf-8")
    file.write_text(PAIRS.replace("[fixed-pay, performance-pay]", "[fixed.yaml, performance.yaml]"), encoding="utf-8")
    assert main(["sweep", str(file), "--out", "out"]) == 3
    assert "Runs that failed: 40 of 160" in capsys.readouterr().out
    runs = pd.read_parquet("out/runs.parquet")
    failed = runs[runs["status"] == "failed"]
    assert set(failed["point"]) == {3} and len(failed) == 40 and failed["error"].str.contains("nobody is paired").all()
    assert set(pd.read_parquet("out/results.parquet")["point"]) == {0, 1, 2}
    summary = pd.read_csv("out/summary.csv")
    assert (summary["failed"] == np.where(summary["point"] == 3, 20, 0)).all() and summary.query("point == 3")["mean"].isna().all()


def test_a_run_that_fails_costs_itself_alone_and_is_tried_again(file: Path, undisturbed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = blocks_of_runs._frame

    def sometimes(block, *more):
        if block.first <= 3 < block.last and block.case.policy.name == "performance-pay":
            raise MemoryError("no room for customers")
        return before(block, *more)

    with monkeypatch.context() as patch:
        patch.setattr(blocks_of_runs, "_frame", sometimes)
        assert main(["sweep", str(file), "--out", "out", "--quiet"]) == 3
    runs = pd.read_parquet("out/runs.parquet").query("status == 'failed'")
    assert set(runs["replication"]) == {3} and len(runs) == POINTS and set(runs["error"]) == {"MemoryError: no room for customers"}
    mine, whole = (pd.read_parquet(folder / "results.parquet") for folder in (Path("out"), undisturbed))
    lost = (whole["policy"] == "performance-pay") & (whole["replication"] == 3)
    pd.testing.assert_frame_equal(mine, whole[~lost].reset_index(drop=True))
    assert main(["sweep", str(file), "--out", "out", "--quiet"]) == 0
    assert everything(Path("out")) == everything(undisturbed)


def half_made(file: Path) -> dict[str, bytes]:
    """A sweep left after its first part; its blocks."""
    assert main(["sweep", str(file), "--out", "out", "--part", "1/2", "--quiet"]) == 0
    return {path: content for path, content in everything(Path("out")).items() if path.startswith("blocks")}


@pytest.mark.parametrize("limit", [4_000, 12_000], ids=["a block", "a table"])
def test_a_full_disk_is_told_and_what_was_complete_is_kept(file: Path, undisturbed: Path, limit: int) -> None:
    """A limit on the size of files stands in for the end of a disk: writing beyond it fails in the middle of a file."""
    kept = half_made(file)
    with command("sweep", str(file), "--out", "out", "--quiet", cwd=file.parent,
                 preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))) as process:
        out, err = process.communicate(timeout=120)
    assert process.returncode == 130 and out == ""
    assert len(err.splitlines()) == 1 and os.strerror(errno.EFBIG) in err and "the same command goes on" in err
    assert kept.items() <= everything(Path("out")).items()
    assert main(["sweep", str(file), "--out", "out", "--quiet"]) == 0
    assert everything(Path("out")) == everything(undisturbed)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 200 kB of its own."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if os.name != "posix" or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", disk], capture_output=True).returncode:
        pytest.skip("this user cannot mount a disk")
    yield disk
    subprocess.run(["umount", disk], check=True)


def test_on_a_disk_that_is_full_or_read_only_nothing_complete_is_lost(file: Path, undisturbed: Path, small_disk: Path,
                                                                     capsys: pytest.CaptureFixture[str]) -> None:
    sweep = ["sweep", str(file), "--out", "disk/out", "--quiet"]
    assert main(sweep) == 130
    err = capsys.readouterr().err
    assert len(err.splitlines()) == 1 and os.strerror(errno.ENOSPC) in err
    kept = everything(small_disk)
    assert 5 < len(kept) and not [name for name in kept if name.endswith(".part")]
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    assert main(sweep) == 2
    err = capsys.readouterr().err
    assert len(err.splitlines()) == 1 and "--out" in err and os.strerror(errno.EROFS).lower() in err
    assert everything(small_disk) == kept
    subprocess.run(["mount", "-o", "remount,rw,size=50m", small_disk], check=True)
    assert main(sweep) == 0
    assert everything(small_disk / "out") == everything(undisturbed)


@pytest.mark.parametrize("how", DAMAGES)
def test_a_damaged_block_is_told_and_made_again(file: Path, undisturbed: Path, capsys: pytest.CaptureFixture[str], how: str) -> None:
    half_made(file)
    path = sorted(Path("out/blocks").rglob("*.parquet"))[3]
    spoilt(path, how)
    capsys.readouterr()
    assert main(["sweep", str(file), "--out", "out"]) == 0
    told = [line for line in capsys.readouterr().err.splitlines() if "damaged" in line]
    assert len(told) == 1 and str(path) in told[0] and "made again" in told[0]
    assert everything(Path("out")) == everything(undisturbed)


def test_merging_has_a_bar_of_its_own_that_comes_to_its_end(file: Path, undisturbed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(undisturbed, "other")
    bars: dict[str, list[int]] = {}

    @contextmanager
    def bar(self: Teller, key: str, total: int) -> Iterator[Callable[[int], None]]:
        bars.setdefault(key, []).append(total)
        yield lambda steps: bars[key].append(-steps)

    monkeypatch.setattr(Teller, "bar", bar)
    assert main(["sweep", str(file), "--out", "new", "--merge", "other"]) == 0
    assert bars["merging"][0] > 1 and sum(bars["merging"]) == 0


def test_damaged_blocks_are_not_merged_and_a_damaged_design_is_told(file: Path, undisturbed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    half_made(file)
    spoilt(sorted(Path("out/blocks").rglob("*.parquet"))[0], "a byte changed")
    assert main(["sweep", str(file), "--out", "other", "--merge", "out"]) == 0
    assert capsys.readouterr().err.count("damaged") == 1
    assert everything(Path("other")) == everything(undisturbed)
    spoilt(Path("out/design.parquet"), "cut short")
    assert main(["sweep", str(file), "--out", "out"]) == 2
    err = capsys.readouterr().err
    assert len(err.splitlines()) == 1 and "design.parquet" in err and "Delete it" in err
    Path("out/design.parquet").unlink()
    assert main(["sweep", str(file), "--out", "out", "--quiet"]) == 0
    assert tables(Path("out")) == tables(undisturbed)


def test_only_the_same_sweep_made_by_the_same_code_is_merged(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    half_made(file)
    mark = json.loads(Path("out/sweep.json").read_text())
    Path("out/sweep.json").write_text(json.dumps({**mark, "code": "0123456789abcdef"}))
    assert main(["sweep", str(file), "--out", "new", "--merge", "out"]) == 2
    assert "made by code 0123456789abcdef" in capsys.readouterr().err
    Path("out/sweep.json").write_text(json.dumps(mark))
    file.write_text(EXPERIMENT.replace("[350, 700]", "[350, 800]"), encoding="utf-8")
    assert main(["sweep", str(file), "--out", "new", "--merge", "out"]) == 2
    assert "another design" in capsys.readouterr().err
    Path("empty").mkdir()
    assert main(["sweep", str(file), "--out", "new", "--merge", "empty"]) == 2
    assert "no sweep's folder" in capsys.readouterr().err


def test_a_folder_that_a_dying_helper_writes_into_is_removed_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    remove, late = shutil.rmtree, iter((True, True, False))

    def race(folder: Path, **how: bool) -> None:
        remove(folder, **how)
        if next(late):
            folder.mkdir()
            (folder / "late").touch()

    monkeypatch.setattr(shutil, "rmtree", race)
    (tmp_path / "staging").mkdir()
    remove_folder(tmp_path / "staging")
    assert not any(tmp_path.iterdir())


def test_what_a_killed_process_left_half_written_goes_and_what_a_living_one_writes_stays(tmp_path: Path) -> None:
    dead = subprocess.Popen(["true"])
    dead.wait()
    mine = temporary_beside(tmp_path / "report")
    theirs = mine.with_name(mine.name.replace(f"-{os.getpid()}-", f"-{dead.pid}-"))
    for folder in (mine, theirs):
        folder.mkdir()
        (folder / "half").write_text("x")
    (tmp_path / ".report.mine").write_text("a hidden file of the user's")
    clean(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {mine.name, ".report.mine"}


# --- designs ----------------------------------------------------------------------------------------------------------


def filled(kind: str, size: int, seed: int = 1) -> pd.DataFrame:
    factors = {"a": {"scenario": "parameters.effort_cost", "range": [0.0, 8.0]}, "b": {"scenario": "x", "range": [1.0, 10_000.0], "scale": "log"},
               "c": {"scenario": "y", "range": [1, 4], "whole": True}, "d": {"scenario": "z", "levels": ["few", "many"]}}
    return points_of(SweepFile.model_validate({"scenario": "s", "policies": ["p"], "factors": factors, "design": {"kind": kind, "size": size, "seed": seed}}))


def test_a_full_design_is_every_combination_in_order(undisturbed: Path) -> None:
    design = pd.read_parquet(undisturbed / "design.parquet")
    assert design["point"].tolist() == list(range(POINTS))
    assert list(design.drop(columns="point").itertuples(index=False, name=None)) == [
        (cost, meeting, rate) for cost in (1.0, 4.0) for meeting in (1, 7) for rate in (350, 700)]


@pytest.mark.parametrize("kind", ["latin_hypercube", "sobol"])
def test_designs_that_fill_the_space_have_one_point_in_every_slice_of_every_factor(kind: str) -> None:
    """Of n points one lies in each n-th of each factor's range: McKay, Beckman and Conover's definition, and Sobol' nets for n = 2^k."""
    design = filled(kind, 32)
    for share in (design["a"] / 8.0, np.log10(design["b"]) / 4.0):
        assert sorted(np.floor(share * 32).astype(int)) == list(range(32))
    assert design["c"].value_counts().to_dict() == dict.fromkeys((1, 2, 3, 4), 8)
    assert design["d"].value_counts().to_dict() == {"few": 16, "many": 16}
    pd.testing.assert_frame_equal(design, filled(kind, 32))
    assert not design.equals(filled(kind, 32, seed=2))


def test_the_stored_design_is_used_whatever_would_be_drawn_now(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sobol = EXPERIMENT.replace("levels: [1.0, 4]", "range: [1, 4]") + "design: {kind: sobol, size: 4}\n"
    file.write_text(sobol, encoding="utf-8")
    first = sim.sweep(file, "out")
    kept = tables(first.folder)
    monkeypatch.setattr(designs, "points_of", lambda file: pytest.fail("drawn again"))
    assert tables(sim.sweep(file, "out").folder) == kept


# --- mistakes in the file ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("change", "told"), [
    (("replications:", "replicatons:"), ["replicatons", "Did you mean `replications`?"]),
    (("levels: [1, 7]", "leves: [1, 7]"), ["factors.meeting.leves", "Did you mean `levels`?"]),
    (("[accounts,", "[acounts,"), ["outcomes.#1", "Did you mean `accounts`?"]),
    (("skill]", "default_rate]"), ["outcomes", "`default_rate`, which nothing reports in short"]),
    (("fixed-pay,", "fixd-pay,"), ["policy", "Did you mean `fixed-pay`?"]),
    (("short.yaml", "shrt.yaml"), ["shrt.yaml", "no such file"]),
    (("effort_cost", "effort_cots"), ["factors.cost", "unknown parameter", "Did you mean `effort_cost`?"]),
    (("levels: [1.0, 4]", "levels: [-1.0, 4]"), ["factors.cost", "effort_cost"]),
    (("every_days, levels: [1, 7]", "every_days, levels: [1, 7.5]"), ["factors.meeting", "7.5"]),
    (("only: [performance-pay], ", ""), ["factors.rate", "pay.commission"]),
    (("only: [performance-pay]", "only: [performance]"), ["factors.rate.only", "Did you mean `performance-pay`?"]),
    (("levels: [350, 700]", "range: [350, 700]"), ["factors.rate.range", "a range in a full design"]),
    (("levels: [350, 700]", "levels: [350, 350]"), ["factors.rate.levels", "a level twice"]),
    (("  rate:", "  value:"), ["factors.value", "a column"]),
    (("factors:", "design: {kind: sobol, size: 12}\nfactors:"), ["design.size", "8 or 16"]),
    (("factors:", "design: {kind: sobl, size: 8}\nfactors:"), ["design.kind", "Did you mean `sobol`?"]),
    (("factors:", "design: {kind: latin_hypercube}\nfactors:"), ["design.size", "nothing"]),
], ids=lambda value: value[1][:30].strip() if isinstance(value, tuple) else "")
def test_a_mistake_in_the_file_is_one_sentence_with_its_place(file: Path, capsys: pytest.CaptureFixture[str], change, told) -> None:
    assert change[0] in EXPERIMENT
    file.write_text(EXPERIMENT.replace(*change), encoding="utf-8")
    assert main(["sweep", str(file), "--out", "out"]) == 2
    out, err = capsys.readouterr()
    said = [line for line in err.splitlines() if not line.startswith("Sweeping")]
    assert out == "" and len(said) == 1 and all(words in said[0] for words in told), said
    assert not any(name.endswith(".parquet") and "blocks" not in name and "design" not in name for name in everything(Path()))


@pytest.mark.parametrize(("arguments", "told"), [
    (["--part", "3/2"], "--part"), (["--part", "half"], "--part"), (["--jobs", "0"], "jobs"), (["--seed", "-1"], "seed"),
    (["--out", "."], "the working folder"), (["--out", "pay.yaml"], "--out"), (["--out", "pay.yaml/x"], "--out"), (["--out", "full"], "precious.txt"),
    (["--out", "nul\0"], "--out"), (["--log", "nowhere/log"], "--log"), (["--scheduler", "tcp://127.0.0.1:9"], "--scheduler"), (["--frob"], "--frob"),
], ids=str)
def test_a_command_that_cannot_be_leaves_nothing(file: Path, capsys: pytest.CaptureFixture[str], arguments, told) -> None:
    Path("full").mkdir()
    Path("full/precious.txt").write_text("mine")
    before = everything(Path())
    assert main(["sweep", str(file), *(arguments if "--out" in arguments else [*arguments, "--out", "out"])]) == 2
    err = [line for line in capsys.readouterr().err.splitlines() if not line.startswith("Sweeping")]
    assert len(err) == 1 and told in err[0]
    assert {name for name in everything(Path()) if not name.startswith("out/")} == set(before)


# --- the store --------------------------------------------------------------------------------------------------------


def test_a_block_s_address_is_all_that_decides_it(short, fact_policy, monkeypatch: pytest.MonkeyPatch) -> None:
    def addresses(scenario=short, policy=fact_policy, seed=1, replications=16, keep="all") -> set[str]:
        return {block.address for block in cut(Case.of(scenario, policy), seed, replications, keep)}

    others = [addresses(seed=2), addresses(replications=15), addresses(keep="totals"), addresses(short.with_changes({"calendar.days": 20})),
              addresses(policy=fact_policy.with_changes({"practices.reporting.minutes": 5.0}))]
    monkeypatch.setattr(blocks_of_runs, "code", lambda: "another")
    others.append({blocks_of_runs.Block(Case.of(short, fact_policy), 1, 0, 16, "all", "another").address})
    assert len(set.union(addresses(), *others)) == 7
    assert addresses(policy=fact_policy.with_changes({"title.en": "Another title"}, name="renamed")) == addresses()


def test_a_large_bank_is_cut_into_smaller_blocks(short, fact_policy) -> None:
    case = Case.of(short, fact_policy)
    assert [(block.first, block.last) for block in cut(case, 1, 40)] == [(0, 16), (16, 32), (32, 40)]
    year = short.with_changes({"calendar.days": 3650})
    assert {len(block) for block in cut(Case.of(year, fact_policy), 1, 12)} == {3}
