"""Worlds and plans that tests of several chapters share."""

from __future__ import annotations

import signal
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import settings
from profiles import PROFILE

import sim
from sim.policy import Policy, make_policy
from sim.world import Scenario

settings.load_profile(PROFILE)        # repeatable, unless HYPOTHESIS_PROFILE=explore asks for new cases

# A shell that starts the tests in the background has them ignore Ctrl-C, and so would every command that a test starts and interrupts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

WORDS = {"title": {"en": "Test plan", "zh": "测试方案"}, "source": "a test", "effective": "2026-01-01", "author": "tests",
         "status": "assumed"}


@pytest.fixture(scope="session")
def plan() -> Callable[..., Policy]:
    """A policy from elements of pay (and practices): plan(piece={...}, practices={...})."""
    def build(practices: dict[str, Any] | None = None, **pay: dict[str, Any]) -> Policy:
        from datetime import date

        data = {**WORDS, "effective": date(2026, 1, 1), "pay": pay or {"base": {"period": "month", "schedule": {"kind": "fixed", "amount": 5000.0}}}}
        return make_policy({**data, **({"practices": practices} if practices else {})}, "test-plan")
    return build


@pytest.fixture(scope="session")
def changzhou() -> Scenario:
    return sim.load_scenario("changzhou-2015")


@pytest.fixture(scope="session")
def short(changzhou: Scenario) -> Scenario:
    """The Changzhou branch of 2015 for three weeks."""
    return changzhou.with_changes({"calendar.days": 21})


@pytest.fixture(scope="session")
def fact_policy() -> Policy:
    return sim.load_policy("changzhou-2015")


@pytest.fixture(scope="session")
def laboratory(changzhou: Scenario) -> Scenario:
    """Four people alike, who neither learn nor tire of each other: every mechanism off, effort linear in output, cost c E^2 / 2."""
    switched_off = {f"mechanisms.{name}": False for name in changzhou.switches}
    people = {f"branches.{b}.managers.{m}": None for b, branch in changzhou.branches.items() for m in branch.managers if m not in "ABCD"}
    same = {f"branches.{b}.managers.{m}.{key}": value for b in changzhou.branches for m in "ABCD"
            for key, value in (("tenure_months", 12), ("cohort", "veteran"), ("customers", 0))}
    return changzhou.with_changes({
        **switched_off, **people, **same, "parameters.effort_eta": 1.0, "parameters.effort_gamma": 2.0,
        "parameters.effort_cost": 50.0, "parameters.order_pull": 0.0, "parameters.risk_aversion": 0.0, "parameters.intrinsic_per_account": 0.0,
        "parameters.service_duty": 0.0, "parameters.capacity_hours": 20.0, "calendar.holidays": [], "calendar.days": 20,
    })
