"""The explorer: levers move the policy as they say, charts follow, what cannot be is told in a sentence."""

from __future__ import annotations

import string
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

import sim.app.explorer
from sim.app.chart import accounts_svg, differences_svg
from sim.app.explorer import Explorer, explorer, fitting
from sim.app.levers import levers_of, moved, out_of_reach
from sim.app.words import say
from sim.policy import load_policy, make_policy
from sim.world import load_scenario

FEW = 4


@pytest.fixture(scope="module")
def app() -> Explorer:
    return explorer("changzhou-2015", replications=FEW)


@pytest.fixture(autouse=True)
def back_to_the_start(request: pytest.FixtureRequest) -> None:
    if "app" in request.fixturenames:
        shown = request.getfixturevalue("app")
        shown.start.value = "changzhou-2015"
        shown.reset.click()


# Levers


# the policies that the explorer offers
TRIED = sorted({name for scenario in ("changzhou-2015", "changzhou-2016") for name in fitting(load_scenario(scenario))})

@pytest.mark.parametrize("name", TRIED)
def test_levers_left_alone_leave_a_policy_as_it_is(name: str):
    policy = load_policy(name)
    assert moved(policy, levers_of(policy)).digest == policy.digest


@pytest.mark.parametrize("name", TRIED)
@pytest.mark.parametrize(
    "change",
    [
        {"pay": "fixed"}, {"pay": "performance", "commission": 350.0}, {"base": 5000.0}, {"pairing": "none"}, {"pairing": "bundled"},
        {"pairing": "unbundled"}, {"every_days": 3}, {"meetings": False}, {"minutes": 15.0}, {"assigned_share": 0.2},
    ],
    ids=str,
)  # fmt: skip
def test_a_lever_moves_the_policy_to_where_it_stands(name: str, change: dict[str, object]):
    policy = load_policy(name)
    wanted = replace(levers_of(policy), **{"meetings": True, **change})       # the rhythm of meetings means something where they are held
    found = levers_of(moved(policy, wanted))
    assert {key: getattr(found, key) for key in change} == change


def test_pairs_stay_who_they_are_and_are_made_by_rule_where_there_were_none():
    paired, solo = load_policy("fixed-paired-weekly"), load_policy("fixed-solo-weekly")
    unbundled = moved(paired, replace(levers_of(paired), pairing="unbundled")).practices.mentor_pairing
    assert unbundled.pairs == paired.practices.mentor_pairing.pairs and not unbundled.bundled
    assert moved(solo, replace(levers_of(solo), pairing="bundled")).practices.mentor_pairing.rule == "best_with_newest"


def test_pay_the_levers_cannot_move_is_named_and_kept():
    bonus = {"measure": "accounts", "period": "quarter", "schedule": {"kind": "step", "at": [{"units": 10, "pays": 3000}]}, "assumed": "a test"}
    policy = make_policy({"extends": "performance-pay", "title": {"en": "Bonus", "zh": "奖金"}, "status": "proposed", "pay": {"bonus": bonus}}, "bonus")
    assert out_of_reach(policy) == ["bonus"]
    assert moved(policy, replace(levers_of(policy), pay="fixed")).pay.keys() == {"base", "bonus"}


# Widgets, driven as a user's hand would


def test_controls_start_where_the_policy_has_them(app: Explorer):
    assert app.start.value == "changzhou-2015"
    assert app.levers == levers_of(load_policy("changzhou-2015"))
    assert (app.comparison.table["difference"] == 0).all()
    assert "Nothing is changed yet" in app.message.value


def test_moving_a_control_redraws_the_difference_to_the_unchanged_policy(app: Explorer):
    before = app.picture.value
    app.controls["pairing"].value = "none"
    assert app.picture.value != before and app.picture.value.count("<svg") == 2
    baseline, mine = (run.policy for run in app.comparison.runs)
    assert (baseline.name, mine.practices.mentor_pairing.rule) == ("changzhou-2015", "none")
    row = app.comparison.table.set_index("measure").loc["effort"]
    assert f"{row['difference']:+.2f}" in app.picture.value.replace("\N{MINUS SIGN}", "-")


def test_moving_back_shows_the_same_again_without_running_it_again(app: Explorer, monkeypatch: pytest.MonkeyPatch):
    app.controls["every_days"].value = 5
    shown = app.picture.value
    app.controls["every_days"].value = 7
    monkeypatch.setattr("sim.experiments.simulate.simulate", lambda *_: pytest.fail("run again"))
    app.controls["every_days"].value = 5
    assert app.picture.value == shown


def test_controls_without_a_meaning_are_switched_off(app: Explorer):
    app.controls["pay"].value, app.controls["meetings"].value = "fixed", False
    assert [name for name, control in app.controls.items() if control.disabled] == ["commission", "every_days", "minutes"]


def test_another_start_moves_all_controls_and_answers_once(app: Explorer, monkeypatch: pytest.MonkeyPatch):
    drawn = []
    monkeypatch.setattr(sim.app.explorer, "differences_svg", lambda *given: drawn.append(given) or "")
    app.start.value = "performance-solo-daily"
    assert app.levers == levers_of(load_policy("performance-solo-daily"))
    assert len(drawn) == 1


def test_settings_that_cannot_be_are_refused_in_a_sentence(app: Explorer, monkeypatch: pytest.MonkeyPatch):
    words = {"title": {"en": "Pairs <see> each other", "zh": "结对互见"}, "status": "proposed"}
    policy = make_policy({"extends": "fixed-paired-weekly", **words, "practices": {"reporting": {"visible": "pairs", "assumed": "a test"}}}, "seen")
    monkeypatch.setattr(sim.app.explorer, "load_policy", lambda name: policy)
    app.reset.click()
    assert "Pairs &lt;see&gt; each other" in app.message.value
    app.controls["pairing"].value = "none"
    assert app.comparison is None and app.picture.value == ""
    assert "practices.reporting.visible" in app.message.value and 'role="alert"' in app.message.value
    app.controls["pairing"].value = "bundled"
    assert app.comparison is not None and "alert" not in app.message.value


def test_only_policies_that_fit_the_scenario_are_offered():
    offered = [name for _, name in explorer("changzhou-2016", "zh", replications=2).start.options]
    assert "changzhou-2016" in offered and "changzhou-2015" not in offered and "fixed-solo-weekly" in offered


# Charts and words


def test_a_hollow_point_says_that_no_difference_can_be_told(app: Explorer):
    assert differences_svg(app.comparison, "en").count('fill="white"') == 6
    app.controls["assigned_share"].value = 0.0
    told = app.comparison.table.set_index("measure").loc["effort"]
    assert (told["ci_low"] > 0 or told["ci_high"] < 0) and differences_svg(app.comparison, "en").count('fill="white"') < 6


def test_charts_speak_the_readers_language(app: Explorer):
    assert "开户数" in differences_svg(app.comparison, "zh") and "累计开户数" in accounts_svg(app.comparison, "zh")


def test_every_text_has_both_languages_with_the_same_gaps():
    texts = yaml.safe_load(Path(sim.app.explorer.__file__).with_name("words.yaml").read_text(encoding="utf-8"))
    for group, entries in texts.items():
        for key, entry in entries.items():
            gaps = [{name for _, name, _, _ in string.Formatter().parse(entry[lang]) if name} for lang in ("en", "zh")]
            assert gaps[0] == gaps[1], f"{group}.{key}"
            assert say(f"{group}.{key}", "zh", **dict.fromkeys(gaps[0], "{braces}"))
