"""What a policy file may say, what it may not, and how a variation of a policy is made."""

from __future__ import annotations

import copy
import math
import pickle
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from sim.errors import InputError
from sim.policy import Policy, TierSchedule, list_policies, load_policy, make_policy
from sim.reading import resource_folder

HEADER = """\
title: {en: Mine, zh: 我的方案}
source: a test
effective: 2015-01-01
author: a test
status: proposed
"""
BASE = HEADER + "pay:\n  base: {period: month, schedule: {kind: fixed, amount: 6000}}\n"
DEMO = [f"{pay}-{pairing}-{rhythm}" for pay in ("fixed", "performance") for pairing in ("solo", "paired") for rhythm in ("weekly", "daily")]


def element(text: str) -> str:
    return HEADER + f"pay:\n  bonus: {{measure: accounts, period: month, {text}}}\n"


def tiers(*bounds: str, mode: str = "marginal") -> str:
    return element(f"schedule: {{kind: tiers, mode: {mode}, tiers: [{', '.join(bounds)}]}}")


def practices(text: str) -> str:
    return BASE + f"practices: {{{text}}}\n"


@pytest.fixture
def load(tmp_path, monkeypatch):
    """Loads a policy from text, as the file mine.yaml in the working directory."""
    monkeypatch.chdir(tmp_path)

    def load_text(text: str) -> Policy:
        Path("mine.yaml").write_text(text, encoding="utf-8")
        return load_policy("mine.yaml")

    return load_text


# --- the library ------------------------------------------------------------------------------------------------------


def test_the_library_holds_the_case_the_two_pay_plans_and_the_eight_schemes_of_the_demo():
    assert set(list_policies()) >= {"changzhou-2015", "changzhou-2016", "fixed-pay", "performance-pay", *DEMO}


@pytest.mark.parametrize("name", list_policies())
def test_every_policy_of_the_library_loads_under_its_name_with_a_title_in_two_languages(name):
    policy = load_policy(name)
    assert policy.name == name
    assert policy.files[0] == f"policies/{name}.yaml"
    assert policy.title.en.isascii() and not policy.title.zh.isascii()
    assert policy.label is not None and not policy.label.zh.isascii()


@pytest.mark.parametrize("name", list_policies())
def test_every_value_in_the_library_says_where_it_comes_from_or_why_it_was_assumed(name):
    policy = load_policy(name)
    stated = [part for part in (*(part for _, part in policy.practices), policy.terms, policy.crediting) if part != type(part)()]
    assert all(part.source or part.assumed for part in (*policy.pay.values(), *policy.overrides, *stated))


@pytest.mark.parametrize("path", sorted(resource_folder("policies").rglob("*.yaml")), ids=lambda path: path.stem)
def test_every_file_has_a_whole_header_and_sources_every_group_of_values_it_changes(path):
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert {"title", "label", "source", "effective", "author", "status"} <= set(data)
    changed = [*data.get("pay", {}).values(), *data.get("practices", {}).values()]
    assert all("source" in part or "assumed" in part for part in changed if part is not None)


def test_titles_tell_the_policies_apart_in_both_languages():
    policies = [load_policy(name) for name in list_policies()]
    for words in ("title", "label"):
        for language in ("en", "zh"):
            assert len({getattr(getattr(policy, words), language) for policy in policies}) == len(policies)


def test_the_2015_quarter_has_bundled_pairs_assigned_leads_a_veteran_norm_and_weekly_meetings():
    practices = load_policy("changzhou-2015").practices
    assert practices.mentor_pairing.pairs == (("B", "E"), ("D", "F")) and practices.mentor_pairing.bundled
    assert practices.leads.assigned_share == 0.45
    assert practices.norm.status["veteran"] > practices.norm.status["newcomer"] and practices.norm.telling == "excuses"
    assert (practices.reporting.every_days, practices.reporting.minutes, practices.reporting.time) == (7, 60, "evening")


def test_the_2016_quarter_has_no_pairs_ranked_channels_a_newcomer_norm_and_daily_meetings():
    practices = load_policy("changzhou-2016").practices
    assert practices.mentor_pairing.rule == "none" and not practices.mentor_pairing.bundled
    assert practices.leads.assigned_share == 0
    assert practices.leads.channels == ("intermediaries", "chains", "street", "network")
    assert practices.norm.status["veteran"] < practices.norm.status["newcomer"] and practices.norm.telling == "successes"
    assert (practices.reporting.every_days, practices.reporting.minutes, practices.reporting.time) == (1, 30, "evening")


def test_both_quarters_of_the_case_have_the_same_pay_and_it_is_marked_as_assumed():
    before, after = load_policy("changzhou-2015"), load_policy("changzhou-2016")
    assert before.pay == after.pay
    assert all(element.assumed and not element.source for element in after.pay.values())


def test_no_source_of_2015_is_quoted_for_what_2016_changed():
    for _, part in load_policy("changzhou-2016").practices:
        said = (part.source or "") if part else ""
        assert "2015" not in said and "Thursday" not in said


def test_performance_pay_costs_what_fixed_pay_costs_at_the_pace_of_2015():
    fixed, performance = load_policy("fixed-pay").pay, load_policy("performance-pay").pay
    at_break_even = performance["base"].schedule.amount + 18 / 21 * performance["commission"].schedule.rate
    assert at_break_even == fixed["base"].schedule.amount


@pytest.mark.parametrize("name", ["fixed-pay", "performance-pay"])
def test_the_two_pay_plans_name_nobody_so_they_fit_any_branch(name):
    assert load_policy(name).practices.mentor_pairing.rule == "none"
    assert set(load_policy(name).practices.norm.status) <= {"veteran", "newcomer"}


@pytest.mark.parametrize("name", DEMO)
def test_a_scheme_of_the_demo_is_what_its_name_says_and_otherwise_the_2015_quarter(name):
    pay, pairing, rhythm = name.split("-")
    policy, quarter = load_policy(name), load_policy("changzhou-2015").practices
    assert policy.pay == load_policy(f"{pay}-pay").pay
    if pairing == "paired":
        assert policy.practices.mentor_pairing.model_dump(exclude={"source", "assumed"}) == quarter.mentor_pairing.model_dump(exclude={"source", "assumed"})
    else:
        assert policy.practices.mentor_pairing.rule == "none"
    assert (policy.practices.reporting.every_days, policy.practices.reporting.minutes) == {"weekly": (7, 60), "daily": (1, 30)}[rhythm]
    assert (policy.practices.leads, policy.practices.norm) == (quarter.leads, quarter.norm)


def test_the_commented_example_loads_and_shows_every_kind_of_schedule_and_every_practice():
    policy = load_policy(resource_folder("policies") / "templates" / "commented-example.yaml")
    assert {element.schedule.kind for element in policy.pay.values()} == {"fixed", "linear", "tiers", "step"}
    assert all(part.assumed for _, part in policy.practices)
    assert "commented-example" not in list_policies()


def test_what_the_example_keeps_behind_marks_loads_too_and_shows_the_other_kinds_of_schedule(load):
    """Elements that only payroll knows stand behind `#|`, ready to be used."""
    text = (resource_folder("policies") / "templates" / "commented-example.yaml").read_text(encoding="utf-8")
    policy = load(text.replace("#|", ""))
    assert {element.schedule.kind for element in policy.pay.values()} == {"fixed", "linear", "tiers", "step", "curve", "matrix", "prices", "scorecard", "sum"}
    assert policy.overrides and policy.terms.draw and policy.crediting.excluded_origins


def test_the_example_mentions_every_key_a_policy_knows():
    text = (resource_folder("policies") / "templates" / "commented-example.yaml").read_text(encoding="utf-8")
    keys = set()

    def collect(schema):
        if isinstance(schema, dict):
            keys.update(schema.get("properties", {}))
            for part in schema.values():
                collect(part)
        elif isinstance(schema, list):
            for part in schema:
                collect(part)

    collect(Policy.model_json_schema())
    assert [key for key in sorted(keys - {"name", "files", "schema_version", "by"}) if key not in text] == []


# --- what a file may say ----------------------------------------------------------------------------------------------


def test_a_path_of_ones_own_gives_a_policy_named_after_the_file(load):
    policy = load(BASE)
    assert (policy.name, policy.files, policy.effective) == ("mine", ("mine.yaml",), date(2015, 1, 1))


def test_practices_left_out_are_absent(load):
    practices = load(BASE).practices
    assert practices.reporting.every_days is None
    assert practices.mentor_pairing.rule == "none"
    assert practices.leads.assigned_share == 0 and len(practices.leads.channels) == 4
    assert practices.norm.status == {} and practices.norm.telling == "nothing"


def test_an_end_left_out_between_tiers_is_where_the_next_begins(load):
    schedule = load(tiers("{from: 2, rate: 100}", "{from: 5, rate: 200}")).pay["bonus"].schedule
    assert [(tier.start, tier.end, tier.rate) for tier in schedule.tiers] == [(2, 5, 100), (5, None, 200)]


def test_a_rate_may_fall_from_tier_to_tier(load):
    assert load(tiers("{from: 0, to: 3, rate: 9}", "{from: 3, rate: 1}")).pay["bonus"].schedule.tiers[1].rate == 1


def test_steps_count_units_or_shares_of_the_target(load):
    by_units = load(element("schedule: {kind: step, at: [{units: 3, pays: 100}, {units: 5, pays: 300}]}")).pay["bonus"].schedule
    assert by_units.by == "units" and [step.mark for step in by_units.at] == [3, 5]
    by_share = load(element("target: {value: 4, unit: accounts}, schedule: {kind: step, at: [{attainment: 0.5, pays: 100}]}"))
    assert by_share.pay["bonus"].schedule.by == "attainment"


def test_any_rhythm_share_weight_and_list_of_who_sees_whom_will_do(load):
    policy = load(practices("reporting: {every_days: 3, visible: [[A, B], [C, B]]}, leads: {assigned_share: 0.123}, norm: {status: {trainee: 7.5}}"))
    assert policy.practices.reporting.visible == (("A", "B"), ("C", "B"))
    assert policy.practices.norm.status == {"trainee": 7.5}


def test_pairs_may_be_made_by_rule(load):
    pairing = load(practices("mentor_pairing: {rule: best_with_newest, count: 2, participation: voluntary}")).practices.mentor_pairing
    assert (pairing.rule, pairing.count, pairing.pairs, pairing.participation) == ("best_with_newest", 2, None, "voluntary")


def test_a_name_of_a_manager_may_be_chinese_and_no_is_text_not_a_truth_value(load):
    assert load(practices("mentor_pairing: {rule: named, pairs: [[王芳, No]]}")).practices.mentor_pairing.pairs == (("王芳", "No"),)


def test_a_policy_is_read_only_and_travels_to_other_processes():
    policy = load_policy("changzhou-2015")
    with pytest.raises(ValidationError):
        policy.status = "assumed"
    assert pickle.loads(pickle.dumps(policy)) == copy.deepcopy(policy) == policy


# --- what a file may not say ------------------------------------------------------------------------------------------

MISTAKES = {
    "negative pay": (BASE.replace("6000", "-1"),
        "pay.base.schedule.amount: found -1; expected 0 or more (CNY each period)."),
    "a negative rate on a shortfall": (element("schedule: {kind: linear, rate: 1, threshold: 2, shortfall_rate: -600}"),
        "pay.bonus.schedule.shortfall_rate: found -600; expected 0 or more (CNY taken off per unit below the threshold)."),
    "pay without bound": (BASE.replace("6000", "1e15"),
        "pay.base.schedule.amount: found 1e+15; expected 1e+12 or less (CNY each period)."),
    "true for a number": (BASE.replace("6000", "true"),
        "pay.base.schedule.amount: found true; expected a number (CNY each period)."),
    "text for a number": (BASE.replace("6000", '"6000"'),
        'pay.base.schedule.amount: found the text "6000"; expected a number (CNY each period).'),
    "a thousands separator": (BASE.replace("6000", "6_000"),
        'pay.base.schedule.amount: found the text "6_000"; expected a number (CNY each period).'),
    "a comma that splits a number": (BASE.replace("6000", "6,000"),
        "pay.base.schedule.amount (line 7): found 6,000; expected 6000, without a comma between thousands."),
    "not a number": (BASE.replace("6000", ".nan"),
        "pay.base.schedule.amount (line 7): found .nan; expected a finite number."),
    "infinite pay": (BASE.replace("6000", "-.inf"),
        "pay.base.schedule.amount (line 7): found -.inf; expected a finite number."),
    "no amount": (BASE.replace("6000", ""),
        "pay.base.schedule.amount: found nothing; expected a number (CNY each period)."),
    "a misspelt key": (BASE.replace("amount", "ammount"),
        "pay.base.schedule.ammount: found an unknown key. Did you mean `amount`? Known here: amount, kind."),
    "a misspelt key with nothing in it": (BASE + "practises:\n",
        "practises: found an unknown key. Did you mean `practices`? Known here: author, crediting, effective, extends, label, overrides, pay, people, portfolios, practices, schema_version, source, ...."),
    "a misspelt practice": (practices("reportng: {minutes: 3}"),
        "practices.reportng: found an unknown key. Did you mean `reporting`? Known here: contest, controls, discretion, framing, goals, leads, lending, mentor_pairing, norm, pricing, reception, reporting, ...."),
    "a name that is the file's": (BASE + "files: [a]\n",
        "files: found an unknown key. Did you mean `title`? Known here: author, crediting, effective, extends, label, overrides, pay, people, portfolios, practices, schema_version, source, ...."),
    "no pay": (HEADER,
        "pay: found nothing; expected elements of pay by name."),
    "empty pay": (HEADER + "pay: {}\n",
        "pay: found an empty mapping; expected 1 or more entries (elements of pay by name)."),
    "text for pay": (HEADER + "pay: lots\n",
        'pay: found the text "lots"; expected `key: value` lines (elements of pay by name).'),
    "an empty section": (BASE + "practices:\n",
        "practices: found nothing; expected `key: value` lines."),
    "no title": (BASE.replace("title: {en: Mine, zh: 我的方案}\n", ""),
        "title: found nothing; expected a title, {en: ..., zh: ...}."),
    "a title in one language": (BASE.replace(", zh: 我的方案", ""),
        "title.zh: found nothing; expected the words in Chinese."),
    "a blank source": (BASE.replace("source: a test", 'source: " "'),
        'source: found the text " "; expected some text on one line (where the policy comes from).'),
    "a status of one's own": (BASE.replace("proposed", "propsed"),
        'status: found the text "propsed"; expected one of documented, assumed, proposed. Did you mean `proposed`?'),
    "a quoted date": (BASE.replace("2015-01-01", '"2015-01-01"'),
        'effective: found the text "2015-01-01"; expected a date such as 2015-01-31 (first day in force).'),
    "a day that does not exist": (BASE.replace("2015-01-01", "2015-02-29"),
        "effective (line 3): found 2015-02-29; expected a day that exists."),
    "a schema of the future": (BASE + "schema_version: 2\n",
        "schema_version: found 2; expected 1 or less (this release reads version 1)."),
    "true for a version": (BASE + "schema_version: true\n",
        "schema_version: found true; expected a whole number (this release reads version 1)."),
    "an unknown period": (BASE.replace("month", "week"),
        'pay.base.period: found the text "week"; expected one of month, quarter, half_year, year.'),
    "no period": (BASE.replace("period: month, ", ""),
        "pay.base.period: found nothing; expected one of month, quarter, half_year, year."),
    "an unknown measure": (element("schedule: {kind: linear, rate: 1}").replace("accounts", "acounts"),
        'pay.bonus.measure: found the text "acounts"; expected a measure of the data dictionary (`incentivelab list measures`). Did you mean `accounts`? '
        "Known here: accounts, appraisal_score, asset_business_cost, asset_loss_ratio, aum, bad_loan_ratio, cards, complaints, contacts, cross_selling, "
        "customer_assets, deposit_interest_expense, ...."),
    "no measure": (element("schedule: {kind: linear, rate: 1}").replace("measure: accounts, ", ""),
        "pay.bonus.measure: found nothing; expected one of accounts, contacts, deposits, deposit_yuan_days, ... (`incentivelab list measures`)."),
    "a measure beside a fixed amount": (element("schedule: {kind: fixed, amount: 1}"),
        'pay.bonus.measure: found the text "accounts"; expected none beside a fixed amount, which does not depend on any.'),
    "an unknown kind of schedule": (element("schedule: {kind: teirs}"),
        'pay.bonus.schedule.kind: found the text "teirs"; expected a known kind. Did you mean `tiers`? Known here: curve, fixed, linear, matrix, prices, scorecard, step, sum, tiers.'),
    "a number for a kind of schedule": (element("schedule: {kind: 3}"),
        "pay.bonus.schedule.kind: found 3; expected a known kind. Known here: curve, fixed, linear, matrix, prices, scorecard, step, sum, tiers."),
    "a list for a kind of schedule": (element("schedule: {kind: [tiers]}"),
        "pay.bonus.schedule.kind: found a list of 1; expected a known kind. Did you mean `tiers`? Known here: curve, fixed, linear, matrix, prices, scorecard, step, sum, tiers."),
    "no kind of schedule": (element("schedule: {rate: 1}"),
        "pay.bonus.schedule.kind: found nothing; expected one of fixed, linear, tiers, step, curve, matrix, prices, scorecard, sum."),
    "text for a schedule": (element("schedule: steep"),
        'pay.bonus.schedule: found the text "steep"; expected `key: value` lines (how the measure becomes CNY).'),
    "overlapping tiers": (tiers("{from: 0, to: 5, rate: 1}", "{from: 4, rate: 2}"),
        "pay.bonus.schedule.tiers.#2.from: found 4, so the tiers overlap; expected 5, where the tier before ends."),
    "a gap between tiers": (tiers("{from: 0, to: 5, rate: 1}", "{from: 6, rate: 2}"),
        "pay.bonus.schedule.tiers.#2.from: found 6, which leaves a gap; expected 5, where the tier before ends."),
    "unsorted tiers": (tiers("{from: 5, rate: 1}", "{from: 4, rate: 2}"),
        "pay.bonus.schedule.tiers.#2.from: found 4; expected more than 5, where the tier before begins."),
    "a tier that ends before it begins": (tiers("{from: 5, to: 4, rate: 1}", "{from: 7, rate: 2}"),
        "pay.bonus.schedule.tiers.#1.to: found 4; expected more than 5, where the tier begins."),
    "a closed last tier": (tiers("{from: 0, to: 5, rate: 1}"),
        "pay.bonus.schedule.tiers.#1.to: found 5; expected the last tier to be open: leave `to` out."),
    "a tier below zero": (tiers("{from: -1, rate: 1}"),
        "pay.bonus.schedule.tiers.#1.from: found -1; expected 0 or more (where the tier begins)."),
    "a tier without its beginning": (tiers("{form: 0, rate: 1}"),
        "pay.bonus.schedule.tiers.#1.form: found an unknown key. Did you mean `from`? Known here: from, rate, times, to."),
    "no tiers": (tiers(),
        "pay.bonus.schedule.tiers: found an empty list; expected 1 or more entries (a list of `{from, to, rate}`)."),
    "tiers that do not say marginal or retroactive": (tiers("{from: 0, rate: 1}").replace("mode: marginal, ", ""),
        "pay.bonus.schedule.mode: found nothing; expected one of marginal, retroactive."),
    "attainment without a target": (element("schedule: {kind: step, at: [{attainment: 1, pays: 5}]}"),
        "pay.bonus.target: found nothing; expected a target, since the schedule counts shares of it (attainment)."),
    "a target in another unit": (element("target: {value: 3, unit: yuan}, schedule: {kind: linear, rate: 1}"),
        'pay.bonus.target.unit: found the text "yuan"; expected accounts, in which the measure is counted.'),
    "a target of nothing": (element("target: {value: 0, unit: accounts}, schedule: {kind: linear, rate: 1}"),
        "pay.bonus.target.value: found 0; expected more than 0 (units of the measure a period)."),
    "steps that do not rise": (element("schedule: {kind: step, at: [{units: 3, pays: 5}, {units: 3, pays: 6}]}"),
        "pay.bonus.schedule.at.#2: found 3; expected more than 3, the step before."),
    "steps of two kinds": (element("target: {value: 3, unit: accounts}, schedule: {kind: step, at: [{units: 3, pays: 5}, {attainment: 4, pays: 6}]}"),
        "pay.bonus.schedule.at.#2: found another kind of mark than in the step before; expected all steps by `attainment`, or all by `units`."),
    "a step at no mark": (element("schedule: {kind: step, at: [{pays: 5}]}"),
        "pay.bonus.schedule.at.#1: found neither `attainment` nor `units`; expected one of them."),
    "a step at two marks": (element("schedule: {kind: step, at: [{units: 1, attainment: 1, pays: 5}]}"),
        "pay.bonus.schedule.at.#1: found both `attainment` and `units`; expected one of them."),
    "a cap below the floor": (element("schedule: {kind: linear, rate: 1}, cap: 5, floor: 6"),
        "pay.bonus.cap: found 5; expected the floor (6) or more."),
    "a curve without a target incentive": (element("target: {value: 3, unit: accounts}, schedule: {kind: curve, curve: {points: [{attainment: 1, gives: 1}]}}"),
        "pay.bonus.target_incentive: found nothing; expected CNY a period, of which the schedule pays a share."),
    "weights that are not the whole": (HEADER + "pay: {x: {period: year, target_incentive: 9, schedule: {kind: scorecard, combine: curve_per_measure, "
        "indicators: {a: {weight: 0.6, reading: {measure: profit, target: {value: 5, unit: CNY}}}}}}}\n",
        "pay.x.schedule.indicators: found weights that sum to 0.6; expected 1."),
    "two marks for a gate": (element("schedule: {kind: linear, rate: 1}, gates: [{reading: {measure: complaints}, at_least: 1, at_most: 2}]"),
        "pay.bonus.gates.#1: found not exactly one mark; expected one of `at_least`, `at_most` and `attainment`."),
    "an override for nobody": (BASE + "overrides: [{pay: {base: {schedule: {amount: 1}}}}]\n",
        "overrides.#1: found nobody whom it is for; expected one or more of `grade`, `state`, `person`, `first`, `last`."),
    "a draw on an element that is none": (BASE + "terms: {draw: {amount: 1, of: [bsae]}}\n",
        "terms.draw.of.#1: found the text \"bsae\"; expected the name of an element of `pay`. Did you mean `base`? Known here: base."),
    "another currency": (element("schedule: {kind: linear, rate: 1}, unit: USD"),
        'pay.bonus.unit: found the text "USD"; expected CNY.'),
    "pay for a pair where nobody is paired": (element("schedule: {kind: linear, rate: 1}, payee: pair"),
        "pay.bonus.payee: found pair; expected self or team, as nobody is paired (practices.mentor_pairing.rule is none)."),
    "named pairs without names": (practices("mentor_pairing: {rule: named}"),
        "practices.mentor_pairing.pairs: found nothing; expected a list of [mentor, mentee], as the rule is `named`."),
    "pairs beside another rule": (practices("mentor_pairing: {rule: random, pairs: [[A, B]]}"),
        "practices.mentor_pairing.pairs: found a list of 1; expected none beside `rule: random`; pairs need `rule: named`."),
    "a manager in two pairs": (practices("mentor_pairing: {rule: named, pairs: [[A, B], [B, C]]}"),
        "practices.mentor_pairing.pairs.#2: found B a second time; expected each manager in one pair only."),
    "one's own mentor": (practices("mentor_pairing: {rule: named, pairs: [[A, A]]}"),
        "practices.mentor_pairing.pairs.#1: found A a second time; expected each manager in one pair only."),
    "half a pair": (practices("mentor_pairing: {rule: named, pairs: [[A]]}"),
        "practices.mentor_pairing.pairs.#1.#2: found nothing; expected a value."),
    "three in a pair": (practices("mentor_pairing: {rule: named, pairs: [[A, B, C]]}"),
        "practices.mentor_pairing.pairs.#1: found a list of 3; expected 2 entries or fewer."),
    "a name of two lines": (practices('mentor_pairing: {rule: named, pairs: [[A, "B\\nC"]]}'),
        'practices.mentor_pairing.pairs.#1.#2: found the text "B\\nC"; expected some text on one line.'),
    "a key of two lines": (practices('"a\\nb": 3'),
        'practices."a\\nb": found an unknown key. Known here: contest, controls, discretion, framing, goals, leads, lending, mentor_pairing, norm, pricing, reception, reporting, ....'),
    "a number for a name": (practices("mentor_pairing: {rule: named, pairs: [[A, 3]]}"),
        "practices.mentor_pairing.pairs.#1.#2: found 3; expected text."),
    "a count of named pairs": (practices("mentor_pairing: {rule: named, pairs: [[A, B]], count: 1}"),
        "practices.mentor_pairing.count: found 1; expected none beside `rule: named`."),
    "bundled without pairs": (practices("mentor_pairing: {bundled: true}"),
        "practices.mentor_pairing.bundled: found true; expected false, as nobody is paired (`rule: none`)."),
    "yes for true": (practices("mentor_pairing: {rule: random, bundled: yes}"),
        'practices.mentor_pairing.bundled: found the text "yes"; expected true or false.'),
    "a meeting every zero days": (practices("reporting: {every_days: 0}"),
        "practices.reporting.every_days: found 0; expected 1 or more (working days from one meeting to the next; leave out for never)."),
    "a meeting every day and a half": (practices("reporting: {every_days: 1.5}"),
        "practices.reporting.every_days: found 1.5; expected a whole number (working days from one meeting to the next; leave out for never)."),
    "a meeting longer than a day": (practices("reporting: {minutes: 1500}"),
        "practices.reporting.minutes: found 1500; expected 1440 or less (minutes a meeting)."),
    "results visible to nobody known": (practices("reporting: {visible: evryone}"),
        'practices.reporting.visible: found the text "evryone"; expected one of everyone, cohort, pairs, nobody (or a list of [seer, seen]). Did you mean `everyone`?'),
    "half of who sees whom": (practices("reporting: {visible: [[A]]}"),
        "practices.reporting.visible.#1.#2: found nothing; expected a value."),
    "results visible in pairs where nobody is paired": (practices("reporting: {visible: pairs}"),
        "practices.reporting.visible: found pairs; expected everyone, cohort or nobody, as nobody is paired (practices.mentor_pairing.rule is none)."),
    "more than all leads": (practices("leads: {assigned_share: 45}"),
        "practices.leads.assigned_share: found 45; expected 1 or less (share of the branch's own leads that it hands out, 0 to 1)."),
    "an unknown channel": (practices("leads: {channels: [street, chain]}"),
        'practices.leads.channels.#2: found the text "chain"; expected one of intermediaries, chains, street, network. Did you mean `chains`?'),
    "a channel twice": (practices("leads: {channels: [street, street]}"),
        "practices.leads.channels.#2: found street a second time; expected each channel once."),
    "no business at all": (practices("leads: {channels: []}"),
        "practices.leads.channels: found an empty list; expected at least one channel, as no leads are assigned."),
    "a negative weight": (practices("norm: {status: {veteran: -1}}"),
        "practices.norm.status.veteran: found -1; expected 0 or more."),
    "weights without cohorts": (practices("norm: {status: [3, 1]}"),
        "practices.norm.status: found a list of 2; expected `key: value` lines (a weight by cohort)."),
    "an empty file": ("# nothing yet\n", "found an empty file; expected `key: value` lines."),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_one_sentence_with_file_field_finding_and_expectation(load, mistake):
    text, sentence = MISTAKES[mistake]
    with pytest.raises(InputError) as refused:
        load(text)
    assert str(refused.value) == f"mine.yaml: {sentence}"


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("fixd-pay", 'policy: found no policy named "fixd-pay"; expected a name from the library or a path to a YAML file. Did you mean `fixed-pay`?'),
        ("", 'policy: found no policy named ""; expected a name from the library or a path to a YAML file. Known here: '),
        ("x" * 5000, 'policy: found no policy named "xxx'),
        ("a\0b", 'policy: found no policy named "a\\u0000b"'),
        (None, "policy: found nothing; expected a name from the library or a path to a YAML file."),
        (3, "policy: found 3; expected a name from the library or a path to a YAML file."),
        ("nowhere/mine.yaml", "nowhere/mine.yaml: found no such file; expected a YAML file with a policy."),
        ("fixed-pey.yaml", "fixed-pey.yaml: found no such file; expected a YAML file with a policy. Did you mean `fixed-pay`?"),
        ("y" * 5000 + ".yaml", 'policy: found the path "yyy'),
        (".", ".: found a folder; expected a YAML file with a policy. In it: mine.yaml."),
        (Path("."), ".: found a folder; expected a YAML file with a policy. In it: mine.yaml."),
        ("../../etc/passwd", "../../etc/passwd: found no such file; expected a YAML file with a policy."),
        ("/dev/null", "/dev/null: found another kind of file; expected one ending in .yaml."),
        ("mine", 'policy: found no policy named "mine"; expected a name from the library or a path to a YAML file. Did you mean the file `mine.yaml`?'),
    ],
)  # fmt: skip
def test_a_policy_that_cannot_be_found_is_a_sentence_with_the_nearest_name(load, given, sentence):
    load(BASE)
    with pytest.raises(InputError) as refused:
        load_policy(given)
    assert str(refused.value).startswith(sentence)


# --- "this one but" ---------------------------------------------------------------------------------------------------

VARIATION = "title: {en: B, zh: 乙}\nstatus: proposed\n"


def test_a_variation_says_only_what_differs(load):
    policy = load(VARIATION + "extends: changzhou-2015\npractices: {reporting: {every_days: 3}}\n")
    base = load_policy("changzhou-2015")
    assert policy.practices.reporting.every_days == 3
    assert policy.practices.reporting.minutes == base.practices.reporting.minutes
    assert (policy.pay, policy.practices.leads, policy.source) == (base.pay, base.practices.leads, base.source)
    assert policy.files == ("mine.yaml", "policies/changzhou-2015.yaml")


def test_a_variation_says_its_own_title_and_status(load):
    for key in ("title", "status"):
        lines = [line for line in VARIATION.splitlines(keepends=True) if not line.startswith(key)]
        with pytest.raises(InputError, match=f"mine.yaml: {key}: found nothing"):
            load("".join(lines) + "extends: fixed-pay\n")
    assert load(VARIATION + "extends: fixed-pay\n").label is None


def test_lists_are_replaced_and_null_takes_away(load):
    policy = load(VARIATION + "extends: changzhou-2015\npay: {commission: null}\npractices: {leads: {channels: [street]}, reporting: {every_days: null}}\n")
    assert set(policy.pay) == {"base"}
    assert policy.practices.leads.channels == ("street",)
    assert policy.practices.reporting.every_days is None


def test_taking_away_what_is_not_there_is_refused(load):
    with pytest.raises(InputError, match="mine.yaml: pay.comission: found nothing; expected `key: value` lines"):
        load(VARIATION + "extends: changzhou-2015\npay: {comission: null}\n")


def test_a_new_kind_or_rule_clears_the_settings_of_the_former_one(load):
    policy = load(VARIATION + "extends: changzhou-2015\npay: {commission: {schedule: {kind: step, at: [{units: 3, pays: 9}]}}}\npractices: {mentor_pairing: {rule: none}}\n")
    assert policy.pay["commission"].schedule.kind == "step"
    assert policy.practices.mentor_pairing.pairs is None and not policy.practices.mentor_pairing.bundled


def test_a_changed_group_of_values_does_not_keep_the_source_of_the_old_ones(load):
    policy = load(VARIATION + "extends: changzhou-2015\npay: {commission: {schedule: {rate: 300}}}\npractices: {reporting: {minutes: 5}}\n")
    assert policy.pay["commission"].assumed is None and policy.pay["base"].assumed
    assert policy.practices.reporting.source is None and policy.practices.leads.source


def test_a_message_names_the_file_that_holds_the_mistake(load, tmp_path):
    (tmp_path / "base.yaml").write_text(BASE.replace("6000", "-5"), encoding="utf-8")
    with pytest.raises(InputError, match=r"^base.yaml: pay.base.schedule.amount: found -5"):
        load(VARIATION + "extends: base.yaml\npractices: {norm: {telling: nothing}}\n")
    with pytest.raises(InputError, match=r"^mine.yaml: practices.norm.tellin: found an unknown key"):
        load(VARIATION + "extends: base.yaml\npractices: {norm: {tellin: nothing}}\n")


def test_what_a_new_kind_lacks_is_missed_in_the_file_that_chose_it(load):
    with pytest.raises(InputError, match=r"^mine.yaml: pay.base.schedule.at: found nothing"):
        load(VARIATION + "extends: fixed-pay\npay: {base: {measure: accounts, schedule: {kind: step}}}\n")


def test_a_file_of_ones_own_may_bear_the_name_of_the_one_it_extends(load, tmp_path):
    (tmp_path / "fixed-pay.yaml").write_text(VARIATION + "extends: fixed-pay\n", encoding="utf-8")
    assert load_policy("./fixed-pay.yaml").digest == load_policy("fixed-pay").digest


@pytest.mark.parametrize(
    ("parent", "sentence"),
    [
        ("fixed-pya", 'found no policy named "fixed-pya"; expected a policy of the library, or a .yaml file in the same folder. Did you mean `fixed-pay`?'),
        ("bsae.yaml", 'found no file "bsae.yaml" beside it; expected a policy of the library, or a .yaml file in the same folder. Did you mean `base.yaml`?'),
        ("../base.yaml", 'found "../base.yaml", which lies outside this folder'),
        ("/etc/passwd", 'found "/etc/passwd", which lies outside this folder'),
        ("sub/base.yaml", 'found "sub/base.yaml", which lies outside this folder'),
        ("..", 'found "..", which lies outside this folder'),
        ("link.yaml", 'found "link.yaml", which lies outside this folder'),
        ("mine.yaml", 'found "mine.yaml", which extends this file in turn; expected a policy that stands on its own.'),
        ("[a, b]", "found a list of 2; expected a policy of the library"),
        ("3", "found 3; expected a policy of the library"),
        ("x" * 5000 + ".yaml", 'found no file "xxx'),
    ],
)  # fmt: skip
def test_a_policy_extends_the_library_or_its_own_folder_and_nothing_else(load, tmp_path, parent, sentence):
    outside = tmp_path / "outside"
    outside.mkdir()
    (tmp_path / "base.yaml").write_text(BASE, encoding="utf-8")
    (outside / "base.yaml").write_text(BASE, encoding="utf-8")
    (tmp_path / "link.yaml").symlink_to(outside / "base.yaml")
    with pytest.raises(InputError) as refused:
        load(VARIATION + f"extends: {parent}\n")
    assert str(refused.value).startswith(f"mine.yaml: extends: {sentence}")


def test_a_ring_of_files_and_an_endless_chain_are_refused(tmp_path):
    for name, parent in (("a", "b"), ("b", "c"), ("c", "a")):
        (tmp_path / f"{name}.yaml").write_text(VARIATION + f"extends: {parent}.yaml\n", encoding="utf-8")
    with pytest.raises(InputError, match='extends: found "a.yaml", which extends this file in turn'):
        load_policy(tmp_path / "a.yaml")
    for link in range(30):
        (tmp_path / f"{link}.yaml").write_text(VARIATION + f"extends: {link + 1}.yaml\n", encoding="utf-8")
    with pytest.raises(InputError, match="extends: found more than 16 files"):
        load_policy(tmp_path / "0.yaml")


# --- digests and changes ----------------------------------------------------------------------------------------------


def test_the_digest_ignores_words_and_notices_every_value(load):
    policy = load(BASE)
    assert load(BASE.replace("Mine", "Yours").replace("a test", "another")).digest == policy.digest
    assert load(BASE.replace("amount: 6000", "amount: 6000.0") + "practices: {leads: {assigned_share: 0, source: me}}\n").digest == policy.digest
    assert load(BASE.replace("6000", "6000.01")).digest != policy.digest
    assert load(BASE.replace("base:", "basis:")).digest != policy.digest
    assert load(practices("norm: {telling: excuses}")).digest != policy.digest


def test_the_eight_schemes_differ_for_the_model():
    assert len({load_policy(name).digest for name in DEMO}) == 8


def test_a_digest_does_not_depend_on_the_process():
    code = "from sim.policy import load_policy; print(load_policy('changzhou-2015').digest)"
    seen = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[1])
    assert seen.stdout.strip() == load_policy("changzhou-2015").digest


def test_importing_policies_brings_no_heavy_package_along():
    code = "import sys, sim.policy; print([name for name in ('numpy', 'pandas', 'numba', 'mesa', 'matplotlib') if name in sys.modules])"
    seen = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[1])
    assert seen.stdout.strip() == "[]"


def test_a_change_gives_another_validated_policy_and_leaves_this_one_alone():
    policy = load_policy("fixed-pay")
    changed = policy.with_changes({"practices.reporting.every_days": 3, "pay.base.schedule.amount": 6500})
    assert (changed.practices.reporting.every_days, changed.pay["base"].schedule.amount) == (3, 6500)
    assert policy == load_policy("fixed-pay")
    assert changed.name == f"fixed-pay~{changed.digest[:6]}" and changed.digest != policy.digest
    assert policy.with_changes({}, name="twin").digest == policy.digest
    assert policy.with_changes({}) == policy


def test_changes_mean_what_a_file_that_extends_means(load):
    policy = load_policy("changzhou-2015")
    changed = policy.with_changes({"practices.mentor_pairing.rule": "none", "pay.commission": None, "practices.reporting.every_days": None})
    file = load(VARIATION + "extends: changzhou-2015\npay: {commission: null}\npractices: {mentor_pairing: {rule: none}, reporting: {every_days: null}}\n")
    assert changed.digest == file.digest
    assert changed.practices.reporting.source is None


def test_a_new_rule_and_its_settings_can_be_given_together_in_any_order():
    changes = {"practices.mentor_pairing.bundled": True, "practices.mentor_pairing.pairs": [["A", "B"]], "practices.mentor_pairing.rule": "named"}
    pairing = load_policy("fixed-pay").with_changes(changes).practices.mentor_pairing
    assert pairing.pairs == (("A", "B"),) and pairing.bundled


def test_a_place_in_a_list_is_counted_from_one():
    pairs = load_policy("changzhou-2015").with_changes({"practices.mentor_pairing.pairs.#2.#1": "C"}).practices.mentor_pairing.pairs
    assert pairs == (("B", "E"), ("C", "F"))


def test_a_new_element_of_pay_can_be_added_by_a_change():
    bonus = {"measure": "accounts", "period": "quarter", "schedule": {"kind": "step", "at": [{"units": 3, "pays": 500}]}}
    assert set(load_policy("fixed-pay").with_changes({"pay.bonus": bonus}).pay) == {"base", "bonus"}


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"practices.reporting.every_day": 3}, "fixed-pay (changed): practices.reporting.every_day: found an unknown key. Did you mean `every_days`?"),
        ({"pay.base.schedule.amount": math.nan}, "fixed-pay (changed): pay.base.schedule.amount: found nan; expected a finite number"),
        ({"pay.base.schedule.amount": True}, "fixed-pay (changed): pay.base.schedule.amount: found true; expected a number"),
        ({"pay.base.schedule.amount.x": 1}, "fixed-pay (changed): pay.base.schedule.amount: found 6000; expected something that holds `x`."),
        ({"practices.leads.channels.#9": "street"}, 'fixed-pay (changed): practices.leads.channels.#9: found the place "#9"; expected one of #1 to #4.'),
        ({"name": "x"}, "fixed-pay (changed): name: found an unknown key."),
        ({"extends": "performance-pay"}, "fixed-pay (changed): extends: found a change of what the policy extends; expected changes of values."),
    ],
)  # fmt: skip
def test_a_change_that_makes_no_sense_is_refused_in_the_same_kind_of_sentence(changes, sentence):
    with pytest.raises(InputError) as refused:
        load_policy("fixed-pay").with_changes(changes)
    assert str(refused.value).startswith(sentence)


# --- properties -------------------------------------------------------------------------------------------------------


@given(starts=st.lists(st.integers(0, 1000), min_size=1, max_size=8, unique=True).map(sorted), rate=st.floats(0, 1e6))
def test_contiguous_rising_tiers_are_accepted_whatever_their_bounds(starts, rate):
    listed = [{"from": start, "to": end, "rate": rate} for start, end in zip(starts, starts[1:], strict=False)]
    schedule = TierSchedule.model_validate({"kind": "tiers", "mode": "marginal", "tiers": [*listed, {"from": starts[-1], "rate": rate}]})
    assert [tier.end for tier in schedule.tiers] == [*starts[1:], None]


@given(st.floats().filter(lambda value: not (math.isfinite(value) and 0 <= value <= 1e12)))
def test_no_pay_is_negative_boundless_or_undefined(amount):
    with pytest.raises(InputError):
        load_policy("fixed-pay").with_changes({"pay.base.schedule.amount": amount})


@given(every=st.integers(1, 400), share=st.floats(0, 1), weight=st.floats(0, 1e6))
def test_a_policy_written_out_and_read_again_is_the_same(every, share, weight):
    changes = {"practices.reporting.every_days": every, "practices.leads.assigned_share": share, "practices.norm.status.veteran": weight}
    policy = load_policy("performance-pay").with_changes(changes)
    data = policy.model_dump(by_alias=True, exclude_none=True, exclude={"name", "files", "extends"})
    assert make_policy(data, "again").digest == policy.digest


def test_what_is_wrong_in_an_override_is_told_when_the_file_is_read(load):
    with pytest.raises(InputError, match="overrides.#1: pay.base.schedule.amout: found an unknown key. Did you mean `amount`"):
        load(BASE + "overrides: [{grade: a, pay: {base: {schedule: {amout: 1}}}}]\n")


# A newcomer's first tries


def test_a_bare_amount_is_answered_with_an_example():
    with pytest.raises(InputError) as refused:
        make_policy({"extends": "fixed-pay", "title": {"en": "a", "zh": "b"}, "status": "proposed", "pay": {"base": 5000}}, "mine.yaml")
    assert "`{period: month, schedule: {kind: fixed, amount: 5000}}`" in str(refused.value)


def test_a_target_without_unit_is_asked_for_it():
    element = {"measure": "accounts", "period": "month", "target": {"value": 6}, "schedule": {"kind": "linear", "rate": 5}}
    with pytest.raises(InputError, match="target.unit: found nothing; expected the unit in which the measure is counted"):
        make_policy({"extends": "fixed-pay", "title": {"en": "a", "zh": "b"}, "status": "proposed", "pay": {"x": element}}, "mine.yaml")


def test_a_file_of_the_other_kind_is_told(tmp_path):
    from sim.world import load_scenario

    (tmp_path / "branch.yaml").write_text("extends: branch\nparameters: {}\n", encoding="utf-8")
    (tmp_path / "plan.yaml").write_text("extends: fixed-pay\npay: {}\n", encoding="utf-8")
    for load, named, told in ((load_policy, tmp_path / "branch.yaml", "found a scenario (it has `parameters`); expected a policy"),
                              (load_scenario, tmp_path / "plan.yaml", "found a policy (it has `pay`); expected a scenario"),
                              (load_policy, "branch", 'found the scenario "branch"; expected a policy'),
                              (load_scenario, "fixed-pay", 'found the policy "fixed-pay"; expected a scenario')):
        with pytest.raises(InputError) as refused:
            load(named)
        assert told in str(refused.value)


def test_a_file_one_folder_further_down_is_suggested(tmp_path, monkeypatch):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "my-policy.yaml").write_text("pay: {}\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    for named in ("my-policy", "my-policy.yaml"):
        with pytest.raises(InputError, match="Did you mean `mine/my-policy.yaml`"):
            load_policy(named)
