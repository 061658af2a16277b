"""Policies looked at before they are tried: doubtful rules are named with reasons, plans and differences told in words, what a plan
promises reckoned, payout drawn."""

from __future__ import annotations

import string
from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st
from matplotlib.text import Text

import sim
from sim.app.policy_commands import check_command, diff_command
from sim.cli import main
from sim.errors import InputError
from sim.experiments.reached import ends_of_whole_periods, lint, reached
from sim.policy import Policy
from sim.policy.lint import CHECKS, given, marks_of, warnings_of
from sim.policy.schedule import payout_curve
from sim.reading import read_yaml
from sim.report import style
from sim.report.diff import diff, heading
from sim.report.payout import Group, curve, groups_of
from sim.report.style import png
from sim.report.words import LANGUAGES, MINUS
from sim.world import Scenario

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


def test_a_gate_or_factor_of_quality_is_enough_and_counts_as_a_measure(plan) -> None:
    factor = {"reading": {"measure": "satisfaction"}, "curve": {"points": [{"units": 80, "gives": 1}]}}
    for part in ({"gates": [QUALITY]}, {"modifiers": [factor]}, {"payment": {"hold_back": {"share": 0.3, "release": [{"after_months": 12, "share": 1}],
                                                                                          "malus": [QUALITY]}}}):
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
    curve = {"target": {"value": 6, "unit": "accounts"}, "schedule": {"kind": "curve", "curve": {"points": [{"attainment": 1, "gives": 1}]}}}
    weighed = plan(base=FIXED, a=paid(**curve, target_incentive=1000, weight=weight), b=paid(**curve, target_incentive=1000, weight=1 - weight))
    assert ([w.place for w in warnings_of(weighed) if w.code == "small-weight"] == ["pay.a"]) is warned


def test_a_part_of_the_target_incentives_is_a_weight_too(plan) -> None:
    curve = {"target": {"value": 6, "unit": "accounts"}, "schedule": {"kind": "curve", "curve": {"points": [{"attainment": 1, "gives": 1}]}}}
    found = warnings_of(plan(base=FIXED, a=paid(**curve, target_incentive=100), b=paid(**curve, target_incentive=900)))
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


def test_what_the_simulation_does_not_know_is_left_out_and_that_is_said(plan, short) -> None:
    """The rest of the plan is still tried."""
    curve = {"target": {"value": 6, "unit": "accounts"}, "target_incentive": 900,
             "schedule": {"kind": "curve", "curve": {"points": [{"attainment": 0, "gives": 0}, {"attainment": 2, "gives": 2}]}}}
    policy = plan(base=FIXED, care=paid(measure="contacts", schedule={"kind": "step", "at": [{"units": 1, "pays": 10}]}), quota=paid(**curve),
                  cards=paid(measure="cards"), half=paid(period="half_year"), gated=paid(gates=[QUALITY]), later=paid(payment={"delay_months": 1}))
    found = {w.code: w for w in lint(policy, short, replications=2)}
    assert found["not-simulated"].sentence.en.endswith("leave it out: cards, half, gated, later.") or "cards, half, gated, later" in found["not-simulated"].sentence.en
    assert found["bonus-for-everybody"].place == "pay.care"
    assert "not-simulated" not in codes(policy)                                              # nothing was to be tried
    assert [w.code for w in lint(plan(base=FIXED, cards=paid(measure="cards")), short)][-1] == "not-simulated"


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


@settings(max_examples=60, deadline=None)
@for_all(st.lists(st.sampled_from([change for change, _ in CHANGES]), max_size=4))
def test_something_is_told_just_where_digests_differ(every_kind, chosen: list[dict[str, object]]) -> None:
    changed = every_kind.with_changes({key: value for change in chosen for key, value in change.items() if key != "pay.team_bonus"})
    for lang in LANGUAGES:
        lines = diff(every_kind, changed, lang)
        assert lines and (len(lines) == 1 and changed.digest in lines[0]) == (changed.digest == every_kind.digest)
        assert len(set(lines)) == len(lines)


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
