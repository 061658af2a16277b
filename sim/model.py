"""The Mesa face: a model whose agents are live views on the engine's records.

Everything a Mesa user expects works (`model.agents`, `AgentSet` verbs, `DataCollector`), and a hook before or after a day may
change state; days themselves are lived by the compiled engine, the same as in replications.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mesa
import numpy as np
import pandas as pd

from sim.engine.prepare import new_state, practice_of, room_for, world_of
from sim.engine.run import branch_seeds, first_morning, last_evening, one_day
from sim.engine.shop import larger_full, new_full, segment_names
from sim.engine.state import PAY_MEASURES, Full, State
from sim.errors import InputError
from sim.experiments.simulate import check_numbers
from sim.policy import Policy
from sim.policy.framing import framed
from sim.policy.schedule import pay_tables
from sim.world import Scenario, check_counted, check_fit

Hook = Callable[["BankModel"], None]


class _Row:
    """An attribute that reads and writes a field of the agent's record."""

    def __init__(self, doc: str) -> None:
        self.__doc__ = doc

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, agent: Any, owner: type | None = None) -> Any:
        if agent is None:
            return self
        value = agent.row[self.name]
        return value if isinstance(value, np.ndarray) else value.item()

    def __set__(self, agent: Any, value: Any) -> None:
        agent.row[self.name] = value


class Manager(mesa.Agent):
    """A relationship manager: a live view on one record of the branch's state. Setting an attribute changes the simulation."""

    talent = _Row("factor on conversion")
    motive = _Row("factor on intrinsic motivation")
    skill = _Row("share of full competence, by channel")
    effort = _Row("hours chosen today")
    hours = _Row("hours today, by activity")
    norm = _Row("hours a day expected by those who see; -1: nobody does")
    status = _Row("weight among colleagues")
    leaning = _Row("-1 low, +1 high")
    pressure = _Row("CNY an account")
    acceptance = _Row("how far excuses are believed, 0 to 1")
    belief = _Row("factor on what skill promises")
    problems = _Row("open problems, by channel")
    errands = _Row("share of a mentee's hours the mentor takes")
    dependence = _Row("0 to 1")
    partners = _Row("leads a day from intermediaries won")
    goal = _Row("units a period")
    attainment = _Row("result over goal in the last period ended")
    fatigue = _Row("stock of hours above what can be kept up")
    fairness = _Row("0 to 1, as seen")
    disappointment = _Row("share of morale lost to pay below what one is used to")

    @property
    def endowed(self) -> float:
        """CNY in the book on the first morning; with customers in full, all their assets."""
        return float(self.row.endowed)
    accounts = _Row("accounts opened so far, by whoever is in post")
    morale = _Row("-1 to 1, 0 neutral")
    tenure = _Row("months in post")
    grade = _Row("place among the policy's grades, lowest 0")
    vacancy = _Row("months until somebody is hired; 0: somebody is in post")
    generation = _Row("hires into this seat so far")

    def __init__(self, model: BankModel, team: Team, place: int) -> None:
        super().__init__(model)
        self.team, self.place = team, place
        self.name = team.names[place]
        self.spec = model.scenario.managers[self.name]
        self.cohort = self.spec.cohort

    @property
    def row(self) -> np.record:
        """The record itself."""
        return self.team.state.managers[self.place]

    @property
    def mentor(self) -> Manager | None:
        """Whoever mentors this manager."""
        return self.team.managers[self.row.mentor] if self.row.mentor >= 0 else None

    @property
    def pay(self) -> float:
        """CNY paid so far."""
        return int(self.team.state.months[:, self.place].sum()) / 100.0

    @property
    def customers(self) -> np.recarray:
        """Records of the customers in the book (a copy; satisfaction as of the day each was last seen)."""
        return self.team.state.customers[self.team.state.book[self.place, : self.row.held]]


Manager.accounts.name = "total"          # the record's field


class Team(mesa.Agent):
    """A branch's managers and their state."""

    def __init__(self, model: BankModel, branch: str) -> None:
        super().__init__(model)
        self.name = branch
        self.names = list(model.scenario.branches[branch].managers)
        self.world = world_of(model.scenario, branch)
        self.practice = practice_of(model.policy, model.scenario, branch)
        self.seed = branch_seeds(model.master_seed, [model.replication], branch)[0]
        self.elements, self.merged = model.pay
        room = room_for(self.world) + 1 if model.policy.people is not None else 0        # anybody may come to hold all customers
        self.state: State = new_state(self.world, self.elements, self.merged, room)
        self.full: Full | None = new_full(self.world, self.practice, len(self.state.customers))
        self.world = self.world._replace(shop=None)
        with np.errstate(over="ignore"):
            first_morning(self.state, self.world, self.practice, self.seed, self.full)
        self.managers = [Manager(model, self, place) for place in range(len(self.names))]

    @property
    def accounts(self) -> float:
        """Accounts opened so far."""
        return float(self.state.daily_accounts.sum())

    @property
    def customers(self) -> pd.DataFrame:
        """Every customer of the branch: manager, segment (`account` for those opened in the run), balance in CNY, satisfaction
        and irritation as of the day last seen, that day, daily churn hazard, and whether the customer is still known to stay."""
        known = self.state.customers[: self.state.tally.customers]
        segments = np.array(segment_names(self.model.scenario))
        old = np.arange(len(known)) < int(self.world.people.portfolio.sum())
        return pd.DataFrame({
            "manager": np.array(self.names)[known.owner], "segment": np.where(old, segments[known.segment], "account"),
            "balance": known.balance, "satisfaction": known.satisfaction, "irritation": known.irritation,
            "last_seen": known.seen, "hazard": known.hazard, "stays": known.patience > 0.0,
        })

    @property
    def loans(self) -> pd.DataFrame:
        """Every loan outstanding: manager, customer's row, CNY owed, loan class as of the last month's end (normal, substandard, doubtful,
        loss), whether its term is over, and its hidden chance of default."""
        known = self.state.loans[: self.state.tally.loans]
        return pd.DataFrame({
            "manager": np.array(self.names)[known.owner], "customer": known.customer, "balance": known.principal,
            "quality": np.array(["normal", "substandard", "doubtful", "loss"])[known.quality], "due": known.due > 0, "chance": known.chance,
        })

    def live(self, day: int) -> None:
        """One day of the branch; more room for customers is made beforehand if it might run out."""
        self._make_room()
        with np.errstate(over="ignore"):
            one_day(self.state, self.world, self.practice, self.elements, self.merged, self.seed, day, self.full)

    def close(self, day: int) -> None:
        """Let every customer catch up to the last day."""
        last_evening(self.state, self.world, self.full, day)

    def _make_room(self) -> None:
        s = self.state
        room = len(s.customers)
        if s.tally.customers + room // 8 + 64 < room:
            return
        larger = new_state(self.world, self.elements, self.merged, 2 * room)
        larger.customers[:room], larger.book[:, : s.book.shape[1]] = s.customers, s.book
        if self.world.lending.lending > 0.0:
            larger.loans[: len(s.loans)], larger.queue[:, : s.queue.shape[1]] = s.loans, s.queue
        self.state = s._replace(customers=larger.customers, book=larger.book, loans=larger.loans, queue=larger.queue)
        self.full = larger_full(self.full, 2 * room)


class BankModel(mesa.Model):
    """A scenario under a policy, day by day: one replication, step by step.

    `step()` lives one day of every branch; `running` is False after the last. before_day, after_day: functions called with the
    model, which may look at and change any agent. The same seed and replication give what `simulate` gives.
    """

    def __init__(self, scenario: Scenario, policy: Policy, seed: int = 1, replication: int = 0,
                 before_day: Hook | None = None, after_day: Hook | None = None,
                 reporters: dict[str, dict[str, Any]] | None = None) -> None:
        check_numbers(1, seed, 1)
        check_counted(scenario, policy)
        check_fit(scenario, policy)
        super().__init__(seed=seed)
        self.scenario, self.policy, self.master_seed, self.replication = scenario, policy, seed, replication
        elements, merged = pay_tables(policy, PAY_MEASURES)
        self.pay = elements, framed(merged, policy, scenario.effective("loss_aversion"))
        self.timeline = scenario.timeline
        self.before_day, self.after_day = before_day, after_day
        self.day = 0
        self.teams = [Team(self, branch) for branch in scenario.branches]
        self.datacollector = mesa.DataCollector(**(reporters or {
            "model_reporters": {"accounts": lambda m: sum(team.accounts for team in m.teams)},
            "agenttype_reporters": {Manager: {"name": "name", "accounts": "accounts", "effort": "effort", "pressure": "pressure"}},
        }))

    def step(self) -> None:
        """One day of every branch. Errors: InputError after the calendar's last day."""
        if self.day >= self.timeline.days:
            raise InputError("step", found="a step after the calendar's last day", expected=f"at most {self.timeline.days} steps")
        if self.before_day:
            self.before_day(self)
        for team in self.teams:
            team.live(self.day)
        if self.after_day:
            self.after_day(self)
        self.datacollector.collect(self)
        self.day += 1
        if self.day >= self.timeline.days:
            for team in self.teams:
                team.close(self.day - 1)
            self.running = False

    def run_model(self) -> None:
        """Live to the end of the calendar."""
        while self.running:
            self.step()


__all__ = ["BankModel", "Manager", "Team"]
