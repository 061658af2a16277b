"""Reading scenarios: from the library by name, from a file of the user's by path, or from data at hand."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sim.reading import Inherited, find_file, inherited, library_names, read_inherited, resource_folder
from sim.world.parameters import Mechanism, Parameter, load_mechanisms, load_parameters
from sim.world.scenario import PROVENANCE, Scenario

# What a scenario must say for itself: a variation of a documented branch is not itself documented.
_OWN = ("title", "status", "note")


def list_scenarios() -> list[str]:
    """Names of the scenarios in the library, in alphabetical order."""
    return library_names(_library())


def load_scenario(
    name_or_path: str | Path,
    parameters: Mapping[str, Parameter] | None = None,
    mechanisms: Mapping[str, Mechanism] | None = None,
) -> Scenario:
    """A scenario by its library name, or from a YAML file by its path.

    parameters, mechanisms: defaults to stand on, in place of the library's own.
    """
    path = find_file(name_or_path, _library(), "scenario")
    return _scenario(read_inherited(path, _library(), "scenario", _OWN, PROVENANCE), path.stem, parameters, mechanisms)


def make_scenario(
    data: Mapping[str, Any],
    name: str,
    parameters: Mapping[str, Parameter] | None = None,
    mechanisms: Mapping[str, Mechanism] | None = None,
) -> Scenario:
    """A scenario from data in the form of a file, with `extends` for one of the library's if wanted."""
    found = inherited(dict(data), Path(name), _library(), "scenario", _OWN, PROVENANCE)
    return _scenario(found, name, parameters, mechanisms)


def _library() -> Path:
    return resource_folder("data") / "scenarios"


def _scenario(
    found: Inherited,
    name: str,
    parameters: Mapping[str, Parameter] | None,
    mechanisms: Mapping[str, Mechanism] | None,
) -> Scenario:
    defaults = load_parameters() if parameters is None else parameters
    known = load_mechanisms() if mechanisms is None else mechanisms
    return Scenario.build(found.data, name, found.files, defaults, known, found.file_of)
