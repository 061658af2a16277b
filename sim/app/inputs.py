"""The files a comparison was asked with: the user's own are copied into the report, so that its notebooks can be run again."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sim.errors import InputError
from sim.policy import load_policy
from sim.world import load_scenario

FOLDER = "inputs"


@dataclass(frozen=True)
class Inputs:
    """A scenario and policies as they were named on the command line: library names or paths."""

    scenario: str
    policies: tuple[str, ...]

    @classmethod
    def of(cls, scenario: str, policies: Sequence[str]) -> Inputs:
        """The names, if notebooks can take them: these list policies in one text, with commas between."""
        for name in policies:
            if "," in Path(name).name:
                raise InputError(name, found="a comma in the file's name", expected="a name without one")
        return cls(scenario, tuple(policies))

    def copied(self, report: Path) -> tuple[Inputs, tuple[Path, ...]]:
        """The same as seen from `report`/notebooks, the user's own files copied to `report`/inputs; and the copies."""
        copies: list[Path] = []
        scenario = _portable(self.scenario, load_scenario, report, "scenario", copies)
        return Inputs(scenario, tuple(_portable(name, load_policy, report, "policies", copies) for name in self.policies)), tuple(copies)


def _portable(given: str, load, report: Path, kind: str, copies: list[Path]) -> str:  # type: ignore[no-untyped-def]
    """A library name as it is; for a file, the path of its copy as seen from the notebooks' folder.

    A file may extend another in its own folder, and so each goes into a folder of its own together with those.
    """
    path = Path(given)
    if path.suffix not in (".yaml", ".yml"):
        return given
    place = Path(FOLDER, kind, path.stem) if kind == "policies" else Path(FOLDER, kind)
    (report / place).mkdir(parents=True, exist_ok=True)
    names = dict.fromkeys([path.name, *(Path(file).name for file in load(given).files)])
    for name in names:
        if (path.parent / name).is_file():
            copies.append(report / place / name)
            shutil.copyfile(path.parent / name, copies[-1])
    return (Path("..") / place / path.name).as_posix()
