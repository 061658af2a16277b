"""Customers as a set of agents that takes no more room than their records: fields are arrays until a single customer is asked for."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, overload

import numpy as np
import pandas as pd

from sim.engine.state import PRODUCTS
from sim.errors import InputError, nearest

if TYPE_CHECKING:
    from sim.model.agents import Team

Rows = np.ndarray
Reader = Callable[["Team", Rows], np.ndarray]
LOAN_CLASS_NAMES = ("normal", "substandard", "doubtful", "loss")


class _Field:
    """A field of customers: an array of a set, a value of one customer. Writing it changes the simulation.

    full: whether only customers in full have it. set_as: the name of its place in sim/engine/looking.py, if it can be written.
    """

    def __init__(self, doc: str, read: Reader, set_as: str = "", full: bool = False, most: float = np.inf) -> None:
        self.__doc__, self.read, self.set_as, self.full, self.most = doc, read, set_as, full, most

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, who: Customers | Customer | None, owner: type | None = None) -> Any:
        if who is None:
            return self
        values = who._read(self)
        if isinstance(who, Customers):
            return values
        return values[0].item() if isinstance(values[0], np.generic) else values[0]

    def __set__(self, who: Customers | Customer, values: Any) -> None:
        who._write(self, values)


def _record(name: str) -> Reader:
    return lambda team, rows: team.state.customers[name][rows]


def _client(name: str) -> Reader:
    return lambda team, rows: team.full.clients[name][rows]          # type: ignore[union-attr]


def _seen(column: str) -> Reader:
    return lambda team, rows: team.look(rows)[:, getattr(team.looking, column)]


def _managers(team: Team, rows: Rows) -> np.ndarray:
    owner = team.state.customers.owner[rows]
    return np.array([*team.managers, None], dtype=object)[np.where(team.managed(rows), owner, len(team.managers))]


def _segments(team: Team, rows: Rows) -> np.ndarray:
    names = np.array([*team.segments, "account"])
    return names[np.where(rows < team.customers_at_start, team.state.customers.segment[rows], len(names) - 1)]


def _owed(team: Team, rows: Rows) -> np.ndarray:
    loans = team.state.loans[: team.state.tally.loans]
    owed = np.zeros(len(team.state.customers))
    np.add.at(owed, loans.customer, loans.principal)
    return owed[rows] + (team.full.clients.lent[rows] if team.in_full else 0.0)     # type: ignore[union-attr]


def _assets(team: Team, rows: Rows) -> np.ndarray:
    balance = team.state.customers.balance[rows]
    return balance + team.full.clients.wealth[rows] + _funds(team, rows) if team.in_full else balance    # type: ignore[union-attr]


def _funds(team: Team, rows: Rows) -> np.ndarray:
    return team.full.clients.units[rows] * team.full.board.index     # type: ignore[union-attr]


def _holdings(team: Team, rows: Rows) -> np.ndarray:
    found = np.empty(len(rows), dtype=object)
    found[:] = [tuple(name for place, name in enumerate(PRODUCTS) if held >> place & 1) for held in team.state.customers.holdings[rows]]
    return found


class _Fields:
    """What can be read, and partly written, of customers."""

    team = _Field("the branch's `Team`", lambda team, rows: np.array([team] * len(rows), dtype=object))
    manager = _Field("whose book the customer is in, a `Manager`; None: nobody's", _managers)
    row = _Field("place among the branch's records of customers", lambda team, rows: rows)
    segment = _Field("segment; `account` for those won in the run", _segments)
    stays = _Field("whether the customer has not left", lambda team, rows: team.look(rows)[:, team.looking.PATIENCE] > 0.0)
    satisfaction = _Field("0 to 1, as of today", _seen("SATISFACTION"), "SET_SATISFACTION", most=1.0)
    irritation = _Field("recent contacts, fading; as of today", _seen("IRRITATION"), "SET_IRRITATION")
    hazard = _Field("chance of leaving a day at satisfaction 0.5", _record("hazard"), "SET_HAZARD", most=1.0)
    patience = _Field("hazard still to be borne before leaving (the customer's luck); not above 0: gone", _seen("PATIENCE"))
    balance = _Field("CNY on deposit", _record("balance"), "SET_BALANCE")
    assets = _Field("CNY: deposits, and with customers in full wealth products and funds at today's value", _assets)
    owed = _Field("CNY of loans outstanding", _owed)
    applies = _Field("whether a loan is asked for or outstanding", lambda team, rows: team.state.customers.borrows[rows] > 0)
    last_seen = _Field("day up to which the record is kept (0-based)", _record("seen"))
    # with customers in full
    wealth = _Field("CNY in wealth products", _client("wealth"), "SET_WEALTH", full=True)
    funds = _Field("CNY in funds at today's value", _funds, "SET_FUNDS", full=True)
    lent = _Field("CNY of loans sold as a product", _client("lent"), "SET_LENT", full=True)
    holdings = _Field("products held, a tuple of names", _holdings, full=True)
    value_class = _Field("value class at the last contact, lowest 0", _client("tier"), full=True)
    contacted = _Field("day of the last contact (0-based; before the run: below 0)", _client("touched"), full=True)
    overdue = _Field("whether the service standard's time is over", lambda team, rows: _client("late")(team, rows) > 0, full=True)
    courted = _Field("hazard a day that rivals put on the customer", _client("rival"), full=True)
    regret = _Field("hazard a day of unsuitable sales, fading; as of today", _seen("REGRET"), full=True)
    estranged = _Field("hazard a day of hand-overs, fading; as of today", _seen("STRANGE"), full=True)


FIELDS: dict[str, _Field] = {name: field for name, field in vars(_Fields).items() if isinstance(field, _Field)}


def _field(name: str) -> _Field:
    if name not in FIELDS:
        raise InputError("customers", found=f"`{name}`", expected="a field of customers", hint=nearest(name, FIELDS))
    return FIELDS[name]


def _check(field: _Field, team: Team) -> None:
    if field.full and not team.in_full:
        raise InputError("customers", field.name, found=f"customers of {team.name} in their short form",
                         expected="a scenario with customers in full (the mechanism `customer_detail`)")


class Customer(_Fields):
    """One customer: a view made when asked for. Fields are those of `Customers`; what time changes is as of today."""

    def __init__(self, team: Team, row: int) -> None:
        self._team, self._row = team, int(row)

    @property
    def key(self) -> tuple[str, int]:
        """Branch and row, which stay with the customer."""
        return self._team.name, self._row

    def holds(self, product: str) -> bool:
        """Whether the customer holds a product (sim/engine/state.py, `PRODUCTS`)."""
        return bool(_holds(self._team, np.array([self._row]), product)[0])

    def _read(self, field: _Field) -> np.ndarray:
        _check(field, self._team)
        return field.read(self._team, np.array([self._row]))

    def _write(self, field: _Field, value: Any) -> None:
        _write(field, [(self._team, np.array([self._row]))], np.array([value]))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Customer) and self._team is other._team and self._row == other._row

    def __hash__(self) -> int:
        return hash((id(self._team), self._row))

    def __repr__(self) -> str:
        return f"Customer({self._team.name!r}, {self._row})"


class Customers(_Fields):
    """An ordered set of customers with the verbs of Mesa's `AgentSet`, computed on arrays.

    `customers.satisfaction` is an array, `customers[3]` a `Customer`, `customers.frame()` a table. The set is fixed when it is made,
    the fields are live. A function that selects or groups is called once, with the set itself; if it cannot do with arrays
    (`and`, `or`, `if`), once for each customer.
    """

    def __init__(self, parts: Sequence[tuple[Team, Rows]]) -> None:
        self._parts = [(team, np.asarray(rows, dtype=np.int64)) for team, rows in parts]

    # --- members ---

    def __len__(self) -> int:
        return sum(len(rows) for _, rows in self._parts)

    def __iter__(self) -> Iterator[Customer]:
        return (Customer(team, row) for team, rows in self._parts for row in rows)

    def __contains__(self, who: object) -> bool:
        return isinstance(who, Customer) and any(team is who._team and who._row in rows for team, rows in self._parts)

    @overload
    def __getitem__(self, place: int) -> Customer: ...
    @overload
    def __getitem__(self, place: slice | np.ndarray) -> Customers: ...
    def __getitem__(self, place: int | slice | np.ndarray) -> Customer | Customers:
        if isinstance(place, (int, np.integer)):
            chosen = self._taken(np.arange(len(self))[place : place + 1 or None])
            if not len(chosen):
                raise IndexError(f"customer {place} of {len(self)}")
            return next(iter(chosen))
        return self._taken(np.arange(len(self))[place])

    def __repr__(self) -> str:
        return f"Customers({len(self)})"

    def _taken(self, places: np.ndarray) -> Customers:
        """Those at these places, in the order of the places; neighbours of one branch stay together in one part."""
        team = np.repeat(np.arange(len(self._parts)), [len(rows) for _, rows in self._parts])[places]
        rows = np.concatenate([rows for _, rows in self._parts] or [np.zeros(0, dtype=np.int64)])[places]
        cuts = np.flatnonzero(np.diff(team)) + 1
        parts = zip(np.split(team, cuts), np.split(rows, cuts), strict=True)
        return Customers([(self._parts[which[0]][0], part) for which, part in parts if len(part)])

    # --- verbs ---

    def select(self, filter_func: Callable[[Any], Any] | np.ndarray | None = None, at_most: int | float = np.inf) -> Customers:
        """Those for whom the function (of the set, or of one customer) is true; or those of an array of truths.

        at_most: so many at most, the first; a fraction (float up to 1.0) of this set.
        """
        places = np.arange(len(self))
        if filter_func is not None:
            chosen = self._mapped(filter_func) if callable(filter_func) else np.asarray(filter_func)
            if chosen.shape != (len(self),) or chosen.dtype != bool:
                raise InputError("customers.select", found=f"{chosen.dtype} of shape {chosen.shape}", expected=f"{len(self)} truths")
            places = places[chosen]
        if isinstance(at_most, float) and at_most <= 1.0:
            at_most = int(len(self) * at_most)
        return self._taken(places[: None if at_most == np.inf else int(at_most)])

    def get(self, names: str | Sequence[str]) -> np.ndarray | pd.DataFrame:
        """A field as an array, or several as a table."""
        return getattr(self, _field(names).name) if isinstance(names, str) else self.frame(names)

    def set(self, name: str, value: Any) -> Customers:
        """Give a field one value, or each customer a value of an array. Those who have left are left out."""
        setattr(self, _field(name).name, value)
        return self

    def agg(self, name: str, func: Callable[[np.ndarray], Any] | Iterable[Callable[[np.ndarray], Any]]) -> Any:
        """A function, or several, of a field's array."""
        values = self.get(name)
        return func(values) if callable(func) else [each(values) for each in func]

    def sort(self, key: str | Callable[[Any], Any], ascending: bool = False) -> Customers:
        """In the order of a field or of a function's values, the highest first unless ascending."""
        values = self.get(key) if isinstance(key, str) else self._mapped(key)
        order = np.argsort(values, kind="stable")
        return self._taken(order if ascending else order[::-1])

    def groupby(self, by: str | Callable[[Any], Any]) -> Groups:
        """Sets by a field or by a function's values."""
        values = self.get(by) if isinstance(by, str) else self._mapped(by)
        codes, keys = pd.factorize(np.asarray(values), use_na_sentinel=False)
        plain = [key.item() if isinstance(key, np.generic) else key for key in keys]
        return Groups({key: self._taken(np.flatnonzero(codes == code)) for code, key in enumerate(plain)})

    def do(self, function: Callable[..., Any] | str, *args: Any, **kwargs: Any) -> Customers:
        """Call a function (or a method by name) with every customer, one by one."""
        self.map(function, *args, **kwargs)
        return self

    def map(self, function: Callable[..., Any] | str, *args: Any, **kwargs: Any) -> list[Any]:
        """What a function (or a method by name) returns for every customer, one by one."""
        if isinstance(function, str):
            return [getattr(customer, function)(*args, **kwargs) for customer in self]
        return [function(customer, *args, **kwargs) for customer in self]

    def holds(self, product: str) -> np.ndarray:
        """Whether each holds a product."""
        return np.concatenate([_holds(team, rows, product) for team, rows in self._parts] or [np.zeros(0, dtype=bool)])

    def frame(self, names: Sequence[str] | None = None) -> pd.DataFrame:
        """A table with a row a customer; by default of all fields there are, managers and branches by name."""
        full = all(team.in_full for team, _ in self._parts)
        found = {name: self.get(name) for name in names or [name for name, field in FIELDS.items() if full or not field.full]}
        for name in {"manager", "team"} & set(found):
            found[name] = np.array([getattr(agent, "name", None) for agent in found[name]], dtype=object)
        return pd.DataFrame(found)

    def _mapped(self, function: Callable[[Any], Any]) -> np.ndarray:
        """A function's values: of the whole set at once if it can do with arrays."""
        try:
            values = np.asarray(function(self))
        except (ValueError, TypeError, AttributeError):    # `and`, `or`, `if`, functions of single numbers, what only an agent has
            values = None
        if values is None or values.shape != (len(self),):
            values = np.array([function(customer) for customer in self])
        return values

    def _read(self, field: _Field) -> np.ndarray:
        for team, _ in self._parts:
            _check(field, team)
        found = [field.read(team, rows) for team, rows in self._parts]
        return np.concatenate(found) if found else np.zeros(0)

    def _write(self, field: _Field, values: Any) -> None:
        _write(field, self._parts, np.broadcast_to(np.asarray(values, dtype=np.float64), (len(self),)))


class Groups:
    """Customers by a key, as Mesa's `GroupBy`: iterates over keys and sets."""

    def __init__(self, groups: dict[Hashable, Customers]) -> None:
        self.groups = groups

    def __iter__(self) -> Iterator[tuple[Hashable, Customers]]:
        return iter(self.groups.items())

    def __len__(self) -> int:
        return len(self.groups)

    def count(self) -> dict[Hashable, int]:
        """How many, by key."""
        return {key: len(group) for key, group in self}

    def agg(self, name: str, func: Callable[[np.ndarray], Any]) -> dict[Hashable, Any]:
        """A function of a field's array, by key."""
        return {key: group.agg(name, func) for key, group in self}

    def map(self, function: Callable[..., Any] | str, *args: Any, **kwargs: Any) -> dict[Hashable, Any]:
        """What a function (or a method by name) returns for each set, by key."""
        return {key: getattr(group, function)(*args, **kwargs) if isinstance(function, str) else function(group, *args, **kwargs)
                for key, group in self}

    def do(self, function: Callable[..., Any] | str, *args: Any, **kwargs: Any) -> Groups:
        """Call a function (or a method by name) with each set."""
        self.map(function, *args, **kwargs)
        return self


def _holds(team: Team, rows: Rows, product: str) -> np.ndarray:
    _check(FIELDS["holdings"], team)
    if product not in PRODUCTS:
        raise InputError("customers.holds", found=f"`{product}`", expected="a product", hint=nearest(product, PRODUCTS))
    return (team.state.customers.holdings[rows] >> PRODUCTS.index(product) & 1).astype(bool)


def _write(field: _Field, parts: Sequence[tuple[Team, Rows]], values: np.ndarray) -> None:
    """Set a field of customers who stay. Errors: InputError for a field that cannot be set, or a value it cannot have."""
    if not field.set_as:
        writable = [name for name, each in FIELDS.items() if each.set_as]
        raise InputError("customers", field.name, found="a field that follows from others", expected=f"one of {', '.join(writable)}")
    try:
        values = np.ascontiguousarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError("customers", field.name, found=repr(values[0]), expected="a number") from None
    wrong = ~((values >= 0.0) & (values <= min(field.most, 1e15)))
    if wrong.any():
        raise InputError("customers", field.name, found=f"{values[wrong][0]:g}",
                         expected=f"a number from 0 to {field.most:g}" if np.isfinite(field.most) else "a number, 0 or more")
    start = 0
    for team, rows in parts:
        _check(field, team)
        team.change(rows, field.set_as, values[start : start + len(rows)])
        start += len(rows)


__all__ = ["FIELDS", "Customer", "Customers", "Groups"]
