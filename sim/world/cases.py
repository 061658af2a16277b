"""Case studies: facts as data, each case one file, with the derived values marked as such."""

from __future__ import annotations

from typing import Any

from sim.errors import InputError, nearest
from sim.reading import read_yaml, resource_folder


def list_cases() -> list[str]:
    """Names of the cases in the library, sorted."""
    return sorted(path.stem for path in (resource_folder("data") / "cases").glob("*.yaml"))


def load_case(name: str) -> dict[str, Any]:
    """The facts of a case as plain data, in the shape of its file."""
    if name not in list_cases():
        raise InputError(str(name), found="no such case", expected="a case of the library", hint=nearest(name, list_cases()))
    return read_yaml(resource_folder("data") / "cases" / f"{name}.yaml")
