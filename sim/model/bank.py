"""`BankModel`: a scenario under a policy, one replication, day by day, with hooks before and after days and stages."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import mesa
import numpy as np

from sim.engine.state import PAY_MEASURES
from sim.errors import InputError, nearest
from sim.experiments.simulate import check_numbers, loaded
from sim.model.agents import Manager, Team
from sim.model.customers import Customers
from sim.policy import Policy
from sim.policy.schedule import pay_tables
from sim.world import Scenario, check_counted, check_fit

Hook = Callable[["BankModel"], Any]
StageHook = Callable[[Team], Any]


class BankModel(mesa.Model):
    """A scenario under a policy (objects, names or paths), day by day: one replication, step by step.

    `step()` lives one day of every branch; `running` is False after the last. before_day, after_day: functions called with the model,
    which may look at and change any agent; `before` and `after` do the same between the stages of a branch's day. The same seed and
    replication give what `simulate` gives. reporters: what `mesa.DataCollector` takes. `rng` and `random`, for draws of hooks, differ from
    replication to replication and leave the engine's draws alone. Errors: InputError.

    For `mesa.batch_run` pass `replication=range(n)`: its `iterations` would live the same days again.
    """

    def __init__(self, scenario: Scenario | str | Path, policy: Policy | str | Path, seed: int = 1, replication: int = 0,
                 before_day: Hook | None = None, after_day: Hook | None = None,
                 reporters: dict[str, dict[str, Any]] | None = None) -> None:
        scenario, policy = loaded(scenario, policy)              # type: ignore[arg-type]
        check_numbers(1, seed, 1)
        if isinstance(replication, bool) or not isinstance(replication, (int, np.integer)) or replication < 0:
            raise InputError("replication", found=repr(replication), expected="a whole number, 0 or more")
        check_counted(scenario, policy)
        check_fit(scenario, policy)
        super().__init__(seed=int(np.random.SeedSequence([seed, int(replication)]).generate_state(1, np.uint64)[0]))   # draws of hooks
        self.scenario, self.policy, self.master_seed, self.replication = scenario, policy, seed, replication
        elements, merged = pay_tables(policy, PAY_MEASURES)
        framed = import_module("sim.policy.framing").framed      # found at run time, since it calls a rule
        self.pay = elements, framed(merged, policy, scenario.effective("loss_aversion"))
        self.stages: list[str] = [name for _, name, _ in import_module("sim.engine.day").STAGES]
        self.timeline = scenario.timeline
        self.before_day, self.after_day = before_day, after_day
        self._after: dict[int, list[StageHook]] = {}             # by the number of stages lived by then
        self._before: dict[int, list[StageHook]] = {}
        self.day = 0
        self.teams = [Team(self, name, copy) for name, branch in scenario.branches.items() for copy in range(1, branch.copies + 1)]
        self.datacollector = mesa.DataCollector(**(reporters or {
            "model_reporters": {name: lambda m, name=name: sum(getattr(team, name) for team in m.teams) for name in ("accounts", "pay")},
            "agenttype_reporters": {Manager: {"name": "name", "accounts": "accounts", "effort": "effort", "pressure": "pressure"}},
        }))

    @property
    def managers(self) -> mesa.agent.AgentSet:
        """Every manager of every branch."""
        return self.agents_by_type[Manager]

    @property
    def customers(self) -> Customers:
        """Every customer of every branch who has not left."""
        return Customers([part for team in self.teams for part in team.customers._parts])

    @property
    def today(self) -> int:
        """The day that is being lived or comes next, at most the calendar's last (0-based)."""
        return min(self.day, self.timeline.days - 1)

    def before(self, stage: str, function: StageHook) -> StageHook:
        """Call the function with each branch's `Team` right before a stage of every day. stage: a name in `stages`. Errors: InputError."""
        self._before.setdefault(self._place(stage), []).append(function)
        return function

    def after(self, stage: str, function: StageHook) -> StageHook:
        """The same right after the stage."""
        self._after.setdefault(self._place(stage) + 1, []).append(function)
        return function

    def _place(self, stage: str) -> int:
        if stage not in self.stages:
            raise InputError("stage", found=f"`{stage}`", expected="a stage of the day", hint=nearest(stage, self.stages))
        return self.stages.index(stage)

    def step(self) -> None:
        """One day of every branch. Errors: InputError after the calendar's last day."""
        if self.day >= self.timeline.days:
            raise InputError("step", found="a step after the calendar's last day", expected=f"at most {self.timeline.days} steps")
        if self.before_day:
            self.before_day(self)
        for team in self.teams:
            self._live(team)
        if self.after_day:
            self.after_day(self)
        self.datacollector.collect(self)
        self.day += 1
        if self.day >= self.timeline.days:
            for team in self.teams:
                team.close(self.day - 1)
            self.running = False

    def _live(self, team: Team) -> None:
        """A branch's day, whole if nobody looks in between."""
        cuts = sorted({*self._after, *self._before})
        if not cuts:
            team.live(self.day)
            return
        for lived, place in zip([0, *cuts], [*cuts, len(self.stages)], strict=True):
            if lived < place:
                team.live(self.day, lived, place)
            if place in cuts:
                for function in (*self._after.get(place, ()), *self._before.get(place, ())):
                    function(team)

    def run_model(self) -> None:
        """Live to the end of the calendar."""
        while self.running:
            self.step()


__all__ = ["BankModel", "Hook", "StageHook"]
