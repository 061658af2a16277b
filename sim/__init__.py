"""incentivelab: an incentive-policy simulator for relationship managers.

>>> import sim
>>> branch = sim.load_scenario("changzhou-2015")
>>> schemes = [sim.load_policy(name) for name in ("fixed-pay", "performance-pay")]
>>> result = sim.compare(branch, schemes, replications=100)
>>> sim.plot(result)
>>> sim.write_report(result, "reports/first")

Names are loaded when first used, so that ``import sim`` stays quick.
"""

from __future__ import annotations

from sim.lazy import loader

__version__ = "0.1.0"

_HOME = {
    "load_scenario": "sim.world", "list_scenarios": "sim.world", "load_case": "sim.world", "load_parameters": "sim.world",
    "Scenario": "sim.world", "load_policy": "sim.policy", "list_policies": "sim.policy", "Policy": "sim.policy",
    "payout_curve": "sim.policy.schedule",
    "simulate": "sim.experiments.simulate", "Runs": "sim.experiments.simulate",
    "compare": "sim.experiments.compare", "Comparison": "sim.experiments.compare",
    "select": "sim.experiments.select", "Selection": "sim.experiments.select",
    "sweep": "sim.experiments.sweep", "Sweep": "sim.experiments.sweep",
    "list_measures": "sim.experiments.measures",
    "best_response": "sim.engine.response", "Response": "sim.engine.response",
    "set_against": "sim.experiments.compare",
    "BankModel": "sim.model", "Manager": "sim.model", "Team": "sim.model", "Customer": "sim.model", "Customers": "sim.model",
    "simulate_stepped": "sim.model", "replaced": "sim.replacing", "list_rules": "sim.replacing",
    "lint": "sim.experiments.reached", "diff": "sim.report.diff",
    "plot": "sim.report", "write_report": "sim.report", "norms_figure": "sim.report",
    "read_records": "sim.payroll.records", "statements": "sim.payroll.statement", "backtest": "sim.payroll.backtest",
    "InputError": "sim.errors",
}
__all__ = ["__version__", *sorted(_HOME)]


__getattr__ = loader(__name__, _HOME)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
