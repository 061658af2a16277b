"""The facts of the Changzhou case: sums, derived values, and the scenarios and policies built from them."""

from __future__ import annotations

from datetime import date

import pytest

from sim.policy import load_policy
from sim.world import check_fit, list_cases, load_case, load_scenario

CASE = load_case("changzhou")
BEFORE, AFTER = CASE["quarters"]["2015-Q1"], CASE["quarters"]["2016-Q1"]
QUARTERS = pytest.mark.parametrize("quarter", [BEFORE, AFTER], ids=["2015", "2016"])


def accounts(quarter: dict, name: str) -> int:
    return quarter["managers"][name]["accounts"]


def known_sum(quarter: dict, names: str) -> int:
    return next(item["accounts"] for item in quarter["sums"] if item["managers"] == list(names))


def test_totals_are_18_and_104():
    assert (BEFORE["total"]["accounts"], AFTER["total"]["accounts"]) == (18, 104)


def test_2015_adds_up():
    assert known_sum(BEFORE, "ABC") + known_sum(BEFORE, "DEFG") == 18
    assert sum(accounts(BEFORE, name) for name in "DEFG") == known_sum(BEFORE, "DEFG") == 7
    assert known_sum(BEFORE, "ABC") - accounts(BEFORE, "B") == known_sum(BEFORE, "AC") == 4
    assert accounts(BEFORE, "G") == 7 - 2 - 1 - 3 == 1


def test_2016_adds_up():
    newcomers = sum(accounts(AFTER, name) for name in "HEIJK")
    assert newcomers == known_sum(AFTER, "HEIJK") == 79
    assert 104 - newcomers == known_sum(AFTER, "AC") == 25


def test_what_is_known_of_a_and_c_in_2016_follows_from_c_being_third():
    low, high = AFTER["managers"]["C"]["between"]
    assert AFTER["managers"]["C"]["rank"] == 3
    assert (low, high) == (accounts(AFTER, "J") + 1, accounts(AFTER, "E") - 1)
    assert AFTER["managers"]["A"]["between"] == [25 - high, 25 - low] == [1, 11]


def test_only_a_and_c_are_without_a_count_of_their_own():
    for quarter in (BEFORE, AFTER):
        assert [name for name, facts in quarter["managers"].items() if "accounts" not in facts] == ["A", "C"]


def test_quoted_means_are_the_rounded_ones():
    counts = {**{name: accounts(BEFORE, name) for name in "BDEFG"}, "A+C": known_sum(BEFORE, "AC")}
    team, veterans, without_b = BEFORE["quoted_means"]
    assert team["exact"] == pytest.approx(sum(counts.values()) / 7, abs=5e-4) and int(team["exact"]) == team["mean"] == 2
    assert veterans["exact"] == (7 + 2 + 4) / 4 and round(veterans["exact"]) == veterans["mean"] == 3
    assert without_b["exact"] == (2 + 4) / 3 == without_b["mean"]


def test_e_gained_24():
    assert accounts(AFTER, "E") - accounts(BEFORE, "E") == AFTER["managers"]["E"]["more_than_2015"] == 24


def test_ratios():
    ratios = CASE["ratios"]
    assert ratios["reports"]["value"] == AFTER["reports"] / BEFORE["reports"] == 7.5
    assert ratios["accounts"]["value"] == pytest.approx(104 / 18, abs=0.005)
    assert ratios["accounts"]["printed"] == 5.7


@QUARTERS
def test_each_team_has_seven_and_its_men_and_women_are_counted(quarter: dict):
    assert len(quarter["managers"]) == 7 == quarter["team"]["men"] + quarter["team"]["women"]


def test_education_is_counted_for_everybody_it_is_stated_of():
    assert sum(BEFORE["team"]["education"].values()) == 7
    newcomers = [name for name, facts in AFTER["managers"].items() if facts["cohort"] == "newcomer"]
    assert sum(AFTER["team"]["newcomers_education"].values()) == len(newcomers) == 5
    assert len(AFTER["team"]["newcomers_months_in_bank"]) == 5


def test_cohorts_are_as_the_source_calls_them():
    def cohort(quarter: dict, name: str) -> list[str]:
        return [who for who, facts in quarter["managers"].items() if facts["cohort"] == name]

    assert (cohort(BEFORE, "veteran"), cohort(BEFORE, "newcomer")) == (list("ABCD"), list("EFG"))
    assert (cohort(AFTER, "veteran"), cohort(AFTER, "newcomer")) == (list("AC"), list("HEIJK"))


def test_those_who_stayed_are_a_year_older():
    stayed = BEFORE["managers"].keys() & AFTER["managers"].keys()
    assert stayed == {"A", "C", "E"}
    assert all(AFTER["managers"][name]["age"] == BEFORE["managers"][name]["age"] + 1 for name in stayed)


def test_milestones_do_not_contradict_the_end():
    ends = {name: facts.get("accounts", facts.get("between", [0])[0]) for name, facts in AFTER["managers"].items()}
    for mark in AFTER["milestones"]:
        assert date(2016, 1, 1) <= mark["day"] <= date(2016, 3, 30)
        if "at_least" in mark:
            group = [name for name, facts in AFTER["managers"].items() if facts["cohort"] == mark["group"]]
            assert sum(ends[name] >= mark["at_least"] for name in group) >= mark["count"]


@QUARTERS
def test_the_scenario_has_the_people_of_the_case(quarter: dict):
    scenario = load_scenario(quarter["scenario"])
    assert {name: (spec.cohort, spec.age) for name, spec in scenario.managers.items()} == {
        name: (facts["cohort"], facts["age"]) for name, facts in quarter["managers"].items()
    }
    assert scenario.calendar.days == quarter["days"] == 90
    assert [branch.team_size for branch in scenario.branches.values()] == [7]


def test_tenures_meet_what_is_stated_and_the_rest_is_marked_as_assumed():
    before, after = (load_scenario(quarter["scenario"]).managers for quarter in (BEFORE, AFTER))
    tenures = [spec.tenure_months for spec in before.values()]
    assert (min(tenures), max(tenures)) == tuple(BEFORE["team"]["months_as_manager"].values()) == (6, 77)
    for name, facts in AFTER["managers"].items():
        stated = "months_as_manager" in facts
        assert ("tenure_months" in after[name].assumed) is not stated
        assert not stated or after[name].tenure_months == facts["months_as_manager"]
    for name in "ACE":
        assert after[name].tenure_months == before[name].tenure_months + 12
    assert [name for name, spec in before.items() if "tenure_months" not in spec.assumed] == ["E"]


@QUARTERS
def test_the_policy_has_the_practices_of_the_case(quarter: dict):
    scenario, policy = load_scenario(quarter["scenario"]), load_policy(quarter["policy"])
    check_fit(scenario, policy)
    practices, facts = policy.practices, quarter["practices"]
    assert practices.reporting.every_days == facts["reporting_every_days"]
    assert scenario.calendar.days // practices.reporting.every_days == quarter["reports"]
    if facts["pairing"] == "none":
        assert practices.mentor_pairing.rule == "none"
    else:
        assert [list(pair) for pair in practices.mentor_pairing.pairs] == facts["pairing"]["pairs"]
        assert practices.mentor_pairing.bundled is facts["pairing"]["bundled"]
    if facts["leads"]["mode"] == "self_sourced":
        assert practices.leads.assigned_share == 0
        assert list(practices.leads.channels) == facts["leads"]["channels"]
    else:
        assert 0.3 <= practices.leads.assigned_share <= 0.5  # "nearly half"


def test_an_unknown_case_is_refused_with_the_known_ones():
    from sim.errors import InputError

    assert "changzhou" in list_cases()
    with pytest.raises(InputError, match="Did you mean `changzhou`"):
        load_case("chanzhou")
