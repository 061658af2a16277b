"""Lines of some people's statements, without making the frame of all."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from sim.payroll.backtest import Backtest
from sim.payroll.statement import Statements


def only(found: Statements, rows: np.ndarray) -> Statements:
    """The same statements with the lines of some people alone."""
    blocks = []
    for block in found.blocks:
        keep = np.isin(block.people, rows)
        if keep.any():
            divide = block.divide[keep] if isinstance(block.divide, np.ndarray) else block.divide
            blocks.append(
                block._replace(
                    people=block.people[keep],
                    members=block.members[keep],
                    rules=block.rules[keep],
                    fen=block.fen[keep],
                    gaps={name: numbers[keep] for name, numbers in block.gaps.items()},
                    divide=divide,
                )
            )
    return replace(found, blocks=tuple(blocks))


def lines_of(result: Backtest, name: str, rows: np.ndarray) -> pd.DataFrame:
    """The lines of some people under a plan, by person, month, element and kind."""
    chosen = only(result.statements[name], rows).frame
    order = np.lexsort((chosen["kind"].cat.codes, chosen["element"].cat.codes, chosen["month"].cat.codes, chosen["person"].cat.codes))
    return chosen.iloc[order].reset_index(drop=True)
