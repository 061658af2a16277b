"""From a library name, a file or plain data to a validated policy."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sim.policy.schema import Policy, PolicyFile
from sim.reading import PROVENANCE, Inherited, find_file, inherited, library_names, read_inherited, resource_folder, validated

# A policy must speak for itself here: two policies under one title could not be told apart in a report, and a
# variation of a documented scheme is not itself documented.
_OWN = ("title", "label", "status")


def load_policy(name_or_path: str | Path) -> Policy:
    """A policy of the library by its name, or one of the user's own by the path of its YAML file."""
    library = resource_folder("policies")
    path = find_file(name_or_path, library, "policy")
    return _policy(read_inherited(path, library, "policy", _OWN, PROVENANCE), path.stem)


def make_policy(data: Mapping[str, Any], name: str) -> Policy:
    """A policy from data in the form of a file, with `extends` for one of the library's if wanted; for scripts and tests."""
    return _policy(inherited(dict(data), Path(name), resource_folder("policies"), "policy", _OWN, PROVENANCE), name)


def list_policies() -> list[str]:
    """The names of the library's policies, in alphabetical order."""
    return library_names(resource_folder("policies"))


def _policy(found: Inherited, name: str) -> Policy:
    file = validated(PolicyFile, found.data, found.file_of)
    policy = Policy(**dict(file), name=name, files=found.files)
    for place in range(len(policy.overrides)):
        policy.pay_with([place])                     # so that what is wrong in one is told when the file is read
    return policy
