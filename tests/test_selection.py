"""The best of many policies: the procedure does what its authors say, keeps its promise, and spends little."""

from __future__ import annotations

import json
import math
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from caches import own_cache
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq
from sweeps import command, everything

import sim
from sim.cli import main
from sim.experiments import blocks as blocks_of_runs
from sim.experiments.kim_nelson import Course, constant, kim_nelson
from sim.experiments.select import COLUMNS, parameters_of
from sim.report.selection import headline_of_selection

ERROR, FIRST = 0.05, 16
SHORT = "title: {en: Short, zh: 短}\nextends: changzhou-2015\nstatus: proposed\nsource: a test\ncalendar: {days: 31}\n"
POLICIES = ("fixed-solo-weekly", "performance-solo-daily", "fixed-paired-daily", "performance-paired-weekly")


# --- the procedure -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("systems", "first"), [(2, 8), (5, 16), (40, 30)])
def test_the_constant_solves_the_equation_of_the_paper(systems: int, first: int) -> None:
    """c = 1: one half of (1 + 2 eta) to the power -(n - 1)/2 is the error over k - 1."""
    eta = brentq(lambda e: 0.5 * (1 + 2 * e) ** (-(first - 1) / 2) - ERROR / (systems - 1), 1e-9, 100.0, xtol=1e-13)
    assert constant(systems, ERROR, first) == pytest.approx(2 * eta * (first - 1))


def transcribed(data: np.ndarray, zone: float, error: float, first: int) -> tuple[int, dict[int, int]]:
    """The paper's steps word by word, slowly: the system chosen, and after how many observations each other was dropped."""
    k = data.shape[1]
    eta = ((2 * error / (k - 1)) ** (-2 / (first - 1)) - 1) / 2
    h2 = 2 * eta * (first - 1)
    variance = {}
    for i in range(k):
        for j in range(k):
            if i != j:
                gaps = [data[r, i] - data[r, j] for r in range(first)]
                mean = sum(gaps) / first
                variance[i, j] = sum((gap - mean) ** 2 for gap in gaps) / (first - 1)
    alive, r, dropped = list(range(k)), first, {}
    while len(alive) > 1:
        means = {i: sum(data[:r, i]) / r for i in alive}
        keep = []
        for i in alive:
            stays = True
            for j in alive:
                if j != i:
                    region = max(0.0, zone / (2 * r) * (h2 * variance[i, j] / zone**2 - r))
                    stays = stays and means[i] >= means[j] - region
            if stays:
                keep.append(i)
            else:
                dropped[i] = r
        alive = keep
        r += 1
    return alive[0], dropped


def run(data: np.ndarray, zone: float, first: int = FIRST, most: int = 100_000) -> Course:
    return kim_nelson(lambda left, start, end: data[start:end][:, list(left)], data.shape[1], zone, ERROR, first, most)


@settings(max_examples=25, deadline=None)
@given(st.integers(2, 6), st.integers(4, 20), st.floats(0.2, 2.0), st.integers(0, 10_000))
def test_it_follows_the_paper_step_by_step(systems: int, first: int, zone: float, seed: int) -> None:
    generator = np.random.default_rng(seed)
    data = generator.normal(generator.normal(0, 0.5, systems), 1.0, (4000, systems)) + generator.standard_normal((4000, 1))
    course = run(data, zone, first)
    if not course.decided:                               # more observations than were drawn would be needed
        return
    chosen, dropped = transcribed(data, zone, ERROR, first)
    assert course.chosen == chosen and {each.system: each.after for each in course.eliminated} == dropped


class Environment:
    """Observations handed to sim-tools' procedure one by one."""

    def __init__(self, data: np.ndarray) -> None:
        self.data, self.taken = data, np.zeros(data.shape[1], int)

    def register_observer(self, observer: Any) -> None:
        self.observer = observer

    def simulate(self, design: int) -> None:
        value = self.data[self.taken[design], design]
        self.taken[design] += 1
        self.observer.feedback(self, design, value)


def alike(systems: int, first: int, generator: np.random.Generator) -> np.ndarray:
    """A first stage in which every pair's difference has the same variance, exactly."""
    raw = generator.standard_normal((first, systems))
    root, _ = np.linalg.qr(raw - raw.mean(axis=0))
    return root * math.sqrt(first - 1)


@pytest.mark.parametrize("systems", [2, 5])
@pytest.mark.parametrize("seed", range(6))
def test_a_package_others_maintain_comes_to_the_same(systems: int, seed: int) -> None:
    """sim-tools' KN (MIT; Monks and others). It looks up another pair's variance where the rival stands before the system in
    the list, so beyond two systems the first stages are made to have the same variance for all pairs."""
    from sim_tools.ovs import indifference_zone as oracle

    generator = np.random.default_rng(seed)
    data = generator.normal(generator.permutation(systems) * 0.2, 1.0, (4000, systems))
    if systems > 2:
        data[:FIRST] = alike(systems, FIRST, generator) + generator.permutation(systems) * 0.1
    environment = Environment(data)
    left = oracle.KN(environment, systems, 0.3, ERROR, FIRST).solve()
    course = run(data, 0.3)
    assert course.decided and list(left) == [course.chosen]
    taken = environment.taken.copy()
    taken[course.chosen] -= 1                            # it draws once more of the winner after the last comparison
    assert taken.tolist() == list(course.observations)


@pytest.mark.parametrize("correlation", [0.0, 0.8])
def test_it_keeps_its_promise_in_the_least_favourable_case(correlation: float) -> None:
    """All others worse by exactly the zone; what is shared does not hurt, and saves observations."""
    systems, zone, selections, right = 5, 0.4, 150, 0
    for number in range(selections):
        generator = np.random.default_rng([8, number])
        shared = math.sqrt(correlation) * generator.standard_normal((3000, 1))
        data = shared + math.sqrt(1 - correlation) * generator.standard_normal((3000, systems))
        data[:, 2] += zone
        right += run(data, zone).chosen == 2
    assert right / selections >= 1 - ERROR - 2.5 * math.sqrt(ERROR * (1 - ERROR) / selections)


def test_shared_luck_saves_observations() -> None:
    generator = np.random.default_rng(9)
    own, shared = generator.standard_normal((20_000, 6)), 2.0 * generator.standard_normal((20_000, 1))
    ahead = np.array([0.0, 0.0, 0.0, 0.0, 0.0, 0.3])
    paired = sum(run(own + shared + ahead, 0.3).observations)
    apart = sum(run(own + 2.0 * generator.standard_normal((20_000, 6)) + ahead, 0.3).observations)
    assert paired < 0.5 * apart


def test_systems_exactly_alike_do_not_keep_it_waiting() -> None:
    data = np.repeat(np.random.default_rng(2).standard_normal((2000, 2)), 2, axis=1)
    course = run(data + np.array([0.5, 0.5, 0.0, 0.0]), 0.4)
    assert course.decided and course.chosen == 0 and max(course.observations) <= course.bound


def test_the_limit_ends_it_undecided() -> None:
    course = run(np.random.default_rng(1).standard_normal((200, 4)) * 10, 0.01, most=50)
    assert not course.decided and max(course.observations) == 50


# --- policies ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    there = tmp_path_factory.mktemp("selection")
    (there / "short.yaml").write_text(SHORT, encoding="utf-8")
    return there


def asked(folder: Path, **more: Any) -> dict[str, Any]:
    return {"scenario": str(folder / "short.yaml"), "policies": list(POLICIES), "measure": "accounts", "indifference_zone": 0.3,
            "first_stage": 8, "batch": 8, **more}


@pytest.fixture(scope="module")
def selection(folder: Path) -> sim.Selection:
    return sim.select(asked(folder))


def test_the_table_says_who_fell_when_and_what_it_took(selection) -> None:
    table = selection.table
    assert tuple(table.columns) == COLUMNS and sorted(table["policy"]) == sorted(POLICIES)
    assert table["policy"].iloc[0] == selection.chosen.name == "performance-solo-daily" and selection.decided
    assert table["eliminated_after"].iloc[1:].tolist() == sorted(table["eliminated_after"].iloc[1:], reverse=True)
    assert selection.replications == table["replications"].sum() <= selection.made
    rest = table.iloc[1:]
    assert (rest["replications"] == rest["eliminated_after"]).all() and set(rest["eliminated_by"]) <= set(POLICIES)
    assert ((rest["ci_low"] <= rest["behind"]) & (rest["behind"] <= rest["ci_high"])).all()


def test_values_are_those_of_a_run_on_the_same_luck(selection) -> None:
    for policy in selection.task.policies:
        values = selection.values[policy.name]
        assert np.array_equal(values, sim.simulate(selection.task.scenario, policy, len(values)).totals()["accounts"].to_numpy())


def test_workers_and_the_order_of_policies_change_nothing(selection, folder) -> None:
    again = sim.select(asked(folder, policies=list(reversed(POLICIES))), jobs=2)
    pd.testing.assert_frame_equal(selection.table.sort_values("policy", ignore_index=True), again.table.sort_values("policy", ignore_index=True))


def test_less_can_be_better(folder) -> None:
    assert sim.select(asked(folder, direction="lower")).chosen.name == "fixed-solo-weekly"


def test_uncertain_parameters_are_drawn_with_the_seed_and_the_same_for_all(folder) -> None:
    spans = {"effort_cost": (30.0, 90.0), "customers_per_manager": (100.0, 400.0)}
    drawn = [parameters_of(spans, 1, number) for number in range(300)]
    cost = np.array([each["parameters.effort_cost"] for each in drawn])
    assert (30 < cost).all() and (cost < 90).all() and abs(cost.mean() - 60) < 4 and np.ptp(cost) > 55
    assert parameters_of({"effort_cost": (30.0, 90.0)}, 1, 7)["parameters.effort_cost"] == cost[7] != parameters_of(spans, 2, 7)["parameters.effort_cost"]
    result = sim.select(asked(folder, uncertain={"effort_cost": [30.0, 90.0]}, first_stage=4, batch=2, policies=list(POLICIES[:2])))
    for number in (0, 5):
        here = result.task.scenario.with_changes(parameters_of({"effort_cost": (30.0, 90.0)}, 1, number))
        for policy in result.task.policies:
            alone = sim.simulate(here, policy, number + 1).totals()["accounts"].iloc[-1]
            assert result.values[policy.name][number] == alone


@pytest.mark.parametrize("uncertain", [{}, {"effort_cost": [30.0, 90.0]}], ids=["known", "uncertain"])
def test_a_selection_broken_off_finds_its_finished_runs_again(folder, tmp_path, monkeypatch, uncertain: dict[str, Any]) -> None:
    task = asked(folder, uncertain=uncertain, policies=list(POLICIES[:2]), first_stage=4, batch=4)
    undisturbed = sim.select(task)
    made: list[str] = []
    before = blocks_of_runs._frame
    monkeypatch.setattr(blocks_of_runs, "_frame", lambda block, *more: made.append(block.address) or before(block, *more))

    def broken_off(_: int) -> None:
        if len(made) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sim.select(task, progress=broken_off, store=tmp_path)
    assert {path.stem for path in tmp_path.rglob("*.parquet")} == set(made) and len(made) == 2
    result = sim.select(task, store=tmp_path)
    assert len(made) == len(set(made)) > 2
    pd.testing.assert_frame_equal(result.table, undisturbed.table)
    assert all(np.array_equal(result.values[name], undisturbed.values[name]) for name in POLICIES[:2])
    sim.select(task, store=tmp_path)
    assert len(made) == len(set(made))


def test_variants_are_policies_but_for_some_values(folder) -> None:
    rates = [{"name": f"rate-{rate}", "extends": "performance-pay", "changes": {"pay.commission.schedule.rate": float(rate)}} for rate in (0, 300)]
    assert sim.select(asked(folder, policies=rates, indifference_zone=0.5)).chosen.name == "rate-300"


@pytest.mark.parametrize(("change", "words"), [
    ({"measure": "acounts"}, "Did you mean `accounts`"), ({"measure": "pay"}, "direction"), ({"indifference_zone": 0}, "indifference_zone"),
    ({"probability": 1.0}, "probability"), ({"policies": ["fixed-pay"]}, "policies"), ({"policies": ["fixed-pay", "fixed-pay"]}, "twice"),
    ({"zone": 1}, "unknown key"), ({"replications": 40}, "which the first stage takes"), ({"uncertain": {"effort_cost": [2.0, 1.0]}}, "low before high"),
    ({"uncertain": {"effort_costs": [1.0, 2.0]}}, "effort_cost"), ({"scenario": "changzou-2015"}, "changzhou-2015"),
    ({"measure": "default_rate"}, "not reported"),
])
def test_a_selection_that_cannot_be_is_refused(folder, change: dict[str, Any], words: str) -> None:
    with pytest.raises(sim.InputError) as refusal:
        sim.select(asked(folder, **change))
    assert words in str(refusal.value)


# --- what is told ------------------------------------------------------------------------------------------------------


def test_a_choice_cut_short_claims_nothing(folder) -> None:
    result = sim.select(asked(folder, indifference_zone=0.001, replications=72, policies=["fixed-paired-weekly", "fixed-solo-weekly"]))
    assert not result.decided
    assert "No choice can be promised" in headline_of_selection(result, "en")[0] and "无法作出有保证的选择" in headline_of_selection(result, "zh")[0]


def test_the_command_leaves_its_report_and_the_same_bytes_again(folder, capsys, monkeypatch) -> None:
    monkeypatch.chdir(folder)
    (folder / "best.yaml").write_text(
        "schema_version: 1\nscenario: short.yaml\npolicies: [fixed-solo-weekly, performance-solo-daily]\nmeasure: accounts\n"
        "indifference_zone: 0.4\nfirst_stage: 8\nbatch: 8\n", encoding="utf-8")
    assert main(["select", "best.yaml", "--out", "one", "--jobs", "1"]) == 0
    out, err = capsys.readouterr()
    assert "is chosen of 2 schemes" in out and "one/report.html" in out and "Selecting the best of 2" in err
    assert main(["select", "best.yaml", "--out", "two", "--jobs", "2", "--quiet"]) == 0
    assert capsys.readouterr().err == ""
    names = sorted(path.name for path in (folder / "one").iterdir() if not path.name.startswith("."))
    assert names == ["provenance.json", "report.html", "results.parquet", "selection.csv"]
    for name in names:
        assert (folder / "one" / name).read_bytes() == (folder / "two" / name).read_bytes(), name
    made = json.loads((folder / "one" / "provenance.json").read_text(encoding="utf-8"))
    assert made["chosen"] == "performance-solo-daily" and made["decided"] and made["indifference_zone"] == 0.4
    assert main(["select", "best.yaml", "--out", "three", "--lang", "zh"]) == 0
    page = (folder / "three" / "report.html").read_text(encoding="utf-8")
    assert "选出" in page and "http://" not in page.replace("http://www.w3.org", "")


def test_the_command_interrupted_goes_on_where_it_was_to_the_same_bytes(folder, tmp_path, monkeypatch) -> None:
    """Two caches: of a run that is interrupted and begun again, and of one that is not."""
    (folder / "unsure.yaml").write_text(
        "schema_version: 1\nscenario: short.yaml\npolicies: [fixed-solo-weekly, performance-solo-daily]\nmeasure: accounts\n"
        "indifference_zone: 0.4\nuncertain: {effort_cost: [30.0, 90.0]}\n", encoding="utf-8")
    monkeypatch.chdir(folder)
    for name in ("broken", "whole"):
        (tmp_path / name).mkdir()
        with own_cache(tmp_path / name):
            if name == "broken":
                finished = 0
                with command("select", "unsure.yaml", "--out", name, "--quiet", "--log", "/dev/stderr", cwd=folder) as process:
                    for line in process.stderr:
                        if '"event": "block"' in line and (finished := finished + 1) == 20:
                            process.send_signal(signal.SIGINT)
                assert process.returncode == 130 and "Finished runs are kept" in line and not (folder / name).exists()
            assert main(["select", "unsure.yaml", "--out", name, "--quiet", "--log", str(tmp_path / f"{name}.jsonl")]) == 0
    made = {name: (tmp_path / f"{name}.jsonl").read_text().count('"event": "block"') for name in ("broken", "whole")}
    assert made["broken"] + finished == made["whole"]
    assert everything(folder / "broken") == everything(folder / "whole")


def test_a_file_that_is_none_is_refused_and_leaves_nothing(folder, capsys, monkeypatch) -> None:
    monkeypatch.chdir(folder)
    before = set(folder.iterdir())
    for named, words in (("nowhere.yaml", "no such file"), ("best-of-eigth", "best-of-eight"), ("short.yaml", "short.yaml")):
        assert main(["select", named, "--out", "never"]) == 2
        assert words in capsys.readouterr().err
    assert set(folder.iterdir()) == before
