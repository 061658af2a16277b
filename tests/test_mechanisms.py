"""Every mechanism of the case by itself: what switching it off moves, what it leaves alone, and where it has nothing to act on
(beside everything else that is in force: tests/test_switches.py).

`CASES` is the specification, one entry a mechanism of data/parameters/mechanisms.yaml. Worlds are quiet: but for the mechanism
and the companions it names, everything is switched off, and the values it stands on are pinned, so that a case holds whatever
the library's parameters are. Differences are paired on common luck: with the mechanism less without it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest

import sim
from sim.policy import Policy
from sim.rules.effort import cost_of_effort
from sim.world import Scenario, load_mechanisms

ELSEWHERE = (                     # idle in the case; see tests/test_switches.py, and tests/test_goals.py
    "goals", "ratchet_foresight", "league_table", "judgement", "fairness", "fatigue", "loss_framing", "reference_pay",
    "crowding_out", "present_bias", "noisy_reports", "moved_deals", "discounting", "false_reports", "dormant",
    "credit", "vetting", "larger_loans", "conscience", "collection", "hurry", "opening_book",      # tests/test_credit.py: nobody borrows in Changzhou
    "quits", "morale", "rotation_refreshes", "relationship_capital", "sorting", "career_concerns",      # tests/test_careers.py
)
MECHANISMS = {name: mechanism for name, mechanism in load_mechanisms().items()       # those of other scenarios have tests of their own
              if sim.load_scenario("changzhou-2015").switches[name]}
REPLICATIONS = 30
SURE = 3.0                       # standard errors that a mean difference must lie from nil

PINNED: dict[str, Any] = {
    "capacity_hours": 7.0, "effort_start": 3.0, "effort_cost": 9.0, "effort_gamma": 2.6, "effort_eta": 0.6, "risk_aversion": 0.0001,
    "intrinsic_per_account": 700.0, "service_duty": 10.0, "skill_new": 0.2, "skill_ceiling": 0.95, "skill_floor": 0.1,
    "tenure_learning": 0.03, "learning_rate": 0.05, "forgetting_rate": 0.02, "plan_tremble": 0.2, "habit_share": 0.3,
    "intrinsic_spread": 0.3, "talent_spread": 0.5, "plan_every": 1.0,
    "contact_pace": {"intermediaries": 0.5, "chains": 1.0, "street": 2.0, "network": 0.8},
    "conversion_unskilled": {"intermediaries": 0.05, "chains": 0.05, "street": 0.02, "network": 0.06},
    "conversion_skilled": {"intermediaries": 0.3, "chains": 0.25, "street": 0.1, "network": 0.3},
    "pool_size": {"intermediaries": 6.0, "chains": 0.3, "street": 60.0, "network": 1.0}, "pool_refill": 0.01, "network_size": 40.0,
    "channel_neglect": {"intermediaries": 3.0, "chains": 3.0, "street": 1.0, "network": 0.5}, "order_pull": 0.1,
    "partner_leads": 0.1, "partner_fade": 0.006, "partner_unskilled": 0.3, "partner_skilled": 0.7, "lead_hours": 0.5,
    "assigned_leads": 2.0, "assigned_conversion": 0.4, "assigned_teaches": 0.1, "problem_chance": 0.5, "problem_block": 0.3,
    "trust_effect": 1.5, "answer_gain": 0.15, "supervisor_skill": 0.6, "excuse_start": 1.0, "excuse_wear": 0.1, "pressure_step": 150.0,
    "pressure_fade": 0.05, "habituation": 0.03, "belief_variance": 0.2, "belief_gain": 0.0, "belief_drift": 0.001,
    "norm_below": 6.0, "norm_above": 0.0, "lean_coupling": 1.6, "lean_field": 0.6, "lean_revisit": 0.1, "lean_effect": 0.5,
    "lean_start": 0.5, "problem_lapse": 0.02,
    "status_drift": 0.1, "teach_rate": 0.05, "teach_harm": 0.5, "errand_most": 0.6, "errand_efficiency": 0.6, "mentor_regard": 100.0,
    "mentor_norm_weight": 0.5, "dependence_growth": 0.1, "dependence_recovery": 0.03, "dependence_effect": 0.4, "ceiling_pull": 10.0,
    "customers_per_manager": 40.0, "service_pace": 2.0, "satisfaction_start": 0.6, "satisfaction_spread": 0.1,
    "satisfaction_rest": 0.3, "satisfaction_decay": 0.02, "contact_gain": 0.25, "annoyance": 0.05, "irritation_fade": 0.02,
    "churn_yearly": 0.3, "churn_shape": 1.0, "churn_response": 1.2,
}
DAILY = {"reporting": {"every_days": 1, "minutes": 0.0, "accountability": 1.0}}
NEVER = {"reporting": {"every_days": None}}
UNSEEN = {"reporting": {"every_days": None, "visible": "nobody"}}
ASSIGNED = {"leads": {"assigned_share": 0.5}}
PAIR = {"mentor_pairing": {"rule": "named", "pairs": [["A", "E"]], "minutes_per_day": 60.0}}
BUNDLED = {"mentor_pairing": {**PAIR["mentor_pairing"], "bundled": True}}
UNPAIRED = {"mentor_pairing": {"rule": "none"}}
OUTSIDE = tuple("BCDFG")
IDLERS = {"intrinsic_per_account": 0.0, "service_duty": 0.0}            # with fixed pay: nobody has a reason to work
PIECE = {"measure": "accounts", "period": "month", "schedule": {"kind": "linear", "rate": 300.0}}
WORK = ("accounts", "effort", "prospect_contacts", "contacts", "pay")


def skilled(**skills: float) -> dict[str, Any]:
    """Managers' own skills at the start, for good."""
    return {f"branches.changzhou.managers.{name}.{key}": value for name, skill in skills.items()
            for key, value in (("tenure_months", 0), ("overrides.skill_new", skill))}


@dataclass(frozen=True)
class Case:
    """What one mechanism does.

    says: the sentence this case stands for. needs: mechanisms in force beside it. world: parameters (or dotted keys) beside
    the pinned ones. practices: what management does. moves: measure of the branch, or manager.measure, to the sign of the
    difference ("*": either, replication by replication). keeps: measures that stay bit for bit, for all and in every week.
    spares: managers of whom nothing at all moves. idle: another world or other practices, where nothing at all moves.
    """

    says: str
    moves: dict[str, str]
    keeps: tuple[str, ...] = ()
    spares: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    world: dict[str, Any] = field(default_factory=dict)
    practices: dict[str, Any] = field(default_factory=dict)
    idle: dict[str, Any] | None = None                       # any of needs, world, practices, pay


CASES: dict[str, Case | list[Case]] = {
    "learning": Case(
        "Self-sourced contacts raise skill, and skill converts and makes work worth while.",
        moves={"skill": "+", "accounts": "+", "effort": "+"}, keeps=("accounts_assigned", "leaning", "pressure"),
        practices=ASSIGNED, idle={"world": {**IDLERS, "assigned_teaches": 0.0}, "pay": {}}),
    "forgetting": Case(
        "A channel not worked loses skill; what is worked every day does not.",
        moves={"skill": "-"}, keeps=(*WORK, "satisfaction", "accounts_street", "customers"), world={"contact_pace": {"street": 40.0}},
        practices={"leads": {"channels": ["street"]}}, idle={"world": skilled(**dict.fromkeys("ABCDEFG", 0.1))}),
    "saturation": Case(
        "Contacts thin out as pools are worked.",
        moves={"prospect_contacts": "-", "accounts": "-", "effort": "-"}, keeps=("accounts_assigned", "skill", "leaning"),
        practices=ASSIGNED, idle={"world": IDLERS, "pay": {}}),
    "partners": Case(
        "An intermediary won sends leads; without them nobody would visit one.",
        moves={"accounts_intermediaries": "+", "accounts": "+"}, keeps=("accounts_assigned", "skill", "leaning"),
        practices={"leads": {"assigned_share": 0.1}}, idle={"practices": {"leads": {"channels": ["chains", "street", "network"]}}}),
    "neglect": Case(
        "Where leads are handed out, chains and intermediaries are hardly worked.",
        moves={"accounts_chains": "-", "accounts_intermediaries": "-", "prospect_contacts": "-"}, keeps=("accounts_assigned", "skill"),
        needs=("partners",), practices=ASSIGNED, idle={"practices": {"leads": {"assigned_share": 0.0}}}),
    "problems": Case(
        "Problems that wait for an answer cost conversion, and so the wish to work.",
        moves={"accounts": "-", "effort": "-"}, keeps=("accounts_assigned", "skill"), practices=ASSIGNED,
        idle={"world": skilled(**dict.fromkeys("ABCDEFG", 1.0))}),
    "trust": [
        Case("A contented customer opens doors along the chain, and nowhere else.",
             moves={"accounts_chains": "+"}, world={"satisfaction_start": 0.95, "satisfaction_rest": 0.95},
             keeps=("effort", "prospect_contacts", "accounts_street", "accounts_network", "accounts_intermediaries", "skill"),
             needs=("partners",), idle={"practices": {"leads": {"channels": ["intermediaries", "street", "network"]}}}),
        Case("A discontented one closes them.",
             moves={"accounts_chains": "-"}, world={"satisfaction_start": 0.05, "satisfaction_rest": 0.05},
             keeps=("effort", "prospect_contacts", "accounts_street", "accounts_network")),
    ],
    "answers": Case(
        "An answered problem teaches, once there are problems and meetings.",
        moves={"skill": "+", "accounts": "+"}, keeps=("accounts_assigned", "pressure", "leaning"), needs=("problems",),
        practices={**DAILY, **ASSIGNED}, idle={"practices": NEVER}),
    "pressure": Case(
        "Having nothing to show makes the next account worth more.",
        moves={"pressure": "+", "effort": "+", "accounts": "+"}, keeps=("accounts_assigned", "skill"), needs=("people_differ",),
        practices={**DAILY, **ASSIGNED}, idle={"practices": {"reporting": {"every_days": 1, "accountability": 0.0}}}),
    "excuses": Case(
        "An excuse that is believed shields from pressure.",
        moves={"pressure": "-", "effort": "-"}, keeps=("accounts_assigned", "skill"), needs=("people_differ", "pressure"),
        practices={**DAILY, **ASSIGNED}, idle={"practices": NEVER}),
    "habituation": Case(
        "Every further meeting presses a little less.",
        moves={"pressure": "-", "effort": "-"}, keeps=("accounts_assigned", "skill"), needs=("people_differ", "pressure"),
        practices={**DAILY, **ASSIGNED}, idle={"practices": NEVER}),
    "beliefs": Case(
        "Results seen at meetings move what managers expect of an hour, up or down.",
        moves={"effort": "*", "prospect_contacts": "*"}, keeps=("accounts_assigned", "skill", "pressure"),
        practices={"reporting": {"every_days": 7, "minutes": 0.0}, **ASSIGNED}, idle={"practices": NEVER}),
    "norm": Case(
        "Colleagues who see you pull you up to their effort.",
        moves={"effort": "+", "accounts": "+"}, keeps=("accounts_assigned", "skill", "leaning"), needs=("people_differ",),
        practices={**ASSIGNED, **NEVER}, idle={"practices": UNSEEN}),
    "regimes": [
        Case("Leaning to the high norm makes accounts matter more.",
             moves={"effort": "+", "accounts": "+"}, keeps=("leaning", "accounts_assigned", "skill"), world={"lean_start": 1.0},
             practices={**ASSIGNED, **NEVER}, idle={"world": {"intrinsic_per_account": 0.0}}),
        Case("Leaning to the low norm makes them matter less.",
             moves={"effort": "-", "accounts": "-"}, keeps=("leaning", "accounts_assigned", "skill"), world={"lean_start": 0.0},
             practices={**ASSIGNED, **NEVER}),
    ],
    "status": Case(
        "Standing moves toward results, so that another effort becomes the norm.",
        moves={"norm": "+", "effort": "*"}, keeps=("accounts_assigned", "skill", "pressure"), needs=("norm", "people_differ"),
        world={"lean_revisit": 0.0}, practices={**DAILY, **ASSIGNED}, idle={"practices": NEVER}),
    "teaching": [
        Case("A good mentor helps.",
             moves={"E.skill": "+", "E.accounts": "+"}, keeps=("accounts_assigned", "leaning"), spares=(*OUTSIDE, "A"),
             world=skilled(A=0.9, E=0.2), practices={**PAIR, **ASSIGNED, **UNSEEN}, idle={"practices": UNPAIRED}),
        Case("A bad mentor harms.",
             moves={"E.skill": "-", "E.accounts": "-"}, keeps=("accounts_assigned", "leaning"), spares=(*OUTSIDE, "A"),
             world={**skilled(A=0.1, E=0.8), "teach_rate": 0.2}, practices={**PAIR, **ASSIGNED, **UNSEEN},
             idle={"practices": {"mentor_pairing": {**PAIR["mentor_pairing"], "minutes_per_day": 0.0}}}),
    ],
    "errands": [
        Case("A mentor's own deals are worked on the mentee's time; the mentee comes to wait for orders.",
             moves={"A.accounts": "+", "E.accounts": "-", "E.effort": "-"}, keeps=("accounts_assigned", "leaning", "skill"),
             spares=OUTSIDE, world=skilled(A=0.9, E=0.2), practices={**PAIR, **ASSIGNED, **UNSEEN}, idle={"practices": UNPAIRED}),
        Case("Without dependence it is a shift of contacts from one to the other, at the same effort.",
             moves={"A.prospect_contacts": "+", "E.prospect_contacts": "-"}, keeps=("effort", "contacts", "leaning", "skill"),
             spares=OUTSIDE, world={**skilled(A=0.9, E=0.2), "dependence_effect": 0.0}, practices={**PAIR, **UNSEEN}),
    ],
    "mentor_example": [
        Case("A diligent mentor's example pulls the mentee up.",
             moves={"E.norm": "+", "E.effort": "+", "E.prospect_contacts": "+"}, keeps=("accounts_assigned", "skill"),
             spares=(*OUTSIDE, "A"), needs=("norm",), world=skilled(A=0.95, E=0.05), practices={**PAIR, **ASSIGNED, **UNSEEN},
             idle={"practices": UNPAIRED}),
        Case("An idle mentor's example lowers what is expected.",
             moves={"E.norm": "-", "E.effort": "-"}, keeps=("accounts_assigned", "skill"), needs=("norm",),
             world=skilled(A=0.05, B=0.9, C=0.9, D=0.9, E=0.3, F=0.9, G=0.9),
             practices={**PAIR, **ASSIGNED, "reporting": {"every_days": None, "visible": [["B", "E"]]}}),
    ],
    "mentor_ceiling": Case(
        "In bundled pairs a mentee holds back so as not to pass the mentor.",
        moves={"E.effort": "-", "E.accounts": "-"}, keeps=("accounts_assigned", "skill", "leaning"), spares=OUTSIDE,
        world=skilled(A=0.05, E=0.95), practices={**BUNDLED, **ASSIGNED, **UNSEEN}, idle={"practices": PAIR}),
    "service_care": Case(
        "A service contact pleases; that is all it does while trust and churn are off.",
        moves={"satisfaction": "+"}, keeps=(*WORK, "skill", "leaning", "customers", "churned"), practices=ASSIGNED,
        idle={"world": {"service_duty": 0.0}}),
    "irritation": Case(
        "Too frequent contact costs satisfaction.",
        moves={"satisfaction": "-"}, keeps=(*WORK, "skill", "leaning", "customers", "churned"), needs=("service_care",),
        world={"customers_per_manager": 5.0}, practices={"leads": {"channels": ["street"]}}, idle={"world": {"service_duty": 0.0}}),
    "churn": Case(
        "Customers leave; prospecting goes on as before.",
        moves={"churned": "+", "customers": "-"},
        keeps=("accounts", "accounts_chains", "effort", "prospect_contacts", "pay", "skill", "leaning"), practices=ASSIGNED,
        idle={"world": {**IDLERS, "customers_per_manager": 0.0}, "pay": {}, "practices": {"leads": {"assigned_share": 0.0}}}),
    "bounded_rationality": Case(
        "Plans tremble and stick to yesterday's.",
        moves={"effort": "*", "prospect_contacts": "*"}, keeps=("accounts_assigned", "skill", "leaning"), practices=ASSIGNED,
        idle={"world": IDLERS, "pay": {}}),
    "people_differ": Case(
        "Talent and motives differ, and so do results.",
        moves={"accounts_gini": "+", "effort": "*"}, keeps=("accounts_assigned", "skill", "leaning"), practices=ASSIGNED,
        idle={"world": IDLERS, "pay": {}}),
}
TABLE = [(name, place, case) for name, cases in CASES.items()
         for place, case in enumerate(cases if isinstance(cases, list) else [cases])]


# --- worlds -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def quiet(changzhou) -> Callable[..., Scenario]:
    """The seven people of Changzhou for six weeks with everything switched off but what is named: quiet("norm", norm_below=3.0)."""
    base = changzhou.with_changes({
        **{f"mechanisms.{name}": False for name in MECHANISMS}, **{f"parameters.{name}": value for name, value in PINNED.items()},
        "calendar.days": 42, "calendar.holidays": []}, name="quiet")

    def build(*on: str, **world: Any) -> Scenario:
        values = {key if "." in key else f"parameters.{key}": value for key, value in world.items()}
        return base.with_changes({**{f"mechanisms.{name}": True for name in on}, **values}, name="quiet")
    return build


@pytest.fixture(scope="module")
def manage(plan) -> Callable[..., Policy]:
    """A base wage and 300 CNY an account, with these practices; pay={} leaves the wage alone."""
    def build(practices: dict[str, Any] | None = None, pay: dict[str, Any] | None = None) -> Policy:
        base = {"period": "month", "schedule": {"kind": "fixed", "amount": 5000.0}}
        return plan(practices=practices or {}, base=base, **({"commission": PIECE} if pay is None else pay))
    return build


@pytest.fixture(scope="module")
def pair_of_runs(quiet, manage) -> Callable[..., tuple[sim.Runs, sim.Runs]]:
    """The world of a case with its mechanism, and without it, on the same luck."""
    def run(name: str, case: Case, replications: int, **instead: Any) -> tuple[sim.Runs, sim.Runs]:
        needs, world = instead.get("needs", case.needs), {**case.world, **instead.get("world", {})}
        policy = manage({**case.practices, **instead.get("practices", {})}, instead.get("pay"))
        with_it, without = quiet(name, *needs, **world), quiet(*needs, **world)
        return sim.simulate(with_it, policy, replications), sim.simulate(without, policy, replications)
    return run


def gaps(runs: tuple[sim.Runs, sim.Runs], measure: str) -> np.ndarray:
    """Difference, with less without, replication by replication, of a measure or of one manager's (`E.skill`)."""
    name, _, measured = measure.rpartition(".")
    first, second = (r.totals("manager")[measured].xs(name, level="id") if name else r.totals()[measured] for r in runs)
    return (first - second).to_numpy()


def differing(runs: tuple[sim.Runs, sim.Runs], rows: Callable[[pd.DataFrame], pd.Series] | None = None) -> list[str]:
    """Which measures of whom differ, in any bit."""
    first, second = (run.frame for run in runs)
    other = first["value"].to_numpy().view(np.int64) != second["value"].to_numpy().view(np.int64)
    if rows is not None:
        other &= rows(first).to_numpy()
    return sorted({f"{i}.{m}" for i, m in zip(first["id"][other], first["measure"][other], strict=True)})


# --- the specification ------------------------------------------------------------------------------------------------


def test_every_mechanism_has_a_case() -> None:
    assert set(CASES) == set(MECHANISMS) - set(ELSEWHERE)
    assert all(cases[0].idle is not None if isinstance(cases, list) else cases.idle is not None for cases in CASES.values())


@pytest.mark.parametrize(("name", "case"), [pytest.param(n, c, id=f"{n}-{p}") for n, p, c in TABLE])
def test_a_mechanism_moves_what_it_should_and_nothing_else(pair_of_runs, name, case) -> None:
    runs = pair_of_runs(name, case, REPLICATIONS)
    for measure, sign in case.moves.items():
        gap = gaps(runs, measure)
        if sign == "*":
            assert (gap != 0.0).mean() > 0.9, f"{measure} hardly moves"
            continue
        lean = (gap if sign == "+" else -gap).mean() / max(gap.std(ddof=1) / np.sqrt(len(gap)), 1e-12)
        assert lean > SURE, f"{case.says} But {measure} moves by {gap.mean():.4g}, {lean:.2f} standard errors the right way"
    assert differing(runs, lambda frame: frame["measure"].isin(case.keeps)) == []
    assert differing(runs, lambda frame: frame["id"].isin(case.spares)) == []


@pytest.mark.parametrize(("name", "case"), [pytest.param(n, c, id=f"{n}-{p}") for n, p, c in TABLE if c.idle is not None])
def test_a_mechanism_with_nothing_to_act_on_moves_nothing(pair_of_runs, name, case) -> None:
    assert differing(pair_of_runs(name, case, 3, **case.idle)) == []


@pytest.mark.parametrize("name", MECHANISMS)
def test_switching_off_is_putting_in_the_neutral_values(changzhou, fact_policy, name) -> None:
    values = {f"parameters.{key}": value for key, value in MECHANISMS[name].neutral.items()}
    switched = changzhou.with_changes({f"mechanisms.{name}": False, "calendar.days": 15}, name="same")
    neutral = changzhou.with_changes({**values, "calendar.days": 15}, name="same")
    assert differing((sim.simulate(switched, fact_policy, 2), sim.simulate(neutral, fact_policy, 2))) == []


# --- limits -----------------------------------------------------------------------------------------------------------


def test_what_is_switched_off_stays_at_nought(quiet, manage) -> None:
    """Everything off: nobody learns, leaves, is pressed, believes, depends or runs errands."""
    scenario = quiet(lean_revisit=0.0)
    model = sim.BankModel(scenario, manage({**DAILY, **PAIR, **ASSIGNED, "norm": {"telling": "successes"}}), seed=2)
    before = [(m.skill.copy(), m.leaning) for m in model.teams[0].managers]
    model.run_model()
    for manager, (skill, leaning) in zip(model.teams[0].managers, before, strict=True):
        assert np.array_equal(manager.skill, skill) and manager.leaning == leaning
        assert (manager.talent, manager.motive, manager.belief, manager.status) == (1.0, 1.0, 1.0, 1.0)
        assert (manager.pressure, manager.errands, manager.dependence, manager.partners) == (0.0, 0.0, 0.0, 0.0)
        assert not manager.problems.any()
    assert model.teams[0].state.finals[:, 1].sum() == 0.0 and model.teams[0].accounts > 0.0


def test_never_meeting_leaves_everybody_to_themselves(changzhou, fact_policy) -> None:
    """All mechanisms at work, and no meetings: no pressure, no excuse spent, nobody leans anew, questions wait."""
    model = sim.BankModel(changzhou, fact_policy.with_changes({"practices.reporting.every_days": None}), seed=2)
    before = [(m.leaning, m.acceptance, m.status, m.belief) for m in model.teams[0].managers]
    model.run_model()
    assert [(m.leaning, m.acceptance, m.status, m.belief) for m in model.teams[0].managers] == before
    assert all(m.pressure == 0.0 and m.row["attended"] == 0 for m in model.teams[0].managers)
    assert sum(m.problems.sum() for m in model.teams[0].managers) > 0.0


def test_meetings_without_minutes_or_mechanisms_are_no_meetings(quiet, manage) -> None:
    """What a meeting does, it does through minutes, answers, pressure, beliefs, leanings and status."""
    daily, never = (sim.simulate(quiet(lean_revisit=0.0), manage(practices), 3) for practices in (DAILY, NEVER))
    assert differing((daily, never)) == []


def test_minutes_in_meetings_are_paid_for_in_effort(quiet, manage) -> None:
    """An hour a day costs more than an hour a week, an hour a week more than none; on other days nothing is lost."""
    efforts = {}
    for days in (None, 7, 1):
        model = sim.BankModel(quiet(), manage({"reporting": {"every_days": days, "minutes": 60.0}, "leads": {"channels": ["street"]}}))
        efforts[days] = []
        while model.running:
            model.step()
            efforts[days].append(model.teams[0].managers[0].effort)
    never, weekly, daily = (np.array(efforts[days]) for days in (None, 7, 1))
    meeting = (np.arange(42) + 1) % 7 == 0
    assert np.all(weekly[meeting] < never[meeting]) and np.all(daily < never)
    assert weekly[~meeting] == pytest.approx(never[~meeting]) and daily.mean() < weekly.mean() < never.mean()
    assert weekly[meeting] == pytest.approx(daily[meeting])


def test_minutes_beyond_capacity_leave_no_time_to_work(quiet, manage) -> None:
    totals = sim.simulate(quiet(), manage({"reporting": {"every_days": 1, "minutes": 7 * 60.0}}), 3).totals()
    assert not totals[["effort", "accounts", "prospect_contacts", "contacts"]].any(axis=None)


def test_weekly_and_daily_reports_press_by_their_number(quiet, manage) -> None:
    """With the same force a meeting, thirty reports a month press more than four."""
    scenario = quiet("pressure", "people_differ")
    weekly, daily = (sim.simulate(scenario, manage({"reporting": {"every_days": n, "minutes": 0.0}}), REPLICATIONS).totals()
                     for n in (7, 1))
    assert (daily["pressure"] > weekly["pressure"]).mean() > 0.9


def test_bundling_halves_the_worth_of_an_account_to_each_of_a_pair(quiet, manage) -> None:
    """T6 in the branch: a pair is paid on its mean, so an account is worth 150 of 300 CNY to a member, 300 to the others."""
    worths = {}
    for practices in (PAIR, BUNDLED):
        model = sim.BankModel(quiet(), manage(practices))
        model.step()
        worths[practices is BUNDLED] = {m.name: m.row["worth"] for m in model.teams[0].managers}
    risk_free = pytest.approx(300.0, rel=0.02)                       # but for a little risk aversion
    assert all(worth == risk_free for worth in worths[False].values())
    for name, worth in worths[True].items():
        assert worth == (pytest.approx(150.0, rel=0.02) if name in "AE" else worths[False][name])


@pytest.mark.parametrize("errands", [True, False])
def test_dependence_grows_with_errands_and_fades_without(quiet, manage, errands) -> None:
    """Only whoever runs errands comes to depend; once the pair is parted, initiative returns."""
    model = sim.BankModel(quiet(*["errands"] * errands, **skilled(A=0.9, E=0.2)), manage({**PAIR, **UNSEEN}))
    for _ in range(20):
        model.step()
    dependence = {m.name: m.dependence for m in model.teams[0].managers}
    assert all(value == 0.0 for name, value in dependence.items() if name != "E")
    assert (dependence["E"] > 0.1) == errands and (dependence["E"] == 0.0) != errands
    pupil = model.teams[0].managers[4]
    pupil.row["mentor"], model.teams[0].managers[0].row["mentee"] = -1, -1
    model.run_model()
    assert pupil.dependence == pytest.approx(dependence["E"] * 0.97**22)


def test_a_pair_s_and_a_team_s_line_are_shared_by_arithmetic(quiet, plan) -> None:
    for payee, members in (("pair", {"A": 2, "E": 2}), ("team", dict.fromkeys("ABCDEFG", 7))):
        model = sim.BankModel(quiet(risk_aversion=0.0), plan(practices=PAIR, commission={**PIECE, "payee": payee}))
        model.step()
        for manager in model.teams[0].managers:
            assert manager.row["worth"] == pytest.approx(300.0 / members.get(manager.name, 1))


def test_risk_aversion_shades_the_worth_of_an_uncertain_account(quiet, manage) -> None:
    """Linear pay on a Poisson count: (1 - exp(-r b)) / r an account, b at the limit of no aversion."""
    for risk in (0.0, 0.0001, 0.002):
        model = sim.BankModel(quiet(risk_aversion=risk), manage())
        model.step()
        expected = -np.expm1(-risk * 300.0) / risk if risk else 300.0
        assert model.teams[0].managers[0].row["worth"] == pytest.approx(expected)


def test_a_day_of_half_the_demand_halves_what_an_hour_is_worth(quiet, plan) -> None:
    """Linear effort, quadratic cost: so effort halves too, on channels and in service alike."""
    linear = {"effort_eta": 1.0, "effort_gamma": 2.0, "effort_cost": 50.0, "capacity_hours": 20.0, "risk_aversion": 0.0}
    holiday = [{"start": date(2015, 1, 2), "days": 1, "demand": 0.5, "name": {"en": "A quiet day", "zh": "淡日"}}]
    for motives in ({"service_duty": 0.0}, {"intrinsic_per_account": 0.0, "service_duty": 40.0}):
        model = sim.BankModel(quiet(**linear, **motives).with_changes({"calendar.holidays": holiday}), plan())
        efforts = []
        for _ in range(3):
            model.step()
            efforts.append(model.teams[0].managers[0].effort)
        assert efforts[0] == pytest.approx(efforts[2]) and efforts[0] > 1.0
        assert efforts[1] == pytest.approx(efforts[0] / 2)


def test_imposed_hours_tire(quiet, plan) -> None:
    """First day, one channel, linear output: c (E + I) = b theta, so an hour imposed is an hour less."""
    linear = {"effort_eta": 1.0, "effort_gamma": 2.0, "effort_cost": 20.0, "capacity_hours": 20.0, "service_duty": 0.0}
    efforts = []
    for minutes in (0.0, 60.0):
        model = sim.BankModel(quiet(**linear), plan(practices={"reporting": {"every_days": 1, "minutes": minutes}}))
        model.step()
        efforts.append(model.teams[0].managers[0].effort)
    assert efforts[0] - efforts[1] == pytest.approx(1.0) and cost_of_effort(0.0, 1.0, 20.0, 2.0) == 0.0


def test_a_list_of_who_sees_whom_is_taken_at_its_word(quiet, manage) -> None:
    """Only those who are seen have a norm, and it is the effort of those who see them."""
    scenario = quiet("norm", **skilled(B=0.9, C=0.1))
    model = sim.BankModel(scenario, manage({"reporting": {"every_days": None, "visible": [["B", "C"], ["D", "C"], ["C", "G"]]}}),
                          before_day=lambda m: yesterday.update({x.name: x.effort for x in m.teams[0].managers}))
    yesterday: dict[str, float] = {}
    for _ in range(2):
        model.step()
    norms = {m.name: m.norm for m in model.teams[0].managers}
    assert norms["C"] == pytest.approx((yesterday["B"] + yesterday["D"]) / 2) and norms["G"] == pytest.approx(yesterday["C"])
    assert all(norms[name] == -1.0 for name in "ABDEF")


def test_status_weighs_whose_effort_counts(quiet, manage) -> None:
    """Veterans (A to D) with weight 3, newcomers with 1: E's norm is 3/14 of each veteran's effort and 1/14 of F's and G's."""
    scenario = quiet("norm", **skilled(A=0.9, F=0.9))
    model = sim.BankModel(scenario, manage({"norm": {"status": {"veteran": 3.0, "newcomer": 1.0}}}),
                          before_day=lambda m: yesterday.update({x.name: x.effort for x in m.teams[0].managers}))
    yesterday: dict[str, float] = {}
    for _ in range(2):
        model.step()
    expected = (3 * sum(yesterday[name] for name in "ABCD") + yesterday["F"] + yesterday["G"]) / 14
    assert model.teams[0].managers[4].norm == pytest.approx(expected)


def test_telling_turns_the_norm(quiet, manage) -> None:
    """Once excuses no longer carry, what is told decides to which norm people lean."""
    scenario = quiet(lean_coupling=0.2, lean_field=1.0, lean_revisit=0.5)
    leaning = {told: sim.simulate(scenario, manage({**DAILY, "norm": {"telling": told}}), REPLICATIONS).totals()["leaning"].mean()
               for told in ("successes", "nothing", "excuses")}
    assert leaning["successes"] > 0.4 > abs(leaning["nothing"]) and leaning["excuses"] < -0.4


def test_leads_handed_out_come_in_proportion_to_their_share(quiet, manage) -> None:
    """Expected: leads a day x share x conversion x days; each share is a thinning that skill does not touch."""
    for share in (0.0, 0.25, 1.0):
        accounts = sim.simulate(quiet(), manage({"leads": {"assigned_share": share}}), REPLICATIONS).totals()["accounts_assigned"]
        expected = 2.0 * share * 0.4 * 42
        assert accounts.mean() == pytest.approx(expected, abs=1e-12 + 4 * np.sqrt(expected / REPLICATIONS))


def test_channels_left_out_of_the_list_are_not_worked(quiet, manage) -> None:
    totals = sim.simulate(quiet("partners"), manage({"leads": {"channels": ["network", "street"]}}), 5).totals()
    assert not totals[["accounts_intermediaries", "accounts_chains", "accounts_assigned"]].any(axis=None)
    assert totals[["accounts_network", "accounts_street"]].sum().all()


def test_the_order_of_channels_guides_hours(quiet, manage) -> None:
    """The same two channels, the other way round: hours shift toward the first."""
    first, second = (sim.simulate(quiet(order_pull=0.4), manage({"leads": {"channels": order}}), 10).totals()
                     for order in (["street", "network"], ["network", "street"]))
    assert first["accounts_street"].mean() > second["accounts_street"].mean()


FELT = {                 # every practice a policy can state, changed by itself in the quarter of 2015
    "meetings every third day": {"practices.reporting.every_days": 3},
    "shorter meetings": {"practices.reporting.minutes": 10.0},
    "meetings in the morning": {"practices.reporting.time": "morning"},
    "seen by one's cohort": {"practices.reporting.visible": "cohort"},
    "seen by one's mentor or mentee": {"practices.reporting.visible": "pairs"},
    "seen by nobody": {"practices.reporting.visible": "nobody"},
    "A sees C": {"practices.reporting.visible": [["A", "C"]]},
    "half as accountable": {"practices.reporting.accountability": 0.5},
    "other pairs": {"practices.mentor_pairing.pairs": [["A", "G"]]},
    "the best with the newest": {"practices.mentor_pairing": {"rule": "best_with_newest", "pairs": None}},
    "one pair by lot": {"practices.mentor_pairing": {"rule": "random", "count": 1, "pairs": None}},
    "appraised apart": {"practices.mentor_pairing.bundled": False},
    "mentored by choice": {"practices.mentor_pairing.participation": "voluntary"},
    "more time with the mentor": {"practices.mentor_pairing.minutes_per_day": 60.0},
    "fewer leads handed out": {"practices.leads.assigned_share": 0.31},
    "channels the other way round": {"practices.leads.channels": ["network", "street", "chains", "intermediaries"]},
    "the street alone": {"practices.leads.channels": ["street"]},
    "everybody weighs alike": {"practices.norm.status": {"veteran": 1.0, "newcomer": 1.0}},
    "successes told": {"practices.norm.telling": "successes"},
}


@pytest.mark.parametrize("change", FELT)
def test_every_practice_is_felt(changzhou, fact_policy, change) -> None:
    one, other = (sim.simulate(changzhou, policy, 6) for policy in (fact_policy, fact_policy.with_changes(FELT[change])))
    assert differing((one, other))
