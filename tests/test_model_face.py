"""The Mesa face: agents are live views on the engine's rows, and a model stepped by hand is a replication."""

from __future__ import annotations

import mesa
import numpy as np
import pytest

import sim
from sim.engine.state import CHANNELS, RECORDS


@pytest.fixture
def model(short, fact_policy) -> sim.BankModel:
    return sim.BankModel(short, fact_policy, seed=3)


def managers_of(model: sim.BankModel) -> dict[str, sim.Manager]:
    return {manager.name: manager for manager in model.agents_by_type[sim.Manager]}


# --- the same as replications -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("replication", [0, 3])
@pytest.mark.parametrize("quarter", ["changzhou-2015", "changzhou-2016"])
def test_a_model_stepped_by_hand_is_the_replication_of_that_number(quarter, replication) -> None:
    """Accounts, pay and effort by manager, and weeks of effort, to the last bit."""
    scenario, policy = sim.load_scenario(quarter), sim.load_policy(quarter)
    runs = sim.simulate(scenario, policy, 4, seed=8)
    totals = runs.totals("manager").loc[replication]
    efforts: list[list[float]] = []
    model = sim.BankModel(scenario, policy, seed=8, replication=replication)
    while model.running:
        model.step()
        efforts.append([manager.effort for manager in model.teams[0].managers])
    for name, manager in managers_of(model).items():
        assert (manager.accounts, manager.pay) == (totals.loc[name, "accounts"], totals.loc[name, "pay"])
        assert manager.skill.mean() == pytest.approx(totals.loc[name, "skill"], rel=1e-12)
    state = model.teams[0].state
    rows = runs.frame.query("replication == @replication and level == 'manager' and measure == 'effort'")
    weeks = rows[rows["period"] != "total"]["value"].to_numpy().reshape(-1, len(model.teams[0].managers))
    days = np.bincount(scenario.timeline.week)
    by_hand = np.array([np.array(efforts)[scenario.timeline.week == week].mean(axis=0) for week in range(len(days))])
    assert weeks == pytest.approx(by_hand, rel=1e-12)
    assert state.finals[:, 1].sum() == totals["churned"].sum()
    assert state.finals[:, 0].tolist() == totals["satisfaction"].tolist()


def test_several_branches_are_stepped_together(short, fact_policy) -> None:
    people = {"X": {"cohort": "veteran", "tenure_months": 40, "customers": 30},
              "Y": {"cohort": "newcomer", "tenure_months": 5, "customers": 9}}
    scenario = short.with_changes({"branches.second": {"managers": people}})
    model = sim.BankModel(scenario, fact_policy, seed=2, replication=1)
    model.run_model()
    totals = sim.simulate(scenario, fact_policy, 2, seed=2).totals("manager").loc[1]
    assert [team.name for team in model.teams] == ["changzhou", "second"]
    assert {name: m.accounts for name, m in managers_of(model).items()} == totals["accounts"].to_dict()
    assert {name: m.pay for name, m in managers_of(model).items()} == totals["pay"].to_dict()


# --- the calendar -----------------------------------------------------------------------------------------------------


def test_a_model_stops_after_the_last_day_and_not_a_day_off(model, short) -> None:
    days = 0
    while model.running:
        model.step()
        days += 1
    assert days == model.day == model.steps == short.timeline.days == 21
    assert model.teams[0].state.weeks[..., RECORDS.index("days")].sum(axis=0).tolist() == [21.0] * 7          # days recorded, a manager
    assert model.teams[0].state.finals[:, 2].sum() > 0                                     # the books are closed


def test_a_step_too_many_is_refused(model) -> None:
    model.run_model()
    before = model.teams[0].state.weeks.copy()
    with pytest.raises(sim.InputError, match="at most 21 steps"):
        model.step()
    assert np.array_equal(model.teams[0].state.weeks, before) and model.day == 21
    model.run_model()                                                                      # nothing left to live


@pytest.mark.parametrize(("every_days", "held"), [(7, 12), (1, 90), (90, 1), (91, 0), (None, 0), (13, 6)])
def test_meetings_fall_on_every_nth_day_and_the_first_on_the_nth(changzhou, fact_policy, every_days, held) -> None:
    """Twelve Thursdays in the quarter of 2015, ninety evenings in that of 2016."""
    policy = fact_policy.with_changes({"practices.reporting.every_days": every_days})
    days: list[int] = []

    def look(model: sim.BankModel) -> None:
        if model.teams[0].state.managers.attended[0] > len(days):
            days.append(model.day + 1)

    model = sim.BankModel(changzhou, policy, after_day=look)
    model.run_model()
    assert model.teams[0].state.managers.attended.tolist() == [held] * 7
    assert days == [every_days * meeting for meeting in range(1, held + 1)]


# --- agents -----------------------------------------------------------------------------------------------------------


def test_agents_are_managers_and_teams(model) -> None:
    assert [manager.name for manager in model.agents_by_type[sim.Manager]] == list("ABCDEFG")
    assert [team.name for team in model.agents_by_type[sim.Team]] == ["changzhou"]
    assert isinstance(model, mesa.Model) and isinstance(model.agents, mesa.agent.AgentSet)
    assert len({agent.unique_id for agent in model.agents}) == 8
    assert managers_of(model)["E"].mentor is managers_of(model)["B"] and managers_of(model)["A"].mentor is None


def test_agent_sets_can_be_selected_grouped_and_summed_up(model) -> None:
    model.run_model()
    managers = model.agents_by_type[sim.Manager]
    assert managers.agg("accounts", sum) == model.teams[0].accounts == sum(managers.get("accounts"))
    newcomers = managers.select(lambda manager: manager.cohort == "newcomer")
    assert newcomers.get("name") == ["E", "F", "G"]
    assert managers.groupby("cohort").count() == {"veteran": 4, "newcomer": 3}
    assert sum(managers.groupby("cohort").agg("accounts", sum).values()) == managers.agg("accounts", sum)
    assert model.agents.select(agent_type=sim.Team).get("accounts") == [managers.agg("accounts", sum)]
    assert managers.sort("accounts")[0].accounts == max(managers.get("accounts"))


def test_views_are_live_both_ways(model) -> None:
    manager = managers_of(model)["C"]
    model.teams[0].state.managers[2].pressure = 12.5
    assert manager.pressure == 12.5 and isinstance(manager.pressure, float)
    manager.skill[:] = 0.6
    manager.status = 4.0
    assert model.teams[0].state.managers[2].skill.tolist() == [0.6] * len(CHANNELS)
    assert model.teams[0].state.managers.status[2] == 4.0
    manager.skill = [0.1, 0.2, 0.3, 0.4]
    assert manager.row["skill"].tolist() == [0.1, 0.2, 0.3, 0.4]


def test_views_stay_live_when_the_branch_moves_to_a_larger_room(changzhou, plan) -> None:
    """Rows for customers grow on the way; a manager is then a row of the new state."""
    crowded = changzhou.with_changes({
        "calendar.days": 40, "parameters.customers_per_manager": 0.0, "parameters.conversion_unskilled": 0.9,
        "parameters.conversion_skilled": 0.95, "parameters.pool_size.street": 5000.0, "parameters.contact_pace.street": 10.0,
        "parameters.problem_block": 0.0})
    model = sim.BankModel(crowded, plan(), seed=1)
    room, first = len(model.teams[0].state.customers), managers_of(model)["A"]
    model.run_model()
    assert len(model.teams[0].state.customers) > room
    assert first.accounts == model.teams[0].state.managers.total[0] > 0
    assert len(first.customers) == first.row.held


def test_setting_an_attribute_changes_the_run(short, fact_policy) -> None:
    def push(model: sim.BankModel) -> None:
        model.agents_by_type[sim.Manager].set("pressure", 500.0)

    def contacts(**hooks) -> np.ndarray:
        model = sim.BankModel(short, fact_policy, seed=3, **hooks)
        model.run_model()
        return model.teams[0].state.weeks[..., 6].sum(axis=0)

    untouched, pushed = contacts(), contacts(before_day=push)
    assert np.all(pushed >= untouched) and pushed.sum() > untouched.sum()


def test_one_manager_changed_leaves_the_unseen_ones_alone(short, fact_policy) -> None:
    """No talent, no conversion; those who neither see each other nor share a pool that runs dry do not notice."""
    scenario = short.with_changes({"mechanisms.saturation": False})
    policy = fact_policy.with_changes({"practices.reporting.every_days": None, "practices.reporting.visible": "nobody",
                                       "practices.mentor_pairing": {"rule": "none", "bundled": False, "pairs": None}})
    models = [sim.BankModel(scenario, policy, seed=3) for _ in range(2)]
    managers_of(models[1])["C"].talent = 0.0
    for model in models:
        model.run_model()
    weeks = [model.teams[0].state.weeks for model in models]
    others = [0, 1, 3, 4, 5, 6]
    assert np.array_equal(weeks[0][:, others], weeks[1][:, others])
    assert not np.array_equal(weeks[0][:, 2], weeks[1][:, 2])


# --- hooks and collected data -----------------------------------------------------------------------------------------


def test_hooks_come_before_and_after_every_day(short, fact_policy) -> None:
    calls: list[tuple[str, int, float]] = []
    model = sim.BankModel(
        short, fact_policy, before_day=lambda m: calls.append(("before", m.day, m.teams[0].state.weeks[..., RECORDS.index("days")].sum())),
        after_day=lambda m: calls.append(("after", m.day, m.teams[0].state.weeks[..., RECORDS.index("days")].sum())))
    model.run_model()
    assert [(when, day) for when, day, _ in calls] == [(when, day) for day in range(21) for when in ("before", "after")]
    assert [lived for _, _, lived in calls] == [7.0 * (day + (when == "after")) for when, day, _ in calls]


def test_the_usual_collector_has_a_row_a_day(model) -> None:
    model.run_model()
    frame = model.datacollector.get_model_vars_dataframe()
    assert len(frame) == 21 and frame["accounts"].is_monotonic_increasing
    assert frame["accounts"].iloc[-1] == model.teams[0].accounts
    agents = model.datacollector.get_agenttype_vars_dataframe(sim.Manager)
    assert len(agents) == 21 * 7
    last = agents.loc[21]
    assert dict(zip(last["name"], last["accounts"], strict=True)) == {name: m.accounts for name, m in managers_of(model).items()}


def test_reporters_of_one_s_own(short, fact_policy) -> None:
    model = sim.BankModel(short, fact_policy, reporters={
        "model_reporters": {"mean effort": lambda m: m.agents_by_type[sim.Manager].agg("effort", np.mean)},
        "agenttype_reporters": {sim.Manager: {"status": "status"}}})
    model.run_model()
    assert model.datacollector.get_model_vars_dataframe()["mean effort"].between(0.0, 24.0).all()
    assert len(model.datacollector.get_agenttype_vars_dataframe(sim.Manager)) == 21 * 7


def test_the_customers_of_a_team_as_a_frame(model) -> None:
    model.run_model()
    customers = model.teams[0].customers
    for name, manager in managers_of(model).items():
        own = customers[customers["manager"] == name]
        assert (own["segment"] == "account").sum() == manager.accounts
        assert len(own) == 700 + manager.accounts
    assert set(customers["segment"]) <= {"micro", "small", "large", "account"}
    assert customers["satisfaction"].between(0, 1).all() and (customers["balance"] > 0).all()


def test_bad_seeds_and_strangers_are_refused(short, fact_policy) -> None:
    with pytest.raises(sim.InputError, match="seed"):
        sim.BankModel(short, fact_policy, seed=-1)
    with pytest.raises(sim.InputError, match="found `B`"):
        sim.BankModel(sim.load_scenario("changzhou-2016"), fact_policy)
