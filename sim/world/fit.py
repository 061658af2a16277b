"""Whether a policy can be tried in a scenario: the people and cohorts it names must be there."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from sim.errors import InputError, nearest
from sim.world.catalogue import MEASURES_IN_FULL
from sim.world.parameters import DEFAULT

if TYPE_CHECKING:
    from sim.world.scenario import Scenario

PAIRS, VISIBLE, STATUS = "practices.mentor_pairing.pairs", "practices.reporting.visible", "practices.norm.status"
SPANS = "portfolios.spans"


def check_fit(scenario: Scenario, policy: Any) -> None:
    """Refuse a policy that names a manager or a cohort the scenario lacks, or pairs people of two branches, or pays in a way that is
    not simulated.

    A cohort without a member is accepted beside one that has members, if the parameters know it: a branch of newcomers
    only is still a branch to which the library's policies apply. policy: a ``Policy``, read but not imported here.
    """
    from sim.policy.schedule import not_simulated

    file = policy.files[0] if policy.files else policy.name
    for place, what in (*not_simulated(policy, counted(scenario)), *_rent_beyond(scenario, policy)):
        raise InputError(file, place, found=what, expected="pay that can be simulated; this plan can be back-tested on records "
                         "(`incentivelab backtest`)")
    _check_marks(scenario, policy, file)
    for place, name in _managers_named(policy):
        _check(name, scenario.managers, file, place, f"a manager of the scenario {scenario.name}")
    for place, one, other in _pairs_named(policy):
        _check_one_branch(scenario, one, other, file, place)
    cohorts = tuple(policy.practices.norm.status)
    some_present = any(cohort in scenario.cohorts for cohort in cohorts)
    known = {*scenario.cohorts, *_cohorts_of_parameters(scenario)} if some_present else scenario.cohorts
    for cohort in cohorts:
        _check(cohort, known, file, STATUS, f"a cohort of the scenario {scenario.name}")
    spans = policy.portfolios.spans if policy.portfolios else {}
    segments = [name for name, share in scenario.parameter("segment_share").entries() if share > 0.0] if spans else []
    for segment in spans:
        _check(segment, segments, file, SPANS, f"a segment with customers in the scenario {scenario.name}")


def _check_marks(scenario: Scenario, policy: Any, file: str) -> None:
    """Refuse grades and rules about people that ask for what nobody counts here."""
    for measure, known in marks_beyond(scenario, policy):
        raise InputError(file, "people", found=f"a mark in {measure}", hint=nearest(measure, known),
                         expected=f"a measure that is counted in the scenario {scenario.name}")


def marks_beyond(scenario: Scenario, policy: Any) -> Iterator[tuple[str, Collection[str]]]:
    """Measures of marks that nobody counts here, each with those that are."""
    from sim.policy.counting import Counting

    people, counting = policy.people, Counting(policy, counted(scenario))
    if people is None:
        return
    asked = [marks for grade in people.grades for marks in (grade.keep, grade.rise)]
    for marks in (*asked, people.startup, people.training.passing if people.training else None):
        yield from ((mark.measure, counting.measures) for mark in (marks.marks if marks else ()) if not counting.knows(mark.measure))


def _rent_beyond(scenario: Scenario, policy: Any) -> Iterator[tuple[str, str]]:
    """Targets by portfolio are compared within a branch."""
    for name, element in policy.elements().items() if len(scenario.branches) > 1 else ():
        for target in (element.target, *(reading.target for reading in element.readings())):
            if target is not None and target.rent is not None and target.rent.among == "everybody":
                yield f"pay.{name}", "a rent among everybody, in a scenario of several branches, which are simulated apart"


def check_counted(scenario: Scenario, policy: Any) -> None:
    """Refuse to simulate pay by sales where customers are in their short form and nothing is sold to them."""
    file = policy.files[0] if policy.files else policy.name
    for name, element in policy.pay.items():
        counted_here = element.measure not in MEASURES_IN_FULL or element.measure in policy.stand_ins
        if not counted_here and not scenario.switches.get("full_customers", True):
            raise InputError(file, f"pay.{name}.measure", found=f"`{element.measure}`, which nobody counts in the scenario {scenario.name}",
                             expected="a scenario with customers in full (mechanism full_customers), such as retail-branch-full")


def counted(scenario: Scenario) -> tuple[str, ...]:
    """What pay can count in this scenario: nothing of loans where nobody borrows, nothing of sales where customers are in their short form."""
    from sim.engine.state import CREDIT_MEASURES, PAY_MEASURES

    in_full, lends = scenario.switches.get("full_customers", False), scenario.switches.get("credit", False)
    idle = {*(() if lends else CREDIT_MEASURES), *(() if in_full else MEASURES_IN_FULL)}
    if in_full:
        idle.discard("deposits")                  # those in the books; with loans, the ledger's
    return tuple(name for name in PAY_MEASURES if name not in idle)


def _pairs_named(policy: Any) -> Iterator[tuple[str, str, str]]:
    for mentor, mentee in policy.practices.mentor_pairing.pairs or ():
        yield PAIRS, mentor, mentee
    visible = policy.practices.reporting.visible
    if not isinstance(visible, str):
        for seer, seen in visible:
            yield VISIBLE, seer, seen


def _managers_named(policy: Any) -> Iterator[tuple[str, str]]:
    for place, one, other in _pairs_named(policy):
        yield place, one
        yield place, other


def _cohorts_of_parameters(scenario: Scenario) -> set[str]:
    """Cohorts that parameters tell apart, those without members here among them."""
    vectors = [set(p.value) for p in scenario.resolved.values() if isinstance(p.value, dict)]
    by_cohort = [entries for entries in vectors if DEFAULT in entries or entries.intersection(scenario.cohorts)]
    return set().union(*by_cohort) - {DEFAULT}


def _check(name: str, known: Iterable[str], file: str, place: str, expected: str) -> None:
    if name not in known:
        raise InputError(file, place, found=f"`{name}`", expected=expected, hint=nearest(name, known))


def _check_one_branch(scenario: Scenario, one: str, other: str, file: str, place: str) -> None:
    home = {name: id_ for id_, branch in scenario.branches.items() for name in branch.managers}
    if home[one] != home[other]:
        found = f"{one} of branch {home[one]} with {other} of branch {home[other]}"
        raise InputError(file, place, found=found, expected="two managers of one branch, since managers meet within theirs")
