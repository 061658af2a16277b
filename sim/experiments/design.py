"""Designs: which values of the factors are tried together, one point a row, in an order that stays.

`full` is every combination of levels, the last factor changing fastest. `latin_hypercube` and `sobol` fill the space evenly with
`size` points (McKay, Beckman and Conover 1979; Sobol' 1967, scrambled after Owen); a factor with levels is cut into equal shares.
"""

from __future__ import annotations

import itertools
import json
import math
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
from pydantic import Field, Strict, model_validator

from sim.errors import InputError
from sim.experiments.experiment import ExperimentFile, Whole
from sim.policy.base import Flag, Part, Signed, Text
from sim.reading import digest_of, say, wrong
from sim.writing import finished

MOST_POINTS = 1_000_000
Level = Annotated[bool, Strict()] | Whole | Annotated[float, Strict(), Field(allow_inf_nan=False)] | Text
FactorName = Annotated[str, Strict(), Field(pattern=r"^[a-z][a-z0-9_]{0,39}$", description="small letters, digits and _")]
TAKEN = {"point", "scenario", "policy", "replication", "seed", "level", "id", "period", "measure", "value", "status", "error", "run",
         "unit", "mean", "ci_low", "ci_high", "confidence", "p05", "median", "p95", "difference", "difference_low", "difference_high",
         "replications", "failed"}                                        # columns of the tables that a factor stands beside


class Factor(Part):
    """Something that is varied: a value of the scenario or a setting of policies, over levels or within a range."""

    scenario: Text | None = Field(None, description="the place of a scenario's value, such as parameters.effort_cost")
    policy: Text | None = Field(None, description="the place of a policy's setting, such as practices.reporting.every_days")
    only: tuple[Text, ...] = Field((), description="a list of the policies to change; the others stay as they are")
    levels: tuple[Level, ...] | None = Field(None, min_length=1, max_length=10_000, description="a list of values")
    range: tuple[Signed, Signed] | None = Field(None, description="the lowest and the highest value, [low, high]")
    scale: Literal["linear", "log"] = "linear"
    whole: Flag = Field(False, description="true for whole numbers only")

    @model_validator(mode="after")
    def _makes_sense(self) -> Factor:
        if (self.scenario is None) == (self.policy is None):
            found = "neither `scenario` nor `policy`" if self.scenario is None else "both `scenario` and `policy`"
            raise wrong(found=found, expected="one of them, with the place of what is varied")
        if (self.levels is None) == (self.range is None):
            found = "neither `levels` nor `range`" if self.levels is None else "both `levels` and `range`"
            raise wrong(found=found, expected="one of them")
        if self.only and self.policy is None:
            raise wrong("only", found="a list of policies", expected="it beside `policy`, since a scenario is the same for all")
        if self.levels is not None and (self.scale != "linear" or self.whole):
            raise wrong(found="`scale` or `whole` beside `levels`", expected="them beside `range`")
        if self.levels is not None and len(set(map(repr, self.levels))) < len(self.levels):
            raise wrong("levels", found="a level twice", expected="each once")
        if self.range is not None:
            low, high = self.range
            if not low < high:
                raise wrong("range", found=f"{low:g} to {high:g}", expected="the lower value first")
            if self.scale == "log" and low <= 0:
                raise wrong("range", found=say(low), expected="more than 0 on a logarithmic scale")
            if self.whole and (low != math.floor(low) or high != math.floor(high)):
                raise wrong("range", found=f"{low:g} to {high:g}", expected="whole numbers")
        return self

    def at(self, share: float) -> Any:
        """The value at a share (0 to 1) of the way through levels or range."""
        if self.levels is not None:
            return self.levels[min(int(share * len(self.levels)), len(self.levels) - 1)]
        low, high = self.range or (0.0, 0.0)
        if self.whole:
            return round(low * (high / low) ** share) if self.scale == "log" else int(min(low + math.floor(share * (high - low + 1)), high))
        return low * (high / low) ** share if self.scale == "log" else low + (high - low) * share

    @property
    def probes(self) -> tuple[Any, ...]:
        """Values to try the factor with before anything is run: all levels, or both ends."""
        return self.levels if self.levels is not None else (self.at(0.0), self.at(1.0))


class Design(Part):
    """How points are chosen. size: their number, for all but `full`; for `sobol` a power of 2. seed: of the design itself."""

    kind: Literal["full", "latin_hypercube", "sobol"] = Field("full", description="full, latin_hypercube or sobol")
    size: Annotated[Whole, Field(ge=1, le=MOST_POINTS)] | None = Field(None, description="number of points")
    seed: Annotated[Whole, Field(ge=0)] = Field(1, description="of the design")

    @model_validator(mode="after")
    def _has_a_size(self) -> Design:
        if self.kind == "full":
            if self.size is not None:
                raise wrong("size", found=say(self.size), expected="none, since a full design has every combination of levels")
        elif self.size is None:
            raise wrong("size", found="nothing", expected="the number of points")
        elif self.kind == "sobol" and self.size & (self.size - 1):
            below = 1 << (self.size.bit_length() - 1)
            raise wrong("size", found=say(self.size), expected=f"a power of 2, such as {below} or {2 * below}")
        return self


class SweepFile(ExperimentFile):
    """An experiment that varies factors."""

    factors: dict[FactorName, Factor] = Field(min_length=1, max_length=200, description="what is varied, by name")
    design: Design = Design()

    @model_validator(mode="after")
    def _fits_together(self) -> SweepFile:
        for name, factor in self.factors.items():
            if name in TAKEN:
                raise wrong("factors", name, found="the name of a column of the results", expected="another name")
            if self.design.kind == "full" and factor.levels is None:
                raise wrong("factors", name, "range", found="a range in a full design",
                            expected="`levels`, or the design latin_hypercube or sobol")
        points = math.prod(len(factor.levels or ()) for factor in self.factors.values())
        if self.design.kind == "full" and points > MOST_POINTS:
            raise wrong("factors", found=f"{points:,} combinations", expected=f"at most {MOST_POINTS:,}")
        return self

    @property
    def design_digest(self) -> str:
        """Names what decides the points."""
        return digest_of([list(self.model_dump(mode="json")["factors"].items()), self.design.model_dump(mode="json")])


def points_of(file: SweepFile) -> pd.DataFrame:
    """The design: column `point` from 0 on, then one a factor."""
    factors = file.factors
    if file.design.kind == "full":
        rows = list(itertools.product(*(factor.levels or () for factor in factors.values())))
    else:
        from scipy.stats import qmc

        size = file.design.size or 1
        generator = np.random.default_rng(file.design.seed)
        if file.design.kind == "sobol":
            shares = qmc.Sobol(len(factors), scramble=True, rng=generator).random_base2(size.bit_length() - 1)
        else:
            shares = qmc.LatinHypercube(len(factors), rng=generator).random(size)
        rows = [tuple(factor.at(share) for factor, share in zip(factors.values(), row, strict=True)) for row in shares.tolist()]
    columns = {name: _column([row[place] for row in rows]) for place, name in enumerate(factors)}
    return pd.DataFrame({"point": np.arange(len(rows)), **columns})


def _column(values: list[Any]) -> Any:
    """Numbers as numbers, true and false as such, a mixture as text."""
    kinds = {type(value) for value in values}
    if kinds <= {bool} or kinds <= {int}:
        return np.array(values)
    if kinds <= {int, float}:
        return np.array(values, dtype=np.float64)
    return [value if isinstance(value, str) else json.dumps(value) for value in values]


def stored_design(file: SweepFile, path: Path) -> pd.DataFrame:
    """The design that was stored for this experiment, or a new one, stored now: another release of scipy may draw others.

    Errors: InputError about a file that cannot be read.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    key = b"incentivelab_design"
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as stored:
            if (stored.schema_arrow.metadata or {}).get(key) == file.design_digest.encode():
                return stored.read().to_pandas()
    except FileNotFoundError:
        pass
    except (pa.ArrowException, OSError) as error:
        why = " ".join(str(error).split())[:120]
        raise InputError(path, found=f"a damaged file ({why})", expected="the stored design",
                         hint="Delete it, and the same command makes it again; no run is lost.") from None
    design = points_of(file)
    table = pa.Table.from_pandas(design, preserve_index=False)
    table = table.replace_schema_metadata({**(table.schema.metadata or {}), key: file.design_digest.encode()})
    with finished(path) as part:
        pq.write_table(table, part, compression="zstd", write_page_checksum=True)
    return design
