"""Same seed, same bytes: whatever the workers, the batches, the neighbours, the other draws, compiled or not."""

from __future__ import annotations

import hashlib
import inspect
import json
import os
import random
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import sim
from sim.engine.prepare import practice_of, world_of
from sim.engine.run import branch_seeds, run_branch
from sim.engine.state import PAY_MEASURES
from sim.experiments import blocks as blocks_of_runs
from sim.experiments.store import write_parquet
from sim.policy import Policy, make_policy
from sim.policy.framing import framed
from sim.policy.schedule import pay_tables
from sim.world import Scenario

ROOT = Path(__file__).parent.parent
WORDS = {"title": {"en": "Test plan", "zh": "测试方案"}, "source": "a test", "effective": date(2026, 1, 1), "author": "tests",
         "status": "assumed"}
LUCK = ("talent", "motive", "leaning")                      # drawn before the first day


def accounts(schedule: dict[str, Any], period: str = "month", payee: str = "self", **more: Any) -> dict[str, Any]:
    return {"measure": "accounts", "period": period, "payee": payee, "schedule": schedule, **more}


def marks(at_least: float, **more: Any) -> dict[str, Any]:
    return {"marks": [{"measure": "accounts", "at_least": at_least}], **more}


def everything(**practices: Any) -> Policy:
    """Every kind of schedule and payee, and every practice: so that a run goes through all of the code."""
    tiers = {"kind": "tiers", "mode": "retroactive", "tiers": [{"from": 2, "to": 6, "rate": 150.0}, {"from": 6, "rate": 220.0}]}
    return make_policy({
        **WORDS,
        "pay": {
            "base": {"period": "month", "schedule": {"kind": "fixed", "amount": 4000.0}},
            "quota": accounts({"kind": "step", "at": [{"attainment": 0.5, "pays": 700.0}, {"attainment": 1.0, "pays": 3000.0}]},
                              target={"value": 5, "unit": "accounts"}),
            "tiers": accounts(tiers, "quarter", cap=9000.0),
            "pair": accounts({"kind": "linear", "rate": 90.0}, payee="pair"),
            "team": accounts({"kind": "linear", "rate": 60.0, "threshold": 3}, payee="team"),
            "service": {"measure": "contacts", "period": "month", "schedule": {"kind": "linear", "rate": 3.0}, "floor": 20.0},
        },
        "practices": {
            "reporting": {"every_days": 1, "minutes": 30.0},
            "mentor_pairing": {"rule": "named", "pairs": [["B", "E"]], "bundled": True},
            "leads": {"assigned_share": 0.3}, "norm": {"status": {"veteran": 2.0}, "telling": "successes"},
            **practices,
        },
    }, "everything")


def small(days: int = 10, customers: int = 25, people: str = "BCE", **changes: Any) -> Scenario:
    """A few people of the Changzhou branch for some days, in which much happens: small enough for plain Python."""
    base = sim.load_scenario("changzhou-2015")
    gone = {f"branches.changzhou.managers.{name}": None for name in "ABCDEFG" if name not in people}
    books = {f"branches.changzhou.managers.{name}.customers": customers for name in people}
    lively = {"parameters.risk_aversion": 0.0003, "parameters.belief_gain": 0.1, "parameters.norm_above": 0.2,
              "parameters.contact_pace": {"chains": 3.0, "network": 2.0}, "parameters.pool_size.chains": 3.0,
              "parameters.conversion_skilled": 0.4, "parameters.channel_neglect": 0.5}
    return base.with_changes({**gone, **books, **lively, "calendar.days": days, **changes}, name="small")


def with_second(scenario: Scenario, **changes: Any) -> Scenario:
    """The same scenario and a second branch."""
    others = {"X": {"cohort": "veteran", "tenure_months": 40, "customers": 30},
              "Y": {"cohort": "newcomer", "tenure_months": 5, "customers": 30}}
    return scenario.with_changes({"branches.second": {"managers": others}, **changes}, name=scenario.name)


def arrays_of(scenario: Scenario, policy: Policy, replications: int = 2, seed: int = 1) -> str:
    """sha256 of every array that a run leaves behind."""
    digest = hashlib.sha256()
    elements, merged = pay_tables(policy, PAY_MEASURES)
    merged = framed(merged, policy, scenario.effective("loss_aversion"))
    for branch in scenario.branches:
        runs = run_branch(world_of(scenario, branch), practice_of(policy, scenario, branch), elements, merged,
                          branch_seeds(seed, range(replications), branch))
        for array in runs:
            digest.update(str((array.shape, array.dtype)).encode() + array.tobytes())
    return digest.hexdigest()


def bytes_of(frame) -> list[bytes]:
    """The contents of a results frame, column by column."""
    return ["\0".join(map(str, frame[c])).encode() if frame[c].dtype == "category" else frame[c].to_numpy().tobytes() for c in frame]


@pytest.fixture(scope="module")
def policy() -> Policy:
    return everything()


@pytest.fixture(scope="module")
def runs(short, fact_policy) -> sim.Runs:
    return sim.simulate(short, fact_policy, 53, seed=5)


# --- twice, by more hands, in other batches ---------------------------------------------------------------------------


def test_the_same_command_twice_gives_the_same_bytes(short, fact_policy, runs) -> None:
    assert bytes_of(sim.simulate(short, fact_policy, 53, seed=5).frame) == bytes_of(runs.frame)


def test_two_workers_give_the_bytes_of_one(short, fact_policy, runs) -> None:
    assert bytes_of(sim.simulate(short, fact_policy, 53, seed=5, jobs=2).frame) == bytes_of(runs.frame)


@pytest.mark.parametrize("block", [1, 7, 50, 500])
@pytest.mark.parametrize("jobs", [1, 2])
def test_batches_leave_no_trace(short, fact_policy, runs, monkeypatch, block, jobs) -> None:
    monkeypatch.setattr(blocks_of_runs, "BLOCK", block)
    assert bytes_of(sim.simulate(short, fact_policy, 53, seed=5, jobs=jobs).frame) == bytes_of(runs.frame)


def test_written_files_are_the_same_byte_for_byte(short, fact_policy, tmp_path) -> None:
    for jobs in (1, 2):
        write_parquet(sim.simulate(short, fact_policy, 30, jobs=jobs).frame, tmp_path / f"{jobs}.parquet")
    assert (tmp_path / "1.parquet").read_bytes() == (tmp_path / "2.parquet").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1.parquet", "2.parquet"]


@pytest.mark.parametrize("fewer", [1, 20, 31])
def test_the_first_replications_of_many_are_those_of_few(short, fact_policy, runs, fewer) -> None:
    few = sim.simulate(short, fact_policy, fewer, seed=5).frame
    many = runs.frame[runs.frame["replication"] < fewer].reset_index(drop=True)
    assert bytes_of(many) == bytes_of(few)


def test_replications_differ_and_so_do_seeds(short, fact_policy, runs) -> None:
    totals = runs.totals()
    assert totals["prospect_contacts"].nunique() > 20
    other = sim.simulate(short, fact_policy, 53, seed=6).totals()
    assert (totals["prospect_contacts"] != other["prospect_contacts"]).mean() > 0.8


def test_a_run_found_in_the_store_is_the_run_itself(short, fact_policy, runs, tmp_path) -> None:
    first = sim.simulate(short, fact_policy, 53, seed=5, store=tmp_path)
    files = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.parquet")}
    assert len(files) == 4                                        # blocks of 16 replications
    again = sim.simulate(short, fact_policy, 53, seed=5, store=tmp_path)
    assert bytes_of(first.frame) == bytes_of(again.frame) == bytes_of(runs.frame)
    assert first.frame.dtypes.equals(again.frame.dtypes)
    assert again.totals().equals(first.totals())
    assert again.provenance == first.provenance
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()} == files


def test_the_store_keeps_apart_what_differs(short, fact_policy, tmp_path) -> None:
    """Another seed, number, scenario or policy is another run; another title is not."""
    for scenario, policy, replications, seed in (
        (short, fact_policy, 2, 1), (short, fact_policy, 3, 1), (short, fact_policy, 2, 2),
        (short.with_changes({"calendar.days": 20}), fact_policy, 2, 1),
        (short, fact_policy.with_changes({"practices.reporting.minutes": 5.0}), 2, 1),
        (short, fact_policy.with_changes({"title.en": "Another title"}), 2, 1),
    ):
        runs = sim.simulate(scenario, policy, replications, seed, store=tmp_path)
        assert runs.frame["replication"].nunique() == replications
        assert set(runs.frame["scenario"]) == {scenario.name} and set(runs.frame["policy"]) == {policy.name}
    assert len(list(tmp_path.rglob("*.parquet"))) == 5


def test_a_branch_that_outgrows_its_room_is_lived_again_in_a_larger_one() -> None:
    """Accounts beyond the rows set aside change nothing: as many as the day-by-day face finds, which makes room on the way."""
    crowded = small(30, 5, **{
        "parameters.conversion_unskilled": 0.9, "parameters.conversion_skilled": 0.95, "parameters.problem_block": 0.0,
        "parameters.pool_size.street": 5000.0, "parameters.contact_pace.street": 10.0})
    policy = everything()
    totals = sim.simulate(crowded, policy, 2, seed=3).totals("manager")["accounts"]
    for replication in (0, 1):
        model = sim.BankModel(crowded, policy, seed=3, replication=replication)
        room = len(model.teams[0].state.customers)
        model.run_model()
        assert model.teams[0].state.tally.customers > room
        assert {m.name: m.accounts for m in model.teams[0].managers} == totals.loc[replication].to_dict()


# --- compiled or plain, with or without other draws -------------------------------------------------------------------

WORLDS = {           # name: days, customers, practices, changes of the scenario
    "everything": (9, 25, {}, {}),
    "named pairs who see each other": (
        4, 10, {"reporting": {"every_days": 3, "time": "morning", "visible": "pairs", "minutes": 45.0}}, {}),
    "pairs by rule, of those who wish": (
        4, 10, {"mentor_pairing": {"rule": "best_with_newest", "participation": "voluntary"}, "norm": {"telling": "excuses"}}, {}),
    "pairs by lot, no lead handed out": (
        4, 10, {"mentor_pairing": {"rule": "random", "bundled": True}, "leads": {"channels": ["street", "chains"]}}, {}),
    "no meeting, the rational planner": (
        4, 10, {"reporting": {}},
        {"mechanisms.bounded_rationality": False, "parameters.effort_eta": 1.0, "parameters.risk_aversion": 0.0}),
    "a plan a week": (9, 5, {}, {"parameters.plan_every": 7.0}),
}
WHOLE = {           # name: practices, portfolios, rules about people; each with loans, full customers, gaming and people who come and go
    "waiting for the successor, by standard": (
        {"service": {"tiers": [{"above": 0.0, "every_days": 20}, {"above": 1e5, "every_days": 5, "channel": "preferred"}],
                     "reviews": {"above": 1e5, "every": "month"}}}, {"allocation": "levelled"}, {"handover": {"to": "successor"}}),
    "shared out, within spans": (
        {"mentor_pairing": {"rule": "best_with_newest", "bundled": True, "minutes_per_day": 30.0}, "lending": {"limit": 20_000.0}},
        {"allocation": "by_skill", "spans": {"mass": 12}}, {"handover": {"to": "team_by_load"}, "rotation": {"every_months": 2}}),
    "to the most alike, judged by marks": (
        {"reception": {"steps": ["greeting", "needs_form"]}, "leads": {"assigned_share": 0.4}}, {"allocation": "random"},
        {"handover": {"to": "similar"}, "startup": marks(2.0, months=1), "training": {"months": 1, "passing": marks(1.0)},
         "grades": [{"name": "low", "rise": marks(3.0)}, {"name": "high", "keep": marks(2.0)}], "appraisal_months": 1}),
}
EXTRA = ("chance", "trust", "norm_of", "revise_belief", "take_leads", "open_account", "catch_up", "settle_customer",
         "plan", "work", "serve", "hold_meeting", "mentor_day", "settle_pay")        # stages that draw more than they need


def whole(practices: dict[str, Any], portfolios: dict[str, Any], people: dict[str, Any]) -> tuple[Scenario, Policy]:
    """Every optional part of the model at work in four people, over two months' ends."""
    base, books = sim.load_scenario("retail-branch-full"), {"R01": 12, "R03": 9, "R06": 6, "R08": 3}
    gone = {f"branches.retail.managers.{name}": None for name in base.managers if name not in books}
    held = {f"branches.retail.managers.{name}.customers": count for name, count in books.items()}
    lively = {
        "quit_hazard": 0.3, "vacancy_shortest": 0.0, "vacancy_longest": 1.0, "movable_days": 10.0, "moving_cost": 50.0, "moving_trust": 0.2,
        "false_most": 2.0, "scruples": 100.0, "dormant_most": 2.0, "dormant_cost": 60.0, "fatigue_growth": 0.3, "discount_response": 1.5,
        "crowding": 1.0, "reference_effect": 0.3, "present_bias": 0.9, "report_noise": 0.2, "loss_aversion": 1.2, "churn_yearly": 0.6,
        "rival_yearly": 0.3, "loan_rate": 6.0, "default_mean": 0.3, "loan_term": 2.0, "deal_leads": 0.2, "deal_hours": 4.0, "walk_ins": 1.0,
        "referral_rate": 0.3, "offer_pace": 4.0, "fresh_effect": 0.3}
    scenario = base.with_changes({
        **gone, **held, "calendar.start": date(2019, 7, 18), "calendar.days": 33, "mechanisms.credit": True, "mechanisms.quits": True,
        **{f"parameters.{name}": value for name, value in lively.items()}}, name="whole")
    by_unit = {"cards": 60.0, "insurance_policies": 100.0, "fund_sales": 0.002, "income": 0.01, "loans_made": 0.004, "principal_lost": -0.05}
    pay = {"base": {"period": "month", "schedule": {"kind": "fixed", "amount": 4000.0}}, "piece": accounts({"kind": "linear", "rate": 300.0}),
           "quota": accounts({"kind": "step", "at": [{"units": 3, "pays": 1500.0}]}),
           **{name: {"measure": name, "period": "month", "schedule": {"kind": "linear", "rate": rate}} for name, rate in by_unit.items()}}
    return scenario, make_policy({**WORDS, "pay": pay, "portfolios": portfolios, "people": people, "practices": {
        "reporting": {"every_days": 5}, "goals": {"level": 4.0, "ratchet": 0.5}, "contest": {"prizes": [1000.0, 500.0], "league_table": True},
        "discretion": {"amount": 300.0}, "controls": {"audit": 0.3, "fine": 50.0}, "pricing": {"authority": 0.1},
        "framing": {"frame": "loss", "units": 6.0}, **practices}}, "whole")


def light() -> tuple[Scenario, Policy]:
    """A world and a policy that plain Python lives through quickly: no bends in pay, so no levels of effort to compare."""
    commission = accounts({"kind": "linear", "rate": 300.0})
    without = {f"pay.{name}": None for name in ("quota", "tiers", "team")}
    return small(6, 10), everything().with_changes({**without, "pay.commission": commission})


def fingerprints() -> dict[str, str]:
    """What each world leaves behind, in whichever form the code runs."""
    prints = {name: arrays_of(small(days, customers, **changes), everything(**practices), 1)
              for name, (days, customers, practices, changes) in WORLDS.items()}
    prints |= {name: arrays_of(*whole(*parts), 1) for name, parts in WHOLE.items()}
    prints["twice in the same arrays"] = arrays_of(*light(), replications=2)
    for quarter in ("changzhou-2015", "changzhou-2016"):
        scenario = sim.load_scenario(quarter).with_changes({"calendar.days": 33, "parameters.customers_per_manager": 60.0})
        prints[quarter] = arrays_of(scenario, sim.load_policy(quarter), 1)
    return prints


def with_extra_draws() -> dict[str, str]:
    """The light world, with one function after the other also drawing from the model's keys and the usual generators."""
    from sim.engine.streams import CONTACTS, CONVERSION, name_key, stream, uniform

    engine = [module for name, module in sys.modules.items() if name.startswith("sim.engine")]
    (scenario, policy), prints = light(), {}
    for name in EXTRA:
        homes = [module for module in engine if inspect.isfunction(getattr(module, name, None))]
        original, called = getattr(homes[0], name), []

        def greedy(*arguments: Any, original: Any = original, called: list = called) -> Any:
            called.append(True)
            for purpose in (CONTACTS, CONVERSION):
                uniform(stream(branch_seeds(1, [0], "changzhou")[0], purpose, name_key("B"), 0), 0)
            random.random()
            np.random.random()
            return original(*arguments)

        for module in homes:
            setattr(module, name, greedy)
        prints[name] = arrays_of(scenario, policy, 2)
        for module in homes:
            setattr(module, name, original)
        assert called, f"{name} never ran"
    return prints


def in_plain_python(function: str) -> dict[str, str]:
    """What a function of this file returns to an interpreter that runs the same source without compiling."""
    code = f"import json, test_determinism as here; print(json.dumps(here.{function}()))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=600, cwd=ROOT, env={
        **os.environ, "NUMBA_DISABLE_JIT": "1", "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")])})
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_plain_python_gives_the_bits_of_compiled_code() -> None:
    compiled = fingerprints()
    assert len(set(compiled.values())) == len(compiled)          # worlds differ, so nothing agrees because nothing happened
    assert in_plain_python("fingerprints") == compiled


@pytest.mark.parametrize("quarter", ["changzhou-2015", "changzhou-2016"])
@pytest.mark.parametrize("policy", ["", "performance-pay"])
def test_the_whole_day_with_nothing_further_in_force_is_the_short_day(monkeypatch, quarter, policy) -> None:
    """The two are compiled apart; where neither full customers, loans, goals nor careers are in force they leave the same bits."""
    run = sim.load_scenario(quarter), sim.load_policy(policy or quarter), 5
    short_day = sim.simulate(*run)
    monkeypatch.setattr("sim.engine.shop.further_parts", lambda world, practice: True)
    assert sim.BankModel(*run[:2]).teams[0].full is not None
    assert bytes_of(sim.simulate(*run).frame) == bytes_of(short_day.frame)


def test_an_extra_draw_in_one_place_moves_nothing() -> None:
    undisturbed = arrays_of(*light(), replications=2)
    assert in_plain_python("with_extra_draws") == dict.fromkeys(EXTRA, undisturbed)


# --- neighbours -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("change", [
    {"branches.second.managers.X.customers": 31},
    {"branches.second.managers.Z": {"cohort": "newcomer", "tenure_months": 1, "customers": 10}},
    {"branches.second.managers.Y": None},
])
def test_one_more_customer_elsewhere_changes_nobody_here(policy, change) -> None:
    """Managers of one branch do not feel who works, or banks, in another."""
    before, after = (sim.simulate(with_second(small(20), **more), policy, 4).frame for more in ({}, change))
    here = [frame[frame["id"].isin(["B", "C", "E", "changzhou"])].reset_index(drop=True) for frame in (before, after)]
    assert bytes_of(here[0]) == bytes_of(here[1])
    assert len(here[0]) > 500
    there = [frame[frame["id"].isin(["X", "second"])]["value"].to_numpy() for frame in (before, after)]
    assert not np.array_equal(*there)


def test_a_second_branch_changes_nobody_in_the_first(policy) -> None:
    alone = sim.simulate(small(20), policy, 4).frame
    both = sim.simulate(with_second(small(20)), policy, 4).frame
    assert bytes_of(both[both["id"].isin(["B", "C", "E", "changzhou"])].reset_index(drop=True)) == bytes_of(alone)


def with_newcomer(scenario: Scenario, name: str = "N") -> Scenario:
    """The same branch with one more manager, at the head of the list, so that everybody else moves down a row."""
    people = {name: {"cohort": "newcomer", "tenure_months": 1, "customers": 17}}
    people |= {name: spec.model_dump(exclude_none=True) for name, spec in scenario.branches["changzhou"].managers.items()}
    emptied = scenario.with_changes({"branches.changzhou": None, "branches.meanwhile": {"managers": people}})
    return emptied.with_changes({"branches.meanwhile": None, "branches.changzhou": {"managers": people}}, name=scenario.name)


def test_a_newcomer_at_the_head_of_the_list_leaves_everybody_their_luck(policy) -> None:
    """Draws belong to names, not to rows: talent, motives, leanings and every customer at the start stay as they were."""
    before, after = (sim.BankModel(scenario, policy, seed=4) for scenario in (small(), with_newcomer(small())))
    assert [m.name for m in after.teams[0].managers] == ["N", "B", "C", "E"]
    for manager in before.teams[0].managers:
        same = next(m for m in after.teams[0].managers if m.name == manager.name)
        assert [getattr(manager, luck) for luck in LUCK] == [getattr(same, luck) for luck in LUCK]
        for field in ("balance", "satisfaction", "hazard", "patience", "segment"):
            assert np.array_equal(manager.customers.get(field), same.customers.get(field))


def test_a_newcomer_whom_nobody_meets_changes_nobody_s_quarter(fact_policy) -> None:
    """Where people share no pool, meeting, norm or pay, every later draw is theirs too: their rows stay as they were."""
    policy = fact_policy.with_changes({
        "practices.reporting": {"every_days": None, "visible": "nobody"}, "practices.leads.assigned_share": 0.0,
        "practices.mentor_pairing": {"rule": "none", "bundled": False, "pairs": None}})
    alone = small(60, **{"mechanisms.saturation": False})
    before, after = (sim.simulate(scenario, policy, 3).frame for scenario in (alone, with_newcomer(alone)))
    managers = [frame[frame["id"].isin(list("BCE"))].reset_index(drop=True) for frame in (before, after)]
    assert bytes_of(managers[0]) == bytes_of(managers[1])
    assert len(after) > len(before) and len(managers[0]) > 500


def test_one_more_customer_leaves_the_others_their_luck(policy) -> None:
    before, after = (sim.BankModel(small(customers=n), policy, seed=4).teams[0].managers[1].customers for n in (25, 26))
    assert len(before) == 25 and len(after) == 26
    for field in ("balance", "satisfaction", "hazard", "patience", "segment"):
        assert np.array_equal(before.get(field), after.get(field)[:25])


def test_two_policies_share_their_luck(short) -> None:
    """People are the same under every policy, and so is what nobody influences: here, the leads that the branch hands out."""
    names = ("fixed-solo-weekly", "performance-paired-daily")
    models = [sim.BankModel(short, sim.load_policy(name), seed=2, replication=3) for name in names]
    for one, other in zip(*(model.teams[0].managers for model in models), strict=True):
        assert [getattr(one, luck) for luck in LUCK] == [getattr(other, luck) for luck in LUCK]
        assert one.customers.frame().drop(columns=["team", "manager"]).equals(other.customers.frame().drop(columns=["team", "manager"]))
    assigned = [sim.simulate(short, sim.load_policy(name), 20).totals("manager")["accounts_assigned"] for name in names]
    assert assigned[0].equals(assigned[1]) and assigned[0].sum() > 0


def test_a_name_and_a_branch_of_the_same_name_are_different_keys() -> None:
    assert int(branch_seeds(1, [0], "A")[0]) != int(branch_seeds(1, [0], "B")[0])
    assert len({int(s) for s in branch_seeds(1, range(1000), "A")} | {int(s) for s in branch_seeds(2, range(1000), "A")}) == 2000
