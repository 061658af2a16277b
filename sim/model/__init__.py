"""The Mesa face: agents and customers are live views on the engine's records.

Everything a Mesa user expects works (`model.agents`, `AgentSet` verbs, `DataCollector`, `batch_run`), and a hook before or after a day,
or between its stages, may change state; days themselves are lived by the compiled engine, the same as in replications.
"""

from __future__ import annotations

from sim.model.agents import Manager, Team
from sim.model.bank import BankModel
from sim.model.customers import Customer, Customers
from sim.model.stepped import simulate_stepped

__all__ = ["BankModel", "Customer", "Customers", "Manager", "Team", "simulate_stepped"]
