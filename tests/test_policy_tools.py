"""Policies looked at before they are tried: doubtful rules are named with reasons, plans and differences told in words, what a plan
promises reckoned, payout drawn."""

from __future__ import annotations

import math
import re
import string
from collections.abc import Callable, Iterator
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st
from profiles import examples
from matplotlib.text import Text

import sim
from sim.app.levers import levers_of, moved, out_of_reach
from sim.app.policy_commands import check_command, diff_command, list_measures_command
from sim.cli import main
from sim.errors import InputError
from sim.experiments.reached import ends_of_whole_periods, lint, reached
from sim.policy import Policy
from sim.policy.facts import along, plan_facts
from sim.policy.lint import CHECKS, given, marks_of, warnings_of
from sim.policy.measures import pay_measures
from sim.policy.schedule import payout_curve
from sim.policy.schema import PolicyFile
from sim.reading import read_yaml
from sim.report import style
from sim.report.describe import described, element_text
from sim.report.diff import VALUES, diff, heading
from sim.report.payout import Group, curve, groups_of, payout_figure
from sim.report.style import png
from sim.report.words import LANGUAGES, MINUS, labels

FIXED = {"period": "month", "schedule": {"kind": "fixed", "amount": 6000}}


def paid(**more: object) -> dict[str, object]:
    """An element that pays 500 CNY an account by the month, but for some fields."""
    return {"measure": "accounts", "period": "month", "schedule": {"kind": "linear", "rate": 500}, **more}


def steps(*marks: tuple[float, float], **more: object) -> dict[str, object]:
    """A quarterly bonus: marks in accounts, and what each pays."""
    return paid(period="quarter", schedule={"kind": "step", "at": [{"units": units, "pays": pays} for units, pays in marks]}, **more)


def codes(policy: Policy, *results: object) -> list[str]:
    return [warning.code for warning in warnings_of(policy, *results)]


EXAMPLE = Path(__file__).parent.parent / "policies" / "templates" / "commented-example.yaml"
CASEBOOK = [name for name in sim.list_policies() if not name.startswith(("fixed", "performance", "changzhou"))]


@pytest.fixture(scope="module")
def every_kind() -> Policy:
    return sim.load_policy(EXAMPLE)


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Policy:
    """The example with all it keeps behind marks: every kind of element, overrides, terms and crediting."""
    path = tmp_path_factory.mktemp("policies") / "everything.yaml"
    path.write_text(EXAMPLE.read_text(encoding="utf-8").replace("#|", ""), encoding="utf-8")
    return sim.load_policy(path)


# --- warnings that the plan alone gives rise to ------------------------------------------------------------------------


def test_fixed_pay_alone_gives_no_warning(plan) -> None:
    assert codes(plan(base=FIXED)) == []


def test_pay_for_accounts_alone_lacks_quality_and_other_measures(plan) -> None:
    assert codes(plan(base=FIXED, commission=paid())) == ["no-quality-measure", "number-of-measures"]


def test_two_elements_on_one_measure_are_one_measure(plan) -> None:
    found = warnings_of(plan(base=FIXED, commission=paid(), bonus=steps((6, 1000))))
    assert "1 (accounts opened)" in next(w for w in found if w.code == "number-of-measures").sentence.en


@pytest.mark.parametrize(("target", "warned"), [(12, False), (13, True)])
def test_variable_pay_is_held_against_fixed_pay_at_target(plan, target: float, warned: bool) -> None:
    """12 accounts at 500 CNY are the fixed 6,000; one more is above."""
    policy = plan(base=FIXED, commission=paid(target={"value": target, "unit": "accounts"}))
    assert ("variable-above-fixed" in codes(policy)) is warned


def test_a_quarterly_bonus_counts_by_a_third_in_a_month(plan) -> None:
    target = {"target": {"value": 6, "unit": "accounts"}}
    assert "variable-above-fixed" not in codes(plan(base=FIXED, bonus=steps((6, 18_000), **target)))
    assert "variable-above-fixed" in codes(plan(base=FIXED, bonus=steps((6, 18_001), **target)))


def test_without_a_target_the_median_result_stands_in_and_without_that_nothing_is_said(plan) -> None:
    policy = plan(base=FIXED, commission=paid())
    assert "variable-above-fixed" not in codes(policy)
    assert "variable-above-fixed" not in codes(policy, {"commission": given(12)})
    assert "variable-above-fixed" in codes(policy, {"commission": given(12.5)})


def test_a_teams_payout_is_shared_before_it_is_held_against_one_persons_pay(plan) -> None:
    policy = plan(base=FIXED, team=paid(payee="team", target={"value": 50, "unit": "accounts"}))
    assert "variable-above-fixed" not in codes(policy)                                         # nobody knows among how many
    assert "variable-above-fixed" not in codes(policy, {"team": given(50, members=5)})         # 25,000 among five
    assert "variable-above-fixed" in codes(policy, {"team": given(50, members=4)})


QUALITY = {"reading": {"measure": "bad_loan_ratio"}, "at_most": 0.02}
WHOLE = {"target": {"value": 6, "unit": "accounts"}, "schedule": {"kind": "curve", "curve": {"points": [{"attainment": 1, "gives": 1}]}}}


def test_a_gate_or_factor_of_quality_is_enough_and_counts_as_a_measure(plan) -> None:
    factor = {"reading": {"measure": "satisfaction"}, "curve": {"points": [{"units": 80, "gives": 1}]}}
    held = {"share": 0.3, "release": [{"after_months": 12, "share": 1}], "malus": [QUALITY]}
    for part in ({"gates": [QUALITY]}, {"modifiers": [factor]}, {"payment": {"hold_back": held}}):
        found = warnings_of(plan(base=FIXED, commission=paid(**part)))
        assert "no-quality-measure" not in [w.code for w in found]
        assert "2 (accounts opened, " in next(w for w in found if w.code == "number-of-measures").sentence.en


def test_time_served_is_no_measure_to_steer_by(plan) -> None:
    assert codes(plan(base=FIXED, seniority={**paid(measure="service_years"), "cap": 500})) == []


def test_a_fixed_amount_that_a_factor_multiplies_is_variable_pay(plan) -> None:
    grade = {"period": "month", "schedule": {"kind": "fixed", "amount": 6001},
             "modifiers": [{"reading": {"measure": "appraisal_score"}, "curve": {"points": [{"units": 60, "gives": 0}, {"units": 80, "gives": 1}]}}]}
    assert "variable-above-fixed" in codes(plan(base=FIXED, grade=grade))


@pytest.mark.parametrize(("weight", "warned"), [(0.14, True), (0.15, False)])
def test_a_weight_below_15_per_cent_is_told_for_elements_and_indicators(plan, weight: float, warned: bool) -> None:
    reading = {"measure": "profit", "target": {"value": 1000, "unit": "CNY"}}
    card = {"period": "month", "target_incentive": 900, "schedule": {"kind": "scorecard", "combine": "curve_per_measure", "indicators": {
        "small": {"weight": weight, "reading": reading}, "large": {"weight": 1 - weight, "reading": reading}}}}
    assert ([w.place for w in warnings_of(plan(base=FIXED, card=card)) if w.code == "small-weight"] == ["pay.card.schedule.indicators.small"]) is warned
    weighed = plan(base=FIXED, a=paid(**WHOLE, target_incentive=1000, weight=weight), b=paid(**WHOLE, target_incentive=1000, weight=1 - weight))
    assert ([w.place for w in warnings_of(weighed) if w.code == "small-weight"] == ["pay.a"]) is warned


def test_a_part_of_the_target_incentives_is_a_weight_too(plan) -> None:
    found = warnings_of(plan(base=FIXED, a=paid(**WHOLE, target_incentive=100), b=paid(**WHOLE, target_incentive=900)))
    assert [w.sentence.en for w in found if w.code == "small-weight"] == ["“a” weighs 10 %."]


def test_lending_that_is_paid_for_needs_some_liability(plan) -> None:
    lending = paid(measure="loans_made", schedule={"kind": "linear", "rate": 0.001})
    assert "no-loan-liability" in codes(plan(base=FIXED, lending=lending))
    assert "no-loan-liability" in codes(plan(base=FIXED, lending=paid(measure="responsible_profit_before_loss", schedule={"kind": "linear", "rate": 0.01})))
    for answer in (lending | {"gates": [QUALITY]}, lending | {"payment": {"clawback": {"within_months": 12}}},
                   paid(measure="responsible_profit", schedule={"kind": "linear", "rate": 0.01})):
        assert "no-loan-liability" not in codes(plan(base=FIXED, lending=answer))
    assert "no-loan-liability" not in codes(plan(base=FIXED, deposits=paid(measure="deposits", schedule={"kind": "linear", "rate": 0.001})))


# --- warnings that need to know what people achieve --------------------------------------------------------------------


@pytest.mark.parametrize(("median", "warned"), [(5.9, False), (6, True), (8, True), (10, True), (10.1, False)])
def test_a_cliff_is_near_within_a_quarter_of_its_mark(plan, median: float, warned: bool) -> None:
    policy = plan(base=FIXED, bonus=steps((8, 4000)))
    assert ("cliff-near-median" in codes(policy, {"bonus": given(median)})) is warned


def test_a_small_mark_is_near_within_one_unit(plan) -> None:
    assert "cliff-near-median" in codes(plan(base=FIXED, bonus=steps((2, 4000))), {"bonus": given(1)})


def test_a_threshold_paid_from_the_first_is_a_cliff_and_one_paid_beyond_it_is_none(plan) -> None:
    for mode, warned in (("from_first", True), ("from_threshold", False)):
        schedule = {"kind": "linear", "rate": 500, "threshold": 4, "mode": mode}
        assert ("cliff-near-median" in codes(plan(base=FIXED, c=paid(schedule=schedule)), {"c": given(4)})) is warned


def test_a_retroactive_tier_is_a_cliff_and_a_marginal_one_is_none(plan) -> None:
    for mode, warned in (("retroactive", True), ("marginal", False)):
        schedule = {"kind": "tiers", "mode": mode, "tiers": [{"from": 0, "rate": 300}, {"from": 4, "rate": 600}]}
        assert ("cliff-near-median" in codes(plan(base=FIXED, c=paid(schedule=schedule)), {"c": given(4)})) is warned


def test_a_cap_that_hides_a_jump_leaves_no_cliff(plan) -> None:
    bonus = plan(base=FIXED, bonus=steps((3, 1000), (6, 4000), cap=1000)).pay["bonus"]
    assert marks_of(bonus) == [(3.0, 1000.0)]


def test_simulation_tells_which_bonus_nobody_and_which_everybody_reaches(plan, changzhou) -> None:
    schedule = {"kind": "step", "at": [{"units": 10, "pays": 100}, {"units": 100_000, "pays": 900}, {"units": 200_000, "pays": 950}]}
    policy = plan(base=FIXED, care=paid(measure="contacts", schedule=schedule))
    found = {w.code: w for w in lint(policy, changzhou, replications=5)}
    assert "Everybody reaches 10 " in found["bonus-for-everybody"].sentence.en
    assert "Nobody reaches 100,000 " in found["bonus-for-nobody"].sentence.en
    assert "5 replications" in found["bonus-for-nobody"].sentence.en and "模拟 5 次" in found["bonus-for-nobody"].sentence.zh


def test_one_result_given_by_hand_says_nothing_of_the_best(plan) -> None:
    assert "bonus-for-nobody" not in codes(plan(base=FIXED, bonus=steps((8, 4000))), {"bonus": given(1)})


def test_results_are_the_accounts_of_the_same_replications(changzhou, fact_policy) -> None:
    """Three whole months: what the schedules read adds up to what was opened (pairs are read at their mean)."""
    found = reached(fact_policy, changzhou, replications=6)["commission"]
    opened = sim.simulate(changzhou, fact_policy, replications=6).totals()["accounts"]
    assert found.units.size == 6 * 3 * 7 and found.members == 1
    assert found.units.reshape(6, -1).sum(axis=1) == pytest.approx(opened.to_numpy())


def test_a_teams_result_is_that_of_all_its_members(plan, changzhou) -> None:
    policy = plan(base=FIXED, team=paid(payee="team", period="quarter"))
    found = reached(policy, changzhou, replications=4)["team"]
    opened = sim.simulate(changzhou, policy, replications=4).totals()["accounts"]
    assert found.members == pytest.approx(7)
    assert found.units.reshape(4, 7) == pytest.approx(np.repeat(opened.to_numpy()[:, None], 7, axis=1))


def test_a_period_cut_short_is_not_tried_and_that_is_said(plan, short) -> None:
    policy = plan(base=FIXED, bonus=steps((6, 1000)))
    assert ends_of_whole_periods(short.timeline, "quarter") == []
    assert [w.code for w in lint(policy, short, replications=2)][-1] == "period-not-tried"


def test_what_the_simulation_does_not_know_is_left_out_and_that_is_said(plan, changzhou) -> None:
    """The rest of the plan is still tried."""
    curve = {"target": {"value": 6, "unit": "accounts"}, "target_incentive": 900,
             "schedule": {"kind": "curve", "curve": {"points": [{"attainment": 0, "gives": 0}, {"attainment": 2, "gives": 2}]}}}
    policy = plan(base=FIXED, care=paid(measure="contacts", schedule={"kind": "step", "at": [{"units": 1, "pays": 10}]}), quota=paid(**curve),
                  cards=paid(measure="cards"), half=paid(period="half_year"), gated=paid(gates=[QUALITY]))
    found = {w.code: w for w in lint(policy, changzhou, replications=2)}
    assert found["not-simulated"].sentence.en.endswith("leave it out: cards, gated.")
    assert found["not-simulated"].sentence.zh.endswith("不包括：cards、gated。")
    assert found["bonus-for-everybody"].place == "pay.care"
    assert "not-simulated" not in codes(policy)                                              # nothing was to be tried
    assert [w.code for w in lint(plan(base=FIXED, cards=paid(measure="cards")), changzhou)][-1] == "not-simulated"


@pytest.mark.parametrize("name", CASEBOOK)
def test_every_plan_of_the_library_can_be_looked_at(name: str, short, capsys) -> None:
    policy = sim.load_policy(name)
    for warning in lint(policy, short, replications=2):
        for lang in LANGUAGES:
            assert "{" not in getattr(warning.sentence, lang) and getattr(warning.reason, lang)
    for lang in LANGUAGES:
        assert check_command([name], lang=lang) == 0
        assert all("{" not in line for line in capsys.readouterr().out.splitlines())


def test_whole_periods_are_those_nearly_all_of_whose_days_are_lived(changzhou) -> None:
    assert ends_of_whole_periods(changzhou.timeline, "month") == [0, 1, 2]
    assert ends_of_whole_periods(changzhou.timeline, "quarter") == [2]
    cut = changzhou.with_changes({"calendar.days": 75}).timeline
    assert ends_of_whole_periods(cut, "month") == [0, 1] and ends_of_whole_periods(cut, "quarter") == []
    assert ends_of_whole_periods(sim.load_scenario("branch").timeline, "quarter") == [2]


def test_every_warning_can_be_switched_off_and_unknown_codes_are_refused(plan) -> None:
    policy = plan(base=FIXED, commission=paid())
    assert warnings_of(policy, disable={"no-quality-measure", "number-of-measures"}) == []
    with pytest.raises(InputError, match="Did you mean `no-quality-measure`"):
        lint(policy, disable={"no-qualty-measure"})


def test_every_check_has_words_and_a_reason_in_both_languages() -> None:
    texts = read_yaml(Path(sim.policy.lint.__file__).with_name("lint.yaml"))
    assert set(texts) == {*CHECKS, "words"}

    def gaps(text: dict[str, str]) -> list[set[str]]:
        return [{name for _, name, _, _ in string.Formatter().parse(text[lang]) if name} for lang in LANGUAGES]

    for code in CHECKS:
        assert set(texts[code]) == {"sentence", "reason"} and gaps(texts[code]["reason"]) == [set(), set()]
        assert gaps(texts[code]["sentence"])[0] == gaps(texts[code]["sentence"])[1], code


# --- a plan in words ---------------------------------------------------------------------------------------------------

QUOTA = {"period": "quarter", "target": {"value": 12, "unit": "accounts"}, "target_incentive": 3000}
SATISFIED = {"measure": "satisfaction", "target": {"value": 90, "unit": "points"}}
LINE = {"points": [{"attainment": 0.5, "gives": 0}, {"attainment": 1.5, "gives": 2}]}

SENTENCES: list[tuple[str, dict[str, object], str, str]] = [
    ("fixed", {"period": "month", "schedule": {"kind": "fixed", "amount": 6000}}, "x, by the month: 6,000 CNY", "x（按月）：6,000 元"),
    ("threshold", paid(schedule={"kind": "linear", "rate": 500, "threshold": 4}),
     "x, by the month: 500 CNY an account opened beyond 4 accounts", "x（按月）：每开一户 500 元（超过 4 户的部分）"),
    ("from the first", paid(schedule={"kind": "linear", "rate": 500, "threshold": 4, "mode": "from_first"}),
     "x, by the month: 500 CNY an account opened, on all of it from 4 accounts on", "x（按月）：每开一户 500 元（达到 4 户后从第一笔算起）"),
    ("shortfall", paid(measure="deposits", schedule={"kind": "linear", "rate": 0.003, "threshold": 700_000, "shortfall_rate": 0.003}),
     "x, by the month: 0.3 % of average deposits beyond 700,000 CNY; 0.3 % of what is short of 700,000 CNY taken off",
     "x（按月）：日均存款的 0.3%（超过 700,000 元的部分）；不足 700,000 元的部分扣 0.3%"),
    ("base rate", paid(**QUOTA, schedule={"kind": "linear"}),
     "x, by the quarter: the base commission rate (250 CNY) an account opened (target 12 accounts; target incentive 3,000 CNY a quarter)",
     "x（按季）：每开一户基准提成率（250 元）（目标 12 户；目标激励额每季 3,000 元）"),
    ("accelerators", paid(**QUOTA, schedule={"kind": "tiers", "mode": "marginal", "by": "attainment", "tiers": [{"from": 0.5, "rate": 100}, {"from": 1, "times": 1.5}]}),
     "x, by the quarter: 100 CNY an account opened from 50 % of the target on, 1.5 times the base commission rate from 100 % of the target on, "
     "each rate inside its own tier (target 12 accounts; target incentive 3,000 CNY a quarter)",
     "x（按季）：目标的 50%起每开一户 100 元、目标的 100%起 基准提成率的 1.5 倍（各档只计本档）（目标 12 户；目标激励额每季 3,000 元）"),
    ("lookup", paid(measure="income", schedule={"kind": "tiers", "mode": "retroactive", "lookup": {"measure": "points", "annualised": True},
                                                "tiers": [{"from": 0, "rate": 0.15}, {"from": 200_000, "rate": 0.2}]}),
     "x, by the month: 15 % of net income, 20 % from 200,000 points on, the rate chosen by points, annualised",
     "x（按月）：净收入的 15%、200,000 分起 20%（费率由积分（年化）决定）"),
    ("steps", paid(schedule={"kind": "step", "at": [{"units": 1, "pays": 100}, {"units": 3, "pays": 900}], "boundary": "lower"}),
     "x, by the month: a flat amount by accounts opened: 100 CNY from 1 account on, 900 CNY from 3 accounts on (a mark must be passed, not only reached)",
     "x（按月）：按开户数一次性给付：达 1 户得 100 元、达 3 户得 900 元（须超过而不只是达到分界）"),
    ("curve", paid(**QUOTA, weight=0.6, schedule={"kind": "curve", "curve": LINE}),
     "x, by the quarter: the target incentive times a curve of accounts opened: 0 % at 50 % of the target, 200 % at 150 % of the target, linear between "
     "(target 12 accounts; target incentive 3,000 CNY a quarter; weight 60 %)",
     "x（按季）：目标激励额乘以开户数曲线：目标的 50%时 0%、目标的 150%时 200%（其间为直线）（目标 12 户；目标激励额每季 3,000 元；权重 60%）"),
    ("matrix", paid(schedule={"kind": "matrix", "by": "units", "rows": [3], "other": {"measure": "satisfaction"}, "columns": [80, 90], "pays": [[100, 200]]}),
     "x, by the month: an amount by accounts opened and, the other, customer satisfaction: from 3 accounts on 100 CNY (the other from 80 points on), "
     "200 CNY (the other from 90 points on)",
     "x（按月）：按开户数（前者）与客户满意度（后者）查表：达 3 户：100 元（后者达 80 分）、200 元（后者达 90 分）"),
    ("prices", {"period": "month", "schedule": {"kind": "prices", "prices": {"cards": 20, "fund_sales": 0.002, "complaints": -50}}},
     f"x, by the month: a price list: 20 CNY a card issued, 0.2 % of fund sales, {MINUS}50 CNY a valid complaint",
     f"x（按月）：价目表：每发一张卡 20 元、基金销售额的 0.2%、每件有效投诉 {MINUS}50 元"),
    ("scorecard", {"period": "year", "target_incentive": 9000, "schedule": {
        "kind": "scorecard", "combine": "score_then_curve", "indicators": {"care": {"weight": 1, "reading": SATISFIED}},
        "curve": {"points": [{"units": 0.6, "gives": 0}, {"units": 1, "gives": 1}]}}},
     "x, by the year: the target incentive times a curve of the weighted score of 100 % care (customer satisfaction (target 90 points)); the curve gives "
     "0 % at 60 points of score, 100 % at 100 points of score, linear between (target incentive 9,000 CNY a year)",
     "x（按年）：目标激励额乘以加权得分的曲线：care 100%（客户满意度（目标 90 分））；曲线：得分 60 分时 0%、得分 100 分时 100%（其间为直线）（目标激励额每年 9,000 元）"),
    ("sum", {"period": "year", "schedule": {"kind": "sum", "of": [
        {"reading": {"measure": "income"}, "schedule": {"kind": "linear", "rate": 0.2}},
        {"reading": {"measure": "points", "over": "last_month"}, "schedule": {"kind": "step", "at": [{"units": 100, "pays": 5}]}}]}},
     "x, by the year: 20 % of net income plus a flat amount by points of the last month: 5 CNY from 100 points on",
     "x（按年）：净收入的 20%，加上按末月积分一次性给付：达 100 分得 5 元"),
]
EXTRAS: list[tuple[dict[str, object], str, str]] = [
    ({"target": {"unit": "accounts", "own_base": {"times": 1.1}}}, "target 1.1 times one's own result of the year before", "目标为本人上年同期结果的 1.1 倍"),
    ({"target": {"unit": "accounts", "own_base": {"of": "period_before"}}}, "target one's own result of the period before", "目标为本人上期结果"),
    ({"target": {"unit": "accounts", "value": 6, "rent": {"strength": 0.5, "among": "outlet"}}},
     "target 6 accounts for a mean portfolio of the outlet, moved by one's own with strength 0.5", "目标以本网点平均管户规模为 6 户，随本人规模浮动，力度 0.5"),
    ({"target": {"unit": "accounts"}}, "target as recorded", "目标以记录为准"),
    ({"credit": {"rule": "roll_up", "grades": ["A", "B"]}}, "results of those supervised count, of grade A and B alone", "计所辖人员业绩（仅限职级A和B）"),
    ({"credit_cap": 20}, "at most 20 accounts count", "最多计 20 户"),
    ({"target": {"value": 6, "unit": "accounts"}, "windfall": {"above": 0.5, "treatment": "capped"}},
     "target 6 accounts; a deal above 50 % of the target counts up to there", "目标 6 户；单笔超过目标 50% 的部分不计"),
    ({"ramp": [{"until_month": 3, "quota": 0.5, "accelerators": False}, {"until_month": 6, "quota": 0.75}]},
     "quota in ramp: 50 % to month 3 of service, results beyond it at no more than the quota's own rate, 75 % to month 6 of service",
     "新人爬坡期定额：入职第 3 个月前（含）50%，超额部分不享加速、入职第 6 个月前（含）75%"),
    ({"prorated": "days_in_post"}, "prorated by days in post", "按在岗天数折算"),
    ({"modifiers": [{"reading": {"measure": "appraisal_score"}, "curve": {"shape": "steps", "points": [{"units": 80, "gives": 1.2}]}}]},
     "times a factor by appraisal score: 120 % at 80 points, each from its mark on", "乘以考核得分系数：80 分时 120%（达到后适用）"),
    ({"gates": [{"reading": {"measure": "loans_recovered", "over": "year_to_date"}, "at_least": 1}]},
     "no reward unless loans recovered of the year so far ≥ 100 %", "除非本年累计到期贷款收回率 ≥ 100%，否则不发奖励"),
    ({"gates": [{"reading": SATISFIED, "attainment": 0.9, "otherwise": 0.5, "of": "everything"}]},
     "50 % of reward or penalty unless customer satisfaction (target 90 points) ≥ 90 % of the target",
     "除非客户满意度（目标 90 分） ≥ 目标的 90%，否则奖罚只按 50% 计"),
    ({"cap": 8000, "floor": -3000}, f"at most 8,000 CNY; at least {MINUS}3,000 CNY", f"上限 8,000 元；保底 {MINUS}3,000 元"),
    ({"budget": 200_000}, "at most 200,000 CNY for all payees together", "全体合计不超过 200,000 元"),
    ({"payee": "team", "split": {"rule": "base"}}, "shared by the team; split by each one's fixed pay", "团队平分；按各人固定薪酬分配"),
    ({"payment": {"advance": 0.4}}, "40 % of each month's pay in advance, settled at the end of the month", "每月先预发当月的 40%，月末清算"),
    ({"payment": {"hold_back": {"share": 0.3, "release": [{"after_months": 12, "share": 1}], "malus": [QUALITY]}}},
     "30 % held back (released 100 % after 12 months); at release no reward unless bad loan ratio ≤ 2 %",
     "延期支付 30%（12 个月后发放 100%）；发放时除非不良贷款率 ≤ 2%，否则不发奖励"),
    ({"payment": {"clawback": {"within_months": 6, "recovery": "pro_rata"}}},
     "taken back for the rest of the 6 months if reversed within them", "6 个月内冲销的按剩余期限追回"),
    ({"payment": {"clawback": {"within_months": 12, "recovery": "schedule", "steps": [{"until_month": 6, "share": 1}, {"until_month": 12, "share": 0.5}]}}},
     "taken back if reversed within 12 months: 100 % to month 6, 50 % to month 12", "12 个月内冲销的按期追回：第 6 个月前（含）100%、第 12 个月前（含）50%"),
    ({"payment": {"calculated": "month", "every": "half_year", "carry_over": ["x"]}},
     "worked out every month, paid every half year, a negative result is taken from later x", "每月核算、每半年发放、负数结转，从以后的x中扣回"),
]


@pytest.mark.parametrize(("element", "en", "zh"), [case[1:] for case in SENTENCES], ids=[case[0] for case in SENTENCES])
def test_every_kind_of_schedule_is_one_sentence(plan, element: dict[str, object], en: str, zh: str) -> None:
    found = plan(x=element).pay["x"]
    assert (element_text("x", found, "en"), element_text("x", found, "zh")) == (en, zh)


@pytest.mark.parametrize(("extra", "en", "zh"), EXTRAS, ids=[" ".join(extra) + str(place) for place, (extra, *_) in enumerate(EXTRAS)])
def test_what_an_element_says_beside_its_schedule_follows_in_parentheses(plan, extra: dict[str, object], en: str, zh: str) -> None:
    found = plan(x=paid(**extra)).pay["x"]
    assert element_text("x", found, "en") == f"x, by the month: 500 CNY an account opened ({en})"
    assert element_text("x", found, "zh") == f"x（按月）：每开一户 500 元（{zh}）"


def test_contests_and_what_is_taken_off_are_told_by_their_dates_and_labels(plan) -> None:
    from datetime import date

    first, last = date(2015, 1, 1), date(2015, 6, 30)
    policy = plan(base={**FIXED, "label": {"en": "Base pay", "zh": "基本工资"}}, x=paid(less=["base"], in_force={"first": first, "last": last}),
                  y=paid(in_force={"last": last}))
    told = described(policy, "en")["pay"]
    assert "(less what was earned over the same period by Base pay; from 2015-01-01 to 2015-06-30)" in told and "(until 2015-06-30)" in told
    assert "（减去同期已得的基本工资；自 2015-01-01 至 2015-06-30）" in described(policy, "zh")["pay"]


def test_overrides_tell_only_what_they_change(plan) -> None:
    policy = plan(base=FIXED, commission=paid(cap=9000), bonus=steps((6, 1000))).with_changes({"overrides": [
        {"grade": "senior", "first": "2015-03", "pay": {"base": {"schedule": {"amount": 7000}}, "commission": {"cap": 12_000}}},
        {"state": "training", "pay": {"bonus": None, "extra": FIXED}}]})
    told = described(policy, "en")["pay"]
    assert "for grade senior from 2015-03: base 7,000 CNY; commission at most 12,000 CNY; " in told
    assert told.endswith("for state training: without bonus; extra, by the month: 6,000 CNY")
    assert described(policy, "zh")["pay"].endswith("状态 training：取消bonus；extra（按月）：6,000 元")


def test_terms_and_crediting_are_told_where_they_are_not_the_usual(plan) -> None:
    policy = plan(base=FIXED, x=paid())
    assert "whole plan" not in described(policy, "en")["pay"]
    changed = policy.with_changes({"terms": {"rounding": "down", "ceiling": {"amount": 9, "period": "year"}, "draw": {"amount": 5, "of": ["x"], "until_month": 6},
                                             "guarantee": {"amount": 3, "of": ["x"]}},
                                   "crediting": {"event": "funded", "events": {"income": "received"}, "excluded_origins": ["moved_in"]}})
    assert described(changed, "en")["pay"].endswith(
        "for the whole plan: rounded down; in all at most 9 CNY a year; a recoverable draw of 5 CNY a month on x to month 6 of service; 3 CNY a month "
        "guaranteed on x; credit: when funded; net income when received; none for origin moved_in")
    assert described(changed, "zh")["pay"].endswith(
        "整个方案：舍去尾数；合计每年不超过 9 元；x每月可预支 5 元，以后扣回（至入职第 6 个月）；x每月保底 3 元；业绩确认：以资金到位为准；净收入以收入到账为准；来源为moved_in的不计")


def properties(schema: object, name: str = "") -> Iterator[tuple[str, str]]:
    """Every key a policy knows, with every word it can be set to ("" for other values)."""
    if isinstance(schema, dict):
        if name:
            yield name, ""
        yield from ((name, word) for word in (*schema.get("enum", ()), *([schema["const"]] if "const" in schema else ())) if isinstance(word, str))
        for key, part in schema.get("properties", {}).items():
            yield from properties(part, key)
        for key in ("anyOf", "oneOf", "prefixItems"):
            for part in schema.get(key, ()):
                yield from properties(part, name)
        for part in schema.get("$defs", {}).values():
            yield from properties(part)
        yield from properties(schema.get("items"), name)


def test_every_key_and_every_choice_of_a_policy_has_words_in_both_languages() -> None:
    header = {"schema_version", "title", "label", "source", "author", "extends", "assumed", "en", "zh"}
    for key, word in set(properties(PolicyFile.model_json_schema())):
        if key not in header and not word:
            assert f"policy.field.{key}" in labels() or key == "status", key
        if word and key not in header | {"status"}:
            assert VALUES.get(key, "policy.value.") + word in labels(), (key, word)


def test_every_unit_of_the_dictionary_has_words() -> None:
    texts = read_yaml(Path(sim.policy.lint.__file__).with_name("lint.yaml"))["words"]
    for measure in pay_measures().values():
        assert {f"policy.{group}.{measure.unit}" for group in ("amount", "unit", "per_unit")} <= set(labels()), measure.unit
        assert f"unit_{measure.unit}" in texts


# --- differences -------------------------------------------------------------------------------------------------------


def test_performance_pay_is_told_as_fixed_pay_with_less_base_and_a_commission() -> None:
    a, b = sim.load_policy("fixed-pay"), sim.load_policy("performance-pay")
    assert diff(a, b) == [f"Base pay: 6,000 → 5,400 CNY a month ({MINUS}10 %)", "Added: Commission, by the month: 700 CNY an account opened"]
    assert diff(a, b, "zh") == [f"基本工资：6,000 → 5,400 元/月（{MINUS}10%）", "新增：开户提成（按月）：每开一户 700 元"]
    assert diff(b, a)[-1] == "Removed: Commission, by the month: 700 CNY an account opened"
    assert "“Fixed pay” (fixed-pay)" in heading(a, b, "en")


def test_the_two_quarters_of_changzhou_differ_in_four_practices_and_not_in_pay() -> None:
    lines = diff(sim.load_policy("changzhou-2015"), sim.load_policy("changzhou-2016"))
    assert {line.split(",")[0].split(":")[0] for line in lines} == {"Reporting", "Mentor pairs", "Leads", "Norm", "In force from"}


def test_the_two_branches_of_changzhou_share_three_people() -> None:
    lines = diff(sim.load_scenario("changzhou-2015"), sim.load_scenario("changzhou-2016"))
    assert [line.split()[1] for line in lines if line.startswith("Removed")] == ["B", "D", "F", "G"]
    assert [line.split()[1] for line in lines if line.startswith("Added")] == ["H", "I", "J", "K"]


def test_same_content_is_called_the_same_whatever_its_title() -> None:
    a, b = sim.load_policy("fixed-pay"), sim.load_policy("fixed-solo-weekly")
    assert a.digest == b.digest and a.digest in diff(a, b)[0] and diff(a, b)[0].startswith("Same content")
    branch = sim.load_scenario("branch")
    assert len(diff(branch, branch, "zh")) == 1


CHANGES: list[tuple[dict[str, object], str]] = [
    ({"pay.base.schedule.amount": 4200}, "Base pay: 4,000 → 4,200 CNY a month (+5 %)"),
    ({"pay.base.period": "quarter"}, "Base pay, period: month → quarter"),
    ({"pay.commission.cap": None}, "Commission, at most: 8,000 CNY a month → none"),
    ({"pay.commission.schedule.tiers.#1.rate": 350}, "→ 350 CNY an account opened, 450 CNY from 3 accounts on"),
    ({"pay.commission.measure": "contacts"}, "measure: accounts opened → service contacts"),
    ({"pay.quota_bonus.target.value": 15}, "Quarterly quota bonus, target a period: 12 → 15 (+25 %)"),
    ({"pay.team_bonus.payee": "self"}, "Team bonus, paid to: the team → the manager alone"),
    ({"pay.team_bonus": None}, "Removed: Team bonus"),
    ({"practices.reporting.every_days": None}, "working days from one meeting to the next: 5 → none"),
    ({"practices.reporting.visible": "nobody"}, "results seen by: everyone → nobody"),
    ({"practices.leads.assigned_share": 0.5}, "share of leads assigned by the branch: 20 % → 50 %"),
    ({"practices.leads.channels": ["street"]}, "own network, street → street"),
    ({"practices.norm.status.veteran": 9}, "weight of veterans"),
    ({"practices.mentor_pairing": {"rule": "none"}}, "Mentor pairs: best with newest 2"),
]


@pytest.mark.parametrize(("change", "words"), CHANGES, ids=[next(iter(change)) for change, _ in CHANGES])
def test_one_change_is_one_line(every_kind, change: dict[str, object], words: str) -> None:
    line, = diff(every_kind, every_kind.with_changes(change))
    assert words in line, line


SCENARIO_CHANGES: list[tuple[dict[str, object], str]] = [
    ({"calendar.days": 80}, "Calendar, days worked: 90 → 80"),
    ({"calendar.weekends": False}, "weekends worked: yes → no"),
    ({"calendar.holidays": []}, "7 days at 30 % of demand → none"),
    ({"branches.changzhou.managers.A.customers": 500}, "A of changzhou, existing customers: none → 500"),
    ({"branches.changzhou.managers.G": None}, "Removed: G of changzhou (newcomer, 8 months in post)"),
    ({"parameters.order_pull": 0.2}, "order_pull (loss of attention"),
    ({"mechanisms.trust": False}, "Mechanism “Trust opens doors”: on → off"),
]


@pytest.mark.parametrize(("change", "words"), SCENARIO_CHANGES, ids=[next(iter(change)) for change, _ in SCENARIO_CHANGES])
def test_one_change_of_a_scenario_is_one_line(changzhou, change: dict[str, object], words: str) -> None:
    line, = diff(changzhou, changzhou.with_changes(change))
    assert words in line, line


@settings(max_examples=examples(60), deadline=None)
@for_all(st.lists(st.sampled_from([change for change, _ in CHANGES]), max_size=4))
def test_something_is_told_just_where_digests_differ(every_kind, chosen: list[dict[str, object]]) -> None:
    changed = every_kind.with_changes({key: value for change in chosen for key, value in change.items() if key != "pay.team_bonus"})
    for lang in LANGUAGES:
        lines = diff(every_kind, changed, lang)
        assert lines and (len(lines) == 1 and changed.digest in lines[0]) == (changed.digest == every_kind.digest)
        assert len(set(lines)) == len(lines)


def leaves(content: object, place: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], object]]:
    """Every single value of a policy, with its place as `with_changes` names it."""
    if isinstance(content, dict):
        for key, value in content.items():
            yield from leaves(value, (*place, key))
    elif isinstance(content, list):
        for number, value in enumerate(content, start=1):
            yield from leaves(value, (*place, f"#{number}"))
    else:
        yield place, content


OTHERWISE = {
    "higher": "lower", "lower": "higher", "period": "last_month", "rewards": "everything", "everything": "rewards", "line": "steps", "steps": "line",
    "month": "quarter", "quarter": "month", "half_year": "year", "year": "half_year", "marginal": "retroactive", "self": "team", "team": "self",
    "reviewed": "capped", "roll_up": "overlay", "outlet": "everybody", "half_up": "down", "days_in_post": "nothing", "opened": "funded",
    "received": "funded", "points": "appraisal_score", "senior": "junior", "training": "trial", "ordinary": "senior", "moved_in": "bought",
    "from_threshold": "from_first", "cards": "value_customers", "complaints": "new_customers",
    "2015-03": "2015-04", "2015-01-01": "2015-02-01", "2015-12-31": "2015-11-30",
}


def otherwise(value: object) -> Iterator[object]:
    """Other values to try in place of one."""
    from datetime import date

    if isinstance(value, bool):
        yield not value
    elif isinstance(value, (int, float)):
        yield from ([value + 1, value - 1] if isinstance(value, int) else [value * 0.9, value * 1.1] if value else [0.5])
    elif value in OTHERWISE:
        word = OTHERWISE[str(value)]
        yield word if len(word) != 10 or word[4] != "-" else date.fromisoformat(word)


def test_every_single_value_that_changes_is_one_line_that_shows_it_in_both_languages(everything) -> None:
    """Nothing that moves the digest goes untold, and no line says that something became what it was."""
    told = set()
    indicators = everything.pay["scorecard"].schedule.indicators
    own = {*everything.pay, *indicators, "senior", "junior", "training", "trial", "ordinary", "moved_in", "bought"}
    for place, value in leaves(everything.content()):
        for other in otherwise(value):
            try:
                changed = everything.with_changes({".".join(place): other})
            except InputError:                           # weights that no longer sum to 1, and the like
                continue
            assert changed.digest != everything.digest, place
            for lang in LANGUAGES:
                line, *more = diff(everything, changed, lang)
                if place[0] == "overrides" and len(place) == 3:                 # for others, at another time: another override
                    assert len(more) == 1 and "→" not in line
                    continue
                assert not more, (place, other, line, more)
                before, arrow, after = line.partition(" → ")
                assert arrow and not before.endswith((f": {after}", f"：{after}")), line
                if lang == "zh":
                    assert set(re.findall("[a-z_]+", line)) <= own, line
            told.add(place)
    assert len(told) > 150, len(told)


def test_taking_away_any_part_of_an_element_is_told(everything) -> None:
    for name, element in everything.content()["pay"].items():
        for key in element:
            try:
                changed = everything.with_changes({f"pay.{name}.{key}": None})
            except InputError:
                continue
            for lang in LANGUAGES:
                lines = diff(everything, changed, lang)
                assert lines and (changed.digest != everything.digest) is ("→" in lines[0]), (name, key, lines)


def test_overrides_are_compared_with_those_for_the_same_people(plan) -> None:
    base = plan(base=FIXED, x=paid())
    senior, training = ({"grade": "senior", "pay": {"base": {"schedule": {"amount": 7000}}}}, {"state": "training", "pay": {"x": None}})
    a = base.with_changes({"overrides": [senior, training]})
    raised = base.with_changes({"overrides": [{"grade": "senior", "pay": {"base": {"schedule": {"amount": 7500}}}}, training]})
    assert diff(a, raised) == ["Overrides, grade senior: base 7,000 CNY → base 7,500 CNY"]
    assert diff(a, base.with_changes({"overrides": [senior]})) == ["Removed: for state training: without x"]
    assert diff(base, a, "zh") == ["新增：职级 senior：base 7,000 元", "新增：状态 training：取消x"]
    assert diff(a, base.with_changes({"overrides": [training, senior]})) == ["Overrides, order: grade senior, state training → state training, grade senior"]


def test_where_little_changes_in_a_long_element_only_that_is_told(everything) -> None:
    heavier = {"pay.scorecard.schedule.indicators.finance.weight": 0.7, "pay.scorecard.schedule.indicators.customers.weight": 0.3}
    assert diff(everything, everything.with_changes(heavier)) == ["scorecard, indicators, finance, weight: 60 % → 70 %",
                                                                  "scorecard, indicators, customers, weight: 40 % → 30 %"]
    assert diff(everything, everything.with_changes({"pay.deposit_bonus.payment.hold_back.share": 0.4}), "zh") == ["deposit_bonus·发放·延期支付·比例：30% → 40%"]
    assert diff(everything, everything.with_changes({"pay.deposit_bonus.schedule.curve.points.#3.gives": 3.0})) == [
        "deposit_bonus, curve, points, no. 3, gives: 200 % → 300 %"]


def test_terms_and_crediting_differ_line_by_line(plan) -> None:
    a = plan(base=FIXED, x=paid())
    b = a.with_changes({"terms.rounding": "down", "terms.ceiling": {"amount": 9000}, "crediting.event": "funded", "crediting.excluded_origins": ["moved_in"]})
    assert diff(a, b) == ["Terms, rounding: half up → down", "Terms, ceiling: none → in all at most 9,000 CNY a month",
                          "Crediting, counted when: opened → funded", "Crediting, origins without credit: none → none for origin moved_in"]
    assert diff(a, b, "zh")[0] == "整体条款·舍入：四舍五入 → 舍去尾数"


def test_another_order_of_elements_is_told_because_it_moves_the_digest(plan) -> None:
    a, b = plan(base=FIXED, commission=paid()), plan(commission=paid(), base=FIXED)
    assert a.digest != b.digest and diff(a, b) == ["Elements of pay, order: base, commission → commission, base"]


def test_an_element_may_be_called_kind(plan) -> None:
    """Names of elements are the author's own: none is mistaken for a key of the schema."""
    a, b = plan(kind=FIXED, base=FIXED), plan(kind=paid(), base=FIXED)
    assert all("kind" in line for line in diff(a, b))


def test_no_line_shows_words_of_the_program(every_kind) -> None:
    """In Chinese, keys and choices of the file are all told in Chinese."""
    for change, _ in CHANGES:
        for line in diff(every_kind, every_kind.with_changes(change), "zh"):
            assert not any(letter in string.ascii_letters for letter in line), line


def test_a_policy_and_a_scenario_are_not_compared(changzhou, fact_policy) -> None:
    with pytest.raises(InputError, match="two policies or two scenarios"):
        diff(changzhou, fact_policy)


# --- what a plan promises ----------------------------------------------------------------------------------------------


def promised(policy: Policy, **more: float) -> dict[str, float]:
    """The facts of a whole plan, by name."""
    facts = plan_facts(policy, **more)
    return dict(facts.loc[facts["element"] == "", ["fact", "value"]].itertuples(index=False))


def test_on_target_earnings_are_base_and_target_incentive(plan) -> None:
    """6,000 a month and 3,000 a quarter: 7,000, six sevenths of it base; the curve pays double at 150 % and no more."""
    found = promised(plan(base=FIXED, quota=paid(**QUOTA, schedule={"kind": "curve", "curve": LINE})))
    assert found["base"] == 6000 and found["target_incentive"] == 1000 and found["on_target_earnings"] == 7000
    assert found["base_share"] == pytest.approx(6 / 7) and found["incentive_share"] == pytest.approx(1 / 7)
    assert found["excellence"] == 2000 and found["leverage_at_excellence"] == 2
    assert found["maximum_incentive"] == 2000 and found["leverage_at_maximum"] == pytest.approx(8000 / 6000)


def test_what_is_excellent_is_for_the_caller_to_say(plan) -> None:
    policy = plan(base=FIXED, quota=paid(**QUOTA, schedule={"kind": "curve", "curve": LINE}))
    assert promised(policy, excellence=1.25)["leverage_at_excellence"] == pytest.approx(1.5)


def test_leverage_is_infinite_where_nothing_bounds_pay(plan) -> None:
    target = {"target": {"value": 6, "unit": "accounts"}}
    assert promised(plan(base=FIXED, x=paid(**target)))["leverage_at_maximum"] == math.inf
    assert promised(plan(base=FIXED, x=paid(**target, cap=4500)))["leverage_at_maximum"] == pytest.approx(10_500 / 6000)
    assert promised(plan(base=FIXED, x=paid(**target, credit_cap=20)))["maximum_incentive"] == 10_000
    ceiling = plan(base=FIXED, x=paid(**target)).with_changes({"terms.ceiling": {"amount": 9000}})
    assert promised(ceiling)["maximum_incentive"] == 3000


def test_the_base_commission_rate_is_target_incentive_times_weight_over_target(plan) -> None:
    facts = plan_facts(plan(base=FIXED, x=paid(**QUOTA, weight=0.6, schedule={"kind": "linear"})))
    row = facts[facts["fact"] == "base_commission_rate"].iloc[0]
    assert (row["element"], row["value"], row["unit"]) == ("x", pytest.approx(150), "CNY per accounts")


def test_an_element_without_a_target_is_not_known_and_named(plan) -> None:
    facts = plan_facts(plan(base=FIXED, x=paid(), y=paid(target={"value": 2, "unit": "accounts"})))
    assert math.isnan(promised(plan(base=FIXED, x=paid()))["on_target_earnings"])
    assert facts.set_index(["fact", "element"])["value"]["target_incentive"].isna().to_dict() == {"": False, "x": True, "y": False}
    assert promised(plan(base=FIXED, x=paid(), y=paid(target={"value": 2, "unit": "accounts"})))["target_incentive"] == 1000


def test_a_teams_promise_needs_its_size(plan) -> None:
    policy = plan(base=FIXED, x=paid(payee="team", target={"value": 10, "unit": "accounts"}))
    assert math.isnan(promised(policy)["target_incentive"]) and promised(policy, team=5)["target_incentive"] == 1000


def test_fixed_pay_promises_itself() -> None:
    found = promised(sim.load_policy("fixed-pay"))
    assert found["on_target_earnings"] == found["base"] == 6000 and found["base_share"] == 1 and found["leverage_at_maximum"] == 1


PROMISES = {"en": ["base", "6,000", "pay mix", "paid at 150 % of target", "no limit", "base commission rate, x", "250 CNY an account opened",
                   "not counted: y"],
            "zh": ["固定薪酬", "薪酬结构", "完成目标 150% 时的激励", "不封顶", "每开一户 250 元", "未计入：y"]}


@pytest.mark.parametrize(("lang", "words"), PROMISES.items())
def test_check_prints_the_promises_as_a_short_table(work, capsys, lang: str, words: list[str]) -> None:
    work(mine=HEAD + "pay:\n  x: {measure: accounts, period: quarter, target: {value: 12, unit: accounts}, target_incentive: 3000, schedule: {kind: linear}}\n"
         "  y: {measure: cards, period: month, schedule: {kind: linear, rate: 5}}\n")
    assert check_command(["mine.yaml"], lang=lang) == 0
    out = capsys.readouterr().out
    assert [word for word in words if word not in out] == []


# --- payout curves -----------------------------------------------------------------------------------------------------


def test_the_curve_is_what_the_evaluator_pays_plus_fixed_pay(every_kind) -> None:
    for group in groups_of([every_kind]):
        elements = [e for e in every_kind.pay.values() if (e.measure, e.period, e.payee) == group[:3]]
        fixed = 4000 * {"month": 1, "quarter": 3}[group.period] if group.payee == "self" else 0
        knots = curve(every_kind, group)
        for x in np.arange(0.0, 40.0, 0.5):
            knot = [k for k in knots if k.x <= x + 1e-9][-1]
            assert knot.v + knot.r * (x - knot.x) == pytest.approx(fixed + sum(payout_curve(e, [x])[0] for e in elements))


def test_a_panel_for_each_measure_period_and_payee(every_kind, plan) -> None:
    assert groups_of([every_kind]) == [Group("accounts", "month", "self"), Group("accounts", "quarter", "self"), Group("accounts", "quarter", "team")]
    assert groups_of([plan(base=FIXED)]) == [Group("accounts", "month", "self")]
    assert len(sim.plot(every_kind).subfigs[0].axes) == 6


def test_jumps_are_drawn_hollow_below_and_filled_above(plan) -> None:
    upper, lower = sim.plot(plan(base=FIXED, bonus=steps((6, 1000)))).subfigs[0].axes
    dots = {line.get_markerfacecolor() == "white": (line.get_xdata()[0], line.get_ydata()[0]) for line in upper.lines if line.get_marker() == "o"}
    assert dots == {True: (6, 18_000), False: (6, 19_000)}
    assert {y for line in lower.lines for y in line.get_ydata()} == {0}


def test_plans_are_overlaid_where_they_have_elements(plan) -> None:
    both = [sim.load_policy("fixed-pay"), sim.load_policy("performance-pay")]
    figure = sim.plot(both)
    upper, _ = figure.subfigs[0].axes
    assert [line.get_ydata()[0] for line in upper.lines] == [6000, 5400]
    assert [text.get_text() for text in figure.subfigs[0].legends[0].get_texts()] == ["Fixed pay", "Performance pay"]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_words_of_a_payout_figure_are_cut_off_or_overlap(every_kind, plan, lang: str) -> None:
    contacts = plan(base=FIXED, care=paid(measure="contacts", schedule={"kind": "linear", "rate": 3, "threshold": 100}))
    for subject in (every_kind, [sim.load_policy("fixed-pay"), every_kind, contacts, sim.load_policy("performance-paired-daily")]):
        figure = sim.plot(subject, lang=lang)
        figure.canvas.draw()
        whole = figure.bbox.padded(1.0)
        for text in figure.findobj(Text):
            if text.get_visible() and text.get_text().strip() and not within_ticks(text, figure):
                box = text.get_window_extent()
                assert whole.x0 <= box.x0 and box.x1 <= whole.x1 and whole.y0 <= box.y0 and box.y1 <= whole.y1, text.get_text()
        tight = [axes.get_tightbbox() for axes in figure.subfigs[0].axes]
        assert not any(one.padded(-1.5).overlaps(other.padded(-1.5)) for one, other in combinations(tight, 2))


def within_ticks(text: Text, figure) -> bool:
    """Tick labels: those beyond the limits are never drawn."""
    return any(text in (tick.label1, tick.label2) for axes in figure.subfigs[0].axes for axis in (axes.xaxis, axes.yaxis) for tick in axis.get_major_ticks())


def drawn(policy: Policy, name: str) -> list[tuple[float, float]]:
    """What an element pays along what it is drawn against, at marks and between."""
    found = along(policy.pay[name])
    assert found is not None
    return [(float(piece.x), float(piece.v)) for piece in found.pieces]


def test_an_element_of_several_results_is_drawn_against_the_first_with_the_others_at_target(plan) -> None:
    matrix = {"kind": "matrix", "by": "attainment", "rows": [0.5, 1], "other": SATISFIED, "columns": [0.8, 1], "pays": [[1, 2], [3, 4]]}
    policy = plan(base=FIXED, x=paid(target={"value": 12, "unit": "accounts"}, schedule=matrix), y=paid(gates=[QUALITY]),
                  z=paid(modifiers=[{"reading": SATISFIED, "curve": LINE}]))
    assert drawn(policy, "x") == [(0, 0), (6, 2), (12, 4)]
    assert drawn(policy, "y") == drawn(policy, "z") == [(0, 0)] and float(along(policy.pay["y"]).pieces[0].r) == 500
    assert [r.measure for r in along(policy.pay["x"]).others] == ["satisfaction"]
    plain = {"kind": "matrix", "by": "units", "rows": [3], "other": {"measure": "satisfaction"}, "columns": [80, 90], "pays": [[100, 200]]}
    assert drawn(plan(base=FIXED, x=paid(schedule=plain)), "x") == [(0, 0), (3, 200)]           # no target: the highest column


def test_a_scorecard_is_drawn_against_its_first_indicator(plan) -> None:
    card = {"period": "year", "target_incentive": 1000, "schedule": {"kind": "scorecard", "combine": "curve_per_measure", "indicators": {
        "profit": {"weight": 0.6, "reading": {"measure": "profit", "target": {"value": 500, "unit": "CNY"}}},
        "complaints": {"weight": 0.4, "reading": {"measure": "complaints"}, "curve": {"points": [{"units": 0, "gives": 1}, {"units": 4, "gives": 0}]}}}}}
    found = along(plan(base=FIXED, x=card).pay["x"])
    assert (found.reading.measure, float(found.pieces[0].v), float(found.pieces[0].r)) == ("profit", 400, pytest.approx(1.2))


def test_a_looked_up_rate_is_drawn_against_the_lookup(plan) -> None:
    schedule = {"kind": "tiers", "mode": "retroactive", "lookup": {"measure": "points"}, "tiers": [{"from": 0, "rate": 0.15}, {"from": 200, "rate": 0.2}]}
    known = paid(measure="income", target={"value": 1000, "unit": "CNY"}, schedule=schedule)
    policy = plan(base=FIXED, x=known, y=paid(measure="income", schedule=schedule))
    assert drawn(policy, "x") == [(0, 150), (200, 200)]                                         # at the target of what is paid for
    assert drawn(policy, "y") == [(0, 1500), (200, 2000)] and along(policy.pay["y"]).per == 10_000
    assert {group.per for group in groups_of([policy])} == {"", "income"}


def test_a_target_on_record_alone_is_drawn_as_a_share_of_it(plan) -> None:
    own = paid(target={"unit": "accounts", "own_base": {}}, target_incentive=900, schedule={"kind": "curve", "curve": LINE})
    policy = plan(base=FIXED, x=own)
    group, = groups_of([policy])
    assert group.by == "attainment" and drawn(policy, "x") == [(0, 0), (0.5, 0), (1.5, 1800)]
    upper, lower = sim.plot(policy).subfigs[0].axes
    assert "share of the target" in lower.get_xlabel() and lower.get_ylabel() == "CNY a further 1 %"
    assert max(y for line in lower.lines for y in line.get_ydata()) == pytest.approx(18)


def test_pay_that_takes_away_is_drawn_below_zero(plan) -> None:
    policy = plan(base=FIXED, x=paid(measure="principal_lost", schedule={"kind": "linear", "rate": -1}))
    upper, lower = sim.plot(policy).subfigs[0].axes
    assert upper.get_ylim()[0] < 0 and lower.get_ylim()[0] < -1 < 0 <= lower.get_ylim()[1]


def test_people_are_dots_in_the_panel_of_their_element(plan) -> None:
    policy = plan(base=FIXED, x=paid(), y=paid(measure="contacts"))
    people = pd.DataFrame({"units": [3.0, 40.0], "pay": [7500.0, 26_000.0], "element": ["x", "y"]})
    figure = payout_figure(policy, "en", people)
    first, second = figure.subfigs[0].axes[0], figure.subfigs[0].axes[2]
    dots = [[tuple(line.get_xydata()[0]) for line in axes.lines if line.get_linestyle() == "None"] for axes in (first, second)]
    assert dots == [[(3, 7500)], [(40, 26_000)]] and second.get_xlim()[1] > 40
    assert figure.subfigs[0].legends[0].get_texts()[-1].get_text() == "people"
    assert len(payout_figure(policy, "en", people[["units", "pay"]]).subfigs[0].axes[0].lines) == 2
    with pytest.raises(InputError, match="people: pay: found no such column"):
        payout_figure(policy, "en", people[["units"]])


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", [*CASEBOOK, "everything"])
def test_every_plan_of_the_library_can_be_drawn_within_the_page(everything, name: str, lang: str) -> None:
    figure = sim.plot(everything if name == "everything" else sim.load_policy(name), lang=lang)
    figure.canvas.draw()
    whole = figure.bbox.padded(1.0)
    for text in figure.findobj(Text):
        if text.get_visible() and text.get_text().strip() and not within_ticks(text, figure):
            box = text.get_window_extent()
            assert whole.x0 <= box.x0 and box.x1 <= whole.x1 and whole.y0 <= box.y0 and box.y1 <= whole.y1, text.get_text()
    for axes in figure.subfigs[0].axes:
        boxes = [label.get_window_extent() for label, tick in zip(axes.get_xticklabels(), axes.get_xticks()) if label.get_visible() and label.get_text()
                 and axes.get_xlim()[0] <= tick <= axes.get_xlim()[1]]
        assert not any(one.padded(-1.0).overlaps(other.padded(-1.0)) for one, other in combinations(boxes, 2)), axes.get_xlabel()


@pytest.mark.skipif(style.chinese_font() is None, reason="no font with Chinese glyphs")
def test_chinese_payout_figures_have_every_glyph_and_the_same_bytes_twice(every_kind, recwarn) -> None:
    assert png(sim.plot(every_kind, lang="zh"), dpi=40) == png(sim.plot(every_kind, lang="zh"), dpi=40)
    assert not [warning for warning in recwarn if "Glyph" in str(warning.message)]


@pytest.mark.parametrize("subject", [[], ["fixed-pay"], "fixed-pay", None])
def test_what_is_neither_result_nor_policy_is_not_drawn(subject: object) -> None:
    with pytest.raises(InputError, match="a result, a policy or a list of policies"):
        sim.plot(subject)


# --- the commands ------------------------------------------------------------------------------------------------------

HEAD = "title: {en: Mine, zh: 我的}\nstatus: proposed\nextends: fixed-pay\n"
BONUS = HEAD + "pay: {bonus: {measure: accounts, period: quarter, schedule: {kind: step, at: [{units: 500, pays: 9000}]}}}\n"
MANY = HEAD + "pay: {base: {schedule: {amount: -1}}, bonus: {measure: acounts, period: week, schedule: {kind: linear, rate: x}}}\npractices: {reportng: {}}\n"


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """A working folder to put files into: work(mine=text)."""
    monkeypatch.chdir(tmp_path)

    def put(**files: str) -> Path:
        for name, text in files.items():
            (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
        return tmp_path
    return put


def test_every_mistake_of_every_file_is_told_and_good_files_are_still_checked(work, capsys) -> None:
    work(many=MANY, branch2="title: {en: B, zh: 支}\nstatus: assumed\nextends: branch\ncalendar: {days: 0}\n", good=BONUS, torn="title: {")
    assert main(["check", "many.yaml", "branch2.yaml", "good.yaml", "torn.yaml", "none.yaml", "fixed-pya"]) == 2
    out, told = capsys.readouterr()
    for place in ("many.yaml: practices.reportng", "many.yaml: pay.base.schedule.amount", "many.yaml: pay.bonus.measure", "many.yaml: pay.bonus.period",
                  "many.yaml: pay.bonus.schedule.rate", "branch2.yaml: calendar.days", "torn.yaml", "none.yaml", "Did you mean `fixed-pay`?"):
        assert place in told, place
    assert len(told.splitlines()) == 9 and "good.yaml" in out and "[no-quality-measure]" in out


def test_warnings_leave_the_exit_code_alone(work, capsys) -> None:
    work(mine=BONUS)
    assert main(["check", "mine.yaml", "--lang", "zh"]) == 0
    out, told = capsys.readouterr()
    assert told == "" and "原因：" in out and "[number-of-measures]" in out
    assert main(["check", "mine.yaml", "--without", "number-of-measures", "--without", "no-quality-measure"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "mine.yaml: no warnings."


def test_with_a_scenario_bonuses_are_tried_and_misfits_told(work, capsys) -> None:
    work(mine=BONUS)
    assert main(["check", "mine.yaml", "--scenario", "changzhou-2015"]) == 0
    assert "[bonus-for-nobody]" in capsys.readouterr().out
    assert main(["check", "fixed-paired-weekly", "--scenario", "branch"]) == 2
    assert "practices.mentor_pairing.pairs" in capsys.readouterr().err


def test_a_name_in_both_libraries_is_checked_as_both(capsys) -> None:
    assert check_command(["changzhou-2015"]) == 0
    assert "policies and scenarios: 2" in capsys.readouterr().out


def test_a_file_that_only_extends_is_known_by_what_it_extends(work, capsys) -> None:
    plain = "title: {{en: A, zh: 甲}}\nstatus: assumed\nextends: {}\n"
    work(a=plain.format("branch"), b=plain.format("fixed-pay"), c=plain.format("a.yaml"))
    assert check_command(["a.yaml", "b.yaml", "c.yaml"]) == 0
    assert "policies and scenarios: 3" in capsys.readouterr().out
    assert diff_command("a.yaml", "c.yaml") == 0 and diff_command("b.yaml", "fixed-pay") == 0
    with pytest.raises(InputError, match="two policies or two scenarios"):
        diff_command("a.yaml", "b.yaml")


def test_files_that_extend_each_other_end_in_a_sentence(work, capsys) -> None:
    work(a="title: {en: A, zh: 甲}\nextends: b.yaml\n", b="title: {en: B, zh: 乙}\nextends: a.yaml\n")
    assert check_command(["a.yaml"]) == 2
    assert "which extends this file in turn" in capsys.readouterr().err


def test_an_unknown_code_is_refused_before_anything_is_said(capsys) -> None:
    assert main(["check", "fixed-pay", "--without", "quality"]) == 2
    out, told = capsys.readouterr()
    assert out == "" and "`quality`" in told


def test_the_whole_library_is_without_mistakes(capsys) -> None:
    assert check_command([*sim.list_policies(), *sim.list_scenarios()]) == 0


def test_the_difference_is_printed_in_the_readers_language(capsys) -> None:
    assert main(["diff", "fixed-pay", "performance-pay", "--lang", "zh"]) == 0
    assert "基本工资：6,000 → 5,400" in capsys.readouterr().out
    assert main(["diff", "changzhou-2015", "branch"]) == 0
    assert "Calendar, first day" in capsys.readouterr().out
    assert main(["diff", "fixed-pay", "nowhere"]) == 2


@pytest.mark.parametrize(("lang", "words"), [("en", "Bad loan ratio"), ("zh", "不良贷款率")])
def test_measures_are_listed_as_simulated_and_as_pay_can_be_computed_on(capsys, lang: str, words: str) -> None:
    assert list_measures_command(lang) == 0
    simulated, payable = capsys.readouterr().out.split("\n\n")
    assert len(simulated.splitlines()) == len(sim.list_measures()) and len(payable.splitlines()) == 1 + len(pay_measures())
    line, = (line for line in payable.splitlines() if line.startswith("bad_loan_ratio"))
    assert line.split()[1] == "share" and line.endswith(words)


def test_the_explorers_levers_leave_a_commission_they_cannot_move(plan) -> None:
    other = plan(base=FIXED, commission=paid(measure="income", schedule={"kind": "linear", "rate": 0.1}))
    assert out_of_reach(other) == ["commission"] and moved(other, levers_of(other)).digest == other.digest
    assert out_of_reach(plan(base=FIXED, commission=paid())) == []
