"""What a command or a notebook was asked for, checked as a whole before anything is done."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from sim.app.store import CACHE, cores, store_folder
from sim.errors import InputError, nearest_language
from sim.policy import Policy, load_policy
from sim.world import Scenario, check_fit, load_scenario

if TYPE_CHECKING:
    from sim.experiments.compare import Comparison
    from sim.experiments.precision import Look, Target
    from sim.experiments.simulate import Progress, Runs

LANGUAGES = ("en", "zh")
FAST = 8  # replications when only the way through a notebook is tried


@dataclass(frozen=True)
class Request:
    """A scenario, policies that fit it, and numbers an experiment can have.

    store: folder where finished runs are kept and found, None for none. lang: of figures and tables.
    precision: half widths by measure at which replicating ends; `replications` is then the most there may be.
    simultaneous: intervals of the main measures hold jointly.
    """

    scenario: Scenario
    policies: tuple[Policy, ...]
    replications: int
    seed: int
    jobs: int
    confidence: float
    lang: str
    store: Path | None
    precision: Mapping[str, Target] = field(default_factory=dict)
    simultaneous: bool = False

    @property
    def precision_text(self) -> str:
        """The precision as it is written: `accounts=0.5,pay=5%`; empty if none is asked."""
        return ",".join(f"{name}={target}" for name, target in self.precision.items())

    @property
    def policy(self) -> Policy:
        """The only policy, or the baseline."""
        return self.policies[0]

    def simulate(self, policy: Policy | None = None, scenario: Scenario | None = None, progress: Progress | None = None) -> Runs:
        """Runs of one policy (the first) in one scenario (the requested one)."""
        from sim.experiments.simulate import simulate

        where, what = scenario or self.scenario, policy or self.policy
        return simulate(where, what, self.replications, self.seed, self.jobs, progress, self.store)

    def compare(self, policies: Sequence[Policy] | None = None, progress: Progress | None = None,
                told: Callable[[Look], None] | None = None) -> Comparison:
        """Policies (the requested ones) set against the first of them. told: called at every look where a precision is asked."""
        from sim.experiments.compare import compare

        precision = {name: str(target) for name, target in self.precision.items()} or None
        return compare(self.scenario, policies or self.policies, self.replications, self.seed, self.jobs, self.confidence, progress,
                       self.store, precision, self.simultaneous, told)


def request(
    scenario: str | Path,
    policies: str | Sequence[str | Path],
    replications: int = 200,
    seed: int = 1,
    *,
    confidence: float = 0.95,
    lang: str = "en",
    fast: bool = False,
    jobs: int | None = None,
    store: str = CACHE,
    fewest: int = 1,
    precision: str | Sequence[str] = "",
    simultaneous: bool = False,
) -> Request:
    """The checked form of plain values; whatever is wrong with them is an InputError.

    policies: names or paths, in one text separated by commas or as a list. fast: few replications, to try the way through.
    jobs: threads, by default one a processor. store: `cache`, a folder, or nothing. fewest: policies and replications the task needs:
    2 to compare. precision: `accounts=0.5,pay=5%`, in one text or several; left out where the way through is tried.
    """
    from sim.experiments.precision import check_limit, read_targets

    names = [name.strip() for name in policies.split(",") if name.strip()] if isinstance(policies, str) else list(policies)
    numbers = {"replications": replications, "seed": seed, "jobs": cores() if jobs is None else jobs}
    for name, number in numbers.items():
        if isinstance(number, bool) or not isinstance(number, int):
            raise InputError(name, found=repr(number), expected="a whole number")
    checked = Request(
        scenario=load_scenario(scenario),
        policies=tuple(load_policy(name) for name in names),
        replications=min(FAST, replications) if fast else replications,
        seed=seed,
        jobs=numbers["jobs"],
        confidence=confidence,
        lang=lang,
        store=store_folder(store),
        precision=read_targets(precision) if precision and not fast else {},
        simultaneous=simultaneous,
    )
    if checked.precision:
        check_limit(checked.replications)
    return check_request(checked, fewest)


def check_request(asked: Request, fewest: int = 1) -> Request:
    """The request itself, or an InputError about the first thing in it that cannot be."""
    from sim.experiments.compare import check_policies
    from sim.experiments.simulate import check_numbers

    if asked.lang not in LANGUAGES:
        raise InputError("lang", found=f"`{asked.lang}`", expected="en or zh", hint=nearest_language(asked.lang, LANGUAGES))
    if not isinstance(asked.confidence, float) or not 0.5 <= asked.confidence < 1:
        raise InputError("confidence", found=str(asked.confidence), expected="a number from 0.5 up to, not including, 1")
    check_numbers(asked.replications, asked.seed, asked.jobs, max(1, fewest))
    if fewest > 1:
        check_policies(asked.policies)
    elif fewest == 1 and not asked.policies:
        raise InputError("policy", found="none", expected="a policy of the library or the path of a YAML file")
    for policy in asked.policies:
        check_fit(asked.scenario, policy)
    return asked
