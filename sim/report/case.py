"""The facts of a case that can stand beside a run: only if the run's scenario is the one the facts were observed in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from sim.experiments.simulate import Runs
from sim.report.series import weekly_by_manager, week_ends
from sim.world import Scenario, list_cases, load_case


@dataclass(frozen=True)
class Milestone:
    """On a day, the rank-th best of a group had so many accounts (`at_least`: or more). One manager: a group of one."""

    day: date
    managers: tuple[str, ...]
    group: str
    rank: int
    accounts: int
    at_least: bool


@dataclass(frozen=True)
class Facts:
    """What a case counts in one quarter.

    total: accounts of the branch. counts: by manager, where known. ranges: by manager, where only bounds are known.
    sums: of managers known only together. policy: the name of the policy in force when the counts were made.
    """

    quarter: str
    total: int
    policy: str
    counts: dict[str, int]
    ranges: dict[str, tuple[int, int]]
    sums: dict[tuple[str, ...], int]
    milestones: tuple[Milestone, ...]


def facts_for(scenario: Scenario) -> Facts | None:
    """The quarter of a case that was lived in this scenario, by name, people and first day; None if there is none."""
    for case in list_cases():
        for quarter, facts in load_case(case)["quarters"].items():
            start = f"{scenario.timeline.dates[0]:%Y}-Q{(scenario.timeline.dates[0].month + 2) // 3}"
            same_time = quarter == start and scenario.calendar.days == facts["days"]
            if facts["scenario"] == scenario.name and same_time and facts["managers"].keys() == scenario.managers.keys():
                return _facts(quarter, facts)
    return None


def _facts(quarter: str, facts: dict[str, Any]) -> Facts:
    people = facts["managers"]
    counts = {name: about["accounts"] for name, about in people.items() if "accounts" in about}
    return Facts(
        quarter, facts["total"]["accounts"], facts["policy"], counts,
        {name: tuple(about["between"]) for name, about in people.items() if "between" in about},
        {tuple(s["managers"]): s["accounts"] for s in facts["sums"] if not counts.keys() & set(s["managers"])},
        tuple(_milestone(entry, people) for entry in facts.get("milestones", ())),
    )


def _milestone(entry: dict[str, Any], people: dict[str, Any]) -> Milestone:
    """`count` members of a group at so many accounts or more say where the count-th best of them stood."""
    group = entry.get("group", "")
    members = entry.get("managers") or [name for name, about in people.items() if about["cohort"] == group]
    exact = "accounts" in entry
    return Milestone(entry["day"], tuple(members), group, 1 if exact else entry["count"],
                     entry["accounts"] if exact else entry["at_least"], not exact)


def nearest_week(scenario: Scenario, day: date) -> int:
    """The week whose end is nearest to a day: results are kept by week, and the case says no more than `mid` or `early`."""
    return int(np.argmin([abs((end - day).days) for end in week_ends(scenario)]))


def at_milestone(run: Runs, milestone: Milestone) -> np.ndarray:
    """Accounts, one value a replication, of the milestone's rank-th best manager at its day."""
    week = nearest_week(run.scenario, milestone.day)
    weeks = weekly_by_manager(run, "accounts")
    so_far = np.stack([weeks[name][:, : week + 1].sum(axis=1) for name in milestone.managers])
    return np.sort(so_far, axis=0)[-milestone.rank]
