"""What every experiment file says: a scenario, policies, how often, and which outcomes; and how such a file is read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import AfterValidator, Field, Strict

from sim.errors import InputError, nearest
from sim.experiments.measures import list_measures
from sim.policy import Policy, load_policy
from sim.policy.base import Part, Text, Words
from sim.reading import find_file, read_yaml, resource_folder, say, shown, validated, wrong
from sim.world import Scenario, load_scenario

OUTCOMES = ("accounts", "pay", "accounts_per_10k_pay", "effort", "skill", "satisfaction")


def _measure(name: str) -> str:
    if name not in list_measures():
        raise wrong(found=say(name), expected="a measure (`incentivelab list measures`)", hint=nearest(name, list_measures()))
    return name


Outcome = Annotated[str, Strict(), AfterValidator(_measure)]
Whole = Annotated[int, Strict()]


class ExperimentFile(Part):
    """What an experiment says, whatever it is for. Policies and the scenario are names of the library or files beside this one."""

    schema_version: Annotated[int, Strict(), Field(ge=1, le=1)] = Field(1, description="this release reads version 1")
    title: Words | None = Field(None, description="a title, {en: ..., zh: ...}")
    scenario: Text = Field(description="a scenario's name or file")
    policies: tuple[Text, ...] = Field(min_length=1, max_length=1000, description="a list of policies; the first is the baseline")
    replications: Annotated[Whole, Field(ge=1, le=1_000_000)] = Field(100, description="runs of each policy")
    seed: Annotated[Whole, Field(ge=0)] = Field(1, description="of the luck all policies share")
    outcomes: tuple[Outcome, ...] = Field(OUTCOMES, min_length=1, description="a list of measures to summarise")


File = TypeVar("File", bound=ExperimentFile)


def read_experiment(name_or_path: str | Path, kind: type[File]) -> tuple[Path, File]:
    """An experiment of one kind, an example of the library by its name or a file by its path; and where it lies.

    Errors: InputError, with the file, the place, and the nearest right thing.
    """
    path = find_file(name_or_path, resource_folder("data") / "experiments", "experiment")
    return path, validated(kind, read_yaml(path), shown(path))


def loaded_experiment(file: ExperimentFile, folder: Path) -> tuple[Scenario, list[Policy]]:
    """The scenario and the policies an experiment names. folder: where its file lies. Errors: InputError."""
    scenario = load_scenario(_named(file.scenario, folder))
    policies = [load_policy(_named(name, folder)) for name in file.policies]
    names = [policy.name for policy in policies]
    if twice := [name for name in names if names.count(name) > 1]:
        raise InputError("policies", found=f"`{twice[0]}` twice", expected="each policy once")
    return scenario, policies


def _named(name: str, folder: Path) -> str | Path:
    """A library name as it is; a file as seen from the folder of the experiment."""
    return folder / name if Path(name).suffix in (".yaml", ".yml") else name
