"""Banks of many branches: copies of a branch have luck of their own, and are counted as though each stood in the file."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import sim
from sim.engine.prepare import practice_of, world_of
from sim.engine.run import PEOPLE_AXIS, BranchRuns, branch_seeds, copy_name, run_branch, run_copies
from sim.engine.state import PAY_MEASURES, R_ACCOUNTS
from sim.policy.schedule import pay_tables
from sim.world import Scenario

COPIES = 3


@pytest.fixture(scope="module")
def bank(short: Scenario) -> Scenario:
    """Three Changzhou branches for three weeks."""
    return short.with_changes({"branches.changzhou.copies": COPIES})


def test_a_bank_is_its_branches_side_by_side(bank: Scenario) -> None:
    """Manager by manager what the branches give alone, whatever pieces they are lived in."""
    policy = sim.load_policy("performance-pay")
    ready = (world_of(bank, "changzhou"), practice_of(policy, bank, "changzhou"), *pay_tables(policy, PAY_MEASURES))
    whole = run_copies(*ready, 1, 0, "changzhou", COPIES, threads=2)
    alone = [run_branch(*ready, branch_seeds(1, [0], copy_name("changzhou", copy))) for copy in range(1, COPIES + 1)]
    for name, found in zip(BranchRuns._fields, whole, strict=True):
        assert np.array_equal(found, np.concatenate([getattr(run, name) for run in alone], axis=PEOPLE_AXIS[name])), name
    accounts = [run.weeks[..., R_ACCOUNTS].sum() for run in alone]
    assert len(set(accounts)) > 1, "copies share their luck"


def test_the_first_copy_has_the_luck_of_the_branch_alone(short: Scenario, bank: Scenario) -> None:
    """So that adding branches changes nobody's numbers: the bank's total is the branch's plus the others'."""
    one, two = (bank.with_changes({"branches.changzhou.copies": copies}) for copies in (1, 2))
    assert one.digest == short.digest
    runs = [sim.simulate(scenario, "fixed-pay", replications=2).totals()["accounts"] for scenario in (one, two)]
    assert (runs[1] >= runs[0]).all()
    assert runs[1].sum() > runs[0].sum()


def test_results_of_a_bank_do_not_depend_on_workers_and_name_no_single_manager(bank: Scenario) -> None:
    one, two = (sim.simulate(bank, "fixed-pay", replications=3, jobs=jobs).frame for jobs in (1, 2))
    pd.testing.assert_frame_equal(one, two)
    assert set(one["level"]) == {"branch"}


def test_a_bank_of_many_copies_knows_its_size() -> None:
    bank = sim.load_scenario("national-bank")
    assert sum(branch.copies for branch in bank.branches.values()) == 4_000
    assert bank.seats == 30_000
    assert sum(branch.copies * sum(map(bank.customers, branch.managers)) for branch in bank.branches.values()) == 15_000_000


def test_copies_are_refused_where_they_make_no_sense(short: Scenario) -> None:
    for copies in (0, 1.5, 10**7):
        with pytest.raises(sim.InputError, match="copies"):
            short.with_changes({"branches.changzhou.copies": copies})


def test_the_mesa_face_lives_every_copy_on_the_luck_of_the_runs(bank: Scenario) -> None:
    model = sim.BankModel(bank, sim.load_policy("fixed-pay"), seed=1)
    model.run_model()
    assert [team.name for team in model.teams] == ["changzhou", "changzhou#2", "changzhou#3"]
    whole = sim.simulate(bank, "fixed-pay", replications=1).totals()["accounts"].item()
    assert sum(team.accounts for team in model.teams) == whole
    with pytest.raises(sim.InputError, match="copies"):
        sim.simulate_stepped(bank, "fixed-pay", replications=1)
