"""Every mechanism has a switch: off, its own outcome changes and the rest is statistically left alone.

`TABLE` has an entry for each switch of data/parameters/mechanisms.yaml: a setting in which it acts beside all that is in force
there, what it moves to which side, and what it must leave alone. Differences are paired on common luck, with the mechanism less
without it. Chapters' own tests look closer, one mechanism at a time in worlds where nothing else happens.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import sim
from sim.policy import Policy, make_policy
from sim.world import Scenario, load_mechanisms

WORDS = {"title": {"en": "Test plan", "zh": "测试方案"}, "source": "a test", "effective": date(2026, 1, 1), "author": "tests", "status": "assumed"}
BASE = {"period": "month", "schedule": {"kind": "fixed", "amount": 5000.0}}


def per_unit(measure: str, rate: float) -> dict[str, Any]:
    return {"measure": measure, "period": "month", "schedule": {"kind": "linear", "rate": rate}}


def paying(practices: dict[str, Any] | None = None, people: dict[str, Any] | None = None, portfolios: dict[str, Any] | None = None,
           **pay: dict[str, Any]) -> Policy:
    more = {"practices": practices, "people": people, "portfolios": portfolios}
    return make_policy({**WORDS, "pay": {"base": BASE, **pay}, **{name: value for name, value in more.items() if value}}, "test-plan")


def people_of(base: str, books: dict[str, int], **changes: Any) -> Scenario:
    """Some of a scenario's managers, with books of their own."""
    scenario = sim.load_scenario(base)
    branch = next(iter(scenario.branches))
    gone = {f"branches.{branch}.managers.{name}": None for name in scenario.managers if name not in books}
    held = {f"branches.{branch}.managers.{name}.customers": count for name, count in books.items()}
    return scenario.with_changes({**gone, **held, **changes}, name=base)


# --- settings ---------------------------------------------------------------------------------------------------------

COMMISSION = {"commission": per_unit("accounts", 400.0)}
QUOTA = {"quota": {"measure": "accounts", "period": "month", "schedule": {"kind": "step", "at": [{"units": 4, "pays": 2500.0}]}}}
PRICES = {"cards": per_unit("cards", 60.0), "policies": per_unit("insurance_policies", 150.0), "funds": per_unit("fund_sales", 0.002),
          "wealth": per_unit("wealth_sales", 0.0005)}
LIABLE = {"volume": per_unit("loans_made", 0.004), "liability": per_unit("principal_lost", -0.3)}
KEEP = {"grades": [{"name": "manager", "keep": {"marks": [{"measure": "accounts", "at_least": 10.0}]}}], "below_lowest": "dismissal"}
SHELF = {"R01": 150, "R02": 120, "R04": 100, "R06": 60, "R08": 40}
RESTLESS = {"mechanisms.quits": True, "calendar.days": 194, "parameters.quit_hazard": 0.1, "parameters.vacancy_shortest": 1.0,
            "parameters.vacancy_longest": 1.0}
FOUR = {"M01": 20, "M04": 20, "M08": 20, "M12": 20}


@dataclass(frozen=True)
class Setting:
    """A world and a policy, as shipped or nearly so."""

    scenario: Scenario
    policy: Policy
    replications: int = 40


SETTINGS = {
    "2015": lambda: Setting(sim.load_scenario("changzhou-2015"), sim.load_policy("changzhou-2015"), 60),
    "2016": lambda: Setting(sim.load_scenario("changzhou-2016"), sim.load_policy("changzhou-2016"), 60),
    "small books": lambda: Setting(sim.load_scenario("changzhou-2015").with_changes({"parameters.customers_per_manager": 60.0}), sim.load_policy("changzhou-2015")),
    "plain shelf": lambda: Setting(people_of("retail-branch-full", SHELF, **{"calendar.days": 63}), paying(**COMMISSION), 30),
    "plain loans": lambda: Setting(people_of("rural-branch", {"R02": 80, "R05": 80, "R07": 80}, **{"calendar.days": 300, "parameters.loan_rate": 1.5}), paying(), 30),
    "contented": lambda: Setting(sim.load_scenario("changzhou-2016").with_changes({"parameters.satisfaction_start": 0.95, "parameters.satisfaction_rest": 0.95}),
                                 sim.load_policy("changzhou-2016"), 100),
    "selfish mentors": lambda: Setting(sim.load_scenario("changzhou-2015").with_changes({"parameters.mentor_regard": 0.0}), sim.load_policy("changzhou-2015")),
    "goals": lambda: Setting(sim.load_scenario("retail-branch"), paying({"goals": {"level": 6.0, "ratchet": 0.6, "say": 0.0}})),
    "contest": lambda: Setting(sim.load_scenario("retail-branch"), paying({"contest": {"league_table": True}, "discretion": {"amount": 1500.0}}), 80),
    "bonus": lambda: Setting(sim.load_scenario("retail-branch"), paying(
        {"framing": {"frame": "loss", "units": 20.0}, "reporting": {"every_days": 2}, "controls": {"audit": 0.05, "cancels": False},
         "pricing": {"authority": 0.15}}, **COMMISSION, **QUOTA), 40),
    "shelf": lambda: Setting(people_of("retail-branch-full", SHELF, **{"calendar.days": 63}), paying(**PRICES), 30),
    "funds": lambda: Setting(people_of("retail-branch-full", SHELF, **{"calendar.days": 63, "parameters.return_sd": 0.15, "parameters.offer_pace": 4.0}),
                             paying(**PRICES), 120),
    "dealt out": lambda: Setting(people_of("retail-branch-full", SHELF, **{"calendar.days": 63}), paying(portfolios={"allocation": "random"}, **PRICES), 30),
    "loans": lambda: Setting(people_of("rural-branch", {"R02": 80, "R05": 80, "R07": 80}, **{"calendar.days": 300, "parameters.loan_rate": 1.5}),
                             paying({"reporting": {"every_days": 5}}, **LIABLE), 30),
    "loan quota": lambda: Setting(people_of("rural-branch", {"R02": 80, "R05": 80, "R07": 80}, **{"calendar.days": 300, "parameters.loan_rate": 1.5}),
                                  paying(quota={"measure": "loans_made", "period": "month", "schedule": {"kind": "step", "at": [{"units": 38_000.0, "pays": 8000.0}]}}), 30),
    "coming and going": lambda: Setting(people_of("branch", FOUR, **RESTLESS), paying(people={"handover": {"to": "team_by_load"}, "hiring": {"applicants": 1}},
                                                                                    **COMMISSION)),
    "rotation": lambda: Setting(people_of("branch", FOUR, **RESTLESS, **{"parameters.fresh_effect": 0.5}), paying(people={"rotation": {"every_months": 2}}, **COMMISSION)),
    "grades": lambda: Setting(people_of("branch", FOUR, **{"calendar.days": 126, "parameters.intrinsic_per_account": 200.0}), paying(people=KEEP)),
}


@lru_cache(maxsize=None)
def totals_in(setting: str, without: str = "") -> pd.DataFrame:
    """Totals of a setting, with one mechanism switched off if it is named."""
    found = SETTINGS[setting]()
    if without:
        assert found.scenario.switches[without], f"{without} is off in {setting}"
    scenario = found.scenario.with_changes({f"mechanisms.{without}": False}) if without else found.scenario
    return sim.simulate(scenario, found.policy, found.replications, seed=7).totals()


# --- the table --------------------------------------------------------------------------------------------------------

NOTHING_TOLD = ("accounts_assigned", "leaning", "pressure")          # nobody meets more, leans otherwise, or is handed more leads
HANDS = ("accounts_assigned", "leaning")
BRANCH_WORK = ("accounts", "effort", "prospect_contacts", "pay", "skill", "leaning", "pressure")
SHOP = ("accounts_assigned", "leaning", "walk_ins", "walk_ins_won", "deals_opened")

# switch: (setting, {what it moves: "+", "-", or "*" for either way, replication by replication}, what it leaves alone)
TABLE: dict[str, tuple[str, dict[str, str], tuple[str, ...]]] = {
    "learning": ("2015", {"skill": "+", "effort": "+", "accounts": "+"}, (*NOTHING_TOLD, "churned")),
    "forgetting": ("2015", {"skill": "-", "effort": "-"}, (*NOTHING_TOLD, "churned")),
    "saturation": ("2015", {"prospect_contacts": "-", "accounts": "-"}, NOTHING_TOLD),
    "partners": ("2016", {"accounts_intermediaries": "+", "accounts": "+"}, ("accounts_assigned", "pressure")),
    "neglect": ("2015", {"prospect_contacts": "-", "accounts_chains": "-", "accounts": "-"}, ("accounts_assigned",)),
    "problems": ("2015", {"effort": "-"}, (*NOTHING_TOLD, "churned", "accounts_intermediaries")),
    "trust": ("contented", {"accounts_chains": "+"}, ("accounts_assigned", "accounts_intermediaries", "accounts_street")),
    "answers": ("2016", {"skill": "+", "accounts": "+"}, NOTHING_TOLD),
    "pressure": ("2015", {"pressure": "+", "effort": "+"}, (*HANDS, "accounts_chains", "churned")),
    "excuses": ("2016", {"pressure": "-", "effort": "-"}, ("accounts_assigned", "accounts_intermediaries")),
    "habituation": ("2015", {"pressure": "-", "effort": "-"}, (*HANDS, "accounts_chains", "churned")),
    "beliefs": ("2015", {"effort": "*"}, (*NOTHING_TOLD, "churned")),
    "norm": ("2015", {"norm": "+", "effort": "+"}, (*NOTHING_TOLD, "accounts_street")),
    "regimes": ("2015", {"effort": "-", "accounts": "-"}, ("accounts_assigned", "accounts_intermediaries", "churned")),
    "status": ("2016", {"norm": "*", "pressure": "*"}, ("accounts_assigned", "accounts", "skill")),
    "teaching": ("2015", {"skill": "+", "effort": "+"}, (*HANDS, "accounts_intermediaries", "churned")),
    "errands": ("selfish mentors", {"skill": "-", "effort": "-", "prospect_contacts": "-"}, ("accounts_assigned", "accounts_intermediaries")),
    "mentor_example": ("2015", {"norm": "-", "effort": "-"}, (*NOTHING_TOLD, "churned", "accounts")),
    "mentor_ceiling": ("2015", {"effort": "-"}, (*NOTHING_TOLD, "churned", "accounts_chains")),
    "service_care": ("small books", {"satisfaction": "+", "churned": "-"}, BRANCH_WORK),
    "irritation": ("small books", {"satisfaction": "-"}, BRANCH_WORK),
    "churn": ("small books", {"churned": "+", "customers": "-"}, BRANCH_WORK),
    "bounded_rationality": ("2015", {"effort": "*"}, (*NOTHING_TOLD, "churned")),
    "people_differ": ("2016", {"accounts_gini": "+", "pay_gini": "+", "effort": "*"}, (*HANDS, "churned")),
    "goals": ("goals", {"effort": "+", "prospect_contacts": "+"}, (*NOTHING_TOLD, "pay")),
    "ratchet_foresight": ("goals", {"effort": "-"}, (*NOTHING_TOLD, "pay")),
    "fairness": ("goals", {"effort": "-"}, (*NOTHING_TOLD, "pay")),
    "league_table": ("contest", {"effort": "+"}, (*NOTHING_TOLD, "discretionary_pay")),
    "judgement": ("contest", {"fairness_gap": "-", "pay_gini": "+"}, (*NOTHING_TOLD, "discretionary_pay")),
    "fatigue": ("bonus", {"fatigue": "+", "effort": "-"}, NOTHING_TOLD),
    "loss_framing": ("bonus", {"effort": "+", "accounts": "+"}, NOTHING_TOLD),
    "reference_pay": ("bonus", {"pay_disappointment": "+", "effort": "-"}, (*HANDS, "churned")),
    "crowding_out": ("bonus", {"effort": "-", "accounts": "-"}, HANDS),
    "present_bias": ("bonus", {"effort": "-", "accounts": "-"}, NOTHING_TOLD),
    "noisy_reports": ("bonus", {"effort": "*"}, (*NOTHING_TOLD, "churned", "accounts")),
    "moved_deals": ("bonus", {"held_back_deals": "+"}, (*HANDS, "pay")),
    "discounting": ("bonus", {"discounts": "+", "accounts": "+"}, HANDS),
    "false_reports": ("bonus", {"misreported": "+", "caught": "+", "pay": "+"}, (*NOTHING_TOLD, "accounts")),
    "dormant": ("bonus", {"dormant_accounts": "+", "accounts": "+"}, HANDS),
    "credit": ("plain loans", {"loans_made": "+", "vetting": "+", "responsible_profit": "+"}, (*NOTHING_TOLD, "pay", "accounts", "customers")),
    "vetting": ("loans", {"vetting": "+", "default_rate": "-", "loans_defaulted": "-"}, (*HANDS, "accounts", "deposits")),
    "opening_book": ("loans", {"interest_collected": "+", "collection": "+", "loans_defaulted": "+"}, ("accounts_assigned", "accounts_chains")),
    "hurry": ("loan quota", {"loans_made": "+", "pay": "+"}, (*NOTHING_TOLD, "accounts", "deposits", "churned")),
    "larger_loans": ("loans", {"loan_size": "+", "loans_made": "+"}, (*NOTHING_TOLD, "accounts", "churned", "applications")),
    "conscience": ("loans", {"vetting": "+"}, (*HANDS, "accounts")),
    "collection": ("loans", {"collection": "+", "bad_loan_ratio": "-"}, (*HANDS, "accounts", "applications")),
    "full_customers": ("plain shelf", {"products_per_customer": "+", "walk_ins": "+", "aum": "+"}, ("leaning", "pressure", "accounts_intermediaries")),
    "offers": ("shelf", {"offers": "+", "sales": "+"}, SHOP),
    "pushing": ("shelf", {"unsuitable_sales": "+", "satisfaction": "-"}, SHOP),
    "regret": ("shelf", {"satisfaction": "-", "churned_unsuitable": "+"}, (*SHOP, "deals_won")),
    "return_chasing": ("funds", {"fund_timing": "+"}, (*SHOP, "accounts", "pay")),
    "fund_advice": ("funds", {"fund_timing": "-"}, (*SHOP, "accounts", "pay")),
    "market": ("funds", {"aum": "*", "fund_timing": "*"}, (*SHOP, "accounts", "pay")),
    "class_attention": ("shelf", {"income": "+", "satisfaction": "-"}, SHOP),
    "rivals": ("shelf", {"churned_rival": "+", "churned": "+"}, (*SHOP, "deals_won")),
    "hand_overs": ("dealt out", {"satisfaction": "-", "churned_handover": "+"}, (*SHOP, "deals_won")),
    "referrals": ("shelf", {"referrals": "+", "accounts_chains": "+"}, (*SHOP, "deals_won")),
    "preferred_channels": ("shelf", {"satisfaction": "-"}, (*SHOP, "deals_won")),
    "large_deals": ("shelf", {"deals_won": "+", "accounts_network": "+"}, ("accounts_assigned", "leaning", "walk_ins", "walk_ins_won")),
    "deal_rivals": ("shelf", {"deals_lost": "+", "deals_won": "-"}, SHOP),
    "visitors": ("shelf", {"walk_ins_won": "+", "accounts_assigned": "+"}, ("leaning", "deals_opened", "deals_won")),
    "skipped_steps": ("shelf", {"walk_ins_won": "-"}, ("leaning", "walk_ins", "deals_opened", "deals_won")),
    "quits": ("coming and going", {"quits": "+", "hires": "+", "vacancy_days": "+"}, ("accounts_assigned", "pressure", "dismissals", "promotions")),
    "morale": ("coming and going", {"morale": "*", "effort": "*"}, ("accounts_assigned", "pressure", "dismissals", "promotions")),
    "rotation_refreshes": ("rotation", {"effort": "+"}, ("accounts_assigned", "pressure", "dismissals", "churned")),
    "relationship_capital": ("coming and going", {"satisfaction": "-", "churned": "+"}, ("accounts", "pay", "quits", "hires", "morale", "pressure")),
    "sorting": ("coming and going", {"vacancy_days": "+", "hires": "-"}, ("accounts_assigned", "pressure", "dismissals", "promotions")),
    "career_concerns": ("grades", {"effort": "+", "dismissals": "-"}, ("accounts_assigned", "pressure", "quits", "promotions")),
}
SURE, FAMILY = 0.99, 0.01          # confidence of an outcome's interval; chance that any of all the spared ones is found moved by luck
SPARED = sum(len(spared) for _, _, spared in TABLE.values())


def test_every_switch_has_an_entry_and_every_setting_is_used() -> None:
    assert set(TABLE) == set(load_mechanisms())
    assert {setting for setting, _, _ in TABLE.values()} == set(SETTINGS)
    assert all(moves and spared and not set(moves) & set(spared) for _, moves, spared in TABLE.values())


def gap(setting: str, switch: str, measure: str) -> np.ndarray:
    """Paired differences, with the mechanism less without it; a measure that is not reported without it counts as nothing."""
    with_it, without = totals_in(setting), totals_in(setting, switch)
    found = (with_it[measure] - (without[measure] if measure in without else 0.0)).to_numpy()
    return found[~np.isnan(found)]


@pytest.mark.parametrize("switch", TABLE)
def test_a_switch_moves_its_own_outcomes_and_leaves_the_rest_alone(switch) -> None:
    setting, moves, spared = TABLE[switch]
    for measure, sign in moves.items():
        found = gap(setting, switch, measure)
        if sign == "*":
            assert np.mean(found != 0.0) > 0.9, f"{measure} hardly moves"
            continue
        half = stats.t.ppf(0.5 + SURE / 2.0, len(found) - 1) * found.std(ddof=1) / np.sqrt(len(found))
        assert (found.mean() if sign == "+" else -found.mean()) > half, f"{measure} moves by {found.mean():.4g}, give or take {half:.2g}"
    for measure in spared:
        found = gap(setting, switch, measure)
        if found.any():
            wide = stats.t.isf(FAMILY / SPARED / 2.0, len(found) - 1) * found.std(ddof=1) / np.sqrt(len(found))
            assert abs(found.mean()) <= wide, f"{measure} should be left alone and moves by {found.mean():.4g}, give or take {wide:.2g}"


def test_off_is_off_whatever_else_is_on() -> None:
    """A mechanism's switch is its neutral values and nothing else: with both, the same bits as with either."""
    for setting, switch in (("bonus", "moved_deals"), ("shelf", "pushing"), ("loans", "collection"), ("rotation", "rotation_refreshes")):
        found = SETTINGS[setting]()
        values = {f"parameters.{name}": value for name, value in load_mechanisms()[switch].neutral.items()}
        frames = [sim.simulate(found.scenario.with_changes(changes, name=setting), found.policy, 3).frame["value"].to_numpy()
                  for changes in ({f"mechanisms.{switch}": False}, values)]
        assert np.array_equal(*frames, equal_nan=True), switch
