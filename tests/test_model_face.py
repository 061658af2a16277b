"""The Mesa face: agents are live views on the engine's rows, and a model stepped by hand is a replication."""

from __future__ import annotations

import mesa
import numpy as np
import pytest

import sim
from sim.engine.state import CHANNELS, RECORDS
from sim.world.catalogue import load_catalogue


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


def test_copies_of_a_branch_are_stepped_too_each_with_luck_of_its_own(short, fact_policy) -> None:
    scenario = short.with_changes({"branches.changzhou.copies": 3, "calendar.days": 30})
    model = sim.BankModel(scenario, fact_policy, seed=2)
    model.run_model()
    assert [team.name for team in model.teams] == ["changzhou", "changzhou#2", "changzhou#3"]
    accounts = sim.simulate(scenario, fact_policy, 1, seed=2).totals()["accounts"].iloc[0]
    assert sum(team.accounts for team in model.teams) == accounts and len({team.pay for team in model.teams}) > 1
    with pytest.raises(sim.InputError, match="3 copies"):
        sim.simulate_stepped(scenario, fact_policy, None, 1)


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
    assert len(first.customers) <= first.row.held and set(first.customers.manager) == {first}


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
    customers = model.teams[0].all_customers.frame()
    for name, manager in managers_of(model).items():
        own = customers[customers["manager"] == name]
        assert (own["segment"] == "account").sum() == manager.accounts
        assert len(own) == 700 + manager.accounts
        assert own["stays"].sum() == len(manager.customers)
    assert set(customers["segment"]) <= {"micro", "small", "large", "account"}
    assert customers["satisfaction"].between(0, 1).all() and (customers["balance"] > 0).all()


def test_bad_seeds_and_strangers_are_refused(short, fact_policy) -> None:
    with pytest.raises(sim.InputError, match="seed"):
        sim.BankModel(short, fact_policy, seed=-1)
    with pytest.raises(sim.InputError, match="found `B`"):
        sim.BankModel(sim.load_scenario("changzhou-2016"), fact_policy)


# --- the same as replications, in the whole model ---------------------------------------------------------------------

RESTLESS = {"calendar.days": 66, "parameters.quit_hazard": 0.3, "mechanisms.quits": True, "parameters.vacancy_longest": 1.0}
WORLDS = {
    "changzhou-2015": ({"calendar.days": 40}, "changzhou-2015"),
    "branch": ({"calendar.days": 40}, "performance-pay"),
    "retail-branch-full": ({"calendar.days": 45}, "performance-pay"),
    "rural-branch": ({"calendar.days": 45}, "performance-pay"),
    "c16-branch": (RESTLESS, "performance-pay"),
}


@pytest.mark.parametrize("name", WORLDS)
@pytest.mark.parametrize("hooked", [False, True])
def test_stepped_replications_are_those_of_the_compiled_loop(name, hooked) -> None:
    """Every measure of every unit and period, to the bit; also where a hook at every stage cuts the day into its parts."""
    changes, policy = WORLDS[name]
    scenario, seen = sim.load_scenario(name).with_changes(changes), []

    def look_everywhere(model: sim.BankModel) -> None:
        for stage in model.stages:
            model.before(stage, lambda team, stage=stage: seen.append((team.name, stage)))

    runs = sim.simulate(scenario, policy, 2, seed=6)
    stepped = sim.simulate_stepped(scenario, policy, look_everywhere if hooked else None, 2, seed=6)
    assert stepped.frame.equals(runs.frame)
    if hooked:
        assert len(seen) == 2 * len(scenario.branches) * scenario.timeline.days * len(sim.BankModel(scenario, policy).stages)
    if name == "c16-branch":
        assert runs.totals()["quits"].sum() > 0 and runs.totals()["hires"].sum() > 0


# --- hooks between stages ---------------------------------------------------------------------------------------------


def test_hooks_stand_between_the_stages_they_name(short, fact_policy) -> None:
    model, calls = sim.BankModel(short, fact_policy), []
    model.before("plan", lambda team: calls.append(("before plan", team.managers[0].hours.sum(), team.accounts)))
    model.after("plan", lambda team: calls.append(("after plan", team.managers[0].hours.sum(), team.accounts)))
    model.after("work", lambda team: calls.append(("after work", team.managers[0].hours.sum(), team.accounts)))
    model.before("evening meeting", lambda team: calls.append(("before meeting", team.managers[0].hours.sum(), team.accounts)))
    model.run_model()
    days = [calls[start:start + 4] for start in range(0, len(calls), 4)]
    order = ["before plan", "after plan", "after work", "before meeting"]
    assert len(days) == 21 and all([name for name, *_ in day] == order for day in days)
    assert days[0][0][1] == 0.0 < days[0][1][1]                                            # hours are what planning makes
    assert all(day[0][2] == day[1][2] <= day[2][2] for day in days)                        # accounts come in work
    assert days[-1][2][2] > 0


def test_what_a_hook_writes_between_two_stages_is_what_the_next_one_reads(short, fact_policy) -> None:
    """Hours taken away after planning are not worked, whatever was planned."""
    def idling(model: sim.BankModel) -> None:
        model.after("plan", lambda team: [manager.hours.fill(0.0) for manager in team.managers])

    idle = sim.simulate_stepped(short, fact_policy, idling, 2)
    as_planned = sim.simulate_stepped(short, fact_policy, None, 2)
    assert (idle.totals()["prospect_contacts"] == 0).all() and (idle.totals()["contacts"] == 0).all()
    assert (as_planned.totals()["prospect_contacts"] > 0).all()


def test_every_stage_does_what_its_name_says_in_the_order_printed() -> None:
    """What each calls on a month's last day with everything in force, followed in plain Python."""
    from types import FunctionType, SimpleNamespace as Thing

    from sim.engine import day

    plain, called = getattr(day.live_stage, "py_func", day.live_stage), []
    callees = {name: lambda *_, name=name: called.append(name) or True for name, value in vars(day).items()
               if callable(value) and getattr(value, "__module__", "").startswith("sim.engine.stages")}
    followed = FunctionType(plain.__code__, {**plain.__globals__, **callees})
    world = Thing(par=Thing(customer_detail=1.0), lending=Thing(lending=1.0), days=[Thing(month_ends=True, number=1, month=0)])
    state, practice = Thing(tally=Thing()), Thing(par=Thing(meeting_first=False, remembers=True), aims=Thing(on=True))
    found = {}
    for place, (_, name, _) in enumerate(day.STAGES):
        called.clear()
        followed(place, state, world, practice, None, None, 0, 0, Thing())
        found[name] = " ".join(each for each in called if each != "meets_on")
    assert found == {
        "morning": "open_day look_at_facts open_careers", "morning meeting": "", "plan": "plan", "work": "work", "evening meeting": "hold_meeting",
        "customers": "attend close_day keep_ledger", "credit": "lend", "mentoring": "mentor_day", "gaming": "note_month play", "goals": "close_aims",
        "pay": "cancel count_month settle_pay forget_period", "close": "after_settling end_day record", "careers": "careers", "night": "between_days"}
    assert list(found) == sim.BankModel("changzhou-2015", "fixed-pay").stages


def test_a_stage_that_does_not_exist_is_refused(model) -> None:
    with pytest.raises(sim.InputError, match="Did you mean `plan`"):
        model.before("plans", print)


# --- customers --------------------------------------------------------------------------------------------------------


def test_reading_customers_changes_nothing(short, fact_policy) -> None:
    """Bits of a run in which everybody is looked at before every stage are those of one in which nobody looks."""
    def look(model: sim.BankModel) -> None:
        model.before("customers", lambda team: (team.customers.frame(), team.managers[0].customers.satisfaction, team.prospects))

    assert sim.simulate_stepped(short, fact_policy, look, 2).frame.equals(sim.simulate_stepped(short, fact_policy, None, 2).frame)


def test_satisfaction_is_as_of_today_though_nobody_called(short, fact_policy) -> None:
    """Between contacts it falls back to its rest in closed form; the record still says when the customer was last seen."""
    from sim.rules.fading import decayed, left_after

    model = sim.BankModel(short, fact_policy)
    start = model.customers.satisfaction
    for _ in range(10):
        model.step()
    customers = model.customers.select(lambda c: (c.last_seen == 0) & (c.irritation == 0.0))
    assert len(customers) > 1000
    rest, rate = short.value("satisfaction_rest"), short.value("satisfaction_decay")
    assert customers.satisfaction == pytest.approx([decayed(value, rest, left_after(10.0, rate)) for value in start[customers.row]], rel=1e-12)
    assert customers[5].satisfaction == customers.satisfaction[5]


def test_customers_have_the_verbs_of_an_agent_set(model) -> None:
    customers = model.customers
    assert len(customers) == 7 * 700 and len(list(iter(customers))) == len(customers)
    assert customers[3] == sim.Customer(model.teams[0], 3) and customers[-1] in customers and len(customers[:10]) == 10
    rich = customers.select(lambda c: c.balance > 1e6)
    assert 0 < len(rich) < len(customers) and rich.balance.min() > 1e6
    assert np.array_equal(rich.row, customers.select(lambda c: c.balance > 1e6 and c.stays).row)     # once for all, or one by one
    assert np.array_equal(rich.row, customers.select(customers.balance > 1e6).row)
    assert len(customers.select(at_most=5)) == 5 and len(customers.select(at_most=0.5)) == 2450
    assert customers.agg("balance", [min, max])[1] == customers.sort("balance")[0].balance == customers.balance.max()
    assert customers.groupby("manager").count() == dict.fromkeys(model.managers, 700)
    assert customers.groupby(lambda c: c.manager.cohort).count() == {"veteran": 2800, "newcomer": 2100}
    by_segment = customers.groupby("segment").agg("balance", np.sum)
    assert sum(by_segment.values()) == pytest.approx(customers.balance.sum(), rel=1e-12)
    assert customers.map(lambda c: c.segment)[:50] == customers.segment[:50].tolist()
    assert customers.get(["segment", "balance"]).shape == (4900, 2)
    assert managers_of(model)["A"].customers[0].manager is managers_of(model)["A"]


def test_a_customer_written_through_a_view_is_written_in_the_simulation(short, fact_policy) -> None:
    """One manager's customers made unhappy leave sooner; everybody else's stay as they were."""
    scenario = short.with_changes({"calendar.days": 60, "parameters.churn_response": 2.0, "parameters.churn_yearly": 0.4,
                                   "mechanisms.saturation": False})
    models = [sim.BankModel(scenario, fact_policy, seed=4) for _ in range(2)]
    managers_of(models[1])["C"].customers.set("satisfaction", 0.0)
    managers_of(models[1])["C"].customers[0].balance = 123.0
    assert managers_of(models[1])["C"].customers.satisfaction.max() == 0.0 and models[1].teams[0].state.customers.balance[1400] == 123.0
    for model in models:
        model.run_model()
    everybody = [model.teams[0].all_customers for model in models]
    left = [[len(all_.select(lambda c: ~c.stays & (c.manager == manager))) for manager in model.managers]       # noqa: B023
            for model, all_ in zip(models, everybody, strict=True)]
    assert left[1][2] > left[0][2] > 0
    assert left[0][:2] == left[1][:2] and left[0][3:] == left[1][3:]


def test_fields_that_follow_from_others_and_values_that_cannot_be_are_refused(model) -> None:
    for change, sentence in (
            (lambda c: c.set("segment", 1.0), "a field that follows from others"),
            (lambda c: c.set("satisfaction", 1.5), "a number from 0 to 1"),
            (lambda c: c.set("balance", -1.0), "0 or more"), (lambda c: c.set("balanse", 1.0), "Did you mean `balance`"),
            (lambda c: c.wealth, "customers in full"), (lambda c: c[0].holds("fund"), "customers in full")):
        with pytest.raises(sim.InputError, match=sentence):
            change(model.customers)


def test_customers_in_full_show_what_they_hold_and_money_written_stays_accounted_for() -> None:
    """A windfall on one's deposit: the book, the branch's inflow and the customer's assets move by the same yuan."""
    model = sim.BankModel(sim.load_scenario("retail-branch-full").with_changes({"calendar.days": 20}), "performance-pay", seed=2)
    for _ in range(5):
        model.step()
    team, customer = model.teams[0], model.customers.select(lambda c: c.balance > 1000.0)[7]
    assert set(customer.holdings) <= set(load_catalogue()) and customer.holds("deposit")
    assert model.customers.holds("fund").sum() == sum("fund" in held for held in model.customers.holdings) > 0
    assert model.customers.assets == pytest.approx(model.customers.balance + model.customers.wealth + model.customers.funds)
    board, seller = team.full.board, customer.manager.seller
    before = float(board.money_in), float(seller.deposits), customer.assets
    customer.balance = customer.balance + 500.0
    assert (board.money_in - before[0], seller.deposits - before[1], customer.assets - before[2]) == pytest.approx((500.0,) * 3, abs=1e-6)
    model.customers.set("funds", 0.0)
    assert board.units == pytest.approx(0.0, abs=1e-6) and model.customers.funds.max() == 0.0
    assets = model.teams[0].all_customers.assets.sum()
    assert assets == pytest.approx(board.money_in - board.money_out - board.premiums + board.gains, rel=1e-9)
    model.run_model()


def test_a_discontented_customer_in_full_is_expected_to_leave_sooner() -> None:
    scenario = sim.load_scenario("retail-branch-full").with_changes({"parameters.churn_yearly": 0.5})
    team = sim.BankModel(scenario, "performance-pay", seed=2).teams[0]
    due = team.full.clients.leaves[: team.state.tally.customers].copy()
    team.customers.set("satisfaction", 0.0)
    sooner = team.full.clients.leaves[: team.state.tally.customers]
    assert (sooner >= 0).sum() > (due >= 0).sum() > 0
    assert np.all(sooner[due >= 0] <= due[due >= 0])


# --- what else a Mesa user tries --------------------------------------------------------------------------------------


def test_pairs_and_who_sees_whom(short) -> None:
    model = sim.BankModel(short, "changzhou-2015")
    managers = managers_of(model)
    assert managers["B"].mentee is managers["E"] and (managers["B"], managers["E"]) in model.teams[0].pairs
    for manager in model.managers:
        assert [other for other in model.managers if manager in other.sees] == manager.seen_by


def test_personal_values_can_be_written(short, fact_policy) -> None:
    """Somebody with fewer hours works fewer hours."""
    def tied(model: sim.BankModel) -> None:
        managers_of(model)["A"].capacity = 1.0

    free, busy = (sim.simulate_stepped(short, fact_policy, prepare, 1).totals("manager")["effort"] for prepare in (None, tied))
    assert busy.loc[(0, "A")] <= 1.0 < free.loc[(0, "A")]


def test_batch_runs_over_policies_and_replications(short, fact_policy) -> None:
    given = {"scenario": [short], "policy": ["changzhou-2015", "fixed-pay"], "seed": 7, "replication": range(2)}
    rows = mesa.batch_run(sim.BankModel, given, display_progress=False)
    found = {(row["policy"], row["replication"]): (row["accounts"], row["pay"]) for row in rows}
    for policy in ("changzhou-2015", "fixed-pay"):
        totals = sim.simulate(short, policy, 2, seed=7).totals()
        for replication in range(2):
            assert found[policy, replication] == pytest.approx(tuple(totals.loc[replication, ["accounts", "pay"]]))


def test_collectors_of_every_kind(short, fact_policy) -> None:
    def note(model: sim.BankModel) -> None:
        unhappy = model.customers.select(lambda c: c.satisfaction < 0.4)
        model.datacollector.add_table_row("calls", {"day": model.day, "unhappy": len(unhappy)})

    model = sim.BankModel(short, fact_policy, after_day=note, reporters={
        "model_reporters": {"satisfaction": lambda m: m.customers.satisfaction.mean()}, "agent_reporters": {"accounts": "accounts"},
        "agenttype_reporters": {sim.Team: {"pay": "pay"}}, "tables": {"calls": ["day", "unhappy"]}})
    model.run_model()
    collected = model.datacollector
    assert collected.get_model_vars_dataframe()["satisfaction"].between(0.0, 1.0).all()
    assert len(collected.get_agent_vars_dataframe()) == 21 * 8 and len(collected.get_agenttype_vars_dataframe(sim.Team)) == 21
    assert collected.get_table_dataframe("calls")["day"].tolist() == list(range(21))
