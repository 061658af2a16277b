"""A first scenario of a user's own: a folder with a scenario, policies and a page that says what to do with them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sim.errors import InputError, nearest
from sim.reading import resource_folder
from sim.writing import write_new

# What each kind of template is made of: the file written, and the resource it is copied from.
TEMPLATES: dict[str, dict[str, tuple[str, str]]] = {
    "scenario": {
        "my-branch.yaml": ("data", "templates/scenario.yaml"),
        "my-policy.yaml": ("data", "templates/policy.yaml"),
        "all-settings.yaml": ("policies", "templates/commented-example.yaml"),
        "README.md": ("data", "templates/README.md"),
    }
}


def write_template(directory: str | Path, kind: str = "scenario", more: Mapping[str, bytes] | None = None) -> list[Path]:
    """Write the template files into a folder, made if need be; refuse, before writing anything, to replace a file.

    more: further files to write with them, by their paths in the folder.
    """
    if kind not in TEMPLATES:
        raise InputError("template", found=f"`{kind}`", expected="a kind of template", hint=nearest(kind, TEMPLATES))
    return write_new(directory, {name: _resource(*source) for name, source in TEMPLATES[kind].items()} | dict(more or {}))


def _resource(top: str, file: str) -> bytes:
    return (resource_folder(top) / file).read_bytes()
