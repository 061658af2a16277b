"""Agents of the Mesa face: managers and the branches they work in, live views on the engine's records."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import mesa
import numpy as np
import pandas as pd

from sim.engine.state import ACTIVITIES, CHANNELS, SELLER, SHARED, Full, State, rows
from sim.engine.streams import branch_key
from sim.model.customers import LOAN_CLASS_NAMES, Customers

if TYPE_CHECKING:
    from sim.model.bank import BankModel


class _Row:
    """An attribute that reads and writes a field of one of the agent's records (`row`, `person`, `seller`, `credit`)."""

    def __init__(self, doc: str, record: str = "row", name: str = "") -> None:
        self.__doc__, self.record, self.name = doc, record, name

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = self.name or name

    def __get__(self, agent: Any, owner: type | None = None) -> Any:
        if agent is None:
            return self
        value = getattr(agent, self.record)[self.name]
        return value if isinstance(value, np.ndarray) else value.item()

    def __set__(self, agent: Any, value: Any) -> None:
        getattr(agent, self.record)[self.name] = value


class Manager(mesa.Agent):
    """A relationship manager: a live view on one seat of the branch. Setting an attribute changes the simulation.

    Arrays by channel are in the order intermediaries, chains, street, network; by activity these, then service, vetting, collection,
    cross-selling, deals. What the day computes anew (hours, norm, what an account is worth) is best changed by a hook after the stage
    that computes it.
    """

    # the person: values of the scenario or of a hire
    capacity = _Row("most hours a day", "person")
    effort_cost = _Row("scale of the cost of effort, CNY", "person")
    risk_aversion = _Row("absolute, a CNY", "person")
    intrinsic = _Row("CNY an account that the work itself is worth", "person")
    outside_pay = _Row("CNY a month elsewhere, for mean ability", "person")
    talent = _Row("factor on conversion")
    motive = _Row("factor on intrinsic motivation")
    # skill and belief
    skill = _Row("share of full competence, by channel")
    belief = _Row("factor on what skill promises")
    belief_variance = _Row("variance of that belief")
    problems = _Row("open problems, by channel")
    # today's work
    effort = _Row("hours chosen today")
    hours = _Row("hours today, by activity")
    burden = _Row("hours imposed today (meetings, mentoring, training)")
    worth = _Row("CNY an account brings at the margin, pay only")
    planned = _Row("units of each pay measure on an ordinary day, as planned")
    accounts = _Row("accounts opened so far, by whoever is in post", name="total")
    queue = _Row("leads that came in yesterday")
    partners = _Row("leads a day from intermediaries won")
    # among colleagues
    norm = _Row("hours a day expected by those who see; -1: nobody does")
    status = _Row("weight among colleagues")
    leaning = _Row("-1 low, +1 high")
    pressure = _Row("CNY an account, from meetings")
    acceptance = _Row("how far excuses are believed, 0 to 1")
    attended = _Row("meetings so far")
    errands = _Row("share of a mentee's hours the mentor takes")
    dependence = _Row("on the mentor, 0 to 1")
    # goals, fairness, fatigue
    goal = _Row("units a period")
    attainment = _Row("result over goal in the last period ended")
    fatigue = _Row("stock of hours above what can be kept up")
    toil = _Row("factor of fatigue on the cost of effort")
    fairness = _Row("0 to 1, as seen")
    disappointment = _Row("share of morale lost to pay below what one is used to")
    reference = _Row("CNY a month that one is used to, for disappointment")
    discount = _Row("share of the price given away")
    # career
    morale = _Row("-1 to 1, 0 neutral")
    freshness = _Row("0 to 1, after a change of work")
    earned = _Row("CNY a month of late")
    used_to = _Row("CNY a month that one is used to, for morale")
    tenure = _Row("months in post")
    grade = _Row("place among the policy's grades, lowest 0")
    vacancy = _Row("months until somebody is hired; 0: somebody is in post")
    generation = _Row("hires into this seat so far")
    # the book
    held = _Row("customers in the book (those who left unseen are still in it)")
    endowed = _Row("CNY in the book on the first morning; with customers in full, all their assets")
    offer_skill = _Row("skill in selling to customers held, share of full competence (customers in full)", "seller", "skill")
    handed_over = _Row("customers taken over so far (customers in full)", "seller")
    loan_balance = _Row("CNY of loans outstanding (where customers borrow)", "credit", "balance")
    loans_made = _Row("CNY lent so far (where customers borrow)", "credit", "made")
    waiting = _Row("loan applications waiting (where customers borrow)", "credit")

    def __init__(self, model: BankModel, team: Team, place: int) -> None:
        super().__init__(model)
        self.team, self.place = team, place
        self.name = team.names[place]
        self.spec = model.scenario.managers[self.name]
        self.cohort = self.spec.cohort

    def __repr__(self) -> str:
        return f"Manager({self.name!r})"

    @property
    def row(self) -> np.record:
        """The whole record of the seat (`MANAGER` in sim/engine/state.py)."""
        return self.team.state.managers[self.place]

    @property
    def person(self) -> np.record:
        """Who sits there (`PERSON` in sim/engine/state.py)."""
        return self.team.state.people[self.place]

    @property
    def credit(self) -> np.record:
        """The seat's side of lending (`CREDIT` in sim/engine/state.py)."""
        return self.team.state.credit[self.place]

    @property
    def seller(self) -> np.record:
        """The seat's side of customers in full (`SELLER` in sim/engine/state.py); all nil without them."""
        return self.team.full.sellers[self.place] if self.team.full is not None else self.team.no_seller

    @property
    def pay(self) -> float:
        """CNY paid so far."""
        return int(self.team.state.months[:, self.place].sum()) / 100.0

    @property
    def mentor(self) -> Manager | None:
        """Whoever mentors this manager."""
        return self.team.managers[self.row.mentor] if self.row.mentor >= 0 else None

    @property
    def mentee(self) -> Manager | None:
        """Whoever is mentored by this manager."""
        return self.team.managers[self.row.mentee] if self.row.mentee >= 0 else None

    @property
    def sees(self) -> list[Manager]:
        """The colleagues whose results this manager sees."""
        return [other for other in self.team.managers if other is not self and self.team.sees(self.place, other.place)]

    @property
    def seen_by(self) -> list[Manager]:
        """The colleagues who see this manager's results."""
        return [other for other in self.team.managers if other is not self and self.team.sees(other.place, self.place)]

    @property
    def customers(self) -> Customers:
        """The customers in the book who have not left."""
        rows = np.sort(self.team.state.book[self.place, : self.row.held])
        return Customers([(self.team, rows[self.team.staying(rows)])])

    @property
    def prospects(self) -> pd.DataFrame:
        """Prospects of one's own by channel: not worked lately, worked in vain, won. Streets and intermediaries are the team's."""
        return self.team.pools(self.place)

    @property
    def loans(self) -> pd.DataFrame:
        """Loans outstanding, as `Team.loans`."""
        found = self.team.loans
        return found[found["manager"] == self.name].reset_index(drop=True)

    @property
    def activities(self) -> dict[str, float]:
        """Hours today by name of the activity."""
        return dict(zip(ACTIVITIES, self.hours.tolist(), strict=True))


class Team(mesa.Agent):
    """A branch, or one of its copies (`name#2` and so on): its managers, their pairs, their customers, and the state they share.

    `state`, `world`, `practice` and `full` are the engine's own arrays (sim/engine/state.py).
    """

    def __init__(self, model: BankModel, branch: str, copy: int = 1) -> None:
        super().__init__(model)
        self.names = list(model.scenario.branches[branch].managers)
        # The engine as it is when the model is made: a rule replaced then stays replaced in this model.
        self.engine, self.looking, shop, prepare = (import_module(f"sim.engine.{name}") for name in ("run", "looking", "shop", "prepare"))
        self.name = self.engine.copy_name(branch, copy)
        self._sees = import_module("sim.engine.stages.peers").sees
        self._larger, self._empty = shop.larger_full, prepare.new_state
        self.segments: list[str] = shop.segment_names(model.scenario)
        self.world = prepare.world_of(model.scenario, branch)
        self.practice = prepare.practice_of(model.policy, model.scenario, branch)
        self.seed = self.engine.branch_seeds(model.master_seed, [model.replication], self.name)[0]
        self.elements, self.merged = model.pay
        room = prepare.room_for(self.world) + 1 if model.policy.people is not None else 0     # anybody may come to hold all customers
        self.state: State = self._empty(self.world, self.elements, self.merged, room)
        self.full: Full | None = shop.new_full(self.world, self.practice, len(self.state.customers))
        if self.full is not None:
            self.full.par.branch = branch_key(self.name)
        self.no_seller = rows(SELLER, 1)[0]
        self.world = self.world._replace(shop=None)
        self.customers_at_start = int(self.world.people.portfolio.sum())
        with np.errstate(over="ignore"):
            self.engine.first_morning(self.state, self.world, self.practice, self.seed, self.full)
        self.managers = [Manager(model, self, place) for place in range(len(self.names))]

    def __repr__(self) -> str:
        return f"Team({self.name!r})"

    @property
    def in_full(self) -> bool:
        """Whether customers are there in full, with holdings and value classes."""
        return bool(self.world.par.customer_detail > 0.0)

    @property
    def accounts(self) -> float:
        """Accounts opened so far."""
        return float(self.state.daily_accounts.sum())

    @property
    def pay(self) -> float:
        """CNY paid so far."""
        return int(self.state.months.sum()) / 100.0

    @property
    def pairs(self) -> list[tuple[Manager, Manager]]:
        """Mentor and mentee, as the policy names or forms pairs and careers change them."""
        return [(manager.mentor, manager) for manager in self.managers if manager.mentor is not None]

    @property
    def customers(self) -> Customers:
        """Every customer who has not left, those whom nobody manages included."""
        rows = np.arange(self.state.tally.customers)
        return Customers([(self, rows[self.staying(rows)])])

    @property
    def all_customers(self) -> Customers:
        """Everybody who was a customer at any time of the run (`stays` is False for those who left)."""
        return Customers([(self, np.arange(self.state.tally.customers))])

    @property
    def prospects(self) -> pd.DataFrame:
        """Prospects by channel, everybody's together: not worked lately, worked in vain, won."""
        return sum((self.pools(row) for row in range(1, len(self.state.pools))), self.pools(0))

    @property
    def loans(self) -> pd.DataFrame:
        """Every loan outstanding: manager, customer's row, CNY owed, loan class as of the last month's end, whether its term is over, and
        its hidden chance of default."""
        known = self.state.loans[: self.state.tally.loans]
        return pd.DataFrame({
            "manager": np.array(self.names)[known.owner], "customer": known.customer, "balance": known.principal,
            "quality": np.array(LOAN_CLASS_NAMES)[known.quality], "due": known.due > 0, "chance": known.chance,
        })

    def pools(self, row: int) -> pd.DataFrame:
        """The pools of one manager, or with the row after the last manager those the branch shares."""
        shared = row == len(self.names)
        names = [name for name, common in zip(CHANNELS, SHARED, strict=True) if common == shared]
        kept = self.state.pools[row, [CHANNELS.index(name) for name in names]]
        found = pd.DataFrame({field: kept[field] for field in ("available", "worked", "won")}, index=pd.Index(names, name="channel"))
        return found.reindex(CHANNELS, fill_value=0.0)

    def sees(self, place: int, other: int) -> bool:
        """Whether one manager (by place) sees the other's results."""
        return bool(self._sees(self.state, self.practice, place, other))

    # --- customers, for their views ---

    def look(self, rows: np.ndarray) -> np.ndarray:
        """What changes while nobody calls, as of today, by customer; the customers themselves stay as they are."""
        seen = np.zeros((len(rows), 5))
        self.looking.look(self.state, self.world, self.full, rows, self.model.today, seen)
        return seen

    def staying(self, rows: np.ndarray) -> np.ndarray:
        """Whether each has not left."""
        return self.look(rows)[:, self.looking.PATIENCE] > 0.0

    def managed(self, rows: np.ndarray) -> np.ndarray:
        """Whether each is in somebody's book."""
        return self.full.clients.place[rows] >= 0 if self.in_full and self.full is not None else np.ones(len(rows), dtype=bool)

    def change(self, rows: np.ndarray, field: str, values: np.ndarray) -> None:
        """Set a field of customers, as sim/engine/looking.py does."""
        self.looking.change(self.state, self.world, self.full, rows, self.model.today, getattr(self.looking, field), values)

    # --- days ---

    def live(self, day: int, first: int = 0, last: int | None = None) -> None:
        """One day of the branch, or its stages from `first` up to, and without, `last`.

        More room for customers is made beforehand if it might run out.
        """
        self._make_room()
        with np.errstate(over="ignore"):
            self.engine.some_stages(self.state, self.world, self.practice, self.elements, self.merged, self.seed, day, self.full, first,
                                    len(self.model.stages) if last is None else last)

    def close(self, day: int) -> None:
        """Let every customer catch up to the last day."""
        self.engine.last_evening(self.state, self.world, self.full, day)

    def _make_room(self) -> None:
        s = self.state
        room = len(s.customers)
        if s.tally.customers + room // 8 + 64 < room:
            return
        larger = self._empty(self.world, self.elements, self.merged, 2 * room)
        larger.customers[:room], larger.book[:, : s.book.shape[1]] = s.customers, s.book
        if self.world.lending.lending > 0.0:
            larger.loans[: len(s.loans)], larger.queue[:, : s.queue.shape[1]] = s.loans, s.queue
        self.state = s._replace(customers=larger.customers, book=larger.book, loans=larger.loans, queue=larger.queue)
        self.full = self._larger(self.full, 2 * room)


__all__ = ["Manager", "Team"]
