"""The file of a selection: which policies, judged by what, and how sure the choice has to be."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from sim.errors import InputError, nearest
from sim.experiments.measures import list_measures
from sim.policy import Policy, load_policy
from sim.reading import find_file, read_yaml, resource_folder, shown, validated
from sim.world import Scenario, load_scenario
from sim.world.fields import Count, Name, Number, Part, Text, Title

BATCH, FIRST, MOST = 10, 16, 20_000


class Variant(Part):
    """A policy that is another but for some values: dotted keys to values, as `Policy.with_changes` takes them."""

    name: Name
    extends: Text = Field(description="a policy of the library or a file")
    changes: dict[str, Any] = Field(min_length=1, description="dotted keys to values")


class SelectionFile(Part):
    """measure: by whose mean over the horizon policies are judged. direction: which way is better, by default the measure's own.
    indifference_zone: in the measure's unit; a policy closer to the best than this counts as good as the best.
    probability: that the policy chosen is the best, if it is better than all others by the zone or more.
    batch: replications whose mean is one observation. first_stage: observations of each policy before any may be eliminated.
    replications: of each policy, at most. uncertain: ranges of parameters that nobody knows; each replication draws a value of
    its own, the same under every policy.
    """

    schema_version: Literal[1] = 1
    title: Title | None = None
    scenario: Text = Field(description="a scenario of the library or a file")
    policies: tuple[Text | Variant, ...] = Field(min_length=2, max_length=1000, description="policies, two or more")
    measure: Text = Field(description="a measure")
    direction: Literal["higher", "lower"] | None = Field(None, description="higher or lower")
    indifference_zone: Annotated[Number, Field(gt=0)] = Field(description="in the measure's unit")
    probability: Annotated[Number, Field(gt=0.5, lt=1)] = Field(0.95, description="of a correct selection")
    seed: Annotated[Count, Field(ge=0)] = 1
    batch: Annotated[Count, Field(ge=1, le=1000)] = Field(BATCH, description="replications an observation")
    first_stage: Annotated[Count, Field(ge=4, le=1000)] = Field(FIRST, description="observations")
    replications: Annotated[Count, Field(ge=8, le=1_000_000)] = Field(MOST, description="at most, of each policy")
    uncertain: dict[str, tuple[Number, Number]] = Field(default_factory=dict, description="[low, high] by parameter")


class SelectionTask:
    """A file read: its settings with the scenario and the policies they name, all found to fit."""

    def __init__(self, settings: SelectionFile, scenario: Scenario, policies: tuple[Policy, ...], file: str) -> None:
        self.settings, self.scenario, self.policies, self.file = settings, scenario, policies, file

    @property
    def higher(self) -> bool:
        """Whether more of the measure is better."""
        direction = self.settings.direction or list_measures()[self.settings.measure].better
        return direction == "higher"


def read_selection(given: str | Path | Mapping[str, Any]) -> SelectionTask:
    """A selection from a file, by its path or its name in the library (data/experiments), or from data in the form of one.

    Names that end in .yaml are looked for beside the file. Errors: InputError.
    """
    from sim.experiments.compare import check_policies
    from sim.world import check_fit

    if isinstance(given, Mapping):
        data, file, folder = dict(given), "selection", Path()
    else:
        path = find_file(given, resource_folder("data") / "experiments", "experiment")
        data, file, folder = read_yaml(path), shown(path), path.parent
    settings = validated(SelectionFile, data, file)
    if settings.measure not in list_measures():
        raise InputError(file, "measure", found=f"`{settings.measure}`", expected="a measure",
                         hint=nearest(settings.measure, list_measures()))
    if settings.direction is None and list_measures()[settings.measure].better == "neither":
        raise InputError(file, "direction", found="none", expected=f"higher or lower, as {settings.measure} is good neither way by itself")
    for name, (low, high) in settings.uncertain.items():
        if not low < high:
            raise InputError(file, f"uncertain.{name}", found=f"[{low:g}, {high:g}]", expected="low before high")
    if settings.first_stage * settings.batch > settings.replications:
        raise InputError(file, "replications", found=str(settings.replications),
                         expected=f"{settings.first_stage * settings.batch} or more, which the first stage takes")
    scenario = load_scenario(_beside(settings.scenario, folder))
    policies = tuple(_policy(each, folder) for each in settings.policies)
    check_policies(policies)
    for policy in policies:
        check_fit(scenario, policy)
    for bound in (0, 1):                                 # so that a parameter that cannot be so is told before anything runs
        scenario.with_changes({f"parameters.{name}": span[bound] for name, span in settings.uncertain.items()})
    return SelectionTask(settings, scenario, policies, file)


def _beside(name: str, folder: Path) -> str | Path:
    return folder / name if Path(name).suffix in (".yaml", ".yml") else name


def _policy(each: str | Variant, folder: Path) -> Policy:
    if isinstance(each, Variant):
        return load_policy(_beside(each.extends, folder)).with_changes(each.changes, name=each.name)
    return load_policy(_beside(each, folder))
