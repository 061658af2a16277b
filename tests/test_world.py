"""Scenarios and parameters: what loads, what is refused and with which sentence, and what names a scenario."""

from __future__ import annotations

import pickle
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sim.errors import InputError
from sim.policy import list_policies, load_policy, make_policy
from sim.world import (
    check_fit,
    list_scenarios,
    load_mechanisms,
    load_parameters,
    load_scenario,
    make_scenario,
    write_template,
)
from sim.world.scenario import Scenario

PARAMETERS = """
skill:
  value: {veteran: 0.6, default: 0.3}
  unit: share of full competence
  status: assumed
  source: made up for a test
  range: [0.1, 0.9]
  limits: [0, 1]
  per_manager: true
conversion:
  value: {street: 0.01, network: 0.03}
  unit: chance a contact
  status: calibrated
  source: made up for a test
  range: {street: [0, 0.1], network: [0, 0.2]}
taste:
  value: 0
  unit: CNY
  status: assumed
  source: made up for a test
  range: [-1, 1]
customers_per_manager:
  value: 700
  unit: customers
  status: measured
  source: made up for a test
  range: [40, 1000]
  per_manager: true
"""
MECHANISMS = """
canvassing:
  label: {en: Canvassing, zh: 扫街}
  stage: 3
  doc: Contacts on the street.
  neutral: {conversion: 0}
"""
SCENARIO = """
title: {en: Test, zh: 测试}
source: made up for a test
status: assumed
calendar: {start: 2015-01-01, days: 30, weekends: true}
branches:
  north:
    managers:
      Ann: {cohort: veteran, tenure_months: 50, customers: 10}
      Bob: {cohort: newcomer, tenure_months: 3, overrides: {skill: 0.25}, assumed: [tenure_months], note: guessed}
  south:
    managers:
      Cid: {cohort: newcomer, tenure_months: 8}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of parameters like the library's, small."""
    (tmp_path / "parameters").mkdir()
    (tmp_path / "parameters" / "some.yaml").write_text(PARAMETERS, encoding="utf-8")
    (tmp_path / "parameters" / "mechanisms.yaml").write_text(MECHANISMS, encoding="utf-8")
    return tmp_path


@pytest.fixture
def load(folder: Path) -> Any:
    """Loads the text of a scenario on the small parameters."""

    def load_text(text: str = SCENARIO, name: str = "mine") -> Scenario:
        path = folder / f"{name}.yaml"
        path.write_text(text, encoding="utf-8")
        return load_scenario(path, load_parameters(folder / "parameters"), load_mechanisms(folder / "parameters"))

    return load_text


def sentence(action: Any, *args: Any) -> str:
    """The message of an action that must be refused: one line that ends like a sentence."""
    with pytest.raises(InputError) as error:
        action(*args)
    text = str(error.value)
    assert "\n" not in text and text.endswith((".", "?"))
    return text


# --- parameters -------------------------------------------------------------------------------------------------------


def test_parameters_are_read_with_unit_status_source_and_range(folder: Path):
    parameters = load_parameters(folder / "parameters")
    assert list(parameters) == ["skill", "conversion", "taste", "customers_per_manager"]
    skill = parameters["skill"]
    assert (skill.unit, skill.status, skill.span("veteran"), skill.per_manager) == ("share of full competence", "assumed", (0.1, 0.9), True)
    assert (skill.of("veteran"), skill.of("somebody new")) == (0.6, 0.3)
    assert parameters["conversion"].span("network") == (0, 0.2)
    assert parameters["customers_per_manager"].number == 700 == parameters["customers_per_manager"].of("anything")


def test_a_vector_is_no_single_number_and_has_no_unknown_entries(folder: Path):
    conversion = load_parameters(folder / "parameters")["conversion"]
    assert "one number" in sentence(lambda: conversion.number)
    assert "Did you mean `street`" in sentence(conversion.of, "streets")


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("status: calibrated", "status: guessed", "conversion: status: found the text \"guessed\"; expected one of measured, calibrated, assumed"),
        ("  unit: CNY\n", "", "taste: unit: found nothing; expected"),
        ("unit: CNY", "unit: ''", "taste: unit: found an empty text"),
        ("  source: made up for a test\n  range: [-1, 1]", "  range: [-1, 1]", "taste: source: found nothing"),
        ("  range: [-1, 1]\n", "", "taste: range: found nothing"),
        ("range: [-1, 1]", "range: [1, -1]", "taste.range: found [1, -1]; expected low before high"),
        ("range: [-1, 1]", "range: [0.5, 1]", "taste.value: found 0; expected its range, 0.5 to 1"),
        ("range: [-1, 1]", "range: [-1]", "taste: range"),
        ("range: [-1, 1]", "range: {street: [0, 1]}", "taste.range: found an unknown entry `street`"),
        ("range: {street: [0, 0.1], network: [0, 0.2]}", "range: {street: [0, 0.1]}", "no range for `network`"),
        ("value: 700", "value: true", "customers_per_manager: value: found true; expected a number"),
        ("value: 700", "value: '700'", "customers_per_manager: value: found the text \"700\"; expected a number"),
        ("value: 700", "value: .nan", "a finite number"),
        ("value: 700", "value: 700\n  vlaue: 3", "customers_per_manager: vlaue: found an unknown key. Did you mean `value`?"),
        ("value: 700", "value: 700\n  overridden: true", "overridden: found an unknown key"),
        ("value: {street: 0.01,", "value: {street: 0.01, status: 1,", "an entry called `status`"),
        ("value: {street: 0.01,", "value: {street: yes,", "conversion: value.street: found the text \"yes\"; expected a number"),
        ("limits: [0, 1]", "limits: [0, 0.5]", "skill.range.veteran: found 0.9; expected 0 to 0.5"),
        ("taste:", "skill:", "this key a second time"),
        ("taste:\n  value: 0", "spare: 3\ntaste:\n  value: 0", "spare: found 3; expected a mapping of fields"),
    ],
)
def test_a_bad_parameter_file_is_refused(folder: Path, old: str, new: str, expected: str):
    assert old in PARAMETERS
    (folder / "parameters" / "some.yaml").write_text(PARAMETERS.replace(old, new, 1), encoding="utf-8")
    text = sentence(load_parameters, folder / "parameters")
    assert expected in text and "some.yaml" in text


def test_a_parameter_defined_in_two_files_is_refused(folder: Path):
    (folder / "parameters" / "zebra.yaml").write_text(PARAMETERS, encoding="utf-8")
    assert re.search(r"zebra.yaml: skill: found a second definition; expected the one in .*some.yaml alone", sentence(load_parameters, folder / "parameters"))


def test_an_edited_parameter_file_is_read_again(folder: Path):
    assert load_parameters(folder / "parameters")["taste"].number == 0
    (folder / "parameters" / "some.yaml").write_text(PARAMETERS.replace("value: 0\n", "value: 0.5\n"), encoding="utf-8")
    assert load_parameters(folder / "parameters")["taste"].number == 0.5


def test_the_librarys_parameters_have_sources_and_values_inside_their_ranges():
    parameters = load_parameters()
    assert "customers_per_manager" in parameters
    for name, parameter in parameters.items():
        assert re.fullmatch(r"[a-z][a-z0-9_]*", name)
        for entry, value in parameter.entries():
            low, high = parameter.span(entry)
            assert low <= value <= high and low < high, name


def test_the_librarys_mechanisms_rest_on_parameters_each_its_own():
    parameters, used = load_parameters(), set()
    for mechanism in load_mechanisms().values():
        assert mechanism.neutral.keys() <= parameters.keys() and not mechanism.neutral.keys() & used
        used |= mechanism.neutral.keys()


# --- the library's scenarios ------------------------------------------------------------------------------------------


def test_the_library_holds_these_scenarios():
    assert list_scenarios() == ["branch", "business-lending", "c16-branch", "changzhou-2015", "changzhou-2016", "lending-three-years",
                                "national-bank", "retail-branch", "retail-branch-full", "rural-branch"]


def test_the_neutral_branch_has_twelve_people_of_mixed_tenure():
    branch = load_scenario("branch")
    assert list(branch.managers) == [f"M{n:02d}" for n in range(1, 13)]
    assert sorted({spec.cohort for spec in branch.managers.values()}) == ["newcomer", "veteran"]
    assert len({spec.tenure_months for spec in branch.managers.values()}) == 12
    assert branch.timeline.days == 63 and not branch.calendar.holidays and not branch.calendar.weekends


def test_every_scenario_shares_one_set_of_parameters():
    """But for the rural cooperative, whose customers and loans are of another size; others may say who their customers are and how they borrow."""
    own = {"retail-branch-full": {"segment_share"}, "national-bank": {"customers_per_manager"}, **dict.fromkeys(("business-lending", "lending-three-years"), {
        "segment_share", "customers_per_manager", "loan_rate", "loan_median"})}
    for name in set(list_scenarios()) - {"c16-branch", "rural-branch"}:
        scenario = load_scenario(name)                   # what stands idle by default has to be turned on by somebody
        turned_on = {key for key in scenario.parameters if name == "retail-branch" and load_parameters()[key].value in (0, 1)}
        assert set(scenario.parameters) - own.get(name, set()) == turned_on, name


def test_loading_twice_gives_the_same_digest_and_scenarios_differ():
    digests = {name: load_scenario(name).digest for name in list_scenarios()}
    assert digests == {name: load_scenario(name).digest for name in list_scenarios()}
    assert len(set(digests.values())) == len(digests) and all(re.fullmatch("[0-9a-f]{16}", digest) for digest in digests.values())


def test_a_digest_is_the_same_in_another_process():
    code = "import sim.world; print(sim.world.load_scenario('branch').digest)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[1], env={"PYTHONHASHSEED": "7"})
    assert run.stdout.strip() == load_scenario("branch").digest


def test_importing_the_world_is_light():
    code = "import sys, sim.world; print([m for m in ('pandas', 'numba', 'mesa', 'matplotlib', 'scipy') if m in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[1])
    assert run.stdout.strip() == "[]"


# --- a scenario of one's own ------------------------------------------------------------------------------------------


def test_values_come_from_the_manager_then_the_cohort_then_the_default(load: Any):
    scenario = load()
    assert [scenario.value("skill", manager=name) for name in ("Ann", "Bob", "Cid")] == [0.6, 0.25, 0.3]
    assert [scenario.customers(name) for name in ("Ann", "Bob", "Cid")] == [10, 700, 700]
    assert scenario.value("conversion", "network") == 0.03
    assert (scenario.name, scenario.cohorts, list(scenario.managers)) == ("mine", ("veteran", "newcomer"), ["Ann", "Bob", "Cid"])


def test_unknown_names_are_refused_with_the_nearest(load: Any):
    scenario = load()
    assert "Did you mean `skill`" in sentence(scenario.parameter, "skil")
    assert "Did you mean `canvassing`" in sentence(scenario.mechanism, "canvasing")
    assert "Did you mean `Bob`" in sentence(scenario.customers, "Rob")


def test_an_override_says_where_it_comes_from(load: Any):
    scenario = load(SCENARIO + "parameters:\n  conversion: {street: 0.02}\n  taste: {value: -1, status: measured, source: a survey}\n")
    conversion, taste = scenario.parameter("conversion"), scenario.parameter("taste")
    assert conversion.value == {"street": 0.02, "network": 0.03}
    assert (conversion.status, conversion.source, conversion.overridden) == ("assumed", "scenario mine", True)
    assert (taste.number, taste.status, taste.source) == (-1, "measured", "a survey")
    assert not scenario.parameter("skill").overridden


def test_one_number_sets_every_entry_and_new_cohorts_may_be_named(load: Any):
    scenario = load(SCENARIO + "parameters: {conversion: 0.05, skill: {newcomer: 0.1}}\n")
    assert scenario.parameter("conversion").value == {"street": 0.05, "network": 0.05}
    assert scenario.value("skill", manager="Cid") == 0.1


def test_values_beyond_the_plausible_range_but_within_limits_are_taken(load: Any):
    assert load(SCENARIO + "parameters: {skill: 1.0, customers_per_manager: 5}\n").value("skill", "veteran") == 1


def test_switching_a_mechanism_off_puts_its_neutral_values_in_force(load: Any):
    on, off = load(), load(SCENARIO + "mechanisms: {canvassing: false}\n")
    assert (on.switches, off.switches) == ({"canvassing": True}, {"canvassing": False})
    assert (on.effective("conversion", "street"), off.effective("conversion", "street")) == (0.01, 0)
    assert off.effective("skill", manager="Ann") == on.effective("skill", manager="Ann") == 0.6
    assert off.value("conversion", "street") == 0.01
    assert on.digest != off.digest


def test_an_extending_file_changes_what_it_names(load: Any, folder: Path):
    base = load(SCENARIO + "parameters:\n  conversion: {value: {street: 0.02, network: 0.04}, status: measured, source: a count}\n", "base")
    child = load(
        "title: {en: Child, zh: 子}\nstatus: proposed\nextends: base.yaml\ncalendar: {days: 10}\n"
        "branches: {north: {managers: {Ann: null, Bob: {tenure_months: 30}}}}\nparameters: {conversion: {street: 0.03}}\n",
        "child",
    )
    assert child.files == (str(folder / "child.yaml"), str(folder / "base.yaml"))
    assert (child.title.en, child.source, child.status, child.calendar.days, child.calendar.weekends) == ("Child", base.source, "proposed", 10, True)
    assert list(child.managers) == ["Bob", "Cid"]
    assert child.managers["Bob"].tenure_months == 30
    assert child.managers["Bob"].assumed == ("tenure_months",)  # a guess until the file says otherwise
    assert child.managers["Bob"].note is None  # the reason for the former value is not that of the new one
    conversion = child.parameter("conversion")
    assert conversion.value == {"street": 0.03, "network": 0.04}
    assert (conversion.status, conversion.source) == ("assumed", "scenario child")


def test_a_scenario_can_extend_one_of_the_library(tmp_path: Path):
    path = tmp_path / "short.yaml"
    path.write_text("title: {en: Short, zh: 短}\nstatus: proposed\nextends: branch\ncalendar: {days: 5}\n", encoding="utf-8")
    assert load_scenario(path).files == (str(path), "data/scenarios/branch.yaml")
    assert len(load_scenario(path).managers) == 12


def test_data_at_hand_makes_the_same_scenario_as_a_file(load: Any, folder: Path):
    from sim.reading import parse_yaml

    made = make_scenario(parse_yaml(SCENARIO, "text"), "mine", load_parameters(folder / "parameters"), load_mechanisms(folder / "parameters"))
    assert made.digest == load().digest


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("days: 30", "dyas: 30", "calendar.dyas: found an unknown key. Did you mean `days`?"),
        ("days: 30", "days: 0", "calendar.days: found 0; expected 1 or more (days worked)"),
        ("days: 30", "days: 30.5", "calendar.days: found 30.5; expected a whole number"),
        ("days: 30", "days: 1000000", "calendar.days: found 1000000; expected 3660 or less"),
        ("weekends: true", "weekends: 1", "calendar.weekends: found 1; expected true or false"),
        ("start: 2015-01-01", "start: spring", "calendar.start: found the text \"spring\"; expected a date"),
        ("start: 2015-01-01", "start: 2015-02-30", "expected a day that exists"),
        ("start: 2015-01-01", "start: 9999-12-31", "calendar.start: found 9999-12-31; expected a day between 1900 and 2200"),
        ("weekends: true", "weekends: true, holidays: [{start: 2015-01-02, days: 1, demand: 1.5, name: {en: X, zh: 某}}]",
         "calendar.holidays.#1.demand: found 1.5; expected 1 or less"),
        ("cohort: veteran, ", "", "branches.north.managers.Ann.cohort: found nothing"),
        ("tenure_months: 50", "tenure_months: -1", "branches.north.managers.Ann.tenure_months: found -1; expected 0 or more"),
        ("tenure_months: 50", "tenure_months: .nan", "expected a finite number"),
        ("tenure_months: 50", "tenure: 50", "Ann.tenure: found an unknown key. Did you mean `tenure_months`?"),
        ("customers: 10", "customers: -10", "Ann.customers: found -10; expected 0 or more"),
        ("Ann:", "A.nn:", "found the text \"A.nn\"; expected"),
        ("Cid:", "Ann:", "branches.south.managers.Ann: found a name also used in branch north; expected names that are unique"),
        ("overrides: {skill: 0.25}", "overrides: {skil: 0.25}", "overrides.skil: found an unknown parameter; expected one that may differ between managers. Did you mean `skill`?"),
        ("overrides: {skill: 0.25}", "overrides: {taste: 0.25}", "overrides.taste: found a parameter that holds for everybody"),
        ("overrides: {skill: 0.25}", "overrides: {skill: 1.25}", "overrides.skill: found 1.25; expected 0 to 1 (share of full competence)"),
        ("assumed: [tenure_months]", "assumed: [age]", "Bob.assumed: found age, which is not given"),
        ("assumed: [tenure_months]", "assumed: [wage]", "Bob.assumed.#1: found the text \"wage\""),
        ("source: made up for a test", "sauce: made up", "sauce: found an unknown key. Did you mean `source`?"),
        ("branches:", "parameters: {skil: 1}\nbranches:", "parameters.skil: found an unknown parameter. Did you mean `skill`?"),
        ("branches:", "parameters: {skill: -0.1}\nbranches:", "parameters.skill: found -0.1; expected 0 to 1"),
        ("branches:", "parameters: {customers_per_manager: -1}\nbranches:", "found -1; expected 0 or more (customers)"),
        ("branches:", "parameters: {customers_per_manager: {street: 1}}\nbranches:", "found a mapping (street); expected one number"),
        ("branches:", "parameters: {conversion: {steet: 0.1}}\nbranches:", "parameters.conversion.steet: found an unknown entry. Did you mean `street`?"),
        ("branches:", "parameters: {taste: low}\nbranches:", "parameters.taste.value: found the text \"low\"; expected a number"),
        ("branches:", "mechanisms: {canvasing: false}\nbranches:", "mechanisms.canvasing: found an unknown mechanism. Did you mean `canvassing`?"),
        ("branches:", "mechanisms: {canvassing: off}\nbranches:", "mechanisms.canvassing: found the text \"off\"; expected true or false"),
        ("title: {en: Test, zh: 测试}", "title: {en: Test}", "title.zh: found nothing"),
        ("status: assumed", "status: assumed\nname: other", "name: found an unknown key"),
        ("status: assumed", "status: assumed\nextends: ../other.yaml", "extends: found \"../other.yaml\", which lies outside this folder"),
        ("status: assumed", "status: assumed\nextends: brunch", "Did you mean `branch`?"),
        ("status: assumed", "status: assumed\nextends: mine.yaml", "extends this file in turn"),
        ("status: assumed", "status: assumed\nschema_version: 2", "schema_version: found 2"),
    ],
)  # fmt: skip
def test_a_bad_scenario_is_refused(load: Any, old: str, new: str, expected: str):
    assert old in SCENARIO
    text = sentence(load, SCENARIO.replace(old, new, 1))
    assert expected in text and "mine.yaml" in text


def test_a_branch_without_managers_is_refused(load: Any):
    assert "branches.north.managers" in sentence(load, SCENARIO[: SCENARIO.index("      Ann")].replace("managers:", "managers: {}"))


def test_a_cohort_no_parameter_knows_is_refused(folder: Path, load: Any):
    path = folder / "parameters" / "some.yaml"
    path.write_text(PARAMETERS.replace("default: 0.3", "newcomer: 0.3"), encoding="utf-8")
    load()
    text = sentence(load, SCENARIO.replace("Cid: {cohort: newcomer", "Cid: {cohort: newcomers"))
    assert "Cid.cohort: found `newcomers`, about which skill says nothing" in text and "Did you mean `newcomer`?" in text


def test_an_error_names_the_file_it_lies_in(load: Any):
    load(SCENARIO, "base")
    text = sentence(load, "title: {en: C, zh: 子}\nstatus: proposed\nextends: base.yaml\nparameters: {skill: 7}\n", "child")
    assert "child.yaml: parameters.skill" in text


def test_unknown_scenarios_are_refused_with_the_nearest(tmp_path: Path):
    assert "Did you mean `changzhou-2015`" in sentence(load_scenario, "changzhou-205")
    assert "no such file" in sentence(load_scenario, tmp_path / "none.yaml")
    assert "a folder" in sentence(load_scenario, tmp_path)
    (tmp_path / "empty.yaml").write_text("")
    assert "an empty file" in sentence(load_scenario, tmp_path / "empty.yaml")


# --- changes, digests, ledger -----------------------------------------------------------------------------------------


def test_changes_by_dotted_keys(load: Any):
    scenario = load(SCENARIO + "parameters: {conversion: 0.05}\n")
    changed = scenario.with_changes({"calendar.days": 7, "parameters.conversion.street": 0.02, "parameters.skill.newcomer": 0.1,
                                     "branches.north.managers.Ann": None, "branches.south.managers.Cid.customers": 3,
                                     "mechanisms.canvassing": False})  # fmt: skip
    assert changed.timeline.days == 7 and list(changed.managers) == ["Bob", "Cid"] and changed.customers("Cid") == 3
    assert changed.parameter("conversion").value == {"street": 0.02, "network": 0.05}
    assert changed.value("skill", manager="Cid") == 0.1 and not changed.mechanism("canvassing")
    assert changed.name == f"mine~{changed.digest[:6]}" and changed.files == scenario.files
    assert scenario.timeline.days == 30 and scenario.value("conversion", "street") == 0.05  # the first is untouched


def test_a_change_taken_back_restores_the_digest(load: Any):
    scenario = load()
    there = scenario.with_changes({"parameters.taste": 0.5})
    assert there.digest != scenario.digest
    assert there.with_changes({"parameters.taste": None}).digest == scenario.digest
    assert scenario.with_changes({}).name == "mine"
    assert scenario.with_changes({"calendar.days": 9}, name="short").name == "short"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"calendar.dayz": 3}, "mine (changed): calendar.dayz: found an unknown key. Did you mean `days`?"),
        ({"calendar.days": True}, "calendar.days: found true; expected a whole number"),
        ({"parameters.skill": float("nan")}, "expected a finite number"),
        ({"parameters.skill": -1}, "parameters.skill: found -1; expected 0 to 1"),
        ({"calendar.days.more": 3}, "expected something that holds `more`"),
    ],
)
def test_bad_changes_are_refused(load: Any, change: dict[str, Any], expected: str):
    assert expected in sentence(load().with_changes, change)


def test_the_digest_moves_with_what_moves_the_model_and_with_nothing_else(load: Any):
    digest = load().digest
    same = [("en: Test", "en: Toast"), ("source: made up for a test", "source: a survey"), ("note: guessed", "note: asked"),
            ("assumed: [tenure_months], ", ""), ("tenure_months: 50", "tenure_months: 50.0"), ("start: 2015-01-01", "start: '2015-01-01'")]  # fmt: skip
    other = [("days: 30", "days: 31"), ("weekends: true", "weekends: false"), ("Ann:", "Anna:"), ("tenure_months: 50", "tenure_months: 51"),
             ("customers: 10", "customers: 11"), ("skill: 0.25", "skill: 0.26"), ("cohort: veteran", "cohort: newcomer"),
             ("branches:", "parameters: {taste: 0.1}\nbranches:"), ("2015-01-01", "2015-01-02")]  # fmt: skip
    for old, new in same:
        assert load(SCENARIO.replace(old, new)).digest == digest, new
    for old, new in other:
        assert load(SCENARIO.replace(old, new)).digest != digest, new
    assert load(SCENARIO, "another").digest == digest


def test_scenarios_are_frozen_and_travel_between_processes(load: Any):
    scenario = load()
    with pytest.raises(ValueError, match="frozen"):
        scenario.name = "other"
    copy = pickle.loads(pickle.dumps(scenario))
    assert copy == scenario and copy.digest == scenario.digest and copy.with_changes({"calendar.days": 3}).timeline.days == 3


def test_the_ledger_lists_every_value_with_its_standing(load: Any):
    text = SCENARIO.replace("weekends: true", "weekends: true, holidays: [{start: 2015-01-02, days: 1, demand: 0.5, name: {en: X, zh: 某}, note: a guess}]")
    ledger = load(text + "parameters: {taste: 0.5}\n").ledger()
    assert list(ledger.columns) == ["name", "value", "unit", "status", "source", "low", "high", "overridden"]
    rows = ledger.set_index("name")
    assert rows.index.is_unique
    assert rows.index.tolist() == [
        "skill.veteran", "skill.default", "conversion.street", "conversion.network", "taste", "customers_per_manager",
        "branches.north.managers.Bob.overrides.skill", "branches.north.managers.Bob.tenure_months", "calendar.holidays.#1.demand",
    ]  # fmt: skip
    assert rows.loc["taste", ["value", "source", "overridden"]].tolist() == [0.5, "scenario mine", True]
    assert rows.loc["conversion.network", ["low", "high", "status"]].tolist() == [0.0, 0.2, "calibrated"]
    assert rows.loc["branches.north.managers.Bob.tenure_months", ["value", "unit", "status", "source"]].tolist() == [3, "months", "assumed", "guessed"]
    assert (ledger["unit"] != "").all() and (ledger["source"] != "").all()


def test_the_changzhou_ledger_tells_which_tenures_are_assumed():
    names = load_scenario("changzhou-2015").ledger()["name"]
    assert sorted(name.split(".")[3] for name in names if name.endswith("tenure_months")) == list("ABCDFG")


# --- policies in scenarios --------------------------------------------------------------------------------------------

SCHEME = {"title": {"en": "X", "zh": "某"}, "extends": "fixed-pay", "status": "proposed"}


def scheme(**practices: Any) -> Any:
    return make_policy({**SCHEME, "practices": practices}, "scheme")


def test_the_librarys_policies_fit_the_scenario_they_are_made_for():
    before, neutral = load_scenario("changzhou-2015"), load_scenario("branch")
    fitting = [name for name in list_policies() if name.startswith(("fixed", "performance")) or name == "changzhou-2015"]
    assert len(fitting) >= 11
    for name in fitting:
        check_fit(before, load_policy(name))
    for name in ("fixed-pay", "performance-pay", "fixed-solo-weekly", "performance-solo-daily", "changzhou-2016"):
        check_fit(neutral, load_policy(name))


def test_a_policy_that_names_somebody_unknown_is_refused():
    text = sentence(check_fit, load_scenario("changzhou-2016"), load_policy("changzhou-2015"))
    assert text.startswith("policies/changzhou-2015.yaml: practices.mentor_pairing.pairs: found `B`; expected a manager of the scenario changzhou-2016")
    branch = load_scenario("branch")
    assert "found `M1`; expected a manager of the scenario branch. Did you mean" in sentence(check_fit, branch, scheme(mentor_pairing={"rule": "named", "pairs": [["M1", "M12"]]}))
    assert "practices.reporting.visible: found `M99`" in sentence(check_fit, branch, scheme(reporting={"visible": [["M01", "M99"]]}))
    assert "practices.norm.status: found `newcomr`" in sentence(check_fit, branch, scheme(norm={"status": {"newcomr": 2}}))


def test_pairs_across_branches_are_refused(load: Any):
    scenario = load(SCENARIO)
    check_fit(scenario, scheme(mentor_pairing={"rule": "named", "pairs": [["Ann", "Bob"]]}))
    assert "Ann of branch north with Cid of branch south" in sentence(
        check_fit, scenario, scheme(mentor_pairing={"rule": "named", "pairs": [["Ann", "Cid"]]})
    )
    assert "two managers of one branch" in sentence(check_fit, scenario, scheme(reporting={"visible": [["Ann", "Cid"]]}))


def test_a_cohort_without_members_is_fine_beside_one_that_has_some(load: Any):
    newcomers = load(SCENARIO.replace("cohort: veteran", "cohort: newcomer"))
    check_fit(newcomers, scheme(norm={"status": {"veteran": 3, "newcomer": 1}}))
    others = load(SCENARIO.replace("cohort: veteran", "cohort: senior").replace("cohort: newcomer", "cohort: junior"))
    assert "found `veteran`" in sentence(check_fit, others, scheme(norm={"status": {"veteran": 3, "newcomer": None}}))


# --- templates --------------------------------------------------------------------------------------------------------


def test_the_template_loads_and_fits(tmp_path: Path):
    files = write_template(tmp_path / "new" / "branch")
    assert [path.name for path in files] == ["my-branch.yaml", "my-policy.yaml", "all-settings.yaml", "README.md"]
    scenario = load_scenario(files[0])
    for policy in [*files[1:3], "fixed-pay", "performance-pay"]:
        check_fit(scenario, load_policy(policy))


def test_the_remarks_in_the_template_are_right(tmp_path: Path):
    """What stands there as a remark may be used: the longer forms of `parameters` and `mechanisms`."""
    path = write_template(tmp_path)[0]
    text = path.read_text(encoding="utf-8").replace("parameters: {}\n# parameters:\n#  ", "parameters:\n  ")
    text = text.replace("mechanisms: {}\n# mechanisms:\n#  ", "mechanisms:\n  ")
    path.write_text(text, encoding="utf-8")
    scenario = load_scenario(path)
    assert scenario.parameters and scenario.mechanisms


def test_a_template_replaces_nothing(tmp_path: Path):
    (tmp_path / "README.md").write_text("mine")
    assert "README.md: found a file already there" in sentence(write_template, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["README.md"]
    assert (tmp_path / "README.md").read_text() == "mine"


def test_a_template_needs_a_folder_and_a_known_kind(tmp_path: Path):
    (tmp_path / "file").write_text("")
    assert "cannot be written to" in sentence(write_template, tmp_path / "file")
    assert "Did you mean `scenario`" in sentence(write_template, tmp_path / "new", "scenarios")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("slip", ["Veteran", "newcommer", "veterans"])
def test_a_cohort_that_is_nearly_a_known_one_is_taken_for_a_slip(slip):
    with pytest.raises(InputError, match="Did you mean `(veteran|newcomer)`"):
        load_scenario("branch").with_changes({"branches.branch.managers.M01.cohort": slip})


def test_a_cohort_of_ones_own_takes_the_defaults():
    scenario = load_scenario("branch").with_changes({"branches.branch.managers.M01.cohort": "junior"})
    assert scenario.value("intrinsic_per_account", manager="M01") == scenario.parameter("intrinsic_per_account").of("default")


def test_a_value_called_measured_says_where_it_comes_from():
    with pytest.raises(InputError, match="source: found nothing; expected where the measured value comes from"):
        load_scenario("branch").with_changes({"parameters.churn_yearly": {"value": 0.08, "status": "measured"}})
