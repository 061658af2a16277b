"""Scenarios: the world that policies are tried in. It knows nothing of the engine."""

from sim.world.calendar import Calendar, CalendarSpec, Holiday
from sim.world.cases import list_cases, load_case
from sim.world.fields import Title
from sim.world.fit import check_counted, check_fit
from sim.world.load import list_scenarios, load_scenario, make_scenario
from sim.world.parameters import Mechanism, Override, Parameter, load_mechanisms, load_parameters
from sim.world.scenario import Scenario
from sim.world.schema import Branch, ManagerSpec
from sim.world.template import write_template

__all__ = [
    "Branch",
    "Calendar",
    "CalendarSpec",
    "Holiday",
    "ManagerSpec",
    "Mechanism",
    "Override",
    "Parameter",
    "Scenario",
    "Title",
    "check_counted", "check_fit",
    "list_cases",
    "list_scenarios",
    "load_case",
    "load_mechanisms",
    "load_parameters",
    "load_scenario",
    "make_scenario",
    "write_template",
]
