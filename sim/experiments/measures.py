"""What a run reports: the measures, their units and how they add up."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

from pydantic import BaseModel, ConfigDict

from sim.reading import read_yaml, resource_folder, validated
from sim.world.fields import Flag, Text, Title


MAIN = ("accounts", "pay", "accounts_per_10k_pay", "effort", "skill", "satisfaction")      # what figures and short tables show
QUOTIENTS = {"accounts_per_10k_pay": (1e4, "accounts", "pay")}      # of all branches together: so many times one sum over another; 0 over 0 is 0


class Measure(BaseModel):
    """One outcome. kind says how managers and weeks add up (data/measures.yaml); better: which way is good. needs: the
    mechanism without which there is nothing to report. bounds: of shares that are mostly small and now and then large, whose
    means a normal distribution describes badly."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["sum", "mean", "last", "customers", "branch", "stock", "ratio"]
    unit: Text
    better: Literal["higher", "lower", "neither"]
    weekly: Flag
    label: Title
    needs: Text | None = None
    bounds: tuple[float, float] | None = None

    @property
    def adds_up(self) -> bool:
        """Whether branches taken together have the sum of theirs; otherwise it is the mean of those that have a value, but for QUOTIENTS."""
        return self.kind in ("sum", "stock")


@lru_cache(maxsize=1)
def list_measures() -> dict[str, Measure]:
    """Every measure by name, in the order reports use."""
    path = resource_folder("data") / "measures.yaml"
    return {name: validated(Measure, fields, f"measures.yaml: {name}") for name, fields in read_yaml(path).items()}
